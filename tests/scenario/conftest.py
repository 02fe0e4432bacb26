"""What the tests of the language share."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from scenario_fakes import (
    ChatEndpoint,
    ChoicesReply,
    DisconnectFailure,
    FakeDialect,
    HttpErrorFailure,
    JsonReply,
    LegacyEndpoint,
    ModelsEndpoint,
    OddReply,
    RateLimitFailure,
    TextReply,
    ToolCallsReply,
    TruncateFailure,
)

from mockserver.contracts import Endpoint
from mockserver.conversation import CompletionRequest, IncomingCall, Message
from mockserver.errors import ScenarioError
from mockserver.models import family_of
from mockserver.plugins import Plugins
from mockserver.scenario.loader import ScenarioText, check, load_scenario
from mockserver.scenario.schema import Scenario
from mockserver.wire.http_request import HttpRequest


def _by_kind(*classes: Any) -> dict[str, Any]:
    return {plugin.kind: plugin for plugin in classes}


@pytest.fixture(scope="session")
def plugins() -> Plugins:
    endpoints: dict[str, type[Endpoint]] = _by_kind(ChatEndpoint, LegacyEndpoint, ModelsEndpoint)
    return Plugins(
        dialects={"openai": FakeDialect, "azure": FakeDialect},
        endpoints=endpoints,
        replies=_by_kind(TextReply, ToolCallsReply, JsonReply, ChoicesReply, OddReply),
        failures=_by_kind(HttpErrorFailure, RateLimitFailure, DisconnectFailure, TruncateFailure),
    )


@pytest.fixture
def load(plugins: Plugins) -> Callable[..., Scenario]:
    """Return what loads texts, read as one scenario."""

    def load(*texts: str) -> Scenario:
        named = [ScenarioText(text, f"{number}.yaml") for number, text in enumerate(texts, 1)]
        return load_scenario(*named, plugins=plugins)

    return load


@pytest.fixture
def problems_of(plugins: Plugins) -> Callable[[str], list[str]]:
    """Return what tells the problems of a text, line by line, as they are printed."""

    def problems_of(text: str) -> list[str]:
        with pytest.raises(ScenarioError) as caught:
            load_scenario(ScenarioText(text, "a.yaml"), plugins=plugins)
        return str(caught.value).splitlines()

    return problems_of


@pytest.fixture
def warnings_of(plugins: Plugins) -> Callable[[str], list[str]]:
    """Return what tells all that `check` says of a text, line by line."""

    def warnings_of(text: str) -> list[str]:
        found = check([ScenarioText(text, "a.yaml")], plugins=plugins)
        return "\n".join(map(str, found)).splitlines()

    return warnings_of


def _http(headers: Mapping[str, str]) -> HttpRequest:
    return HttpRequest(method="POST", path="/v1", headers=headers)


@pytest.fixture(scope="session")
def chat() -> Callable[..., IncomingCall]:
    """Return what makes a call of the chat endpoint: (role, text) pairs, or messages."""

    def chat(
        *messages: tuple[str, str] | Message,
        model: str = "gpt-4o",
        provider: str = "openai",
        key: str = "sk-1",
        headers: Mapping[str, str] | None = None,
        **request: Any,
    ) -> IncomingCall:
        given = messages or (("user", "Hello"),)
        conversation = tuple(
            m if isinstance(m, Message) else Message(role=m[0], text=m[1]) for m in given
        )
        body = request.pop("body", {})
        completion = CompletionRequest(
            body=body, model=model, family=family_of(model), messages=conversation, **request
        )
        return IncomingCall(
            http=_http(headers or {}),
            provider=provider,
            endpoint="chat.completions",
            key=key,
            model=model,
            completion=completion,
        )

    return chat


@pytest.fixture(scope="session")
def legacy() -> Callable[..., IncomingCall]:
    """Return what makes a call of the legacy endpoint."""

    def legacy(*prompts: str) -> IncomingCall:
        model = "gpt-3.5-turbo-instruct"
        return IncomingCall(
            http=_http({}),
            provider="openai",
            endpoint="completions",
            key="sk-1",
            model=model,
            completion=CompletionRequest(
                body={}, model=model, family=family_of(model), prompts=prompts or ("Hello",)
            ),
        )

    return legacy


@pytest.fixture(scope="session")
def lookup() -> IncomingCall:
    """Return a call that generates nothing."""
    return IncomingCall(http=_http({}), provider="openai", endpoint="models", key="sk-1")
