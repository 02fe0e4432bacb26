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
from mockserver.conversation import IncomingCall, ModelRequest, Text, Tool, ToolChoice, Turn
from mockserver.errors import ScenarioError
from mockserver.models import family_of
from mockserver.plugins import Plugins
from mockserver.protocols.openai.chat_requests import ROLES, format_of, tool_choice_of
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
    """Return what makes a call of the chat endpoint: (role, text) pairs, or turns."""

    def chat(
        *turns: tuple[str, str] | Turn,
        model: str = "gpt-4o",
        provider: str = "openai",
        key: str = "sk-1",
        headers: Mapping[str, str] | None = None,
        **request: Any,
    ) -> IncomingCall:
        given = turns or (("user", "Hello"),)
        body = request.pop("body", {})
        tools = tuple(map(Tool, request.pop("tools", ())))
        forced = request.pop("forced_tool", None)
        chosen = tool_choice_of({**body, "tools": tools})
        made = ModelRequest(
            sent=body,
            model=model,
            family=family_of(model),
            turns=tuple(
                t if isinstance(t, Turn) else Turn(ROLES[t[0]], (Text(t[1]),)) for t in given
            ),
            tools=tools,
            tool_choice=chosen if forced is None else ToolChoice("required", forced),
            format=format_of(body),
            **request,
        )
        return IncomingCall(
            http=_http(headers or {}),
            provider=provider,
            endpoint="chat.completions",
            key=key,
            model=model,
            request=made,
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
            request=ModelRequest(
                sent={},
                model=model,
                family=family_of(model),
                prompts=prompts or ("Hello",),
            ),
        )

    return legacy


@pytest.fixture(scope="session")
def lookup() -> IncomingCall:
    """Return a call that generates nothing."""
    return IncomingCall(http=_http({}), provider="openai", endpoint="models", key="sk-1")
