"""Checks of single values: whole numbers, decimals, strings, choices and their like.

A function that returns a `Check` takes what a parameter may be; the check refuses the rest. Its
path is baked in: bodies are checked on the hot path, and messages are written in cold blood.
The others take a value and its place, and return it if it is of the kind in their name.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeAlias, TypeGuard

from mockserver.protocols.openai.validation import faults

Body: TypeAlias = Mapping[str, Any]

Check: TypeAlias = Callable[[Any, Body], None]
"""Refuse a value that is not null, as a member of the body, by raising an `ApiError`."""

MOST_FUNCTION_NAME: Final = 128
"""The longest name of a function; 64 until some time before 2026-10."""

_NAME_PATTERN: Final = "^[a-zA-Z0-9_-]+$"
_is_name: Final = re.compile("[a-zA-Z0-9_-]+").fullmatch


def anything(value: Any, body: Body) -> None:
    """Accept any value: it is checked elsewhere."""


def integer(path: str, least: int, most: int | None = None) -> Check:
    """Return the check of a whole number from *least* to *most*; 1.0 is not one."""

    def check(value: Any, _: Body) -> None:
        if type(value) is not int:
            raise faults.wrong_type(path, "an integer", value)
        if value < least:
            raise faults.below_minimum(path, "integer", least, value)
        if most is not None and value > most:
            raise faults.above_maximum(path, "integer", most, value)

    return check


def number(path: str) -> Check:
    """Return the check of a number, whichever it is."""

    def check(value: Any, _: Body) -> None:
        if type(value) is not float and type(value) is not int:
            raise faults.wrong_type(path, "a decimal", value)

    return check


def decimal(path: str, least: int, most: int) -> Check:
    """Return the check of a number from *least* to *most*."""
    check_number = number(path)

    def check(value: Any, body: Body) -> None:
        check_number(value, body)
        if value < least:
            raise faults.below_minimum(path, "decimal", least, value)
        if value > most:
            raise faults.above_maximum(path, "decimal", most, value)

    return check


def boolean(path: str) -> Check:
    """Return the check of true or false."""

    def check(value: Any, _: Body) -> None:
        if type(value) is not bool:
            raise faults.wrong_type(path, "a boolean", value)

    return check


def string(path: str, most: int | None = None) -> Check:
    """Return the check of a string of at most *most* characters."""

    def check(value: Any, _: Body) -> None:
        if type(value) is not str:
            raise faults.wrong_type(path, "a string", value)
        if most is not None and len(value) > most:
            raise faults.long_string(path, most, len(value))

    return check


def choice(path: str, supported: Sequence[str], tacit: Sequence[str] = ()) -> Check:
    """Return the check of a string out of *supported*; *tacit* ones pass but are not named."""
    accepted = {*supported, *tacit}

    def check(value: Any, _: Body) -> None:
        if type(value) is not str:
            raise faults.wrong_type(path, f"one of {faults.listed(supported, 'or')}", value)
        if value not in accepted:
            raise faults.not_listed(path, value, supported)

    return check


def refused(path: str, hint: str = "") -> Check:
    """Return the check of a parameter that the model does not support with any value."""

    def check(_: Any, __: Body) -> None:
        raise faults.unsupported_parameter(path, hint)

    return check


def is_record(value: Any) -> TypeGuard[dict[str, Any]]:
    """Return whether *value* is a JSON object."""
    return type(value) is dict


def is_array(value: Any) -> TypeGuard[list[Any]]:
    """Return whether *value* is a JSON array."""
    return type(value) is list


def text(value: Any, path: str) -> str:
    """Return *value*, a string."""
    if type(value) is not str:
        raise faults.wrong_type(path, "a string", value)
    return value


def record(value: Any, path: str) -> dict[str, Any]:
    """Return *value*, an object."""
    if not is_record(value):
        raise faults.wrong_type(path, "an object", value)
    return value


def array(value: Any, path: str, expected: str = "an array of objects") -> list[Any]:
    """Return *value*, an array, which the validator calls *expected*."""
    if not is_array(value):
        raise faults.wrong_type(path, expected, value)
    return value


def member(owner: Mapping[str, Any], key: str, path: str) -> Any:
    """Return the member *key* of *owner*, which is at *path*; it may be null."""
    value = owner.get(key)
    if value is None and key not in owner:
        raise faults.missing(f"{path}.{key}")
    return value


def text_member(owner: Mapping[str, Any], key: str, path: str) -> str:
    """Return the member *key* of *owner*, a string."""
    return text(member(owner, key, path), f"{path}.{key}")


def record_member(owner: Mapping[str, Any], key: str, path: str) -> dict[str, Any]:
    """Return the member *key* of *owner*, an object."""
    return record(member(owner, key, path), f"{path}.{key}")


def flag(owner: Mapping[str, Any], key: str, path: str) -> bool:
    """Return the member *key* of *owner*, a boolean; null and absent mean false."""
    value = owner.get(key)
    if value is not None and type(value) is not bool:
        raise faults.wrong_type(f"{path}.{key}", "a boolean", value)
    return bool(value)


def name_member(owner: Mapping[str, Any], path: str, most: int) -> str:
    """Return the `name` of *owner*: of plain characters, and at most *most* of them."""
    return name(text_member(owner, "name", path), f"{path}.name", most)


def name(value: str, path: str, most: int) -> str:
    """Return *value*, checked as a name: of plain characters, and at most *most* of them."""
    if not value:
        raise faults.empty_string(path)
    if len(value) > most:
        raise faults.long_string(path, most, len(value))
    if _is_name(value) is None:
        raise faults.bad_characters(path, _NAME_PATTERN)
    return value
