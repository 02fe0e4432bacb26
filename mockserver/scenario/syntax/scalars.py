"""What an unquoted word of YAML means: what every reader agrees on, and nothing else.

YAML 1.1 and 1.2 disagree about `yes`, `017`, `1_000` and more. What they read differently
is refused; what both could mean as text (`12:30`, `2026-11-20`) is text.
"""

import math
import re
from dataclasses import dataclass
from typing import Final

_CONSTANTS: Final[dict[str, bool | None]] = {
    "": None,
    "~": None,
    **dict.fromkeys(("null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_TRUE_ONCE: Final = frozenset(("yes", "Yes", "YES", "on", "On", "ON"))
_FALSE_ONCE: Final = frozenset(("no", "No", "NO", "off", "Off", "OFF"))

_STARTS_A_NUMBER: Final = frozenset("0123456789+-.")
_INTEGER: Final = re.compile(r"[-+]?(?:0|[1-9][0-9]*)")
_HEXADECIMAL: Final = re.compile(r"0x[0-9a-fA-F]+")
_FLOAT: Final = re.compile(r"[-+]?(?:(?:0|[1-9][0-9]*)(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?")
_LEADING_ZERO: Final = re.compile(r"[-+]?0[0-9]+(?:\.[0-9]*)?|0o[0-7]+|0b[01]+")
_UNDERSCORES: Final = re.compile(r"[-+]?(?:0[xb])?[0-9a-fA-F]+(?:_+[0-9a-fA-F]*)+(?:\.[0-9_]*)?")
_NOT_FINITE: Final = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")

_MOST_DIGITS: Final = 300
"""The largest float has 309 digits; Python itself refuses to read integers of 4,300."""


@dataclass(frozen=True, slots=True)
class Doubtful:
    """A word that YAML readers do not agree on."""

    what: str
    hint: str


def resolve(word: str) -> str | int | float | bool | Doubtful | None:
    """Return what the unquoted *word* stands for."""
    if word in _CONSTANTS:
        return _CONSTANTS[word]
    if word in _TRUE_ONCE or word in _FALSE_ONCE:
        plain = "true" if word in _TRUE_ONCE else "false"
        what = f"'{word}' is text to some YAML readers and a boolean to others"
        return Doubtful(what, f'write {plain}, or "{word}" in quotes')
    if word[0] in _STARTS_A_NUMBER:
        return _number(word)
    return word


def _number(word: str) -> str | int | float | Doubtful:
    """Return what *word* stands for, which begins as numbers do."""
    if len(word) > _MOST_DIGITS and (_INTEGER.fullmatch(word) or _FLOAT.fullmatch(word)):
        return Doubtful("the number is too long", "put it in quotes if it is text")
    if _INTEGER.fullmatch(word):
        return int(word)
    if _HEXADECIMAL.fullmatch(word):
        return int(word, 16)
    if _FLOAT.fullmatch(word):
        number = float(word)
        if math.isfinite(number):
            return number
        return Doubtful(f"the number {word} is too large", "put it in quotes if it is text")
    if _NOT_FINITE.fullmatch(word):
        return Doubtful(f"'{word}' is not a number in JSON", "put it in quotes if it is text")
    if _LEADING_ZERO.fullmatch(word):
        what = f"'{word}' is not the same number to all YAML readers"
        return Doubtful(
            what, f'write "{word}" in quotes for text, or the number without its leading zero'
        )
    if _UNDERSCORES.fullmatch(word):
        what = f"'{word}' is a number to some YAML readers and text to others"
        return Doubtful(
            what, f'write "{word}" in quotes for text, or the number without underscores'
        )
    return word
