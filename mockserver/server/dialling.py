"""Connections to one other server: opened, used for one request after another, and closed.

Not by aiohttp's client: that needs more time for a request than the rest of the way takes, hands
on chunks in other pieces than they were sent in, and loses what came right before a connection
broke off.
"""

import asyncio
import ssl
from collections import deque
from collections.abc import AsyncIterator
from functools import partial
from typing import Final, Literal, cast

from mockserver.wire.http_answers import AnswerHead, AnswerReader, NotHttpError

CONNECTING_S: Final = 10
"""How long it may take to open a connection, with its encryption."""
SECOND_ADDRESS_S: Final = 0.25
"""After so long without a connection, the next address of a host is tried too (RFC 8305)."""
SILENCE_S: Final = 600
"""How long nothing may come: as long as the official clients wait for an answer."""
IDLE_S: Final = 4.0
"""How long a connection is kept for the next request: many servers close theirs after 5 s."""
LOOKING_S: Final = 1.0
"""How often it is looked which connections have been silent, or idle, for too long."""
MOST_WAITING: Final = 256 * 1024
"""How much may wait to be handed on before the other server has to wait as well."""

Ending = Literal["rst", "fin"]


class BrokenOffError(Exception):
    """The answer does not come whole: *how* its connection ended, and *why* in words."""

    def __init__(self, how: Ending, why: str) -> None:
        super().__init__(why)
        self.how: Final[Ending] = how
        self.why: Final = why


class Line(asyncio.Protocol):
    """A connection to the other server, which carries one request at a time."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._reader: AnswerReader | None = None
        self._pieces: deque[bytes] = deque()
        self._waiting = 0
        self._is_paused = False
        self._waiter: asyncio.Future[None] | None = None
        self._broken: BrokenOffError | None = None
        self._heard_s = 0.0
        self._has_heard = False
        self.idle_from_s = 0.0

    # --- What the loop calls ---

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """Take what has come."""
        reader = self._reader
        if reader is None or reader.has_ended or self._broken is not None:
            self.abort()  # nothing more was asked
            return
        self._heard_s = self._loop.time()
        self._has_heard = True
        try:
            pieces = reader.feed(data)
        except NotHttpError as error:
            self._pieces.extend(error.pieces)
            self._break(BrokenOffError("fin", f"its answer cannot be read: {error}"))
            self.abort()
            return
        if pieces:
            self._pieces.extend(pieces)
            self._waiting += sum(map(len, pieces))
            if self._waiting > MOST_WAITING and not self._is_paused and self._transport is not None:
                self._is_paused = True
                self._transport.pause_reading()
        self._wake()

    def eof_received(self) -> bool:
        """Close the connection too."""
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """End the answer, as it is allowed to end or too early."""
        self._transport = None
        reader = self._reader
        if reader is None or reader.has_ended:
            return
        is_reset = isinstance(exc, ConnectionResetError | BrokenPipeError)
        self._pieces.extend(reader.end())
        if not reader.has_ended or is_reset:
            why = "reset the connection" if is_reset else "closed the connection"
            where = "without an answer" if reader.head is None else "in the middle of its answer"
            self._break(BrokenOffError("rst" if is_reset else "fin", f"it {why} {where}"))
        self._wake()

    # --- A request ---

    async def ask(self, method: str, request: bytes, body: bytes) -> AnswerHead:
        """Send *request*, the head of one of that *method*, and *body*; return the answer's head.

        Raises:
            BrokenOffError: None comes.

        """
        transport = self._transport
        self._has_heard = False
        if transport is None or transport.is_closing():
            raise BrokenOffError("fin", "it closed the connection without an answer")
        self._reader = reader = AnswerReader(method)
        self._pieces.clear()
        self._waiting = 0
        self._heard_s = self._loop.time()
        transport.write(request + body if len(body) < MOST_WAITING else request)
        if len(body) >= MOST_WAITING:
            transport.write(body)
        while reader.head is None:
            if self._broken is not None:
                raise self._broken
            await self._news()
        return reader.head

    @property
    def is_ready(self) -> bool:
        """Whether the next piece, or the end, has come already."""
        reader = self._reader
        return bool(self._pieces or self._broken) or (reader is not None and reader.has_ended)

    async def pieces(self) -> AsyncIterator[bytes]:
        """Yield the body of the answer, piece by piece as it comes.

        Raises:
            BrokenOffError: It does not come whole.

        """
        reader = self._reader
        assert reader is not None
        while True:
            while self._pieces:
                piece = self._pieces.popleft()
                self._waiting -= len(piece)
                yield piece
            if self._is_paused and self._transport is not None:
                self._is_paused = False
                self._transport.resume_reading()
            if self._broken is not None:
                raise self._broken
            if reader.has_ended:
                return
            await self._news()

    def can_be_kept(self) -> bool:
        """Return whether another request may follow: the answer has come whole, and agrees."""
        reader = self._reader
        return (
            reader is not None
            and reader.has_ended
            and reader.head is not None
            and reader.head.keeps_open
            and not reader.has_more
            and self.is_open
            and self._broken is None
        )

    @property
    def is_open(self) -> bool:
        """Whether a request can be sent."""
        return self._transport is not None and not self._transport.is_closing()

    @property
    def was_let_go(self) -> bool:
        """Whether the other server ended it, after an earlier answer, while a request was sent.

        It had most likely not read that: browsers and curl send it again by a new connection.
        """
        was_used = self.idle_from_s > 0
        return was_used and not self._has_heard and not isinstance(self._broken, SilentError)

    def rest(self) -> None:
        """Wait for the next request: whatever comes before that ends the connection."""
        self._reader = None
        self._pieces.clear()
        self._waiting = 0
        self.idle_from_s = self._loop.time()

    def abort(self) -> None:
        """Close the connection at once."""
        if self._transport is not None:
            self._transport.abort()

    async def _news(self) -> None:
        """Wait until something has come, or the connection has ended."""
        self._waiter = self._loop.create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _break(self, how: BrokenOffError) -> None:
        self._broken = self._broken or how
        self._wake()

    def end_if_silent(self, since_s: float) -> None:
        """End the answer if nothing has come since then, although it could."""
        if self._heard_s < since_s and not self._is_paused:
            self._break(SilentError("fin", f"nothing came for {SILENCE_S} s"))
            self.abort()


class SilentError(BrokenOffError):
    """Nothing came for too long."""


class Lines:
    """The connections to *host* and *port*; with a *context*, they are encrypted."""

    def __init__(self, host: str, port: int, context: ssl.SSLContext | None) -> None:
        self._host = host
        self._port = port
        self._context = context
        self._idle: list[Line] = []
        self._busy: set[Line] = set()
        self._looking: asyncio.TimerHandle | None = None

    async def take(self) -> Line:
        """Return a connection, the one that was used last or a new one; `give_back` it.

        Raises:
            OSError: The server cannot be reached.
            TimeoutError: Not in time.
            ssl.SSLError: It cannot be trusted.

        """
        loop = asyncio.get_running_loop()
        oldest_s = loop.time() - IDLE_S
        while self._idle:
            line = self._idle.pop()
            if line.is_open and line.idle_from_s > oldest_s:
                return self._taken(line)
            line.abort()
        dial = partial(loop.create_connection, Line, self._host, self._port, ssl=self._context)
        async with asyncio.timeout(CONNECTING_S):
            # Other loops than asyncio's own cannot try a second address meanwhile.
            is_own = isinstance(loop, asyncio.BaseEventLoop)
            made = await (dial(happy_eyeballs_delay=SECOND_ADDRESS_S) if is_own else dial())
        return self._taken(made[1])

    def give_back(self, line: Line) -> None:
        """Keep *line* for the next request if its answer has come whole; otherwise close it."""
        self._busy.discard(line)
        if not line.can_be_kept():
            line.abort()
            return
        line.rest()
        self._idle.append(line)

    def _taken(self, line: Line) -> Line:
        self._busy.add(line)
        if self._looking is None:
            self._looking = asyncio.get_running_loop().call_later(LOOKING_S, self._look)
        return line

    def _look(self) -> None:
        """Close connections that were not used for long, or on which nothing has come for long."""
        loop = asyncio.get_running_loop()
        now_s = loop.time()
        idle, self._idle = self._idle, []
        for line in idle:
            if line.is_open and line.idle_from_s > now_s - IDLE_S:
                self._idle.append(line)
            else:
                line.abort()
        for line in tuple(self._busy):
            line.end_if_silent(now_s - SILENCE_S)
        is_used = self._idle or self._busy
        self._looking = loop.call_later(LOOKING_S, self._look) if is_used else None

    def close(self) -> None:
        """Close all of them."""
        if self._looking is not None:
            self._looking.cancel()
            self._looking = None
        for line in (*self._idle, *self._busy):
            line.abort()
        self._idle.clear()
