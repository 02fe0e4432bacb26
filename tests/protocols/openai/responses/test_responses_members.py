"""The members of a Responses request: what each may be, in which order faults are reported."""

from typing import Any

import pytest

THINKER = "gpt-5.6-terra"
FUNCTION = {"type": "function", "name": "f", "parameters": {"type": "object", "properties": {}}}
MOVED = (
    "Unsupported parameter: '{}'. In the Responses API, this parameter has moved to '{}'. Try "
    "again with the new parameter. See the API documentation for more information: "
    "https://platform.openai.com/docs/api-reference/responses/create."
)


def unknown(path: str, hint: str = "") -> tuple[str, str, str]:
    return path, "unknown_parameter", f"Unknown parameter: '{path}'.{hint}"


def kind(path: str, expected: str, got: str) -> tuple[str, str, str]:
    message = f"Invalid type for '{path}': expected {expected}, but got {got} instead."
    return path, "invalid_type", message


def listed(path: str, value: str, supported: str) -> tuple[str, str, str]:
    return path, "invalid_value", f"Invalid value: '{value}'. Supported values are: {supported}."


def missing(path: str) -> tuple[str, str, str]:
    return path, "missing_required_parameter", f"Missing required parameter: '{path}'."


def below(path: str, word: str, bound: int, got: str) -> tuple[str, str, str]:
    message = f"Invalid '{path}': {word} below minimum value. Expected a value >= {bound}, but got"
    return path, f"{word}_below_min_value", f"{message} {got} instead."


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        pytest.param({"model": ...}, missing("model"), id="no model"),
        pytest.param({"model": None}, kind("model", "a string", "an object"), id="model null"),
        pytest.param({"model": 7}, kind("model", "a string", "an integer"), id="model a number"),
        pytest.param(
            {"model": ""},
            ("model", "model_not_found", "The requested model '' does not exist."),
            id="model empty",
        ),
        pytest.param({"input": ...}, missing("input"), id="no input"),
        pytest.param({"input": None}, kind("input", "a string", "an object"), id="input null"),
        pytest.param(
            {"input": 7},
            kind("input", "one of a string or array of input items", "an integer"),
            id="input a number",
        ),
        pytest.param(
            {"input": []},
            (
                None,
                "missing_required_parameter",
                (
                    "One of \"input\" or \"previous_response_id\" or 'prompt' or 'conversation' "
                    "must be provided."
                ),
            ),
            id="input empty",
        ),
        pytest.param({"input": ..., "prompt": {"id": "pmpt_1"}}, None, id="a prompt has one"),
        pytest.param({"input": [], "previous_response_id": "resp_1"}, None, id="so has a response"),
        pytest.param({"max_tokens": 5}, unknown("max_tokens"), id="of chat, unknown"),
        pytest.param(
            {"input": ..., "messages": []},
            (None, "unsupported_parameter", MOVED.format("messages", "input")),
            id="messages",
        ),
        pytest.param(
            {"response_format": {"type": "text"}},
            (None, "unsupported_parameter", MOVED.format("response_format", "text.format")),
            id="response_format",
        ),
        pytest.param({"stop": "x"}, unknown("stop", " Did you mean 'store'?"), id="spelling"),
        pytest.param(
            {"strem": 1}, unknown("strem", " Did you mean 'stream' or 'store'?"), id="two alike"
        ),
        pytest.param({"st": 1}, unknown("st"), id="nothing alike"),
        pytest.param({"inpu": 1}, unknown("inpu"), id="alike, but sent already"),
        pytest.param({"client_metadata": {"a": "b"}}, None, id="client metadata"),
        pytest.param(
            {"max_output_tokens": 15},
            below("max_output_tokens", "integer", 16, "15"),
            id="least output",
        ),
        pytest.param(
            {"max_tool_calls": 0}, below("max_tool_calls", "integer", 1, "0"), id="least calls"
        ),
        pytest.param(
            {"temperature": -1, "model": "gpt-4o"},
            below("temperature", "decimal", 0, "-1"),
            id="least temperature",
        ),
        pytest.param(
            {"truncation": {}},
            kind("truncation", "one of 'auto' or 'disabled'", "an object"),
            id="truncation of another type",
        ),
        pytest.param(
            {"truncation": "old"},
            listed("truncation", "old", "'auto' and 'disabled'"),
            id="unknown truncation",
        ),
        pytest.param(
            {"include": "x"},
            kind(
                "include",
                "an array of one of 'fil...lts', 'web...lts', 'web...ces', 'mes...url', "
                "'com...url', 'cod...uts', 'rea...ent', or 'mes...obs'",
                "a string",
            ),
            id="long names are cut",
        ),
        pytest.param(
            {"service_tier": "slow"},
            listed("service_tier", "slow", "'auto', 'default', 'fast', 'flex', and 'priority'"),
            id="unknown tier",
        ),
        pytest.param({"service_tier": "scale"}, None, id="a tier that is not named"),
        pytest.param(
            {"reasoning": {"effort": "huge"}},
            listed(
                "reasoning.effort",
                "huge",
                "'none', 'minimal', 'low', 'medium', 'high', 'xhigh', and 'max'",
            ),
            id="unknown effort",
        ),
        pytest.param(
            {"reasoning": {"effort": 5}},
            kind("reasoning.effort", "one of 'minimal', 'low', 'medium', or 'high'", "an integer"),
            id="effort a number",
        ),
        pytest.param({"reasoning": {"x": 1}}, unknown("reasoning.x"), id="unknown, within"),
        pytest.param(
            {"reasoning": {"generate_summary": "auto"}},
            unknown("reasoning.generate_summary"),
            id="an old name, newer model",
        ),
        pytest.param(
            {"model": "gpt-5", "reasoning": {"generate_summary": "auto"}}, None, id="older model"
        ),
        pytest.param(
            {"text": {"format": {"type": "xml"}}},
            listed("text.format.type", "xml", "'json_object', 'text', and 'json_schema'"),
            id="unknown format",
        ),
        pytest.param(
            {"text": {"format": {"type": "json_schema"}}},
            missing("text.format.name"),
            id="a schema without a name",
        ),
        pytest.param({"text": {"x": 1}}, unknown("text.x"), id="unknown in text"),
        pytest.param(
            {"stream_options": {"include_usage": True}},
            unknown("stream_options.include_usage"),
            id="usage is always in a stream",
        ),
        pytest.param(
            {"stream_options": {"include_obfuscation": False}}, None, id="padding, unstreamed"
        ),
        pytest.param(
            {"tool_choice": 7},
            kind("tool_choice", "one of an object or 'none', 'auto', or 'required'", "an integer"),
            id="choice a number",
        ),
        pytest.param(
            {"tools": [FUNCTION], "tool_choice": {"type": "function", "function": {"name": "f"}}},
            missing("tool_choice.name"),
            id="chat's choice",
        ),
        pytest.param(
            {"tools": [FUNCTION], "tool_choice": {"type": "function", "name": "g"}},
            ("tool_choice", None, "Tool choice 'g' not found in 'tools' parameter."),
            id="a choice that is not offered",
        ),
        pytest.param({"tools": {}}, kind("tools", "an array of tools", "an object"), id="tools"),
        pytest.param({"tools": [{}]}, missing("tools[0].type"), id="a tool without a type"),
        pytest.param(
            {"tools": [{"type": "function", "function": {"name": "f"}}]},
            missing("tools[0].name"),
            id="chat's tool",
        ),
        pytest.param(
            {"tools": [{**FUNCTION, "x": 1}]}, unknown("tools[0].x"), id="unknown in a tool"
        ),
        pytest.param(
            {"tools": [{"type": "code_interpreter"}]},
            missing("tools[0].container"),
            id="no container",
        ),
        pytest.param(
            {"tools": [{**FUNCTION, "strict": True}]},
            (
                "tools[0].parameters",
                "invalid_function_parameters",
                (
                    "Invalid schema for function 'f': In context=(), 'additionalProperties' is "
                    "required to be supplied and to be false."
                ),
            ),
            id="a schema that is not strict",
        ),
        pytest.param({"tools": [FUNCTION]}, None, id="nobody called it strict"),
        pytest.param(
            {
                "text": {
                    "format": {"type": "json_schema", "name": "n", "schema": {"type": "object"}}
                }
            },
            (
                "text.format.schema",
                "invalid_json_schema",
                (
                    "Invalid schema for response_format 'n': In context=(), 'additionalProperties' "
                    "is required to be supplied and to be false."
                ),
            ),
            id="formats are strict unless they say otherwise",
        ),
        pytest.param(
            {"text": {"format": {"type": "json_object"}}, "instructions": "Answer in JSON."},
            (
                "input",
                None,
                (
                    "Response input messages must contain the word 'json' in some form to use "
                    "'text.format' of type 'json_object'."
                ),
            ),
            id="the instructions do not count",
        ),
        pytest.param(
            {"metadata": {str(n): "" for n in range(17)}},
            (
                "metadata",
                "object_above_max_properties",
                (
                    "Invalid 'metadata': too many properties. Expected an object with at most 16 "
                    "properties, but got an object with 17 properties instead."
                ),
            ),
            id="too much metadata",
        ),
        pytest.param(
            {"previous_response_id": "resp_1", "conversation": "conv_1"},
            (
                None,
                "mutually_exclusive_parameters",
                (
                    "Mutually exclusive parameters: ''. Ensure you are only providing one of: "
                    "'pre..._id' or 'conversation'."
                ),
            ),
            id="two histories",
        ),
    ],
)
def test_a_member_is_refused_in_the_apis_words(fault: Any, members: Any, expected: Any) -> None:
    assert fault(**members) == expected


NULLABLE = [
    "previous_response_id",
    "prompt",
    "moderation",
    "include",
    "tools",
    "tool_choice",
    "metadata",
    "text",
    "temperature",
    "top_p",
    "presence_penalty",
    "frequency_penalty",
    "parallel_tool_calls",
    "stream",
    "stream_options",
    "background",
    "max_output_tokens",
    "max_tool_calls",
    "reasoning",
    "user",
    "safety_identifier",
    "prompt_cache_options",
    "prompt_cache_key",
    "prompt_cache_retention",
    "truncation",
    "instructions",
    "store",
    "service_tier",
    "top_logprobs",
    "context_management",
    "conversation",
]


def test_null_is_as_good_as_absence(fault: Any) -> None:
    assert fault(**dict.fromkeys(NULLABLE)) is None


IN_ORDER = [
    "model",
    "input",
    "previous_response_id",
    "prompt",
    "moderation",
    "include",
    "tools",
    "tool_choice",
    "metadata",
    "text",
    "temperature",
    "top_p",
    "presence_penalty",
    "frequency_penalty",
    "parallel_tool_calls",
    "stream",
    "stream_options",
    "background",
    "max_output_tokens",
    "max_tool_calls",
    "reasoning",
    "user",
    "safety_identifier",
    "prompt_cache_options",
    "prompt_cache_key",
    "prompt_cache_retention",
    "truncation",
    "instructions",
    "store",
    "service_tier",
    "top_logprobs",
    "context_management",
]
"""As measured, but for the first two."""


def test_types_are_refused_in_the_apis_order_whatever_the_bodys(fault: Any) -> None:
    wrong: dict[str, Any] = dict.fromkeys(reversed(IN_ORDER), 0.5)
    wrong |= dict.fromkeys(("temperature", "top_p", "presence_penalty", "frequency_penalty"), "x")
    reported = []
    for key in IN_ORDER:
        found = fault(**wrong)
        assert found is not None
        reported.append(found[0])
        wrong[key] = {"model": THINKER, "input": "ping"}.get(key)

    assert reported == IN_ORDER


@pytest.mark.parametrize(
    ("members", "param"),
    [
        pytest.param({"model": ..., "zzz": 1}, "model", id="no model, unknown member"),
        pytest.param({"input": ..., "zzz": 1}, "input", id="no input, unknown member"),
        pytest.param({"zzz": 1, "input": [{}]}, "zzz", id="unknown member, item"),
        pytest.param({"input": [{}], "truncation": "x"}, "input[0]", id="item, later member"),
        pytest.param({"model": "o1-mini", "max_output_tokens": 1}, "max_output_tokens", id="model"),
        pytest.param({"top_logprobs": 1, "temperature": 0.5}, "temperature", id="sampling first"),
        pytest.param(
            {"top_logprobs": 1, "include": ["message.output_text.logprobs"]},
            "include",
            id="what is included before how many",
        ),
        pytest.param(
            {"input": [], "temperature": 0.5}, None, id="an empty input before what a model can do"
        ),
    ],
)
def test_of_two_faults_the_first_is_reported(fault: Any, members: Any, param: str) -> None:
    found = fault(**members)

    assert found is not None
    assert found[0] == param
