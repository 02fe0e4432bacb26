"""What goes out on a connection, as values: one answer is one timeline of events.

The engine makes timelines, latency and failures bend them, `mockserver.server.player`
plays them. Nothing here sleeps or touches a socket.
"""

from collections.abc import Iterable, Iterator
from typing import Final, Literal, NamedTuple, Self

from mockserver.wire.marks import Marks

Headers = tuple[tuple[str, str], ...]


class Head(NamedTuple):
    """The status line and the headers, in wire order and spelling.

    *lines* are the headers as they go out, each with its CRLF. *content_length* decides the
    framing: a number is sent as ``Content-Length`` whatever follows (a failure may lie), None
    means chunked transfer encoding. The waits that it asks for are of the session's time, which
    may run faster, unless it is one that does not *scale*.
    """

    status: int
    lines: bytes
    content_length: int | None = None
    scales: bool = True

    @classmethod
    def of(cls, status: int, headers: Headers, content_length: int | None = None) -> Self:
        """Return the head with *headers*; what HTTP cannot carry becomes a question mark."""
        return cls(status, _lines(headers), content_length)

    @property
    def headers(self) -> Headers:
        """The headers as pairs of name and value."""
        lines = self.lines.decode("latin-1").split("\r\n")[:-1]
        pairs = (line.partition(": ") for line in lines)
        return tuple((name, value) for name, _, value in pairs)

    def with_headers(self, stated: Headers) -> "Head":
        """Return the head with *stated* in the place of headers of the same name."""
        names = {name.lower() for name, _ in stated}
        kept = tuple(header for header in self.headers if header[0].lower() not in names)
        return self._replace(lines=_lines((*kept, *stated)))


def _lines(headers: Headers) -> bytes:
    lines = "".join([f"{name}: {value}\r\n" for name, value in headers])
    return lines.encode("latin-1", "replace")


class Data(NamedTuple):
    """Bytes of the body. *tokens* of the answer are complete once they have arrived.

    *marks* are what the protocol says in the event, or in the body, that ends with them.
    """

    payload: bytes
    tokens: int = 0
    marks: Marks = ()


class Raw(NamedTuple):
    """Bytes that are no part of an answer as HTTP frames it, sent as they are."""

    payload: bytes


class Pause(NamedTuple):
    """Nothing is sent for *seconds*.

    They are of the session's time, which may run faster, unless the pause is not one that *scales*.
    """

    seconds: float
    scales: bool = True


class Hold(NamedTuple):
    """The answer stands still until it is released, or its client leaves, or `MOST_HELD_S`.

    Attributes:
        rule: The name of the rule that holds it, by which it may be released.
        releasable: Whether there is anything to release; else only the client ends it.
        filler: What is sent of the body meanwhile, every *every_s* seconds; empty: nothing is.
        every_s: Real seconds: a connection is kept open in the time of the world.

    """

    rule: str | None = None
    releasable: bool = True
    filler: bytes = b""
    every_s: float = 0


MOST_HELD_S: Final = 600.0
"""How long an answer is held at most, in real seconds, so that none is held for ever."""


class Forsake(NamedTuple):
    """The answer ends well, and its connection does not, though the answer said that it stays.

    By `fin` it is closed behind the answer; by `rst` it looks open, and whatever comes next on it
    is answered by a TCP reset.
    """

    how: Literal["rst", "fin"]


class Abort(NamedTuple):
    """The connection ends here: by a TCP reset, or politely (FIN) but too early."""

    how: Literal["rst", "fin"]


Event = Head | Data | Raw | Pause | Hold | Forsake | Abort
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
