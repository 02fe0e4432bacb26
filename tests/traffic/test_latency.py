"""How long a model takes, as values: no test here waits."""

import math
import random
from statistics import median

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mockserver.errors import BadValue
from mockserver.traffic.distributions import Distribution
from mockserver.traffic.latency import Hiccup, Latency, Load, Plan, apply, preset_sources, presets
from mockserver.wire.timeline import Data, Event, Head, Pause, Timeline, duration_s

HEAD = Head.of(200, (("content-type", "text/event-stream"),))


def planned(latency: Latency, tokens: int = 5, *, prompt: int = 0, others: int = 0) -> Plan:
    return latency.plan(tokens, prompt, others + 1, random.Random(7))


def stream(*tokens: int) -> Timeline:
    """Return a stream of events, each of which completes so many tokens."""
    return (HEAD, *[Data(b"data: x\n\n", count) for count in tokens])


def pauses(timeline: Timeline) -> list[Event | str]:
    return [event if isinstance(event, Pause) else type(event).__name__ for event in timeline]


# --- Plans -----------------------------------------------------------------------------------


def test_an_answer_takes_its_ttft_and_a_gap_before_each_further_token() -> None:
    plan = planned(Latency(ttft_ms=200, per_token_ms=20), tokens=5)

    assert plan == Plan(0.2, (0.02,) * 4)
    assert plan.total_s == pytest.approx(0.28)


def test_an_answer_without_tokens_takes_its_ttft_alone() -> None:
    assert planned(Latency(ttft_ms=200, per_token_ms=20), tokens=0) == Plan(0.2)


def test_nothing_stated_takes_no_time() -> None:
    assert planned(Latency()).total_s == 0


def test_each_token_of_the_prompt_adds_to_the_ttft() -> None:
    plan = planned(Latency(ttft_ms=200, prefill_ms_per_token=0.01), prompt=100_000)

    assert plan.ttft_s == pytest.approx(1.2)


def test_choices_are_made_side_by_side() -> None:
    latency = Latency(ttft_ms=100, per_token_ms=20)

    alone = latency.plan(11, 0, 1, random.Random(7))
    two = latency.plan(21, 0, 1, random.Random(7), choices=2)

    assert two.total_s == pytest.approx(alone.total_s)


def test_all_slots_taken_takes_the_factor_as_long_and_more_no_longer() -> None:
    latency = Latency(ttft_ms=100, per_token_ms=10, load=Load(factor=3, slots=5))

    alone, half, full, more = (planned(latency, others=others).total_s for others in (0, 2, 4, 400))

    assert half == pytest.approx(2 * alone)
    assert full == more == pytest.approx(3 * alone)


def test_a_hiccup_adds_to_the_ttft_as_often_as_it_says() -> None:
    latency = Latency(ttft_ms=200, hiccup=Hiccup(probability=0.7, add_ms=2_000))
    rng = random.Random(7)

    ttfts = [latency.plan(1, 0, 1, rng).ttft_s for _ in range(2_000)]

    assert set(ttfts) == {0.2, 2.2}
    assert ttfts.count(2.2) / len(ttfts) == pytest.approx(0.7, abs=0.03)


def test_bursts_gather_tokens_and_leave_ttft_and_total_as_they_are() -> None:
    one_by_one = planned(Latency(ttft_ms=200, per_token_ms=2), tokens=5_000)
    in_bursts = planned(Latency(ttft_ms=200, per_token_ms=2, burst_tokens=5), tokens=5_000)

    bursts = [gap for gap in in_bursts.gaps_s if gap]
    assert in_bursts.ttft_s == one_by_one.ttft_s
    assert in_bursts.total_s == pytest.approx(one_by_one.total_s)
    assert 4_999 / len(bursts) == pytest.approx(5, rel=0.05)


def test_what_is_drawn_is_spread_as_stated() -> None:
    latency = Latency(ttft_ms=Distribution(median=630, p99=1_422))
    rng = random.Random(7)

    ttfts = sorted(latency.plan(1, 0, 1, rng).ttft_s for _ in range(10_000))

    assert median(ttfts) == pytest.approx(0.63, rel=0.02)
    assert ttfts[9_900] == pytest.approx(1.422, rel=0.05)


def test_the_same_draw_gives_the_same_plan() -> None:
    latency = Latency(preset="groq")

    assert planned(latency) == planned(latency)


# --- Presets ---------------------------------------------------------------------------------


def test_each_preset_says_where_it_comes_from() -> None:
    assert list(preset_sources()) == list(presets())
    assert all(preset_sources().values())


@pytest.mark.parametrize("name", presets())
def test_a_preset_takes_as_long_as_it_says(name: str) -> None:
    told = presets()[name]
    rng = random.Random(7)
    plans = [Latency(preset=name).plan(20, 0, 1, rng) for _ in range(400)]

    gaps = [gap for plan in plans for gap in plan.gaps_s]
    for quantity, measured in (
        (told.ttft_ms, [p.ttft_s for p in plans]),
        (told.per_token_ms, gaps),
    ):
        if told.hiccup is None and told.burst_tokens is None:
            wanted = quantity.median / 1_000 if isinstance(quantity, Distribution) else 0
            assert median(measured) == pytest.approx(wanted, rel=0.05)


def test_what_is_stated_stands_before_what_the_preset_says() -> None:
    latency = Latency(preset="groq", ttft_ms=5, hiccup=Hiccup(probability=0, add_ms=0))

    assert planned(latency).ttft_s == 0.005
    assert latency.settled.burst_tokens == 5


def test_an_unknown_preset_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(BadValue, match="unknown preset 'grok'") as refused:
        Latency(preset="grok")

    assert refused.value.hint == "did you mean 'groq'?"


# --- What is refused -------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["ttft_ms", "per_token_ms", "prefill_ms_per_token"])
@pytest.mark.parametrize("value", [-1, math.nan, math.inf, 1e9])
def test_a_time_that_is_none_is_refused(key: str, value: float) -> None:
    with pytest.raises(BadValue) as refused:
        Latency(**{key: value})  # type: ignore[arg-type]

    assert refused.value.key == key


@pytest.mark.parametrize("value", [0, 0.9, math.nan])
def test_a_burst_has_a_token_at_least(value: float) -> None:
    with pytest.raises(BadValue, match="burst_tokens"):
        Latency(burst_tokens=value)


@pytest.mark.parametrize("probability", [-0.1, 1.1, math.nan])
def test_a_hiccup_is_as_probable_as_anything_can_be(probability: float) -> None:
    with pytest.raises(BadValue, match="probability"):
        Hiccup(probability=probability, add_ms=1)


def test_a_hiccup_adds_no_time_below_nothing() -> None:
    with pytest.raises(BadValue, match="add_ms"):
        Hiccup(probability=0.5, add_ms=-1)


@pytest.mark.parametrize(
    ("factor", "slots"),
    [
        pytest.param(0.5, 8, id="load makes nothing faster"),
        pytest.param(math.nan, 8, id="a factor is a number"),
        pytest.param(2, 1, id="one slot is never shared"),
    ],
)
def test_a_load_that_makes_no_sense_is_refused(factor: float, slots: int) -> None:
    with pytest.raises(BadValue):
        Load(factor=factor, slots=slots)


@pytest.mark.parametrize("key", ["median", "sigma", "p99", "min", "max"])
def test_a_distribution_has_finite_figures(key: str) -> None:
    figures = {"median": 1.0, "sigma": 0.1, key: math.nan}
    with pytest.raises(BadValue, match=f"'{key}' must be a finite number"):
        Distribution(**figures)


# --- From plans to pauses --------------------------------------------------------------------

PLAN = Plan(0.5, (0.1, 0.2, 0.3))


def test_a_stream_sends_its_head_at_once_and_waits_before_each_token() -> None:
    assert pauses(apply(stream(0, 1, 1, 1, 1, 0), PLAN, streamed=True)) == [
        "Head",
        Pause(0.5),
        "Data",  # the role goes out with the first token
        "Data",
        Pause(0.1),
        "Data",
        Pause(0.2),
        "Data",
        Pause(0.3),
        "Data",
        "Data",  # what ends the stream follows the last token at once
    ]


def test_an_event_that_completes_several_tokens_waits_for_all_of_them() -> None:
    assert pauses(apply(stream(2, 2), PLAN, streamed=True)) == [
        "Head",
        Pause(0.5 + 0.1),
        "Data",
        Pause(0.2 + 0.3),
        "Data",
    ]


def test_a_comment_that_asks_for_patience_comes_at_once() -> None:
    comment = Data(b": OPENROUTER PROCESSING\n\n")
    head, *events = stream(0, 1)

    assert apply((head, comment, *events), Plan(0.5), streamed=True) == (
        head,
        comment,
        Pause(0.5),
        *events,
    )


def test_what_comes_in_one_piece_comes_when_it_is_complete() -> None:
    timeline = stream(4)

    assert apply(timeline, PLAN, streamed=False) == (Pause(pytest.approx(1.1)), *timeline)


def test_no_time_is_no_pause() -> None:
    timeline = stream(1, 1)

    assert apply(timeline, Plan(0.0, (0.0,)), streamed=True) == timeline
    assert apply(timeline, Plan(0.0, (0.0,)), streamed=False) == timeline


QUANTITIES = st.floats(0, 1e4) | st.builds(
    Distribution, median=st.floats(0.01, 1e4), sigma=st.floats(0, 2)
)
LATENCIES = st.builds(
    Latency,
    preset=st.none() | st.sampled_from(sorted(presets())),
    ttft_ms=st.none() | QUANTITIES,
    per_token_ms=st.none() | QUANTITIES,
    prefill_ms_per_token=st.none() | st.floats(0, 10),
    burst_tokens=st.none() | st.floats(1, 100),
    hiccup=st.none() | st.builds(Hiccup, probability=st.floats(0, 1), add_ms=QUANTITIES),
    load=st.none() | st.builds(Load, factor=st.floats(1, 10), slots=st.integers(2, 64)),
)


@settings(derandomize=True)
@given(
    LATENCIES,
    st.lists(st.integers(0, 3), max_size=30),
    st.integers(0, 200_000),
    st.integers(1, 100),
    st.integers(),
)
def test_a_stream_takes_exactly_as_long_as_what_comes_in_one_piece(
    latency: Latency, tokens: list[int], prompt: int, in_flight: int, seed: int
) -> None:
    plan = latency.plan(sum(tokens), prompt, in_flight, random.Random(seed))
    timeline = stream(*tokens, 0)

    streamed = apply(timeline, plan, streamed=True)
    whole = apply(timeline, plan, streamed=False)

    assert duration_s(streamed) == pytest.approx(plan.total_s)
    assert duration_s(whole) == pytest.approx(plan.total_s)
    assert [event for event in streamed if not isinstance(event, Pause)] == list(timeline)


@settings(derandomize=True)
@given(LATENCIES, st.integers(0, 50), st.integers(0, 200_000), st.integers(0, 100), st.integers())
def test_nothing_takes_less_than_no_time(
    latency: Latency, tokens: int, prompt: int, in_flight: int, seed: int
) -> None:
    plan = latency.plan(tokens, prompt, in_flight, random.Random(seed))

    assert plan.ttft_s >= 0
    assert len(plan.gaps_s) == max(0, tokens - 1)
    assert all(gap >= 0 for gap in plan.gaps_s)
    assert math.isfinite(plan.total_s)
