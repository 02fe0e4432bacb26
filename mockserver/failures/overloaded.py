"""The server, or the model, has too much to do."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from mockserver.contracts import BEFORE_THE_ANSWER, Distorted, Failure, Scene, refused
from mockserver.errors import BadValue
from mockserver.wire.timeline import Timeline


@dataclass(frozen=True, slots=True, kw_only=True)
class Overloaded(Failure):
    """Refuse as the provider does when it is overloaded.

    Attributes:
        status: Replaces the provider's own status: 529, for example.
        retry_after_s: How long the client should wait: seconds, or any text, sent as it is.
        headers: Added to the answer's headers, or replacing those of the same name.

    """

    kind = "overloaded"
    never_null = frozenset({"status"})
    moments = BEFORE_THE_ANSWER

    status: int | None = None
    retry_after_s: float | str | None = None
    headers: Mapping[str, str] = field(default_factory=dict[str, str])

    def __post_init__(self) -> None:
        super(Overloaded, self).__post_init__()
        if self.status is not None and not 400 <= self.status <= 599:  # noqa: PLR2004 - HTTP's errors
            raise BadValue("status", f"'status' must be from 400 to 599, not {self.status}")
        wait_s = self.retry_after_s
        if wait_s is not None and not isinstance(wait_s, str) and not 0 <= wait_s < math.inf:
            what = f"'retry_after_s' must be at least 0, not {wait_s}"
            raise BadValue("retry_after_s", what, "to send a text as it is, put it in quotes")

    def distort(self, timeline: Timeline, scene: Scene) -> Distorted:
        """Return the refusal instead of *timeline*."""
        error = replace(
            scene.dialect.overloaded(self.status),
            retry_after_s=self.retry_after_s,
            retry_after_scales=self.scale,
        )
        return refused(timeline, self.moment, error, scene, self.headers)
