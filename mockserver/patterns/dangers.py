"""Regular expressions that can take very long: found by their form, never by trying.

`re` backtracks: `(a+)+$` takes seconds on 26 letters. What blows up is a repetition whose body can
match the same text in several ways; what grows with the square of a text's length is a repetition
that is begun again at each of its characters, or that shares them out with the next one. This
finds most of those, and may suspect a harmless one. However long an expression would take, it is
given up after a while (`mockserver.patterns.searching`): a rule that tests it does not hold then.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, islice, product
from typing import Any, Final

from mockserver.patterns.trees import REPEATS, codes, parsed, parts

_ALPHABET: Final = frozenset(map(chr, range(256)))
"""The characters by which sets are compared."""
_MANY: Final = 10
"""A repetition that is allowed so often is as good as unbounded."""
_LONG: Final = 1_000
"""A repetition that is allowed so often can take a whole text."""
_MOST_WAYS: Final = 64
"""How many combinations of alternatives are looked at in one body."""


def danger(pattern: str) -> str | None:
    """Return why the valid *pattern* can take very long, or None."""
    tree = parsed(pattern)
    reading = _Reading(folded=bool(tree.state.flags & re.IGNORECASE))
    for body in _repeated_bodies(tree):
        ways = list(islice(reading.ways(body), _MOST_WAYS))
        if any(map(_splits_at_will, ways)):
            return "a repetition within a repetition can share out the same text in many ways"
        if any(_overlap(one, other) for one, other in combinations(ways, 2)):
            return "alternatives within a repetition can match the same text"
    for steps in islice(_straight(tree), _MOST_WAYS):
        if _begins_again(steps):
            return "a long run of what it begins with is searched again from each character"
        if _shares(steps, reading):
            return "two repetitions in a row can share out the same text in many ways"
    return None


_Step = tuple[Any, Any]


def _straight(sequence: Iterable[_Step]) -> Iterator[tuple[_Step, ...]]:
    """Yield each way through *sequence*, with the steps of its groups in their place."""
    ways: list[list[tuple[_Step, ...]]] = []
    for code, argument in sequence:
        if code is codes.SUBPATTERN:
            ways.append(list(islice(_straight(argument[3]), _MOST_WAYS)))
        elif code is codes.BRANCH:
            branches = [list(islice(_straight(one), _MOST_WAYS)) for one in argument[1]]
            ways.append([way for branch in branches for way in branch])
        else:
            ways.append([((code, argument),)])
    for chosen in product(*ways):
        yield tuple(step for way in chosen for step in way)


_EMPTY: Final = frozenset({codes.AT, codes.ASSERT, codes.ASSERT_NOT})
"""Steps that take no characters."""


def _is_endless(step: _Step) -> bool:
    code, argument = step
    return code in (codes.MAX_REPEAT, codes.MIN_REPEAT) and argument[1] >= _LONG


def _is_optional(step: _Step) -> bool:
    code, argument = step
    return code in _EMPTY or (code in REPEATS and not argument[0])


def _begins_again(steps: tuple[_Step, ...]) -> bool:
    """Return whether a repetition comes first, and after it only an end that may not be there."""
    if not steps or not _is_endless(steps[0]):
        return False
    rest = steps[1:]
    return all(map(_is_optional, rest)) and any(code in _EMPTY for code, _ in rest)


def _shares(steps: tuple[_Step, ...], reading: "_Reading") -> bool:
    """Return whether two endless repetitions follow each other, with something after them."""
    before: frozenset[str] | None = None
    for position, step in enumerate(steps):
        if _is_endless(step):
            (item,) = reading.alternatives(*step)[0]
            can_fail = any(
                code in _EMPTY or not _is_optional((code, argument))
                for code, argument in steps[position + 1 :]
            )
            if before is not None and can_fail and not before.isdisjoint(item.characters):
                return True
            before = item.characters
        elif not _is_optional(step) or step[0] in _EMPTY:
            before = None
    return False


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
        if code in (codes.MAX_REPEAT, codes.MIN_REPEAT) and argument[1] >= _MANY:
            yield argument[2]
        for inner in parts(code, argument):
            yield from _repeated_bodies(inner)


@dataclass(frozen=True, slots=True)
class _Reading:
    """Reads parsed expressions; *folded* if case does not matter."""

    folded: bool

    def ways(self, sequence: Iterable[Any]) -> Iterator[_Way]:
        """Yield each way through *sequence*."""
        steps = [self.alternatives(code, argument) for code, argument in sequence]
        for choice in product(*steps):
            yield tuple(item for way in choice for item in way)

    def alternatives(self, code: Any, argument: Any) -> list[_Way]:
        """Return the ways through one step."""
        if code is codes.BRANCH:
            filled = [list(islice(self.ways(branch), _MOST_WAYS)) for branch in argument[1]]
            ways = [way for branch in filled for way in branch]
            if () not in ways:
                return ways
            # `re` takes common beginnings out: `a|aa` arrives as an `a` and an optional `a`.
            characters = frozenset[str]().union(*(i.characters for way in ways for i in way))
            return [(_Item(characters, optional=True, varies=True),)]
        if code is codes.SUBPATTERN:
            return list(islice(self.ways(argument[3]), _MOST_WAYS))
        if code in (codes.AT, codes.ASSERT, codes.ASSERT_NOT):
            return [()]
        if code in (codes.MAX_REPEAT, codes.MIN_REPEAT):
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
        inner = parts(code, argument)
        if inner:
            ways = [way for sequence in inner for way in islice(self.ways(sequence), _MOST_WAYS)]
            characters = frozenset[str]().union(*(i.characters for way in ways for i in way))
            optional = any(all(item.optional for item in way) for way in ways)
            return _Item(characters, optional=optional)
        return _Item(self._characters(code, argument))

    def _characters(self, code: Any, argument: Any) -> frozenset[str]:
        if code is codes.LITERAL:
            return self._fold(chr(argument))
        if code is codes.NOT_LITERAL:
            return _ALPHABET - self._fold(chr(argument))
        if code is codes.IN:
            return self._set(argument)
        return _ALPHABET

    def _set(self, members: Sequence[tuple[Any, Any]]) -> frozenset[str]:
        found: set[str] = set()
        negated = False
        for code, argument in members:
            if code is codes.NEGATE:
                negated = True
            elif code is codes.RANGE:
                found |= self._fold(*map(chr, range(argument[0], min(argument[1], 255) + 1)))
            elif code is codes.CATEGORY:
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
    codes.CATEGORY_DIGIT: _DIGITS,
    codes.CATEGORY_NOT_DIGIT: _ALPHABET - _DIGITS,
    codes.CATEGORY_SPACE: _SPACES,
    codes.CATEGORY_NOT_SPACE: _ALPHABET - _SPACES,
    codes.CATEGORY_WORD: _WORDS,
    codes.CATEGORY_NOT_WORD: _ALPHABET - _WORDS,
}
