"""A content filter rejects the prompt: the request is refused, and retries do not help."""

from dataclasses import dataclass

from mockserver.contracts import BEFORE_THE_ANSWER, Distorted, Failure, Scene, refused
from mockserver.wire.timeline import Timeline


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentFilter(Failure):
    """Refuse the prompt as the provider's content filter does.

    To filter the answer instead, use a reply with `finish_reason: content_filter`.
    """

    kind = "content_filter"
    moments = BEFORE_THE_ANSWER

    def distort(self, timeline: Timeline, scene: Scene) -> Distorted:
        """Return the refusal instead of *timeline*."""
        return refused(timeline, self.moment, scene.dialect.content_filtered(), scene)
