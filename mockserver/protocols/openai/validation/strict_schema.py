"""Which JSON Schemas OpenAI refuses, for tools and structured answers, and with which texts.

A schema is refused for its first fault, so the order of the checks matters: not a JSON Schema,
faults at the root, faults inside (in document order), size. A check is here only if the API was
seen to make it, because a stand-in that is stricter than the provider fails requests that work;
texts that were not seen are marked.

Sources: the "Structured Outputs" guide, section "Supported schemas" (read 2026-02); recorded
answers, 2025-03 to 2026-06; error texts quoted in public issues and sources, 2024-07 to 2026-10.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias, TypeGuard

from mockserver.wire.jsontext import JsonValue

Context: TypeAlias = tuple[str, ...]
"""The path from the root to a schema, as Python prints it: ``('properties', 'ok')``."""

Use: TypeAlias = Literal["function", "response_format"]
"""What a schema is for."""

_MOST_NODES: Final = 100_000

# The guide's limits. (Until mid-2025: 5 levels, 100 properties, 500 enum values.)
_MOST_LEVELS: Final = 10
_MOST_PROPERTIES: Final = 5_000
_MOST_ENUM_VALUES: Final = 1_000
_MANY_ENUM_VALUES: Final = 250
_MOST_ENUM_CHARACTERS: Final = 15_000
_MOST_CHARACTERS: Final = 120_000

_TYPES: Final = ("array", "boolean", "integer", "null", "number", "object", "string")

# The guide's list; "'uri' is not a valid format." was seen for what it leaves out.
_FORMATS: Final = (
    "date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid",
)  # fmt: skip

# Seen refused in 2025 and 2026: allOf, oneOf, uniqueItems, minProperties, maxProperties,
# propertyNames, contains, if. The others are listed with them in the guide. Seen accepted in
# 2026, though refused earlier or not in the guide: default, examples, const, pattern, minItems,
# maxItems, minLength, maxLength, the bounds of numbers, multipleOf, prefixItems, $schema, title.
_NOT_PERMITTED: Final = frozenset({
    "allOf", "oneOf", "if", "then", "else", "dependentRequired", "dependentSchemas",
    "patternProperties", "unevaluatedProperties", "propertyNames", "minProperties",
    "maxProperties", "unevaluatedItems", "contains", "minContains", "maxContains", "uniqueItems",
})  # fmt: skip

_NOT_AT_THE_TOP: Final = ("oneOf", "anyOf", "allOf", "enum", "not")
_OPT_OUT: Final = (
    "Consider reducing the number of enums, or use 'strict: false' to opt out of structured "
    "outputs."
)


@dataclass(frozen=True, slots=True)
class _Node:
    """One schema object: its *steps* within the outer one, and its depth.

    *level* counts the objects and arrays around it.
    """

    schema: Mapping[str, Any]
    around: "_Node | None" = None
    steps: Context = ()
    level: int = 0

    @property
    def context(self) -> Context:
        """The path from the root; computed, or a deep schema would store it at every level."""
        backwards: list[str] = []
        node: _Node | None = self
        while node is not None:
            backwards.extend(reversed(node.steps))
            node = node.around
        return tuple(reversed(backwards))


def refusal(
    schema: JsonValue,
    *,
    strict: bool,
    use: Use = "function",
) -> str | None:
    """Return why OpenAI refuses *schema*, or None if it does not.

    Args:
        schema: The `parameters` of a function, or the `schema` of a response format; None
            where there are none.
        strict: Whether the request asks for strict adherence.
        use: What the schema is for: the two differ at the root.

    Returns:
        The text after ``Invalid schema for function 'NAME': `` (or ``response_format``).

    """
    if schema is None:  # a function without parameters takes an object without properties
        schema = {"type": "object", "properties": {}}
    if not _is_object(schema):
        return f"{schema!r} is not of type 'object'."  # this text is a guess
    nodes = list(_walk(schema))
    checks: list[Iterable[str]] = [_no_json_schema(nodes)]
    if use == "function":
        checks += [_wrong_root(schema), _no_properties(schema)]
    if strict:
        # A response format without a type at its root was refused for its contents first.
        root_first = [_wrong_root(schema)] if "type" in schema and "allOf" not in schema else []
        checks += [*root_first, _not_strict(nodes, schema), _wrong_root(schema), _too_much(nodes)]
    elif use == "function":
        checks.append(_loose_arrays(nodes))
    return next((text for check in checks for text in check), None)


# --- Not JSON Schema at all ---------------------------------------------------------------------


def _no_json_schema(nodes: list[_Node]) -> Iterator[str]:
    """Find what breaks the meta-schema, in the words of Python's `jsonschema`."""
    for node in nodes:
        schema = node.schema
        stated = schema.get("type", [])
        for kind in [stated] if isinstance(stated, str) else _list(stated):
            if kind not in _TYPES:
                yield f"{stated!r} is not valid under any of the given schemas."
        for keyword in ("required", "enum", "anyOf", "oneOf", "allOf"):
            if keyword in schema and not isinstance(schema[keyword], list):
                yield f"{schema[keyword]!r} is not of type 'array'."
        if "properties" in schema and not _is_object(schema["properties"]):
            yield f"{schema['properties']!r} is not of type 'object'."
        for _, value, _ in _children(schema):
            if not isinstance(value, bool) and not _is_object(value):
                yield f"{value!r} is not of type 'object', 'boolean'."


# --- The root -----------------------------------------------------------------------------------


def _wrong_root(schema: Mapping[str, Any]) -> Iterator[str]:
    stated = schema.get("type")
    if stated != "object":
        yield f"schema must be a JSON Schema of 'type: \"object\"', got 'type: \"{stated}\"'."
    if any(keyword in schema for keyword in _NOT_AT_THE_TOP):
        yield (
            "schema must have type 'object' and not have 'oneOf'/'anyOf'/'allOf'/'enum'/'not' "
            "at the top level."
        )


def _no_properties(schema: Mapping[str, Any]) -> Iterator[str]:
    if "properties" not in schema:
        yield _at(_Node(schema), "object schema missing properties.")


def _loose_arrays(nodes: list[_Node]) -> Iterator[str]:
    """Find arrays for which functions are refused even if they are not strict."""
    for node in nodes:
        for steps, kind in _kinds(node):
            if kind == "array" and "items" not in node.schema:
                yield _at(node, "array schema missing items.", steps)


# --- What strict schemas must be ----------------------------------------------------------------


def _not_strict(nodes: list[_Node], root: Mapping[str, Any]) -> Iterator[str]:
    for node in nodes:
        if "$ref" in node.schema:
            yield from _wrong_reference(node, root)
        else:
            yield from _wrong_keywords(node)
            for steps, kind in _kinds(node):
                yield from _wrong_of_kind(node, steps, kind)


def _wrong_reference(node: _Node, root: Mapping[str, Any]) -> Iterator[str]:
    beside = sorted(keyword for keyword in node.schema if keyword != "$ref")
    if beside and node.schema is not root:
        listed = ", ".join(map(repr, beside))
        yield f"context={node.context!r}, $ref cannot have keywords {{{listed}}}."
    reference = str(node.schema["$ref"])
    is_definition = reference.startswith(("#/$defs/", "#/definitions/"))
    if reference != "#" and not (is_definition and reference.count("/") == 2):  # noqa: PLR2004 - `#/$defs/name`
        yield _at(
            node,
            "reference can only point to definitions defined at the top level of the schema.",
        )


def _wrong_keywords(node: _Node) -> Iterator[str]:
    for keyword in node.schema:
        if keyword in _NOT_PERMITTED:
            yield _at(node, f"'{keyword}' is not permitted.")
        if keyword == "not":  # seen without what stands before it
            yield _at(node, "Unsupported keywords ('not',).")
    is_union = "anyOf" in node.schema and node.around  # at the root it is not a type
    if "type" not in node.schema and not is_union:
        yield _at(node, "schema must have a 'type' key.")


def _wrong_of_kind(node: _Node, steps: Context, kind: str) -> Iterator[str]:
    """Find what is wrong with *node* as far as it describes values of *kind*."""
    schema = node.schema
    if kind == "object":
        yield from _wrong_object(node, steps)
    if kind == "array" and "items" not in schema:
        yield _at(node, "array schema missing items.", steps)
    if kind == "string" and schema.get("format", "date") not in _FORMATS:
        yield _at(node, f"'{schema['format']}' is not a valid format.", steps)
    if isinstance(schema.get("type"), str):
        for value in _list(schema.get("enum")):
            if not _OF_TYPE[kind](value):
                yield (
                    f"context={node.context!r}, enum value {value} does not validate against "
                    f"{{'type': {kind!r}}}."
                )


def _wrong_object(node: _Node, steps: Context) -> Iterator[str]:
    schema = node.schema
    if schema.get("additionalProperties") is not False:
        yield _at(node, "'additionalProperties' is required to be supplied and to be false.", steps)
    # A map of names to values is dropped from the properties, and its name is then one too many
    # in `required`: seen wherever a `dict[str, …]` was sent.
    members = _object(schema.get("properties"))
    properties = dict.fromkeys(name for name, member in members.items() if not _is_map(member))
    required = dict.fromkeys(map(str, _list(schema.get("required"))))
    must = (
        "'required' is required to be supplied and to be an array including every key in "
        "properties."
    )
    for name in properties:
        if name not in required:
            yield _at(node, f"{must} Missing '{name}'.", steps)
    for name in required:
        if name not in properties:
            yield _at(node, f"{must} Extra required key '{name}' supplied.", steps)


def _is_map(schema: JsonValue) -> bool:
    return (
        _is_object(schema)
        and schema.get("type") == "object"
        and "properties" not in schema
        and _is_object(schema.get("additionalProperties"))
    )


# --- Size ---------------------------------------------------------------------------------------


def _too_much(nodes: list[_Node]) -> Iterator[str]:
    levels = max(node.level for node in nodes)
    if levels > _MOST_LEVELS:
        yield f"{levels} levels of nesting exceeds limit of {_MOST_LEVELS}."
    names = [name for node in nodes for name in _object(node.schema.get("properties"))]
    if len(names) > _MOST_PROPERTIES:
        yield f"{len(names)} parameters exceeds limit of {_MOST_PROPERTIES}."
    enums = [_list(node.schema.get("enum")) for node in nodes]
    count = sum(map(len, enums))
    if count > _MOST_ENUM_VALUES:
        yield (
            f"Expected at most {_MOST_ENUM_VALUES} enum values in total within a single schema "
            f"when using structured outputs, but received {count}. {_OPT_OUT}"
        )
    for values in enums:
        characters = sum(len(value) for value in values if isinstance(value, str))
        if len(values) > _MANY_ENUM_VALUES and characters > _MOST_ENUM_CHARACTERS:
            yield (
                f"Expected at most {_MOST_ENUM_CHARACTERS} total characters across enum values "
                f"when there are more than {_MANY_ENUM_VALUES} enum values, but received "
                f"{characters}. {_OPT_OUT}"
            )
    words = [
        *names,
        *(name for node in nodes for name in _object(node.schema.get("$defs"))),
        *(str(value) for values in enums for value in values),
        *(str(node.schema["const"]) for node in nodes if "const" in node.schema),
    ]
    characters = sum(map(len, words))
    if characters > _MOST_CHARACTERS:  # the limit is the guide's, the text a guess
        yield f"{characters} total characters exceeds limit of {_MOST_CHARACTERS}."


# --- Walking ------------------------------------------------------------------------------------


def _walk(root: Mapping[str, Any]) -> Iterator[_Node]:
    """Yield the schema objects in *root*, each before what is in it, as they are written."""
    waiting = [_Node(root)]
    for _ in range(_MOST_NODES):
        if not waiting:
            return
        node = waiting.pop()
        yield node
        waiting.extend(
            _Node(value, node, steps, node.level + deeper if deeper >= 0 else 0)
            for steps, value, deeper in reversed(list(_children(node.schema)))
            if _is_object(value)
        )


def _children(schema: Mapping[str, Any]) -> Iterator[tuple[Context, JsonValue, int]]:
    """Yield the schemas within *schema*: the steps to each, and how many levels deeper it is.

    Definitions are at the root, so they start again (-1).
    """
    for name, value in _object(schema.get("properties")).items():
        yield ("properties", name), value, 1
    if "items" in schema:
        yield ("items",), schema["items"], 1
    for index, value in enumerate(_list(schema.get("prefixItems"))):
        yield ("prefixItems", str(index)), value, 1
    for index, value in enumerate(_list(schema.get("anyOf"))):
        yield ("anyOf", str(index)), value, 0
    for keyword in ("$defs", "definitions"):
        for name, value in _object(schema.get(keyword)).items():
            yield (keyword, name), value, -1


def _kinds(node: _Node) -> Iterator[tuple[Context, str]]:
    """Yield the types that *node* states; each of a list of several is a step further."""
    stated = node.schema.get("type")
    if isinstance(stated, str):
        yield (), stated
    for index, kind in enumerate(_list(stated)):
        yield ("type", str(index)), kind


def _at(node: _Node, what: str, steps: Context = ()) -> str:
    return f"In context={node.context + steps!r}, {what}"


def _is_object(value: JsonValue) -> TypeGuard[Mapping[str, Any]]:
    return isinstance(value, Mapping)


def _is_array(value: JsonValue) -> TypeGuard[list[Any]]:
    return isinstance(value, list)


def _object(value: JsonValue) -> Mapping[str, Any]:
    return value if _is_object(value) else {}


def _list(value: JsonValue) -> list[Any]:
    return value if _is_array(value) else []


_OF_TYPE: Final[Mapping[str, Callable[[JsonValue], bool]]] = {
    "array": _is_array,
    "boolean": lambda value: isinstance(value, bool),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "null": lambda value: value is None,
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "object": _is_object,
    "string": lambda value: isinstance(value, str),
}
