"""The headers promise a longer body than is sent."""

from dataclasses import dataclass
from typing import ClassVar

from mockserver.contracts import IN_THE_BODY, Distorted, Failure, Scene
from mockserver.wire.bodies import with_head
from mockserver.wire.moments import End, Moment, split
from mockserver.wire.timeline import Abort, Timeline, body


@dataclass(frozen=True, slots=True, kw_only=True)
class ShortBody(Failure):
    """Promise the whole body in `content-length`, but close the connection at the moment.

    At the `end`, one byte more than the body is promised.
    """

    kind = "short_body"
    default_moment: ClassVar[Moment | None] = End()
    moments = IN_THE_BODY

    def distort(self, timeline: Timeline, scene: Scene) -> Distorted:  # noqa: ARG002 - a lie needs no scene
        """Cut *timeline* short of what its head says; no effect if the moment never comes."""
        assert self.moment is not None
        parts = split(timeline, self.moment)
        if parts is None:
            return Distorted(timeline, had_effect=False)
        missing = len(body(parts[1])) or 1
        promised = len(body(parts[0])) + missing
        sent = with_head(parts[0], lambda head: head._replace(content_length=promised))
        return Distorted((*sent, Abort("fin")))
