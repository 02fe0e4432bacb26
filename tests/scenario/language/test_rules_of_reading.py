"""Rules 1 to 6 of the language: who is read, who answers, what counts."""

from typing import Any

import pytest
from saying import INSTANT, STRICT, Time, assistant, user
from support.inprocess import Api

from mockserver.wire.timeline import Abort, Pause, duration_s

# --- Rule 1: refused requests meet no rule ---------------------------------------------------

ONCE = """
    keys: {invalid: sk-bad, quota_exhausted: sk-poor}
    limits: {gpt-4o-mini: {requests_per_minute: 3}}
    defaults: {latency: {ttft_ms: 5000}}
    rules:
      - {name: once, times: 1, reply: "once"}
      - {name: then, reply: "then"}
"""
REFUSED: list[Any] = [
    pytest.param({"key": None}, {}, 401, id="no key"),
    pytest.param({"key": "sk-bad"}, {}, 401, id="a bad key"),
    pytest.param({"key": "sk-poor"}, {}, 429, id="nothing left to spend"),
    pytest.param({}, {"messages": []}, 400, id="no messages"),
    pytest.param({}, {"n": 0}, 400, id="a parameter out of range"),
    pytest.param({}, {"model": "gpt-nonsense"}, 404, id="an unknown model"),
]


@pytest.mark.parametrize(("sent_with", "members", "status"), REFUSED)
def test_rule_01_refused_requests_meet_no_rule(
    sent_with: dict[str, Any], members: dict[str, Any], status: int
) -> None:
    api = Api(ONCE)
    body = {"model": "gpt-4o-mini", "messages": [user("Hi")], **members}
    refused = api.post("/v1/chat/completions", body, **sent_with)

    assert (refused.status, refused.call.rule) == (status, None)
    assert api.texts(2) == ["once", "then"]


@pytest.mark.parametrize(("sent_with", "members", "status"), REFUSED)
def test_rule_01_a_refused_request_is_a_call_in_the_journal_and_takes_no_latency(
    sent_with: dict[str, Any], members: dict[str, Any], status: int
) -> None:
    api = Api(ONCE)
    body = {"model": "gpt-4o-mini", "messages": [user("Hi")], **members}
    refused = api.post("/v1/chat/completions", body, **sent_with)

    (call,) = api.engine.session("default").journal
    assert (call.number, call.status) == (1, status)
    assert duration_s(refused.timeline) == 0


def test_rule_01_limits_come_before_the_rules_too() -> None:
    api = Api(ONCE)
    api.texts(3)
    refused = api.chat("too much")

    assert (refused.status, refused.call.rule, duration_s(refused.timeline)) == (429, None, 0)
    counted = [tallies[""].acted for _, tallies in api.engine.session("default").reader.tallies()]
    assert counted == [1, 2]


# --- Rule 2: a call is one HTTP request ------------------------------------------------------


def test_rule_02_each_retry_is_a_call_of_its_own_and_attempt_tells_them_apart() -> None:
    api = Api("""
        rules:
          - {name: fails-twice, when: {attempt: {at_most: 2}}, fail: 503}
          - {name: answer, reply: "Here you are."}
    """)
    calls = [api.chat().call for _ in range(3)]

    assert [call.number for call in calls] == [1, 2, 3]
    assert [call.attempt for call in calls] == [1, 2, 3]
    assert [call.status for call in calls] == [503, 503, 200]


# --- Rule 3: reading -------------------------------------------------------------------------


def test_rule_03_rules_are_read_from_top_to_bottom_and_the_first_that_answers_ends_it() -> None:
    api = Api("""
        rules:
          - {name: not-this, when: {model: o3}, reply: "no"}
          - {name: first, reply: "first"}
          - {name: second, times: 1, reply: "second"}
    """)

    assert api.texts(2) == ["first", "first"]
    assert api.chat().call.rule == "first"


def test_rule_03_a_failure_that_replaces_the_answer_ends_the_reading() -> None:
    api = Api("""
        rules:
          - {name: down, fail: {kind: http_error, status: 503, times: 1}}
          - {name: below, times: 1, fail: 429}
          - {name: answer, reply: "Yes."}
    """)

    assert api.texts(3) == ["failed 503", "failed 429", "Yes."]


def test_rule_03_any_other_rule_that_holds_adds_what_it_has_and_the_reading_goes_on() -> None:
    api = Api("""
        rules:
          - name: adds
            latency: {ttft_ms: 700}
            fail: {kind: disconnect, after_tokens: 2}
            set: {seen: 1}
            capture: {said: {last_user: {regex: ".+"}}}
          - name: answers
            when: {state: {seen: 1}}
            reply: {kind: template, text: "You said {{ captured.said }}."}
    """)
    answered = api.chat("Hello", stream=True)

    assert answered.call.rule == "answers"
    assert answered.call.planned_ttft_ms == pytest.approx(700)
    assert answered.timeline[-1] == Abort("rst")
    assert b'"content":"You"' in answered.body


def test_rule_03_a_rule_with_fail_alone_lies_over_all_the_rules_below_it() -> None:
    api = Api("""
        rules:
          - {name: cut, fail: {kind: disconnect, after_tokens: 1}}
          - {name: hello, when: {last_user: "Hi"}, reply: "Hello there."}
          - {name: otherwise, reply: "Pardon me?"}
    """)
    for said, rule in (("Hi", "hello"), ("Ho", "otherwise")):
        answered = api.chat(said)
        assert (answered.call.rule, answered.timeline[-1]) == (rule, Abort("rst"))


def test_rule_03_one_whose_trigger_does_not_fire_is_as_if_it_were_not_there() -> None:
    api = Api("""
        rules:
          - name: second-call
            times: 1
            fail: {kind: http_error, status: 500, calls: [2]}
            latency: {ttft_ms: 900}
            set: {broken: true}
            capture: {said: {last_user: {regex: ".+"}}}
          - {name: answer, reply: {kind: template, text: "{{ state.broken }}/{{ captured.said }}"}}
    """)
    first = api.chat("one")

    assert (first.text, first.call.planned_ms) == ("/", None)
    assert [api.chat("one").status, api.chat("two").text] == [500, "true/"]


def test_rule_03_if_none_answers_see_strictness() -> None:
    scenario = """
        rules: [{name: other, when: {model: o3}, reply: "no"}]
    """

    assert Api(scenario).chat("Hi").text == "A mock answer to: Hi"
    assert Api(scenario, options=STRICT).chat("Hi").error["code"] == "no_rule_matched"


def test_rule_03_what_rules_passed_have_added_acts_on_an_answer_that_none_gave() -> None:
    api = Api("""
        rules: [{name: slow-and-cut, latency: {ttft_ms: 100}, fail: {kind: truncate}}]
    """)
    answered = api.chat(stream=True)

    assert answered.call.failures == ("truncate",)
    assert answered.call.planned_ttft_ms == pytest.approx(100)


# --- Rule 4: endpoints -----------------------------------------------------------------------


def test_rule_04_a_rule_that_names_no_endpoint_is_about_those_that_generate() -> None:
    api = Api("""
        rules:
          - {name: twice, times: 2, reply: "counted"}
          - {name: then, reply: "then"}
    """)
    listed = api.get("/v1/models")

    assert (listed.status, listed.call.rule) == (200, None)
    assert [api.chat().text, api.complete().text, api.chat().text] == ["counted", "counted", "then"]


def test_rule_04_a_rule_may_name_an_endpoint_that_generates_nothing() -> None:
    api = Api("""
        rules: [{name: no-list, when: {endpoint: models}, fail: 500, times: 1}]
    """)
    statuses = [api.get("/v1/models").status, api.chat().status, api.get("/v1/models").status]

    assert statuses == [500, 200, 200]


def test_rule_04_a_wildcard_names_all_endpoints() -> None:
    api = Api("""
        rules: [{name: down, when: {endpoint: "*"}, fail: 503}]
    """)

    assert [api.get("/v1/models").status, api.chat().status, api.complete().status] == [503] * 3


def test_rule_04_a_strict_server_does_not_refuse_look_ups_that_no_rule_is_about() -> None:
    assert Api(options=STRICT).get("/v1/models").status == 200


# --- Rule 5: acting --------------------------------------------------------------------------


def test_rule_05_a_rule_with_a_reply_acts_when_it_is_given_even_if_it_is_then_cut() -> None:
    api = Api("""
        rules:
          - {name: cut, times: 1, reply: "Hello.", fail: {kind: disconnect, after_tokens: 1}}
          - {name: then, reply: "then"}
    """)

    assert api.chat().call.failures == ("disconnect",)
    assert api.texts(1) == ["then"]


def test_rule_05_a_rule_with_only_a_failure_acts_when_that_fires() -> None:
    api = Api("""
        rules:
          - {name: every-other, times: 1, fail: {kind: http_error, status: 500, every: 2}}
          - {name: then, reply: "then"}
    """)

    assert api.texts(4) == ["then", "failed 500", "then", "then"]


def test_rule_05_one_with_neither_acts_whenever_it_holds() -> None:
    api = Api("""
        rules:
          - {name: first-two, when: {last_user: "Hi"}, times: 2, set: {greeted: true}}
          - {name: greeted, when: {state: {greeted: true}}, set: {greeted: null}, reply: "again"}
          - {name: otherwise, reply: "what?"}
    """)
    texts = [api.chat(said).text for said in ("Ho", "Hi", "Hi", "Hi")]

    assert texts == ["what?", "again", "again", "what?"]


def test_rule_05_times_set_and_capture_go_with_acting() -> None:
    api = Api("""
        rules:
          - name: replaced-at-first
            times: 1
            fail: {kind: http_error, status: 503, times: 1}
            reply: "given"
            set: {given: true}
            capture: {said: {last_user: {regex: ".+"}}}
          - {name: then, reply: {kind: template, text: "{{ state.given }} {{ captured.said }}"}}
    """)

    api.chat("one")
    assert api.engine.session("default").state == {}
    assert api.chat("one").text == "given"
    assert api.chat("one").text == "true one"


def test_rule_05_captures_come_before_the_reply_is_built_and_set_after() -> None:
    api = Api("""
        state: {count: none}
        rules:
          - name: both
            capture: {said: {last_user: {regex: ".+"}}}
            set: {count: {template: "{{ captured.said }}"}}
            reply: {kind: template, text: "{{ captured.said }}, not {{ state.count }}"}
    """)

    assert [api.chat("now").text, api.chat("now").text] == ["now, not none", "now, not now"]


def test_rule_05_the_call_counter_counts_calls_that_reach_the_rule_and_fit_the_rest() -> None:
    api = Api("""
        rules:
          - {name: first, times: 1, reply: "first"}
          - {name: second-hi, when: {last_user: "Hi", call: 2}, reply: "second hi"}
          - {name: otherwise, reply: "other"}
    """)
    texts = [api.chat(said).text for said in ("Hi", "Hi", "Ho", "Hi", "Hi")]

    assert texts == ["first", "other", "other", "second hi", "other"]


def test_rule_05_triggers_count_every_call_that_reaches_the_rule_and_for_which_it_holds() -> None:
    api = Api("""
        rules:
          - {name: first, times: 1, reply: "first"}
          - name: second-hi
            when: {last_user: "Hi"}
            fail: {kind: http_error, status: 503, calls: [2]}
          - {name: otherwise, reply: "other"}
    """)
    texts = []
    for said in ("Hi", "Ho", "Hi", "Ho", "Hi", "Hi"):
        answered = api.chat(said)
        texts.append(answered.text if answered.status == 200 else str(answered.status))

    assert texts == ["first", "other", "other", "other", "503", "other"]


def test_rule_05_triggers_beside_call_count_the_calls_for_which_the_whole_rule_holds() -> None:
    api = Api("""
        rules:
          - name: from-the-third-on-two-fail
            when: {call: {at_least: 3}}
            fail: {kind: http_error, status: 503, times: 2}
          - {name: otherwise, reply: "other"}
    """)

    assert api.texts(6) == ["other", "other", "failed 503", "failed 503", "other", "other"]


# --- Rule 6: `fail` beside `reply` -----------------------------------------------------------


def test_rule_06_a_failure_that_replaces_the_answer_leaves_the_reply_unused() -> None:
    api = Api("""
        rules: [{name: agreed, fail: {kind: rate_limit, times: 2}, reply: "Yes.", times: 1}]
    """)

    assert api.texts(3) == ["failed 429", "failed 429", "Yes."]
    assert list(api.engine.session("default").unused()) == []


def test_rule_06_nothing_is_set_where_the_answer_was_replaced() -> None:
    api = Api("""
        rules: [{name: agreed, fail: {kind: rate_limit, times: 1}, reply: "Yes.", set: {done: 1}}]
    """)
    states = []
    for _ in range(2):
        api.chat()
        states.append(dict(api.engine.session("default").state))

    assert states == [{}, {"done": 1}]


def test_rule_06_one_that_cuts_the_reply_lets_it_count_as_given() -> None:
    api = Api("""
        rules:
          - name: cut
            replies: ["one two three", "two"]
            fail: {kind: disconnect, after_tokens: 1, times: 1}
            set: {done: 1}
    """)

    assert api.chat().call.failures == ("disconnect",)
    assert api.engine.session("default").state == {"done": 1}
    assert api.texts(1) == ["two"]


def test_rule_06_a_failure_that_replaces_beside_replies_uses_no_step_up() -> None:
    api = Api("""
        rules:
          - {name: script, fail: {kind: http_error, status: 429, calls: [2]}, replies: ["a", "b"]}
    """)

    assert api.texts(3) == ["a", "failed 429", "b"]


def test_rule_06_a_step_of_replies_is_used_up_by_its_call_in_any_case() -> None:
    api = Api("""
        rules: [{name: script, replies: [{fail: rate_limit}, {fail: 500}, "Yes."]}]
    """)

    assert api.texts(4) == ["failed 429", "failed 500", "Yes.", "failed 404"]


def test_rule_06_a_stall_that_ends_lets_the_reply_follow() -> None:
    api = Api(
        """
        rules: [{name: late, replies: ["late", "then"], fail: {kind: stall, for_s: 3, times: 1}}]
        """,
        options=INSTANT,
        time_source=Time(),
    )
    answered = api.chat()

    assert answered.timeline[0] == Pause(3)
    assert (answered.text, api.chat().text) == ("late", "then")


def test_rule_06_a_passing_rule_that_has_acted_stays_acted_if_the_answer_is_then_replaced() -> None:
    api = Api("""
        rules:
          - {name: counts, set: {tried: true}}
          - {name: down, fail: 503}
    """)

    assert api.chat([user("Hi"), assistant("Ho"), user("Hi")]).status == 503
    assert api.engine.session("default").state == {"tried": True}
