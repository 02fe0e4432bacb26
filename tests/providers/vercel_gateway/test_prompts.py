"""Rules look at a request of the `ai` package as they look at a chat."""

from typing import Any

import pytest
from support.gateway import ask, assistant, call, function, results, said, system, user
from support.inprocess import Api

PIXEL = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk"
    "+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


def holds(when: str, *messages: Any, **asked: Any) -> bool:
    """Return whether a rule with *when* answers."""
    api = Api(f"rules: [{{name: one, when: {when}, reply: Yes.}}, {{name: other, reply: No.}}]")
    return said(ask(api, *messages, **asked)) == "Yes."


WEATHER = {"type": "json", "value": {"sky": "sunny"}}
LOOP = [user("Weather?"), assistant(call("get_weather", {"city": "Paris"})), results(WEATHER)]


@pytest.mark.parametrize(
    ("when", "messages", "options"),
    [
        pytest.param("{last_user: Hi}", ["Hi"], {}, id="what is asked now"),
        pytest.param('{last_user: "a\\nb"}', [user("a", "b")], {}, id="texts of several parts"),
        pytest.param("{first_user: A}", ["A", assistant("B"), "C"], {}, id="what was asked first"),
        pytest.param("{any_message: B}", ["A", assistant("B"), "C"], {}, id="what was answered"),
        pytest.param("{system: Be terse.}", [system("Be terse."), "Hi"], {}, id="the system"),
        pytest.param("{turn: 1}", ["A", assistant("B"), "C"], {}, id="the turn"),
        pytest.param("{tools: get_weather}", ["Hi"], {"tools": [function()]}, id="tools"),
        pytest.param(
            "{tool_choice: get_weather}",
            ["Hi"],
            {
                "tools": [function()],
                "toolChoice": {"type": "tool", "toolName": "get_weather"},
            },
            id="a forced tool",
        ),
        pytest.param(
            "{tool_choice: required}",
            ["Hi"],
            {"tools": [function()], "toolChoice": {"type": "required"}},
            id="any tool",
        ),
        pytest.param("{tool_choice: none}", ["Hi"], {"toolChoice": {"type": "auto"}}, id="no tool"),
        pytest.param("{after_tool: get_weather}", LOOP, {}, id="a result"),
        pytest.param(
            "{after_tool: {name: get_weather, result: {contains: sunny}}}", LOOP, {}, id="its text"
        ),
        pytest.param(
            "{after_tool: {name: get_weather, arguments: {contains: Paris}}}",
            LOOP,
            {},
            id="what was called",
        ),
        pytest.param(
            "{response_format: person}",
            ["Hi"],
            {"responseFormat": {"type": "json", "name": "person", "schema": {"type": "object"}}},
            id="a schema by its name",
        ),
        pytest.param(
            "{response_format: json_schema}",
            ["Hi"],
            {"responseFormat": {"type": "json", "schema": {"type": "object"}}},
            id="a schema without a name",
        ),
        pytest.param(
            "{response_format: text}", ["Hi"], {"responseFormat": {"type": "text"}}, id="a text"
        ),
        pytest.param("{model: openai/gpt-4o-mini}", ["Hi"], {}, id="the model"),
        pytest.param("{provider: vercel_gateway}", ["Hi"], {}, id="the provider"),
        pytest.param("{endpoint: language_model}", ["Hi"], {}, id="the endpoint"),
        pytest.param("{stream: false}", ["Hi"], {}, id="no stream"),
    ],
)
def test_a_rule_looks_at(when: str, messages: list[Any], options: dict[str, Any]) -> None:
    assert holds(when, *messages, **options)
    assert not holds(f"{{not: {when}}}", *messages, **options)


@pytest.mark.parametrize("specification", [2, 3, 4])
def test_a_rule_counts_images(specification: int) -> None:
    data: Any = f"data:image/png;base64,{PIXEL}"
    if specification == 4:
        data = {"type": "data", "data": PIXEL}
    image = {"type": "file", "mediaType": "image/png", "data": data}

    assert holds("{images: 1}", user("See", image), specification=specification)


@pytest.mark.parametrize(
    ("output", "text"),
    [
        ({"type": "text", "value": "sunny"}, "sunny"),
        ({"type": "json", "value": {"sky": ["sunny", 1]}}, '{"sky":["sunny",1]}'),
        ({"type": "error-text", "value": "no such city"}, '{"error":"no such city"}'),
        ({"type": "error-json", "value": {"code": 7}}, '{"error":{"code":7}}'),
        ({"type": "execution-denied"}, "Tool call execution denied."),
        ({"type": "execution-denied", "reason": "Not now."}, "Not now."),
        (
            {"type": "content", "value": [{"type": "text", "text": "sunny"}]},
            '[{"type":"text","text":"sunny"}]',
        ),
    ],
)
def test_a_result_is_the_text_that_a_model_is_given(output: dict[str, Any], text: str) -> None:
    answered = ask(Api(), *LOOP[:2], results(output))

    assert said(answered) == f"The tools answered: {text}"


@pytest.mark.parametrize(
    ("prompt", "message"),
    [
        pytest.param(None, "prompt: Invalid input: expected array, received null", id="no prompt"),
        pytest.param([], "prompt: Too small: expected array to have >=1 items", id="an empty one"),
        pytest.param(
            [{"role": "system", "content": []}],
            "prompt.0.content: Invalid input: expected string, received array",
            id="a system message in parts",
        ),
        pytest.param(
            [{"role": "user", "content": "Hi"}],
            "prompt.0.content: Invalid input: expected array, received string",
            id="a user's message in one piece",
        ),
        pytest.param(
            [{"role": "developer", "content": []}],
            "prompt.0.role: Invalid discriminator value. Expected 'system' | 'user' | 'assistant' "
            "| 'tool'",
            id="an unknown role",
        ),
        pytest.param(
            [user({"type": "image", "image": "x"})],
            "prompt.0.content.0.type: Invalid discriminator value. Expected 'text' | 'file'",
            id="an unknown part",
        ),
        pytest.param(
            [user({"type": "file", "mediaType": "image/png", "data": "AQID"})],
            "prompt.0.content.0.data: Invalid input: expected object, received string",
            id="a file as older specifications have it",
        ),
    ],
)
def test_what_the_specification_does_not_say_is_refused_at_its_place(
    prompt: Any, message: str
) -> None:
    refused = ask(Api(), prompt=prompt)

    assert (refused.status, refused.error) == (
        400,
        {"message": message, "type": "invalid_request_error"},
    )
