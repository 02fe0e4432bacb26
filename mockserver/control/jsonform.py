"""Typed values as JSON, and back: the annotations of a dataclass define its members.

The same annotations become JSON Schemas (`mockserver.control.schemas`), so that the OpenAPI
document describes exactly what is read and written.
"""

import dataclasses
import json
import math
import types
from collections.abc import Iterable, Mapping, Sequence
from enum import Enum
from functools import cache
from typing import (
    Annotated,
    Any,
    Final,
    Literal,
    TypeAlias,
    TypeVar,
    Union,
    cast,
    get_args,
    get_origin,
    get_type_hints,
)

from mockserver.errors import did_you_mean

T = TypeVar("T")

Json: TypeAlias = Any
"""Any JSON value."""
DEEPEST: Final = 64
"""How deep JSON may nest."""


SHOWN: Final = 20
"""Texts up to this length are quoted in errors: longer ones may be secrets."""


class Omitted(Enum):
    """The default of a member whose absence does not mean null."""

    OMITTED = "omitted"


OMITTED: Final = Omitted.OMITTED


@dataclasses.dataclass(frozen=True, slots=True)
class Limits:
    """How large or small a value may be: the bounds of a number, or the lengths of a text."""

    at_least: float | None = None
    at_most: float | None = None

    def allow(self, value: float | str) -> bool:
        """Return whether *value* is within."""
        size = len(value) if isinstance(value, str) else value
        low = self.at_least is None or size >= self.at_least
        return low and (self.at_most is None or size <= self.at_most)

    def __str__(self) -> str:
        low = "" if self.at_least is None else f"at least {self.at_least:g}"
        high = "" if self.at_most is None else f"at most {self.at_most:g}"
        return " and ".join(filter(None, (low, high)))


class Misshapen(ValueError):  # noqa: N818 - it is about a value, as `BadValue` is
    """JSON does not fit; *at* says where, as in `rules[0].name`."""

    def __init__(self, at: str, what: str, hint: str | None = None) -> None:
        super().__init__(f"{at}: {what}" if at else what)
        self.at = at
        self.what = what
        self.hint = hint


class OutOfBounds(Misshapen):
    """JSON fits, but is too large or too small."""


# --- Values to JSON --------------------------------------------------------------------------


def to_json(value: Any) -> Json:
    """Return *value* as JSON, without members that are omitted."""
    if value is None or isinstance(value, str | int | float | bool):
        # JSON has no infinities and no NaN.
        return value if not isinstance(value, float) or math.isfinite(value) else None
    if isinstance(value, Mapping):
        items = cast(Mapping[str, Any], value).items()
        return {key: to_json(member) for key, member in items}
    if isinstance(value, list | tuple):
        return [to_json(item) for item in cast(Iterable[Any], value)]
    kind: Any = type(cast(object, value))
    return {
        name: to_json(member)
        for name in _names(kind)
        if (member := getattr(value, name)) is not OMITTED
    }


@cache
def _names(cls: Any) -> tuple[str, ...]:
    return tuple(field.name for field in dataclasses.fields(cls))


# --- JSON to values --------------------------------------------------------------------------


def from_json(cls: type[T], value: Json, *, lenient: bool = False) -> T:
    """Return *value* as a *cls*.

    Args:
        cls: A dataclass.
        value: What was read.
        lenient: Whether unknown members are ignored: a newer server must not break an older
            client.

    Raises:
        Misshapen: It does not fit.

    """
    return cast(T, _Reader(lenient=lenient).read(cls, value, ""))


def from_query(cls: type[T], pairs: Sequence[tuple[str, str]]) -> T:
    """Return the parameters of a query as a *cls*; lists may repeat a name.

    Raises:
        Misshapen: They do not fit.

    """
    found: dict[str, Any] = {}
    key: Any = cls  # mypy takes the hash of a class for that of its instances
    hints = hints_of(key)
    for name, text in pairs:
        wanted = plain(hints.get(name))
        if get_origin(wanted) is tuple:
            found.setdefault(name, []).append(_from_text(get_args(wanted)[0], text))
        elif name in found:
            raise Misshapen(name, "the parameter is given twice")
        else:
            found[name] = _from_text(wanted, text)
    return from_json(cls, found)


def plain(annotation: Any) -> Any:
    """Return the type that *annotation* has when a value is present."""
    if get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    if get_origin(annotation) in (Union, types.UnionType):
        rest = [one for one in get_args(annotation) if one is not type(None)]
        return plain(rest[0]) if len(rest) == 1 else annotation
    return annotation


def _from_text(wanted: Any, text: str) -> Any:
    if wanted is bool:
        return {"true": True, "false": False}.get(text, text)
    if wanted in (int, float):
        try:
            return wanted(text)
        except ValueError:
            return text
    return text


@cache
def hints_of(cls: Any) -> Mapping[str, Any]:
    """Return the annotations of the dataclass *cls*, by name."""
    return get_type_hints(cls, include_extras=True)


_CALLED: Final[Mapping[Any, str]] = {
    str: "text",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    type(None): "null",
}


class _Reader:
    """Reads one document."""

    def __init__(self, *, lenient: bool) -> None:
        self._lenient = lenient

    def read(self, wanted: Any, value: Json, at: str) -> Any:
        """Return *value*, found at *at*, as the annotation *wanted* requires."""
        if wanted is Any:
            _refuse_depth(value, at)
            return value
        origin, arguments = get_origin(wanted), get_args(wanted)
        if origin is Annotated:
            found = self.read(arguments[0], value, at)
            self._check(arguments[1:], found, at)
            return found
        if origin is Literal:
            if value in arguments:
                return value
            known = [str(one) for one in arguments]
            hint = did_you_mean(value, known) if isinstance(value, str) else None
            raise Misshapen(at, f"expected one of {', '.join(known)}, got {_shown(value)}", hint)
        if origin in (Union, types.UnionType):
            return self._one_of(arguments, value, at)
        if origin is tuple:
            if not isinstance(value, list):
                raise Misshapen(at, f"expected a list, got {_shown(value)}")
            items = enumerate(cast(Sequence[Any], value))
            return tuple(self.read(arguments[0], item, f"{at}[{n}]") for n, item in items)
        if origin is Mapping:
            members = self._members(value, at)
            return {k: self.read(arguments[1], member, _below(at, k)) for k, member in members}
        if wanted in _CALLED:
            return self._scalar(wanted, value, at)
        return self._record(wanted, value, at)

    def _check(self, limits: Sequence[Any], found: Any, at: str) -> None:
        for limit in limits:
            if isinstance(limit, Limits) and found is not None and not limit.allow(found):
                of = " characters" if isinstance(found, str) else ""
                raise OutOfBounds(at, f"expected {limit}{of}, got {_shown(found)}")

    def _one_of(self, arguments: Sequence[Any], value: Json, at: str) -> Any:
        wanted = [one for one in arguments if one is not Omitted]
        problem: Misshapen | None = None
        for one in wanted:
            try:
                return self.read(one, value, at)
            except OutOfBounds:
                raise
            except Misshapen as error:
                # The alternative that got furthest is the one that was meant.
                if problem is None or len(error.at) > len(problem.at):
                    problem = error
        if problem is not None and problem.at != at:
            raise problem
        called = " or ".join(dict.fromkeys(_called(one) for one in wanted))
        raise Misshapen(at, f"expected {called}, got {_shown(value)}")

    def _scalar(self, wanted: Any, value: Json, at: str) -> Any:
        kind = type(cast(object, value))
        if wanted is float and kind is int:
            return value
        if kind is not wanted:
            raise Misshapen(at, f"expected {_CALLED[wanted]}, got {_shown(value)}")
        return value

    def _members(self, value: Json, at: str) -> Iterable[tuple[str, Json]]:
        if not isinstance(value, dict):
            raise Misshapen(at, f"expected an object, got {_shown(value)}")
        return cast(dict[str, Json], value).items()

    def _record(self, cls: Any, value: Json, at: str) -> Any:
        hints = hints_of(cls)
        found: dict[str, Any] = {}
        for name, member in self._members(value, at):
            if name in hints:
                found[name] = self.read(hints[name], member, _below(at, name))
            elif not self._lenient:
                hint = did_you_mean(name, hints) or f"known are {', '.join(hints) or 'none'}"
                raise Misshapen(_below(at, name), f"unknown member '{name}'", hint)
        for field in dataclasses.fields(cls):
            if field.name not in found and is_required(field):
                raise Misshapen(at, f"the member '{field.name}' is missing")
        try:
            return cls(**found)
        except ValueError as error:
            raise Misshapen(at, str(error)) from error


def is_required(field: "dataclasses.Field[Any]") -> bool:
    """Return whether *field* has no default."""
    missing = dataclasses.MISSING
    return field.default is missing and field.default_factory is missing


def _below(at: str, name: str) -> str:
    return f"{at}.{name}" if at else name


def _called(wanted: Any) -> str:
    if wanted in _CALLED:
        return _CALLED[wanted]
    origin = get_origin(wanted)
    if origin is Annotated:
        return _called(get_args(wanted)[0])
    if origin is Literal:
        return " or ".join(f"'{one}'" for one in get_args(wanted))
    return "a list" if origin is tuple else "an object"


def _shown(value: Json) -> str:
    """Describe *value* without quoting long texts: they may be secrets."""
    if isinstance(value, str):
        return f"'{value}'" if len(value) <= SHOWN else f"a text of {len(value)} characters"
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list):
        return "a list"
    return json.dumps(value)[:SHOWN]


def _refuse_depth(value: Json, at: str) -> None:
    """Refuse JSON that nests too deep, level by level and without recursion."""
    level: list[Any] = [value]
    for _ in range(DEEPEST):
        level = [
            child
            for owner in level
            for child in (
                cast(dict[str, Any], owner).values()
                if isinstance(owner, dict)
                else cast(Sequence[Any], owner)
                if isinstance(owner, list)
                else ()
            )
            if isinstance(child, dict | list)
        ]
        if not level:
            return
    raise Misshapen(at, f"nested deeper than {DEEPEST} levels")
