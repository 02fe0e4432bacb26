"""Calls that come naturally in Python do what they look like, or are refused in a line (T3)."""

import re
from typing import Any

import pytest

from mockserver import SILENT_FAILURES
from mockserver.errors import MockServerError, ScenarioError, UsageError
from mockserver.scenario.loader import ScenarioText, load_scenario, load_with_documents, read_strict
from mockserver.scenario.schema import Scenario, Strict
from mockserver.scenario.scripting import Script, call, step


def fail_of(script: Script) -> Any:
    (rule,) = script.rules
    return rule.keys["fail"]


def reply_of(script: Script) -> Any:
    (rule,) = script.rules
    return rule.keys.get("reply", rule.keys.get("replies"))


LIMITED = {"kind": "rate_limit", "retry_after_s": 3}


@pytest.mark.parametrize(
    ("write", "fail"),
    [
        pytest.param(lambda s: s.fail(kind="rate_limit", retry_after_s=3), LIMITED, id="T3 kind"),
        pytest.param(
            lambda s: s.reply("x").fail(kind="truncate", after_tokens=1),
            {"kind": "truncate", "after_tokens": 1},
            id="T3 kind, of a rule",
        ),
        pytest.param(
            lambda s: s.fail(status=503, message="Busy."),
            {"kind": "http_error", "status": 503, "message": "Busy."},
            id="T3 status",
        ),
        pytest.param(lambda s: s.fail(LIMITED), LIMITED, id="a mapping"),
        pytest.param(
            lambda s: s.fail("rate_limit", kind="rate_limit"), {"kind": "rate_limit"}, id="twice"
        ),
        pytest.param(
            lambda s: s.reply("x").fail(["truncate", LIMITED]), ["truncate", LIMITED], id="T3 list"
        ),
        pytest.param(
            lambda s: s.reply("x").fail("truncate").fail([503, LIMITED]),
            ["truncate", 503, LIMITED],
            id="a list after another",
        ),
        pytest.param(
            lambda s: s.outage(fail=[503, "quota"], to_s=9),
            [
                {"kind": "http_error", "status": 503, "window_s": [0, 9]},
                {"kind": "quota", "window_s": [0, 9]},
            ],
            id="an outage of several",
        ),
        pytest.param(
            lambda s: s.fail(SILENT_FAILURES[0]), dict(SILENT_FAILURES[0].fail), id="a known one"
        ),
    ],
)
def test_a_failure_may_be_written_as_it_comes(write: Any, fail: Any) -> None:
    script = Script()
    write(script)

    assert fail_of(script) == fail


@pytest.mark.parametrize(
    ("write", "reply"),
    [
        pytest.param(lambda s: s.reply(text="Hi"), "Hi", id="T3 text by name"),
        pytest.param(
            lambda s: s.reply(text="Hi", finish_reason="length"),
            {"kind": "text", "text": "Hi", "finish_reason": "length"},
            id="text and more by name",
        ),
        pytest.param(lambda s: s.replies(["A", "B"]), ["A", "B"], id="T3 one list of replies"),
        pytest.param(lambda s: s.reply("x").__class__ and s.rules[0], "x", id="a text"),
        pytest.param(
            lambda s: s.replies(step(kind="json", value=1), step(text="B")),
            [{"reply": {"kind": "json", "value": 1}}, {"reply": "B"}],
            id="a step by its reply's keys",
        ),
        pytest.param(
            lambda s: s.replies(step(tool_calls=[call("f")], latency="flagship-2026")),
            [
                {
                    "reply": {"kind": "tool_calls", "calls": [{"name": "f", "arguments": {}}]},
                    "latency": "flagship-2026",
                }
            ],
            id="a step that calls a tool",
        ),
    ],
)
def test_a_reply_may_be_written_as_it_comes(write: Any, reply: Any) -> None:
    script = Script()
    write(script)

    assert reply_of(script) == reply


def test_alternatives_may_come_as_a_list() -> None:
    script = Script()
    script.when([{"model": "a"}, {"turn": 1}]).reply("x")

    assert script.rules[0].keys["when"] == [{"model": "a"}, {"turn": 1}]


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (call("f", {"a": 1}), {"name": "f", "arguments": {"a": 1}}),
        (call("f", arguments={"a": 1}), {"name": "f", "arguments": {"a": 1}}),
        (call("f", arguments="{"), {"name": "f", "arguments": "{"}),
        (
            call(name="f", arguments={"a": 1}, id="x"),
            {"name": "f", "arguments": {"a": 1}, "id": "x"},
        ),
        (call("create", name="Ada"), {"name": "create", "arguments": {"name": "Ada"}}),
    ],
)
def test_a_tool_call_may_be_written_as_it_comes(made: Any, expected: Any) -> None:
    assert made == expected  # T3


@pytest.mark.parametrize(
    ("write", "message"),
    [
        (lambda s: s.fail(), "not None: write fail('rate_limit') or fail(503)"),
        (lambda s: s.reply("x").fail(), "not None: write fail('rate_limit') or fail(503)"),
        (lambda s: s.fail("503"), "the status '503' is a text: write 503"),
        (lambda s: s.fail(503.0), "not 503.0"),
        (lambda s: s.fail(TimeoutError()), "not TimeoutError()"),
        (lambda s: s.fail("rate_limit", kind="quota"), "'rate_limit' or 'quota', not both"),
        (lambda s: s.fail({"kind": "quota"}, kind="overloaded"), "not both"),
        (lambda s: s.fail([503, "quota"], after_tokens=2), "state after_tokens for each"),
        (lambda s: s.reply("x", fail=503), "'fail' is a key of the rule: write reply(…).fail(…)"),
        (lambda s: s.reply("x", latency=5), "write reply(…).latency(…)"),
        (lambda s: s.reply("x", when={"model": "a"}), "write when(…).reply(…)"),
        (lambda s: s.reply("x", text="y"), "the text is given twice: 'x' and text='y'"),
        (lambda s: s.when("Hi"), "not 'Hi': write when(last_user="),
        (lambda s: s.when(print), "a condition is keys or a mapping"),
        (lambda s: s.when(None), "a condition is keys or a mapping, not None"),
        (lambda s: s.when(last_user=re.compile("x")), "write {'regex': 'x'}"),
        (lambda s: s.when(tools={"a"}), "JSON has no set, as in {'a'}: write a list"),
        (lambda s: s.reply(b"x"), "JSON has no bytes, as in b'x': write a text"),
        (lambda s: s.reply("x").latency(5), "not 5: write latency(ttft_ms=200)"),
        (lambda s: s.latency("a", preset="b"), "the preset is given twice: 'a' and 'b'"),
        (lambda s: s.reply("x").set("step"), "write set(name='value')"),
        (lambda s: s.reply("x").capture("step"), "write capture(name='value')"),
        (lambda s: s.state("step"), "write state(name='value')"),
        (lambda s: s.limit("gpt-4*"), "limit('gpt-4*') needs a figure"),
        (lambda s: s.load(5), "a scenario is a name, a path, a mapping or a text, not 5"),
        (lambda s: s.load(["basics/hello"]), "give each scenario as an argument of its own"),
        (lambda s: s.load(Scenario()), "give the name, path or mapping that it was read from"),
        (lambda _: call(), "needs the tool's name: call('get_weather', city='Paris')"),
        (lambda _: call("f", [1]), "arguments are a mapping, a text or named, not [1]"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_the_nearest_right_thing(
    write: Any, message: str
) -> None:
    with pytest.raises(UsageError) as caught:
        write(Script())

    text = str(caught.value)
    assert message.replace("rule: write", "rule, not of its reply: write") in text  # T3
    assert len(text.splitlines()) <= 2


HELLO = {"rules": [{"name": "hello", "reply": "Hi"}]}


def test_a_mapping_is_a_scenario() -> None:
    assert load_scenario(HELLO).rules[0].name == "hello"  # T3
    assert load_scenario({"version": 1, **HELLO}).rules[0].name == "hello"


def test_scenarios_of_all_forms_are_read_as_one() -> None:
    read = load_scenario({"rules": [{"name": "first", "fail": 503}]})

    merged = load_scenario(
        read, HELLO, "version: 1\nrules: [{name: third, reply: x}]\n", "basics/echo"
    )

    assert [rule.name for rule in merged.rules][:3] == ["first", "hello", "third"]
    assert len(merged.rules) == 4


def test_what_a_mapping_holds_is_kept_as_a_document() -> None:
    assert load_with_documents(HELLO).documents == ({"version": 1, **HELLO},)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (
            {"rules": [{"name": "a", "replay": "Hi"}]},
            "<scenario>: rules[0].replay: unknown key 'replay' in a rule\n  did you mean 'reply'?",
        ),
        ({"rules": {"reply": "Hi"}}, "<scenario>: rules: expected a list, got a mapping"),
        ({"include": ["x.yaml"]}, "only a scenario in a file can include others"),
        ({"version": 2}, "<scenario>: version: expected 1, got the number 2"),
        ({"rules": {1}}, "a scenario: JSON has no set, as in {1}: write a list"),
        ([{"reply": "Hi"}], "a list of rules is {'rules': [...]}"),
        (None, "a scenario is a name, a path, a mapping or a text, not None"),
        (b"basics/hello", "a scenario is a name, a path, a mapping or a text, not b'basics/hello'"),
    ],
)
def test_what_is_no_scenario_is_refused_by_its_place(source: Any, message: str) -> None:
    with pytest.raises(MockServerError) as caught:
        load_scenario(source)

    assert message in str(caught.value)  # T3
    assert len(str(caught.value).splitlines()) <= 2


def test_errors_of_several_scenarios_are_told_apart() -> None:
    with pytest.raises(ScenarioError) as caught:
        load_scenario({"seed": "x"}, ScenarioText("version: 1\nseed: y", "b.yaml"))

    places = [str(problem.place) for problem in caught.value.problems]
    assert places == ["<scenario>: seed", "b.yaml:2:7"]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (True, Strict.of(stated=True)),
        ({"unused": False}, Strict(unused=False)),
        ("{unused: false}", Strict(unused=False)),
        (Strict(late=True), Strict(late=True)),
    ],
)
def test_strictness_is_read_as_the_key_of_a_file(value: Any, expected: Strict) -> None:
    assert read_strict(value) == expected
