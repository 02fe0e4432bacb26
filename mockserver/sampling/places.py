"""Where in a value something is drawn, with how much work left, and what came of it."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Final, NamedTuple

from mockserver.sampling.reading import is_array, is_object
from mockserver.wire.jsontext import JsonValue

DEEPEST: Final = 40
"""No value nests deeper than this. (JSON writers and readers recurse, too.)"""


class Budget:
    """How much work may still be done; what is beyond it is done by the shortest way, or not."""

    __slots__ = ("left",)

    def __init__(self, steps: int) -> None:
        self.left = steps

    def spend(self, steps: int = 1) -> bool:
        """Take *steps*; return whether there were so many left."""
        self.left -= steps
        return self.left >= 0


_LIGHT: Final = 50
"""So many values within each other are as quickly gone through as one."""


class Scales:
    """Counts the steps of looking at a schema: the more there is in it, the more steps."""

    def __init__(self) -> None:
        # By id. The schemas are kept, too, lest another gets the id of one that is gone.
        self._sizes: dict[int, tuple[JsonValue, int]] = {}

    def steps(self, schema: JsonValue) -> int:
        """Return what it takes to look at *schema* once."""
        return 1 + self._size(schema) // _LIGHT

    def _size(self, value: JsonValue) -> int:
        inner: Iterable[JsonValue]
        if is_object(value):
            inner = value.values()
        elif is_array(value):
            inner = value
        else:
            return 1
        known = self._sizes.get(id(value))
        if known is None:
            known = self._sizes[id(value)] = (value, 1 + sum(map(self._size, inner)))
        return known[1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A position in the value: the *name* it goes by, and the `$ref`s on the way to it."""

    name: str | None = None
    depth: int = 0
    references: tuple[str, ...] = ()
    hurried: bool = False
    """Work is running out."""

    @property
    def shallow(self) -> bool:
        """Whether to come to an end: a schema has come back to itself for the second time."""
        return self.hurried or any(self.references.count(one) > 1 for one in self.references)

    def inner(self, name: str | None, references: tuple[str, ...]) -> "Place":
        """Return the place of a member or item called *name*, reached by *references*."""
        return replace(
            self, name=name, depth=self.depth + 1, references=(*self.references, *references)
        )


class Drawn(NamedTuple):
    """A value, and whether it is as demanded."""

    value: Any
    ok: bool


def both(schemas: list[JsonValue]) -> JsonValue:
    """Return a schema that demands what all of *schemas* do."""
    if any(schema is False for schema in schemas):
        return False
    telling = [schema for schema in schemas if schema is not True]
    if len(telling) == 1:
        return telling[0]
    return {"allOf": telling} if telling else True
