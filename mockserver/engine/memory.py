"""What is remembered, so that what comes again is not worked out again. Steps do not know of it.

A step is wrapped: `memory.ready(…, make=…)` returns what it remembers, or what *make* makes. What
is remembered depends on content alone, so that it is the same as if it had been made anew. Here
are the keys, and the bounds.
"""

from collections.abc import Callable, Hashable
from functools import lru_cache
from typing import Final, TypeVar

from mockserver.caching import BoundedTable
from mockserver.cassettes.recording import RecordedAnswer
from mockserver.contracts import Dialect, Heard
from mockserver.engine.asked import Asked, Envelope, Kept, Made, Ready, Understood
from mockserver.models import Catalogue
from mockserver.sessions.rules import Given
from mockserver.tokens import Count

T = TypeVar("T")

REQUESTS_KEPT: Final = 1_024
MADE_KEPT: Final = 1_024
OPENINGS_KEPT: Final = 1_024
ENVELOPES_KEPT: Final = 512
HEARD_KEPT: Final = 1_024
MOST_ENVELOPE: Final = 32_768
"""Envelopes up to this size are remembered, in characters."""
CATALOGUES_KEPT: Final = 1_024
MOST_BODY_BYTES: Final = 32_768
"""Requests up to this size are remembered, understood and answered, by their content."""
MOST_ANSWER_BYTES: Final = 262_144
"""Answers up to this size are remembered: log-probabilities make them a hundred times longer."""
REPLIES_KEPT: Final = 16
"""For each request, so many of the answers that it got, and of the scenarios that had rules."""
OFTEN: Final = 2
"""What has come more often than this is likely to come again: its rules are remembered."""


class Memory:
    """What all sessions of a server remember together."""

    def __init__(self) -> None:
        self._understood: BoundedTable[Hashable, Understood] = BoundedTable(REQUESTS_KEPT)
        self._made: BoundedTable[Hashable, Made] = BoundedTable(MADE_KEPT)
        self._openings: BoundedTable[Hashable, Count] = BoundedTable(OPENINGS_KEPT)
        self._heard: BoundedTable[int, tuple[RecordedAnswer, Heard]] = BoundedTable(HEARD_KEPT)
        self._envelopes: BoundedTable[Hashable, Envelope] = BoundedTable(ENVELOPES_KEPT)
        self.catalogue = lru_cache(CATALOGUES_KEPT)(_catalogue)
        """Returns the known models as the provider of a dialect has them."""

    def understood(self, asked: Asked, make: Callable[[], Understood]) -> Understood:
        """Return what *asked* means."""
        content_type = asked.http.headers.get("content-type")
        endpoint, seed = asked.route.endpoint, asked.session.seed
        key = (endpoint, content_type, seed, asked.content, asked.catalogue)
        known = self._understood.get(key)
        if known is None:
            known = make()
            # What has come twice is likely to come again; what has not costs nothing to forget.
            if asked.occurrence > 1 and len(asked.http.body) <= MOST_BODY_BYTES:
                for one in (known, *known.fallbacks):
                    one.kept = Kept(REPLIES_KEPT)
                self._understood.put(key, known)
        return known

    def held(self, asked: Asked, understood: Understood) -> dict[object, tuple[int, ...]] | None:
        """Return where to remember the rules that may hold; None: it is not worth it yet."""
        kept = understood.kept
        if kept is None or asked.occurrence <= OFTEN:
            return None
        # Scenarios come and go, and the request may be the same in all of them.
        if len(kept.held) > REPLIES_KEPT:
            kept.held.popitem(last=False)
        return kept.held

    def ready(
        self,
        understood: Understood | None,
        given: Given,
        *,
        states_allowances: bool,
        make: Callable[[], Ready],
    ) -> Ready:
        """Return the answer *given* to what was *understood*.

        With *states_allowances*, the answer itself states what the request leaves of limits.
        """
        reply = given.reply
        kept = understood.kept if understood is not None else None
        if kept is None or reply is None or (given.failures and given.bending):
            return make()
        # By identity: to hash a long text takes time. The reply is kept alive here.
        key = (id(reply), given.may_cut, states_allowances)
        known = kept.ready.get(key)
        if known is not None and known[0] is reply:
            return known[1]
        ready = make()
        if not reply.varies and ready.size <= MOST_ANSWER_BYTES:
            kept.ready.put(key, (reply, ready.settled()))
        return ready

    def made(self, by: Hashable, make: Callable[[], Made]) -> Made:
        """Return what is made for all requests that are alike in *by*; None: for a single one."""
        return _remembered(self._made, by, make)

    def heard(self, answer: RecordedAnswer, make: Callable[[], Heard]) -> Heard:
        """Return what *answer*, which was recorded, says."""
        # By identity: to hash a long body takes time. The answer is kept alive here.
        known = self._heard.get(id(answer))
        if known is None or known[0] is not answer:
            known = (answer, make())
            self._heard.put(id(answer), known)
        return known[1]

    def opening(self, by: Hashable, make: Callable[[], Count]) -> Count:
        """Return what is billed before a text, by all that decides it."""
        return _remembered(self._openings, by, make)

    def envelope(self, by: Hashable, make: Callable[[], Envelope]) -> Envelope:
        """Return the envelope of all answers that are alike in *by*; None: of a single one."""
        known = None if by is None else self._envelopes.get(by)
        if known is None:
            known = make()
            if by is not None and known.size <= MOST_ENVELOPE:
                self._envelopes.put(by, known)
        return known


def _remembered(table: BoundedTable[Hashable, T], by: Hashable, make: Callable[[], T]) -> T:
    """Return what *table* has for *by*, or what *make* makes; None for *by*: what it makes."""
    known = None if by is None else table.get(by)
    if known is None:
        known = make()
        if by is not None:
            table.put(by, known)
    return known


def shares_choices(given: Given) -> bool:
    """Return whether all requests that are *given* this get the same choices."""
    reply = given.reply
    if reply is None or not reply.indifferent or given.scope is not None:
        return False
    return not (given.failures and given.bending)


def _catalogue(known: Catalogue, dialect: Dialect) -> Catalogue:
    return dialect.catalogue(known)
