"""Tables that do not grow for ever: bounded by the number of entries, or by their size."""

from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class BoundedTable(OrderedDict[Key, Value]):
    """A table of at most *most* entries; the one that came first is forgotten first.

    An ordered dict, since finding the first key of a plain one takes longer the more keys were
    removed before it: 27 µs after 100,000.
    """

    __slots__ = ("most",)

    def __init__(self, most: int) -> None:
        super().__init__()
        self.most = most

    def put(self, key: Key, value: Value) -> None:
        """Enter *value* for *key*; what is known already keeps its place in the order."""
        self[key] = value
        if len(self) > self.most:
            self.popitem(last=False)


class SizedCache(Generic[Key, Value]):
    """Keeps values up to a total weight of *capacity*; the least recently used go first.

    There are two generations: a value is noted in the young one, and when that has grown to
    half the capacity, it becomes the old one, and the old one is forgotten. A value that is
    found in the old one is young again. All of it is single dictionary operations, so that
    threads that meet here can do no worse than forget too early.
    """

    __slots__ = ("_half", "_old", "_weight", "_young")

    def __init__(self, capacity: int) -> None:
        self._half = capacity // 2
        self._weight = 0
        self._young: dict[Key, tuple[Value, int]] = {}
        self._old: dict[Key, tuple[Value, int]] = {}

    def get(self, key: Key) -> Value | None:
        """Return what is remembered for *key*, or None."""
        entry = self._young.get(key)
        if entry is None:
            entry = self._old.get(key)
            if entry is None:
                return None
            self.put(key, *entry)
        return entry[0]

    def put(self, key: Key, value: Value, weight: int) -> None:
        """Remember *value*; what weighs more than half the capacity is not worth it."""
        if weight > self._half:
            return
        self._weight += weight
        if self._weight > self._half:
            self._old, self._young, self._weight = self._young, {}, weight
        self._young[key] = value, weight

    def __len__(self) -> int:
        return len(self._young.keys() | self._old.keys())
