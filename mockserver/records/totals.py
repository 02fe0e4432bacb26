"""What all calls of a server come to: the one place that hears of a call when it has ended.

A session keeps the last of its calls; here none is kept, and none is forgotten. Whoever else wants
to hear of each call once (figures, a log, a page that follows along) listens here.
"""

from collections import Counter
from collections.abc import Callable
from typing import TypeAlias

from mockserver.records.journal import Call

Listener: TypeAlias = Callable[[str, Call], None]
"""Takes the name of the session and the call that has ended; it must not wait, or raise."""


class Totals:
    """Counts of all calls that have ended, since the server started.

    Attributes:
        statuses: How often each status went out; None: nothing did.
        outcomes: How it went to send the answers.
        failures: How often each kind of failure struck.
        unmatched: How many asked for an answer that no rule gave, though there are rules.
        prompt_tokens: What was billed for input.
        completion_tokens: What was billed for output.
        listeners: Those who hear of each call, too.

    """

    def __init__(self) -> None:
        self.statuses: Counter[int | None] = Counter()
        self.outcomes: Counter[str] = Counter()
        self.failures: Counter[str] = Counter()
        self.unmatched = 0
        self.prompt_tokens = 0
        self.completion_tokens = 0
        self.listeners: list[Listener] = []

    @property
    def calls(self) -> int:
        """How many calls have ended."""
        return sum(self.outcomes.values())

    def hear(self, session: str, call: Call) -> None:
        """Count *call* of *session*, which has ended now."""
        self.statuses[call.status] += 1
        self.outcomes[call.outcome] += 1
        if call.failures:
            self.failures.update(call.failures)
        self.unmatched += call.is_unmatched
        usage = call.usage
        if usage is not None:
            self.prompt_tokens += usage.prompt_tokens
            self.completion_tokens += usage.completion_tokens
        for listener in self.listeners:
            listener(session, call)
