"""The conversation of a request: as turns for rules, and as the input of the model.

A chat model receives chat messages, by which it is billed. A model that only completes texts
receives one text, in which speakers are named. Both are as the AI SDK's own provider for OpenAI
makes them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from mockserver.conversation import Part, Text, ToolCall, ToolResult, Turn
from mockserver.protocols.openai.chat_requests import ATTACHMENTS
from mockserver.providers.vercel_gateway import reading
from mockserver.providers.vercel_gateway.reading import Record
from mockserver.providers.vercel_gateway.refusals import refused
from mockserver.providers.vercel_gateway.specifications import Specification
from mockserver.wire.jsontext import compact

ROLES: Final = ("system", "user", "assistant", "tool")
USER_PARTS: Final = ("text", "file")
ASSISTANT_PARTS: Final[Mapping[Specification, tuple[str, ...]]] = {
    2: ("text", "file", "reasoning", "tool-call", "tool-result"),
    3: ("text", "file", "reasoning", "tool-call", "tool-result"),
    4: ("text", "file", "custom", "reasoning", "reasoning-file", "tool-call", "tool-result"),
}
TOOL_PARTS: Final[Mapping[Specification, tuple[str, ...]]] = {
    2: ("tool-result",),
    3: ("tool-result", "tool-approval-response"),
    4: ("tool-result", "tool-approval-response"),
}
OUTPUTS: Final[Mapping[Specification, tuple[str, ...]]] = {
    2: ("text", "json", "error-text", "error-json", "content"),
    3: ("text", "json", "execution-denied", "error-text", "error-json", "content"),
    4: ("text", "json", "execution-denied", "error-text", "error-json", "content"),
}
FILE_DATA: Final = ("data", "url", "reference", "text")
AUDIO_FORMATS: Final = {"audio/wav": "wav", "audio/mp3": "mp3", "audio/mpeg": "mp3"}
DENIED: Final = "Tool call execution denied."
NEXT_SPEAKER: Final = "\nuser:"
"""The stop sequence for completion models, which would go on with the user's next question."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message: *chat* as a chat model receives it, *turn* as rules see it.

    *said* is its text alone, with its parts joined directly.
    """

    chat: Record
    turn: Turn
    said: str


def messages(body: Record, specification: Specification) -> list[Message]:
    """Return the messages of a request's *body*.

    Raises:
        ApiError: One does not follow the *specification*.

    """
    found: list[Message] = []
    written = reading.records(body, "prompt", "")
    if not written:
        raise refused("prompt: Too small: expected array to have >=1 items")
    for place, message in written:
        role = reading.one_of(message, "role", place, ROLES)
        if role == "system":
            content = reading.text(message, "content", place)
            chat = {"role": role, "content": content}
            found.append(Message(chat, Turn("system", (Text(content),)), content))
            continue
        parts = reading.records(message, "content", place)
        match role:
            case "user":
                found.append(_user(parts, specification))
            case "assistant":
                found.append(_assistant(parts, specification))
            case _:
                found += _results(parts, specification)
    return found


def as_text(messages: Sequence[Message]) -> str:
    """Return *messages* as the text that a model continues.

    Raises:
        ApiError: They contain something that such a text cannot have.

    """
    spoken: list[str] = []
    for place, message in enumerate(messages):
        turn, said = message.turn, message.said
        match turn.role:
            case "system" if place == 0:
                spoken.append(f"{said}\n\n")
            case "system":
                raise refused(f"Invalid prompt: Unexpected system message in prompt: {said}")
            case "tool":
                raise refused("'tool messages' functionality not supported.")
            case _ if turn.tool_calls:
                raise refused("'tool-call messages' functionality not supported.")
            case speaker:
                spoken.append(f"{speaker}:\n{said}\n\n")
    return "".join(spoken) + "assistant:\n"


def _user(parts: Sequence[tuple[str, Record]], specification: Specification) -> Message:
    """Return a user's message: texts and files."""
    chat: list[Record] = []
    said: list[str] = []
    turn: list[Part] = []
    for place, part in parts:
        if reading.one_of(part, "type", place, USER_PARTS) == "text":
            said.append(reading.text(part, "text", place))
            turn.append(Text(said[-1]))
            chat.append({"type": "text", "text": said[-1]})
        else:
            chat.append(_file(part, place, specification))
            turn.append(ATTACHMENTS[chat[-1]["type"]])
    text = "".join(said)
    content: Any = text if len(chat) == len(said) == 1 else chat
    return Message({"role": "user", "content": content}, Turn("user", tuple(turn)), text)


def _file(part: Record, place: str, specification: Specification) -> Record:
    """Return a file as a chat model receives it: an image, a sound, or another kind of file."""
    media_type = reading.text(part, "mediaType", place)
    url = _url_of(part, place, media_type, specification)
    if media_type.startswith("image/"):
        return {"type": "image_url", "image_url": {"url": url}}
    sound = AUDIO_FORMATS.get(media_type)
    if sound is not None and url.startswith("data:"):
        data = url.partition(",")[2]
        return {"type": "input_audio", "input_audio": {"data": data, "format": sound}}
    name = reading.optional_text(part, "filename", place)
    return {"type": "file", "file": {"filename": name or "file", "file_data": url}}


def _url_of(part: Record, place: str, media_type: str, specification: Specification) -> str:
    """Return the URL of a file, or the file itself as a `data:` URL."""
    if specification != 4:  # noqa: PLR2004 - a specification is a number
        data = reading.text(part, "data", place)
        is_url = data.startswith(("data:", "http://", "https://"))
        return data if is_url else f"data:{media_type};base64,{data}"
    stated, place = reading.record(part, "data", place), f"{place}.data"
    kind = reading.one_of(stated, "type", place, FILE_DATA)
    match kind:
        case "data":
            return f"data:{media_type};base64,{reading.text(stated, 'data', place)}"
        case "reference":
            reading.record(stated, "reference", place)
            return ""
        case _:
            return reading.text(stated, kind, place)


def _assistant(parts: Sequence[tuple[str, Record]], specification: Specification) -> Message:
    """Return an assistant's message: texts and tool calls; reasoning is not sent back to models."""
    said: list[str] = []
    calls: list[ToolCall] = []
    for place, part in parts:
        match reading.one_of(part, "type", place, ASSISTANT_PARTS[specification]):
            case "text":
                said.append(reading.text(part, "text", place))
            case "tool-call":
                call_id = reading.text(part, "toolCallId", place)
                name = reading.text(part, "toolName", place)
                if part.get("providerExecuted") is not True:
                    calls.append(ToolCall(name, compact(part.get("input")), call_id))
            case _:
                pass
    text = "".join(said)
    chat: dict[str, Any] = {"role": "assistant", "content": text if text or not calls else None}
    if calls:
        chat["tool_calls"] = [
            {
                "id": call.id,
                "type": "function",
                "function": {"name": call.name, "arguments": call.arguments},
            }
            for call in calls
        ]
    return Message(chat, Turn("assistant", (*map(Text, said), *calls)), text)


def _results(parts: Sequence[tuple[str, Record]], specification: Specification) -> list[Message]:
    """Return the tool results in a message, each as a separate message."""
    found: list[Message] = []
    for place, part in parts:
        if reading.one_of(part, "type", place, TOOL_PARTS[specification]) != "tool-result":
            continue
        call_id = reading.text(part, "toolCallId", place)
        name = reading.text(part, "toolName", place)
        output = reading.record(part, "output", place)
        text = _output(output, f"{place}.output", specification)
        chat = {"role": "tool", "tool_call_id": call_id, "content": text}
        found.append(Message(chat, Turn("tool", (ToolResult(text, call_id, name),)), text))
    return found


def _output(output: Record, place: str, specification: Specification) -> str:
    """Return a tool's result as the text that a model receives."""
    kind = reading.one_of(output, "type", place, OUTPUTS[specification])
    match kind:
        case "text":
            return reading.text(output, "value", place)
        case "error-text":
            return compact({"error": reading.text(output, "value", place)})
        case "error-json":
            return compact({"error": output.get("value")})
        case "execution-denied":
            return reading.optional_text(output, "reason", place) or DENIED
        case "content":
            value = [dict(item) for _, item in reading.records(output, "value", place)]
            return compact(value)
        case _:
            return compact(output.get("value"))
