"""Arrays: a few items, or as many as are demanded; tuples, sets, and items that must be there."""

from collections.abc import Hashable
from typing import Any, Final

from mockserver.sampling.demands import Demand
from mockserver.sampling.drawing import Drawing
from mockserver.sampling.layers import said_of_item
from mockserver.sampling.places import Drawn, Place, both
from mockserver.sampling.reading import identity, is_array, listed
from mockserver.wire.jsontext import JsonValue

_MOST_ITEMS: Final = 1_000
"""No array has more, whatever `minItems` demands."""
_ATTEMPTS: Final = 16


def draw_array(demand: Demand, place: Place, drawing: Drawing) -> Drawn:
    """Draw an array for *demand*."""
    return _Array(demand, place, drawing).draw()


class _Array:
    """One array in the making."""

    def __init__(self, demand: Demand, place: Place, drawing: Drawing) -> None:
        self.demand = demand
        self.place = place
        self.drawing = drawing
        self.items: list[Any] = []
        self.seen: set[Hashable] = set()

    def draw(self) -> Drawn:
        count = self._count()
        least = min(self.demand.least_items, _MOST_ITEMS)
        wanted = self._positions_of_contained(count)
        needed = max([least, *(position + 1 for position in wanted)])
        for index in range(count):
            schema = both([self._schema_at(index), *wanted.get(index, self._not_contained())])
            item = self._item(schema)
            if not item.ok and index >= needed:
                break
            if not item.ok:
                return Drawn([*self.items, item.value], ok=False)
            self.items.append(item.value)
            self.seen.add(identity(item.value))
        return Drawn(self.items, ok=len(self.items) >= self.demand.least_items)

    def _schema_at(self, index: int) -> JsonValue:
        schema = both([said_of_item(layer, index) for layer in self.demand.layers])
        closed = schema is True and any(
            layer.get("unevaluatedItems") is False and "contains" not in layer
            for layer in self.demand.layers
        )
        return False if closed else schema

    def _item(self, schema: JsonValue) -> Drawn:
        inner = self.place.inner(self.place.name, self.demand.references)
        item = Drawn(None, ok=False)
        for _ in range(_ATTEMPTS if self.demand.unique else 1):
            item = self.drawing.draw(schema, inner)
            if not item.ok or not self.demand.unique or identity(item.value) not in self.seen:
                return item
        return Drawn(item.value, ok=False)

    def _count(self) -> int:
        """Return how many items to draw."""
        shallow = self.place.shallow
        fewest = max(self.demand.least_items, 0 if shallow else 1)
        tuples = [len(_first_items(layer)) for layer in self.demand.layers]
        if any(tuples):
            count = max(self.demand.least_items, *tuples)
        else:
            count = fewest + (0 if shallow else self.drawing.rng.randint(0, 2))
        count = max(count, sum(one.least for one in self.demand.contained))
        if self.demand.most_items is not None:
            count = min(count, self.demand.most_items)
        return min(count, _MOST_ITEMS)

    def _positions_of_contained(self, count: int) -> dict[int, list[JsonValue]]:
        """Choose positions for the items that `contains` demands."""
        free = list(range(count))
        self.drawing.rng.shuffle(free)
        chosen: dict[int, list[JsonValue]] = {}
        for one in self.demand.contained:
            for _ in range(min(one.least, len(free))):
                chosen[free.pop()] = [one.schema]
        return chosen

    def _not_contained(self) -> list[JsonValue]:
        """Return what other items must not be, if `contains` has a maximum."""
        return [{"not": one.schema} for one in self.demand.contained if one.most is not None]


def _first_items(layer: Any) -> list[JsonValue]:
    """Return the schemas of a tuple's items."""
    items = layer.get("items")
    return listed(layer.get("prefixItems")) or (items if is_array(items) else [])
