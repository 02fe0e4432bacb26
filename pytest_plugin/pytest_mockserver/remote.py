"""A session on a server that runs elsewhere, by its control API (`--mock-llm-url`)."""

import json
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

from msgspec import structs

from mockserver.client.control import Control
from mockserver.contracts import ModelEndpoint
from mockserver.control.operations import ControlError
from mockserver.control.shapes import CallRecord, Strictness, Verified, Verify
from mockserver.conversation import ToolCall, Usage
from mockserver.errors import UsageError
from mockserver.plugins import Plugins
from mockserver.records.journal import Call
from mockserver.records.measured import Measured
from mockserver.scenario.loader import load_with_documents
from mockserver.scenario.schema import Scenario, Strict
from mockserver.scenario.scripting import Script, merged
from mockserver.sessions.passing import Passing
from pytest_mockserver.backend import SCRIPT, Beginning


class RemoteServer:
    """A server that runs elsewhere: the part of `MockServer` that works from another process."""

    def __init__(self, url: str, token: str | None) -> None:
        """Take its URL, and the token that its control API requires."""
        self.control = Control(url, token=token)

    @property
    def url(self) -> str:
        """Its root URL, without a trailing slash."""
        return self.control.url

    @property
    def base_url(self) -> str:
        """The base URL for OpenAI's clients."""
        return f"{self.url}/v1"

    def begin(self, name: str, beginning: Beginning) -> "Remote":
        """Create a session on it."""
        return Remote(self.control, name, beginning)


class Remote:
    """A session on a server elsewhere."""

    def __init__(self, control: Control, name: str, beginning: Beginning) -> None:
        """Create it."""
        self.name = name
        self.time_scale = beginning.time_scale
        self.strict = beginning.strict
        scenario: Mapping[str, Any] | None = None
        if beginning.sources:
            loaded = load_with_documents(*beginning.sources, folders=beginning.folders)
            scenario = merged({"version": 1}, *loaded.documents)
        self._session = control.new_session(
            name,
            scenario,
            inherit=beginning.inherit,
            seed=beginning.seed,
            strict=_strictness(beginning.strict),
            time_scale=beginning.time_scale,
        )
        self.url = self._session.url

    def put(self, script: Script) -> None:
        """Answer from all of *script* from now on."""
        document = script.own_document()
        document.pop("state", None)
        self._session.add_scenario(document, layer=SCRIPT)

    def add(self, scenario: Scenario, documents: Sequence[Mapping[str, Any]]) -> None:  # noqa: ARG002 - a local session needs it
        """Add a scenario below what is scripted."""
        self._session.add_scenario(merged({"version": 1}, *documents))

    def rest_on(self, lowest: Scenario, passing: Passing) -> None:  # noqa: ARG002 - a local session needs them
        """Always fail: cassettes are files of this side.

        Raises:
            UsageError: Always.

        """
        what = "a server that runs elsewhere cannot answer from the cassette of a test"
        raise UsageError(f"{what}\n  leave out --mock-llm-url, or give that server a scenario")

    def left(self, rule: str) -> tuple[str, ...]:  # noqa: ARG002 - a local session needs it
        """Return nothing: there is no cassette."""
        return ()

    def flush(self) -> None:
        """Do nothing: nothing is recorded."""

    def calls(self) -> list[Call]:
        """Return the calls so far."""
        return [_call(record) for record in self._session.calls()]

    def unused(self) -> list[str]:
        """Return a sentence for each unused scripted answer."""
        return list(self._session.read().unused)

    def late(self) -> list[Call]:
        """Return the calls that came after the session had ended."""
        try:
            return [call for call in self.calls() if call.is_late] if self._is_late() else []
        except ControlError:  # the server forgets ended sessions after a while
            return []

    def _is_late(self) -> bool:
        return self._session.read().late > 0

    def rules(self) -> list[str]:
        """Return the names of all rules."""
        return [rule.name for rule in self._session.rules()]

    def failure(self, rule: str | None, kind: str) -> Mapping[str, Any] | None:  # noqa: ARG002 - the server does not report it
        """Return nothing: the server does not report the options of failures."""
        return None

    def refuse(self) -> AbstractContextManager[None]:
        """Always fail: the port belongs to another process.

        Raises:
            UsageError: Always.

        """
        raise UsageError("a server that runs elsewhere cannot be made to refuse connections")

    def verify(self, when: Any, wanted: Verify) -> Verified:
        """Check whether as many calls match *when* as *wanted*."""
        if wanted.calls is not None:
            return self._session.verify(when, calls=wanted.calls)
        if wanted.at_least is not None and wanted.at_most is not None:
            return self._session.verify(when, at_least=wanted.at_least, at_most=wanted.at_most)
        if wanted.at_most is not None:
            return self._session.verify(when, at_most=wanted.at_most)
        least = 1 if wanted.at_least is None else wanted.at_least
        return self._session.verify(when, at_least=least)

    def wait(self, count: int, timeout_s: float, when: Any, *, unfinished: bool) -> list[Call]:
        """Wait for *count* calls that match *when*; return none if they do not come in time."""
        try:
            found = self._session.wait_for(count, when, timeout_s=timeout_s, unfinished=unfinished)
        except TimeoutError:
            return []
        return [_call(record) for record in found]

    def state(self) -> Mapping[str, Any]:
        """Return the session's state."""
        return self._session.state()

    def set_state(self, values: Mapping[str, Any]) -> None:
        """Change the session's state."""
        self._session.set_state(values)

    def now_s(self) -> float:
        """Return the session's time."""
        return self._session.clock().now_s

    def advance(self, seconds: float) -> None:
        """Advance the session's clock."""
        self._session.advance(seconds)

    def release(self, rule: str | None) -> int:
        """Release held answers."""
        return self._session.release(rule)

    def reset(self) -> None:
        """Reset counters, state and journal; keep the rules."""
        self._session.reset()

    def end(self) -> None:
        """End the session."""
        self._session.end()


def _strictness(strict: Strict) -> Strictness:
    members = {word: getattr(strict, word) for word in Strictness.__struct_fields__}
    return Strictness(**{word: value for word, value in members.items() if isinstance(value, bool)})


def _call(record: CallRecord) -> Call:
    """Return *record* as an entry of the journal."""
    told = {name: getattr(record, name) for name in record.__struct_fields__}
    body, calls, usage = told.pop("body"), told.pop("tool_calls"), told.pop("usage")
    bill = None
    if usage is not None:
        bill = Usage(
            usage.prompt_tokens,
            usage.completion_tokens,
            cached_tokens=usage.cached_tokens,
            reasoning_tokens=usage.reasoning_tokens,
            exact=usage.exact,
        )
    measured = told.pop("measured")
    call = Call(record.number, record.at_s, record.method, record.path, record.provider)
    for name, value in told.items():
        setattr(call, name, value)
    endpoint = Plugins.installed().endpoints.get(record.endpoint or "")
    if endpoint is not None and issubclass(endpoint, ModelEndpoint):
        call.transcribe = endpoint().transcript
    call.content = b"" if body is None else json.dumps(body).encode()
    call.tool_calls = tuple(
        ToolCall(made.name, made.arguments, made.id, made.is_custom) for made in calls
    )
    call.usage = bill
    if measured is not None:
        call.measured = Measured.told(**structs.asdict(measured))
    return call
