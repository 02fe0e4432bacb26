"""What is waited for, expected of the calls, and found wrong with the client."""

from dataclasses import dataclass
from typing import Annotated

from mockserver.control.jsonform import Limits
from mockserver.control.shapes.journal import CallRecord
from mockserver.control.shapes.members import Count, Seconds, When
from mockserver.records.verdicts import VerdictKind


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitFor:
    """Calls to wait for.

    Attributes:
        calls: How many must have come.
        when: Which ones count; all, if it is not stated.
        after: Only calls with a higher number count.
        unfinished: Whether those count too that have not been answered to the end.
        timeout_s: How long to wait, in real seconds.

    """

    calls: Annotated[int, Limits(1)] = 1
    when: When | None = None
    after: Count = 0
    unfinished: bool = False
    timeout_s: Seconds = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Waited:
    """What came.

    Attributes:
        met: Whether all came in time.
        calls: Those that count.

    """

    met: bool
    calls: tuple[CallRecord, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verify:
    """What must hold of the calls that have come; one call at least, if nothing is stated.

    Attributes:
        when: Which calls count; all, if it is not stated.
        calls: How many there must be.
        at_least: How many there must be at least.
        at_most: How many there may be.
        after: Only calls with a higher number count.

    """

    when: When | None = None
    calls: Count | None = None
    at_least: Count | None = None
    at_most: Count | None = None
    after: Count = 0

    def __post_init__(self) -> None:
        if self.calls is not None and (self.at_least, self.at_most) != (None, None):
            raise ValueError("'calls' says all: leave 'at_least' and 'at_most' out")


@dataclass(frozen=True, slots=True, kw_only=True)
class NearMiss:
    """A call that did not match, or that no rule answered.

    Attributes:
        number: The call's number.
        method: The method.
        path: The path.
        model: The model asked for.
        why: What differed, the nearest first.

    """

    number: int
    method: str
    path: str
    model: str | None
    why: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """Whether it holds.

    Attributes:
        holds: Whether it does.
        count: How many calls match.
        numbers: Which ones.
        message: What to tell a tester.
        near_misses: Where it does not hold, the calls that nearly match.

    """

    holds: bool
    count: int
    numbers: tuple[int, ...]
    message: str
    near_misses: tuple[NearMiss, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class VerdictsQuery:
    """What to know besides the journal.

    Attributes:
        fallback: Whether the client has another provider, model or key to turn to.

    """

    fallback: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class VerdictOn:
    """One thing that the client did wrong.

    Attributes:
        kind: What it is called.
        calls: The numbers of the calls that show it.
        what: What the client did.
        advice: What it should do.

    """

    kind: VerdictKind
    calls: tuple[int, ...]
    what: str
    advice: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdicts:
    """What the journal says against the client, in the order of the calls that show it."""

    verdicts: tuple[VerdictOn, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NearMisses:
    """The calls that no rule answered, though they asked for an answer, oldest first."""

    calls: tuple[NearMiss, ...]
