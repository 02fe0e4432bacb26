"""What `check` warns of, and of what it does not: each lint of the language with its tests."""

from pathlib import Path

import pytest

from mockserver import bundled
from mockserver.scenario.loader import ScenarioText, check

ROOT = bundled.folder("scenarios")


def warnings(rules: str, above: str = "") -> list[str]:
    text = f"version: 1\n{above}\nrules:\n{rules}\n"
    return [problem.what for problem in check([ScenarioText(text, "a.yaml")])]


# --- Captures and state that are never used --------------------------------------------------


@pytest.mark.parametrize(
    ("rules", "warning"),
    [
        pytest.param(
            "- {name: a, capture: {word: model}, reply: x}",
            "rule 'a' captures 'word', which nothing uses",
            id="a capture that nothing uses",
        ),
        pytest.param(
            "- {name: a, set: {step: 1}, reply: x}",
            "rule 'a' sets 'step', which nothing reads",
            id="state that nothing looks at",
        ),
        pytest.param(
            "- {name: a, when: {state: {step: 1}}, reply: x}",
            "rule 'a' reads the state 'step', which nothing sets",
            id="state that nothing sets",
        ),
        pytest.param(
            '- {name: a, reply: {kind: template, text: "{{ captured.word }}"}}',
            "rule 'a' uses the capture 'word', which no rule takes",
            id="a capture that nothing takes",
        ),
        pytest.param(
            "- {name: a, when: {state: {done: null}}, reply: x}",
            "rule 'a' reads the state 'done', which nothing sets",
            id="state that is never there",
        ),
    ],
)
def test_captures_and_state_that_are_never_used_are_warned_of(rules: str, warning: str) -> None:
    assert warnings(rules) == [warning]


@pytest.mark.parametrize(
    ("rules", "above"),
    [
        pytest.param(
            '- {capture: {word: model}, reply: {kind: template, text: "{{ captured.word }}"}}',
            "",
            id="a capture used by its own reply",
        ),
        pytest.param(
            '- {capture: {a: model}, set: {b: {template: "{{ captured.a }}"}}}\n'
            "- {when: {state: {b: x}}, reply: x}",
            "",
            id="a capture used by set, state by a condition",
        ),
        pytest.param(
            '- {capture: {a: model}}\n- {reply: {kind: template, text: "{{ length(captured) }}"}}',
            "",
            id="all captures at once",
        ),
        pytest.param(
            "- {capture: {a: model}}\n"
            "- reply: {kind: template, text: \"{{ join(' ', [captured.a, 'b']) }}\"}",
            "",
            id="a capture in a function's list",
        ),
        pytest.param(
            '- {capture: {a: model}}\n- {reply: {kind: template, text: "{{ @.captured.a }}"}}',
            "",
            id="a capture by way of the whole",
        ),
        pytest.param(
            "- {when: {not: {state: {done: true}}}, set: {done: true}, reply: x}\n- {reply: y}",
            "",
            id="state that is looked at under not",
        ),
        pytest.param(
            "- {when: {state: {step: 1}}, reply: x}", "state: {step: 1}", id="state of the start"
        ),
        pytest.param(
            '- {set: {n: 1}, reply: {kind: json, template: true, value: ["{{ state.n }}"]}}',
            "",
            id="state in a reply's depth",
        ),
        pytest.param(
            '- {set: {n: 1}, replies: [a, {reply: {kind: template, text: "{{ state.n }}"}}]}',
            "",
            id="state in a step",
        ),
    ],
)
def test_those_that_are_used_are_not(rules: str, above: str) -> None:
    assert warnings(rules, above) == []


# --- Order-bound keys in a rule that answers several conversations ---------------------------

BY_ITSELF = "counts across all conversations"


@pytest.mark.parametrize(
    ("rule", "key"),
    [
        ("when: {system: {contains: researcher}}, replies: [a, b]", "replies"),
        ("when: {tools: search}, replies: [a, b], then: cycle", "replies"),
        ("when: {system: {contains: a}, model: 'gpt*'}, replies: [a, b]", "replies"),
        ("when: {system: {contains: a}, call: 2}, reply: a", "call"),
    ],
)
def test_a_script_that_several_agents_may_share_is_warned_of(rule: str, key: str) -> None:
    assert warnings(f"- {{name: a, {rule}}}") == [f"'{key}' of rule 'a' {BY_ITSELF}"]


@pytest.mark.parametrize(
    "rule",
    [
        "replies: [a, b]",
        "when: {system: {contains: a}}, per: conversation, replies: [a, b]",
        "when: {system: {contains: a}}, per: key, replies: [a, b]",
        "when: {system: {contains: a}}, reply: a",
        "when: {system: {contains: a}}, replies: [a]",
        "when: {system: {contains: a}, first_user: Hi}, replies: [a, b]",
        "when: {system: {contains: a}, attempt: 1}, replies: [a, b]",
        "when: {model: gpt-4o}, replies: [a, b]",
    ],
)
def test_a_script_for_one_conversation_or_for_any_call_is_not(rule: str) -> None:
    assert warnings(f"- {{name: a, {rule}}}") == []


# --- The others, in short (tests/scenario/test_lints.py has them all) -------------------------


@pytest.mark.parametrize(
    ("rules", "warning"),
    [
        (
            "- {name: a, reply: x}\n- {name: b, reply: y}",
            "rule 'b' is never reached: 'a' (line 4) already answers every request",
        ),
        (
            "- {name: a, when: {last_user: {regex: '(x+)+$'}}, reply: x}",
            (
                "the regular expression '(x+)+$' can take very long: a repetition within a "
                "repetition can share out the same text in many ways"
            ),
        ),
        (
            "- {name: a, reply: {kind: json, value: {v: 1.10}}}",
            "1.10 is sent as the number 1.1",
        ),
        (
            '- {name: a, reply: "{{ call }}"}',
            "'{{ call }}' is sent as written; add 'template: true' to expand it",
        ),
        ("- {name: a}", "rule 'a' has no effect: it has no reply and no failure"),
    ],
)
def test_what_else_is_doubtful(rules: str, warning: str) -> None:
    assert warnings(rules) == [warning]


# --- No false alarms -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path", sorted(ROOT.rglob("*.yaml")), ids=lambda path: str(path.relative_to(ROOT))
)
def test_a_shipped_scenario_raises_no_alarm(path: Path) -> None:
    assert check([path]) == []
