"""Members that nobody checks mean nothing to those who read a request after the check."""

from typing import Any

import pytest
from support.inprocess import Api

from mockserver.sessions.options import Options

CALL = {"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
CUSTOM_CALL = {"id": "1", "type": "custom", "custom": {"name": "c", "input": "x"}}
TOOL = {"type": "function", "function": {"name": "f"}}
WAV = {"type": "input_audio", "input_audio": {"data": "UklGRg==", "format": "wav"}}
HEADER_WITHOUT_RATE = (
    "UklGRiQAAABXQVZFZm10IBAAAAABAAEAAAAAAAAAAAACABAAZGF0YQAAAAA="  # a WAV of 0 Hz
)


def user(**members: Any) -> dict[str, Any]:
    return {"role": "user", "content": "Hi", **members}


def part(kind: str, **members: Any) -> list[Any]:
    return [{"role": "user", "content": [{"type": kind, **members}]}]


@pytest.mark.parametrize(
    "members",
    [
        pytest.param({"said": [user(tool_calls=5)]}, id="tool_calls of a user"),
        pytest.param({"said": [user(tool_calls=[{}])]}, id="a user's call of nothing"),
        pytest.param({"said": [user(function_call=["f"])]}, id="function_call of a user"),
        pytest.param({"said": [user(refusal={"$ref": "#"})]}, id="refusal of a user"),
        pytest.param({"said": [user(tool_call_id=["1"])]}, id="tool_call_id of a user"),
        pytest.param(
            {"said": [{"role": "function", "name": "f", "content": "1", "tool_call_id": {}}]},
            id="tool_call_id of a function",
        ),
        pytest.param(
            {
                "said": [
                    {"role": "assistant", "tool_calls": [{**CALL, "custom": 5}]},
                    {"role": "tool", "tool_call_id": "1", "content": "42"},
                ]
            },
            id="a function's call with something custom beside it",
        ),
        pytest.param(
            {
                "said": [
                    {"role": "assistant", "tool_calls": [{**CUSTOM_CALL, "function": True}]},
                    {"role": "tool", "tool_call_id": "1", "content": "42"},
                ]
            },
            id="a custom call with a function beside it",
        ),
        pytest.param(
            {"tools": [{"type": "custom", "custom": {"name": "c"}, "function": 5}]},
            id="a custom tool with a function beside it",
        ),
        pytest.param({"tools": [{**TOOL, "custom": 5}]}, id="a function with custom beside it"),
        pytest.param(
            {"tools": [TOOL], "tool_choice": {"type": "allowed_tools", "function": 5}},
            id="allowed tools with a function beside them",
        ),
        pytest.param(
            {
                "tools": [TOOL],
                "tool_choice": {"type": "allowed_tools", "allowed_tools": {"mode": ["auto"]}},
            },
            id="allowed tools in a mode that is none",
        ),
        pytest.param(
            {
                "tools": [TOOL],
                "tool_choice": {"type": [], "function": {"name": "f"}, "name": 5},
            },
            id="a choice of tool whose type is a list",
        ),
        pytest.param(
            {
                "functions": [{"name": "f"}],
                "function_call": {"name": "f", "function": 5, "type": "allowed_tools"},
            },
            id="a choice of function with more in it",
        ),
        pytest.param(
            {"said": [user(content=[{"type": "text", "text": "x", "refusal": {}}])]},
            id="a refusal in a part of text",
        ),
        pytest.param(
            {
                "said": part(
                    "image_url", image_url={"url": "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgé"}
                )
            },
            id="an image that is no base64 further on",
        ),
        pytest.param(
            {
                "said": part(
                    "image_url", image_url={"url": "data:image/png;base64,iVBORw0KGgoAAAANSUg="}
                )
            },
            id="an image that ends early",
        ),
        pytest.param(
            {
                "model": "gpt-audio",
                "said": [
                    user(content=[{**WAV, "input_audio": {"data": data, "format": "wav"}}])
                    for data in ("é", "A", HEADER_WITHOUT_RATE)
                ],
                "modalities": ["text", "audio"],
                "audio": {"voice": "alloy", "format": "wav"},
            },
            id="sounds that are none",
        ),
    ],
)
def test_what_nobody_reads_may_be_anything(members: dict[str, Any]) -> None:
    rules = """
        rules:
          - {when: {tool_choice: nothing, after_tool: nothing}, reply: {kind: text, text: "No."}}
    """

    assert Api(rules).chat(**members).status == 200


@pytest.mark.parametrize(
    "content",
    [
        pytest.param({"type": "image_url"}, id="an image that is nowhere"),
        pytest.param({"type": "image_url", "image_url": -0.0}, id="an image that is a number"),
        pytest.param({"type": "image_url", "image_url": {"url": {}}}, id="a URL that is an object"),
        pytest.param({"type": "input_audio"}, id="a sound without data"),
        pytest.param({"type": "input_audio", "input_audio": {"data": 5}}, id="a sound of 5"),
        pytest.param({"type": "video", "text": {"a": 1}}, id="a text that is an object"),
    ],
)
def test_a_gateways_model_takes_parts_in_any_form(content: dict[str, Any]) -> None:
    answered = Api(options=Options(any_model=True)).chat(
        [{"role": "user", "content": [content]}], model="anthropic/claude"
    )

    assert answered.status == 200


def test_a_gateways_call_of_an_unknown_kind_is_passed_over() -> None:
    said = [
        {"role": "assistant", "content": None, "tool_calls": [{"id": "1", "type": "x"}]},
        {"role": "tool", "tool_call_id": "1", "content": "42"},
    ]

    answered = Api(options=Options(any_model=True)).chat(said, model="anthropic/claude")

    assert answered.status == 200


@pytest.mark.parametrize(
    ("message", "param"),
    [
        pytest.param(
            {"content": "x", "refusal": {"a": 1}}, "messages[0].refusal", id="of a message"
        ),
        pytest.param(
            {"content": [{"type": "refusal", "refusal": 5}]},
            "messages[0].content[0].refusal",
            id="of a part",
        ),
    ],
)
def test_a_refusal_that_is_no_text_is_refused(message: dict[str, Any], param: str) -> None:
    error = Api().chat([{"role": "assistant", **message}]).error

    assert (error["param"], error["code"]) == (param, "invalid_type")


def test_arguments_that_nest_deeper_than_python_counts_are_a_text() -> None:
    calls = [
        {"id": str(n), "type": "function", "function": {"name": "f", "arguments": "[" * 100_000}}
        for n in (1, 2)
    ]
    results = [{"role": "tool", "tool_call_id": str(n), "content": "42"} for n in (1, 2)]
    said = [{"role": "assistant", "tool_calls": calls}, *results]

    assert Api().chat(said).usage["prompt_tokens"] > 20_000
