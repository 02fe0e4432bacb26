"""Session time: read off a source that the caller owns."""

from mockserver.clock import Clock


def test_a_clock_stands_at_zero_when_it_starts() -> None:
    assert Clock.start(lambda: 1_234.5).now_s() == 0


def test_a_clock_goes_as_fast_as_its_source() -> None:
    times = iter([100.0, 102.5])

    assert Clock.start(lambda: next(times)).now_s() == 2.5
