"""Regular expressions that can take exponential time: found by their form, never by trying.

Python's `re` backtracks and cannot be interrupted: `(a+)+$` takes seconds on 26 letters, in
which the whole server stands still. What blows up is a repetition whose body can match the
same text in several ways. This finds most of those, and may suspect a harmless one.
"""

import importlib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, islice, product
from typing import Any, Final

# The parser of `re` itself: private, and the same since Python 3.11.
_parser: Final[Any] = importlib.import_module("re._parser")
_codes: Final[Any] = importlib.import_module("re._constants")

_ALPHABET: Final = frozenset(map(chr, range(256)))
"""The characters by which sets are compared."""
_MANY: Final = 10
"""A repetition that is allowed so often is as good as unbounded."""
_MOST_WAYS: Final = 64
"""How many combinations of alternatives are looked at in one body."""


def danger(pattern: str) -> str | None:
    """Return why the valid *pattern* can take exponential time, or None."""
    parsed = _parser.parse(pattern)
    reading = _Reading(folded=bool(parsed.state.flags & re.IGNORECASE))
    for body in _repeated_bodies(parsed):
        ways = list(islice(reading.ways(body), _MOST_WAYS))
        if any(map(_splits_at_will, ways)):
            return "a repetition within a repetition can share out the same text in many ways"
        if any(_overlap(one, other) for one, other in combinations(ways, 2)):
            return "alternatives within a repetition can match the same text"
    return None


def literal_in(pattern: str) -> str:
    """Return a text that is in whatever the valid *pattern* matches: its longest; often empty."""
    parsed = _parser.parse(pattern)
    if parsed.state.flags & re.IGNORECASE:
        return ""
    runs, run = [""], ""
    for kind, argument in parsed:
        run = run + chr(argument) if kind is _codes.LITERAL else ""
        runs.append(run)
    return max(runs, key=len)


@dataclass(frozen=True, slots=True)
class _Item:
    """One step of a sequence: what it can match, whether it may match nothing, or more or less."""

    characters: frozenset[str]
    optional: bool = False
    varies: bool = False


_Way = tuple[_Item, ...]
"""One way through a body: an alternative is chosen wherever there are several."""


def _splits_at_will(way: _Way) -> bool:
    """Return whether a step that varies has no fixed mark that sets off its repetitions."""
    for position, item in enumerate(way):
        others = (*way[:position], *way[position + 1 :])
        if item.varies and not any(
            not other.optional and other.characters.isdisjoint(item.characters) for other in others
        ):
            return True
    return False


def _overlap(one: _Way, other: _Way) -> bool:
    """Return whether two alternatives can begin with the same text, up to the shorter's end."""
    for mine, theirs in zip(one, other, strict=False):
        if mine.varies or theirs.varies:
            return not mine.characters.isdisjoint(theirs.characters)
        if mine.characters.isdisjoint(theirs.characters):
            return False
    return True


def _repeated_bodies(sequence: Iterable[Any]) -> Iterator[Any]:
    """Yield the bodies of all repetitions that may go on and on, the outer ones first."""
    for code, argument in sequence:
        if code in (_codes.MAX_REPEAT, _codes.MIN_REPEAT) and argument[1] >= _MANY:
            yield argument[2]
        for inner in _inside(code, argument):
            yield from _repeated_bodies(inner)


def _inside(code: Any, argument: Any) -> list[Any]:
    """Return the sequences that an operation of `re` holds."""
    if code in (_codes.MAX_REPEAT, _codes.MIN_REPEAT, _codes.POSSESSIVE_REPEAT):
        return [argument[2]]
    if code is _codes.SUBPATTERN:
        return [argument[3]]
    if code is _codes.ATOMIC_GROUP:
        return [argument]
    if code is _codes.BRANCH:
        return list(argument[1])
    if code in (_codes.ASSERT, _codes.ASSERT_NOT):
        return [argument[1]]
    if code is _codes.GROUPREF_EXISTS:
        return [sequence for sequence in argument[1:] if sequence is not None]
    return []


@dataclass(frozen=True, slots=True)
class _Reading:
    """Reads parsed expressions; *folded* if case does not matter."""

    folded: bool

    def ways(self, sequence: Iterable[Any]) -> Iterator[_Way]:
        """Yield each way through *sequence*."""
        steps = [self._alternatives(code, argument) for code, argument in sequence]
        for choice in product(*steps):
            yield tuple(item for way in choice for item in way)

    def _alternatives(self, code: Any, argument: Any) -> list[_Way]:
        if code is _codes.BRANCH:
            filled = [list(islice(self.ways(branch), _MOST_WAYS)) for branch in argument[1]]
            ways = [way for branch in filled for way in branch]
            if () not in ways:
                return ways
            # `re` takes common beginnings out: `a|aa` arrives as an `a` and an optional `a`.
            characters = frozenset[str]().union(*(i.characters for way in ways for i in way))
            return [(_Item(characters, optional=True, varies=True),)]
        if code is _codes.SUBPATTERN:
            return list(islice(self.ways(argument[3]), _MOST_WAYS))
        if code in (_codes.AT, _codes.ASSERT, _codes.ASSERT_NOT):
            return [()]
        if code in (_codes.MAX_REPEAT, _codes.MIN_REPEAT):
            return [self._repeat(*argument)]
        return [(self._item(code, argument),)]

    def _repeat(self, least: int, most: int, body: Any) -> _Way:
        ways = list(islice(self.ways(body), _MOST_WAYS))
        items = [item for way in ways for item in way]
        optional = least == 0 or any(all(item.optional for item in way) for way in ways)
        varies = least != most or any(item.varies for item in items)
        characters = frozenset[str]().union(*(item.characters for item in items))
        return (_Item(characters, optional=optional, varies=varies),)

    def _item(self, code: Any, argument: Any) -> _Item:
        """Return what a step matches that does not give back what it took."""
        inner = _inside(code, argument)
        if inner:
            ways = [way for sequence in inner for way in islice(self.ways(sequence), _MOST_WAYS)]
            characters = frozenset[str]().union(*(i.characters for way in ways for i in way))
            optional = any(all(item.optional for item in way) for way in ways)
            return _Item(characters, optional=optional)
        return _Item(self._characters(code, argument))

    def _characters(self, code: Any, argument: Any) -> frozenset[str]:
        if code is _codes.LITERAL:
            return self._fold(chr(argument))
        if code is _codes.NOT_LITERAL:
            return _ALPHABET - self._fold(chr(argument))
        if code is _codes.IN:
            return self._set(argument)
        return _ALPHABET

    def _set(self, members: Sequence[tuple[Any, Any]]) -> frozenset[str]:
        found: set[str] = set()
        negated = False
        for code, argument in members:
            if code is _codes.NEGATE:
                negated = True
            elif code is _codes.RANGE:
                found |= self._fold(*map(chr, range(argument[0], min(argument[1], 255) + 1)))
            elif code is _codes.CATEGORY:
                found |= _CATEGORIES.get(argument, _ALPHABET)
            else:
                found |= self._characters(code, argument)
        return frozenset(_ALPHABET - found if negated else found)

    def _fold(self, *characters: str) -> frozenset[str]:
        if not self.folded:
            return frozenset(characters)
        return frozenset(c for one in characters for c in (one.lower(), one.upper(), one))


_DIGITS: Final = frozenset(c for c in _ALPHABET if c.isdigit())
_SPACES: Final = frozenset(c for c in _ALPHABET if c.isspace())
_WORDS: Final = frozenset(c for c in _ALPHABET if c.isalnum() or c == "_")
_CATEGORIES: Final = {
    _codes.CATEGORY_DIGIT: _DIGITS,
    _codes.CATEGORY_NOT_DIGIT: _ALPHABET - _DIGITS,
    _codes.CATEGORY_SPACE: _SPACES,
    _codes.CATEGORY_NOT_SPACE: _ALPHABET - _SPACES,
    _codes.CATEGORY_WORD: _WORDS,
    _codes.CATEGORY_NOT_WORD: _ALPHABET - _WORDS,
}
