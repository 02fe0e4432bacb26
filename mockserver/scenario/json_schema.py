"""The language as a JSON Schema: what editors complete, explain and check while one writes.

It is written from the annotations by which `mockserver.scenario.build` reads, so that a key, a
kind or a plug-in is in it as soon as it can be read. The forms that annotations do not define,
which `mockserver.scenario.grammar` and `values` read by hand, are written by hand here.

What the reader accepts, the schema accepts; unknown keys and kinds and wrong types it refuses.
What only a constructor knows (ranges, what excludes what) is left to `mockserver check`.

The draft is the seventh, the newest that every version of the YAML language server knows.
"""

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any, Final

from mockserver.cassettes.cassette import Cassette
from mockserver.contracts import Failure, OneOrMore, Reply, SelectiveReply
from mockserver.plugins import Plugins
from mockserver.scenario.actions import Setting
from mockserver.scenario.build import Key, keys_of
from mockserver.scenario.conditions.criteria import NameTest, QueryText, Regex, ValueTest
from mockserver.scenario.conditions.matching import Condition
from mockserver.scenario.conditions.when import (
    EndpointTest,
    ProviderName,
    ProviderTest,
    QueryTests,
    When,
)
from mockserver.scenario.schema import Include, ModelEntry, Models, Rule, ScenarioFile, Step, Strict
from mockserver.scenario.schema_writer import Schema, Writer, any_of, described, object_of
from mockserver.scenario.syntax.docstrings import explained, summary
from mockserver.traffic.latency import Latency, presets

_TEXT: Final[Schema] = {"type": "string"}
_KEBAB_CASE: Final = "^[a-z0-9]+(-[a-z0-9]+)*$"
_WILDCARD: Final = r"[*?\[]"
_STEP_KEYS: Final = ("reply", "fail", "latency")
"""The keys that a step of `replies` shares with its rule, as far as a rule has them."""


def json_schema(plugins: Plugins) -> Schema:
    """Return the schema of a scenario file in which the kinds of *plugins* may be used."""
    return _Forms(plugins).file()


class _Forms(Writer):
    """The forms of the language: short ones, kinds, names that must be known, rules."""

    def __init__(self, plugins: Plugins) -> None:
        super().__init__()
        self._plugins = plugins
        self.forms = {
            Cassette: lambda: _TEXT,
            Condition: lambda: self.write(OneOrMore[When]),
            EndpointTest: lambda: self._test_of_names("EndpointTest", plugins.endpoints),
            Failure: self._failure,
            Include: lambda: _TEXT,
            Latency: self._latency,
            Models: lambda: any_of({"const": "any"}, self.write(tuple[ModelEntry, ...])),
            ProviderName: lambda: {"enum": [*plugins.dialects]},
            ProviderTest: lambda: self._test_of_names("ProviderTest", plugins.dialects),
            QueryTests: lambda: self.write(Mapping[str, ValueTest]),
            QueryText: lambda: described("A JMESPath expression.", _TEXT),
            Regex: lambda: described("A regular expression, as Python reads them.", _TEXT),
            Reply: self._reply,
            Setting: lambda: described(
                "A value; null removes the name. {template: …} is expanded.", {}
            ),
            Step: self._step,
            Strict: lambda: any_of({"type": "boolean"}, self._as_record(Strict)),
            tuple[Rule, ...]: lambda: {"type": "array", "items": self._rule()},
        }

    def file(self) -> Schema:
        """Return the schema of a whole file."""
        root = self.record(ScenarioFile, {"$ref": "#"})
        return {
            "$schema": "http://json-schema.org/draft-07/schema#",
            "title": "A scenario of mockserver",
            **root,
            "definitions": dict(sorted(self.definitions.items())),
        }

    def _as_record(self, cls: Any, special: Mapping[str, Schema] | None = None) -> Schema:
        return self.define(cls, cls.__name__, lambda own: self.record(cls, own, special))

    def _latency(self) -> Schema:
        return self._as_record(Latency, {"preset": {"enum": [*presets(), None]}})

    def _rule(self) -> Schema:
        return self.define(Rule, "Rule", self._write_rule)

    def _write_rule(self, owner: Schema) -> Schema:
        rule = self.record(Rule, owner, {"place": {}})
        properties = rule["properties"]
        # A file says no place, and a rule that it does not name is called by its number.
        del properties["place"]
        rule["required"].remove("name")
        properties["name"] |= {"pattern": _KEBAB_CASE}
        properties["reply"] = described(explained(Rule, "reply"), self._reply())
        properties["replies"] |= {"minItems": 1}
        no_reply = {"properties": {"reply": False}}
        selective = [
            object_of({"kind": {"const": kind}}, ["kind"]) | {"additionalProperties": True}
            for kind, plugin in self._plugins.replies.items()
            if issubclass(plugin, SelectiveReply)
        ]
        replies: Schema = {"required": ["replies"]}
        reply: Schema = {"required": ["reply"], "properties": {"reply": {"anyOf": selective}}}
        followed = {"anyOf": [replies, *([reply] if selective else [])]}
        return {**rule, "dependencies": {"then": followed, "replies": no_reply}}

    def _step(self) -> Schema:
        return any_of(self._reply(), self.define(Step, "Step", self._write_step))

    def _write_step(self, owner: Schema) -> Schema:
        keys = {word: key for word, key in keys_of(Rule).items() if word in _STEP_KEYS}
        properties = {word: self.property(Rule, key, None, owner) for word, key in keys.items()}
        properties["reply"] = described(explained(Rule, "reply"), self._reply())
        sent = [{"required": ["reply"]}, {"required": ["fail"]}]
        return described(summary(Step), {**object_of(properties), "anyOf": sent})

    def _reply(self) -> Schema:
        return self.define(Reply, "Reply", self._write_reply)

    def _write_reply(self, _: Schema) -> Schema:
        short = [described("Text, as written.", _TEXT)] if "text" in self._plugins.replies else []
        return any_of(*short, *self._kinds(Reply, self._plugins.replies))

    def _failure(self) -> Schema:
        return self.define(Failure, "Failure", self._write_failure)

    def _write_failure(self, _: Schema) -> Schema:
        short: list[Schema] = []
        if "http_error" in self._plugins.failures:
            short.append(described("The status of an HTTP error.", {"type": "integer"}))
        alone = [
            kind
            for kind, plugin in self._plugins.failures.items()
            if not any(key.required for key in keys_of(plugin).values())
        ]
        short += [{"type": "string", "enum": alone}] if alone else []
        return any_of(*short, *self._kinds(Failure, self._plugins.failures))

    def _kinds(self, socket: Any, plugins: Mapping[str, Any]) -> Iterable[Schema]:
        """Yield a reference for each of *plugins*, which are told apart by `kind`."""
        for kind, plugin in plugins.items():
            written = partial(self._kind, socket, kind, plugin)
            yield self.define(plugin, plugin.__name__, written)

    def _kind(self, socket: Any, kind: str, plugin: Any, _: Schema) -> Schema:
        common = keys_of(socket)
        keys = keys_of(plugin)
        summary_of = summary(plugin)
        properties: dict[str, Schema] = {"kind": described(summary_of, {"const": kind})}
        # First what the kind alone has.
        for word, key in sorted(keys.items(), key=lambda item: item[0] in common):
            shared = common.get(word) == key
            properties[word] = (
                self._common(socket, word, key) if shared else self.property(plugin, key)
            )
        required = [word for word, key in keys.items() if key.required]
        return described(summary_of, object_of(properties, ["kind", *required]))

    def _common(self, socket: Any, word: str, key: Key) -> Schema:
        """Return the reference to what a *key* of every kind of *socket* may hold."""
        name = f"{socket.__name__}.{word}"
        return self.define((socket, word), name, lambda _: self.property(socket, key))

    def _test_of_names(self, name: str, known: Mapping[str, Any]) -> Schema:
        """Return the test of a name that must fit one of those *known*."""
        names = any_of({"enum": [*known]}, {"type": "string", "pattern": _WILDCARD})
        listed = any_of(names, {"type": "array", "items": names, "minItems": 1})
        special = {"equals": listed, "glob": listed}
        return self.define(name, name, lambda own: self.record(NameTest, own, special))
