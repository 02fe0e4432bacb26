"""Totals of all calls of a server: the one place that is notified when a call has ended.

A session keeps its last calls; here none is kept, but all are counted, and how long they took. What
scrapers, `report --load` and the control API show is computed from these counts when it is read.
Anything else that needs each call once (a log, a live page) listens here.

Times are in real seconds. What was *planned* is what an answer was to wait for, as its session's
clock made it: latency, pauses of failures, its turn, what a test held.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple, TypeAlias, TypeVar

from mockserver.conversation import Usage
from mockserver.records.histograms import Histogram, bounds_between
from mockserver.records.journal import ERRORS, Call
from mockserver.records.measured import Measured

T = TypeVar("T")
Listener: TypeAlias = Callable[[Call], None]
"""Takes the call that has ended; it must not wait, or raise."""

OTHER: Final = "other"
"""What all names are called that come after so many different ones."""
MOST_NAMES: Final = 100
"""Of models, of rules and of errors, so many are told apart: clients and scenarios name them."""
LONGEST_NAME: Final = 200
MOST_KINDS: Final = 2_000
"""So many kinds of calls are told apart by all that there is; then their names are not."""
AT_ONCE: Final = 256
"""Times and tokens of so many calls are counted together: one by one takes twice as long."""
RECENT: Final = 60
"""Over so many seconds the latest rate is taken."""

# The bounds that OpenTelemetry recommends, and what scrapers get of our own quantities.
# Source: open-telemetry/semantic-conventions-genai, docs/gen-ai/gen-ai-metrics.md, read 2026-12-01.
DURATION_BOUNDS: Final = tuple([0.01 * 2**power for power in range(14)])
FIRST_TOKEN_BOUNDS: Final = (
    *(0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0),
)
PER_TOKEN_BOUNDS: Final = (
    *(0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0, 2.5),
)
USAGE_BOUNDS: Final = tuple([float(4**power) for power in range(14)])
GAP_BOUNDS: Final = (0.001, 0.0025, 0.005, *PER_TOKEN_BOUNDS)
LATE_BOUNDS: Final = (
    0.0001,
    0.0002,
    0.0005,
    0.001,
    0.002,
    0.005,
    0.01,
    0.02,
    0.05,
    0.1,
    0.2,
    0.5,
    1.0,
)

_SECONDS: Final = bounds_between(
    1e-6, 1e4, {*DURATION_BOUNDS, *FIRST_TOKEN_BOUNDS, *GAP_BOUNDS, *LATE_BOUNDS}
)
_TOKENS: Final = bounds_between(1, 1e8, USAGE_BOUNDS)


class Kind(NamedTuple):
    """What is told apart of calls.

    Attributes:
        provider: The dialect that answered.
        endpoint: The kind of endpoint; None: there is none at the path.
        model: The model that was requested.
        status: The HTTP status; None: none was sent.
        outcome: How the answer ended.
        rule: The name of the rule that answered.
        session: `default`, or `named` for all others; `ended` for calls that came after the end.
        error: What went wrong, in a word; None: nothing did.

    """

    provider: str
    endpoint: str | None
    model: str | None
    status: int | None
    outcome: str
    rule: str | None
    session: str
    error: str | None


class Timed:
    """How long something took, and how long it was planned to take, in seconds."""

    __slots__ = ("measured", "planned")

    def __init__(self) -> None:
        self.measured = Histogram(_SECONDS)
        self.planned = Histogram(_SECONDS)

    def include(self, other: "Timed") -> None:
        """Count all that *other* has counted."""
        self.measured.include(other.measured)
        self.planned.include(other.planned)


class Flow:
    """What calls took and cost that ask the same of the same model.

    Attributes:
        first_token: The time to the first token of streams.
        between_tokens: The time of each token after the first ones.
        per_token: The mean time of such tokens, for each stream.
        durations: The time to the last byte, by what went wrong (None: nothing did).
        tokens_in: Tokens billed for the input of a call.
        tokens_out: Tokens billed for its output.
        cached_tokens: How many of all tokens of the input were cached.
        reasoning_tokens: How many of all tokens of the output were reasoning.

    """

    __slots__ = (
        "between_tokens",
        "cached_tokens",
        "durations",
        "first_token",
        "per_token",
        "reasoning_tokens",
        "tokens_in",
        "tokens_out",
    )

    def __init__(self) -> None:
        self.first_token = Timed()
        self.between_tokens = Timed()
        self.per_token = Histogram(_SECONDS)
        self.durations: dict[str | None, Timed] = {}
        self.tokens_in = Histogram(_TOKENS)
        self.tokens_out = Histogram(_TOKENS)
        self.cached_tokens = 0
        self.reasoning_tokens = 0

    def include(self, other: "Flow") -> None:
        """Count all that *other* has counted."""
        self.first_token.include(other.first_token)
        self.between_tokens.include(other.between_tokens)
        self.per_token.include(other.per_token)
        for error, timed in other.durations.items():
            self.durations.setdefault(error, Timed()).include(timed)
        self.tokens_in.include(other.tokens_in)
        self.tokens_out.include(other.tokens_out)
        self.cached_tokens += other.cached_tokens
        self.reasoning_tokens += other.reasoning_tokens

    def bill(self, bills: Sequence[Usage]) -> None:
        """Count the tokens of calls."""
        self.tokens_in.add([bill.prompt_tokens for bill in bills])
        self.tokens_out.add([bill.completion_tokens for bill in bills])
        self.cached_tokens += sum([bill.cached_tokens for bill in bills])
        self.reasoning_tokens += sum([bill.reasoning_tokens for bill in bills])

    def streamed(self, streams: Sequence[tuple[Measured, float]]) -> None:
        """Count when tokens of streams went out; of each, when the first one did, in ms."""
        first, between = self.first_token, self.between_tokens
        first.measured.add([first_ms / 1_000 for _, first_ms in streams])
        first.planned.add(
            [max(0.0, first_ms - found.first_late_ms) / 1_000 for found, first_ms in streams]
        )
        for found, _ in streams:
            if found.size:
                moments, tokens = found.moments, found.tokens
                for gap_ms, count in found.gaps():
                    between.measured.add_times(gap_ms / 1_000, count)
                for gap_ms, count in found.planned_gaps():
                    between.planned.add_times(gap_ms / 1_000, count)
                mean_ms = (moments[-1] - moments[0]) / (tokens[-1] - tokens[0])
                self.per_token.add_times(mean_ms / 1_000, 1)


class _Counted:
    """How many calls of a kind there were, and where their times and tokens are counted.

    Attributes:
        calls: How many there were.
        flow: Where their tokens are counted, and when those went out.
        durations: Where is counted how long they took.
        is_success: Whether it is no refusal.
        unread: Of the last few, what is still to be counted: the bill, when it went out, and
            whether it is a stream.

    """

    __slots__ = ("calls", "durations", "flow", "is_success", "unread")

    def __init__(self, kind: Kind, flow: Flow) -> None:
        self.calls = 0
        self.flow = flow
        self.durations = flow.durations.setdefault(kind.error, Timed())
        self.is_success = kind.status is not None and kind.status < ERRORS
        self.unread: list[tuple[Usage | None, Measured | None, bool]] = []


class Names:
    """Names that others choose: the first ones as they are, all that come later as one."""

    def __init__(self, most: int = MOST_NAMES) -> None:
        self._most = most
        self._known: set[str] = set()

    def bounded(self, name: str | None) -> str | None:
        """Return *name*, or `OTHER` where there are too many."""
        if name is None:
            return None
        name = name[:LONGEST_NAME]
        if name not in self._known:
            if len(self._known) >= self._most:
                return OTHER
            self._known.add(name)
        return name


@dataclass(slots=True)
class Running:
    """What is being answered now.

    Attributes:
        answers: Calls that have come and whose answer has not ended, streams included.
        streams: Those that asked for a stream.
        queued: Those of both that wait for their turn.

    """

    answers: int = 0
    streams: int = 0
    queued: int = 0


@dataclass(slots=True)
class Rate:
    """When calls came and ended, as far as an answer went out, in seconds of the process's clock.

    Attributes:
        calls: How many there were.
        first_s: When the first one came.
        last_s: When the last one ended.
        busiest: The most that ended in one second.

    """

    calls: int = 0
    first_s: float = 0.0
    last_s: float = 0.0
    busiest: int = 0
    _seconds: dict[int, int] = field(default_factory=dict[int, int])

    def note(self, began_s: Sequence[float], ended_s: Sequence[float]) -> None:
        """Count calls: when they came and, in the same order, ended."""
        first_s = min(began_s)
        self.first_s = min(self.first_s, first_s) if self.calls else first_s
        self.calls += len(began_s)
        self.last_s = max(self.last_s, *ended_s)
        for second, count in Counter(map(int, ended_s)).items():
            ended = self._seconds[second] = self._seconds.get(second, 0) + count
            self.busiest = max(self.busiest, ended)
        latest = int(self.last_s)
        for past in [past for past in self._seconds if past <= latest - RECENT]:
            del self._seconds[past]

    @property
    def span_s(self) -> float:
        """How long it took from when the first one came until the last one ended."""
        return self.last_s - self.first_s

    @property
    def per_s(self) -> float | None:
        """How many there were a second; None: there is nothing to tell from."""
        return self.calls / self.span_s if self.span_s > 0 else None

    @property
    def recent_per_s(self) -> float | None:
        """How many there were a second in the `RECENT` seconds before the last one ended."""
        span_s = min(self.span_s, float(RECENT))
        return sum(self._seconds.values()) / span_s if span_s > 0 else None


_Key: TypeAlias = tuple[str, str | None, str | None, int | None, str, str | None, str, str | None]
"""A `Kind`, before its names are bounded."""


class Totals:
    """Counts of all calls that have ended, since the server started.

    Attributes:
        failures: How often each kind of failure struck.
        refusals: How many were refused for a limit: `requests`, `tokens`, `too_large` and
            `concurrency` by the scenario's `limits`, `scripted` by any other answer with a 429.
        unmatched: How many asked for an answer that no rule gave, although there are rules.
        hints: How many got a hint.
        running: What is being answered now.
        listeners: Functions that are called for each call, too.

    """

    def __init__(self, default_session: str) -> None:
        """Take the name of the *default session*, which is told apart from all others."""
        self._default = default_session
        self._known: dict[Kind, _Counted] = {}
        self._recent: dict[_Key, _Counted] = {}
        self._models, self._rules, self._errors = Names(), Names(), Names()
        self.failures: Counter[str] = Counter()
        self.refusals: Counter[str] = Counter()
        self.unmatched = 0
        self.hints = 0
        self._flows: dict[tuple[str, str | None, str | None], Flow] = {}
        self._late_first_token = Histogram(_SECONDS)
        self._late_last_byte = Histogram(_SECONDS)
        self._rate = Rate()
        self._touched: list[_Counted] = []
        self._unread = 0
        self.running = Running()
        self.listeners: list[Listener] = []

    # --- What is counted -----------------------------------------------------------------------

    def hear(self, call: Call) -> None:
        """Count *call*, which has just ended."""
        session = call.session
        if session != self._default:
            session = "ended" if call.is_late else "named"
        status, outcome = call.status, call.outcome
        error = None if outcome == "sent" and call.is_whole else _error_of(call)
        key = (call.provider, call.endpoint, call.model, status, outcome, call.rule, session, error)
        counted = self._recent.get(key) or self._enter(key)
        counted.calls += 1
        if not counted.unread:
            self._touched.append(counted)
        counted.unread.append((call.usage, call.measured, call.stream))
        self._unread += 1
        if self._unread >= AT_ONCE:
            self._read()
        if error is not None or call.is_unmatched or call.hint is not None:
            self._count_rest(call)
        for listener in self.listeners:
            listener(call)

    def _count_rest(self, call: Call) -> None:
        """Count what few calls have."""
        if call.failures:
            self.failures.update(call.failures)
        if call.is_unmatched:
            self.unmatched += 1
        if call.hint is not None:
            self.hints += 1
        if call.limited_by is not None:
            self.refusals[call.limited_by] += 1
        elif call.status == 429:  # noqa: PLR2004 - too many requests
            self.refusals["scripted"] += 1

    def _read(self) -> None:
        """Count times and tokens of the last few calls."""
        for counted in self._touched:
            unread = counted.unread
            if bills := [bill for bill, _, _ in unread if bill is not None]:
                counted.flow.bill(bills)
            if measures := [measured for _, measured, _ in unread if measured is not None]:
                self._time(measures, counted.durations)
            if counted.is_success:
                self._stream([m for _, m, streams in unread if streams and m is not None], counted)
            unread.clear()
        self._touched.clear()
        self._unread = 0

    def _time(self, measures: Sequence[Measured], durations: Timed) -> None:
        """Count how long calls took."""
        ends_s = [found.last_byte_ms / 1_000 for found in measures]
        late_s = [found.last_late_ms / 1_000 for found in measures]
        durations.measured.add(ends_s)
        durations.planned.add([end - late for end, late in zip(ends_s, late_s, strict=True)])
        self._late_last_byte.add(late_s)
        began_s = [found.began_s for found in measures]
        self._rate.note(began_s, [sum(times) for times in zip(began_s, ends_s, strict=True)])

    def _stream(self, measures: Sequence[Measured], counted: _Counted) -> None:
        """Count when the tokens of streams went out."""
        streams = [(m, m.first_token_ms) for m in measures if m.first_token_ms is not None]
        if streams:
            counted.flow.streamed(streams)
            self._late_first_token.add([found.first_late_ms / 1_000 for found, _ in streams])

    def _enter(self, key: _Key) -> _Counted:
        """Return where calls are counted of a kind that has not come lately."""
        kind = Kind(*key)
        kind = kind._replace(
            model=self._models.bounded(kind.model),
            rule=self._rules.bounded(kind.rule),
            error=self._errors.bounded(kind.error),
        )
        if kind not in self._known and len(self._known) >= MOST_KINDS:
            kind = kind._replace(
                model=kind.model and OTHER, rule=kind.rule and OTHER, error=kind.error and OTHER
            )
        counted = self._known.get(kind)
        if counted is None:
            flow = self._flows.setdefault(kind[:3], Flow())
            counted = self._known[kind] = _Counted(kind, flow)
        if len(self._recent) >= MOST_KINDS:
            self._recent.clear()
        self._recent[key] = counted
        return counted

    # --- What it comes to ----------------------------------------------------------------------

    def kinds(self) -> Iterator[tuple[Kind, int]]:
        """Yield each kind of calls that has come, with how many there were."""
        for kind, counted in self._known.items():
            yield kind, counted.calls

    @property
    def flows(self) -> Mapping[tuple[str, str | None, str | None], Flow]:
        """Times and tokens, by provider, endpoint and model."""
        self._read()
        return self._flows

    @property
    def late_first_token(self) -> Histogram:
        """How late first tokens of streams were, in seconds."""
        self._read()
        return self._late_first_token

    @property
    def late_last_byte(self) -> Histogram:
        """How late the ends of answers were, in seconds."""
        self._read()
        return self._late_last_byte

    @property
    def rate(self) -> Rate:
        """When calls came and ended."""
        self._read()
        return self._rate

    @property
    def calls(self) -> int:
        """How many calls have ended."""
        return sum(count for _, count in self.kinds())

    @property
    def statuses(self) -> Mapping[int | None, int]:
        """How often each status was sent; None: no status was."""
        return _tally((kind.status, count) for kind, count in self.kinds())

    @property
    def outcomes(self) -> Mapping[str, int]:
        """How often answers ended in each way."""
        return _tally((kind.outcome, count) for kind, count in self.kinds())

    @property
    def prompt_tokens(self) -> int:
        """Tokens billed for input."""
        return sum(round(flow.tokens_in.sum) for flow in self.flows.values())

    @property
    def completion_tokens(self) -> int:
        """Tokens billed for output."""
        return sum(round(flow.tokens_out.sum) for flow in self.flows.values())

    def all_flows(self) -> Flow:
        """Return what all calls took and cost."""
        whole = Flow()
        for flow in self.flows.values():
            whole.include(flow)
        return whole

    def all_durations(self) -> Timed:
        """Return the time to the last byte of all calls, whatever went wrong."""
        whole = Timed()
        for flow in self.flows.values():
            for timed in flow.durations.values():
                whole.include(timed)
        return whole


def _tally(pairs: Iterable[tuple[T, int]]) -> Counter[T]:
    counts: Counter[T] = Counter()
    for name, count in pairs:
        counts[name] += count
    return counts


def _error_of(call: Call) -> str | None:
    """Return what went wrong with *call*, in a word; None: nothing did that its client could see.

    It is the code of the provider's error or else the status; for an answer that breaks off, the
    first failure that struck.
    """
    if call.status is not None and call.status >= ERRORS:
        return call.error_code or str(call.status)
    if call.status is None or call.outcome == "aborted" or call.is_cut:
        return call.failures[0] if call.failures else "aborted"
    return "client_left" if call.outcome == "client_left" else None
