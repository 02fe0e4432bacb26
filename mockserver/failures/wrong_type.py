"""The answer is not what was asked for: a page, JSON instead of a stream, or the reverse."""

from dataclasses import dataclass, replace
from typing import ClassVar, Literal

from mockserver.contracts import Distorted, Failure, MomentWord, Scene
from mockserver.conversation import ModelRequest
from mockserver.wire.bodies import with_body, with_head
from mockserver.wire.moments import Moment
from mockserver.wire.timeline import Timeline

PORTAL = (
    b"<!DOCTYPE html>\n<html>\n<head><title>Sign in to the network</title></head>\n"
    b'<body><h1>Sign in</h1><form action="/login" method="post"></form></body>\n</html>\n'
)


@dataclass(frozen=True, slots=True, kw_only=True)
class WrongType(Failure):
    """Answer with status 200 and something other than what was asked for.

    Attributes:
        send: `html`: a page, as captive portals send; `json`: the answer in one piece, even if a
            stream was asked for; `events`: the answer as a stream, even if not asked for. Unless
            stated, a page, or with *content_type* what was asked for.
        content_type: What the answer claims to be; unless stated, what it is.

    """

    kind = "wrong_type"
    never_null = frozenset({"send", "content_type"})
    default_moment: ClassVar[Moment | None] = None
    moments: ClassVar[tuple[MomentWord, ...]] = ()
    bends: ClassVar[bool] = True

    send: Literal["html", "json", "events"] | None = None
    content_type: str | None = None

    @property
    def _sends_page(self) -> bool:
        return self.send == "html" or (self.send is None and self.content_type is None)

    def misread(self, request: ModelRequest) -> ModelRequest:
        """Return *request* as if it asked for what is sent."""
        if self.send not in ("json", "events") or request.stream == (self.send == "events"):
            return request
        return replace(request, stream=not request.stream)

    def distort(self, timeline: Timeline, scene: Scene) -> Distorted:  # noqa: ARG002 - the same for everyone
        """Return *timeline* with another body, or another content type."""
        bent = with_body(timeline, PORTAL) if self._sends_page else timeline
        called = self.content_type
        if called is None and self._sends_page:
            called = "text/html"
        if called is not None:
            stated = (("content-type", called),)
            bent = with_head(bent, lambda head: head.with_headers(stated))
        return Distorted(bent, had_effect=bent != timeline)
