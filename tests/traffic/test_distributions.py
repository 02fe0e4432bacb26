"""Quantities that vary, as people measure them."""

import random
import statistics

import pytest

from mockserver.errors import BadValue
from mockserver.traffic.distributions import Distribution, drawn


def sample(distribution: Distribution, count: int = 10_000) -> list[float]:
    rng = random.Random(7)
    return [distribution.draw(rng) for _ in range(count)]


def test_half_of_the_draws_are_below_the_median() -> None:
    assert statistics.median(sample(Distribution(median=200, sigma=0.4))) == pytest.approx(
        200, rel=0.02
    )


def test_one_draw_in_a_hundred_is_above_the_99th_percentile() -> None:
    values = sample(Distribution(median=200, p99=2_000))

    assert sum(value > 2_000 for value in values) / len(values) == pytest.approx(0.01, abs=0.003)


def test_without_spread_every_draw_is_the_median() -> None:
    assert set(sample(Distribution(median=3, sigma=0), 5)) == {3}


def test_draws_beyond_the_bounds_become_the_bound() -> None:
    values = sample(Distribution(median=100, sigma=1, min=80, max=120))

    assert (min(values), max(values)) == (80, 120)


def test_the_same_generator_draws_the_same() -> None:
    distribution = Distribution(median=100, sigma=1)

    assert sample(distribution, 5) == sample(distribution, 5)


def test_a_number_is_drawn_as_it_is() -> None:
    assert drawn(12, random.Random(7)) == 12


def test_a_distribution_is_drawn_from() -> None:
    assert drawn(Distribution(median=12, sigma=0), random.Random(7)) == 12


@pytest.mark.parametrize(
    ("members", "key", "what"),
    [
        pytest.param({"median": 0, "sigma": 1}, "median", "above 0", id="a median of nothing"),
        pytest.param({"median": 1}, "sigma", "'sigma' or 'p99'", id="no spread"),
        pytest.param({"median": 1, "sigma": 1, "p99": 2}, "sigma", "not both", id="two spreads"),
        pytest.param({"median": 1, "sigma": -1}, "sigma", "at least 0", id="a negative spread"),
        pytest.param({"median": 2, "p99": 1}, "p99", "median <= p99", id="a tail below the median"),
        pytest.param(
            {"median": 1, "sigma": 1, "min": 3, "max": 2}, "min", "min <= max", id="bounds crossed"
        ),
    ],
)
def test_nonsense_is_refused_by_its_key(members: dict[str, float], key: str, what: str) -> None:
    with pytest.raises(BadValue, match=what) as refusal:
        Distribution(**members)

    assert refusal.value.key == key
