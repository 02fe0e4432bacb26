"""The errors of the product: one hierarchy, and each error can print itself.

An answer that a provider would send as an error is not one of them: see
`mockserver.conversation.ApiError`.
"""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final, Literal

_LONGEST: Final = 600
"""How many characters of a sentence are printed: it may quote a word of any length."""


class MockServerError(Exception):
    """Something that the person who runs the server can fix.

    Its text is a message for that person: where, what, the nearest valid alternative.
    The command line prints it and exits with code 2.
    """


class UsageError(MockServerError):
    """An option of the command line, or an argument in Python, is not valid."""


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A position in a file, as editors count: lines and columns from 1.

    What was not read from a file has a *path* instead, such as `rules[0].reply.kind`.
    """

    file: str
    line: int
    column: int
    path: str | None = None

    def __str__(self) -> str:
        if self.path is None:
            return f"{self.file}:{self.line}:{self.column}"
        return f"{self.file}: {self.path}" if self.path else self.file


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that is wrong (or doubtful) in a file."""

    place: Place
    what: str
    hint: str | None = None
    severity: Literal["error", "warning"] = "error"

    def __str__(self) -> str:
        label = "warning: " if self.severity == "warning" else ""
        line = f"{self.place}: {label}{_on_one_line(self.what)}"
        return f"{line}\n  {_on_one_line(self.hint)}" if self.hint else line


def _on_one_line(text: str) -> str:
    """Return *text* on one line, shortened and safe to print, whatever it quotes from a file.

    Invisible characters and those that control a terminal are escaped.
    """
    if len(text) > _LONGEST:
        text = f"{text[: _LONGEST // 2]} … {text[-_LONGEST // 2 :]}"
    return printable(text)


def printable(text: str) -> str:
    """Return *text* on one line, with escapes in place of what a terminal obeys or hides."""
    return text if text.isprintable() else "".join(map(_visible, text))


def _visible(char: str) -> str:
    return char if char.isprintable() else char.encode("unicode_escape").decode("ascii")


class ScenarioError(MockServerError):
    """A scenario has errors; *problems* lists all of them, in file order."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(problems, key=lambda problem: problem.place))
        super().__init__("\n".join(map(str, self.problems)))


def shows_mistake(excinfo: Any) -> bool:
    """Return whether the error of pytest's *excinfo* is a mistake in how we are called.

    A module that names this `__tracebackhide__` leaves its frames out of pytest's report of such
    a mistake, which then ends at the caller's line. Defects of our own are shown whole.
    """
    return isinstance(excinfo.value, MockServerError)


LONGEST_MISTAKEN: Final = 300
"""Longer words are no mistyped names, and would take long to compare."""


def did_you_mean(word: str, known: Iterable[str]) -> str | None:
    """Return ``did you mean 'x'?`` for the known word nearest to *word*, or None."""
    if len(word) > LONGEST_MISTAKEN:
        return None
    written = word.lower() if word.isupper() else word
    nearest = difflib.get_close_matches(written, list(known), n=1, cutoff=0.6)
    return f"did you mean '{nearest[0]}'?" if nearest else None


class BadValue(ValueError):  # noqa: N818 - the value is bad; the reader makes it an error
    """A class of a reply or failure refuses the value of a key; raised by constructors."""

    def __init__(self, key: str, what: str, hint: str | None = None) -> None:
        super().__init__(what)
        self.key = key
        self.what = what
        self.hint = hint
