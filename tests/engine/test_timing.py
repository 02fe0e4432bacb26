"""Time and other requests, from a scenario to the timeline: latency, limits, what is waited."""

import json
from typing import Any

import pytest
from support.inprocess import Answered, Api

from mockserver.errors import ScenarioError
from mockserver.sessions.options import Options
from mockserver.wire.http_request import HttpRequest
from mockserver.wire.timeline import Head, Pause, duration_s


class Time:
    """A source of time that the test moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


INSTANT = Options(time_scale=0)


def request_of(said: str) -> HttpRequest:
    body = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": said}]}
    headers = {"content-type": "application/json", "authorization": "Bearer sk-test"}
    return HttpRequest("POST", "/v1/chat/completions", headers, json.dumps(body).encode())


# --- Latency ---------------------------------------------------------------------------------

SLOW = """
    rules:
      - reply: "One two three four five."
        latency: {ttft_ms: 200, per_token_ms: 20}
"""


def tokens_of(answered: Answered) -> int:
    assert answered.call.usage is not None
    return answered.call.usage.completion_tokens


def test_a_body_comes_when_it_is_complete() -> None:
    answered = Api(SLOW).chat()

    pause, head, *_ = answered.timeline
    assert pause == Pause(pytest.approx(0.2 + (tokens_of(answered) - 1) * 0.02))
    assert isinstance(head, Head)


def test_a_stream_takes_as_long_as_a_body() -> None:
    api = Api(SLOW)
    whole, streamed = api.chat(), api.chat(stream=True)

    assert isinstance(streamed.timeline[0], Head)
    assert streamed.timeline[1] == Pause(0.2)
    assert duration_s(streamed.timeline) == pytest.approx(duration_s(whole.timeline))


def test_the_journal_tells_what_was_planned() -> None:
    call = Api(SLOW).chat(stream=True).call

    assert call.planned_ttft_ms == pytest.approx(200)
    assert call.planned_ms == pytest.approx(200 + 20 * (call.usage.completion_tokens - 1))  # type: ignore[union-attr]


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    "members",
    [
        pytest.param({}, id="one choice"),
        pytest.param({"n": 3}, id="several"),
        pytest.param({"max_tokens": 2}, id="a cut one"),
        pytest.param({"logprobs": True}, id="one with logprobs"),
    ],
)
def test_answers_are_the_same_with_and_without_latency(
    *, stream: bool, members: dict[str, Any]
) -> None:
    slow, fast = Api(SLOW), Api('rules: [{reply: "One two three four five."}]')

    assert slow.chat(stream=stream, **members).body == fast.chat(stream=stream, **members).body


def test_a_body_says_itself_how_long_it_took() -> None:
    answered = Api(SLOW).chat()

    assert answered.call.planned_ms is not None
    assert answered.headers["openai-processing-ms"] == f"{answered.call.planned_ms:.0f}"


def test_several_choices_are_made_side_by_side() -> None:
    api = Api(SLOW)

    one, three = (duration_s(api.chat(n=n).timeline) for n in (1, 3))

    assert three == pytest.approx(one, rel=0.1)


def test_a_legacy_answer_takes_its_time_too() -> None:
    assert duration_s(Api(SLOW).complete().timeline) > 0.2


def test_the_prompt_takes_time_but_for_what_is_cached() -> None:
    api = Api(
        """
        rules:
          - when: {last_user: {contains: cached}}
            reply: {kind: text, text: "Hi", usage: {prompt_tokens: 5000, cached_tokens: 4000}}
            latency: {prefill_ms_per_token: 1}
          - reply: {kind: text, text: "Hi", usage: {prompt_tokens: 5000}}
            latency: {prefill_ms_per_token: 1}
        """
    )

    assert duration_s(api.chat("cached").timeline) == pytest.approx(1)
    assert duration_s(api.chat("new").timeline) == pytest.approx(5)


def test_the_same_request_takes_as_long_whatever_came_before() -> None:
    scenario = 'rules: [{reply: "One two three.", latency: reasoning}]'
    alone, later = Api(scenario), Api(scenario)
    for number in range(5):
        later.chat(f"other {number}")

    assert alone.chat("Hi").timeline == later.chat("Hi").timeline


def test_a_repeated_request_takes_another_time() -> None:
    api = Api('rules: [{reply: "One two three.", latency: reasoning}]')

    assert api.chat().call.planned_ms != api.chat().call.planned_ms


def test_the_first_latency_that_is_read_counts() -> None:
    api = Api(
        """
        defaults: {latency: {ttft_ms: 1}}
        rules:
          - {when: {last_user: above}, latency: {ttft_ms: 2}}
          - when: {call: {at_most: 4}}
            replies:
              - {reply: "of its step", latency: {ttft_ms: 3}}
              - "of its rule"
              - {reply: "of its step, but for the rule above", latency: {ttft_ms: 3}}
            latency: {ttft_ms: 4}
            then: pass
        """
    )

    assert [
        api.chat(said).call.planned_ttft_ms for said in ("a", "b", "above", "default")
    ] == pytest.approx([3, 4, 2, 1])


def test_what_no_rule_answers_takes_the_time_of_the_rules_it_passed() -> None:
    api = Api("rules: [{latency: {ttft_ms: 7}}]")

    assert api.chat().call.planned_ttft_ms == pytest.approx(7)


def test_a_rule_whose_failure_does_not_fire_is_as_if_it_were_not_there() -> None:
    api = Api("rules: [{fail: {kind: disconnect, at: end, calls: [2]}, latency: {ttft_ms: 7}}]")

    assert [api.chat().call.planned_ttft_ms for _ in range(2)] == [None, pytest.approx(7)]


def test_a_failure_that_replaces_the_answer_takes_no_model_time() -> None:
    api = Api("rules: [{fail: 503, latency: {ttft_ms: 700}}]")

    assert duration_s(api.chat().timeline) == 0


def test_failures_bend_what_latency_made() -> None:
    api = Api(
        """
        rules:
          - reply: "One two three four five."
            latency: {ttft_ms: 200, per_token_ms: 20}
            fail: {kind: disconnect, after_tokens: 3}
        """
    )

    assert duration_s(api.chat(stream=True).timeline) == pytest.approx(0.2 + 2 * 0.02)


def test_lookups_take_no_time() -> None:
    api = Api("defaults: {latency: {ttft_ms: 200}}")

    assert duration_s(api.get("/v1/models").timeline) == 0


@pytest.mark.parametrize(
    ("latency", "problem"),
    [
        pytest.param("grok", "1:11: unknown preset 'grok'\n  did you mean 'groq'?", id="a preset"),
        pytest.param("{ttft: 3}", "unknown key 'ttft' in 'latency'", id="a key"),
        pytest.param("{ttft_ms: -3}", "need 0 <= ttft_ms", id="a time that is none"),
        pytest.param("{ttft_ms: {median: 3}}", "needs 'sigma' or 'p99'", id="no spread"),
        pytest.param("{hiccup: {probability: 2, add_ms: 1}}", "probability <= 1", id="a hiccup"),
        pytest.param("{load: {factor: 2}}", "missing key 'slots' in 'load'", id="a load"),
    ],
)
def test_a_wrong_latency_is_refused_at_load(latency: str, problem: str) -> None:
    with pytest.raises(ScenarioError) as refused:
        Api(f"rules: [{{latency: {latency}}}]")

    assert problem.removeprefix("1:11: ") in str(refused.value)


# --- What a client is asked to wait ----------------------------------------------------------

THREE_REFUSALS = """
    rules:
      - {times: 3, fail: {kind: http_error, status: 429, headers: {retry-after: "20"}}}
      - reply: "Hello again."
"""


def test_at_scale_zero_a_client_is_told_to_return_at_once_and_moves_the_clock_by_its_return() -> (
    None
):
    api = Api(THREE_REFUSALS, options=INSTANT)

    answers = [api.chat() for _ in range(4)]

    assert [answer.status for answer in answers] == [429, 429, 429, 200]
    assert answers[0].headers["retry-after"] == "0"
    assert answers[0].headers["retry-after-ms"] == "1"
    assert answers[0].headers["x-mockserver-retry-after-s"] == "20"
    assert [answer.call.asked_wait_s for answer in answers] == [20, 20, 20, None]
    assert [answer.call.waited_s for answer in answers] == [None, 20, 20, 20]
    assert [answer.call.at_s for answer in answers] == [0, 20, 40, 60]


def test_in_real_time_the_journal_tells_whether_a_client_waited_as_asked() -> None:
    time = Time()
    api = Api(THREE_REFUSALS, time_source=time)
    api.chat()
    time.now = 3.0

    hasty = api.chat()

    assert hasty.headers["retry-after"] == "20"
    assert "x-mockserver-retry-after-s" not in hasty.headers
    assert hasty.call.waited_s == 3


def test_a_client_that_left_before_its_answer_was_whole_returns_too() -> None:
    time = Time()
    api = Api('rules: [{reply: "Hello.", latency: {ttft_ms: 60000}}]', time_source=time)
    http = request_of("Hi")
    time.now = 5.0
    api.engine.close(api.engine.answer(http), "client_left")
    time.now = 7.0
    back = api.engine.answer(http)

    assert (back.call.attempt, back.call.waited_s, back.call.asked_wait_s) == (2, 2, None)


def test_after_a_whole_answer_the_same_request_is_a_new_one() -> None:
    api = Api('rules: [{reply: "Hello."}]')

    assert [api.chat().call.waited_s for _ in range(2)] == [None, None]


def test_a_failure_in_real_time_tells_what_the_provider_would() -> None:
    api = Api(
        "rules: [{fail: {kind: http_error, status: 429, retry_after_s: 20, scale: false}}]",
        options=INSTANT,
    )

    answered = api.chat()

    assert answered.headers["retry-after"] == "20"
    assert "x-mockserver-retry-after-s" not in answered.headers
    assert answered.call.asked_wait_s == 20


def test_other_requests_are_no_return() -> None:
    api = Api(THREE_REFUSALS, options=INSTANT)
    api.chat("a")

    assert api.chat("b").call.at_s == 0


def test_every_failure_that_is_retried_asks_to_return_at_once_at_scale_zero() -> None:
    api = Api("rules: [{fail: 503}]", options=INSTANT)

    assert api.chat().headers["retry-after-ms"] == "1"


# --- Limits ----------------------------------------------------------------------------------


def test_three_a_minute_then_the_provider_says_when_to_return() -> None:
    time = Time()
    api = Api('limits: {"gpt-4*": {requests_per_minute: 3}}', time_source=time)
    answers = [api.chat(f"call {number}") for number in range(4)]
    refused = answers[3]

    assert [answer.status for answer in answers] == [200, 200, 200, 429]
    assert refused.error == {
        "message": "Rate limit reached for gpt-4o-mini in organization org-mockserver on requests "
        "per min (RPM): Limit 3, Used 3, Requested 1. Please try again in 20s. Visit "
        "https://platform.openai.com/account/rate-limits to learn more.",
        "type": "requests",
        "param": None,
        "code": "rate_limit_exceeded",
    }
    assert refused.headers["retry-after"] == "20"
    assert refused.headers["retry-after-ms"] == "20000"
    assert refused.call.asked_wait_s == 20
    time.now = 20.0
    assert api.chat("call 3").status == 200


def told(answered: Answered, of: str) -> list[str]:
    return [
        answered.headers[f"x-ratelimit-{what}-{of}"] for what in ("limit", "remaining", "reset")
    ]


def test_every_answer_tells_what_is_really_left() -> None:
    time = Time()
    api = Api(
        "limits: {gpt-4o-mini: {requests_per_minute: 60, tokens_per_minute: 600}}",
        time_source=time,
    )
    seen = [told(api.chat("x" * 21), "requests") for _ in range(2)]
    time.now = 1.5
    third = api.chat("x" * 21)

    assert seen == [["60", "59", "1s"], ["60", "58", "2s"]]
    assert told(third, "requests") == ["60", "58", "2s"]
    assert told(third, "tokens") == ["600", "591", "900ms"]


def test_a_limit_that_is_not_stated_is_told_as_without_limits() -> None:
    stated = Api("limits: {gpt-4o-mini: {requests_per_minute: 60}}").chat()

    assert told(stated, "tokens") == told(Api().chat(), "tokens")


def test_models_without_limits_are_not_limited() -> None:
    api = Api("limits: {gpt-4o: {requests_per_minute: 1}}")

    assert told(api.chat(), "requests") == told(Api().chat(), "requests")
    assert api.chat().status == 200


def test_a_request_that_is_too_large_is_not_asked_to_return() -> None:
    refused = Api("limits: {gpt-4o-mini: {tokens_per_minute: 100}}").chat("x" * 4_000)

    assert refused.error["message"] == (
        "Request too large for gpt-4o-mini in organization org-mockserver on tokens per min (TPM): "
        "Limit 100, Requested 1002. The input or output tokens must be reduced in order to run "
        "successfully. Visit https://platform.openai.com/account/rate-limits to learn more."
    )
    assert refused.error["type"] == "tokens"
    assert "retry-after" not in refused.headers
    assert told(refused, "tokens") == ["100", "100", "0s"]


def test_a_day_has_its_own_words() -> None:
    api = Api("limits: {gpt-4o-mini: {requests_per_day: 50}}")
    for _ in range(50):
        api.chat()

    message = api.chat().error["message"]

    assert "on requests per day (RPD): Limit 50, Used 50, Requested 1." in message
    assert "Please try again in 28m48s." in message


def test_a_snapshot_shares_the_limits_of_its_model() -> None:
    api = Api('limits: {"gpt-4o*": {requests_per_minute: 1}}')
    api.chat(model="gpt-4o")

    refused = api.chat(model="gpt-4o-2024-08-06")

    assert "for gpt-4o-2024-08-06 (for limit gpt-4o) in organization" in refused.error["message"]


def test_keys_have_buckets_and_figures_of_their_own() -> None:
    api = Api(
        'limits: {"gpt-4*": {requests_per_minute: 3, keys: {"sk-free*": {requests_per_minute: 1}}}}'
    )
    body = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Hi"}]}

    def asked(key: str, times: int) -> list[int]:
        return [api.post("/v1/chat/completions", body, key=key).status for _ in range(times)]

    assert asked("sk-free-1", 2) == [200, 429]
    assert asked("sk-free-2", 2) == [200, 429]
    assert asked("sk-paid", 4) == [200, 200, 200, 429]


def test_what_limits_refuse_meets_no_rule_and_takes_no_time() -> None:
    time = Time()
    api = Api(
        """
        limits: {gpt-4o-mini: {requests_per_minute: 1}}
        rules: [{replies: ["One.", "Two."], latency: {ttft_ms: 500}}]
        """,
        time_source=time,
    )

    first, refused = api.chat(), api.chat()
    time.now = 60.0

    assert (first.text, refused.status, api.chat().text) == ("One.", 429, "Two.")
    assert duration_s(refused.timeline) == 0
    assert refused.call.rule is None


def test_what_the_api_refuses_is_counted_and_told() -> None:
    api = Api("limits: {gpt-4o-mini: {requests_per_minute: 2}}")

    wrong = [api.chat(temperature=99) for _ in range(3)]

    assert [answer.status for answer in wrong] == [400, 400, 429]
    assert told(wrong[1], "requests") == ["2", "0", "1m0s"]


def test_unknown_models_and_missing_keys_cost_nothing() -> None:
    api = Api('limits: {"*": {requests_per_minute: 1}}')
    api.chat(model="gpt-nonsense")
    body = json.dumps({"model": "gpt-4o", "messages": []}).encode()
    api.send("POST", "/v1/chat/completions", body, key=None)

    assert api.chat(model="gpt-4o").status == 200


def test_a_client_that_returns_as_told_is_answered_at_scale_zero() -> None:
    api = Api("limits: {gpt-4o-mini: {requests_per_minute: 3}}", options=INSTANT)
    for number in range(3):
        api.chat(f"call {number}")

    refused, answered = api.chat("again"), api.chat("again")

    assert (refused.status, refused.headers["retry-after-ms"]) == (429, "1")
    assert (answered.status, answered.call.waited_s) == (200, 20)


@pytest.mark.parametrize(
    ("limits", "problem"),
    [
        pytest.param("{rpm: 3}", "unknown key 'rpm' in 'limits'", id="a key"),
        pytest.param("{requests_per_minute: 0}", "must be from 1", id="no requests at all"),
        pytest.param("{requests_per_minute: 2.5}", "expected a whole number", id="half a one"),
        pytest.param("{queue: 3}", "'queue' needs 'concurrency'", id="a lone queue"),
        pytest.param("{keys: {a: {keys: {}}}}", "unknown key 'keys'", id="keys of keys"),
    ],
)
def test_wrong_limits_are_refused_at_load(limits: str, problem: str) -> None:
    with pytest.raises(ScenarioError) as refused:
        Api(f'limits: {{"*": {limits}}}')

    assert problem in str(refused.value)


# --- Turns -----------------------------------------------------------------------------------


def test_two_at_once_one_waits_and_the_fourth_is_refused() -> None:
    api = Api("limits: {gpt-4o-mini: {concurrency: 2, queue: 1}}")
    http = request_of("Hi")

    open_ones = [api.engine.answer(http) for _ in range(4)]

    assert [exchange.call.status for exchange in open_ones] == [200, 200, 200, 503]
    assert [turn.runs for exchange in open_ones[:3] for turn in exchange.asked.places] == [
        True,
        True,
        False,
    ]
    assert open_ones[3].asked.places == []
    assert "2 are answered, and 1 wait" in open_ones[3].call.notes[0]
    open_ones[0].asked.places[0].leave()
    assert open_ones[2].asked.places[0].runs
    assert api.engine.answer(http).call.status == 200


def test_what_is_refused_for_other_reasons_takes_no_place() -> None:
    api = Api(
        """
        limits: {gpt-4o-mini: {concurrency: 1}}
        rules: [{when: {last_user: never}, reply: "x"}]
        """,
        options=Options(strict=True),
    )

    assert [api.chat().status for _ in range(3)] == [404, 404, 404]


def test_answers_grow_slower_while_others_are_made() -> None:
    api = Api("defaults: {latency: {ttft_ms: 100, load: {factor: 3, slots: 3}}}")
    http = request_of("Hi")

    open_ones = [api.engine.answer(http) for _ in range(3)]
    for exchange in open_ones:
        for turn in exchange.asked.places:
            turn.leave()

    assert [exchange.call.planned_ttft_ms for exchange in open_ones] == pytest.approx(
        [100, 200, 300]
    )
    assert api.chat().call.planned_ttft_ms == pytest.approx(100)
