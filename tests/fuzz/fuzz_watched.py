"""A server that is watched: what it logs, and which tasks, connections and descriptors it has."""

import asyncio
import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from aiohttp import web
from support.wire import PATIENCE_S, Connection, Raw, request

from mockserver.engine.engine import Engine
from mockserver.plugins import Plugins
from mockserver.scenario.schema import Scenario
from mockserver.server import listening
from mockserver.sessions.options import Options

MOST_CENSUSES = 1_000
"""So often one is taken before what is left is taken to stay."""
LOGGERS = ("mockserver", "asyncio", "aiohttp")
DESCRIPTORS = next(
    (path for path in map(Path, ("/proc/self/fd", "/dev/fd")) if path.is_dir()), None
)


class Census(NamedTuple):
    """What lives in a server's process, besides the server itself."""

    tasks: int
    connections: int
    descriptors: int


@dataclass
class Watched:
    """A server in a loop of its own thread, with what it was seen to do."""

    url: str
    loop: asyncio.AbstractEventLoop
    server: web.Server
    complaints: list[str] = field(default_factory=list[str])
    _kept: Connection | None = None

    @property
    def answered(self) -> int:
        """How many requests it has taken."""
        return self.server.requests_count

    def ask(self, content: bytes) -> Raw:
        """Send *content*, which is one whole request, on a connection that is kept if it may be."""
        if self._kept is None:
            self._kept = Connection(self)
        self._kept.send(content)
        raw = self._kept.receive()
        if raw.headers["connection"] == "close":
            self.hang_up()
        return raw

    def hang_up(self) -> None:
        """End the connection that is kept."""
        if self._kept is not None:
            with self._kept:
                self._kept = None

    def is_well(self) -> bool:
        """Return whether a plain request gets a plain answer."""
        with Connection(self) as connection:
            connection.send(request("GET", "/v1/models/gpt-4o-mini"))
            raw = connection.receive_to_the_end()
        return raw.status == 200 and raw.json["id"] == "gpt-4o-mini"

    def census(self) -> Census:
        """Return what lives once all that was to end has ended."""

        async def settled() -> tuple[int, int]:
            others = asyncio.all_tasks() - {asyncio.current_task()}
            if others:
                await asyncio.wait(others, timeout=PATIENCE_S)
            return len(asyncio.all_tasks()) - 1, len(self.server.connections)

        self.hang_up()
        # Connections are taken in their order: with this one, all that came before it are known.
        assert self.is_well()
        tasks, connections = asyncio.run_coroutine_threadsafe(settled(), self.loop).result()
        return Census(tasks, connections, len(list(DESCRIPTORS.iterdir())) if DESCRIPTORS else 0)

    def census_after(self, before: Census) -> Census:
        """Return what lives once it is no more than *before*, or for good.

        F20: a server learns that a client has left when it reads its FIN, which may lie unread
        while others are answered. Each whole exchange lets the loop turn and read.
        """
        for _ in range(MOST_CENSUSES):
            found = self.census()
            if found == before:
                break
        return found


class _Ear(logging.Handler):
    """Hears what is said at the level of errors, on all loggers that a server might use."""

    def __init__(self, complaints: list[str]) -> None:
        super().__init__(logging.ERROR)
        self._complaints = complaints

    def emit(self, record: logging.LogRecord) -> None:
        self._complaints.append(f"{record.name}: {self.format(record)}")


@contextmanager
def watched_server(scenario: Scenario, **options: Any) -> Iterator[Watched]:
    """Run a server that is watched; its end is no part of what it must do well."""
    engine = Engine(scenario, Plugins.installed(), time.monotonic, Options(**options))
    loop = listening.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    started = asyncio.run_coroutine_threadsafe(listening.listen(engine, "127.0.0.1", 0), loop)
    address, server, listener = started.result(PATIENCE_S)
    watched = Watched(address.url, loop, server)
    ear = _Ear(watched.complaints)
    for name in LOGGERS:
        logging.getLogger(name).addHandler(ear)
    try:
        yield watched
    finally:
        watched.hang_up()
        asyncio.run_coroutine_threadsafe(listening.close(server, listener), loop).result(PATIENCE_S)
        for name in LOGGERS:
            logging.getLogger(name).removeHandler(ear)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(PATIENCE_S)
        loop.close()
