"""Which calls are attempts at one request, and verdicts on waits that no test should wait for.

Each verdict is tried on real clients, too: tests/plugin/test_judged_clients.py.
"""

import pytest

from mockserver.records.attempts import attempts
from mockserver.records.journal import Call
from mockserver.records.verdicts import Circumstances, Verdict, judge

ASKED = b'{"messages": [{"role": "user", "content": "Hi"}]}'


def called(
    number: int,
    *,
    at_s: float = 0.0,
    status: int | None = 500,
    content: bytes = ASKED,
    seen_at_end: int | None = None,
    waited_s: float | None = None,
    key: str = "k",
) -> Call:
    call = Call(number, at_s, "POST", "/v1/chat/completions", "openai")
    call.key, call.status = key, status
    call.content, call.waited_s, call.outcome = content, waited_s, "sent"
    call.ended_s, call.seen_at_end = at_s, number if seen_at_end is None else seen_at_end
    return call


def numbers(calls: list[Call]) -> list[list[int]]:
    return [[call.number for call in group] for group in attempts(calls)]


def test_an_attempt_follows_one_that_failed_and_had_ended() -> None:
    assert numbers([called(1), called(2, status=200), called(3)]) == [[1, 2], [3]]


def test_what_is_asked_twice_at_the_same_time_is_two_requests() -> None:
    """Each of three is tried again once; which belongs to which cannot be told, nor matters."""
    calls = [called(n, seen_at_end=3) for n in (1, 2, 3)] + [called(n) for n in (4, 5, 6)]

    assert sorted(map(len, numbers(calls))) == [2, 2, 2]


@pytest.mark.parametrize(
    "other",
    [called(2, content=b"{}"), called(2, key="another")],
    ids=["another body", "another key"],
)
def test_another_request_is_no_attempt(other: Call) -> None:
    assert numbers([called(1), other]) == [[1], [2]]


def kinds(calls: list[Call], time_scale: float = 1.0) -> list[str]:
    return [verdict.kind for verdict in judge(calls, Circumstances(time_scale=time_scale))]


def retried(*gaps: float) -> list[Call]:
    calls = [called(1)]
    for number, gap in enumerate(gaps, 2):
        calls.append(called(number, at_s=calls[-1].at_s + gap, waited_s=gap))
    return calls


@pytest.mark.parametrize(
    ("gaps", "verdicts"),
    [
        pytest.param((0.01,), [], id="one retry may be at once"),
        pytest.param((0.01, 0.02), ["no_backoff"], id="at once, twice"),
        pytest.param((0.4, 0.9, 1.9), [], id="longer each time"),
        pytest.param((1.0, 1.0), [], id="twice the same may be chance"),
        pytest.param((1.0, 1.02, 0.99), ["no_backoff"], id="the same each time"),
        pytest.param((1.0, 0.4, 1.7), [], id="by chance"),
    ],
)
def test_a_client_is_to_wait_longer_each_time(gaps: tuple[float, ...], verdicts: list[str]) -> None:
    assert kinds(retried(*gaps)) == verdicts


def test_nothing_is_said_of_waits_where_each_is_granted_at_once() -> None:
    calls = retried(0.0, 0.0, 0.0)
    calls[0].asked_wait_s = 20

    assert kinds(calls, time_scale=0) == []


def test_a_wait_may_end_a_little_early() -> None:
    calls = retried(19.0)
    calls[0].asked_wait_s = 20
    assert kinds(calls) == []

    calls[0].asked_wait_s = 25
    assert kinds(calls) == ["retry_after_ignored"]


def test_a_verdict_quotes_nothing_that_a_terminal_obeys() -> None:
    verdict = Verdict("unknown_tool_executed", (1,), "ran '\x1b[2J\r\nf\u202e'", "do not")

    assert str(verdict).splitlines() == [
        r"unknown_tool_executed (call 1): ran '\x1b[2J\r\nf\u202e'",
        "  do not",
    ]
