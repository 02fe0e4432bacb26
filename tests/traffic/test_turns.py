"""How many answers are made at once, and who waits for a turn."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mockserver.traffic.turns import Lane, Lanes, Turn


def entered(lane: Lane, concurrency: int | None = 1, queue: int | None = None) -> Turn:
    turn = lane.enter(concurrency, queue)
    assert turn is not None
    return turn


def test_as_many_run_as_may_and_the_others_are_refused() -> None:
    lane = Lane()

    assert entered(lane, 2).runs
    assert entered(lane, 2).runs
    assert lane.enter(2, None) is None


def test_who_waits_longest_follows_who_leaves() -> None:
    lane = Lane()
    first, second, third = (entered(lane, 1, 2) for _ in range(3))
    called: list[str] = []
    second.on_turn = lambda: called.append("second")
    third.on_turn = lambda: called.append("third")

    assert (second.runs, third.runs) == (False, False)
    first.leave()
    assert (second.runs, third.runs, called) == (True, False, ["second"])
    second.leave()

    assert (third.runs, called) == (True, ["second", "third"])


def test_a_full_queue_refuses() -> None:
    lane = Lane()
    entered(lane, 1, 1)
    entered(lane, 1, 1)

    assert lane.enter(1, 1) is None


def test_who_gives_up_in_the_queue_makes_room_in_it() -> None:
    lane = Lane()
    first, second = entered(lane, 1, 1), entered(lane, 1, 1)
    second.leave()
    third = entered(lane, 1, 1)
    first.leave()

    assert third.runs
    assert not second.runs


@pytest.mark.parametrize("queue", [0, 1])
def test_leaving_twice_does_no_harm(queue: int) -> None:
    lane = Lane()
    first = entered(lane)
    first.leave()
    second = entered(lane)
    first.leave()

    assert second.runs
    assert lane.running == 1


def test_without_a_limit_there_is_always_a_place() -> None:
    lane = Lane()

    assert all(entered(lane, None).runs for _ in range(100))


def test_a_lane_is_one_keys_and_one_models() -> None:
    lanes = Lanes()

    assert lanes.lane("a", "x") is lanes.lane("a", "x")
    assert lanes.lane("a", "x") is not lanes.lane("b", "x")


@settings(derandomize=True)
@given(st.integers(1, 4), st.integers(0, 4), st.lists(st.integers(-1, 12), min_size=1, max_size=60))
def test_never_more_run_than_may_and_no_place_stays_empty_while_one_waits(
    concurrency: int, queue: int, moves: list[int]
) -> None:
    lane = Lane()
    inside: list[Turn] = []
    for move in moves:
        if move < 0 or not inside:
            turn = lane.enter(concurrency, queue)
            inside += [turn] if turn is not None else []
        else:
            inside.pop(move % len(inside)).leave()
        running = [turn for turn in inside if turn.runs]
        assert len(running) == lane.running == min(concurrency, len(inside))
        assert len(inside) <= concurrency + queue
    assert lane.is_empty == (not inside)
