"""What the control API is asked and what it answers, as values.

Their fields are the members of the JSON, and their docstrings are the descriptions in the
OpenAPI document. Adding a member with a default is a change that breaks nobody.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, TypeAlias, cast

from mockserver.control.jsonform import OMITTED, Json, Limits, Omitted
from mockserver.records.verdicts import VerdictKind

ScenarioSource: TypeAlias = str | Mapping[str, Any]
"""A scenario: the text of a YAML file, or the same as a JSON object (`version` may be missing)."""
When: TypeAlias = Mapping[str, Any] | tuple[Mapping[str, Any], ...]
"""A condition, as under `when` of a rule: an object, or a list of which one must hold."""
Seconds: TypeAlias = Annotated[float, Limits(0, 600)]
PageSize: TypeAlias = Annotated[int, Limits(1, 1_000)]
Count: TypeAlias = Annotated[int, Limits(0)]

Outcome: TypeAlias = Literal["open", "sent", "client_left", "aborted"]


# --- Errors ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that is wrong with what was sent.

    Attributes:
        at: Where, as a path into the JSON: `rules[0].fail.kind`.
        line: The line of the scenario's text, from 1.
        column: The column, from 1.
        what: What is wrong.
        hint: The nearest right thing.

    """

    what: str
    at: str | None = None
    line: int | None = None
    column: int | None = None
    hint: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Why something was not done (RFC 9457, `application/problem+json`).

    Attributes:
        type: Names the kind of problem, as `urn:mockserver:unknown-session`.
        title: The kind of problem, in words.
        status: The HTTP status.
        detail: What happened here.
        hint: What to do about it.
        faults: All that is wrong with a scenario or another body.

    """

    type: str
    title: str
    status: int
    detail: str
    hint: str | None = None
    faults: tuple[Fault, ...] = ()


# --- The server ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """That the server answers."""

    status: Literal["ok"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """What all calls to the server come to that have ended, in all sessions.

    Attributes:
        calls: How many there were.
        statuses: How often each HTTP status was sent; `none` where the answer was only a lost
            connection.
        outcomes: How often answers were sent whole, were aborted, or had no client left.
        failures: How often each kind of failure struck.
        unmatched: How many calls no rule answered, though there are rules.
        prompt_tokens: What was billed for input.
        completion_tokens: What was billed for output.

    """

    calls: int
    statuses: Mapping[str, int]
    outcomes: Mapping[str, int]
    failures: Mapping[str, int]
    unmatched: int
    prompt_tokens: int
    completion_tokens: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Reload:
    """What the server is to answer by from now on.

    Attributes:
        scenario: A scenario; if there is none, the files that the server was started with are
            read again.

    """

    scenario: ScenarioSource | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reloaded:
    """What the server answers by now.

    Attributes:
        description: What the scenario says of itself.
        rules: How many rules it has.

    """

    description: str
    rules: int


# --- Sessions --------------------------------------------------------------------------------


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


# --- Rules -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class AddedRules:
    """What is to stand above all that a session answers by; one of the two.

    Attributes:
        rules: Rules as in a file, for the shortest way.
        scenario: A whole scenario, with models, keys, limits, state and rules.
        layer: A name for it: what was added before by the same name is replaced where it stands,
            and rules that keep their name keep their count.

    """

    rules: tuple[Mapping[str, Any], ...] | None = None
    scenario: ScenarioSource | None = None
    layer: str | None = None

    def __post_init__(self) -> None:
        if (self.rules is None) == (self.scenario is None):
            raise ValueError("state either 'rules' or 'scenario'")


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleState:
    """A rule, and how far it has come.

    Attributes:
        name: The name by which journal and errors call it.
        acted: How often it has acted.
        left: How often it may still act, or how many of its replies are left; null: no end.
        per: What that is counted for.
        place: Where it is written: file, line, column.

    """

    name: str
    acted: int
    left: int | None
    per: str
    place: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleList:
    """The rules of a session, in the order in which they are read."""

    rules: tuple[RuleState, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Explain:
    """A request, of which to tell what the session would answer; nothing is moved by it.

    Attributes:
        request: The body of the request.
        method: The method.
        path: The path, below the session.
        headers: Headers; a key is not needed.

    """

    request: Mapping[str, Any]
    method: str = "POST"
    path: str = "/v1/chat/completions"
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleReading:
    """What became of one rule.

    Attributes:
        rule: Its name.
        outcome: `answers`, `adds` (it acts and the reading goes on), `differs`, `spent` or
            `not read` (one above it answered).
        why: In what it differs, or what it does.

    """

    rule: str
    outcome: Literal["answers", "adds", "differs", "spent", "not read"]
    why: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """How the rules were read for a request.

    Attributes:
        answer: What would be answered, in a sentence.
        rule: The name of the rule that would answer.
        readings: All rules, in the order in which they are read.

    """

    answer: str
    rule: str | None
    readings: tuple[RuleReading, ...]


# --- The journal -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """What a call is billed as, in tokens; *exact* is false where the rules are known to guess."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int
    cached_tokens: int
    reasoning_tokens: int
    exact: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeToolCall:
    """A call that was answered; *arguments* is the text as it went out."""

    name: str
    arguments: str
    id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRecord:
    """One HTTP request and what became of it. Secrets have been taken out everywhere.

    Attributes:
        number: Counted in the session, from 1.
        at_s: When it came, in seconds of session time.
        method: The method.
        path: Below the session, without the query.
        query: As sent, without the question mark.
        provider: The dialect that answered.
        endpoint: What was asked for; null: nothing that there is.
        key: Eight hex digits of the SHA-256 of the API key.
        model: The model asked for.
        stream: Whether a stream was asked for.
        attempt: The how-manieth this is of the same request, from 1.
        conversation: Tells conversations apart.
        rule: The rule that answered.
        status: The HTTP status; null: none went out.
        failures: The kinds of failures that struck, in order.
        no_effect: The kinds of those that found nothing to act on.
        pre_empted: The kinds of those that another one left no answer to act on.
        near_misses: What kept the nearest rules from answering, where none did.
        notes: What else a tester should know.
        outcome: Whether the answer went out whole.
        is_unmatched: Whether it asked for an answer that no rule gave.
        is_late: Whether the session had ended.
        attribution: What it says of the application that sent it, at providers that ask for it.
        headers: By lower-case name.
        body: The request's JSON; null if it is none or too large to be kept, or not asked for.
        body_bytes: How long the body was.
        text: What was answered, before failures bent it; of several choices the first.
        finish_reason: Why that ended.
        tool_calls: The calls that it made.
        usage: The bill.
        planned_ttft_ms: When the first token was to come, in session time; null: nobody planned.
        planned_ms: How long the whole answer was to take.
        asked_wait_s: How long the client was asked to wait before it tries again.
        waited_s: How long it did, in session time, since its last attempt at this failed.
        client_left_after_tokens: How many tokens had gone out when the client left.
        error_code: The `code` of the refusal, where one was sent.
        ended_s: When nothing more was to go out, in session time.
        seen_at_end: How many calls had come by then.

    """

    number: int
    at_s: float
    method: str
    path: str
    query: str
    provider: str
    endpoint: str | None
    key: str | None
    model: str | None
    stream: bool
    attempt: int
    conversation: str | None
    rule: str | None
    status: int | None
    failures: tuple[str, ...]
    no_effect: tuple[str, ...]
    pre_empted: tuple[str, ...]
    near_misses: tuple[str, ...]
    notes: tuple[str, ...]
    outcome: Outcome
    is_unmatched: bool
    is_late: bool
    attribution: Mapping[str, str]
    headers: Mapping[str, str]
    body: Json
    body_bytes: int
    text: str | None
    finish_reason: str | None
    tool_calls: tuple[MadeToolCall, ...]
    usage: Tokens | None
    planned_ttft_ms: float | None
    planned_ms: float | None
    asked_wait_s: float | None
    waited_s: float | None
    client_left_after_tokens: int | None
    error_code: str | None
    ended_s: float | None
    seen_at_end: int | None

    @property
    def messages(self) -> list[dict[str, Any]]:
        """The messages of a chat request, as sent."""
        return self._listed("messages")

    @property
    def tools(self) -> list[dict[str, Any]]:
        """The tools offered, as sent."""
        return self._listed("tools")

    @property
    def prompt(self) -> Any:
        """The prompt of a legacy request, as sent."""
        return self._members.get("prompt")

    @property
    def _members(self) -> Mapping[str, Any]:
        body: object = self.body
        return cast(dict[str, Any], body) if isinstance(body, dict) else {}

    def _listed(self, name: str) -> list[dict[str, Any]]:
        found: object = self._members.get(name)
        return cast(list[dict[str, Any]], found) if isinstance(found, list) else []


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalQuery:
    """Which calls to read; what is stated must all hold.

    Attributes:
        after: Only calls with a higher number.
        before: Only calls with a lower number.
        limit: How many at most.
        newest: Whether the last ones are wanted rather than the first.
        bodies: Whether their bodies are wanted.
        rule: The rule that answered.
        endpoint: What was asked for.
        provider: The dialect.
        model: The model asked for.
        conversation: The conversation.
        key: The key's eight digits.
        status: The HTTP status; repeated: one of them.
        outcome: How it went.
        unmatched: Whether no rule answered, though an answer was asked for.
        failed: Whether a failure struck.

    """

    after: Count = 0
    before: Count | None = None
    limit: PageSize = 100
    newest: bool = False
    bodies: bool = True
    rule: str | None = None
    endpoint: str | None = None
    provider: str | None = None
    model: str | None = None
    conversation: str | None = None
    key: str | None = None
    status: tuple[int, ...] = ()
    outcome: Outcome | None = None
    unmatched: bool | None = None
    failed: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalPage:
    """Calls of a session, oldest first.

    Attributes:
        calls: Those of this page.
        matching: How many there are in all that match.
        seen: How many calls have come in all.
        dropped: How many are no longer kept.
        next_after: What `after` is to be for the next page; null on the last one.

    """

    calls: tuple[CallRecord, ...]
    matching: int
    seen: int
    dropped: int
    next_after: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cleared:
    """How many calls were forgotten."""

    cleared: int


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


# --- State, clock, gates ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class StateView:
    """The state of a session, by name."""

    state: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class StateChange:
    """Values to set; null removes a name, and what is not named stays.

    Attributes:
        state: The values, by name.

    """

    state: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockView:
    """A session's time.

    Attributes:
        now_s: Seconds since the session began.
        time_scale: How long a second of the session takes.

    """

    now_s: float
    time_scale: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Advance:
    """How far to move a session's clock; whoever waits for a time that has come goes on."""

    seconds: Annotated[float, Limits(0, 1e9)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """Which of the answers that are held are to go on.

    Attributes:
        rule: Those of this rule; null: all.

    """

    rule: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Released:
    """How many answers go on."""

    released: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Nothing:
    """Nothing is asked: an empty object, or no body at all."""
