"""JSON Schemas of the control API's values; their docstrings become the descriptions."""

import inspect
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from mockserver.control.jsonform import Json


def reference(cls: type[Any]) -> Json:
    """Return the reference to the schema of *cls*, among the components of a document."""
    return {"$ref": f"#/components/schemas/{cls.__name__}"}


def schemas(classes: Iterable[type[Any]]) -> Mapping[str, Json]:
    """Return the JSON Schemas of *classes*, and of the structs in their members, by name."""
    template = "#/components/schemas/{name}"
    _, found = msgspec.json.schema_components(classes, ref_template=template)
    for schema in found.values():
        del schema["title"]
        about, notes = _described(schema["description"])
        schema["description"] = about
        schema["additionalProperties"] = False
        for name, note in notes.items():
            schema["properties"][name]["description"] = note
    return found


def _described(docstring: str) -> tuple[str, Mapping[str, str]]:
    """Return the description of a class from its *docstring*, and those of its attributes."""
    about, _, attributes = inspect.cleandoc(docstring).partition("Attributes:")
    notes: dict[str, str] = {}
    name = ""
    for line in attributes.splitlines():
        text = line.strip()
        head, colon, rest = text.partition(": ")
        if colon and head.isidentifier() and not line[4:].startswith(" "):
            name, notes[head] = head, rest
        elif text and name:
            notes[name] += f" {text}"
    return " ".join(about.split()), notes
