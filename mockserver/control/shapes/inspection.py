"""What a person looks at: the calls of all sessions as they come, and one call in detail."""

from typing import Literal, TypeAlias

from msgspec import Struct

from mockserver.control.shapes.journal import CallRecord
from mockserver.control.shapes.members import Count, Outcome, PageSize, Seconds, When
from mockserver.control.shapes.verification import VerdictOn

PartKind: TypeAlias = Literal[
    "text", "thought", "refusal", "tool_call", "tool_result", "image", "audio", "file", "item"
]
EventKind: TypeAlias = Literal["head", "data", "raw", "pause", "hold", "forsake", "abort"]
RuleOutcome: TypeAlias = Literal["answered", "failed", "added", "no_match", "used_up", "not_read"]


class CallsQuery(Struct, frozen=True, kw_only=True):
    """Which calls of the server to read; all conditions must hold.

    Attributes:
        after: The `next` of an earlier answer: only what has come or ended since; null: the newest
            calls that are kept.
        before: Only calls with a lower serial number, to read on into the past.
        limit: How many calls to return at most: the newest that match; with `after`, those that
            changed first, and `next` leads to the others.
        wait_s: How long to wait for a call that matches if there is none.
        session: The name of the session.
        when: A condition, as JSON: an object as under `when` of a rule, or a list of which any must
            hold.
        rule: The name of the rule that answered.
        endpoint: The kind of endpoint.
        provider: The dialect that answered.
        model: The model that was requested.
        status: The HTTP status; may be repeated, and any of them matches.
        outcome: How the call ended.
        unmatched: Whether it asked for an answer that no rule gave.
        failed: Whether a failure struck.
        running: Whether it has not ended.

    """

    after: Count | None = None
    before: Count | None = None
    limit: PageSize = 100
    wait_s: Seconds = 0
    session: str | None = None
    when: str | None = None
    rule: str | None = None
    endpoint: str | None = None
    provider: str | None = None
    model: str | None = None
    status: tuple[int, ...] = ()
    outcome: Outcome | None = None
    unmatched: bool | None = None
    failed: bool | None = None
    running: bool | None = None


class Condition(Struct, frozen=True, kw_only=True):
    """A condition on calls."""

    when: When


class Calls(Struct, frozen=True, kw_only=True):
    """Calls of all sessions, without their bodies, in the order in which they came.

    Attributes:
        calls: The calls; one that has ended since it was read is there again.
        next: The `after` with which to read on.
        is_gap: Whether what the reader has may be out of date: calls were cleared since `after`,
            or are those of another server, or `has_lost`.
        has_lost: Whether calls ended after `after` and are not kept any more.
        kept: How many calls are kept in all sessions.
        running: How many calls have not ended.

    """

    calls: tuple[CallRecord, ...]
    next: int
    is_gap: bool
    kept: int
    running: int
    has_lost: bool = False


class Content(Struct, frozen=True, kw_only=True):
    """Bytes as text; in base64, if *encoding* says so: then they are not UTF-8."""

    text: str
    encoding: Literal["base64"] | None = None


class CallContent(Struct, frozen=True, kw_only=True):
    """A request and its answer as bytes, without secrets.

    Attributes:
        request: The body of the request; null: it was too large to keep.
        status: The status of the answer as it went out; null: no head did, or it is not kept.
        headers: The headers of the answer, in wire order.
        body: The body of the answer, up to where it ended; null: it is not kept.

    """

    request: Content | None
    status: int | None
    headers: tuple["SentHeader", ...]
    body: Content | None


class ShownPart(Struct, frozen=True, kw_only=True):
    """A part of a turn, as a person reads it.

    Attributes:
        kind: What it is.
        text: Its text, the arguments of a tool call, or the result of one.
        name: The name of the tool, or of the file.
        id: The id of the tool call.
        url: Where an image, a sound or a file is: a `data:` URL, or an address that nobody fetches.
        cut: How many characters were left out of `text` or `url`.

    """

    kind: PartKind
    text: str | None = None
    name: str | None = None
    id: str | None = None
    url: str | None = None
    cut: int = 0


class ShownTurn(Struct, frozen=True, kw_only=True):
    """A turn of the conversation.

    *role* `prompt` and `input` are those of other endpoints, `error` is that of a refusal.
    """

    role: str
    parts: tuple[ShownPart, ...]


class RuleOnCall(Struct, frozen=True, kw_only=True):
    """A rule, in the order in which rules are read, and what became of it for one call.

    Attributes:
        name: The name of the rule.
        place: Where it is written; null: in no file.
        outcome: `answered`, or `failed` if its failure struck and let other rules answer; `added`:
            it held, and only added to what other rules answer; `no_match`; `used_up`: it would
            hold, and had given all that it has; `not_read`: another rule had answered.
        why: What differed, a line for each difference.

    """

    name: str
    place: str | None
    outcome: RuleOutcome
    why: tuple[str, ...] = ()


class SentHeader(Struct, frozen=True, kw_only=True):
    """A header of an answer, as it was spelled."""

    name: str
    value: str


class SentEvent(Struct, frozen=True, kw_only=True):
    """An event of an answer, planned and as it went out.

    Attributes:
        kind: What it is: `head`, `data`, `raw` (bytes outside the framing), `pause`, `hold`,
            `forsake` and `abort` (the connection fails).
        planned_ms: When it was to happen, in real milliseconds since the request had come whole.
        measured_ms: When it did; null: it did not, or it is not known.
        tokens: How many tokens of the answer were complete with it.
        size: How many bytes it has.
        text: The bytes as text, with U+FFFD for what is no UTF-8; of other events, what they do.
        cut: How many characters were left out of `text`.

    """

    kind: EventKind
    planned_ms: float
    measured_ms: float | None
    tokens: int = 0
    size: int = 0
    text: str = ""
    cut: int = 0


class SentAnswer(Struct, frozen=True, kw_only=True):
    """What went out for a call: its head, its events, and where the client left.

    Attributes:
        status: The status; null: no head went out.
        headers: The headers, in wire order.
        events: The events, in order.
        tokens: How many tokens the answer has.
        left_after_tokens: How many had gone out when the client left; null: it stayed.
        unsent: How many of the last events did not go out.
        left_out: How many more events there are, after these.

    """

    status: int | None
    headers: tuple[SentHeader, ...]
    events: tuple[SentEvent, ...]
    tokens: int
    left_after_tokens: int | None = None
    unsent: int = 0
    left_out: int = 0


class BillPart(Struct, frozen=True, kw_only=True):
    """A part of the bill: what is billed, how many tokens, and whether that is certain."""

    what: str
    tokens: int
    exact: bool
    doubts: tuple[str, ...] = ()


class Attempt(Struct, frozen=True, kw_only=True):
    """One of the attempts at the same request.

    Attributes:
        number: The number of the call in the session.
        at_s: When it came, in seconds of session time.
        ended_s: When its answer ended.
        status: The HTTP status.
        outcome: How it ended.
        failures: The kinds of failures that struck.
        asked_wait_s: How long the client was asked to wait before the next attempt.
        waited_s: How long it waited before this one.

    """

    number: int
    at_s: float
    ended_s: float | None
    status: int | None
    outcome: str
    failures: tuple[str, ...]
    asked_wait_s: float | None
    waited_s: float | None


class CallDetail(Struct, frozen=True, kw_only=True):
    """One call in all its detail.

    Attributes:
        call: The call, with its body.
        raw: The body of the request as it came, without secrets; U+FFFD for what is no UTF-8.
        conversation: What was asked, turn by turn.
        answer: What was answered, a turn for each choice.
        rules: What became of each rule.
        sent: What went out; null: it is not known.
        bill: What the prompt's bill consists of; empty: it is not known.
        cost_usd: What the call costs by the catalogue's prices; null: they are not known.
        attempts: All attempts at the same request, this one among them, in order.
        verdicts: What the client did wrong in this call or with it.
        as_rule: A rule that gives this answer to this request, in YAML; null: none can.
        as_curl: The request as a command of curl's, without its key.

    """

    call: CallRecord
    raw: str
    conversation: tuple[ShownTurn, ...]
    answer: tuple[ShownTurn, ...]
    rules: tuple[RuleOnCall, ...]
    sent: SentAnswer | None
    bill: tuple[BillPart, ...]
    cost_usd: float | None
    attempts: tuple[Attempt, ...]
    verdicts: tuple[VerdictOn, ...]
    as_rule: str | None
    as_curl: str


class ShownRule(Struct, frozen=True, kw_only=True):
    """A rule as a person reads it, with how often it has acted.

    Attributes:
        name: The name of the rule.
        layer: The layer of the session that it is in.
        place: Where it is written; null: in no file.
        hits: How often it has acted, in all its scopes together.
        left: How often it can still act; null: without limit, or it counts in several scopes.
        unused: What it was to do and did not, in words; null: nothing.
        yaml: The rule in YAML.
        cut: How many characters were left out of `yaml`.

    """

    name: str
    layer: str
    place: str | None
    hits: int
    left: int | None
    unused: str | None
    yaml: str
    cut: int = 0


class ShownScenario(Struct, frozen=True, kw_only=True):
    """What a session answers by.

    Attributes:
        session: The name of the session.
        description: What the scenario is about.
        rules: The rules in the order in which they are read.
        left_out: How many more rules there are, after these.

    """

    session: str
    description: str
    rules: tuple[ShownRule, ...]
    left_out: int = 0
