"""How to test structured output: what fits the schema, what does not, and a loop that repairs."""

import json

import openai
import pytest
from pytest_mockserver import Session

SCHEMA: dict[str, object] = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "born": {"type": "integer"}},
    "required": ["name", "born"],
    "additionalProperties": False,
}


def extract(text: str) -> dict[str, object]:
    """Ask again, with the error, if the JSON does not fit, as an application does."""
    said = f"Extract the person: {text}"
    for _ in range(3):
        with openai.OpenAI() as client:
            answer = client.chat.completions.create(
                model="gpt-4o",
                messages=[{"role": "user", "content": said}],
                response_format={
                    "type": "json_schema",
                    "json_schema": {"name": "person", "schema": SCHEMA, "strict": True},
                },
            )
        try:
            found: dict[str, object] = json.loads(answer.choices[0].message.content or "")
            if isinstance(found.get("born"), int):
                return found
            said = "'born' must be a whole number. Try again."
        except ValueError as error:
            said = f"That was no JSON: {error}. Try again."
    raise ValueError(text)


def test_takes_what_fits(mock_llm: Session) -> None:
    mock_llm.reply(kind="json", value={"name": "Ada", "born": 1815})

    assert extract("Ada, born 1815") == {"name": "Ada", "born": 1815}


def test_any_answer_that_fits_the_schema_will_do(mock_llm: Session) -> None:
    mock_llm.reply(kind="json_schema", overrides={"name": "Ada"})

    found = extract("Ada")

    assert found["name"] == "Ada"
    assert isinstance(found["born"], int)


def test_asks_again_with_the_error(mock_llm: Session) -> None:
    mock_llm.replies(
        '{"name": "Ada", "born": "unknown"',
        {"kind": "json", "value": {"name": "Ada", "born": "1815"}},
        {"kind": "json", "value": {"name": "Ada", "born": 1815}},
    )

    assert extract("Ada, born 1815")["born"] == 1815

    mock_llm.assert_called(1, last_user={"contains": "That was no JSON"})
    mock_llm.assert_called(1, last_user={"contains": "must be a whole number"})


def test_a_refusal_is_no_answer(mock_llm: Session) -> None:
    mock_llm.reply(kind="refusal", text="I cannot help with that.", times=3)

    with pytest.raises(ValueError, match="somebody"):
        extract("somebody")
