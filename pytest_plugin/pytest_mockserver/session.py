"""What `mock_llm` is: the server as one test sees it, to script, to watch and to assert on."""

import asyncio
import importlib
import os
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final, NoReturn, Self, Unpack, cast

from mockserver.control.shapes import Verified, Verify
from mockserver.errors import UsageError
from mockserver.models import Catalogue
from mockserver.plugins import Plugins
from mockserver.records import verdicts as judging
from mockserver.records.attempts import attempts
from mockserver.records.journal import Call
from mockserver.records.verdicts import Circumstances, Verdict
from mockserver.scenario.scripting import Script, WhenKeys, when_of
from pytest_mockserver import addresses
from pytest_mockserver.backend import Backend
from pytest_mockserver.prompts import normalised
from pytest_mockserver.timeline import timeline

PER_MILLION: Final = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """The bills of several calls, added up."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    reasoning_tokens: int = 0

    @property
    def total_tokens(self) -> int:
        """Prompts and completions together."""
        return self.prompt_tokens + self.completion_tokens


class SessionClock:
    """The time of a session: it stands at 0 when the test begins."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    @property
    def now_s(self) -> float:
        """What time it is, in seconds."""
        return self._backend.now_s()

    def advance(self, seconds: float) -> None:
        """Move it on; answers that wait for a time that has come go on."""
        self._backend.advance(seconds)


class Session(Script):
    """The server as one test sees it: rules, counters, state, journal and time are its own."""

    def __init__(
        self,
        backend: Backend,
        *,
        provider: str = "openai",
        folders: Sequence[Path] | None = None,
        others: "Callable[[], list[Session]] | None" = None,
    ) -> None:
        """Take where it lives, and what belongs to it.

        Args:
            backend: Where it lives.
            provider: Whose clients it is for.
            folders: Where scenarios are found by name.
            others: Tells of the other sessions of the test.

        """
        super().__init__(self._put, Plugins.installed())
        self._backend = backend
        self._others = others
        self._folders = folders
        self.provider = provider
        self.clock = SessionClock(backend)

    @property
    def backend(self) -> Backend:
        """Where it lives."""
        return self._backend

    @property
    def has_rules(self) -> bool:
        """Whether anything is scripted or loaded."""
        return bool(self.rules or self.loaded or self._backend.rules())

    @property
    def alternatives(self) -> "list[Session]":
        """The other sessions of the test that answer by rules: where else a client may turn."""
        others = self._others() if self._others is not None else []
        return [other for other in others if other.has_rules]

    @contextmanager
    def refuse(self) -> Generator[None, None, None]:
        """Take the port of the server away for a while: nobody listens there."""
        with self._backend.refuse():
            yield

    def _put(self) -> None:
        self._backend.put(self)

    # --- Where clients find it ---

    @property
    def name(self) -> str:
        """How its URLs call it."""
        return self._backend.name

    @property
    def url(self) -> str:
        """The root of all its paths, without a slash at its end."""
        return self._backend.url

    @property
    def server_url(self) -> str:
        """The root of the server's own paths."""
        return self.url.removesuffix(f"/s/{self.name}")

    @property
    def base_url(self) -> str:
        """What the clients of its provider take as their base URL."""
        return self.url_for(self.provider)

    @property
    def api_key(self) -> str:
        """A key; any other is taken as well, unless a scenario says otherwise."""
        return f"sk-mock-{self.name}"

    def url_for(self, provider: str) -> str:
        """Return what the clients of *provider* take as their base URL."""
        if provider not in addresses.PATHS:
            raise UsageError(
                f"there is no provider '{provider}': known are {', '.join(addresses.PATHS)}"
            )
        return addresses.url_for(self.url, provider)

    def env(self, **more: str) -> dict[str, str]:
        """Return the environment variables that lead the SDKs here, for another process."""
        return {**addresses.variables(self.server_url, self.name, self.api_key, os.environ), **more}

    # --- What is scripted ---

    def load(
        self,
        source: str | Path | Mapping[str, Any],
        /,
        *,
        folders: Sequence[Path] | None = None,
    ) -> Self:
        """Answer by a scenario, below everything that the test scripts: a name, path or mapping."""
        if not self.loaded:
            self._put()  # what is scripted later stays above what is loaded
        super().load(source, folders=self._folders if folders is None else folders)
        loaded = self.loaded[-1]
        self._backend.add(loaded.scenario, loaded.documents)
        return self

    def state(self, values: Mapping[str, Any] | None = None, /, **named: Any) -> Self:
        """Set values of the session's state, from now on; None removes a name."""
        told = {**(values or {}), **named}
        super().state({name: value for name, value in told.items() if value is not None})
        self._backend.set_state(told)
        return self

    @property
    def current_state(self) -> Mapping[str, Any]:
        """The session's state, as rules and the test have set it."""
        return self._backend.state()

    def reset(self) -> None:
        """Begin anew with the rules as they are: counters, state, journal."""
        self._backend.reset()
        if self.document().get("state"):
            self._backend.set_state(self.document()["state"])

    def release(self, rule: str | None = None) -> int:
        """Let answers go on that a `stall` holds until it is released; return how many."""
        return self._backend.release(rule)

    # --- What has happened ---

    @property
    def calls(self) -> list[Call]:
        """The HTTP requests that have come, in order; each retry is one of its own."""
        return self._backend.calls()

    @property
    def attempts(self) -> list[list[Call]]:
        """The calls, with the attempts at one request together."""
        return attempts(self.calls)

    @property
    def conversations(self) -> list[list[Call]]:
        """The calls, by what the user said first: sub-agents apart, in the order they began."""
        found: dict[str, list[Call]] = {}
        for call in self.calls:
            if call.conversation is not None:
                found.setdefault(call.conversation, []).append(call)
        return list(found.values())

    def prompts(self) -> str:
        """Return all messages that were sent, without what differs each time, for a snapshot."""
        return normalised(self.calls)

    @property
    def usage(self) -> Tokens:
        """What all answers are billed as, in tokens."""
        return total(self.calls)

    def cost(self) -> float:
        """Return what all answers cost in US dollars, by the catalogue's prices.

        Raises:
            UsageError: A model has no price there.

        """
        return cost_of(self.calls)

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        """What the client did wrong."""
        return self._judge()

    def _judge(self, *, fallback: bool | None = None) -> tuple[Verdict, ...]:
        alternatives = self.alternatives
        others = [call for other in alternatives for call in other.calls]
        return judging.judge(
            self.calls,
            Circumstances(
                time_scale=self._backend.time_scale,
                now_s=self._backend.now_s(),
                fallback=bool(alternatives) if fallback is None else fallback,
                elsewhere=others,
            ),
        )

    def wait_for(
        self,
        calls: int = 1,
        *,
        timeout_s: float = 5,
        unfinished: bool = False,
        **when: Unpack[WhenKeys],
    ) -> list[Call]:
        """Return the calls that fit *when*, once there are so many: of jobs, of other processes.

        Args:
            calls: How many must have come.
            timeout_s: How long to wait, in real seconds.
            unfinished: Whether calls count too that have not been answered to the end.
            **when: Which ones count, by the keys of `when`.

        Raises:
            AssertionError: They have not come in time.

        """
        __tracebackhide__ = True
        told = _condition(when)
        found = self._backend.wait(calls, timeout_s, told, unfinished=unfinished)
        if len(found) < calls:
            self._fail(f"expected {calls} calls within {timeout_s:g} s, {len(found)} came")
        return found

    async def wait_for_async(
        self,
        calls: int = 1,
        *,
        timeout_s: float = 5,
        unfinished: bool = False,
        **when: Unpack[WhenKeys],
    ) -> list[Call]:
        """Do the same as `wait_for` in a coroutine, of asyncio, anyio or trio."""
        waiting = partial(self.wait_for, calls, timeout_s=timeout_s, unfinished=unfinished, **when)
        return await _in_thread(waiting)

    def record(self, path: str | Path) -> Path:
        """Write what was asked and answered so far as a scenario, to edit and to answer by."""
        from pytest_mockserver.recording import recorded  # noqa: PLC0415 - few tests record

        path = Path(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(recorded(self.calls, self._backend.failure), encoding="utf-8")
        return path

    # --- What is asserted ---

    def assert_called(
        self,
        n: int | None = None,
        *,
        at_least: int | None = None,
        at_most: int | None = None,
        **when: Unpack[WhenKeys],
    ) -> None:
        """Fail unless *n* calls fit *when* (or so many at least, or at most; one, if unsaid)."""
        __tracebackhide__ = True
        wanted = Verify(calls=n, at_least=at_least, at_most=at_most)
        verified: Verified = self._backend.verify(_condition(when), wanted)
        if not verified.holds:
            self._fail(verified.message)

    def assert_usage(
        self, *, prompt_tokens: int | None = None, completion_tokens: int | None = None
    ) -> None:
        """Fail unless all answers together are billed so."""
        __tracebackhide__ = True
        found = self.usage
        for name, wanted in (
            ("prompt_tokens", prompt_tokens),
            ("completion_tokens", completion_tokens),
        ):
            if wanted is not None and getattr(found, name) != wanted:
                self._fail(f"expected {wanted} {name}, the bill says {getattr(found, name)}")

    def assert_cost(self, *, at_most: float) -> None:
        """Fail if all answers together cost more than *at_most* US dollars."""
        __tracebackhide__ = True
        found = self.cost()
        if found > at_most:
            self._fail(f"expected a cost of at most ${at_most:g}, and it is ${found:.6g}")

    def assert_well_behaved(
        self, *, allow: Iterable[judging.VerdictKind] = (), fallback: bool | None = None
    ) -> None:
        """Fail if there is a verdict on the client, but for those of kinds to *allow*.

        With *fallback* the client is expected to turn to another provider, model or key; unless
        stated, it is if the test has sessions of `mock_llm_factory` besides this one.
        """
        __tracebackhide__ = True
        found = judging.without(self._judge(fallback=fallback), allow)
        if found:
            self._fail("the client did not behave well:\n" + "\n".join(map(str, found)))

    def assert_order(self, *rules: str) -> None:
        """Fail unless *rules* answered one after the other; others may have in between."""
        __tracebackhide__ = True
        acted = [call.rule for call in self.calls if call.rule]
        known = {rule.name for rule in self.rules} | set(acted) | set(self._backend.rules())
        for rule in rules:
            if rule not in known:
                raise UsageError(f"there is no rule '{rule}': known are {', '.join(sorted(known))}")
        rest = iter(acted)
        if not all(rule in rest for rule in rules):
            self._fail(f"expected the rules {', '.join(rules)} in this order: {', '.join(acted)}")

    def assert_waited(self, *, at_least_s: float) -> None:
        """Fail unless each retry came so much later than the failure before it, or if none did."""
        __tracebackhide__ = True
        waits = [call.waited_s for call in self.calls if call.waited_s is not None]
        if not waits:
            self._fail(f"expected waits of at least {at_least_s:g} s, and nothing was tried again")
        if min(waits) < at_least_s:
            told = ", ".join(f"{wait:.3g} s" for wait in waits)
            self._fail(f"expected waits of at least {at_least_s:g} s, they were {told}")

    def _fail(self, what: str) -> NoReturn:
        __tracebackhide__ = True
        raise AssertionError(f"{what}\n{self.describe()}")

    def describe(self) -> str:
        """Return the journal as the report of a failed test shows it."""
        calls = self.calls
        used = total(calls)
        head = (
            f"session '{self.name}' at {self.url}: {len(calls)} calls, "
            f"{used.prompt_tokens}+{used.completion_tokens} tokens, "
            f"session time {self._backend.now_s():.3g} s"
        )
        return f"{head}\n{timeline(calls)}"

    def __repr__(self) -> str:
        return f"<mock_llm session '{self.name}' at {self.url}>"


def _condition(when: Mapping[str, Any]) -> Any:
    return when_of((), when) or None


def total(calls: Iterable[Call]) -> Tokens:
    """Return what *calls* are billed as together."""
    bills = [call.usage for call in calls if call.usage is not None]
    return Tokens(
        prompt_tokens=sum(bill.prompt_tokens for bill in bills),
        completion_tokens=sum(bill.completion_tokens for bill in bills),
        cached_tokens=sum(bill.cached_tokens for bill in bills),
        reasoning_tokens=sum(bill.reasoning_tokens for bill in bills),
    )


def cost_of(calls: Iterable[Call]) -> float:
    """Return what *calls* cost, in US dollars.

    Raises:
        UsageError: A model has no price in the catalogue.

    """
    catalogue = Catalogue()
    spent = 0.0
    for call in calls:
        if call.usage is None:
            continue
        bill, model = call.usage, catalogue.resolve(call.model or "")
        price_in, price_out = model.usd_per_million_in, model.usd_per_million_out
        if price_in is None or price_out is None:
            raise UsageError(f"the catalogue has no price for the model '{call.model}'")
        cached = model.usd_per_million_cached_in
        price_cached = price_in if cached is None else cached
        spent += (bill.prompt_tokens - bill.cached_tokens) * price_in
        spent += bill.cached_tokens * price_cached + bill.completion_tokens * price_out
    return spent / PER_MILLION


async def _in_thread(function: Callable[[], list[Call]]) -> list[Call]:
    """Return what *function* returns, without holding the event loop up, whichever it is."""
    try:
        anyio = importlib.import_module("anyio.to_thread")
    except ImportError:
        return await asyncio.to_thread(function)
    return cast(list[Call], await anyio.run_sync(function))
