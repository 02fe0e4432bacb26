import pytest

from mockserver.protocols.openai.validation.schemas import refusal

OPEN = "In context=(), 'additionalProperties' is required to be supplied and to be false."


@pytest.mark.parametrize(
    "description",
    [pytest.param("short", id="remembered"), pytest.param("x" * 20_000, id="too long for that")],
)
def test_a_schema_is_refused_each_time(description: str) -> None:
    schema = {"type": "object", "description": description, "properties": {}, "required": []}

    assert [refusal(schema, strict=True, use="function") for _ in range(2)] == [OPEN, OPEN]


def test_a_schema_is_remembered_by_how_strict_it_is() -> None:
    schema = {"type": "object", "properties": {}, "required": []}

    assert (
        refusal(schema, strict=True, use="function"),
        refusal(schema, strict=False, use="function"),
    ) == (OPEN, None)
