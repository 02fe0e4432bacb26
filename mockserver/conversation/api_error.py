"""A refusal, and what it leaves of an account's limits."""

from dataclasses import dataclass, field
from typing import Final, NamedTuple

from mockserver.wire.rendered import Layer

MINUTE_MS: Final = 60_000


class Allowance(NamedTuple):
    """What is left in one bucket, once a request has taken its share."""

    of: str
    limit: int
    remaining: int
    window_ms: int = MINUTE_MS

    @property
    def reset_ms(self) -> int:
        """In how many milliseconds the bucket is full again, if nobody asks before."""
        return self.window_ms * (self.limit - self.remaining) // self.limit


@dataclass(eq=False)
class ApiError(Exception):
    """A refusal by *layer*, as the provider would answer it; a dialect spells it on the wire.

    *headers* are added to its own. *allowances* are what it leaves of the account's limits, where
    it was the API that refused: the limiter stands before it. *retry_after_s* asks the client to
    wait: in seconds, or in a header's own words, right or wrong; *retry_after_scales* says whether
    that is session time. A *page* goes out in place of the dialect's JSON, under *headers* alone.
    """

    status: int
    message: str
    type: str | None = "invalid_request_error"
    param: str | None = None
    code: str | None = None
    layer: Layer = "api"
    headers: tuple[tuple[str, str], ...] = field(default=(), kw_only=True)
    allowances: tuple[Allowance, ...] = field(default=(), kw_only=True)
    retry_after_s: float | str | None = field(default=None, kw_only=True)
    retry_after_scales: bool = field(default=True, kw_only=True)
    page: bytes | None = field(default=None, kw_only=True)

    def __str__(self) -> str:
        return f"{self.status} {self.message}"
