"""A scenario as the JSON that an editor holds against the schema."""

from typing import Any

from mockserver.scenario.syntax import reader
from mockserver.scenario.syntax.nodes import BadNode, ListNode, MapNode, Node, ScalarNode


def as_json(text: str) -> Any:
    """Return what *text* holds; an editor reads nothing else in it."""
    problems: list[Any] = []
    root = reader.read(text, "a.yaml", problems)
    assert root is not None, problems
    assert problems == []
    return _plain(root)


def _plain(node: Node) -> Any:
    match node:
        case ScalarNode():
            return node.value
        case ListNode():
            return [_plain(item) for item in node.items]
        case MapNode():
            return {member.key: _plain(member.value) for member in node.members}
        case BadNode():
            raise AssertionError(node.place)
