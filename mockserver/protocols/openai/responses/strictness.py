"""Schemas of functions that nobody called strict: the API makes them so where it can.

Source:
    1,500 functions in recorded answers of 2025-09 to 2026-08.
"""

from collections.abc import Mapping
from typing import Any, Final

from mockserver.protocols.openai.validation import schemas
from mockserver.wire.jsontext import JsonValue, is_list, is_object

_NOTHING: Final[Mapping[str, JsonValue]] = {
    "additionalProperties": False,
    "type": "object",
    "properties": {},
    "required": [],
}
"""What a function without parameters takes."""
_DEEPEST: Final = 50


def made_strict(schema: Mapping[str, Any] | None) -> tuple[JsonValue, bool]:
    """Return *schema* made strict, and True; or as it is, and False, where that cannot be.

    Objects get no members besides those that are named, and all of these become required,
    whatever their types.
    """
    if schema is None:
        return dict(_NOTHING), True
    try:
        strict = _strict(schema, 0)
    except _CannotBeStrictError:
        return schema, False
    is_refused = schemas.refusal(strict, strict=True, use="function") is not None
    return (schema, False) if is_refused else (strict, True)


class _CannotBeStrictError(Exception):
    """An object takes members that it does not name."""


def _strict(schema: JsonValue, depth: int) -> JsonValue:
    if depth > _DEEPEST:
        raise _CannotBeStrictError
    if not is_object(schema):
        return schema
    made: dict[str, JsonValue] = dict(schema)
    for key in ("properties", "$defs", "definitions"):
        if is_object(made.get(key)):
            made[key] = {name: _strict(one, depth + 1) for name, one in made[key].items()}
    if "items" in made:
        made["items"] = _strict(made["items"], depth + 1)
    for key in ("anyOf", "prefixItems"):
        if is_list(made.get(key)):
            made[key] = [_strict(one, depth + 1) for one in made[key]]
    if is_object(made.get("properties")):
        if made.get("additionalProperties") not in (None, False):
            raise _CannotBeStrictError
        # What is new comes last, in this order.
        made["additionalProperties"] = False
        made["required"] = list(made["properties"])
    return made
