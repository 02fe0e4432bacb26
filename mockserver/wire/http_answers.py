"""Reads an answer of HTTP/1.1 from the bytes of a connection, as they come.

The pieces of a body are those that were sent: the chunks of a chunked one, whatever parts they
come in, and otherwise what each read brings. Source: RFC 9112.
"""

import re
from typing import Final, NamedTuple

from mockserver.wire.timeline import Headers

MOST_HEAD_BYTES: Final = 256 * 1024
"""The size limit of a head, and of what follows the last chunk."""
MOST_SIZE_BYTES: Final = 4_096
"""The size limit of the line in front of a chunk."""
MOST_HELD: Final = 2 * 1024 * 1024
"""So much of a chunk is held until it is whole; a larger one is handed on in parts."""
MOST_ANNOUNCEMENTS: Final = 100
"""How many interim answers (1xx) may come in front of an answer."""
BODILESS: Final = frozenset({204, 304})
"""Statuses of answers without a body."""

_STATUS_LINE: Final = re.compile(r"HTTP/1\.([01]) ([1-9]\d\d)(?: .*)?")
_HEADERS: Final = re.compile(r"(?:[!#$%&'*+.^_`|~0-9A-Za-z-]++:[^\r\n\0]*+\r\n)*+")
_SIZE: Final = re.compile(rb"[0-9A-Fa-f]{1,15}")


class NotHttpError(Exception):
    """What comes is not an answer of HTTP/1.1; *pieces* of the body came in front of it."""

    pieces: tuple[bytes, ...] = ()


class AnswerHead(NamedTuple):
    """The status line and the headers.

    Attributes:
        status: Of HTTP.
        headers: As they were spelled, in the order in which they came.
        content_length: The stated size of the body; None: none is stated.
        is_chunked: The body comes in chunks.
        keeps_open: Another request may follow on the connection.

    """

    status: int
    headers: Headers
    content_length: int | None
    is_chunked: bool
    keeps_open: bool


class AnswerReader:
    """Reads one answer.

    Attributes:
        head: Status and headers; None: they have not come yet.
        has_ended: The answer has come whole.
        has_more: Something came after it, that nobody asked for.

    """

    __slots__ = (
        "_announced",
        "_buffer",
        "_is_chunk_open",
        "_left",
        "_method",
        "has_ended",
        "has_more",
        "head",
    )

    def __init__(self, method: str) -> None:
        """Begin to read the answer to a request of that *method*."""
        self.head: AnswerHead | None = None
        self.has_ended = self.has_more = False
        self._method = method
        self._buffer = b""
        self._announced = 0
        self._left: int | None = None
        """How much of the body, or of the chunk, is still to come; None: as much as comes."""
        self._is_chunk_open = False

    def feed(self, data: bytes) -> list[bytes]:
        """Take *data*, and return the pieces of the body that have come with it.

        Raises:
            NotHttpError: It is not what can follow.

        """
        if self._buffer:
            data = self._buffer + data
            self._buffer = b""
        if self.head is None:
            rest = self._read_head(data)
            if rest is None:
                return []
            data = rest
        if self.has_ended:
            self.has_more = self.has_more or bool(data)
            return []
        head = self.head
        assert head is not None
        if head.is_chunked:
            return self._read_chunks(data)
        if self._left is None:
            return [data] if data else []
        if len(data) > self._left:
            self.has_more, data = True, data[: self._left]
        self._left -= len(data)
        self.has_ended = self._left == 0
        return [data] if data else []

    def end(self) -> list[bytes]:
        """Take the end of the connection, and return what was still held back.

        The answer has ended with it if it stated no other end; see `has_ended`.
        """
        head = self.head
        if head is not None and not head.is_chunked and self._left is None:
            self.has_ended = True
        if not self._is_chunk_open or not self._buffer:
            return []
        rest, self._buffer = self._buffer[: self._left], b""
        return [rest]

    def _read_head(self, data: bytes) -> bytes | None:
        """Take the head from the front of *data*; return what follows, None if it is not whole."""
        while True:
            at = data.find(b"\r\n\r\n")
            if at > MOST_HEAD_BYTES or (at < 0 and len(data) > MOST_HEAD_BYTES):
                raise NotHttpError(f"the head is longer than {MOST_HEAD_BYTES} bytes")
            if at < 0:
                if not b"HTTP/1."[: len(data)] == data[:7]:
                    raise NotHttpError("it does not speak HTTP/1.1")
                self._buffer = data
                return None
            head = _head(data[:at].decode("latin-1"))
            data = data[at + 4 :]
            if head.status >= 200:  # noqa: PLR2004 - those below are only announcements
                break
            self._announced += 1
            if self._announced > MOST_ANNOUNCEMENTS:
                raise NotHttpError("it announces an answer again and again, and gives none")
        self.head = head
        if self._method == "HEAD" or head.status in BODILESS:
            self.has_ended = True
        elif not head.is_chunked:
            self._left = head.content_length
            self.has_ended = self._left == 0
        return data

    def _read_chunks(self, data: bytes) -> list[bytes]:
        """Return the chunks in *data*; what is left of it is kept."""
        pieces: list[bytes] = []
        at: int | None = 0
        rest = 0
        try:
            while at is not None and not self.has_ended:
                rest = at
                if self._is_chunk_open:
                    rest, at = self._read_chunk(data, at, pieces)
                else:
                    at = self._read_size(data, at)
        except NotHttpError as error:
            error.pieces = tuple(pieces)
            raise
        self._buffer = data[rest if at is None else at :]
        self.has_more = self.has_ended and bool(self._buffer)
        return pieces

    def _read_size(self, data: bytes, at: int) -> int | None:
        """Read the line in front of a chunk; return where *data* goes on, None: it is not whole."""
        end = data.find(b"\r\n", at)
        if (len(data) if end < 0 else end) - at > MOST_SIZE_BYTES:
            raise NotHttpError("the size of a chunk is not one")
        if end < 0:
            return None
        left = _chunk_size(data[at:end])
        if left == 0:
            return self._after_chunks(data, end)
        self._left, self._is_chunk_open = left, True
        return end + 2

    def _read_chunk(self, data: bytes, at: int, pieces: list[bytes]) -> tuple[int, int | None]:
        """Put the chunk that goes on *at* there into *pieces*, if it is whole or large.

        Return how far it was taken, and where *data* goes on; None: there is not enough of it.
        """
        assert self._left is not None
        end, size = at + self._left, len(data)
        if size < end + 2:
            held = min(size, end) - at
            if held < MOST_HELD:
                return at, None
            pieces.append(data[at : at + held])
            self._left -= held
            return at + held, None
        if data[end : end + 2] != b"\r\n":
            raise NotHttpError("a chunk is longer than stated")
        if end > at:
            pieces.append(data[at:end])
        self._is_chunk_open = False
        return end, end + 2

    def _after_chunks(self, data: bytes, at: int) -> int | None:
        """Return where *data* goes on after the last chunk, whose line ends *at*; None: not yet."""
        end = data.find(b"\r\n\r\n", at)  # what trails is left out
        if end < 0:
            if len(data) - at > MOST_HEAD_BYTES:
                raise NotHttpError("what follows the last chunk is too long")
            return None
        self.has_ended = True
        return end + 4


def _head(text: str) -> AnswerHead:
    """Return the head that *text* is, without the empty line.

    Raises:
        NotHttpError: It is none.

    """
    first, _, rest = text.partition("\r\n")
    found = _STATUS_LINE.fullmatch(first)
    if found is None:
        raise NotHttpError("it does not begin with a status line of HTTP/1.1")
    if _HEADERS.fullmatch(f"{rest}\r\n" if rest else "") is None:
        raise NotHttpError("one of its headers is not one")
    pairs: list[tuple[str, str]] = []
    stated: dict[str, str] = {}
    for line in rest.split("\r\n") if rest else ():
        name, _, value = line.partition(":")
        value = value.strip(" \t")
        pairs.append((name, value))
        lower = name.lower()
        if stated.setdefault(lower, value) != value and lower == "content-length":
            raise NotHttpError("it states two lengths")
    status, version = int(found[2]), found[1]
    if status == 101:  # noqa: PLR2004 - Switching Protocols
        raise NotHttpError("it switches to another protocol")
    transfer = stated.get("transfer-encoding", "").lower()
    if transfer not in {"", "chunked"}:
        raise NotHttpError(f"its transfer encoding is '{transfer:.40}'")
    connection = stated.get("connection", "").lower()
    closes = "close" in connection if version == "1" else "keep-alive" not in connection
    length = None if transfer else _length(stated.get("content-length"))
    is_delimited = bool(transfer) or length is not None or status in BODILESS
    return AnswerHead(status, tuple(pairs), length, bool(transfer), is_delimited and not closes)


def _length(stated: str | None) -> int | None:
    if stated is None:
        return None
    if not (stated.isascii() and stated.isdigit() and len(stated) < 16):  # noqa: PLR2004 - enough for petabytes
        raise NotHttpError("its content length is not one")
    return int(stated)


def _chunk_size(line: bytes) -> int:
    size = line.partition(b";")[0].strip(b" \t")
    if _SIZE.fullmatch(size) is None:
        raise NotHttpError("the size of a chunk is not one")
    return int(size, 16)
