"""Typed values as JSON, and back: the annotations of a struct define its members.

msgspec reads and checks them, and makes JSON Schemas of the same annotations
(`mockserver.control.schemas`). Added here: unknown members are refused, JSON may nest only so
deep, and an error states the place, the mistake and the nearest name.
"""

import json
import math
import re
import typing
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any, Final, Literal, TypeAlias, TypeVar, cast, get_args, get_origin

import msgspec

from mockserver.errors import did_you_mean

T = TypeVar("T")

Json: TypeAlias = Any
"""Any JSON value."""
DEEPEST: Final = 64
"""How deep JSON may nest."""
SHOWN: Final = 20
"""Texts up to this length are quoted in errors: longer ones may be secrets."""


class Misshapen(ValueError):  # noqa: N818 - it is about a value, as `BadValue` is
    """JSON does not fit; *at* says where, as in `rules[0].name`."""

    def __init__(self, at: str, what: str, hint: str | None = None) -> None:
        super().__init__(f"{at}: {what}" if at else what)
        self.at = at
        self.what = what
        self.hint = hint


def to_json(value: Any) -> Json:
    """Return *value* as JSON, without members that are unset."""
    return _finite(msgspec.to_builtins(value))


def _finite(value: Json) -> Json:
    """Return *value* with null for infinities and NaN, which JSON does not have."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _finite(member) for key, member in cast(dict[str, Json], value).items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in cast(Sequence[Json], value)]
    return value


def from_json(cls: type[T], value: Json) -> T:
    """Return *value*, the body of a request, as a struct *cls*.

    Raises:
        Misshapen: It does not fit.

    """
    return _read(cls, value, strict=True)


def from_query(cls: type[T], pairs: Sequence[tuple[str, str]]) -> T:
    """Return the parameters of a query as a struct *cls*; lists may repeat a name.

    Raises:
        Misshapen: They do not fit.

    """
    found: dict[str, Any] = {}
    known = _annotations(cast(Any, cls))  # mypy takes the hash of a class for that of its instances
    for name, text in pairs:
        if get_origin(known.get(name)) is tuple:
            found.setdefault(name, []).append(text)
        elif name in found:
            raise Misshapen(name, "the parameter is given twice")
        else:
            found[name] = text
    return _read(cls, found, strict=False)


def _read(cls: type[T], value: Json, *, strict: bool) -> T:
    if isinstance(value, dict):
        _refuse_surplus(cls, cast(dict[str, Json], value), "")
    try:
        return msgspec.convert(value, cls, strict=strict)
    except msgspec.ValidationError as error:
        raise _misshapen(error, cls, value) from error
    except UnicodeEncodeError:
        # A lone surrogate where no text may be: msgspec stumbles over it, and says no place.
        text = json.dumps(value, ensure_ascii=False).encode("utf-8", "replace")
        return _read(cls, json.loads(text), strict=strict)


# --- What msgspec does not check -------------------------------------------------------------


def _refuse_surplus(cls: Any, members: Mapping[str, Json], at: str) -> None:
    """Refuse unknown *members* of a *cls*, and what nests too deep in known ones."""
    known = _annotations(cls)
    for name, member in members.items():
        if name not in known:
            hint = did_you_mean(name, known) or f"known are {', '.join(known) or 'none'}"
            raise Misshapen(_below(at, name), f"unknown member '{name}'", hint)
        inner = _struct_in(known[name])
        for place, owner in _spread(member, _below(at, name)):
            if inner is not None:
                _refuse_surplus(inner, owner, place)
                continue
            for key, value in owner.items():
                _refuse_depth(value, _below(place, key))


def _spread(member: Json, at: str) -> Iterator[tuple[str, Mapping[str, Json]]]:
    """Yield the objects that *member* is or lists, each with its place."""
    if isinstance(member, dict):
        yield at, cast(dict[str, Json], member)
    elif isinstance(member, list):
        for number, item in enumerate(cast(Sequence[Any], member)):
            if isinstance(item, dict):
                yield f"{at}[{number}]", cast(dict[str, Json], item)


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


@cache
def _annotations(cls: Any) -> Mapping[str, Any]:
    return typing.get_type_hints(cls, include_extras=True)


def _struct_in(annotation: Any) -> Any:
    """Return the struct that *annotation* is or allows; None: it allows none."""
    for one in (annotation, *get_args(annotation)):
        if isinstance(one, type) and issubclass(one, msgspec.Struct):
            return one
    return None


def _below(at: str, name: str) -> str:
    return f"{at}.{name}" if at else name


# --- Errors of msgspec in our words ----------------------------------------------------------

_SAID: Final = re.compile(r"(.*?)(?: - at `\$([^`]*)`)?", re.DOTALL)
_STEP: Final = re.compile(r"\.(\w+)|\[(\d+|\.\.\.)\]")
_KIND: Final = re.compile(r"Expected `([^`]+)`, got `(\w+)`")
_BOUND: Final = re.compile(r"Expected `(\w+)`(?: of length)? ([<>]=) ([\d.e+]+)")
_TYPES: Final[Mapping[type[Any], str]] = {
    str: "str",
    int: "int",
    float: "float",
    bool: "bool",
    dict: "object",
    list: "array",
}
_CALLED: Final = {
    "str": "text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "null": "null",
    "object": "an object",
    "array": "a list",
}


def _misshapen(error: msgspec.ValidationError, cls: Any, value: Json) -> Misshapen:
    """Return what *error* says of *value*, which does not fit *cls*.

    Its own words name Python's types, and may quote a secret.
    """
    said, path = cast(re.Match[str], _SAID.fullmatch(str(error))).groups("")
    kind = _KIND.match(said)
    at, annotation = "", cls
    for name, index in _STEP.findall(path):
        if name:
            at, value, annotation = _below(at, name), value[name], _annotations(cls)[name]
            cls = _struct_in(annotation)
        elif index == "...":
            # The name is not given: it is the first member of the wrong type.
            wrong = kind[2] if kind else ""
            key = next((key for key, member in value.items() if _type_of(member) == wrong), "")
            at, value = _below(at, key), value.get(key)
        else:
            at, value = f"{at}[{index}]", value[int(index)]
    if isinstance(error.__cause__, ValueError):
        return Misshapen(at, str(error.__cause__))
    if missing := re.match(r"Object missing required field `(\w+)`", said):
        return Misshapen(at, f"the member '{missing[1]}' is missing")
    if words := [
        str(word)
        for one in (annotation, *get_args(annotation))
        if get_origin(one) is Literal
        for word in get_args(one)
    ]:
        hint = did_you_mean(value, words) if isinstance(value, str) else None
        return Misshapen(at, f"expected one of {', '.join(words)}, got {_shown(value)}", hint)
    if kind:
        names = kind[1].split(" | ")
        wanted = [_CALLED[n] for n in names if n != "int" or "float" not in names]
        return Misshapen(at, f"expected {' or '.join(wanted)}, got {_shown(value)}")
    if bound := _BOUND.match(said):
        side = "at least" if bound[2] == ">=" else "at most"
        size = float(bound[3])
        of = f" character{'s' * (size != 1)}" if bound[1] == "str" else ""
        return Misshapen(at, f"expected {side} {size:g}{of}, got {_shown(value)}")
    return Misshapen(at, f"the value is out of range, got {_shown(value)}")


def _type_of(value: object) -> str:
    return next((name for kind, name in _TYPES.items() if type(value) is kind), "null")


def _shown(value: Json) -> str:
    """Describe *value* without quoting long texts: they may be secrets."""
    if isinstance(value, str):
        return f"'{value}'" if len(value) <= SHOWN else f"a text of {len(value)} characters"
    kind = _type_of(value)
    if kind in {"object", "array"}:
        return _CALLED[kind]
    return json.dumps(value)[:SHOWN]
