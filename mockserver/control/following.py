"""Following the calls of a server: which to ask for next, and which have ended since."""

import math
from collections.abc import Sequence
from typing import Final

from msgspec.structs import replace

from mockserver.control.shapes import CallRecord, Calls, CallsQuery

WAIT_S: Final = 20.0
"""How long the server waits for calls before it is asked again."""


class Follower:
    """Reads each call once, when it has ended, in the order in which calls end.

    A server that has started anew is read from its first call on.
    """

    def __init__(self, query: CallsQuery, newest: int = 0, timeout_s: float | None = None) -> None:
        """Begin with the *newest* of the calls that match *query*, if that many are kept.

        *timeout_s* is how long to wait for the next call; None: for ever.
        """
        self._query = replace(query, running=False)
        self._newest = newest
        self._after: int | None = None
        self._timeout_s = self._left_s = math.inf if timeout_s is None else timeout_s
        self.has_time = True
        """Whether to ask again: the next call may still be waited for."""

    def query(self) -> CallsQuery:
        """Return what to ask next."""
        if self._after is None:
            return replace(self._query, limit=max(self._newest, 1))
        wait_s = min(WAIT_S, self._left_s)
        return replace(self._query, after=self._after, limit=1_000, wait_s=wait_s)

    def take(self, answer: Calls) -> Sequence[CallRecord]:
        """Return the calls that have ended according to *answer*."""
        is_first = self._after is None
        if answer.calls or is_first:
            self._left_s = self._timeout_s
        elif not answer.is_gap:  # the server has waited in vain
            self.has_time = self._left_s > WAIT_S
            self._left_s -= WAIT_S
        self._after = answer.next
        calls = () if is_first and not self._newest else answer.calls
        return sorted(calls, key=_ended_unix_s)


def _ended_unix_s(call: CallRecord) -> float:
    return call.came_unix_s + (0.0 if call.ended_s is None else call.ended_s - call.at_s)
