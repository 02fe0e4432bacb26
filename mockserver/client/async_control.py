"""The typed asynchronous client of the control API: `mockserver.AsyncControl`.

```python
async with AsyncControl("http://127.0.0.1:8089") as control:
    async with await control.new_session("checkout", {"rules": [{"reply": "Hi."}]}) as session:
        await ask(base_url=session.base_url)
        await session.assert_called(calls=1)
```

`mockserver.client.control` documents the methods, which have the same names.
"""

from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar, Unpack

import aiohttp
from msgspec.structs import replace

from mockserver.client.control import TIMEOUT_S, Addressed, Target
from mockserver.control import operations as ops
from mockserver.control.following import Follower
from mockserver.control.operations import (
    MARGIN_S,
    Awaited,
    CallsFilters,
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

__all__ = ["AsyncControl", "AsyncSessionControl"]

T = TypeVar("T")


class AsyncControl:
    """A server's control API; its connections are open within an `async with` block."""

    def __init__(
        self,
        url: str = DEFAULT_URL,
        *,
        token: str | None = None,
        ca_file: str | Path | None = None,
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        """Create a client, as `Control` does."""
        self.target = Target(url, token, ca_file)
        self._timeout_s = timeout_s
        self._session: aiohttp.ClientSession | None = None

    @property
    def url(self) -> str:
        """The root URL of the server, without a trailing slash."""
        return self.target.url

    async def __aenter__(self) -> Self:
        self._opened()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()
        self._session = None

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(headers=self.target.headers(), trust_env=False)
        return self._session

    async def send(self, operation: Operation[T]) -> T:
        """Send *operation*, and return the answer.

        Raises:
            ControlError: The server refused it, or did not answer.

        """
        timeout_s = self._timeout_s
        if operation.waits_s:
            timeout_s = max(timeout_s, operation.waits_s + MARGIN_S)
        try:
            async with self._opened().request(
                operation.method,
                f"{self.target.url}{operation.path}",
                data=operation.content,
                timeout=aiohttp.ClientTimeout(total=timeout_s),
                ssl=self.target.tls or True,
            ) as response:
                content = await response.read()
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise unreachable(self.target.url, error) from error
        return operation.read(response.status, content)

    async def health(self) -> Health:
        """Check that the server answers."""
        return await self.send(ops.health())

    async def totals(self) -> Totals:
        """Return the totals of all calls that have ended."""
        return await self.send(ops.totals())

    async def calls(
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
        return await self.send(ops.calls(query))

    async def follow(
        self,
        *,
        newest: int = 0,
        timeout_s: float | None = None,
        **filters: Unpack[CallsFilters],
    ) -> AsyncIterator[CallRecord]:
        """Yield each call of any session that matches *filters*, once it has ended.

        Those count that end after the iteration has begun, and the *newest* by then.

        Args:
            newest: With how many of the calls that are kept to begin, up to 1,000.
            timeout_s: How long to wait for the next call before the iteration ends; None: for ever.
            **filters: As those of `calls`.

        """
        follower = Follower(ops.calls_query(filters), newest, timeout_s)
        while follower.has_time:
            answer = await self.send(ops.calls(follower.query()))
            for call in follower.take(answer):
                yield call

    async def load(self) -> Load:
        """Return how fast they were answered, beside what was planned."""
        return await self.send(ops.load())

    async def reload(self, scenario: ScenarioSource | None = None) -> Reloaded:
        """Have the server reload its scenario, or replace it with *scenario*."""
        return await self.send(ops.reload(scenario))

    async def sessions(self, *, after: str | None = None, limit: int = 100) -> SessionPage:
        """Return a page of the open sessions, starting after the one named *after*."""
        return await self.send(ops.list_sessions(after, limit))

    async def new_session(
        self,
        name: str,
        scenario: ScenarioSource | None = None,
        **options: Unpack[NewSessionOptions],
    ) -> "AsyncSessionControl":
        """Create a session; as an `async with` block, the session ends with the block."""
        await self.send(ops.create_session(name, scenario, options))
        return AsyncSessionControl(self, name)

    def session(self, name: str = "default") -> "AsyncSessionControl":
        """Return the session *name*; nothing is sent yet."""
        return AsyncSessionControl(self, name)


class AsyncSessionControl(Addressed):
    """One session of a server."""

    def __init__(self, control: AsyncControl, name: str) -> None:
        super().__init__(control.target, name)
        self._send = control.send

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.end()

    async def read(self) -> SessionState:
        """Return the state of the session."""
        return await self._send(ops.read_session(self.name))

    async def end(self) -> SessionState:
        """End the session: calls to it are refused with 410 from now on."""
        return await self._send(ops.end_session(self.name))

    async def reset(self) -> SessionState:
        """Reset counters, state and journal; keep the rules."""
        return await self._send(ops.reset_session(self.name))

    # --- Rules ---

    async def rules(self) -> tuple[RuleState, ...]:
        """Return the rules with their counts."""
        return (await self._send(ops.list_rules(self.name))).rules

    async def add_rules(self, *rules: Mapping[str, Any]) -> tuple[RuleState, ...]:
        """Add *rules*, as in a file, above the existing ones; return all rules."""
        return (await self._send(ops.add_rules(self.name, rules))).rules

    async def add_scenario(
        self, scenario: ScenarioSource, *, layer: str | None = None
    ) -> tuple[RuleState, ...]:
        """Add *scenario* above the existing rules; return all rules.

        It replaces what was added before under the same *layer*, in the same place.
        """
        return (await self._send(ops.add_scenario(self.name, scenario, layer))).rules

    async def explain(
        self,
        request: Mapping[str, Any],
        *,
        path: str = "/v1/chat/completions",
        headers: Mapping[str, str] | None = None,
    ) -> Explanation:
        """Dry run: report how the rules would read *request*, and change nothing."""
        return await self._send(ops.explain(self.name, request, path, headers))

    # --- The journal ---

    async def calls(self, **filters: Unpack[JournalFilters]) -> tuple[CallRecord, ...]:
        """Return all calls kept that match *filters*, oldest first."""
        found: list[CallRecord] = []
        while True:
            page = await self._send(ops.read_journal(self.name, 1_000, filters))
            found += page.calls
            if page.next_after is None:
                return tuple(found)
            filters = {**filters, "after": page.next_after}

    async def journal(
        self, *, limit: int = 100, newest: bool = False, **filters: Unpack[JournalFilters]
    ) -> JournalPage:
        """Return a page of the calls that match *filters*."""
        return await self._send(ops.read_journal(self.name, limit, filters, newest=newest))

    async def call(self, number: int) -> CallRecord:
        """Return the call with this *number*."""
        return await self._send(ops.read_call(self.name, number))

    async def content(self, number: int) -> CallContent:
        """Return the request and the answer of the call with this *number* as bytes."""
        return await self._send(ops.read_content(self.name, number))

    async def detail(self, number: int) -> CallDetail:
        """Return the call with this *number* in detail."""
        return await self._send(ops.detail(self.name, number))

    async def scenario(self) -> ShownScenario:
        """Return the rules as they are written, with how often each has acted."""
        return await self._send(ops.scenario(self.name))

    async def clear_journal(self) -> int:
        """Clear the journal; return how many calls were removed."""
        return (await self._send(ops.clear_journal(self.name))).cleared

    async def wait_for(
        self, calls: int = 1, when: When | None = None, **awaited: Unpack[Awaited]
    ) -> tuple[CallRecord, ...]:
        """Wait until at least *calls* calls match *when*; return all that match.

        Raises:
            TimeoutError: They did not come in time.

        """
        waited = await self._send(ops.wait(self.name, calls, when, awaited))
        if not waited.met:
            raise too_few(waited, calls)
        return waited.calls

    async def verify(self, when: When | None = None, **expected: Unpack[Expected]) -> Verified:
        """Check how many calls match *when* against `calls`, `at_least` or `at_most`."""
        return await self._send(ops.verify(self.name, when, expected))

    async def assert_called(self, when: When | None = None, **expected: Unpack[Expected]) -> None:
        """Fail the test, with what differed, unless `verify` holds.

        Raises:
            AssertionError: It does not hold.

        """
        verified = await self.verify(when, **expected)
        if not verified.holds:
            raise AssertionError(verified.message)

    async def near_misses(self) -> tuple[NearMiss, ...]:
        """Return the calls that no rule answered, and why the nearest rules did not match."""
        return (await self._send(ops.near_misses(self.name))).calls

    async def verdicts(self, *, fallback: bool = False, after: int = 0) -> tuple[VerdictOn, ...]:
        """Return what the client did wrong; *fallback*: it had somewhere else to turn.

        With *after*, the number of a call, only what later ones prove.
        """
        query = VerdictsQuery(fallback=fallback, after=after)
        return (await self._send(ops.verdicts(self.name, query))).verdicts

    async def release(self, rule: str | None = None) -> int:
        """Release the answers that *rule* (None: any rule) holds; return how many."""
        return (await self._send(ops.release(self.name, rule))).released

    # --- State and clock ---

    async def state(self) -> Mapping[str, Any]:
        """Return the state, by name."""
        return (await self._send(ops.read_state(self.name))).state

    async def set_state(self, values: Mapping[str, Any]) -> Mapping[str, Any]:
        """Set *values* of the state (None removes one); return the whole state."""
        return (await self._send(ops.change_state(self.name, values))).state

    async def clock(self) -> ClockView:
        """Return the session's clock."""
        return await self._send(ops.read_clock(self.name))

    async def advance(self, seconds: float) -> ClockView:
        """Advance the session's clock; pauses that end by then end at once."""
        return await self._send(ops.advance_clock(self.name, seconds))
