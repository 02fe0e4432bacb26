"""The schemas of an OpenAPI description, as jsonschema takes them, and closed.

A description leaves its objects open, so that anything may stand beside what it names. Here
nothing may, or a member that is spelt wrong would be valid.
"""

import re
from collections.abc import Iterator
from typing import Any

from jsonschema import Draft202012Validator, ValidationError

COMPONENTS = "#/components/schemas/"


class Schemas:
    """The component schemas of a *description*, each a validator once it is asked for."""

    def __init__(self, description: dict[str, Any]) -> None:
        self._components: dict[str, Any] = description["components"]["schemas"]
        self._definitions: dict[str, Any] = {}
        self._validators: dict[str, Draft202012Validator] = {}

    def faults(self, name: str, value: Any) -> Iterator[str]:
        """Tell what is wrong with *value* as a *name*: `path: what`, indexes written `[]`."""
        if name not in self._validators:
            self._define(name)
            schema = {"$ref": f"#/$defs/{name}", "$defs": self._definitions}
            Draft202012Validator.check_schema(schema)
            self._validators[name] = Draft202012Validator(schema)
        for error in self._validators[name].iter_errors(value):
            for leaf in _leaves(error):
                yield f"{_path(leaf)}: {leaf.message}"

    def _define(self, name: str) -> None:
        if name not in self._definitions:
            self._definitions[name] = {}  # what refers to itself finds this
            self._definitions[name] = self._converted(self._components[name])

    def _converted(self, schema: Any, *, part: bool = False) -> Any:
        """Return *schema* in the words of JSON Schema; *part* of an `allOf`, it stays open."""
        if not isinstance(schema, dict):
            return schema
        if "$ref" in schema:
            name = schema["$ref"].removeprefix(COMPONENTS)
            if part:
                return self._converted(self._components[name], part=True)
            self._define(name)
            return _nullable({"$ref": f"#/$defs/{name}"}, schema)
        kept: dict[str, Any] = {
            key: schema[key]
            for key in ("type", "enum", "const", "required", "pattern", "minimum", "maximum")
            if key in schema
        }
        for key in ("anyOf", "oneOf", "allOf"):
            if key in schema:
                open_parts = part or key == "allOf"
                kept[key] = [self._converted(each, part=open_parts) for each in schema[key]]
        for key in ("items", "additionalProperties"):
            if key in schema:
                kept[key] = self._converted(schema[key])
        if "properties" in schema:
            properties = schema["properties"].items()
            kept["properties"] = {key: self._converted(each) for key, each in properties}
        closing = "properties" in kept or "allOf" in kept
        if closing and not part and "additionalProperties" not in kept:
            kept["unevaluatedProperties"] = False
        return _nullable(kept, schema)


def _nullable(converted: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    # OpenAPI 3.0's word, which this description of version 3.1 has kept in places.
    return {"anyOf": [converted, {"type": "null"}]} if schema.get("nullable") else converted


def _leaves(error: ValidationError) -> Iterator[ValidationError]:
    """Return what is wrong, of several alternatives with the one that fits best."""
    if not error.context:
        yield error
        return
    branches: dict[Any, list[ValidationError]] = {}
    for each in error.context:
        branches.setdefault(each.schema_path[0], []).append(each)
    # An alternative of another type, such as null, is wrong at its root.
    best = min(branches.values(), key=lambda wrong: any(not each.path for each in wrong))
    for each in best:
        yield from _leaves(each)


def _path(error: ValidationError) -> str:
    path = ".".join("[]" if isinstance(key, int) else str(key) for key in error.absolute_path)
    return re.sub(r"\.\[\]", "[]", path)
