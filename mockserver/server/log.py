"""What a running server writes for whoever watches it: a line for each call, and messages.

Lines are gathered for a moment and written by a thread, so that answers wait neither for a
terminal nor for a program that reads slowly. What nobody reads is left out, and counted.
"""

import asyncio
import logging
import os
import queue
import select
import threading
import time
from typing import Final, Literal

from mockserver.records.journal import Call
from mockserver.records.telling import PLAIN, Styles, json_line_of, line_of, message_line_of

LogFormat = Literal["text", "json"]

GATHERING_S: Final = 0.08
"""How long the lines of busy times are gathered; after a pause, a line is written at once."""
MOST_GATHERED: Final = 512
"""So many calls are not kept waiting any longer."""
MOST_WAITING: Final = 1024 * 1024
"""How many characters may wait to be written; further lines are left out."""
BLOCKED_S: Final = 0.5
"""How often it is looked whether a file that takes nothing more does so again."""
ENDING_S: Final = 0.1
"""How long what waits may still be written when the program ends."""


class Log:
    """Writes lines to a file; one of its methods listens to the calls that have ended."""

    def __init__(
        self,
        file: int,
        form: LogFormat = "text",
        styles: Styles = PLAIN,
        *,
        encoding: str = "utf-8",
    ) -> None:
        """Take the descriptor of the *file*, and how lines are spelled."""
        self._form: Final = form
        self._styles: Final = styles
        self._gathered: list[tuple[Call, float]] = []
        """Calls that have ended, and when, as Unix time."""
        self._timer: asyncio.Handle | None = None
        self._written_s = 0.0
        self._writer: Final = _Writer(file, encoding)

    def hear(self, call: Call) -> None:
        """Have *call* written, which has just ended; called in the loop of the server."""
        if self._writer.is_closed:
            return
        self._gathered.append((call, time.time()))  # noqa: TID251 - people look at their clocks
        if self._timer is None:
            loop = asyncio.get_running_loop()
            is_idle = time.monotonic() - self._written_s > GATHERING_S
            # What the recorder does with an answer is known a moment later.
            if is_idle and call.forwarded is None:
                self._timer = loop.call_soon(self._write)
            else:
                self._timer = loop.call_later(GATHERING_S, self._write)
        elif len(self._gathered) >= MOST_GATHERED:
            self._timer.cancel()
            self._write()

    def say(self, message: str, level: str = "warning") -> None:
        """Write a *message* that is about no call; may be called from any thread."""
        self._writer.put([self._message(message, level)])

    def finish(self) -> None:
        """Write what has been gathered; what takes too long is given up."""
        if self._timer is not None:
            self._timer.cancel()
        if self._gathered or self._writer.left_out:
            self._write()
        self._writer.finish(ENDING_S)

    def _write(self) -> None:
        """Write what has been gathered; called by the loop."""
        self._timer = None
        self._written_s = time.monotonic()
        gathered, self._gathered = self._gathered, []
        left_out = self._writer.left_out
        if self._writer.is_full:
            self._writer.leave_out(len(gathered))
            return
        lines = [self._line(call, ended_s) for call, ended_s in gathered]
        if left_out:
            what = f"{left_out} lines were left out: they could not be written in time"
            lines.insert(0, self._message(f"mockserver: {what}", "warning"))
            self._writer.leave_out(-left_out)
        self._writer.put(lines)

    def _line(self, call: Call, ended_s: float) -> str:
        measured = call.measured
        came_s = ended_s - (0.0 if measured is None else measured.last_byte_ms / 1_000)
        try:
            if self._form == "json":
                return json_line_of(call, came_s)
            return line_of(call, came_s, self._styles)
        except Exception as error:  # noqa: BLE001 - no call may keep others from being shown
            what = f"mockserver: call {call.serial} cannot be shown ({type(error).__name__})"
            return self._message(what, "error")

    def _message(self, message: str, level: str) -> str:
        if self._form == "text":
            return message
        return message_line_of(level, message, time.time())  # noqa: TID251 - as above


class JsonFormatter(logging.Formatter):
    """Spells what the server logs about itself as JSON, a line for each record."""

    def format(self, record: logging.LogRecord) -> str:
        """Return *record* as a line."""
        return message_line_of(record.levelname, super().format(record), record.created)


class _Writer:
    """The thread that writes; it starts when needed."""

    def __init__(self, file: int, encoding: str) -> None:
        self._file: Final = file
        self._encoding: Final = encoding
        self._queue: Final[queue.SimpleQueue[list[str] | None]] = queue.SimpleQueue()
        self._lock: Final = threading.Lock()
        self._waiting = 0
        self._thread: threading.Thread | None = None
        self._is_mid_line = False
        self.is_closed = False
        """Whether nobody can read any more what is written."""
        self.left_out = 0
        """How many lines could not be written, and nobody has been told."""

    @property
    def is_full(self) -> bool:
        """Whether so much waits that nothing may be added."""
        return self._waiting > MOST_WAITING

    def leave_out(self, lines: int) -> None:
        """Note that *lines* were left out; fewer than none: that somebody has been told."""
        with self._lock:
            self.left_out += lines

    def put(self, lines: list[str]) -> None:
        """Have *lines* written together."""
        if self.is_closed:
            return
        size = sum(map(len, lines))
        with self._lock:
            if self._waiting > MOST_WAITING:
                self.left_out += len(lines)
                return
            self._waiting += size
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._work, name="mockserver-log", daemon=True
                )
                self._thread.start()
        self._queue.put(lines)

    def finish(self, within_s: float) -> None:
        """Wait until all is written, but no longer than *within_s*."""
        thread, self._thread = self._thread, None
        if thread is not None:
            self._queue.put(None)
            thread.join(within_s)

    def _work(self) -> None:
        while (lines := self._queue.get()) is not None:
            text = "\n".join([*lines, ""])
            try:
                self._write(text.encode(self._encoding, "backslashreplace"))
            except BrokenPipeError:
                self.is_closed = True  # whoever read them has left
            except OSError:
                self.leave_out(len(lines))  # such as a full disk: there may be room later
            with self._lock:
                self._waiting -= len(text) - len(lines)

    def _write(self, content: bytes) -> None:
        # A line of which only the beginning was written must not run into the next one.
        rest = memoryview(b"\n" + content if self._is_mid_line else content)
        self._is_mid_line = False
        while rest:
            try:
                written = os.write(self._file, rest)
            except BlockingIOError:
                select.select([], [self._file], [], BLOCKED_S)
            else:
                rest = rest[written:]
                self._is_mid_line = bool(rest)
