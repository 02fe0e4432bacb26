"""Whether a value is valid for a schema: the second look at what was drawn.

Everything that JSON Schema 2020-12 asserts, and what older drafts spelled otherwise; formats
are not judged. Where judging would go on too long, the value is let pass.
"""

from collections.abc import Hashable, Iterator, Mapping
from typing import Any, Final

from mockserver.effort import Budget
from mockserver.sampling.layers import effort_of_patterns, said_of_item, said_of_member
from mockserver.sampling.numbers import bounds_of
from mockserver.sampling.reading import (
    identity,
    is_array,
    is_object,
    kind_of,
    listed,
    members,
    names,
    number,
    whole,
)
from mockserver.sampling.references import References
from mockserver.sampling.regexes import matches
from mockserver.wire.jsontext import JsonValue

_DEEPEST: Final = 80
_LIGHT: Final = 5
"""So many members or items are as quickly gone through as one."""


class Judge:
    """Judges values by the schemas of one document."""

    def __init__(self, references: References, budget: Budget) -> None:
        self._references = references
        self._budget = budget
        self._depth = 0
        # By ids; value and schema are kept, lest others get the ids of what is gone.
        self._known: dict[tuple[int, int], tuple[bool, JsonValue, JsonValue]] = {}
        self._enums: dict[int, set[Hashable]] = {}  # by id: the document outlives its judge

    def accepts(self, value: JsonValue, schema: JsonValue) -> bool:
        """Return whether *value* is valid for *schema*."""
        if not is_object(schema):
            return schema is not False
        if not self._depth:
            self._known.clear()
        # The same value by the same schema is judged once, however many references lead there.
        key = (id(value), id(schema))
        known = self._known.get(key)
        if known is not None:
            return known[0]
        if self._depth >= _DEEPEST or not self._budget.spend(_looks(value, schema)):
            return True
        self._depth += 1
        try:
            verdict = all(self._verdicts(value, schema))
        finally:
            self._depth -= 1
        self._known[key] = verdict, value, schema
        return verdict

    def _identities(self, values: JsonValue) -> set[Hashable]:
        """Return what the values of an enum are known by; long ones are gone through once."""
        known = self._enums.get(id(values))
        if known is None:
            known = self._enums[id(values)] = {identity(one) for one in listed(values)}
        return known

    def _verdicts(self, value: JsonValue, schema: Mapping[str, Any]) -> Iterator[bool]:
        yield _is_of_type(value, schema)
        if "const" in schema:
            yield identity(value) == identity(schema["const"])
        if "enum" in schema:
            yield identity(value) in self._identities(schema["enum"])
        if isinstance(value, str):
            yield _text_fits(value, schema)
        elif is_object(value):
            yield from self._members(value, schema)
        elif is_array(value):
            yield from self._items(value, schema)
        elif (exact := number(value)) is not None:
            yield bounds_of(schema).allow(exact)
        yield from self._applied(value, schema)

    def _applied(self, value: JsonValue, schema: Mapping[str, Any]) -> Iterator[bool]:
        """Judge by the schemas that speak of the same value."""
        for reference in (schema.get("$ref"), schema.get("$dynamicRef")):
            if isinstance(reference, str):
                yield self.accepts(value, self._references.target(reference))
        for part in listed(schema.get("allOf")):
            yield self.accepts(value, part)
        if is_array(schema.get("anyOf")):
            yield any(self.accepts(value, branch) for branch in schema["anyOf"])
        if is_array(schema.get("oneOf")):
            yield sum(self.accepts(value, branch) for branch in schema["oneOf"]) == 1
        if "not" in schema:
            yield not self.accepts(value, schema["not"])
        if "if" in schema:
            yield self.accepts(value, schema.get(self._way(value, schema), True))

    def _way(self, value: JsonValue, schema: Mapping[str, Any]) -> str:
        return "then" if self.accepts(value, schema["if"]) else "else"

    def _members(self, value: Mapping[str, Any], schema: Mapping[str, Any]) -> Iterator[bool]:
        yield all(name in value for name in names(schema.get("required")))
        yield (whole(schema.get("minProperties")) or 0) <= len(value)
        most = whole(schema.get("maxProperties"))
        yield most is None or len(value) <= most
        if "propertyNames" in schema:
            yield all(self.accepts(name, schema["propertyNames"]) for name in value)
        for name, member in value.items():
            yield all(self.accepts(member, said) for said in said_of_member(schema, name))
        for name, more in members(schema.get("dependentRequired")).items():
            yield name not in value or all(other in value for other in names(more))
        for keyword in ("dependentSchemas", "dependencies"):
            for name, more in members(schema.get(keyword)).items():
                wanted = {"required": more} if is_array(more) else more
                yield name not in value or self.accepts(value, wanted)
        if "unevaluatedProperties" in schema:
            known = self._evaluated(value, schema)
            rest = [
                member for name, member in value.items() if known is not None and name not in known
            ]
            yield all(self.accepts(member, schema["unevaluatedProperties"]) for member in rest)

    def _evaluated(self, value: Mapping[str, Any], schema: JsonValue) -> set[str] | None:
        """Return the members that *schema* and what it applies speak of; None: all of them."""
        if not is_object(schema) or self._depth >= _DEEPEST or not self._budget.spend():
            return set()
        if "additionalProperties" in schema:
            return None
        known = {name for name in value if said_of_member(schema, name)}
        inner: list[JsonValue] = list(listed(schema.get("allOf")))
        if isinstance(schema.get("$ref"), str):
            inner.append(self._references.target(schema["$ref"]))
        for keyword in ("anyOf", "oneOf"):
            inner += [part for part in listed(schema.get(keyword)) if self.accepts(value, part)]
        if "if" in schema:
            way = self._way(value, schema)
            inner += [schema.get(way), *([schema["if"]] if way == "then" else [])]
        dependent = members(schema.get("dependentSchemas"))
        inner += [part for name, part in dependent.items() if name in value]
        self._depth += 1
        deeper = [self._evaluated(value, part) for part in inner]
        self._depth -= 1
        more = [spoken_of for spoken_of in deeper if spoken_of is not None]
        return known.union(*more) if len(more) == len(deeper) else None

    def _items(self, value: list[Any], schema: Mapping[str, Any]) -> Iterator[bool]:
        yield (whole(schema.get("minItems")) or 0) <= len(value)
        most = whole(schema.get("maxItems"))
        yield most is None or len(value) <= most
        if schema.get("uniqueItems") is True:
            yield len({identity(item) for item in value}) == len(value)
        for index, item in enumerate(value):
            yield self.accepts(item, said_of_item(schema, index))
        if "contains" in schema:
            found = sum(self.accepts(item, schema["contains"]) for item in value)
            least, most = whole(schema.get("minContains", 1)), whole(schema.get("maxContains"))
            yield (1 if least is None else least) <= found
            yield most is None or found <= most


def _looks(value: JsonValue, schema: Mapping[str, Any]) -> int:
    """Return how many steps it is to go through *value* once."""
    if is_object(value):
        return 1 + len(value) // _LIGHT + len(value) * effort_of_patterns(schema)
    return 1 + len(value) // _LIGHT if is_array(value) else 1


def _is_of_type(value: JsonValue, schema: Mapping[str, Any]) -> bool:
    stated = [kind.lower() for kind in names(schema.get("type"))]
    kind = kind_of(value)
    return not stated or kind in stated or (kind == "integer" and "number" in stated)


def _text_fits(value: str, schema: Mapping[str, Any]) -> bool:
    most, pattern = whole(schema.get("maxLength")), schema.get("pattern")
    return (
        (whole(schema.get("minLength")) or 0) <= len(value)
        and (most is None or len(value) <= most)
        and (not isinstance(pattern, str) or matches(pattern, value))
    )
