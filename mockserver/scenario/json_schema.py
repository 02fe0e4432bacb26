"""The language as a JSON Schema: what editors complete, explain and check while one writes.

It is written from the annotations by which `mockserver.scenario.build` reads, so that a key, a
kind or a plug-in is in it as soon as it can be read. The forms that annotations do not tell,
which `mockserver.scenario.grammar` and `values` read by hand, stand here as well, in `_Forms`.

What the reader accepts, the schema accepts; unknown keys and kinds and wrong types it refuses.
What only a constructor knows (ranges, what excludes what) is left to `mockserver check`.

The draft is the seventh, the newest that every version of the YAML language server knows.
"""

import dataclasses
import types
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Annotated, Any, Final, Literal, Self, TypeAlias, Union, get_args, get_origin

from mockserver.contracts import Failure, Reply, Unstated
from mockserver.plugins import Plugins
from mockserver.scenario.build import Key, keys_of
from mockserver.scenario.criteria import ONE_OR_MORE, NameTest, OneOrMore, Regex
from mockserver.scenario.docstrings import explained, summary
from mockserver.scenario.matching import Condition
from mockserver.scenario.schema import ModelEntry, Models, Rule, ScenarioFile, Step
from mockserver.scenario.when import EndpointTest, ProviderName, ProviderTest, When

Schema: TypeAlias = dict[str, Any]

_TYPES: Final[Mapping[Any, str]] = {
    str: "string",
    int: "integer",
    float: "number",
    bool: "boolean",
    type(None): "null",
}
_KEBAB_CASE: Final = "^[a-z0-9]+(-[a-z0-9]+)*$"
_WILDCARD: Final = r"[*?\[]"
_STEP_KEYS: Final = ("reply", "fail", "latency")
"""The keys that a step of `replies` shares with its rule, as far as a rule has them."""


def json_schema(plugins: Plugins) -> Schema:
    """Return the schema of a scenario file in which the kinds of *plugins* may be used."""
    return _Forms(plugins).file()


# --- What annotations tell -------------------------------------------------------------------


class _Writer:
    """Writes schemas of annotations; those of classes become definitions, written once."""

    def __init__(self) -> None:
        self.definitions: dict[str, Schema] = {}
        self.forms: dict[Any, Callable[[], Schema]] = {}
        """The schemas of annotations that do not speak for themselves."""
        self._names: dict[Any, str] = {}

    def write(self, annotation: Any, owner: Schema | None = None) -> Schema:
        """Return the schema of *annotation*; *owner* is what `Self` means in it."""
        if annotation is Self and owner is not None:
            return owner
        if annotation in self.forms:
            return self.forms[annotation]()
        if annotation is Any:
            return {}
        if annotation in _TYPES:
            return {"type": _TYPES[annotation]}
        if isinstance(annotation, type) and dataclasses.is_dataclass(annotation):
            name = annotation.__name__
            return self.define(annotation, name, lambda own: self.record(annotation, own))
        return self._generic(annotation, owner)

    def _generic(self, annotation: Any, owner: Schema | None) -> Schema:
        arguments = get_args(annotation)
        match get_origin(annotation):
            case origin if origin is Annotated and ONE_OR_MORE in arguments:
                element = self.write(get_args(arguments[0])[0], owner)
                return any_of(element, {"type": "array", "items": element, "minItems": 1})
            case origin if origin is Annotated:
                return self.write(arguments[0], owner)
            case origin if origin is Literal:
                return {"const": arguments[0]} if len(arguments) == 1 else {"enum": [*arguments]}
            case origin if origin is Union or origin is types.UnionType:
                members = [member for member in arguments if member is not Unstated]
                return any_of(*(self.write(member, owner) for member in members))
            case origin if origin is tuple and arguments[-1] is Ellipsis:
                return {"type": "array", "items": self.write(arguments[0], owner)}
            case origin if origin is tuple:
                items = [self.write(argument, owner) for argument in arguments]
                return {"type": "array", "items": items, **_between("Items", len(items))}
            case origin if origin is Mapping:
                return {"type": "object", "additionalProperties": self.write(arguments[1], owner)}
            case _:
                raise TypeError(f"{annotation} cannot be written as JSON Schema")

    def define(self, about: Any, name: str, write: Callable[[Schema], Schema]) -> Schema:
        """Return the reference to the definition of *about*.

        The first time it is asked for, *write* makes it, and is given the reference to itself.
        """
        if about not in self._names:
            taken = sum(1 for known in self.definitions if known.rstrip("0123456789") == name)
            self._names[about] = f"{name}{taken + 1}" if taken else name
            self.definitions[self._names[about]] = {}
            own = {"$ref": f"#/definitions/{self._names[about]}"}
            self.definitions[self._names[about]].update(write(own))
        return {"$ref": f"#/definitions/{self._names[about]}"}

    def record(
        self, cls: Any, owner: Schema, special: Mapping[str, Schema] | None = None
    ) -> Schema:
        """Return the schema of a mapping for the dataclass *cls*, or of its bare key alone.

        Args:
            cls: The class.
            owner: What `Self` means in it.
            special: Schemas of keys whose annotation does not tell all.

        """
        keys = keys_of(cls)
        properties = {
            word: self.property(cls, key, (special or {}).get(word), owner)
            for word, key in keys.items()
        }
        mapping = _object(properties, [word for word, key in keys.items() if key.required])
        bare = getattr(cls, "bare", None)
        if bare is None:
            return _described(summary(cls), mapping)
        mapping["minProperties"] = 1
        value = (special or {}).get(bare) or self.write(keys[bare].annotation, owner)
        return _described(summary(cls), any_of(value, mapping))

    def property(
        self, cls: Any, key: Key, special: Schema | None = None, owner: Schema | None = None
    ) -> Schema:
        """Return the schema of what *key* of *cls* may hold, with what is told of it."""
        written = self.write(key.annotation, owner) if special is None else special
        default = next(f.default for f in dataclasses.fields(cls) if f.name == key.field)
        stated = {"default": default} if type(default) in _WITH_DEFAULT else {}
        return _described(explained(cls, key.field), {**written, **stated})


_WITH_DEFAULT: Final = frozenset((bool, int, float, str))


# --- What annotations do not tell ------------------------------------------------------------


class _Forms(_Writer):
    """The forms of the language: short ones, kinds, names that must be known, rules."""

    def __init__(self, plugins: Plugins) -> None:
        super().__init__()
        self._plugins = plugins
        self.forms = {
            Condition: lambda: self.write(OneOrMore[When]),
            EndpointTest: lambda: self._test_of_names("EndpointTest", plugins.endpoints),
            Failure: self._failure,
            Models: lambda: any_of({"const": "any"}, self.write(tuple[ModelEntry, ...])),
            ProviderName: lambda: {"enum": [*plugins.dialects]},
            ProviderTest: lambda: self._test_of_names("ProviderTest", plugins.dialects),
            Regex: lambda: _described("A regular expression, as Python reads them.", _TEXT),
            Reply: self._reply,
            Step: self._step,
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

    def _rule(self) -> Schema:
        return self.define(Rule, "Rule", self._write_rule)

    def _write_rule(self, owner: Schema) -> Schema:
        rule = self.record(Rule, owner)
        properties = rule["properties"]
        # A file says no place, and a rule that it does not name is called by its number.
        del properties["place"]
        rule["required"].remove("name")
        properties["name"] |= {"pattern": _KEBAB_CASE}
        properties["reply"] = _described(explained(Rule, "reply"), self._reply())
        properties["replies"] |= {"minItems": 1}
        no_reply = {"properties": {"reply": False}}
        return {**rule, "dependencies": {"then": ["replies"], "replies": no_reply}}

    def _step(self) -> Schema:
        return any_of(self._reply(), self.define(Step, "Step", self._write_step))

    def _write_step(self, owner: Schema) -> Schema:
        keys = {word: key for word, key in keys_of(Rule).items() if word in _STEP_KEYS}
        properties = {word: self.property(Rule, key, None, owner) for word, key in keys.items()}
        properties["reply"] = _described(explained(Rule, "reply"), self._reply())
        sent = [{"required": ["reply"]}, {"required": ["fail"]}]
        return _described(summary(Step), {**_object(properties), "anyOf": sent})

    def _reply(self) -> Schema:
        return self.define(Reply, "Reply", self._write_reply)

    def _write_reply(self, _: Schema) -> Schema:
        short = [_described("Text, as written.", _TEXT)] if "text" in self._plugins.replies else []
        return any_of(*short, *self._kinds(Reply, self._plugins.replies))

    def _failure(self) -> Schema:
        return self.define(Failure, "Failure", self._write_failure)

    def _write_failure(self, _: Schema) -> Schema:
        short: list[Schema] = []
        if "http_error" in self._plugins.failures:
            short.append(_described("The status of an HTTP error.", {"type": "integer"}))
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
        told = summary(plugin)
        properties: dict[str, Schema] = {"kind": _described(told, {"const": kind})}
        # First what the kind alone has.
        for word, key in sorted(keys.items(), key=lambda item: item[0] in common):
            shared = common.get(word) == key
            properties[word] = (
                self._common(socket, word, key) if shared else self.property(plugin, key)
            )
        required = [word for word, key in keys.items() if key.required]
        return _described(told, _object(properties, ["kind", *required]))

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


_TEXT: Final[Schema] = {"type": "string"}


# --- Putting schemas together ----------------------------------------------------------------


def any_of(*alternatives: Schema) -> Schema:
    """Return the schema of what one of *alternatives* accepts, as flat as can be."""
    flat: list[Schema] = []
    for alternative in alternatives:
        inner = alternative["anyOf"] if [*alternative] == ["anyOf"] else [alternative]
        flat += [schema for schema in inner if schema not in flat]
    if {} in flat:
        return {}
    types_alone = [schema["type"] for schema in flat if [*schema] == ["type"]]
    if len(types_alone) > 1:
        rest = [schema for schema in flat if [*schema] != ["type"]]
        flat = [{"type": types_alone}, *rest]
    return flat[0] if len(flat) == 1 else {"anyOf": flat}


def _object(properties: Mapping[str, Schema], required: Sequence[str] = ()) -> Schema:
    return {
        "type": "object",
        "properties": dict(properties),
        **({"required": list(required)} if required else {}),
        "additionalProperties": False,
    }


def _described(text: str | None, schema: Schema) -> Schema:
    """Return *schema* with *text* as what editors show of it."""
    return {"description": text, **_without(schema, "description")} if text else schema


def _without(schema: Schema, word: str) -> Schema:
    return {key: value for key, value in schema.items() if key != word}


def _between(what: str, count: int) -> Schema:
    return {f"min{what}": count, f"max{what}": count}
