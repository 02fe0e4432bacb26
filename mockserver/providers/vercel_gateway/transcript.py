"""The conversation in a body of the AI SDK, as the client wrote it."""

from collections.abc import Iterator, Mapping
from typing import Any

from mockserver.conversation import Part, Role, Text, Tool, ToolCall, ToolResult, Transcript, Turn
from mockserver.protocols.openai.transcript import array, identity, record
from mockserver.providers.vercel_gateway.prompts import DENIED
from mockserver.wire.jsontext import compact

_ROLES: Mapping[str, Role] = {"system": "system", "user": "user", "assistant": "assistant"}


def transcript(body: Mapping[str, Any]) -> Transcript:
    """Return the conversation in *body*, in any of the specifications."""
    return Transcript(
        tuple([turn for message in array(body.get("prompt")) for turn in _turns(message)]),
        tuple(
            [
                Tool(str(tool.get("name")), tool.get("inputSchema"))
                for tool in map(record, array(body.get("tools")))
            ]
        ),
    )


def _turns(written: Any) -> Iterator[Turn]:
    message = record(written)
    role = str(message.get("role"))
    content = message.get("content")
    if role == "tool":
        for part in map(record, array(content)):
            if part.get("type") == "tool-result":
                yield Turn("tool", (_result(part),))
    elif role in _ROLES:
        said = [{"type": "text", "text": content}] if isinstance(content, str) else array(content)
        yield Turn(_ROLES[role], tuple([part for one in said for part in _parts(record(one))]))


def _parts(part: Mapping[str, Any]) -> Iterator[Part]:
    text = part.get("text")
    if part.get("type") == "text" and isinstance(text, str):
        yield Text(text)
    elif part.get("type") == "tool-call":
        yield ToolCall(
            str(part.get("toolName", "")),
            compact(part.get("input")),
            identity(part.get("toolCallId")),
        )


def _result(part: Mapping[str, Any]) -> ToolResult:
    output = record(part.get("output"))
    value = output.get("value", output.get("reason") or DENIED)
    return ToolResult(
        value if isinstance(value, str) else compact(value),
        identity(part.get("toolCallId")),
        identity(part.get("toolName")),
    )
