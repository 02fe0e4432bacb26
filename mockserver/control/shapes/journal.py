"""The calls of a session, as the journal keeps them."""

from collections.abc import Mapping
from typing import Any, cast

from msgspec import Struct

from mockserver.control.jsonform import Json
from mockserver.control.shapes.members import Count, Outcome, PageSize


class Tokens(Struct, frozen=True, kw_only=True):
    """The bill of a call, in tokens; `exact` is false if it is an estimate."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int
    cached_tokens: int
    reasoning_tokens: int
    exact: bool


class MadeToolCall(Struct, frozen=True, kw_only=True):
    """A tool call in an answer; `arguments` is the text as it was sent.

    A call that *is_custom* is of a custom tool, which takes any text.
    """

    name: str
    arguments: str
    id: str | None
    is_custom: bool = False


class Measure(Struct, frozen=True, kw_only=True):
    """When an answer really went out, in real milliseconds since the request had come whole.

    Attributes:
        first_byte_ms: When its head went out.
        first_token_ms: When its first token did; null: none did, or it is not known.
        last_byte_ms: When its last byte did, or what went out before the connection ended.
        first_late_ms: How late the first token was, beside the plan; without one, the head.
        last_late_ms: How late the last byte was.
        sent_bytes: How many bytes went out, with their framing.

    """

    first_byte_ms: float
    first_token_ms: float | None
    last_byte_ms: float
    first_late_ms: float
    last_late_ms: float
    sent_bytes: int


class CallRecord(Struct, frozen=True, kw_only=True):
    """One HTTP request and its outcome; secrets are redacted everywhere.

    Attributes:
        number: Its number in the session, counting from 1.
        at_s: When it came, in seconds of session time.
        method: The method.
        path: The path below the session, without the query.
        query: The query as sent, without the question mark.
        provider: The dialect that answered.
        endpoint: The kind of endpoint; null: there is no such endpoint.
        key: The first eight hex digits of the SHA-256 of the API key.
        model: The model that was requested.
        stream: Whether a stream was requested.
        attempt: Which attempt at the same request this is, counting from 1.
        conversation: An id of the conversation.
        rule: The name of the rule that answered.
        status: The HTTP status; null: none was sent.
        failures: The kinds of failures that struck, in order.
        no_effect: The kinds of failures that found nothing to act on.
        pre_empted: The kinds of failures that another failure left no answer to act on.
        near_misses: Why the nearest rules did not match, if no rule answered.
        notes: Other remarks for the tester.
        outcome: Whether the answer was sent whole.
        is_unmatched: Whether it asked for an answer that no rule gave.
        is_late: Whether it came after the session had ended.
        is_unsupported: Whether this version has no such endpoint; then no rule can answer.
        unoffered: The scripted tool calls of tools that the request does not offer, in words.
        off_schema: The scripted JSON that is not valid for the request's schemas, in words.
        attribution: What it states about the application, at providers that ask for it.
        headers: The headers, by lower-case name.
        body: The request's JSON; null if it is not JSON, too large to keep, nested too deeply to
            be shown, or not requested.
        body_bytes: The size of the body.
        text: The text of the first choice, before failures changed it.
        finish_reason: Why the first choice ended.
        tool_calls: The tool calls in the answer.
        usage: The bill.
        planned_ttft_ms: The planned time to first token, in session time; null: not planned.
        planned_ms: The planned time for the whole answer.
        asked_wait_s: How long the client was asked to wait before it retries.
        waited_s: How long it waited after the failed attempt before, in session time.
        client_left_after_tokens: How many tokens had been sent when the client left.
        error_code: The `code` of the error, if one was sent.
        ended_s: When the answer ended, in session time.
        seen_at_end: How many calls had come by then.
        answer_id: The id of the answer.
        continues: The id of the answer that it continues, if it continues one by id.
        is_cut: A failure took away the end of the answer.
        serial: Its number among all calls of the server.
        session: The name of the session.
        came_unix_s: When it came, as Unix time: that of the session.
        words: The beginning of what was asked; null: not known.
        forwarded: What became of what the upstream server answered: `passed on`, `recorded`, or why
            it was not kept; null: the call was answered here.
        hint: What helps where the provider's own words mislead; one of the notes.
        measured: When the answer really went out; null: nothing did.

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
    is_unsupported: bool = False
    unoffered: tuple[str, ...] = ()
    off_schema: tuple[str, ...] = ()
    answer_id: str | None = None
    continues: str | None = None
    is_cut: bool = False
    serial: int = 0
    session: str = ""
    came_unix_s: float = 0
    words: str | None = None
    forwarded: str | None = None
    hint: str | None = None
    measured: Measure | None = None

    @property
    def messages(self) -> list[dict[str, Any]]:
        """The messages of a chat request, as sent."""
        return self._listed("messages")

    @property
    def tools(self) -> list[dict[str, Any]]:
        """The tools of the request, as sent."""
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


class JournalQuery(Struct, frozen=True, kw_only=True):
    """Which calls to read; all conditions must hold.

    Attributes:
        after: Only calls with a higher number.
        before: Only calls with a lower number.
        limit: How many calls to return at most.
        newest: Whether to return the last matching calls instead of the first.
        bodies: Whether to include bodies.
        rule: The name of the rule that answered.
        endpoint: The kind of endpoint.
        provider: The dialect that answered.
        model: The model that was requested.
        conversation: The id of the conversation.
        key: The eight hex digits of the key.
        status: The HTTP status; may be repeated, and any of them matches.
        outcome: How the call ended.
        unmatched: Whether it asked for an answer that no rule gave.
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


class JournalPage(Struct, frozen=True, kw_only=True):
    """A page of a session's calls, oldest first.

    Attributes:
        calls: The calls on this page.
        matching: How many calls match in total.
        seen: How many calls have come in total.
        dropped: How many calls are no longer kept.
        next_after: The `after` of the next page; null on the last one.

    """

    calls: tuple[CallRecord, ...]
    matching: int
    seen: int
    dropped: int
    next_after: int | None


class Cleared(Struct, frozen=True, kw_only=True):
    """How many calls were removed."""

    cleared: int
