"""What is demanded of one value, gathered from every schema object that applies to it."""

import dataclasses
from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, Self

from mockserver.sampling.numbers import Bounds, bounds_of
from mockserver.sampling.reading import identity, kind_of, listed, names, whole
from mockserver.wire.jsontext import JsonValue

KINDS: Final = ("string", "object", "array", "number", "integer", "boolean", "null")
"""All kinds of value; "number" is for those that are not whole."""

_IMPLIED: Final = (
    ("object", ("properties", "required", "additionalProperties", "patternProperties",
                "minProperties", "maxProperties", "propertyNames", "dependentRequired",
                "unevaluatedProperties")),
    ("array", ("items", "prefixItems", "contains", "minItems", "maxItems", "uniqueItems",
               "unevaluatedItems")),
    ("number", ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf")),
    ("string", ("format", "pattern", "minLength", "maxLength", "contentEncoding")),
)  # fmt: skip
_TELLING: Final = frozenset(keyword for _, keywords in _IMPLIED for keyword in keywords)

# What drawing along a demand may get wrong, so that the value is held against the schema.
_TRICKY: Final = frozenset({
    "not", "anyOf", "oneOf", "allOf", "if", "const", "enum", "contains", "propertyNames",
    "patternProperties", "unevaluatedProperties", "unevaluatedItems", "dependentSchemas",
    "dependencies", "default", "examples",
})  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Contained:
    """How many items of an array must match *schema*."""

    schema: JsonValue
    least: int
    most: int | None


class Offered:
    """Values to choose from, each with its kind and what it is known by."""

    def __init__(self, values: list[JsonValue]) -> None:
        self.values = values
        self.kinds = [kind_of(value) for value in values]

    @cached_property
    def identities(self) -> list[Hashable]:
        """What each of them is known by: long to work out, and rarely asked for."""
        return [identity(value) for value in self.values]


@dataclass(slots=True)
class Demand:
    """Keywords of several schema objects, put together. Lists are replaced, never changed."""

    kinds: tuple[str, ...] = KINDS
    implied: str | None = None
    """The kind implied by keywords, if no `type` is stated."""
    values: "Offered | None" = None
    """The only values allowed, by `enum` and `const`."""
    excluded: frozenset[Hashable] = frozenset()
    """What is known of values that are not allowed: their identities."""
    suggestions: tuple[JsonValue, ...] = ()
    """What `default` and `examples` offer."""
    bounds: Bounds = dataclasses.field(default_factory=Bounds)
    shortest: int = 0
    longest: int | None = None
    patterns: tuple[str, ...] = ()
    format: str | None = None
    layers: tuple[Mapping[str, Any], ...] = ()
    """The schema objects for members or items; each counts by itself."""
    required: tuple[str, ...] = ()
    forbidden: tuple[str, ...] = ()
    least_members: int = 0
    most_members: int | None = None
    least_items: int = 0
    most_items: int | None = None
    unique: bool = False
    contained: tuple[Contained, ...] = ()
    references: tuple[str, ...] = ()
    """The `$ref`s that led here."""
    first_possible: int = 0
    """The position of the first of *values* that may be allowed."""
    tricky: bool = False

    def copy(self) -> Self:
        """Return another that can be added to."""
        other = object.__new__(type(self))
        for name in _FIELDS:
            setattr(other, name, getattr(self, name))
        return other

    def add(self, schema: Mapping[str, Any]) -> bool:
        """Put the keywords of *schema* in that need no choice; return whether a value is left."""
        self.tricky = self.tricky or not _TRICKY.isdisjoint(schema)
        self._add_kinds(schema)
        self._add_values(schema)
        if not _TELLING.isdisjoint(schema):
            self._add_numbers(schema)
            self._add_texts(schema)
            self._add_members(schema)
            self._add_items(schema)
        return self.satisfiable()

    def satisfiable(self) -> bool:
        """Drop the kinds that cannot be; return whether any value is left."""
        lower, upper = self.bounds.lower, self.bounds.upper
        impossible: set[str] = set()
        if lower is not None and upper is not None and lower > upper:
            impossible |= {"number", "integer"}
        if self.longest is not None and self.longest < self.shortest:
            impossible.add("string")
        if self.most_items is not None and self.most_items < self.least_items:
            impossible.add("array")
        too_few = self.most_members is not None and self.most_members < self.least_members
        if too_few or set(self.required) & set(self.forbidden):
            impossible.add("object")
        if impossible:
            self.kinds = tuple(kind for kind in self.kinds if kind not in impossible)
        return bool(self.kinds) and (self.values is None or self._is_any_possible(self.values))

    def exclude(self, values: Iterable[JsonValue]) -> None:
        """Allow none of *values* any more."""
        self.excluded = self.excluded.union(map(identity, values))

    def possible(self, values: "Offered") -> Iterator[tuple[JsonValue]]:
        """Yield those of *values* that may be, each in a tuple: null is one, too."""
        for place, value in enumerate(values.values):
            if self.is_possible(values, place):
                yield (value,)

    def is_possible(self, values: "Offered", place: int) -> bool:
        """Return whether the one of *values* at *place* may be."""
        return values.kinds[place] in self.kinds and not (
            self.excluded and values.identities[place] in self.excluded
        )

    def _is_any_possible(self, values: "Offered") -> bool:
        # What is shut out stays so: the values up to the first that may be are not asked again.
        count = len(values.values)
        while self.first_possible < count and not self.is_possible(values, self.first_possible):
            self.first_possible += 1
        return self.first_possible < count

    def _add_kinds(self, schema: Mapping[str, Any]) -> None:
        stated = [kind.lower() for kind in names(schema.get("type"))]
        if any(kind in KINDS for kind in stated):
            wider = {*stated, *(["integer"] if "number" in stated else [])}
            self.kinds = tuple(kind for kind in self.kinds if kind in wider)
        elif self.implied is None:
            self.implied = next(
                (kind for kind, words in _IMPLIED if any(word in schema for word in words)), None
            )

    def _add_values(self, schema: Mapping[str, Any]) -> None:
        for allowed in ([schema["const"]] if "const" in schema else None, schema.get("enum")):
            if allowed is None:
                continue
            if self.values is None:
                self.values = Offered(listed(allowed))
            else:
                shared = {identity(value) for value in listed(allowed)}
                kept = zip(self.values.values, self.values.identities, strict=True)
                self.values = Offered([value for value, known in kept if known in shared])
            self.first_possible = 0
        if "default" in schema:
            self.suggestions = (*self.suggestions, schema["default"])
        self.suggestions = (*self.suggestions, *listed(schema.get("examples")))

    def _add_numbers(self, schema: Mapping[str, Any]) -> None:
        self.bounds = self.bounds.within(bounds_of(schema))

    def _add_texts(self, schema: Mapping[str, Any]) -> None:
        self.shortest = max(self.shortest, whole(schema.get("minLength")) or 0)
        self.longest = _lower(self.longest, whole(schema.get("maxLength")))
        pattern, text_format = schema.get("pattern"), schema.get("format")
        if isinstance(pattern, str):
            self.patterns = (*self.patterns, pattern)
        if self.format is None and isinstance(text_format, str):
            self.format = text_format
        if self.format is None and schema.get("contentEncoding") == "base64":
            self.format = "base64"

    def _add_members(self, schema: Mapping[str, Any]) -> None:
        self.required = tuple(dict.fromkeys((*self.required, *names(schema.get("required")))))
        self.least_members = max(self.least_members, whole(schema.get("minProperties")) or 0)
        self.most_members = _lower(self.most_members, whole(schema.get("maxProperties")))
        self.layers = (*self.layers, schema)

    def _add_items(self, schema: Mapping[str, Any]) -> None:
        self.least_items = max(self.least_items, whole(schema.get("minItems")) or 0)
        self.most_items = _lower(self.most_items, whole(schema.get("maxItems")))
        self.unique = self.unique or schema.get("uniqueItems") is True
        if "contains" in schema:
            least = whole(schema.get("minContains", 1))
            most = whole(schema.get("maxContains"))
            wanted = Contained(
                schema=schema["contains"], least=1 if least is None else least, most=most
            )
            self.contained = (*self.contained, wanted)


_FIELDS: Final = tuple(field.name for field in dataclasses.fields(Demand))


def _lower(was: int | None, new: int | None) -> int | None:
    return new if was is None else was if new is None else min(was, new)
