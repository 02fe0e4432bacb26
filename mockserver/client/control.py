"""The typed client of the control API, for tests: `mockserver.Control`.

```python
control = Control("http://127.0.0.1:8089")
with control.new_session("checkout", {"rules": [{"reply": "Hello."}]}) as session:
    run_the_program(OPENAI_BASE_URL=session.base_url)
    session.assert_called(calls=1, when={"last_user": "Hi"})
```

It needs only the standard library, and opens a connection for each request, so that any number
of threads can share it. It never uses a proxy. `mockserver.client.async_control` is its
asynchronous counterpart.
"""

import http.client
import ssl
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self, TypeVar, Unpack
from urllib.parse import quote

from msgspec.structs import replace

from mockserver.client.address import root_of
from mockserver.control import operations as ops
from mockserver.control.following import Follower
from mockserver.control.operations import (
    MARGIN_S,
    Awaited,
    CallsFilters,
    ControlError,
    Expected,
    JournalFilters,
    NewSessionOptions,
    Operation,
    too_few,
    unreachable,
)
from mockserver.control.shapes import (
    CallContent,
    CallDetail,
    CallRecord,
    Calls,
    ClockView,
    Explanation,
    Health,
    JournalPage,
    Load,
    NearMiss,
    Reloaded,
    RuleState,
    ScenarioSource,
    SessionPage,
    SessionState,
    ShownScenario,
    Totals,
    VerdictOn,
    VerdictsQuery,
    Verified,
    When,
)
from mockserver.environment import DEFAULT_URL

__all__ = ["Control", "ControlError", "SessionControl"]

T = TypeVar("T")

TIMEOUT_S: Final = 10.0


class Target:
    """Where a server is, and how to talk to it."""

    def __init__(self, url: str, token: str | None, ca_file: str | Path | None) -> None:
        """Take the root URL of the server; see `root_of`.

        Raises:
            UsageError: *url* is not the address of a server, or names a place on it.

        """
        parts = root_of(url)
        self.url = parts.geturl()
        self.host = parts.hostname or ""
        self.port = parts.port
        self.tls: ssl.SSLContext | None = None
        if parts.scheme == "https":
            self.tls = ssl.create_default_context(cafile=None if ca_file is None else str(ca_file))
        self._token = token

    def headers(self) -> dict[str, str]:
        """Return the headers of each request."""
        token = {"authorization": f"Bearer {self._token}"} if self._token else {}
        return {"content-type": "application/json", "accept": "application/json", **token}


class Addressed:
    """The URLs of a session."""

    def __init__(self, target: Target, name: str) -> None:
        self.name = name
        below = "" if name == "default" else f"/s/{quote(name, safe='')}"
        self.url = f"{target.url}{below}"
        """The root URL of the session, without a trailing slash."""

    @property
    def base_url(self) -> str:
        """The base URL for OpenAI's clients."""
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
        """Create a client; nothing is sent yet.

        Args:
            url: The root URL of the server; `mockserver`'s commands read it from the environment,
                this client does not.
            token: The token that it printed when it started, if it listens beyond loopback.
            ca_file: The certificate authority to trust, if it was started with `--tls`.
            timeout_s: How long an answer may take; waiting on purpose comes on top.

        Raises:
            UsageError: *url* is not the address of a server.

        """
        self.target = Target(url, token, ca_file)
        self._timeout_s = timeout_s

    @property
    def url(self) -> str:
        """The root URL of the server, without a trailing slash."""
        return self.target.url

    def send(self, operation: Operation[T]) -> T:
        """Send *operation*, and return the answer.

        Raises:
            ControlError: The server refused it, or did not answer.

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
        """Check that the server answers."""
        return self.send(ops.health())

    def totals(self) -> Totals:
        """Return the totals of all calls that have ended."""
        return self.send(ops.totals())

    def calls(
        self,
        *,
        after: int | None = None,
        before: int | None = None,
        limit: int = 100,
        wait_s: float = 0.0,
        running: bool | None = None,
        **filters: Unpack[CallsFilters],
    ) -> Calls:
        """Return the newest calls of all sessions that match *filters*, or what changed *after*.

        Args:
            after: The `next` of an earlier answer: only calls that have come or ended since.
            before: Only calls with a lower serial number.
            limit: How many calls to return at most.
            wait_s: How long the server waits for a call that matches if there is none.
            running: Only calls that have not ended, or only those that have.
            **filters: `session`, `when`, `rule`, `endpoint`, `provider`, `model`, `status`,
                `outcome`, `unmatched`, `failed`.

        """
        query = replace(
            ops.calls_query(filters),
            after=after,
            before=before,
            limit=limit,
            wait_s=wait_s,
            running=running,
        )
        return self.send(ops.calls(query))

    def follow(
        self,
        *,
        newest: int = 0,
        timeout_s: float | None = None,
        **filters: Unpack[CallsFilters],
    ) -> Iterator[CallRecord]:
        """Yield each call of any session that matches *filters*, once it has ended.

        Those count that end after the iteration has begun, and the *newest* by then.

        Args:
            newest: With how many of the calls that are kept to begin, up to 1,000.
            timeout_s: How long to wait for the next call before the iteration ends; None: for ever.
            **filters: As those of `calls`.

        """
        follower = Follower(ops.calls_query(filters), newest, timeout_s)
        while follower.has_time:
            answer = self.send(ops.calls(follower.query()))
            yield from follower.take(answer)

    def load(self) -> Load:
        """Return how fast they were answered, beside what was planned."""
        return self.send(ops.load())

    def reload(self, scenario: ScenarioSource | None = None) -> Reloaded:
        """Have the server reload its scenario, or replace it with *scenario*."""
        return self.send(ops.reload(scenario))

    def sessions(self, *, after: str | None = None, limit: int = 100) -> SessionPage:
        """Return a page of the open sessions, starting after the one named *after*."""
        return self.send(ops.list_sessions(after, limit))

    def new_session(
        self,
        name: str,
        scenario: ScenarioSource | None = None,
        **options: Unpack[NewSessionOptions],
    ) -> "SessionControl":
        """Create a session; as a `with` block, the session ends with the block.

        Args:
            name: Its name in URLs.
            scenario: The scenario to answer from: the text of a YAML file, or a mapping.
            **options: `inherit`, `seed`, `strict`, `time_scale`.

        """
        self.send(ops.create_session(name, scenario, options))
        return SessionControl(self, name)

    def session(self, name: str = "default") -> "SessionControl":
        """Return the session *name*; nothing is sent yet."""
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
        """Return the state of the session."""
        return self._send(ops.read_session(self.name))

    def end(self) -> SessionState:
        """End the session: calls to it are refused with 410 from now on."""
        return self._send(ops.end_session(self.name))

    def reset(self) -> SessionState:
        """Reset counters, state and journal; keep the rules."""
        return self._send(ops.reset_session(self.name))

    # --- Rules ---

    def rules(self) -> tuple[RuleState, ...]:
        """Return the rules with their counts."""
        return self._send(ops.list_rules(self.name)).rules

    def add_rules(self, *rules: Mapping[str, Any]) -> tuple[RuleState, ...]:
        """Add *rules*, as in a file, above the existing ones; return all rules."""
        return self._send(ops.add_rules(self.name, rules)).rules

    def add_scenario(
        self, scenario: ScenarioSource, *, layer: str | None = None
    ) -> tuple[RuleState, ...]:
        """Add *scenario* above the existing rules; return all rules.

        It replaces what was added before under the same *layer*, in the same place.
        """
        return self._send(ops.add_scenario(self.name, scenario, layer)).rules

    def explain(
        self,
        request: Mapping[str, Any],
        *,
        path: str = "/v1/chat/completions",
        headers: Mapping[str, str] | None = None,
    ) -> Explanation:
        """Dry run: report how the rules would read *request*, and change nothing."""
        return self._send(ops.explain(self.name, request, path, headers))

    # --- The journal ---

    def calls(self, **filters: Unpack[JournalFilters]) -> tuple[CallRecord, ...]:
        """Return all calls kept that match *filters*, oldest first."""
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
        """Return a page of the calls that match *filters*."""
        return self._send(ops.read_journal(self.name, limit, filters, newest=newest))

    def call(self, number: int) -> CallRecord:
        """Return the call with this *number*."""
        return self._send(ops.read_call(self.name, number))

    def content(self, number: int) -> CallContent:
        """Return the request and the answer of the call with this *number* as bytes."""
        return self._send(ops.read_content(self.name, number))

    def detail(self, number: int) -> CallDetail:
        """Return the call with this *number* in detail."""
        return self._send(ops.detail(self.name, number))

    def scenario(self) -> ShownScenario:
        """Return the rules as they are written, with how often each has acted."""
        return self._send(ops.scenario(self.name))

    def clear_journal(self) -> int:
        """Clear the journal; return how many calls were removed."""
        return self._send(ops.clear_journal(self.name)).cleared

    def wait_for(
        self, calls: int = 1, when: When | None = None, **awaited: Unpack[Awaited]
    ) -> tuple[CallRecord, ...]:
        """Wait until at least *calls* calls match *when*; return all that match.

        Args:
            calls: How many calls to wait for.
            when: Which calls count, as under `when` of a rule.
            **awaited: `timeout_s` (5 s), `after` (a call's number), `unfinished` (whether calls
                that are still being answered count too).

        Raises:
            TimeoutError: They did not come in time.

        """
        waited = self._send(ops.wait(self.name, calls, when, awaited))
        if not waited.met:
            raise too_few(waited, calls)
        return waited.calls

    def verify(self, when: When | None = None, **expected: Unpack[Expected]) -> Verified:
        """Check how many calls match *when* against `calls`, `at_least` or `at_most`."""
        return self._send(ops.verify(self.name, when, expected))

    def assert_called(self, when: When | None = None, **expected: Unpack[Expected]) -> None:
        """Fail the test, with what differed, unless `verify` holds.

        Raises:
            AssertionError: It does not hold.

        """
        verified = self.verify(when, **expected)
        if not verified.holds:
            raise AssertionError(verified.message)

    def near_misses(self) -> tuple[NearMiss, ...]:
        """Return the calls that no rule answered, and why the nearest rules did not match."""
        return self._send(ops.near_misses(self.name)).calls

    def verdicts(self, *, fallback: bool = False, after: int = 0) -> tuple[VerdictOn, ...]:
        """Return what the client did wrong; *fallback*: it had somewhere else to turn.

        With *after*, the number of a call, only what later ones prove.
        """
        query = VerdictsQuery(fallback=fallback, after=after)
        return self._send(ops.verdicts(self.name, query)).verdicts

    def release(self, rule: str | None = None) -> int:
        """Release the answers that *rule* (None: any rule) holds; return how many."""
        return self._send(ops.release(self.name, rule)).released

    # --- State and clock ---

    def state(self) -> Mapping[str, Any]:
        """Return the state, by name."""
        return self._send(ops.read_state(self.name)).state

    def set_state(self, values: Mapping[str, Any]) -> Mapping[str, Any]:
        """Set *values* of the state (None removes one); return the whole state."""
        return self._send(ops.change_state(self.name, values)).state

    def clock(self) -> ClockView:
        """Return the session's clock."""
        return self._send(ops.read_clock(self.name))

    def advance(self, seconds: float) -> ClockView:
        """Advance the session's clock; pauses that end by then end at once."""
        return self._send(ops.advance_clock(self.name, seconds))
