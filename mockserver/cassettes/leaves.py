"""The texts of a body, each with its place: of JSON, and of streams, whose texts come in pieces.

A stream sends one text in many events, so a secret may begin in one and end in another. Pieces
belong to one text if they have the same key: the path of names to the member, and in each object
on the way what tells parallel texts apart (`index`, `item_id` …). Of lists, the position counts,
unless their elements say themselves which they are.

What is read here was written by somebody else, and may be cut anywhere.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from mockserver.wire.events import events_of

Key = tuple[Any, ...]
"""Of the same text, pieces have the same one."""

NAMED_LINES: Final = ("application/x-ndjson", "application/jsonl", "application/json-lines")
"""Media types of streams with a JSON value on each line."""
TELLING: Final = frozenset({"index", "output_index", "content_index", "summary_index", "item_id"})
"""Members that tell parallel texts of a stream apart."""
TOKEN: Final = "token"  # noqa: S105 - the name of a member: a token of a text
TOKENS: Final = "tokens"
"""Lists of tokens are one text in pieces, each with the bytes that it consists of."""
SPELLED_OUT: Final = "bytes"
ALTERNATIVES: Final = re.compile("top_")
"""Lists that hold alternatives to one token are none."""

_TOKEN: Final = re.compile(
    rb'"(?P<text>[^"\\]*+(?:\\.[^"\\]*+)*+)(?P<end>"|\\?\Z)|[{}\[\],]|[^\s{}\[\]:,"]++', re.DOTALL
)
_LINE: Final = re.compile(rb"([^\r\n]*)(?:\r\n|\n|\r|\Z)")
_DATA: Final = re.compile(rb"data: ?")


@dataclass(slots=True)
class Holder:
    """An object or a list that is being read."""

    parent: "Holder | None"
    step: str | int
    is_list: bool = False
    member: str = ""
    start: int = 0
    position: int = 0
    telling: dict[str, bytes] = field(default_factory=dict[str, bytes])
    lists: dict[str, tuple[int, int]] = field(default_factory=dict[str, tuple[int, int]])

    def key(self, *, positions: bool = True) -> Key:
        """Return the path to it, and what tells it apart from others of the same path.

        Without *positions*, those of the nearest list of tokens do not count.
        """
        parts: list[Any] = []
        holder: Holder | None = self
        while holder is not None:
            step: Any = holder.step
            if isinstance(step, int):
                parent = holder.parent
                step = None if "index" in holder.telling else step
                if not positions and parent is not None and _holds_tokens(parent):
                    step, positions = None, True
            parts.append((step, tuple(sorted(holder.telling.items()))))
            holder = holder.parent
        return tuple(reversed(parts))

    def place(self) -> str:
        """Return the path to it as people write it: `choices[0].delta`."""
        if self.parent is None:
            return ""
        before = self.parent.place()
        if isinstance(self.step, int):
            return f"{before}[{self.step}]"
        return f"{before}.{self.step}" if before else str(self.step)


def _holds_tokens(holder: Holder) -> bool:
    return holder.is_list and not ALTERNATIVES.match(str(holder.step))


@dataclass(frozen=True, slots=True)
class Leaf:
    """A text, or a piece of one.

    Attributes:
        start: Where it begins in the body, without its quote.
        end: Where it ends.
        key: The same for all pieces of one text.
        place: Where it is, for messages.
        is_json: It is spelled as in JSON.
        name: The name of the member that it is the text of; empty if there is none.
        within: The object or list that it is in; None if it is not of JSON.

    """

    start: int
    end: int
    key: Key
    place: str
    is_json: bool = True
    name: str = ""
    within: Holder | None = None


def leaves_of_json(body: bytes, offset: int = 0) -> Iterator[Leaf]:
    """Yield the texts of the JSON *body*, names of members too; its places are *offset* more."""
    reader = _Reader(offset)
    for found in _TOKEN.finditer(body):
        first = found[0][:1]
        if first == b'"':
            reader.text(found)
        elif first in b"{[":
            reader.open(found.start(), is_list=first == b"[")
        elif first in b"}]":
            reader.close(found.end())
        elif first == b",":
            reader.next()
        else:
            reader.told(found[0])
    return reader.leaves()


class _Reader:
    """Where in JSON one is while it is read, and the texts that were read."""

    def __init__(self, offset: int) -> None:
        self._offset = offset
        self._top = self._holder = Holder(None, "")
        self._expects_name = False
        self._stated: dict[str, tuple[Holder, bytes]] = {}
        self._names: list[Leaf] = []
        self._texts: list[tuple[int, int, Holder, str, str]] = []

    def open(self, at: int, *, is_list: bool) -> None:
        """Enter an object or a list."""
        holder = self._holder
        step: str | int = holder.position if holder.is_list else holder.member
        self._holder = Holder(holder, step, is_list, start=at + self._offset)
        self._expects_name = not is_list

    def close(self, at: int) -> None:
        """Leave an object or a list."""
        holder = self._holder
        self._expects_name = False
        if holder.parent is None:
            return
        if holder.is_list and not holder.parent.is_list:
            holder.parent.lists[str(holder.step)] = (holder.start, at + self._offset)
        self._holder = holder.parent

    def next(self) -> None:
        """Go on to the next member or element."""
        holder = self._holder
        self._expects_name = not holder.is_list and holder is not self._top
        holder.position += holder.is_list

    def told(self, value: bytes) -> None:
        """Take the *value* of a member if it tells texts apart."""
        holder = self._holder
        if holder.member in TELLING and not holder.is_list:
            holder.telling[holder.member] = value

    def text(self, found: re.Match[bytes]) -> None:
        """Take a text: the name of a member, or a value."""
        holder, text = self._holder, found["text"]
        start, end = (place + self._offset for place in found.span("text"))
        if self._expects_name:
            self._expects_name = False
            holder.member = text.decode("utf-8", "replace")
            self._names.append(Leaf(start, end, ("name", start), _under(holder, holder.member)))
            return
        self.told(text)
        if holder.parent is self._top and holder.member in {"id", "type"}:
            self._stated[holder.member] = (holder, text)
        name = "" if holder.is_list else holder.member
        self._texts.append((start, end, holder, name or str(holder.position), name))

    def leaves(self) -> Iterator[Leaf]:
        """Yield what was read."""
        if "type" in self._stated:
            # Events of a type; an id beside it says which part of the answer they belong to.
            for name, (within, value) in self._stated.items():
                within.telling[name] = value
        yield from self._names
        for start, end, within, step, name in self._texts:
            key, place = _key(within, step, name), _under(within, step)
            yield Leaf(start, end, key, place, name=name, within=within)


def _under(holder: Holder, step: str) -> str:
    before = holder.place()
    if holder.is_list:
        return f"{before}[{step}]"
    return f"{before}.{step}" if before else step


def _key(within: Holder, step: str, name: str) -> Key:
    if name == TOKEN:
        return (within.key(positions=False), name)
    if within.is_list and within.step == TOKENS:
        return (within.key(), TOKENS)
    return (within.key(), step)


def leaves_of_stream(body: bytes) -> Iterator[Leaf]:
    """Yield the texts of the stream of server-sent events *body*, and of what else is in it."""
    at = 0
    for event in events_of(body):
        raw = event.raw
        # Data may come in several lines: what is between them is made blank.
        data = bytearray(b" " * len(raw))
        lines: list[tuple[int, int]] = []
        for found in _LINE.finditer(raw):
            line = found[1]
            begins = _DATA.match(line)
            if begins is not None:
                start, end = found.start() + begins.end(), found.end(1)
                data[start:end] = raw[start:end]
                lines.append((start, end))
            elif line:
                start, end = at + found.start(), at + found.end(1)
                yield Leaf(start, end, ("line", start), "a line of the stream", is_json=False)
        if bytes(data).lstrip()[:1] in {b"{", b"[", b'"'}:
            yield from leaves_of_json(bytes(data), at)
        else:
            for start, end in lines:
                key = ("data", event.name)
                yield Leaf(at + start, at + end, key, "the data of the stream", is_json=False)
        at += len(raw)


def leaves_of_lines(body: bytes) -> Iterator[Leaf]:
    """Yield the texts of *body*, which has a JSON value on each line."""
    for found in _LINE.finditer(body):
        yield from leaves_of_json(found[1], found.start())
