"""Tools: the text that the model reads of them, and what it costs."""

from pathlib import Path
from typing import Any

import pytest

from mockserver.models import Catalogue
from mockserver.tokens import count_prompt
from mockserver.tokens.evidence import Rule, doubts
from mockserver.tokens.layouts import CHATML, HARMONY, LAYOUTS
from mockserver.tokens.typescript import render_tools
from mockserver.tokens.vocabularies import vocabulary

CATALOGUE = Catalogue()


def declared(
    properties: dict[str, Any] | None = None,
    layout: Any = CHATML,
    function: dict[str, Any] | None = None,
    **schema: Any,
) -> str:
    """Return what is between the namespace's braces for one function called `f`."""
    parameters = {"type": "object", "properties": properties or {}, **schema}
    rendering = render_tools([{"name": "f", "parameters": parameters, **(function or {})}], layout)
    head, tail = (
        "# Tools\n\n## functions\n\nnamespace functions {\n\n",
        "\n\n} // namespace functions",
    )
    assert rendering.text.startswith(head)
    assert rendering.text.endswith(tail)
    return rendering.text[len(head) : -len(tail)]


def used_by(schema: Any, **more: Any) -> Rule:
    """Return the rules by which a function with the one property `a` is written."""
    parameters = {"type": "object", "properties": {"a": schema}, **more}
    return render_tools([{"name": "f", "parameters": parameters}], CHATML).used


def of_property(schema: Any, **more: Any) -> str:
    """Return the type of a function with the one optional property `a`, its braces removed."""
    text = declared({"a": schema}, **more)
    return text.removeprefix("type f = (_: {").removesuffix("}) => any;").rstrip(" ").strip("\n")


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        pytest.param({"type": "string"}, " a?: string", id="string"),
        pytest.param({"type": "integer"}, " a?: integer", id="integer"),
        pytest.param({"type": "array", "items": {"type": "string"}}, " a?: string[]", id="array"),
        pytest.param({"type": "array"}, " a?: any[]", id="array of anything"),
        pytest.param({"type": "object"}, " a?: object", id="object without properties"),
        pytest.param({}, " a?: any", id="anything"),
        pytest.param({"enum": ["x", 1, None]}, ' a?: "x" | 1 | null', id="enum"),
        pytest.param({"const": "x"}, ' a?: "x"', id="const"),
        pytest.param({"type": ["string", "null"]}, " a?: string | null", id="list of types"),
        pytest.param({"type": "string", "nullable": True}, " a?: string | null", id="nullable"),
        pytest.param(
            {"anyOf": [{"type": "string"}, {"type": "null"}]}, " a?: string | null", id="anyOf"
        ),
        pytest.param(
            {"type": "array", "items": {"anyOf": [{"type": "string"}, {"type": "null"}]}},
            " a?: Array<string | null>",
            id="array of alternatives",
        ),
        pytest.param(
            {"type": "array", "items": {"enum": ["x", "y"]}}, ' a?: "x" | "y"[]', id="array of enum"
        ),
        pytest.param(
            {"type": "object", "properties": {"b": {"type": "string"}}, "required": ["b"]},
            " a?: { b: string }",
            id="object in an object",
        ),
        pytest.param(
            {
                "type": "object",
                "properties": {"b": {"type": "string"}},
                "additionalProperties": True,
            },
            " a?: { b?: string, [key: string]: any }",
            id="object with more members",
        ),
        pytest.param(
            {"type": "string", "description": "  Two\n  lines "},
            "// Two\n// lines\na?: string,",
            id="description",
        ),
        pytest.param({"type": "string", "title": "A"}, "// A\na?: string,", id="title"),
        pytest.param(
            {"type": "string", "title": "A", "description": "Text"},
            "// A\n//\n// Text\na?: string,",
            id="title and description",
        ),
        pytest.param(
            {"enum": ["x"], "default": "x"}, 'a?: "x", // default: "x"', id="default behind a type"
        ),
        pytest.param(
            {"type": "number", "exclusiveMinimum": 0, "maximum": 5},
            "a?: number, // maximum: 5.0, exclusiveMinimum: 0.0",
            id="bounds of a number have a point",
        ),
        pytest.param(
            {"type": "integer", "default": 3, "minimum": 1},
            "a?: integer, // default: 3, minimum: 1",
            id="bounds of an integer have none",
        ),
        pytest.param(
            {"type": ["string", "null"], "description": "Text"},
            "// Text\na?:\n// Text\n | string\n// Text\n | null\n,",
            id="list of types with a description",
        ),
        pytest.param(
            {"anyOf": [{"type": "string", "format": "date"}, {"type": "null"}], "default": None},
            '// default: null\na?:\n | string // format: "date"\n | null\n,',
            id="alternatives with a note, and a default above them",
        ),
        pytest.param(
            {"type": "array", "items": {"type": "string", "description": "Text"}},
            "a?: Array<\n// Text\nstring\n>,",
            id="array of described items",
        ),
        pytest.param(
            {"type": "object", "properties": {"b": {"type": "string", "description": "Text"}}},
            "a?: {\n// Text\nb?: string,\n},",
            id="object that spans lines",
        ),
    ],
)
def test_a_property_is_written_as_it_was_billed(schema: Any, expected: str) -> None:
    assert of_property(schema) == expected


# Source: json-schema-to-openai-typescript, captured from ChatGPT in 2026.
@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        pytest.param(
            {"type": "string", "minLength": 3, "maxLength": 20, "pattern": "^[A-Z]+$"},
            "a?: string, // minLength: 3, maxLength: 20, pattern: /^[A-Z]+$/",
            id="bounds of a string",
        ),
        pytest.param(
            {"type": "array", "items": {"type": "string"}, "minItems": 1, "maxItems": 5},
            "a?: string[], // minItems: 1, maxItems: 5",
            id="bounds of an array",
        ),
        pytest.param(
            {"type": "object", "additionalProperties": {"type": "string"}},
            " a?: { [key: string]: string }",
            id="map",
        ),
        pytest.param(
            {
                "type": "array",
                "prefixItems": [{"type": "string"}, {"type": "integer"}],
                "items": {"type": "number"},
            },
            " a?: [item0?: string, item1?: integer, ...items: number[]]",
            id="tuple",
        ),
        pytest.param(
            {"allOf": [{"type": "string"}, {"type": "number"}]}, " a?: string & number", id="allOf"
        ),
        pytest.param(
            {"type": "string", "examples": ["first", "second"]},
            '// Examples:\n// - "first"\n// - "second"\na?: string,',
            id="examples",
        ),
        pytest.param(
            {"type": "string", "examples": ["first"]},
            '// Example: "first"\na?: string,',
            id="one example",
        ),
        pytest.param(
            {"type": "string", "format": "date"},
            'a?: string, // format: "date"',
            id="P5 a format",
        ),
        pytest.param({"const": "x"}, ' a?: "x"', id="a constant"),
    ],
)
def test_what_only_the_capture_shows_is_written_so_and_called_a_guess(
    schema: Any, expected: str
) -> None:
    tool = {"name": "f", "parameters": {"type": "object", "properties": {"a": schema}}}
    body = {"messages": [{"role": "user", "content": "Hi"}], "functions": [tool]}
    gpt = CATALOGUE.get("gpt-5")
    assert gpt is not None

    assert (
        of_property(schema, layout=HARMONY),
        count_prompt(body, gpt).exact,
    ) == (
        expected,
        False,
    )


def test_a_format_follows_its_type() -> None:  # P5
    assert of_property({"type": "string", "format": "date"}) == 'a?: string, // format: "date"'


def test_references_are_followed() -> None:
    definitions = {"Place": {"title": "Place", "type": "string"}}

    assert (
        of_property({"$ref": "#/$defs/Place"}, **{"$defs": definitions}) == "// Place\na?: string,"
    )


def test_keys_beside_a_reference_are_left_out_and_the_count_is_a_guess() -> None:
    definitions = {"Place": {"title": "Place", "type": "string"}}
    schema = {"$ref": "#/$defs/Place", "title": "Home", "description": "Where one lives"}

    assert of_property(schema, **{"$defs": definitions}) == "// Place\na?: string,"
    assert doubts(used_by(schema, **{"$defs": definitions}), "chatml")
    assert not doubts(used_by({"$ref": "#/$defs/Place"}, **{"$defs": definitions}), "chatml")


@pytest.mark.parametrize("reference", ["#", "#/properties/a", "#/$defs/Nothing"])
def test_a_reference_that_leads_nowhere_ends(reference: str) -> None:
    assert "any" in of_property({"type": "array", "items": {"$ref": reference}})


@pytest.mark.parametrize(
    ("layout", "expected"),
    [
        pytest.param("chatml", "type f = (_: { a: string }) => any;", id="P2 ChatML"),
        pytest.param("harmony", "type f = (_: { a: string }) => any;", id="Harmony"),
        pytest.param("chatml-0613", "type f = (_: {\na: string,\n}) => any;", id="2023-06"),
    ],
)
def test_families_write_objects_differently(layout: Any, expected: str) -> None:
    assert declared({"a": {"type": "string"}}, LAYOUTS[layout], required=["a"]) == expected


def test_models_of_2023_read_no_titles_and_no_items() -> None:
    items = {"type": "string", "description": "Text"}
    schema = {"title": "A", "type": "array", "items": items}

    assert of_property(schema, layout=LAYOUTS["chatml-0613"]) == "a?: string[],"


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        pytest.param({"description": "Text"}, "// Text\ntype f = () => any;", id="described"),
        pytest.param({}, "type f = () => any;", id="bare"),
        pytest.param({"parameters": None}, "type f = () => any;", id="parameters of null"),
    ],
)
def test_a_function_without_parameters_takes_none(function: dict[str, Any], expected: str) -> None:
    assert declared(function=function) == expected


def test_the_schema_itself_may_have_a_title() -> None:
    assert declared({"a": {}}, title="Input") == "type f = (_: // Input\n{ a?: any }) => any;"


def test_the_page_about_usage_shows_what_is_written() -> None:
    page = (Path(__file__).parents[2] / "docs" / "usage.md").read_text("utf-8")
    properties = {
        "location": {"type": "string", "description": "The city and state, e.g. San Francisco, CA"},
        "unit": {
            "type": "string",
            "description": "The unit of temperature to return",
            "enum": ["celsius", "fahrenheit"],
            "default": "celsius",
        },
        "days": {"type": "integer", "minimum": 1, "maximum": 14},
    }
    function = {
        "name": "get_current_weather",
        "description": "Get the current weather in a given location",
        "parameters": {"type": "object", "properties": properties, "required": ["location"]},
    }

    assert f"```text\n{render_tools([function], CHATML).text}\n```" in page


# --- What it costs ---------------------------------------------------------------------------

TOOL = {"name": "f", "description": "Text", "parameters": {"type": "object", "properties": {}}}
TEXT = (
    "# Tools\n\n## functions\n\nnamespace functions {\n\n"
    "// Text\ntype f = () => any;\n\n} // namespace functions"
)
USER = {"role": "user", "content": "Hi"}
SYSTEM = {"role": "system", "content": "Be brief."}


def counted(name: str, *messages: dict[str, Any], **members: Any) -> int:
    found = CATALOGUE.get(name)
    assert found is not None
    return count_prompt({"messages": list(messages), **members}, found).tokens


def of(name: str, text: str) -> int:
    found = CATALOGUE.get(name)
    assert found is not None
    return vocabulary(found.family.encoding).count(text)


@pytest.mark.parametrize("name", ["gpt-4o", "gpt-3.5-turbo", "gpt-4.1-mini"])
def test_tools_are_a_system_message_of_their_own(name: str) -> None:
    alone = counted(name, USER)

    # A message of 4, and a primer that is shorter by one.
    assert counted(name, USER, functions=[TOOL]) == alone + 4 + of(name, TEXT) - 1


@pytest.mark.parametrize("name", ["gpt-4o", "gpt-3.5-turbo"])
def test_tools_stand_behind_the_text_of_the_first_system_message(name: str) -> None:
    together = counted(name, {"role": "system", "content": f"Be brief.\n\n{TEXT}"}, USER)

    assert counted(name, SYSTEM, USER, functions=[TOOL]) == together - 1


def test_harmony_says_more_about_tools() -> None:
    system = {"role": "system", "content": f"# Instructions\n\nBe brief.\n\n{TEXT}\n\n"}

    assert counted("gpt-5", SYSTEM, USER, functions=[TOOL]) == counted("gpt-5", system, USER) + 80


def test_tools_and_functions_cost_the_same() -> None:
    tools = [{"type": "function", "function": {**TOOL, "strict": True}}]

    assert counted("gpt-4o", USER, tools=tools) == counted("gpt-4o", USER, functions=[TOOL])


@pytest.mark.parametrize(
    ("choice", "more"),
    [
        pytest.param("auto", 0, id="auto"),
        pytest.param("required", 0, id="required"),
        pytest.param("none", 1, id="none: the primer is whole"),
        # " to", "=", "functions", ".f" and four marks.
        pytest.param({"type": "function", "function": {"name": "f"}}, 8, id="a named function"),
        pytest.param({"name": "f"}, 8, id="a named function, as of old"),
    ],
)
def test_the_choice_of_a_tool_changes_the_primer(choice: Any, more: int) -> None:
    tools = [{"type": "function", "function": TOOL}]

    chosen = counted("gpt-4o", USER, tools=tools, tool_choice=choice)

    assert chosen - counted("gpt-4o", USER, tools=tools) == more


@pytest.mark.parametrize("choice", ["none", {"type": "function", "function": {"name": "f"}}])
def test_harmony_does_not_bill_the_choice_of_a_tool(choice: Any) -> None:
    tools = [{"type": "function", "function": TOOL}]

    assert counted("gpt-5", USER, tools=tools, tool_choice=choice) == counted(
        "gpt-5", USER, tools=tools
    )


def test_a_list_of_types_that_begins_with_null_is_a_guess() -> None:
    schema = {"type": ["null", "array"], "items": {"type": "string"}}

    assert doubts(used_by(schema), "harmony")


def test_a_custom_tool_is_a_guess() -> None:
    gpt = CATALOGUE.get("gpt-5")
    assert gpt is not None
    body = {"messages": [USER], "tools": [{"type": "custom", "custom": {"name": "x"}}]}

    assert not count_prompt(body, gpt).exact


def test_the_same_tools_cost_the_same_when_they_come_again() -> None:
    first = counted("gpt-4o", USER, functions=[dict(TOOL)])

    assert counted("gpt-4o", USER, functions=[dict(TOOL)]) == first
