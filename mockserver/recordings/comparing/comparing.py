"""Recordings, compared: prepared, sent again to this server's engine, and each answer judged."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import NamedTuple, Self

from mockserver.cassettes.finding import Finder
from mockserver.cassettes.recording import Recording
from mockserver.cassettes.scrubbing import CLIENTS, known_secrets
from mockserver.plugins import Plugins
from mockserver.recordings.comparing.cases import JUDGED, OTHER, Case
from mockserver.recordings.comparing.findings import Finding
from mockserver.recordings.comparing.inprocess import InProcess
from mockserver.recordings.comparing.judging import Judging
from mockserver.recordings.comparing.sending import Answered
from mockserver.recordings.comparing.threads import Threads, threads
from mockserver.recordings.hearing import Hearing
from mockserver.recordings.importers.taken import Taken
from mockserver.records.redaction import without


@dataclass(frozen=True, slots=True)
class Compared:
    """A recording, and what comparing it found, without the secrets of the recording.

    Attributes:
        case: The recording.
        model: The model that was asked; empty: none.
        path: Where the request led.
        findings: What comparing found.

    """

    case: Case
    model: str
    path: str
    findings: tuple[Finding, ...]

    @classmethod
    def of(cls, case: Case, findings: Iterable[Finding], secrets: Iterable[str] = ()) -> Self:
        """Return what was found about *case*, without *secrets*, those of the client."""
        finder = _finder((*secrets, *known_secrets(case.recording)))

        def told(text: str) -> str:
            return without(text, finder.find(text))

        clean = [
            Finding(one.kind, told(one.about), one.is_same, told(one.place), told(one.what))
            for one in findings
        ]
        return cls(case, told(case.model), told(case.recording.request.path), tuple(clean))


@lru_cache(maxsize=CLIENTS)
def _finder(secrets: tuple[str, ...]) -> Finder:
    return Finder((), secrets)


@dataclass(frozen=True, slots=True)
class Comparison:
    """What comparing recordings found.

    Attributes:
        compared: The recordings that were sent, in their order.
        left_out: Which were not sent, in words, each with its place and the reason.

    """

    compared: tuple[Compared, ...]
    left_out: tuple[str, ...]


class Prepared(NamedTuple):
    """Recordings that can be sent, connected, and why others cannot."""

    known: Threads
    left_out: list[str]
    hearing: Hearing

    @property
    def cases(self) -> list[Case]:
        """The recordings that can be sent, in their order."""
        sent = [case for thread in self.known.threads for case in thread]
        return sorted(sent, key=lambda case: case.number)


def prepared(
    files: Sequence[Taken],
    hearing: Hearing,
    *,
    providers: Collection[str] = (),
    limit: int | None = None,
) -> Prepared:
    """Return what can be sent of *files*, of these *providers* (none: of all).

    *limit* is how many recordings of each file are looked at.
    """
    left_out = [reason for taken in files for reason in taken.left_out]
    cases: list[Case] = []
    recordings = [recording for taken in files for recording in taken.recordings[:limit]]
    for number, recording in enumerate(recordings):
        case = _case(number, recording, hearing)
        if providers and case.group not in providers:
            continue
        fault = _fault(case)
        if fault:
            left_out.append(f"{recording.source}: {fault}")
        else:
            cases.append(case)
    known = threads(cases)
    left_out += [
        f"{case.recording.source}: it names what no recording here has created"
        for case in known.lost
    ]
    return Prepared(known, left_out, hearing)


def _case(number: int, recording: Recording, hearing: Hearing) -> Case:
    is_known = hearing.knows(recording.provider)
    bare = replace(recording, provider=recording.provider if is_known else "")
    placed = replace(hearing.placed(bare), provider=bare.provider or OTHER)
    return Case(number, placed, hearing.route(bare))


def _fault(case: Case) -> str:
    """Return why *case* cannot be sent, or nothing of its answer can be compared."""
    request = case.recording.request
    if case.route.endpoint is None:
        return case.route.missing or f"{request.method} {request.path} is not answered here"
    if not case.was_answered or case.group not in JUDGED:
        return ""
    if case.generates_response and case.final is None:
        return "its answer holds no response"
    if case.route.generates is not None and not case.events and case.answer.json is None:
        return "its answer was not kept"
    return ""


def compared_with(
    ready: Prepared, answers: Iterable[Answered | str], key: str | None = None
) -> Comparison:
    """Return what comparing recordings with *answers* of a live provider found.

    In place of an answer may be the reason why there is none. The *key* that was sent is not told.
    """
    secrets = () if key is None else (key,)
    left_out = list(ready.left_out)
    judging = Judging(ready.known, is_live=True)
    found: list[Compared] = []
    for answered in answers:
        if isinstance(answered, Answered):
            found.append(Compared.of(answered.case, judging.judged(answered), secrets))
        else:
            left_out.append(answered)
    return Comparison(tuple(sorted(found, key=lambda one: one.case.number)), tuple(left_out))


def compared(ready: Prepared, plugins: Plugins) -> Comparison:
    """Return what comparing recordings with this server's answers found."""
    left_out = list(ready.left_out)
    judging = Judging(ready.known)
    found: list[Compared] = []
    engines: dict[str, InProcess] = {}
    for thread in ready.known.threads:
        kind = thread[0].route.dialect.kind
        if kind not in engines:
            own = [case for case in ready.cases if case.route.dialect.kind == kind]
            engines[kind] = InProcess(own, ready.hearing, plugins, kind)
        for answered in engines[kind].answered(thread):
            if isinstance(answered, Answered):
                found.append(Compared.of(answered.case, judging.judged(answered)))
            else:
                left_out.append(answered)
    return Comparison(
        tuple(sorted(found, key=lambda one: one.case.number)),
        tuple(left_out),
    )
