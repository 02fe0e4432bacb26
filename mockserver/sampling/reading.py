"""Schemas come from clients, so they are read tolerantly: what is of a wrong kind is not there."""

import math
from collections.abc import Hashable, Mapping
from fractions import Fraction
from typing import Any, TypeGuard, cast

from mockserver.wire.jsontext import JsonValue


def is_object(value: JsonValue) -> TypeGuard[Mapping[str, Any]]:
    """Return whether *value* is a JSON object."""
    # First what nearly all are: the check of an abstract class takes ten times as long.
    return type(value) is dict or isinstance(value, Mapping)


def is_array(value: JsonValue) -> TypeGuard[list[Any]]:
    """Return whether *value* is a JSON array."""
    return isinstance(value, list)


def members(value: JsonValue) -> Mapping[str, Any]:
    """Return *value* if it is an object, else an empty one."""
    return value if is_object(value) else {}


def listed(value: JsonValue) -> list[Any]:
    """Return *value* if it is an array, else an empty one."""
    return value if is_array(value) else []


def names(value: JsonValue) -> list[str]:
    """Return the strings in the array *value*, or *value* itself where it is one string."""
    if isinstance(value, str):
        return [value]
    return [name for name in listed(value) if isinstance(name, str)]


def number(value: JsonValue) -> Fraction | None:
    """Return the number *value* as it is written in decimal, exactly; None if it is none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if isinstance(value, int):
        return Fraction(value)
    return Fraction(repr(value)) if math.isfinite(value) else None


def whole(value: JsonValue) -> int | None:
    """Return *value* as a count, at least 0; None if it is none. JSON's 3.0 is a 3."""
    exact = number(value)
    return int(exact) if exact is not None and exact >= 0 and exact.denominator == 1 else None


def kind_of(value: JsonValue) -> str:
    """Return which JSON Schema type *value* has; whole numbers are integers."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, str):
        return "string"
    if isinstance(value, int | float):
        return "integer" if float_is_whole(value) else "number"
    return "array" if is_array(value) else "object"


def float_is_whole(value: float) -> bool:
    """Return whether *value* has no fraction, whatever it is written like."""
    return isinstance(value, int) or value.is_integer()


def copied(value: JsonValue) -> JsonValue:
    """Return a value like *value* that shares nothing that can change with it."""
    if is_object(value):
        return {name: copied(member) for name, member in value.items()}
    return [copied(item) for item in value] if is_array(value) else value


def identity(value: JsonValue) -> Hashable:
    """Return what equal JSON values share, and others do not: 1 is 1.0, but no true."""
    if is_object(value):
        return ("object", frozenset((name, identity(member)) for name, member in value.items()))
    if is_array(value):
        return ("array", tuple(identity(item) for item in value))
    return (isinstance(value, bool), cast("Hashable", value))
