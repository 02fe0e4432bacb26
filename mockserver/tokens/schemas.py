"""Reading JSON Schemas: what is stated in them, and what their references point at.

Schemas come from clients as they are: whatever is not of the expected type reads as absent.
"""

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias, cast

Schema: TypeAlias = Mapping[str, Any]


def as_schema(value: Any) -> Schema | None:
    """Return *value* if it is a JSON object, else None."""
    return cast("Schema", value) if isinstance(value, Mapping) else None


def as_list(value: Any) -> Sequence[Any] | None:
    """Return *value* if it is a JSON array with something in it, else None."""
    return cast("Sequence[Any]", value) if isinstance(value, list) and value else None


def text_at(schema: Schema, key: str) -> str:
    """Return the text at *key*; nothing if it is blank, absent or no text."""
    value = schema.get(key)
    return value if isinstance(value, str) and value.strip() else ""


def variants_of(schema: Any) -> Sequence[Any] | None:
    """Return the alternatives of a union, or None if *schema* is none.

    A list of types is a union whose variants each have a copy of everything else but the
    title: so a description is billed three times (28 of 30 requests: crewAI, ellmer, rig).
    """
    content = as_schema(schema)
    if content is None:
        return None
    found = as_list(content.get("anyOf")) or as_list(content.get("oneOf"))
    types = as_list(content.get("type"))
    if found or not types:
        return found
    shared = {key: value for key, value in content.items() if key != "title"}
    return [{**shared, "type": name} for name in types]


def resolved(schema: Any, root: Schema, within: tuple[str, ...] = ()) -> Any:
    """Return *schema* with each local `$ref` replaced by what it points at in *root*.

    Keys beside a `$ref` win over those of its target. What points at nothing, or at what it
    stands in, becomes the empty schema, which is any value.
    """
    parts = as_list(schema)
    if parts is not None:
        return [resolved(part, root, within) for part in parts]
    content = as_schema(schema)
    if content is None:
        return schema
    reference = content.get("$ref")
    if isinstance(reference, str):
        target = None if reference in within else _at(root, reference)
        if target is None:
            return {}
        beside = {key: value for key, value in content.items() if key != "$ref"}
        return resolved({**target, **beside}, root, (*within, reference))
    return {
        key: value if key in _VALUES else resolved(value, root, within)
        for key, value in content.items()
        if key not in _DEFINITIONS
    }


_VALUES = frozenset({"default", "enum", "const", "examples"})
"""Keywords whose values are data: no schema is in them."""
_DEFINITIONS = frozenset({"$defs", "definitions"})


def _at(root: Schema, reference: str) -> Schema | None:
    """Return what the JSON pointer *reference* (`#/$defs/Name`) finds, or None."""
    found: Any = root
    for step in reference.removeprefix("#").strip("/").split("/") if reference != "#" else ():
        content = as_schema(found)
        if content is None or step not in content:
            return None
        found = content[step]
    return as_schema(found)
