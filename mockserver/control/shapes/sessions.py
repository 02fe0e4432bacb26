"""Sessions: begun, read and listed."""

from dataclasses import dataclass
from typing import Annotated

from mockserver.control.jsonform import OMITTED, Limits, Omitted
from mockserver.control.shapes.members import PageSize, ScenarioSource


@dataclass(frozen=True, slots=True, kw_only=True)
class Strictness:
    """What fails a test; what is not stated is as the scenario says.

    Attributes:
        unmatched: A call that no rule answers is refused.
        unused: A rule with `times`, or a step of `replies`, that is left over.
        no_effect: A failure that finds nothing to act on.
        late: A call to a session that has ended.
        loops: The 21st answer in a row with tool calls is refused.

    """

    unmatched: bool | Omitted = OMITTED
    unused: bool | Omitted = OMITTED
    no_effect: bool | Omitted = OMITTED
    late: bool | Omitted = OMITTED
    loops: bool | Omitted = OMITTED


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSession:
    """A session to begin.

    Attributes:
        name: How URLs call it: `/s/<name>/v1`.
        scenario: What it answers by.
        inherit: Whether the server's scenario lies below that.
        seed: Of everything drawn; the scenario's if there is none.
        strict: What fails a test; true and false stand for all of it.
        time_scale: How long a second of the session takes: 1 is real time, 0 waits for nothing.

    """

    name: Annotated[str, Limits(1, 200)]
    scenario: ScenarioSource | None = None
    inherit: bool = False
    seed: int | None = None
    strict: bool | Strictness | None = None
    time_scale: Annotated[float, Limits(0)] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionState:
    """A session as it is.

    Attributes:
        name: How URLs call it.
        path: What stands before `/v1` in its URLs; empty for the session `default`.
        description: What its scenario says of itself.
        has_ended: Whether calls to it are refused with 410.
        inherits: Whether it answers by the server's scenario too.
        seed: Of everything drawn.
        strict: What fails a test.
        time_scale: How long a second of the session takes.
        now_s: The session's time, in seconds since it began.
        rules: How many rules it has.
        calls: How many calls have come.
        open: How many of those kept have not been answered to the end.
        dropped: How many are no longer kept.
        unmatched: How many of those kept no rule answered, though they asked for an answer.
        late: How many of those kept came after its end.
        unused: A sentence for each scripted answer that is left over.

    """

    name: str
    path: str
    description: str
    has_ended: bool
    inherits: bool
    seed: int
    strict: Strictness
    time_scale: float
    now_s: float
    rules: int
    calls: int
    open: int
    dropped: int
    unmatched: int
    late: int
    unused: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionsQuery:
    """Which sessions to list.

    Attributes:
        after: The name of the session behind which to go on.
        limit: How many at most.

    """

    after: str | None = None
    limit: PageSize = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionSummary:
    """A session, in short.

    Attributes:
        name: How URLs call it.
        path: What stands before `/v1` in its URLs.
        rules: How many rules it has.
        calls: How many calls have come.

    """

    name: str
    path: str
    rules: int
    calls: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionPage:
    """Sessions that are open, in the order in which they began.

    Attributes:
        sessions: Those of this page.
        total: How many there are.
        next_after: What `after` is to be for the next page; null on the last one.

    """

    sessions: tuple[SessionSummary, ...]
    total: int
    next_after: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Nothing:
    """Nothing is asked: an empty object, or no body at all."""
