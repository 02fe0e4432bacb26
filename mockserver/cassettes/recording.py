"""One recorded exchange, as a value: what was asked, what came back, and when.

Bodies are kept as they were before any compression. A recording in a cassette has no secrets in
it (see `scrubbing`); one that was just taken, or read from another tool's file, may have.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, NamedTuple

from mockserver.wire.events import CONTENT_TYPE, ServerEvent, events_of, read
from mockserver.wire.jsontext import is_object
from mockserver.wire.timeline import Headers

OF_THE_CONNECTION: Final = frozenset(
    {
        *("connection", "content-encoding", "content-length", "keep-alive", "trailer"),
        *("transfer-encoding", "upgrade"),
    }
)
"""Headers that say how a body goes over a connection, which are stated anew each time."""
REFUSED: Final = 400
"""Statuses from here on are refusals."""


def header(headers: Headers, name: str) -> str | None:
    """Return the first of *headers* called *name*, in lower case; None if there is none."""
    return next((value for given, value in headers if given.lower() == name), None)


@dataclass(frozen=True)
class RecordedRequest:
    """What was asked.

    Attributes:
        method: Of HTTP, in capitals.
        path: Decoded, from the server's root on (`/v1/chat/completions`), without the query.
        query: As it was sent, without the question mark.
        headers: Those that were kept.
        body: The body; empty if there was none, or if it is not known.

    """

    method: str
    path: str
    query: str = ""
    headers: Headers = ()
    body: bytes = b""

    @cached_property
    def json(self) -> Any:
        """The JSON that the body is; None if it is none."""
        return read(self.body) if self.body else None

    @property
    def sent(self) -> Mapping[str, Any]:
        """The JSON object that the body is; an empty one if it is none."""
        value: Any = self.json
        return value if is_object(value) else {}


class Piece(NamedTuple):
    """A piece of a body as it came: *at_ms* after the request was sent, so many bytes."""

    at_ms: float
    size: int


@dataclass(frozen=True)
class RecordedAnswer:
    """What came back.

    Attributes:
        status: Of HTTP.
        headers: Those that were kept, as they were spelled, in the order in which they came.
        body: The whole body.
        pieces: How the body came; empty if that is not known.
        opened_ms: When the head came, in milliseconds after the request was sent.
        is_cut: The connection ended before the body did.

    """

    status: int
    headers: Headers = ()
    body: bytes = b""
    pieces: tuple[Piece, ...] = ()
    opened_ms: float = 0.0
    is_cut: bool = False

    @property
    def content_type(self) -> str:
        """The media type without its parameters, in lower case; empty if none is stated."""
        return (header(self.headers, "content-type") or "").partition(";")[0].strip().lower()

    @property
    def is_stream(self) -> bool:
        """Whether the body is a stream of server-sent events."""
        return self.content_type == CONTENT_TYPE

    @property
    def is_refusal(self) -> bool:
        """Whether the request was refused."""
        return self.status >= REFUSED

    @cached_property
    def json(self) -> Any:
        """The JSON that the body is; None if it is none."""
        return None if self.is_stream or not self.body else read(self.body)

    @cached_property
    def events(self) -> tuple[ServerEvent, ...]:
        """The events that the body consists of; none if it is no stream."""
        return events_of(self.body) if self.is_stream else ()


@dataclass(frozen=True, kw_only=True)
class Recording:
    """One exchange with a provider.

    Attributes:
        request: What was asked.
        answer: What came back.
        provider: The kind of the dialect that was asked; empty if that is not known.
        endpoint: The kind of the endpoint; empty if this version knows none for the path.
        recorded_at: When the request was sent: ISO 8601, in UTC; empty if that is not known.
        source: Where it is, for messages: `file:line`, or `file, interaction 3`.

    """

    request: RecordedRequest
    answer: RecordedAnswer
    provider: str = ""
    endpoint: str = ""
    recorded_at: str = ""
    source: str = ""
