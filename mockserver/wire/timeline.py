"""What is sent on a connection, as values: one answer is one timeline of events.

The engine makes timelines, latency and failures change them, and `mockserver.server.player`
plays them. Nothing here sleeps or touches a socket.
"""

from collections.abc import Iterable, Iterator
from typing import Final, Literal, NamedTuple, Self

from mockserver.wire.jsontext import Hole
from mockserver.wire.marks import Marks

Headers = tuple[tuple[str, str], ...]

DATE: Final = Hole("e", len("Tue, 15 Dec 2026 13:09:32 GMT"))
"""The time at which an answer is sent, in its head: the engine fills it in with session time."""


class Head(NamedTuple):
    """The status line and the headers, in wire order and spelling.

    *lines* are the headers as sent, each with its CRLF. *content_length* decides the framing: a
    number is sent as ``Content-Length`` whatever follows (a failure may lie), None means chunked
    transfer encoding. If it *scales*, waits that it asks of the client are session time, which
    may run faster.
    """

    status: int
    lines: bytes
    content_length: int | None = None
    scales: bool = True

    @classmethod
    def of(cls, status: int, headers: Headers, content_length: int | None = None) -> Self:
        """Return the head with *headers*; characters outside Latin-1 become question marks."""
        return cls(status, _lines(headers), content_length)

    @property
    def headers(self) -> Headers:
        """The headers as pairs of name and value."""
        lines = self.lines.decode("latin-1").split("\r\n")[:-1]
        pairs = (line.partition(": ") for line in lines)
        return tuple((name, value) for name, _, value in pairs)

    def with_headers(self, stated: Headers) -> "Head":
        """Return the head with *stated* added, in place of headers of the same name."""
        names = {name.lower() for name, _ in stated}
        kept = tuple(header for header in self.headers if header[0].lower() not in names)
        return self._replace(lines=_lines((*kept, *stated)))


def _lines(headers: Headers) -> bytes:
    lines = "".join([f"{name}: {value}\r\n" for name, value in headers])
    return lines.encode("latin-1", "replace")


class Data(NamedTuple):
    """Bytes of the body. *tokens* is how many tokens of the answer they complete.

    *marks* are on the event, or on the body, that ends with them.
    """

    payload: bytes
    tokens: int = 0
    marks: Marks = ()


class Raw(NamedTuple):
    """Bytes outside the HTTP framing of the answer, sent as they are."""

    payload: bytes


class Pause(NamedTuple):
    """Nothing is sent for *seconds*.

    If the pause *scales*, they are session time, which may run faster.
    """

    seconds: float
    scales: bool = True


class Hold(NamedTuple):
    """The answer stops until it is released, its client leaves, or `MOST_HELD_S` have passed.

    Attributes:
        rule: The name of the rule that holds it, used to release it.
        releasable: Whether it can be released; otherwise only the client ends it.
        filler: Bytes of the body sent meanwhile, every *every_s* seconds; empty: none.
        every_s: Real seconds: connections time out in real time.

    """

    rule: str | None = None
    releasable: bool = True
    filler: bytes = b""
    every_s: float = 0


MOST_HELD_S: Final = 600.0
"""The longest that an answer is held, in real seconds."""


class Forsake(NamedTuple):
    """The answer is complete, but its connection fails, although the answer promised to keep it.

    With `fin` it is closed after the answer; with `rst` it looks open, and the next bytes on it
    are answered with a TCP reset.
    """

    how: Literal["rst", "fin"]


class Abort(NamedTuple):
    """The connection ends here: with a TCP reset, or cleanly (FIN) but too early."""

    how: Literal["rst", "fin"]


Event = Head | Data | Raw | Pause | Hold | Forsake | Abort
Timeline = tuple[Event, ...]


def duration_s(timeline: Iterable[Event]) -> float:
    """Return how long *timeline* takes, in seconds of session time."""
    return sum(event.seconds for event in timeline if isinstance(event, Pause))


def data_events(timeline: Iterable[Event]) -> Iterator[Data]:
    """Yield the events of the body in *timeline*, in order."""
    return (event for event in timeline if isinstance(event, Data))


def body(timeline: Iterable[Event]) -> bytes:
    """Return the whole body of *timeline*."""
    return b"".join(event.payload for event in data_events(timeline))
