"""Shapes that values may have, wherever they are: each is told the place of what it looks at.

A shape refuses what does not fit it, in the words of the newer, schema-driven validator. Null is
as good as absence for members that may be absent; where a value must be, null is of a wrong type.

Source:
    Live calls to gpt-5.6-terra published by a third party, 2026-08-30 and 2026-08-31; refusals
    pasted in public issues and sources, 2025 and 2026.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Final, TypeAlias

from mockserver.protocols.openai.validation import faults, values

Shape: TypeAlias = Callable[[Any, str], None]
"""Refuse a value at a place, by raising an `ApiError`."""

_LONG_NAME: Final = 16
"""Names that are longer are cut where many are listed; 12 characters are not, and 20 are."""
_SHOWN: Final = 3


def anything(value: Any, path: str) -> None:
    """Accept any value."""


def text(most: int | None = None, least: int = 0) -> Shape:
    """Return the shape of a string of *least* to *most* characters."""

    def check(value: Any, path: str) -> None:
        if type(value) is not str:
            raise faults.wrong_type(path, "a string", value)
        if len(value) < least:
            raise faults.empty_string(path)
        if most is not None and len(value) > most:
            raise faults.long_string(path, most, len(value))

    return check


def name(most: int) -> Shape:
    """Return the shape of a name of plain characters, at most *most* of them."""

    def check(value: Any, path: str) -> None:
        values.name(values.text(value, path), path, most)

    return check


def word(*supported: str, tacit: Collection[str] = ()) -> Shape:
    """Return the shape of a string out of *supported*; *tacit* ones pass but are not named."""
    accepted = {*supported, *tacit}

    def check(value: Any, path: str) -> None:
        if type(value) is not str:
            raise faults.wrong_type(path, f"one of {faults.listed(supported, 'or')}", value)
        if value not in accepted:
            raise faults.not_listed(path, value, supported)

    return check


def words(*supported: str) -> Shape:
    """Return the shape of an array of strings out of *supported*."""
    shown = [_cut(one) for one in supported]
    return array(word(*supported), f"an array of one of {faults.listed(shown, 'or')}")


def _cut(one: str) -> str:
    return one if len(one) <= _LONG_NAME else f"{one[:_SHOWN]}...{one[-_SHOWN:]}"


def integer(least: int | None = None, most: int | None = None) -> Shape:
    """Return the shape of a whole number from *least* to *most*; 1.0 is not one."""

    def check(value: Any, path: str) -> None:
        if type(value) is not int:
            raise faults.wrong_type(path, "an integer", value)
        if least is not None and value < least:
            raise faults.below_minimum(path, "integer", least, value)
        if most is not None and value > most:
            raise faults.above_maximum(path, "integer", most, value)

    return check


def decimal(least: int | None = None, most: int | None = None) -> Shape:
    """Return the shape of a number from *least* to *most*."""

    def check(value: Any, path: str) -> None:
        if type(value) is not float and type(value) is not int:
            raise faults.wrong_type(path, "a decimal", value)
        if least is not None and value < least:
            raise faults.below_minimum(path, "decimal", least, value)
        if most is not None and value > most:
            raise faults.above_maximum(path, "decimal", most, value)

    return check


def flag(value: Any, path: str) -> None:
    """Refuse anything but true and false."""
    if type(value) is not bool:
        raise faults.wrong_type(path, "a boolean", value)


def mapping(value: Any, path: str) -> None:
    """Refuse anything but an object, whatever its members."""
    values.record(value, path)


def array(item: Shape, expected: str = "an array of objects", least: int = 0) -> Shape:
    """Return the shape of an array of *item*, which the validator calls *expected*."""

    def check(value: Any, path: str) -> None:
        items = values.array(value, path, expected)
        if len(items) < least:
            raise faults.empty_array(path)
        for number, one in enumerate(items):
            item(one, f"{path}[{number}]")

    return check


def text_or(other: Shape, expected: str, most: int | None = None) -> Shape:
    """Return the shape of a string, or of an array of the shape *other*.

    *expected* is what the validator calls both together.
    """
    check_text = text(most)

    def check(value: Any, path: str) -> None:
        if type(value) is str:
            check_text(value, path)
        elif values.is_array(value):
            other(value, path)
        else:
            raise faults.wrong_type(path, expected, value)

    return check


def record(required: Mapping[str, Shape], optional: Mapping[str, Shape] | None = None) -> Shape:
    """Return the shape of an object that has the *required* members, and no others but *optional*.

    What is missing is refused first, then what is unknown, then the values, as they are written.
    """
    known = {**required, **(optional or {})}
    must = tuple(required)

    def check(value: Any, path: str) -> None:
        members = values.record(value, path)
        for key in must:
            if key not in members:
                raise faults.missing(f"{path}.{key}")
        for key in members:
            if key not in known:
                raise faults.unknown_parameter(f"{path}.{key}")
        for key, member in members.items():
            if member is not None or key in required:
                known[key](member, f"{path}.{key}")

    return check


def kinds(shapes: Mapping[str, Shape], *, at_member: bool = False) -> Shape:
    """Return the shape of an object whose `type` says which of *shapes* it has.

    Of an unknown type, the place of the object is stated, or that of its type: *at_member*.
    """
    supported: Sequence[str] = tuple(shapes)

    def check(value: Any, path: str) -> None:
        members = values.record(value, path)
        kind = values.member(members, "type", path)
        shape = shapes.get(kind) if type(kind) is str else None
        if shape is None:
            place = f"{path}.type" if at_member else path
            raise faults.not_listed(place, kind if type(kind) is str else "", supported)
        shape(members, path)

    return check
