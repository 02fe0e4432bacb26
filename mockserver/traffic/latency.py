"""How long a model takes: time to first token, then time for each token; presets of both.

Everything here is arithmetic on a `random.Random` that the caller owns. Nothing waits;
`mockserver.server.pacing` does. An answer takes as long in one piece as streamed.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import islice
from random import Random
from typing import Any, ClassVar, Final, NamedTuple, cast

import yaml

from mockserver import bundled
from mockserver.errors import BadValue, did_you_mean
from mockserver.traffic.distributions import Distribution, drawn
from mockserver.wire.marks import OPENING
from mockserver.wire.timeline import Data, Event, Pause, Timeline

MAX_MS: Final = 3_600_000.0
"""Nothing takes longer than an hour, whatever is drawn."""

Quantity = float | Distribution


@dataclass(frozen=True, slots=True, kw_only=True)
class Hiccup:
    """An occasional extra delay of the first token: a queue, a cold start.

    Attributes:
        probability: The share of answers that it delays, from 0 to 1.
        add_ms: What it adds to the time to first token.

    """

    called: ClassVar[str] = "'hiccup'"

    probability: float
    add_ms: Quantity

    def __post_init__(self) -> None:
        if not 0 <= self.probability <= 1:
            raise BadValue("probability", f"need 0 <= probability <= 1, got {self.probability}")
        _refuse_odd("add_ms", self.add_ms)


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """How an answer slows down while others are being made.

    The slowdown grows evenly: 1 + (factor - 1) x (in flight - 1) / (slots - 1).

    Attributes:
        factor: How many times as long everything takes with all slots taken.
        slots: How many answers at once reach the full factor.

    Source:
        llm-d-inference-sim, `time-factor-under-load`.

    """

    called: ClassVar[str] = "'load'"

    factor: float
    slots: int

    def __post_init__(self) -> None:
        if not 1 <= self.factor <= 1_000:  # noqa: PLR2004 - more is a stall
            raise BadValue("factor", f"need 1 <= factor <= 1000, got {self.factor}")
        if self.slots < 2:  # noqa: PLR2004 - one slot is never shared
            raise BadValue("slots", f"'slots' must be at least 2, not {self.slots}")

    def slowdown(self, in_flight: int) -> float:
        """Return how many times as long it takes with *in_flight* answers, this one included."""
        taken = min(max(in_flight, 1), self.slots)
        return 1 + (self.factor - 1) * (taken - 1) / (self.slots - 1)


class Plan(NamedTuple):
    """How long one answer takes: to its first token, and from each token to the next."""

    ttft_s: float
    gaps_s: tuple[float, ...] = ()

    @property
    def total_s(self) -> float:
        """How long the whole answer takes."""
        return self.ttft_s + math.fsum(self.gaps_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """How long answers take. Keys given here override the preset's.

    Attributes:
        preset: A model or provider with known times, by name.
        ttft_ms: Time to first token.
        per_token_ms: Time from one token to the next; drawn for each.
        prefill_ms_per_token: Added to the time to first token for each prompt token that is not
            read from the cache.
        burst_tokens: How many tokens arrive together, on average (geometrically distributed);
            1 sends each on its own.
        hiccup: An occasional extra delay of the first token.
        load: How it slows down while other answers are being made.

    """

    called: ClassVar[str] = "'latency'"
    bare: ClassVar[str] = "preset"

    preset: str | None = None
    ttft_ms: Quantity | None = None
    per_token_ms: Quantity | None = None
    prefill_ms_per_token: float | None = None
    burst_tokens: float | None = None
    hiccup: Hiccup | None = None
    load: Load | None = None
    _settled: "Latency | None" = field(init=False, repr=False, compare=False, default=None)

    def __post_init__(self) -> None:
        for key in ("ttft_ms", "per_token_ms", "prefill_ms_per_token"):
            _refuse_odd(key, getattr(self, key) or 0)
        if self.burst_tokens is not None and not 1 <= self.burst_tokens <= 10_000:  # noqa: PLR2004 - longer than answers are
            raise BadValue("burst_tokens", f"need 1 <= burst_tokens, got {self.burst_tokens}")
        if self.preset is not None:
            known = presets()
            if self.preset not in known:
                hint = did_you_mean(self.preset, known) or f"known: {', '.join(known)}"
                raise BadValue("preset", f"unknown preset '{self.preset}'", hint)
            stated = {key: getattr(self, key) for key in KEYS}
            own = {key: value for key, value in stated.items() if value is not None}
            object.__setattr__(self, "_settled", replace(known[self.preset], **own))

    @property
    def settled(self) -> "Latency":
        """The same, with what the preset says written out."""
        return self._settled or self

    def plan(
        self,
        completion_tokens: int,
        uncached_prompt_tokens: int,
        in_flight: int,
        rng: Random,
        *,
        choices: int = 1,
    ) -> Plan:
        """Return how long an answer takes.

        Args:
            completion_tokens: The tokens that are sent, of all choices.
            uncached_prompt_tokens: The tokens of the prompt that are not read from the cache.
            in_flight: The answers that are being made, this one included.
            rng: What is drawn comes from here, in the same order each time.
            choices: How many choices are made side by side, so that their tokens come so many
                times as fast.

        """
        own = self.settled
        slowdown = own.load.slowdown(in_flight) if own.load else 1.0
        ttft_ms = _draw_ms(own.ttft_ms, rng)
        if own.hiccup is not None and rng.random() < own.hiccup.probability:
            ttft_ms += _draw_ms(own.hiccup.add_ms, rng)
        ttft_ms += (own.prefill_ms_per_token or 0) * uncached_prompt_tokens
        gaps = _gaps_ms(own.per_token_ms or 0, completion_tokens - 1, rng)
        if own.burst_tokens is not None and own.burst_tokens > 1:
            gaps = _in_bursts(gaps, own.burst_tokens, rng)
        to_s = slowdown / 1_000
        gap_to_s = to_s / choices
        return Plan(min(ttft_ms, MAX_MS) * to_s, tuple(gap * gap_to_s for gap in gaps))


KEYS: Final = ("ttft_ms", "per_token_ms", "prefill_ms_per_token", "burst_tokens", "hiccup", "load")
"""What a preset can state."""


def _refuse_odd(key: str, quantity: Quantity) -> None:
    if not isinstance(quantity, Distribution) and not 0 <= quantity <= MAX_MS:
        raise BadValue(key, f"need 0 <= {key} <= {MAX_MS:.0f}, got {quantity}")


def _draw_ms(quantity: Quantity | None, rng: Random) -> float:
    return 0.0 if quantity is None else min(max(drawn(quantity, rng), 0.0), MAX_MS)


def _gaps_ms(per_token: Quantity, count: int, rng: Random) -> list[float]:
    if isinstance(per_token, Distribution):
        return [_draw_ms(per_token, rng) for _ in range(count)]
    return [float(per_token)] * count


def _in_bursts(gaps: list[float], mean: float, rng: Random) -> list[float]:
    """Return *gaps* with those of a burst gathered before it: its tokens arrive with its last.

    The first token is not part of one, so that the time to first token is as requested.
    """
    goes_on = 1 - 1 / mean
    gathered: list[float] = []
    start, waited = 0, 0.0
    for index, gap in enumerate(gaps):
        waited += gap
        if index == len(gaps) - 1 or rng.random() >= goes_on:
            gathered += [waited, *[0.0] * (index - start)]
            start, waited = index + 1, 0.0
    return gathered


# --- From plans to pauses --------------------------------------------------------------------


def apply(timeline: Timeline, plan: Plan, *, streamed: bool) -> Timeline:
    """Return *timeline* with the pauses of *plan*.

    In one piece, an answer comes when it is complete: everything waits for it. A stream's
    headers come at once, since the provider knows by then that it will answer, and so does a
    keep-alive comment; its events wait for the tokens they complete, and what follows the last
    token follows at once.

    Source:
        Slow models that send headers at once and the first token minutes later:
        openai/openai-node#419.

    """
    if not streamed:
        return (Pause(plan.total_s), *timeline) if plan.total_s else timeline
    tokens = sum(event.tokens for event in timeline if isinstance(event, Data))
    events: list[Event] = []
    gaps = iter(plan.gaps_s)
    wait, complete = plan.ttft_s, 0
    for event in timeline:
        if isinstance(event, Data) and not (_is_comment(event) or _opens(event)):
            if event.tokens == 1 and 0 < complete < tokens - 1:
                wait += next(gaps)  # as nearly all, without a sum
            else:
                wait += math.fsum(_due(gaps, complete, event.tokens, tokens))
            complete += event.tokens
            if wait:
                events.append(Pause(wait))
            wait = 0.0
        events.append(event)
    return tuple(events)


def _opens(event: Data) -> bool:
    """Return whether *event* comes before the model answers."""
    return not event.tokens and any(mark.kind == OPENING for mark in event.marks)


def _is_comment(event: Data) -> bool:
    """Return whether *event* only keeps the stream alive."""
    return not event.tokens and event.payload.startswith(b":")


def _due(gaps: Iterator[float], complete: int, more: int, tokens: int) -> Iterator[float]:
    """Return those of *gaps* before the last of *more* tokens that follow *complete* ones."""
    if complete == tokens:
        # There are no tokens, or no more of them.
        return iter(()) if tokens else gaps
    if complete + more == tokens:
        return gaps
    return islice(gaps, more - (complete == 0 and more > 0))


# --- Presets ---------------------------------------------------------------------------------


@cache
def presets() -> Mapping[str, Latency]:
    """Return the presets by name."""
    return {name: _preset(**facts) for name, facts in _document().items()}


@cache
def preset_sources() -> Mapping[str, str]:
    """Return where the figures of each preset come from."""
    return {name: facts["says"] for name, facts in _document().items()}


@cache
def _document() -> dict[str, dict[str, Any]]:
    text = (bundled.folder("fixtures") / "latency.yaml").read_text("utf-8")
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    document: dict[str, Any] = yaml.load(text, Loader=loader)  # noqa: S506 - both loaders are safe
    found: dict[str, dict[str, Any]] = document["presets"]
    return found


def _preset(
    *,
    says: str,  # noqa: ARG001 - for people
    hiccup: dict[str, Any] | None = None,
    **facts: Any,
) -> Latency:
    quantities = {key: _quantity(value) for key, value in facts.items()}
    if hiccup is not None:
        quantities["hiccup"] = Hiccup(
            probability=hiccup["probability"], add_ms=_quantity(hiccup["add_ms"])
        )
    return Latency(**quantities)


def _quantity(value: Any) -> Any:
    return Distribution(**cast(dict[str, float], value)) if isinstance(value, dict) else value
