"""Starting and stopping: in the foreground for the command line, in a thread for tests."""

import asyncio
import ctypes
import gc
import inspect
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Coroutine, Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Never, NoReturn, Self, TypeVar
from urllib.parse import quote

from mockserver.engine.engine import Engine
from mockserver.errors import UsageError, did_you_mean, shows_mistake
from mockserver.plugins import Plugins
from mockserver.records.journal import CAPACITY
from mockserver.scenario.loader import Source, load_scenario, read_strict
from mockserver.scenario.schema import Scenario, Strict
from mockserver.server.certificates import self_signed
from mockserver.server.cors import Cors
from mockserver.server.forwarded import RecordMode, forwarded, in_python
from mockserver.server.gate import Gate
from mockserver.server.listening import Address, Door, close, listen, new_event_loop
from mockserver.server.settings import Settings
from mockserver.server.upstream import Upstream
from mockserver.server.watching import EVERY_S, Watcher
from mockserver.server.working import Worker
from mockserver.sessions.naming import DEFAULT_SESSION
from mockserver.sessions.options import Options
from mockserver.sessions.session import Session

__tracebackhide__ = shows_mistake

T = TypeVar("T")
_log = logging.getLogger("mockserver")

MOST_STOPPING_S: Final = 0.9
"""The longest that a program takes to end that was told to; what is at work by then is cut off."""
MOST_WRITING_S: Final = 30.0
"""The longest that a server in a thread takes to write what was recorded, once it is to stop."""
NOT_RUNNING: Final = "the server is not running: use it in a 'with' block, or call start()"
GARBAGE: Final = 20_000
"""How many new objects trigger a search for cycles (Python's default: 700)."""

Ready = Callable[[Address], None]


def serve(
    engine: Engine, host: str, port: int, ready: Ready, settings: Settings | None = None
) -> None:
    """Answer in the foreground until SIGTERM or Ctrl-C; *ready* is called once it listens.

    The program ends within `MOST_STOPPING_S` of the signal.
    """
    last_resort = threading.Timer(MOST_STOPPING_S, _end_now)
    last_resort.daemon = True
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    settings = settings or Settings()
    serving = _serve(engine, host, port, ready, settings=settings, last_resort=last_resort)
    try:
        with asyncio.Runner(loop_factory=new_event_loop) as runner, suppress(KeyboardInterrupt):
            worker = runner.run(serving)
            if not worker.has_ended():
                # The interpreter cannot end in good order while a thread is deep in a tokenizer.
                _end_now()
    finally:
        last_resort.cancel()
        for number, handler in before.items():
            if handler is not None:  # set by another language
                signal.signal(number, handler)


async def _serve(
    engine: Engine,
    host: str,
    port: int,
    ready: Ready,
    *,
    settings: Settings,
    last_resort: threading.Timer,
) -> Worker:
    """Answer until told to stop, which starts *last_resort*; return what may still compute."""
    address, server, listener = await listen(engine, host, port, settings=settings)
    stopped, loop = asyncio.Event(), asyncio.get_running_loop()

    def stop(*_: object) -> None:
        # Between two steps of Python, and not only when the loop comes to it: in the middle of a
        # burst that is late.
        server.hurry()
        loop.call_soon_threadsafe(stopped.set)
        if last_resort.ident is None:
            last_resort.start()

    if sys.platform != "win32":
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, stop)
    # What was loaded stays, and answers leave no cycles: garbage collection can be rare.
    gc.freeze()
    gc.set_threshold(GARBAGE)
    gc.enable()
    _give_memory_back()
    watching = asyncio.create_task(_watch(engine, settings.watcher)) if settings.watcher else None
    ready(address)
    try:
        await stopped.wait()
    finally:
        if watching is not None:
            watching.cancel()
        await close(server, listener)
        if settings.log is not None:
            settings.log.finish()
    return server.worker


def _end_now() -> NoReturn:
    """End the program, whatever else it is doing."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def _give_memory_back() -> None:
    """Return what was freed while all was loaded: of a vocabulary, 6 MB that nothing uses again.

    Only glibc keeps so much, and has a function for it.
    """
    with suppress(OSError, AttributeError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)


async def _watch(engine: Engine, watcher: Watcher) -> None:
    """Reload the scenario whenever *watcher* finds a change."""
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
        *scenarios: Source,
        host: str = "127.0.0.1",
        port: int = 0,
        seed: int | None = None,
        strict: bool | Strict | Mapping[str, bool] = False,
        any_model: bool = False,
        any_deployment: str | None = None,
        usage_header: bool = True,
        time_scale: float = 1.0,
        journal_calls: int = CAPACITY,
        control: bool = True,
        control_token: str | None = None,
        cors_origin: str | None = None,
        allow_hosts: Sequence[str] = (),
        tls: str | Path | None = None,
        upstream: str | Upstream | None = None,
        cassette: str | Path | None = None,
        record: RecordMode | None = None,
        redact: str | Sequence[str] = (),
        upstream_key_env: str | None = None,
        metrics: bool = True,
        **unknown: Never,
    ) -> None:
        """Create a server; it starts with `start()` or a `with` block.

        Args:
            *scenarios: Names, paths, mappings or `Scenario` values, which are merged.
            host: The address to listen on.
            port: The port to listen on; 0 picks a free one.
            seed: The seed for all random choices; None: the scenario's.
            strict: What is refused, as the key `strict` of a file: all, nothing, or the parts of a
                mapping.
            any_model: Whether any model name is accepted.
            any_deployment: The model that unknown Azure deployments serve; None: they are refused.
            usage_header: Whether `x-mockserver-usage` states if a bill is exact or estimated,
                and `x-mockserver-hint` what is really wrong with a refused request.
            time_scale: Real seconds per second of session time; 0 never waits.
            journal_calls: How many calls the journal of a session keeps.
            control: Whether to serve the control API.
            control_token: The token that the control API requires.
            cors_origin: The origin whose pages may call the API; `*` allows any.
            allow_hosts: Names besides loopback's that pages in a browser may call the API by;
                `*.NAME` allows all names below it, `*` any.
            tls: A folder for `mockserver-ca.pem`, the authority that clients must trust; the
                server then speaks HTTPS.
            upstream: The root URL of the server that requests go to which no rule answers: https,
                or on this machine; or that server, for this one alone.
            cassette: A file with recordings, which answer what no rule does.
            record: What is kept in the cassette: `none`, and nothing goes to the upstream server
                but what rules send there; `new`, what it lacks; `all`, everything, in place of
                what is there. None: `new` if there are an upstream server and a cassette.
            redact: Regular expressions of what is taken out of recordings, besides keys, cookies
                and the like.
            upstream_key_env: The environment variable with a key that is sent to the upstream
                server in place of the client's.
            metrics: Whether there are metrics to scrape at `/metrics`.
            **unknown: There are no others; each is refused.

        Raises:
            ScenarioError: A scenario has errors.
            UsageError: Another argument is not valid.

        """
        for name in unknown:
            raise _no_argument(name)
        _refuse_other_types(
            (str, "text", {"host": host}),
            (
                int,
                "a whole number",
                {"port": port, "seed": seed or 0, "journal_calls": journal_calls},
            ),
            (float | int, "a number", {"time_scale": time_scale}),
            (str | Path, "a path", {"tls": tls or "", "cassette": cassette or ""}),
        )
        if tls is not None and not str(tls).strip():
            raise UsageError("'tls' is empty: give the folder for the certificate")
        passed_on = forwarded(
            upstream=upstream,
            cassette=cassette,
            record=record,
            redact=(redact,) if isinstance(redact, str) else tuple(redact),
            key_variable=upstream_key_env,
            spell=in_python,
            complain=_log.error,
        )
        options = Options(
            seed=seed,
            strict=strict if isinstance(strict, bool) else read_strict(strict),
            any_model=any_model,
            any_deployment=any_deployment,
            usage_header=usage_header,
            time_scale=time_scale,
            unix_start_s=time.time(),  # noqa: TID251 - from here on, the session's clock tells it
            passing=passed_on.passing,
            lowest=passed_on.lowest,
            journal_calls=journal_calls,
        )
        self._engine = Engine(
            load_scenario(*scenarios), Plugins.installed(), time.monotonic, options
        )
        self._settings = Settings(
            control=control,
            token=control_token,
            cors=None if cors_origin is None else Cors(cors_origin),
            allow_hosts=(allow_hosts,) if isinstance(allow_hosts, str) else tuple(allow_hosts),
            tls=None if tls is None else self_signed(host, Path(tls))[0],
            reload=_reader(scenarios),
            upstream=passed_on.upstream,
            recorder=passed_on.recorder,
            metrics=metrics,
        )
        self._wanted = (host, port)
        self._address: Address | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._stopped: asyncio.Event | None = None
        self._gate = Gate()
        self._door: Door | None = None

    @property
    def url(self) -> str:
        """The root of all paths, such as `http://127.0.0.1:54321`.

        Raises:
            UsageError: The server is not running.

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
        """The token that the control API requires; None: it requires none, or is off.

        Raises:
            UsageError: The server is not running.

        """
        if self._address is None:
            raise UsageError(NOT_RUNNING)
        return self._address.token

    def session(
        self,
        name: str = "default",
        *scenarios: Source,
        inherit: bool = False,
        seed: int | None = None,
        strict: bool | Strict | Mapping[str, bool] | None = None,
        time_scale: float | None = None,
    ) -> Session:
        """Return the session *name*; read it while no request is being answered.

        Without more, it is the one that requests below `/s/<name>/v1` already have, or will have.
        With *scenarios* or an option it is a new one.

        Args:
            name: Its name in URLs.
            *scenarios: What it answers from: names, paths, mappings or `Scenario` values.
            inherit: Whether the server's scenario applies below them.
            seed: The seed for all random choices; None: the scenario's.
            strict: What is refused; None: as the scenario states.
            time_scale: Real seconds per second of session time; None: the server's.

        Raises:
            ScenarioError: A scenario has errors.
            UsageError: A new one cannot have that name, or another argument is not valid.

        """
        _refuse_other_types(
            (str, "text", {"name": name}),
            (int, "a whole number", {"seed": 0 if seed is None else seed}),
            (float | int, "a number", {"time_scale": 0 if time_scale is None else time_scale}),
        )
        options = (seed, strict, time_scale)
        if not (scenarios or inherit) and options == (None, None, None):
            return self._engine.session(name)
        scenario = load_scenario(*scenarios)

        def begin() -> Session:
            return self._engine.sessions.create(
                name,
                scenario=scenario,
                inherit=inherit,
                seed=seed,
                strict=None if strict is None else Strict.of(read_strict(strict)),
                time_scale=time_scale,
            )

        return begin() if self._loop is None else self.perform(_called(begin))

    def base_url_of(self, session: str) -> str:
        """Return the base URL that leads OpenAI's clients to a *session*."""
        below = "" if session == DEFAULT_SESSION else f"/s/{quote(session, safe='')}"
        return f"{self.url}{below}/v1"

    @property
    def upstream(self) -> str | None:
        """The root URL of the server that requests may go to; None: nothing leaves this one."""
        upstream = self._settings.upstream
        return None if upstream is None else upstream.url

    def flush(self) -> None:
        """Wait until all exchanges so far that are to be recorded are written."""
        if self._settings.recorder is not None:
            self._settings.recorder.flush()

    @property
    def unwritten(self) -> tuple[str, ...]:
        """Why exchanges that were to be recorded are missing in the cassette, a line for each.

        All are known once the server has stopped.
        """
        recorder = self._settings.recorder
        return () if recorder is None else tuple(recorder.unwritten)

    @property
    def engine(self) -> Engine:
        """The engine and its `sessions`; use it only in the server's thread (`perform`)."""
        return self._engine

    def release(self, session: str = "default", rule: str | None = None) -> int:
        """Release answers that a `stall` holds; return how many there were.

        Args:
            session: The session that the answers belong to.
            rule: The name of the rule that holds them; None: any.

        Raises:
            UsageError: The server is not running.

        """

        async def release() -> int:
            return self._gate.release(session, rule)

        return self.perform(release())

    @contextmanager
    def refuse(self) -> Generator[None]:
        """Refuse connections within the block, as if nothing listened; the port stays reserved.

        Open connections are closed, as when a server goes down.

        Raises:
            UsageError: The server is not running.

        """
        door = self._door
        if door is None:
            raise UsageError(NOT_RUNNING)
        self.perform(door.shut())
        try:
            yield
        finally:
            if self._door is door:  # it has not been stopped meanwhile
                self.perform(door.open())

    def perform(self, work: Coroutine[Any, Any, T]) -> T:
        """Run *work* in the server's thread, between two requests, and return its result.

        Raises:
            UsageError: The server is not running.

        """
        if self._loop is None:
            work.close()
            raise UsageError(NOT_RUNNING)
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def start(self) -> Self:
        """Start answering, unless it does already; return once the server listens.

        Raises:
            UsageError: The server cannot listen there.

        """
        if self._thread is not None:
            return self
        failure: list[BaseException] = []
        listening = threading.Event()
        self._thread = threading.Thread(
            target=self._run, args=(listening, failure), name="mockserver", daemon=True
        )
        self._thread.start()
        listening.wait()
        if failure:
            self._thread.join()
            self._thread = None
            raise failure[0]
        return self

    def stop(self) -> None:
        """Stop answering; return once the port is free. A stopped server may start again."""
        if self._door is not None:
            self._door.server.hurry()
        if self._loop is not None and self._stopped is not None:
            self._loop.call_soon_threadsafe(self._stopped.set)
        if self._thread is not None:
            self._thread.join()
        self._thread = self._loop = self._stopped = self._address = self._door = None

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
        self._address, server, listener = await listen(
            self._engine, *self._wanted, self._gate, self._settings
        )
        self._door = door = Door(server, listener)
        self._loop = asyncio.get_running_loop()
        self._stopped = asyncio.Event()
        listening.set()
        try:
            await self._stopped.wait()
        finally:
            door.close()
            await close(server, door.listener, MOST_WRITING_S)


def _reader(scenarios: Sequence[Source]) -> Callable[[], Scenario] | None:
    """Return a function that reads *scenarios* again; None if none of them is in a file."""
    if not any(isinstance(scenario, str | Path) for scenario in scenarios):
        return None
    return lambda: load_scenario(*scenarios)


def _no_argument(name: str) -> UsageError:
    """Return the error for an argument *name* of `MockServer`, which has none of that name."""
    if name in {"scenario", "scenarios", "rules"}:
        hint = "scenarios come first, without a name: MockServer('basics/hello', {'rules': [...]})"
    else:
        known = inspect.signature(MockServer).parameters.values()
        names = [one.name for one in known if one.kind is inspect.Parameter.KEYWORD_ONLY]
        hint = did_you_mean(name, names) or f"known: {', '.join(names)}"
    return UsageError(f"MockServer(…) has no argument '{name}'\n  {hint}")


async def _called(function: Callable[[], T]) -> T:
    return function()


def _refuse_other_types(*wanted: tuple[Any, str, Mapping[str, object]]) -> None:
    """Refuse arguments that are not of the type that stands before them.

    Raises:
        UsageError: One is of another type.

    """
    for kind, called, arguments in wanted:
        for name, value in arguments.items():
            if not isinstance(value, kind) or isinstance(value, bool):
                raise UsageError(f"{name}={value!r:.60} is not {called}")
