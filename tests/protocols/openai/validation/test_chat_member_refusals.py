"""Each row of what is known of refused members of a chat body: param, code and message."""

from typing import Any

import pytest

TERRA = "gpt-5.6-terra"
CALM: dict[str, Any] = {"reasoning_effort": "none"}


def wrong_type(param: str, expected: str, got: str) -> tuple[str, str, str]:
    message = f"Invalid type for '{param}': expected {expected}, but got {got} instead."
    return param, "invalid_type", message


def range_fault(param: str, kind: str, side: str, bound: int, got: str) -> tuple[str, str, str]:
    word, sign = {"below": ("minimum", ">="), "above": ("maximum", "<=")}[side]
    return (
        param,
        f"{kind}_{side}_{word[:3]}_value",
        (
            f"Invalid '{param}': {kind} {side} {word} value. "
            f"Expected a value {sign} {bound}, but got {got} instead."
        ),
    )


def not_listed(param: str, value: str, supported: str) -> tuple[str, str, str]:
    return param, "invalid_value", f"Invalid value: '{value}'. Supported values are: {supported}."


def missing(param: str) -> tuple[str, str, str]:
    return param, "missing_required_parameter", f"Missing required parameter: '{param}'."


def only_with(param: str, other: str) -> tuple[str, None, str]:
    return param, None, f"The '{param}' parameter is only allowed when '{other}' is enabled."


TYPES = [
    pytest.param("n", "2", "an integer", "a string", id="a string for a whole number"),
    pytest.param("n", True, "an integer", "a boolean", id="a boolean for a whole number"),
    pytest.param("seed", 1.5, "an integer", "a decimal number", id="a decimal for a whole number"),
    pytest.param("n", 1.0, "an integer", "a decimal number", id="a whole number with a point"),
    pytest.param("n", {"a": 1}, "an integer", "an object", id="an object for a whole number"),
    pytest.param("n", [1], "an integer", "an array", id="an array for a whole number"),
    pytest.param("max_tokens", "9", "an integer", "a string", id="a string for max_tokens"),
    pytest.param("temperature", "hot", "a decimal", "a string", id="a string for a decimal"),
    pytest.param("top_p", False, "a decimal", "a boolean", id="a boolean for a decimal"),
    pytest.param("store", "yes", "a boolean", "a string", id="a string for a boolean"),
    pytest.param("stream", 1, "a boolean", "an integer", id="an integer for a boolean"),
    pytest.param("logprobs", 2, "a boolean", "an integer", id="a count for logprobs"),
    pytest.param("user", {"a": 1}, "a string", "an object", id="an object for a string"),
    pytest.param("metadata", "x", "a metadata object", "a string", id="a string for metadata"),
    pytest.param("stream_options", "x", "an object", "a string", id="a string for an object"),
    pytest.param("response_format", "json", "an object", "a string", id="a string for a format"),
    pytest.param("prompt_cache_options", "x", "an object", "a string", id="string: cache options"),
    pytest.param("prompt_cache_key", 7, "a string", "an integer", id="an integer for a key"),
    pytest.param("safety_identifier", 7, "a string", "an integer", id="an integer for an id"),
    pytest.param(
        "prompt_cache_retention",
        {"a": 1},
        "one of 'in_memory' or '24h'",
        "an object",
        id="an object for one of two words",
    ),
    pytest.param(
        "service_tier",
        {"a": 1},
        "one of 'auto', 'default', 'fast', 'flex', or 'priority'",
        "an object",
        id="an object for one of many words",
    ),
    pytest.param(
        "tool_choice",
        7,
        "one of one of 'none', 'auto', or 'required' or object",
        "an integer",
        id="an integer for a choice of tool",
    ),
    pytest.param("tools", "none", "an array of objects", "a string", id="a string for tools"),
    pytest.param(
        "functions", "x", "an array of function definitions", "a string", id="string: functions"
    ),
    pytest.param("parallel_tool_calls", {}, "a boolean", "an object", id="an object for a boolean"),
    pytest.param("messages", "ping", "an array of objects", "a string", id="a string for messages"),
    pytest.param("messages", None, "an array of objects", "null", id="null for messages"),
]


@pytest.mark.parametrize(("member", "value", "expected", "got"), TYPES)
def test_a_member_of_another_type_is_refused(
    chat_fault: Any, member: str, value: object, expected: str, got: str
) -> None:
    assert chat_fault(**{member: value}) == wrong_type(member, expected, got)


RANGES = [
    pytest.param(
        {"temperature": -1},
        range_fault("temperature", "decimal", "below", 0, "-1"),
        id="a temperature below zero",
    ),
    pytest.param(
        {"temperature": 3},
        range_fault("temperature", "decimal", "above", 2, "3"),
        id="a temperature sent as 3",
    ),
    pytest.param(
        {"temperature": 99.0},
        range_fault("temperature", "decimal", "above", 2, "99.0"),
        id="one sent as 99.0",
    ),
    pytest.param(
        {"top_p": 1.5}, range_fault("top_p", "decimal", "above", 1, "1.5"), id="top_p above one"
    ),
    pytest.param(
        {"top_p": -0.1}, range_fault("top_p", "decimal", "below", 0, "-0.1"), id="top_p below zero"
    ),
    pytest.param(
        {"frequency_penalty": 3},
        range_fault("frequency_penalty", "decimal", "above", 2, "3"),
        id="a great penalty",
    ),
    pytest.param(
        {"presence_penalty": -3},
        range_fault("presence_penalty", "decimal", "below", -2, "-3"),
        id="a great bonus",
    ),
    pytest.param({"n": 0}, range_fault("n", "integer", "below", 1, "0"), id="no choices"),
    pytest.param(
        {"n": 130}, range_fault("n", "integer", "above", 128, "130"), id="more than 128 choices"
    ),
    pytest.param(
        {"max_tokens": 0},
        range_fault("max_tokens", "integer", "below", 1, "0"),
        id="max_tokens of zero",
    ),
    pytest.param(
        {"max_tokens": -1},
        range_fault("max_tokens", "integer", "below", 1, "-1"),
        id="negative max_tokens",
    ),
    pytest.param(
        {"max_completion_tokens": 0},
        range_fault("max_completion_tokens", "integer", "below", 1, "0"),
        id="no completion",
    ),
    pytest.param(
        {"top_logprobs": -1},
        range_fault("top_logprobs", "integer", "below", 0, "-1"),
        id="negative top_logprobs",
    ),
]


@pytest.mark.parametrize(("members", "fault"), RANGES)
def test_a_number_out_of_range_is_refused_as_it_was_sent(
    chat_fault: Any, members: dict[str, Any], fault: object
) -> None:
    assert chat_fault(**members) == fault


@pytest.mark.parametrize(
    ("members", "fault"),
    [
        pytest.param(
            {"service_tier": "bogus"},
            not_listed(
                "service_tier", "bogus", "'auto', 'default', 'fast', 'flex', and 'priority'"
            ),
            id="an unknown service tier",
        ),
        pytest.param(
            {"verbosity": "bogus"},
            not_listed("verbosity", "bogus", "'low', 'medium', and 'high'"),
            id="an unknown verbosity",
        ),
        pytest.param(
            {"stop": ["a"] * 9},
            (
                "stop",
                "array_above_max_length",
                (
                    "Invalid 'stop': array too long. Expected an array with maximum length 4, "
                    "but got an array with length 9 instead."
                ),
            ),
            id="nine stops",
        ),
        pytest.param(
            {"stop": ["a", 7]},
            wrong_type("stop[1]", "a string", "an integer"),
            id="a stop that is no string",
        ),
        pytest.param(
            {"stop": 7},
            wrong_type("stop", "one of a string or array of strings", "an integer"),
            id="stops that are an integer",
        ),
        pytest.param(
            {"logit_bias": {"AI": 10}},
            (
                "logit_bias",
                None,
                (
                    "Invalid key in 'logit_bias': AI. "
                    "You should only be submitting non-negative integers."
                ),
            ),
            id="a bias of a word",
        ),
        pytest.param(
            {"logit_bias": {"50256": 101}},
            range_fault("logit_bias.50256", "integer", "above", 100, "101"),
            id="a bias over a hundred",
        ),
        pytest.param(
            {"logit_bias": {"50256": -100.5}},
            range_fault("logit_bias.50256", "decimal", "below", -100, "-100.5"),
            id="a bias under minus a hundred",
        ),
        pytest.param(
            {"logit_bias": {"50256": "much"}},
            wrong_type("logit_bias.50256", "an integer", "a string"),
            id="a bias in words",
        ),
        pytest.param(
            {"stream_options": {"include_usage": True}},
            only_with("stream_options", "stream"),
            id="stream options without a stream",
        ),
        pytest.param(
            {"stream_options": {"include_usage": True}, "stream": False},
            only_with("stream_options", "stream"),
            id="stream options with the stream off",
        ),
        pytest.param(
            {"stream_options": {"include_usage": 1}, "stream": True},
            wrong_type("stream_options.include_usage", "a boolean", "an integer"),
            id="a stream option of another type",
        ),
        pytest.param(
            {"stream_options": {"bogus": 1}},
            (
                "stream_options.bogus",
                "unknown_parameter",
                "Unknown parameter: 'stream_options.bogus'.",
            ),
            id="an unknown stream option",
        ),
        pytest.param(
            {"prompt_cache_options": {"bogus": 1}},
            (
                "prompt_cache_options.bogus",
                "unknown_parameter",
                "Unknown parameter: 'prompt_cache_options.bogus'.",
            ),
            id="an unknown cache option",
        ),
        pytest.param(
            {"top_logprobs": 1},
            only_with("top_logprobs", "logprobs"),
            id="top_logprobs without logprobs",
        ),
        pytest.param(
            {"top_logprobs": 21, "logprobs": True},
            (
                "top_logprobs",
                None,
                "Invalid value for 'top_logprobs': must be less than or equal to 20.",
            ),
            id="more than twenty top_logprobs",
        ),
        pytest.param(
            {"max_tokens": 5, "max_completion_tokens": 5},
            (
                "max_tokens",
                "invalid_parameter_combination",
                (
                    "Setting 'max_tokens' and 'max_completion_tokens' at the same time is not "
                    "supported."
                ),
            ),
            id="two limits at once",
        ),
        pytest.param(
            {"seed": 2**63},
            range_fault("seed", "integer", "above", 2**63 - 1, str(2**63)),
            id="a seed of 64 bits",
        ),
        pytest.param(
            {"prompt_cache_key": "k" * 70},
            (
                "prompt_cache_key",
                "string_above_max_length",
                (
                    "Invalid 'prompt_cache_key': string too long. Expected a string with maximum "
                    "length 64, but got a string with length 70 instead."
                ),
            ),
            id="a long cache key",
        ),
        pytest.param({"moderation": {}}, missing("moderation.model"), id="moderation by nobody"),
        pytest.param({"prediction": {}}, missing("prediction.type"), id="a prediction of nothing"),
        pytest.param(
            {"prediction": {"type": "content"}},
            missing("prediction.content"),
            id="a prediction without content",
        ),
        pytest.param(
            {"prediction": {"type": "content", "content": 7}},
            wrong_type("prediction.content", "one of a string or array of objects", "an integer"),
            id="a prediction of a number",
        ),
        pytest.param(
            {"modalities": ["smell"]},
            not_listed("modalities[0]", "smell", "'text' and 'audio'"),
            id="an unknown modality",
        ),
        pytest.param(
            {"prompt_cache_retention": "x"},
            ("prompt_cache_retention", None, "Invalid prompt_cache_retention argument"),
            id="an unknown cache retention",
        ),
        pytest.param({"messages": ...}, missing("messages"), id="no messages at all"),
    ],
)
def test_a_bad_value_is_refused(chat_fault: Any, members: dict[str, Any], fault: object) -> None:
    assert chat_fault(**members) == fault


@pytest.mark.parametrize(
    ("metadata", "fault"),
    [
        pytest.param(
            {f"k{i}": "v" for i in range(17)},
            (
                "metadata",
                "object_above_max_properties",
                (
                    "Invalid 'metadata': too many properties. Expected an object with at most 16 "
                    "properties, but got an object with 17 properties instead."
                ),
            ),
            id="seventeen pairs",
        ),
        pytest.param(
            {"k": "x" * 600},
            (
                "metadata.k",
                "string_above_max_length",
                (
                    "Invalid 'metadata.k': string too long. Expected a string with maximum length "
                    "512, but got a string with length 600 instead."
                ),
            ),
            id="a long value",
        ),
        pytest.param(
            {"k" * 70: "v"},
            (
                "metadata." + "k" * 70,
                "property_name_above_max_length",
                (
                    "Invalid property name in 'metadata': 'kkk...kkk' is too "
                    "long. Expected a string "
                    "with maximum length 64, but got a string with length 70 instead."
                ),
            ),
            id="a long key",
        ),
        pytest.param(
            {"k": 7},
            wrong_type("metadata.k", "a string", "an integer"),
            id="a value that is no string",
        ),
    ],
)
def test_bad_metadata_is_refused(chat_fault: Any, metadata: object, fault: object) -> None:
    assert chat_fault(metadata=metadata, store=True) == fault


@pytest.mark.parametrize(
    ("response_format", "fault"),
    [
        pytest.param({}, missing("response_format.type"), id="no type"),
        pytest.param(
            {"type": "object"},
            not_listed(
                "response_format.type", "object", "'json_object', 'json_schema', and 'text'"
            ),
            id="an unknown type",
        ),
        pytest.param(
            {"type": "json_schema"}, missing("response_format.json_schema"), id="no schema"
        ),
        pytest.param(
            {"type": "json_schema", "json_schema": {}},
            missing("response_format.json_schema.name"),
            id="a schema without a name",
        ),
        pytest.param(
            {"type": "json_schema", "json_schema": {"name": "a b"}},
            (
                "response_format.json_schema.name",
                "invalid_value",
                (
                    "Invalid 'response_format.json_schema.name': string does not match pattern. "
                    "Expected a string that matches the pattern '^[a-zA-Z0-9_-]+$'."
                ),
            ),
            id="a name with a space",
        ),
        pytest.param(
            {"type": "json_schema", "json_schema": {"name": "x", "strict": "yes"}},
            wrong_type("response_format.json_schema.strict", "a boolean", "a string"),
            id="strictness in words",
        ),
        pytest.param(
            {"type": "json_schema", "json_schema": {"name": "x", "schema": []}},
            wrong_type("response_format.json_schema.schema", "an object", "an array"),
            id="a schema that is an array",
        ),
        pytest.param(
            {
                "type": "json_schema",
                "json_schema": {
                    "name": "person",
                    "strict": True,
                    "schema": {"type": "object", "properties": {}, "required": []},
                },
            },
            (
                "response_format",
                None,
                (
                    "Invalid schema for response_format 'person': In context=(), "
                    "'additionalProperties' is required to be supplied and to be false."
                ),
            ),
            id="a strict schema that leaves the door open",
        ),
        pytest.param(
            {"type": "json_object"},
            (
                "messages",
                None,
                (
                    "'messages' must contain the word 'json' in some form, to "
                    "use 'response_format' "
                    "of type 'json_object'."
                ),
            ),
            id="JSON that no message mentions",
        ),
    ],
)
def test_a_bad_response_format_is_refused(
    chat_fault: Any, response_format: object, fault: object
) -> None:
    assert chat_fault(response_format=response_format) == fault


@pytest.mark.parametrize(
    "content",
    [
        pytest.param("Answer in JSON.", id="in a text"),
        pytest.param([{"type": "text", "text": "jSoN!"}], id="in a part"),
    ],
)
def test_the_word_json_counts_in_any_form_and_place(chat_fault: Any, content: object) -> None:
    messages = [{"role": "system", "content": content}, {"role": "user", "content": "ping"}]

    assert chat_fault(messages=messages, response_format={"type": "json_object"}) is None
