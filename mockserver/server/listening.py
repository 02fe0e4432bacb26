"""Listening on a port: starting, stopping, and refusing connections."""

import asyncio
import errno
import importlib
import socket
from dataclasses import dataclass, field
from typing import Final

from mockserver.engine.engine import Engine
from mockserver.errors import UsageError
from mockserver.plugins import Plugins
from mockserver.server.app import App, Server
from mockserver.server.gate import Gate
from mockserver.server.metrics import Metrics
from mockserver.server.settings import Settings
from mockserver.server.working import Worker
from mockserver.wire.http_request import HttpRequest

SHUTDOWN_S: Final = 0.2
"""How long open answers may still run when the server stops."""
BACKLOG: Final = 1_024
WRITING_S: Final = 0.45
"""How long what was recorded may still be written when a program ends."""
AT_ONCE_S: Final = 0.01
"""How long open answers may still run when connections are refused: to aiohttp, 0 is for ever."""
ENDING_TURNS: Final = 5
"""After so many turns of the loop, what was begun in the first of them is done."""
SHUTTING_STEPS: Final = 100
"""How often the loop may run to close a socket before its port is given up."""

FIRST: Final = HttpRequest(
    "POST",
    "/v1/chat/completions",
    {"authorization": "Bearer sk-mock", "content-type": "application/json"},
    b'{"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Hi"}]}',
)
"""What is understood before the server listens, so that all that this needs has been read."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a server listens."""

    host: str
    port: int
    scheme: str = "http"
    token: str | None = field(default=None, repr=False)
    """The token that the control API requires."""

    @property
    def url(self) -> str:
        """The root of all paths, without a slash at its end."""
        # A server that listens everywhere listens on loopback too; clients need an address.
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)  # noqa: S104 - as above
        host = f"[{host}]" if ":" in host else host
        return f"{self.scheme}://{host}:{self.port}"


def new_event_loop() -> asyncio.AbstractEventLoop:
    """Return uvloop's loop where it is installed (the `speed` extra), else asyncio's."""
    try:
        uvloop = importlib.import_module("uvloop")
    except ImportError:
        return asyncio.new_event_loop()
    loop: asyncio.AbstractEventLoop = uvloop.new_event_loop()
    return loop


async def listen(
    engine: Engine,
    host: str,
    port: int,
    gate: Gate | None = None,
    settings: Settings | None = None,
) -> tuple[Address, Server, asyncio.Server]:
    """Start answering on *host* and *port* (0: any free one); *gate* holds answers.

    Before it listens, the server is ready: its first answer takes no longer than later ones.

    Raises:
        UsageError: The server cannot listen there.

    """
    settings = settings or Settings()
    if not host.strip():
        raise UsageError("the host is empty: 127.0.0.1 is this machine, 0.0.0.0 all its networks")
    engine.warm_up(FIRST)
    gate = Gate() if gate is None else gate
    hosts = settings.hosts(host)
    worker = Worker()
    plugins = Plugins.installed()
    control = settings.control_plane(engine, plugins, host, gate, worker)
    app = App(
        engine,
        gate,
        control,
        settings.cors,
        upstream=settings.upstream,
        recorder=settings.recorder,
        hosts=hosts,
        worker=worker,
        metrics=Metrics(engine, gate, plugins) if settings.metrics else None,
    )
    server = app.server()
    loop = asyncio.get_running_loop()
    try:
        listener = await loop.create_server(server, host, port, backlog=BACKLOG, ssl=settings.tls)
    except OSError as error:
        raise UsageError(_listen_error(host, port, error)) from error
    except OverflowError as error:
        raise UsageError(f"port {port} is not between 0 and 65535") from error
    server.descriptors.watch()
    name = listener.sockets[0].getsockname()
    scheme = "https" if settings.tls else "http"
    token = control.access.token if control else None
    return Address(host, name[1], scheme, token), server, listener


def _listen_error(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"port {port} on {host} is in use: choose another with --port, or any with --port 0"
    return f"cannot listen on {host}, port {port}: {error.strerror or error}"


async def close(server: Server, listener: asyncio.Server, writing_s: float = WRITING_S) -> None:
    """Stop answering, even in the middle of open streams.

    What was recorded by then may still be written for *writing_s*.
    """
    server.hurry()
    server.worker.stop()
    # What has just been accepted becomes a connection, and ends: asyncio would lose its socket
    # where the listener closes first.
    await _let_the_loop_turn()
    listener.close()
    server.descriptors.close()
    transports = [handler.transport for handler in server.connections]
    await server.shutdown(SHUTDOWN_S)
    for transport in transports:
        # What a client has not read would keep its connection open.
        if transport is not None:
            transport.abort()
    await _let_the_loop_turn()  # and those that were lost are closed
    server.finish(writing_s)


async def _let_the_loop_turn() -> None:
    for _ in range(ENDING_TURNS):
        await asyncio.sleep(0)


class Door:
    """The port of a running server: open, or held by a socket that does not listen."""

    def __init__(self, server: Server, listener: asyncio.Server) -> None:
        self.listener = listener
        self.server = server
        self._kept: socket.socket | None = None

    async def shut(self) -> None:
        """Refuse connections, end those that are open, and keep the port."""
        if self._kept is not None:
            raise UsageError("the server already refuses connections")
        listening = self.listener.sockets[0]
        kept = socket.socket(listening.family, listening.type)
        kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        name = listening.getsockname()
        self.listener.close()
        for _ in range(SHUTTING_STEPS):
            try:
                kept.bind(name)
                break
            except OSError:  # the loop has not closed the listening socket yet
                await asyncio.sleep(0)
        else:
            kept.close()
            raise UsageError(f"port {name[1]} cannot be held while connections are refused")
        self._kept = kept
        await self.server.shutdown(AT_ONCE_S)

    def close(self) -> None:
        """Release the port if it is held."""
        if self._kept is not None:
            self._kept.close()

    async def open(self) -> None:
        """Listen again on the same port."""
        kept, self._kept = self._kept, None
        assert kept is not None
        self.listener = await asyncio.get_running_loop().create_server(
            self.server, sock=kept, backlog=BACKLOG
        )
