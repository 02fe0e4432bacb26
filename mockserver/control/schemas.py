"""JSON Schemas of the control API's values, from their annotations."""

import dataclasses
import types
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin

from mockserver.control.jsonform import Json, Limits, Omitted, hints_of, is_required, plain


class Schemas:
    """The JSON Schemas of dataclasses, each once, for the components of an OpenAPI document."""

    def __init__(self) -> None:
        self.found: dict[str, Json] = {}

    def of(self, wanted: Any) -> Json:
        """Return the schema of the annotation *wanted*; dataclasses are referred to."""
        origin, arguments = get_origin(wanted), get_args(wanted)
        if wanted is Any:
            return {}
        if origin is Annotated:
            return {**self.of(arguments[0]), **_bounds(arguments)}
        if origin is Literal:
            return {"enum": list(arguments)}
        if origin in (Union, types.UnionType):
            return self._union([one for one in arguments if one is not Omitted])
        if origin is tuple:
            return {"type": "array", "items": self.of(arguments[0])}
        if origin is Mapping:
            return {"type": "object", "additionalProperties": self.of(arguments[1])}
        if wanted in _TYPES:
            return {"type": _TYPES[wanted]}
        return self._record(wanted)

    def _union(self, wanted: Sequence[Any]) -> Json:
        schemas = [self.of(one) for one in wanted]
        if all(set(schema) == {"type"} for schema in schemas):
            return {"type": [schema["type"] for schema in schemas]}
        return {"anyOf": schemas}

    def _record(self, cls: Any) -> Json:
        name = cls.__name__
        if name not in self.found:
            self.found[name] = {}
            about, notes = _docs(cls)
            hints = hints_of(cls)
            properties = {
                field.name: {
                    **self.of(hints[field.name]),
                    **({"description": notes[field.name]} if field.name in notes else {}),
                }
                for field in dataclasses.fields(cls)
            }
            required = [field.name for field in dataclasses.fields(cls) if is_required(field)]
            self.found[name] = {
                "type": "object",
                "description": about,
                "properties": properties,
                **({"required": required} if required else {}),
                "additionalProperties": False,
            }
        return {"$ref": f"#/components/schemas/{name}"}


_TYPES: Final[Mapping[Any, str]] = {
    str: "string",
    int: "integer",
    float: "number",
    bool: "boolean",
    type(None): "null",
}


def _bounds(arguments: Sequence[Any]) -> Json:
    bounds: dict[str, Json] = {}
    is_text = plain(arguments[0]) is str
    for limit in arguments[1:]:
        if isinstance(limit, Limits):
            for name, bound in (("min", limit.at_least), ("max", limit.at_most)):
                if bound is not None:
                    bounds[f"{name}Length" if is_text else f"{name}imum"] = bound
    return bounds


def notes_of(cls: Any) -> dict[str, str]:
    """Return the descriptions of the attributes of the dataclass *cls*, by name."""
    return _docs(cls)[1]


def _docs(cls: Any) -> tuple[str, dict[str, str]]:
    """Return the description of *cls* from its docstring, and those of its attributes."""
    about, _, attributes = (cls.__doc__ or "").partition("Attributes:")
    notes: dict[str, str] = {}
    name = ""
    for line in attributes.splitlines():
        text = line.strip()
        head, colon, rest = text.partition(": ")
        if colon and head.isidentifier() and line.startswith("        ") and line[8] != " ":
            name, notes[head] = head, rest
        elif text and name:
            notes[name] += f" {text}"
    return " ".join(about.split()), notes
