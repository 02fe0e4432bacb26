"""Quantities that vary: a median and a spread, as people measure them."""

import math
from dataclasses import dataclass
from random import Random
from typing import Final

from mockserver.errors import BadValue

MOST: Final = 1e12
"""The largest value that is drawn; of milliseconds, 32 years."""
MOST_EXPONENT: Final = 300.0

Z99: Final = 2.3263478740408408
"""The 99th percentile of the normal distribution."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Distribution:
    """A lognormal distribution with a long right tail, given by its median and its spread.

    Attributes:
        median: Half of the values are below it.
        sigma: The spread: the standard deviation of the logarithm; 0 makes it constant.
        p99: The spread, instead of *sigma*: the 99th percentile.
        min: Smaller values become this one.
        max: Larger values become this one.

    """

    median: float
    sigma: float | None = None
    p99: float | None = None
    min: float | None = None
    max: float | None = None

    def __post_init__(self) -> None:
        for key in ("median", "sigma", "p99", "min", "max"):
            value = getattr(self, key)
            if value is not None and not math.isfinite(value):
                raise BadValue(key, f"'{key}' must be a finite number, not {value}")
        if self.median <= 0:
            raise BadValue("median", f"'median' must be above 0, not {self.median}")
        if (self.sigma is None) == (self.p99 is None):
            raise BadValue("sigma", "a distribution needs 'sigma' or 'p99', and not both")
        if self.sigma is not None and self.sigma < 0:
            raise BadValue("sigma", f"'sigma' must be at least 0, not {self.sigma}")
        if self.p99 is not None and self.p99 < self.median:
            raise BadValue("p99", f"need median <= p99, got {self.median} and {self.p99}")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise BadValue("min", f"need min <= max, got {self.min} and {self.max}")

    def draw(self, rng: Random) -> float:
        """Return one value, drawn from *rng*."""
        if self.sigma is not None:
            sigma = self.sigma
        else:
            assert self.p99 is not None
            sigma = math.log(self.p99 / self.median) / Z99
        # Whatever the spread: a power beyond this is no float any more.
        value = self.median * math.exp(min(sigma * rng.gauss(0.0, 1.0), MOST_EXPONENT))
        if self.min is not None:
            value = max(value, self.min)
        return min(value, MOST if self.max is None else self.max)


def drawn(quantity: float | Distribution, rng: Random) -> float:
    """Return *quantity*: the number it is, or one drawn from it."""
    return quantity.draw(rng) if isinstance(quantity, Distribution) else quantity
