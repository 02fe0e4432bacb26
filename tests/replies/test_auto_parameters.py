"""What a request's parameters do to the answers that the server gives by itself."""

import json
from typing import Any

import jsonschema
import pytest
from support.inprocess import Answered, Api

WEATHER: dict[str, Any] = {
    "name": "get_weather",
    "parameters": {
        "type": "object",
        "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
        "required": ["city", "days"],
    },
}
TIME: dict[str, Any] = {"name": "get_time", "parameters": {"type": "object", "properties": {}}}
TOOLS = [{"type": "function", "function": function} for function in (WEATHER, TIME)]
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "born": {"type": "integer"}},
    "required": ["name", "born"],
    "additionalProperties": False,
}
FORMAT = {"type": "json_schema", "json_schema": {"name": "person", "schema": SCHEMA}}


def named(name: str) -> dict[str, Any]:
    return {"type": "function", "function": {"name": name}}


def allowed(mode: str, *names: str) -> dict[str, Any]:
    tools = [named(name) for name in names]
    return {"type": "allowed_tools", "allowed_tools": {"mode": mode, "tools": tools}}


def called(answered: Answered) -> list[str]:
    calls = answered.choice["message"].get("tool_calls", [])
    return [call["function"]["name"] for call in calls]


# --- tools -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "names"),
    [
        pytest.param({}, [], id="no choice"),
        pytest.param({"tool_choice": "auto"}, [], id="auto"),
        pytest.param({"tool_choice": "none"}, [], id="none"),
        pytest.param({"tool_choice": "required"}, ["get_weather"], id="required"),
        pytest.param({"tool_choice": named("get_time")}, ["get_time"], id="by name"),
        pytest.param(
            {"tool_choice": allowed("required", "get_time")},
            ["get_time"],
            id="one of those allowed",
        ),
        pytest.param({"tool_choice": allowed("auto", "get_time")}, [], id="none of those allowed"),
        pytest.param({"tool_choice": {"type": "allowed_tools"}}, [], id="a choice without members"),
    ],
)
def test_which_tool_is_called(asked: dict[str, Any], names: list[str]) -> None:
    assert called(Api().chat(tools=TOOLS, **asked)) == names


@pytest.mark.parametrize("parallel", [True, False])
def test_one_tool_is_called_whether_or_not_several_might_be(*, parallel: bool) -> None:
    answered = Api().chat(tools=TOOLS, tool_choice="required", parallel_tool_calls=parallel)

    assert called(answered) == ["get_weather"]


def test_where_no_tool_is_forced_there_is_a_text() -> None:
    choice = Api().chat(tools=TOOLS).choice

    assert (choice["message"]["content"], choice["finish_reason"]) == (
        "A mock answer to: Hi",
        "stop",
    )


@pytest.mark.parametrize(
    ("choice", "finish"),
    [
        pytest.param("required", "tool_calls", id="required"),
        pytest.param(allowed("required", "get_time"), "tool_calls", id="one of those allowed"),
        pytest.param(named("get_time"), "stop", id="by name, as older models finish"),
    ],
)
def test_how_an_answer_with_a_forced_call_finishes(choice: Any, finish: str) -> None:
    assert Api().chat(tools=TOOLS, tool_choice=choice).choice["finish_reason"] == finish


def test_the_arguments_of_a_forced_call_fit_its_schema() -> None:
    (call,) = Api().chat(tools=TOOLS, tool_choice="required").choice["message"]["tool_calls"]

    jsonschema.validate(json.loads(call["function"]["arguments"]), WEATHER["parameters"])


def test_a_legacy_function_is_called_by_name() -> None:
    choice = Api().chat(functions=[WEATHER, TIME], function_call={"name": "get_time"}).choice

    assert choice["message"]["function_call"] == {"name": "get_time", "arguments": "{}"}


@pytest.mark.parametrize("function_call", ["none", "auto"])
def test_a_legacy_function_that_is_not_named_is_not_called(function_call: str) -> None:
    choice = Api().chat(functions=[WEATHER], function_call=function_call).choice

    assert "function_call" not in choice["message"]


def test_a_forced_tool_whose_result_is_handed_back_is_not_called_again() -> None:
    call = {"id": "call_1", "type": "function", "function": {"name": "get_time", "arguments": "{}"}}
    messages = [
        {"role": "user", "content": "What time is it?"},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "call_1", "content": "noon"},
    ]

    assert Api().chat(messages, tools=TOOLS, tool_choice="required").text == (
        "The tools answered: noon"
    )


# --- formats ---------------------------------------------------------------------------------


def test_json_that_is_asked_for_fits_its_schema() -> None:
    jsonschema.validate(json.loads(Api().chat(response_format=FORMAT).text), SCHEMA)


def test_json_without_a_schema_is_an_object() -> None:
    text = Api().chat("Some json", response_format={"type": "json_object"}).text

    assert isinstance(json.loads(text), dict)


def test_a_format_of_text_is_a_text() -> None:
    assert Api().chat(response_format={"type": "text"}).text == "A mock answer to: Hi"


def test_each_of_several_choices_is_another() -> None:
    choices = Api().chat(response_format=FORMAT, n=3).json["choices"]

    assert len({choice["message"]["content"] for choice in choices}) == 3


# --- seeds -----------------------------------------------------------------------------------


def test_another_seed_in_the_request_gets_another_answer_since_it_is_another_request() -> None:
    texts = {Api().chat(response_format=FORMAT, seed=seed).text for seed in range(4)}

    assert len(texts) == 4


def test_the_same_seed_gets_the_same_answer_again() -> None:
    api = Api()

    assert len({api.chat(response_format=FORMAT, seed=7).text for _ in range(3)}) == 1


# --- limits ----------------------------------------------------------------------------------


def test_a_limit_cuts_the_servers_own_answer() -> None:
    choice = Api().chat(max_tokens=2).choice

    assert (choice["message"]["content"], choice["finish_reason"]) == ("A mock", "length")


def test_a_stop_sequence_ends_the_servers_own_answer() -> None:
    assert Api().chat(stop=" answer").text == "A mock"


def test_the_servers_own_answer_is_told_of_in_log_probabilities() -> None:
    entries = Api().chat(logprobs=True).choice["logprobs"]["content"]

    assert "".join(entry["token"] for entry in entries) == "A mock answer to: Hi"
