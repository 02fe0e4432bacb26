"""Schemas that say much in few words are counted all the same, and in time."""

from typing import Any

import pytest

from mockserver.models import Catalogue
from mockserver.tokens import count_prompt


def tokens_of(parameters: dict[str, Any], model: str = "gpt-4o-mini") -> int:
    found = Catalogue().get(model)
    assert found is not None
    function = {"name": "f", "parameters": {"type": "object", **parameters}}
    messages = [{"role": "user", "content": "Hi"}]
    tools = [{"type": "function", "function": function}]
    return count_prompt({"messages": messages, "tools": tools}, found).tokens


def doubling(generations: int) -> dict[str, Any]:
    """Return definitions of which each refers to the next one twice."""
    definitions = {
        f"d{n}": {"properties": {side: {"$ref": f"#/$defs/d{n + 1}"} for side in "ab"}}
        for n in range(generations)
    }
    return {"properties": {"a": {"$ref": "#/$defs/d0"}}, "$defs": definitions}


def unions(generations: int) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "string"}
    for _ in range(generations):
        schema = {"type": ["object", "object"], "properties": {"a": schema}}
    return {"properties": {"a": schema}}


def chain(links: int) -> dict[str, Any]:
    definitions = {
        f"d{n}": {"properties": {"a": {"$ref": f"#/$defs/d{n + 1}"}}} for n in range(links)
    }
    return {"properties": {"a": {"$ref": "#/$defs/d0"}}, "$defs": definitions}


def nested(keyword: str, levels: int) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "string"}
    for _ in range(levels):
        schema = {"type": "array" if keyword == "items" else "object", keyword: schema}
    return {"properties": {"a": schema}}


@pytest.mark.parametrize("model", ["gpt-4o-mini", "gpt-5"])
@pytest.mark.parametrize(
    ("parameters", "least"),
    [
        pytest.param(doubling(40), 100_000, id="definitions that double forty times"),
        pytest.param(unions(40), 50_000, id="unions that double forty times"),
        pytest.param(chain(2_000), 200, id="two thousand definitions, each within the last"),
        pytest.param(nested("additionalProperties", 190), 100, id="members within members"),
        pytest.param(nested("items", 190), 10, id="lists of lists"),
    ],
)
def test_what_a_schema_says_is_counted_up_to_a_bound(
    parameters: dict[str, Any], least: int, model: str
) -> None:
    assert least < tokens_of(parameters, model) < 5_000_000


def test_definitions_that_double_a_little_are_counted_whole() -> None:
    written_out: dict[str, Any] = {}
    for _ in range(5):
        written_out = {"properties": {"a": written_out, "b": written_out}}

    assert tokens_of(doubling(5)) == tokens_of({"properties": {"a": written_out}})


def test_a_bound_beyond_all_fractions_is_counted() -> None:
    bounded = {"properties": {"a": {"type": "number", "minimum": 10**400}}}

    assert tokens_of(bounded) > 133  # three digits a token, at the most


def test_a_list_of_no_types_has_no_bounds_of_a_text() -> None:
    assert tokens_of({"properties": {"a": {"type": [], "minLength": 1}}}) > 0
