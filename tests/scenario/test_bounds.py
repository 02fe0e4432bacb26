"""F7 and F17: numbers that nothing could hold, and headers that break an answer, are refused."""

import pytest
from support.inprocess import Api

from mockserver.errors import ScenarioError, UsageError
from mockserver.plugins import Plugins
from mockserver.scenario.bounds import bound_of, fault_of
from mockserver.scenario.build import keys_of
from mockserver.traffic.clock import Clock

NUMBERS = {
    "fail": ("retry_after_s", "delay_ms", "times", "every", "after_tokens", "after_bytes"),
    "latency": ("ttft_ms", "per_token_ms", "prefill_ms_per_token", "burst_tokens"),
}
HUGE = ("1.0e308", "1.0e18", "1" + "0" * 200)


def refusal(rule: str) -> str:
    with pytest.raises(ScenarioError) as refused:
        Api(f"rules: [{{name: r, {rule}}}]")
    return str(refused.value)


@pytest.mark.parametrize("huge", HUGE)
@pytest.mark.parametrize("key", NUMBERS["fail"])
def test_a_number_of_a_failure_that_is_too_large_is_refused(key: str, huge: str) -> None:
    """F7: with its place, and with the nearest that is allowed."""
    told = refusal(f"fail: {{kind: rate_limit, {key}: {huge}}}")

    assert f"'{key}' is too large" in told or "expected a whole number" in told
    assert "at most " in told or "expected" in told


@pytest.mark.parametrize("huge", HUGE)
@pytest.mark.parametrize("key", NUMBERS["latency"])
def test_a_latency_that_is_too_large_is_refused(key: str, huge: str) -> None:
    assert f"'{key}' is too large" in refusal(f"latency: {{{key}: {huge}}}")
    if key not in {"ttft_ms", "per_token_ms"}:
        return
    for part in ("median: H, sigma: 1", "median: 1, p99: H", "median: 1, sigma: H"):
        assert "is too large" in refusal(f"latency: {{{key}: {{{part.replace('H', huge)}}}}}")


@pytest.mark.parametrize(
    "scenario",
    [
        "rules: [{reply: x, latency: {ttft_ms: {median: 1.0e12, sigma: 10}}}]",
        "rules: [{reply: x, latency: {per_token_ms: {median: 1.0e-300, sigma: 10}}}]",
        "rules: [{reply: x, latency: {ttft_ms: {median: 1.0e12, p99: 1.0e12}}}]",
        "rules: [{reply: x, fail: {kind: rate_limit, retry_after_s: 1.0e9}}]",
        "rules: [{reply: x, fail: {kind: http_error, status: 503, retry_after_s: 1.0e-300}}]",
        "rules: [{reply: x, fail: {kind: stall, for_s: 600, at: after_headers}}]",
        "rules: [{reply: {kind: text, text: x, usage: {prompt_tokens: 9007199254740991}}}]",
        "limits: {'*': {requests_per_minute: 1000000000000}}",
        "seed: -9223372036854775807",
    ],
)
def test_the_largest_numbers_are_answered(scenario: str) -> None:
    api = Api(scenario)
    for turn in range(4):
        assert api.chat(f"q{turn}", stream=bool(turn % 2)).status in {200, 429, 503}


def test_every_number_of_a_failure_has_a_bound_or_a_range() -> None:
    """F7: a new key gets one by the unit at the end of its name."""
    ranged = {"probability", "status"}
    for failure in Plugins.installed().failures.values():
        for word, key in keys_of(failure).items():
            if "int" in str(key.annotation) or "float" in str(key.annotation):
                assert bound_of(word) is not None or word in ranged, (failure.kind, word)


@pytest.mark.parametrize("value", [float("inf"), float("nan"), (1.0, float("inf")), 1e300, 10**400])
def test_what_is_no_number_is_refused_in_python_too(value: object) -> None:
    assert fault_of("window_s", value) is not None


@pytest.mark.parametrize("scale", [-1, 1e300, 5e-324, float("nan"), float("inf")])
def test_a_time_scale_that_no_clock_keeps_is_refused(scale: float) -> None:
    with pytest.raises(UsageError, match="time scale"):
        Clock.start(lambda: 0.0, scale)


def test_the_clock_ends_before_dates_do() -> None:
    clock = Clock.start(lambda: 0.0, 0)
    clock.advance(1e10)

    with pytest.raises(UsageError, match="0 seconds are left"):
        clock.advance(1)
    clock.advance_to(1e300)
    assert clock.now_s() == 1e10


@pytest.mark.parametrize(
    ("name", "failure"),
    [
        pytest.param("content-length", "short_body", id="F17 content-length"),
        pytest.param("Transfer-Encoding", "bad_chunk", id="F17 transfer-encoding"),
        pytest.param("CONTENT-ENCODING", "encode", id="F17 content-encoding"),
        pytest.param("connection", "stale_connection", id="F17 connection"),
        pytest.param("keep-alive", "the server states it itself", id="F17 keep-alive"),
        pytest.param("upgrade", "the server states it itself", id="F17 upgrade"),
    ],
)
@pytest.mark.parametrize(
    "rule",
    [
        "reply: {kind: text, text: x, headers: {H: gzip}}",
        "replies: [{reply: {kind: text, text: x, headers: {H: gzip}}}]",
        "reply: {kind: choices, choices: [x], headers: {H: gzip}}",
        "fail: {kind: http_error, status: 500, headers: {H: gzip}}",
        "fail: {kind: gateway_page, headers: {H: gzip}}",
    ],
)
def test_a_header_that_breaks_the_framing_is_refused(rule: str, name: str, failure: str) -> None:
    told = refusal(rule.replace("H:", f"{name}:"))

    assert f"the header '{name}' would break the framing" in told
    assert failure in told


@pytest.mark.parametrize(
    "header", ['"x y": a', '"x:": a', '"": a', 'x-a: "b\\r\\nc: d"', 'x-a: "b\\nc"']
)
def test_a_header_that_is_none_is_refused(header: str) -> None:
    assert "header" in refusal(f"reply: {{kind: text, text: x, headers: {{{header}}}}}")


def test_defaults_state_no_framing_either() -> None:
    with pytest.raises(ScenarioError, match="would break the framing"):
        Api('defaults: {headers: {content-length: "5"}}')
