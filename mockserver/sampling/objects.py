"""Objects: what is required, most of what is optional, and names made up where they must be."""

from collections.abc import Iterable
from typing import Any, Final

from mockserver.sampling import formats, regexes
from mockserver.sampling.demands import Demand
from mockserver.sampling.drawing import Drawing
from mockserver.sampling.layers import said_of_member
from mockserver.sampling.places import Drawn, Place, both
from mockserver.sampling.reading import is_object, members, names
from mockserver.wire.jsontext import JsonValue

_OPTIONAL_SHARE: Final = 0.85
"""The share of optional members that are drawn."""
MOST_MADE_UP: Final = 200
"""No more names are made up, whatever `minProperties` demands."""
_ATTEMPTS: Final = 8


def draw_object(demand: Demand, place: Place, drawing: Drawing) -> Drawn:
    """Draw an object for *demand*."""
    return _Object(demand, place, drawing).draw()


class _Object:
    """One object in the making."""

    def __init__(self, demand: Demand, place: Place, drawing: Drawing) -> None:
        self.demand = demand
        self.place = place
        self.drawing = drawing
        self.known = dict.fromkeys(
            name for layer in demand.layers for name in members(layer.get("properties"))
        )
        self.made: dict[str, Any] = {}
        self.failed: set[str] = set()

    def draw(self) -> Drawn:
        required = self._with_dependents(self.demand.required)
        chosen = self._chosen(required)
        ok = True
        for name in chosen:
            if not self._put(name, optional=name not in required):
                ok = ok and name not in required
        self._fill_up()
        ok = ok and self._dependents_are_there() and len(self.made) >= self.demand.least_members
        most = self.demand.most_members
        return Drawn(self.made, ok=ok and (most is None or len(self.made) <= most))

    def _chosen(self, required: dict[str, None]) -> list[str]:
        """Return the names to draw, in the order in which the schema has them."""
        chosen = set(required)
        optional = [name for name in self.known if name not in chosen and self._may_have(name)]
        most = self.demand.most_members
        for name in self.drawing.rng.sample(optional, len(optional)):
            group = [one for one in self._with_dependents([name]) if one not in chosen]
            room = most is None or len(chosen) + len(group) <= most
            if room and self._wanted(chosen) and all(map(self._may_have, group)):
                chosen.update(group)
        return [
            *(name for name in self.known if name in chosen),
            *(name for name in required if name not in self.known),
        ]

    def _wanted(self, chosen: set[str]) -> bool:
        """Draw whether one more optional member is there."""
        if len(chosen) < self.demand.least_members:
            return True
        return not self.place.shallow and self.drawing.rng.random() < _OPTIONAL_SHARE

    def _may_have(self, name: str) -> bool:
        return name not in self.demand.forbidden and self._name_fits(name)

    def _name_fits(self, name: str) -> bool:
        if self._schema_of(name) is False:
            return False
        rules = [layer["propertyNames"] for layer in self.demand.layers if "propertyNames" in layer]
        return all(self.drawing.judge.accepts(name, rule) for rule in rules)

    def _schema_of(self, name: str) -> JsonValue:
        """Return the schema of the member *name* by all layers together."""
        schema = both([one for layer in self.demand.layers for one in said_of_member(layer, name)])
        closed = (
            schema is True
            and name not in self.known
            and any(layer.get("unevaluatedProperties") is False for layer in self.demand.layers)
        )
        return False if closed else schema

    def _put(self, name: str, *, optional: bool) -> bool:
        """Draw the member *name*; leave it out if it is optional and cannot be right."""
        inner = self.place.inner(name, self.demand.references)
        drawn = self.drawing.draw(self._schema_of(name), inner)
        if drawn.ok or not optional:
            self.made[name] = drawn.value
        return drawn.ok

    def _with_dependents(self, given: Iterable[str]) -> dict[str, None]:
        """Return *given* and the names that they bring with them (`dependentRequired`)."""
        found = dict.fromkeys(given)
        waiting = list(found)
        while waiting:
            fresh = [other for other in self._dependents(waiting.pop()) if other not in found]
            found.update(dict.fromkeys(fresh))
            waiting.extend(fresh)
        return found

    def _dependents(self, name: str) -> list[str]:
        return [
            other
            for layer in self.demand.layers
            for keyword in ("dependentRequired", "dependencies")
            for other in names(members(layer.get(keyword)).get(name))
        ]

    def _dependents_are_there(self) -> bool:
        return all(other in self.made for name in self.made for other in self._dependents(name))

    def _fill_up(self) -> None:
        """Make up names: as many as are demanded, or a few for a map of names to values."""
        least = min(self.demand.least_members, len(self.made) + MOST_MADE_UP)
        if not self.known and not self.place.shallow and self._is_map():
            least = max(least, self.drawing.rng.randint(1, 3))
        if self.demand.most_members is not None:
            least = min(least, self.demand.most_members)
        tries = _ATTEMPTS * max(least - len(self.made), 0)
        while len(self.made) < least and tries > 0 and not self.drawing.is_exhausted:
            tries -= 1
            name = self._made_up()
            if name not in self.made and self._may_have(name):
                self._put(name, optional=True)

    def _is_map(self) -> bool:
        return any(
            is_object(layer.get("additionalProperties")) or layer.get("patternProperties")
            for layer in self.demand.layers
        )

    def _made_up(self) -> str:
        """Return a name that no schema names, as the patterns for names would have it."""
        patterns = [
            pattern
            for layer in self.demand.layers
            for pattern in members(layer.get("patternProperties"))
        ]
        rules = [layer["propertyNames"] for layer in self.demand.layers if "propertyNames" in layer]
        if rules:
            inner = self.place.inner(None, self.demand.references)
            name = self.drawing.draw(both([*rules, {"type": "string"}]), inner).value
            return name if isinstance(name, str) else ""
        if patterns:
            pattern = self.drawing.rng.choice(patterns)
            made = regexes.text_for(pattern, self.drawing.rng, self.drawing.letters)
            if made is not None:
                longer = made + formats.words(self.drawing.fake, 1)
                return longer if regexes.found(pattern, longer) else made
        return formats.words(self.drawing.fake, self.drawing.rng.randint(1, 2)).replace(" ", "_")
