"""What time it is in a session: seconds since it began."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Clock:
    """Session time, read off a monotonic *source* (in seconds) that the caller owns."""

    source: Callable[[], float]
    started: float

    @classmethod
    def start(cls, source: Callable[[], float]) -> "Clock":
        """Return a clock that stands at 0 now."""
        return cls(source, source())

    def now_s(self) -> float:
        """Return the seconds of session time that have passed."""
        return self.source() - self.started
