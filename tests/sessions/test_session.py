"""How rules are read: one test for each sentence of the language's semantics."""

import pytest
from support.inprocess import Api

from mockserver.scenario.loader import load_scenario
from mockserver.scenario.schema import Scenario
from mockserver.sessions.options import Options
from mockserver.sessions.passing import STAYS, Passing
from mockserver.wire.timeline import Abort, Head

STRICT = Options(strict=True)

# --- Reading: rules are read from top to bottom ----------------------------------------------


def test_the_first_rule_that_holds_answers() -> None:
    api = Api("""
        rules:
          - {name: not-this, when: {model: o3}, reply: "no"}
          - {name: first, reply: "first"}
          - {name: second, reply: "second"}
    """)

    assert api.texts(2) == ["first", "first"]


def test_the_journal_names_the_rule_that_answered() -> None:
    api = Api("""
        rules: [{name: hello, reply: "Hello."}]
    """)

    assert api.chat().call.rule == "hello"


def test_a_failure_that_replaces_the_answer_ends_the_reading() -> None:
    api = Api("""
        rules:
          - {name: down, fail: 503}
          - {name: never-reached, times: 1, fail: 429}
    """)
    answered = api.chat()

    assert (answered.status, answered.call.rule, answered.call.failures) == (
        503,
        "down",
        ("http_error",),
    )


def test_a_failure_alone_lies_over_all_the_rules_below_it() -> None:
    api = Api("""
        rules:
          - {name: cut, fail: {kind: disconnect, after_tokens: 1}}
          - {name: hello, when: {last_user: "Hi"}, reply: "Hello there."}
          - {name: otherwise, reply: "Pardon me?"}
    """)

    for said, rule in (("Hi", "hello"), ("Ho", "otherwise")):
        answered = api.chat(said)
        assert answered.timeline[-1] == Abort("rst")
        assert answered.call.rule == rule


def test_a_failure_whose_trigger_does_not_fire_is_as_if_it_were_not_there() -> None:
    api = Api("""
        rules:
          - {name: second-call, fail: {kind: http_error, status: 500, calls: [2]}}
          - {name: hello, reply: "Hello."}
    """)

    assert api.texts(3) == ["Hello.", "failed 500", "Hello."]


def test_a_rule_with_neither_reply_nor_failure_lets_the_reading_go_on() -> None:
    api = Api("""
        rules:
          - {name: empty}
          - {name: hello, reply: "Hello."}
    """)

    assert api.texts(1) == ["Hello."]


# --- Where no rule answers -------------------------------------------------------------------


def test_what_no_rule_answers_is_answered_by_itself_and_noted() -> None:
    api = Api("""
        rules: [{name: other, when: {model: o3}, reply: "no"}]
    """)
    answered = api.chat("Hi")

    assert answered.text == "A mock answer to: Hi"
    assert answered.call.rule is None
    assert answered.call.near_misses == ("'other': model is 'gpt-4o-mini', the rule wants 'o3'",)
    assert answered.call.notes == ("no rule matched: answered by 'auto'",)


def test_a_strict_server_refuses_what_no_rule_answers_and_names_the_nearest() -> None:
    api = Api(
        """
        rules:
          - {name: far, when: {model: o3, last_user: "Ho"}, reply: "no"}
          - {name: near, when: {model: "gpt-4o*", last_user: "Ho"}, reply: "no"}
        """,
        options=STRICT,
    )
    answered = api.chat("Hi")

    assert (answered.status, answered.error["code"]) == (404, "no_rule_matched")
    assert answered.headers["x-should-retry"] == "false"
    assert answered.error["message"] == (
        "no rule matches POST /v1/chat/completions (session 'default', call 1)\n"
        "  nearest: 'near': last_user is 'Hi', the rule wants 'Ho'\n"
        "  next:    'far': model is 'gpt-4o-mini', the rule wants 'o3'"
    )


def test_a_strict_server_without_rules_refuses_too() -> None:
    assert Api(options=STRICT).chat().error["code"] == "no_rule_matched"


def test_failures_of_rules_that_were_passed_strike_the_answer_by_itself() -> None:
    api = Api("""
        rules: [{name: cut, fail: {kind: disconnect, after_tokens: 1}}]
    """)

    assert api.chat().call.failures == ("disconnect",)


# --- Endpoints -------------------------------------------------------------------------------


def test_a_rule_that_names_no_endpoint_is_not_about_the_list_of_models() -> None:
    api = Api("""
        rules:
          - {name: once, times: 1, fail: 503}
          - {name: hello, reply: "Hello."}
    """)

    assert api.get("/v1/models").status == 200
    assert api.texts(2) == ["failed 503", "Hello."]


def test_a_rule_may_name_an_endpoint_that_generates_nothing() -> None:
    api = Api("""
        rules: [{name: no-list, when: {endpoint: models}, fail: 500}]
    """)

    assert (api.get("/v1/models").status, api.chat().status) == (500, 200)


def test_a_refused_request_meets_no_rule() -> None:
    api = Api("""
        rules:
          - {name: once, times: 1, reply: "once"}
          - {name: then, reply: "then"}
    """)
    refused = api.post("/v1/chat/completions", {"model": "gpt-4o", "messages": []}, key=None)

    assert (refused.status, refused.call.rule) == (401, None)
    assert api.texts(2) == ["once", "then"]


# --- Acting ----------------------------------------------------------------------------------


def test_a_rule_acts_as_often_as_times_says() -> None:
    api = Api("""
        rules:
          - {name: twice, times: 2, reply: "twice"}
          - {name: then, reply: "then"}
    """)

    assert api.texts(3) == ["twice", "twice", "then"]


def test_a_rule_with_a_reply_acts_when_it_is_given_even_if_it_is_then_cut() -> None:
    api = Api("""
        rules:
          - {name: cut, times: 1, reply: "Hello.", fail: {kind: disconnect, after_tokens: 1}}
          - {name: then, reply: "then"}
    """)
    api.chat()

    assert api.texts(1) == ["then"]


def test_a_rule_with_only_a_failure_acts_when_that_fires() -> None:
    api = Api("""
        rules:
          - {name: every-other, times: 1, fail: {kind: http_error, status: 500, every: 2}}
          - {name: then, reply: "then"}
    """)

    assert api.texts(4) == ["then", "failed 500", "then", "then"]


def test_a_rule_with_neither_acts_whenever_it_holds() -> None:
    api = Api(
        """
        rules: [{name: idle, times: 1}]
        """,
        options=STRICT,
    )
    api.chat()

    assert "it has already acted 1 time, its limit" in api.chat().error["message"]


def test_the_call_number_counts_the_calls_for_which_the_rest_of_when_holds() -> None:
    api = Api("""
        rules:
          - {name: second-hi, when: {last_user: "Hi", call: 2}, reply: "second"}
          - {name: otherwise, reply: "other"}
    """)
    texts = [api.chat(said).text for said in ("Hi", "Ho", "Hi", "Hi")]

    assert texts == ["other", "other", "second", "other"]


def test_the_call_number_counts_only_calls_that_reach_the_rule() -> None:
    api = Api("""
        rules:
          - {name: first, times: 2, reply: "first"}
          - {name: reached, when: {call: {at_most: 1}}, reply: "reached"}
          - {name: otherwise, reply: "other"}
    """)

    assert api.texts(4) == ["first", "first", "reached", "other"]


def test_each_alternative_of_a_when_counts_its_own_calls() -> None:
    api = Api("""
        rules:
          - name: firsts
            when: [{last_user: "Hi", call: 1}, {last_user: "Ho", call: 1}]
            reply: "first"
          - {name: otherwise, reply: "other"}
    """)
    texts = [api.chat(said).text for said in ("Hi", "Hi", "Ho", "Ho")]

    assert texts == ["first", "other", "first", "other"]


def test_triggers_count_the_calls_for_which_the_rule_holds() -> None:
    api = Api("""
        rules:
          - name: twice
            when: {last_user: "Hi"}
            reply: "Hello."
            fail: {kind: http_error, status: 503, times: 2}
          - {name: otherwise, reply: "other"}
    """)
    statuses = [api.chat(said).status for said in ("Ho", "Hi", "Ho", "Hi", "Hi")]

    assert statuses == [200, 503, 200, 503, 200]


# --- `fail` beside `reply` -------------------------------------------------------------------


def test_a_failure_that_replaces_the_answer_leaves_the_reply_for_later() -> None:
    api = Api("""
        rules: [{name: agreed, fail: {kind: http_error, status: 429, times: 2}, reply: "Yes."}]
    """)

    assert api.texts(4) == ["failed 429", "failed 429", "Yes.", "Yes."]


def test_a_reply_that_was_replaced_does_not_count_against_times() -> None:
    api = Api("""
        rules:
          - {name: agreed, times: 1, fail: {kind: http_error, status: 429, times: 1}, reply: "Yes."}
          - {name: then, reply: "then"}
    """)

    assert api.texts(3) == ["failed 429", "Yes.", "then"]


def test_a_failure_beside_replies_uses_no_step_up() -> None:
    api = Api("""
        rules:
          - name: script
            fail: {kind: http_error, status: 429, calls: [2]}
            replies: ["one", "two"]
    """)

    assert api.texts(3) == ["one", "failed 429", "two"]


def test_a_reply_that_was_cut_counts_as_given() -> None:
    api = Api("""
        rules:
          - name: script
            fail: {kind: disconnect, after_tokens: 1, times: 1}
            replies: ["one", "two"]
    """)
    cut = api.chat()

    assert cut.call.failures == ("disconnect",)
    assert api.texts(1) == ["two"]


def test_a_step_is_used_up_by_its_call_in_any_case() -> None:
    api = Api("""
        rules:
          - name: script
            replies:
              - {fail: 429}
              - {fail: 500}
              - "Yes."
    """)

    assert api.texts(3) == ["failed 429", "failed 500", "Yes."]


def test_a_step_may_bend_its_own_reply() -> None:
    api = Api("""
        rules:
          - name: script
            replies:
              - {reply: "one two", fail: {kind: disconnect, after_tokens: 1}}
              - "three"
    """)

    assert api.chat().timeline[-1] == Abort("rst")
    assert api.texts(1) == ["three"]


# --- First wins, failures add up -------------------------------------------------------------


def test_failures_apply_in_the_order_read_each_on_the_result_of_the_one_before() -> None:
    api = Api("""
        rules:
          - {name: later, fail: {kind: disconnect, after_tokens: 3, how: fin}}
          - {name: sooner, fail: {kind: disconnect, after_tokens: 1, how: rst}}
          - {name: text, reply: "one two three four five"}
    """)
    answered = api.chat(stream=True)

    assert answered.call.failures == ("disconnect", "disconnect")
    assert answered.timeline[-1] == Abort("rst")


def test_a_failure_that_finds_nothing_to_act_on_is_journalled_as_no_effect() -> None:
    api = Api("""
        rules: [{name: short, reply: "one two", fail: {kind: disconnect, after_tokens: 9}}]
    """)
    answered = api.chat()

    assert (answered.call.no_effect, answered.call.failures) == (("disconnect",), ())
    assert answered.text == "one two"


def test_a_failure_that_a_replacing_one_came_before_is_journalled_as_pre_empted() -> None:
    api = Api("""
        rules:
          - name: both
            reply: "Hello."
            fail: [503, {kind: disconnect, after_tokens: 1}]
    """)
    answered = api.chat()

    assert answered.status == 503
    assert answered.call.failures == ("http_error",)
    assert answered.call.pre_empted == ("disconnect",)
    assert answered.call.no_effect == ()


def test_of_two_failures_that_replace_the_answer_the_first_wins() -> None:
    api = Api("""
        rules: [{name: both, fail: [503, 500]}]
    """)

    assert api.chat().status == 503


# --- After the last of `replies` -------------------------------------------------------------

SCRIPT = """
    rules:
      - {{name: script, replies: ["one", "two"], then: {then}}}
      - {{name: below, reply: "below"}}
"""


@pytest.mark.parametrize(
    ("then", "texts"),
    [
        pytest.param("repeat_last", ["one", "two", "two", "two"], id="repeat_last"),
        pytest.param("cycle", ["one", "two", "one", "two"], id="cycle"),
        pytest.param("pass", ["one", "two", "below", "below"], id="pass"),
        pytest.param("refuse", ["one", "two", "failed 404", "failed 404"], id="refuse"),
    ],
)
def test_what_follows_the_last_of_replies(then: str, texts: list[str]) -> None:
    assert Api(SCRIPT.format(then=then)).texts(4) == texts


def test_an_exhausted_script_says_so_strict_or_not() -> None:
    api = Api("""
        rules: [{name: jokes, replies: ["one", "two"]}]
    """)
    api.get("/v1/models")
    api.texts(2)
    refused = api.chat()

    assert (refused.status, refused.error["code"]) == (404, "script_exhausted")
    assert refused.headers["x-should-retry"] == "false"
    assert "'jokes': its 2 replies are used up (by calls 2, 3)" in refused.error["message"]


# --- Sessions --------------------------------------------------------------------------------


def test_each_session_has_counters_of_its_own() -> None:
    api = Api("""
        rules:
          - {name: once, times: 1, reply: "once"}
          - {name: then, reply: "then"}
    """)
    texts = [api.chat(session=name).text for name in ("a", "b", "a", "b")]

    assert texts == ["once", "once", "then", "then"]


def test_each_session_has_a_journal_of_its_own() -> None:
    api = Api()
    api.chat(session="a")
    api.chat(session="a")
    api.chat(session="b")

    assert [len(api.engine.session(name).journal) for name in ("a", "b", "default")] == [2, 1, 0]


def test_what_is_drawn_does_not_depend_on_the_name_of_the_session() -> None:
    api = Api()

    assert api.chat(session="a").timeline == api.chat(session="b").timeline


def test_a_session_forgets_repetitions_only_after_very_many_requests() -> None:
    session = Api().engine.session("default")

    assert [session.occurrence(b"a"), session.occurrence(b"b"), session.occurrence(b"a")] == [
        1,
        1,
        2,
    ]


def test_a_session_tells_when_a_call_came() -> None:
    now_s = 10.0
    api = Api(time_source=lambda: now_s)
    api.engine.session("default")
    now_s = 12.5

    assert api.chat().call.at_s == 2.5


def test_the_journal_enters_the_status_that_goes_out() -> None:
    api = Api("""
        rules: [{name: cut, fail: disconnect}]
    """)
    cut = api.chat()

    assert not any(isinstance(event, Head) for event in cut.timeline)
    assert cut.call.status is None


def test_what_a_session_rests_on_answers_below_everything_else() -> None:
    def one(reply: str) -> Scenario:
        return load_scenario({"rules": [{"when": {"last_user": reply}, "reply": reply}]})

    def all_others(reply: str) -> Scenario:
        return load_scenario({"rules": [{"name": "lowest", "reply": reply}]})

    api = Api("rules: [{when: {last_user: Inherited}, reply: Inherited}]")
    session = api.engine.sessions.create("s", scenario=one("Own"), inherit=True)
    session.rest_on(all_others("Lowest"), STAYS)
    session.add(one("Added"))

    said = ["Added", "Own", "Inherited", "Else"]
    assert [api.chat(what, session="s").text for what in said] == [*said[:3], "Lowest"]

    session.rest_on(all_others("Another"), Passing(passes_on=True))
    assert api.chat("Else", session="s").text == "Another"
    assert session.passing.passes_on
