"""A chunk of the body begins with an invalid size."""

from dataclasses import dataclass
from typing import ClassVar

from mockserver.contracts import IN_THE_BODY, Distorted, Failure, Scene
from mockserver.wire.bodies import with_head
from mockserver.wire.moments import End, Moment, split
from mockserver.wire.timeline import Abort, Raw, Timeline

NO_SIZE = b"ZZ\r\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class BadChunk(Failure):
    """Send `ZZ` in place of the next chunk size, or of the last one, then close the connection."""

    kind = "bad_chunk"
    default_moment: ClassVar[Moment | None] = End()
    moments = IN_THE_BODY

    def distort(self, timeline: Timeline, scene: Scene) -> Distorted:  # noqa: ARG002 - a lie needs no scene
        """Break the framing of *timeline*; no effect if the moment never comes."""
        assert self.moment is not None
        parts = split(timeline, self.moment)
        if parts is None:
            return Distorted(timeline, had_effect=False)
        sent = with_head(parts[0], lambda head: head._replace(content_length=None))
        return Distorted((*sent, Raw(NO_SIZE), Abort("fin")))
