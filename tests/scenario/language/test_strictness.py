"""*Strictness* of the language: what fails a test, what a client is told, and who says so."""

from typing import Any

import pytest
from saying import STRICT, assistant, scenario, user
from support.inprocess import Api

from mockserver.scenario.schema import Strict
from mockserver.sessions.options import Options

OTHER = 'rules: [{name: other, when: {model: o3}, reply: "no"}]'


def test_served_from_the_command_line_an_unmatched_request_is_answered_by_auto_and_noted() -> None:
    answered = Api(OTHER).chat("Hi")

    assert answered.text == "A mock answer to: Hi"
    assert answered.call.rule is None
    assert answered.call.near_misses == ("'other': model is 'gpt-4o-mini', the rule wants 'o3'",)
    assert answered.call.notes == ("no rule matched: answered by 'auto'",)


def test_strict_refuses_it_in_the_dialects_own_shape() -> None:
    refused = Api(OTHER, options=STRICT).chat("Hi")

    assert refused.status == 404
    assert refused.headers["x-should-retry"] == "false"
    assert refused.error == {
        "message": (
            "no rule matches POST /v1/chat/completions (session 'default', call 1)\n"
            "  nearest: 'other': model is 'gpt-4o-mini', the rule wants 'o3'"
        ),
        "type": "invalid_request_error",
        "param": None,
        "code": "no_rule_matched",
    }


def test_an_exhausted_script_is_always_answered_so_strict_or_not() -> None:
    for options in (None, STRICT):
        api = Api('rules: [{name: jokes, replies: ["one"]}]', options=options)
        api.chat()
        refused = api.chat()
        assert (refused.status, refused.error["code"]) == (404, "script_exhausted")
        assert refused.headers["x-should-retry"] == "false"


# --- Nearest wins ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("marker", "stated", "served", "status"),
    [
        pytest.param(None, None, False, 200, id="nobody says anything"),
        pytest.param(None, None, True, 404, id="the command line says so"),
        pytest.param(None, "false", True, 200, id="the scenario before the command line"),
        pytest.param(None, "{unmatched: true}", False, 404, id="the scenario, of this alone"),
        pytest.param(None, "{loops: true}", True, 404, id="the scenario, of something else"),
        pytest.param(False, "true", True, 200, id="the test's marker before the scenario"),
        pytest.param(True, "false", False, 404, id="the test's marker, the other way"),
        pytest.param(Strict(loops=True), "true", False, 404, id="the marker, of something else"),
    ],
)
def test_the_nearest_that_says_something_wins(
    *, marker: Any, stated: str | None, served: bool, status: int
) -> None:
    api = Api(options=Options(strict=served))
    own = scenario(OTHER + (f"\nstrict: {stated}" if stated else ""))
    api.engine.sessions.create("s", scenario=own, strict=marker)

    assert api.chat(session="s").status == status


def test_a_marker_of_the_test_leaves_all_else_of_the_scenarios_as_it_is() -> None:
    api = Api('seed: 7\nprovider: openai\nrules: [{reply: "{{ x }}"}]')
    marked = api.engine.sessions.create("marked", inherit=True, strict=True)
    plain = api.engine.sessions.create("plain", inherit=True)

    assert marked.seed == plain.seed == 7
    assert api.chat(session="marked").timeline == api.chat(session="plain").timeline


# --- What is left over -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rules", "calls", "left"),
    [
        pytest.param(
            "{name: a, replies: [x, y, z]}",
            1,
            ["rule 'a' gave 1 of its 3 replies"],
            id="steps of replies",
        ),
        pytest.param(
            "{name: a, times: 2, reply: x}, {reply: y}",
            1,
            ["rule 'a' was used 1 of 2 times"],
            id="times",
        ),
        pytest.param(
            "{name: a, when: {last_user: never}, replies: [x]}, {reply: y}",
            1,
            ["rule 'a' was never used"],
            id="a rule that was never reached",
        ),
        pytest.param("{name: a, replies: [x, y]}", 2, [], id="all was used"),
        pytest.param("{name: a, replies: [x, y], then: cycle}", 5, [], id="more than all"),
        pytest.param("{reply: x}", 0, [], id="a reply for any number of calls"),
        pytest.param("{fail: {kind: rate_limit, times: 3}}, {reply: x}", 1, [], id="a trigger"),
        pytest.param(
            "{name: a, times: 2, fail: 503}, {reply: x}",
            1,
            ["rule 'a' was used 1 of 2 times"],
            id="a failure's times",
        ),
    ],
)
def test_a_rule_with_times_or_a_step_of_replies_that_is_left_is_told(
    rules: str, calls: int, left: list[str]
) -> None:
    api = Api(f"rules: [{rules}]")
    for number in range(calls):
        api.chat(str(number))

    assert list(api.engine.session("default").unused()) == left


def test_of_a_script_for_each_conversation_the_least_used_is_told() -> None:
    api = Api("rules: [{name: script, per: conversation, replies: [x, y]}]")
    api.chat([user("a")])
    api.chat([user("a"), assistant("x"), user("more")])
    api.chat([user("b")])

    (told,) = api.engine.session("default").unused()
    assert told == "rule 'script' gave 1 of its 2 replies"


# --- The rest of it --------------------------------------------------------------------------


def test_a_failure_that_finds_nothing_is_in_the_journal_for_who_is_strict_of_it() -> None:
    api = Api("rules: [{reply: one two, fail: {kind: disconnect, after_tokens: 9}}]")

    assert api.chat().call.no_effect == ("disconnect",)


def test_a_call_to_an_ended_session_is_late_and_gets_410() -> None:
    api = Api('rules: [{reply: "Hi"}]')
    session = api.engine.session("s")
    api.engine.sessions.end("s")
    late = api.chat(session="s")

    assert (late.status, late.error["code"]) == (410, "session_ended")
    assert [call.is_late for call in session.journal] == [True]
