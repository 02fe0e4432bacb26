"""The HTTP side of the server: requests in, timelines out; nothing is decided here.

It uses aiohttp's low-level server, without router and middleware, since the engine resolves
paths anyway. aiohttp's own refusals are answered as the provider would.
"""

import asyncio
import logging
import traceback
from collections.abc import Mapping
from functools import lru_cache, partial
from typing import Any, Final, cast
from urllib.parse import unquote

from aiohttp import web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.http_parser import RawRequestMessage
from aiohttp.streams import EMPTY_PAYLOAD, StreamReader

from mockserver.conversation import ApiError
from mockserver.engine.asked import Unmade
from mockserver.engine.deferring import LARGE_BODY
from mockserver.engine.engine import Engine, Exchange
from mockserver.engine.forwarding import Forward
from mockserver.records.journal import Call, Outcome
from mockserver.records.measured import Measured
from mockserver.server import pages
from mockserver.server.control import ROOT, ControlPlane
from mockserver.server.cors import Cors, is_preflight
from mockserver.server.descriptors import Descriptors
from mockserver.server.gate import Gate
from mockserver.server.hosts import READING, Hosts
from mockserver.server.metrics import METRICS_PATH, Metrics
from mockserver.server.pacing import Pacer, wait_for
from mockserver.server.peers import reads_on
from mockserver.server.player import GONE, Played, Refusal, play, reset
from mockserver.server.proxy import Proxy
from mockserver.server.recorder import Recorder
from mockserver.server.upstream import Upstream
from mockserver.server.working import Worker
from mockserver.traffic.clock import Clock
from mockserver.traffic.turns import Turn
from mockserver.wire.http_request import Connection, HttpRequest
from mockserver.wire.timeline import Abort

MAX_BODY_BYTES: Final = 64 * 1024 * 1024
# The API's own words (without the bytes read), though its limit is 25 MiB for files.
TOO_LARGE: Final = f"Maximum content size limit ({MAX_BODY_BYTES}) exceeded"
MALFORMED: Final = "The request's body is malformed: its framing or its encoding is wrong."
MAX_FIELD_BYTES: Final = 64 * 1024
HEALTH_PATHS: Final = frozenset({"/healthz", "/_mock/healthz"})
KEEP_ALIVE_S: Final = 3_630.0
LOOKING_S: Final = 0.25
"""How often it is looked whether a half-closed client still reads; where that cannot be known, how
long its answer may take."""
LINGERING_S: Final = 1.0
"""How long a body that is too large is still read, so that its sender gets the refusal."""

_log = logging.getLogger("mockserver")


class App:
    """Passes HTTP requests to the engine, or to the control API."""

    def __init__(
        self,
        engine: Engine,
        gate: Gate | None = None,
        control: ControlPlane | None = None,
        cors: Cors | None = None,
        *,
        upstream: Upstream | None = None,
        recorder: Recorder | None = None,
        hosts: Hosts | None = None,
        worker: Worker | None = None,
        metrics: Metrics | None = None,
    ) -> None:
        """Take the engine, the *gate* for answers that a test holds, and the *worker*.

        Without *control* there is no control API. Without *cors*, no page in a browser may call
        the server. Without *upstream*, nothing is forwarded, and without *recorder*, nothing of
        what is forwarded is kept or reported. Without *metrics*, there are none to scrape.
        """
        self.engine = engine
        self.gate = Gate() if gate is None else gate
        self.control = control
        self.cors = cors
        self.proxy = Proxy(engine, upstream, recorder, cors)
        self.recorder = recorder
        self.hosts = Hosts() if hosts is None else hosts
        self.worker = Worker() if worker is None else worker
        self.metrics = metrics
        self.is_stopping = False
        """Set from any thread: what has arrived is not answered any more."""

    def server(self) -> "Server":
        """Return the protocol factory for `loop.create_server`."""
        return Server(self)

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request: health, control API or provider."""
        if self.is_stopping:
            request.protocol.force_close()
            return GONE
        path, query = _split(request.raw_path)
        if path in HEALTH_PATHS and request.method in READING:
            return web.json_response({"status": "ok"})
        if self.control is not None and (path.startswith(ROOT) or path == pages.ROOT):
            return await self.control.handle(request, path, query)
        refusal = self.hosts.refusal(request.method, cast(Mapping[str, str], request.headers))
        if refusal is not None:
            return await self._refuse(request, ApiError(403, refusal, code="host_not_allowed"))
        if self.metrics is not None and path == METRICS_PATH and request.method in READING:
            return await self.metrics.answer(cast(Mapping[str, str], request.headers))
        if self.cors is not None and is_preflight(request):
            return await play(self.cors.preflight(request), request)
        if self.control is not None and request.method in READING:
            inspector = pages.instead_of(path, cast(Mapping[str, str], request.headers))
            if inspector is not None:
                return inspector
        return await self._answered(request, path, query)

    async def _answered(
        self, request: web.BaseRequest, path: str, query: str
    ) -> web.StreamResponse:
        """Answer a request to the provider, and enter the outcome in the journal."""
        content = await self._content(request)
        if not isinstance(content, bytes):
            return content
        headers = cast(Mapping[str, str], request.headers)
        connection = cast(_Connection, request.protocol).counted()
        http = HttpRequest(request.method, path, headers, content, query, connection)
        measured = Measured()
        prepared = None
        if len(content) > LARGE_BODY:
            prepared = await self.worker.run(partial(self.engine.understand, http))
        answered = self.engine.answer(http, prepared, defers=True)
        running, streams = self.engine.totals.running, int(answered.call.stream)
        running.answers += 1
        running.streams += streams
        try:
            exchange = await self._exchange(answered, request, measured)
            if not isinstance(exchange, Exchange):
                return exchange
            if isinstance(answered, Forward):
                measured.waited(measured.passed_s())  # for the upstream server
            return await self._played(exchange, request, measured)
        except ConnectionError:
            return GONE
        finally:
            running.answers -= 1
            running.streams -= streams

    async def _played(
        self, exchange: Exchange, request: web.BaseRequest, measured: Measured
    ) -> web.StreamResponse:
        """Play what goes out, and enter the outcome in the journal.

        Raises:
            ConnectionError: The client has left.

        """
        outcome: Outcome = "client_left"
        try:
            timeline = exchange.timeline
            if self.cors is not None:
                timeline = self.cors.exposed(timeline, request)
            session = exchange.asked.session
            for turn in tuple(exchange.asked.places):
                if not turn.runs:
                    exchange.call.queued_s += await self._queued(turn, session.clock, measured)
            hold = partial(self.gate.hold, session.name)
            played = await play(
                timeline, request, partial(Pacer, session.clock), hold, measured=measured
            )
            outcome = "aborted" if isinstance(exchange.timeline[-1], Abort) else "sent"
        finally:
            # Also if the client's leaving cancels this task.
            _enter(exchange.call, measured, outcome)
            self.engine.close(exchange, outcome)
        return played

    async def _queued(self, turn: Turn, clock: Clock, measured: Measured) -> float:
        """Wait for *turn*, and return how long that took by *clock*."""
        running, before_s = self.engine.totals.running, measured.passed_s()
        running.queued += 1
        try:
            return await wait_for(turn, clock)
        finally:
            running.queued -= 1
            measured.waited(measured.passed_s() - before_s)

    async def _content(self, request: web.BaseRequest) -> bytes | Played:
        """Return the body of *request*, or how it was refused."""
        if request.content.is_eof():
            return request.content.read_nowait()
        try:
            return await _read(request)
        except web.HTTPRequestEntityTooLarge:
            return await self._refuse(request, ApiError(413, TOO_LARGE, type="server_error"))
        except web.RequestPayloadError:
            refused = await self._refuse(request, ApiError(400, MALFORMED))
            # What follows on the connection is neither a request nor the rest of this one.
            request.protocol.force_close()
            return refused

    async def _exchange(
        self, answered: Exchange | Forward | Unmade, request: web.BaseRequest, measured: Measured
    ) -> Exchange | Played:
        """Return what goes out for a call, which may have to be made; or how it went out already.

        Raises:
            ConnectionError: The client has left.

        """
        match answered:
            case Exchange():
                return answered
            case Forward():
                return await self.proxy.answered(answered, request, measured)
            case Unmade():
                return await self._made(answered)

    async def _made(self, unmade: Unmade) -> Exchange:
        """Return what goes out for a call whose answer takes long to make."""
        try:
            finished = await self.worker.run(partial(self.engine.make, unmade))
        except asyncio.CancelledError:
            self.engine.close(unmade, "client_left")
            raise
        return self.engine.give(unmade, finished)

    async def _refuse(self, request: web.BaseRequest, error: ApiError) -> Played:
        try:
            return await play(self.engine.refuse(error), request, is_last=True)
        except ConnectionError:
            return GONE


def _enter(call: Call, measured: Measured, outcome: Outcome) -> None:
    """Enter when the answer to *call* went out, and how much of it."""
    if outcome == "client_left":
        call.client_left_after_tokens = measured.out
    if measured.sent_bytes:
        call.measured = measured


async def _read(request: web.BaseRequest) -> bytes:
    """Return the body of *request*, which has not fully arrived."""
    if request.headers.get("expect", "").lower() == "100-continue":
        if (request.content_length or 0) > MAX_BODY_BYTES:
            raise web.HTTPRequestEntityTooLarge(MAX_BODY_BYTES)
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        # The answer has not begun yet, and may still be a refusal.
        request.writer.output_size = 0
    return await request.read()


@lru_cache(maxsize=4_096)
def _split(raw_path: str) -> tuple[str, str]:
    """Return the decoded path and the raw query of a request target."""
    if not raw_path.startswith("/"):
        # The absolute form, which clients send to proxies: scheme, "//", host, then the path.
        raw_path = "/" + raw_path.partition("://")[2].partition("/")[2]
    path, _, query = raw_path.partition("?")
    return unquote(path), query


class Server(web.Server):
    """aiohttp's server with our limits, and our answers for what it refuses."""

    def __init__(self, app: App) -> None:
        super().__init__(app.handle, request_factory=self._request, handler_cancellation=True)
        self._loop = asyncio.get_running_loop()
        self._app = app
        self.descriptors = Descriptors(self._loop)

    def hurry(self) -> None:
        """Answer nothing more; may be called from any thread, and from a signal's handler."""
        self._app.is_stopping = True

    def finish(self, within_s: float) -> None:
        """Wait until all that was recorded is written, but no longer than that."""
        if self._app.recorder is not None:
            self._app.recorder.finish(within_s)

    @property
    def worker(self) -> Worker:
        """What computes for it."""
        return self._app.worker

    async def shutdown(self, timeout: float | None = None) -> None:  # noqa: ASYNC109 - aiohttp's
        """Close all connections, including those to the upstream server."""
        await super().shutdown(timeout)
        self._app.proxy.close()

    def __call__(self) -> web.RequestHandler:
        """Return what answers on a new connection."""
        return _Connection(
            self,
            loop=asyncio.get_running_loop(),
            app=self._app,
            keepalive_timeout=KEEP_ALIVE_S,
            lingering_time=LINGERING_S,
            max_field_size=MAX_FIELD_BYTES,
            max_line_size=MAX_FIELD_BYTES,
            access_log=cast(Any, None),
            logger=cast(Any, _log),
        )

    def _request(
        self,
        message: RawRequestMessage,
        payload: StreamReader,
        protocol: web.RequestHandler,
        writer: AbstractStreamWriter,
        task: "asyncio.Task[None]",
    ) -> web.BaseRequest:
        cast(_Connection, protocol).take_up(payload)
        return web.BaseRequest(
            message,
            payload,
            protocol,
            writer,
            task,
            self._loop,
            client_max_size=MAX_BODY_BYTES,
        )


class _Connection(web.RequestHandler):
    """One client's connection."""

    __slots__ = ("_app", "_is_forsaken", "_is_half_closed", "_payload", "_shared")

    def __init__(self, manager: web.Server, *, app: App, **options: Any) -> None:
        super().__init__(manager, **options)
        self._app = app
        self._is_forsaken = False
        self._shared = Connection()
        self._is_half_closed = False
        self._payload: StreamReader | None = None
        """The body of the request that was taken up last."""

    def counted(self) -> Connection:
        """Return what its requests have in common, one more counted."""
        self._shared.requests += 1
        return self._shared

    def connection_lost(self, exc: BaseException | None) -> None:
        """Note how it has ended: by a reset, if its client has not read all that was sent."""
        self._shared.is_closed = True
        self._shared.is_reset = exc is not None
        super().connection_lost(exc)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin, unless the server ends: nobody would close the connection any more."""
        super().connection_made(transport)
        if self._app.is_stopping:
            cast(asyncio.Transport, transport).abort()

    def forsake(self) -> None:
        """Answer whatever comes next with a reset."""
        self._is_forsaken = True
        if self._messages and self.transport is not None:
            reset(self.transport)  # it has arrived already

    def data_received(self, data: bytes) -> None:
        """Take *data*; fail the body that is being read if the rest will never come.

        aiohttp's parser reports that it can read no further only to the next request.
        """
        if self._is_forsaken and self.transport is not None:
            reset(self.transport)
            return
        super().data_received(data)
        waiting = self._current_request
        if (
            waiting is not None
            and self._messages
            and self._messages[-1][1] is EMPTY_PAYLOAD
            and not waiting.content.is_eof()
        ):
            waiting.content.set_exception(web.RequestPayloadError("the body breaks off"))

    def log_exception(self, *args: Any, **kw: Any) -> None:
        """Log what failed here; that the rest of a body cannot be read is its sender's doing."""
        if not isinstance(kw.get("exc_info"), web.RequestPayloadError):
            super().log_exception(*args, **kw)

    def eof_received(self) -> bool:  # type: ignore[override] # aiohttp never keeps one
        """Keep the connection for what is still to be answered, if the client reads on.

        Whoever closes its side in the middle of a request has left, and so has whoever closes an
        encrypted connection: asyncio cannot keep half of one.
        """
        transport = self.transport
        if transport is None or self.ssl_context is not None:
            return False
        if self._messages and not self._messages[-1][1].is_eof():
            del self._messages[-1]  # its body breaks off
        is_idle = self._payload is None or self._waiter is not None
        if self._payload is not None and not (is_idle or self._payload.is_eof()):
            return False
        if (is_idle and not self._messages) or reads_on(transport) is False:
            return False
        if not self._is_half_closed:
            self._is_half_closed = True
            self._end_after_last()
            self._loop.call_later(LOOKING_S, self._look_after)
        return True

    def take_up(self, payload: StreamReader) -> None:
        """Note that the next request, whose body is *payload*, is about to be answered."""
        self._payload = payload
        if self._is_half_closed:
            self._end_after_last()

    def _end_after_last(self) -> None:
        """Close the connection after the request at hand, if no other has arrived."""
        if not self._messages:
            self._close = True

    def _look_after(self) -> None:
        """End what a half-closed connection still sends, once nobody can read it."""
        transport = self.transport
        if transport is None or transport.is_closing():
            return
        if reads_on(transport):
            self._loop.call_later(LOOKING_S, self._look_after)
        else:
            transport.abort()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Return the answer to a request that aiohttp could not read, or that we failed on."""
        if status >= 500:  # noqa: PLR2004 - HTTP's server errors
            # Without the request and the error's message: both may quote keys and bodies.
            kind = type(exc).__name__
            where = "".join(traceback.format_tb(exc.__traceback__)) if exc else ""
            _log.error("an answer failed (%s); please report this:\n%s", kind, where)
            what = f"llm-mockserver failed on this request ({kind}): please report it"
            error = ApiError(status, what, type="server_error")
        else:
            what = (message or "Bad Request").splitlines()[0].rstrip(": ")
            error = ApiError(status, f"The request is not valid HTTP: {what}", layer="edge")
        if request.writer.output_size > 0:
            raise ConnectionError("the answer has begun already")
        return Refusal(self._app.engine.refuse(error))
