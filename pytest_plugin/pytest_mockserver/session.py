"""`mock_llm`: the server as one test sees it, to script, inspect and assert on."""

import asyncio
import importlib
import os
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final, NoReturn, Self, TypeAlias, Unpack, cast

from mockserver.control.shapes import Verified, Verify
from mockserver.errors import UsageError, did_you_mean, shows_mistake
from mockserver.models import Catalogue
from mockserver.plugins import Plugins
from mockserver.records import verdicts as judging
from mockserver.records.attempts import attempts
from mockserver.records.journal import Call
from mockserver.records.verdicts import Circumstances, Verdict
from mockserver.scenario.loader import Source
from mockserver.scenario.scripting import Script, ScriptedRule, WhenKeys, merged, when_of
from pytest_mockserver import addresses
from pytest_mockserver.backend import Backend
from pytest_mockserver.cassettes import Cassette, Place, Then, Timing, lay
from pytest_mockserver.prompts import normalised
from pytest_mockserver.timeline import counted, timeline

__tracebackhide__ = shows_mistake

PER_MILLION: Final = 1_000_000
Step: TypeAlias = str | ScriptedRule | Mapping[str, Any] | Sequence[Mapping[str, Any]]
"""What `assert_order` looks for: a rule, or a condition."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """The bills of several calls, summed up."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    reasoning_tokens: int = 0

    @property
    def total_tokens(self) -> int:
        """Prompt and completion tokens together."""
        return self.prompt_tokens + self.completion_tokens


class SessionClock:
    """The clock of a session; it is at 0 when the test begins."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    @property
    def now_s(self) -> float:
        """The time, in seconds."""
        return self._backend.now_s()

    def advance(self, seconds: float) -> None:
        """Advance it; pauses of answers that end by then end at once.

        Raises:
            UsageError: *seconds* are not a number, or negative.

        """
        if isinstance(seconds, bool) or not isinstance(seconds, int | float):  # pyright: ignore[reportUnnecessaryIsInstance] - a test may not check types
            raise UsageError(f"seconds={seconds!r:.40} is not a number")
        self._backend.advance(seconds)


class Session(Script):
    """The server as one test sees it, with its own rules, counters, state, journal and clock."""

    def __init__(
        self,
        backend: Backend,
        *,
        provider: str = "openai",
        folders: Sequence[Path] | None = None,
        place: Place,
        others: "Callable[[], list[Session]] | None" = None,
    ) -> None:
        """Create a session.

        Args:
            backend: The session on a server, here or elsewhere.
            provider: The provider whose clients `base_url` is for.
            folders: The folders where scenario names are looked up.
            place: The test that it belongs to.
            others: Returns the other sessions of the test.

        """
        super().__init__(self._put, Plugins.installed())
        self._backend = backend
        self._others = others
        self._folders = folders
        self._place = place
        self._cassette: Cassette | None = None
        self.provider = provider
        self.clock = SessionClock(backend)

    @property
    def backend(self) -> Backend:
        """The session on its server."""
        return self._backend

    @property
    def has_rules(self) -> bool:
        """Whether anything is scripted or loaded."""
        return bool(self.rules or self.loaded or self._backend.rules())

    @property
    def alternatives(self) -> "list[Session]":
        """The other sessions of the test that have rules: what a client may fall back to."""
        others = self._others() if self._others is not None else []
        return [other for other in others if other.has_rules]

    @contextmanager
    def refuse(self) -> Generator[None, None, None]:
        """Refuse connections to the server within the block, as if nothing listened."""
        with self._backend.refuse():
            yield

    def _put(self) -> None:
        self._backend.put(self)

    # --- Addresses ---

    @property
    def name(self) -> str:
        """Its name in URLs."""
        return self._backend.name

    @property
    def url(self) -> str:
        """Its root URL, without a trailing slash."""
        return self._backend.url

    @property
    def server_url(self) -> str:
        """The root URL of the server."""
        return self.url.removesuffix(f"/s/{self.name}")

    @property
    def base_url(self) -> str:
        """The base URL for the clients of its provider."""
        return self.url_for(self.provider)

    @property
    def api_key(self) -> str:
        """An API key; any other works as well, unless a scenario says otherwise."""
        return f"sk-mock-{self.name}"

    def url_for(self, provider: str) -> str:
        """Return the base URL for the clients of *provider*.

        Raises:
            UsageError: There is no such provider.

        """
        return addresses.url_for(self.url, provider)

    def env(self, **more: str) -> dict[str, str]:
        """Return the environment variables that point SDKs here, for another process."""
        return {**addresses.variables(self.server_url, self.name, self.api_key, os.environ), **more}

    # --- Scripting ---

    def load(
        self,
        source: Source,
        /,
        *,
        folders: Sequence[Path] | None = None,
    ) -> Self:
        """Add a scenario (name, path or mapping) below everything that the test scripts."""
        if not self.loaded:
            self._put()  # what is scripted later stays above the scenario
        super().load(source, folders=self._folders if folders is None else folders)
        loaded = self.loaded[-1]
        self._backend.add(loaded.scenario, loaded.documents)
        return self

    def cassette(
        self,
        name: str | Path | None = None,
        *,
        ignore: str | Sequence[str] = (),
        timing: Timing = "recorded",
        then: Then = "refuse",
        redact: str | Sequence[str] = (),
        required: bool = False,
    ) -> Cassette:
        """Answer from a cassette below everything that the test scripts and loads.

        With `--mock-llm-record`, what it lacks (`new`), or everything (`all`), goes to the upstream
        server and is recorded.

        Args:
            name: The file `cassettes/<name>.jsonl` beside the test, or a path from there; None: the
                test's own, `cassettes/<module>/<test>.jsonl`.
            ignore: JMESPaths of members of requests that need not be the same.
            timing: Whether answers take the time that they took (`recorded`) or none (`none`).
            then: What follows the last recorded answer to a request, as the key of a rule.
            redact: Regular expressions of what is taken out of recordings, besides keys, cookies
                and the like.
            required: Whether a strict test fails if it leaves recordings unused.

        Raises:
            UsageError: There is no such cassette, and nothing is recorded; or the session has one
                already; or an argument is wrong.
            MockServerError: The cassette cannot be read.

        """
        if self._cassette is not None:
            what = f"the session already has the cassette '{self._cassette.shown}'"
            hint = "'mockserver cassette merge' makes one of several; cassette=False in the marker"
            raise UsageError(f"{what}\n  {hint} of a test undoes that of its module")
        self._cassette = lay(
            self._backend,
            self._place,
            name,
            ignore=ignore,
            timing=timing,
            then=then,
            redact=redact,
            required=required,
        )
        return self._cassette

    @property
    def used_cassette(self) -> Cassette | None:
        """The cassette that it answers from or records to; None: it has none."""
        return self._cassette

    def document(self) -> dict[str, Any]:
        """Return everything as one file has it; the cassette's path is from the run's root."""
        document = super().document()
        return document if self._cassette is None else merged(document, self._cassette.document)

    def state(self, values: Mapping[str, Any] | None = None, /, **named: Any) -> Self:
        """Set values of the session's state; None removes a name."""
        changes = {**(values or {}), **named}
        super().state({name: value for name, value in changes.items() if value is not None})
        self._backend.set_state(changes)
        return self

    @property
    def current_state(self) -> Mapping[str, Any]:
        """The session's state, as set by rules and the test."""
        return self._backend.state()

    def reset(self) -> None:
        """Reset counters, state and journal; keep the rules."""
        self._backend.reset()
        if self.document().get("state"):
            self._backend.set_state(self.document()["state"])

    def release(self, rule: str | None = None) -> int:
        """Release answers that a `stall` holds; return how many there were.

        Raises:
            UsageError: There is no such rule.

        """
        if rule is not None:
            self._refuse_unknown(rule, self.calls)
        return self._backend.release(rule)

    # --- Inspecting ---

    @property
    def calls(self) -> list[Call]:
        """The HTTP requests so far, in order; each retry is a call of its own."""
        return self._backend.calls()

    @property
    def attempts(self) -> list[list[Call]]:
        """The calls, grouped by request: the attempts at one request together."""
        return attempts(self.calls)

    @property
    def conversations(self) -> list[list[Call]]:
        """The calls, grouped by the user's first message, so that sub-agents are apart."""
        found: dict[str, list[Call]] = {}
        for call in self.calls:
            if call.conversation is not None:
                found.setdefault(call.conversation, []).append(call)
        return list(found.values())

    def prompts(self) -> str:
        """Return all messages sent, without what differs each time, for a snapshot."""
        return normalised(self.calls)

    @property
    def usage(self) -> Tokens:
        """The tokens billed for all answers."""
        return total(self.calls)

    def cost(self) -> float:
        """Return the cost of all answers in US dollars, by the catalogue's prices.

        Raises:
            UsageError: A model has no price in the catalogue.

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
        """Wait until at least *calls* calls match *when*, such as those of background jobs.

        Args:
            calls: How many calls to wait for.
            timeout_s: How long to wait, in real seconds.
            unfinished: Whether calls that are still being answered count too.
            **when: Which calls count, by the keys of `when`.

        Raises:
            AssertionError: They did not come in time.

        """
        __tracebackhide__ = True
        _refuse_no_number("calls", calls, "wait_for")
        condition = _condition(when, "wait_for", "timeout_s", "unfinished")
        found = self._backend.wait(calls, timeout_s, condition, unfinished=unfinished)
        if len(found) < calls:
            self._fail(f"expected {calls} calls within {timeout_s:g} s, got {len(found)}")
        return found

    async def wait_for_async(
        self,
        calls: int = 1,
        *,
        timeout_s: float = 5,
        unfinished: bool = False,
        **when: Unpack[WhenKeys],
    ) -> list[Call]:
        """Do the same as `wait_for`, without blocking the loop of asyncio, anyio or trio."""
        waiting = partial(self.wait_for, calls, timeout_s=timeout_s, unfinished=unfinished, **when)
        return await _in_thread(waiting)

    def record(self, path: str | Path) -> Path:
        """Write the requests and answers so far as a scenario, to edit and to answer from."""
        from pytest_mockserver.recording import recorded  # noqa: PLC0415 - few tests record

        path = Path(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(recorded(self.calls, self._backend.failure), encoding="utf-8")
        return path

    # --- Asserting ---

    def assert_called(
        self,
        n: int | None = None,
        *,
        at_least: int | None = None,
        at_most: int | None = None,
        **when: Unpack[WhenKeys],
    ) -> None:
        """Fail unless *n* calls match *when*; without a number, unless at least one does."""
        __tracebackhide__ = True
        for name, value in (("n", n), ("at_least", at_least), ("at_most", at_most)):
            if value is not None:
                _refuse_no_number(name, value, "assert_called")
        condition = _condition(when, "assert_called", "at_least", "at_most")
        wanted = Verify(calls=n, at_least=at_least, at_most=at_most)
        verified: Verified = self._backend.verify(condition, wanted)
        if not verified.holds:
            self._fail(verified.message)

    def assert_usage(
        self, *, prompt_tokens: int | None = None, completion_tokens: int | None = None
    ) -> None:
        """Fail unless all answers together are billed for these tokens."""
        __tracebackhide__ = True
        found = self.usage
        for name, wanted in (
            ("prompt_tokens", prompt_tokens),
            ("completion_tokens", completion_tokens),
        ):
            if wanted is not None and getattr(found, name) != wanted:
                self._fail(f"expected {wanted} {name}, but {getattr(found, name)} were billed")

    def assert_cost(self, *, at_most: float) -> None:
        """Fail if all answers together cost more than *at_most* US dollars."""
        __tracebackhide__ = True
        found = self.cost()
        if found > at_most:
            self._fail(f"expected a cost of at most ${at_most:g}, but it is ${found:.6g}")

    def assert_well_behaved(
        self, *, allow: Iterable[judging.VerdictKind] = (), fallback: bool | None = None
    ) -> None:
        """Fail if there is a verdict on the client, except for kinds to *allow*.

        With *fallback* the client must fall back to another provider, model or key. By default it
        must if the test has other sessions, from `mock_llm_factory`.
        """
        __tracebackhide__ = True
        if isinstance(allow, str):
            raise UsageError(f"allow is a list of verdicts, not a text: write allow=['{allow}']")
        found = judging.without(self._judge(fallback=fallback), allow)
        if found:
            self._fail("the client did not behave well:\n" + "\n".join(map(str, found)))

    def assert_order(self, *steps: Step) -> None:
        """Fail unless calls came in the order of *steps*; other calls may come in between.

        Args:
            *steps: The name of a rule (or the rule), for a call that it answered; or a mapping with
                keys of `when`, for a call that fits it; or a list of mappings, one of which fits.

        Raises:
            AssertionError: They did not.
            UsageError: A rule does not exist, or a condition is wrong.

        """
        __tracebackhide__ = True
        calls = self.calls
        before = 0
        for position, step in enumerate(steps):
            numbers = self._numbers_of(step, calls)
            after = next((number for number in sorted(numbers) if number > before), None)
            if after is None:
                self._fail(_out_of_order(steps, position, before, numbers))
            before = after

    def _numbers_of(self, step: Step, calls: Sequence[Call]) -> Sequence[int]:
        """Return the numbers of the calls that are a step of `assert_order`."""
        if isinstance(step, ScriptedRule):
            step = step.name
        if not isinstance(step, str):
            condition = when_of((cast(Mapping[str, Any], step),), {})
            return self._backend.verify(condition, Verify(at_least=0)).numbers
        self._refuse_unknown(step, calls)
        return [call.number for call in calls if call.rule == step]

    def _refuse_unknown(self, rule: str, calls: Sequence[Call]) -> None:
        """Refuse the name of a rule that does not exist.

        Raises:
            UsageError: It is one.

        """
        acted = {call.rule for call in calls if call.rule}
        known = {known.name for known in self.rules} | acted | set(self._backend.rules())
        if rule not in known:
            hint = did_you_mean(rule, known) or f"known are {', '.join(sorted(known))}"
            raise UsageError(f"unknown rule '{rule}': {hint}")

    def assert_waited(self, *, at_least_s: float) -> None:
        """Fail unless there are retries, and each came this long after the failure before it."""
        __tracebackhide__ = True
        waits = [call.waited_s for call in self.calls if call.waited_s is not None]
        if not waits:
            self._fail(f"expected waits of at least {at_least_s:g} s, but nothing was retried")
        if min(waits) < at_least_s:
            found = ", ".join(f"{wait:.3g} s" for wait in waits)
            self._fail(f"expected waits of at least {at_least_s:g} s, got {found}")

    def _fail(self, what: str) -> NoReturn:
        __tracebackhide__ = True
        raise AssertionError(f"{what}\n{self.describe()}")

    def describe(self) -> str:
        """Return the journal as the report of a failed test shows it."""
        calls = self.calls
        used = total(calls)
        head = (
            f"session '{self.name}' at {self.url}: {counted(len(calls), 'call')}, "
            f"{used.prompt_tokens}+{used.completion_tokens} tokens, "
            f"session time {self._backend.now_s():.3g} s"
        )
        told = f"{head}\n{timeline(calls)}"
        return told if self._cassette is None else f"{told}\n{self._cassette.describe()}"

    def __repr__(self) -> str:
        return f"<mock_llm session '{self.name}' at {self.url}>"


def _out_of_order(steps: Sequence[Step], position: int, before: int, numbers: Sequence[int]) -> str:
    """Return that no call after number *before* is the step at *position*; *numbers* are."""
    shown = ", ".join(map(_shown, steps))
    since = f"after call {before}" if position else "at all"
    what = f"expected {shown} in this order, but {_shown(steps[position])} did not come {since}"
    return f"{what} (only as call {', '.join(map(str, numbers))})" if numbers else what


def _shown(step: Step) -> str:
    return f"'{step.name}'" if isinstance(step, ScriptedRule) else repr(step)


def _condition(when: Mapping[str, Any], method: str, *others: str) -> Any:
    """Return the condition that *method* was given by name, beside its *others*.

    Raises:
        UsageError: A name is neither.

    """
    known = [*WhenKeys.__annotations__, *others]
    for name in when:
        if name not in known:
            hint = did_you_mean(name, known) or f"known: {', '.join([*others, *known])}"
            raise UsageError(f"{method}(…) has no argument '{name}'\n  {hint}")
    return when_of((), when) or None


def _refuse_no_number(name: str, value: object, method: str) -> None:
    """Refuse a *value* that is no number of calls.

    Raises:
        UsageError: It is none.

    """
    if isinstance(value, bool) or not isinstance(value, int):
        hint = f"; conditions have names: {method}(last_user=…)" if name in {"n", "calls"} else ""
        raise UsageError(f"a number of calls is a whole number, not {value!r:.60}{hint}")


def total(calls: Iterable[Call]) -> Tokens:
    """Return the bills of *calls*, summed up."""
    bills = [call.usage for call in calls if call.usage is not None]
    return Tokens(
        prompt_tokens=sum(bill.prompt_tokens for bill in bills),
        completion_tokens=sum(bill.completion_tokens for bill in bills),
        cached_tokens=sum(bill.cached_tokens for bill in bills),
        reasoning_tokens=sum(bill.reasoning_tokens for bill in bills),
    )


def cost_of(calls: Iterable[Call]) -> float:
    """Return the cost of *calls* in US dollars.

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
    """Call *function* in a thread, so that no event loop is blocked."""
    try:
        anyio = importlib.import_module("anyio.to_thread")
    except ImportError:
        return await asyncio.to_thread(function)
    return cast(list[Call], await anyio.run_sync(function))
