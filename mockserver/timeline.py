"""What goes out on a connection, as values: one answer is one timeline of events.

The engine makes timelines, latency and failures bend them, `mockserver.server.player`
plays them. Nothing here sleeps or touches a socket.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Head:
    """The status line and the headers, in wire order and spelling.

    *content_length* decides the framing: a number is sent as ``Content-Length`` whatever
    follows (a failure may lie), None means chunked transfer encoding.
    """

    status: int
    headers: Headers
    content_length: int | None = None


@dataclass(frozen=True, slots=True)
class Data:
    """Bytes of the body. *tokens* of the answer are complete once they have arrived."""

    payload: bytes
    tokens: int = 0


@dataclass(frozen=True, slots=True)
class Pause:
    """Nothing is sent for *seconds* (of the session's time, which may run faster)."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Abort:
    """The connection ends here: by a TCP reset, or politely (FIN) but too early."""

    how: Literal["rst", "fin"]


Event = Head | Data | Pause | Abort
Timeline = tuple[Event, ...]


def duration_s(timeline: Iterable[Event]) -> float:
    """Return how long *timeline* takes, in seconds of session time."""
    return sum(event.seconds for event in timeline if isinstance(event, Pause))


def data_events(timeline: Iterable[Event]) -> Iterator[Data]:
    """Yield the body's events of *timeline*, in order."""
    return (event for event in timeline if isinstance(event, Data))


def body(timeline: Iterable[Event]) -> bytes:
    """Return all bytes of the body of *timeline*."""
    return b"".join(event.payload for event in data_events(timeline))
