"""Values written as text that the reader of scenarios reads: JSON to be read, YAML to be edited.

What is scripted in Python is read by the reader of files, so that words and errors are the
same. A file has lines to name where something is wrong; a value has a path, `fail.kind`.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, cast

import yaml

from mockserver.errors import Place, UsageError, shows_mistake
from mockserver.scenario.syntax import reader, scalars
from mockserver.scenario.syntax.nodes import ListNode, MapNode, Node, ScalarNode

__tracebackhide__ = shows_mistake

LINE_LENGTH: Final = 96
TEXT: Final = "tag:yaml.org,2002:str"
# What YAML has no place for, even in quotes, though JSON has; and what are line breaks to it alone.
_UNPRINTABLE: Final = re.compile(
    "[^\t\n\r\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
)


def plain(value: Any, called: str) -> Any:
    """Return *value* as JSON has it, apart from the caller's own, which may change later.

    Raises:
        UsageError: JSON has no such value; *called* is how the message names it.

    """
    try:
        text = json.dumps(value, allow_nan=False, default=_mapping)
    except (TypeError, ValueError) as error:
        raise UsageError(f"{called}: {error}") from error
    return json.loads(text)


def _mapping(value: object) -> dict[str, Any]:
    if isinstance(value, Mapping):
        return {**value}
    what = f"JSON has no {type(value).__name__}, as in {value!r:.60}"
    match value:
        case set() | frozenset():
            raise TypeError(f"{what}: write a list")
        case re.Pattern():
            pattern = cast(re.Pattern[str], value).pattern
            raise TypeError(f"{what}: write {{'regex': {pattern!r:.40}}}")
        case bytes() | bytearray():
            raise TypeError(f"{what}: write a text")
        case _:
            raise TypeError(what)


def as_json(document: Mapping[str, Any]) -> str:
    """Return *document* as JSON that is YAML too, one value a line: a place is one value."""
    text = json.dumps(document, ensure_ascii=False, indent=1)
    return _UNPRINTABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def paths(text: str, called: str) -> dict[Place, str]:
    """Return where each value of *text* and each key stands, as a path into it."""
    root = reader.read(text, called, [])
    return {} if root is None else dict(_walk(root, ""))


def _walk(node: Node, path: str) -> Iterator[tuple[Place, str]]:
    yield node.place, path
    if isinstance(node, MapNode):
        for member in node.members:
            below = f"{path}.{member.key}" if path else member.key
            yield member.place, below
            yield from _walk(member.value, below)
    elif isinstance(node, ListNode):
        for number, item in enumerate(node.items):
            yield from _walk(item, f"{path}[{number}]")


def values(node: Node) -> Any:
    """Return what *node* holds, as plain values."""
    match node:
        case MapNode():
            return {member.key: values(member.value) for member in node.members}
        case ListNode():
            return [values(item) for item in node.items]
        case ScalarNode():
            return node.value
        case _:
            return None


# --- YAML, for people ------------------------------------------------------------------------


def as_yaml(document: Mapping[str, Any]) -> str:
    """Return *document* as YAML that people read and edit, and the reader reads as the same."""
    # The type stubs know only a part of the dumper's own type.
    text: str = cast(Any, yaml).dump(
        document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=LINE_LENGTH
    )
    return text


class _Dumper(yaml.SafeDumper):
    """Writes each value out, and in quotes what some reader would not take for text."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - whatever it is
        return True

    def represent(self, data: Any) -> None:
        """Write *data*; what is short is on one line, as in the shipped scenarios."""
        # The type stubs know only a part of the dumper's own type.
        dumper = cast(Any, self)
        node = dumper.represent_data(data)
        _flow(node, depth=0)
        dumper.serialize(node)

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002, FBT001, FBT002 - as declared by PyYAML
        """Indent lists under their key, as the shipped scenarios do."""
        super().increase_indent(flow, indentless=False)


ON_A_LINE: Final = 80
"""How long a mapping or a list is, in characters, that is on one line."""
RULES: Final = 3
"""How deep the values of rules are: what is above has a line for each of its values."""


def _flow(node: yaml.Node, depth: int) -> int | None:
    """Put *node* on one line if it is short, and return its length; None: it has several."""
    if isinstance(node, yaml.ScalarNode):
        return None if node.style == "|" or "\n" in node.value else len(node.value) + 2
    members: list[Any] = node.value
    values = [value for _, value in members] if isinstance(node, yaml.MappingNode) else members
    lengths = [_flow(value, depth + 1) for value in values]
    if depth < RULES or None in lengths:
        return None
    named = [key for key, _ in members] if isinstance(node, yaml.MappingNode) else []
    names = sum([len(key.value) + 2 for key in named])
    length = names + sum([length + 2 for length in lengths if length is not None])
    if length > ON_A_LINE and not _are_numbers(values):
        return None
    assert isinstance(node, yaml.CollectionNode)
    node.flow_style = True
    return length


def _are_numbers(values: list[yaml.Node]) -> bool:
    return all(
        value.tag in {"tag:yaml.org,2002:int", "tag:yaml.org,2002:float"} for value in values
    )


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = None
    # In double quotes every line break is an escape; readers do not agree on the rarer ones.
    if scalars.resolve(text) != text or re.search("[\x85\u2028\u2029\ufeff]", text):
        style = '"'
    elif "\n" in text.rstrip("\n") and not re.search(r"[ \t\r]\n|^[ \t\n]|[ \t]$", text):
        style = "|"
    made: yaml.ScalarNode = cast(Any, dumper).represent_scalar(TEXT, text, style=style)
    return made


_Dumper.add_representer(str, _text)
