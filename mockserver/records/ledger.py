"""What a session has answered, by id, and its cost: for providers that report it later.

Only billing data is kept, not requests and answers. It is bounded, and the oldest entries are
dropped first; the sums include all of them.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from mockserver.caching import BoundedTable
from mockserver.conversation import Usage

MOST_KEPT: Final = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One answer as in its provider's books.

    *model* is the model that answered, as the answer names it; *asked* is the one requested.
    *attribution* is what the request stated about the application.
    """

    id: str
    provider: str
    endpoint: str
    model: str
    asked: str
    created: int
    streamed: bool
    finish_reason: str | None
    usage: Usage | None
    cost_usd: float
    attribution: Mapping[str, str] = field(default_factory=dict[str, str])
    user_agent: str | None = None


class Ledger:
    """The answers that a session has given."""

    def __init__(self) -> None:
        self._kept: BoundedTable[str, Entry] = BoundedTable(MOST_KEPT)
        self._spent: Counter[tuple[str, str]] = Counter()

    def add(self, entry: Entry, key: str) -> None:
        """Enter an answer that is given now; *key* is the journal's fingerprint of the API key."""
        self._kept.put(entry.id, entry)
        nanos = round(entry.cost_usd * NANOS)
        self._spent[entry.provider, key] += nanos

    def get(self, identity: str) -> Entry | None:
        """Return the answer with the id *identity*, if it is kept."""
        return self._kept.get(identity)

    def spent_usd(self, provider: str, key: str | None = None) -> float:
        """Return what all answers of *provider* have cost: those to *key*, or all."""
        spent = sum(
            nanos
            for (whose, by), nanos in self._spent.items()
            if whose == provider and key in (None, by)
        )
        return spent / NANOS

    def __iter__(self) -> Iterator[Entry]:
        """Yield the entries kept, oldest first."""
        return iter(self._kept.values())


NANOS: Final = 1_000_000_000
"""Sums are kept in whole billionths, so that they do not depend on the order of calls."""
