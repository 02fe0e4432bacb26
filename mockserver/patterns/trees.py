"""What Python's own parser makes of a regular expression, and how to walk it.

The parser is private, but unchanged from Python 3.11 to 3.14, and the only description of an
expression that there is.
"""

import re
import warnings
from collections.abc import Iterable
from importlib import import_module
from typing import Any, Final

parser: Final[Any] = import_module("re._parser")
compiler: Final[Any] = import_module("re._compiler")
codes: Final[Any] = import_module("re._constants")

REPEATS: Final = frozenset({codes.MAX_REPEAT, codes.MIN_REPEAT, codes.POSSESSIVE_REPEAT})
BEGINNINGS: Final = frozenset({codes.AT_BEGINNING, codes.AT_BEGINNING_STRING})

Failures: Final = (re.error, RecursionError, OverflowError, ValueError)
"""What reading or compiling an expression may raise."""


def parsed(pattern: str) -> Any:
    """Return the tree of *pattern*; raises one of `Failures` where it is none."""
    with warnings.catch_warnings(action="ignore"):  # "possible nested set": its author's affair
        return parser.parse(pattern)


def compiled(pattern: str) -> re.Pattern[str]:
    """Return *pattern* as `re` searches for it; raises one of `Failures`."""
    with warnings.catch_warnings(action="ignore"):
        return re.compile(pattern)


def parts(code: Any, argument: Any) -> list[Any]:
    """Return the sequences that an operation holds."""
    if code in REPEATS:
        return [argument[2]]
    if code is codes.SUBPATTERN:
        return [argument[3]]
    if code is codes.ATOMIC_GROUP:
        return [argument]
    if code is codes.BRANCH:
        return list(argument[1])
    if code in (codes.ASSERT, codes.ASSERT_NOT):
        return [argument[1]]
    if code is codes.GROUPREF_EXISTS:
        return [sequence for sequence in argument[1:] if sequence is not None]
    return []


def within(sequence: Iterable[Any]) -> Iterable[tuple[Any, Any]]:
    """Yield each operation of *sequence* and of all that it holds, the outer ones first."""
    waiting = [iter(sequence)]
    while waiting:
        for code, argument in waiting[-1]:
            yield code, argument
            waiting += [iter(inner) for inner in reversed(parts(code, argument))]
            break
        else:
            waiting.pop()


def literal_runs(tree: Any) -> list[str]:
    """Return texts that are in whatever *tree* matches, the longest first; often none."""
    if tree.state.flags & re.IGNORECASE:
        return []
    runs = [""]
    for code, argument in tree:
        if code is codes.LITERAL:
            runs[-1] += chr(argument)
        elif runs[-1]:
            runs.append("")
    return sorted(filter(None, runs), key=len, reverse=True)


def literal_prefix(tree: Any) -> str:
    """Return the text that whatever *tree* matches begins with; often empty."""
    if tree.state.flags & re.IGNORECASE:
        return ""
    prefix = ""
    for code, argument in tree:
        if code is not codes.LITERAL:
            break
        prefix += chr(argument)
    return prefix
