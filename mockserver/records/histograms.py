"""Histograms: how often a quantity lay between two bounds, of however many values.

The bounds are close enough for percentiles, and among them are those that scrapers expect: what a
scraper, a table or a picture needs is a sum of the same counts. Where nothing was counted, nothing
is kept.
"""

import math
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import repeat
from typing import Final, Self

FINENESS: Final = 1.08
"""The most that one bound is of the one below it: a percentile is off by its square root."""
STEPS: Final = (1, 2, 5)
"""What a bound in a table or a picture begins with."""


def bounds_between(lowest: float, highest: float, exact: Iterable[float] = ()) -> tuple[float, ...]:
    """Return bounds from *lowest* to *highest* that are close to each other.

    Zero, those in *exact*, and all of 1, 2, 5, 10, 20, … are among them.
    """
    decades = range(math.floor(math.log10(lowest)), math.ceil(math.log10(highest)) + 1)
    round_ones = [float(f"{step}e{decade}") for decade in decades for step in STEPS]
    wanted = sorted({lowest, highest, *exact, *round_ones})
    found = [0.0]
    for bound in wanted:
        if not lowest <= bound <= highest:
            continue
        if found[-1]:
            ratio = bound / found[-1]
            steps = math.ceil(math.log(ratio) / math.log(FINENESS) - 1e-9)
            found += [found[-1] * ratio ** (step / steps) for step in range(1, steps)]
        found.append(bound)
    return tuple(found)


class Histogram:
    """How often values lay between *bounds*: above the one below, up to and with the one above.

    Values are at least 0. All that it reports of values between the lowest and the highest bound
    above 0 is exact, but for percentiles, which are off by at most 4 %.

    Attributes:
        bounds: The bounds, lowest first; the first one is 0.
        sum: What all values come to.
        highest: The highest value; 0 if there was none.

    """

    __slots__ = ("_counts", "bounds", "highest", "sum")

    def __init__(self, bounds: Sequence[float]) -> None:
        self.bounds = bounds
        self._counts: dict[int, int] = {}
        self.sum = 0.0
        self.highest = 0.0

    def add(self, values: Sequence[float]) -> None:
        """Count all *values*: many at once take less time than one by one."""
        counts, bounds = self._counts, self.bounds
        if values.count(0) == len(values):
            counts[0] = counts.get(0, 0) + len(values)
            return
        # In C, all of it: this is done for each call.
        for at, count in Counter(map(bisect_left, repeat(bounds), values)).items():
            counts[at] = counts.get(at, 0) + count
        self.sum += sum(values)
        self.highest = max([self.highest, *values])

    def add_times(self, value: float, times: int) -> None:
        """Count *value* as often as that."""
        at = bisect_left(self.bounds, value)
        self._counts[at] = self._counts.get(at, 0) + times
        self.sum += value * times
        self.highest = max(self.highest, value)

    def include(self, other: Self) -> None:
        """Count all that *other*, which has the same bounds, has counted."""
        assert other.bounds == self.bounds, "counts between other bounds cannot be added"
        for at, count in other._counts.items():
            self._counts[at] = self._counts.get(at, 0) + count
        self.sum += other.sum
        self.highest = max(self.highest, other.highest)

    @property
    def count(self) -> int:
        """How many values there were."""
        return sum(self._counts.values())

    def percentile(self, percent: float) -> float | None:
        """Return the value that *percent* of all values do not exceed; None: there is none.

        It is the nearest rank: of 1, 2 and 3, the 50th percentile is 2 and the 99th is 3.
        """
        rank = max(1, math.ceil(self.count * percent / 100))
        passed = 0
        for at in sorted(self._counts):
            passed += self._counts[at]
            if passed >= rank:
                return self._within(at)
        return None

    def _within(self, at: int) -> float:
        """Return the value in the middle of those that are counted at *at*."""
        if at >= len(self.bounds):
            return self.highest
        above, below = self.bounds[at], self.bounds[at - 1] if at else 0.0
        middle = math.sqrt(above * below) if below else above
        return min(middle, self.highest)

    def up_to(self, bounds: Sequence[float]) -> Iterator[int]:
        """Yield how many values do not exceed each of *bounds*, which are among its own."""
        found = sorted(self._counts.items())
        passed, number = 0, 0
        for bound in bounds:
            at = bisect_right(self.bounds, bound) - 1
            assert self.bounds[at] == bound, f"{bound} is not a bound"
            while number < len(found) and found[number][0] <= at:
                passed += found[number][1]
                number += 1
            yield passed

    def bars(self) -> Iterator[tuple[float, int]]:
        """Yield 1, 2, 5, 10, 20, … with how many values lie between each and the one before it.

        The first and the last one have values; the last one is the highest value, where that is
        beyond all bounds.
        """
        edges = [bound for bound in self.bounds if _is_round(bound)]
        passed = list(self.up_to(edges))
        counts = [n - before for n, before in zip(passed, [0, *passed], strict=False)]
        filled = [number for number, count in enumerate(counts) if count]
        if filled:
            last = filled[-1] + 1
            yield from zip(edges[filled[0] : last], counts[filled[0] : last], strict=True)
        beyond = self.count - (passed[-1] if passed else 0)
        if beyond:
            yield self.highest, beyond


def _is_round(bound: float) -> bool:
    return bound == 0 or any(
        bound == float(f"{step}e{math.floor(math.log10(bound) + 1e-9)}") for step in STEPS
    )
