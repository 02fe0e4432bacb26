"""A real limiter, in session time: what is left, what is refused, when it helps to wait."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mockserver.conversation import Charge
from mockserver.conversation.api_error import MINUTE_MS, Allowance
from mockserver.errors import BadValue
from mockserver.traffic.limiter import Figures, Limiter, Limits, LimitsTable, Refused
from mockserver.traffic.limits import DAY_MS


def ask(limiter: Limiter, figures: Figures, *, tokens: int = 1, at_s: float = 0.0) -> object:
    return limiter.admit("key", "gpt-4o", figures, Charge(tokens), at_s)


def test_three_a_minute_are_three_and_the_fourth_waits_twenty_seconds() -> None:
    limiter, figures = Limiter(), Figures(requests_per_minute=3)

    left = [ask(limiter, figures) for _ in range(4)]

    assert left[:3] == [(Allowance("requests", 3, remaining),) for remaining in (2, 1, 0)]
    assert left[3] == Refused("requests", "minute", 3, 3, 1, 20.0, (Allowance("requests", 3, 0),))


def test_who_waits_as_told_is_answered() -> None:
    limiter, figures = Limiter(), Figures(requests_per_minute=3)
    for _ in range(3):
        ask(limiter, figures)

    assert isinstance(ask(limiter, figures, at_s=19.99), Refused)
    assert ask(limiter, figures, at_s=20.0) == (Allowance("requests", 3, 0),)


def test_tokens_missing_are_waited_for_to_the_millisecond() -> None:
    limiter, figures = Limiter(), Figures(tokens_per_minute=30_000)
    ask(limiter, figures, tokens=29_937)

    refused = ask(limiter, figures, tokens=385)

    # The figures of a recorded refusal: "Limit 30000, Used 29937, Requested 385 … in 644ms".
    assert refused == Refused(
        "tokens", "minute", 30_000, 29_937, 385, 0.644, (Allowance("tokens", 30_000, 63),)
    )


def test_fifty_a_day_refill_in_the_course_of_the_day() -> None:
    limiter, figures = Limiter(), Figures(requests_per_day=50)
    for _ in range(50):
        ask(limiter, figures)

    refused = ask(limiter, figures)

    # As recorded: "Limit 50, Used 50, Requested 1. Please try again in 28m48s".
    assert isinstance(refused, Refused)
    assert (refused.window, refused.wait_s) == ("day", 28 * 60 + 48)


def test_what_is_larger_than_the_bucket_never_fits() -> None:
    refused = ask(Limiter(), Figures(tokens_per_minute=30_000), tokens=36_055)

    assert isinstance(refused, Refused)
    assert refused.wait_s is None


def test_what_is_refused_costs_nothing() -> None:
    limiter = Limiter()
    figures = Figures(requests_per_minute=10, tokens_per_minute=100)
    ask(limiter, figures, tokens=90)
    for _ in range(5):
        assert isinstance(ask(limiter, figures, tokens=50), Refused)

    assert ask(limiter, figures, tokens=10) == (
        Allowance("requests", 10, 8),
        Allowance("tokens", 100, 0),
    )


def test_of_several_buckets_the_one_with_the_longest_wait_is_told() -> None:
    limiter = Limiter()
    figures = Figures(requests_per_minute=1, requests_per_day=2)
    ask(limiter, figures)
    ask(limiter, figures, at_s=60)

    refused = ask(limiter, figures, at_s=60)

    assert isinstance(refused, Refused)
    assert refused.window == "day"


def test_headers_tell_of_a_day_where_there_is_one() -> None:
    figures = Figures(requests_per_minute=500, requests_per_day=10_000, tokens_per_day=7)

    assert ask(Limiter(), figures) == (
        Allowance("requests", 10_000, 9_999, DAY_MS),
        Allowance("tokens", 7, 6, DAY_MS),
    )


def test_each_key_and_each_model_has_buckets_of_its_own() -> None:
    limiter, figures = Limiter(), Figures(requests_per_minute=1)
    charge = Charge(1)

    for key, model in (("a", "gpt-4o"), ("b", "gpt-4o"), ("a", "gpt-4o-mini")):
        assert not isinstance(limiter.admit(key, model, figures, charge, 0.0), Refused)
    assert isinstance(limiter.admit("a", "gpt-4o", figures, charge, 0.0), Refused)


# --- What is stated --------------------------------------------------------------------------

TABLE = LimitsTable(
    {
        "gpt-4o-mini": Limits(requests_per_minute=30),
        "gpt-4*": Limits(
            requests_per_minute=500,
            tokens_per_minute=9_000,
            keys={"sk-free*": Figures(requests_per_minute=3), "*": Figures(concurrency=2)},
        ),
    }
)


def test_the_first_glob_that_fits_the_model_counts() -> None:
    assert TABLE.figures("sk-free-1", "gpt-4o-mini") == Limits(requests_per_minute=30)


def test_a_key_has_its_own_figures_and_the_others_of_the_model() -> None:
    assert TABLE.figures("sk-free-1", "gpt-4o") == Figures(
        requests_per_minute=3, tokens_per_minute=9_000
    )
    assert TABLE.figures("sk-paid", "gpt-4o") == Figures(
        requests_per_minute=500, tokens_per_minute=9_000, concurrency=2
    )


def test_a_model_that_no_glob_fits_is_not_limited() -> None:
    assert TABLE.figures("sk-free-1", "o3") is None


@pytest.mark.parametrize("key", ["requests_per_minute", "tokens_per_day", "concurrency"])
def test_a_limit_is_one_at_least(key: str) -> None:
    with pytest.raises(BadValue, match=f"'{key}' must be from 1"):
        Figures(**{key: 0})


def test_a_queue_needs_something_to_wait_for() -> None:
    with pytest.raises(BadValue, match="'queue' needs 'concurrency'"):
        Limits(queue=3)


def test_a_key_may_have_a_queue_of_its_own_for_the_concurrency_of_the_model() -> None:
    limits = Limits(concurrency=1, keys={"a*": Figures(queue=5)})

    assert LimitsTable({"*": limits}).figures("a", "x") == Figures(concurrency=1, queue=5)


# --- For all requests ------------------------------------------------------------------------

ASKED = st.lists(st.tuples(st.floats(0, 30), st.integers(0, 40)), max_size=60)


@settings(derandomize=True)
@given(ASKED, st.integers(1, 20), st.integers(1, 200))
def test_no_more_is_let_through_than_the_bucket_and_what_flowed_in(
    asked: list[tuple[float, int]], requests: int, tokens: int
) -> None:
    limiter = Limiter()
    figures = Figures(requests_per_minute=requests, tokens_per_minute=tokens)
    now_s = 0.0
    through: list[int] = []
    for later_s, cost in asked:
        now_s += later_s
        if not isinstance(ask(limiter, figures, tokens=cost, at_s=now_s), Refused):
            through.append(cost)

    assert len(through) <= requests * (1 + now_s / 60) + 1e-6
    assert sum(through) <= tokens * (1 + now_s / 60) + 1e-6


@settings(derandomize=True)
@given(ASKED, st.integers(1, 20), st.integers(40, 200))
def test_who_waits_as_told_is_always_let_through(
    asked: list[tuple[float, int]], requests: int, tokens: int
) -> None:
    limiter = Limiter()
    figures = Figures(requests_per_minute=requests, tokens_per_minute=tokens)
    now_s = 0.0
    for later_s, cost in asked:
        now_s += later_s
        first = ask(limiter, figures, tokens=cost, at_s=now_s)
        if isinstance(first, Refused):
            assert first.wait_s is not None
            assert 0 < first.wait_s < math.inf
            now_s += first.wait_s
            assert not isinstance(ask(limiter, figures, tokens=cost, at_s=now_s), Refused)


@settings(derandomize=True)
@given(ASKED)
def test_headers_tell_of_no_more_than_the_limit_and_of_nothing_below_zero(
    asked: list[tuple[float, int]],
) -> None:
    limiter, figures = Limiter(), Figures(requests_per_minute=5, tokens_per_minute=50)
    now_s = 0.0
    for later_s, cost in asked:
        now_s += later_s
        answer = ask(limiter, figures, tokens=cost, at_s=now_s)
        told = answer.allowances if isinstance(answer, Refused) else answer
        assert isinstance(told, tuple)
        for allowance in told:
            assert 0 <= allowance.remaining <= allowance.limit
            assert 0 <= allowance.reset_ms <= MINUTE_MS
