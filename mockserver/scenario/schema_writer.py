"""From annotations to JSON Schema: the same annotations that `build` reads nodes by.

The one reads, the other writes down what may be read. What annotations do not define is added by
 `mockserver.scenario.json_schema`.
"""

import dataclasses
import itertools
import types
from collections.abc import Callable, Mapping, Sequence
from typing import (
    Annotated,
    Any,
    Final,
    Literal,
    Self,
    TypeAlias,
    Union,
    cast,
    get_args,
    get_origin,
)

from mockserver.contracts import ONE_OR_MORE, Unstated
from mockserver.scenario.build import Key, keys_of, never_null_of
from mockserver.scenario.syntax.docstrings import explained, summary

Schema: TypeAlias = dict[str, Any]

_TYPES: Final[Mapping[Any, str]] = {
    str: "string",
    int: "integer",
    float: "number",
    bool: "boolean",
    type(None): "null",
}
_NO_MAPPING: Final = ("array", "boolean", "null", "number", "string")
_WITH_DEFAULT: Final = frozenset((bool, int, float, str))


class Writer:
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
                count = len(items)
                return {"type": "array", "items": items, "minItems": count, "maxItems": count}
            case origin if origin is Mapping:
                return {"type": "object", "additionalProperties": self.write(arguments[1], owner)}
            case _:
                raise TypeError(f"{annotation} cannot be written as JSON Schema")

    def define(self, about: Any, name: str, write: Callable[[Schema], Schema]) -> Schema:
        """Return the reference to the definition of *about*.

        The first time it is asked for, *write* makes it, and is given the reference to itself.
        """
        known = self._names.get(about)
        if known is not None:
            return {"$ref": f"#/definitions/{known}"}
        numbered = (f"{name}-{number}" for number in itertools.count(2))
        free = next(n for n in itertools.chain([name], numbered) if n not in self.definitions)
        own = {"$ref": f"#/definitions/{free}"}
        self._names[about] = free
        self.definitions[free] = {}  # it may refer to itself
        self.definitions[free] = write(own)
        return own

    def record(
        self, cls: Any, owner: Schema, special: Mapping[str, Schema] | None = None
    ) -> Schema:
        """Return the schema of a mapping for the dataclass *cls*, or of its bare key alone.

        Args:
            cls: The class.
            owner: What `Self` means in it.
            special: Schemas of keys that the annotation does not fully define.

        """
        keys = keys_of(cls)
        properties = {
            word: self.property(cls, key, (special or {}).get(word), owner)
            for word, key in keys.items()
        }
        mapping = object_of(properties, [word for word, key in keys.items() if key.required])
        bare = getattr(cls, "bare", None)
        if bare is None:
            return described(summary(cls), mapping)
        mapping["minProperties"] = 1
        value = (special or {}).get(bare) or self.write(keys[bare].annotation, owner)
        if value == {}:
            value = {"type": [*_NO_MAPPING]}
        return described(summary(cls), any_of(value, mapping))

    def property(
        self, cls: Any, key: Key, special: Schema | None = None, owner: Schema | None = None
    ) -> Schema:
        """Return the schema of what *key* of *cls* may hold, with its explanation."""
        written = self.write(key.annotation, owner) if special is None else special
        if key.field in never_null_of(cls):
            written = _without_null(written)
        default = next(f.default for f in dataclasses.fields(cls) if f.name == key.field)
        stated = {"default": default} if type(default) in _WITH_DEFAULT else {}
        return described(explained(cls, key.field), {**written, **stated})


def _without_null(schema: Schema) -> Schema:
    """Return *schema* without null, which is one of several types in it."""
    if "anyOf" in schema:
        return any_of(*(one for one in map(_without_null, schema["anyOf"]) if one))
    kinds = schema.get("type")
    if kinds == "null":
        return {}
    if isinstance(kinds, list):
        rest = [kind for kind in cast(list[str], kinds) if kind != "null"]
        return {**schema, "type": rest[0] if len(rest) == 1 else rest}
    return schema


# --- Putting schemas together ----------------------------------------------------------------


def any_of(*alternatives: Schema) -> Schema:
    """Return the schema of what one of *alternatives* accepts, as flat as can be."""
    flat: list[Schema] = []
    for alternative in alternatives:
        inner = alternative["anyOf"] if [*alternative] == ["anyOf"] else [alternative]
        flat += [schema for schema in inner if schema not in flat]
    if {} in flat:
        return {}
    alone = [schema["type"] for schema in flat if [*schema] == ["type"]]
    if len(alone) > 1:
        names = [name for kind in alone for name in ([kind] if isinstance(kind, str) else kind)]
        rest = [schema for schema in flat if [*schema] != ["type"]]
        flat = [{"type": [*dict.fromkeys(names)]}, *rest]
    return flat[0] if len(flat) == 1 else {"anyOf": flat}


def object_of(properties: Mapping[str, Schema], required: Sequence[str] = ()) -> Schema:
    """Return the schema of a mapping with *properties* and no others."""
    return {
        "type": "object",
        "properties": dict(properties),
        **({"required": list(required)} if required else {}),
        "additionalProperties": False,
    }


def described(text: str | None, schema: Schema) -> Schema:
    """Return *schema* with *text* as what editors show of it."""
    if not text:
        return schema
    return {"description": text, **{k: v for k, v in schema.items() if k != "description"}}
