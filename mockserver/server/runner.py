"""Starting and stopping: in the foreground for the command line, in a thread for tests."""

import asyncio
import errno
import gc
import importlib
import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from aiohttp import web

from mockserver.engine import Engine, Options
from mockserver.errors import UsageError
from mockserver.plugins import Plugins
from mockserver.scenario.loader import load_scenario
from mockserver.scenario.schema import Scenario
from mockserver.server.app import App
from mockserver.server.cors import Cors
from mockserver.server.settings import Settings
from mockserver.server.watching import EVERY_S, Watcher
from mockserver.session import Session

SHUTDOWN_S: Final = 0.2
"""How long open answers may still run when the server ends."""
BACKLOG: Final = 1_024
NOT_RUNNING: Final = "the server does not run: use it in a 'with' block, or call start()"
GARBAGE: Final = 20_000
"""How many new objects make the collector look for cycles (Python's own: 700)."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a server listens."""

    host: str
    port: int
    scheme: str = "http"
    token: str | None = field(default=None, repr=False)
    """What the control API wants to be sent."""

    @property
    def url(self) -> str:
        """The root of all paths, without a slash at its end."""
        host = f"[{self.host}]" if ":" in self.host else self.host
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
    engine: Engine, host: str, port: int, settings: Settings | None = None
) -> tuple[Address, web.Server, asyncio.Server]:
    """Start to answer on *host* and *port* (0: any that is free).

    Raises:
        UsageError: The address cannot be had.

    """
    settings = settings or Settings()
    control = settings.control_plane(engine, Plugins.installed(), host)
    server = App(engine, control, settings.cors).server()
    try:
        listener = await asyncio.get_running_loop().create_server(
            server, host, port, backlog=BACKLOG, ssl=settings.tls
        )
    except OSError as error:
        raise UsageError(_why_not(host, port, error)) from error
    except OverflowError as error:
        raise UsageError(f"port {port} is not from 0 to 65535") from error
    name = listener.sockets[0].getsockname()
    scheme = "https" if settings.tls else "http"
    token = control.access.token if control else None
    return Address(host, name[1], scheme, token), server, listener


def _why_not(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"port {port} on {host} is in use: choose another with --port, or any with --port 0"
    return f"cannot listen on {host}, port {port}: {error.strerror or error}"


async def close(server: web.Server, listener: asyncio.Server) -> None:
    """Stop to answer, also in the middle of open streams."""
    listener.close()
    await server.shutdown(SHUTDOWN_S)


Ready = Callable[[Address], None]


def serve(
    engine: Engine, host: str, port: int, ready: Ready, settings: Settings | None = None
) -> None:
    """Answer in the foreground until SIGTERM or Ctrl-C; *ready* is called once it listens."""
    with asyncio.Runner(loop_factory=new_event_loop) as runner, suppress(KeyboardInterrupt):
        runner.run(_serve(engine, host, port, ready, settings or Settings()))


async def _serve(engine: Engine, host: str, port: int, ready: Ready, settings: Settings) -> None:
    address, server, listener = await listen(engine, host, port, settings)
    stopped = asyncio.Event()
    if sys.platform != "win32":
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    # What was loaded stays, and answers leave no cycles: the collector need not look so often.
    gc.collect()
    gc.freeze()
    gc.set_threshold(GARBAGE)
    watching = asyncio.create_task(_watch(engine, settings.watcher)) if settings.watcher else None
    ready(address)
    try:
        await stopped.wait()
    finally:
        if watching is not None:
            watching.cancel()
        await close(server, listener)


async def _watch(engine: Engine, watcher: Watcher) -> None:
    """Answer by what *watcher* finds changed, from then on."""
    loop = asyncio.get_running_loop()
    while True:
        await asyncio.sleep(EVERY_S)
        scenario = await loop.run_in_executor(None, watcher.check)
        if scenario is not None:
            engine.sessions.reload(scenario)


class MockServer:
    """A server in a thread of its own, for tests in Python.

    ```python
    with MockServer("basics/hello") as server:
        client = openai.OpenAI(base_url=server.base_url, api_key="sk-test")
    ```
    """

    def __init__(
        self,
        *scenarios: str | Path | Scenario,
        host: str = "127.0.0.1",
        port: int = 0,
        seed: int | None = None,
        strict: bool = False,
        any_model: bool = False,
        usage_header: bool = True,
        time_scale: float = 1.0,
        control: bool = True,
        control_token: str | None = None,
        cors_origin: str | None = None,
    ) -> None:
        """Take *scenarios* by name, by path or as values; several of a kind are one.

        *time_scale* is how long a second of a session takes: at 0 nothing waits. With *control*
        there is a control API, which wants *control_token* if that is stated.

        Raises:
            ScenarioError: A scenario is wrong.
            UsageError: Values are mixed with names or paths, or *time_scale*, the token or the
                origin is none.

        """
        options = Options(
            seed=seed,
            strict=strict,
            any_model=any_model,
            usage_header=usage_header,
            time_scale=time_scale,
        )
        self._engine = Engine(_one(scenarios), Plugins.installed(), time.monotonic, options)
        self._settings = Settings(
            control=control,
            token=control_token,
            cors=None if cors_origin is None else Cors(cors_origin),
            reload=_reader(scenarios),
        )
        self._wanted = (host, port)
        self._address: Address | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._stopped: asyncio.Event | None = None

    @property
    def url(self) -> str:
        """The root of all paths, such as `http://127.0.0.1:54321`.

        Raises:
            UsageError: The server does not run.

        """
        if self._address is None:
            raise UsageError(NOT_RUNNING)
        return self._address.url

    @property
    def base_url(self) -> str:
        """What OpenAI's clients take as their base URL."""
        return f"{self.url}/v1"

    @property
    def control_token(self) -> str | None:
        """What the control API wants to be sent; None: nothing, or there is none.

        Raises:
            UsageError: The server does not run.

        """
        if self._address is None:
            raise UsageError(NOT_RUNNING)
        return self._address.token

    def session(self, name: str = "default") -> Session:
        """Return the state of a session; read it when no request is under way."""
        return self._engine.session(name)

    def start(self) -> Self:
        """Start to answer; returns once the server listens.

        Raises:
            UsageError: The address cannot be had.

        """
        failure: list[BaseException] = []
        listening = threading.Event()
        self._thread = threading.Thread(
            target=self._run, args=(listening, failure), name="mockserver", daemon=True
        )
        self._thread.start()
        listening.wait()
        if failure:
            self._thread.join()
            raise failure[0]
        return self

    def stop(self) -> None:
        """Stop to answer; returns once the port is free. A stopped server may start again."""
        if self._loop is not None and self._stopped is not None:
            self._loop.call_soon_threadsafe(self._stopped.set)
        if self._thread is not None:
            self._thread.join()
        self._thread = self._loop = self._stopped = self._address = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _run(self, listening: threading.Event, failure: list[BaseException]) -> None:
        try:
            with asyncio.Runner(loop_factory=new_event_loop) as runner:
                runner.run(self._answer(listening))
        except BaseException as error:  # noqa: BLE001 - handed to the thread that waits in start()
            failure.append(error)
        finally:
            listening.set()

    async def _answer(self, listening: threading.Event) -> None:
        self._address, server, listener = await listen(self._engine, *self._wanted, self._settings)
        self._loop = asyncio.get_running_loop()
        self._stopped = asyncio.Event()
        listening.set()
        try:
            await self._stopped.wait()
        finally:
            await close(server, listener)


def _reader(scenarios: Sequence[str | Path | Scenario]) -> Callable[[], Scenario] | None:
    """Return what reads *scenarios* again; None if they stand in no file."""
    if not scenarios or any(isinstance(scenario, Scenario) for scenario in scenarios):
        return None
    return lambda: _one(scenarios)


def _one(scenarios: Sequence[str | Path | Scenario]) -> Scenario:
    sources = [scenario for scenario in scenarios if not isinstance(scenario, Scenario)]
    values = [scenario for scenario in scenarios if isinstance(scenario, Scenario)]
    if not values:
        return load_scenario(*sources) if sources else Scenario()
    if sources or len(values) > 1:
        raise UsageError("a server takes one scenario value, or any number of names and paths")
    return values[0]
