"""When two requests are the same, so that what was recorded for the one answers the other.

They are, if they ask the same provider for the same by the same method, and their bodies say the
same:

1. The place is the path below the API's root (`chat/completions`), with the query; the version of
   the API in it does not count.
2. In a body of JSON, white space and the order of members do not count, nor what is ignored on
   purpose. In one that is made of parts, the boundary does not count.
3. A secret that was taken out of the recording (`[redacted 1a2b3c4d]`) is any text.
4. If no recording is the same so far: ids, dates and times do not count, as they differ each time:
   in all texts what looks like one (`records/steady.py`); and what is called an id, as far as the
   same ids are in the same places.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from itertools import zip_longest
from typing import Any, Final, NamedTuple, TypeAlias
from urllib.parse import parse_qsl

from mockserver.cassettes.ignoring import Ignored
from mockserver.records.redaction import MARK, beginning
from mockserver.records.steady import steady
from mockserver.wire.jsontext import is_list, is_object

_ROOT: Final = re.compile(r"^.*?/v\d\w*/")
"""What is in front of an endpoint in a path, with the version of the API."""
_MARKED: Final = re.compile(r"\[redacted [0-9a-f]{8}\]|<secret>")
"""What is in the place of a secret, and what `steady` makes of that."""
_BOUNDARY: Final = re.compile(r'boundary="?([^";,\s]+)"?')
_NAMES_AN_ID: Final = re.compile(r"(?:^|.*call_?)id$", re.IGNORECASE)
"""The names of members that hold ids of messages and tool calls, which clients may make up."""
UNMATCHED_PARAMETERS: Final = frozenset({"api-version"})
DEEPEST: Final = 100
"""How deeply the JSON of bodies may be nested to be compared by what it says."""


Steps: TypeAlias = tuple[str | int, ...]
"""Names of members and positions in arrays, from the outside in."""


class Place(NamedTuple):
    """What is asked, apart from the body."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...]


def place_of(provider: str, method: str, path: str, query: str) -> Place:
    """Return where a request leads, whatever the root of the API is called there."""
    path = path.removeprefix(f"/{provider}/") if provider else path
    below = _ROOT.sub("", f"/{path.lstrip('/')}", count=1).lstrip("/")
    asked = [
        (name, value)
        for name, value in sorted(parse_qsl(query, keep_blank_values=True))
        if name not in UNMATCHED_PARAMETERS and MARK not in value
    ]
    return Place(method, below.removeprefix("openai/"), tuple(asked))


@dataclass(frozen=True)
class Asked:
    """The body of a request, as it is compared: without what is ignored.

    Attributes:
        value: The JSON that it is; None if it is none.
        content: The bytes that it is otherwise.

    """

    value: Any
    content: bytes = b""

    @classmethod
    def of(
        cls, body: bytes, sent: Mapping[str, Any], content_type: str, ignore: Iterable[Ignored]
    ) -> "Asked":
        """Return *body*, an object of JSON if *sent* is not empty, without what is ignored.

        One that is nested more deeply than any API takes is compared byte by byte.
        """
        if not sent or _is_deep(sent, body):
            boundary = _BOUNDARY.search(content_type)
            return cls(None, body.replace(boundary[1].encode(), b"--") if boundary else body)
        for path in ignore:
            sent = path.leave_out(sent)
        return cls(sent)

    @cached_property
    def exact(self) -> bytes:
        """A digest of all that it says."""
        return _digest(self.value, self.content)

    @cached_property
    def steady(self) -> bytes:
        """A digest of what it says apart from ids, dates and times."""
        if self.value is None:
            return self.exact
        return _digest(self.steadied, b"")

    @cached_property
    def steadied(self) -> Any:
        """The JSON that it is without ids, dates and times."""
        return _steadied(self.value, {})

    @cached_property
    def marked(self) -> tuple[Steps, ...] | None:
        """The places of texts that secrets were taken out of; None: it has none.

        There is one without a path if it is no JSON.
        """
        if self.value is None:
            return ((),) if MARK.encode() in self.content else None
        return tuple(_marked(self.value, ())) or None

    def apart_from(self, places: tuple[Steps, ...], *, exactly: bool) -> bytes:
        """Return a digest of all that it says but for the texts at *places*."""
        value = self.value
        for path in places if value is not None else ():
            value = _blanked(value, path)
        if value is None:
            return b""
        return _digest(value if exactly else _steadied(value, {}), b"")

    def covers(self, other: "Asked", *, exactly: bool) -> bool:
        """Return whether *other* says the same, whatever stood where secrets were taken out."""
        if self.value is None or other.value is None:
            return self.value is other.value and _covers(_text(self.content), _text(other.content))
        one, another = self.value, other.value
        if not exactly:
            one, another = self.steadied, other.steadied
        return next(_differences(one, another, ""), None) is None


def _is_deep(value: Any, body: bytes) -> bool:
    """Return whether *value*, the JSON of *body*, is nested more deeply than `DEEPEST`."""
    if body.count(b"{") + body.count(b"[") <= DEEPEST:
        return False
    level = [value]
    for _ in range(DEEPEST):
        level = [
            inner
            for outer in level
            for inner in (outer.values() if is_object(outer) else outer)
            if is_object(inner) or is_list(inner)
        ]
        if not level:
            return False
    return True


def _marked(value: Any, path: Steps) -> Iterator[Steps]:
    """Yield the paths of the texts in *value*, which is at *path*, that hold a mark."""
    if isinstance(value, str):
        if MARK in value:
            yield path
    elif is_object(value):
        for name, inner in value.items():
            yield from _marked(inner, (*path, name))
    elif is_list(value):
        for number, item in enumerate(value):
            yield from _marked(item, (*path, number))


def _blanked(value: Any, path: Steps) -> Any:
    """Return *value* with null for the text at *path*, if one is there."""
    if not path:
        return None if isinstance(value, str) else value
    step, rest = path[0], path[1:]
    if is_object(value) and step in value:
        return {**value, step: _blanked(value[step], rest)}
    if is_list(value) and isinstance(step, int) and step < len(value):
        return [*value[:step], _blanked(value[step], rest), *value[step + 1 :]]
    return value


def _text(content: bytes) -> str:
    return content.decode("utf-8", "surrogateescape")


def _digest(value: Any, content: bytes) -> bytes:
    if value is not None:
        content = json.dumps(value, sort_keys=True, separators=(",", ":")).encode()
    return sha256(content).digest()


def _steadied(value: Any, known: dict[str, str], name: str = "") -> Any:
    """Return *value* without ids, dates and times; *known* ids are numbered as they come."""
    if isinstance(value, str):
        if _NAMES_AN_ID.match(name):
            return known.setdefault(value, f"<id {len(known) + 1}>")
        return steady(value)
    if is_object(value):
        return {key: _steadied(inner, known, key) for key, inner in sorted(value.items())}
    if is_list(value):
        return [_steadied(item, known, name) for item in value]
    return value


# --- In what they differ ---------------------------------------------------------------------


class Difference(NamedTuple):
    """Where two bodies differ: the member, and what is there in the one and in the other."""

    member: str
    recorded: str
    sent: str

    def __str__(self) -> str:
        where = f"in '{self.member}'" if self.member else "in its body"
        return f"{where}: recorded {self.recorded}, sent {self.sent}"


def differences(recorded: Asked, sent: Asked, enough: int) -> list[Difference]:
    """Return where *sent* differs from what is *recorded*, at most *enough* times."""
    if recorded.value is None or sent.value is None:
        return [Difference("", f"{len(recorded.content)} bytes", f"{len(sent.content)} bytes")]
    found = _differences(recorded.steadied, sent.steadied, "")
    return [difference for _, difference in zip(range(enough), found, strict=False)]


ABSENT: Final = object()


def _differences(recorded: Any, sent: Any, member: str) -> Iterator[Difference]:
    """Yield each place in which the two differ; a mark in *recorded* is any text."""
    if is_object(recorded) and is_object(sent):
        for name in dict.fromkeys((*recorded, *sent)):
            where = f"{member}.{name}" if member else name
            yield from _differences(recorded.get(name, ABSENT), sent.get(name, ABSENT), where)
    elif is_list(recorded) and is_list(sent):
        pairs = zip_longest(recorded, sent, fillvalue=ABSENT)
        for number, (one, other) in enumerate(pairs):
            yield from _differences(one, other, f"{member}[{number}]")
    elif isinstance(recorded, str) and isinstance(sent, str):
        if not _covers(recorded, sent):
            yield Difference(member, _shown(recorded), _shown(sent))
    elif isinstance(recorded, bool) is not isinstance(sent, bool) or recorded != sent:
        yield Difference(member, _shown(recorded), _shown(sent))


def _covers(recorded: str, sent: str) -> bool:
    """Return whether *sent* is *recorded*, with any text in the places of its marks."""
    if recorded == sent:
        return True
    pieces = _MARKED.split(recorded)
    if len(pieces) == 1:
        return False
    first, last = pieces[0], pieces[-1]
    if not (sent.startswith(first) and sent.endswith(last)):
        return False
    at, end = len(first), len(sent) - len(last)
    for piece in pieces[1:-1]:
        found = sent.find(piece, at, end)
        if found < 0:
            return False
        at = found + len(piece)
    return at <= end


LONGEST_SHOWN: Final = 60


def _shown(value: Any) -> str:
    if value is ABSENT:
        return "nothing"
    text = json.dumps(value, ensure_ascii=False)
    shown = beginning(text, LONGEST_SHOWN)
    return f"{shown}…" if len(text) > LONGEST_SHOWN else shown
