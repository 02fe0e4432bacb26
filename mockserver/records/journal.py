"""What a session has seen: one entry for each HTTP request, bounded, without secrets.

Headers, queries, bodies and answers are redacted before they are kept (see `redaction`); the key of
a call is kept as a fingerprint. Watchers are called when something happens: nothing here waits.
"""

import json
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator, Mapping
from copy import copy
from dataclasses import dataclass, field
from typing import Any, Final, Literal, cast

from mockserver.caching import BoundedTable
from mockserver.conversation import EMPTY_TRANSCRIPT, ToolCall, Transcript, Usage, words_of
from mockserver.records.measured import Measured
from mockserver.records.redaction import (
    beginning,
    redact,
    redact_headers,
    redact_known,
    redact_query,
    redact_text,
)
from mockserver.wire.http_request import Connection, HttpRequest
from mockserver.wire.nodes import has_too_many_nodes
from mockserver.wire.timeline import Timeline

CAPACITY: Final = 1_000
"""Calls kept in a session; older ones are dropped and counted."""
CAPACITY_BYTES: Final = 32 * 1024 * 1024
"""Bytes of requests and answers kept in a session."""
MOST_BODY_BYTES: Final = 8 * 1024 * 1024
"""A larger body is not kept: it would leave no room for the others."""
CAPACITY_IN_ALL: Final = 100_000
BYTES_IN_ALL: Final = 256 * 1024 * 1024
"""The limits of all sessions of a server together."""
ENDS_KEPT: Final = 1_000
"""Calls that ended after they had been dropped: so many are known, for who follows the calls."""
LONGEST_WORDS: Final = 80
"""How many characters of what was asked are kept beside the body."""
LONGEST_READ_AGAIN: Final = 256 * 1024
"""A longer body is not read again for them: that would hold up others."""
BODIES_REMEMBERED: Final = 512
REMEMBERED_BYTES: Final = 32_768
"""Redacted bodies up to this size are cached, since many recur."""

ERRORS: Final = 400
"""Statuses from here on are errors."""

Outcome = Literal["open", "sent", "client_left", "aborted"]
Watcher = Callable[[], None]

NOTHING: Final[Mapping[str, str]] = {}


@dataclass(eq=False, init=False)
class Call:
    """One HTTP request and its outcome.

    Attributes:
        number: Its number in the session, counting from 1.
        serial: Its number among all calls of the server, counting from 1.
        changed: Which change among all of the server's its last one is: that it came, or ended.
        session: The name of the session.
        at_s: When it came, in seconds of session time.
        came_unix_s: When it came, as Unix time: that of the session.
        path: The path below the session, without the query.
        key: The first eight hex digits of the SHA-256 of the API key.
        attempt: Which attempt at the same request this is since one was answered whole, counting
            from 1.
        conversation: An id of the conversation, derived from what the user said first.
        rule: The name of the rule that answered; None: no rule did.
        failures: The kinds of the failures that struck, in order.
        no_effect: The kinds of failures that found nothing to act on.
        pre_empted: The kinds of failures that another failure left no answer to act on.
        near_misses: Why the nearest rules did not match, if no rule answered.
        usage: The bill, if there is one.
        notes: Other remarks for the tester.
        hint: What helps where the provider's own words mislead; one of the notes.
        forwarded: What became of what the upstream server answered: `passed on`, `recorded`, or
            why it was not kept; None: the call was answered here.
        outcome: Whether the answer was sent whole.
        is_unmatched: It asked for an answer that no rule gave, although there are rules.
        is_late: It came after the session had ended.
        is_unsupported: This version has no such endpoint, so that no rule can answer.
        limited_by: What the scenario's limits refused it for: `requests`, `tokens`, `too_large` or
            `concurrency`; None: they did not.
        unoffered: The scripted tool calls of tools that the request does not offer, in words.
        off_schema: The scripted JSON that is not valid for the request's schemas, in words.
        query: The query as sent, without the question mark.
        headers: The headers, by lower-case name.
        content: The body, redacted; empty if it was too large to keep.
        body_bytes: The size of the body.
        text: The text of the first choice, before failures changed it.
        finish_reason: Why the first choice ended.
        tool_calls: The tool calls in the answer.
        planned_ttft_ms: The planned time to first token, in session time; None: not planned.
        planned_ms: The planned time for the whole answer.
        asked_wait_s: How long the client was asked to wait before it retries.
        queued_s: How long it waited for its turn, in session time.
        waited_s: How long the client waited after its failed attempt before, in session time.
        attribution: What the request states about the application, at providers that ask for it,
            by header.
        client_left_after_tokens: How many tokens had been sent when the client left.
        error_code: The `code` of the error, if one was sent.
        answer_id: The id of the answer.
        continues: The id of the answer that it continues, if it continues one by id.
        is_cut: A failure took away the end of the answer.
        ended_s: When the answer ended, in session time.
        measured: When the answer really went out; None: nothing did, or nobody measured it.
        sent: The answer as it was to go out, after failures and without secrets; None: it has not
            ended, or is not kept.
        seen_at_end: How many calls had come by then: later ones came knowing how this one ended.
        asked_words: The `words`, once they are known; empty: there are none.
        transcribe: Reads the transcript from the body, as its endpoint does.
        connection: The connection that it came on; None: not known.
        nth: Which request on that connection it is, counting from 1.
        kept_bytes: How many bytes of it count towards what its journal may keep.
        is_dropped: Its journal keeps it no longer.

    """

    number: int
    at_s: float
    method: str
    path: str
    provider: str
    session: str = ""
    serial: int = 0
    changed: int = 0
    came_unix_s: float = 0
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
    hint: str | None = None
    forwarded: str | None = None
    outcome: Outcome = "open"
    is_unmatched: bool = False
    is_late: bool = False
    is_unsupported: bool = False
    limited_by: str | None = None
    unoffered: tuple[str, ...] = ()
    off_schema: tuple[str, ...] = ()
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
    answer_id: str | None = None
    continues: str | None = None
    is_cut: bool = False
    ended_s: float | None = None
    seen_at_end: int | None = None
    measured: Measured | None = field(default=None, repr=False)
    sent: Timeline | None = field(default=None, repr=False)
    asked_words: str | None = field(default=None, repr=False)
    transcribe: Callable[[Mapping[str, Any]], Transcript] | None = field(default=None, repr=False)
    watchers: "set[Watcher] | None" = field(default=None, repr=False)
    connection: Connection | None = field(default=None, repr=False)
    nth: int = field(default=0, repr=False)
    kept_bytes: int = field(default=0, repr=False)
    is_dropped: bool = field(default=False, repr=False)

    # A call has many members and is made for each request: unset ones stay class attributes.
    def __init__(  # noqa: PLR0917 - as above
        self,
        number: int,
        at_s: float,
        method: str,
        path: str,
        provider: str,
        session: str = "",
    ) -> None:
        self.number = number
        self.session = session
        self.at_s = at_s
        self.method = method
        self.path = path
        self.provider = provider
        self.headers = NOTHING
        self.attribution = NOTHING

    @property
    def body(self) -> Any:
        """The request's JSON; None if it is not JSON, or was too large to keep or to read."""
        try:
            return None if has_too_many_nodes(self.content) else json.loads(self.content)
        except (ValueError, RecursionError):
            return None

    @property
    def transcript(self) -> Transcript:
        """The conversation in the request, valid or not, in no protocol's terms."""
        body = self.body
        if self.transcribe is None or not isinstance(body, dict):
            return EMPTY_TRANSCRIPT
        return self.transcribe(cast(dict[str, Any], body))

    @property
    def can_be_read_again(self) -> bool:
        """Whether the body is kept, and not too long to be read for its beginning."""
        return 0 < len(self.content) <= LONGEST_READ_AGAIN

    @property
    def words(self) -> str | None:
        """The beginning of what was asked, without secrets; None: nothing was, or it is not known.

        Where they have not been noted, they are read from the body, if that is not too long. There
        are none where patterns name what else is secret: they apply to recordings as a whole.
        """
        words = self.asked_words
        if words is None:
            found = self.transcript if self.can_be_read_again else EMPTY_TRANSCRIPT
            words = words_of(found.turns, found.prompts, found.inputs)
            words = self.asked_words = beginning(words, LONGEST_WORDS)
        return words or None

    @words.setter
    def words(self, words: str | None) -> None:
        self.asked_words = words

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
        body = self.body
        return cast(dict[str, Any], body).get("prompt") if isinstance(body, dict) else None

    def _listed(self, name: str) -> list[dict[str, Any]]:
        body = self.body
        found = cast(dict[str, Any], body).get(name) if isinstance(body, dict) else None
        return cast(list[dict[str, Any]], found) if isinstance(found, list) else []

    @property
    def is_whole(self) -> bool:
        """Whether the answer is undisturbed: no error and no failure."""
        return self.status is not None and self.status < ERRORS and not self.failures

    @property
    def is_finished(self) -> bool:
        """Whether the answer has ended."""
        return self.outcome != "open"

    def announce(self) -> None:
        """Notify the watchers: the call has come, and its answer is known."""
        # A watcher may remove itself while it is called.
        for watcher in tuple(self.watchers or ()):
            watcher()

    def finish(self, outcome: Outcome) -> None:
        """Enter the outcome, and notify the watchers."""
        self.outcome = outcome
        if self.watchers:
            self.announce()


class Journal:
    """The calls of one session, newest last."""

    def __init__(
        self, archive: "Archive | None" = None, session: str = "", capacity: int = CAPACITY
    ) -> None:
        """Take the *archive* of the server, which bounds all its journals together.

        Args:
            archive: The archive; None: this is the only journal.
            session: The name of the session whose calls these are.
            capacity: How many calls are kept.

        """
        self._session = session
        self._capacity = capacity
        self._calls: deque[Call] = deque()
        self._seen = 0
        self._bytes = 0
        self._archive = archive
        self.watchers: set[Watcher] = set()
        """Called when a call's answer is known and when it has ended; they must not block."""

    def open(self, at_s: float, method: str, path: str, provider: str) -> Call:
        """Enter a call that has just come in."""
        self._seen += 1
        call = Call(self._seen, at_s, method, redact_text(path), provider, self._session)
        call.watchers = self.watchers
        self._calls.append(call)
        if self._archive is not None:
            self._archive.add(self, call)
        if len(self._calls) > self._capacity:
            self.drop_oldest()
        return call

    def keep(
        self,
        call: Call,
        http: HttpRequest,
        digest: bytes,
        redacted: bytes | None = None,
        *,
        has_come_before: bool = False,
    ) -> tuple[bytes, ...]:
        """Enter the request of *call*; return its secrets. *digest* identifies its path and body.

        Everything is redacted before it is kept; *redacted* is what is left of the body, where
        that is known. A body that *has come before* is likely to come again: what is left of it
        is remembered.
        """
        call.headers, secrets = redact_headers(http.headers.items())
        if http.query:
            call.query, more = redact_query(http.query)
            secrets += more
        size = call.body_bytes = len(http.body)
        if size > MOST_BODY_BYTES:
            call.notes += (f"the body of {size} bytes is too large to keep",)
            return secrets
        if redacted is not None:
            content = redacted
        elif self._archive is None or not has_come_before:
            content = redact(http.body)
        else:
            content = self._archive.redacted(http.body, digest)
        call.content = redact_known(content, secrets)
        self._grow(call, size)
        return secrets

    def tell(
        self,
        call: Call,
        text: str | None,
        finish_reason: str | None,
        tool_calls: tuple[ToolCall, ...] = (),
    ) -> None:
        """Enter the answer to *call*, already redacted."""
        call.text = text
        call.finish_reason = finish_reason
        call.tool_calls = tool_calls
        if text:
            self._grow(call, len(text))

    def keep_sent(self, call: Call, sent: Timeline | None, size: int = 0) -> None:
        """Keep what went out for *call*, which has ended, as long as the call itself is kept.

        *size* is how many bytes *sent* has; it holds no secret any more.
        """
        if call.is_dropped:
            return
        call.sent = sent
        if call.measured is not None:
            size += call.measured.size
        if size:
            self._grow(call, size)

    def _grow(self, call: Call, size: int) -> None:
        if call.is_dropped:
            return
        call.kept_bytes += size
        self._bytes += size
        archive = self._archive
        if archive is not None:
            archive.size += size
            if archive.size > archive.most_bytes:
                archive.shrink()
        while self._bytes > CAPACITY_BYTES and len(self._calls) > 1:
            self.drop_oldest()

    def drop_oldest(self) -> None:
        """Forget the oldest call."""
        archive, call = self._archive, self._forget()
        if archive is not None and not call.is_finished:
            archive.await_end(call)

    def _forget(self) -> Call:
        call = self._calls.popleft()
        call.is_dropped = True
        self._bytes -= call.kept_bytes
        if self._archive is not None:
            self._archive.remove(call)
        return call

    def clear(self) -> int:
        """Forget all calls, and return how many there were; numbers are not reused."""
        count = len(self._calls)
        while self._calls:
            self._forget()
        if self._archive is not None and count:
            self._archive.clear()
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
        """How many calls have come in total."""
        return self._seen

    @property
    def dropped(self) -> int:
        """How many calls are no longer kept."""
        return self._seen - len(self._calls)


class Archive:
    """The bounds of all journals of a server together; the oldest calls are dropped first.

    It numbers what changes: that a call has come, that it has ended, that calls were cleared. So
    whoever has read up to a number can read on from there.
    """

    def __init__(
        self, calls: int = CAPACITY_IN_ALL, size: int = BYTES_IN_ALL, changes: int = 0
    ) -> None:
        """Take how many *calls* may be kept, and how many bytes; number *changes* from there."""
        self._most_calls = calls
        self.most_bytes = size
        self._kept: OrderedDict[int, tuple[Call, Journal]] = OrderedDict()
        self._seen = 0
        self._by_change: OrderedDict[int, Call] = OrderedDict()
        """Those that are kept, and those that ended later, by serial number: the last change last.
        """
        self._awaited: set[int] = set()
        """Dropped before they have ended."""
        self._ended_late: deque[int] = deque()
        self._first = self._cleared = self._lost = changes
        self.changes = changes
        """The number of the last change."""
        self.running = 0
        """How many calls have not ended."""
        self.watchers: set[Watcher] = set()
        """Called when something changes, in any session; they must not block."""
        self.size = 0
        """How many bytes of requests and answers are kept."""
        self._bodies: BoundedTable[bytes, bytes] = BoundedTable(BODIES_REMEMBERED)

    def redacted(self, body: bytes, digest: bytes) -> bytes:
        """Return *body* without secrets; a body with the same *digest* is searched once."""
        if len(body) > REMEMBERED_BYTES:
            return redact(body)
        known = self._bodies.get(digest)
        if known is None:
            known = redact(body)
            self._bodies.put(digest, known)
        return known

    def add(self, journal: Journal, call: Call) -> None:
        """Count *call*, which *journal* keeps from now on."""
        self._seen += 1
        serial = call.serial = self._seen
        self._kept[serial] = call, journal
        self._by_change[serial] = call
        self.running += 1
        self._change(call)
        if len(self._kept) > self._most_calls:
            self._drop_oldest()

    def shrink(self) -> None:
        """Drop the oldest calls until no more bytes are kept than may be."""
        while self.size > self.most_bytes and len(self._kept) > 1:
            self._drop_oldest()

    def remove(self, call: Call) -> None:
        """Stop counting *call*: its journal has dropped it."""
        serial = call.serial
        del self._kept[serial]
        del self._by_change[serial]
        self.size -= call.kept_bytes
        if call.is_finished and call.changed > self._lost:
            self._lost = call.changed

    def await_end(self, call: Call) -> None:
        """Keep the end of *call*, which was removed, once it comes."""
        self._awaited.add(call.serial)

    def clear(self) -> None:
        """Note that a journal was cleared, and its calls removed."""
        self.changes += 1
        self._cleared = self.changes
        self._alarm()

    def _drop_oldest(self) -> None:
        # The oldest call overall is also the oldest in its journal.
        _, journal = next(iter(self._kept.values()))
        journal.drop_oldest()

    def hear(self, call: Call) -> None:
        """Note that *call* has ended."""
        self.running -= 1
        serial = call.serial
        if serial in self._by_change:
            self._by_change.move_to_end(serial)
            self._change(call)
        elif serial in self._awaited:
            self._awaited.discard(serial)
            self._keep_end(call)

    def _keep_end(self, call: Call) -> None:
        """Keep the end of *call*, without what takes room: it is in no journal any more."""
        ended = copy(call)
        ended.content, ended.text, ended.tool_calls = b"", None, ()
        self._by_change[ended.serial] = ended
        self._change(ended)
        self._ended_late.append(ended.serial)
        if len(self._ended_late) > ENDS_KEPT:
            oldest = self._by_change.pop(self._ended_late.popleft())
            self._lost = max(self._lost, oldest.changed)

    def _change(self, call: Call) -> None:
        self.changes += 1
        call.changed = self.changes
        if self.watchers:
            self._alarm()

    def _alarm(self) -> None:
        # A watcher may remove itself while it is called.
        for watcher in tuple(self.watchers):
            watcher()

    @property
    def seen(self) -> int:
        """How many calls have come in total."""
        return self._seen

    def find(self, serial: int) -> Call | None:
        """Return the call with that *serial* number; None: it is not kept."""
        found = self._kept.get(serial)
        return None if found is None else found[0]

    def changed_since(self, change: int) -> list[Call]:
        """Return the calls that have come or ended since *change*, the last change last.

        A call is in it once, as it is now, whatever has happened to it. Calls that have been
        dropped since are missing; see `has_lost`. A *change* that has never been is another
        server's: since then, all that there is has changed.
        """
        if not self._first <= change <= self.changes:
            change = self._first
        found: list[Call] = []
        for call in reversed(self._by_change.values()):
            if call.changed <= change:
                break
            found.append(call)
        found.reverse()
        return found

    def has_lost(self, change: int) -> bool:
        """Return whether a call has ended and was dropped, both since *change*."""
        if not self._first <= change <= self.changes:
            change = self._first
        return change < self._lost

    def is_outdated(self, change: int) -> bool:
        """Return whether a list that was read up to *change* may hold calls that are no more.

        They were cleared, are another server's, or ended unseen and were dropped.
        """
        return change > self.changes or change < max(self._first, self._cleared, self._lost)

    def newest_first(self) -> Iterator[Call]:
        """Yield all calls that are kept, the newest first."""
        for call, _ in reversed(self._kept.values()):
            yield call

    def __len__(self) -> int:
        return len(self._kept)
