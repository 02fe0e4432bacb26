r"""JSON as providers write it: key order kept, UTF-8 unescaped, compact or indented.

Text made here may contain *marks*: a NUL and a letter, where something is filled in later
(an id, a count, a text) or where a token ends. JSON escapes every NUL in its content, so a mark
cannot be mistaken for content.
"""

import json
import math
import re
from collections.abc import Mapping
from decimal import Decimal
from functools import lru_cache
from json.encoder import encode_basestring as quote
from operator import itemgetter
from typing import Any, Final, NamedTuple, Self, TypeAlias, TypeGuard, cast

JsonValue: TypeAlias = Any
"""None, bool, int, float, Decimal, str, lists and string-keyed mappings of such values; bytes are
lists."""


def is_list(value: JsonValue) -> TypeGuard[list[Any]]:
    """Return whether *value* is a JSON array."""
    return isinstance(value, list)


def is_object(value: JsonValue) -> TypeGuard[dict[str, Any]]:
    """Return whether *value* is a JSON object."""
    return isinstance(value, dict)


TOKEN_END: Final = "\0t"  # noqa: S105 - a mark, not a password
"""Follows each token of a `TokenText` in text written with *token_ends*."""


class Hole:
    """A text of `length` characters that is known only when the answer is sent.

    Its mark is as long as the value, so that text with holes already has its final length; where
    the length differs, it is 0. No mark of one body begins another.
    """

    __slots__ = ("length", "mark")

    def __init__(self, name: str, length: int) -> None:
        self.length = length
        self.mark = f"\0{name}".ljust(length, "\0")


def mark_of(text: str | Hole) -> str:
    """Return *text*, or the mark of the hole that it will fill."""
    return text.mark if isinstance(text, Hole) else text


class NumberHole(Hole):
    """A number of `length` digits that is known only when the answer is sent."""

    __slots__ = ()


NUMBER: Final = NumberHole("n", 0)
"""The place of the number of an event in its stream, counting from 0."""
WHOLE: Final = Hole("w", 0)
"""The place of the whole text of an answer, in a stream that sends it in pieces as well."""
PADDED: Final = Hole("o", 0)
"""The place of the padding of an event."""


Filling: TypeAlias = Mapping[str, str]
"""What goes into holes, by their marks. What goes into bodies is as long as its mark."""


def fill(text: str, filling: Filling) -> str:
    """Return *text* with its holes filled."""
    # What comes before the first may be long, such as a vector, and is not searched for each.
    first = text.find("\0")
    if first < 0:
        return text
    rest = text[first:]
    for mark, value in filling.items():
        rest = rest.replace(mark, value)
    return text[:first] + rest


class JavaScriptNumber(float):
    """A number as JavaScript writes it: decimal from 1e-6 up, without a point if whole."""

    __slots__ = ()

    @property
    def text(self) -> str:
        """The number as JavaScript writes it."""
        digits, e, power = repr(float(self)).partition("e")
        if e and int(power) >= _LAST_JAVASCRIPT_POWER:
            sign = "-" if self < 0 else ""
            return f"{sign}0.{'0' * (-int(power) - 1)}{digits.lstrip('-').replace('.', '')}"
        return number(self).removesuffix(".0")


class JsonText(str):
    """JSON that is written already, and goes out as it is."""

    __slots__ = ()


Pieces: TypeAlias = tuple[tuple[str, int], ...]
"""Pairs of a text and the number of tokens that it completes."""
_PIECE: Final = itemgetter(0)
_COUNT: Final = itemgetter(1)


def tokens_of(pieces: Pieces) -> int:
    """Return how many tokens *pieces* are."""
    return sum(map(_COUNT, pieces))


class TokenText(str):
    """A text of the answer that records where its tokens end."""

    __slots__ = ("_escaped", "pieces")

    pieces: Pieces
    _escaped: tuple[str, ...] | None

    def __new__(cls, pieces: Pieces, whole: str | None = None) -> Self:
        """Join *pieces*, unless the *whole* is known."""
        text = super().__new__(cls, "".join(map(_PIECE, pieces)) if whole is None else whole)
        text.pieces = pieces
        text._escaped = None
        return text

    @property
    def tokens(self) -> int:
        """How many tokens it has."""
        return tokens_of(self.pieces)

    @property
    def escaped(self) -> tuple[str, ...]:
        """The pieces as JSON has them between quotes; made once, since many answers share it."""
        escaped = self._escaped
        if escaped is None:
            escaped = self._escaped = tuple(map(_escaped_piece, map(_PIECE, self.pieces)))
        return escaped


@lru_cache(maxsize=8_192)
def _escaped_piece(piece: str) -> str:
    """Return *piece* as JSON has it between quotes. Tokens recur, whatever the text."""
    return quote(piece)[1:-1]


class TextHole(TokenText):
    """The place of a text that is known only when the answer is made: `PIECE` marks it.

    It has one piece, itself, so that a stream of it has one chunk, which is poured many times.
    """

    __slots__ = ()

    def __new__(cls) -> Self:
        """Make the hole."""
        text = super().__new__(cls, ((PIECE, 1),))
        text.pieces = ((text, 1),)
        return text


PIECE: Final = "\0x"
"""Marks where a text belongs, or a piece of it."""
TEXT_HOLE: Final = TextHole()


def compact(value: JsonValue, *, token_ends: bool = False) -> str:
    """Return *value* as JSON without white space; *token_ends* as in `pretty`."""
    return _text(value, "", _COMPACT_BY_TOKEN if token_ends else _COMPACT)


def pretty(value: JsonValue, indent: int = 2, *, token_ends: bool = False) -> str:
    """Return *value* as JSON with *indent* spaces per level and without a final newline.

    With *token_ends*, each token of a `TokenText` is followed by `TOKEN_END`.
    """
    return _text(value, "\n", _Layout(" " * indent, ": ", token_ends))


def plain(value: JsonValue) -> JsonValue:
    """Return a copy of *value* that may be changed."""
    kind = cast(type[object], type(value))
    if isinstance(value, Mapping):
        members = cast(Mapping[str, JsonValue], value)
        return {key: plain(member) for key, member in members.items()}
    if kind is list or kind is tuple:
        return [plain(item) for item in value]
    return value


def alphabetical(value: JsonValue) -> JsonValue:
    """Return *value* with the members of all its objects in alphabetical order."""
    if isinstance(value, Mapping):
        members = cast(Mapping[str, JsonValue], value)
        return {key: alphabetical(members[key]) for key in sorted(members)}
    return [alphabetical(item) for item in value] if _is_list(value) else value


def _is_list(value: JsonValue) -> TypeGuard[list[JsonValue]]:
    return type(value) is list


def number(value: float) -> str:
    """Return *value* as providers write it: decimal from 1e-5 up, below that `-3.1e-7`.

    The digits are the fewest that read back as the same number, as Rust's ryu prints them and as
    recorded log-probabilities show (2024 to 2026).
    """
    text = repr(float(value))
    if "e" not in text:
        return text if math.isfinite(value) else json.dumps(value)
    digits, _, exponent = text.partition("e")
    power = int(exponent)
    if power != _LAST_DECIMAL_POWER:
        return f"{digits}e{power}"
    sign = "-" if value < 0 else ""
    return f"{sign}0.0000{digits.lstrip('-').replace('.', '')}"


_LAST_DECIMAL_POWER: Final = -5
"""The one power of ten that Python writes with an exponent and providers without."""
_LAST_JAVASCRIPT_POWER: Final = -6
"""The smallest power of ten that JavaScript writes without an exponent."""


def to_bytes(text: str) -> bytes:
    r"""Return *text* in UTF-8; a lone surrogate becomes its JSON escape (`\ud83d`)."""
    return text.encode("utf-8", "backslashreplace")


def in_ascii(text: str) -> str:
    r"""Return *text*, JSON, with all that is not ASCII escaped: `\u2019`, or two such halves."""
    return text if text.isascii() else _OUTSIDE_ASCII.sub(_escape, text)


_OUTSIDE_ASCII: Final = re.compile(r"[^\x00-\x7f]")


def _escape(character: re.Match[str]) -> str:
    units = character[0].encode("utf-16-be", "surrogatepass")
    return "".join([f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2)])


class _Layout(NamedTuple):
    step: str
    """What each level adds to the indentation."""
    colon: str
    token_ends: bool


_COMPACT = _Layout("", ":", token_ends=False)
_COMPACT_BY_TOKEN = _Layout("", ":", token_ends=True)


def _text(value: JsonValue, newline: str, layout: _Layout) -> str:
    """Return the text of *value*; *newline* holds the indentation of its last line."""
    # Exact types come first: bodies are made of plain values, and this is on the hot path.
    kind = cast(type[object], type(value))
    if kind is str:
        return quote(value)
    if kind is dict:
        if not value:
            return "{}"
        inner = newline + layout.step
        colon = layout.colon
        members = [
            # Most members are text; those are written without a call.
            quote(key)
            + colon
            + (quote(member) if type(member) is str else _text(member, inner, layout))
            for key, member in value.items()
        ]
        return f"{{{inner}{f',{inner}'.join(members)}{newline}}}"
    if kind is list or kind is tuple or kind is bytes:
        if not value:
            return "[]"
        inner = newline + layout.step
        if kind is bytes:
            items = [str(byte) for byte in value]
        else:
            items = [_text(item, inner, layout) for item in value]
        return f"[{inner}{f',{inner}'.join(items)}{newline}]"
    return _scalar(value, kind, layout) if kind in _SCALARS else _other(value, newline, layout)


def _scalar(value: JsonValue, kind: object, layout: _Layout) -> str:
    if value is None:
        return "null"
    if kind is int:
        return str(value)
    if kind is bool:
        return "true" if value else "false"
    if kind is float:
        return number(value)
    if kind is Decimal:
        return f"{value:f}"
    if kind is TokenText:
        return _with_token_ends(value) if layout.token_ends else quote(value)
    if kind is TextHole:
        return f'"{PIECE}"'
    if kind is JsonText:
        return str(value)
    return f'"{value.mark}"' if kind is Hole else str(value.mark)


_SCALARS = frozenset(
    {
        *(type(None), int, bool, float, Decimal),
        *(TokenText, TextHole, JsonText, Hole, NumberHole),
    }
)


def _other(value: JsonValue, newline: str, layout: _Layout) -> str:
    """Return the text of rare values, such as mappings that are not dicts."""
    if isinstance(value, Mapping):
        return _text(dict(cast(Mapping[str, JsonValue], value)), newline, layout)
    if isinstance(value, JavaScriptNumber):
        return value.text
    return json.dumps(value, ensure_ascii=False)


def _with_token_ends(text: TokenText) -> str:
    return f'"{with_token_ends(text)}"'


def with_token_ends(text: TokenText) -> str:
    """Return *text* as JSON has it between quotes, each token followed by `TOKEN_END`."""
    counts = map(_COUNT, text.pieces)
    return "".join([p + TOKEN_END * n for p, n in zip(text.escaped, counts, strict=True)])
