"""Writes exchanges with the upstream server to cassettes.

A thread of its own does so, one exchange after another, without their secrets: each is one line,
added to its file by one write, so that several programs may write to one file, and a crash costs
at most a line. What would still hold a secret is not written.
"""

import os
import queue
import tempfile
import threading
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final, NamedTuple

from mockserver.cassettes.lines import BadLineError, from_line, to_line
from mockserver.cassettes.recording import Recording
from mockserver.cassettes.scrubbing import Scrubber
from mockserver.errors import MockServerError
from mockserver.records.redaction import beginning
from mockserver.sessions.passing import Passing

GATHERING_S: Final = 0.02
"""How long the first exchange after a while waits for others."""
FLUSHING_S: Final = 10.0
"""How long the exchanges that wait may be written while somebody waits for them."""
MOST_LOCKED_S: Final = 2.0
LOCKED_S: Final = 0.005
"""How long another program may take to begin with a cassette, and how often that is looked at."""
LONGEST_SHOWN: Final = 80


def _shown(text: str) -> str:
    shown = beginning(text, LONGEST_SHOWN)
    return "".join([character if character.isprintable() else "?" for character in shown])


Unkept = Callable[[str], None]
"""Takes why an exchange could not be written, in the recorder's thread."""


class _Job(NamedTuple):
    passing: Passing
    recording: Recording
    patterns: tuple[str, ...]
    unkept: Unkept | None


class Recorder:
    """The thread that writes; it starts when needed.

    Attributes:
        unwritten: Why exchanges are missing in a cassette, a line for each.

    """

    def __init__(
        self,
        secrets: Sequence[str] = (),
        *,
        complain: Callable[[str], None],
    ) -> None:
        """Take known *secrets*, besides what looks like one.

        Args:
            secrets: Texts, such as the key for the upstream server.
            complain: Takes a line for each exchange that cannot be written.

        """
        self._scrubbers: dict[tuple[str, ...], Scrubber] = {}
        self._secrets = tuple(secrets)
        self._complain = complain
        self._began_s = time.time()  # noqa: TID251 - files have times like this
        self._begun: set[tuple[Path, float | None]] = set()
        self._jobs: queue.SimpleQueue[_Job | threading.Event | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._is_stopped = False
        self.unwritten: list[str] = []

    def keep(
        self,
        passing: Passing,
        recording: Recording,
        patterns: tuple[str, ...] = (),
        unkept: Unkept | None = None,
    ) -> None:
        """Have *recording* written as *passing* states, without secrets.

        Besides what that redacts, what the scenario's *patterns* match is taken out. *unkept* is
        called if it cannot be written.
        """
        self._put(_Job(passing, recording, (*passing.redact, *patterns), unkept))

    def flush(self) -> None:
        """Wait until all that was to be kept so far is written."""
        if self._thread is None:
            return
        done = threading.Event()
        self._put(done)
        done.wait(FLUSHING_S)

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
                left += isinstance(job, _Job)
        self._fail(f"the server was stopped before {left + 1} exchanges were written")

    def _put(self, job: _Job | threading.Event) -> None:
        if self._thread is None:
            self._thread = threading.Thread(
                target=self._work, name="mockserver-recorder", daemon=True
            )
            self._thread.start()
        self._jobs.put(job)

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None and not self._is_stopped:
            if isinstance(job, threading.Event):
                job.set()
                continue
            if self._jobs.empty():
                # Each time that this thread wakes, the one that answers may wait for it.
                time.sleep(GATHERING_S)
            why = self._keep(job.passing, job.recording, job.patterns)
            if why is not None and job.unkept is not None:
                job.unkept(why)

    def _keep(
        self, passing: Passing, recording: Recording, patterns: tuple[str, ...]
    ) -> str | None:
        """Write *recording* without what *patterns* match too; return why it cannot be written."""
        cassette = passing.cassette
        assert cassette is not None
        asked = recording.request
        what = f"{asked.method} {_shown(asked.path)}"
        try:
            scrubber = self._scrubbers.get(patterns)
            if scrubber is None:
                scrubber = self._scrubbers[patterns] = Scrubber(patterns)
            clean = scrubber.scrubbed(recording, self._secrets)
            self._append(cassette, passing.replaces_before_s, f"{to_line(clean)}\n".encode())
        except MockServerError as error:
            why = str(error)
        except OSError as error:
            why = error.strerror or type(error).__name__
            self._begun.discard((cassette, passing.replaces_before_s))
        except Exception as error:  # noqa: BLE001 - the thread must go on, and the text may hold keys
            why = type(error).__name__
        else:
            if passing.note is not None:
                passing.note(clean)
            return None
        unwritten = f"{what} was not written to '{cassette}': {why}"
        self._fail(unwritten)
        if passing.note is not None:
            passing.note(unwritten)
        return why.splitlines()[0]

    def _append(self, cassette: Path, replaces_before_s: float | None, line: bytes) -> None:
        if (cassette, replaces_before_s) not in self._begun:
            cassette.parent.mkdir(parents=True, exist_ok=True)
            with _alone(cassette):
                is_written = self._begin(cassette, replaces_before_s, line)
            self._begun.add((cassette, replaces_before_s))
            if is_written:
                return
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0)
        file = os.open(cassette, flags, 0o666)
        try:
            written = os.write(file, line)
            if written != len(line):
                # A part of a line would spoil the one that follows it, once there is room again.
                end = os.lseek(file, 0, os.SEEK_CUR)
                if os.fstat(file).st_size == end:
                    os.ftruncate(file, end - written)
                raise OSError(0, "the file system has no room for it")
        finally:
            os.close(file)

    def _begin(self, cassette: Path, replaces_before_s: float | None, line: bytes) -> bool:
        """Make *cassette* ready for lines to be added; return whether *line* is in it already."""
        if replaces_before_s is not None and _is_older(cassette, replaces_before_s):
            _replace(cassette, line)
            return True
        # A last line that is not whole may be one that another program writes right now.
        if _is_older(cassette, self._began_s):
            _mend(cassette)
        return False

    def _fail(self, why: str) -> None:
        self.unwritten.append(why)
        self._complain(f"mockserver: {why}")


@contextmanager
def _alone(cassette: Path) -> Generator[None]:
    """Let no other program begin with *cassette* within the block."""
    lock = cassette.with_name(f".{cassette.name}.lock")
    until_s = time.monotonic() + MOST_LOCKED_S
    while True:
        try:
            os.close(os.open(lock, os.O_WRONLY | os.O_CREAT | os.O_EXCL))
            break
        except FileExistsError:
            if time.monotonic() > until_s:
                break  # whoever made it has crashed
            time.sleep(LOCKED_S)
    try:
        yield
    finally:
        lock.unlink(missing_ok=True)


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
