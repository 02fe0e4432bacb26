"""Members of a body that do not matter: JMESPaths that say where, taken out of JSON.

A path names places: members, positions and wildcards (`messages[0].content`, `tools[*].function`,
`metadata`). What computes a value instead of naming a place is refused.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final, TypeAlias, cast

from mockserver.templates.queries import QueryError, query
from mockserver.wire.jsontext import is_list, is_object

Step: TypeAlias = str | int | None
"""A member, a position, or all that there are (None)."""
PLACES: Final = "write the place itself: metadata, messages[0].content, tools[*].description"


class Ignored:
    """One path of what is ignored."""

    def __init__(self, text: str) -> None:
        """Take the path as it is written.

        Raises:
            ValueError: It is no JMESPath, or does not name places.

        """
        try:
            parsed: Mapping[str, Any] = query(text).tree
        except QueryError as error:
            raise ValueError(f"'{text}' is not a JMESPath: {error}") from error
        self.text = text
        try:
            self._steps = tuple(_steps(parsed, text))
        except RecursionError as error:
            raise ValueError(f"'{text:.40}…' is nested too deeply") from error
        if not self._steps:
            raise ValueError(f"'{text}' names the whole body: {PLACES}")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Ignored) and other.text == self.text

    def __hash__(self) -> int:
        return hash(self.text)

    def __repr__(self) -> str:
        return f"Ignored({self.text!r})"

    def leave_out(self, value: Any) -> Any:
        """Return *value* without what is there; *value* itself is not changed."""
        return _without(value, self._steps)


def _steps(node: Mapping[str, Any], text: str) -> Iterator[Step]:
    children = cast(list[Mapping[str, Any]], node["children"])
    match node["type"]:
        case "field":
            yield str(node["value"])
        case "index":
            yield int(node["value"])
        case "subexpression" | "index_expression":
            for child in children:
                yield from _steps(child, text)
        case "flatten":
            yield from _steps(children[0], text)
            yield None
        case "projection" | "value_projection":
            yield from _steps(children[0], text)
            if children[0]["type"] != "flatten":
                yield None
            for child in children[1:]:
                yield from _steps(child, text)
        case "identity":
            return
        case kind:
            raise ValueError(f"'{text}' computes something ({kind}): {PLACES}")


def _without(value: Any, steps: tuple[Step, ...]) -> Any:
    step, rest = steps[0], steps[1:]
    if is_object(value):
        if step is None:
            return {name: _without(inner, rest) for name, inner in value.items()} if rest else {}
        if not isinstance(step, str) or step not in value:
            return value
        if not rest:
            return {name: inner for name, inner in value.items() if name != step}
        return {**value, step: _without(value[step], rest)}
    if is_list(value):
        if step is None:
            return [_without(item, rest) for item in value] if rest else []
        if not isinstance(step, int) or not -len(value) <= step < len(value):
            return value
        at = step % len(value)
        inner = [_without(value[at], rest)] if rest else []
        return [*value[:at], *inner, *value[at + 1 :]]
    return value
