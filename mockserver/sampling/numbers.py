"""Numbers within bounds, of a size that the property's name suggests."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from random import Random
from typing import Any, Final

from mockserver.sampling.naming import split
from mockserver.sampling.reading import number

_ATTEMPTS: Final = 24
_MOST_BITS: Final = 16_384
"""Of numbers beyond 4,300 digits, few readers of JSON make anything."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """Between what a number must lie, and of what it is a multiple; None where that is free."""

    least: Fraction | None = None
    most: Fraction | None = None
    above: Fraction | None = None
    below: Fraction | None = None
    steps: tuple[Fraction, ...] = ()

    def allow(self, value: Fraction) -> bool:
        """Return whether *value* obeys them."""
        return (
            (self.least is None or value >= self.least)
            and (self.most is None or value <= self.most)
            and (self.above is None or value > self.above)
            and (self.below is None or value < self.below)
            and all((value / step).denominator == 1 for step in self.steps)
        )

    def within(self, other: "Bounds") -> "Bounds":
        """Return the bounds that allow what both do."""
        return Bounds(
            least=_tighter(max, self.least, other.least),
            most=_tighter(min, self.most, other.most),
            above=_tighter(max, self.above, other.above),
            below=_tighter(min, self.below, other.below),
            steps=(*self.steps, *other.steps),
        )

    @property
    def lower(self) -> Fraction | None:
        """The lower end, itself allowed or not."""
        return max((end for end in (self.least, self.above) if end is not None), default=None)

    @property
    def upper(self) -> Fraction | None:
        """The upper end, itself allowed or not."""
        return min((end for end in (self.most, self.below) if end is not None), default=None)


def bounds_of(schema: Mapping[str, Any]) -> Bounds:
    """Return the bounds that *schema*, taken alone, sets to a number."""
    least, most = number(schema.get("minimum")), number(schema.get("maximum"))
    above, below = schema.get("exclusiveMinimum"), schema.get("exclusiveMaximum")
    step = number(schema.get("multipleOf"))
    return Bounds(
        least=least,
        most=most,
        # Until draft 4 the exclusive keywords were flags beside the bounds.
        above=least if above is True else number(above),
        below=most if below is True else number(below),
        steps=(step,) if step is not None and step > 0 else (),
    )


def _tighter(
    pick: Callable[[Fraction, Fraction], Fraction], one: Fraction | None, other: Fraction | None
) -> Fraction | None:
    if one is None or other is None:
        return other if one is None else one
    return pick(one, other)


@dataclass(frozen=True, slots=True)
class _Usual:
    """What is usual: a range, and how many decimals."""

    low: float
    high: float
    decimals: int = 0


_PLAIN: Final = _Usual(1, 100)
_USUAL: Final = {
    "age": _Usual(18, 80),
    "year": _Usual(2000, 2030),
    "month": _Usual(1, 12),
    "day": _Usual(1, 28),
    "hour": _Usual(0, 23),
    "minute": _Usual(0, 59),
    "second": _Usual(0, 59),
    **dict.fromkeys(
        ("price", "cost", "amount", "total", "subtotal", "fee", "tax", "budget", "balance"),
        _Usual(2, 500, 2),
    ),
    "salary": _Usual(30_000, 150_000),
    "population": _Usual(1_000, 10_000_000),
    "rating": _Usual(1, 5),
    "star": _Usual(1, 5),
    "priority": _Usual(1, 5),
    **dict.fromkeys(
        ("confidence", "probability", "likelihood", "ratio", "score", "relevance", "weight"),
        _Usual(0, 1, 2),
    ),
    "percent": _Usual(0, 100),
    "percentage": _Usual(0, 100),
    **dict.fromkeys(("latitude", "lat"), _Usual(-60, 70, 4)),
    **dict.fromkeys(("longitude", "lng", "lon"), _Usual(-180, 180, 4)),
    **dict.fromkeys(("temperature", "temp", "celsius"), _Usual(-5, 32, 1)),
    **dict.fromkeys(
        (
            "quantity",
            "result",
            "rank",
            "level",
            "index",
            "size",
            "count",
            "limit",
            "page",
            "number",
            "guest",
            "step",
        ),
        _Usual(1, 10),
    ),
    "id": _Usual(1_000, 99_999),
    "port": _Usual(1_024, 49_151),
    "timestamp": _Usual(1_704_067_200, 1_798_761_600),
}
"""By the last word of a name. `score` and its like are fractions only of numbers, not integers."""


def draw_number(
    bounds: Bounds, rng: Random, name: str | None, *, integer: bool
) -> int | float | None:
    """Return a number that *bounds* allow, or None if none was found."""
    usual = _usual(name, integer=integer)
    step = _common_multiple(bounds.steps, integer=integer)
    for attempt in range(_ATTEMPTS):
        low, high = _range(bounds, usual)
        if step is not None:
            exact = _multiple(step, low, high, rng)
        else:
            # More decimals where the bounds are tight, none where a float would lose them.
            decimals = usual.decimals + attempt // 4 if attempt < _ATTEMPTS - 4 else 0
            exact = _between(low, high, decimals, rng)
        if exact is not None and bounds.allow(exact):
            value = _plain(exact)
            if value is not None and _divides(value, bounds.steps):
                return value
    return None


def _usual(name: str | None, *, integer: bool) -> _Usual:
    words = split(name) if name else []
    known = next((_USUAL[word] for word in reversed(words) if word in _USUAL), None)
    if known is None:
        return _PLAIN if integer else _Usual(_PLAIN.low, _PLAIN.high, 1)
    if integer and known.high <= 1:
        return _PLAIN
    return known


def _range(bounds: Bounds, usual: _Usual) -> tuple[Fraction, Fraction]:
    """Return the usual range as far as it lies within *bounds*, else a part of the bounds."""
    low, high = Fraction(repr(usual.low)), Fraction(repr(usual.high))
    lower, upper = bounds.lower, bounds.upper
    inner = (low if lower is None else max(low, lower), high if upper is None else min(high, upper))
    if inner[0] < inner[1]:
        return inner
    span = high - low
    if lower is None:
        lower = upper - span if upper is not None else low
    return lower, upper if upper is not None else lower + span


def _common_multiple(steps: tuple[Fraction, ...], *, integer: bool) -> Fraction | None:
    """Return the least number that is a multiple of all *steps* (and whole, for an *integer*)."""
    if not steps:
        return Fraction(1) if integer else None
    common = Fraction(1) if integer else steps[0]
    for step in steps:
        # lcm(a/b, c/d) = lcm(a, c) / gcd(b, d), both in lowest terms
        common = Fraction(
            math.lcm(common.numerator, step.numerator),
            math.gcd(common.denominator, step.denominator),
        )
        if common.numerator.bit_length() > _MOST_BITS:
            return None  # no number that JSON could carry is a multiple of them all
    return common


def _multiple(step: Fraction, low: Fraction, high: Fraction, rng: Random) -> Fraction | None:
    first, last = math.ceil(low / step), math.floor(high / step)
    return step * rng.randint(first, last) if first <= last else None


def _between(low: Fraction, high: Fraction, decimals: int, rng: Random) -> Fraction:
    """Return a number between, inclusive, of as few decimals as do."""
    grid = Fraction(1, 10**decimals)
    return _multiple(grid, low, high, rng) or (low if low == high else (low + high) / 2)


def _plain(exact: Fraction) -> int | float | None:
    """Return *exact* as JSON would write it; None if it is lost in that."""
    if exact.denominator == 1:
        return exact.numerator
    try:
        return float(exact)
    except OverflowError:
        return None


def _divides(value: float, steps: tuple[Fraction, ...]) -> bool:
    """Return whether validators that reckon in floats, as most do, find *value* a multiple too."""
    for step in steps:
        if step.denominator == 1:
            continue
        try:
            quotient = value / float(step)
        except (OverflowError, ZeroDivisionError):
            continue  # such validators reckon exactly then
        if not math.isfinite(quotient) or quotient != int(quotient):
            return False
    return True
