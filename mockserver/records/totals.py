"""Totals of all calls of a server: the one place that is notified when a call has ended.

A session keeps its last calls; here none is kept, but all are counted. Anything else that needs
each call once (metrics, a log, a live page) listens here.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from typing import TypeAlias

from mockserver.records.journal import Call

Listener: TypeAlias = Callable[[Call], None]
"""Takes the call that has ended; it must not wait, or raise."""


class Totals:
    """Counts of all calls that have ended, since the server started.

    Attributes:
        failures: How often each kind of failure struck.
        unmatched: How many asked for an answer that no rule gave, although there are rules.
        prompt_tokens: Tokens billed for input.
        completion_tokens: Tokens billed for output.
        listeners: Functions that are called for each call, too.

    """

    def __init__(self) -> None:
        # Nearly all calls end alike: one count for both is one look-up for each call.
        self._ends: dict[tuple[int | None, str], int] = {}
        self.failures: Counter[str] = Counter()
        self.unmatched = 0
        self.prompt_tokens = 0
        self.completion_tokens = 0
        self.listeners: list[Listener] = []

    @property
    def calls(self) -> int:
        """How many calls have ended."""
        return sum(self._ends.values())

    @property
    def statuses(self) -> Mapping[int | None, int]:
        """How often each status was sent; None: no status was."""
        counts: Counter[int | None] = Counter()
        for (status, _), count in self._ends.items():
            counts[status] += count
        return counts

    @property
    def outcomes(self) -> Mapping[str, int]:
        """How often answers ended in each way."""
        counts: Counter[str] = Counter()
        for (_, outcome), count in self._ends.items():
            counts[outcome] += count
        return counts

    def hear(self, call: Call) -> None:
        """Count *call*, which has just ended."""
        ends, end = self._ends, (call.status, call.outcome)
        ends[end] = ends.get(end, 0) + 1
        if call.failures:
            self.failures.update(call.failures)
        if call.is_unmatched:
            self.unmatched += 1
        usage = call.usage
        if usage is not None:
            self.prompt_tokens += usage.prompt_tokens
            self.completion_tokens += usage.completion_tokens
        for listener in self.listeners:
            listener(call)
