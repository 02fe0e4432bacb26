"""The forms of the language that types alone do not define: short forms, kinds, rules.

Everything else is defined by the fields of `mockserver.scenario.schema`, of the tests and of the
plug-ins, and read by `mockserver.scenario.build`.
"""

from collections.abc import Mapping
from typing import Any, Final

from mockserver.contracts import Failure, ModelEndpoint, OneOrMore, Reply, SelectiveReply
from mockserver.errors import Place, Problem
from mockserver.plugins import Plugins
from mockserver.scenario.actions import Setting
from mockserver.scenario.beside import Beside
from mockserver.scenario.build import INVALID, Builder, Reader
from mockserver.scenario.conditions.matching import Condition, Conjunction
from mockserver.scenario.conditions.when import When
from mockserver.scenario.reach import answerable, can_answer, endpoints_of
from mockserver.scenario.schema import Include, Rule, ScenarioFile, Step, Strict, triggered
from mockserver.scenario.syntax.nodes import (
    ListNode,
    MapNode,
    Member,
    Node,
    ScalarNode,
    is_nothing,
    place_of,
)
from mockserver.scenario.syntax.wording import either, known_words
from mockserver.scenario.values import Values
from mockserver.traffic.latency import Latency

FOREIGN_WORDS: Final[Mapping[str, str]] = {
    "priority": "the order of the rules: the first that answers wins",
    "inScenario": "a condition of its own: 'when'",
    "userMessage": "'latest_user'",
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


def read_file(
    root: Node, plugins: Plugins, beside: Beside
) -> tuple[ScenarioFile | None, list[Problem]]:
    """Return what the file with the node *root* states, and its problems, warnings included.

    There is a file only if no problem is an error. The files that it names are *beside* it.
    """
    grammar = _Grammar(plugins, beside)
    value = grammar.builder.record(ScenarioFile, root)
    return (None if value is INVALID else value), grammar.builder.problems


class _Grammar:
    """The readers of one file."""

    def __init__(self, plugins: Plugins, beside: Beside) -> None:
        self._plugins = plugins
        readers: dict[Any, Reader] = {
            Condition: self._condition,
            Failure: self._failure,
            Include: self._include,
            Reply: self._reply,
            Setting: self._setting,
            Step: self._step,
            Strict: self._strict,
            tuple[Rule, ...]: self._rules,
        }
        self.builder = Builder(readers, FOREIGN_WORDS)
        self._values = Values(self.builder, plugins, beside)
        readers.update(self._values.readers())

    # --- Rules ---

    def _rules(self, node: Node) -> Any:
        if not isinstance(node, ListNode):
            return self.builder.expected("a list", node)
        rules: list[Any] = []
        named: dict[str, Place] = {}
        for number, item in enumerate(node.items, 1):
            rule = self._rule(item, number)
            if isinstance(rule, Rule) and rule.name in named:
                line = named[rule.name].line
                what = f"two rules are called '{rule.name}': the first is on line {line}"
                rule = self.builder.refuse(place_of(rule.name, item), what)
            elif isinstance(rule, Rule):
                named[rule.name] = item.place
            rules.append(rule)
        return INVALID if INVALID in rules else tuple(rules)

    def _rule(self, node: Node, number: int) -> Any:
        if not isinstance(node, MapNode):
            return self.builder.expected("a rule (a mapping)", node)
        before = len(self.builder.problems)
        reply, replies, then = node.get("reply"), node.get("replies"), node.get("then")
        if reply is not None and is_nothing(reply.value):
            # A null is read as absence elsewhere; here it is a reply that was forgotten.
            self._reply(reply.value)
        if then is not None and replies is None and not self._is_selective(reply):
            hint = "it says what follows the last reply"
            self.builder.refuse(then.place, "'then' needs 'replies'", hint)
        if replies is not None and isinstance(replies.value, ListNode) and not replies.value.items:
            self.builder.refuse(replies.value.place, "the list is empty")
        rule = self.builder.record(
            Rule,
            node,
            given={"place": node.place},
            defaults={"name": f"rule-{number}"},
        )
        if isinstance(rule, Rule):
            object.__setattr__(rule, "written", node)
            self._refuse_idle_replies(rule, node)
        refused = any(p.severity == "error" for p in self.builder.problems[before:])
        return INVALID if refused else rule

    def _is_selective(self, reply: Member | None) -> bool:
        """Return whether *reply* is of a kind that has several answers to a request."""
        if reply is None or not isinstance(reply.value, MapNode):
            return False
        kind = reply.value.get("kind")
        if kind is None or not isinstance(kind.value, ScalarNode):
            return False
        plugin = self._plugins.replies.get(kind.value.raw)
        return plugin is not None and issubclass(plugin, SelectiveReply)

    def _refuse_idle_replies(self, rule: Rule, node: MapNode) -> None:
        """Refuse a reply that is never used, since it cannot answer any of the rule's endpoints."""
        key = "reply" if rule.reply is not None else "replies"
        member = node.get(key)
        if not rule.given or member is None or rule.foreign:
            return
        plugins, alternatives = self._plugins, rule.when.alternatives
        about = [one for way in alternatives for one in endpoints_of(way, plugins)]
        if any(answerable(rule, endpoint) for endpoint in about):
            return
        kinds = [f"'{kind}'" for kind in dict.fromkeys(reply.kind for reply in rule.given)]
        if not any(issubclass(endpoint, ModelEndpoint) for endpoint in about):
            what = f"the endpoint only looks things up: '{key}' is never used"
            self.builder.refuse(member.place, what, "it can only fail")
        elif not any(answerable(rule, endpoint) for endpoint in plugins.endpoints.values()):
            what = f"no endpoint takes replies of all these kinds: {' and '.join(kinds)}"
            self.builder.refuse(member.place, what, "write a rule for each kind")
        else:
            names = [f"'{endpoint.kind}'" for endpoint in about]
            what = f"{either(kinds)} cannot answer the endpoint {either(names)}"
            able = [
                f"'{kind}'"
                for kind, reply in plugins.replies.items()
                if any(can_answer(reply, endpoint) for endpoint in about)
            ]
            hint = f"{either(able)} can" if able else None
            self.builder.refuse(member.place, what, hint)

    def _condition(self, node: Node) -> Any:
        alternatives = self.builder.build(OneOrMore[When], node)
        if alternatives is INVALID:
            return INVALID
        return Condition(tuple(map(Conjunction, alternatives)))

    def _step(self, node: Node) -> Any:
        """Return a step of `replies`: a reply, or a mapping of `reply`, `fail` and `latency`."""
        builder = self.builder
        if not isinstance(node, MapNode) or node.get("kind"):
            reply = self._reply(node)
            return INVALID if reply is INVALID else Step(reply)
        keys = {"reply": Reply, "fail": OneOrMore[Failure], "latency": Latency}
        values: dict[str, Any] = {}
        for member in node.members:
            if member.key in keys:
                values[member.key] = builder.build(keys[member.key], member.value)
            else:
                builder.unknown_key(member.key, member.place, ("kind", *keys), "a step")
                values[member.key] = INVALID
        if INVALID in values.values():
            return INVALID
        step = Step(values.get("reply"), values.get("fail", ()), values.get("latency"))
        if step.reply is None and not any(f.replaces and not triggered(f) for f in step.failures):
            hint = "add a 'reply', or a failure that always replaces it"
            return builder.refuse(node.place, "this step may have nothing to send", hint)
        return step

    def _include(self, node: Node) -> Any:
        path = self.builder.build(str, node)
        return INVALID if path is INVALID else Include(path, node.place)

    def _strict(self, node: Node) -> Any:
        if isinstance(node, ScalarNode) and isinstance(node.value, bool):
            return Strict.of(node.value)
        if not isinstance(node, MapNode):
            return self.builder.expected("true, false or a mapping", node)
        return self.builder.record(Strict, node)

    def _setting(self, node: Node) -> Any:
        """Return what a name of the state becomes: any value, or a mapping of `template` alone."""
        if not isinstance(node, MapNode) or [m.key for m in node.members] != ["template"]:
            value = self.builder.build(Any, node)
            return INVALID if value is INVALID else Setting(value)
        (member,) = node.members
        text = self.builder.build(str, member.value)
        if text is INVALID or not self._values.check_template(member.value):
            return INVALID
        return Setting(template=text)

    # --- Replies and failures ---

    def _reply(self, node: Node) -> Any:
        reply = self._plain_reply(node)
        if reply is INVALID:
            return reply
        if reply.template:
            return reply if self._values.check_template(node) else INVALID
        self._values.warn_of_templates(node)
        return reply

    def _plain_reply(self, node: Node) -> Any:
        if isinstance(node, ScalarNode) and isinstance(node.value, str):
            node = _mapping(node, kind="text", text=node.value)
        if not isinstance(node, MapNode):
            return self.builder.expected("a reply (text or a mapping)", node)
        return self._of_kind("reply", self._plugins.replies, node)

    def _failure(self, node: Node) -> Any:
        if isinstance(node, ScalarNode) and isinstance(node.value, str):
            node = _mapping(node, kind=node.value)
        elif isinstance(node, ScalarNode) and type(node.value) is int:
            node = _mapping(node, kind="http_error", status=node.value)
        if not isinstance(node, MapNode):
            wanted = "a failure (a kind, a status or a mapping)"
            return self.builder.expected(wanted, node)
        return self._of_kind("failure", self._plugins.failures, node)

    def _of_kind(self, socket: str, plugins: Mapping[str, type[Any]], node: MapNode) -> Any:
        """Return the reply or failure in *node*, by its `kind`."""
        member = node.get("kind")
        if member is None:
            return self.builder.refuse(
                node.place, f"missing key 'kind' in a {socket}", known_words(plugins)
            )
        kind = self.builder.build(str, member.value)
        if kind is INVALID:
            return INVALID
        if kind not in plugins:
            return self._values.unknown(f"{socket} kind", kind, member.value.place, plugins)
        self._values.refuse_headers(node)
        rest = MapNode(node.place, tuple(m for m in node.members if m is not member))
        return self.builder.record(plugins[kind], rest, called=f"{socket} kind '{kind}'")


def _mapping(node: ScalarNode, **values: str | int) -> MapNode:
    """Return the mapping that *node* is short for."""
    return MapNode(
        node.place,
        tuple(
            Member(key, node.place, ScalarNode(node.place, value, str(value)))
            for key, value in values.items()
        ),
    )
