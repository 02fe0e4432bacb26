"""How a schema becomes one demand: references followed, branches chosen.

Choices are drawn, so that another try makes others. Where a schema comes back to itself, the
branch that needs the least nesting is chosen instead: that ends every recursion that can end.
"""

from collections.abc import Iterator, Mapping, Sequence
from random import Random
from typing import Any, Final

from mockserver.effort import Budget
from mockserver.sampling.demands import Demand
from mockserver.sampling.layers import said_by_name
from mockserver.sampling.places import Place, Scales, both
from mockserver.sampling.reading import is_array, is_object, listed, members, names, whole
from mockserver.sampling.references import References
from mockserver.wire.jsontext import JsonValue

_ENDLESS: Final = 1_000
_KNOWN: Final = 20
"""So much that is demanded already is as quickly gone through as one schema."""
_NULL_SHARE: Final = 0.1
"""How often null is drawn where something else may be."""


class Gathering:
    """Gathers demands from the schemas of one document."""

    def __init__(self, references: References, rng: Random, budget: Budget, scales: Scales) -> None:
        self._references = references
        self._rng = rng
        self._budget = budget
        self._scales = scales
        self._looking_ahead = 0

    def demand(self, schema: JsonValue, place: Place) -> Demand | None:
        """Return what *schema* demands of the value at *place*; None: nothing is allowed."""
        demand = self._joined(Demand(), schema, shallow=place.shallow)
        return demand if demand is None or self._members_agree(demand) else None

    def can_end(self, schema: JsonValue) -> bool:
        """Return whether *schema* has a value at all, and not only ever deeper ones."""
        return self._nesting(schema, ()) < _ENDLESS

    def _joined(self, demand: Demand, schema: JsonValue, *, shallow: bool) -> Demand | None:
        """Return *demand* with *schema* joined to it, or None where they contradict each other."""
        if schema is False:
            return None
        if not is_object(schema):
            return demand
        known = len(demand.layers) + len(demand.required)
        if not self._budget.spend(self._scales.steps(schema) + known // _KNOWN):
            return demand
        demand = demand.copy()
        if not demand.add(schema):
            return None
        # A reference that led here already leads here again: there is nothing to add.
        fresh = [
            reference
            for reference in (schema.get("$ref"), schema.get("$dynamicRef"))
            if isinstance(reference, str) and reference not in demand.references
        ]
        demand.references = (*demand.references, *fresh)
        found: Demand | None = demand
        for part in [*map(self._references.target, fresh), *listed(schema.get("allOf"))]:
            found = found and self._joined(found, part, shallow=shallow)
        for branches in self._choices(schema, shallow=shallow):
            found = found and self._first(found, branches, shallow=shallow)
        if found and "not" in schema:
            found = self._without(found, schema["not"], shallow=shallow)
        return found and self._dependent(found, schema, shallow=shallow)

    def _choices(
        self, schema: Mapping[str, Any], *, shallow: bool
    ) -> Iterator[Sequence[JsonValue]]:
        """Yield the sets of branches of which one is to be chosen, each in the order to try."""
        for keyword in ("anyOf", "oneOf"):
            if is_array(schema.get(keyword)):
                yield self._ordered(schema[keyword], shallow=shallow)
        if "if" in schema:
            ways = [
                both([schema["if"], schema.get("then", True)]),
                both([{"not": schema["if"]}, schema.get("else", True)]),
            ]
            self._rng.shuffle(ways)
            yield ways

    def _first(
        self, demand: Demand, branches: Sequence[JsonValue], *, shallow: bool
    ) -> Demand | None:
        """Return *demand* joined with the first of *branches* that does not contradict it."""
        for branch in branches:
            joined = self._joined(demand, branch, shallow=shallow)
            if joined is not None and self._members_agree(joined):
                return joined
        return None

    def _ordered(self, branches: Sequence[JsonValue], *, shallow: bool) -> list[JsonValue]:
        """Return *branches* in the order in which they are tried."""
        ordered = self._rng.sample(branches, len(branches))
        if shallow:
            return sorted(ordered, key=lambda branch: self._nesting(branch, ()))
        if self._rng.random() >= _NULL_SHARE:
            ordered.sort(key=lambda branch: members(branch).get("type") == "null")
        return ordered

    def _without(self, demand: Demand, refused: JsonValue, *, shallow: bool) -> Demand | None:
        """Return *demand* less what *refused* plainly describes; the rest is left to the check."""
        if not is_object(refused):
            return None if refused is True else demand
        telling = {key: value for key, value in refused.items() if key not in _ANNOTATIONS}
        demand = demand.copy()
        match telling:
            case {"not": wanted, **others} if not others:
                return self._joined(demand, wanted, shallow=shallow)
            case {"anyOf": [*parts], **others} if not others:
                return self._joined(
                    demand, both([{"not": part} for part in parts]), shallow=shallow
                )
            case {"const": value, **others} if others.keys() <= {"type"}:
                demand.exclude([value])
            case {"enum": [*values], **others} if others.keys() <= {"type"}:
                demand.exclude(values)
            case {"type": stated, **others} if not others:
                shut_out = {*names(stated), "integer" if "number" in names(stated) else ""}
                demand.kinds = tuple(kind for kind in demand.kinds if kind not in shut_out)
            case {"required": [str(name)], **others} if not others:
                demand.forbidden = (*demand.forbidden, name)
            case {"properties": properties, **others} if others.keys() <= {"required", "type"}:
                self._deny_member(demand, members(properties), names(others.get("required")))
            case _:
                pass
        return demand if demand.satisfiable() else None

    def _deny_member(
        self, demand: Demand, properties: Mapping[str, Any], required: Sequence[str]
    ) -> None:
        """Make a member differ from what is refused; if it may be missing, it must be there."""
        if not properties:
            return
        name = self._rng.choice(list(properties))
        demand.layers = (*demand.layers, {"properties": {name: {"not": properties[name]}}})
        if name not in required and name not in demand.required:
            demand.required = (*demand.required, name)

    def _dependent(
        self, demand: Demand, schema: Mapping[str, Any], *, shallow: bool
    ) -> Demand | None:
        """Decide about members that bring more demands with them (`dependentSchemas`)."""
        found: Demand | None = demand
        pairs = {**members(schema.get("dependencies")), **members(schema.get("dependentSchemas"))}
        for name, more in pairs.items():
            if is_array(more) or found is None:
                continue
            wanted = name in found.required or (not shallow and self._rng.random() < 1 / 2)
            present: JsonValue = both([{"required": [name]}, more])
            ways = [present, {"not": {"required": [name]}}]
            found = self._first(found, ways if wanted else ways[::-1], shallow=shallow)
        return found

    def _members_agree(self, demand: Demand) -> bool:
        """Return whether what several schemas say of the same required member can be had.

        Looked into for objects only, and not far: what is missed here is found by the check.
        """
        if demand.kinds != ("object",) and demand.implied != "object":
            return True
        too_many = len(demand.required) * len(demand.layers) > _MANY
        if too_many or self._looking_ahead >= _FAR_ENOUGH:
            return True
        self._looking_ahead += 1
        try:
            return all(
                self.demand(both(said), Place()) is not None
                for name in demand.required
                if len(said := said_by_name(demand.layers, name)) > 1
            )
        finally:
            self._looking_ahead -= 1

    def _nesting(self, schema: JsonValue, seen: tuple[str, ...]) -> int:
        """Return how many levels a value of *schema* needs at least."""
        if not is_object(schema) or not self._budget.spend():
            return _ENDLESS if schema is False else 0
        if "enum" in schema or "const" in schema:
            return 0
        needed = [0]
        reference = schema.get("$ref")
        if isinstance(reference, str):
            known = reference in seen
            target = self._references.target(reference)
            needed.append(_ENDLESS if known else self._nesting(target, (*seen, reference)))
        needed.extend(self._nesting(part, seen) for part in listed(schema.get("allOf")))
        for keyword in ("anyOf", "oneOf"):
            branches = [self._nesting(branch, seen) for branch in listed(schema.get(keyword))]
            needed.append(min(branches, default=0))
        if {"string", "number", "integer", "boolean", "null"}.isdisjoint(names(schema.get("type"))):
            inner = [
                said
                for name in names(schema.get("required"))
                for said in said_by_name([schema], name)
            ]
            if whole(schema.get("minItems")):
                inner.append(schema.get("items", True))
            needed.extend(1 + self._nesting(member, seen) for member in inner)
        return max(needed)


_FAR_ENOUGH: Final = 3
_MANY: Final = 2_000
_ANNOTATIONS: Final = frozenset({"title", "description", "$comment"})
