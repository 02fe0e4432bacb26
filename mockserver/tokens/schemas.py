"""Reading JSON Schemas: their members, and the targets of their references.

Schemas come from clients as they are: whatever is not of the expected type reads as absent.
"""

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias, cast

from mockserver.tokens.evidence import NO_RULE, Rule

Schema: TypeAlias = Mapping[str, Any]


def as_schema(value: Any) -> Schema | None:
    """Return *value* if it is a JSON object, otherwise None."""
    return cast("Schema", value) if isinstance(value, Mapping) else None


def as_list(value: Any) -> Sequence[Any] | None:
    """Return *value* if it is a JSON array that is not empty, otherwise None."""
    return cast("Sequence[Any]", value) if isinstance(value, list) and value else None


def text_at(schema: Schema, key: str) -> str:
    """Return the text at *key*; empty if it is blank, absent or not a text."""
    value = schema.get(key)
    return value if isinstance(value, str) and value.strip() else ""


def variants_of(schema: Any) -> Sequence[Any] | None:
    """Return the alternatives of a union, or None if *schema* is not one.

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


def resolved(root: Schema) -> tuple[Schema, Rule]:
    """Return *root* with each local `$ref` in it replaced by its target, and the rules it is by.

    Keys beside a `$ref` are left out: a request with some cost 7 less than if they were shown.
    What points at nothing, or at what it stands in, becomes the empty schema, which is any value.
    So does what is too much: thirty definitions that each refer twice to the next make a billion.
    """
    resolver = _Resolver(root)
    return as_schema(resolver.resolve(root, (), 0)) or {}, resolver.used


MOST_NODES = 100_000
"""More objects and lists than any model's context has room for."""
_DEEPEST = 250
"""Deeper than a body may nest; far less deep than Python can read."""


class _Resolver:
    def __init__(self, root: Schema) -> None:
        self._root = root
        self._left = MOST_NODES
        self.used = NO_RULE

    def resolve(self, schema: Any, within: tuple[str, ...], depth: int) -> Any:
        """Return *schema*, which is inside *within* references, without any."""
        parts = as_list(schema)
        content = as_schema(schema)
        if parts is None and content is None:
            return schema
        self._left -= 1
        if self._left < 0 or depth > _DEEPEST:
            self.used |= Rule.TYPES_WITHOUT_END
            return {}
        if parts is not None:
            return [self.resolve(part, within, depth + 1) for part in parts]
        assert content is not None
        reference = content.get("$ref")
        if isinstance(reference, str):
            if len(content) > 1:
                self.used |= Rule.REFERENCES_WITH_SIBLINGS
            target = None if reference in within else _at(self._root, reference)
            if target is None:
                self.used |= Rule.TYPES_WITHOUT_END
                return {}
            return self.resolve(target, (*within, reference), depth + 1)
        return {
            key: value if key in _VALUES else self.resolve(value, within, depth + 1)
            for key, value in content.items()
            if key not in _DEFINITIONS
        }


_VALUES = frozenset({"default", "enum", "const", "examples"})
"""Keywords whose values are data and contain no schemas."""
_DEFINITIONS = frozenset({"$defs", "definitions"})


def _at(root: Schema, reference: str) -> Schema | None:
    """Return the target of the JSON pointer *reference* (`#/$defs/Name`), or None."""
    found: Any = root
    for step in reference.removeprefix("#").strip("/").split("/") if reference != "#" else ():
        content = as_schema(found)
        if content is None or step not in content:
            return None
        found = content[step]
    return as_schema(found)
