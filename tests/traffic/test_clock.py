"""Session time: read off a source that the caller owns, and moved by hand."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mockserver.errors import UsageError
from mockserver.traffic.clock import Clock


class Source:
    """A source of time that a test moves."""

    def __init__(self) -> None:
        self.now = 1_234.5

    def __call__(self) -> float:
        return self.now


def test_a_clock_stands_at_zero_when_it_starts() -> None:
    assert Clock.start(Source()).now_s() == 0


def test_a_clock_goes_as_fast_as_its_source() -> None:
    source = Source()
    clock = Clock.start(source)

    source.now += 2.5

    assert clock.now_s() == 2.5


def test_at_a_scale_of_a_hundredth_time_passes_a_hundred_times_as_fast() -> None:
    source = Source()
    clock = Clock.start(source, 0.01)

    source.now += 0.5

    assert clock.now_s() == pytest.approx(50)


def test_at_a_scale_of_zero_time_passes_only_when_the_clock_is_moved() -> None:
    source = Source()
    clock = Clock.start(source, 0)

    source.now += 10
    assert clock.now_s() == 0
    clock.advance(3)

    assert clock.now_s() == 3


@pytest.mark.parametrize(
    ("time_scale", "wall_s"),
    [
        pytest.param(1.0, 20.0, id="as in reality"),
        pytest.param(0.01, 0.2, id="a hundred times as fast"),
        pytest.param(0.0, 0.0, id="no wait at all"),
    ],
)
def test_how_long_one_waits_depends_on_the_scale(time_scale: float, wall_s: float) -> None:
    clock = Clock.start(Source(), time_scale)

    assert clock.wall_s(20) == pytest.approx(wall_s)


def test_nobody_waits_for_what_is_past() -> None:
    clock = Clock.start(Source())
    clock.advance(5)

    assert clock.wall_s(3) == 0


def test_a_moved_clock_wakes_those_who_watch_it_until_they_stop() -> None:
    clock = Clock.start(Source())
    woken: list[float] = []

    def wake() -> None:
        woken.append(clock.now_s())

    clock.watch(wake)
    clock.advance(2)
    clock.advance_to(7)
    clock.unwatch(wake)
    clock.advance(1)

    assert woken == [2, 7]


def test_a_clock_is_moved_to_a_time_only_forwards() -> None:
    clock = Clock.start(Source())
    clock.advance_to(7)
    clock.advance_to(3)

    assert clock.now_s() == 7


@pytest.mark.parametrize("seconds", [-1, math.nan, math.inf])
def test_time_does_not_go_back(seconds: float) -> None:
    with pytest.raises(UsageError, match="moves by 0 or more seconds"):
        Clock.start(Source()).advance(seconds)


@pytest.mark.parametrize("time_scale", [-0.5, math.nan, math.inf])
def test_a_time_scale_that_is_none_is_refused(time_scale: float) -> None:
    with pytest.raises(UsageError, match="the time scale must be at least 0"):
        Clock.start(Source(), time_scale)


@settings(derandomize=True)
@given(st.lists(st.floats(0, 1e6), max_size=20), st.sampled_from([0.0, 0.01, 1.0]))
def test_a_clock_never_goes_back(times: list[float], time_scale: float) -> None:
    clock = Clock.start(Source(), time_scale)
    seen = [clock.now_s()]
    for at_s in times:
        clock.advance_to(at_s)
        seen.append(clock.now_s())

    assert seen == sorted(seen)
    assert seen[-1] == pytest.approx(max(times, default=0))
