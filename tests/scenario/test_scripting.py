"""Scripting in Python: the words of the language, read by the reader of files."""

from dataclasses import fields, replace
from pathlib import Path
from typing import Any, get_type_hints

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mockserver
from mockserver.errors import ScenarioError, UsageError
from mockserver.scenario.conditions.when import When
from mockserver.scenario.loader import ScenarioText, load_scenario
from mockserver.scenario.schema import Scenario
from mockserver.scenario.scripting import (
    LatencyKeys,
    LimitKeys,
    Script,
    ScriptedRule,
    ScriptError,
    WhenKeys,
    call,
    step,
)
from mockserver.traffic.latency import KEYS as LATENCY_KEYS
from mockserver.traffic.limiter import Limits


def of_file(text: str) -> Scenario:
    return _placeless(load_scenario(ScenarioText(text)))


def _placeless(scenario: Scenario) -> Scenario:
    """Return *scenario* without where its rules are written: a script has no lines."""
    return replace(scenario, rules=tuple(replace(rule, place=None) for rule in scenario.rules))


def scripted(script: Script) -> Scenario:
    return _placeless(script.scenario())


# --- The same words --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("write", "written"),
    [
        (lambda s: s.reply("Hi"), "{name: reply-1, times: 1, reply: Hi}"),
        (lambda s: s.reply("Hi", times=3), "{name: reply-1, times: 3, reply: Hi}"),
        (lambda s: s.reply("Hi", times=None), "{name: reply-1, reply: Hi}"),
        (
            lambda s: s.reply("Hi", model="gpt-4o-mini"),
            "{name: reply-1, times: 1, reply: {kind: text, text: Hi, model: gpt-4o-mini}}",
        ),
        (
            lambda s: s.reply(kind="json", value={"a": 1}),
            "{name: reply-1, times: 1, reply: {kind: json, value: {a: 1}}}",
        ),
        (
            lambda s: s.reply({"kind": "lorem", "tokens": 9}, finish_reason="length"),
            "{name: reply-1, times: 1, reply: {kind: lorem, tokens: 9, finish_reason: length}}",
        ),
        (
            lambda s: s.reply(tool_calls=[call("get_weather", city="Paris")]),
            (
                "{name: reply-1, times: 1, reply: {kind: tool_calls, "
                "calls: [{name: get_weather, arguments: {city: Paris}}]}}"
            ),
        ),
        (
            lambda s: s.reply("Let me see.", tool_calls=[call("f", '{"x":', id="call_1")]),
            (
                "{name: reply-1, times: 1, reply: {kind: tool_calls, text: Let me see., "
                "calls: [{name: f, arguments: '{\"x\":', id: call_1}]}}"
            ),
        ),
        (
            lambda s: s.replies("A", step(fail=429), "B", then="cycle"),
            "{name: replies-1, replies: [A, {fail: 429}, B], then: cycle}",
        ),
        (
            lambda s: s.replies(step("A", fail=["repeat", 500], latency="flagship-2026")),
            (
                "{name: replies-1, then: pass, "
                "replies: [{reply: A, fail: [repeat, 500], latency: flagship-2026}]}"
            ),
        ),
        (lambda s: s.fail(429, times=2), "{name: fail-1, times: 2, fail: 429}"),
        (
            lambda s: s.fail("rate_limit", retry_after_s=20),
            "{name: fail-1, times: 1, fail: {kind: rate_limit, retry_after_s: 20}}",
        ),
        (
            lambda s: s.fail(503, message="Busy."),
            "{name: fail-1, times: 1, fail: {kind: http_error, status: 503, message: Busy.}}",
        ),
        (
            lambda s: s.fail(mockserver.SILENT_FAILURES[0]),
            "{name: fail-1, times: 1, fail: {kind: omit, parts: [done]}}",
        ),
        (
            lambda s: s.reply("Long.").fail("truncate", after_tokens=3).fail("encode", {}),
            None,
        ),
        (
            lambda s: (
                s.when(model="gpt-4*", last_user={"contains": "x"}, not_={"stream": True})
                .reply("Y.")
                .fail("truncate", after_tokens=3)
                .fail("reframe", split="byte")
                .latency("flagship-2026", ttft_ms=200)
                .set(step="known")
                .set({"a b": None})
                .capture(city={"last_user": {"regex": "in (\\w+)"}})
                .times(2)
                .per("conversation")
                .named("yes-it-is")
            ),
            (
                "{name: yes-it-is, "
                "when: {model: gpt-4*, last_user: {contains: x}, not: {stream: true}}, "
                "reply: Y., "
                "fail: [{kind: truncate, after_tokens: 3}, {kind: reframe, split: byte}], "
                "latency: {preset: flagship-2026, ttft_ms: 200}, set: {step: known, a b: null}, "
                "capture: {city: {last_user: {regex: 'in (\\w+)'}}}, times: 2, per: conversation}"
            ),
        ),
        (
            lambda s: s.when({"model": "a"}, {"model": "b"}).replies("One.", "Two."),
            "{name: when-1, when: [{model: a}, {model: b}], replies: [One., Two.]}",
        ),
        (
            lambda s: s.latency(ttft_ms=200, per_token_ms={"median": 9, "sigma": 0.3}),
            "{name: latency-1, latency: {ttft_ms: 200, per_token_ms: {median: 9, sigma: 0.3}}}",
        ),
        (
            lambda s: s.outage(provider="openai", from_s=10, to_s=60),
            (
                "{name: outage-1, when: {provider: openai}, "
                "fail: {kind: overloaded, window_s: [10, 60]}}"
            ),
        ),
        (
            lambda s: s.outage(fail=503),
            "{name: outage-1, fail: {kind: http_error, status: 503, window_s: [0, null]}}",
        ),
    ],
)
def test_each_method_says_what_its_key_says(write: Any, written: str | None) -> None:
    script = Script()
    if written is None:
        with pytest.raises(TypeError):
            write(script)
        return
    write(script)

    assert scripted(script) == of_file(f"version: 1\nrules: [{written}]")


def test_state_models_and_limits_are_those_of_a_file() -> None:
    script = Script().model("ft", like="gpt-4o").model("own").state(step="new").state(n=1)
    script.limit("gpt-4*", requests_per_minute=3, keys={"sk-free*": {"concurrency": 1}})

    assert scripted(script) == of_file(
        """
version: 1
models: [{id: ft, like: gpt-4o}, {id: own}]
state: {step: new, n: 1}
limits: {"gpt-4*": {requests_per_minute: 3, keys: {"sk-free*": {concurrency: 1}}}}
"""
    )


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        (WhenKeys, {key.name for key in fields(When)}),
        (LatencyKeys, set(LATENCY_KEYS)),
        (LimitKeys, {key.name for key in fields(Limits)}),
    ],
)
def test_type_checkers_know_the_words_of_the_language(typed: Any, words: set[str]) -> None:
    assert set(get_type_hints(typed)) == words


# --- Errors ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("write", "message"),
    [
        (
            lambda s: s.fail("disconect"),
            "rule 'fail-1': fail: unknown failure kind 'disconect'\n  did you mean 'disconnect'?",
        ),
        (
            lambda s: s.when(modle="x"),
            (
                "rule 'when-1': when.modle: unknown key 'modle' in a condition\n"
                "  did you mean 'model'?"
            ),
        ),
        (
            lambda s: s.reply("x").fail("truncate", after_tokenz=2),
            (
                "rule 'reply-1': fail.after_tokenz: unknown key 'after_tokenz' in failure kind "
                "'truncate'\n  did you mean 'after_tokens'?"
            ),
        ),
        (
            lambda s: s.limit("gpt-4*", requests_per_minut=3),
            (
                "limits: limits.gpt-4*.requests_per_minut: unknown key 'requests_per_minut' in "
                "'limits'\n  did you mean 'requests_per_minute'?"
            ),
        ),
        (
            lambda s: s.load({"rules": [{"repy": "x"}]}),
            "<scenario>: rules[0].repy: unknown key 'repy' in a rule\n  did you mean 'reply'?",
        ),
    ],
)
def test_an_error_names_the_rule_the_path_and_the_nearest_word(write: Any, message: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        write(Script())

    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("write", "message"),
    [
        (lambda s: s.reply("x").reply("y"), "already has 'reply' and cannot take 'reply'"),
        (lambda s: s.when({"model": "a"}, stream=True), "takes keys or alternative mappings"),
        (lambda s: s.reply("x", model={1}), "JSON has no set"),
        (lambda s: s.reply("x", logprobs=[float("nan")]), "not JSON compliant"),
        (lambda s: s.fail(None), "a failure is a kind, a status or a mapping, not None"),
        (lambda s: [s.reply("x").named("reply-2"), s.reply("y")], "two rules are called"),
        (lambda _: call("f", "{}", city="x"), "takes arguments as text or by name"),
        (lambda s: s.load("basics/helo"), "did you mean 'basics/hello'"),
    ],
)
def test_what_python_can_get_wrong_is_refused_in_words(write: Any, message: str) -> None:
    with pytest.raises(UsageError, match=message.replace("(", r"\(")):
        write(Script())


def test_what_was_refused_is_as_if_it_had_not_been_said() -> None:
    script = Script()
    rule = script.reply("Kept.")
    before = script.document()
    with pytest.raises(ScriptError):
        rule.fail("disconect")
    with pytest.raises(ScriptError):
        script.limit("x", nonsense=1)  # type: ignore[call-arg]
    with pytest.raises(ScriptError):
        script.fail("disconect")

    assert script.document() == before
    script.fail(500)
    assert [rule.name for rule in script.rules] == ["reply-1", "fail-2"]


@pytest.mark.parametrize(
    ("endpoint", "reply"),
    [("embeddings", {"kind": "embedding"}), ("moderations", {"kind": "moderation"})],
)
def test_a_rule_for_what_is_computed_is_begun_as_any_other(
    endpoint: str, reply: dict[str, Any]
) -> None:
    script = Script()

    script.when(endpoint=endpoint).reply(reply)

    (rule,) = script.scenario().rules
    assert rule.reply is not None
    assert rule.reply.kind == reply["kind"]


def test_a_condition_alone_says_nothing_and_is_told_of() -> None:
    script = Script()
    rule = script.when(model="gpt-4o")

    assert script.unsaid == (rule,)
    assert script.scenario().rules == ()
    assert "rules" not in script.document()
    rule.reply("Now.")
    assert script.unsaid == ()
    assert len(script.scenario().rules) == 1


# --- YAML ------------------------------------------------------------------------------------

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=40) | st.sampled_from(
    ["on", "1e5", "0x1F", "null", "~", "a: b", "- x", "2026-11-20", "'", "\n", " x "]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)
REPLIES = TEXTS | st.builds(lambda value: {"kind": "json", "value": value}, JSON)
FAILURES = st.sampled_from(
    [
        429,
        "overloaded",
        {"kind": "truncate", "after_tokens": 3},
        {"kind": "rate_limit", "of": "tokens"},
    ]
)


def _write_reply(script: Script, reply: Any, times: int | None, failure: Any) -> None:
    rule = script.reply(reply, times=times)
    if failure is not None:
        rule.fail(failure)


def _write_rule(script: Script, said: str, reply: Any, name: str) -> None:
    script.when(last_user={"contains": said}, headers={"x-test": said}).reply(reply).set(
        {name: said}
    ).per("model")


STEPS = st.lists(
    st.builds(
        lambda r, t, f: lambda s: _write_reply(s, r, t, f),
        REPLIES,
        st.none() | st.integers(1, 9),
        st.none() | FAILURES,
    )
    | st.builds(lambda t, r, n: lambda s: _write_rule(s, t, r, n), TEXTS, REPLIES, TEXTS)
    | st.builds(lambda f: lambda s: s.fail(f), FAILURES)
    | st.builds(lambda r: lambda s: s.replies(*r), st.lists(REPLIES, min_size=1, max_size=3))
    | st.builds(lambda n, v: lambda s: s.state({n: v}), TEXTS, JSON),
    max_size=5,
)


@given(STEPS)
@settings(max_examples=150, deadline=None)
def test_the_yaml_of_a_script_is_a_file_that_does_the_same(steps: list[Any]) -> None:
    script = Script()
    for write in steps:
        try:
            write(script)
        except ScriptError:  # what the language refuses, such as templates in braces, is refused
            continue

    assert of_file(script.to_yaml()) == scripted(script)


def test_the_yaml_has_what_was_loaded_below_what_was_scripted(tmp_path: Path) -> None:
    (tmp_path / "shared.yaml").write_text(
        """
version: 1
include: [more.yaml]
seed: 7
models: [{id: theirs}]
state: {a: 1, b: 2}
rules: [{name: otherwise, reply: "Shared."}]
"""
    )
    (tmp_path / "more.yaml").write_text(
        'version: 1\nseed: 9\nrules: [{name: otherwise, when: {model: x}, reply: "More."}]'
    )
    script = Script().model("mine").state(a=0)
    script.reply("First.").named("otherwise")
    script.load(tmp_path / "shared.yaml")
    read = of_file(script.to_yaml())

    assert [rule.name for rule in read.rules] == ["otherwise", "otherwise-2", "otherwise-3"]
    assert (read.seed, dict(read.state)) == (7, {"a": 0, "b": 2})
    assert list(read.models) == ["mine", "theirs"]


def test_a_text_of_several_lines_is_written_as_such() -> None:
    script = Script()
    script.reply("One.\nTwo.")

    assert "reply: |-\n      One.\n      Two.\n" in script.to_yaml()


def test_whoever_listens_hears_of_each_addition() -> None:
    heard: list[int] = []
    script: Script = Script(lambda: heard.append(len(script.scenario().rules)))
    script.reply("A").fail("truncate")
    script.state(x=1)
    rule = script.when(model="gpt-4o")
    rule.reply("B")

    assert heard == [1, 1, 1, 1, 2]
    assert isinstance(rule, ScriptedRule)
