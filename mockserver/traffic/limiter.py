"""A real limiter: what each key has left for each model, in session time.

It counts as the provider's does (`mockserver.traffic.limits`): buckets that refill evenly and
know nothing of the bill. How many answers run at once is up to `mockserver.traffic.turns`.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import ClassVar, Final, Literal, NamedTuple

from mockserver.caching import BoundedTable
from mockserver.conversation import Allowance, Charge
from mockserver.conversation.api_error import MINUTE_MS
from mockserver.errors import BadValue
from mockserver.traffic.limits import DAY_MS

BUCKETS_KEPT: Final = 10_000
"""Buckets of keys and models; the least recently used one is forgotten, and so full again."""

MOST: Final = 10**12
"""More than any provider allows; a bucket's level stays exact."""

Of = Literal["requests", "tokens"]
Window = Literal["minute", "day"]


# --- What a scenario states ------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """The limits of a key for a model.

    Attributes:
        requests_per_minute: Requests per minute; the bucket starts full and refills evenly.
        tokens_per_minute: Tokens per minute, as the provider's limiter counts them.
        requests_per_day: Requests per day; the bucket starts full and refills evenly.
        tokens_per_day: Tokens per day, as the provider's limiter counts them.
        concurrency: How many answers are made at once.
        queue: How many requests wait for their turn; any more are refused.

    """

    called: ClassVar[str] = "'limits'"

    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None
    requests_per_day: int | None = None
    tokens_per_day: int | None = None
    concurrency: int | None = None
    queue: int | None = None

    def __post_init__(self) -> None:
        for own in fields(Figures):
            value = getattr(self, own.name)
            least = 0 if own.name == "queue" else 1
            if value is not None and not least <= value <= MOST:
                raise BadValue(
                    own.name, f"'{own.name}' must be from {least} to {MOST}, not {value}"
                )

    def over(self, base: "Figures") -> "Figures":
        """Return these figures, completed with those of *base*."""
        names = [own.name for own in fields(Figures)]
        stated = {name: getattr(self, name) for name in names}
        return Figures(
            **{
                name: getattr(base, name) if value is None else value
                for name, value in stated.items()
            }
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits(Figures):
    """The limits of each key for a model.

    Attributes:
        keys: Other limits for some keys, by glob; what they leave out stays as it is here.

    """

    keys: Mapping[str, Figures] = field(default_factory=dict[str, Figures])

    def __post_init__(self) -> None:
        super(Limits, self).__post_init__()
        for figures in (self, *(own.over(self) for own in self.keys.values())):
            if figures.queue is not None and figures.concurrency is None:
                hint = "it limits how many requests wait while 'concurrency' others are answered"
                raise BadValue("queue", "'queue' needs 'concurrency'", hint)


class LimitsTable:
    """The `limits` of a scenario: which figures apply to which model and key."""

    def __init__(self, stated: Mapping[str, Limits]) -> None:
        """Take what is *stated*, by globs of models; the first that fits counts."""
        self._stated = tuple(stated.items())
        self.figures = lru_cache(BUCKETS_KEPT)(self._figures)

    def __bool__(self) -> bool:
        return bool(self._stated)

    def _figures(self, key: str, model: str) -> Figures | None:
        """Return what applies to *key* and *model*; None: nothing is stated."""
        for glob, limits in self._stated:
            if fnmatchcase(model, glob):
                for key_glob, own in limits.keys.items():
                    if fnmatchcase(key, key_glob):
                        return own.over(limits)
                return limits
        return None


# --- Buckets ---------------------------------------------------------------------------------


class Refused(NamedTuple):
    """Why a request is refused: the bucket that does not have enough.

    *wait_s* is when it would have enough; None: never, since the request needs more than the
    bucket holds. *allowances* are what is left.
    """

    of: Of
    window: Window
    limit: int
    used: int
    requested: int
    wait_s: float | None
    allowances: tuple[Allowance, ...]


class _Bucket:
    """An amount per window, refilled evenly; *level* is what was left at *at_s*."""

    __slots__ = ("at_s", "level", "limit", "of", "window")

    def __init__(self, of: Of, window: Window, limit: int, now_s: float) -> None:
        self.of: Of = of
        self.window: Window = window
        self.limit = limit
        self.level = float(limit)
        self.at_s = now_s

    @property
    def window_ms(self) -> int:
        return MINUTE_MS if self.window == "minute" else DAY_MS

    def refill(self, now_s: float) -> None:
        grown = (now_s - self.at_s) * self.limit * 1_000 / self.window_ms
        self.level = min(float(self.limit), self.level + grown)
        self.at_s = now_s

    def missing(self, cost: int) -> float:
        """Return how much is missing for *cost*; a rounding error does not count."""
        missing = cost - self.level
        return missing if missing > cost * 1e-9 else 0.0

    def wait_s(self, cost: int) -> float | None:
        """Return how long until there is enough for *cost*; None: forever."""
        if cost > self.limit:
            return None
        # Reported in whole milliseconds: a client that comes back then must find enough.
        exact_ms = self.missing(cost) * self.window_ms / self.limit
        return math.ceil(exact_ms - 1e-6) / 1_000

    def allowance(self) -> Allowance:
        return Allowance(self.of, self.limit, int(self.level + 1e-9), self.window_ms)


class Limiter:
    """The buckets of one session."""

    def __init__(self) -> None:
        self._buckets: BoundedTable[tuple[str, str], tuple[_Bucket, ...]] = BoundedTable(
            BUCKETS_KEPT
        )

    def admit(
        self, key: str, model: str, figures: Figures, charge: Charge, now_s: float
    ) -> tuple[Allowance, ...] | Refused:
        """Take what a request costs, or nothing if any bucket has too little.

        Args:
            key: Identifies the key; it need not be the key itself.
            model: The model whose limits these are.
            figures: The limits.
            charge: What the request costs.
            now_s: Session time.

        Returns:
            What is left in the buckets, in the order requests, tokens; or why the request is
            refused.

        """
        buckets = self._of(key, model, figures, now_s)
        costs = [(b, 1 if b.of == "requests" else charge.tokens) for b in buckets]
        for bucket in buckets:
            bucket.refill(now_s)
        waits = [(bucket.wait_s(cost), bucket, cost) for bucket, cost in costs]
        # What can never fit comes first, then the longest wait: after it, all have enough.
        short = [wait for wait in waits if wait[0] is None or wait[0] > 0]
        if short:
            wait_s, bucket, cost = max(short, key=lambda w: math.inf if w[0] is None else w[0])
            used = bucket.limit - int(bucket.level)
            return Refused(
                bucket.of, bucket.window, bucket.limit, used, cost, wait_s, _reported(buckets)
            )
        for bucket, cost in costs:
            bucket.level = max(0.0, bucket.level - cost)
        return _reported(buckets)

    def _of(self, key: str, model: str, figures: Figures, now_s: float) -> tuple[_Bucket, ...]:
        """Return the buckets of *key* and *model*; new ones are full."""
        wanted: tuple[tuple[Of, Window, int | None], ...] = (
            ("requests", "minute", figures.requests_per_minute),
            ("requests", "day", figures.requests_per_day),
            ("tokens", "minute", figures.tokens_per_minute),
            ("tokens", "day", figures.tokens_per_day),
        )
        stated: list[tuple[Of, Window, int]] = [
            (of, window, limit) for of, window, limit in wanted if limit is not None
        ]
        found = self._buckets.get((key, model))
        if found is None or [(b.of, b.window, b.limit) for b in found] != stated:
            found = tuple(_Bucket(of, window, limit, now_s) for of, window, limit in stated)
            self._buckets.put((key, model), found)
        self._buckets.move_to_end((key, model))
        return found


def _reported(buckets: tuple[_Bucket, ...]) -> tuple[Allowance, ...]:
    """Return what headers report: one bucket of requests, the day's if there is one; one of tokens.

    Source:
        Accounts with 10,000 requests a day get those reported (`8.64s`), not their 500 a minute.

    """
    by_name: dict[str, _Bucket] = {}
    for bucket in buckets:
        if bucket.of == "requests" or bucket.of not in by_name:
            by_name[bucket.of] = bucket
    return tuple(bucket.allowance() for bucket in by_name.values())
