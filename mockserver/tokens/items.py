"""Reading the items of a Responses request, for the bill: whatever is not as expected is absent."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple, TypeAlias

from mockserver.tokens.schemas import as_list, as_schema

Item: TypeAlias = Mapping[str, Any]

TEXTS: Final[Mapping[str, str]] = {
    "input_text": "text",
    "output_text": "text",
    "text": "text",
    "summary_text": "text",
    "reasoning_text": "text",
    "refusal": "refusal",
}
"""The kinds of parts that are texts, and the member that has the text."""


class Recalled(NamedTuple):
    """What the provider knows of an output item that it stored, which decides how it is read.

    Attributes:
        alone: A call was the only one of its answer.
        forced: It had to be made: it was named, or calls were required of one function.
        through_wrapper: It was made through the tool for parallel calls.
        by_schema: A text follows a JSON schema.
        reasoning_tokens: How many tokens a reasoning item is; None: that is not known.
        model: The model that wrote it.

    """

    alone: bool = False
    forced: bool = False
    through_wrapper: bool = False
    by_schema: bool = False
    reasoning_tokens: int | None = None
    model: str = ""


def kind_of(item: Item) -> str:
    """Return the type of *item*; one that states none is a message."""
    kind = item.get("type")
    return kind if isinstance(kind, str) else "message"


def role_of(item: Item) -> str:
    """Return whose message *item* is."""
    role = item.get("role")
    return role if isinstance(role, str) else "user"


def parts_of(content: Any) -> Sequence[Item]:
    """Return the parts of a *content* or an output; a text is one part, as it is on the wire."""
    if isinstance(content, str):
        return [{"type": "input_text", "text": content}]
    return _objects(content)


def _objects(value: Any) -> Sequence[Item]:
    """Return the JSON objects in *value*, if that is a JSON array."""
    objects = map(as_schema, as_list(value) or ())
    return [one for one in objects if one is not None]


def text_of_part(part: Item) -> str | None:
    """Return the text of *part*; None: it is not a text."""
    member = TEXTS.get(str(part.get("type")))
    if member is None:
        return None
    text = part.get(member)
    return text if isinstance(text, str) else ""


def text_of(content: Any) -> str:
    """Return the texts of *content* or an output, joined by nothing."""
    return "".join([text_of_part(part) or "" for part in parts_of(content)])


def format_of(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return `text.format`; empty: the answer is free text."""
    text = as_schema(body.get("text")) or {}
    return as_schema(text.get("format")) or {}


def json_schema_of(body: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return the format if it is a JSON schema with its name and description."""
    stated = format_of(body)
    return stated if stated.get("type") == "json_schema" else None


def tools_of(body: Mapping[str, Any]) -> Sequence[Item]:
    """Return the tools offered, or those that an item brings."""
    return _objects(body.get("tools"))


def functions_of(tools: Sequence[Item]) -> list[Item]:
    """Return the functions among *tools*, and those in the namespaces among them."""
    found: list[Item] = []
    for tool in tools:
        inner = tools_of(tool) if tool.get("type") == "namespace" else [tool]
        found += [one for one in inner if one.get("type") == "function"]
    return found


def forced_function(body: Mapping[str, Any]) -> str | None:
    """Return the name of the one function that must be called: named, or required and alone."""
    tools = tools_of(body)
    choice = body.get("tool_choice")
    if choice == "required" and len(tools) == 1 and tools[0].get("type") == "function":
        return _name(tools[0])
    stated = as_schema(choice)
    return _name(stated) if stated and stated.get("type") == "function" else None


def _name(named: Item) -> str | None:
    name = named.get("name")
    return name if isinstance(name, str) else None


def turn_begins(items: Sequence[Item]) -> int:
    """Return where the current turn begins: the reasoning of earlier ones is not read any more.

    It begins at the last message of the user; where calls before it are answered after it, at
    the reasoning that led to them (10 of 10 requests, two repositories).
    """
    begins = 0
    for place in range(len(items) - 1, -1, -1):
        if kind_of(items[place]) == "message" and role_of(items[place]) == "user":
            begins = place
            break
    answered = {item.get("call_id") for item in items[begins:] if kind_of(item) in _RESULTS}
    for place in range(begins):
        if kind_of(items[place]) in _CALLS and items[place].get("call_id") in answered:
            while place and kind_of(items[place - 1]) in {"reasoning", *_CALLS}:
                place -= 1  # noqa: PLW2901 - back to what led to the call
            return place
    return begins


_CALLS: Final = frozenset({"function_call", "custom_tool_call"})
_RESULTS: Final = frozenset({"function_call_output", "custom_tool_call_output"})
