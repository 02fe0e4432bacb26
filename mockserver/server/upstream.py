"""The one other server that requests may be forwarded to, named when this one starts.

No scenario and no client decides where a request goes. The other server is an API reached by TLS,
or runs on this machine. Its answers are handed on while they come, and gathered to be recorded.
"""

import asyncio
import ipaddress
import re
import ssl
import zlib
from collections.abc import AsyncIterator, Iterable, Sequence
from functools import lru_cache
from typing import Final
from urllib.parse import quote, unquote, urlsplit

from mockserver.cassettes.recording import OF_THE_CONNECTION, Piece, RecordedAnswer, header
from mockserver.conversation import ApiError
from mockserver.errors import UsageError
from mockserver.server.dialling import BrokenOffError, Line, Lines, SilentError
from mockserver.wire.http_answers import AnswerHead
from mockserver.wire.http_request import HttpRequest
from mockserver.wire.timeline import Head, Headers

MOST_BYTES: Final = 64 * 1024 * 1024
"""The size limit of an answer that is kept, or that failures act on."""
MOST_PIECES: Final = 1_000_000
"""How many pieces it may come in: each takes more memory than its bytes."""
WITH_BODY: Final = frozenset({"POST", "PUT", "PATCH"})
"""Methods whose requests state the size of their body, even if there is none."""

BETWEEN_NEIGHBOURS: Final = (OF_THE_CONNECTION - {"content-encoding"}) | {
    *("host", "proxy-connection", "te")
}
"""Hop-by-hop headers (RFC 9110, 7.6.1), and those that follow from others; also all `proxy-…`."""
OWN_OF_REQUESTS: Final = frozenset({"accept-encoding", "content-encoding", "expect"})
"""What is stated anew: answers are to come as they are, and the body has been unpacked."""
KEY_HEADERS: Final = ("authorization", "api-key", "x-api-key", "x-goog-api-key")
"""Headers that a client's key may come in."""
KEY_PARAMETERS: Final = frozenset({"key", "api-key"})
"""Parameters of the query that a client's key may come in."""
KEPT_IN_PATHS: Final = "/:@!$&'()*+,;="
"""Characters that need no escape in a path (RFC 3986, 3.3)."""


class LiveAnswer:
    """An answer whose head has come, and whose body is coming.

    Attributes:
        head: What goes out in front of the body.
        unkept: Why what has come cannot be recorded; empty: it can.

    """

    def __init__(self, lines: Lines, line: Line, head: AnswerHead, began_s: float) -> None:
        """Take the *head* of the answer on *line*, whose request was sent at *began_s*."""
        self._lines = lines
        self._line = line
        self._loop = asyncio.get_running_loop()
        self._began_s = began_s
        self._opened_ms = self._now_ms()
        self._parts: list[bytes] = []
        self._times_ms: list[float] = []
        self._size = 0
        self._status = head.status
        self._headers = passed_on(head.headers)
        self.head = Head.of(head.status, self._headers, head.content_length)
        self.unkept = ""

    @property
    def is_ready(self) -> bool:
        """Whether the next piece, or the end, has come already."""
        return self._line.is_ready

    async def pieces(self) -> AsyncIterator[bytes]:
        """Yield the body as it comes: chunk by chunk, or in the pieces that the network makes.

        Raises:
            BrokenOffError: It does not come whole.

        """
        async for piece in self._line.pieces():
            self._size += len(piece)
            if not self.unkept:
                self._parts.append(piece)
                self._times_ms.append(self._now_ms())
                self.unkept = self._excess()
            if self.unkept:
                self._parts.clear()
                self._times_ms.clear()
            yield piece

    def _excess(self) -> str:
        """Return why what has come is too much to be kept; empty: it is not."""
        if self._size > MOST_BYTES:
            return f"the answer is longer than {MOST_BYTES} bytes"
        if len(self._parts) > MOST_PIECES:
            return f"the answer comes in more than {MOST_PIECES} pieces"
        return ""

    def recorded(self) -> RecordedAnswer:
        """Return what has come, unpacked; `unkept` states afterwards why it is not to be kept.

        That takes long if it has to be unpacked; nothing here needs the loop.
        """
        parts, headers = self._parts, self._headers
        encoding = (header(headers, "content-encoding") or "").strip().lower()
        if encoding not in {"", "identity"} and not self.unkept:
            try:
                parts = _unpacked(parts, encoding)
                headers = tuple([pair for pair in headers if pair[0].lower() != "content-encoding"])
            except ValueError as error:
                self.unkept = str(error)
        timed = zip(self._times_ms, parts, strict=True)
        pieces = tuple([Piece(at_ms, len(part)) for at_ms, part in timed if part])
        return RecordedAnswer(self._status, headers, b"".join(parts), pieces, self._opened_ms)

    def close(self) -> None:
        """End it: the connection is kept if the answer has come whole, and otherwise closed."""
        self._lines.give_back(self._line)

    def _now_ms(self) -> float:
        return round((self._loop.time() - self._began_s) * 1_000, 1)


class Upstream:
    """Another server, and the connections to it."""

    def __init__(self, url: str, key: str | None = None) -> None:
        """Take the *url* of its root: `https://…`, or `http://` on this machine.

        A *key* takes the place of the clients' own.

        Raises:
            UsageError: It is not such a URL, or the key cannot be sent.

        """
        try:
            parts = urlsplit(url)
            host, port = parts.hostname or "", parts.port
        except ValueError as error:
            raise UsageError(f"'{url}' is not the URL of a server's root: {error}") from error
        if not host or parts.query or parts.fragment or parts.username or parts.password:
            raise UsageError(f"'{url}' is not the URL of a server's root")
        if parts.scheme != "https" and not (parts.scheme == "http" and _is_here(host)):
            raise UsageError(f"'{url}' is neither https nor on this machine: keys are sent there")
        if not (url.isascii() and url.isprintable() and " " not in url):
            raise UsageError(f"'{url}' has characters that no URL has: escape them")
        if key is not None and not (key and key.isascii() and key.isprintable() and " " not in key):
            raise UsageError("the upstream server's key is empty, or has characters no key has")
        self.url: Final = url.rstrip("/")
        self.key: Final = key
        is_encrypted = parts.scheme == "https"
        self._host = host
        self._port = port or (443 if is_encrypted else 80)
        self._stated_host = parts.netloc
        self._root = parts.path.rstrip("/")
        # Trusts the authorities that the system trusts, or those that SSL_CERT_FILE names.
        self._context = ssl.create_default_context() if is_encrypted else None
        self._lines: Lines | None = None

    async def open(self, http: HttpRequest, path: str) -> LiveAnswer:
        """Send *http* to *path*, as spelled in URLs; return the answer once its head has come.

        Raises:
            ApiError: There is none.

        """
        lines = self._lines
        if lines is None:
            lines = self._lines = Lines(self._host, self._port, self._context)
        sent = _request_head(
            http.method,
            f"{joined(self._root, path)}{_query(http.query, self.key)}",
            self._stated_host,
            _sent_headers(tuple(http.headers.items()), self.key, in_query=_has_key(http.query)),
            len(http.body),
        )
        while True:
            try:
                line = await lines.take()
            except (OSError, TimeoutError) as error:
                raise _unreached(error) from error
            began_s = asyncio.get_running_loop().time()
            try:
                head = await line.ask(http.method, sent, http.body)
            except BrokenOffError as error:
                lines.give_back(line)
                if not line.was_let_go:
                    raise _failed(error) from error
            except asyncio.CancelledError:
                lines.give_back(line)
                raise
            else:
                return LiveAnswer(lines, line, head, began_s)

    async def ask(self, http: HttpRequest, path: str) -> RecordedAnswer:
        """Return all that the server answers to *http* at *path*, as spelled in URLs.

        Raises:
            ApiError: There is no such answer.

        """
        live = await self.open(http, path)
        try:
            async for _ in live.pieces():
                if live.unkept:
                    break
        except BrokenOffError as error:
            raise _failed(error) from error
        finally:
            live.close()
        answer = live.recorded()
        if live.unkept:
            raise _refusal(502, live.unkept)
        return answer

    def close(self) -> None:
        """Close all connections."""
        if self._lines is not None:
            self._lines.close()
            self._lines = None


# --- Where a request goes --------------------------------------------------------------------


@lru_cache(maxsize=4_096)
def joined(root: str, path: str) -> str:
    """Return *path* below the path *root*, without what the end of that and its front share.

    `/api/v1` and `/v1/models` make `/api/v1/models`. Nor is there a version of the API below
    another: `/v1beta/openai` and `/v1/models` make `/v1beta/openai/models`.
    """
    above, below = root.split("/")[1:], path.split("/")[1:]
    for size in range(min(len(above), len(below)), 0, -1):
        if above[-size:] == below[:size]:
            below = below[size:]
            break
    else:
        if any(map(_VERSION.fullmatch, above)) and _VERSION.fullmatch(below[0]):
            below = below[1:]
    return "/" + "/".join([*above, *below])


_VERSION: Final = re.compile(r"v\d\w*")
"""A segment of a path with the version of an API."""


@lru_cache(maxsize=4_096)
def spelled(raw: str, path: str) -> str:
    """Return *path*, decoded, as the end of the *raw* path of the request spells it."""
    rest = raw
    while unquote(rest) != path:
        at = rest.find("/", 1)
        if at < 0:
            return quote(path, safe=KEPT_IN_PATHS)
        rest = rest[at:]
    return quote(rest, safe=f"{KEPT_IN_PATHS}%")


def _query(query: str, key: str | None) -> str:
    """Return *query* with its question mark; a *key* takes the place of the one in it."""
    if not query:
        return ""
    if key is not None:
        parts = [part.partition("=") for part in query.split("&")]
        query = "&".join(
            f"{name}={quote(key, safe='')}" if name.lower() in KEY_PARAMETERS else f"{name}{eq}{v}"
            for name, eq, v in parts
        )
    return f"?{query}"


def _has_key(query: str) -> bool:
    return any(part.partition("=")[0].lower() in KEY_PARAMETERS for part in query.split("&"))


def _is_here(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


# --- Headers ---------------------------------------------------------------------------------


def passed_on(headers: Iterable[tuple[str, str]]) -> Headers:
    """Return those of *headers* that are for both ends, and not for neighbours only."""
    given = tuple(headers)
    named = {
        named.strip().lower()
        for name, value in given
        if name.lower() == "connection"
        for named in value.split(",")
    }
    return tuple(
        [
            (name, value)
            for name, value in given
            if (lower := name.lower()) not in BETWEEN_NEIGHBOURS
            and lower not in named
            and not lower.startswith("proxy-")
        ]
    )


@lru_cache(maxsize=256)
def _sent_headers(headers: Headers, key: str | None, *, in_query: bool) -> bytes:
    """Return the lines of a request's *headers* as they are sent, except those of its framing.

    A *key* takes the place of the client's; it is *in_query* if the client's is there.
    """
    sent = [pair for pair in passed_on(headers) if pair[0].lower() not in OWN_OF_REQUESTS]
    if key is not None:
        sent = [(name, _key_in(name.lower(), value, key)) for name, value in sent]
        if not (in_query or any(name.lower() in KEY_HEADERS for name, _ in sent)):
            sent.append(("authorization", f"Bearer {key}"))
    sent.append(("accept-encoding", "identity"))
    lines = "".join([f"{name}: {value}\r\n" for name, value in sent])
    return lines.encode("utf-8", "surrogateescape")


def _key_in(lower: str, value: str, key: str) -> str:
    if lower not in KEY_HEADERS:
        return value
    return f"Bearer {key}" if lower == "authorization" else key


def _request_head(method: str, target: str, host: str, headers: bytes, size: int) -> bytes:
    """Return the head of a request with *headers* and a body of that *size*."""
    length = f"content-length: {size}\r\n" if size or method in WITH_BODY else ""
    first = f"{method} {target} HTTP/1.1\r\nhost: {host}\r\n{length}"
    return b"%b%b\r\n" % (first.encode("utf-8", "surrogateescape"), headers)


# --- Bodies ----------------------------------------------------------------------------------


def _unpacked(parts: Sequence[bytes], encoding: str) -> list[bytes]:
    """Return *parts* of a body without its *encoding*, each with what it completes.

    Raises:
        ValueError: That cannot be undone.

    """
    first = next((part for part in parts if part), b"")
    if not first:
        return list(parts)
    match encoding:
        case "gzip" | "x-gzip":
            bits = 16 + zlib.MAX_WBITS
        case "deflate":
            bits = zlib.MAX_WBITS if _is_zlib(first) else -zlib.MAX_WBITS
        case _:
            raise ValueError(f"the answer is encoded as '{encoding:.40}'")
    inflater = _Inflater(bits)
    try:
        unpacked = [inflater.unpacked(part) for part in parts]
    except zlib.error as error:
        raise ValueError(f"the answer is not valid {encoding}") from error
    if not inflater.is_whole:
        raise ValueError(f"the {encoding} of the answer is not whole")
    return unpacked


def _is_zlib(first: bytes) -> bool:
    """Return whether a `deflate` is in zlib's wrapping, as RFC 9110 has it; some leave it out."""
    return len(first) > 1 and first[0] & 0x0F == 8 and (first[0] << 8 | first[1]) % 31 == 0  # noqa: PLR2004 - RFC 1950, 2.2


class _Inflater:
    """Unpacks a body piece by piece, up to `MOST_BYTES`; *bits* are zlib's name of the format."""

    def __init__(self, bits: int) -> None:
        self._bits = bits
        self._inflater = zlib.decompressobj(bits)
        self._left = MOST_BYTES

    @property
    def is_whole(self) -> bool:
        """Whether what was unpacked ended as it should."""
        return self._inflater.eof

    def unpacked(self, piece: bytes) -> bytes:
        """Return what *piece* makes known.

        Raises:
            zlib.error: It is damaged.
            ValueError: It is too much.

        """
        plain: list[bytes] = []
        while piece:
            if self._inflater.eof:  # members of gzip may follow each other
                self._inflater = zlib.decompressobj(self._bits)
            more = self._inflater.decompress(piece, self._left + 1)
            self._left -= len(more)
            if self._left < 0:
                raise ValueError(f"the answer is longer than {MOST_BYTES} bytes")
            plain.append(more)
            piece = self._inflater.unconsumed_tail or self._inflater.unused_data
        return b"".join(plain)


# --- What went wrong -------------------------------------------------------------------------


def _failed(error: BrokenOffError) -> ApiError:
    """Return the refusal of a request whose answer has not begun, or is needed whole."""
    return _refusal(504 if isinstance(error, SilentError) else 502, error.why)


def _unreached(error: OSError | TimeoutError) -> ApiError:
    match error:
        case ssl.SSLCertVerificationError():
            why = f"its certificate is not trusted ({error.verify_message}); SSL_CERT_FILE names"
            return _refusal(502, f"{why} authorities to trust")
        case ssl.SSLError():
            return _refusal(502, f"it cannot be reached by TLS ({error.reason})")
        case TimeoutError():
            return _refusal(504, "it cannot be reached in time")
        case _:
            return _refusal(502, f"it cannot be reached ({error.strerror or 'no such address'})")


def _refusal(status: int, why: str) -> ApiError:
    return ApiError(status, f"The upstream server failed: {why}", code="upstream_failed")
