"""How long `re` takes to search a text, at worst: an upper bound, from the form of an expression.

`re` backtracks and cannot be interrupted, so it may only be let loose where a bound is known.
The bound multiplies the ways in which each step of a sequence can match; that two steps exclude
each other is not seen. It is never too low, and often much too high.
"""

import math
import re
from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from mockserver.patterns.trees import BEGINNINGS, REPEATS, codes

ENDLESS: Final = 1e18
"""As good as for ever; sums and products stop here."""
AFFORDABLE: Final = 4e6
"""Steps of `re` that take well under 50 ms: it does more than 100 in a microsecond."""
LENGTHS: Final = (0, 8, 16, 24, 32, 48, 64, 96, 128, 256, 512, 1_024, 2_048, 4_096, 16_384, 65_536)
"""Lengths of texts that are tried as safe."""


@dataclass(frozen=True, slots=True)
class Bound:
    """At most so many *ways* to match, found in at most so many *steps*; *least* is a length."""

    ways: float
    steps: float
    least: int


def steps_from(tree: Any, length: int) -> float:
    """Return how many steps *tree* takes from one place in a text of *length*, at most."""
    return _sequence(tree, length).steps


def is_anchored(tree: Any) -> bool:
    """Return whether *tree* matches at the beginning of a text or nowhere."""
    code, argument = tree[0] if len(tree) else (None, None)
    at = code is codes.AT and argument in BEGINNINGS
    return at and not (argument is codes.AT_BEGINNING and tree.state.flags & re.MULTILINE)


def safe_length(tree: Any) -> int:
    """Return how long a text may be so that `re` searches any such text affordably."""
    anchored = is_anchored(tree)

    def is_safe(length: int) -> bool:
        return (1 if anchored else length + 1) * steps_from(tree, length) <= AFFORDABLE

    safe = bisect_left(LENGTHS, 1, key=lambda length: not is_safe(length))
    return LENGTHS[safe - 1] if safe else -1


def _sequence(sequence: Iterable[Any], length: int) -> Bound:
    ways, steps, least = 1.0, 1.0, 0
    for code, argument in sequence:
        one = _one(code, argument, length)
        steps = min(steps + ways * one.steps, ENDLESS)
        ways = min(ways * one.ways, ENDLESS)
        least += one.least
    return Bound(ways, steps, least)


def _one(code: Any, argument: Any, length: int) -> Bound:
    if code in REPEATS:
        least, most, body = argument
        bound = _repeat(least, most, body, length)
        return Bound(1, bound.steps, bound.least) if code is codes.POSSESSIVE_REPEAT else bound
    if code is codes.SUBPATTERN:
        return _sequence(argument[3], length)
    if code is codes.ATOMIC_GROUP:
        inner = _sequence(argument, length)
        return Bound(1, inner.steps, inner.least)
    if code in (codes.ASSERT, codes.ASSERT_NOT):
        return Bound(1, _sequence(argument[1], length).steps, 0)
    if code is codes.BRANCH:
        return _either([_sequence(branch, length) for branch in argument[1]])
    if code is codes.GROUPREF_EXISTS:
        return _either([_sequence(one or (), length) for one in argument[1:]])
    if code is codes.GROUPREF:
        return Bound(1, 1 + length, 0)
    if code is codes.AT:
        return Bound(1, 1, 0)
    if code is codes.IN:
        return Bound(1, len(argument), 1)
    return Bound(1, 1, 1)


def _either(branches: list[Bound]) -> Bound:
    return Bound(
        min(sum(branch.ways for branch in branches), ENDLESS),
        min(sum(branch.steps for branch in branches), ENDLESS),
        min((branch.least for branch in branches), default=0),
    )


def _repeat(least: int, most: int, body: Any, length: int) -> Bound:
    inner = _sequence(body, length)
    # An iteration that matches nothing is not begun again, unless it is demanded.
    times = min(most, length // inner.least if inner.least else length + least)
    shortest = min(least * inner.least, length + 1)
    if inner.ways == 1:
        ways: float = max(1, times - least + 1)
        return Bound(ways, min((times + 1) * inner.steps, ENDLESS), shortest)
    if math.log2(inner.ways) * (times + 1) >= math.log2(ENDLESS):
        return Bound(ENDLESS, ENDLESS, shortest)
    ways = inner.ways ** (times + 1)
    return Bound(ways, min(ways * inner.steps, ENDLESS), shortest)
