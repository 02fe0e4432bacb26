from collections.abc import Callable

import pytest

WarningsOf = Callable[[str], list[str]]


def rules(*lines: str) -> str:
    """Return a file of rules; the first is in line 3, column 3."""
    return "version: 1\nrules:\n" + "".join(f"- {line}\n" for line in lines)


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        pytest.param("{reply: A}", "{reply: B}", id="two answers to everything"),
        pytest.param("{reply: A}", "{fail: 503}", id="a failure below an answer"),
        pytest.param("{replies: [A]}", "{reply: B}", id="an exhausted script is an answer"),
        pytest.param("{replies: [A], then: cycle}", "{reply: B}", id="a script without end"),
        pytest.param("{fail: 503}", "{reply: B}", id="a failure in place of every answer"),
        pytest.param("{reply: A, fail: truncate}", "{reply: B}", id="an answer that is cut"),
        pytest.param(
            "{when: {model: 'gpt-4*'}, reply: A}",
            "{when: {model: [gpt-4o, gpt-4]}, reply: B}",
            id="names that the glob above fits",
        ),
        pytest.param(
            "{when: {stream: true}, reply: A}",
            "{when: {stream: true, last_user: {contains: x}}, reply: B}",
            id="a condition with more tests",
        ),
        pytest.param(
            "{when: [{stream: true}, {model: 'gpt-*'}], reply: A}",
            "{when: [{model: gpt-4}, {stream: true, turn: 0}], reply: B}",
            id="each of its alternatives",
        ),
        pytest.param(
            "{when: {headers: {X-A: b}, not: {turn: 0}}, reply: A}",
            "{when: {headers: {x-a: b, c: d}, not: {turn: 0}, model: x}, reply: B}",
            id="headers and exceptions",
        ),
        pytest.param(
            "{reply: A}",
            "{when: {endpoint: [completions, chat.completions]}, reply: B}",
            id="endpoints that generate",
        ),
        pytest.param(
            "{reply: A}",
            "{when: {endpoint: '*completions'}, reply: B}",
            id="a glob for endpoints that generate",
        ),
        pytest.param(
            "{when: {endpoint: '*', model: '*'}, reply: A}",
            "{when: {endpoint: completions, model: gpt-4o}, reply: B}",
            id="wildcards for all",
        ),
        pytest.param(
            "{when: {endpoint: 'chat*'}, reply: A}",
            "{when: {endpoint: chat.completions}, reply: B}",
            id="a named endpoint",
        ),
    ],
)
def test_a_rule_below_one_that_always_answers_is_never_reached(
    earlier: str, later: str, warnings_of: WarningsOf
) -> None:
    (warning,) = warnings_of(
        rules(f"{earlier[:-1]}, name: first}}", f"{later[:-1]}, name: second}}")
    )

    assert warning.startswith(
        "a.yaml:4:3: warning: rule 'second' is never reached: 'first' (line 3) already answers "
    )


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        pytest.param("{reply: A, times: 1}", "{reply: B}", id="a rule that stops acting"),
        pytest.param("{replies: [A], then: pass}", "{reply: B}", id="a script that passes on"),
        pytest.param("{fail: truncate}", "{reply: B}", id="a failure that bends what is below"),
        pytest.param(
            "{fail: {kind: disconnect, times: 2}}", "{reply: B}", id="a failure with a trigger"
        ),
        pytest.param("{when: {call: 1}, reply: A}", "{reply: B}", id="the first call only"),
        pytest.param("{when: {stream: true}, reply: A}", "{reply: B}", id="streams only"),
        pytest.param(
            "{when: {model: 'gpt-4*'}, reply: A}",
            "{when: {model: 'gpt-*'}, reply: B}",
            id="a wider glob",
        ),
        pytest.param(
            "{when: {model: gpt-4o}, reply: A}",
            "{when: {model: [gpt-4o, gpt-4]}, reply: B}",
            id="one name of two",
        ),
        pytest.param(
            "{reply: A}", "{when: {endpoint: models}, fail: 503}", id="an endpoint of lookups"
        ),
        pytest.param("{reply: A}", "{when: {endpoint: '*'}, fail: 503}", id="all endpoints"),
        pytest.param(
            "{when: {model: '*'}, reply: A}",
            "{when: {endpoint: models, model: gpt-4o}, fail: 503}",
            id="a model that is looked up",
        ),
        pytest.param(
            "{when: {stream: true}, reply: A}",
            "{when: [{stream: true}, {turn: 0}], reply: B}",
            id="one alternative of two",
        ),
    ],
)
def test_a_rule_that_can_be_reached_is_not_warned_of(
    earlier: str, later: str, warnings_of: WarningsOf
) -> None:
    assert warnings_of(rules(earlier, later)) == []


def test_the_warning_tells_whether_all_requests_are_answered(warnings_of: WarningsOf) -> None:
    text = rules(
        "{when: {stream: true}, reply: A}",
        "{when: {stream: true, turn: 1}, reply: B}",
        "{reply: C}",
        "{name: late, reply: D}",
    )

    assert warnings_of(text) == [
        (
            "a.yaml:4:3: warning: rule 'rule-2' is never reached: 'rule-1' (line 3) already answers"
            " all of its requests"
        ),
        (
            "a.yaml:6:3: warning: rule 'late' is never reached: 'rule-3' (line 5) already answers"
            " every request"
        ),
    ]


def test_two_rules_together_may_answer_all_that_a_third_is_about(warnings_of: WarningsOf) -> None:
    text = rules(
        "{when: {stream: true}, reply: A}",
        "{when: {turn: 0}, reply: B}",
        "{name: late, when: [{turn: 0, model: x}, {stream: true}], reply: C}",
    )

    (warning,) = warnings_of(text)

    assert warning.startswith("a.yaml:5:3: warning: rule 'late' is never reached: 'rule-1'")


def test_thousands_of_rules_are_checked_in_no_time(warnings_of: WarningsOf) -> None:
    lines = [f"{{when: {{model: 'm-{n}-*', last_user: x}}, reply: A}}" for n in range(3_000)]

    warnings = warnings_of(rules(*lines, lines[-1]))

    assert [warning.split(": ")[2] for warning in warnings] == ["rule 'rule-3001' is never reached"]


def test_a_rule_that_does_nothing_is_warned_of(warnings_of: WarningsOf) -> None:
    assert warnings_of(rules("{name: idle, when: {stream: true}}")) == [
        "a.yaml:3:3: warning: rule 'idle' has no effect: it has no reply and no failure"
    ]


@pytest.mark.parametrize(
    ("value", "warning"),
    [
        ("1.10", "1.10 is sent as the number 1.1"),
        ("0x1F", "0x1F is sent as the number 31"),
        ("1e3", "1e3 is sent as the number 1000.0"),
        ("+1", "+1 is sent as the number 1"),
        ("12345678901234567", "many JSON readers keep only 15 digits of a number"),
    ],
)
def test_a_number_that_was_meant_as_text_is_warned_of(
    value: str, warning: str, warnings_of: WarningsOf
) -> None:
    text = rules(f"{{reply: {{kind: json, value: {{a: [{value}]}}}}}}")

    assert warnings_of(text) == [
        f"a.yaml:3:36: warning: {warning}",
        "  put it in quotes if text is meant",
    ]


@pytest.mark.parametrize("value", ["0", "-7", "2.5", "0.1", "123456789012345", '"1.10"', "true"])
def test_other_numbers_are_not(value: str, warnings_of: WarningsOf) -> None:
    assert warnings_of(rules(f"{{reply: {{kind: json, value: [{value}]}}}}")) == []


def test_a_regex_that_can_blow_up_is_warned_of(warnings_of: WarningsOf) -> None:
    assert warnings_of(rules("{when: {last_user: {regex: '(a+)+$'}}, reply: A}")) == [
        (
            "a.yaml:3:30: warning: the regular expression '(a+)+$' can take very long:"
            " a repetition within a repetition can share out the same text in many ways"
        ),
        "  use 'contains' or 'glob', or rewrite it",
    ]
