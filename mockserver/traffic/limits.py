"""An account's limits for a model per minute, and what a request leaves of them.

Each bucket refills evenly, so what is missing decides when it will be full again. What a request
takes from them is up to its protocol.

Source:
    Recorded answers of api.openai.com, 2025-02 to 2026-08. When a bucket is full again: 2,034 of
    2,126 exact.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal

from mockserver.conversation import Allowance, Charge
from mockserver.models import Model, RateLimits, rate_limits_of
from mockserver.wire.http_request import HttpRequest

DAY_MS: Final = 86_400_000
"""The window of limits on requests per day, which small accounts have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitReached:
    """A limit that a request exceeds.

    *of* is which one; a request that is `too_large` has more tokens than the limit, so that
    waiting does not help. *wait_ms* is how long the message asks the client to wait. *model* is
    what the client asked for, *behaves_as* the known model that it is like; *asked* is the
    request.
    """

    of: Literal["requests", "tokens", "too_large"]
    model: str
    limit: int
    used: int
    requested: int
    wait_ms: int = 0
    window: Literal["minute", "day"] = "minute"
    allowances: tuple[Allowance, ...] = ()
    behaves_as: str | None = None
    asked: HttpRequest | None = None


def allowances(model: Model, charge: Charge | None) -> tuple[Allowance, ...]:
    """Return what a request that takes *charge* leaves of the limits of *model*.

    The buckets are taken to have been full, so that the same request always leaves the same.
    """
    if charge is None:
        return ()
    return _left(rate_limits_of(model.behaves_as), charge.tokens, charge.images)


@lru_cache(maxsize=4_096)
def _left(limits: RateLimits, tokens: int, images: int) -> tuple[Allowance, ...]:
    of_images: tuple[Allowance, ...] = ()
    if images and limits.images is not None:
        # Reported only for requests that have one.
        of_images = (_after("input-images", limits.images, images),)
    return (
        *of_images,
        _after("requests", limits.requests, 1),
        _after("tokens", limits.tokens, tokens),
    )


def _after(of: str, limit: int, taken: int) -> Allowance:
    """Return what is left of a full bucket *of* something once so much is *taken*."""
    return Allowance(of, limit, max(0, limit - taken))
