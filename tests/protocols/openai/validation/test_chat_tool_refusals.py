"""Each row of what is known of refused tools and functions: param, code and message."""

from typing import Any

import pytest

NAME = "tools[0].function.name"
TOOL = {"type": "function", "function": {"name": "f", "parameters": {}}}
CUSTOM = {"type": "custom", "custom": {"name": "c"}}


def missing(param: str) -> tuple[str, str, str]:
    return param, "missing_required_parameter", f"Missing required parameter: '{param}'."


def wrong_type(param: str, expected: str, got: str) -> tuple[str, str, str]:
    message = f"Invalid type for '{param}': expected {expected}, but got {got} instead."
    return param, "invalid_type", message


def named(name: object, **members: Any) -> list[dict[str, Any]]:
    return [{"type": "function", "function": {"name": name, **members}}]


@pytest.mark.parametrize(
    ("tools", "fault"),
    [
        pytest.param(
            [],
            (
                "tools",
                "empty_array",
                (
                    "Invalid 'tools': empty array. "
                    "Expected an array with minimum length 1, but got an empty array instead."
                ),
            ),
            id="no tools",
        ),
        pytest.param(
            [TOOL] * 150,
            (
                "tools",
                "array_above_max_length",
                (
                    "Invalid 'tools': array too long. Expected an array with maximum length 128, "
                    "but got an array with length 150 instead."
                ),
            ),
            id="too many tools",
        ),
        pytest.param([7], wrong_type("tools[0]", "an object", "an integer"), id="a number"),
        pytest.param([{"function": {"name": "f"}}], missing("tools[0].type"), id="no type"),
        pytest.param(
            [{"type": "web_search"}],
            (
                "tools[0].type",
                "invalid_value",
                "Invalid value: 'web_search'. Supported values are: 'function' and 'custom'.",
            ),
            id="an unknown type",
        ),
        pytest.param([{"type": "function"}], missing("tools[0].function"), id="no function"),
        pytest.param(
            [TOOL, {"type": "function", "function": {"parameters": {}}}],
            missing("tools[1].function.name"),
            id="no name",
        ),
        pytest.param(named(7), wrong_type(NAME, "a string", "an integer"), id="a number's name"),
        pytest.param(
            named(""),
            (
                NAME,
                "empty_string",
                (
                    f"Invalid '{NAME}': empty string. "
                    "Expected a string with minimum length 1, but got an empty string instead."
                ),
            ),
            id="an empty name",
        ),
        pytest.param(
            named("get weather"),
            (
                NAME,
                "invalid_value",
                (
                    f"Invalid '{NAME}': string does not match pattern. "
                    "Expected a string that matches the pattern '^[a-zA-Z0-9_-]+$'."
                ),
            ),
            id="a name with a space",
        ),
        pytest.param(
            named("f\n"),
            (
                NAME,
                "invalid_value",
                (
                    f"Invalid '{NAME}': string does not match pattern. "
                    "Expected a string that matches the pattern '^[a-zA-Z0-9_-]+$'."
                ),
            ),
            id="a name with a line's end",
        ),
        pytest.param(
            named("f" * 256),
            (
                NAME,
                "string_above_max_length",
                (
                    f"Invalid '{NAME}': string too long. Expected a string with "
                    f"maximum length 128, "
                    "but got a string with length 256 instead."
                ),
            ),
            id="a long name",
        ),
        pytest.param(
            named("f", description=7),
            wrong_type("tools[0].function.description", "a string", "an integer"),
            id="a description that is a number",
        ),
        pytest.param(
            named("f", parameters="x"),
            wrong_type("tools[0].function.parameters", "an object", "a string"),
            id="parameters in words",
        ),
        pytest.param(
            named("f", strict="yes"),
            wrong_type("tools[0].function.strict", "a boolean", "a string"),
            id="strictness in words",
        ),
        pytest.param(
            named("f", strict=True),
            (
                "tools[0].function.parameters",
                "invalid_function_parameters",
                (
                    "Invalid schema for function 'f': In context=(), 'additionalProperties' is "
                    "required to be supplied and to be false."
                ),
            ),
            id="a strict function without a schema",
        ),
        pytest.param(
            [{"type": "custom", "custom": {}}],
            missing("tools[0].custom.name"),
            id="a custom tool without a name",
        ),
    ],
)
def test_bad_tools_are_refused(chat_fault: Any, tools: object, fault: object) -> None:
    assert chat_fault(tools=tools) == fault


NOT_DECLARED = (
    "function_call",
    None,
    (
        "Invalid value for 'function_call': no function named "
        "'never_declared' was specified in the "
        "'functions' parameter."
    ),
)


@pytest.mark.parametrize(
    ("choice", "fault"),
    [
        pytest.param(
            "bogus",
            (
                "tool_choice",
                "invalid_value",
                "Invalid value: 'bogus'. Supported values are: 'none', 'auto', and 'required'.",
            ),
            id="an unknown word",
        ),
        pytest.param({"type": "bogus"}, missing("tool_choice.function"), id="an unknown type"),
        pytest.param(
            {"type": "function", "name": "f"},
            missing("tool_choice.function"),
            id="the shape of the other endpoint",
        ),
        pytest.param(
            {"type": "function", "function": {}},
            missing("tool_choice.function.name"),
            id="no name",
        ),
        pytest.param(
            {"type": "function", "function": {"name": "never_declared"}},
            NOT_DECLARED,
            id="a function that is not offered",
        ),
        pytest.param(
            {"type": "custom", "custom": {"name": "never_declared"}},
            NOT_DECLARED,
            id="a custom tool that is not offered",
        ),
    ],
)
def test_a_bad_choice_of_tool_is_refused(chat_fault: Any, choice: object, fault: object) -> None:
    assert chat_fault(tools=[TOOL, CUSTOM], tool_choice=choice) == fault


@pytest.mark.parametrize(
    "choice",
    [
        "none",
        "auto",
        "required",
        {"type": "function", "function": {"name": "f"}},
        {"type": "custom", "custom": {"name": "c"}},
        {"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": []}},
    ],
)
def test_a_choice_of_what_is_offered_is_fine(chat_fault: Any, choice: object) -> None:
    assert chat_fault(tools=[TOOL, CUSTOM], tool_choice=choice) is None


@pytest.mark.parametrize(
    "choice", ["auto", "none", "bogus", {"type": "function", "function": {"name": "f"}}]
)
def test_there_is_no_choice_without_tools(chat_fault: Any, choice: object) -> None:
    assert chat_fault(tool_choice=choice, parallel_tool_calls=True) == (
        "tool_choice",
        None,
        (
            "Invalid value for 'tool_choice': 'tool_choice' is only allowed when 'tools' are "
            "specified."
        ),
    )


@pytest.mark.parametrize("parallel", [True, False])
def test_there_are_no_parallel_calls_without_tools(chat_fault: Any, parallel: object) -> None:
    assert chat_fault(parallel_tool_calls=parallel) == (
        "parallel_tool_calls",
        None,
        (
            "Invalid value for 'parallel_tool_calls': 'parallel_tool_calls' is only allowed when "
            "'tools' are specified."
        ),
    )


@pytest.mark.parametrize(
    ("members", "fault"),
    [
        pytest.param(
            {"functions": [{"parameters": {}}]},
            missing("functions[0].name"),
            id="a function without a name",
        ),
        pytest.param(
            {"functions": [{"name": "f", "description": 1}]},
            wrong_type("functions[0].description", "a string", "an integer"),
            id="a function with a number for a description",
        ),
        pytest.param(
            {"functions": [{"name": "f"}], "function_call": {"a": 1}},
            missing("function_call.name"),
            id="a choice without a name",
        ),
        pytest.param(
            {"functions": [{"name": "f"}], "function_call": {"name": "never_declared"}},
            NOT_DECLARED,
            id="a choice of what is not offered",
        ),
        pytest.param(
            {"functions": [{"name": "f"}], "function_call": "bogus"},
            (
                "function_call",
                "invalid_value",
                "Invalid value: 'bogus'. Supported values are: 'none' and 'auto'.",
            ),
            id="an unknown word",
        ),
        pytest.param(
            {"functions": [{"name": "f"}], "function_call": 7},
            wrong_type("function_call", "one of one of 'none' or 'auto' or object", "an integer"),
            id="a choice that is a number",
        ),
        pytest.param(
            {"function_call": "auto"},
            (
                "function_call",
                None,
                (
                    "Invalid value for 'function_call': 'function_call' is only allowed when "
                    "'functions' are specified."
                ),
            ),
            id="a choice without functions",
        ),
    ],
)
def test_bad_legacy_functions_are_refused(
    chat_fault: Any, members: dict[str, Any], fault: object
) -> None:
    assert chat_fault(**members) == fault
