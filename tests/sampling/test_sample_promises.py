import json
import os
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from faker import Faker
from jsonschema import Draft202012Validator

from mockserver.sampling import call_arguments, sample

CUSTOMER = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "email": {"type": "string", "format": "email"},
        "city": {"type": "string"},
        "balance": {"type": "number"},
        "signed_up_at": {"type": "string", "format": "date-time"},
        "tags": {"type": "array", "items": {"type": "string"}},
        "plan": {"enum": ["free", "team", "enterprise"]},
    },
    "required": ["name", "email", "city", "balance", "signed_up_at", "tags", "plan"],
    "additionalProperties": False,
}
FORM = {
    "anyOf": [CUSTOMER, {"type": "object", "patternProperties": {"^x_[a-z]{3}$": {}}}],
    "minProperties": 3,
}


def drawn(schema: Any, seed: int) -> Any:
    return sample(schema, random.Random(seed))


def in_another_process(script: str, hash_seed: str) -> str:
    root = Path(__file__).parents[2]
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(root)}
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, check=True, env=environment
    )
    return done.stdout.decode()


# --- The same again --------------------------------------------------------------------------


@pytest.mark.parametrize("schema", [CUSTOMER, FORM], ids=["an object", "a choice of objects"])
def test_the_same_state_of_the_generator_gives_the_same_value(schema: Any) -> None:
    assert drawn(schema, 7) == drawn(schema, 7)


@pytest.mark.system
def test_every_process_draws_the_same_whatever_it_hashes_with() -> None:
    script = (
        "import json, random\n"
        "from mockserver.sampling import prose, sample\n"
        f"schema = json.loads({json.dumps(json.dumps(FORM))})\n"
        "print([sample(schema, random.Random(seed)) for seed in range(20)])\n"
        "print(prose(random.Random(1), 50, len))\n"
    )

    assert in_another_process(script, "1") == in_another_process(script, "2")


def test_fakers_own_generator_neither_decides_nor_moves() -> None:
    Faker.seed(1)
    first = drawn(CUSTOMER, 7)
    Faker.seed(2)
    second, after = drawn(CUSTOMER, 7), Faker().name()
    Faker.seed(2)

    assert (first, after) == (second, Faker().name())


def test_the_generator_of_the_process_is_left_alone() -> None:
    before = random.getstate()

    drawn(CUSTOMER, 7)

    assert random.getstate() == before


def test_two_samplings_at_once_do_not_mix() -> None:
    class Interrupted(random.Random):
        """Draws something else in the midst of everything."""

        def choice(self, seq: Any) -> Any:
            drawn(CUSTOMER, 99)
            return super().choice(seq)

    assert sample(CUSTOMER, Interrupted(7)) == drawn(CUSTOMER, 7)


@pytest.mark.system
def test_faker_is_not_imported_before_something_is_drawn() -> None:
    script = "import sys, mockserver.sampling; print('faker' in sys.modules)"

    assert in_another_process(script, "0").strip() == "False"


def test_the_schema_is_not_changed_and_not_shared() -> None:
    schema = {"const": {"list": [1]}}

    drawn(schema, 1)["list"].append(2)

    assert schema == {"const": {"list": [1]}}


# --- Variety ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "schema",
    [
        pytest.param(CUSTOMER, id="an object"),
        pytest.param({"type": "string"}, id="a text"),
        pytest.param({"type": "number"}, id="a number"),
        pytest.param({"type": "string", "pattern": "^[a-z]{8}$"}, id="a pattern"),
        pytest.param({"type": "array", "items": {"type": "integer"}}, id="an array"),
    ],
)
def test_seeds_give_different_values(schema: Any) -> None:
    values = {json.dumps(drawn(schema, seed)) for seed in range(40)}

    assert len(values) >= 30


def test_all_branches_and_values_of_an_enum_come_up() -> None:
    schema = {"anyOf": [{"enum": ["a", "b"]}, {"type": "integer"}, {"type": "boolean"}]}

    kinds = {type(drawn(schema, seed)) for seed in range(60)}
    letters = {drawn(schema, seed) for seed in range(60)} & {"a", "b"}

    assert (kinds, letters) == ({str, int, bool}, {"a", "b"})


def test_optional_members_are_mostly_there() -> None:
    schema = {"type": "object", "properties": {"city": {"type": "string"}}}

    there = sum("city" in drawn(schema, seed) for seed in range(400)) / 400

    assert 0.75 < there < 0.95


@pytest.mark.parametrize(
    "schema",
    [
        pytest.param({"type": ["string", "null"]}, id="a list of types"),
        pytest.param({"anyOf": [{"type": "null"}, {"type": "string"}]}, id="a union"),
        pytest.param({"enum": ["a", None]}, id="an enum"),
    ],
)
def test_null_is_drawn_seldom_where_something_else_may_be(schema: Any) -> None:
    nulls = sum(drawn(schema, seed) is None for seed in range(400)) / 400

    assert 0.01 < nulls < 0.2


def test_defaults_and_examples_come_up_if_they_are_valid() -> None:
    schema = {"type": "string", "maxLength": 8, "default": "Utrecht", "examples": ["much too long"]}

    values = [drawn(schema, seed) for seed in range(40)]

    assert "Utrecht" in values
    assert "much too long" not in values


# --- Natural to read -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "pattern"),
    [
        ("email", r"^\S+@example\.(com|net|org)$"),
        ("customerEmail", r"^\S+@example\.(com|net|org)$"),
        ("full_name", r"^[A-Z]\S*( [A-Z]\S*)+$"),
        ("website", r"^https://\S+\.example\.(com|net|org)/\S*$"),
        ("phoneNumber", r"^\+1-\d{3}-555-01\d\d$"),
        ("created_at", r"^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ$"),
        ("start_date", r"^20\d\d-\d\d-\d\d$"),
        ("departure_time", r"^\d\d:\d\d$"),
        ("currency", r"^[A-Z]{3}$"),
        ("price", r"^\d+\.\d\d$"),
        ("order_id", r"^[a-z]{4}_\d{8}$"),
        ("ip_address", r"^(192\.0\.2|198\.51\.100|203\.0\.113)\.\d+$"),
        ("question", r"^[A-Z].*\?$"),
        ("summary", r"^[A-Z].*\.$"),
        ("file_name", r"^\S+\.\w+$"),
        ("xyzzy", r"^[a-z' ]+$"),
    ],
)
def test_a_text_looks_like_what_its_property_is_called(name: str, pattern: str) -> None:
    schema = {"type": "object", "properties": {name: {"type": "string"}}, "required": [name]}
    judge = Draft202012Validator({"properties": {name: {"pattern": pattern}}})

    for seed in range(20):
        judge.validate(drawn(schema, seed))


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [("age", 18, 80), ("year", 2000, 2030), ("latitude", -60, 70), ("rating", 1, 5)],
)
def test_a_number_is_of_a_size_that_its_name_suggests(name: str, low: int, high: int) -> None:
    schema = {"type": "object", "properties": {name: {"type": "number"}}, "required": [name]}

    assert all(low <= drawn(schema, seed)[name] <= high for seed in range(40))


def test_a_pattern_takes_a_natural_text_that_fits_it() -> None:
    schema = {
        "type": "object",
        "properties": {"currency": {"type": "string", "pattern": "^[A-Z]{3}$"}},
        "required": ["currency"],
    }
    known = {"AED", "CHF", "EUR", "GBP", "JPY", "USD"}

    assert {drawn(schema, seed)["currency"] for seed in range(300)} & known


# --- Coming to an end ------------------------------------------------------------------------

LETTERS = "abcdefgh"
HOSTILE = {
    "a reference to itself": {"$ref": "#"},
    "a ring of references": {
        "$ref": "#/$defs/a",
        "$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}},
    },
    "an endless object": {"type": "object", "properties": {"a": {"$ref": "#"}}, "required": ["a"]},
    "an endless object that branches": {
        "type": "object",
        "properties": {letter: {"$ref": "#"} for letter in LETTERS},
        "required": list(LETTERS),
    },
    "an endless array": {"type": "array", "items": {"$ref": "#"}, "minItems": 3},
    "itself in many ways": {"allOf": [{"$ref": "#"}] * 2, "anyOf": [{"$ref": "#"}] * 9},
    "what it is not": {"not": {"$ref": "#"}},
    "one of itself": {"oneOf": [{"oneOf": [{"$ref": "#"}] * 5}] * 5},
    "a condition on itself": {"if": {"$ref": "#"}, "then": {"$ref": "#"}, "else": {"$ref": "#"}},
    "a wide tree without leaves": {
        "properties": {letter: {"anyOf": [{"$ref": "#"}] * 20} for letter in LETTERS},
        "required": list(LETTERS),
    },
    "a billion items": {"type": "array", "minItems": 10**9, "items": {"type": "string"}},
    "a billion characters": {"type": "string", "minLength": 10**9},
    "a billion members": {"type": "object", "minProperties": 10**9},
    "a billion items that contain something": {"contains": {"type": "null"}, "minItems": 10**9},
    "more different items than there are": {
        "type": "array",
        "minItems": 5,
        "uniqueItems": True,
        "items": {"enum": [1, 2]},
    },
    "a minimum above the maximum": {"type": "integer", "minimum": 5, "maximum": 3},
    "no multiple in between": {"type": "integer", "minimum": 1, "maximum": 2, "multipleOf": 7},
    "a number that no float can hold": {"type": "number", "minimum": 10**400},
    "numbers at the edges": {"type": "number", "exclusiveMinimum": 1e308, "multipleOf": 1e-308},
    "a pattern that is none": {"type": "string", "pattern": "("},
    "a pattern that runs away": {"type": "string", "pattern": "^(a+)+$", "default": "a" * 60 + "!"},
    "a pattern of giant texts": {"type": "string", "pattern": "((((x{500}){500}){500}){500})"},
    "a pattern that nothing matches": {"type": "string", "pattern": "^(?=a)b$"},
    "an empty enum": {"enum": []},
    "two types at once": {"allOf": [{"type": "string"}, {"type": "integer"}]},
    "no branch that fits": {"type": "string", "anyOf": [{"type": "integer"}, {"type": "null"}]},
    "no object of any kind": {"not": {"properties": {}}},
    "halves of a giant": {"type": "number", "minimum": 10**400, "multipleOf": 0.5},
    "nothing is allowed": False,
    "keywords of the wrong kind": {"required": "all", "type": 7, "properties": [], "items": 3},
    "a reference that leads away": {"$ref": "https://example.com/elsewhere.json#/x"},
}


@pytest.mark.parametrize("schema", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_schema_gets_a_value_of_bounded_size(schema: Any) -> None:
    value = drawn(schema, 1)

    assert len(json.dumps(value)) < 200_000


def test_a_schema_deeper_than_python_follows_gets_a_value() -> None:
    schema: Any = {"type": "string"}
    for _ in range(5_000):
        schema = {"allOf": [schema]}

    assert json.dumps(drawn(schema, 1))


def test_a_recursive_schema_that_can_end_is_still_valid() -> None:
    schema = {
        "type": "object",
        "properties": {
            "left": {"anyOf": [{"$ref": "#"}, {"type": "null"}]},
            "right": {"anyOf": [{"$ref": "#"}, {"type": "null"}]},
            "others": {"type": "array", "items": {"$ref": "#"}},
        },
        "required": ["left", "right", "others"],
        "additionalProperties": False,
    }

    for seed in range(20):
        Draft202012Validator(schema).validate(drawn(schema, seed))


# --- Arguments of calls ----------------------------------------------------------------------


@pytest.mark.parametrize("parameters", [None, {}, {"type": "object", "properties": {}}, [], True])
def test_a_tool_without_parameters_is_called_with_none(parameters: Any) -> None:
    assert call_arguments(parameters, random.Random(1)) == {}


def test_arguments_are_an_object_even_if_the_parameters_do_not_say_so() -> None:
    parameters = {"properties": {"city": {"type": "string"}}, "required": ["city"]}

    assert list(call_arguments(parameters, random.Random(1))) == ["city"]


@pytest.mark.parametrize("stated", ["string", ["object", "null"]])
def test_arguments_are_an_object_whatever_the_parameters_say(stated: Any) -> None:
    arguments = [call_arguments({"type": stated}, random.Random(seed)) for seed in range(40)]

    assert arguments == [{}] * 40


def test_members_come_in_the_order_of_the_schema() -> None:
    schema = {**CUSTOMER, "required": sorted(CUSTOMER["properties"])}

    assert list(drawn(schema, 3)) == list(CUSTOMER["properties"])
