"""Whatever is sent, it is accepted or refused: nothing else ever comes out."""

import copy
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from mockserver.conversation import ApiError
from mockserver.models import Catalogue, Model
from mockserver.protocols.openai.validation import (
    check_chat,
    check_completion,
    check_context,
    find_model,
)

MODELS = [
    "gpt-3.5-turbo",
    "gpt-4o-mini",
    "gpt-4o-search-preview",
    "gpt-audio",
    "o1-mini",
    "o4-mini",
    "gpt-5",
    "gpt-5.4-mini",
    "gpt-5.6-terra",
    "anthropic/claude",
]

CHAT: dict[str, Any] = {
    "model": "gpt-4o-mini",
    "messages": [
        {"role": "system", "content": "Answer in JSON.", "name": "a"},
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "x"},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0K"}},
                {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}},
                {"type": "file", "file": {"file_data": "data:application/pdf;base64,AAAA"}},
            ],
        },
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [
                {"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
            ],
            "function_call": {"name": "f", "arguments": "{}"},
        },
        {"role": "tool", "tool_call_id": "1", "content": "42"},
        {"role": "function", "name": "f", "content": "42"},
        {"role": "developer", "content": "x"},
    ],
    "tools": [
        {
            "type": "function",
            "function": {
                "name": "f",
                "description": "x",
                "strict": True,
                "parameters": {
                    "type": "object",
                    "properties": {"a": {"type": ["string", "null"], "enum": ["x", None]}},
                    "required": ["a"],
                    "additionalProperties": False,
                },
            },
        },
        {"type": "custom", "custom": {"name": "c"}},
    ],
    "tool_choice": {"type": "function", "function": {"name": "f"}},
    "functions": [{"name": "f", "parameters": {"type": "object", "properties": {}}}],
    "function_call": {"name": "f"},
    "parallel_tool_calls": True,
    "response_format": {
        "type": "json_schema",
        "json_schema": {"name": "x", "strict": False, "schema": {"type": "object"}},
    },
    "temperature": 1,
    "top_p": 1.0,
    "n": 1,
    "stop": ["x"],
    "stream": True,
    "stream_options": {"include_usage": True},
    "logit_bias": {"1": 1},
    "logprobs": True,
    "top_logprobs": 1,
    "metadata": {"a": "b"},
    "store": True,
    "max_tokens": 10,
    "seed": 1,
    "reasoning_effort": "low",
    "moderation": {"model": "x"},
    "prediction": {"type": "content", "content": "x"},
    "modalities": ["text"],
    "audio": {},
    "web_search_options": {},
}
COMPLETION: dict[str, Any] = {
    "model": "gpt-3.5-turbo-instruct",
    "prompt": [[1, 2], [3]],
    "max_tokens": 5,
    "n": 1,
    "best_of": 2,
    "echo": True,
    "logprobs": 1,
    "suffix": "x",
    "stop": "x",
    "logit_bias": {"1": 1},
}

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(10**20), 10**20)
    | st.floats(allow_nan=False)
    | st.text(max_size=8)
    | st.sampled_from(["function", "custom", "json_object", "tool", "data:,", "f", "none"])
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)
OBJECTS = st.dictionaries(
    st.sampled_from([*CHAT, *COMPLETION, "reasoning", "zzz"]) | st.text(max_size=6),
    VALUES,
    max_size=6,
)


def model_called(name: str) -> Model:
    model = Catalogue(any_model=True).get(name)
    assert model is not None
    return model


def check(body: dict[str, Any], name: str, prompt_tokens: int) -> None:
    model = model_called(name)
    try:
        if "prompt" in body:
            check_completion(body, model)
        else:
            check_chat(body, model)
        check_context(body, model, prompt_tokens)
    except ApiError as error:
        assert error.message  # noqa: PT017 - both outcomes are fine


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    members = value.items() if isinstance(value, dict) else enumerate(value)
    found = []
    for key, member in members:
        found.append((*path, key))
        if isinstance(member, dict | list):
            found += places(member, (*path, key))
    return found


@st.composite
def mutated(draw: st.DrawFn, body: dict[str, Any]) -> dict[str, Any]:
    """Return *body* with some members left out, replaced, or doubled."""
    changed = copy.deepcopy(body)
    for _ in range(draw(st.integers(1, 3))):
        here = places(changed)
        if not here:
            break
        *path, key = draw(st.sampled_from(here))
        owner = changed
        for step in path:
            owner = owner[step]
        match draw(st.sampled_from(["drop", "replace", "add"])):
            case "drop":
                del owner[key]
            case "replace":
                owner[key] = draw(VALUES)
            case _ if isinstance(owner, dict):
                owner[draw(st.text(max_size=5))] = draw(VALUES)
            case _:
                owner.append(copy.deepcopy(owner[key]))
    return changed


@given(OBJECTS, st.sampled_from(MODELS), st.integers(0, 10**6))
@settings(derandomize=True, max_examples=400, deadline=None)
def test_any_object_is_accepted_or_refused(
    body: dict[str, Any], model: str, prompt_tokens: int
) -> None:
    check(body, model, prompt_tokens)


@given(mutated(CHAT), st.sampled_from(MODELS))
@settings(derandomize=True, max_examples=600, deadline=None)
def test_any_mutated_chat_body_is_accepted_or_refused(body: dict[str, Any], model: str) -> None:
    check(body, model, 10)


@given(mutated({key: CHAT[key] for key in ("model", "messages", "tools", "tool_choice")}))
@settings(derandomize=True, max_examples=600, deadline=None)
def test_any_mutated_conversation_is_accepted_or_refused(body: dict[str, Any]) -> None:
    check(body, "gpt-4o", 10)


@given(mutated(COMPLETION))
@settings(derandomize=True, max_examples=300, deadline=None)
def test_any_mutated_completion_is_accepted_or_refused(body: dict[str, Any]) -> None:
    check(body, "gpt-3.5-turbo-instruct", 10)


@given(st.dictionaries(st.just("model"), VALUES), st.sampled_from(["chat", "completions"]))
@settings(derandomize=True, deadline=None)
def test_any_model_is_found_or_refused(body: dict[str, Any], mode: Any) -> None:
    try:
        find_model(body, Catalogue(), mode)
    except ApiError as error:
        assert error.status in {400, 403, 404}  # noqa: PT017 - both outcomes are fine
