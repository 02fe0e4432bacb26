"""JSON Schemas of the control API's values; their docstrings become the descriptions."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec

from mockserver.control.jsonform import Json
from mockserver.scenario.syntax.docstrings import parts

REFERENCE: Final = "#/components/schemas/{name}"


def reference(cls: type[Any]) -> Json:
    """Return the reference to the schema of *cls*, among the components of a document."""
    return {"$ref": REFERENCE.format(name=cls.__name__)}


def schemas(classes: Iterable[type[Any]]) -> Mapping[str, Json]:
    """Return the JSON Schemas of *classes*, and of the structs in their members, by name."""
    _, found = msgspec.json.schema_components(classes, ref_template=REFERENCE)
    for schema in found.values():
        del schema["title"]
        about, notes = parts(schema["description"])
        schema["description"] = about
        schema["additionalProperties"] = False
        for name, note in notes.items():
            schema["properties"][name]["description"] = note
    return found
