"""What every failure has: one moment, triggers that must all hold, and keys that make sense."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mockserver.errors import BadValue
from mockserver.failures.disconnect import Disconnect
from mockserver.failures.http_error import HttpError
from mockserver.seeding import Draw
from mockserver.wire.moments import (
    AfterBytes,
    AfterHeaders,
    AfterTokens,
    BeforeHeaders,
    End,
    Moment,
)


def draw(content: bytes = b"") -> Draw:
    return Draw(0, content, 1)


def firings(failure: Disconnect, calls: int = 8) -> list[int]:
    return [n for n in range(1, calls + 1) if failure.fires(n, draw(b"%d" % n), "fire", float(n))]


@pytest.mark.parametrize(
    ("trigger", "calls"),
    [
        pytest.param({}, [1, 2, 3, 4, 5, 6, 7, 8], id="always"),
        pytest.param({"times": 2}, [1, 2], id="the first two"),
        pytest.param({"every": 3}, [3, 6], id="each third"),
        pytest.param({"calls": (2, 5)}, [2, 5], id="by number"),
        pytest.param({"times": 4, "every": 2}, [2, 4], id="all that are given must hold"),
        pytest.param({"window_s": (3, 5)}, [3, 4], id="from the third second to the fifth"),
        pytest.param({"window_s": (6, None)}, [6, 7, 8], id="from the sixth second on"),
        pytest.param({"window_s": (3, None), "every": 2}, [4, 6, 8], id="within a window"),
        pytest.param({"probability": 0.0}, [], id="never"),
        pytest.param({"probability": 1.0}, [1, 2, 3, 4, 5, 6, 7, 8], id="with certainty"),
    ],
)
def test_which_calls_a_trigger_lets_fail(trigger: dict[str, Any], calls: list[int]) -> None:
    assert firings(Disconnect(**trigger)) == calls


def test_a_probability_is_about_how_many_calls_fail() -> None:
    assert len(firings(Disconnect(probability=0.3), 2_000)) == pytest.approx(600, abs=60)


@settings(derandomize=True)
@given(st.binary(), st.floats(0, 1))
def test_the_same_call_fails_again_or_does_not_again(content: bytes, probability: float) -> None:
    failure = Disconnect(probability=probability)

    fires = [failure.fires(1, draw(content), "fire", 0) for _ in range(2)]

    assert fires[0] == fires[1]


@pytest.mark.parametrize(
    ("stated", "moment"),
    [
        pytest.param({}, BeforeHeaders(), id="the kind's own"),
        pytest.param({"at": "before_headers"}, BeforeHeaders(), id="before_headers"),
        pytest.param({"at": "after_headers"}, AfterHeaders(), id="after_headers"),
        pytest.param({"at": "end"}, End(), id="end"),
        pytest.param({"after_tokens": 3}, AfterTokens(3), id="after_tokens"),
        pytest.param({"after_bytes": 3}, AfterBytes(3), id="after_bytes"),
    ],
)
def test_when_a_failure_strikes(stated: dict[str, Any], moment: Moment) -> None:
    failure = Disconnect(**stated)

    assert failure.moment == moment
    assert failure.replaces == isinstance(moment, BeforeHeaders)


@pytest.mark.parametrize(
    ("stated", "key"),
    [
        pytest.param({"at": "end", "after_tokens": 1}, "after_tokens", id="two moments"),
        pytest.param({"after_tokens": 1, "after_bytes": 1}, "after_bytes", id="two counts"),
        pytest.param({"after_tokens": 0}, "after_tokens", id="before the first token"),
        pytest.param({"after_bytes": -1}, "after_bytes", id="before the first byte"),
        pytest.param({"times": 0}, "times", id="no times"),
        pytest.param({"every": 0}, "every", id="each of none"),
        pytest.param({"calls": (0,)}, "calls", id="a call before the first"),
        pytest.param({"probability": 1.5}, "probability", id="more than certain"),
        pytest.param({"delay_ms": -1}, "delay_ms", id="back in time"),
        pytest.param({"window_s": (5, 5)}, "window_s", id="no time at all"),
        pytest.param({"window_s": (-1, None)}, "window_s", id="before the beginning"),
    ],
)
def test_nonsense_is_refused_by_its_key(stated: dict[str, Any], key: str) -> None:
    with pytest.raises(BadValue) as refusal:
        Disconnect(**stated)

    assert refusal.value.key == key


def test_a_moment_that_a_kind_cannot_have_is_refused() -> None:
    with pytest.raises(BadValue, match="'http_error' cannot strike at this moment"):
        HttpError(status=500, after_tokens=1)


@pytest.mark.parametrize(
    ("stated", "key"),
    [
        pytest.param({"status": 100}, "status", id="nothing final"),
        pytest.param({"status": 204}, "status", id="no body to tell it in"),
        pytest.param({"status": 600}, "status", id="no status at all"),
        pytest.param({"status": 500, "body": "x", "message": "y"}, "body", id="body and message"),
    ],
)
def test_an_error_that_cannot_be_sent_is_refused(stated: dict[str, Any], key: str) -> None:
    with pytest.raises(BadValue) as refusal:
        HttpError(**stated)

    assert refusal.value.key == key
