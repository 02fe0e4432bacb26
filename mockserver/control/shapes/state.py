"""A session's state, clock and held answers."""

from collections.abc import Mapping
from typing import Annotated, Any

from msgspec import Meta, Struct


class StateView(Struct, frozen=True, kw_only=True):
    """The state of a session, by name."""

    state: Mapping[str, Any]


class StateChange(Struct, frozen=True, kw_only=True):
    """Values to set; null removes a name, and names that are omitted stay.

    Attributes:
        state: The values, by name.

    """

    state: Mapping[str, Any]


class ClockView(Struct, frozen=True, kw_only=True):
    """A session's clock.

    Attributes:
        now_s: Session time, in seconds since the session began.
        time_scale: Real seconds per second of session time.

    """

    now_s: float
    time_scale: float


class Advance(Struct, frozen=True, kw_only=True):
    """How far to advance a session's clock; pauses that end by then end at once."""

    seconds: Annotated[float, Meta(ge=0, le=1e9)]


class Release(Struct, frozen=True, kw_only=True):
    """Which held answers to release.

    Attributes:
        rule: Only those that this rule holds; null: all.

    """

    rule: str | None = None


class Released(Struct, frozen=True, kw_only=True):
    """How many answers were released."""

    released: int
