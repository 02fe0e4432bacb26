"""Waiting until something changes in the journal of any session."""

import asyncio
from contextlib import suppress
from typing import Final

from mockserver.records.journal import Archive

TOGETHER_S: Final = 0.05
"""What changes so soon after another change is waited for, too: a busy server would be asked for
each call, and an answer that comes at once for its beginning and its end."""


class Changes:
    """Wakes all who wait at once; while nobody waits, and while they are woken, it costs nothing.

    The archive may be changed in any thread.
    """

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._next: asyncio.Event | None = None

    async def wait(self, change: int, timeout_s: float) -> None:
        """Return a moment after something has changed since *change*, or after *timeout_s*."""
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                if self._archive.changes == change:
                    await self._changed().wait()
                await asyncio.sleep(TOGETHER_S)

    def _changed(self) -> asyncio.Event:
        """Return the event of the next change."""
        if self._next is not None:
            return self._next
        event = self._next = asyncio.Event()
        loop, watchers = asyncio.get_running_loop(), self._archive.watchers

        def wake() -> None:
            watchers.discard(wake)
            self._next = None
            with suppress(RuntimeError):  # the server has stopped, and its loop is closed
                loop.call_soon_threadsafe(event.set)

        watchers.add(wake)
        return event
