"""How large a number of the language may be: what no answer, clock or client could hold is refused.

Names say units, so a bound belongs to the end of a name, and a new key has one when it is named.
The least value of each key is its class's own business.
"""

import math
from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any, Final

MOST_S: Final = 1_000_000_000
"""32 years: dates and timers hold it, and products of it, too."""
MOST_MS: Final = MOST_S * 1_000
MOST_COUNT: Final = 2**53 - 1
"""The largest whole number that every reader of JSON keeps."""
MOST_SEED: Final = 2**63 - 1
MOST_SIGMA: Final = 10
"""With it, one value in ten is 100,000 times the median: no spread is measured so wide."""
MOST_FACTOR: Final = 1_000_000

_BY_ENDING: Final[Mapping[str, float]] = {
    "_s": MOST_S,
    "_ms": MOST_MS,
    "_ms_per_token": MOST_MS,
    "_tokens": MOST_COUNT,
    "_bytes": MOST_COUNT,
    "_per_minute": MOST_COUNT,
    "_per_day": MOST_COUNT,
}
_BY_NAME: Final[Mapping[str, float]] = {
    **dict.fromkeys(("bytes", "calls", "concurrency", "every", "queue", "repetitions"), MOST_COUNT),
    **dict.fromkeys(("code", "merge", "slots", "split", "times", "tokens"), MOST_COUNT),
    # Of a distribution, whatever it is one of.
    **dict.fromkeys(("median", "min", "max", "p99"), MOST_MS),
    "factor": MOST_FACTOR,
    "seed": MOST_SEED,
    "sigma": MOST_SIGMA,
}


def bound_of(key: str) -> float | None:
    """Return the largest value that a number called *key* may have; None: any that is finite."""
    for ending, most in _BY_ENDING.items():
        if key.endswith(ending):
            return most
    return _BY_NAME.get(key)


def fault_of(key: str, value: Any) -> tuple[str, str] | None:
    """Return why a number in *value* cannot be *key*'s, and the nearest that can; None: it can."""
    most = bound_of(key)
    for number in _numbers(value):
        if not _is_finite(number):
            return f"'{key}' must be a finite number, not {number}", _at_most(most)
        if most is not None and number > most:
            return f"'{key}' is too large: {_shown(number)}", _at_most(most)
        if key == "seed" and number < -MOST_SEED:
            return f"'{key}' is too small: {_shown(number)}", f"at least {-MOST_SEED}"
    return None


def _numbers(value: Any) -> Iterator[float]:
    """Yield the numbers that *value* is or lists; what a mapping holds has keys of its own."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        yield value
    elif isinstance(value, tuple):
        yield from chain.from_iterable(map(_numbers, value))  # pyright: ignore[reportUnknownArgumentType]


def _is_finite(number: float) -> bool:
    return isinstance(number, int) or math.isfinite(number)


def _shown(number: float) -> str:
    shown = str(number)
    return shown if len(shown) <= 20 else f"{shown[:3]}… ({len(shown)} digits)"  # noqa: PLR2004 - what fits a line


def _at_most(most: float | None) -> str:
    return "write a finite number" if most is None else f"at most {most:.0f}"
