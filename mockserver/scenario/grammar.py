"""The forms of the language that a type alone does not tell: short forms, kinds, rules, models.

Everything else is told by the fields of `mockserver.scenario.schema`, of the tests and of the
plug-ins, and read by `mockserver.scenario.build`.
"""

import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from mockserver.contracts import UNSTATED, Failure, Reply, Unstated
from mockserver.errors import Place, Problem, did_you_mean
from mockserver.plugins import Plugins
from mockserver.scenario.build import INVALID, Builder, known_words
from mockserver.scenario.criteria import OneOrMore, Regex
from mockserver.scenario.matching import Condition, Conjunction
from mockserver.scenario.nodes import ListNode, MapNode, Member, Node, ScalarNode
from mockserver.scenario.schema import Defaults, Rule, Step, triggered
from mockserver.scenario.when import When

FOREIGN_WORDS: Final[Mapping[str, str]] = {
    "priority": "the order of the rules: what is read first wins",
    "inScenario": "a condition of its own: 'when'",
    "userMessage": "'last_user'",
    "turnIndex": "'turn'",
    "sequenceIndex": "'call'",
    "hasToolResult": "'after_tool'",
    "toolCallId": "'id' of 'after_tool'",
    "side_effect": "'replies'",
    "match": "'when'",
    "response": "'reply'",
    "responses": "'replies'",
    "fault": "'fail'",
    "delay": "'delay_ms' of a failure",
}
"""Keys of other tools (WireMock, MockServer, aimock, respx, unittest.mock), and ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Models:
    """Which models are known besides the catalogue."""

    stated: Mapping[str, str | None] = field(default_factory=dict[str, str | None])
    any_model: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelEntry:
    """A model known besides the catalogue: its name, and the known model it is like."""

    id: str
    like: str | Unstated = UNSTATED


@dataclass(frozen=True, slots=True, kw_only=True)
class ScenarioFile:
    """What one file says."""

    version: Literal[1]
    description: str | Unstated = UNSTATED
    provider: str | Unstated = UNSTATED
    seed: int | Unstated = UNSTATED
    defaults: Defaults = field(default_factory=Defaults)
    models: Models = field(default_factory=Models)
    rules: tuple[Rule, ...] = ()


def read_file(root: Node, plugins: Plugins) -> tuple[ScenarioFile | None, list[Problem]]:
    """Return what the file with the node *root* says, and its problems, warnings included.

    There is a file only if no problem is an error.
    """
    grammar = _Grammar(plugins)
    value = grammar.builder.record(ScenarioFile, root, called="a scenario")
    return (None if value is INVALID else value), grammar.builder.problems


class _Grammar:
    """The readers of one file."""

    def __init__(self, plugins: Plugins) -> None:
        self._plugins = plugins
        self.builder = Builder(
            {
                Condition: self._condition,
                Failure: self._failure,
                Models: self._models,
                Regex: self._regex,
                Reply: self._reply,
                Step: self._step,
                tuple[Rule, ...]: self._rules,
            },
            FOREIGN_WORDS,
        )

    # --- Rules ---

    def _rules(self, node: Node) -> Any:
        if not isinstance(node, ListNode):
            return self.builder.expected("a list", node)
        rules: list[Any] = []
        named: dict[str, Place] = {}
        for number, item in enumerate(node.items, 1):
            rule = self._rule(item, number)
            if (
                isinstance(rule, Rule)
                and (first := named.setdefault(rule.name, item.place)) is not item.place
            ):
                member = item.get("name") if isinstance(item, MapNode) else None
                place = member.value.place if member else item.place
                what = f"a second rule is called '{rule.name}': the first is in line {first.line}"
                rule = self.builder.refuse(place, what)
            rules.append(rule)
        return INVALID if INVALID in rules else tuple(rules)

    def _rule(self, node: Node, number: int) -> Any:
        if not isinstance(node, MapNode):
            return self.builder.expected("a rule, which is a mapping", node)
        before = len(self.builder.problems)
        self._refuse_nothing(node, ("reply", "replies", "fail", "when"))
        then, replies = node.get("then"), node.get("replies")
        if then is not None and replies is None:
            hint = "it says what follows the last of 'replies'"
            self.builder.refuse(then.place, "'then' stands without 'replies'", hint)
        if replies is not None and isinstance(replies.value, ListNode) and not replies.value.items:
            self.builder.refuse(replies.value.place, "the list is empty")
        rule = self.builder.record(
            Rule,
            node,
            called="a rule",
            given={"place": node.place},
            defaults={"name": f"rule-{number}"},
        )
        refused = any(p.severity == "error" for p in self.builder.problems[before:])
        return INVALID if refused else rule

    def _refuse_nothing(self, node: MapNode, keys: tuple[str, ...]) -> None:
        """Refuse a key whose value was forgotten: the rule would mean something else."""
        for key in keys:
            member = node.get(key)
            if member and isinstance(member.value, ScalarNode) and member.value.value is None:
                self.builder.refuse(member.place, f"'{key}' has no value")

    def _condition(self, node: Node) -> Any:
        alternatives = self.builder.build(OneOrMore[When], node)
        if alternatives is INVALID:
            return INVALID
        return Condition(tuple(map(Conjunction, alternatives)))

    def _step(self, node: Node) -> Any:
        """Return a step of `replies`: a reply, or a mapping of `reply` and `fail`."""
        builder = self.builder
        if not isinstance(node, MapNode) or node.get("kind"):
            reply = self._reply(node)
            return INVALID if reply is INVALID else Step(reply)
        keys = {"reply": Reply, "fail": OneOrMore[Failure]}
        self._refuse_nothing(node, tuple(keys))
        values: dict[str, Any] = {}
        for member in node.members:
            if member.key in keys:
                values[member.key] = builder.build(keys[member.key], member.value)
            else:
                builder.unknown_key(member.key, member.place, keys, "a step")
                values[member.key] = INVALID
        if INVALID in values.values():
            return INVALID
        step = Step(values.get("reply"), values.get("fail", ()))
        if step.reply is None and not any(f.replaces and not triggered(f) for f in step.failures):
            hint = "give it a 'reply', or a failure that takes its place each time"
            return builder.refuse(node.place, "this step may have nothing to send", hint)
        return step

    # --- Replies and failures ---

    def _reply(self, node: Node) -> Any:
        if isinstance(node, ScalarNode) and isinstance(node.value, str):
            node = _mapping(node, kind="text", text=node.value)
        if not isinstance(node, MapNode):
            return self.builder.expected("a reply, which is text or a mapping", node)
        return self._of_kind("reply", self._plugins.replies, node)

    def _failure(self, node: Node) -> Any:
        if isinstance(node, ScalarNode) and isinstance(node.value, str):
            node = _mapping(node, kind=node.value)
        elif isinstance(node, ScalarNode) and type(node.value) is int:
            node = _mapping(node, kind="http_error", status=node.value)
        if not isinstance(node, MapNode):
            wanted = "a failure, which is a kind, a status or a mapping"
            return self.builder.expected(wanted, node)
        return self._of_kind("failure", self._plugins.failures, node)

    def _of_kind(self, socket: str, plugins: Mapping[str, type[Any]], node: MapNode) -> Any:
        """Return the reply or failure that *node* tells of, by its `kind`."""
        member = node.get("kind")
        if member is None:
            return self.builder.refuse(
                node.place, f"the key 'kind' of a {socket} is missing", known_words(plugins)
            )
        kind = self.builder.build(str, member.value)
        if kind is INVALID:
            return INVALID
        if kind not in plugins:
            hint = did_you_mean(kind, plugins) or known_words(plugins)
            return self.builder.refuse(member.value.place, f"unknown {socket} kind '{kind}'", hint)
        rest = MapNode(node.place, tuple(m for m in node.members if m is not member))
        return self.builder.record(plugins[kind], rest, called=f"{socket} kind '{kind}'")

    # --- Values ---

    def _models(self, node: Node) -> Any:
        if isinstance(node, ScalarNode) and node.value == "any":
            return Models(any_model=True)
        if not isinstance(node, ListNode):
            return self.builder.expected("a list of models, or 'any'", node)
        entries = self.builder.build(tuple[ModelEntry, ...], node)
        if entries is INVALID:
            return INVALID
        stated: dict[str, str | None] = {}
        for entry, item in zip(entries, node.items, strict=True):
            if entry.id in stated:
                self.builder.refuse(item.place, f"the model '{entry.id}' is there twice")
            stated[entry.id] = None if isinstance(entry.like, Unstated) else entry.like
        return Models(stated=stated)

    def _regex(self, node: Node) -> Any:
        regex = self.builder.build(str, node)
        if regex is INVALID:
            return INVALID
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of what may mean something else in later Pythons
                re.compile(regex)
        except (re.error, OverflowError, RecursionError) as error:
            return self.builder.refuse(node.place, f"this is no regular expression: {error}")
        return regex


def _mapping(node: ScalarNode, **values: str | int) -> MapNode:
    """Return the mapping that *node* is short for."""
    return MapNode(
        node.place,
        tuple(
            Member(key, node.place, ScalarNode(node.place, value, str(value)))
            for key, value in values.items()
        ),
    )
