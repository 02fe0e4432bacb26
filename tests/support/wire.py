"""A server to ask byte by byte, and its answers taken apart with nothing lost."""

import json
import re
import socket
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Any, Final, Protocol, Self
from urllib.parse import urlsplit

from mockserver import MockServer

Serve = Callable[..., MockServer]
"""Starts a server by a scenario: the fixture `serve`."""


class Served(Protocol):
    """A server that runs: in a thread, or in a subprocess."""

    @property
    def url(self) -> str: ...


PATIENCE_S = 30
"""After this long a test fails instead of hanging; nothing here takes it."""


def request(
    method: str,
    path: str,
    body: Mapping[str, Any] | bytes | None = None,
    *,
    headers: Mapping[str, str] | None = None,
    close: bool = True,
    version: str = "1.1",
) -> bytes:
    """Return the bytes of a request; with *close* the connection ends behind its answer."""
    content = (
        body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    )
    lines = {
        "host": "localhost",
        "authorization": "Bearer sk-test",
        **({} if body is None else {"content-type": "application/json"}),
        **({} if body is None else {"content-length": str(len(content))}),
        **({"connection": "close"} if close else {}),
        **(headers or {}),
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"{method} {path} HTTP/{version}\r\n{head}\r\n".encode() + content


def chat(said: str = "Hi", **members: Any) -> dict[str, Any]:
    """Return the body of a chat request."""
    messages = [{"role": "user", "content": said}]
    return {"model": "gpt-4o-mini", "messages": messages, **members}


@dataclass(frozen=True)
class Raw:
    """One response: the bytes before the empty line, those behind it, and how it ended."""

    head: bytes
    rest: bytes
    was_reset: bool = False

    @property
    def status(self) -> int:
        return int(self.head.split(b" ", 2)[1])

    @property
    def headers(self) -> dict[str, str]:
        lines = self.head.decode("latin-1").split("\r\n")[1:]
        return {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}

    @property
    def undated(self) -> "Raw":
        """The same without the date: session time, and the one header that runs differ in (S8)."""
        return replace(self, head=_DATE.sub(b"", self.head))

    @property
    def is_chunked(self) -> bool:
        return self.headers.get("transfer-encoding") == "chunked"

    @property
    def is_whole(self) -> bool:
        """Whether the response ended as its framing says it would."""
        if self.was_reset:
            return False
        if self.is_chunked:
            return self.rest.endswith(b"0\r\n\r\n")
        return len(self.rest) == int(self.headers.get("content-length", len(self.rest)))

    @property
    def body(self) -> bytes:
        return b"".join(self.chunks) if self.is_chunked else self.rest

    @property
    def chunks(self) -> list[bytes]:
        """The chunks of the transfer coding that came, the last perhaps in part."""
        chunks: list[bytes] = []
        rest = self.rest
        while rest:
            size, _, rest = rest.partition(b"\r\n")
            length = int(size, 16)
            if length:
                chunks.append(rest[:length])
            rest = rest[length + 2 :]
        return chunks

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Connection:
    """One TCP connection to a server."""

    def __init__(self, server: Served) -> None:
        self._socket = socket.create_connection(_address(server.url), timeout=PATIENCE_S)
        self._unread = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._socket.close()

    def send(self, content: bytes) -> None:
        self._socket.sendall(content)

    def receive(self, *, without_body: bool = False) -> Raw:
        """Return the next response, read no further than its framing says."""
        head = self._until(b"\r\n\r\n").removesuffix(b"\r\n\r\n")
        raw = Raw(head, b"")
        if without_body or raw.status < 200:
            return raw
        if not raw.is_chunked:
            return Raw(head, self._exactly(int(raw.headers["content-length"])))
        rest = b""
        while True:
            size = self._until(b"\r\n")
            rest += size + self._exactly(int(size, 16) + 2)
            if int(size, 16) == 0:
                return Raw(head, rest)

    def receive_to_the_end(self) -> Raw:
        """Return all that comes until the server ends the connection."""
        content, was_reset = self._unread, False
        try:
            while piece := self._socket.recv(65_536):
                content += piece
        except ConnectionResetError:
            was_reset = True
        head, _, rest = content.partition(b"\r\n\r\n")
        return Raw(head, rest, was_reset)

    def wait_for(self, mark: bytes) -> None:
        """Return once *mark* has come; all that came is left to be read."""
        while mark not in self._unread:
            self._more()

    def receive_until_silent(self, silence_s: float) -> bytes:
        """Return all that comes until the server ends the connection, or says no more for long."""
        content = self._unread
        self._socket.settimeout(silence_s)
        with suppress(TimeoutError, ConnectionError):
            while piece := self._socket.recv(65_536):
                content += piece
        return content

    def is_closed(self) -> bool:
        """Return whether the server has ended the connection, and nothing is left to read."""
        return not self._unread and self._socket.recv(1) == b""

    def _until(self, mark: bytes) -> bytes:
        while mark not in self._unread:
            self._more()
        found, _, self._unread = self._unread.partition(mark)
        return found + mark

    def _exactly(self, size: int) -> bytes:
        while len(self._unread) < size:
            self._more()
        found, self._unread = self._unread[:size], self._unread[size:]
        return found

    def _more(self) -> None:
        piece = self._socket.recv(65_536)
        assert piece, f"the server ended the connection behind {self._unread!r}"
        self._unread += piece


def exchange(server: Served, content: bytes) -> Raw:
    """Send *content* and return all that comes back until the server ends the connection."""
    with Connection(server) as connection:
        connection.send(content)
        return connection.receive_to_the_end()


_DATE: Final = re.compile(rb"\r\ndate: [^\r]+")


def _address(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    assert parts.hostname is not None
    assert parts.port is not None
    return parts.hostname, parts.port
