"""Pauses are lived through in session time; the loop's own time is the test's."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from mockserver.server.pacing import Pacer, wait_for
from mockserver.traffic.clock import Clock
from mockserver.traffic.turns import Lane

MEANWHILE_S = 600.0
"""No test takes this long: what waits for it waits for something else."""


class _VirtualLoop(asyncio.SelectorEventLoop):
    """A loop whose time jumps to the next timer when there is nothing else to do."""

    def __init__(self) -> None:
        super().__init__()
        self._now = 0.0
        inner = self._selector.select  # type: ignore[attr-defined]

        def select(timeout: float | None) -> object:
            self._now += timeout or 0.0
            return inner(0)

        self._selector.select = select  # type: ignore[attr-defined]

    def time(self) -> float:
        return self._now


def run(test: Callable[[], Awaitable[None]]) -> float:
    """Run *test* in a loop of its own; return how long it took there."""
    loop = _VirtualLoop()
    try:
        loop.run_until_complete(test())
        return loop.time()
    finally:
        loop.close()


def clock_at(time_scale: float) -> Clock:
    return Clock(asyncio.get_running_loop().time, time_scale)


@pytest.mark.parametrize("time_scale", [1.0, 0.01, 2.0])
def test_pauses_take_the_scale_of_their_seconds(time_scale: float) -> None:
    async def test() -> None:
        clock = clock_at(time_scale)
        pacer = Pacer(clock)
        await pacer.pause(3)
        await pacer.pause(4)

        assert clock.now_s() == pytest.approx(7)

    assert run(test) == pytest.approx(7 * time_scale)


def test_at_a_scale_of_zero_pauses_move_the_clock_and_take_no_time() -> None:
    async def test() -> None:
        clock = clock_at(0)
        pacer = Pacer(clock)
        await pacer.pause(3)
        await pacer.pause(4)

        assert clock.now_s() == 7

    assert run(test) == 0


def test_at_a_scale_of_zero_answers_side_by_side_overlap_and_those_in_turn_add_up() -> None:
    async def test() -> None:
        clock = clock_at(0)

        async def answer(*seconds: float) -> None:
            pacer = Pacer(clock)
            for pause in seconds:
                await pacer.pause(pause)

        await asyncio.gather(answer(3, 4), answer(5), answer(1, 1, 1))
        assert clock.now_s() == 7
        await answer(5)

        assert clock.now_s() == 12

    run(test)


def test_who_is_late_waits_less() -> None:
    async def test() -> None:
        pacer = Pacer(clock_at(1))
        await asyncio.sleep(0.4)
        await pacer.pause(1)
        assert not pacer.is_behind(0.5)
        await asyncio.sleep(0.6)
        assert pacer.is_behind(0.5)
        await pacer.pause(0.5)
        await pacer.pause(0.5)

    assert run(test) == pytest.approx(2)


def test_a_moved_clock_ends_the_pauses_whose_time_has_come() -> None:
    async def test() -> None:
        clock = clock_at(1)

        async def answer(seconds: float) -> None:
            await Pacer(clock).pause(seconds)

        long, short = asyncio.create_task(answer(100)), asyncio.create_task(answer(30))
        await asyncio.sleep(1)
        clock.advance(30)
        await short
        assert not long.done()
        assert asyncio.get_running_loop().time() == pytest.approx(1)
        await long

    assert run(test) == pytest.approx(70)


def test_another_thread_may_move_the_clock() -> None:
    async def test() -> None:
        loop = asyncio.get_running_loop()
        clock = Clock(loop.time)
        pause = asyncio.create_task(Pacer(clock).pause(MEANWHILE_S))
        await asyncio.sleep(0)
        await loop.run_in_executor(None, clock.advance, MEANWHILE_S)
        await asyncio.wait_for(pause, 10)

    asyncio.run(test())


@pytest.mark.parametrize("time_scale", [1.0, 0.01, 0.0])
def test_real_seconds_are_real_at_any_scale_and_pass_in_the_session_too(
    time_scale: float,
) -> None:
    async def test() -> None:
        clock = clock_at(time_scale)
        pacer = Pacer(clock)
        await pacer.pause(2, scaled=False)
        await pacer.pause(1, scaled=False)

        assert clock.now_s() == pytest.approx(3 / (time_scale or 1))

    assert run(test) == pytest.approx(3)


def test_a_moved_clock_does_not_end_real_seconds() -> None:
    async def test() -> None:
        clock = clock_at(1)
        pause = asyncio.create_task(Pacer(clock).pause(5, scaled=False))
        await asyncio.sleep(0)
        clock.advance(100)
        await pause

    assert run(test) == pytest.approx(5)


def test_a_pause_that_is_given_up_leaves_nothing_behind() -> None:
    async def test() -> None:
        clock = clock_at(1)
        pause = asyncio.create_task(Pacer(clock).pause(MEANWHILE_S))
        await asyncio.sleep(0)
        pause.cancel()
        with pytest.raises(asyncio.CancelledError):
            await pause
        clock.advance(MEANWHILE_S)

    assert run(test) == 0


def test_who_waits_for_a_turn_goes_on_when_it_has_come() -> None:
    async def test() -> None:
        lane = Lane()
        first, second = lane.enter(1, 1), lane.enter(1, 1)
        assert first is not None
        assert second is not None
        clock = clock_at(1)
        assert await wait_for(first, clock) == 0
        waiting = asyncio.create_task(wait_for(second, clock))
        await asyncio.sleep(1)
        assert not waiting.done()
        first.leave()
        assert await waiting == pytest.approx(1)

    assert run(test) == pytest.approx(1)
