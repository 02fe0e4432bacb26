"""The calls of a session, as its journal keeps them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from mockserver.control.jsonform import Json
from mockserver.control.shapes.members import Count, Outcome, PageSize


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
