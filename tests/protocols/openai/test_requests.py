"""What rules and replies get to see of a request, whatever form its members have."""

from typing import Any

import pytest
from support.inprocess import Api


def holds(when: str, messages: list[dict[str, Any]] | str = "Hi", **members: Any) -> bool:
    api = Api(f"""
        rules:
          - {{name: held, when: {when}, reply: "held"}}
          - {{name: otherwise, reply: "other"}}
    """)
    return bool(api.chat(messages, **members).text == "held")


def user(content: Any) -> dict[str, Any]:
    return {"role": "user", "content": content}


PICTURE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}}
CUSTOM = {"type": "custom", "custom": {"name": "run", "description": "Runs code."}}
FUNCTION = {"name": "get_weather", "parameters": {"type": "object", "properties": {}}}


def test_the_texts_of_parts_are_joined_by_newlines() -> None:
    parts = [{"type": "text", "text": "one"}, PICTURE, {"type": "text", "text": "two"}]

    assert holds('{last_user: "one\\ntwo"}', [user(parts)])


def test_pictures_of_the_last_user_message_are_counted() -> None:
    assert holds("{images: 2}", [user([PICTURE, PICTURE, {"type": "text", "text": "?"}])])


@pytest.mark.parametrize(
    "offered",
    [
        pytest.param({"tools": [{"type": "function", "function": FUNCTION}]}, id="tools"),
        pytest.param({"functions": [FUNCTION]}, id="legacy functions"),
    ],
)
def test_offered_tools_are_known_by_their_names(offered: dict[str, Any]) -> None:
    assert holds("{tools: get_weather}", **offered)


def test_custom_tools_are_known_by_their_names() -> None:
    assert holds("{tools: run}", tools=[CUSTOM], model="gpt-5-mini")


def test_a_custom_tool_that_is_forced_is_known_by_its_name() -> None:
    choice = {"type": "custom", "custom": {"name": "run"}}

    assert holds("{tool_choice: run}", tools=[CUSTOM], tool_choice=choice, model="gpt-5-mini")


def test_the_result_of_a_custom_tool_is_known_by_its_call() -> None:
    call = {"id": "call_1", "type": "custom", "custom": {"name": "run", "input": "1 + 1"}}
    messages = [
        user("Compute."),
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "call_1", "content": "2"},
    ]

    assert holds(
        '{after_tool: {name: run, arguments: "1 + 1", result: "2"}}', messages, model="gpt-5-mini"
    )


def test_the_result_of_a_legacy_function_is_known_by_its_name() -> None:
    call = {"name": "get_weather", "arguments": "{}"}
    messages = [
        user("Weather?"),
        {"role": "assistant", "content": None, "function_call": call},
        {"role": "function", "name": "get_weather", "content": "sunny"},
    ]

    assert holds('{after_tool: {name: get_weather, result: "sunny"}}', messages)


def test_nulls_are_as_good_as_nothing() -> None:
    nothing = {"stop": None, "n": None, "max_tokens": None, "stream": None, "stream_options": None}

    assert Api().chat("Hi", **nothing).text == "A mock answer to: Hi"


# --- Legacy prompts --------------------------------------------------------------------------

ECHO = "rules: [{name: echo, reply: {kind: echo}}]"


@pytest.mark.parametrize(
    ("prompt", "texts"),
    [
        pytest.param("one", ["one"], id="a text"),
        pytest.param(["one", "two"], ["one", "two"], id="texts"),
        pytest.param([9906, 1917], ["Hello world"], id="tokens"),
        pytest.param([[9906], [1917]], ["Hello", " world"], id="lists of tokens"),
        pytest.param(None, ["<|endoftext|>"], id="null: the default prompt"),
    ],
)
def test_a_prompt_is_text_whatever_its_form(prompt: Any, texts: list[str]) -> None:
    choices = Api(ECHO).complete(prompt).json["choices"]

    assert [choice["text"] for choice in choices] == texts


def test_a_rule_sees_each_prompt_of_several() -> None:
    api = Api("""
        rules:
          - {name: second, when: {prompt: "two"}, reply: "seen"}
    """)

    assert api.complete(["one", "two"]).json["choices"][0]["text"] == "seen"
