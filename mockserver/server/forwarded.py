"""What `--upstream`, `--cassette` and `--record` mean together: where requests go, what is kept.

Recordings answer below all scenarios; what nothing answers goes to the upstream server; and what
comes from there is added to the cassette, or takes its place.
"""

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, TypeAlias, get_args

from mockserver.cassettes.cassette import load
from mockserver.cassettes.finding import compiled
from mockserver.errors import UsageError, did_you_mean
from mockserver.replies.cassette import CassetteReply
from mockserver.scenario.schema import Rule, Scenario
from mockserver.server.recorder import Recorder
from mockserver.server.upstream import Upstream
from mockserver.sessions.passing import STAYS, Passing

RecordMode: TypeAlias = Literal["none", "new", "all"]
"""`none`: recordings answer and nothing is recorded; `new`: what they lack is recorded; `all`: they
answer nothing, and all is recorded anew."""
MODES: Final[tuple[RecordMode, ...]] = get_args(RecordMode)

Spell: TypeAlias = Callable[[str], str]
"""Spells the name of an option as whoever stated it does."""


def on_command_line(name: str) -> str:
    """Return the option *name* as the command line spells it."""
    return f"--{name.replace('_', '-')}"


def in_python(name: str) -> str:
    """Return the option *name* as an argument."""
    return f"{name}="


@dataclass(frozen=True, kw_only=True)
class Forwarded:
    """What is forwarded, kept and replayed.

    Attributes:
        passing: What becomes of requests that no rule answers.
        lowest: Answers from the recordings.
        upstream: The upstream server; None: nothing leaves this one.
        recorder: Keeps what is forwarded; None: nothing is forwarded.
        words: What a person is told about it.

    """

    passing: Passing = STAYS
    lowest: Scenario = Scenario()
    upstream: Upstream | None = None
    recorder: Recorder | None = None
    words: tuple[str, ...] = ()


def forwarded(
    *,
    upstream: str | Upstream | None,
    cassette: str | Path | None,
    record: str | None,
    redact: Sequence[str] = (),
    key_variable: str | None = None,
    spell: Spell,
    complain: Callable[[str], None],
) -> Forwarded:
    """Return what these options mean together.

    Args:
        upstream: The URL of the upstream server's root, or that server.
        cassette: The file with recordings.
        record: One of `MODES`; None: `new` if there is something to record, and where.
        redact: Regular expressions of what is secret besides.
        key_variable: The name of the environment variable with the key for the upstream server.
        spell: Spells the names of these options, for errors.
        complain: Takes a line for each exchange that cannot be written.

    Raises:
        UsageError: They ask for something impossible.
        MockServerError: The cassette cannot be read.

    """
    mode = _mode(upstream, cassette, record, spell)
    records = mode != "none"
    if redact and not records:
        raise UsageError(f"{spell('redact')} has no effect: nothing is recorded")
    if key_variable is not None and upstream is None:
        what = f"{spell('upstream_key_env')} has no effect without {spell('upstream')}"
        raise UsageError(what)
    path = None if cassette is None else _path(cassette, spell)
    compiled(redact)
    server = _server(upstream, None if key_variable is None else _key(key_variable, spell))
    recorder = None
    if server is not None:
        secrets = () if server.key is None else (server.key,)
        recorder = Recorder(secrets, complain=complain)
    replays = path is not None and mode != "all" and (mode == "none" or path.exists())
    passing = Passing(server is not None and (records or (path is None and record is None)))
    if records:
        began_s = time.time() if mode == "all" else None  # noqa: TID251 - files have times like this
        passing = passing._replace(cassette=path, redact=tuple(redact), replaces_before_s=began_s)
    return Forwarded(
        passing=passing,
        lowest=_replaying(path, mode) if path is not None and replays else Scenario(),
        upstream=server,
        recorder=recorder,
        words=tuple(_words(server, path, mode, passes_on=passing.passes_on)),
    )


def _mode(
    upstream: str | Upstream | None, cassette: str | Path | None, record: str | None, spell: Spell
) -> RecordMode:
    """Return how is recorded.

    Raises:
        UsageError: That cannot be.

    """
    if record is None:
        return "none" if upstream is None or cassette is None else "new"
    if record not in MODES:
        hint = did_you_mean(record, MODES) or f"known: {', '.join(MODES)}"
        raise UsageError(f"{spell('record')} is not '{record}'\n  {hint}")
    if cassette is None and (record != "none" or upstream is None):
        raise UsageError(f"{spell('record')} needs {spell('cassette')}: the file to record to")
    if upstream is None and record != "none":
        raise UsageError(f"{spell('record')} needs {spell('upstream')}: the server to record")
    return record


def _server(upstream: str | Upstream | None, key: str | None) -> Upstream | None:
    if upstream is None or isinstance(upstream, Upstream):
        return upstream
    return Upstream(upstream, key)


def _path(cassette: str | Path, spell: Spell) -> Path:
    if not str(cassette).strip() or "\0" in str(cassette):
        raise UsageError(f"{spell('cassette')} is not the path of a file")
    path = Path(cassette)
    if path.is_dir():
        raise UsageError(f"{spell('cassette')} is a folder: '{cassette}'")
    if path.exists() and not path.is_file():
        raise UsageError(f"{spell('cassette')} is not a regular file: '{cassette}'")
    # Whatever becomes of the current folder while the server runs.
    return path.absolute()


def _key(variable: str, spell: Spell) -> str:
    key = os.environ.get(variable, "").strip()
    if not key:
        what = f"{spell('upstream_key_env')}: the environment variable '{variable}' is not set"
        raise UsageError(what)
    return key


def _replaying(path: Path, mode: RecordMode) -> Scenario:
    """Return what answers from the recordings at *path*, as they are now.

    Where nothing is recorded, an application may run again and again: equal requests get their
    answers from the first one on again.
    """
    reply = CassetteReply(file=load(path))
    rule = Rule(
        name="cassette", reply=reply, then="cycle" if mode == "none" else "pass", optional=True
    )
    return Scenario(rules=(rule,))


def _words(
    server: Upstream | None, path: Path | None, mode: RecordMode, *, passes_on: bool
) -> list[str]:
    words: list[str] = []
    if path is not None and mode != "all":
        words.append(f"Recordings in {path} answer what no rule does.")
    if server is None:
        return words
    if not passes_on:
        words.append(f"Rules with the reply 'upstream' forward to {server.url}; nothing is kept.")
        return words
    what = "What no rule or recording answers" if mode == "new" else "What no rule answers"
    words.append(f"{what} goes to {server.url}.")
    kept = {
        "none": "Nothing of it is kept.",
        "new": f"It is added to {path}, without keys and other secrets.",
        "all": f"It is kept in {path} in place of what is there, without keys and other secrets.",
    }
    words.append(kept[mode])
    return words
