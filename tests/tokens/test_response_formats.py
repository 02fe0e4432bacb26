"""Structured output: the text that the model reads of a schema, and what it costs."""

from typing import Any

import pytest

from mockserver.models import Catalogue
from mockserver.tokens import count_prompt
from mockserver.tokens.response_formats import render_response_format
from mockserver.tokens.vocabularies import vocabulary

CATALOGUE = Catalogue()
SCHEMA = {"name": "day", "schema": {"type": "object", "properties": {"n": {"type": "integer"}}}}
TEXT = '# Response Formats\n\n## day\n\n{"type":"object","properties":{"n":{"type":"integer"}}}'
FUNCTION = {"name": "f", "parameters": {"type": "object", "properties": {}}}
USER = {"role": "user", "content": "Hi"}
ASSISTANT = {"role": "assistant", "content": "Hi"}


def tokens(name: str, *messages: dict[str, Any], **members: Any) -> int:
    found = CATALOGUE.get(name)
    assert found is not None
    return count_prompt({"messages": list(messages), **members}, found).tokens


def of(text: str) -> int:
    return vocabulary("o200k_base").count(text)


def formatted(schema: Any) -> dict[str, Any]:
    return {"type": "json_schema", "json_schema": schema}


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        pytest.param(
            {"type": "string", "minLength": 1, "format": "date"},
            '{"type":"string"}',
            id="bounds are left out",
        ),
        pytest.param(
            {"$schema": "x", "required": ["a"], "additionalProperties": False},
            "{}",
            id="what the decoder needs is left out",
        ),
        pytest.param(
            {"properties": {"format": {"pattern": "x"}}},
            '{"properties":{"format":{}}}',
            id="a property may be called as a keyword",
        ),
        pytest.param({"anyOf": [{"minimum": 1}]}, '{"anyOf":[{}]}', id="alternatives"),
        pytest.param({"description": "é"}, '{"description":"\\u00e9"}', id="escaped to ASCII"),
    ],
)
def test_a_schema_is_shown_without_what_only_the_decoder_needs(schema: Any, expected: str) -> None:
    text = render_response_format({"name": "day", "schema": schema})

    assert text.removeprefix("# Response Formats\n\n## day\n\n") == expected


def test_a_description_stands_above_the_schema() -> None:
    text = render_response_format({"name": "day", "description": "Text", "schema": {}})

    assert text == "# Response Formats\n\n## day\n\n// Text\n{}"


@pytest.mark.parametrize("kind", ["text", "json_object"])
def test_other_formats_cost_nothing(kind: str) -> None:
    assert tokens("gpt-4o", USER, response_format={"type": kind}) == tokens("gpt-4o", USER)


def test_a_schema_is_a_system_message_and_named_where_the_answer_begins() -> None:
    expected = tokens("gpt-4o", USER) + 4 + of(TEXT) + 2 + of("day")

    assert tokens("gpt-4o", USER, response_format=formatted(SCHEMA)) == expected


def test_earlier_answers_are_said_to_follow_the_schema() -> None:
    fresh = tokens("gpt-4o", USER, response_format=formatted(SCHEMA))
    later = tokens("gpt-4o", USER, ASSISTANT, USER, response_format=formatted(SCHEMA))

    assert later - fresh == tokens("gpt-4o", ASSISTANT, USER) - 3 + 2 + of("day")


def test_harmony_does_not_name_the_schema_where_the_answer_begins() -> None:
    expected = tokens("gpt-5", USER) + 4 + of(TEXT)

    assert tokens("gpt-5", USER, response_format=formatted(SCHEMA)) == expected


def test_a_schema_follows_the_tools_after_a_blank_line() -> None:
    tools = (
        "# Tools\n\n## functions\n\nnamespace functions {\n\n"
        "type f = () => any;\n\n} // namespace functions"
    )
    system = {"role": "system", "content": f"{tools}\n\n{TEXT}"}

    both = tokens("gpt-4o", USER, functions=[FUNCTION], response_format=formatted(SCHEMA))

    assert both == tokens("gpt-4o", system, USER) - 1
