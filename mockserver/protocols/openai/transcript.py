"""The conversation in a body, as the client wrote it, valid or not."""

from collections.abc import Iterator, Mapping
from typing import Any

from mockserver.conversation import Part, Text, Tool, ToolCall, ToolResult, Transcript, Turn
from mockserver.protocols.openai.chat_requests import ATTACHMENTS, ROLES
from mockserver.wire.jsontext import is_list, is_object

NO_ARGUMENTS = "{}"


def transcript(body: Mapping[str, Any]) -> Transcript:
    """Return the conversation in the *body* of a chat or a legacy completion."""
    prompt = body.get("prompt")
    prompts = [prompt] if isinstance(prompt, str) else array(prompt)
    return Transcript(
        tuple([turn for message in array(body.get("messages")) for turn in _turns(message)]),
        tuple([tool for written in array(body.get("tools")) for tool in _tools(written)]),
        tuple([text for text in prompts if isinstance(text, str)]),
    )


def inputs(body: Mapping[str, Any]) -> Transcript:
    """Return the texts of which the *body* of a request wants something computed."""
    given = body.get("input")
    texts = [given] if isinstance(given, str) else array(given)
    parts = [record(text).get("text") if is_object(text) else text for text in texts]
    return Transcript(inputs=tuple([text for text in parts if isinstance(text, str)]))


def record(value: Any) -> Mapping[str, Any]:
    """Return *value* if it is a JSON object, otherwise an empty one."""
    return value if is_object(value) else {}


def array(value: Any) -> list[Any]:
    """Return *value* if it is a JSON array, otherwise an empty one."""
    return value if is_list(value) else []


def identity(value: Any) -> str | None:
    """Return *value* if it is a text, as ids are."""
    return value if isinstance(value, str) else None


def arguments(value: Any) -> str:
    """Return the arguments of a tool call as text; other JSON is as Python prints it."""
    if value is None:
        return NO_ARGUMENTS
    return value if isinstance(value, str) else str(value)


def _turns(written: Any) -> Iterator[Turn]:
    message = record(written)
    role = ROLES.get(str(message.get("role")))
    if role is None:
        return
    if role == "tool":
        # The result of a legacy function has no id.
        result = ToolResult(
            _text(message), identity(message.get("tool_call_id")), identity(message.get("name"))
        )
        yield Turn(role, (result,))
    else:
        yield Turn(role, (*_content(message), *map(_call, array(message.get("tool_calls")))))


def _content(message: Mapping[str, Any]) -> Iterator[Part]:
    content = message.get("content")
    if isinstance(content, str) and content:
        yield Text(content)
    for part in map(record, array(content)):
        text = part.get("text")
        if isinstance(text, str):
            yield Text(text)
        elif (attachment := ATTACHMENTS.get(str(part.get("type")))) is not None:
            yield attachment


def _text(message: Mapping[str, Any]) -> str:
    return "\n".join([part.text for part in _content(message) if isinstance(part, Text)])


def _call(written: Any) -> ToolCall:
    call = record(written)
    named = record(call.get("function")) or record(call.get("custom"))
    sent = named.get("arguments", named.get("input"))
    return ToolCall(str(named.get("name", "")), arguments(sent), identity(call.get("id")))


def _tools(written: Any) -> Iterator[Tool]:
    tool = record(written)
    function, custom = record(tool.get("function")), record(tool.get("custom"))
    if function:
        yield Tool(str(function.get("name")), function.get("parameters"))
    elif custom:
        yield Tool(str(custom.get("name")), takes_json=False)
