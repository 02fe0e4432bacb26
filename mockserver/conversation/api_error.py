"""Refusals, and what requests leave of an account's limits."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from mockserver.wire.jsontext import JsonValue
from mockserver.wire.rendered import Layer

MINUTE_MS: Final = 60_000


class Allowance(NamedTuple):
    """What a request leaves in one bucket."""

    of: str
    limit: int
    remaining: int
    window_ms: int = MINUTE_MS

    @property
    def reset_ms(self) -> int:
        """Milliseconds until the bucket is full again, without further requests."""
        return self.window_ms * (self.limit - self.remaining) // self.limit


@dataclass(eq=False)
class ApiError(Exception):
    """A refusal by *layer*, as the provider would answer it; a dialect spells it on the wire.

    *headers* are added to the dialect's. *allowances* are what the request leaves of the account's
    limits, if it passed the limiter and the API refused it. *retry_after_s* asks the client to
    wait: in seconds, or as the literal text of the header, valid or not; *retry_after_scales*
    says whether that is session time. A *page* replaces the dialect's JSON, and has *headers*
    alone. *about* is the model that is refused, where providers name it and the message does not.
    *unknown_model* is the model that it does not know. *hint* tells the tester what is really
    wrong, where only the provider can know that. *relayed* says that the
    provider behind a gateway refuses it, and not the gateway.

    A scenario's own error *is_stated*: its code goes out as it is, a number as one; *metadata* is
    a member of it, for all who send it, and *finish_reason* is what a stream ends with that
    reports it in a chunk. What a scenario's keys and limits refuse *is_scripted*: no other server
    is asked instead.
    """

    status: int
    message: str
    type: str | None = "invalid_request_error"
    param: str | None = None
    code: str | int | None = None
    layer: Layer = "api"
    headers: tuple[tuple[str, str], ...] = field(default=(), kw_only=True)
    allowances: tuple[Allowance, ...] = field(default=(), kw_only=True)
    retry_after_s: float | str | None = field(default=None, kw_only=True)
    retry_after_scales: bool = field(default=True, kw_only=True)
    page: bytes | None = field(default=None, kw_only=True)
    about: str | None = field(default=None, kw_only=True)
    unknown_model: str | None = field(default=None, kw_only=True)
    hint: str | None = field(default=None, kw_only=True)
    relayed: bool = field(default=False, kw_only=True)
    is_stated: bool = field(default=False, kw_only=True)
    is_scripted: bool = field(default=False, kw_only=True)
    metadata: Mapping[str, JsonValue] | None = field(default=None, kw_only=True)
    finish_reason: str | None = field(default="error", kw_only=True)

    @property
    def members(self) -> dict[str, JsonValue]:
        """Its members as OpenAI has them, in wire order, and what a scenario adds."""
        return {
            "message": self.message,
            "type": self.type,
            "param": self.param,
            "code": self.code,
            **self.added,
        }

    @property
    def added(self) -> dict[str, JsonValue]:
        """What a scenario adds to its members."""
        return {} if self.metadata is None else {"metadata": dict(self.metadata)}

    def __str__(self) -> str:
        return f"{self.status} {self.message}"
