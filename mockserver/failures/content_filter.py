"""A content filter rejects the prompt: the request is refused, and retries do not help."""

from dataclasses import dataclass

from mockserver.contracts import Distorted, Failure, Scene
from mockserver.wire.timeline import Timeline


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentFilter(Failure):
    """Refuse the prompt as the provider's content filter does.

    To filter the answer instead, use a reply with `finish_reason: content_filter`.
    """

    kind = "content_filter"
    moments = ("before_headers",)

    def distort(self, timeline: Timeline, scene: Scene) -> Distorted:  # noqa: ARG002 - it replaces the answer
        """Return the refusal instead of *timeline*."""
        return Distorted(scene.refuse(scene.dialect.content_filtered()))
