"""A matcher that counts its steps, for expressions that `re` might never be done with.

An expression becomes a program for a small machine that backtracks, as `re` does, and finds a
match exactly where `re` finds one. It differs in that it never tries the same thing twice: where
it has been in the program and in the text, it does not go again. So steps grow with the length of
the text, and not exponentially; only back-references, whose texts are part of where it has been,
may still make them many. What a single character or anchor matches is left to `re`.

Source: R. Cox, "Regular Expression Matching: the Virtual Machine Approach" (2009).
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from mockserver.patterns.trees import REPEATS, codes, compiler, parser, within

LONGEST: Final = 4_096
"""The longest text that is searched by counting."""
MOST_INSTRUCTIONS: Final = 5_000
"""Of a program: a repetition of up to 100 times is written 100 times."""

Groups = tuple[tuple[int, str | None], ...]
"""Texts of the groups that are referred to, by number."""


class TooMuch(Exception):  # noqa: N818 - it is a verdict
    """No steps are left, or the program is too long."""


@dataclass(slots=True)
class Counter:
    """Steps that may still be taken."""

    left: int

    def spend(self, steps: int) -> None:
        """Take *steps*.

        Raises:
            TooMuch: There are not so many left.

        """
        self.left -= steps
        if self.left < 0:
            raise TooMuch


_CHARACTER: Final = 0
"""Take one character, if its argument, a mapping from characters, says so."""
_FORK: Final = 1
"""Go on at one of several places, the first that leads to a match."""
_END: Final = 2
"""All has matched."""
_PLACE: Final = 3
"""Go on, if its argument, a function, matches the text from here on."""
_RARE: Final = 4
"""Do what its argument, one of the classes below, says."""

_Instruction = tuple[int, Any]


@dataclass(frozen=True, slots=True)
class _Opened:
    """Note where the group begins."""

    group: int


@dataclass(frozen=True, slots=True)
class _Closed:
    """Note what the group has matched."""

    group: int


@dataclass(frozen=True, slots=True)
class _Again:
    """Take the text that the group has matched."""

    group: int
    folded: bool


@dataclass(frozen=True, slots=True)
class _Whether:
    """Go on, if the group has matched; else at *otherwise*."""

    group: int
    otherwise: int


@dataclass(frozen=True, slots=True)
class _Look:
    """Match *program* from *back* characters before, without moving."""

    program: "Program"
    back: int
    wanted: bool


@dataclass(frozen=True, slots=True)
class _Atomic:
    """Match *program*, and never come back for another way to."""

    program: "Program"


@dataclass(slots=True)
class Program:
    """Instructions, the last of which is the end."""

    instructions: list[_Instruction] = field(default_factory=list[_Instruction])
    size: int = 0
    """How many instructions it has, with those of the programs in it."""

    def found(self, text: str, counter: Counter) -> bool:
        """Return whether it matches anywhere in *text*.

        Raises:
            TooMuch: *counter* has no steps left.

        """
        counter.spend(self.size // 8)
        been: set[Any] = set()
        starts = range(len(text) + 1)
        return any(self.run(text, start, (), been, counter) is not None for start in starts)

    def run(  # noqa: C901 - one branch an instruction, and no calls between them
        self, text: str, start: int, groups: Groups, been: set[Any], counter: Counter
    ) -> tuple[int, Groups] | None:
        """Return where the first match from *start* ends, and its groups; None: none begins there.

        *been* are the forks, each with a position and groups, that lead to no match.
        """
        instructions, length = self.instructions, len(text)
        waiting = [(0, start, groups)]
        left = counter.left
        while waiting:
            at, position, groups = waiting.pop()
            while left > 0:
                left -= 1
                kind, argument = instructions[at]
                if kind == _CHARACTER:
                    if position < length and argument[text[position]]:
                        at += 1
                        position += 1
                        continue
                elif kind == _FORK:
                    state = (at, position, groups)
                    if state not in been:
                        been.add(state)
                        at, *others = argument
                        waiting += [(way, position, groups) for way in reversed(others)]
                        continue
                elif kind == _PLACE:
                    if argument(text, position):
                        at += 1
                        continue
                elif kind == _END:
                    counter.left = left
                    return position, groups
                else:
                    counter.left = left
                    went = _rarely(argument, at, (text, position, groups), counter)
                    left = counter.left
                    if went is not None:
                        at, position, groups = went
                        continue
                break
            else:
                counter.spend(left + 1)
        counter.left = left
        return None


def _rarely(
    instruction: Any, at: int, where: tuple[str, int, Groups], counter: Counter
) -> tuple[int, int, Groups] | None:
    """Follow one of the rarer instructions; return the state that it leads to."""
    text, position, groups = where
    match instruction:
        case _Opened(group):
            return at + 1, position, _with(groups, -group, str(position))
        case _Closed(group):
            begun = int(dict(groups)[-group] or 0)
            return at + 1, position, _with(groups, group, text[begun:position])
        case _Again(group, folded):
            wanted = dict(groups).get(group)
            if wanted is None:
                return None
            counter.spend(len(wanted) // 64)
            there = text[position : position + len(wanted)]
            same = there.lower() == wanted.lower() if folded else there == wanted
            return (at + 1, position + len(wanted), groups) if same else None
        case _Whether(group, otherwise):
            return (at + 1 if group in dict(groups) else otherwise), position, groups
        case _Look(program, back, wanted):
            start = position - back
            found = program.run(text, start, groups, set(), counter) if start >= 0 else None
            if (found is not None) is not wanted:
                return None
            return at + 1, position, found[1] if found is not None else groups
        case _Atomic(program):
            found = program.run(text, position, groups, set(), counter)
            return None if found is None else (at + 1, *found)
        case _:
            raise AssertionError(instruction)


def _with(groups: Groups, group: int, text: str) -> Groups:
    return tuple(sorted({**dict(groups), group: text}.items()))


def program_of(tree: Any) -> Program:
    """Return the program of *tree*.

    Raises:
        TooMuch: It would be too long.

    """
    referred = frozenset(
        argument if code is codes.GROUPREF else argument[0]
        for code, argument in within(tree)
        if code in (codes.GROUPREF, codes.GROUPREF_EXISTS)
    )
    return _Writer(referred, Counter(MOST_INSTRUCTIONS)).program(tree, tree.state.flags)


class _Writer:
    """Writes programs; *referred* are the groups whose texts matter."""

    def __init__(
        self, referred: frozenset[int], room: Counter, fits: "dict[Any, _Fits] | None" = None
    ) -> None:
        self._referred = referred
        self._room = room
        # By identity: a body that is repeated is written many times, and its tree outlives this.
        self._fits = {} if fits is None else fits
        self._out: list[_Instruction] = []

    def program(self, tree: Iterable[Any], flags: int) -> Program:
        """Return the program of *tree*."""
        writer = _Writer(self._referred, self._room, self._fits)
        before = self._room.left
        writer._sequence(tree, flags)
        writer._put(_END)
        return Program(writer._out, before - self._room.left)

    def _put(self, kind: int, argument: Any = None) -> int:
        self._room.spend(1)
        self._out.append((kind, argument))
        return len(self._out) - 1

    def _rare(self, argument: Any) -> None:
        self._put(_RARE, argument)

    def _sequence(self, sequence: Iterable[Any], flags: int) -> None:
        for code, argument in sequence:
            self._one(code, argument, flags)

    def _one(self, code: Any, argument: Any, flags: int) -> None:
        if code in REPEATS:
            self._repetition(code, argument, flags)
        elif code is codes.BRANCH:
            self._branches(argument[1], flags)
        elif code is codes.SUBPATTERN:
            group, added, dropped, inner = argument
            self._group(group, _flags(flags, added, dropped), inner)
        elif code is codes.ATOMIC_GROUP:
            self._rare(_Atomic(self.program(argument, flags)))
        elif code in (codes.ASSERT, codes.ASSERT_NOT):
            direction, inner = argument
            back = inner.getwidth()[0] if direction < 0 else 0
            self._rare(_Look(self.program(inner, flags), back, code is codes.ASSERT))
        elif code is codes.GROUPREF:
            self._rare(_Again(argument, bool(flags & re.IGNORECASE)))
        elif code is codes.GROUPREF_EXISTS:
            group, given, missing = argument
            self._either(group, given, missing, flags)
        elif code is codes.AT:
            self._put(_PLACE, _alone(code, argument, flags).match)
        else:
            self._put(_CHARACTER, self._fitting(code, argument, flags))

    def _fitting(self, code: Any, argument: Any, flags: int) -> "_Fits":
        key = (code, argument if isinstance(argument, int) else id(argument), flags)
        fits = self._fits.get(key)
        if fits is None:
            fits = self._fits[key] = _Fits(code, argument, flags)
        return fits

    def _group(self, group: int | None, flags: int, inner: Any) -> None:
        if group not in self._referred:
            self._sequence(inner, flags)
            return
        assert group is not None
        self._rare(_Opened(group))
        self._sequence(inner, flags)
        self._rare(_Closed(group))

    def _branches(self, branches: Iterable[Any], flags: int) -> None:
        fork = self._put(_FORK)
        ways: list[int] = []
        ends: list[int] = []
        for branch in branches:
            ways.append(len(self._out))
            self._sequence(branch, flags)
            ends.append(self._put(_FORK))
        self._out[fork] = (_FORK, tuple(ways))
        self._join(ends)

    def _either(self, group: int, given: Any, missing: Any, flags: int) -> None:
        whether = self._put(_RARE)
        self._sequence(given, flags)
        end = self._put(_FORK)
        self._out[whether] = (_RARE, _Whether(group, len(self._out)))
        self._sequence(missing or (), flags)
        self._join([end])

    def _join(self, ends: Iterable[int]) -> None:
        for end in ends:
            self._out[end] = (_FORK, (len(self._out),))

    def _repetition(self, code: Any, argument: Any, flags: int) -> None:
        least, most, body = argument
        if code is codes.POSSESSIVE_REPEAT:
            inner = _Writer(self._referred, self._room, self._fits)
            inner._repeat(least, most, body, flags, lazy=False)
            inner._put(_END)
            self._rare(_Atomic(Program(inner._out, len(inner._out))))
            return
        self._repeat(least, most, body, flags, lazy=code is codes.MIN_REPEAT)

    def _repeat(self, least: int, most: int, body: Any, flags: int, *, lazy: bool) -> None:
        for _ in range(least):
            self._room.spend(1)  # there may be nothing in it
            self._sequence(body, flags)
        if most > least + LONGEST:
            fork = self._put(_FORK)
            self._sequence(body, flags)
            self._put(_FORK, (fork,))
            self._out[fork] = self._ways(fork, lazy=lazy)
            return
        forks: list[int] = []
        for _ in range(most - least):
            forks.append(self._put(_FORK))
            self._sequence(body, flags)
        for fork in forks:
            self._out[fork] = self._ways(fork, lazy=lazy)

    def _ways(self, fork: int, *, lazy: bool) -> _Instruction:
        """Return the choice of going on after *fork*, or at the end of what is written so far."""
        inside, after = fork + 1, len(self._out)
        return _FORK, ((after, inside) if lazy else (inside, after))


def _flags(flags: int, added: int, dropped: int) -> int:
    """Return the flags within a group that adds some and drops some, as `re` puts them together."""
    if added & parser.TYPE_FLAGS:
        flags &= ~parser.TYPE_FLAGS
    return (flags | added) & ~dropped


def _alone(code: Any, argument: Any, flags: int) -> re.Pattern[str]:
    """Return a single operation as `re` itself would match it."""
    state = parser.State()
    state.flags = flags
    alone: re.Pattern[str] = compiler.compile(parser.SubPattern(state, [(code, argument)]), flags)
    return alone


class _Fits(dict[str, bool]):
    """Whether an operation matches a character, by character; worked out once for each."""

    def __init__(self, code: Any, argument: Any, flags: int) -> None:
        super().__init__()
        self._match = _alone(code, argument, flags).match

    def __missing__(self, character: str) -> bool:
        fits = self[character] = self._match(character) is not None
        return fits
