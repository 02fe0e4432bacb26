"""Waiting for calls, verifying them, and verdicts on the client."""

from typing import Annotated

from msgspec import Meta, Struct

from mockserver.control.shapes.journal import CallRecord
from mockserver.control.shapes.members import Count, NotNegative, Seconds, When
from mockserver.records.verdicts import VerdictKind


class WaitFor(Struct, frozen=True, kw_only=True):
    """Calls to wait for.

    Attributes:
        calls: How many calls to wait for.
        when: Which calls count; if omitted, all.
        after: Only calls with a higher number count.
        unfinished: Whether calls that are still being answered count too.
        timeout_s: How long to wait, in real seconds.

    """

    calls: Annotated[int, Meta(ge=1)] = 1
    when: When | None = None
    after: Count = 0
    unfinished: bool = False
    timeout_s: Seconds = 5


class Waited(Struct, frozen=True, kw_only=True):
    """The outcome of waiting.

    Attributes:
        met: Whether enough calls came in time.
        calls: The calls that count.

    """

    met: bool
    calls: tuple[CallRecord, ...]


class Verify(Struct, frozen=True, kw_only=True):
    """How many calls are expected; at least one if no number is given.

    Attributes:
        when: Which calls count; if omitted, all.
        calls: The exact number expected.
        at_least: The least number expected.
        at_most: The greatest number expected.
        after: Only calls with a higher number count.

    """

    when: When | None = None
    calls: Count | None = None
    at_least: Count | None = None
    at_most: Count | None = None
    after: Count = 0

    def __post_init__(self) -> None:
        if self.calls is not None and (self.at_least, self.at_most) != (None, None):
            raise ValueError("'calls' is an exact number: leave out 'at_least' and 'at_most'")


class NearMiss(Struct, frozen=True, kw_only=True):
    """A call that did not match, or that no rule answered.

    Attributes:
        number: The call's number.
        method: The method.
        path: The path.
        model: The model asked for.
        why: What differed, the nearest rule first.

    """

    number: int
    method: str
    path: str
    model: str | None
    why: tuple[str, ...]


class Verified(Struct, frozen=True, kw_only=True):
    """The outcome of verifying.

    Attributes:
        holds: Whether the calls are as expected.
        count: How many calls match.
        numbers: The numbers of the calls that match.
        message: The outcome in words, for a test's report.
        near_misses: The calls that nearly match, if too few do.

    """

    holds: bool
    count: int
    numbers: tuple[int, ...]
    message: str
    near_misses: tuple[NearMiss, ...]


class VerdictsQuery(Struct, frozen=True, kw_only=True):
    """What to judge by besides the journal, and which verdicts to return.

    Attributes:
        fallback: Whether the client has another provider, model or key to fall back to.
        after: Only verdicts that a call with a higher number proves; all calls are looked at, since
            one before may be what it retries.
        since_unix_s: Likewise, a call that came then or later, as Unix time of the session.
        within_s: Likewise, a call of the last so many seconds of session time.

    """

    fallback: bool = False
    after: Count = 0
    since_unix_s: NotNegative | None = None
    within_s: NotNegative | None = None


class VerdictOn(Struct, frozen=True, kw_only=True):
    """One thing that the client did wrong.

    Attributes:
        kind: The kind of verdict.
        calls: The numbers of the calls that prove it.
        what: What the client did.
        advice: What it should do.

    """

    kind: VerdictKind
    calls: tuple[int, ...]
    what: str
    advice: str


class Verdicts(Struct, frozen=True, kw_only=True):
    """What the client did wrong according to the journal, in the order of the calls.

    Attributes:
        verdicts: What it did wrong.
        calls: How many calls that are kept were judged.

    """

    verdicts: tuple[VerdictOn, ...]
    calls: int = 0


class NearMisses(Struct, frozen=True, kw_only=True):
    """The calls that asked for an answer that no rule gave, oldest first."""

    calls: tuple[NearMiss, ...]
