"""What a client is told to wait at each time scale, and what its return says."""

import pytest

from mockserver.traffic.clock import Clock
from mockserver.traffic.retries import Retries, asked_wait_s, scaled
from mockserver.wire.timeline import Abort, Data, Head, Pause, Timeline

BODY = Data(b"{}")


def refused(status: int = 429, **headers: str) -> Timeline:
    pairs = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return Head.of(status, pairs, 2), BODY


def headers(timeline: Timeline) -> dict[str, str]:
    head = timeline[0]
    assert isinstance(head, Head)
    return dict(head.headers)


def standing_clock() -> Clock:
    return Clock(lambda: 0.0, 0)


def test_at_a_scale_of_zero_a_client_is_told_to_return_at_once() -> None:
    assert headers(scaled(refused(retry_after="20"), 0)) == {
        "retry-after": "0",
        "retry-after-ms": "1",
        "x-mockserver-retry-after-s": "20",
    }


def test_at_a_hundredth_it_is_told_a_hundredth() -> None:
    assert headers(scaled(refused(retry_after="20", x="1"), 0.01)) == {
        "x": "1",
        "retry-after": "1",
        "retry-after-ms": "200",
        "x-mockserver-retry-after-s": "20",
    }


def test_in_real_time_it_is_told_what_the_provider_says() -> None:
    timeline = refused(retry_after="20")

    assert scaled(timeline, 1) is timeline


@pytest.mark.parametrize("status", [408, 409, 429, 500, 502, 503, 504, 529])
def test_at_a_scale_of_zero_no_client_waits_before_it_tries_again(status: int) -> None:
    assert headers(scaled(refused(status), 0)) == {"retry-after-ms": "1"}


@pytest.mark.parametrize("status", [200, 400, 401, 404, 422])
def test_what_is_not_retried_says_nothing_of_it(status: int) -> None:
    timeline = refused(status)

    assert scaled(timeline, 0) is timeline


@pytest.mark.parametrize("words", ["soon", "-5", "nan", "Wed, 21 Oct 2026 07:28:00 GMT", ""])
def test_words_that_are_no_number_reach_the_client_as_they_are(words: str) -> None:
    timeline = refused(retry_after=words)

    assert scaled(timeline, 0) is timeline


def test_a_refusal_that_comes_late_is_scaled_too() -> None:
    pause, *rest = scaled((Pause(3.0), *refused()), 0)

    assert pause == Pause(3.0)
    assert headers(tuple(rest)) == {"retry-after-ms": "1"}


@pytest.mark.parametrize(
    ("told", "seconds"),
    [
        pytest.param({"retry_after": "20"}, 20.0, id="seconds"),
        pytest.param({"retry_after": "0.25"}, 0.25, id="parts of one"),
        pytest.param({"retry_after": "1", "retry_after_ms": "250"}, 0.25, id="milliseconds first"),
        pytest.param(
            {"retry_after": "3", "retry_after_ms": "x"}, 3.0, id="nonsense is passed over"
        ),
        pytest.param({}, None, id="nothing"),
    ],
)
def test_what_an_answer_asks_to_wait(told: dict[str, str], seconds: float | None) -> None:
    head = refused(**told)[0]
    assert isinstance(head, Head)

    assert asked_wait_s(head) == seconds


def test_a_return_moves_the_clock_by_what_was_asked() -> None:
    retries, clock = Retries(), standing_clock()

    assert retries.note(b"a", clock.now_s(), refused(retry_after="20")) == 20
    assert retries.returns(b"a", clock) == 20

    assert clock.now_s() == 20


def test_who_was_not_asked_to_wait_moves_nothing() -> None:
    retries, clock = Retries(), standing_clock()

    assert retries.note(b"a", 0, (Abort("rst"),)) is None
    assert retries.returns(b"a", clock) == 0


def test_a_first_attempt_is_no_return() -> None:
    retries, clock = Retries(), standing_clock()
    retries.note(b"a", 0, refused(retry_after="20"))

    assert retries.returns(b"b", clock) is None
    assert clock.now_s() == 0


def test_after_a_whole_answer_the_same_request_is_a_new_one() -> None:
    retries, clock = Retries(), standing_clock()
    retries.note(b"a", 0, refused(200))

    assert retries.returns(b"a", clock) is None


def test_waits_asked_at_the_same_moment_pass_at_the_same_time() -> None:
    retries, clock = Retries(), standing_clock()
    for content in (b"a", b"b", b"c"):
        retries.note(content, 0, refused(retry_after="20"))

    waited = [retries.returns(content, clock) for content in (b"a", b"b", b"c")]

    assert waited == [20, 20, 20]
    assert clock.now_s() == 20


def test_in_real_time_a_return_says_how_long_the_client_waited() -> None:
    times = iter([0.0, 7.5, 7.5])
    retries, clock = Retries(), Clock(lambda: next(times))
    retries.note(b"a", 0.5, refused(retry_after="20"))

    assert retries.returns(b"a", clock) == 7
