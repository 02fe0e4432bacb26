"""Searching texts for expressions, within what the effort of a request allows.

A text is searched by `re`, wherever the form of the expression shows that this cannot take long:
nearly always. What is left is searched by counting steps; and long texts, and groups that are
wanted, by the package `regex`, which does what `re` does and stops by the clock.

`regex` is asked only for what both read alike. The two differ in a few characters: to `regex`, a
combining mark belongs to a word, and U+001C to U+001F are not blanks.
"""

import re
from functools import cached_property, lru_cache
from importlib import import_module
from time import thread_time
from typing import Any, Final, cast

from mockserver.effort import Effort, current
from mockserver.patterns import programs
from mockserver.patterns.costs import AFFORDABLE, safe_length, steps_from
from mockserver.patterns.programs import Counter, TooMuch, program_of
from mockserver.patterns.trees import (
    Failures,
    codes,
    compiled,
    literal_prefix,
    literal_runs,
    parsed,
    within,
)

LONGEST: Final = 4_096
"""Characters of an expression that a client sends."""
_STEPS_TO_READ: Final = 150
_STEPS_PER_CHARACTER: Final = 4
"""What it takes to read an expression: parsing it, and judging and compiling its tree."""
_SHOWN: Final = 60
_FREE_S: Final = 0.001
"""What a search may take without anybody noticing."""
_TRIED_S: Final = 0.005
"""How long a short text is searched by the clock, before it is searched by counting."""
_READ_DIFFERENTLY: Final = re.compile(r"\[:|\[\[|--|&&|\|\||~~|\{(?!\d*,?\d*\})")
"""What is, or may become, syntax to `regex`: classes of POSIX, sets of sets, fuzzy matching."""


class Pattern:
    """A regular expression, ready to be searched for."""

    def __init__(self, text: str) -> None:
        """Read *text*; raises one of `Failures` where it is no expression."""
        self.text = text
        self._tree: Any = parsed(text)
        self._literals = literal_runs(self._tree)
        self._prefix = literal_prefix(self._tree)
        self.safe_length = safe_length(self._tree)
        """How long a text may be, so that `re` is sure to search it in well under 50 ms."""

    @property
    def literal(self) -> str:
        """The longest text that is known to be in whatever it matches; often empty."""
        return self._literals[0] if self._literals else ""

    @property
    def tree(self) -> Any:
        """What Python's parser made of it."""
        return self._tree

    @cached_property
    def cost(self) -> int:
        """How many steps it is to compile it, besides those for its length."""
        folded = bool(self._tree.state.flags & re.IGNORECASE)
        width = 0
        for code, argument in within(self._tree):
            for kind, one in argument if code is codes.IN else ():
                if kind is codes.RANGE:
                    wide = one[1] - one[0]
                    width += min(wide * 4, 10_000) if folded else wide // 100
        return width

    @cached_property
    def compiled(self) -> re.Pattern[str]:
        """The expression as `re` knows it; raises one of `Failures`."""
        return compiled(self.text)

    def compiles(self) -> bool:
        """Return whether it is one after all: some faults are found only now."""
        try:
            _ = self.compiled
        except Failures:
            return False
        return True

    @cached_property
    def _program(self) -> programs.Program | None:
        try:
            return program_of(self._tree)
        except (TooMuch, RecursionError):
            return None

    @cached_property
    def _by_clock(self) -> Any:
        """The expression as `regex` knows it; None: it might read it differently."""
        if _READ_DIFFERENTLY.search(self.text):
            return None
        regex: Any = import_module("regex")
        try:
            return regex.compile(self.text, regex.V0)
        except (regex.error, RecursionError):
            return None

    def found(self, text: str, *, clock: bool = True) -> bool | None:
        """Return whether it is found in *text*; None: that is too much, which is noted.

        Without *clock*, nothing depends on the machine.
        """
        if len(text) <= self.safe_length:
            return self.compiled.search(text) is not None
        if not self._may_be_in(text):
            return False
        if self._is_affordable(text):
            return self.compiled.search(text) is not None
        effort = current()
        if clock:
            is_short = len(text) <= programs.LONGEST
            done, match = self._searched(text, effort, _TRIED_S if is_short else effort.seconds)
            if done:
                return match is not None
        verdict = self._counted(text, effort)
        if verdict is None:
            effort.give_up(self._given_up)
        return verdict

    def match(self, text: str) -> "re.Match[str] | None":
        """Return the first match in *text*.

        None: it is not found, or that is too much, which is noted.
        """
        if len(text) <= self.safe_length:
            return self.compiled.search(text)
        if not self._may_be_in(text):
            return None
        if self._is_affordable(text):
            return self.compiled.search(text)
        effort = current()
        done, match = self._searched(text, effort, effort.seconds)
        if not done and self._counted(text, effort) is not False:
            effort.give_up(self._given_up)
        return cast("re.Match[str] | None", match)

    def every(self, text: str, seconds: float) -> "tuple[re.Match[str], ...] | None":
        """Return all matches in *text*; None: finding them would take more than *seconds*."""
        if not self._may_be_in(text):
            return ()
        if len(text) <= self.safe_length or self._is_affordable(text):
            return tuple(self.compiled.finditer(text))
        if self._by_clock is None:
            return None
        try:
            return tuple(self._by_clock.finditer(text, timeout=seconds))
        except TimeoutError:
            return None

    @property
    def _given_up(self) -> str:
        return f"the regular expression '{shortened(self.text)}' takes too long, and was given up"

    def _may_be_in(self, text: str) -> bool:
        """Return whether all is in *text* that is in whatever it matches."""
        return all(literal in text for literal in self._literals)

    def _is_affordable(self, text: str) -> bool:
        """Return whether `re` is sure to be done soon with this *text*, where few matches begin."""
        if not self._prefix:
            return False
        # Where the text of the prefix overlaps itself, more matches begin than are counted.
        starts = text.count(self._prefix) * len(self._prefix)
        return starts * steps_from(self._tree, len(text)) <= AFFORDABLE

    def _searched(self, text: str, effort: Effort, seconds: float) -> tuple[bool, Any]:
        """Return whether `regex` was done with *text* in time, and the match, if there is one."""
        seconds = min(seconds, effort.seconds)
        by_clock = self._by_clock if seconds > 0 else None
        if by_clock is None:
            return False, None
        began = thread_time()
        try:
            return True, by_clock.search(text, timeout=seconds)
        except TimeoutError:
            return False, None
        finally:
            effort.seconds -= max(0.0, thread_time() - began - _FREE_S)

    def _counted(self, text: str, effort: Effort) -> bool | None:
        """Return whether it is found in *text*, by counting; None: that takes too many steps."""
        program = self._program if len(text) <= programs.LONGEST else None
        if program is None:
            return None
        counter = Counter(effort.matching)
        try:
            return program.found(text, counter)
        except TooMuch:
            return None
        finally:
            effort.matching = max(0, counter.left)


@lru_cache(maxsize=1_024)
def pattern(text: str) -> Pattern:
    """Return the expression *text*; raises one of `Failures` where it is none."""
    return Pattern(text)


def sent(text: str) -> Pattern | None:
    """Return the expression *text* of a client; None: it is none, or takes too much to read."""
    effort = current()
    is_readable = effort.read.get(text) if effort.read else None
    if is_readable is None:
        is_readable = _is_readable(text, effort)
        effort.note_read(text, readable=is_readable)
    return _known(text) if is_readable else None


def _is_readable(text: str, effort: Effort) -> bool:
    """Return whether *text* is an expression that may be read, and take what that costs."""
    # First by its length: what else it costs is in its tree.
    steps = _STEPS_TO_READ + len(text) * _STEPS_PER_CHARACTER
    if len(text) <= LONGEST and effort.spend("matching", steps):
        known = _known(text)
        if known is None:
            return False
        if effort.spend("matching", known.cost):
            return known.compiles()
    effort.give_up(f"the regular expression '{shortened(text)}' is too long, and was not read")
    return False


@lru_cache(maxsize=1_024)
def _known(text: str) -> Pattern | None:
    try:
        return pattern(text)
    except Failures:
        return None


def shortened(text: str) -> str:
    """Return *text* for a sentence."""
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}\N{HORIZONTAL ELLIPSIS}"
