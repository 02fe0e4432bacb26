"""When an answer went out, beside when it was to: measured by a clock that the test moves."""

import asyncio
from typing import cast

import pytest
from aiohttp import web

from mockserver.records.measured import MOST_MOMENTS, Measured
from mockserver.server import player
from mockserver.wire.timeline import Data, Head
from tests.server.test_player import Request


class Time:
    """Real time, in seconds, as a test has it."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def test_of_an_answer_in_one_write_there_is_one_moment() -> None:
    time = Time()
    sent = Measured(time)

    time.now_s += 0.004
    sent.note(16, 900)

    assert (sent.first_byte_ms, sent.first_token_ms, sent.last_byte_ms) == pytest.approx((4, 4, 4))
    assert (sent.sent_bytes, list(sent.gaps())) == (900, [])


def test_what_it_was_to_wait_for_is_not_late() -> None:
    time = Time()
    sent = Measured(time)

    time.now_s += 0.001
    sent.note(0, 100)
    time.now_s += 0.203  # 3 ms longer than planned
    sent.waited(0.2)
    sent.note(1, 50)
    time.now_s += 0.040
    sent.waited(0.040)
    sent.note(3, 90)

    assert sent.first_byte_ms == pytest.approx(1)
    assert (sent.first_token_ms, sent.first_late_ms) == pytest.approx((204, 4))
    assert (sent.last_byte_ms, sent.last_late_ms) == pytest.approx((244, 4))
    assert list(sent.gaps()) == [(pytest.approx(20), 2)]


def test_a_wait_that_a_moved_clock_ended_makes_nothing_early_or_late() -> None:
    time = Time()
    sent = Measured(time)

    time.now_s += 0.5
    sent.waited(60)
    sent.note(1, 50)
    time.now_s += 0.25
    sent.note(2, 50)

    assert (sent.first_late_ms, sent.last_late_ms) == pytest.approx((0, 250))


@pytest.mark.parametrize("writes", [1, MOST_MOMENTS, MOST_MOMENTS + 1, 3 * MOST_MOMENTS + 7])
def test_moments_are_bounded_and_lose_no_token(writes: int) -> None:
    time = Time()
    sent = Measured(time)
    for number in range(1, writes + 1):
        time.now_s += 0.01
        sent.note(2 * number, 10)

    assert len(sent.moments) <= MOST_MOMENTS
    assert sum(count for _, count in sent.gaps()) == 2 * (writes - 1)
    assert all(gap == pytest.approx(5) for gap, _ in sent.gaps())


def test_a_played_answer_is_measured() -> None:
    sent = Measured()
    timeline = (Head.of(200, ()), Data(b"one", 1), Data(b"two", 2))

    asyncio.run(player.play(timeline, cast(web.BaseRequest, Request()), measured=sent))

    assert (sent.out, sent.first_token_ms) == (3, sent.last_byte_ms)
    assert sent.sent_bytes > len(b"onetwo")


def test_a_first_token_that_goes_out_with_later_ones_is_late_by_its_own_plan() -> None:
    time = Time()
    sent = Measured(time)

    time.now_s += 0.200
    sent.waited(0.030)
    sent.ready()
    sent.waited(0.005)
    sent.note(2, 50)
    time.now_s += 0.005
    sent.waited(0.005)
    sent.note(3, 25)

    assert sent.first_late_ms == pytest.approx(170)
    assert list(sent.planned_gaps()) == [(pytest.approx(5), 1)]
