"""What the tests of one process share: the server, and the sessions that have ended."""

import importlib
import json
import os
import re
from collections.abc import Generator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any, Final

import pytest

# pytest.fail.Exception, by the name that type checkers know.
from _pytest.outcomes import Failed

from mockserver import MockServer
from mockserver.errors import MockServerError, UsageError
from mockserver.records.journal import Call
from mockserver.records.redaction import redact_text
from mockserver.scenario.loader import read_strict
from mockserver.server.upstream import Upstream
from mockserver.wire.http_request import HttpRequest
from pytest_mockserver import addresses
from pytest_mockserver.backend import Backend, Beginning, Local
from pytest_mockserver.cassette_summary import used
from pytest_mockserver.cassettes import Place, Recorder
from pytest_mockserver.factory import Factory
from pytest_mockserver.kept import kept
from pytest_mockserver.marked import DEFAULT_STRICT, Marked, Scenarios, folders
from pytest_mockserver.plugin import CASSETTES
from pytest_mockserver.session import Session
from pytest_mockserver.settings import KEY_VARIABLE, PREFIX, Settings
from pytest_mockserver.strictness import complaints
from pytest_mockserver.summary import PROPERTY, totals
from pytest_mockserver.timeline import counted

NAME_LENGTH: Final = 60
"""How many characters of a test's name its session has in URLs and in the journal."""
SHARED: Final = "run"
"""The name of the session that all tests share if clients are created before they run."""
WARMING: Final = "warming"
ENDED_KEPT: Final = 1_000
"""How many ended sessions are watched for late calls."""
ENDED_ELSEWHERE: Final = 3

_sessions: Final = pytest.StashKey[list[Session]]()


@dataclass(slots=True)
class _Ended:
    """A session whose test is over."""

    test: str
    backend: Backend
    reported: int = 0


class Run:
    """The tests of this process."""

    def __init__(self, config: pytest.Config, settings: Settings, began_s: float) -> None:
        """Take the options of a run that *began_s* then, as Unix time.

        Raises:
            MockServerError: What they state of recording cannot be.

        """
        self._config = config
        self._settings = settings
        self._strict = read_strict(settings.strict).or_else(DEFAULT_STRICT)
        self._scenarios = Scenarios()
        self._upstream_key = _key(settings)
        self._recorder = Recorder(
            mode=settings.record,
            redact=settings.redact,
            began_s=began_s,
            has_upstream=settings.upstream is not None,
        )
        self._numbers = count(1)
        self._ended: list[_Ended] = []
        self._left_over: list[str] = []
        self._upstream()  # a wrong URL is an error of the run
        self._shared: MockServer | None = None
        self._stack = ExitStack()

    # --- The server ---

    @contextmanager
    def server(self) -> Generator[Any, None, None]:
        """Yield the server of this process, or a stand-in for one elsewhere."""
        if self._settings.url is not None:
            from pytest_mockserver.remote import RemoteServer  # noqa: PLC0415 - few need it

            yield RemoteServer(self._settings.url, self._settings.token)
        elif self._shared is not None:
            yield self._shared
        else:
            with self._new_server() as server:
                server.perform(_warmed(server))
                yield server

    def _new_server(self) -> MockServer:
        """Return a server, which forwards to the upstream server only what is recorded."""
        upstream = self._upstream()
        if upstream is None:
            return MockServer(metrics=False)
        return MockServer(upstream=upstream, record="none", metrics=False)

    def _upstream(self) -> Upstream | None:
        settings = self._settings
        if settings.record == "none" or settings.upstream is None:
            return None
        return Upstream(settings.upstream, self._upstream_key)

    def patch_for_all(self) -> None:
        """Start the server, and point SDKs at it from now on, before test code is imported."""
        patch = self._stack.enter_context(pytest.MonkeyPatch.context())
        if self._settings.url is None:
            self._shared = self._stack.enter_context(self._new_server())
            self._shared.perform(_warmed(self._shared))
            url = self._shared.url
        else:
            url = self._settings.url
        _patch(patch, addresses.variables(url, SHARED, f"sk-mock-{SHARED}", os.environ))

    def close(self) -> None:
        """Undo all changes."""
        self._stack.close()

    # --- Sessions ---

    @contextmanager
    def session(
        self, node: pytest.Item, server: Any, folder: Path | None
    ) -> Generator[Session, None, None]:
        """Yield the session of a test, with the environment that points at it."""
        marked = self._marked(node)
        is_shared = self._settings.env == "session"
        name = SHARED if is_shared else self._name(node.name)
        place = Place(node=node, recorder=self._recorder)
        with (
            pytest.MonkeyPatch.context() as patch,
            self._opened(place, server, name, marked, folder) as session,
        ):
            patches = self._settings.env == "test" if marked.env is None else marked.env
            if patches and not is_shared:
                _patch(patch, session.env())
            if marked.fast_retries:
                _patch_retries(patch)
            yield session

    @contextmanager
    def factory(
        self, node: pytest.Item, server: Any, folder: Path | None
    ) -> Generator[Factory, None, None]:
        """Yield the factory for more sessions of a test."""
        marked = self._marked(node)
        with ExitStack() as stack:

            def opener(name: str, *, provider: str, own_port: bool) -> Session:
                where = stack.enter_context(self._new_server()) if own_port else server
                its_name = self._name(f"{node.name}-{name}")
                place = Place(node=node, session=name, recorder=self._recorder)
                opened = self._opened(place, where, its_name, marked, folder, provider)
                return stack.enter_context(opened)

            yield Factory(opener, lambda: _of(node))

    def _marked(self, node: pytest.Item) -> Marked:
        try:
            return Marked.of(node, self._settings)
        except UsageError as error:
            raise Failed(str(error), pytrace=False) from None

    @contextmanager
    def _opened(  # noqa: PLR0917 - each of its own type
        self,
        place: Place,
        server: Any,
        name: str,
        marked: Marked,
        folder: Path | None,
        provider: str = "openai",
    ) -> Generator[Session, None, None]:
        sessions = place.node.stash.setdefault(_sessions, [])
        try:
            backend = self._begin(server, name, marked, folder, sessions)
        except MockServerError as error:
            raise Failed(str(error), pytrace=False) from None
        session = Session(
            backend,
            provider=provider,
            folders=folders(folder),
            place=place,
            others=lambda: [other for other in sessions if other is not session],
        )
        sessions.append(session)
        try:
            _put_cassette(session, marked.cassette)
            yield session
        finally:
            sessions.remove(session)
            if session.used_cassette is not None:
                session.used_cassette.close()
            with suppress(UsageError):  # the server may have been stopped by the test
                backend.end()
            # Checking a session elsewhere takes a request: only the last few are watched.
            most = ENDED_KEPT if isinstance(backend, Local) else ENDED_ELSEWHERE
            self._ended = [*self._ended[1 - most :], _Ended(place.node.nodeid, backend)]

    def _begin(
        self,
        server: Any,
        name: str,
        marked: Marked,
        folder: Path | None,
        sessions: list[Session],
    ) -> Backend:
        scenario = self._scenarios.read(marked.scenarios, folder)
        strict = marked.strict.or_else(scenario.strict)
        beginning = Beginning(
            scenario=scenario,
            sources=marked.scenarios,
            folders=folders(folder),
            inherit=marked.inherit,
            seed=marked.seed,
            strict=strict.or_else(self._strict),
            time_scale=marked.time_scale,
        )
        if not isinstance(server, MockServer):
            backend: Backend = server.begin(name, beginning)
            return backend
        clocks = [s.backend.clock for s in sessions if isinstance(s.backend, Local)]
        return Local(server, name, beginning, clocks[0] if clocks else None)

    def _name(self, text: str) -> str:
        """Return a unique name for a session, which contains the test's name."""
        readable = re.sub(r"[^A-Za-z0-9_.]+", "-", redact_text(text))[:NAME_LENGTH].strip("-")
        number = str(next(self._numbers))
        # On a server that several processes share, names include the process.
        own = f"{os.getpid()}-{number}" if self._settings.url is not None else number
        return f"{readable}-{own}"

    # --- Reports ---

    def complaints(self, item: pytest.Item) -> str:
        """Return what the test did against its strictness."""
        sessions = _of(item)
        if not sessions:
            return ""
        found = [text for session in sessions if (text := complaints(session))]
        found += self._late()
        return "\n\n".join(found)

    def _late(self) -> list[str]:
        """Return reports of calls to sessions whose tests are over; each call is reported once."""
        reports: list[str] = []
        for ended in self._ended:
            late = ended.backend.late() if ended.backend.strict.late else []
            fresh, ended.reported = late[ended.reported :], len(late)
            if fresh:
                reports.append(_late_calls(ended.test, fresh))
        return reports

    def late_at_the_end(self) -> list[str]:
        """Return reports of late calls that no test was failed for."""
        self._left_over += self._late()
        return self._left_over

    def failure_section(self, item: pytest.Item, report: pytest.TestReport) -> str:
        """Return the report's section for a failed test; write its journals if requested."""
        sessions = _of(item)
        folder = self._settings.journal_dir
        parts: list[str] = []
        if folder is not None and sessions:
            unwritten = _write_journals(item, report, sessions, folder)
            parts += [unwritten] if unwritten else []
        shown = str(report.longrepr)
        for session in sessions:
            parts.append(session.describe())
            parts += [found for found in [complaints(session)] if found and found not in shown]
            parts += [f"verdict: {verdict}" for verdict in session.verdicts]
        return "\n".join(parts)

    def totals(self, item: pytest.Item) -> list[tuple[str, object]]:
        """Return what the test used, for the summaries."""
        sessions = _of(item)
        cassettes = used(sessions)
        properties: list[tuple[str, object]] = [(CASSETTES, cassettes)] if cassettes else []
        if self._settings.report and sessions:
            properties.append((PROPERTY, totals(sessions)))
        return properties


def _key(settings: Settings) -> str | None:
    """Return the key for the upstream server, as the environment has it before it is patched.

    Raises:
        UsageError: There is none.

    """
    if settings.record == "none":
        return None
    name = settings.upstream_key_env or KEY_VARIABLE
    key = os.environ.get(name, "").strip()
    if key:
        return key
    if settings.upstream_key_env is None and (settings.upstream or "").startswith("http://"):
        return None  # on this machine, most need none
    hint = f"it holds the key for {settings.upstream}; {PREFIX}upstream_key_env names another"
    raise UsageError(f"{PREFIX}record: the environment variable '{name}' is not set\n  {hint}")


def _put_cassette(session: Session, named: str | Path | bool) -> None:  # noqa: FBT001 - as a marker states it
    """Let *session* answer from the cassette that a marker has *named*."""
    if named is False:
        return
    try:
        session.cassette(None if named is True else named)
    except MockServerError as error:
        raise Failed(str(error), pytrace=False) from None


async def _warmed(server: MockServer) -> None:
    """Answer once, so that no client waits for what the first answer loads."""
    asked = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Hi"}]}
    headers = {"authorization": "Bearer sk-mock", "content-type": "application/json"}
    path = f"/s/{WARMING}/v1/chat/completions"
    server.engine.answer(HttpRequest("POST", path, headers, json.dumps(asked).encode(), ""))
    server.engine.sessions.end(WARMING)


def _write_journals(
    item: pytest.Item, report: pytest.TestReport, sessions: list[Session], folder: Path
) -> str | None:
    """Write the journals of *sessions* into *folder*; warn and return why if that fails.

    The folder could be written to when the run began; the disk may be full now.
    """
    test = redact_text(item.nodeid)
    readable = re.sub(r"[^A-Za-z0-9_.-]+", "-", test)[-150:].strip("-")
    path = folder / f"{readable}.json"
    journals = {"test": test, "phase": report.when, "sessions": kept(sessions)}
    text = json.dumps(journals, indent=2, ensure_ascii=False)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        what = f"the journals of {test} were not written to {path}: {error.strerror or error}"
        with suppress(pytest.PytestWarning):  # where warnings are errors: the run goes on
            item.warn(pytest.PytestWarning(what))
        return what
    return None


def _of(item: pytest.Item) -> list[Session]:
    """Return the sessions of a test."""
    nothing: list[Session] = []
    return item.stash.get(_sessions, nothing)


def _late_calls(test: str, calls: list[Call]) -> str:
    lines = [f"{counted(len(calls), 'call')} came after the end of test '{test}'"]
    lines += [f"  {call.method} {call.path} {call.model or ''}".rstrip() for call in calls[:5]]
    lines.append("  a client is still running: stop it, or wait for it, in that test")
    return "\n".join(lines)


def _patch(patch: pytest.MonkeyPatch, variables: Mapping[str, str]) -> None:
    for name, value in variables.items():
        patch.setenv(name, value)
    for name in addresses.REMOVED:
        patch.delenv(name, raising=False)


def _patch_retries(patch: pytest.MonkeyPatch) -> None:
    """Let the openai client retry without its own waits, unless a header asks for one."""
    try:
        client = importlib.import_module("openai._base_client")
    except ImportError:
        return
    for name in ("INITIAL_RETRY_DELAY", "MAX_RETRY_DELAY"):
        patch.setattr(client, name, 0)
