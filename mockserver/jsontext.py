r"""JSON as providers write it: key order kept, UTF-8 unescaped, compact or indented.

Text made here may hold *marks*: a NUL and a letter, where something is filled in later
(an id) or where a token ends. JSON escapes every NUL of its content, so a mark can never be
taken for content.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from json.encoder import encode_basestring as quote
from typing import Any, Final, Self, TypeAlias, cast

JsonValue: TypeAlias = Any
"""None, bool, int, float, str, lists and string-keyed mappings of such values."""

TOKEN_END: Final = "\0t"  # noqa: S105 - a mark, no password
"""Stands behind each token of a `TokenText` in text written with *token_ends*."""


class Hole:
    """A member whose value is known only when the answer is sent, `length` characters long.

    Its mark is as long as the value, so that text with holes has its final length already.
    """

    __slots__ = ("length", "mark", "mark_bytes", "quoted")

    def __init__(self, name: str, length: int, *, quoted: bool = True) -> None:
        self.mark = f"\0{name}".ljust(length, "\0")
        self.mark_bytes = self.mark.encode()
        self.length = length
        self.quoted = quoted


class TokenText(str):
    """A text of the answer that remembers where its tokens end."""

    __slots__ = ("pieces",)

    pieces: tuple[tuple[str, int], ...]

    def __new__(cls, pieces: tuple[tuple[str, int], ...]) -> Self:
        """Join *pieces*: (text, how many tokens are complete with it)."""
        text = super().__new__(cls, "".join([piece for piece, _ in pieces]))
        text.pieces = pieces
        return text


def compact(value: JsonValue) -> str:
    """Write *value* without any white space."""
    parts: list[str] = []
    _write(value, parts.append, "", "", ":", token_ends=False)
    return "".join(parts)


def pretty(value: JsonValue, indent: int = 2, *, token_ends: bool = False) -> str:
    """Write *value* with *indent* spaces a level and without a final newline.

    With *token_ends*, each token of a `TokenText` is followed by `TOKEN_END`.
    """
    parts: list[str] = []
    _write(value, parts.append, "\n", " " * indent, ": ", token_ends=token_ends)
    return "".join(parts)


def fill(text: bytes, values: Mapping[Hole, str]) -> bytes:
    """Put *values*, each as long as its hole, into the holes of *text*."""
    for hole, value in values.items():
        text = text.replace(hole.mark_bytes, value.encode())
    return text


def to_bytes(text: str) -> bytes:
    r"""Return *text* in UTF-8; a lone surrogate becomes its JSON escape (`\ud83d`)."""
    return text.encode("utf-8", "backslashreplace")


def _write(  # noqa: C901, PLR0912 - one branch for each kind of JSON value, the commonest first
    value: JsonValue,
    put: Callable[[str], object],
    newline: str,
    step: str,
    colon: str,
    *,
    token_ends: bool,
) -> None:
    """Hand the text of *value* to *put*, piece by piece; *newline* holds the indentation."""
    # The exact type decides first: bodies are made of plain values, and this is on the hot path.
    kind = cast(type[Any], type(value))
    if kind is str:
        put(quote(value))
    elif value is None:
        put("null")
    elif value is True:
        put("true")
    elif value is False:
        put("false")
    elif kind is int:
        put(str(value))
    elif isinstance(value, Mapping):
        if not value:
            put("{}")
            return
        inner = newline + step
        lead = "{" + inner
        members = cast(Mapping[str, JsonValue], value)
        for key, member in members.items():
            put(lead + quote(key) + colon)
            _write(member, put, inner, step, colon, token_ends=token_ends)
            lead = "," + inner
        put(newline + "}")
    elif isinstance(value, list | tuple):
        if not value:
            put("[]")
            return
        inner = newline + step
        lead = "[" + inner
        items = cast(Sequence[JsonValue], value)
        for member in items:
            put(lead)
            _write(member, put, inner, step, colon, token_ends=token_ends)
            lead = "," + inner
        put(newline + "]")
    elif isinstance(value, Hole):
        put(f'"{value.mark}"' if value.quoted else value.mark)
    elif isinstance(value, TokenText) and token_ends:
        escaped = (quote(piece)[1:-1] + TOKEN_END * tokens for piece, tokens in value.pieces)
        put('"' + "".join(escaped) + '"')
    else:
        put(json.dumps(value, ensure_ascii=False))
