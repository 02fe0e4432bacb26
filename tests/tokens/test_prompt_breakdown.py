"""The parts of a bill: they are the whole, and each says what it is for."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from mockserver.models import Catalogue, Model
from mockserver.tokens import count_prompt, explain_prompt

CATALOGUE = Catalogue(any_model=True)

texts = st.text(max_size=40)
names = st.sampled_from(["f", "get_weather", "x1"])
schemas = st.recursive(
    st.fixed_dictionaries(
        {"type": st.sampled_from(["string", "integer", "number", "boolean", "null", "object"])},
        optional={
            "description": texts,
            "title": texts,
            "default": st.none() | st.integers() | texts,
            "enum": st.lists(texts, max_size=3),
            "minimum": st.integers(),
            "format": st.just("date"),
        },
    ),
    lambda inner: st.one_of(
        st.fixed_dictionaries({"type": st.just("array"), "items": inner}),
        st.fixed_dictionaries({"anyOf": st.lists(inner, min_size=1, max_size=3)}),
        st.fixed_dictionaries(
            {"type": st.just("object"), "properties": st.dictionaries(names, inner, max_size=3)},
            optional={"required": st.lists(names), "additionalProperties": st.booleans() | inner},
        ),
    ),
    max_leaves=6,
)
functions = st.fixed_dictionaries(
    {"name": names}, optional={"description": texts, "parameters": schemas}
)
calls = st.fixed_dictionaries(
    {"id": st.sampled_from(["1", "2", "3"]), "type": st.just("function")},
    optional={"function": st.fixed_dictionaries({"name": names, "arguments": texts})},
)
messages = st.one_of(
    st.fixed_dictionaries(
        {"role": st.sampled_from(["system", "user", "assistant", "developer"]), "content": texts},
        optional={"name": names},
    ),
    st.fixed_dictionaries(
        {
            "role": st.just("assistant"),
            "content": st.none() | texts,
            "tool_calls": st.lists(calls, min_size=1, max_size=3),
        }
    ),
    st.fixed_dictionaries(
        {
            "role": st.just("tool"),
            "content": texts,
            "tool_call_id": st.sampled_from(["1", "2", "3"]),
        }
    ),
)
bodies = st.fixed_dictionaries(
    {"messages": st.lists(messages, min_size=1, max_size=5)},
    optional={
        "functions": st.lists(functions, max_size=3),
        "response_format": st.fixed_dictionaries(
            {
                "type": st.just("json_schema"),
                "json_schema": st.fixed_dictionaries({"name": names, "schema": schemas}),
            }
        ),
        "function_call": st.sampled_from(["auto", "none", {"name": "f"}]),
    },
)
models = st.sampled_from(
    ["gpt-3.5-turbo", "gpt-4", "gpt-4o", "gpt-4.1", "gpt-5", "gpt-5.4", "o3", "o3-mini", "mistral"]
)


def model(name: str) -> Model:
    found = CATALOGUE.get(name)
    assert found is not None
    return found


@settings(derandomize=True, deadline=None, max_examples=300)
@given(body=bodies, name=models)
def test_the_parts_are_what_is_counted(body: dict[str, Any], name: str) -> None:
    assert explain_prompt(body, model(name)).total == count_prompt(body, model(name))


@settings(derandomize=True, deadline=None)
@given(body=bodies, name=models)
def test_no_part_is_cheaper_than_nothing(body: dict[str, Any], name: str) -> None:
    assert all(part.tokens >= 0 for part in explain_prompt(body, model(name)).parts)


def test_each_part_says_what_it_is_for() -> None:
    call = {"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    body = {
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "assistant", "content": None, "tool_calls": [call, {**call, "id": "2"}]},
            {"role": "tool", "tool_call_id": "1", "content": "x"},
            {"role": "tool", "tool_call_id": "2", "content": "y"},
            {"role": "user", "content": "Hi"},
        ],
        "functions": [{"name": "f"}],
        "response_format": {"type": "json_schema", "json_schema": {"name": "day", "schema": {}}},
    }

    parts = explain_prompt(body, model("gpt-4o")).parts

    assert [(part.kind, part.place, part.role) for part in parts] == [
        ("message", 0, "system"),
        ("message", 1, "assistant"),
        ("message", 2, "tool"),
        ("message", 4, "user"),
        ("tools", None, None),
        ("response_format", None, None),
        ("priming", None, None),
    ]


def test_each_legacy_prompt_is_a_part() -> None:
    parts = explain_prompt({"prompt": ["Hello", "Hello world"]}, model("davinci-002")).parts

    assert [(part.kind, part.place, part.tokens) for part in parts] == [
        ("prompt", 0, 1),
        ("prompt", 1, 2),
    ]
