"""Cassettes of tests: where they lie, and what a test takes from one and adds to it."""

import hashlib
import re
import shlex
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias, get_args

import pytest

from mockserver.cassettes import cassette
from mockserver.cassettes.finding import compiled
from mockserver.cassettes.recording import Recording
from mockserver.errors import BadValue, UsageError, did_you_mean, shows_mistake
from mockserver.records.redaction import redact_text
from mockserver.replies.cassette import CassetteReply
from mockserver.scenario.schema import Rule, Scenario
from mockserver.sessions.passing import STAYS, Passing
from pytest_mockserver.backend import Backend
from pytest_mockserver.timeline import counted

__tracebackhide__ = shows_mistake

FOLDER: Final = "cassettes"
SUFFIX: Final = ".jsonl"
RULE: Final = "cassette"
"""The rule that answers from a cassette."""
NAME_LENGTH: Final = 120
"""How many characters of a test's name its cassette is called by."""
SHOWN: Final = 5
"""How many unused recordings a report lists."""
Timing: TypeAlias = Literal["recorded", "none"]
Then: TypeAlias = Literal["refuse", "repeat_last", "cycle", "pass"]


# --- Where they lie --------------------------------------------------------------------------


def own_path(node: pytest.Item, session: str = "") -> Path:
    """Return where the cassette of the test *node* lies, or that of its further *session*."""
    classes = [part.name for part in node.listchain() if isinstance(part, pytest.Class)]
    test = ".".join([*classes, node.name])
    name = _safe(f"{test}-{session}" if session else test)
    return node.path.parent / FOLDER / node.path.stem / f"{name}{SUFFIX}"


def _safe(name: str) -> str:
    """Return *name* as the name of a file on any system: without secrets, and still unique."""
    shown = redact_text(name)
    safe = re.sub(r"[^A-Za-z0-9_.\[\]-]+", "-", shown)[:NAME_LENGTH]
    if safe == name:
        return safe
    return f"{safe}-{hashlib.sha256(shown.encode('utf-8', 'surrogateescape')).hexdigest()[:8]}"


def named_path(node: pytest.Item, name: str | Path) -> Path:
    """Return where the cassette *name* of the tests beside *node* lies.

    A name with a suffix of letters, and every `Path`, is a path relative to the test's folder.

    Raises:
        UsageError: It is neither.

    """
    if not isinstance(name, str | Path):  # pyright: ignore[reportUnnecessaryIsInstance] - a test may not check types
        raise UsageError(f"a cassette has a name or a path, not {name!r:.60}")
    if not str(name).strip() or "\0" in str(name):
        raise UsageError(f"{str(name)!r:.60} is neither the name nor the path of a cassette")
    folder = node.path.parent
    is_path = isinstance(name, Path) or re.search(r"\.[A-Za-z]\w*$", name) is not None
    path = folder / name if is_path else folder / FOLDER / f"{name}{SUFFIX}"
    if path.is_dir():
        raise UsageError(f"a cassette is a file, and '{path}' is a folder")
    return path


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorder:
    """How the run records.

    Attributes:
        mode: `none`, `new` or `all`.
        redact: Regular expressions of what is taken out of all recordings.
        began_s: When the run began, as Unix time.
        has_upstream: Whether the run's options name the upstream server.

    """

    mode: str = "none"
    redact: tuple[str, ...] = ()
    began_s: float = 0.0
    has_upstream: bool = False

    def replaces_before_s(self, *, is_own: bool) -> float | None:
        """Return since when a cassette must have been written to stay; None: it always stays.

        The test's own is replaced each time that the test runs; one that it shares with other
        tests, once in a run.
        """
        if self.mode != "all":
            return None
        return time.time() if is_own else self.began_s  # noqa: TID251 - files have times like this


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The test that a session belongs to.

    Attributes:
        node: The test.
        session: The session's name in the test; empty: it is the test's first.
        recorder: How the run records.

    """

    node: pytest.Item
    session: str = ""
    recorder: Recorder = Recorder()

    def path(self, name: str | Path | None) -> Path:
        """Return where the cassette lies that the test calls *name*; None: it is its own.

        Raises:
            UsageError: *name* cannot be one.

        """
        return own_path(self.node, self.session) if name is None else named_path(self.node, name)

    def shown(self, path: Path) -> str:
        """Return *path* as errors and reports show it: relative to the root of the run."""
        root = self.node.config.rootpath
        return path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)

    @property
    def command(self) -> str:
        """The command that records what the test's cassette lacks."""
        command = f"pytest {shlex.quote(redact_text(self.node.nodeid))} --mock-llm-record=new"
        if self.recorder.has_upstream:
            return command
        return f"{command} --mock-llm-upstream=https://api.openai.com/v1"


# --- In use ----------------------------------------------------------------------------------


class Cassette:
    """The cassette that a session answers from below everything else, or records to.

    Attributes:
        path: The file.
        shown: The file, as reports call it.
        is_own: Whether it is named by the test.
        command: The command that records what it lacks.
        recordings: What it held when the test began to use it; with `--mock-llm-record=all`,
            nothing.
        lost: Why exchanges could not be recorded.

    """

    def __init__(
        self, path: Path, shown: str, rule: Rule, backend: Backend, place: Place, *, is_own: bool
    ) -> None:
        self.path = path
        self.shown = shown
        self.is_own = is_own
        self.command = place.command
        self.records = place.recorder.mode != "none"
        reply = rule.reply
        assert isinstance(reply, CassetteReply)
        self.recordings: tuple[Recording, ...] = reply.file.recordings
        self.lost: list[str] = []
        self._rule = rule
        self._backend = backend
        self._kept: list[Recording] = []

    @property
    def new(self) -> tuple[Recording, ...]:
        """What was recorded since, without secrets."""
        self._backend.flush()
        return tuple(self._kept)

    @property
    def unused(self) -> tuple[str, ...]:
        """The recordings that were not asked for, each as `file:line: POST /path`."""
        return self._backend.left(self._rule.name)

    def note(self, what: Recording | str) -> None:
        """Take an exchange that was recorded, or why it was not."""
        if isinstance(what, str):
            self.lost.append(what)
        else:
            self._kept.append(what)

    def close(self) -> None:
        """Leave an empty file if there was nothing to record: that, too, is to be replayed."""
        if self.records and not self.path.exists():
            self._backend.flush()
            with suppress(OSError):
                self.path.parent.mkdir(parents=True, exist_ok=True)
                self.path.touch()

    @property
    def document(self) -> Mapping[str, Any]:
        """The scenario that answers from it, as a file beside the root of the run has it."""
        rule, reply = self._rule, self._rule.reply
        assert isinstance(reply, CassetteReply)
        told: dict[str, Any] = {"kind": "cassette", "file": self.shown}
        if reply.ignore:
            told["ignore"] = list(reply.ignore)
        if reply.timing != "recorded":
            told["timing"] = reply.timing
        keys = {"name": rule.name, "reply": told, "then": rule.then}
        return {"version": 1, "rules": [{**keys, **({"required": True} if rule.required else {})}]}

    def describe(self) -> str:
        """Return what was taken from it and added to it, as reports show it."""
        new, unused = len(self.new), self.unused
        parts = [counted(len(self.recordings), "recording")]
        parts += [f"{new} new"] if new else []
        parts += [f"{len(unused)} not asked for"] if unused else []
        lines = [f"cassette {self.shown}: {', '.join(parts)}"]
        lines += [f"  not asked for: {one}" for one in unused[:SHOWN]]
        if len(unused) > SHOWN:
            lines.append(f"  … and {len(unused) - SHOWN} more")
        return "\n".join(lines)

    def __repr__(self) -> str:
        return f"<cassette '{self.shown}', {counted(len(self.recordings), 'recording')}>"


def lay(
    backend: Backend,
    place: Place,
    name: str | Path | None,
    *,
    ignore: str | Sequence[str],
    timing: Timing,
    then: Then,
    redact: str | Sequence[str],
    required: bool,
) -> Cassette:
    """Let a session answer from a cassette, or record to it; see `Session.cassette`.

    Raises:
        UsageError: There is no such cassette and nothing is recorded, or an argument is wrong.
        MockServerError: The cassette cannot be read.

    """
    recorder, path = place.recorder, place.path(name)
    shown = place.shown(path)
    _refuse_other("timing", timing, get_args(Timing))
    _refuse_other("then", then, get_args(Then))
    patterns = (*recorder.redact, *_each("redact", redact))
    compiled(patterns)
    records = recorder.mode != "none"
    backend.flush()  # another test may have recorded to it
    if recorder.mode == "all" or not path.is_file():
        file = cassette.Cassette((), shown, path)
    else:
        file = cassette.load(path, shown)
    try:
        reply = CassetteReply(file=file, ignore=_each("ignore", ignore), timing=timing)
        rule = Rule(name=RULE, reply=reply, then=then, required=required)
    except BadValue as error:
        raise UsageError(f"cassette(…): {error}") from None
    if not (records or path.is_file()):
        raise UsageError(f"there is no cassette '{shown}'\n  to record it: {place.command}")
    used = Cassette(path, shown, rule, backend, place, is_own=name is None)
    passing = STAYS
    if records:
        if then == "refuse":
            rule = replace(rule, then="pass")  # what is used up is asked of the upstream server
        before_s = recorder.replaces_before_s(is_own=name is None)
        passing = Passing(True, path, patterns, before_s, used.note)  # noqa: FBT003 - passes on
    backend.rest_on(Scenario(rules=(rule,)), passing)
    return used


def _each(name: str, values: str | Sequence[str]) -> tuple[str, ...]:
    """Return the texts that the argument *name* was given.

    Raises:
        UsageError: One of them is not a text.

    """
    given = (values,) if isinstance(values, str) else tuple(values)
    if not all(isinstance(value, str) for value in given):  # pyright: ignore[reportUnnecessaryIsInstance] - a test may not check types
        raise UsageError(f"cassette(…): {name}={values!r:.60} is not a list of texts")
    return given


def _refuse_other(name: str, value: object, known: Sequence[str]) -> None:
    """Refuse a *value* of the argument *name* that is not *known*.

    Raises:
        UsageError: It is not.

    """
    if value not in known:
        hint = did_you_mean(str(value), known) or f"known: {', '.join(known)}"
        raise UsageError(f"cassette(…): {name}={value!r:.60}\n  {hint}")
