"""Whatever the `ai` package's protocol is sent, it is answered, or refused in words it can read.

The same requests are sent each time; `MOCKSERVER_FUZZ=10` sends ten times as many.
"""

import json
from typing import Any, Final

import pytest
from fuzz_corpus import PIXEL, SILENCE, TIMES, Body, Mutator, to_json
from fuzz_watched import Watched
from hypothesis import given, settings
from hypothesis import strategies as st
from support.wire import Raw, request

SHARDS = range(2 * TIMES)
SHARD = 100
VERSIONS: Final = {"v1": "2", "v3": "3", "v4": "4"}
MODELS: Final = (
    "openai/gpt-4o-mini",
    "openai/gpt-3.5-turbo-instruct",
    "openai/gpt-5",
    "openai/gpt-4o-audio-preview",
)
COMPATIBLE: Final = "/vercel_gateway/v1/chat/completions"


def user(*parts: Body) -> Body:
    return {"role": "user", "content": [{"type": "text", "text": "x"}, *parts]}


SYSTEM: Final = {"role": "system", "content": "Be terse."}
TOOL: Final = {
    "type": "function",
    "name": "f",
    "description": "Do it.",
    "inputSchema": {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]},
}
SCHEMA: Final = {"type": "object", "properties": {"a": {"enum": ["x", None]}}}
CALL: Final = {"type": "tool-call", "toolCallId": "1", "toolName": "f", "input": {"a": 1}}


def result(output: Body) -> Body:
    return {"type": "tool-result", "toolCallId": "1", "toolName": "f", "output": output}


def asked(*messages: Body, **options: Any) -> Body:
    return {"prompt": [*messages], **options}


CALLS: Final[list[Body]] = [
    asked(user()),
    asked(SYSTEM, user(), maxOutputTokens=40, temperature=0.5, topP=1, topK=2, seed=7),
    asked(user(), stopSequences=["a"], presencePenalty=1, frequencyPenalty=-1, headers={"a": "b"}),
    asked(user({"type": "file", "mediaType": "image/png", "data": PIXEL})),
    asked(user({"type": "file", "mediaType": "image/png", "data": {"type": "url", "url": PIXEL}})),
    asked(user({"type": "file", "mediaType": "audio/wav", "data": SILENCE})),
    asked(user({"type": "file", "mediaType": "text/plain", "data": {"type": "text", "text": "t"}})),
    asked(user(), tools=[TOOL], toolChoice={"type": "required"}),
    asked(user(), tools=[TOOL, {"type": "provider", "id": "a.b", "name": "b", "args": {}}]),
    asked(user(), tools=[TOOL], toolChoice={"type": "tool", "toolName": "f"}),
    asked(
        user(),
        {"role": "assistant", "content": [{"type": "reasoning", "text": "hm"}, CALL]},
        {"role": "tool", "content": [result({"type": "json", "value": {"b": [1]}})]},
        tools=[TOOL],
    ),
    asked(
        user(),
        {"role": "assistant", "content": [{"type": "text", "text": "so"}, CALL]},
        {
            "role": "tool",
            "content": [result({"type": "content", "value": [{"type": "text", "text": "t"}]})],
        },
        user(),
    ),
    asked(user(), responseFormat={"type": "json", "schema": SCHEMA, "name": "n"}),
    asked(user(), responseFormat={"type": "json"}, reasoning="low"),
    asked(
        user(),
        providerOptions={
            "gateway": {"order": ["azure"], "only": ["openai", "azure"], "models": [MODELS[0]]},
            "openai": {"store": True},
        },
    ),
]
"""What is right in one specification is wrong in another: each is sent to all."""


def is_promised(raw: Raw) -> bool:
    """Return whether *raw* is an answer, or a refusal that the SDK has a class for."""
    if raw.status != 200:
        error = raw.json["error"]
        return (
            400 <= raw.status < 500
            and raw.headers["content-type"] == "application/json"
            and isinstance(error["message"], str)
            and isinstance(error["type"], str)
            and isinstance(error.get("code", ""), str)
        )
    if raw.headers["content-type"] == "application/json":
        body = strict_json(raw.body)
        return "content" in body or body["object"] == "chat.completion"
    *events, done, nothing = raw.body.split(b"\n\n")
    parts = [strict_json(event.removeprefix(b"data: ")) for event in events]
    return (done, nothing) == (b"data: [DONE]", b"") and "finish" in str(parts[-1])


def strict_json(text: bytes) -> Any:
    """Return what *text* says; NaN and infinities are no JSON."""
    return json.loads(text.decode(), parse_constant=pytest.fail)


def headers_of(version: str, model: str, *, streaming: bool) -> dict[str, str]:
    return {
        "ai-language-model-id": model,
        "ai-language-model-specification-version": VERSIONS[version],
        "ai-language-model-streaming": str(streaming).lower(),
    }


def assert_promised(watched: Watched, path: str, body: bytes, headers: dict[str, str]) -> None:
    raw = watched.ask(request("POST", path, body, headers=headers, close=False))
    assert is_promised(raw), f"{raw.head!r} {raw.body[:500]!r} in answer to {body[:2_000]!r}"


@pytest.mark.parametrize("seed", SHARDS)
def test_calls_with_something_wrong_are_answered_or_refused(
    each_watched: Watched, seed: int
) -> None:
    mutator = Mutator(seed)

    for _ in range(2 * SHARD):
        version = mutator.rng.choice(list(VERSIONS))
        model, streaming = mutator.rng.choice(MODELS), mutator.rng.random() < 1 / 2
        headers = headers_of(version, model, streaming=streaming)
        body = to_json(mutator.mutated(CALLS))
        assert_promised(each_watched, f"/{version}/ai/language-model", body, headers)


@pytest.mark.parametrize("seed", SHARDS)
def test_hostile_schemas_are_kept_to_or_refused(each_watched: Watched, seed: int) -> None:
    mutator = Mutator(seed)
    headers = headers_of("v4", MODELS[0], streaming=False)

    for _ in range(SHARD):
        schema = mutator.parameters()
        tool = {**TOOL, "inputSchema": schema}
        body = asked(user(), tools=[tool], toolChoice={"type": "required"})
        if mutator.rng.random() < 1 / 2:
            body = asked(user(), responseFormat={"type": "json", "schema": schema})
        assert_promised(each_watched, "/v4/ai/language-model", to_json(body), headers)


@pytest.mark.parametrize("seed", SHARDS)
def test_chats_with_something_wrong_are_answered_or_refused(
    each_watched: Watched, seed: int
) -> None:
    mutator = Mutator(seed)
    messages = [{"role": "user", "content": "x"}]
    chats: list[Body] = [
        {"model": MODELS[0], "messages": messages, "stream": True},
        {"model": MODELS[1], "messages": messages, "max_tokens": 20},
        {"model": MODELS[2], "messages": messages, "providerOptions": {"gateway": {"only": ["x"]}}},
    ]

    for _ in range(SHARD):
        assert_promised(each_watched, COMPATIBLE, to_json(mutator.mutated(chats)), {})


@settings(derandomize=True, max_examples=50 * TIMES, deadline=None)
@given(st.binary(max_size=200))
def test_bytes_are_refused(watched: Watched, body: bytes) -> None:
    headers = headers_of("v4", MODELS[0], streaming=False)

    assert_promised(watched, "/v4/ai/language-model", body, headers)


@settings(derandomize=True, max_examples=50 * TIMES, deadline=None)
@given(st.dictionaries(st.sampled_from([*headers_of("v4", "", streaming=True)]), st.text()))
def test_headers_that_make_no_sense_are_refused(watched: Watched, stated: dict[str, str]) -> None:
    printable = {name: value.encode("ascii", "ignore").decode() for name, value in stated.items()}
    headers = {name: "".join(filter(str.isprintable, value)) for name, value in printable.items()}

    assert_promised(watched, "/v4/ai/language-model", to_json(CALLS[0]), headers)
