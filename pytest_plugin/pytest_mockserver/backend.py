"""The session of a test on its server: in this process, or elsewhere.

Both report the same values. A server in this process is used only in its own thread, between two
requests.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, Protocol, TypeVar

from mockserver.control.matching import Matcher, verify
from mockserver.control.problems import Refused
from mockserver.control.scenarios import read_condition
from mockserver.control.shapes import Verified, Verify
from mockserver.errors import UsageError, shows_mistake
from mockserver.plugins import Plugins
from mockserver.records.journal import Call
from mockserver.scenario.conditions.matching import Condition
from mockserver.scenario.loader import Source
from mockserver.scenario.schema import Scenario, Strict
from mockserver.scenario.scripting import Script
from mockserver.server.runner import MockServer
from mockserver.sessions.passing import Passing
from mockserver.sessions.session import Session as EngineSession
from mockserver.traffic.clock import Clock
from pytest_mockserver.recording import written_failure

__tracebackhide__ = shows_mistake

T = TypeVar("T")

SETTLING: Final = 25
"""Rounds of the server's loop until an answer that a client has read is entered as sent."""
SCRIPT: Final = "script"
"""The layer of what the test scripts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Beginning:
    """How a session begins.

    Attributes:
        scenario: The scenario below everything that is scripted.
        sources: What it was read from, with the *folders* where names were looked up.
        inherit: Whether the server's scenario applies below that.
        seed: The seed for all random choices; None: the scenario's.
        strict: What fails the test; unset members are as in the scenario or the run.
        time_scale: Real seconds per second of session time.

    """

    scenario: Scenario = Scenario()
    sources: tuple[Source, ...] = ()
    folders: Sequence[Path] | None = None
    inherit: bool = False
    seed: int | None = None
    strict: Strict = Strict()
    time_scale: float = 0.0


class Backend(Protocol):
    """A session of a server."""

    name: str
    url: str

    @property
    def time_scale(self) -> float:
        """Real seconds per second of session time."""
        ...

    @property
    def strict(self) -> Strict:
        """What fails the test, with every member set."""
        ...

    def put(self, script: Script) -> None:
        """Answer from all of *script* from now on."""
        ...

    def add(self, scenario: Scenario, documents: Sequence[Mapping[str, Any]]) -> None:
        """Add a scenario below what is scripted."""
        ...

    def rest_on(self, lowest: Scenario, passing: Passing) -> None:
        """Answer from *lowest* below everything else; *passing* is what becomes of the rest."""
        ...

    def left(self, rule: str) -> tuple[str, ...]:
        """Return the recordings that *rule* has never given."""
        ...

    def flush(self) -> None:
        """Wait until all that was recorded so far is written."""
        ...

    def calls(self) -> list[Call]:
        """Return the calls so far."""
        ...

    def unused(self) -> list[str]:
        """Return a sentence for each unused scripted answer."""
        ...

    def late(self) -> list[Call]:
        """Return the calls that came after the session had ended."""
        ...

    def rules(self) -> list[str]:
        """Return the names of all rules."""
        ...

    def failure(self, rule: str | None, kind: str) -> Mapping[str, Any] | None:
        """Return the `fail` entry of the failure *kind* of *rule*, or else of any rule."""
        ...

    def refuse(self) -> AbstractContextManager[None]:
        """Refuse connections to the server within the block."""
        ...

    def verify(self, when: Any, wanted: Verify) -> Verified:
        """Check whether as many calls match *when* as *wanted*."""
        ...

    def wait(self, count: int, timeout_s: float, when: Any, *, unfinished: bool) -> list[Call]:
        """Wait for *count* calls that match *when*; return those that came in time."""
        ...

    def state(self) -> Mapping[str, Any]:
        """Return the session's state."""
        ...

    def set_state(self, values: Mapping[str, Any]) -> None:
        """Change the session's state."""
        ...

    def now_s(self) -> float:
        """Return the session's time."""
        ...

    def advance(self, seconds: float) -> None:
        """Advance the session's clock."""
        ...

    def release(self, rule: str | None) -> int:
        """Release held answers."""
        ...

    def reset(self) -> None:
        """Reset counters, state and journal; keep the rules."""
        ...

    def end(self) -> None:
        """End the session."""
        ...


class Local:
    """A session of a server in this process."""

    def __init__(
        self, server: MockServer, name: str, beginning: Beginning, clock: Clock | None = None
    ) -> None:
        """Create it; with *clock* it shares the clock of another one."""
        self.name = name
        self.url = f"{server.url}/s/{name}"
        self._server = server
        self._looked_at = 0
        self._late: list[Call] = []

        def begin() -> EngineSession:
            return server.engine.sessions.create(
                name,
                scenario=beginning.scenario,
                inherit=beginning.inherit,
                seed=beginning.seed,
                strict=None if beginning.strict == Strict() else beginning.strict,
                time_scale=beginning.time_scale,
                clock=clock,
            )

        self._session: EngineSession = self._do(begin)

    @property
    def strict(self) -> Strict:
        """What fails the test, with every member set."""
        return self._session.strict

    @property
    def time_scale(self) -> float:
        """Real seconds per second of session time."""
        return self.clock.time_scale

    @property
    def clock(self) -> Clock:
        """The session's clock, which another session may share."""
        return self._session.clock

    def put(self, script: Script) -> None:
        """Answer from all of *script* from now on."""
        # State is set once, not again each time a rule is added.
        scenario = replace(script.scenario(), state={})
        self._do(lambda: self._session.add(scenario, SCRIPT))

    def add(self, scenario: Scenario, documents: Sequence[Mapping[str, Any]]) -> None:  # noqa: ARG002 - as a remote one needs
        """Add a scenario below what is scripted."""
        self._do(lambda: self._session.add(scenario))

    def rest_on(self, lowest: Scenario, passing: Passing) -> None:
        """Answer from *lowest* below everything else; *passing* is what becomes of the rest.

        Raises:
            UsageError: It goes to another server, and this one knows none.

        """
        if passing.passes_on and self._server.upstream is None:
            hint = "create it with MockServer(…, upstream=URL, record='none')"
            raise UsageError(f"the server of 'mock_llm_server' has no upstream server\n  {hint}")

        self._do(lambda: self._session.rest_on(lowest, passing))

    def left(self, rule: str) -> tuple[str, ...]:
        """Return the recordings that *rule* has never given."""

        def left() -> tuple[str, ...]:
            return tuple(dict(self._session.reader.left()).get(rule, ()))

        try:
            return self._do(left)
        except UsageError:  # the server has stopped, and nothing changes any more
            return left()

    def flush(self) -> None:
        """Wait until all that was recorded so far is written."""
        if self._session.passing.cassette is not None:
            with suppress(UsageError):  # the server has stopped, and has written all
                self._server.perform(self._settled())
        self._server.flush()

    def calls(self) -> list[Call]:
        """Return the calls so far."""
        return self._server.perform(self._settled())

    async def _settled(self) -> list[Call]:
        journal = self._session.journal
        for _ in range(SETTLING):
            if all(call.is_finished for call in journal):
                break
            await asyncio.sleep(0)
        return list(journal)

    def unused(self) -> list[str]:
        """Return a sentence for each unused scripted answer."""
        return self._do(lambda: list(self._session.unused()))

    def late(self) -> list[Call]:
        """Return the calls that came after the session had ended."""
        seen = self._session.journal.seen
        if seen == self._looked_at:
            return self._late
        try:
            calls = self.calls()
        except UsageError:  # the server has stopped, and nothing changes any more
            calls = list(self._session.journal)
        self._looked_at = seen
        self._late = [call for call in calls if call.is_late]
        return self._late

    def rules(self) -> list[str]:
        """Return the names of all rules."""
        return [rule.name for rule in self._session.scenario.rules]

    def failure(self, rule: str | None, kind: str) -> Mapping[str, Any] | None:
        """Return the `fail` entry of the failure *kind* of *rule*, or else of any rule."""
        rules = sorted(self._session.scenario.rules, key=lambda known: known.name != rule)
        for known in rules:
            for failure in (*known.fail, *(f for step in known.replies for f in step.failures)):
                if failure.kind == kind:
                    return written_failure(failure)
        return None

    def refuse(self) -> AbstractContextManager[None]:
        """Refuse connections to the server within the block."""
        return self._server.refuse()

    def verify(self, when: Any, wanted: Verify) -> Verified:
        """Check whether as many calls match *when* as *wanted*."""
        return verify(self._matcher(when), self.calls(), wanted)

    def _matcher(self, when: Any) -> Matcher:
        condition: Condition | None = None
        if when:
            try:
                condition = read_condition(when, Plugins.installed())
            except Refused as refused:
                raise UsageError(in_words(refused)) from None
        return Matcher(self._server.engine, self._session, condition)

    def wait(self, count: int, timeout_s: float, when: Any, *, unfinished: bool) -> list[Call]:
        """Wait for *count* calls that match *when*; return those that came in time."""
        matcher = self._matcher(when)

        def fits(call: Call) -> bool:
            return (unfinished or call.is_finished) and matcher.fits(call)

        return self._server.perform(self._waited(fits, count, timeout_s))

    async def _waited(
        self, fits: Callable[[Call], bool], count: int, timeout_s: float
    ) -> list[Call]:
        changed = asyncio.Event()
        journal, wake = self._session.journal, changed.set
        journal.watchers.add(wake)
        found: list[Call] = []
        try:
            async with asyncio.timeout(timeout_s):
                while True:
                    found = [call for call in journal if fits(call)]
                    if len(found) >= count:
                        break
                    changed.clear()
                    await changed.wait()
        except TimeoutError:
            pass
        finally:
            journal.watchers.discard(wake)
        return found

    def state(self) -> Mapping[str, Any]:
        """Return the session's state."""
        return self._do(lambda: dict(self._session.state))

    def set_state(self, values: Mapping[str, Any]) -> None:
        """Change the session's state."""
        self._do(lambda: self._session.set_state(values))

    def now_s(self) -> float:
        """Return the session's time."""
        return self.clock.now_s()

    def advance(self, seconds: float) -> None:
        """Advance the session's clock."""
        self._do(lambda: self.clock.advance(seconds))

    def release(self, rule: str | None) -> int:
        """Release held answers."""
        return self._server.release(self.name, rule)

    def reset(self) -> None:
        """Reset counters, state and journal; keep the rules."""
        self._do(self._session.reset)

    def end(self) -> None:
        """End the session."""
        self._do(lambda: self._server.engine.sessions.end(self.name))

    def _do(self, function: Callable[[], T]) -> T:
        return self._server.perform(_called(function))


async def _called(function: Callable[[], T]) -> T:
    return function()


def in_words(refused: Refused) -> str:
    """Return the errors of a condition, one line for each."""
    problem = refused.problem
    faults = [
        f"{f'{fault.at}: ' if fault.at else ''}{fault.what}"
        + (f"\n  {fault.hint}" if fault.hint else "")
        for fault in problem.faults
    ]
    return "\n".join(faults) or problem.detail
