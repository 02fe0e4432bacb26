"""The content of a YAML file before its meaning is known: values that know their place."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from mockserver.errors import Place


@dataclass(slots=True)
class ScalarNode:
    """One value; *raw* is how it is written, *plain* whether without quotes."""

    place: Place
    value: str | int | float | bool | None
    raw: str
    plain: bool = True


@dataclass(slots=True)
class ListNode:
    """A list."""

    place: Place
    items: tuple["Node", ...]


@dataclass(slots=True)
class Member:
    """One key of a mapping, with its value."""

    key: str
    place: Place
    value: "Node"


@dataclass(slots=True)
class MapNode:
    """A mapping; no two members have the same key."""

    place: Place
    members: tuple[Member, ...]

    def get(self, key: str) -> Member | None:
        """Return the member called *key*, or None."""
        return next((member for member in self.members if member.key == key), None)


@dataclass(slots=True)
class BadNode:
    """What was refused already while it was read."""

    place: Place


Node: TypeAlias = ScalarNode | ListNode | MapNode | BadNode


def is_nothing(node: Node) -> bool:
    """Return whether *node* is null, or a key without a value."""
    return isinstance(node, ScalarNode) and node.value is None


def place_of(word: str, node: Node) -> Place:
    """Return where *word* is written in *node*, or else where *node* begins."""
    inner: list[Node] = []
    if isinstance(node, ListNode):
        inner = list(node.items)
    elif isinstance(node, MapNode):
        inner = [member.value for member in node.members]
    for item in inner:
        if isinstance(item, ScalarNode) and item.value == word:
            return item.place
        found = place_of(word, item)
        if found != item.place:
            return found
    return node.place


def texts_in(
    node: Node, is_passed_over: Callable[[MapNode], bool] = lambda _: False
) -> Iterator[ScalarNode]:
    """Yield the texts that stand in *node* as values, but for mappings in it to be passed over."""
    inner: Iterable[Node] = ()
    if isinstance(node, ScalarNode):
        if isinstance(node.value, str):
            yield node
    elif isinstance(node, ListNode):
        inner = node.items
    elif isinstance(node, MapNode):
        inner = (member.value for member in node.members)
    for item in inner:
        if not (isinstance(item, MapNode) and is_passed_over(item)):
            yield from texts_in(item, is_passed_over)
