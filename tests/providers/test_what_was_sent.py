"""Conditions, captures and templates look into the JSON that the client sent, at any endpoint.

Some providers read a request as another one: the gateway makes a chat of the AI SDK's values,
OpenRouter one request for each model. Rules are about what the client said.
"""

import pytest
from support.gateway import ask, said
from support.inprocess import Answered, Api


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
