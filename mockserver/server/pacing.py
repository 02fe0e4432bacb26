"""Waiting in session time: the pauses of a timeline are waited out here, or skipped.

Pauses end at times computed from the answer's start, so that delays do not add up: an answer
that is late waits less. The clock decides how session time relates to real time.
"""

import asyncio
from typing import Final

from mockserver.traffic.clock import Clock
from mockserver.traffic.turns import Turn

LATE_S: Final = 0.1
"""How much lateness a pause in real seconds makes up for."""
TURNS_OF_THE_LOOP: Final = 3
"""After this many, every request that has arrived is being answered."""


class Pacer:
    """One answer's position in session time, from its start."""

    __slots__ = ("_at_s", "_clock", "_due", "_is_new", "_loop", "_waiting")

    def __init__(self, clock: Clock) -> None:
        """Start now."""
        self._clock = clock
        self._loop = asyncio.get_running_loop()
        self._at_s = clock.now_s()
        self._due = self._loop.time()
        self._is_new = True
        self._waiting: asyncio.Future[bool] | None = None

    def is_behind(self, seconds: float) -> bool:
        """Return whether a pause of *seconds* would be over already."""
        clock = self._clock
        return clock.time_scale > 0 and clock.now_s() >= self._at_s + seconds

    async def pause(self, seconds: float, *, scaled: bool = True) -> None:
        """Wait *seconds* of session time, or of real time if not *scaled*.

        At a time scale of 0, session time moves the clock instead, to this answer's position:
        answers given side by side overlap, and those given in turn add up.
        """
        if not scaled:
            await self._real(seconds)
            return
        self._at_s += seconds
        if self._clock.time_scale:
            await self._until_then()
        else:
            await self._let_others_begin()
            self._clock.advance_to(self._at_s)
        self._due = self._loop.time()

    def real_s(self, seconds: float, *, scaled: bool) -> float:
        """Return how many real seconds a pause of *seconds* is to take."""
        return seconds * self._clock.time_scale if scaled else seconds

    def resume(self) -> None:
        """Continue from now, however long the wait before took."""
        self._at_s = max(self._at_s, self._clock.now_s())
        self._due = self._loop.time()

    async def _until_then(self) -> None:
        """Wait until this answer's position comes, or the clock is moved there."""
        clock = self._clock
        while (wall_s := clock.wall_s(self._at_s)) > 0:
            self._waiting = self._loop.create_future()
            timer = self._loop.call_later(wall_s, self._end_wait, True)  # noqa: FBT003 - positional by the loop's interface
            clock.watch(self._wake)
            try:
                if await self._waiting:
                    # Timers may fire slightly early: that is not a reason to wait again.
                    return
            finally:
                timer.cancel()
                clock.unwatch(self._wake)

    def _wake(self) -> None:
        self._loop.call_soon_threadsafe(self._end_wait, False)  # noqa: FBT003 - as above

    def _end_wait(self, in_time: bool) -> None:  # noqa: FBT001 - as above
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(in_time)

    async def _let_others_begin(self) -> None:
        """Let requests that have arrived meanwhile start at the same time as this answer."""
        for _ in range(TURNS_OF_THE_LOOP if self._is_new else 1):
            await asyncio.sleep(0)
        self._is_new = False

    async def _real(self, seconds: float) -> None:
        """Wait *seconds* of real time, whatever the time scale and the clock."""
        clock, loop = self._clock, self._loop
        self._due = max(self._due, loop.time() - LATE_S) + seconds
        await asyncio.sleep(self._due - loop.time())
        if clock.time_scale:
            self._at_s += seconds / clock.time_scale
        else:
            self._at_s += seconds
            clock.advance_to(self._at_s)


async def wait_for(turn: Turn, clock: Clock) -> float:
    """Wait for *turn*, and return how long that took by *clock*."""
    if turn.runs:
        return 0
    began_s = clock.now_s()
    come = asyncio.get_running_loop().create_future()
    turn.on_turn = lambda: None if come.done() else come.set_result(None)
    await come
    return clock.now_s() - began_s
