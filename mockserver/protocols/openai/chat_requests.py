"""Parses chat requests: turns, tools, and the form of the answer.

Requests have been validated; members that validation ignores may have any form.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Final, cast

from mockserver.conversation import (
    CALLS_NOTHING,
    CHOOSES,
    PLAIN_TEXT,
    Attachment,
    Format,
    Later,
    Part,
    Role,
    Text,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
    Turn,
)

Json = Mapping[str, Any]

ROLES: Final[Mapping[str, Role]] = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "assistant": "assistant",
    "tool": "tool",
    "function": "tool",
}
ATTACHMENTS: Final[Mapping[str, Attachment]] = {
    "image_url": Attachment("image"),
    "input_audio": Attachment("audio"),
    "file": Attachment("file"),
}
"""Kinds of the parts that are not text, by type."""


# --- turns -----------------------------------------------------------------------------------


def turns_of(messages: Sequence[Json]) -> Later[Turn]:
    """Return *messages* as turns, which are made on first access."""
    return Later(len(messages), partial(_turns, messages))


def _turns(messages: Sequence[Json]) -> tuple[Turn, ...]:
    return tuple([_turn(message) for message in messages])


def _turn(message: Json) -> Turn:
    written: str = message["role"]
    role = ROLES[written]
    content = message.get("content")
    if role == "tool":
        return Turn(role, (_result(message, written, content),))
    parts: tuple[Part, ...] = ()
    if isinstance(content, list):
        parts = tuple(_parts(cast(Sequence[Json], content)))
    elif content:
        parts = (Text(content),)
    return Turn(role, (*parts, *_calls_made(message)) if role == "assistant" else parts)


def _parts(written: Sequence[Json]) -> Iterator[Part]:
    for part in written:
        text = part.get("text")
        if isinstance(text, str):
            yield Text(text)
        elif (attachment := ATTACHMENTS.get(part.get("type", ""))) is not None:
            yield attachment


def _result(message: Json, role: str, content: Any) -> ToolResult:
    if isinstance(content, list):
        texts = [part.get("text") for part in cast(Sequence[Json], content)]
        content = "\n".join([text for text in texts if isinstance(text, str)])
    # Legacy functions have no ids: their result names the function.
    identity = message.get("tool_call_id") if role == "tool" else None
    return ToolResult(content or "", identity, message.get("name"))


def _calls_made(message: Json) -> Iterator[ToolCall]:
    calls: Sequence[Json] = message.get("tool_calls") or ()
    for call in calls:
        kind = call["type"]
        if kind == "function":
            yield ToolCall(call[kind]["name"], call[kind]["arguments"], call["id"])
        elif kind == "custom":
            yield ToolCall(call[kind]["name"], call[kind]["input"], call["id"])
    legacy = message.get("function_call")
    if legacy:
        yield ToolCall(legacy["name"], legacy["arguments"])


# --- tools -----------------------------------------------------------------------------------


def tools_of(body: Json) -> tuple[Tool, ...]:
    """Return the tools and the legacy functions that *body* offers, in its order.

    A gateway may accept kinds with unknown names; those are left out.
    """
    tools: Sequence[Json] = body.get("tools") or ()
    functions: Sequence[Json] = body.get("functions") or ()
    offered = [_tool(tool) for tool in tools if tool["type"] in _KNOWN_TOOLS]
    return (*offered, *[_function(function) for function in functions])


_KNOWN_TOOLS: Final = frozenset({"function", "custom"})


def _tool(tool: Json) -> Tool:
    if tool["type"] == "function":
        return _function(tool["function"])
    return Tool(tool["custom"]["name"], takes_json=False)


def _function(function: Json) -> Tool:
    return Tool(function["name"], function.get("parameters"))


def tool_choice_of(body: Json) -> ToolChoice:
    """Return which tools the model may or must call.

    OpenAI, API reference, "tool_choice": "none is the default when no tools are present. auto is
    the default if tools are present."
    """
    choice: Any = body.get("tool_choice")
    if choice is None:
        choice = body.get("function_call")
    offers = bool(body.get("tools") or body.get("functions"))
    match choice:
        case str():
            return ToolChoice(choice)
        case Mapping() if not offers:
            return CALLS_NOTHING
        case None:
            return CHOOSES if offers else CALLS_NOTHING
        case {"type": "allowed_tools"}:
            return _allowed(choice)
        case {"type": "custom"}:
            return ToolChoice("required", choice["custom"]["name"])
        case {"type": _}:
            return ToolChoice("required", choice["function"]["name"])
        case _:
            return ToolChoice("required", choice["name"])


def _allowed(choice: Json) -> ToolChoice:
    """Return a *choice* from some tools; unlike other choices, it is not validated."""
    inner = _member(choice, "allowed_tools")
    mode, tools = _member(inner, "mode"), _member(inner, "tools")
    listed = cast(Sequence[Any], tools) if isinstance(tools, list) else ()
    names = [_member(_member(tool, "function"), "name") for tool in listed]
    allowed = tuple([name for name in names if isinstance(name, str)])
    return ToolChoice(mode if isinstance(mode, str) else "auto", allowed=allowed)


def _member(value: Any, key: str) -> Any:
    """Return the member *key* of *value*; None if *value* is not an object that has one."""
    return cast(Json, value).get(key) if isinstance(value, Mapping) else None


# --- the form of the answer ------------------------------------------------------------------


def format_of(body: Json) -> Format:
    """Return the form that the answer to *body* must have."""
    stated: Json | None = body.get("response_format")
    if not stated:
        return PLAIN_TEXT
    described: Json = stated.get("json_schema") or {}
    return Format(stated["type"], described.get("name"), described.get("schema"))
