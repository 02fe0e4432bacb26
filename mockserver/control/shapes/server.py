"""The server as a whole: its health, its totals, its scenario."""

from collections.abc import Mapping
from typing import Literal

from msgspec import Struct

from mockserver.control.shapes.members import ScenarioSource


class Health(Struct, frozen=True, kw_only=True):
    """The server answers."""

    status: Literal["ok"]


class Totals(Struct, frozen=True, kw_only=True):
    """Totals of all calls that have ended, in all sessions.

    Attributes:
        calls: How many calls have ended.
        statuses: How often each HTTP status was sent; `none` if the connection was lost without
            one.
        outcomes: How often answers were sent whole, were aborted, or lost their client.
        failures: How often each kind of failure struck.
        unmatched: How many calls no rule answered although there are rules.
        prompt_tokens: Tokens billed for input.
        completion_tokens: Tokens billed for output.

    """

    calls: int
    statuses: Mapping[str, int]
    outcomes: Mapping[str, int]
    failures: Mapping[str, int]
    unmatched: int
    prompt_tokens: int
    completion_tokens: int


class Bar(Struct, frozen=True, kw_only=True):
    """How many values lie between this bound and the one before it.

    Attributes:
        upto_ms: The highest value that counts: 1, 2, 5, 10, 20, … or the highest one of all.
        count: How many there were.

    """

    upto_ms: float
    count: int


class Spread(Struct, frozen=True, kw_only=True):
    """How a time was spread over many answers, in real milliseconds.

    Attributes:
        count: How many values there were.
        mean_ms: Their mean; null if there was none, like all that follow.
        p50_ms: Half of them took no longer; percentiles are off by at most 5 %.
        p90_ms: Nine of ten took no longer.
        p99_ms: 99 of a hundred took no longer.
        max_ms: The longest.
        bars: How many there were between bounds, without those that are empty at either end.

    """

    count: int
    mean_ms: float | None
    p50_ms: float | None
    p90_ms: float | None
    p99_ms: float | None
    max_ms: float | None
    bars: tuple[Bar, ...]


class Timing(Struct, frozen=True, kw_only=True):
    """A time as it was measured, and as it was planned for the same answers.

    Attributes:
        measured: When it really went out.
        planned: When it was to: latency, pauses of failures, its turn, and what a test held, as the
            session's clock made them; at a time scale of 0, nothing waits.

    """

    measured: Spread
    planned: Spread


class Load(Struct, frozen=True, kw_only=True):
    """What the server did for all calls that have ended since it started, in all sessions.

    Attributes:
        calls: How many calls have ended.
        span_s: Real seconds from when the first one came until the last one ended.
        per_s: Calls a second, over that span; null: there is no span.
        recent_per_s: Calls a second, over its last 60 seconds.
        busiest_per_s: The most calls that ended within one second.
        running: How many are being answered now.
        queued: How many of those wait for their turn.
        first_token: The time to the first token of streams.
        between_tokens: The time of each token of streams after what went out first.
        duration: The time to the last byte of all answers.
        late_first_token: How late the server was with first tokens of streams.
        late_last_byte: How late it was with the ends of answers.
        prompt_tokens: Tokens billed for input.
        cached_tokens: Those of them that were cached.
        completion_tokens: Tokens billed for output.
        reasoning_tokens: Those of them that were reasoning.
        statuses: How often each HTTP status was sent; `none` if there was none.
        outcomes: How often answers were sent whole, were aborted, or lost their client.
        failures: How often each kind of failure struck.
        refusals: How often a limit refused: `requests`, `tokens`, `too_large`, `concurrency` by the
            scenario's `limits`, `scripted` for any other 429.
        unmatched: How many calls no rule answered although there are rules.

    """

    calls: int
    span_s: float
    per_s: float | None
    recent_per_s: float | None
    busiest_per_s: int
    running: int
    queued: int
    first_token: Timing
    between_tokens: Timing
    duration: Timing
    late_first_token: Spread
    late_last_byte: Spread
    prompt_tokens: int
    cached_tokens: int
    completion_tokens: int
    reasoning_tokens: int
    statuses: Mapping[str, int]
    outcomes: Mapping[str, int]
    failures: Mapping[str, int]
    refusals: Mapping[str, int]
    unmatched: int


class Reload(Struct, frozen=True, kw_only=True):
    """The scenario to answer from.

    Attributes:
        scenario: A new scenario; if omitted, the files that the server was started with are
            reloaded.

    """

    scenario: ScenarioSource | None = None


class Reloaded(Struct, frozen=True, kw_only=True):
    """The scenario that the server now answers from.

    Attributes:
        description: The scenario's description.
        rules: How many rules it has.

    """

    description: str
    rules: int
