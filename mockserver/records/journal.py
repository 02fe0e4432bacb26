"""What a session has seen: one entry for each HTTP request, bounded, without secrets.

Headers, queries, bodies and answers are redacted before they are kept (see `redaction`); the key of
a call is kept as a fingerprint. Who wants to know when something happens watches a journal: nothing
here waits.
"""

import json
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, cast

from mockserver.conversation import EMPTY_TRANSCRIPT, ToolCall, Transcript, Usage
from mockserver.records.redaction import (
    redact,
    redact_headers,
    redact_known,
    redact_query,
    redact_text,
)
from mockserver.wire.http_request import HttpRequest

CAPACITY: Final = 1_000
"""Calls kept in a session; older ones are dropped and counted."""
CAPACITY_BYTES: Final = 32 * 1024 * 1024
"""Bytes of requests and answers kept in a session."""
MOST_BODY_BYTES: Final = 8 * 1024 * 1024
"""A body that is larger is not kept: it would leave no room for the others."""
CAPACITY_IN_ALL: Final = 100_000
BYTES_IN_ALL: Final = 256 * 1024 * 1024
"""What all sessions of a server keep together."""
BODIES_REMEMBERED: Final = 512
REMEMBERED_BYTES: Final = 32_768
"""Bodies up to this size are remembered as they are kept, since many come again."""

ERRORS: Final = 400
"""Statuses from here on are none of an answer."""

Outcome = Literal["open", "sent", "client_left", "aborted"]
Watcher = Callable[[], None]

NOTHING: Final[Mapping[str, str]] = {}


@dataclass(eq=False, init=False)
class Call:
    """One HTTP request and what became of it.

    Attributes:
        number: Counted in the session, from 1.
        at_s: When it came, in seconds of session time.
        path: Below the session, without the query.
        key: Eight hex digits of the SHA-256 of the API key, to tell keys apart.
        attempt: The how-manieth this is of the same request since one was answered whole.
        conversation: Tells conversations apart, by what the user said first.
        rule: The name of the rule that answered; None: no rule did.
        failures: The kinds of the failures that struck, in order.
        no_effect: The kinds of those that found nothing to act on.
        pre_empted: The kinds of those that another one left no answer to act on.
        near_misses: What kept the nearest rules from answering, where none did.
        usage: The bill, where there is one.
        notes: What else a tester should know.
        outcome: Whether the answer went out whole.
        is_unmatched: It asked for an answer that no rule gave, though there are rules.
        is_late: It came when the session had ended.
        query: As sent, without the question mark.
        headers: By lower-case name.
        content: The body, as sent; empty if it was too large to be kept.
        body_bytes: How long the body was.
        text: What was answered, before failures bent it; of several choices the first.
        finish_reason: Why that ended.
        tool_calls: The calls that it made.
        planned_ttft_ms: When the first token was to come, in session time; None: nobody planned.
        planned_ms: How long the whole answer was to take.
        asked_wait_s: How long the client was asked to wait before it tries again.
        queued_s: How long it waited for its turn, in session time.
        waited_s: How long the client waited since its last attempt at this failed, likewise.
        attribution: What the request says of the application that sent it, at providers that ask
            for it, by header.
        client_left_after_tokens: How many tokens had gone out when the client left.
        error_code: The `code` of the refusal, where one was sent.
        ended_s: When nothing more was to go out, in session time.
        seen_at_end: How many calls had come by then: a later one knew how this one went.
        transcribe: Reads again what the body tells of a conversation, as its endpoint does.

    """

    number: int
    at_s: float
    method: str
    path: str
    provider: str
    endpoint: str | None = None
    key: str | None = None
    model: str | None = None
    stream: bool = False
    attempt: int = 1
    conversation: str | None = None
    rule: str | None = None
    status: int | None = None
    failures: tuple[str, ...] = ()
    no_effect: tuple[str, ...] = ()
    pre_empted: tuple[str, ...] = ()
    near_misses: tuple[str, ...] = ()
    usage: Usage | None = None
    notes: tuple[str, ...] = ()
    outcome: Outcome = "open"
    is_unmatched: bool = False
    is_late: bool = False
    query: str = ""
    headers: Mapping[str, str] = field(init=False)
    content: bytes = b""
    body_bytes: int = 0
    text: str | None = None
    finish_reason: str | None = None
    tool_calls: tuple[ToolCall, ...] = ()
    planned_ttft_ms: float | None = None
    planned_ms: float | None = None
    asked_wait_s: float | None = None
    queued_s: float = 0
    waited_s: float | None = None
    attribution: Mapping[str, str] = field(init=False)
    client_left_after_tokens: int | None = None
    error_code: str | None = None
    ended_s: float | None = None
    seen_at_end: int | None = None
    transcribe: Callable[[Mapping[str, Any]], Transcript] | None = field(default=None, repr=False)
    watchers: "set[Watcher] | None" = field(default=None, repr=False)

    # A call has many members and is made for each request: those that nobody sets are the class's.
    def __init__(self, number: int, at_s: float, method: str, path: str, provider: str) -> None:
        self.number = number
        self.at_s = at_s
        self.method = method
        self.path = path
        self.provider = provider
        self.headers = NOTHING
        self.attribution = NOTHING

    @property
    def body(self) -> Any:
        """The request's JSON; None if it is none, or was too large to be kept."""
        try:
            return json.loads(self.content)
        except (ValueError, RecursionError):
            return None

    @property
    def transcript(self) -> Transcript:
        """What the request tells of a conversation, valid or not, in no protocol's words."""
        body = self.body
        if self.transcribe is None or not isinstance(body, dict):
            return EMPTY_TRANSCRIPT
        return self.transcribe(cast(dict[str, Any], body))

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
        body = self.body
        return cast(dict[str, Any], body).get("prompt") if isinstance(body, dict) else None

    def _listed(self, name: str) -> list[dict[str, Any]]:
        body = self.body
        found = cast(dict[str, Any], body).get(name) if isinstance(body, dict) else None
        return cast(list[dict[str, Any]], found) if isinstance(found, list) else []

    @property
    def is_whole(self) -> bool:
        """Whether what goes out is an answer that nothing went wrong with."""
        return self.status is not None and self.status < ERRORS and not self.failures

    @property
    def is_finished(self) -> bool:
        """Whether nothing more will go out."""
        return self.outcome != "open"

    def announce(self) -> None:
        """Tell whoever watches the journal: the call has come, and what it gets is known."""
        # They may stop to watch while they are told.
        for watcher in tuple(self.watchers or ()):
            watcher()

    def finish(self, outcome: Outcome) -> None:
        """Enter how it went; whoever watches the journal hears of it."""
        self.outcome = outcome
        if self.watchers:
            self.announce()


class Journal:
    """The calls of one session, newest last."""

    def __init__(self, archive: "Archive | None" = None) -> None:
        """Take the *archive* of the server, if what is kept is bounded beyond this journal."""
        self._calls: deque[Call] = deque()
        self._seen = 0
        self._bytes = 0
        self._archive = archive
        self.watchers: set[Watcher] = set()
        """Called when it is known what a call gets, and when it has ended; they must not wait."""

    def open(self, at_s: float, method: str, path: str, provider: str) -> Call:
        """Enter a call that has just come in."""
        self._seen += 1
        call = Call(self._seen, at_s, method, redact_text(path), provider)
        call.watchers = self.watchers
        self._calls.append(call)
        if self._archive is not None:
            self._archive.add(self, call)
        if len(self._calls) > CAPACITY:
            self.drop_oldest()
        return call

    def keep(self, call: Call, http: HttpRequest, digest: bytes) -> tuple[bytes, ...]:
        """Enter what came with *call*; return its secrets. *digest* stands for its path and body.

        Nothing of it is kept before it is redacted.
        """
        call.headers, secrets = redact_headers(http.headers.items())
        if http.query:
            call.query, more = redact_query(http.query)
            secrets += more
        size = call.body_bytes = len(http.body)
        if size > MOST_BODY_BYTES:
            call.notes += (f"its body of {size} bytes is too large to be kept",)
            return secrets
        if self._archive is None:
            content = redact(http.body)
        else:
            content = self._archive.redacted(http.body, digest)
        call.content = redact_known(content, secrets)
        self._grow(size)
        return secrets

    def tell(
        self,
        call: Call,
        text: str | None,
        finish_reason: str | None,
        tool_calls: tuple[ToolCall, ...] = (),
    ) -> None:
        """Enter what *call* is answered; it has been redacted."""
        call.text = text
        call.finish_reason = finish_reason
        call.tool_calls = tool_calls
        if text and call.number > self.dropped:
            self._grow(len(text))

    def _grow(self, size: int) -> None:
        self._bytes += size
        if self._archive is not None:
            self._archive.grow(size)
        while self._bytes > CAPACITY_BYTES and len(self._calls) > 1:
            self.drop_oldest()

    def drop_oldest(self) -> None:
        """Forget the call that came first of those that are kept."""
        call = self._calls.popleft()
        size = _size(call)
        self._bytes -= size
        if self._archive is not None:
            self._archive.remove(call, size)

    def clear(self) -> int:
        """Forget all calls that are kept, and return how many; their numbers do not come again."""
        count = len(self._calls)
        while self._calls:
            self.drop_oldest()
        return count

    def restart(self) -> None:
        """Forget all calls, and count from 1 again."""
        self.clear()
        self._seen = 0

    def __iter__(self) -> Iterator[Call]:
        # A copy: tests read in their own thread, while calls come in.
        return iter(self._calls.copy())

    def __len__(self) -> int:
        return len(self._calls)

    @property
    def size(self) -> int:
        """How many bytes of requests and answers are kept."""
        return self._bytes

    @property
    def seen(self) -> int:
        """How many calls have come in all."""
        return self._seen

    @property
    def dropped(self) -> int:
        """How many calls are no longer kept."""
        return self._seen - len(self._calls)


def _size(call: Call) -> int:
    body = call.body_bytes if call.body_bytes <= MOST_BODY_BYTES else 0
    return body + len(call.text or "")


class Archive:
    """What all journals of a server keep together; the oldest calls go first."""

    def __init__(self, calls: int = CAPACITY_IN_ALL, size: int = BYTES_IN_ALL) -> None:
        """Take how many *calls* may be kept, and how many bytes."""
        self._most_calls = calls
        self._most_bytes = size
        self._kept: OrderedDict[Call, Journal] = OrderedDict()
        self._bytes = 0
        self._bodies: OrderedDict[bytes, bytes] = OrderedDict()

    def redacted(self, body: bytes, digest: bytes) -> bytes:
        """Return *body* without secrets; the same body, by its *digest*, is looked through once."""
        if len(body) > REMEMBERED_BYTES:
            return redact(body)
        known = self._bodies.get(digest)
        if known is None:
            known = self._bodies[digest] = redact(body)
            if len(self._bodies) > BODIES_REMEMBERED:
                self._bodies.popitem(last=False)
        return known

    def add(self, journal: Journal, call: Call) -> None:
        """Count *call*, which *journal* keeps from now on."""
        self._kept[call] = journal
        if len(self._kept) > self._most_calls:
            self._drop_oldest()

    def grow(self, size: int) -> None:
        """Count *size* bytes more."""
        self._bytes += size
        while self._bytes > self._most_bytes and len(self._kept) > 1:
            self._drop_oldest()

    def remove(self, call: Call, size: int) -> None:
        """Count *call* and its *size* no more: its journal has dropped it."""
        del self._kept[call]
        self._bytes -= size

    def _drop_oldest(self) -> None:
        # The oldest call of all is the oldest of its journal too.
        next(iter(self._kept.values())).drop_oldest()

    def __len__(self) -> int:
        return len(self._kept)

    @property
    def size(self) -> int:
        """How many bytes of requests and answers are kept."""
        return self._bytes
