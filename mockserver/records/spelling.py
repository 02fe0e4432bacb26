"""Texts in another spelling, undone: escapes of JSON and of URLs, each character with its place.

What is found in the plain text can so be taken out of the spelled one, and all the rest of it
stays as it was.
"""

import re
from bisect import bisect_right
from collections.abc import Callable
from typing import Final

JSON_ESCAPES: Final = re.compile(
    r"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|.)", re.DOTALL
)
"""What is written for a character, or for a pair of halves, within a text of JSON."""
_PERCENT: Final = r"%[0-7][0-9a-fA-F]|(?:%[89a-fA-F][0-9a-fA-F])++"
URL_ESCAPES: Final = re.compile(_PERCENT)
"""What is written for characters in a URL."""
QUERY_ESCAPES: Final = re.compile(rf"{_PERCENT}|\+")
"""What is written for characters in a query."""
_SHORT: Final = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}


class Spelled:
    """A text as it is spelled.

    Attributes:
        spelled: How it is spelled.
        plain: What that says.

    """

    def __init__(
        self,
        spelled: str,
        escapes: re.Pattern[str] | None = None,
        undo: Callable[[str], str] = str,
    ) -> None:
        """Read *spelled*, in which what *escapes* finds means what *undo* makes of it."""
        self.spelled = spelled
        self._ends: list[tuple[int, int]] = []  # behind each escape: places in plain and in spelled
        self._sizes: list[tuple[int, int]] = []
        pieces: list[str] = []
        at = length = 0
        for found in escapes.finditer(spelled) if escapes is not None else ():
            undone = undo(found[0])
            length += found.start() - at + len(undone)
            pieces += (spelled[at : found.start()], undone)
            at = found.end()
            self._ends.append((length, at))
            self._sizes.append((len(undone), len(found[0])))
        self.plain = "".join((*pieces, spelled[at:])) if pieces else spelled

    def place(self, at: int, *, end: bool = False) -> int:
        """Return where in the spelled text the character *at* of the plain one is.

        Within an escape that means several, that is its beginning, or with *end* its end.
        """
        number = bisect_right(self._ends, (at, len(self.spelled)))
        plain, spelled = self._ends[number - 1] if number else (0, 0)
        place = spelled + at - plain
        if number == len(self._ends):
            return place
        behind, stop = self._ends[number]
        size, width = self._sizes[number]
        if at <= behind - size:
            return place
        return stop if end else stop - width

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Return where in the spelled text is what is from *start* to *end* in the plain."""
        return self.place(start), self.place(end, end=True)


def json_text(spelled: str) -> Spelled:
    """Return what the text of JSON says that is *spelled* so, without its quotes."""
    return Spelled(spelled, JSON_ESCAPES if "\\" in spelled else None, _from_json)


def _from_json(escape: str) -> str:
    if escape[1] != "u" or len(escape) < len(r"\u0000"):
        return _SHORT.get(escape[1], escape[1])
    first = int(escape[2:6], 16)
    if len(escape) == len(r"\u0000"):
        return chr(first)
    return chr(0x10000 + (first - 0xD800) * 0x400 + int(escape[8:], 16) - 0xDC00)


def query_text(spelled: str) -> Spelled:
    """Return what a part of a query says that is *spelled* so."""
    return Spelled(spelled, QUERY_ESCAPES, _from_url)


def url_text(spelled: str) -> Spelled:
    """Return what a text with URLs says that is *spelled* so."""
    return Spelled(spelled, URL_ESCAPES, _from_url)


def _from_url(escape: str) -> str:
    if escape == "+":
        return " "
    return bytes.fromhex(escape.replace("%", "")).decode("utf-8", "replace")
