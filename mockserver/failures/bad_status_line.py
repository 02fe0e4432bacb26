"""What comes back is not HTTP at all."""

from dataclasses import dataclass

from mockserver.contracts import Distorted, Failure, Scene
from mockserver.wire.timeline import Abort, Raw, Timeline

GARBAGE = b"\x00\x01\xfe\xff not HTTP\r\n\r\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class BadStatusLine(Failure):
    """Send bytes that are not a status line, then close the connection."""

    kind = "bad_status_line"
    moments = ("before_headers",)

    def distort(self, timeline: Timeline, scene: Scene) -> Distorted:  # noqa: ARG002 - it replaces the answer
        """Return the garbage instead of *timeline*."""
        return Distorted((Raw(GARBAGE), Abort("fin")))
