"""What the messages of a request tell, as the client wrote them: clients write anything.

The journal keeps requests as they were sent, refused ones too; nothing here trusts their form.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

Message = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ToldCall:
    """A tool call that a client says the model has made."""

    id: str
    name: str
    arguments: Any


def _mapping(value: Any) -> Mapping[str, Any]:
    return cast(Mapping[str, Any], value) if isinstance(value, Mapping) else {}


def _list(value: Any) -> list[Any]:
    return [*cast(Iterable[Any], value)] if isinstance(value, list) else []


def role(message: Message) -> str:
    """Return whose *message* is."""
    return str(_mapping(message).get("role"))


def text(message: Message) -> str:
    """Return the text of *message*: that of its parts, a line for each, if it is in parts."""
    content = _mapping(message).get("content")
    if isinstance(content, str):
        return content
    parts = (_mapping(part).get("text") for part in _list(content))
    return "\n".join(part for part in parts if isinstance(part, str))


def told_calls(message: Message) -> Iterator[ToldCall]:
    """Yield the tool calls that *message* tells of."""
    for call in _list(_mapping(message).get("tool_calls")):
        told = _mapping(call)
        named = _mapping(told.get("function")) or _mapping(told.get("custom"))
        arguments = named.get("arguments", named.get("input"))
        yield ToldCall(str(told.get("id")), str(named.get("name", "")), arguments)


def result_id(message: Message) -> str:
    """Return the id of the call whose result *message* hands back."""
    return str(_mapping(message).get("tool_call_id"))


def offered(tools: Iterable[Message]) -> frozenset[str]:
    """Return the names of *tools*."""
    named = (_mapping(tool).get("function") or _mapping(tool).get("custom") for tool in tools)
    return frozenset(str(_mapping(tool).get("name")) for tool in named if tool)


def since_last_turn(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the messages after the last one of the model."""
    turns = (index for index, message in enumerate(messages) if role(message) == "assistant")
    return messages[max(turns, default=-1) + 1 :]
