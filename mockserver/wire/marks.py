"""Marks: what an event or a body contains, and where. Failures act on them.

A protocol marks the things that it writes, each with its kind and its path into the JSON. A
failure can therefore leave out the bill, or cut off a text, in a protocol that it does not know.
"""

import json
import re
from typing import Any, Final, NamedTuple, TypeAlias

Path: TypeAlias = tuple[str | int, ...]
"""Names of members and positions in arrays, from the outside in; empty: the whole JSON."""

ROLE: Final = "role"
CONTENT: Final = "content"
REFUSAL: Final = "refusal"
THOUGHT: Final = "thought"
CALL: Final = "call"
FINISH: Final = "finish"
USAGE: Final = "usage"
GENERATED: Final = "generated"
"""The number of generated tokens on the bill: a part of `usage`."""
TOTAL: Final = "total"
"""The number of all tokens on the bill: a part of `usage`."""
FRAME: Final = "frame"
"""The member that contains the answer; it carries nothing itself."""
DONE: Final = "done"
COMPLETED: Final = "completed"
"""What ends a stream with the whole answer."""
OPENING: Final = "opening"
"""What a stream begins with before the model answers: it does not wait for the first token."""

ORDINAL: Final = "ordinal"
"""The number of an event in its stream."""
FILLER: Final = "filler"
"""The padding of an event, which completes the length of its text to a multiple of 16."""

_STRUCTURE: Final = frozenset({FRAME, GENERATED, TOTAL, OPENING, ORDINAL, FILLER})
BESIDE: Final = frozenset({FRAME, ROLE, ORDINAL, FILLER})
"""What an event may have besides the piece of a text that it adds."""


class Mark(NamedTuple):
    """A thing of one *kind* at *path*; *choice* is the index of the choice that it belongs to.

    With an empty path, the whole event is that thing. The kinds above are common to all
    protocols; a protocol names any others itself.
    """

    kind: str
    path: Path = ()
    choice: int = 0


Marks: TypeAlias = tuple[Mark, ...]


def says_only(kind: str, marks: Marks) -> bool:
    """Return whether *marks* are on things of *kind* only, structure aside."""
    return {mark.kind for mark in marks} - _STRUCTURE == {kind}


class Span(NamedTuple):
    """Where a member or an item is in a text: with its separator, and its value alone."""

    begin: int
    end: int
    value_begin: int
    value_end: int


_SPACE: Final = re.compile(r"[ \t\r\n]*")
_EVENT_DATA: Final = re.compile(r"^data: ?", re.MULTILINE)
_decode: Final = json.JSONDecoder().raw_decode


def without(text: str, path: Path) -> str | None:
    """Return *text*, an event or JSON, without what is at *path*; None if nothing is there."""
    span = locate(text, path)
    return None if span is None else text[: span.begin] + text[span.end :]


def with_value(text: str, path: Path, value: str) -> str | None:
    """Return *text*, an event or JSON, with *value*, in JSON, at *path*; None as in `without`."""
    span = locate(text, path)
    if span is None:
        return None
    return text[: span.value_begin] + value + text[span.value_end :]


def with_member(text: str, path: Path, value: str) -> str | None:
    """Return *text* with *value*, in JSON, at *path*: in place of what is there, or added.

    A member is added at the end of its object, with the white space of that object. None: the
    object is not there, or the path is of an item that is not there.
    """
    changed = with_value(text, path, value)
    if changed is not None or not path or not isinstance(path[-1], str):
        return changed
    span = locate(text, path[:-1])
    if span is None or text[span.value_begin] != "{":
        return None
    begin, end = span.value_begin + 1, span.value_end - 1
    lead = text[begin : _skip(text, begin)]
    inner = text[begin:end].rstrip(" \t\r\n")
    comma, lead = (",", lead) if inner else ("", "")
    colon = ": " if lead else ":"
    member = f"{comma}{lead}{json.dumps(path[-1])}{colon}{value}"
    return f"{text[:begin]}{inner}{member}{text[begin + len(inner) :]}"


def value_at(text: str, path: Path) -> Any:
    """Return the value at *path* in *text*, an event or JSON; None if nothing is there."""
    span = locate(text, path)
    return None if span is None else json.loads(text[span.value_begin : span.value_end])


def locate(text: str, path: Path) -> Span | None:
    """Return where *path* is in *text*, an event or JSON; None if nothing is there."""
    data = _EVENT_DATA.search(text)
    begin = _skip(text, 0 if data is None else data.end())
    try:
        span = Span(begin, len(text), begin, _decode(text, begin)[1])
        for step in path:
            found = _inside(text, span.value_begin, step)
            if found is None:
                return None
            span = found
    except (ValueError, IndexError, RecursionError):
        return None
    return span


def _skip(text: str, position: int) -> int:
    found = _SPACE.match(text, position)
    return position if found is None else found.end()


def _inside(text: str, position: int, step: str | int) -> Span | None:
    """Return where *step* is in the value that begins at *position*."""
    opening, closing = ("{", "}") if isinstance(step, str) else ("[", "]")
    if text[position] != opening:
        return None
    before = position + 1
    position = _skip(text, before)
    number = 0
    while text[position] != closing:
        begin, key = position, number
        name: str | int = key
        if isinstance(step, str):
            name, position = _decode(text, position)
            position = _skip(text, _skip(text, position) + 1)
        _, end = _decode(text, position)
        after = _skip(text, end)
        is_last = text[after] == closing
        if name == step:
            if not is_last:
                return Span(begin, _skip(text, after + 1), position, end)
            # The last of several goes with the comma in front of it.
            return Span(before, end, position, end)
        if is_last:
            return None
        before = after
        position = _skip(text, after + 1)
        number += 1
    return None
