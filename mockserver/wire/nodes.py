"""How much a JSON text holds: counted before it is read, since each value takes memory.

A body of 64 MiB may hold 22 million empty objects, which take fifty times its size, and be read
in one step of Python that nothing interrupts. Nothing here reads JSON: a text that is not JSON is
counted like one that is.
"""

import re
from collections.abc import Iterator
from typing import Final

MOST_NODES: Final = 1_000_000
"""The most commas, colons and opening brackets outside strings."""
MOST_ESCAPES: Final = 3_000_000
"""The most escapes, each of which takes a decoder several times as long as a character."""

_SMALL: Final = 2 * MOST_NODES
"""A text of so many bytes may be read in any case: what it holds takes 100 MB at most."""
_SEPARATORS: Final = (b",", b":", b"[", b"{")
_PIECE: Final = 1 << 18
"""Texts are searched piece by piece, so that other threads get their turn in between."""
_STRING: Final = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"|\\.', re.DOTALL)
"""A string that ends, or an escape of one that does not: no search starts at its escaped quotes."""
_IN_STRING: Final = re.compile(rb'[^"\\]{1,65536}|(?:\\.){1,65536}', re.DOTALL)


def has_too_many_nodes(text: bytes) -> bool:
    """Return whether *text*, read as JSON, would hold more values than any request needs."""
    if len(text) <= _SMALL:
        return False
    if sum(piece.count(b"\\") for piece in _pieces(text)) > MOST_ESCAPES:
        return True
    # Many separators may be in strings, as in prose or in code: those take no more memory.
    return sum(map(_count, _pieces(text))) > MOST_NODES and _has_too_many_outside_strings(text)


def _pieces(text: bytes) -> Iterator[bytes]:
    return (text[at : at + _PIECE] for at in range(0, len(text), _PIECE))


def _count(piece: bytes) -> int:
    return sum([piece.count(separator) for separator in _SEPARATORS])


def _has_too_many_outside_strings(text: bytes) -> bool:
    at, left = 0, MOST_NODES
    while at < len(text) and left >= 0:
        piece = text[at : at + _PIECE]
        outside, quote, _ = _STRING.sub(b"", piece).partition(b'"')
        left -= _count(outside)
        at += len(piece)
        if quote:
            # The last string goes on after the piece, which may end amid an escape.
            at -= (len(piece) - len(piece.rstrip(b"\\"))) % 2
            while inside := _IN_STRING.match(text, at):
                at = inside.end()
            at += 1
    return left < 0
