"""What a rule does besides answering: `capture` and `set`."""

from typing import Any

import pytest
from saying import assistant, system, user
from support.inprocess import Api

from mockserver.errors import ScenarioError

# --- capture ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("capture", "found"),
    [
        pytest.param("request.model", "", id="a path that is not there"),
        pytest.param("model", "gpt-4o-mini", id="a path into the body"),
        pytest.param('"messages[1].content"', "I am Ada, 36.", id="a path with an index"),
        pytest.param("'messages[].role'", '["system","user"]', id="a list, as JSON"),
        pytest.param("{path: model}", "gpt-4o-mini", id="a path in full"),
        pytest.param('{last_user: {regex: "am (\\\\w+)"}}', "Ada", id="group 1"),
        pytest.param('{last_user: {regex: "\\\\d+"}}', "36", id="the whole match"),
        pytest.param('{first_user: {regex: "(\\\\w+), (\\\\d+)"}}', "Ada", id="of two groups, 1"),
        pytest.param('{system: {regex: "Be (\\\\w+)"}}', "brief", id="of the system message"),
        pytest.param('{any_message: {regex: "Be (\\\\w+)"}}', "brief", id="of any message"),
        pytest.param('{last_user: {regex: "(x)|I am"}}', "", id="a group that took no part"),
        pytest.param('{last_user: {regex: "nothing"}}', "", id="no match"),
        pytest.param('{prompt: {regex: "."}}', "", id="a text that the request has not"),
    ],
)
def test_a_capture_takes_a_part_of_the_request(capture: str, found: str) -> None:
    api = Api(f"""
        rules:
          - capture: {{it: {capture}}}
            reply: {{kind: template, text: "{{{{ captured.it }}}}"}}
    """)

    assert api.chat([system("Be brief."), user("I am Ada, 36.")]).text == found


def test_a_legacy_prompt_can_be_captured() -> None:
    api = Api("""
        rules:
          - capture: {word: {prompt: {regex: "Review: (\\\\w+)"}}}
            reply: {kind: template, text: " {{ captured.word }}"}
    """)

    assert api.complete("Review: good\nSentiment:").text == " good"


def test_what_matches_nothing_changes_nothing() -> None:
    api = Api("""
        rules:
          - capture: {name: {last_user: {regex: "I am (\\\\w+)"}}}
            reply: {kind: template, text: "{{ captured.name }}"}
    """)
    first = [user("I am Ada")]
    later = [*first, assistant("Ada"), user("And now?")]
    last = [*later, assistant("Ada"), user("I am Bob")]

    assert [api.chat(said).text for said in (first, later, last, later)] == [
        "Ada",
        "Ada",
        "Bob",
        "Bob",
    ]


def test_captures_of_rules_passed_on_the_way_are_seen_by_the_answer() -> None:
    api = Api("""
        rules:
          - {capture: {said: {last_user: {regex: ".*"}}}}
          - {capture: {model: model}}
          - {reply: {kind: template, text: "{{ captured.said }}/{{ captured.model }}"}}
    """)

    assert api.chat("Hi").text == "Hi/gpt-4o-mini"


@pytest.mark.parametrize(
    "capture",
    [
        pytest.param("{last_user: '.*'}", id="no regex"),
        pytest.param("{tools: {regex: a}}", id="not a text"),
        pytest.param("{system: {regex: a}, last_user: {regex: b}}", id="two places"),
        pytest.param("'messages['", id="no path"),
        pytest.param("{last_user: {regex: '('}}", id="no regular expression"),
    ],
)
def test_a_capture_that_cannot_be_is_refused(capture: str) -> None:
    with pytest.raises(ScenarioError):
        Api(f"rules: [{{capture: {{a: {capture}}}, reply: x}}]")


# --- set -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "becomes"),
    [
        ("new", "new"),
        ("3", 3),
        ("true", True),
        ("[1, {a: b}]", [1, {"a": "b"}]),
        ("{a: {b: 1}}", {"a": {"b": 1}}),
        ('{template: "{{ request.model }}!"}', "gpt-4o-mini!"),
        ('{template: "plain"}', "plain"),
        ('"{{ request.model }}"', "{{ request.model }}"),
        ('{template: "{{ state.a }}", b: 1}', {"template": "{{ state.a }}", "b": 1}),
    ],
)
def test_set_gives_a_name_of_the_state_a_value(value: str, becomes: Any) -> None:
    api = Api(f"rules: [{{set: {{name: {value}}}, reply: x}}]")
    api.chat()

    assert api.engine.session("default").state == {"name": becomes}


def test_null_removes_a_name() -> None:
    api = Api("""
        state: {a: 1, b: 2}
        rules:
          - {when: {state: {a: 1}}, set: {a: null}, reply: "removed"}
          - {when: {state: {a: null}}, reply: "gone"}
    """)

    assert api.texts(2) == ["removed", "gone"]
    assert api.engine.session("default").state == {"b": 2}


def test_a_rule_below_sees_what_one_above_has_set_for_the_same_call() -> None:
    api = Api("""
        rules:
          - {set: {step: {template: "{{ request.messages[0].content }}"}}}
          - {when: {state: {step: Hi}}, reply: "greeted"}
          - {reply: "otherwise"}
    """)

    assert [api.chat(said).text for said in ("Hi", "Ho")] == ["greeted", "otherwise"]


def test_a_template_of_set_that_finds_nothing_is_noted() -> None:
    api = Api("""
        rules:
          - {set: {a: {template: "{{ captured.nmae }}"}}}
          - {set: {b: {template: "{{ state.nowhere }}"}}, reply: "x"}
    """)

    for _ in range(3):
        assert api.chat().call.notes == (
            "'{{ captured.nmae }}' found nothing",
            "'{{ state.nowhere }}' found nothing",
        )


def test_faker_draws_anew_for_each_rule_that_sets() -> None:
    api = Api("""
        rules:
          - {set: {one: {template: "{{ faker.name }}"}, two: {template: "{{ faker.name }}"}}}
          - {set: {three: {template: "{{ faker.name }}"}}}
          - {reply: {kind: template, text: "{{ faker.name }}"}}
    """)
    text = api.chat().text

    assert len({*api.engine.session("default").state.values(), text}) == 4
