"""Whatever is sent, it is accepted or refused, and what is accepted can be repeated."""

import copy
from collections.abc import Callable
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from mockserver.conversation import ApiError
from mockserver.models import Catalogue
from mockserver.protocols.openai.responses.echo import echoed
from mockserver.protocols.openai.responses.validation import (
    check_context,
    check_items,
    check_responses,
    find_model,
)

MODELS = "gpt-3.5-turbo gpt-4o o4-mini o3-deep-research gpt-5 gpt-5.4 gpt-5.6-terra a/b o1-mini"
BODY: dict[str, Any] = {
    "model": "gpt-4o",
    "input": [
        {"role": "user", "content": [{"type": "input_text", "text": "json"}]},
        {"role": "user", "content": [{"type": "input_image", "image_url": "https://a.example"}]},
        {"role": "user", "content": [{"type": "input_file", "file_data": "data:text/csv,a"}]},
        {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "x"}]},
        {"type": "function_call", "id": "fc_1", "call_id": "c", "name": "f", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "c", "output": "x"},
        {"type": "web_search_call", "id": "ws_1", "action": {"type": "search", "queries": ["x"]}},
        {"type": "local_shell_call", "call_id": "c", "action": {"command": [], "env": {"a": "b"}}},
        {"type": "additional_tools", "tools": [{"type": "custom", "name": "later"}]},
        {"type": "tool_search_output", "tools": [{"type": "function", "name": "later"}]},
        {"type": "item_reference", "id": "msg_1"},
    ],
    "tools": [
        {
            "type": "function",
            "name": "f",
            "parameters": {"type": "object", "properties": {"a": {}}},
        },
        {
            "type": "custom",
            "name": "c",
            "format": {"type": "grammar", "syntax": "lark", "definition": ""},
        },
        {
            "type": "namespace",
            "name": "n",
            "description": "",
            "tools": [{"type": "custom", "name": "d"}],
        },
        {"type": "mcp", "server_label": "s", "headers": {"a": "b"}, "allowed_tools": ["x"]},
        {"type": "web_search", "user_location": {"type": "approximate"}},
        {"type": "file_search", "vector_store_ids": [], "ranking_options": {"score_threshold": 1}},
        {"type": "code_interpreter", "container": {"type": "auto"}},
        {"type": "image_generation", "input_image_mask": {"file_id": "f"}},
    ],
    "tool_choice": {"type": "allowed_tools", "mode": "auto", "tools": [{"type": "mcp"}]},
    "text": {"format": {"type": "json_schema", "name": "n", "strict": False, "schema": {}}},
    "reasoning": {"effort": "low", "summary": "auto", "context": "auto", "mode": "pro"},
    "conversation": {"id": "conv_1"},
    "prompt": {"id": "pmpt_1", "variables": {"a": "b"}},
    "include": ["reasoning.encrypted_content"],
    "moderation": {"model": "m", "policy": {"input": {"mode": "score"}}},
    "metadata": {"a": "b"},
    "context_management": [{"type": "compaction", "compact_threshold": 1000}],
    "stream_options": {"include_obfuscation": True},
    "temperature": 1,
    "max_output_tokens": 16,
}
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(10**20), 10**20)
    | st.floats(allow_nan=False)
    | st.text(max_size=8)
    | st.sampled_from(
        ["function", "message", "namespace", "mcp", "reasoning", "json_object", "data:,", "f"]
    )
)
JSON = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "type",
                    "id",
                    "role",
                    "content",
                    "tools",
                    "name",
                    "input_text",
                    "summary",
                    "call_id",
                    "x",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=8,
)
CATALOGUE = Catalogue(any_model=True)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the path to everything in *value*."""
    found = [path] if path else []
    pairs = value.items() if isinstance(value, dict) else ()
    pairs = enumerate(value) if isinstance(value, list) else pairs
    return found + [inner for key, one in pairs for inner in places(one, (*path, key))]


PLACES = places(BODY)


def test_what_is_changed_here_is_valid_to_begin_with() -> None:
    body = {**BODY, "model": "gpt-5.4"}
    check_responses(body, find_model(body, CATALOGUE))


@settings(derandomize=True, max_examples=300, deadline=None)
@given(data=st.data(), model=st.sampled_from(MODELS.split()), tiny=st.booleans())
def test_nothing_but_a_refusal_comes_out(data: st.DataObject, model: str, tiny: bool) -> None:  # noqa: FBT001 - drawn
    body = copy.deepcopy(BODY)
    body["model"] = model
    for path in data.draw(st.lists(st.sampled_from(PLACES), max_size=3)):
        owner: Any = body
        for key in path[:-1]:
            owner = owner[key] if isinstance(owner, list | dict) and _has(owner, key) else None
        if isinstance(owner, list | dict) and _has(owner, path[-1]):
            owner[path[-1]] = data.draw(JSON)
    if tiny:
        kept = data.draw(st.sets(st.sampled_from(list(BODY)), max_size=4)) | {"model", "input"}
        body = {key: value for key, value in body.items() if key in kept}
    if not _is_refused(lambda: check_responses(body, find_model(body, CATALOGUE))):
        found = find_model(body, CATALOGUE)
        check_context(body, found, 10)
        assert list(echoed(body, found))[-1] == "metadata"


def _is_refused(check: Callable[[], None]) -> bool:
    error: ApiError | None = None
    try:
        check()
    except ApiError as refused:
        error = refused
    assert error is None or (error.status, error.layer) == (400, "responses")
    return error is not None


def _has(owner: Any, key: Any) -> bool:
    return key in owner if isinstance(owner, dict) else isinstance(key, int) and key < len(owner)


@settings(derandomize=True, max_examples=150, deadline=None)
@given(items=JSON)
def test_items_are_accepted_or_refused(items: Any) -> None:
    _is_refused(lambda: check_items(items))
