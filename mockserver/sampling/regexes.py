"""Patterns: whether a text matches one, and texts that do.

A pattern is whatever a client sends, so neither is done at any price: matching takes steps,
and texts take letters. What takes more of them than there are has no verdict, and no text.

Texts are made along the tree that Python's own parser makes of a pattern. (The package
`rstr` does the same, but cannot steer lengths, and draws from sets: its texts change with
PYTHONHASHSEED.)
"""

import re
import string
from dataclasses import dataclass, field
from functools import lru_cache
from random import Random
from typing import Any, Final

from mockserver.effort import Budget
from mockserver.patterns.programs import TooMuch
from mockserver.patterns.searching import LONGEST as LONGEST_PATTERN
from mockserver.patterns.searching import Pattern, sent

_LONGEST: Final = 10_000
"""The longest text, whatever its pattern demands."""
_USUAL: Final = 8
"""How often an endless repeat is done above its least, at most, where no length is asked for."""
_ATTEMPTS: Final = 40
_ENOUGH: Final = 24
"""After so many attempts, a text of another length is taken."""

_CATEGORIES: Final = {
    "CATEGORY_DIGIT": string.digits,
    "CATEGORY_NOT_DIGIT": string.ascii_letters,
    "CATEGORY_SPACE": " ",
    "CATEGORY_NOT_SPACE": string.ascii_lowercase + string.digits,
    "CATEGORY_WORD": string.ascii_lowercase + string.digits,
    "CATEGORY_NOT_WORD": "-",
}
_MEMBERS: Final = {
    "CATEGORY_DIGIT": string.digits,
    "CATEGORY_SPACE": string.whitespace,
    "CATEGORY_WORD": string.ascii_letters + string.digits + "_",
}
_ANY: Final = string.ascii_letters + string.digits
_PRINTABLE: Final = string.ascii_letters + string.digits + string.punctuation + " "
_PROPERTIES: Final = {
    r"\p{L}": r"a-zA-Z\u00c0-\u024f",
    r"\p{Lu}": "A-Z",
    r"\p{Ll}": "a-z",
    r"\p{N}": "0-9",
    r"\p{Nd}": "0-9",
}
"""The classes of Unicode characters that Python lacks, as far as they are common."""
_SURROGATES: Final = (0xD800, 0xDFFF)
_FEW: Final = 16
"""A repeat of more than this many counts as one without end."""
_SLOW: Final = 100
"""What backtracking costs, as against a search without it."""
_NAME: Final = 64
"""The length of a long name."""
_LETTERS_PER_TEXT: Final = 10
"""What it takes to make any text, however short."""
_OPERATIONS_PER_LETTER: Final = 8
"""A text that takes more operations for each of its letters pays a letter for each of them."""


def found(pattern: str, text: str) -> bool | None:
    """Return whether *pattern* is found in *text*; None where that would take too much."""
    known = _known(pattern)
    return None if known is None else known.found(text, clock=False)


def effort(pattern: str) -> int:
    """Return how much it is to hold *pattern* against a name: 1 for a plain one."""
    known = _known(pattern)
    return 1 if known is None or known.safe_length >= _NAME else _SLOW


def matches(pattern: str, text: str) -> bool:
    """Return whether *pattern* is found in *text*, in doubt True."""
    return found(pattern, text) is not False


def text_for(
    pattern: str,
    rng: Random,
    letters: Budget,
    *,
    shortest: int = 0,
    longest: int | None = None,
) -> str | None:
    """Return a text that *pattern* matches, of a length within the bounds if that can be had.

    None: *pattern* is none that Python knows, or no text for it was found before all *letters*
    were spent.
    """
    known = _known(pattern)
    if known is None:
        return None
    best: str | None = None
    reach = max(_USUAL, shortest)
    for attempt in range(_ATTEMPTS):
        if letters.left <= 0:
            break
        letters.spend(_LETTERS_PER_TEXT)
        try:
            text = _Making(rng, reach, letters).text(known.tree)
        except TooMuch:
            break
        text = _lengthened(text, pattern, rng, shortest)
        verdict = found(pattern, text)
        too_long = longest is not None and len(text) > longest
        fits = shortest <= len(text) and not too_long
        if verdict and fits:
            return text
        if verdict is not False and (best is None or fits):
            best = text
        if best is not None and attempt >= _ENOUGH:
            break
        # Repeats may be nested: how far each may go is found by trying.
        reach = reach // 2 if too_long else min(2 * reach + 1, _LONGEST) if not fits else reach
    return best


def _lengthened(text: str, pattern: str, rng: Random, shortest: int) -> str:
    """Return *text* with more after it, if *pattern* leaves its end open."""
    missing = shortest - len(text)
    if missing <= 0 and (not text or text[-1].isalnum()):
        return text
    tail = "".join(rng.choices(string.ascii_lowercase + string.digits, k=max(missing, 5)))
    return text + tail if found(pattern, text + tail) else text


def _known(pattern: str) -> Pattern | None:
    return sent(pattern if len(pattern) > LONGEST_PATTERN else _in_python(pattern))


@lru_cache(maxsize=1_024)
def _in_python(pattern: str) -> str:
    """Spell in Python's way what ECMA-262, whose patterns JSON Schema means, spells otherwise."""
    pattern = re.sub(r"\(\?<(?=[A-Za-z_])", "(?P<", pattern)
    pattern = re.sub(r"\\k<(\w+)>", r"(?P=\1)", pattern)
    in_class = False
    parts: list[str] = []
    for part in re.findall(r"\\p\{\w+\}|\\.|[^\\]|\\$", pattern, re.DOTALL):
        letters = _PROPERTIES.get(part)
        parts.append(part if letters is None else letters if in_class else f"[{letters}]")
        in_class = part != "]" if in_class else part == "["
    return "".join(parts)


@dataclass(slots=True)
class _Making:
    """One text in the making."""

    rng: Random
    reach: int
    letters: Budget
    length: int = 0
    operations: int = 0
    groups: dict[int, str] = field(default_factory=dict[int, str])
    classes: dict[int, str] = field(default_factory=dict[int, str])
    """The characters that a class excludes, by its identity in the tree."""
    wishes: list[str] = field(default_factory=list[str])
    """What lookaheads demand: put over the finished text, like the digit of a password."""

    def text(self, tree: Any) -> str:
        made = self._sequence(tree)
        for wish in self.wishes:
            if wish and len(wish) <= len(made):
                at = self.rng.randint(0, len(made) - len(wish))
                made = made[:at] + wish + made[at + len(wish) :]
        return made

    def _sequence(self, tree: Any) -> str:
        self.operations += 1 + len(tree)
        if self.operations > _OPERATIONS_PER_LETTER * (self.length + 1):
            self._spend(1 + len(tree))
        return "".join([self._one(operation.name, argument) for operation, argument in tree])

    def _one(self, name: str, argument: Any) -> str:  # noqa: C901, PLR0912 - one branch an operation
        match name:
            case "LITERAL":
                return self._put(chr(argument))
            case "NOT_LITERAL":
                return self._put(self._other_than(chr(argument)))
            case "ANY":
                return self._put(self.rng.choice(_ANY))
            case "IN":
                return self._put(self._member(argument))
            case "BRANCH":
                return self._sequence(self.rng.choice(argument[1]))
            case "SUBPATTERN":
                made = self._sequence(argument[-1])
                if argument[0] is not None:
                    self.groups[argument[0]] = made
                return made
            case "MAX_REPEAT" | "MIN_REPEAT" | "POSSESSIVE_REPEAT":
                return self._repeated(*argument)
            case "ATOMIC_GROUP":
                return self._sequence(argument)
            case "GROUPREF":
                return self._put(self.groups.get(argument, ""))
            case "GROUPREF_EXISTS":
                chosen = argument[1] if argument[0] in self.groups else argument[2]
                return self._sequence(chosen or [])
            case "ASSERT" if argument[0] < 0:
                return self._sequence(argument[1])
            case "ASSERT":
                self.wishes.append(_Making(self.rng, 0, self.letters).text(argument[1]))
                return ""
            case _:  # anchors and what must not follow: left to the check
                return ""

    def _put(self, text: str) -> str:
        self.length += len(text)
        self._spend(len(text))
        return text

    def _spend(self, letters: int) -> None:
        # A text that is begun is brought to its end, unless it is too long for any.
        if not self.letters.spend(letters) and self.letters.left < -_LONGEST:
            raise TooMuch

    def _repeated(self, least: int, most: int, tree: Any) -> str:
        upper = min(most, least + self.reach)
        # A word of one letter is as good a match as any, but nothing to read.
        lower = min(upper, max(least, 3)) if most > _FEW else least
        times = self.rng.randint(lower, upper)
        made: list[str] = []
        for _ in range(times):
            if self.length > _LONGEST or len(made) > _LONGEST:
                break
            made.append(self._sequence(tree))
        return "".join(made)

    def _member(self, choices: Any) -> str:
        """Return a character of a class such as ``[a-z_]`` or ``[^"]``."""
        if choices[0][0].name == "NEGATE":
            excluded = self.classes.get(id(choices))
            if excluded is None:
                excluded = self.classes[id(choices)] = _characters(choices[1:], _MEMBERS)
            return self._other_than(excluded)
        name, argument = self.rng.choice(choices)
        if name.name == "RANGE":
            first, last = argument
            return _written(self.rng.randint(first, last))
        if name.name == "CATEGORY":
            return self.rng.choice(_CATEGORIES[argument.name])
        return chr(argument)

    def _other_than(self, excluded: str) -> str:
        return self.rng.choice(_others(excluded))


@lru_cache(maxsize=256)
def _others(excluded: str) -> str:
    """Return characters that are not *excluded*, the likely ones if there are any."""
    likely = "".join([character for character in _ANY if character not in excluded])
    possible = likely or "".join([one for one in _PRINTABLE if one not in excluded])
    return possible or "\N{LATIN SMALL LETTER E WITH ACUTE}"


def _characters(choices: Any, categories: dict[str, str]) -> str:
    """Return the ASCII characters that *choices* name."""
    named: list[str] = []
    for operation, argument in choices:
        if operation.name == "LITERAL":
            named.append(chr(argument))
        elif operation.name == "RANGE":
            first, last = argument
            named.extend(character for character in _PRINTABLE if first <= ord(character) <= last)
        else:
            inverted = argument.name.replace("_NOT_", "_")
            inside = categories[inverted]
            named.extend(c for c in _PRINTABLE if (c in inside) == (inverted == argument.name))
    return "".join(named)


def _written(code: int) -> str:
    """Return the character *code*; JSON in UTF-8 cannot carry surrogates."""
    is_surrogate = _SURROGATES[0] <= code <= _SURROGATES[1]
    return "\N{REPLACEMENT CHARACTER}" if is_surrogate else chr(code)
