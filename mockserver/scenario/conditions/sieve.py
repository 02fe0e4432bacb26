"""Which of many rules may hold for a call, found without asking each of them.

Of each rule one test is taken, its gate, that must hold for the rule to hold. Gates that look at
the same thing are tried together: it is looked at once, literal names are looked up in a table, and
literal texts are searched for without calling a function for each. What is left are the few rules
that have to be asked in full.
"""

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import compress
from operator import attrgetter
from typing import Any, Final

from mockserver.patterns.searching import pattern
from mockserver.scenario.conditions.criteria import (
    NamesTest,
    NameTest,
    NumberTest,
    TextTest,
    ValueTest,
)
from mockserver.scenario.conditions.matching import Condition, WrittenTest
from mockserver.scenario.conditions.predicates import has_wildcard, literal_run
from mockserver.scenario.conditions.subject import Subject
from mockserver.scenario.conditions.when import AfterTool

FEW: Final = 16
"""So many rules are asked one by one: that costs less than the tables."""
AT_ONCE: Final = 256
"""Rules that are sieved together: those below are not looked at if one of them answers."""

_SEVERAL: Final = frozenset(
    {
        *("any_message", "prompt", "embedding_input", "moderation_input"),
        *("tools", "response_format", "answered_tools"),
    }
)
"""Keys that look at several names or texts, of which one must fit."""


Finder = Callable[[Any], Iterable[int]]
"""Returns the positions of the rules whose gates hold for what they look at."""


@dataclass(slots=True)
class _Group:
    """The gates that look at the same thing, with the positions of their rules."""

    read: Callable[[Subject], Any]
    is_several: bool
    names: dict[Any, list[int]] = field(default_factory=dict[Any, list[int]])
    needles: list[tuple[str, int]] = field(default_factory=list[tuple[str, int]])
    others: list[tuple[Callable[[Any], bool], int]] = field(
        default_factory=list[tuple[Callable[[Any], bool], int]]
    )

    def finders(self) -> Iterator[Finder]:
        """Yield what finds its rules: by name, by texts to search for, by asking each."""
        names, needles, others = self.names, self.needles, self.others
        if names and self.is_several:
            yield lambda values: [n for value in values for n in _named(names, value)]
        elif names:
            yield partial(_named, names)
        if needles:
            texts, positions = [needle for needle, _ in needles], [n for _, n in needles]
            yield partial(_containing, texts, positions)
        if others:
            yield lambda value: [n for fits, n in others if fits(value)]


def _named(names: Mapping[Any, Sequence[int]], value: Any) -> Sequence[int]:
    try:
        return names.get(value, ())
    except TypeError:  # a list or an object of JSON, which is no name
        return ()


def _containing(texts: Sequence[str], positions: Sequence[int], value: Any) -> Iterable[int]:
    # Without a loop of Python's: there may be hundreds.
    return compress(positions, map(value.__contains__, texts)) if isinstance(value, str) else ()


class Sieve:
    """The gates of some rules that follow each other."""

    def __init__(self, conditions: Sequence[Condition], first: int) -> None:
        """Take the *conditions* of rules, the *first* of which stands at that position."""
        self._always: list[int] = []
        groups: dict[Hashable, _Group] = {}
        ways = [
            (position, [_Gate.of(test) for test in alternative.tests])
            for position, condition in enumerate(conditions, first)
            for alternative in condition.alternatives
        ]
        # What many rules share does not set any of them apart.
        common = Counter(mark for _, gates in ways for gate in gates for mark in gate.marks)
        for position, gates in ways:
            if gates:
                _add(groups, min(gates, key=lambda gate: gate.weight(common)), position)
            else:
                self._always.append(position)
        self._finders = [(group.read, tuple(group.finders())) for group in groups.values()]

    def fitting(self, subject: Subject) -> list[int]:
        """Return the positions of the rules that may hold for *subject*, from top to bottom."""
        found = {*self._always}
        for read, finders in self._finders:
            value = read(subject)
            for find in finders:
                found.update(find(value))
        return sorted(found)


def _add(groups: dict[Hashable, _Group], gate: "_Gate", position: int) -> None:
    group = groups.get(gate.key)
    if group is None:
        group = groups[gate.key] = _Group(gate.read, gate.is_several)
    if gate.needle is not None:
        group.needles.append((gate.needle, position))
    elif gate.names:
        for name in gate.names:
            group.names.setdefault(name, []).append(position)
    else:
        group.others.append((gate.fits, position))


def sieves(conditions: Sequence[Condition]) -> tuple[Sieve, ...]:
    """Return the sieves for *conditions*, which are those of all rules; none for a few."""
    if len(conditions) <= FEW:
        return ()
    return tuple(
        Sieve(conditions[first : first + AT_ONCE], first)
        for first in range(0, len(conditions), AT_ONCE)
    )


def candidates(among: Sequence[Sieve], subject: Subject) -> Iterator[int]:
    """Yield the positions of the rules to ask, looking again when one has changed the state."""
    for sieve in among:
        asked, again = -1, True
        while again:
            again = False
            state = subject.state
            for position in sieve.fitting(subject):
                if position <= asked:
                    continue
                asked = position
                yield position
                if subject.state is not state:
                    again = True
                    break


# --- Gates -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _Gate:
    """One test of a rule, and what must be there for it to hold.

    One of *names*, or a text with *needle* in it; with neither, *fits* must be asked.
    """

    key: Hashable
    read: Callable[[Subject], Any]
    fits: Callable[[Any], bool]
    cost: int
    is_several: bool
    names: tuple[Any, ...] = ()
    needle: str | None = None

    @classmethod
    def of(cls, written: WrittenTest) -> "_Gate":
        """Return the gate that *written* makes."""
        test, key = written.test, written.name
        read, names = written.read, _names(test)
        if isinstance(test, AfterTool):
            names = _names_after(test)
            if names:
                key, read = "answered_tools", attrgetter("answered_tools")
        is_several = key in _SEVERAL
        return cls(
            key=key,
            read=read,
            fits=written.fits,
            cost=written.cost,
            is_several=is_several,
            names=names,
            needle=None if names or is_several else _needle(test),
        )

    @property
    def marks(self) -> list[Hashable]:
        """What it lets pass, to be counted."""
        found = self.names if self.needle is None else (self.needle,)
        return [(self.key, mark) for mark in found]

    def weight(self, common: Mapping[Hashable, int]) -> int:
        """Return about what it costs: to try it, and to ask for nothing the rules it lets pass."""
        if not self.marks:
            return AT_ONCE + self.cost
        return max(common[mark] for mark in self.marks) + (self.needle is not None)


def _names(test: Any) -> tuple[Any, ...]:
    """Return values of which one must be there for *test* to hold; none if there is no such list.

    Of arbitrary values only texts count: to Python, `1` and `true` are the same.
    """
    match test:
        case bool():
            return (test,)
        case ValueTest(equals=str(equals)):
            return (equals,)
        case NumberTest(equals=equals):
            return equals
        case NamesTest(any=named) if named and not any(map(has_wildcard, named)):
            return named
        case NamesTest(all=named) if named and not has_wildcard(named[0]):
            return named[:1]
        case TextTest():
            if test.equals:
                return test.equals
            return () if any(map(has_wildcard, test.glob)) else test.glob
        case _:
            return ()


def _names_after(test: AfterTool) -> tuple[str, ...]:
    """Return tools of which one must have answered for *test* to hold."""
    names = _names(NamesTest(any=test.any, all=test.all))
    if not names and isinstance(test.name, NameTest):
        names = _names(test.name)
    return names


def _needle(test: Any) -> str | None:
    """Return a text that must be in another for *test* to hold; None: there is none."""
    if not isinstance(test, TextTest | ValueTest):
        return None
    if len(test.contains) == 1:
        return test.contains[0] or None
    if len(test.glob) == 1:
        return literal_run(test.glob[0]) or None
    if len(test.regex) == 1:
        return pattern(test.regex[0]).literal or None
    return None
