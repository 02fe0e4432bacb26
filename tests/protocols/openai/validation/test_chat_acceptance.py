"""Bodies that the provider answers: each is as some client sends it."""

from typing import Any

import pytest

TERRA = "gpt-5.6-terra"
PICTURE = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ"
DOCUMENT = "data:application/pdf;base64,JVBERi0xLjQKJSBl"
CALL = {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
TOOL = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "Tells the weather. " * 200,
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
    },
}


def user(*parts: dict[str, Any]) -> dict[str, Any]:
    return {"role": "user", "content": list(parts)}


@pytest.mark.parametrize(
    "messages",
    [
        pytest.param([{"role": "system", "content": "Be brief."}], id="only a system message"),
        pytest.param([{"role": "developer", "content": "Be brief."}], id="only a developer's"),
        pytest.param([{"role": "user", "content": ""}], id="empty content"),
        pytest.param([{"role": "user", "content": []}], id="no parts"),
        pytest.param([{"role": "user", "content": "x", "name": "dr_chen-2"}], id="a name"),
        pytest.param([{"role": "user", "content": "x", "name": None}], id="a null name"),
        pytest.param([{"role": "user", "content": "x", "zzz": 1}], id="an unknown member"),
        pytest.param([user({"type": "text", "text": "x", "cache": {}})], id="one of a part"),
        pytest.param(
            [user({"type": "image_url", "image_url": {"url": "https://a.b/c.png"}})],
            id="an image elsewhere",
        ),
        pytest.param(
            [user({"type": "image_url", "image_url": {"url": PICTURE, "detail": "original"}})],
            id="an image in place",
        ),
        pytest.param(
            [user({"type": "file", "file": {"file_data": DOCUMENT, "filename": "a.pdf"}})],
            id="a document",
        ),
        pytest.param([user({"type": "file", "file": {"file_id": "file-1"}})], id="a stored file"),
        pytest.param(
            [{"role": "assistant", "content": [{"type": "refusal", "refusal": "No."}]}],
            id="a refusal in parts",
        ),
        pytest.param([{"role": "assistant", "refusal": "No."}], id="a refusal"),
        pytest.param([{"role": "assistant", "audio": {"id": "audio_1"}}], id="something said"),
        pytest.param(
            [{"role": "assistant", "function_call": {"name": "f", "arguments": ""}}],
            id="a legacy call",
        ),
        pytest.param(
            [
                {"role": "assistant", "content": None, "tool_calls": [CALL, {**CALL, "id": "2"}]},
                {"role": "tool", "tool_call_id": "2", "content": "b"},
                {
                    "role": "tool",
                    "tool_call_id": "call_1",
                    "content": [{"type": "text", "text": "a"}],
                },
                {"role": "assistant", "content": "Done."},
            ],
            id="calls and their answers, in any order",
        ),
        pytest.param(
            [
                {
                    "role": "assistant",
                    "content": "Hm.",
                    "tool_calls": [
                        {"id": "c", "type": "custom", "custom": {"name": "sh", "input": "ls"}}
                    ],
                },
                {"role": "tool", "tool_call_id": "c", "content": "a.txt"},
            ],
            id="a custom call beside content",
        ),
        pytest.param(
            [{"role": "function", "name": "f", "content": "42"}], id="an answer of a function"
        ),
    ],
)
def test_a_conversation_is_accepted(chat_fault: Any, messages: object) -> None:
    assert chat_fault("gpt-4o", messages=messages) is None


@pytest.mark.parametrize(
    ("model", "members"),
    [
        pytest.param(
            "gpt-4o-mini",
            {
                "temperature": 0.7,
                "top_p": 1,
                "frequency_penalty": -2,
                "presence_penalty": 2.0,
                "max_tokens": 1,
                "n": 128,
                "stop": ["a", "b", "c", "d"],
                "seed": -(2**63),
                "user": "",
                "logit_bias": {"0": -100, "199999": 100, "7": 0.5},
                "logprobs": True,
                "top_logprobs": 20,
                "stream": True,
                "stream_options": {"include_usage": True, "include_obfuscation": None},
                "service_tier": "scale",
                "store": False,
                "prediction": {"type": "content", "content": "x"},
                "modalities": ["text"],
                "verbosity": "medium",
                "response_format": {"type": "text"},
            },
            id="all that gpt-4o-mini takes, at the bounds",
        ),
        pytest.param(
            "gpt-4o-mini",
            dict.fromkeys(
                (
                    "temperature",
                    "stop",
                    "logit_bias",
                    "response_format",
                    "stream_options",
                    "tools",
                    "tool_choice",
                    "metadata",
                    "audio",
                    "reasoning_effort",
                ),
                None,
            ),
            id="nulls for what is not wanted",
        ),
        pytest.param(
            TERRA,
            {
                "metadata": {"k" * 64: "v" * 512, **{f"k{i}": "" for i in range(15)}},
                "store": False,
                "user": "probe",
                "safety_identifier": "probe",
                "seed": 1,
                "prompt_cache_key": "probe-key",
                "prompt_cache_options": {"ttl": "30m"},
                "prompt_cache_retention": "24h",
                "moderation": {"model": "omni-moderation-latest"},
                "verbosity": "low",
                "n": 8,
                "max_completion_tokens": 1,
            },
            id="what gpt-5.6 takes, at the bounds",
        ),
        pytest.param(
            TERRA,
            {
                "reasoning_effort": "none",
                "frequency_penalty": 2,
                "presence_penalty": -2,
                "logprobs": True,
                "top_logprobs": 0,
                "tools": [TOOL],
                "tool_choice": "required",
                "parallel_tool_calls": False,
            },
            id="what gpt-5.6 takes while it does not reason",
        ),
        pytest.param(
            "gpt-5-mini",
            {"tools": [TOOL], "parallel_tool_calls": False, "reasoning_effort": "minimal"},
            id="tools on gpt-5-mini",
        ),
        pytest.param(
            "gpt-5.1",
            {"functions": [{"name": "f"}], "function_call": {"name": "f"}},
            id="functions on gpt-5.1",
        ),
        pytest.param("o3-mini", {"stop": ["Paris"], "n": 1}, id="stops on o3-mini"),
        pytest.param(
            "gpt-4o",
            {"tools": [{"type": "function", "function": {"name": "f" * 128, "description": None}}]},
            id="a function without parameters",
        ),
        pytest.param(
            "gpt-4o",
            {"response_format": {"type": "json_schema", "json_schema": {"name": "x"}}},
            id="a schema that says nothing",
        ),
    ],
)
def test_a_body_is_accepted(chat_fault: Any, model: str, members: dict[str, Any]) -> None:
    assert chat_fault(model, **members) is None


@pytest.mark.parametrize(
    "schema",
    [
        pytest.param({"type": "object"}, id="an object without properties"),
        pytest.param({"type": "array", "items": {"type": "string"}}, id="another root"),
        pytest.param({"type": "object", "properties": {"a": {"type": "array"}}}, id="no items"),
        pytest.param({}, id="anything"),
    ],
)
def test_a_loose_format_takes_schemas_that_functions_do_not(
    chat_fault: Any, schema: dict[str, Any]
) -> None:
    form = {"type": "json_schema", "json_schema": {"name": "x", "schema": schema}}

    assert chat_fault(response_format=form) is None
