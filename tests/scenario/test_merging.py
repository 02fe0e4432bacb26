"""Several layers as one scenario, and what tells their rules apart."""

from dataclasses import replace

from mockserver.replies.text import Text
from mockserver.scenario.loader import ScenarioText, load_scenario
from mockserver.scenario.merging import Layer, RuleKey, combined, rule_keys
from mockserver.scenario.schema import Rule, Scenario


def scenario(text: str) -> Scenario:
    return load_scenario(ScenarioText(f"version: 1\n{text}"))


def test_a_rule_is_told_by_its_layer_its_name_and_how_many_are_called_so() -> None:
    one = scenario("rules: [{name: a, reply: A}, {name: b, reply: B}]")
    other = Scenario(rules=(*one.rules, *one.rules))

    assert rule_keys([Layer("above", one), Layer("below", other)]) == (
        RuleKey("above", "a", 1),
        RuleKey("above", "b", 1),
        RuleKey("below", "a", 1),
        RuleKey("below", "b", 1),
        RuleKey("below", "a", 2),
        RuleKey("below", "b", 2),
    )


def test_rules_that_were_put_into_a_scenario_in_python_are_not_lost_in_a_layer() -> None:
    written = scenario("rules: [{name: a, reply: A}]")
    added = Rule(name="b", reply=Text(text="B"))
    changed = replace(written, rules=(*written.rules, added))

    both = combined(changed, scenario("rules: [{name: c, reply: C}]"))

    assert [rule.name for rule in both.rules] == ["a", "b", "c"]
    assert len(rule_keys([Layer("x", changed)])) == 2
