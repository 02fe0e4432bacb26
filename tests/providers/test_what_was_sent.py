"""Conditions, captures and templates look into the JSON that the client sent, at any endpoint.

Some providers read a request as another one: the gateway makes a chat of the AI SDK's values,
OpenRouter one request for each model. Rules are about what the client said, and so are near
misses, the journal and `verify` (T1).
"""

import json

import pytest
from support.gateway import VERSIONS, ask, function, headers_of, said, user
from support.inprocess import Answered, Api

from mockserver.control.matching import Matcher, verify
from mockserver.control.scenarios import read_condition
from mockserver.control.shapes import Verified, Verify
from mockserver.plugins import Plugins
from mockserver.wire.http_request import HttpRequest


def rule(condition: str) -> str:
    return f"""
        models: any
        rules:
          - {{name: sent, when: {condition}, reply: "It was sent."}}
          - {{name: other, reply: "It was not."}}
    """


@pytest.mark.parametrize(
    "condition",
    [
        pytest.param("{request: {maxOutputTokens: 50}}", id="a setting of the SDK's"),
        pytest.param("{request: {'prompt[0].content[0].text': Hi}}", id="its prompt"),
        pytest.param(
            "{request: {max_completion_tokens: {present: false}, messages: {present: false}}}",
            id="nothing that the gateway makes of them",
        ),
        pytest.param("{endpoint: language_model, last_user: Hi}", id="what it amounts to"),
    ],
)
def test_a_condition_sees_what_the_ai_sdk_sent(condition: str) -> None:
    assert said(ask(Api(rule(condition)), "Hi", maxOutputTokens=50)) == "It was sent."


def test_a_template_sees_what_the_ai_sdk_sent() -> None:
    api = Api('rules: [{reply: {kind: template, text: "{{ request.maxOutputTokens }}"}}]')

    assert said(ask(api, "Hi", maxOutputTokens=50)) == "50"


TYPED = {"type": "object", "properties": {"city": {"type": "string"}}}
SDK = {
    "maxOutputTokens": 50,
    "topP": 0.5,
    "stopSequences": ["END"],
    "responseFormat": {"type": "json", "schema": TYPED, "name": "place"},
    "toolChoice": {"type": "tool", "toolName": "get_weather"},
    "tools": [function(properties=TYPED["properties"])],
    "providerOptions": {"gateway": {"order": ["azure"]}},
}


@pytest.mark.parametrize("specification", [pytest.param(n, id=f"T1 v{n}") for n in VERSIONS])
@pytest.mark.parametrize(
    "condition",
    [
        pytest.param("{stopSequences: {equals: [END]}}", id="stop sequences"),
        pytest.param("{topP: {at_most: 0.5}, top_p: {present: false}}", id="a number"),
        pytest.param("{responseFormat.name: place}", id="the format"),
        pytest.param("{toolChoice.toolName: get_weather}", id="the choice of a tool"),
        pytest.param("{'tools[0].inputSchema.properties.city.type': string}", id="a tool's schema"),
        pytest.param("{providerOptions.gateway.order: {equals: [azure]}}", id="its own options"),
        pytest.param("{\"prompt[?role=='user'].content[].text | [0]\": Hi}", id="a search"),
        pytest.param("{\"contains(keys(@), 'messages')\": false}", id="all of its keys"),
    ],
)
def test_each_member_of_the_ai_sdk_is_seen_as_it_was_sent(
    condition: str, specification: int
) -> None:
    answered = ask(Api(rule(f"{{request: {condition}}}")), "Hi", specification=specification, **SDK)

    assert answered.call.rule == "sent"


@pytest.mark.parametrize(
    "condition",
    [
        "tools: get_weather",
        "tool_choice: get_weather",
        "response_format: place",
        "last_user: Hi",
        "turn: 0",
    ],
)
def test_other_conditions_see_what_a_request_of_the_ai_sdk_amounts_to(condition: str) -> None:
    assert ask(Api(rule(f"{{{condition}}}")), "Hi", **SDK).call.rule == "sent"


def test_a_capture_takes_what_the_ai_sdk_sent() -> None:
    api = Api(
        """
        rules:
          - capture: {most: maxOutputTokens}
            reply: {kind: template, text: "{{ captured.most }}"}
        """
    )

    assert said(ask(api, "Hi", maxOutputTokens=50)) == "50"  # T1


def test_a_near_miss_shows_what_the_ai_sdk_sent() -> None:
    api = Api(
        """
        strict: true
        rules:
          - {name: short, when: {request: {maxOutputTokens: {at_most: 20}}}, reply: "Short."}
          - {name: other, when: {request: {max_tokens: 50, "messages[0].role": user}}, reply: "No."}
        """
    )

    call = ask(api, "Hi", maxOutputTokens=50).call

    assert call.near_misses == (
        "'short': request.maxOutputTokens is 50, the rule wants at most 20",
        "'other': request.max_tokens is absent, the rule wants 50",
    )  # T1


def verified(api: Api, answered: Answered, when: dict[str, object]) -> Verified:
    condition = read_condition(when, Plugins.installed())
    matcher = Matcher(api.engine, api.engine.session("default"), condition)
    return verify(matcher, [answered.call], Verify(calls=1))


def test_the_journal_and_verify_see_what_the_ai_sdk_sent() -> None:
    api = Api()
    answered = ask(api, "Hi", maxOutputTokens=50)

    assert answered.call.body == {"prompt": [user("Hi")], "maxOutputTokens": 50}  # T1
    assert verified(api, answered, {"request": {"maxOutputTokens": 50}, "last_user": "Hi"}).holds
    assert not verified(api, answered, {"request": {"max_completion_tokens": 50}}).holds


def test_explain_sees_what_the_ai_sdk_sent() -> None:
    api = Api(rule("{request: {maxOutputTokens: 50}}"))
    body = json.dumps({"prompt": [user("Hi")], "maxOutputTokens": 50}).encode()
    headers = {**headers_of(4), "authorization": "Bearer sk-test"}

    _, readings = api.engine.explain(HttpRequest("POST", "/v4/ai/language-model", headers, body))

    assert [reading.outcome for reading in readings] == ["answers", "not read"]  # T1


@pytest.mark.parametrize(
    ("path", "members"),
    [
        pytest.param("/v1/chat/completions", {"model": "gpt-4o"}, id="T1 openai"),
        pytest.param(
            "/openai/deployments/gpt-4o/chat/completions?api-version=2024-10-21", {}, id="T1 azure"
        ),
        pytest.param("/openai/v1/chat/completions", {"model": "gpt-4o"}, id="T1 azure v1"),
        pytest.param(
            "/api/v1/chat/completions",
            {"model": "openai/gpt-4o", "provider": {"order": ["azure"]}, "reasoning": {}},
            id="T1 openrouter",
        ),
        pytest.param(
            "/vercel_gateway/v1/chat/completions",
            {"model": "openai/gpt-4o", "providerOptions": {"gateway": {"order": ["azure"]}}},
            id="T1 the gateway's chats",
        ),
        pytest.param("/aiml/v1/chat/completions", {"model": "gpt-4o"}, id="T1 aiml"),
    ],
)
def test_a_template_sees_the_whole_body_as_it_was_sent(
    path: str, members: dict[str, object]
) -> None:
    api = Api('rules: [{reply: {kind: template, text: "{{ request }}"}}]')
    body = {"messages": [{"role": "user", "content": "Hi"}], "temperature": 0.0, **members}

    answered = api.post(path, body, headers={"api-key": "sk-test"})

    assert json.loads(answered.text) == body


def openrouter(condition: str, **members: object) -> Answered:
    body = {"messages": [{"role": "user", "content": "Hi"}], **members}
    return Api(rule(condition)).post("/api/v1/chat/completions", body)


@pytest.mark.parametrize(
    ("condition", "members"),
    [
        pytest.param(
            "{request: {'models[1]': openai/gpt-4o}}",
            {"models": ["openai/gpt-4o-mini", "openai/gpt-4o"]},
            id="the models to fall back to",
        ),
        pytest.param("{request: {model: {present: false}}}", {}, id="no model"),
        pytest.param(
            "{request: {stream_options: {present: false}}, stream: true}",
            {"model": "openai/gpt-4o", "stream": True},
            id="no option that OpenRouter adds",
        ),
    ],
)
def test_a_condition_sees_what_openrouter_was_sent(
    condition: str, members: dict[str, object]
) -> None:
    assert openrouter(condition, **members).call.rule == "sent"


def test_a_fallback_sees_what_was_sent_at_first() -> None:
    api = Api(
        """
        models: any
        rules:
          - {name: down, when: {model: openai/gpt-4o-mini}, fail: 503}
          - name: steps-in
            when: {request: {model: openai/gpt-4o-mini, triedModels: {present: false}}}
            reply: "Hello."
        """
    )
    body = {
        "model": "openai/gpt-4o-mini",
        "messages": [{"role": "user", "content": "Hi"}],
        "models": ["openai/gpt-4o"],
    }

    assert api.post("/vercel_gateway/v1/chat/completions", body).call.rule == "steps-in"


def test_a_condition_sees_what_was_sent_to_an_endpoint_where_no_model_answers() -> None:
    api = Api(
        """
        rules:
          - name: broken
            when: {endpoint: stored_completions, request: {metadata.team: red}}
            fail: 503
        """
    )

    statuses = [
        api.post("/v1/chat/completions/chatcmpl-1", {"metadata": {"team": team}}).status
        for team in ("red", "blue")
    ]

    assert statuses == [503, 404]
