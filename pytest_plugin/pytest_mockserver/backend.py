"""Where a session of a test lives: on a server in this process, or on one that runs elsewhere.

Both tell the same, in the same values. What is in this process is touched in the server's own
thread alone, between two requests.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, Protocol, TypeVar

from mockserver.control.matching import Matcher, verify
from mockserver.control.problems import Refused
from mockserver.control.scenarios import read_condition
from mockserver.control.shapes import Verified, Verify
from mockserver.errors import UsageError
from mockserver.plugins import Plugins
from mockserver.records.journal import Call
from mockserver.scenario.conditions.matching import Condition
from mockserver.scenario.schema import Scenario, Strict
from mockserver.scenario.scripting import Script
from mockserver.server.runner import MockServer
from mockserver.sessions.session import Session as EngineSession
from mockserver.traffic.clock import Clock
from pytest_mockserver.recording import written_failure

T = TypeVar("T")

SETTLING: Final = 25
"""Rounds of the server's loop in which an answer that a client has read is entered as sent."""
SCRIPT: Final = "script"
"""The layer of what the test scripts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Beginning:
    """How a session begins.

    Attributes:
        scenario: What it answers by, below all that is scripted.
        sources: What that was read from, and the *folders* in which names were looked up.
        inherit: Whether the server's own scenario lies below that.
        seed: Of everything drawn; None: the scenario's.
        strict: What fails the test; what is not stated is as the scenario or the run says.
        time_scale: How long a second takes.

    """

    scenario: Scenario = Scenario()
    sources: tuple[str | Path, ...] = ()
    folders: Sequence[Path] | None = None
    inherit: bool = False
    seed: int | None = None
    strict: Strict = Strict()
    time_scale: float = 0.0


class Backend(Protocol):
    """A session of a server."""

    name: str
    url: str
    time_scale: float

    @property
    def strict(self) -> Strict:
        """What fails the test, all of it stated."""
        ...

    def put(self, script: Script) -> None:
        """Answer by *script*, all of it, from now on."""
        ...

    def add(self, scenario: Scenario, documents: Sequence[Mapping[str, Any]]) -> None:
        """Lay a scenario below what is scripted."""
        ...

    def calls(self) -> list[Call]:
        """Return the calls that have come."""
        ...

    def unused(self) -> list[str]:
        """Return a sentence for each scripted answer that is left."""
        ...

    def late(self) -> list[Call]:
        """Return the calls that came after the end."""
        ...

    def rules(self) -> list[str]:
        """Return the names of all rules."""
        ...

    def failure(self, rule: str | None, kind: str) -> Mapping[str, Any] | None:
        """Return what stands under `fail` for the failure *kind* of *rule*, or of any other."""
        ...

    def refuse(self) -> AbstractContextManager[None]:
        """Take the port of the server away for a while."""
        ...

    def verify(self, when: Any, wanted: Verify) -> Verified:
        """Tell whether the calls that fit *when* are as many as *wanted*."""
        ...

    def wait(self, count: int, timeout_s: float, when: Any, *, unfinished: bool) -> list[Call]:
        """Return the calls that fit *when* once there are *count*, or those that came in time."""
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
        """Move the session's time on."""
        ...

    def release(self, rule: str | None) -> int:
        """Let answers go on that are held."""
        ...

    def reset(self) -> None:
        """Begin anew with the rules as they are."""
        ...

    def end(self) -> None:
        """Answer no more."""
        ...


class Local:
    """A session of a server in this process."""

    def __init__(
        self, server: MockServer, name: str, beginning: Beginning, clock: Clock | None = None
    ) -> None:
        """Begin it; with *clock* it has the time of another one."""
        self.name = name
        self.url = f"{server.url}/s/{name}"
        self.time_scale = beginning.time_scale
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
        """What fails the test, all of it stated."""
        return self._session.strict

    @property
    def clock(self) -> Clock:
        """The session's clock, to be that of another one too."""
        return self._session.clock

    def put(self, script: Script) -> None:
        """Answer by *script*, all of it, from now on."""
        # State is set when it is told, and not again each time that a rule is added.
        scenario = replace(script.scenario(), state={})
        self._do(lambda: self._session.add(scenario, SCRIPT))

    def add(self, scenario: Scenario, documents: Sequence[Mapping[str, Any]]) -> None:  # noqa: ARG002 - as a remote one needs
        """Lay a scenario below what is scripted."""
        self._do(lambda: self._session.add(scenario))

    def calls(self) -> list[Call]:
        """Return the calls that have come."""
        return self._server.perform(self._settled())

    async def _settled(self) -> list[Call]:
        journal = self._session.journal
        for _ in range(SETTLING):
            if all(call.is_finished for call in journal):
                break
            await asyncio.sleep(0)
        return list(journal)

    def unused(self) -> list[str]:
        """Return a sentence for each scripted answer that is left."""
        return self._do(lambda: list(self._session.unused()))

    def late(self) -> list[Call]:
        """Return the calls that came after the end."""
        seen = self._session.journal.seen
        if seen == self._looked_at:
            return self._late
        try:
            calls = self.calls()
        except UsageError:  # the server has stopped, and nothing moves any more
            calls = list(self._session.journal)
        self._looked_at = seen
        self._late = [call for call in calls if call.is_late]
        return self._late

    def rules(self) -> list[str]:
        """Return the names of all rules."""
        return [rule.name for rule in self._session.scenario.rules]

    def failure(self, rule: str | None, kind: str) -> Mapping[str, Any] | None:
        """Return what stands under `fail` for the failure *kind* of *rule*, or of any other."""
        rules = sorted(self._session.scenario.rules, key=lambda known: known.name != rule)
        for known in rules:
            for failure in (*known.fail, *(f for step in known.replies for f in step.failures)):
                if failure.kind == kind:
                    return written_failure(failure)
        return None

    def refuse(self) -> AbstractContextManager[None]:
        """Take the port of the server away for a while."""
        return self._server.refuse()

    def verify(self, when: Any, wanted: Verify) -> Verified:
        """Tell whether the calls that fit *when* are as many as *wanted*."""
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
        """Return the calls that fit *when* once there are *count*, or those that came in time."""
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
        """Move the session's time on."""
        self._do(lambda: self.clock.advance(seconds))

    def release(self, rule: str | None) -> int:
        """Let answers go on that are held."""
        return self._server.release(self.name, rule)

    def reset(self) -> None:
        """Begin anew with the rules as they are."""
        self._do(self._session.reset)

    def end(self) -> None:
        """Answer no more."""
        self._do(lambda: self._server.engine.sessions.end(self.name))

    def _do(self, function: Callable[[], T]) -> T:
        return self._server.perform(_called(function))


async def _called(function: Callable[[], T]) -> T:
    return function()


def in_words(refused: Refused) -> str:
    """Return what was wrong with a condition, one line for each fault."""
    problem = refused.problem
    faults = [
        f"{f'{fault.at}: ' if fault.at else ''}{fault.what}"
        + (f"\n  {fault.hint}" if fault.hint else "")
        for fault in problem.faults
    ]
    return "\n".join(faults) or problem.detail
