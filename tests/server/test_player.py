"""Timelines on a connection: framing, and what is written at once. See `test_pacing` for pauses."""

import asyncio
from dataclasses import dataclass, field
from typing import Any, cast

import pytest
from aiohttp import HttpVersion, HttpVersion10, HttpVersion11, web

from mockserver.server import player
from mockserver.server.pacing import Pacer
from mockserver.traffic.clock import Clock
from mockserver.wire.timeline import Data, Head, Pause, Timeline

HEAD = Head.of(200, (("x-one", "1"),))


@dataclass
class Transport:
    """Takes what is written."""

    written: list[bytes] = field(default_factory=list[bytes])

    def write(self, content: bytes) -> None:
        self.written.append(content)

    def is_closing(self) -> bool:
        return False


class Protocol:
    """A client that takes what is written at once."""

    writing_paused = False


@dataclass
class Request:
    """As much of a request as a player looks at."""

    version: HttpVersion = HttpVersion11
    keep_alive: bool = True
    method: str = "POST"
    transport: Transport = field(default_factory=Transport)
    protocol: Protocol = field(default_factory=Protocol)


def played(timeline: Timeline, **request: Any) -> tuple[bytes, bool | None]:
    """Return what goes out for *timeline*, and whether the connection stays."""
    asked = Request(**request)
    outcome = asyncio.run(player.play(timeline, cast(web.BaseRequest, asked)))
    return b"".join(asked.transport.written), outcome.keep_alive


CHUNKED = (
    b"HTTP/1.1 200 OK\r\nx-one: 1\r\ntransfer-encoding: chunked\r\nconnection: keep-alive\r\n\r\n"
)


@pytest.mark.parametrize(
    ("timeline", "request_", "expected"),
    [
        pytest.param(
            (HEAD, Data(b"one"), Data(b"twelve bytes")),
            {},
            (CHUNKED + b"3\r\none\r\nc\r\ntwelve bytes\r\n0\r\n\r\n", True),
            id="each piece is a chunk",
        ),
        pytest.param(
            (HEAD, Data(b"")), {}, (CHUNKED + b"0\r\n\r\n", True), id="an empty piece is none"
        ),
        pytest.param(
            (Head.of(404, (), 3), Data(b"one")),
            {},
            (
                b"HTTP/1.1 404 Not Found\r\ncontent-length: 3\r\nconnection: keep-alive\r\n\r\none",
                True,
            ),
            id="a length instead of chunks",
        ),
        pytest.param(
            (Head.of(200, (), 9), Data(b"one")),
            {"keep_alive": False},
            (b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\nconnection: close\r\n\r\none", False),
            id="a length that lies",
        ),
        pytest.param(
            (HEAD, Data(b"one")),
            {"version": HttpVersion10},
            (b"HTTP/1.1 200 OK\r\nx-one: 1\r\nconnection: close\r\n\r\none", False),
            id="no chunks for HTTP/1.0",
        ),
        pytest.param(
            (Head.of(599, (), 0),),
            {},
            (b"HTTP/1.1 599 Unknown\r\ncontent-length: 0\r\nconnection: keep-alive\r\n\r\n", True),
            id="a status without a name",
        ),
        pytest.param((HEAD, Data(b"one")), {"method": "HEAD"}, (CHUNKED, True), id="HEAD"),
    ],
)
def test_how_a_timeline_is_framed(
    timeline: Timeline, request_: dict[str, Any], expected: tuple[bytes, bool]
) -> None:
    assert played(timeline, **request_) == expected


def written(timeline: Timeline, clock: Clock, *, moved_s: float = 0.0) -> list[bytes]:
    """Return what is written of *timeline*, whose answer begins *moved_s* before now."""
    asked = Request()

    async def answer() -> None:
        pacer = Pacer(clock)
        clock.advance(moved_s)
        await player.play(timeline, cast(web.BaseRequest, asked), lambda: pacer)

    asyncio.run(answer())
    return asked.transport.written


def test_what_comes_before_a_pause_is_sent_before_it() -> None:
    timeline = (HEAD, Data(b"one"), Pause(1), Data(b"two"))

    assert written(timeline, Clock(lambda: 0.0, time_scale=0)) == [
        CHUNKED + b"3\r\none\r\n",
        b"3\r\ntwo\r\n0\r\n\r\n",
    ]


def test_an_answer_that_is_late_sends_several_pieces_at_once() -> None:
    timeline = (HEAD, Pause(1), Data(b"one"), Pause(1), Data(b"two"))

    assert written(timeline, Clock(lambda: 0.0), moved_s=2.5) == [
        CHUNKED + b"3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n"
    ]
