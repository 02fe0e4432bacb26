"""Where in a value something is drawn, how large its schema is, and what came of it."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from mockserver.sampling.reading import is_array, is_object
from mockserver.wire.jsontext import JsonValue

DEEPEST: Final = 40
"""No value nests deeper than this. (JSON writers and readers recurse, too.)"""


_LIGHT: Final = 20
"""So many values within each other are as quickly gone through as one."""
_DIGITS: Final = 64
"""So many binary digits of a number are."""
_MOST_NODES: Final = 1_000_000
"""What is larger takes more steps than anybody has."""


class Scales:
    """Counts the steps of looking at a schema: the more there is in it, the more steps."""

    def __init__(self) -> None:
        # By id. The schemas are kept, too, lest another gets the id of one that is gone.
        self._sizes: dict[int, tuple[JsonValue, int]] = {}
        self._counted = 0

    def steps(self, schema: JsonValue) -> int:
        """Return what it takes to look at *schema* once."""
        return 1 + self.size(schema) // _LIGHT

    def size(self, value: JsonValue) -> int:
        """Return how many values there are in *value*, itself included."""
        inner: Iterable[JsonValue]
        if is_object(value):
            inner = value.values()
        elif is_array(value):
            inner = value
        elif isinstance(value, int):
            return 1 + value.bit_length() // _DIGITS
        else:
            return 1
        known = self._sizes.get(id(value))
        if known is None:
            self._counted += len(value)
            size = _MOST_NODES if self._counted > _MOST_NODES else 1 + sum(map(self.size, inner))
            known = self._sizes[id(value)] = (value, size)
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
        led = (*self.references, *references)
        return Place(name=name, depth=self.depth + 1, references=led, hurried=self.hurried)


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
