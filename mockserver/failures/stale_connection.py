"""The answer is whole, and its connection is dead when the client comes back to it."""

from dataclasses import dataclass
from typing import ClassVar, Literal

from mockserver.contracts import Distorted, Failure, Scene
from mockserver.wire.bodies import head_of
from mockserver.wire.moments import End, Moment
from mockserver.wire.timeline import Abort, Forsake, Timeline


@dataclass(frozen=True, slots=True, kw_only=True)
class StaleConnection(Failure):
    """Say that the connection stays, and let it die.

    By `rst` it looks open, and the next request on it is reset: what a client sees that is as
    quick as the server's idle timeout. By `fin` it is closed behind the answer.
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
