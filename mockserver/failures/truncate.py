"""The answer ends cleanly before it is finished, as when a gateway gives up politely."""

from dataclasses import dataclass
from typing import ClassVar

from mockserver.contracts import Distorted, Failure, Scene
from mockserver.wire.bodies import with_true_length
from mockserver.wire.moments import AfterTokens, Moment, split
from mockserver.wire.timeline import Timeline, body


@dataclass(frozen=True, slots=True, kw_only=True)
class Truncate(Failure):
    """End the answer at the moment as if it were complete: no finish, no usage, no `[DONE]`."""

    kind = "truncate"
    default_moment: ClassVar[Moment | None] = AfterTokens(1)
    moments = ("after_headers", "after_tokens", "after_bytes")

    def distort(self, timeline: Timeline, scene: Scene) -> Distorted:  # noqa: ARG002 - an end is an end
        """Leave out of *timeline* what follows the moment; no effect if nothing does."""
        assert self.moment is not None
        parts = split(timeline, self.moment)
        if parts is None or not body(parts[1]):
            return Distorted(timeline, had_effect=False)
        return Distorted(with_true_length(parts[0]))
