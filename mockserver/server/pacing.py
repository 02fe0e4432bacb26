"""Waiting in session time: where the pauses of a timeline are lived through, or skipped.

Pauses end at points in time that follow from the answer's start, so that delays do not add up:
who is late waits less. How a second of the session relates to a real one is the clock's matter.
"""

import asyncio
from typing import Final

from mockserver.traffic.clock import Clock
from mockserver.traffic.turns import Turn

LATE_S: Final = 0.1
"""How much of a delay the real seconds of a pause make up for."""
TURNS_OF_THE_LOOP: Final = 3
"""After so many, a request whose bytes have come has begun to be answered."""


class Pacer:
    """One answer's own position in session time, from its start on."""

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
        """Live through *seconds* of session time, or of real time if they are not *scaled*.

        At a time scale of 0 the former moves the clock instead: to where this answer then is,
        so that answers given side by side overlap, and those given in turn add up.
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

    def resume(self) -> None:
        """Go on from now: what came before took as long as it took."""
        self._at_s = max(self._at_s, self._clock.now_s())
        self._due = self._loop.time()

    async def _until_then(self) -> None:
        """Wait until it is this answer's time, by waiting or because the clock is moved."""
        clock = self._clock
        while (wall_s := clock.wall_s(self._at_s)) > 0:
            self._waiting = self._loop.create_future()
            timer = self._loop.call_later(wall_s, self._end_wait, True)  # noqa: FBT003 - positional by the loop's interface
            clock.watch(self._wake)
            try:
                if await self._waiting:
                    # Timers may ring a little early: that is no reason to wait again.
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
        """Let requests that have come meanwhile start at the same time as this answer did."""
        for _ in range(TURNS_OF_THE_LOOP if self._is_new else 1):
            await asyncio.sleep(0)
        self._is_new = False

    async def _real(self, seconds: float) -> None:
        """Wait real *seconds*, whatever the time scale and whoever moves the clock."""
        clock, loop = self._clock, self._loop
        self._due = max(self._due, loop.time() - LATE_S) + seconds
        await asyncio.sleep(self._due - loop.time())
        if clock.time_scale:
            self._at_s += seconds / clock.time_scale
        else:
            self._at_s += seconds
            clock.advance_to(self._at_s)


async def wait_for(turn: Turn, clock: Clock) -> float:
    """Return once *turn* has come, and how long that took by *clock*."""
    if turn.runs:
        return 0
    began_s = clock.now_s()
    come = asyncio.get_running_loop().create_future()
    turn.on_turn = lambda: None if come.done() else come.set_result(None)
    await come
    return clock.now_s() - began_s
