"""The form of the answer: `text.format`, and how wordy it may be.

Source:
    A recorded refusal of 2025 (schemas); live calls published by a third party, 2026-08-31 (words);
    refusals pasted in public issues, 2025 and 2026 (models, the word "json").
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from mockserver.conversation import ApiError
from mockserver.models import Model
from mockserver.protocols.openai.responses.traits import Traits
from mockserver.protocols.openai.responses.validation import shapes
from mockserver.protocols.openai.validation import faults, schemas, values
from mockserver.protocols.openai.validation.values import Body

_MOST_NAME: Final = 64

_json_schema: Final = shapes.record(
    {"name": shapes.name(_MOST_NAME), "schema": shapes.mapping},
    {"type": shapes.anything, "description": shapes.text(), "strict": shapes.flag},
)


def _schema(value: Any, path: str) -> None:
    """Refuse a schema that the model could not keep to. It is strict unless it says otherwise."""
    _json_schema(value, path)
    strict = value.get("strict") is not False
    fault = schemas.refusal(value["schema"], strict=strict, use="response_format")
    if fault is not None:
        raise faults.said(
            f"Invalid schema for response_format '{value['name']}': {fault}",
            f"{path}.schema",
            "invalid_json_schema",
        )


_plain: Final = shapes.record({}, {"type": shapes.anything})

TEXT: Final = shapes.record(
    {},
    {
        "format": shapes.kinds(
            {"json_object": _plain, "text": _plain, "json_schema": _schema}, at_member=True
        ),
        "verbosity": shapes.word("low", "medium", "high"),
    },
)


def unable(body: Body, model: Model, traits: Traits) -> ApiError | None:
    """Return why *model* cannot give the form that a valid *body* asks for, or None."""
    text: Mapping[str, Any] = body.get("text") or {}
    verbosity = text.get("verbosity")
    if verbosity is not None and traits.verbosities and verbosity not in traits.verbosities:
        return faults.not_with_model("text.verbosity", verbosity, model.id, traits.verbosities)
    form: Mapping[str, Any] = text.get("format") or {}
    match form.get("type"):
        case "json_schema" if not traits.json_schema:
            return faults.said(
                "Invalid parameter: 'text.format' of type 'json_schema' is not supported with "
                f"model version `{model.answers_as}`.",
                "text.format",
            )
        case "json_object" if not any("json" in said.lower() for said in _texts(body.get("input"))):
            return faults.said(
                "Response input messages must contain the word 'json' in some form to use "
                "'text.format' of type 'json_object'.",
                "input",
            )
        case _:
            return None


def _texts(given: Any) -> Iterator[str]:
    """Yield the texts of an input; the instructions are none of it (seen, 2025)."""
    if type(given) is str:
        yield given
        return
    for item in given or ():
        content = item.get("content")
        if type(content) is str:
            yield content
        elif values.is_array(content):
            yield from (str(part.get("text", "")) for part in content)
