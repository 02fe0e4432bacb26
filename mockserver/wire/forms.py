"""Forms: texts with holes that are filled all at once, however many there are."""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from mockserver.wire.jsontext import PADDED

PADDING: Final = PADDED.mark
"""Marks where the padding of an event belongs."""


class Form:
    """A text with holes, read once and filled for each answer.

    Values are known by the marks of their holes; those of padding by their number, from 0.
    """

    __slots__ = ("_pieces", "names")

    def __init__(self, text: str, marks: Iterable[str]) -> None:
        """Take *text* and the *marks* of holes that may be in it."""
        # The longest first: the mark of a short hole may begin that of a long one.
        ordered = sorted({*marks, PADDING}, key=len, reverse=True)
        hole = re.compile(f"({'|'.join(map(_pattern, ordered))})")
        # Every second piece is the mark of a hole.
        self._pieces = hole.split(text)
        names: list[str | int] = []
        paddings = 0
        for found in self._pieces[1::2]:
            names.append(paddings if found == PADDING else found)
            paddings += found == PADDING
        self.names = tuple(names)

    def filled(self, values: Mapping[Any, str]) -> str:
        """Return the text with *values* in its holes."""
        pieces = self._pieces.copy()
        pieces[1::2] = map(values.__getitem__, self.names)
        return "".join(pieces)


def _pattern(mark: str) -> str:
    """Return *mark* as a regular expression: that of a ciphertext has thousands of characters."""
    begins = mark.rstrip("\0")
    return f"{re.escape(begins)}\\0{{{len(mark) - len(begins)}}}"
