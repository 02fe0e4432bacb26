"""The state, the clock and the gates of a session."""

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
    """Values to set; null removes a name, and what is not named stays.

    Attributes:
        state: The values, by name.

    """

    state: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockView:
    """A session's time.

    Attributes:
        now_s: Seconds since the session began.
        time_scale: How long a second of the session takes.

    """

    now_s: float
    time_scale: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Advance:
    """How far to move a session's clock; whoever waits for a time that has come goes on."""

    seconds: Annotated[float, Limits(0, 1e9)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """Which of the answers that are held are to go on.

    Attributes:
        rule: Those of this rule; null: all.

    """

    rule: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Released:
    """How many answers go on."""

    released: int
