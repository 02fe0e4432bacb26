"""Every form of answer of every provider but OpenAI, byte by byte, head and body.

The responses lie in `golden/providers/`. What they are made from says the docstring of each
dialect, and docs/providers.md how sure it is.
"""

from dataclasses import dataclass, field
from typing import Any

import pytest
from marked import golden_response, marked
from support.wire import Serve, chat, exchange, request

STREAM: dict[str, Any] = {"stream": True}
WITH_USAGE: dict[str, Any] = {"stream": True, "stream_options": {"include_usage": True}}
TOOLS: dict[str, Any] = {
    "tools": [
        {
            "type": "function",
            "function": {"name": "get_weather", "parameters": {"type": "object", "properties": {}}},
        }
    ]
}
NOTHING: dict[str, Any] = {"type": "object", "properties": {}}
FUNCTIONS: dict[str, Any] = {
    "tools": [{"type": "function", "name": "get_weather", "parameters": NOTHING, "strict": False}]
}


def response(said: str = "Hi", **members: Any) -> dict[str, Any]:
    """Return a request for a response; it is stored nowhere."""
    return {"model": "gpt-4o-mini", "input": said, "store": False, **members}


SCENARIO = """
    models: [{id: google/gemma}]
    keys: {quota_exhausted: [sk-poor], invalid: [sk-bad]}
    rules:
      - name: call
        when: {last_user: call}
        reply: {kind: tool_calls, calls: [{name: get_weather, arguments: {city: Paris}}]}
      - name: think
        when: {last_user: think}
        reply: {kind: text, text: "It is 42.", reasoning: "Six by nine"}
      - name: filtered
        when: {last_user: filtered}
        reply: {kind: text, text: "", finish_reason: content_filter}
      - name: refused-prompt
        when: {last_user: refused}
        fail: content_filter
      - name: limited
        when: {last_user: limited}
        fail: {kind: rate_limit, of: tokens, retry_after_s: 7}
      - name: overloaded
        when: {last_user: busy}
        fail: overloaded
      - name: breaks-off
        when: {last_user: breaks off}
        fail: {kind: inject, what: error_event, after_tokens: 2}
      - name: hello
        when: [{endpoint: chat.completions}, {endpoint: completions}, {endpoint: responses}]
        reply: "Hello there."
"""


@dataclass(frozen=True)
class Case:
    """What is asked, of whom, with which key."""

    path: str
    body: dict[str, Any] | None = field(default_factory=dict[str, Any])
    key: str = "sk-test"
    method: str = "POST"

    @property
    def content(self) -> bytes:
        headers = {"authorization": f"Bearer {self.key}" if self.key else ""}
        return request(self.method, self.path, self.body, headers=headers)


VERSION = "?api-version=2024-10-21"
PREVIEW = "?api-version=2025-04-01-preview"
DEPLOYMENT = "/openai/deployments/gpt-4o-mini"
AZURE = {
    "chat.json": Case(f"{DEPLOYMENT}/chat/completions{VERSION}", chat()),
    "chat.sse": Case(f"{DEPLOYMENT}/chat/completions{VERSION}", chat(**WITH_USAGE)),
    "call.json": Case(f"{DEPLOYMENT}/chat/completions{VERSION}", chat("call", **TOOLS)),
    "call.sse": Case(f"{DEPLOYMENT}/chat/completions{VERSION}", chat("call", **TOOLS, **STREAM)),
    "filtered.json": Case(f"{DEPLOYMENT}/chat/completions{VERSION}", chat("filtered")),
    "filtered.sse": Case(f"{DEPLOYMENT}/chat/completions{VERSION}", chat("filtered", **STREAM)),
    "v1.json": Case("/openai/v1/chat/completions", chat(model="gpt-5-mini")),
    "legacy.json": Case(
        f"/openai/deployments/gpt-35-turbo-instruct/completions{VERSION}", {"prompt": ["a", "b"]}
    ),
    "legacy.sse": Case(
        f"/openai/deployments/gpt-35-turbo-instruct/completions{VERSION}",
        {"prompt": "a", **WITH_USAGE},
    ),
    "model.json": Case(f"/openai/models/gpt-4o{VERSION}", None, method="GET"),
    "no-key.json": Case(f"{DEPLOYMENT}/chat/completions{VERSION}", chat(), key=""),
    "no-quota.json": Case(f"{DEPLOYMENT}/chat/completions{VERSION}", chat(), key="sk-poor"),
    "no-version.json": Case(f"{DEPLOYMENT}/chat/completions", chat()),
    "bad-version.json": Case(f"{DEPLOYMENT}/chat/completions?api-version=1", chat()),
    "no-path.json": Case(f"{DEPLOYMENT}/nothing{VERSION}", chat()),
    "no-deployment.json": Case(f"/openai/deployments/none/chat/completions{VERSION}", chat()),
    "no-model.json": Case("/openai/v1/chat/completions", chat(model="none")),
    "wrong-operation.json": Case(f"{DEPLOYMENT}/completions{VERSION}", {"prompt": "a"}),
    "refused-prompt.json": Case(f"{DEPLOYMENT}/chat/completions{VERSION}", chat("refused")),
    "limited.json": Case(f"{DEPLOYMENT}/chat/completions{VERSION}", chat("limited")),
    "overloaded.json": Case(f"{DEPLOYMENT}/chat/completions{VERSION}", chat("busy")),
    "breaks-off.sse": Case(f"{DEPLOYMENT}/chat/completions{VERSION}", chat("breaks off", **STREAM)),
    "too-hot.json": Case(f"{DEPLOYMENT}/chat/completions{VERSION}", chat(temperature=3)),
    "responses.json": Case(f"/openai/responses{PREVIEW}", response()),
    "responses.sse": Case("/openai/v1/responses", response(**STREAM)),
    "responses-call.sse": Case("/openai/v1/responses", response("call", **FUNCTIONS, **STREAM)),
    "responses-filtered.json": Case("/openai/v1/responses", response("filtered")),
    "responses-no-model.json": Case("/openai/v1/responses", response(model="none")),
    "responses-only-chat.json": Case("/openai/v1/responses", response(model="gpt-4")),
    "responses-too-hot.json": Case("/openai/v1/responses", response(temperature=3)),
    "responses-bad-version.json": Case(f"/openai/responses{VERSION}", response()),
    "responses-no-path.json": Case(f"{DEPLOYMENT}/responses{PREVIEW}", response()),
    "only-responses.json": Case("/openai/v1/chat/completions", chat(model="codex-mini")),
}

ROUTER = "/api/v1"
OPENROUTER = {
    "chat.json": Case(f"{ROUTER}/chat/completions", chat(model="openai/gpt-4o-mini")),
    "chat.sse": Case(f"{ROUTER}/chat/completions", chat(model="openai/gpt-4o-mini", **STREAM)),
    "instruct.json": Case(
        f"{ROUTER}/chat/completions", chat(model="openai/gpt-3.5-turbo-instruct")
    ),
    "call.json": Case(f"{ROUTER}/chat/completions", chat("call", model="openai/gpt-5.4", **TOOLS)),
    "call.sse": Case(
        f"{ROUTER}/chat/completions", chat("call", model="openai/gpt-5.4", **TOOLS, **STREAM)
    ),
    "think.json": Case(f"{ROUTER}/chat/completions", chat("think", model="openai/gpt-5-mini")),
    "think.sse": Case(
        f"{ROUTER}/chat/completions", chat("think", model="openai/gpt-5-mini", **STREAM)
    ),
    "legacy.json": Case(
        f"{ROUTER}/completions", {"model": "openai/gpt-3.5-turbo-instruct", "prompt": "a"}
    ),
    "legacy.sse": Case(
        f"{ROUTER}/completions",
        {"model": "openai/gpt-3.5-turbo-instruct", "prompt": "a", **STREAM},
    ),
    "responses.json": Case(f"{ROUTER}/responses", response(model="openai/gpt-5.4-mini")),
    "responses.sse": Case(f"{ROUTER}/responses", response(model="openai/gpt-4o-mini", **STREAM)),
    "responses-call.sse": Case(
        f"{ROUTER}/responses", response("call", model="openai/gpt-4o", **FUNCTIONS, **STREAM)
    ),
    "responses-too-hot.json": Case(f"{ROUTER}/responses", response(temperature=3)),
    "responses-no-model.json": Case(f"{ROUTER}/responses", response(model="none")),
    "responses-no-key.json": Case(f"{ROUTER}/responses", response(), key=""),
    "limited.json": Case(f"{ROUTER}/chat/completions", chat("limited", model="google/gemma")),
    "overloaded.json": Case(f"{ROUTER}/chat/completions", chat("busy", model="openai/gpt-4o")),
    "flagged.json": Case(f"{ROUTER}/chat/completions", chat("refused", model="openai/gpt-4o")),
    "breaks-off.sse": Case(
        f"{ROUTER}/chat/completions", chat("breaks off", model="openai/gpt-4o", **STREAM)
    ),
    "endpoints.json": Case(
        f"{ROUTER}/models/openai/gpt-3.5-turbo-instruct/endpoints", None, "", "GET"
    ),
    "credits.json": Case(f"{ROUTER}/credits", None, method="GET"),
    "key.json": Case(f"{ROUTER}/key", None, method="GET"),
    "no-key.json": Case(f"{ROUTER}/chat/completions", chat(), key=""),
    "bad-key.json": Case(f"{ROUTER}/chat/completions", chat(), key="sk-bad"),
    "no-credits.json": Case(f"{ROUTER}/chat/completions", chat(), key="sk-poor"),
    "no-model.json": Case(f"{ROUTER}/chat/completions", chat(model="none")),
    "no-input.json": Case(f"{ROUTER}/chat/completions", {"model": "openai/gpt-4o"}),
    "no-tools.json": Case(
        f"{ROUTER}/chat/completions", chat(model="openai/gpt-3.5-turbo-instruct", **TOOLS)
    ),
    "no-provider.json": Case(
        f"{ROUTER}/chat/completions", chat(model="openai/gpt-4o", provider={"only": ["groq"]})
    ),
    "too-long.json": Case(f"{ROUTER}/chat/completions", chat("a " * 9_000, model="openai/gpt-4")),
    "no-generation.json": Case(f"{ROUTER}/generation?id=gen-1", None, method="GET"),
    "no-path.json": Case(f"{ROUTER}/nothing", {}),
    "wrong-method.json": Case(f"{ROUTER}/chat/completions", None, method="GET"),
}

AIML = {
    "chat.json": Case("/aiml/v1/chat/completions", chat("Hello", model="gpt-3.5-turbo")),
    "chat.sse": Case("/aiml/v1/chat/completions", chat(model="gpt-3.5-turbo", **WITH_USAGE)),
    "no-key.json": Case("/aiml/v1/chat/completions", chat(), key=""),
    "no-credits.json": Case("/aiml/v1/chat/completions", chat(), key="sk-poor"),
    "no-model.json": Case("/aiml/v1/chat/completions", chat(model="none")),
    "limited.json": Case("/aiml/v1/chat/completions", chat("limited")),
    "overloaded.json": Case("/aiml/v1/chat/completions", chat("busy")),
    "legacy.json": Case("/aiml/v1/completions", {"model": "gpt-3.5-turbo-instruct", "prompt": "a"}),
    "too-hot.json": Case("/aiml/v1/chat/completions", chat(temperature=3)),
}

TEST = {"model": "gpt-3.5-turbo-instruct", "prompt": "Say this is a test", "max_tokens": 7}
RELAYS = {
    "cometapi-legacy.json": Case("/cometapi/v1/completions", TEST),
    "cometapi-legacy.sse": Case("/cometapi/v1/completions", {**TEST, **STREAM}),
    "cometapi-chat.json": Case("/cometapi/v1/chat/completions", chat()),
    "cometapi-no-key.json": Case("/cometapi/v1/completions", TEST, key=""),
    "cometapi-no-model.json": Case("/cometapi/v1/completions", {"prompt": "a"}),
    "cometapi-no-path.html": Case("/cometapi/v1/v1/completions", TEST),
    "new_api-chat.sse": Case("/new_api/v1/chat/completions", chat(**STREAM)),
    "new_api-no-channel.json": Case("/new_api/v1/chat/completions", chat(model="none")),
    "new_api-no-quota.json": Case("/new_api/v1/chat/completions", chat(), key="sk-poor"),
    "new_api-saturated.json": Case("/new_api/v1/chat/completions", chat("busy")),
    "new_api-relayed.json": Case("/new_api/v1/chat/completions", chat(temperature=3)),
    "new_api-no-path.json": Case("/new_api/v1/nothing", {}),
    "one_api-bad-key.json": Case("/one_api/v1/chat/completions", chat(), key="sk-bad"),
    "one_api-outside.html": Case("/one_api/nothing", {}),
}

CASES = {
    f"{dialect}/{name}": case
    for dialect, cases in {
        "azure": AZURE,
        "openrouter": OPENROUTER,
        "aiml": AIML,
        "relays": RELAYS,
    }.items()
    for name, case in cases.items()
}


@pytest.mark.parametrize(("name", "case"), CASES.items(), ids=CASES.keys())
def test_an_answer_is_the_providers_to_the_byte(serve: Serve, name: str, case: Case) -> None:
    raw = exchange(serve(SCENARIO, usage_header=False), case.content)

    # Line by line, so that a difference is shown where it is.
    assert marked(raw).split("\n") == golden_response(name).split("\n")


@pytest.mark.parametrize(("name", "case"), CASES.items(), ids=CASES.keys())
def test_an_answer_is_framed_as_its_head_says(serve: Serve, name: str, case: Case) -> None:
    raw = exchange(serve(SCENARIO, usage_header=False), case.content)

    assert raw.is_whole
    # A body is measured before it is sent where nobody waits for a model.
    assert raw.is_chunked == (
        raw.status == 200 and case.method == "POST" and "html" not in name
    ) or (name in {"azure/no-deployment.json", "azure/responses-no-model.json"})
