"""Sessions: created, read and listed."""

from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

from mockserver.control.shapes.members import NotNegative, PageSize, ScenarioSource


class Strictness(Struct, frozen=True, kw_only=True):
    """What fails a test; members that are omitted keep the scenario's setting.

    Attributes:
        unmatched: A call that no rule answers; it is refused.
        unused: A rule with `times`, or a step of `replies`, that was never used.
        no_effect: A failure that finds nothing to act on.
        late: A call to a session that has ended.
        loops: The 21st answer in a row with tool calls; it is refused.
        unsupported: A call to an endpoint that this version does not have; it is refused.
        unoffered: A scripted tool call of a tool that the request does not offer.
        off_schema: Scripted JSON that is not valid for the schema in the request.

    """

    unmatched: bool | UnsetType = UNSET
    unused: bool | UnsetType = UNSET
    no_effect: bool | UnsetType = UNSET
    late: bool | UnsetType = UNSET
    loops: bool | UnsetType = UNSET
    unsupported: bool | UnsetType = UNSET
    unoffered: bool | UnsetType = UNSET
    off_schema: bool | UnsetType = UNSET


class NewSession(Struct, frozen=True, kw_only=True):
    """A session to create.

    Attributes:
        name: Its name in URLs: `/s/<name>/v1`.
        scenario: The scenario to answer from.
        inherit: Whether the server's scenario applies below it.
        seed: The seed for all random choices; the scenario's if omitted.
        strict: What fails a test; true or false sets every member.
        time_scale: Real seconds per second of session time: 1 is real time, 0 never waits.

    """

    name: Annotated[str, Meta(min_length=1, max_length=200)]
    scenario: ScenarioSource | None = None
    inherit: bool = False
    seed: int | None = None
    strict: bool | Strictness | None = None
    time_scale: NotNegative | None = None


class SessionState(Struct, frozen=True, kw_only=True):
    """The state of a session.

    Attributes:
        name: Its name in URLs.
        path: The path prefix of its URLs, before `/v1`; empty for the session `default`.
        description: Its scenario's description.
        has_ended: Whether calls to it are refused with 410.
        inherits: Whether the server's scenario applies too.
        seed: The seed for all random choices.
        strict: What fails a test.
        time_scale: Real seconds per second of session time.
        now_s: Session time, in seconds since the session began.
        rules: How many rules it has.
        calls: How many calls have come.
        open: How many of the calls kept are still being answered.
        dropped: How many calls are no longer kept.
        unmatched: How many of the calls kept asked for an answer that no rule gave.
        late: How many of the calls kept came after the session had ended.
        unused: A sentence for each scripted answer that was not used.

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


class SessionsQuery(Struct, frozen=True, kw_only=True):
    """Which sessions to list.

    Attributes:
        after: List only sessions after the one with this name.
        limit: How many to list at most.

    """

    after: str | None = None
    limit: PageSize = 100


class SessionSummary(Struct, frozen=True, kw_only=True):
    """A summary of a session.

    Attributes:
        name: Its name in URLs.
        path: The path prefix of its URLs, before `/v1`.
        rules: How many rules it has.
        calls: How many calls have come.

    """

    name: str
    path: str
    rules: int
    calls: int


class SessionPage(Struct, frozen=True, kw_only=True):
    """A page of the open sessions, oldest first.

    Attributes:
        sessions: The sessions on this page.
        total: How many open sessions there are.
        next_after: The `after` of the next page; null on the last one.

    """

    sessions: tuple[SessionSummary, ...]
    total: int
    next_after: str | None


class Nothing(Struct, frozen=True, kw_only=True):
    """An empty object, or no body at all."""
