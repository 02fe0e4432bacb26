"""The answer is complete, but its connection is dead when the client reuses it."""

from dataclasses import dataclass
from typing import ClassVar, Literal

from mockserver.contracts import Distorted, Failure, Scene
from mockserver.wire.bodies import head_of
from mockserver.wire.moments import End, Moment
from mockserver.wire.timeline import Abort, Forsake, Timeline


@dataclass(frozen=True, slots=True, kw_only=True)
class StaleConnection(Failure):
    """Announce that the connection stays open, then let it die.

    Attributes:
        how: `rst`: it looks open, and the next request on it is reset, as when a client races
            the server's idle timeout; `fin`: it is closed after the answer.

    """

    kind = "stale_connection"
    default_moment: ClassVar[Moment | None] = End()
    moments = ("end",)

    how: Literal["rst", "fin"] = "rst"

    def distort(self, timeline: Timeline, scene: Scene) -> Distorted:  # noqa: ARG002 - the answer itself is well
        """Forsake the connection of *timeline*; no effect if it has ended already."""
        ended = bool(timeline) and isinstance(timeline[-1], Abort | Forsake)
        if ended or head_of(timeline) is None:
            return Distorted(timeline, had_effect=False)
        return Distorted((*timeline, Forsake(self.how)))
