"""JSON values of a request, each checked for the type that the protocol requires.

A value of another type is refused with its place, in the words of the gateway's validator.

Source:
    "Invalid input: expected string, received array" and its like are zod's, as answered by the
    gateway in 2026; so is the discriminator's text, which it has for its other endpoints.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final, NoReturn, TypeGuard

from mockserver.conversation import ApiError
from mockserver.protocols.openai.validation import read_body
from mockserver.providers.vercel_gateway.refusals import refused
from mockserver.wire.http_request import HttpRequest

Record = Mapping[str, Any]

ABSENT: Final = object()
"""Marks a missing member, which differs from null."""


def read_record(http: HttpRequest) -> Record:
    """Return the JSON object that *http* carries.

    Raises:
        ApiError: It carries none.

    """
    try:
        return read_body(http)
    except ApiError:
        try:
            parsed: Any = json.loads(http.body) if http.is_readable else {}
        except (ValueError, RecursionError):
            parsed = {}
        if not isinstance(parsed, dict):
            _mismatch("", "object", parsed)
        raise refused("Invalid JSON in request body") from None


def _mismatch(place: str, expected: str, value: Any) -> NoReturn:
    prefix = f"{place}: " if place else ""
    raise refused(f"{prefix}Invalid input: expected {expected}, received {_type_of(value)}")


def _type_of(value: Any) -> str:
    """Return what zod calls the type of *value*."""
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int() | float():
            return "number"
        case str():
            return "string"
        case list():
            return "array"
        case dict():
            return "object"
        case _:
            return "undefined"


def text(owner: Record, key: str, place: str) -> str:
    """Return the member *key* of *owner*, which is at *place*: a text."""
    value = owner.get(key, ABSENT)
    return value if isinstance(value, str) else _mismatch(_at(place, key), "string", value)


def optional_text(owner: Record, key: str, place: str) -> str | None:
    """Return the member *key* of *owner*, a text, or None if it is missing."""
    return text(owner, key, place) if key in owner else None


def number(owner: Record, key: str, place: str = "") -> float | None:
    """Return the member *key* of *owner*, a number, or None if it is missing."""
    value = owner.get(key, ABSENT)
    if value is ABSENT:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        _mismatch(_at(place, key), "number", value)
    return value


def record(owner: Record, key: str, place: str) -> Record:
    """Return the member *key* of *owner*, which is at *place*: an object."""
    value = owner.get(key, ABSENT)
    return as_record(value, _at(place, key))


def optional_record(owner: Record, key: str, place: str = "") -> Record | None:
    """Return the member *key* of *owner*, an object, or None if it is missing."""
    return record(owner, key, place) if key in owner else None


def records(owner: Record, key: str, place: str) -> Sequence[tuple[str, Record]]:
    """Return the objects in the array *key* of *owner*, each with its place."""
    return [(at, as_record(item, at)) for at, item in _items(owner, key, place)]


def texts(owner: Record, key: str) -> tuple[str, ...]:
    """Return the texts in the array *key* of *owner*; empty if it is missing."""
    if key not in owner:
        return ()
    found: list[str] = []
    for at, item in _items(owner, key, ""):
        if not isinstance(item, str):
            _mismatch(at, "string", item)
        found.append(item)
    return tuple(found)


def as_record(value: Any, place: str) -> Record:
    """Return *value*, which is at *place*: an object."""
    return value if _is_record(value) else _mismatch(place, "object", value)


def one_of(owner: Record, key: str, place: str, known: Sequence[str]) -> str:
    """Return the member *key* of *owner*, which distinguishes kinds of objects."""
    value = owner.get(key)
    if isinstance(value, str) and value in known:
        return value
    expected = " | ".join(f"'{word}'" for word in known)
    raise refused(f"{_at(place, key)}: Invalid discriminator value. Expected {expected}")


def _items(owner: Record, key: str, place: str) -> Sequence[tuple[str, Any]]:
    value = owner.get(key, ABSENT)
    at = _at(place, key)
    if not _is_array(value):
        _mismatch(at, "array", value)
    return [(f"{at}.{index}", item) for index, item in enumerate(value)]


def _is_record(value: Any) -> TypeGuard[dict[str, Any]]:
    return isinstance(value, dict)


def _is_array(value: Any) -> TypeGuard[list[Any]]:
    return isinstance(value, list)


def _at(place: str, key: str) -> str:
    return f"{place}.{key}" if place else key
