"""What time it is in a session: seconds since it began, which may pass faster than real ones.

The time scale is real seconds per second of session time: 1 is real time, 0 never waits. At 0
the clock stands still until it is moved, which is what pauses then do.
Nothing here waits: `mockserver.server.pacing` does.
"""

import math
from collections.abc import Callable
from typing import Final

from mockserver.errors import UsageError

LEAST_SCALE: Final = 1e-6
MOST_SCALE: Final = 1e6
MOST_S: Final = 1e10
"""317 years of session time: dates end in the year 9999."""

Wake = Callable[[], None]
"""Called when the clock has been moved, in the thread that moves it; it must not do any work."""


def refuse_time_scale(time_scale: float) -> None:
    """Refuse an invalid time scale.

    Raises:
        UsageError: It is negative, or not finite.

    """
    if not 0 <= time_scale < math.inf:
        raise UsageError(
            f"the time scale must be at least 0, not {time_scale}: 1 is real time, 0.01 is a "
            "hundred times as fast, 0 never waits"
        )
    if time_scale and not LEAST_SCALE <= time_scale <= MOST_SCALE:
        raise UsageError(
            f"the time scale must be 0, or from {LEAST_SCALE:f} to {MOST_SCALE:.0f}, "
            f"not {time_scale}"
        )


class Clock:
    """Session time, read off a monotonic *source* (in seconds) that the caller owns.

    Any thread may read it. It is moved by whoever answers requests; another thread that moves
    it wakes those who wait all the same, but two that move it at the same moment may be one.
    """

    __slots__ = ("_moved_s", "_source", "_started", "_watchers", "time_scale", "unix_start_s")

    def __init__(
        self, source: Callable[[], float], time_scale: float = 1.0, unix_start_s: float = 0.0
    ) -> None:
        """Stand at 0 now, which is *unix_start_s* in Unix time.

        Raises:
            UsageError: *time_scale* is negative, or not finite.

        """
        refuse_time_scale(time_scale)
        self.time_scale = time_scale
        self.unix_start_s = unix_start_s
        self._source = source
        self._started = source()
        self._moved_s = 0.0
        self._watchers: dict[Wake, None] = {}

    @classmethod
    def start(
        cls, source: Callable[[], float], time_scale: float = 1.0, unix_start_s: float = 0.0
    ) -> "Clock":
        """Return a clock that stands at 0 now, which is *unix_start_s* in Unix time."""
        return cls(source, time_scale, unix_start_s)

    def now_s(self) -> float:
        """Return the seconds of session time that have passed."""
        if not self.time_scale:
            return self._moved_s
        return self._moved_s + (self._source() - self._started) / self.time_scale

    def unix_s(self) -> float:
        """Return what time it is, as Unix time: that of the start, and the session time since."""
        return self.unix_start_s + self.now_s()

    def wall_s(self, until_s: float) -> float:
        """Return in how many real seconds *until_s* comes, unless the clock is moved."""
        return max(0.0, (until_s - self.now_s()) * self.time_scale)

    def advance(self, seconds: float) -> None:
        """Move the clock by *seconds*, and wake everything whose time has come.

        Raises:
            UsageError: *seconds* are negative, or more than the clock can be moved.

        """
        if not 0 <= seconds < math.inf:
            raise UsageError(f"the clock moves by 0 or more seconds, not by {seconds}")
        if self._moved_s + seconds > MOST_S:
            left = f"{MOST_S - self._moved_s:.0f} seconds are left"
            raise UsageError(f"the clock cannot be moved beyond {MOST_S:.0f} seconds: {left}")
        self._move(seconds)

    def advance_to(self, at_s: float) -> None:
        """Move the clock to *at_s*, or as far as it goes, unless it is already later."""
        missing = min(at_s - self.now_s(), MOST_S - self._moved_s)
        if missing > 0:
            self._move(missing)

    def _move(self, seconds: float) -> None:
        self._moved_s += seconds
        for wake in tuple(self._watchers):
            wake()

    def watch(self, wake: Wake) -> None:
        """Call *wake* each time the clock has been moved."""
        self._watchers[wake] = None

    def unwatch(self, wake: Wake) -> None:
        """Stop calling *wake*."""
        self._watchers.pop(wake, None)
