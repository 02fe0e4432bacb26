from collections.abc import Callable
from dataclasses import replace

import pytest
from scenario_fakes import (
    Call,
    ChoicesReply,
    DisconnectFailure,
    HttpErrorFailure,
    JsonReply,
    RateLimitFailure,
    TextReply,
    ToolCallsReply,
    TruncateFailure,
    UnreadableReply,
)

from mockserver.contracts import UNSTATED, Failure, Reply
from mockserver.conversation import StatedUsage
from mockserver.errors import Place
from mockserver.plugins import Plugins
from mockserver.scenario.conditions.matching import ALWAYS
from mockserver.scenario.loader import ScenarioText, load_scenario
from mockserver.scenario.schema import Defaults, Rule, Scenario, Step

THEN = "'refuse', 'repeat_last', 'cycle' or 'pass'"
A_FAILURE = "a failure (a kind, a status or a mapping)"

Load = Callable[..., Scenario]
ProblemsOf = Callable[[str], list[str]]


def file_of(rule: str) -> str:
    """Return a file with one rule, whose keys begin in line 3, column 5."""
    return f"version: 1\nrules:\n  - {rule}\n"


def only_rule(load: Load, rule: str) -> Rule:
    return load(file_of(rule)).rules[0]


# --- The file --------------------------------------------------------------------------------


def test_a_file_that_says_nothing_but_its_version_is_the_empty_scenario(load: Load) -> None:
    assert load("version: 1") == Scenario()


def test_all_keys_of_a_file_are_read(load: Load) -> None:
    scenario = load(
        """
        version: 1
        description: All keys.
        provider: azure
        seed: 7
        defaults:
          headers: {x-region: eu}
          system_fingerprint: fp_1
        models:
          - {id: my-model, like: gpt-4o-mini}
          - {id: other}
        rules:
          - {name: hi, reply: Hi.}
        """
    )

    assert scenario == Scenario(
        description="All keys.",
        provider="azure",
        seed=7,
        defaults=Defaults(headers={"x-region": "eu"}, system_fingerprint="fp_1"),
        models={"my-model": "gpt-4o-mini", "other": None},
        rules=(Rule(name="hi", reply=TextReply(text="Hi."), place=Place("1.yaml", 13, 13)),),
    )


def test_a_null_fingerprint_is_another_thing_than_none_stated(load: Load) -> None:
    stated = load("{version: 1, defaults: {system_fingerprint: null}}")

    assert stated.defaults.system_fingerprint is None
    assert load("version: 1").defaults.system_fingerprint is UNSTATED


def test_any_model_may_be_known(load: Load) -> None:
    assert load("{version: 1, models: any}").any_model


def test_models_are_known_by_models_and_by_rules_without_wildcard(load: Load) -> None:
    scenario = load(
        """
        version: 1
        models: [{id: stated, like: gpt-4o}]
        rules:
          - when: {model: [in-a-rule, "no-name-*", stated]}
          - when: [{model: {equals: in-a-mapping}}, {not: {model: under-not}}]
          - when: {model: {not: in-the-test, contains: no-name}}
        """
    )

    assert scenario.known_models() == {
        "stated": "gpt-4o",
        "in-a-rule": None,
        "in-a-mapping": None,
        "under-not": None,
        "in-the-test": None,
    }


# --- Rules -----------------------------------------------------------------------------------


def test_a_rule_without_keys_of_its_own_holds_always_and_does_nothing(load: Load) -> None:
    rule = only_rule(load, "{}")

    assert rule == Rule(name="rule-1", place=Place("1.yaml", 3, 5))
    assert rule.when is not None
    assert rule.when == ALWAYS


def test_rules_are_called_by_their_number_unless_named(load: Load) -> None:
    scenario = load("{version: 1, rules: [{}, {name: two}, {}]}")

    assert [rule.name for rule in scenario.rules] == ["rule-1", "two", "rule-3"]


def test_all_keys_of_a_rule_are_read(load: Load) -> None:
    rule = only_rule(
        load,
        "{name: all, when: {stream: true}, times: 2, replies: [A, B], then: cycle, fail: 503}",
    )

    assert rule.times == 2
    assert rule.then == "cycle"
    assert rule.replies == (Step(TextReply(text="A")), Step(TextReply(text="B")))
    assert rule.fail == (HttpErrorFailure(status=503),)
    assert rule.when.alternatives[0].when.stream is True


FILE_KEYS = [
    *("version", "description", "provider", "seed", "strict", "include", "models", "keys"),
    *("retired", "limits", "caching", "defaults", "state", "redact", "rules"),
]


@pytest.mark.parametrize(
    ("written", "reply"),
    [
        pytest.param("Hi.", TextReply(text="Hi."), id="a bare text"),
        pytest.param("{kind: text, text: Hi.}", TextReply(text="Hi."), id="a text in full"),
        pytest.param(
            "{kind: text, text: '', finish_reason: length, model: m, reasoning: Hm., exact: true,"
            " headers: {a: b}, system_fingerprint: fp, usage: {cached_tokens: 3}}",
            TextReply(
                text="",
                finish_reason="length",
                model="m",
                reasoning="Hm.",
                exact=True,
                headers={"a": "b"},
                system_fingerprint="fp",
                usage=StatedUsage(cached_tokens=3),
            ),
            id="all keys of any reply",
        ),
        pytest.param(
            "{kind: text, text: Hi., usage: null}",
            TextReply(text="Hi.", usage=None),
            id="a bill that is null",
        ),
        pytest.param(
            "{kind: tool_calls, calls: [{name: a, arguments: {city: Paris, days: [1, 2.5]}}]}",
            ToolCallsReply(calls=(Call(name="a", arguments={"city": "Paris", "days": [1, 2.5]}),)),
            id="arguments as an object",
        ),
        pytest.param(
            "{kind: tool_calls, calls: [{name: a, arguments: '{\"city', id: call_1}], text: Hm.}",
            ToolCallsReply(calls=(Call(name="a", arguments='{"city', id="call_1"),), text="Hm."),
            id="arguments as a text that is no JSON",
        ),
        pytest.param(
            "{kind: json, value: {a: [null, true, 1, 2.5, x]}}",
            JsonReply(value={"a": [None, True, 1, 2.5, "x"]}),
            id="any JSON",
        ),
        pytest.param("{kind: json, value: null}", JsonReply(value=None), id="JSON that is null"),
        pytest.param(
            "{kind: choices, choices: [A, {kind: json, value: 1}, {kind: choices, choices: []}]}",
            ChoicesReply(
                choices=(TextReply(text="A"), JsonReply(value=1), ChoicesReply(choices=()))
            ),
            id="replies within a reply",
        ),
    ],
)
def test_a_reply_is_read(written: str, reply: Reply, load: Load) -> None:
    assert only_rule(load, f"reply: {written}").reply == reply


@pytest.mark.parametrize(
    ("written", "failures"),
    [
        pytest.param("503", [HttpErrorFailure(status=503)], id="a status"),
        pytest.param("disconnect", [DisconnectFailure()], id="a kind"),
        pytest.param(
            "{kind: disconnect, how: fin, after_tokens: 3, delay_ms: 20}",
            [DisconnectFailure(how="fin", after_tokens=3, delay_ms=20)],
            id="kind, option, moment",
        ),
        pytest.param(
            "{kind: rate_limit, retry_after_s: 20, times: 2, every: 3, calls: [1, 2],"
            " probability: 0.5, at: end}",
            [
                RateLimitFailure(
                    retry_after_s=20, times=2, every=3, calls=(1, 2), probability=0.5, at="end"
                )
            ],
            id="all triggers",
        ),
        pytest.param(
            "{kind: rate_limit, retry_after_s: soon}",
            [RateLimitFailure(retry_after_s="soon")],
            id="a key that takes numbers or text",
        ),
        pytest.param(
            "[503, disconnect, {kind: truncate}]",
            [HttpErrorFailure(status=503), DisconnectFailure(), TruncateFailure()],
            id="a list",
        ),
    ],
)
def test_a_failure_is_read(written: str, failures: list[Failure], load: Load) -> None:
    assert only_rule(load, f"fail: {written}").fail == tuple(failures)


@pytest.mark.parametrize(
    ("written", "step"),
    [
        pytest.param("A", Step(TextReply(text="A")), id="a text"),
        pytest.param("{kind: json, value: 1}", Step(JsonReply(value=1)), id="a reply"),
        pytest.param("{reply: A}", Step(TextReply(text="A")), id="a reply under its key"),
        pytest.param("{fail: 503}", Step(None, (HttpErrorFailure(status=503),)), id="a failure"),
        pytest.param(
            "{fail: [truncate, 503]}",
            Step(None, (TruncateFailure(), HttpErrorFailure(status=503))),
            id="failures, one of which takes the answer's place",
        ),
        pytest.param(
            "{reply: A, fail: {kind: truncate, probability: 0.5}}",
            Step(TextReply(text="A"), (TruncateFailure(probability=0.5),)),
            id="a reply and a failure that bends it",
        ),
    ],
)
def test_a_step_is_read(written: str, step: Step, load: Load) -> None:
    assert only_rule(load, f"replies: [{written}]").replies == (step,)


# --- What is refused -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        pytest.param(
            "",
            ["a.yaml:1:1: missing key 'version' in a scenario", "  write 'version: 1'"],
            id="an empty file",
        ),
        pytest.param("- 1", ["a.yaml:1:1: expected a mapping, got a list"], id="a list as file"),
        pytest.param("hello", ["a.yaml:1:1: expected a mapping, got the text 'hello'"], id="text"),
        pytest.param("version: 2", ["a.yaml:1:10: expected 1, got the number 2"], id="version 2"),
        pytest.param(
            "version: '1'", ["a.yaml:1:10: expected 1, got the text '1'"], id="the version as text"
        ),
        pytest.param("version: true", ["a.yaml:1:10: expected 1, got true"], id="true is not 1"),
        pytest.param(
            "verson: 1",
            ["a.yaml:1:1: unknown key 'verson' in a scenario", "  did you mean 'version'?"],
            id="a misspelt key that must be there is one mistake",
        ),
        pytest.param(
            "{version: 1, zzz: 1}",
            [
                "a.yaml:1:14: unknown key 'zzz' in a scenario",
                f"  known here: {', '.join(FILE_KEYS)}",
            ],
            id="an unknown key that resembles none",
        ),
        pytest.param(
            "{version: 1, description: 42}",
            ["a.yaml:1:27: expected text, got the number 42: put it in quotes"],
            id="a number as text",
        ),
        pytest.param(
            "{version: 1, description: true}",
            ["a.yaml:1:27: expected text, got true: put it in quotes"],
            id="a boolean as text",
        ),
        pytest.param(
            "{version: 1, description: }",
            ["a.yaml:1:27: expected text, got nothing"],
            id="a text that was forgotten",
        ),
        pytest.param(
            "{version: 1, seed: 1.5}",
            ["a.yaml:1:20: expected a whole number, got the number 1.5"],
            id="half a seed",
        ),
        pytest.param(
            "{version: 1, seed: no}",
            [
                "a.yaml:1:20: 'no' is text to some YAML readers and a boolean to others",
                '  write false, or "no" in quotes',
            ],
            id="a value that was refused while it was read is told of once",
        ),
        pytest.param(
            "{version: 1, provider: azur}",
            ["a.yaml:1:24: unknown provider 'azur'", "  did you mean 'azure'?"],
            id="an unknown provider",
        ),
        pytest.param(
            "{version: 1, defaults: {header: {}}}",
            ["a.yaml:1:25: unknown key 'header' in 'defaults'", "  did you mean 'headers'?"],
            id="an unknown default",
        ),
        pytest.param(
            '{version: 1, defaults: {headers: {a b: c, d: "e\\nf"}}}',
            [
                "a.yaml:1:35: 'a b' is not a valid header name",
                "a.yaml:1:46: the value of the header 'd' contains a control character",
            ],
            id="headers that cannot be sent",
        ),
        pytest.param(
            "{version: 1, models: all}",
            ["a.yaml:1:22: expected a list of models, or 'any', got the text 'all'"],
            id="models that are no list",
        ),
        pytest.param(
            "{version: 1, models: [gpt]}",
            ["a.yaml:1:23: expected a mapping, got the text 'gpt'"],
            id="a model by its name alone",
        ),
        pytest.param(
            "{version: 1, models: [{id: a, like: gpt-4o-minni}]}",
            ["a.yaml:1:37: unknown model 'gpt-4o-minni'", "  did you mean 'gpt-4o-mini'?"],
            id="a model like one that nobody knows",
        ),
        pytest.param(
            "{version: 1, models: [{id: a}, {id: a}]}",
            ["a.yaml:1:32: the model 'a' is listed twice"],
            id="a model twice",
        ),
        pytest.param(
            "{version: 1, rules: }",
            ["a.yaml:1:21: expected a list, got nothing"],
            id="rules that were forgotten",
        ),
        pytest.param(
            "{version: 1, rules: [hello]}",
            ["a.yaml:1:22: expected a rule (a mapping), got the text 'hello'"],
            id="a rule that is text",
        ),
        pytest.param(
            "{version: 1, rules: [{name: a}, {name: a}]}",
            ["a.yaml:1:40: two rules are called 'a': the first is on line 1"],
            id="a name twice",
        ),
        pytest.param(
            "{version: 1, rules: [&x {name: a}, *x]}",
            ["a.yaml:1:32: two rules are called 'a': the first is on line 1"],
            id="a name twice by an alias",
        ),
        pytest.param(
            "{version: 1, rules: [{name: rule-2}, {}]}",
            ["a.yaml:1:38: two rules are called 'rule-2': the first is on line 1"],
            id="a name that another rule has by its number",
        ),
    ],
)
def test_a_file_is_refused(text: str, lines: list[str], problems_of: ProblemsOf) -> None:
    assert problems_of(text) == lines


@pytest.mark.parametrize(
    ("rule", "lines"),
    [
        pytest.param(
            "{whne: {}}",
            ["a.yaml:3:6: unknown key 'whne' in a rule", "  did you mean 'when'?"],
            id="an unknown key",
        ),
        pytest.param(
            "{priority: 1}",
            [
                "a.yaml:3:6: unknown key 'priority' in a rule",
                "  here it is the order of the rules: the first that answers wins",
            ],
            id="a key of another tool",
        ),
        pytest.param(
            "{name: My Rule}",
            [
                "a.yaml:3:6: the rule name 'My Rule' is not in kebab-case",
                "  write 'my-rule'",
            ],
            id="a name in another case",
        ),
        pytest.param(
            "{name: ''}",
            ["a.yaml:3:6: the rule name '' is not in kebab-case"],
            id="an empty name",
        ),
        pytest.param(
            "{times: 0}",
            ["a.yaml:3:6: 'times' must be at least 1, not 0"],
            id="a rule that never acts",
        ),
        pytest.param(
            "{times: twice}",
            ["a.yaml:3:13: expected a whole number, got the text 'twice'"],
            id="a number in words",
        ),
        pytest.param(
            "{reply: A, replies: [B]}",
            [
                "a.yaml:3:16: 'reply' and 'replies' cannot be combined",
                "  'reply' answers every call the same way; 'replies' has one answer per call",
            ],
            id="reply with replies",
        ),
        pytest.param(
            "{reply: A, then: cycle}",
            [
                "a.yaml:3:16: 'then' needs 'replies'",
                "  it says what follows the last reply",
            ],
            id="then without replies",
        ),
        pytest.param(
            "{replies: [A], then: repeat}",
            [
                f"a.yaml:3:26: expected {THEN}, got the text 'repeat'",
                "  did you mean 'repeat_last'?",
            ],
            id="an unknown word",
        ),
        pytest.param("{replies: []}", ["a.yaml:3:15: the list is empty"], id="no replies at all"),
        pytest.param(
            "{replies: A}",
            ["a.yaml:3:15: expected a list, got the text 'A'"],
            id="replies that are no list",
        ),
        pytest.param(
            "{reply: }",
            ["a.yaml:3:13: expected a reply (text or a mapping), got nothing"],
            id="a reply that was forgotten",
        ),
        pytest.param(
            "{reply: 42}",
            ["a.yaml:3:13: expected a reply (text or a mapping), got the number 42"],
            id="a number as reply",
        ),
        pytest.param(
            "{reply: {text: Hi.}}",
            [
                "a.yaml:3:13: missing key 'kind' in a reply",
                "  known here: text, tool_calls, json, choices, odd",
            ],
            id="a reply without kind",
        ),
        pytest.param(
            "{reply: {kind: txt, text: Hi.}}",
            ["a.yaml:3:20: unknown reply kind 'txt'", "  did you mean 'text'?"],
            id="an unknown kind of reply",
        ),
        pytest.param(
            "{reply: {kind: 1}}",
            ["a.yaml:3:20: expected text, got the number 1: put it in quotes"],
            id="a kind that is a number",
        ),
        pytest.param(
            "{reply: {kind: text}}",
            ["a.yaml:3:13: missing key 'text' in reply kind 'text'"],
            id="a key that must be there",
        ),
        pytest.param(
            "{reply: {kind: text, text: Hi., txet: Ho.}}",
            ["a.yaml:3:37: unknown key 'txet' in reply kind 'text'", "  did you mean 'text'?"],
            id="an unknown key of a reply",
        ),
        pytest.param(
            "{reply: {kind: text, text: 18}}",
            ["a.yaml:3:32: expected text, got the number 18: put it in quotes"],
            id="a text that is a number",
        ),
        pytest.param(
            "{fail: {kind: disconnect,     how: fine}}",
            [
                "a.yaml:3:40: expected 'rst' or 'fin', got the text 'fine'",
                "  did you mean 'fin'?",
            ],
            id="an unknown word with a known one near it",
        ),
        pytest.param(
            "{reply: {kind: text, text: Hi., usage: {prompt_token: 1}}}",
            ["a.yaml:3:45: unknown key 'prompt_token'", "  did you mean 'prompt_tokens'?"],
            id="an unknown key of a nested value",
        ),
        pytest.param(
            "{reply: {kind: text, text: Hi., headers: {x: 1}}}",
            ["a.yaml:3:50: expected text, got the number 1: put it in quotes"],
            id="a header that is a number",
        ),
        pytest.param(
            "{reply: {kind: tool_calls, calls: [{name: a, arguments: 3}]}}",
            ["a.yaml:3:61: expected a mapping or text, got the number 3"],
            id="arguments that are neither",
        ),
        pytest.param(
            "{reply: {kind: choices, choices: [A, 1, {kind: txt}]}}",
            [
                "a.yaml:3:42: expected a reply (text or a mapping), got the number 1",
                "a.yaml:3:52: unknown reply kind 'txt'",
                "  did you mean 'text'?",
            ],
            id="replies within a reply",
        ),
        pytest.param(
            "{fail: disconect}",
            ["a.yaml:3:12: unknown failure kind 'disconect'", "  did you mean 'disconnect'?"],
            id="an unknown kind of failure",
        ),
        pytest.param(
            "{fail: 999}",
            ["a.yaml:3:12: 999 is no status", "  say 200 to 599"],
            id="a status that its kind refuses",
        ),
        pytest.param(
            "{fail: {kind: http_error, status: 999}}",
            ["a.yaml:3:31: 999 is no status", "  say 200 to 599"],
            id="a value that its kind refuses, at the key",
        ),
        pytest.param(
            "{fail: 50.3}",
            [
                f"a.yaml:3:12: expected {A_FAILURE}, got the number 50.3",
            ],
            id="half a status",
        ),
        pytest.param("{fail: []}", ["a.yaml:3:12: the list is empty"], id="no failures"),
        pytest.param(
            "{fail: [503, {kind: disconnect, how: hard}]}",
            ["a.yaml:3:42: expected 'rst' or 'fin', got the text 'hard'"],
            id="an unknown option",
        ),
        pytest.param(
            "{fail: {kind: disconnect, at: end, after_tokens: 3}}",
            ["a.yaml:3:40: a failure has one moment: 'at' or 'after_tokens'"],
            id="two moments",
        ),
        pytest.param(
            "{fail: {kind: http_error, status: 503, headers: {'': x}}}",
            ["a.yaml:3:54: '' is not a valid header name"],
            id="headers of a failure that cannot be sent",
        ),
        pytest.param(
            "{replies: [{fail: truncate}]}",
            [
                "a.yaml:3:16: this step may have nothing to send",
                "  add a 'reply', or a failure that always replaces it",
            ],
            id="a step whose failure needs an answer to bend",
        ),
        pytest.param(
            "{replies: [{fail: {kind: disconnect, probability: 0.5}}]}",
            [
                "a.yaml:3:16: this step may have nothing to send",
                "  add a 'reply', or a failure that always replaces it",
            ],
            id="a step whose failure may not strike",
        ),
        pytest.param(
            "{replies: [{}]}",
            [
                "a.yaml:3:16: this step may have nothing to send",
                "  add a 'reply', or a failure that always replaces it",
            ],
            id="a step of nothing",
        ),
        pytest.param(
            "{replies: [{text: Hi.}]}",
            [
                "a.yaml:3:17: unknown key 'text' in a step",
                "  known here: kind, reply, fail, latency",
            ],
            id="a reply without kind among steps",
        ),
        pytest.param(
            "{when: }",
            ["a.yaml:3:12: expected a mapping, got nothing"],
            id="a condition that was forgotten",
        ),
        pytest.param("{when: []}", ["a.yaml:3:12: the list is empty"], id="none of no conditions"),
    ],
)
def test_a_rule_is_refused(rule: str, lines: list[str], problems_of: ProblemsOf) -> None:
    assert problems_of(file_of(rule)) == lines


def test_all_problems_of_a_file_are_told_at_once_in_its_order(problems_of: ProblemsOf) -> None:
    lines = problems_of(
        """version: 1
seed: x
rules:
  - fail: disconect
    reply: {kind: text}
  - name: B
description: yes
"""
    )

    assert [line.split(" ")[0] for line in lines if not line.startswith(" ")] == [
        "a.yaml:2:7:",
        "a.yaml:4:11:",
        "a.yaml:5:12:",
        "a.yaml:6:5:",
        "a.yaml:7:14:",
    ]


@pytest.mark.parametrize(
    ("reply", "lines"),
    [
        pytest.param("number: 1", None, id="a whole number where any number fits"),
        pytest.param("number: 1.5", None, id="a number"),
        pytest.param("number: null", None, id="null where a number may be left out"),
        pytest.param("window: [1, null]", None, id="a pair, the second of which may be null"),
        pytest.param("how: 3", None, id="a word or a number"),
        pytest.param("null_or_not: null", None, id="null where it means something"),
        pytest.param("as: x", None, id="a key that is a word of Python"),
        pytest.param(
            "number: x",
            ["expected a number, got the text 'x'"],
            id="text where a number is wanted",
        ),
        pytest.param("window: [1]", ["expected a list of 2 values, got 1"], id="half a pair"),
        pytest.param("window: 1", ["expected a list, got the number 1"], id="no pair at all"),
        pytest.param(
            "how: bend",
            ["expected 'plain' or 'bent', got the text 'bend'", "did you mean 'bent'?"],
            id="a word that is not known, where a number would do",
        ),
        pytest.param(
            "how: [1]",
            ["expected 'plain' or 'bent' or a whole number, got a list"],
            id="neither word nor number",
        ),
        pytest.param(
            "as_: x",
            ["unknown key 'as_' in reply kind 'odd'", "did you mean 'as'?"],
            id="a field's name",
        ),
        pytest.param(
            "as: nonsense", ["nonsense is not taken"], id="what only the constructor knows"
        ),
    ],
)
def test_keys_of_plugins_are_read_by_their_annotations(
    reply: str, lines: list[str] | None, load: Load, problems_of: ProblemsOf
) -> None:
    text = file_of(f"reply: {{kind: odd, {reply}}}")

    if lines is None:
        assert load(text).rules[0].reply is not None
    else:
        found = [line.split(": ", 1)[-1].strip() for line in problems_of(text)]
        assert [line.removeprefix("  ") for line in found] == lines


def test_a_plugin_whose_annotation_cannot_be_read_is_named(plugins: Plugins) -> None:
    source = ScenarioText(file_of("reply: {kind: unreadable, moment: {at: x}}"))
    mine = replace(plugins, replies={"unreadable": UnreadableReply})

    with pytest.raises(TypeError, match=r"of <class '.*UnreadableReply'> cannot be read from YAML"):
        load_scenario(source, plugins=mine)
