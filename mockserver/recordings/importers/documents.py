"""YAML and JSON of other tools as plain values, whoever wrote them.

Of YAML, all is read that recorders write: tags of Python and Ruby name nothing here that is made
or run, what they mark is read as the plain value that it is; `!!binary` is bytes. The limits keep a
hostile file from costing more than its size.
"""

import base64
import binascii
import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, cast

import yaml

from mockserver.recordings.importers.taken import UnreadableError
from mockserver.wire.jsontext import is_list, is_object

MOST_BYTES: Final = 256 * 1024 * 1024
"""The size limit of a file, before and after it is decompressed."""
DEEPEST: Final = 100
MOST_ALIASED: Final = 100_000
"""How many values the aliases of a file may make."""

Json = dict[str, Any]

# The C parser is five times as fast; installations without it have the other.
_LOADER: Final[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_RESOLVERS: Final[Mapping[str, list[tuple[str, Any]]]] = cast(
    Any, yaml.SafeLoader
).yaml_implicit_resolvers
_OF_YAML: Final = "tag:yaml.org,2002:"
_CONSTRUCTOR: Final[Any] = yaml.constructor.SafeConstructor()
_CONSTRUCTED: Final[Mapping[str, Any]] = {
    _OF_YAML + "null": _CONSTRUCTOR.construct_yaml_null,
    _OF_YAML + "bool": _CONSTRUCTOR.construct_yaml_bool,
    _OF_YAML + "int": _CONSTRUCTOR.construct_yaml_int,
    _OF_YAML + "float": _CONSTRUCTOR.construct_yaml_float,
}


def from_json(text: str, shown: str) -> Any:
    """Return the JSON *text* of the file *shown*.

    Raises:
        UnreadableError: It is none.

    """
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        place = f"{shown}:{error.lineno}:{error.colno}"
        raise UnreadableError(f"{place}: this is not JSON: {error.msg}") from error
    except (ValueError, RecursionError) as error:
        raise UnreadableError(f"{shown}: this JSON cannot be read: {error}") from error


def from_yaml(text: str, shown: str) -> Any:
    """Return the YAML *text* of the file *shown*; times stay the texts that they are.

    Raises:
        UnreadableError: It is none, or goes beyond the limits.

    """
    composer = _Composer(shown)
    try:
        for event in cast(Iterator[Any], yaml.parse(text, Loader=_LOADER)):
            composer.take(event)
    except yaml.YAMLError as error:
        mark = cast(Any, getattr(error, "problem_mark", None))
        place = f"{shown}:{mark.line + 1}:{mark.column + 1}" if mark else shown
        problem = cast(Any, getattr(error, "problem", None)) or error
        raise UnreadableError(f"{place}: this is not YAML: {problem}") from error
    return composer.root


@dataclass(slots=True)
class _Open:
    """A list or mapping that is being read."""

    anchor: str | None
    first: int
    value: list[Any] | Json
    key: str | None = None
    merged: list[Any] = field(default_factory=list[Any])


class _Composer:
    """Makes values of the parser's events, without recursion."""

    def __init__(self, shown: str) -> None:
        self._shown = shown
        self._open: list[_Open] = []
        self._anchored: dict[str, tuple[Any, int]] = {}
        self._count = 0
        self._aliased = 0
        self._documents = 0
        self.root: Any = None

    def take(self, event: Any) -> None:
        match event:
            case yaml.ScalarEvent():
                self._scalar(event)
            case yaml.MappingStartEvent() | yaml.SequenceStartEvent():
                self._begin(event)
            case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                self._end()
            case yaml.AliasEvent():
                self._alias(event)
            case yaml.DocumentStartEvent():
                self._documents += 1
                if self._documents > 1:
                    raise self._refused(event, "a second document begins here")
            case _:
                pass

    def _refused(self, event: Any, what: str) -> UnreadableError:
        mark = event.start_mark
        return UnreadableError(f"{self._shown}:{mark.line + 1}:{mark.column + 1}: {what}")

    def _awaits_key(self) -> bool:
        top = self._open[-1] if self._open else None
        return top is not None and isinstance(top.value, dict) and top.key is None

    def _scalar(self, event: Any) -> None:
        self._count += 1
        if self._awaits_key():
            self._open[-1].key = event.value
            return
        value = self._value(event)
        if event.anchor is not None:
            self._anchored[event.anchor] = value, 1
        self._put(value)

    def _value(self, event: Any) -> Any:
        tag: str | None = event.tag
        if tag is None:
            return _resolved(event.value) if event.implicit[0] else event.value
        if tag in ("!binary", _OF_YAML + "binary"):
            try:
                return base64.b64decode(event.value, validate=False)
            except (ValueError, binascii.Error) as error:
                raise self._refused(event, f"this is not base64: {error}") from error
        return _constructed(tag, event.value)

    def _begin(self, event: Any) -> None:
        if self._awaits_key():
            raise self._refused(event, "a list or a mapping cannot be a key here")
        if len(self._open) == DEEPEST:
            raise self._refused(event, f"this is nested too deeply: at most {DEEPEST} levels")
        self._count += 1
        value: list[Any] | Json = {} if isinstance(event, yaml.MappingStartEvent) else []
        if event.anchor is not None:
            self._anchored.pop(event.anchor, None)
        self._open.append(_Open(event.anchor, self._count, value))

    def _end(self) -> None:
        closed = self._open.pop()
        if isinstance(closed.value, dict):
            for base in closed.merged:
                closed.value |= {k: v for k, v in as_object(base).items() if k not in closed.value}
        if closed.anchor is not None:
            self._anchored[closed.anchor] = closed.value, self._count - closed.first + 1
        self._put(closed.value)

    def _alias(self, event: Any) -> None:
        if event.anchor not in self._anchored:
            raise self._refused(event, f"the alias '*{event.anchor}' means nothing, or itself")
        value, size = self._anchored[event.anchor]
        self._aliased += size
        self._count += size
        if self._aliased > MOST_ALIASED:
            what = f"aliases make more than {MOST_ALIASED:,} values in this file"
            raise self._refused(event, what)
        if self._awaits_key():
            self._open[-1].key = str(value)
            return
        self._put(value)

    def _put(self, value: Any) -> None:
        if not self._open:
            self.root = value
            return
        top = self._open[-1]
        if isinstance(top.value, list):
            top.value.append(value)
        elif top.key == "<<" and not isinstance(value, str):
            top.merged += as_list(value) or [value]
            top.key = None
        else:
            top.value[top.key or ""] = value
            top.key = None


def _resolved(word: str) -> Any:
    """Return what the plain *word* means in YAML 1.1, which recorders write."""
    for tag, pattern in _RESOLVERS.get(word[:1], ()):
        if pattern.match(word):
            return _constructed(tag, word)
    return word


def _constructed(tag: str, word: str) -> Any:
    make = _CONSTRUCTED.get(tag)
    if make is None:
        return word
    try:
        return make(yaml.ScalarNode(tag, word))
    except (ValueError, KeyError, yaml.YAMLError):
        return word


# --- What is expected of a value -------------------------------------------------------------


def as_object(value: object) -> Json:
    """Return *value* if it is a mapping; an empty one otherwise."""
    return value if is_object(value) else {}


def as_list(value: object) -> list[Any]:
    """Return *value* if it is a list; an empty one otherwise."""
    return value if is_list(value) else []


def as_text(value: object) -> str:
    """Return *value* if it is a text; an empty one otherwise."""
    return value if isinstance(value, str) else ""


def as_number(value: object) -> float | None:
    """Return *value* if it is a finite number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return value if abs(value) < math.inf else None
