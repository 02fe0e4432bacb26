"""Writes exchanges with the upstream server to cassettes, and reports each call to a person.

A thread of its own does so, one exchange after another, without their secrets: each is one line,
added to its file by one write, so that several programs may write to one file, and a crash costs
at most a line. What would still hold a secret is not written.
"""

import os
import queue
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, NamedTuple, Self

from mockserver.cassettes.lines import BadLineError, from_line, to_line
from mockserver.cassettes.recording import Recording
from mockserver.cassettes.scrubbing import Scrubber
from mockserver.errors import MockServerError
from mockserver.records.journal import Call
from mockserver.records.redaction import beginning

GATHERING_S: Final = 0.02
"""How long the first exchange after a while waits for others."""
LONGEST_SHOWN: Final = 80
KEPT: Final = "kept"


class Progress(NamedTuple):
    """A call as a person sees it: never its body nor a key.

    Attributes:
        at_s: When it came, as Unix time.
        method: Of HTTP.
        path: With nothing of the session.
        model: The model that was asked; None: not known.
        status: The status of the answer; None: there was none.
        took_ms: How long the answer took.

    """

    at_s: float
    method: str
    path: str
    model: str | None
    status: int | None
    took_ms: float

    @classmethod
    def of(cls, call: Call, took_s: float) -> Self:
        """Return *call*, which has just been answered, within *took_s*."""
        at_s = time.time() - took_s  # noqa: TID251 - people look at their clocks
        return cls(at_s, call.method, call.path, call.model, call.status, took_s * 1_000)

    def line(self, became: str) -> str:
        """Return it as a line that states what *became* of it."""
        at = datetime.fromtimestamp(self.at_s, UTC).astimezone().strftime("%H:%M:%S")
        path, model = _shown(self.path), _shown(self.model or "-")
        status = "-" if self.status is None else str(self.status)
        return f"{at} {self.method} {path} {model} {status} {self.took_ms:.0f} ms {became}"


def _shown(text: str) -> str:
    shown = beginning(text, LONGEST_SHOWN)
    return "".join([character if character.isprintable() else "?" for character in shown])


class _Job(NamedTuple):
    progress: Progress | None
    became: str
    cassette: Path | None = None
    recording: Recording | None = None
    patterns: tuple[str, ...] = ()


class Recorder:
    """The thread that writes; it starts when needed.

    Attributes:
        unwritten: Why exchanges are missing in a cassette, a line for each.

    """

    def __init__(
        self,
        patterns: Sequence[str] = (),
        secrets: Sequence[str] = (),
        *,
        complain: Callable[[str], None],
        report: Callable[[str], None] | None = None,
        replaces: bool = False,
    ) -> None:
        """Take what is secret besides what looks like it: *patterns*, and known *secrets*.

        Args:
            patterns: Regular expressions.
            secrets: Texts, such as the key for the upstream server.
            complain: Takes a line for each exchange that cannot be written.
            report: Takes a line for each call; None: nobody looks.
            replaces: A cassette from before is replaced when the first exchange is written.

        Raises:
            MockServerError: One of *patterns* is not one.

        """
        self._scrubbers: dict[tuple[str, ...], Scrubber] = {(): Scrubber(patterns)}
        self._patterns = tuple(patterns)
        self._secrets = tuple(secrets)
        self._complain = complain
        self._report = report
        self._replaces = replaces
        self._began_s = time.time()  # noqa: TID251 - files have times like this
        self._begun: set[Path] = set()
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._is_stopped = False
        self.unwritten: list[str] = []

    @property
    def reports(self) -> bool:
        """Whether somebody looks at each call."""
        return self._report is not None

    def keep(
        self,
        cassette: Path,
        recording: Recording,
        progress: Progress,
        patterns: tuple[str, ...] = (),
    ) -> None:
        """Have *recording* written to *cassette*, without secrets and what *patterns* match."""
        self._put(_Job(progress, KEPT, cassette, recording, patterns))

    def show(self, progress: Progress, became: str) -> None:
        """Report a call that is not written, and what *became* of it."""
        if self._report is not None:
            self._put(_Job(progress, became))

    def finish(self, within_s: float) -> None:
        """Wait until all is written, but no longer; what is not written then is reported."""
        thread, self._thread = self._thread, None
        if thread is None:
            return
        self._jobs.put(None)
        thread.join(within_s)
        if not thread.is_alive():
            return
        self._is_stopped = True
        left = 0
        with suppress(queue.Empty):
            while True:
                job = self._jobs.get_nowait()
                left += job is not None and job.recording is not None
        self._fail(f"the server was stopped before {left + 1} exchanges were written")

    def _put(self, job: _Job) -> None:
        if self._thread is None:
            self._thread = threading.Thread(
                target=self._work, name="mockserver-recorder", daemon=True
            )
            self._thread.start()
        self._jobs.put(job)

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None and not self._is_stopped:
            if self._jobs.empty():
                # Each time that this thread wakes, the one that answers may wait for it.
                time.sleep(GATHERING_S)
            became = job.became
            if job.cassette is not None and job.recording is not None:
                became = self._written(job.cassette, job.recording, job.patterns)
            if self._report is not None and job.progress is not None:
                self._report(job.progress.line(became))

    def _written(self, cassette: Path, recording: Recording, patterns: tuple[str, ...]) -> str:
        """Write *recording* without what *patterns* match too; return what became of it."""
        asked = recording.request
        what = f"{asked.method} {_shown(asked.path)}"
        try:
            scrubber = self._scrubbers.get(patterns)
            if scrubber is None:
                scrubber = self._scrubbers[patterns] = Scrubber((*self._patterns, *patterns))
            line = to_line(scrubber.scrubbed(recording, self._secrets))
            self._append(cassette, f"{line}\n".encode())
        except MockServerError as error:
            self._fail(f"{what} was not written to '{cassette}': {error}")
            return f"not kept: {str(error).splitlines()[0]}"
        except OSError as error:
            why = error.strerror or type(error).__name__
            self._begun.discard(cassette)
            self._fail(f"{what} was not written to '{cassette}': {why}")
            return f"not kept: {why}"
        except Exception as error:  # noqa: BLE001 - the thread must go on, and the text may hold keys
            self._fail(f"{what} was not written to '{cassette}': {type(error).__name__}")
            return f"not kept: {type(error).__name__}"
        return KEPT

    def _append(self, cassette: Path, line: bytes) -> None:
        if cassette not in self._begun:
            cassette.parent.mkdir(parents=True, exist_ok=True)
            if self._replaces and _is_older(cassette, self._began_s):
                _replace(cassette, line)
                self._begun.add(cassette)
                return
            _mend(cassette)
            self._begun.add(cassette)
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0)
        file = os.open(cassette, flags, 0o666)
        try:
            if os.write(file, line) != len(line):
                raise OSError(0, "the file system has no room for it")
        finally:
            os.close(file)

    def _fail(self, why: str) -> None:
        self.unwritten.append(why)
        self._complain(f"mockserver: {why}")


def _is_older(cassette: Path, began_s: float) -> bool:
    """Return whether *cassette* was last written before *began_s*, in Unix time."""
    try:
        return cassette.stat().st_mtime < began_s
    except FileNotFoundError:
        return False


def _replace(cassette: Path, line: bytes) -> None:
    """Put a cassette with one *line* in the place of another one."""
    mode = cassette.stat().st_mode & 0o777
    file, name = tempfile.mkstemp(prefix=f".{cassette.name}.", dir=cassette.parent)
    try:
        with os.fdopen(file, "wb") as stream:
            stream.write(line)
        Path(name).chmod(mode)
        Path(name).replace(cassette)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise


def _mend(cassette: Path) -> None:
    """Make *cassette* one to which lines can be added, if its last line was not written whole."""
    try:
        with cassette.open("r+b") as stream:
            size = stream.seek(0, os.SEEK_END)
            if size == 0:
                return
            stream.seek(size - 1)
            if stream.read(1) == b"\n":
                return
            stream.seek(0)
            content = stream.read()
            begins = content.rfind(b"\n") + 1
            try:
                from_line(content[begins:].decode())
            except (BadLineError, UnicodeDecodeError):
                stream.truncate(begins)
            else:
                stream.write(b"\n")
    except FileNotFoundError:
        return
