"""Whatever is asked of `POST /v1/responses`, it is answered, or refused in the provider's JSON.

As for chats, the same requests are sent each time; with those of the other tests that name this
route, one run sends five thousand.
"""

from typing import Any, Final

import pytest
from fuzz_corpus import PIXEL, TIMES, Body, Mutator, to_json
from fuzz_watched import Watched
from hypothesis import given, settings
from hypothesis import strategies as st
from support.wire import Raw, request
from test_hostile_bodies import strict_json

RESPONSES: Final = "/v1/responses"
SHARDS = range(4 * TIMES)
SHARD = 300
CLOSED: Final = {
    "type": "object",
    "properties": {"a": {"type": ["string", "null"]}, "b": {"type": "integer"}},
    "required": ["a", "b"],
    "additionalProperties": False,
}
FUNCTION: Final = {"type": "function", "name": "f", "parameters": CLOSED, "strict": True}
CUSTOM: Final = {
    "type": "custom",
    "name": "c",
    "format": {"type": "grammar", "syntax": "regex", "definition": "a+"},
}
HOSTED: Final = [
    {"type": "web_search", "search_context_size": "low", "user_location": {"type": "approximate"}},
    {"type": "file_search", "vector_store_ids": ["vs_1"], "max_num_results": 2},
    {"type": "code_interpreter", "container": {"type": "auto"}},
    {"type": "mcp", "server_label": "s", "server_url": "https://a.example/b", "headers": {}},
    {"type": "image_generation", "size": "1024x1024"},
]
ITEMS: Final[list[Body]] = [
    {"role": "developer", "content": "Answer in JSON."},
    {
        "type": "message",
        "role": "user",
        "content": [
            {"type": "input_text", "text": "x"},
            {"type": "input_image", "image_url": PIXEL, "detail": "low"},
        ],
    },
    {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "x"}]},
    {
        "type": "message",
        "id": "msg_1",
        "role": "assistant",
        "status": "completed",
        "content": [{"type": "output_text", "text": "y", "annotations": []}],
    },
    {"type": "function_call", "id": "fc_1", "call_id": "1", "name": "f", "arguments": "{}"},
    {"type": "function_call_output", "call_id": "1", "output": "42"},
    {"type": "custom_tool_call", "call_id": "2", "name": "c", "input": "a"},
    {"type": "custom_tool_call_output", "call_id": "2", "output": [{"type": "input_text"}]},
    {"type": "web_search_call", "id": "ws_1", "status": "completed", "action": {"type": "search"}},
]
BODIES: Final[list[Body]] = [
    {"model": "gpt-4o-mini", "input": "x"},
    {"model": "gpt-4o-mini", "input": "x", "stream": True, "instructions": "Be brief."},
    {"model": "gpt-5-mini", "input": ITEMS, "include": ["reasoning.encrypted_content"]},
    {"model": "gpt-4o", "input": ITEMS[:2], "tools": [FUNCTION, CUSTOM], "stream": True},
    {
        "model": "gpt-4.1",
        "input": ITEMS[:1],
        "tools": [FUNCTION, *HOSTED],
        "tool_choice": {"type": "allowed_tools", "mode": "required", "tools": [{"type": "mcp"}]},
        "parallel_tool_calls": False,
        "max_tool_calls": 2,
    },
    {
        "model": "gpt-4o",
        "input": "json",
        "text": {
            "format": {"type": "json_schema", "name": "n", "strict": True, "schema": CLOSED},
            "verbosity": "low",
        },
        "stream": True,
        "stream_options": {"include_obfuscation": False},
    },
    {
        "model": "gpt-5.4",
        "input": "x",
        "reasoning": {"effort": "high", "summary": "auto"},
        "max_output_tokens": 64,
        "stream": True,
    },
    {
        "model": "gpt-4o",
        "input": "x",
        "include": ["message.output_text.logprobs"],
        "top_logprobs": 2,
        "temperature": 1,
        "top_p": 0.5,
        "store": False,
        "metadata": {"a": "b"},
        "truncation": "auto",
        "service_tier": "flex",
        "user": "u",
    },
    {"model": "gpt-4o", "input": [ITEMS[5]], "previous_response_id": "resp_1"},
    {"model": "gpt-4o", "input": [{"type": "item_reference", "id": "msg_1"}]},
    {"model": "gpt-4o", "input": "x", "conversation": {"id": "conv_1"}, "background": True},
]


def is_promised(raw: Raw) -> bool:
    """Return whether *raw* is a response, its events, or a refusal, as the provider gives it."""
    if raw.status != 200:
        error = raw.json["error"]
        return (
            400 <= raw.status < 500
            and raw.headers["content-type"].startswith("application/json")
            and sorted(error) == ["code", "message", "param", "type"]
            and isinstance(error["message"], str)
        )
    if raw.headers["content-type"].startswith("application/json"):
        return strict_json(raw.body)["object"] == "response"
    *texts, nothing = raw.body.split(b"\n\n")
    events = [strict_json(text.partition(b"\ndata: ")[2]) for text in texts]
    return (
        nothing == b""
        and [event["sequence_number"] for event in events] == list(range(len(events)))
        and events[0]["type"] == "response.created"
        and events[-1]["response"]["status"] in {"completed", "incomplete", "failed"}
    )


def assert_promised(watched: Watched, body: bytes) -> None:
    raw = watched.ask(request("POST", RESPONSES, body, close=False))
    assert is_promised(raw), f"{raw.head!r} {raw.body[:500]!r} in answer to {body[:2_000]!r}"


@pytest.mark.parametrize("body", BODIES)
def test_what_is_changed_here_is_answered_or_refers_to_nothing(watched: Watched, body: Any) -> None:
    assert_promised(watched, to_json(body))


@pytest.mark.parametrize("seed", SHARDS)
def test_requests_with_something_wrong_are_answered_or_refused(
    each_watched: Watched, seed: int
) -> None:
    mutator = Mutator(seed)

    for _ in range(SHARD):
        assert_promised(each_watched, to_json(mutator.mutated(BODIES)))


@pytest.mark.parametrize("seed", SHARDS)
def test_hostile_schemas_are_kept_to_or_refused(watched: Watched, seed: int) -> None:
    mutator = Mutator(seed)

    for number in range(SHARD // 3):
        schema = mutator.parameters()
        strict = number % 4 == 0
        stated: Body = {"type": "json_schema", "name": "n", "schema": schema, "strict": strict}
        tool = {"type": "function", "name": "f", "parameters": schema}
        body: Body = {"model": "gpt-4o", "input": "x", "stream": number % 2 == 0}
        body |= (
            {"text": {"format": stated}}
            if number % 3
            else {"tools": [tool], "tool_choice": "required"}
        )
        assert_promised(watched, to_json(body))


@pytest.mark.parametrize("seed", SHARDS)
def test_bytes_that_were_json_are_answered_or_refused(watched: Watched, seed: int) -> None:
    mutator = Mutator(seed)
    rng = mutator.rng

    for _ in range(SHARD // 2):
        body = bytearray(to_json(mutator.mutated(BODIES)))
        for _ in range(rng.choice([1, 1, 2, 5])):
            at = rng.randrange(len(body))
            body[at : at + rng.randrange(3)] = rng.choice(
                [b"", b"\xff", b"\xc3", b"\0", b"}", b'"', b",", b"\\u", b"1e999", rng.randbytes(4)]
            )
        assert_promised(watched, bytes(body))


@given(text=st.text(), where=st.integers(0, 5))
@settings(derandomize=True, max_examples=400 * TIMES, deadline=None)
def test_any_text_is_answered_or_refused(watched: Watched, text: str, where: int) -> None:
    plain: Body = {"model": "gpt-4o-mini", "input": text}
    body: Body = [
        plain,
        {**plain, "stream": True, "instructions": text},
        {**plain, "model": text},
        {**plain, "previous_response_id": text},
        {**plain, text: text},
        {**plain, "input": [{"type": text, "id": text, "role": text, "content": text}]},
    ][where]

    assert_promised(watched, to_json(body))
