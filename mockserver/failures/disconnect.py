"""The connection is cut, by a TCP reset or by closing it too early."""

from dataclasses import dataclass
from typing import Literal

from mockserver.contracts import Distorted, Failure, Scene
from mockserver.wire.moments import split
from mockserver.wire.timeline import Abort, Timeline


@dataclass(frozen=True, slots=True, kw_only=True)
class Disconnect(Failure):
    """Cut the connection at the failure's moment.

    Attributes:
        how: By a TCP reset (`rst`), or by closing it (`fin`).

    """

    kind = "disconnect"

    how: Literal["rst", "fin"] = "rst"

    def distort(self, timeline: Timeline, scene: Scene) -> Distorted:  # noqa: ARG002 - a cut is a cut
        """Cut *timeline*; no effect if the moment never comes."""
        assert self.moment is not None
        parts = split(timeline, self.moment)
        if parts is None:
            return Distorted(timeline, had_effect=False)
        return Distorted((*parts[0], Abort(self.how)))
