"""The request exceeds a limit: of requests or tokens per minute, or of tokens at all."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from mockserver.contracts import (
    BEFORE_THE_ANSWER,
    UNSTATED,
    Distorted,
    Failure,
    Scene,
    Unstated,
    refused,
)
from mockserver.conversation import Allowance
from mockserver.conversation.api_error import MINUTE_MS
from mockserver.errors import BadValue
from mockserver.traffic.limits import LimitReached
from mockserver.wire.timeline import Timeline

UNKNOWN_LIMITS = {"requests": 500, "tokens": 30_000}
"""What is reported for a model whose limits are unknown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimit(Failure):
    """Refuse with status 429, as a rate limit does when it is reached.

    Attributes:
        of: Which limit: `requests` or `tokens` per minute; or `too_large`: more tokens than the
            limit at once, so that the client is not asked to wait.
        retry_after_s: How long the client should wait: seconds, or any text, sent as it is in
            `retry-after`; unless stated, until the limit has room for one more request. Null: the
            client is not told.
        headers: Added to the answer's headers, or replacing those of the same name.

    """

    kind = "rate_limit"
    moments = BEFORE_THE_ANSWER

    of: Literal["requests", "tokens", "too_large"] = "requests"
    retry_after_s: float | str | Unstated | None = UNSTATED
    headers: Mapping[str, str] = field(default_factory=dict[str, str])

    def __post_init__(self) -> None:
        super(RateLimit, self).__post_init__()
        wait_s = self.retry_after_s
        if isinstance(wait_s, int | float) and not 0 <= wait_s < math.inf:
            what = f"'retry_after_s' must be at least 0, not {wait_s}"
            raise BadValue("retry_after_s", what, "to send a text as it is, put it in quotes")

    def distort(self, timeline: Timeline, scene: Scene) -> Distorted:
        """Return the refusal instead of *timeline*."""
        kind = "requests" if self.of == "requests" else "tokens"
        left = next((a for a in scene.allowances if a.of == kind), None)
        limit = left.limit if left is not None else UNKNOWN_LIMITS[kind]
        asked = max(1, limit - left.remaining) if left is not None else 1
        fitting_ms = math.ceil(MINUTE_MS * asked / limit)
        is_too_large = self.of == "too_large"
        wait_s = self.retry_after_s
        if isinstance(wait_s, Unstated):
            wait_s = None if is_too_large else fitting_ms / 1_000
        told_ms = round(wait_s * 1_000) if isinstance(wait_s, int | float) else fitting_ms
        reached = LimitReached(
            of=self.of,
            model=scene.model or "default",
            limit=limit,
            used=limit,
            requested=limit + asked if is_too_large else asked,
            wait_ms=told_ms,
            allowances=tuple(_used_up(a, kind) for a in scene.allowances),
            behaves_as=scene.behaves_as,
            asked=scene.asked,
        )
        error = replace(
            scene.dialect.rate_limited(reached),
            retry_after_s=wait_s,
            retry_after_scales=self.scale,
        )
        return refused(timeline, self.moment, error, scene, self.headers)


def _used_up(allowance: Allowance, kind: str) -> Allowance:
    """Return *allowance* with nothing left of it, if it is of this *kind*."""
    return allowance._replace(remaining=0) if allowance.of == kind else allowance
