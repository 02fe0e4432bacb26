"""The typed client of the control API, for tests: `mockserver.Control`.

```python
control = Control("http://127.0.0.1:8089")
with control.new_session("checkout", {"rules": [{"reply": "Hello."}]}) as session:
    run_the_program(OPENAI_BASE_URL=session.base_url)
    session.assert_called(calls=1, when={"last_user": "Hi"})
```

It needs the standard library alone, and opens a connection for each request, so that any number
of threads can share it. It never goes through a proxy. `mockserver.client.async_control` is the
same, to await.
"""

import http.client
import ssl
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self, TypeVar, Unpack
from urllib.parse import quote, urlsplit

from mockserver.control import operations as ops
from mockserver.control.operations import (
    MARGIN_S,
    Awaited,
    ControlError,
    Expected,
    JournalFilters,
    NewSessionOptions,
    Operation,
    too_few,
    unreachable,
)
from mockserver.control.shapes import (
    CallRecord,
    ClockView,
    Explanation,
    Health,
    JournalPage,
    NearMiss,
    Reloaded,
    RuleState,
    ScenarioSource,
    SessionPage,
    SessionState,
    Totals,
    VerdictOn,
    Verified,
    When,
)
from mockserver.environment import DEFAULT_URL
from mockserver.errors import UsageError

__all__ = ["Control", "ControlError", "SessionControl"]

T = TypeVar("T")

TIMEOUT_S: Final = 10.0


class Target:
    """Where a server is, and how it is talked to."""

    def __init__(self, url: str, token: str | None, ca_file: str | Path | None) -> None:
        """Take the root of the server's paths.

        Raises:
            UsageError: *url* is none.

        """
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or parts.hostname is None:
            raise UsageError(f"'{url}' is not the address of a server: write it as {DEFAULT_URL}")
        self.url = f"{parts.scheme}://{parts.netloc}"
        self.host = parts.hostname
        self.port = parts.port
        self.tls: ssl.SSLContext | None = None
        if parts.scheme == "https":
            self.tls = ssl.create_default_context(cafile=None if ca_file is None else str(ca_file))
        self._token = token

    def headers(self) -> dict[str, str]:
        """Return what goes with each request."""
        token = {"authorization": f"Bearer {self._token}"} if self._token else {}
        return {"content-type": "application/json", "accept": "application/json", **token}


class Addressed:
    """The URLs of a session."""

    def __init__(self, target: Target, name: str) -> None:
        self.name = name
        below = "" if name == "default" else f"/s/{quote(name, safe='')}"
        self.url = f"{target.url}{below}"
        """The root of all paths of the session, without a slash at its end."""

    @property
    def base_url(self) -> str:
        """What OpenAI's clients take as their base URL."""
        return f"{self.url}/v1"


class Control:
    """A server's control API."""

    def __init__(
        self,
        url: str = DEFAULT_URL,
        *,
        token: str | None = None,
        ca_file: str | Path | None = None,
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        """Take where the server is; nothing is asked yet.

        Args:
            url: The root of its paths.
            token: What it printed when it started, if it listens beyond loopback.
            ca_file: The certificate authority to trust, if it was started with `--tls`.
            timeout_s: How long an answer may take, besides what is waited for on purpose.

        Raises:
            UsageError: *url* is none.

        """
        self.target = Target(url, token, ca_file)
        self._timeout_s = timeout_s

    @property
    def url(self) -> str:
        """The root of all paths, without a slash at its end."""
        return self.target.url

    def send(self, operation: Operation[T]) -> T:
        """Ask *operation*, and return the answer.

        Raises:
            ControlError: The server does not do it, or there is none.

        """
        target, timeout_s = self.target, self._timeout_s
        if operation.waits_s:
            timeout_s = max(timeout_s, operation.waits_s + MARGIN_S)
        connection = (
            http.client.HTTPConnection(target.host, target.port, timeout=timeout_s)
            if target.tls is None
            else http.client.HTTPSConnection(
                target.host, target.port, timeout=timeout_s, context=target.tls
            )
        )
        try:
            connection.request(
                operation.method, operation.path, operation.content, target.headers()
            )
            response = connection.getresponse()
            content = response.read()
        except (OSError, http.client.HTTPException) as error:
            raise unreachable(target.url, error) from error
        finally:
            connection.close()
        return operation.read(response.status, content)

    def health(self) -> Health:
        """Return that the server answers."""
        return self.send(ops.health())

    def totals(self) -> Totals:
        """Return what all calls to the server come to that have ended."""
        return self.send(ops.totals())

    def reload(self, scenario: ScenarioSource | None = None) -> Reloaded:
        """Let the server read its scenario again, or answer by *scenario* from now on."""
        return self.send(ops.reload(scenario))

    def sessions(self, *, after: str | None = None, limit: int = 100) -> SessionPage:
        """Return the sessions that are open, from the one behind *after* on."""
        return self.send(ops.list_sessions(after, limit))

    def new_session(
        self,
        name: str,
        scenario: ScenarioSource | None = None,
        **options: Unpack[NewSessionOptions],
    ) -> "SessionControl":
        """Begin a session; in a `with` block it ends with the block.

        Args:
            name: How URLs call it.
            scenario: What it answers by: the text of a YAML file, or a mapping.
            **options: `inherit`, `seed`, `strict`, `time_scale`.

        """
        self.send(ops.create_session(name, scenario, options))
        return SessionControl(self, name)

    def session(self, name: str = "default") -> "SessionControl":
        """Return the session called *name*; nothing is asked yet."""
        return SessionControl(self, name)


class SessionControl(Addressed):
    """One session of a server."""

    def __init__(self, control: Control, name: str) -> None:
        super().__init__(control.target, name)
        self._send = control.send

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.end()

    def read(self) -> SessionState:
        """Return the session as it is."""
        return self._send(ops.read_session(self.name))

    def end(self) -> SessionState:
        """End the session: calls to it are refused with 410 from now on."""
        return self._send(ops.end_session(self.name))

    def reset(self) -> SessionState:
        """Begin anew with the rules as they are: counters, state and journal."""
        return self._send(ops.reset_session(self.name))

    # --- Rules ---

    def rules(self) -> tuple[RuleState, ...]:
        """Return the rules, and how far each has come."""
        return self._send(ops.list_rules(self.name)).rules

    def add_rules(self, *rules: Mapping[str, Any]) -> tuple[RuleState, ...]:
        """Add *rules*, as in a file, above those that there are; return them all."""
        return self._send(ops.add_rules(self.name, rules)).rules

    def add_scenario(
        self, scenario: ScenarioSource, *, layer: str | None = None
    ) -> tuple[RuleState, ...]:
        """Add rules and all else that *scenario* says, above what there is; return all rules.

        What was added before as the same *layer* is replaced, where it stands.
        """
        return self._send(ops.add_scenario(self.name, scenario, layer)).rules

    def explain(
        self,
        request: Mapping[str, Any],
        *,
        path: str = "/v1/chat/completions",
        headers: Mapping[str, str] | None = None,
    ) -> Explanation:
        """Return how the rules would be read for *request*; nothing is moved by it."""
        return self._send(ops.explain(self.name, request, path, headers))

    # --- The journal ---

    def calls(self, **filters: Unpack[JournalFilters]) -> tuple[CallRecord, ...]:
        """Return all calls that are kept and fit *filters*, oldest first."""
        return tuple(call for page in self._pages(filters) for call in page.calls)

    def _pages(self, filters: JournalFilters) -> Iterator[JournalPage]:
        while True:
            page = self._send(ops.read_journal(self.name, 1_000, filters))
            yield page
            if page.next_after is None:
                return
            filters = {**filters, "after": page.next_after}

    def journal(
        self, *, limit: int = 100, newest: bool = False, **filters: Unpack[JournalFilters]
    ) -> JournalPage:
        """Return a page of the calls that fit *filters*."""
        return self._send(ops.read_journal(self.name, limit, filters, newest=newest))

    def call(self, number: int) -> CallRecord:
        """Return the call that was counted as *number*."""
        return self._send(ops.read_call(self.name, number))

    def clear_journal(self) -> int:
        """Forget the calls, and return how many."""
        return self._send(ops.clear_journal(self.name)).cleared

    def wait_for(
        self, calls: int = 1, when: When | None = None, **awaited: Unpack[Awaited]
    ) -> tuple[CallRecord, ...]:
        """Return the calls that fit *when*, once there are as many as *calls*.

        Args:
            calls: How many must have come.
            when: Which ones count, as under `when` of a rule.
            **awaited: `timeout_s` (5 s), `after` (a call's number), `unfinished` (whether those
                count too that have not been answered to the end).

        Raises:
            TimeoutError: They have not come in time.

        """
        waited = self._send(ops.wait(self.name, calls, when, awaited))
        if not waited.met:
            raise too_few(waited, calls)
        return waited.calls

    def verify(self, when: When | None = None, **expected: Unpack[Expected]) -> Verified:
        """Return whether as many calls fit *when* as `calls`, `at_least` or `at_most` say."""
        return self._send(ops.verify(self.name, when, expected))

    def assert_called(self, when: When | None = None, **expected: Unpack[Expected]) -> None:
        """Let a test fail, with what differed, unless calls have come as `verify` wants them.

        Raises:
            AssertionError: They have not.

        """
        verified = self.verify(when, **expected)
        if not verified.holds:
            raise AssertionError(verified.message)

    def near_misses(self) -> tuple[NearMiss, ...]:
        """Return the calls that no rule answered, and what kept the nearest ones from it."""
        return self._send(ops.near_misses(self.name)).calls

    def verdicts(self, *, fallback: bool = False) -> tuple[VerdictOn, ...]:
        """Return what the client did wrong; with *fallback* it had somewhere else to turn to."""
        return self._send(ops.verdicts(self.name, fallback=fallback)).verdicts

    def release(self, rule: str | None = None) -> int:
        """Let the answers go on that *rule* holds (None: any rule); return how many."""
        return self._send(ops.release(self.name, rule)).released

    # --- State and clock ---

    def state(self) -> Mapping[str, Any]:
        """Return the state, by name."""
        return self._send(ops.read_state(self.name)).state

    def set_state(self, values: Mapping[str, Any]) -> Mapping[str, Any]:
        """Set *values* of the state (None removes one); return it all."""
        return self._send(ops.change_state(self.name, values)).state

    def clock(self) -> ClockView:
        """Return the session's time."""
        return self._send(ops.read_clock(self.name))

    def advance(self, seconds: float) -> ClockView:
        """Move the session's time on; whoever waits for a time that has come goes on."""
        return self._send(ops.advance_clock(self.name, seconds))
