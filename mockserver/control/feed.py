"""The calls of all sessions as they come: the newest, or what has changed since they were read.

What changes is read at once, where it changes. The rest may take long, and may run in a thread.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from copy import copy
from dataclasses import dataclass
from itertools import islice
from typing import Final, TypeAlias

from mockserver.control.filtering import filtered, has_filters
from mockserver.control.records import call_record
from mockserver.control.shapes import Calls, CallsQuery
from mockserver.records.journal import Archive, Call

MANY: Final = 200
"""It takes a moment to look at more calls."""

Fits: TypeAlias = Callable[[Call], bool]


class Feed:
    """The calls that a query asks for; each reading goes on where the last one ended."""

    def __init__(self, archive: Archive, query: CallsQuery, fits: Fits | None = None) -> None:
        """Take the *query*, and whether a call fits the condition in it; None: there is none."""
        self._archive = archive
        self._query = query
        self._fits = fits
        self._after = query.after

    @property
    def wait_s(self) -> float:
        """How long to wait until there is something to return."""
        return self._query.wait_s

    def read(self) -> "Reading":
        """Return what has changed so far, still to be looked at; then read on from there."""
        archive, after, query = self._archive, self._after, self._query
        found = self._newest() if after is None else self._changed(after)
        # Those that are running go on changing.
        calls = [call if call.is_finished else copy(call) for call in found]
        self._after = archive.changes
        return Reading(
            calls=calls,
            query=query,
            fits=self._fits,
            is_backwards=after is None,
            changes=archive.changes,
            is_gap=after is not None and archive.is_outdated(after),
            has_lost=after is not None and archive.has_lost(after),
            kept=len(archive),
            running=archive.running,
        )

    def _newest(self) -> Iterable[Call]:
        calls = self._until(self._archive.newest_first())
        is_all = self._fits is None and not has_filters(self._query)
        return islice(calls, self._query.limit) if is_all else calls

    def _changed(self, after: int) -> Iterable[Call]:
        return self._until(self._archive.changed_since(after))

    def _until(self, calls: Iterable[Call]) -> Iterable[Call]:
        before = self._query.before
        return calls if before is None else (call for call in calls if call.serial < before)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """Calls among which the answer is to be found, as they were when they were read.

    Attributes:
        calls: The calls: the newest first, if it *is_backwards*, or else the last change last.
        changes: The number of the last change by then.

    """

    calls: Sequence[Call]
    query: CallsQuery
    fits: Fits | None
    is_backwards: bool
    changes: int
    is_gap: bool
    has_lost: bool
    kept: int
    running: int

    @property
    def is_slow(self) -> bool:
        """Whether it takes a moment to answer."""
        return len(self.calls) > MANY or (self.fits is not None and bool(self.calls))

    def answer(self) -> Calls:
        """Return the answer."""
        limit = self.query.limit
        chosen = list(islice(self._matching(), limit))
        # What did not find room is read next; of what is backwards, by asking for what is before.
        is_full = len(chosen) == limit and not self.is_backwards
        return Calls(
            calls=tuple([call_record(call, bodies=False) for call in sorted(chosen, key=_serial)]),
            next=chosen[-1].changed if is_full else self.changes,
            is_gap=self.is_gap,
            has_lost=self.has_lost,
            kept=self.kept,
            running=self.running,
        )

    def _matching(self) -> Iterator[Call]:
        found = filtered(self.calls, self.query)
        return found if self.fits is None else filter(self.fits, found)


def _serial(call: Call) -> int:
    return call.serial
