from typing import Any

import pytest

from mockserver.protocols.openai.validation.strict_schema import refusal

TEXT = {"type": "string"}
MUST = "'required' is required to be supplied and to be an array including every key in properties."
CLOSED = "'additionalProperties' is required to be supplied and to be false."
TOP = (
    "schema must have type 'object' and not have 'oneOf'/'anyOf'/'allOf'/'enum'/'not' "
    "at the top level."
)
OPT_OUT = "Consider reducing the number of enums, or use 'strict: false' to opt out of structured outputs."  # fmt: skip # noqa: E501 - a text of the API's


def closed(**properties: Any) -> dict[str, Any]:
    """Make an object as strict mode wants it."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def nested(levels: int) -> dict[str, Any]:
    schema: dict[str, Any] = closed(x=TEXT)
    for _ in range(levels - 1):
        schema = closed(x=schema)
    return schema


ACCEPTED = {
    "no members": closed(),
    "members of all simple types": closed(
        a=TEXT, b={"type": "number"}, c={"type": "integer"}, d={"type": "boolean"}
    ),
    "null beside another type": closed(a={"type": ["string", "null"]}, b={"type": "null"}),
    "a union": closed(a={"anyOf": [TEXT, closed(b=TEXT), {"type": "null"}]}),
    "an array": closed(a={"type": "array", "items": closed(b=TEXT), "minItems": 1, "maxItems": 3}),
    "a tuple with items": closed(
        a={"type": "array", "prefixItems": [TEXT, {"type": "integer"}], "items": TEXT}
    ),
    "an enum and a constant": closed(a={**TEXT, "enum": ["x"]}, b={**TEXT, "const": "y"}),
    "an enum of several types": closed(a={"type": ["string", "null"], "enum": ["x", None]}),
    "bounds, patterns, formats": closed(
        a={"type": "number", "minimum": 0, "exclusiveMaximum": 9, "multipleOf": 0.5},
        b={**TEXT, "pattern": "^x", "minLength": 1, "maxLength": 9},
        c={**TEXT, "format": "date-time"},
    ),
    "titles, descriptions, defaults, examples": closed(
        a={**TEXT, "title": "A", "description": "first", "default": "x", "examples": ["y"]}
    ),
    "a dialect": {"$schema": "https://json-schema.org/draft/2020-12/schema", **closed(a=TEXT)},
    "definitions": {"$defs": {"a": closed(b=TEXT)}, **closed(a={"$ref": "#/$defs/a"})},
    "definitions by their old name": {
        "definitions": {"a": TEXT},
        **closed(a={"$ref": "#/definitions/a"}),
    },
    "recursion": closed(children={"type": "array", "items": {"$ref": "#"}}),
    "ten levels": nested(10),
    "a thousand enum values": closed(a={**TEXT, "enum": [str(n) for n in range(1000)]}),
    "a member called like a keyword": closed(oneOf=TEXT, type=TEXT, items=TEXT),
}


@pytest.mark.parametrize("use", ["function", "response_format"])
@pytest.mark.parametrize("schema", ACCEPTED.values(), ids=ACCEPTED)
def test_a_schema_of_the_supported_subset_is_accepted(schema: Any, use: Any) -> None:
    assert refusal(schema, strict=True, use=use) is None


@pytest.mark.parametrize(
    ("schema", "text"),
    [
        pytest.param(
            {"type": "object", "properties": {"a": TEXT}, "required": ["a"]},
            f"In context=(), {CLOSED}",
            id="an open object",
        ),
        pytest.param(
            {**closed(a=TEXT), "additionalProperties": True},
            f"In context=(), {CLOSED}",
            id="an object that says it is open",
        ),
        pytest.param(
            closed(value={"type": "object"}),
            f"In context=('properties', 'value'), {CLOSED}",
            id="an open object further in",
        ),
        pytest.param(
            closed(u={"anyOf": [{"type": "object", "properties": {"a": TEXT}}, TEXT]}),
            f"In context=('properties', 'u', 'anyOf', '0'), {CLOSED}",
            id="an open object in a union",
        ),
        pytest.param(
            {**closed(a={"$ref": "#/$defs/b"}), "$defs": {"b": {"type": "object"}}},
            f"In context=('$defs', 'b'), {CLOSED}",
            id="an open object among the definitions",
        ),
        pytest.param(
            {**closed(a=TEXT, b=TEXT), "required": ["a"]},
            f"In context=(), {MUST} Missing 'b'.",
            id="an optional member",
        ),
        pytest.param(
            closed(people={"type": "array", "items": {**closed(role=TEXT), "required": []}}),
            f"In context=('properties', 'people', 'items'), {MUST} Missing 'role'.",
            id="an optional member of an item",
        ),
        pytest.param(
            {**closed(a=TEXT), "required": ["a", "x"]},
            f"In context=(), {MUST} Extra required key 'x' supplied.",
            id="a required member that is not described",
        ),
        pytest.param(
            closed(labels={"type": "object", "additionalProperties": TEXT}),
            f"In context=(), {MUST} Extra required key 'labels' supplied.",
            id="a map of names to values",
        ),
        pytest.param(
            closed(ok={}),
            "In context=('properties', 'ok'), schema must have a 'type' key.",
            id="a member of any type",
        ),
        pytest.param(
            closed(kind={"const": "fact"}),
            "In context=('properties', 'kind'), schema must have a 'type' key.",
            id="a constant without its type",
        ),
        pytest.param(
            closed(tags={"type": "array", "items": TEXT, "uniqueItems": True}),
            "In context=('properties', 'tags'), 'uniqueItems' is not permitted.",
            id="a set",
        ),
        pytest.param(
            closed(data={"allOf": [TEXT]}),
            "In context=('properties', 'data'), 'allOf' is not permitted.",
            id="several schemas at once",
        ),
        pytest.param(
            closed(list={"type": "array", "items": {"oneOf": [TEXT]}}),
            "In context=('properties', 'list', 'items'), 'oneOf' is not permitted.",
            id="exactly one of some",
        ),
        pytest.param(
            closed(code={**TEXT, "not": {"const": "x"}}),
            "In context=('properties', 'code'), Unsupported keywords ('not',).",
            id="a refusal",
        ),
        pytest.param(
            {**closed(a=TEXT), "minProperties": 1},
            "In context=(), 'minProperties' is not permitted.",
            id="a least number of members",
        ),
        pytest.param(
            closed(list={"type": "array"}),
            "In context=('properties', 'list'), array schema missing items.",
            id="an array of anything",
        ),
        pytest.param(
            closed(url={**TEXT, "format": "uri"}),
            "In context=('properties', 'url'), 'uri' is not a valid format.",
            id="a format that is not supported",
        ),
        pytest.param(
            closed(url={"type": ["string", "null"], "format": "uri"}),
            "In context=('properties', 'url', 'type', '0'), 'uri' is not a valid format.",
            id="such a format beside null",
        ),
        pytest.param(
            closed(guide={"type": "null", "enum": ["javascript"]}),
            "context=('properties', 'guide'), enum value javascript does not validate against "
            "{'type': 'null'}.",
            id="an enum value of another type",
        ),
        pytest.param(
            {**closed(a={"$ref": "#/$defs/a", "description": "x"}), "$defs": {"a": TEXT}},
            "context=('properties', 'a'), $ref cannot have keywords {'description'}.",
            id="a description beside a reference",
        ),
        pytest.param(
            closed(x={"type": "array", "items": TEXT}, y={"$ref": "#/properties/x/items"}),
            "In context=('properties', 'y'), reference can only point to definitions defined at "
            "the top level of the schema.",
            id="a reference into the properties",
        ),
        pytest.param(nested(11), "11 levels of nesting exceeds limit of 10.", id="eleven levels"),
        pytest.param(
            closed(**{f"p{n}": TEXT for n in range(6_000)}),
            "6000 parameters exceeds limit of 5000.",
            id="too many members",
        ),
        pytest.param(
            closed(**{f"e{n}": {**TEXT, "enum": [str(i) for i in range(504)]} for n in (1, 2)}),
            "Expected at most 1000 enum values in total within a single schema when using "
            f"structured outputs, but received 1008. {OPT_OUT}",
            id="too many enum values",
        ),
        pytest.param(
            closed(**{f"{n:0600}": TEXT for n in range(201)}),
            "120600 total characters exceeds limit of 120000.",
            id="too long names",
        ),
        pytest.param(
            closed(e={**TEXT, "enum": [f"{n:060}" for n in range(251)]}),
            "Expected at most 15000 total characters across enum values when there are more than "
            f"250 enum values, but received 15060. {OPT_OUT}",
            id="too long enum values",
        ),
    ],
)
@pytest.mark.parametrize("use", ["function", "response_format"])
def test_a_strict_schema_is_refused_in_the_words_of_the_api(
    schema: Any, text: str, use: Any
) -> None:
    assert refusal(schema, strict=True, use=use) == text


@pytest.mark.parametrize("strict", [True, False], ids=["strict", "not strict"])
@pytest.mark.parametrize(
    ("schema", "text"),
    [
        pytest.param(
            {"type": "array", "items": TEXT},
            "schema must be a JSON Schema of 'type: \"object\"', got 'type: \"array\"'.",
            id="an array at the root",
        ),
        pytest.param(
            {},
            "schema must be a JSON Schema of 'type: \"object\"', got 'type: \"None\"'.",
            id="nothing at the root",
        ),
        pytest.param(
            {"oneOf": [closed(a=TEXT)]},
            "schema must be a JSON Schema of 'type: \"object\"', got 'type: \"None\"'.",
            id="a union without a type at the root",
        ),
        pytest.param({**closed(a=TEXT), "anyOf": [{}]}, TOP, id="a union at the root"),
        pytest.param(
            {"type": "object", "additionalProperties": False},
            "In context=(), object schema missing properties.",
            id="an object that says nothing of its members",
        ),
        pytest.param([TEXT], "[{'type': 'string'}] is not of type 'object'.", id="no object"),
        pytest.param(
            {"type": "any"}, "'any' is not valid under any of the given schemas.", id="no such type"
        ),
        pytest.param(
            closed(a={**TEXT, "required": True}),
            "True is not of type 'array'.",
            id="a flag for required",
        ),
        pytest.param(
            {"type": "object", "properties": []},
            "[] is not of type 'object'.",
            id="an empty list of properties",
        ),
        pytest.param(
            closed(a={"type": "array", "items": [TEXT]}),
            "[{'type': 'string'}] is not of type 'object', 'boolean'.",
            id="a tuple as it was once written",
        ),
    ],
)
def test_a_function_is_refused_strict_or_not(schema: Any, text: str, strict: bool) -> None:  # noqa: FBT001 - pytest passes it by name
    assert refusal(schema, strict=strict) == text


@pytest.mark.parametrize(
    ("schema", "context"),
    [
        pytest.param(
            {"type": "object", "properties": {"objects": {"type": "array"}}},
            "('properties', 'objects')",
            id="a member",
        ),
        pytest.param(
            {"type": "object", "properties": {"a": {"type": ["string", "array"]}}},
            "('properties', 'a', 'type', '1')",
            id="one of several types",
        ),
        pytest.param(
            {"type": "object", "properties": {"a": {"anyOf": [{"type": "array"}, TEXT]}}},
            "('properties', 'a', 'anyOf', '0')",
            id="a branch of a union",
        ),
    ],
)
def test_a_function_that_is_not_strict_still_says_what_its_arrays_hold(
    schema: Any, context: str
) -> None:
    assert refusal(schema, strict=False) == f"In context={context}, array schema missing items."


@pytest.mark.parametrize(
    "schema",
    [
        pytest.param({"type": "object", "properties": {"a": {}, "b": {"oneOf": [{}]}}}, id="loose"),
        pytest.param({"type": "object", "properties": {"a": {"type": "object"}}}, id="open inside"),
        pytest.param(None, id="no parameters"),
    ],
)
def test_a_function_that_is_not_strict_may_be_loose(schema: Any) -> None:
    assert refusal(schema, strict=False) is None


def test_a_strict_function_without_parameters_is_refused() -> None:
    assert refusal(None, strict=True) == f"In context=(), {CLOSED}"


@pytest.mark.parametrize(
    ("schema", "text"),
    [
        pytest.param(
            {"type": "array", "items": {"type": "object"}},
            "schema must be a JSON Schema of 'type: \"object\"', got 'type: \"array\"'.",
            id="an array",
        ),
        pytest.param(
            {"oneOf": [closed(a=TEXT)]}, "In context=(), 'oneOf' is not permitted.", id="a union"
        ),
        pytest.param(
            {**closed(a=TEXT), "allOf": []},
            "In context=(), 'allOf' is not permitted.",
            id="several schemas at once",
        ),
        pytest.param(
            {"anyOf": [closed(a=TEXT)]},
            "In context=(), schema must have a 'type' key.",
            id="any of some",
        ),
        pytest.param(
            {"$ref": "#/$defs/a", "$defs": {"a": closed(b=TEXT)}},
            "schema must be a JSON Schema of 'type: \"object\"', got 'type: \"None\"'.",
            id="a reference",
        ),
    ],
)
def test_a_response_format_is_refused_for_its_root(schema: Any, text: str) -> None:
    assert refusal(schema, strict=True, use="response_format") == text


def test_a_response_format_that_is_not_strict_may_be_anything() -> None:
    assert refusal({"type": "array"}, strict=False, use="response_format") is None


def test_a_schema_of_any_depth_is_judged() -> None:
    assert refusal(nested(3_000), strict=True) == "3000 levels of nesting exceeds limit of 10."


def test_a_schema_of_any_size_is_judged() -> None:
    schema = closed(**{f"p{n}": {"type": "array", "items": TEXT} for n in range(60_000)})

    assert refusal(schema, strict=True) == "60000 parameters exceeds limit of 5000."
