"""The typed client of the control API, to await: `mockserver.AsyncControl`.

```python
async with AsyncControl("http://127.0.0.1:8089") as control:
    async with await control.new_session("checkout", {"rules": [{"reply": "Hi."}]}) as session:
        await ask(base_url=session.base_url)
        await session.assert_called(calls=1)
```

All that can be asked is told in `mockserver.client.control`, whose methods have the same names.
"""

from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar, Unpack

import aiohttp

from mockserver.client.control import TIMEOUT_S, Addressed, Target
from mockserver.control import operations as ops
from mockserver.control.operations import (
    MARGIN_S,
    Awaited,
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
        """Take where the server is, as `Control` does."""
        self.target = Target(url, token, ca_file)
        self._timeout_s = timeout_s
        self._session: aiohttp.ClientSession | None = None

    @property
    def url(self) -> str:
        """The root of all paths, without a slash at its end."""
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
        """Ask *operation*, and return the answer.

        Raises:
            ControlError: The server does not do it, or there is none.

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
        """Return that the server answers."""
        return await self.send(ops.health())

    async def totals(self) -> Totals:
        """Return what all calls to the server come to that have ended."""
        return await self.send(ops.totals())

    async def reload(self, scenario: ScenarioSource | None = None) -> Reloaded:
        """Let the server read its scenario again, or answer by *scenario* from now on."""
        return await self.send(ops.reload(scenario))

    async def sessions(self, *, after: str | None = None, limit: int = 100) -> SessionPage:
        """Return the sessions that are open, from the one behind *after* on."""
        return await self.send(ops.list_sessions(after, limit))

    async def new_session(
        self,
        name: str,
        scenario: ScenarioSource | None = None,
        **options: Unpack[NewSessionOptions],
    ) -> "AsyncSessionControl":
        """Begin a session; in an `async with` block it ends with the block."""
        await self.send(ops.create_session(name, scenario, options))
        return AsyncSessionControl(self, name)

    def session(self, name: str = "default") -> "AsyncSessionControl":
        """Return the session called *name*; nothing is asked yet."""
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
        """Return the session as it is."""
        return await self._send(ops.read_session(self.name))

    async def end(self) -> SessionState:
        """End the session: calls to it are refused with 410 from now on."""
        return await self._send(ops.end_session(self.name))

    async def reset(self) -> SessionState:
        """Begin anew with the rules as they are: counters, state and journal."""
        return await self._send(ops.reset_session(self.name))

    # --- Rules ---

    async def rules(self) -> tuple[RuleState, ...]:
        """Return the rules, and how far each has come."""
        return (await self._send(ops.list_rules(self.name))).rules

    async def add_rules(self, *rules: Mapping[str, Any]) -> tuple[RuleState, ...]:
        """Add *rules*, as in a file, above those that there are; return them all."""
        return (await self._send(ops.add_rules(self.name, rules))).rules

    async def add_scenario(
        self, scenario: ScenarioSource, *, layer: str | None = None
    ) -> tuple[RuleState, ...]:
        """Add rules and all else that *scenario* says, above what there is; return all rules.

        What was added before as the same *layer* is replaced, where it stands.
        """
        return (await self._send(ops.add_scenario(self.name, scenario, layer))).rules

    async def explain(
        self,
        request: Mapping[str, Any],
        *,
        path: str = "/v1/chat/completions",
        headers: Mapping[str, str] | None = None,
    ) -> Explanation:
        """Return how the rules would be read for *request*; nothing is moved by it."""
        return await self._send(ops.explain(self.name, request, path, headers))

    # --- The journal ---

    async def calls(self, **filters: Unpack[JournalFilters]) -> tuple[CallRecord, ...]:
        """Return all calls that are kept and fit *filters*, oldest first."""
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
        """Return a page of the calls that fit *filters*."""
        return await self._send(ops.read_journal(self.name, limit, filters, newest=newest))

    async def call(self, number: int) -> CallRecord:
        """Return the call that was counted as *number*."""
        return await self._send(ops.read_call(self.name, number))

    async def clear_journal(self) -> int:
        """Forget the calls, and return how many."""
        return (await self._send(ops.clear_journal(self.name))).cleared

    async def wait_for(
        self, calls: int = 1, when: When | None = None, **awaited: Unpack[Awaited]
    ) -> tuple[CallRecord, ...]:
        """Return the calls that fit *when*, once there are as many as *calls*.

        Raises:
            TimeoutError: They have not come in time.

        """
        waited = await self._send(ops.wait(self.name, calls, when, awaited))
        if not waited.met:
            raise too_few(waited, calls)
        return waited.calls

    async def verify(self, when: When | None = None, **expected: Unpack[Expected]) -> Verified:
        """Return whether as many calls fit *when* as `calls`, `at_least` or `at_most` say."""
        return await self._send(ops.verify(self.name, when, expected))

    async def assert_called(self, when: When | None = None, **expected: Unpack[Expected]) -> None:
        """Let a test fail, with what differed, unless calls have come as `verify` wants them.

        Raises:
            AssertionError: They have not.

        """
        verified = await self.verify(when, **expected)
        if not verified.holds:
            raise AssertionError(verified.message)

    async def near_misses(self) -> tuple[NearMiss, ...]:
        """Return the calls that no rule answered, and what kept the nearest ones from it."""
        return (await self._send(ops.near_misses(self.name))).calls

    async def verdicts(self, *, fallback: bool = False) -> tuple[VerdictOn, ...]:
        """Return what the client did wrong; with *fallback* it had somewhere else to turn to."""
        return (await self._send(ops.verdicts(self.name, fallback=fallback))).verdicts

    async def release(self, rule: str | None = None) -> int:
        """Let the answers go on that *rule* holds (None: any rule); return how many."""
        return (await self._send(ops.release(self.name, rule))).released

    # --- State and clock ---

    async def state(self) -> Mapping[str, Any]:
        """Return the state, by name."""
        return (await self._send(ops.read_state(self.name))).state

    async def set_state(self, values: Mapping[str, Any]) -> Mapping[str, Any]:
        """Set *values* of the state (None removes one); return it all."""
        return (await self._send(ops.change_state(self.name, values))).state

    async def clock(self) -> ClockView:
        """Return the session's time."""
        return await self._send(ops.read_clock(self.name))

    async def advance(self, seconds: float) -> ClockView:
        """Move the session's time on; whoever waits for a time that has come goes on."""
        return await self._send(ops.advance_clock(self.name, seconds))
