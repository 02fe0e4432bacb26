"""Which names a strict schema must list as required, however many there are."""

from typing import Any

import pytest

from mockserver.protocols.openai.validation.strict_schema import refusal


def strict(properties: dict[str, Any], required: list[Any]) -> str | None:
    schema = {
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }
    return refusal(schema, strict=True)


@pytest.mark.parametrize("name", [["a"], {"a": 1}, 7, None])
def test_a_required_name_that_is_no_string_is_one_too_many(name: object) -> None:
    text = strict({"a": {"type": "string"}}, ["a", name])

    assert text is not None
    assert text.endswith(f"Extra required key '{name}' supplied.")


def test_forty_thousand_names_are_looked_up_and_not_searched_for() -> None:
    names = [f"p{n}" for n in range(40_000)]

    text = strict({name: {"type": "string"} for name in names}, names)

    assert text == "40000 parameters exceeds limit of 5000."
