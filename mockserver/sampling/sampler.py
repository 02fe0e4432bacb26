"""Drawing a value for a schema: gather what is demanded, draw it, look at it again.

Whatever the schema is, the work is bounded: by the depth, by steps, by tries. What cannot be
satisfied, or not within these bounds, gets the best that was drawn.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Final

from mockserver.effort import Budget
from mockserver.sampling.arrays import draw_array
from mockserver.sampling.demands import KINDS, Demand, Offered
from mockserver.sampling.drawing import Drawing
from mockserver.sampling.gathering import Gathering
from mockserver.sampling.judging import Judge
from mockserver.sampling.layers import effort_of_patterns
from mockserver.sampling.numbers import draw_number
from mockserver.sampling.objects import MOST_MADE_UP, draw_object
from mockserver.sampling.places import DEEPEST, Drawn, Place, Scales
from mockserver.sampling.reading import copied, kind_of, members, names
from mockserver.sampling.references import References
from mockserver.sampling.strings import draw_string
from mockserver.wire.jsontext import JsonValue

if TYPE_CHECKING:
    from faker import Faker

_FEW_STEPS: Final = 2_500
"""What a value may take whatever its schema, and as much again as the schema is large."""
_STEPS_PER_NODE: Final = 3
_UNHURRIED: Final = 5_000
"""After so many steps, nothing optional is drawn any more."""
_ATTEMPTS: Final = 12
_LIGHT: Final = 50
_LOOKS: Final = 5
"""So many looks at a name, by a keyword or by a pattern, are one step."""
_SUGGESTION_SHARE: Final = 0.5
_NULL_SHARE: Final = 0.1


@dataclass(frozen=True, slots=True)
class Budgets:
    """What one value may take: *steps* of drawing, *looks* of judging, *letters* of texts."""

    steps: Budget
    looks: Budget
    letters: Budget


def steps_for(schema: JsonValue) -> int:
    """Return how many steps a value for *schema* may take, at most: more for a larger one."""
    return _FEW_STEPS + _STEPS_PER_NODE * Scales().size(schema)


class Sampler(Drawing):
    """Draws values for the schemas of one document."""

    def __init__(self, root: JsonValue, rng: Random, fake: "Faker", budgets: Budgets) -> None:
        references = References(root)
        super().__init__(rng, fake, Judge(references, budgets.looks), budgets.letters)
        self._budget = budgets.steps
        self._hurry = self._budget.left - min(_UNHURRIED, self._budget.left * 3 // 4)
        """With so few steps left, nothing optional is drawn any more."""
        self._scales = Scales()
        self._gathering = Gathering(references, rng, self._budget, self._scales)

    @property
    def is_exhausted(self) -> bool:
        """Whether no steps are left."""
        return self._budget.left < 0

    def draw(self, schema: JsonValue, place: Place) -> Drawn:
        """Draw a value for *schema* at *place*."""
        best = Drawn(_empty(schema), ok=False)
        if place.shallow and not self._gathering.can_end(schema):
            return best
        for attempt in range(_ATTEMPTS):
            if attempt > 1 and place.hurried:
                break
            if place.depth > DEEPEST or not self._budget.spend(self._scales.steps(schema)):
                break
            if self._budget.left < self._hurry:
                place = Place(name=place.name, depth=place.depth, hurried=True)
            demand = self._gathering.demand(schema, place)
            if demand is None:
                continue
            drawn = self._drawn(demand, place)
            must_judge = demand.tricky or kind_of(drawn.value) not in {"object", "array"}
            if drawn.ok and (not must_judge or self.judge.accepts(drawn.value, schema)):
                return drawn
            best = Drawn(drawn.value, ok=False)
            if not demand.tricky:
                break
        return best

    def _drawn(self, demand: Demand, place: Place) -> Drawn:
        if demand.values is not None and demand.values.values:
            return Drawn(copied(self._one_of(demand.values, demand)), ok=True)
        if demand.suggestions and self.rng.random() < _SUGGESTION_SHARE:
            suggestion = self.rng.choice(demand.suggestions)
            if kind_of(suggestion) in demand.kinds:
                return Drawn(copied(suggestion), ok=True)
        match self._kind(demand):
            case "string":
                return draw_string(demand, place, self)
            case "object":
                if not self._budget.spend(_looks(demand)):
                    return Drawn({}, ok=False)
                return draw_object(demand, place, self)
            case "array":
                return draw_array(demand, place, self)
            case "number" | "integer" as kind:
                integer = "number" not in demand.kinds
                value = draw_number(demand.bounds, self.rng, place.name, integer=integer)
                return Drawn(value, ok=value is not None and kind in demand.kinds)
            case "boolean":
                return Drawn(self.rng.random() < 1 / 2, ok=True)
            case _:
                return Drawn(None, ok=True)

    def _one_of(self, values: Offered, demand: Demand) -> JsonValue:
        """Return one of *values*; null less often than the others."""
        for _ in range(_ATTEMPTS):
            place = self.rng.randrange(len(values.values))
            value = values.values[place]
            if value is None and self.rng.random() >= _NULL_SHARE and len(values.values) > 1:
                continue
            if demand.is_possible(values, place):
                return value
        [value] = self.rng.choice(list(demand.possible(values)))
        return value

    def _kind(self, demand: Demand) -> str:
        """Return which kind of value to draw."""
        if len(demand.kinds) == len(KINDS):
            return demand.implied or "string"
        kinds = [kind for kind in demand.kinds if kind != "null"]
        if "number" in kinds and "integer" in kinds:
            kinds.remove("integer")
        if not kinds or ("null" in demand.kinds and self.rng.random() < _NULL_SHARE):
            return "null"
        return self.rng.choice(kinds)


def _looks(demand: Demand) -> int:
    """Return how many steps it is to ask each layer, and each pattern, about each name."""
    names_known = len(demand.required) + min(demand.least_members, MOST_MADE_UP)
    names_known += sum(len(members(layer.get("properties"))) for layer in demand.layers)
    patterns = sum(map(effort_of_patterns, demand.layers))
    return names_known * len(demand.layers) // _LIGHT + (names_known + 1) * patterns // _LOOKS


def _empty(schema: JsonValue) -> JsonValue:
    """Return the simplest value of the first type that *schema* states: the last resort."""
    stated = names(members(schema).get("type"))
    return copied(_EMPTY.get(stated[0])) if stated else None


_EMPTY: Final[Mapping[str, JsonValue]] = {
    "string": "", "object": {}, "array": [], "number": 0, "integer": 0, "boolean": False,
}  # fmt: skip
