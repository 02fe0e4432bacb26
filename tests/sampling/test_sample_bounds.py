"""Small schemas that ask for much: what is drawn is bounded, whatever they ask for."""

import json
import random
from typing import Any

import pytest

from mockserver.sampling import sample

MOST_CHARACTERS = 3_000_000


def listed(item: Any, count: int = 1_000) -> dict[str, Any]:
    return {"type": "array", "minItems": count, "items": item}


def closed_branches(count: int) -> dict[str, Any]:
    branches = [{"properties": {f"a{n}": {"type": "string"}}} for n in range(count)]
    return {"unevaluatedProperties": False, "allOf": branches}


@pytest.mark.parametrize(
    "schema",
    [
        pytest.param(listed({"pattern": "x{99999}"}), id="patterns of long texts"),
        pytest.param(listed({"pattern": "^[ab]{9000}$"}), id="patterns of long texts that fit"),
        pytest.param(listed({"type": "string", "minLength": 10_000}), id="long texts"),
        pytest.param(
            listed(listed({"type": "string", "minLength": 10_000}, 20)), id="lists of long texts"
        ),
        pytest.param(
            {"type": "object", "patternProperties": {"x{99999}": {}}, "minProperties": 50},
            id="long names",
        ),
        pytest.param(
            {
                "type": "object",
                "patternProperties": {f"a*b*c*{n}$": {} for n in range(300)},
                "properties": {"a" * 70 + str(n): {} for n in range(300)},
            },
            id="names that are slow to find",
        ),
        pytest.param(
            {
                "type": "object",
                "patternProperties": {f"^[a-z]{{{n}}}$": {} for n in range(2_000)},
                "minProperties": 200,
            },
            id="more patterns than are remembered",
        ),
        pytest.param(
            listed({"enum": [list(range(5_000)), list(range(4_999))]}), id="choices of long lists"
        ),
        pytest.param(
            listed({"type": "array", "default": list(range(5_000))}), id="long suggestions"
        ),
        pytest.param(listed(closed_branches(1_000)), id="a thousand closed branches"),
        pytest.param(
            listed(
                {
                    "allOf": [
                        {"if": {"properties": {f"a{n}": {}}}, "then": {"required": ["z"]}}
                        for n in range(2_000)
                    ]
                }
            ),
            id="two thousand conditions",
        ),
        pytest.param(
            listed({"allOf": [{"multipleOf": 10**4_000 + 2 * n + 1} for n in range(300)]}),
            id="multiples of long numbers",
        ),
    ],
)
def test_much_that_is_asked_for_in_few_words_is_drawn_in_part(schema: dict[str, Any]) -> None:
    value = sample(schema, random.Random(1))

    assert len(json.dumps(value)) < MOST_CHARACTERS


def test_a_large_schema_that_asks_for_each_thing_once_is_drawn_whole() -> None:
    names = [f"p{n}" for n in range(5_000)]
    schema = {
        "type": "object",
        "properties": {name: {"type": "string", "description": "A name."} for name in names},
        "required": names,
        "additionalProperties": False,
    }

    assert list(sample(schema, random.Random(1))) == names


def test_a_thousand_patterned_texts_are_drawn_whole() -> None:
    value = sample(listed({"type": "string", "pattern": "^[A-Z]{3}-[0-9]{6}$"}), random.Random(1))

    assert len(value) == 1_000
