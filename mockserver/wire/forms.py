"""Forms: texts with holes that are filled all at once, however many there are."""

import re
from collections.abc import Iterable, Mapping
from operator import itemgetter
from typing import Any, Final

PADDING: Final = "\0o"
"""Marks where the padding of an event belongs."""


class Form:
    """A text with holes, read once and filled for each answer.

    Values are known by the marks of their holes; those of padding by their number, from 0.
    """

    __slots__ = ("_pattern", "_pick", "names")

    def __init__(self, text: str, marks: Iterable[str]) -> None:
        """Take *text* and the *marks* of holes that may be in it."""
        # The longest first: the mark of a short hole may begin that of a long one.
        ordered = sorted({*marks, PADDING}, key=len, reverse=True)
        hole = re.compile("|".join(map(re.escape, ordered)))
        names: list[str | int] = []
        paddings = 0
        for found in hole.findall(text):
            names.append(paddings if found == PADDING else found)
            paddings += found == PADDING
        self.names = tuple(names)
        self._pattern = hole.sub("%s", text.replace("%", "%%"))
        # A getter of one name returns its value, a getter of several a tuple: both will do.
        self._pick = itemgetter(*names) if names else None

    def filled(self, values: Mapping[Any, str]) -> str:
        """Return the text with *values* in its holes."""
        return self._pattern % (() if self._pick is None else self._pick(values))
