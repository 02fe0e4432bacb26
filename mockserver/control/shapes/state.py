"""A session's state, clock and held answers."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from mockserver.control.jsonform import Limits


@dataclass(frozen=True, slots=True, kw_only=True)
class StateView:
    """The state of a session, by name."""

    state: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class StateChange:
    """Values to set; null removes a name, and names that are omitted stay.

    Attributes:
        state: The values, by name.

    """

    state: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockView:
    """A session's clock.

    Attributes:
        now_s: Session time, in seconds since the session began.
        time_scale: Real seconds per second of session time.

    """

    now_s: float
    time_scale: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Advance:
    """How far to advance a session's clock; pauses that end by then end at once."""

    seconds: Annotated[float, Limits(0, 1e9)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """Which held answers to release.

    Attributes:
        rule: Only those that this rule holds; null: all.

    """

    rule: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Released:
    """How many answers were released."""

    released: int
