"""Plays timelines: the one place where an answer becomes bytes on a connection, in time.

Head and body are framed here and written as they are. aiohttp's responses are not used, so that
the bytes on the wire are exactly those of the timeline.
"""

import asyncio
import socket
import struct
from collections.abc import Callable
from functools import cache
from http import HTTPStatus
from typing import Final, Protocol, cast

from aiohttp import HttpVersion11, web

from mockserver.records.measured import Measured
from mockserver.server.gate import Holding
from mockserver.server.pacing import Pacer
from mockserver.wire.http_answers import BODILESS
from mockserver.wire.timeline import (
    MOST_HELD_S,
    Abort,
    Data,
    Forsake,
    Head,
    Hold,
    Pause,
    Raw,
    Timeline,
)

MOST_AT_ONCE: Final = 262_144
"""The most bytes that are handed to the connection without looking after others."""
LAST_CHUNK: Final = b"0\r\n\r\n"
KEEP_ALIVE: Final = b"connection: keep-alive\r\n\r\n"
CLOSE: Final = b"connection: close\r\n\r\n"
RESET_ON_CLOSE: Final = struct.pack("ii", 1, 0)


class Played(web.StreamResponse):
    """Tells aiohttp that the answer is already out, and whether the connection stays open."""

    def __init__(self, *, keep_alive: bool) -> None:
        super().__init__()
        self._stays = keep_alive

    @property
    def keep_alive(self) -> bool | None:
        """Whether another request may follow on the connection."""
        return self._stays

    async def prepare(self, request: web.BaseRequest) -> None:
        """Do nothing: the head is out."""

    async def write_eof(self, data: bytes = b"") -> None:
        """Do nothing: the body is out."""


class Forsakable(Protocol):
    """A connection that can be left half dead."""

    def forsake(self) -> None:
        """Answer whatever comes next with a reset."""


async def play(  # noqa: C901 - one case for each event, and nothing else
    timeline: Timeline,
    request: web.BaseRequest,
    start: Callable[[], Pacer] | None = None,
    hold: Holding | None = None,
    *,
    measured: Measured | None = None,
    is_last: bool = False,
) -> Played:
    """Answer *request* with *timeline*; if it *is_last*, close the connection afterwards.

    What *start* returns waits out the pauses, and *hold* waits for a release; a timeline without
    these events needs neither. An answer that is late sends several pieces at once, to catch up.
    What goes out is noted in *measured*.

    Raises:
        ConnectionError: The client has left.

    """
    measured = measured or Measured()
    framing = Framing(request, measured, is_last=is_last)
    pacer: Pacer | None = None
    for event in timeline:
        match event:
            case Head():
                framing.put_head(event)
            case Data():
                framing.put_data(event)
            case Raw(payload):
                framing.put_raw(payload)
            case Pause(seconds, scales):
                pacer = pacer or _started(start)
                if not (scales and pacer.is_behind(seconds)):
                    await _write(request, framing)
                await pacer.pause(seconds, scaled=scales)
                measured.waited(pacer.real_s(seconds, scaled=scales))
            case Hold():
                assert hold is not None, "a refusal by the server itself is not held"
                pacer = pacer or _started(start)
                before_s = measured.passed_s()
                await _hold(event, request, framing, hold)
                measured.waited(measured.passed_s() - before_s)
                pacer.resume()
            case Forsake(how):
                framing.put_end()
                await _write(request, framing)
                if how == "fin":
                    return GONE
                cast(Forsakable, request.protocol).forsake()
                return STAYS if framing.keep_alive else GONE
            case Abort(how):
                await _write(request, framing)
                await cut(request, how)
                return GONE
    framing.put_end()
    await _write(request, framing)
    return STAYS if framing.keep_alive else GONE


def _started(start: Callable[[], Pacer] | None) -> Pacer:
    """Return the pacer of an answer that has not waited yet; few ever do."""
    assert start is not None, "a refusal by the server itself has no pauses"
    return start()


async def _hold(event: Hold, request: web.BaseRequest, framing: "Framing", hold: Holding) -> None:
    """Wait until *event* ends, sending its filler; cancelled when the client leaves."""
    loop = asyncio.get_running_loop()
    until = loop.time() + MOST_HELD_S
    # Hold before sending what came before: a test that reads it may release at once.
    with hold(event) as released:
        await _write(request, framing)
        while not released.done() and (left := until - loop.time()) > 0:
            await asyncio.wait([released], timeout=min(left, event.every_s or left))
            if not released.done() and event.filler:
                framing.put_data(Data(event.filler))
                await _write(request, framing)


class LivePlay:
    """Plays an answer of which nobody knows yet how it goes on."""

    def __init__(self, request: web.BaseRequest, head: Head, measured: Measured) -> None:
        """Begin to answer *request* by *head*; nothing is written yet.

        What goes out is noted in *measured*, each piece as a token: see `Measured.count`.
        """
        self._request = request
        self._measured = measured
        self._framing = Framing(request, measured, is_last=False)
        measured.waited(measured.passed_s())
        self._framing.put_head(head)
        self._size = 0

    @property
    def is_full(self) -> bool:
        """Whether what was put is to be written before more is."""
        return self._size > MOST_AT_ONCE

    def put(self, payload: bytes) -> None:
        """Put a piece of the body, which has just come: it is not late yet."""
        self._measured.waited(self._measured.passed_s())
        self._framing.put_data(Data(payload, 1))
        self._size += len(payload)

    async def write(self) -> None:
        """Write what was put, as fast as the client reads.

        Raises:
            ConnectionError: The client has left.

        """
        self._size = 0
        await _write(self._request, self._framing)

    async def end(self) -> Played:
        """Write what was put, and end the answer.

        Raises:
            ConnectionError: The client has left.

        """
        self._framing.put_end()
        await self.write()
        return STAYS if self._framing.keep_alive else GONE

    async def break_off(self, how: str) -> None:
        """Write what was put, and end the connection in the middle of the answer.

        Raises:
            ConnectionError: The client has left.

        """
        await self.write()
        await cut(self._request, how)


STAYS = Played(keep_alive=True)
GONE = Played(keep_alive=False)


class Refusal(Played):
    """The answer to a request that cannot be handled; played when aiohttp asks for it."""

    def __init__(self, timeline: Timeline) -> None:
        super().__init__(keep_alive=False)
        self._timeline = timeline

    async def prepare(self, request: web.BaseRequest) -> None:
        """Answer, then close the connection."""
        await play(self._timeline, request, is_last=True)


class Framing:
    """Frames head and body as HTTP/1.1, and gathers the bytes until they are taken."""

    __slots__ = (
        "_chunked",
        "_has_body",
        "_is_http11",
        "_measured",
        "_parts",
        "_tokens",
        "keep_alive",
    )

    def __init__(self, request: web.BaseRequest, measured: Measured, *, is_last: bool) -> None:
        self._measured = measured
        self._tokens = 0
        self._is_http11 = request.version >= HttpVersion11
        # RFC 9110, 9.3.2: an answer to HEAD has the headers of a body, but no body.
        self._has_body = request.method != "HEAD"
        self._chunked = False
        self._parts: list[bytes] = []
        self.keep_alive = self._is_http11 and request.keep_alive and not is_last

    def put_head(self, head: Head) -> None:
        """Put the status line and the headers, including those for the body's framing."""
        self._parts += (_status_line(head.status), head.lines)
        if head.content_length is not None:
            self._parts.append(b"content-length: %d\r\n" % head.content_length)
        elif head.status in BODILESS:
            self._has_body = False
        elif self._is_http11:
            self._chunked = True
            self._parts.append(b"transfer-encoding: chunked\r\n")
        else:
            self.keep_alive = False
        self._parts.append(KEEP_ALIVE if self.keep_alive else CLOSE)

    def put_data(self, data: Data) -> None:
        """Put a piece of the body, a chunk if it is chunked."""
        payload, tokens, _ = data
        if tokens and not self._tokens:
            self._measured.ready()
        self._tokens += tokens
        if not self._has_body:
            return
        if not self._chunked:
            self._parts.append(payload)
        elif payload:
            self._parts += (b"%x\r\n" % len(payload), payload, b"\r\n")

    def put_raw(self, payload: bytes) -> None:
        """Put bytes without framing; nothing can follow them on the connection."""
        self._parts.append(payload)
        self.keep_alive = False

    def put_end(self) -> None:
        """Put what ends the response."""
        if self._chunked and self._has_body:
            self._parts.append(LAST_CHUNK)

    def take(self) -> bytes:
        """Return what has been gathered, and start over."""
        content = b"".join(self._parts)
        self._parts.clear()
        return content

    def note_sent(self, size: int) -> None:
        """Note that everything put so far is out: *size* more bytes."""
        self._measured.note(self._tokens, size)


@cache
def _status_line(status: int) -> bytes:
    phrase = HTTPStatus(status).phrase if status in set(HTTPStatus) else "Unknown"
    return f"HTTP/1.1 {status} {phrase}\r\n".encode()


async def _write(request: web.BaseRequest, framing: Framing) -> None:
    """Write what *framing* has gathered, as fast as the client reads."""
    transport = request.transport
    if transport is None or transport.is_closing():
        raise ConnectionResetError("the client has left")
    content = framing.take()
    if len(content) <= MOST_AT_ONCE:
        transport.write(content)
    else:
        await _write_in_slices(request, content)
    framing.note_sent(len(content))
    if request.protocol.writing_paused:
        await request.writer.drain()


async def _write_in_slices(request: web.BaseRequest, content: bytes) -> None:
    """Write *content*, which is large, without a copy of it in the transport's buffer."""
    view = memoryview(content)
    for at in range(0, len(view), MOST_AT_ONCE):
        transport = request.transport
        if transport is None or transport.is_closing():
            raise ConnectionResetError("the client has left")
        transport.write(view[at : at + MOST_AT_ONCE])
        if request.protocol.writing_paused:
            await request.writer.drain()
        else:
            await asyncio.sleep(0)


async def cut(request: web.BaseRequest, how: str) -> None:
    """End the connection of *request* once everything before it has been sent."""
    transport = request.transport
    if transport is None:
        return
    transport.set_write_buffer_limits(high=0)
    await request.writer.drain()
    if how == "rst":
        reset(transport)
    else:
        transport.close()


def reset(transport: asyncio.BaseTransport) -> None:
    """End the connection of *transport* at once, by a TCP reset."""
    connection: socket.socket | None = transport.get_extra_info("socket")
    if connection is not None:
        # `abort` alone would end the connection politely, with a FIN.
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
    cast(asyncio.Transport, transport).abort()
