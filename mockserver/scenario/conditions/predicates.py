"""Predicates: functions that test whether a text, a name or a JSON value fits.

Rules are tried for every request, so that each is made as fast as it can be when a scenario is
loaded.
"""

import fnmatch
import re
from collections.abc import Callable, Sequence
from functools import partial
from operator import eq
from typing import Any, Final, TypeAlias, TypeVar

from mockserver.patterns.searching import Pattern, pattern
from mockserver.wire.jsontext import JsonValue, is_list, is_object

T = TypeVar("T")

TextPredicate: TypeAlias = Callable[[str | None], bool]
"""Takes a text, or None where there is none."""

MAX_SEARCHED: Final = 65_536
"""How many characters of a text a regular expression looks at."""


def has_wildcard(pattern: str) -> bool:
    """Return whether the glob *pattern* can fit more than one text."""
    return "*" in pattern or "?" in pattern or "[" in pattern


def literal_run(glob: str) -> str:
    """Return the longest part of *glob* that a text must have as it is; empty if there is none."""
    return max(re.split(r"\*|\?|\[.*", glob, flags=re.DOTALL), key=len)


def is_present(value: JsonValue) -> bool:
    """Return whether *value* is anything but null."""
    return value is not None


def is_absent(value: JsonValue) -> bool:
    """Return whether *value* is null."""
    return value is None


def contains_one(needles: Sequence[str]) -> TextPredicate:
    """Test whether one of *needles* is part of a text."""
    if len(needles) == 1:
        needle = needles[0]
        return lambda text: text is not None and needle in text
    return lambda text: text is not None and any(needle in text for needle in needles)


def fits_one(globs: Sequence[str]) -> TextPredicate:
    """Test whether one of *globs* fits the whole of a text."""
    literals = frozenset[str | None](glob for glob in globs if not has_wildcard(glob))
    patterns = [glob for glob in globs if has_wildcard(glob)]
    if not patterns:
        return literals.__contains__
    prefixes = tuple(
        glob[:-1] for glob in patterns if glob.endswith("*") and not has_wildcard(glob[:-1])
    )
    if len(prefixes) == len(patterns):
        if not literals:
            return lambda text: text is not None and text.startswith(prefixes)
        return lambda text: text is not None and (text in literals or text.startswith(prefixes))
    fits = re.compile("|".join(map(fnmatch.translate, globs))).match
    return lambda text: text is not None and fits(text) is not None


def finds_one(regexes: Sequence[str]) -> TextPredicate:
    """Test whether one of *regexes* is found in a text."""
    patterns = [pattern(regex) for regex in regexes]
    if len(patterns) == 1:
        (alone,) = patterns
        return lambda text: text is not None and _is_found(alone, text)
    return lambda text: text is not None and any(_is_found(one, text) for one in patterns)


def searched(text: str) -> str:
    """Return the part of *text* that regular expressions look at."""
    return text if len(text) <= MAX_SEARCHED else text[:MAX_SEARCHED]


def _is_found(one: Pattern, text: str) -> bool:
    # What takes too long to find is not found; the effort of the request holds a note of it.
    return one.found(searched(text)) is True


def negated(predicate: Callable[[T], bool]) -> Callable[[T], bool]:
    """Test for the opposite of *predicate*."""
    return lambda value: not predicate(value)


def conjunction(predicates: Sequence[Callable[[T], bool]]) -> Callable[[T], bool]:
    """Test whether all of *predicates* hold."""
    return lambda value: all(predicate(value) for predicate in predicates)


def same_json(wanted: JsonValue) -> Callable[[JsonValue], bool]:
    """Test for *wanted*; to JSON, 1 and true are not the same, and 1 and 1.0 are."""
    if isinstance(wanted, str):
        return partial(eq, wanted)
    return lambda value: _is_same(value, wanted)


def _is_same(value: Any, wanted: Any) -> bool:
    if isinstance(value, bool) or isinstance(wanted, bool):
        return value is wanted
    if is_list(value) and is_list(wanted):
        return len(value) == len(wanted) and all(map(_is_same, value, wanted))
    if is_object(value) and is_object(wanted):
        return value.keys() == wanted.keys() and all(_is_same(value[k], wanted[k]) for k in value)
    return bool(value == wanted)


def is_number(value: JsonValue) -> bool:
    """Return whether *value* is a number; to JSON, true and false are not."""
    return isinstance(value, int | float) and not isinstance(value, bool)
