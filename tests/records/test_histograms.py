"""Histograms: percentiles close enough, and exact counts at the bounds that scrapers expect."""

import math
from itertools import pairwise
from random import Random

import pytest

from mockserver.records.histograms import FINENESS, Histogram, bounds_between

EXACT = (0.003, 0.075, 0.64, 81.92)
BOUNDS = bounds_between(1e-6, 1e4, EXACT)


def counted(values: list[float]) -> Histogram:
    histogram = Histogram(BOUNDS)
    for start in range(0, len(values), 50):
        histogram.add(values[start : start + 50])
    return histogram


def drawn(seed: int) -> list[float]:
    """Draw values as times are, with some exactly at bounds, and zeros."""
    rng = Random(seed)
    spread, count = rng.uniform(0.1, 3), rng.randint(1, 200)
    values = [min(rng.lognormvariate(-3, spread), 1e4) for _ in range(count)]
    return [*values, *rng.choices((*EXACT, 0.0), k=rng.randint(0, 9))]


def test_bounds_rise_by_no_more_than_the_fineness_and_hold_what_was_asked_for() -> None:
    ratios = [above / below for below, above in pairwise(BOUNDS[1:])]

    assert min(ratios) > 1
    assert max(ratios) < FINENESS * (1 + 1e-9)
    assert {0.0, 1e-6, *EXACT, 0.2, 1.0, 50.0, 1e4} <= set(BOUNDS)


@pytest.mark.parametrize("seed", range(40))
def test_percentiles_are_off_by_less_than_five_per_cent(seed: int) -> None:
    values = sorted(drawn(seed))
    histogram = counted(values)

    for percent in (1, 50, 90, 99, 100):
        exact = values[max(1, math.ceil(len(values) * percent / 100)) - 1]
        assert histogram.percentile(percent) == pytest.approx(exact, rel=0.05, abs=1e-6)


@pytest.mark.parametrize("seed", range(40))
def test_counts_up_to_each_expected_bound_are_exact(seed: int) -> None:
    values = drawn(seed)
    histogram = counted(values)

    exact = [sum(value <= bound for value in values) for bound in EXACT]
    assert list(histogram.up_to(EXACT)) == exact
    assert (histogram.count, histogram.highest) == (len(values), max(values))
    assert histogram.sum == pytest.approx(sum(values))
    assert sum(count for _, count in histogram.bars()) == len(values)


@pytest.mark.parametrize("seed", range(10))
def test_histograms_that_are_put_together_are_one_of_all_values(seed: int) -> None:
    ones, others = drawn(seed), drawn(seed + 100)
    histogram, together = counted(ones), counted([*ones, *others])

    histogram.include(counted(others))

    assert list(histogram.bars()) == list(together.bars())
    assert histogram.percentile(90) == together.percentile(90)


def test_a_value_can_be_counted_many_times_at_once() -> None:
    histogram = counted([0.25])

    histogram.add_times(0.5, 99)

    assert (histogram.count, histogram.sum) == (100, pytest.approx(49.75))
    assert histogram.percentile(1) == pytest.approx(0.25, rel=0.05)


def test_what_is_beyond_all_bounds_is_counted_at_its_own_value() -> None:
    histogram = counted([3e5, 2e4])

    assert histogram.percentile(99) == 3e5
    assert list(histogram.bars()) == [(3e5, 2)]
    assert list(histogram.up_to((81.92,))) == [0]


def test_of_nothing_there_is_no_percentile_and_no_bar() -> None:
    histogram = counted([])

    assert (histogram.percentile(50), list(histogram.bars()), histogram.sum) == (None, [], 0)
