"""What a session has seen: one entry for each HTTP request, bounded, without secrets.

Keys are kept as short fingerprints; bodies are not kept, and of headers only those by which an
application names itself.
"""

import hashlib
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final, Literal

from mockserver.conversation import Usage

CAPACITY: Final = 1_000
"""Calls kept in a session; older ones are dropped and counted."""

Outcome = Literal["open", "sent", "client_left", "aborted"]


@dataclass(slots=True, eq=False)
class Call:
    """One HTTP request and what became of it.

    Attributes:
        number: Counted in the session, from 1.
        at_s: When it came, in seconds of session time.
        key: Eight hex digits of the SHA-256 of the API key, to tell keys apart.
        rule: The name of the rule that answered; None: no rule did.
        failures: The kinds of the failures that struck, in order.
        no_effect: The kinds of those that found nothing to act on.
        pre_empted: The kinds of those that another one left no answer to act on.
        usage: The bill, where there is one.
        planned_ttft_ms: When the first token was to come, in session time; None: nobody planned.
        planned_ms: How long the whole answer was to take.
        asked_wait_s: How long the client was asked to wait before it tries again.
        waited_s: How long it did, in session time, since its last attempt at this failed.
        attempt: The how-manieth this is of the same request since one was answered whole.
        is_late: It came when the session had ended.
        near_misses: Where no rule answered, what kept the nearest from it.
        attribution: What the request says of the application that sent it, at providers that ask
            for it, by header.
        notes: What else a tester should know.
        outcome: Whether the answer went out whole.

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
    rule: str | None = None
    status: int | None = None
    failures: tuple[str, ...] = ()
    no_effect: tuple[str, ...] = ()
    pre_empted: tuple[str, ...] = ()
    usage: Usage | None = None
    planned_ttft_ms: float | None = None
    planned_ms: float | None = None
    asked_wait_s: float | None = None
    waited_s: float | None = None
    attempt: int = 1
    is_late: bool = False
    near_misses: tuple[str, ...] = ()
    attribution: Mapping[str, str] = field(default_factory=dict[str, str])
    notes: tuple[str, ...] = ()
    outcome: Outcome = "open"


class Journal:
    """The calls of one session, newest last."""

    def __init__(self) -> None:
        self._calls: deque[Call] = deque(maxlen=CAPACITY)
        self._seen = 0

    def open(self, at_s: float, method: str, path: str, provider: str) -> Call:
        """Enter a call that has just come in."""
        self._seen += 1
        call = Call(self._seen, at_s, method, path, provider)
        self._calls.append(call)
        return call

    def __iter__(self) -> Iterator[Call]:
        return iter(self._calls)

    def __len__(self) -> int:
        return len(self._calls)

    @property
    def dropped(self) -> int:
        """How many calls are no longer kept."""
        return self._seen - len(self._calls)


@lru_cache(maxsize=1_024)
def fingerprint(key: str) -> str:
    """Return the eight hex digits by which the journal knows *key*."""
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:8]
