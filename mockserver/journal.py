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
        usage: The bill, where there is one.
        attribution: What the request says of the application that sent it, at providers that ask
            for it, by header.
        notes: What a tester should know, such as near misses.
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
    usage: Usage | None = None
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
