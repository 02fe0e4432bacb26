"""A request to `POST /v1/responses`, read: items become turns of parts, as in any protocol."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from mockserver.conversation import (
    CALLS_NOTHING,
    CHOOSES,
    PLAIN_TEXT,
    Attachment,
    Charge,
    Format,
    Later,
    ModelRequest,
    Part,
    Role,
    Text,
    Thought,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
    Transcript,
    Turn,
)
from mockserver.models import Model
from mockserver.protocols.openai.limits import charge
from mockserver.protocols.openai.requests import OpenAIRequest
from mockserver.protocols.openai.responses.identity import unsealed
from mockserver.tokens import Recalled
from mockserver.wire.jsontext import compact, is_list, is_object

Json = Mapping[str, Any]

ROLES: Final[Mapping[str, Role]] = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "assistant": "assistant",
}
_ATTACHMENTS: Final[Mapping[str, Attachment]] = {
    "input_image": Attachment("image"),
    "input_audio": Attachment("audio"),
    "input_file": Attachment("file"),
}
REFERENCE: Final = "item_reference"
RESULTS: Final = frozenset(
    {
        "function_call_output",
        "custom_tool_call_output",
        "computer_call_output",
        "local_shell_call_output",
        "shell_call_output",
        "apply_patch_call_output",
        "tool_search_output",
        "program_output",
        "mcp_approval_response",
    }
)
"""The types of items in which the client answers a call."""


@dataclass(slots=True, kw_only=True, eq=False)
class ResponsesRequest(OpenAIRequest):
    """A request for a response.

    Attributes:
        items: All input items in order, what it continues included; references are replaced.
        given: Those of them that the request itself brings.
        recalled: What is known of items that are stored, by their ids.
        known: The model that is asked.

    """

    items: Sequence[Json] = ()
    given: Sequence[Json] = ()
    recalled: Mapping[str, Recalled] = field(default_factory=dict[str, Recalled])
    known: Model

    @property
    def shows_images(self) -> bool:
        """Whether any message has an image in it."""
        return any(turn.images for turn in self.turns)

    @property
    def conversation(self) -> str:
        """What identifies the conversation: what the user said first."""
        return super(OpenAIRequest, self).conversation

    def recall(self, item: Json) -> Recalled | None:
        """Return what is known of *item*: it is stored, or brings back what only we can read."""
        identity = item.get("id")
        known = self.recalled.get(identity) if isinstance(identity, str) else None
        if known is None and item.get("type") in {"reasoning", "compaction"}:
            tokens = unsealed(item.get("encrypted_content"))
            if tokens is not None:
                return Recalled(reasoning_tokens=tokens)
        return known

    @property
    def includes(self) -> Sequence[str]:
        """What the answer is to include besides."""
        return self.body.get("include") or ()


def request_from(body: Json, known: Model) -> ResponsesRequest:
    """Return what the valid *body* asks of the model *known*."""
    items = items_of(body)
    request = ResponsesRequest(
        sent=body,
        body=body,
        model=known.id,
        family=known.family,
        items=items,
        given=items,
        turns=turns_of(body, items),
        continues=body.get("previous_response_id"),
        recalls=refers(body, items),
        # What is said in a conversation is kept in it.
        store=body.get("store") is not False or conversation_of(body) is not None,
        known=known,
    )
    for member in READ_FROM.keys() & body.keys():
        READ_FROM[member](request, body[member])
    return request


def as_response(request: ModelRequest) -> ResponsesRequest:
    """Return *request*, which this protocol has parsed, as a `ResponsesRequest`."""
    assert isinstance(request, ResponsesRequest)
    return request


# --- items -----------------------------------------------------------------------------------


def items_of(body: Json) -> list[Json]:
    """Return the input items of *body*; a text is the message of a user."""
    given = body.get("input")
    if isinstance(given, str):
        return [{"type": "message", "role": "user", "content": given}]
    return [item for item in given if is_object(item)] if is_list(given) else []


def refers(body: Json, items: Sequence[Json]) -> bool:
    """Return whether *body*, with *items*, refers to anything that may be stored."""
    if body.get("previous_response_id") is not None or body.get("conversation") is not None:
        return True
    return any(isinstance(item.get("id"), str) for item in items)


def conversation_of(body: Json) -> str | None:
    """Return the id of the conversation that *body* belongs to, if any."""
    stated = body.get("conversation")
    if is_object(stated):
        stated = stated.get("id")
    return stated if isinstance(stated, str) else None


# --- turns -----------------------------------------------------------------------------------


def turns_of(body: Json, items: Sequence[Json]) -> Later[Turn]:
    """Return *items* as turns after the instructions of *body*; they are made on first access."""
    turns = 0
    instructions = body.get("instructions")
    previous: Role | None = None
    for item in items:
        role = _role_of(item)
        turns += role != "assistant" or previous != "assistant"
        previous = role
    return Later(turns + bool(instructions), partial(_turns, instructions, items))


def _turns(instructions: Any, items: Sequence[Json]) -> tuple[Turn, ...]:
    turns: list[Turn] = []
    if isinstance(instructions, str) and instructions:
        turns.append(Turn("system", (Text(instructions),)))
    elif instructions:
        turns.append(Turn("system", ()))
    spoken: list[Part] = []
    for item in items:
        role = _role_of(item)
        if role == "assistant":
            # A message, a thought and calls that follow each other are one turn of the model's.
            if not turns or turns[-1].role != "assistant":
                spoken = []
                turns.append(Turn("assistant", ()))
            spoken += _said(item)
            turns[-1].parts = tuple(spoken)
        else:
            turns.append(Turn(role, tuple(_said(item))))
            if role != "tool":
                spoken = []
    return tuple(turns)


def _role_of(item: Json) -> Role:
    kind = item.get("type") or "message"
    if kind == "message":
        return ROLES.get(str(item.get("role")), "user")
    return "tool" if kind in RESULTS else "assistant"


def _said(item: Json) -> Iterator[Part]:
    kind = item.get("type") or "message"
    if kind == "message":
        yield from _content(item.get("content"))
    elif kind in RESULTS:
        yield ToolResult(_output(item), _text(item.get("call_id")))
    elif kind == "function_call":
        arguments = item.get("arguments")
        yield ToolCall(str(item.get("name")), _written(arguments), _text(item.get("call_id")))
    elif kind == "custom_tool_call":
        written = _written(item.get("input"))
        yield ToolCall(str(item.get("name")), written, _text(item.get("call_id")), is_custom=True)
    elif kind == "reasoning":
        summary = [part.get("text") for part in _objects(item.get("summary"))]
        yield Thought("", tuple([text for text in summary if isinstance(text, str)]))


def _content(content: Any) -> Iterator[Part]:
    if isinstance(content, str):
        if content:
            yield Text(content)
        return
    for part in _objects(content):
        text = part.get("text", part.get("refusal"))
        if isinstance(text, str):
            yield Text(text)
        elif (attachment := _ATTACHMENTS.get(str(part.get("type")))) is not None:
            yield attachment


def _output(item: Json) -> str:
    """Return what a tool returned: its texts, or the JSON of what has none."""
    output = item.get("output")
    if output is None:
        output = item.get("result", "")
    if isinstance(output, str):
        return output
    texts = [part.get("text") for part in _objects(output)]
    found = [text for text in texts if isinstance(text, str)]
    return "\n".join(found) if found or is_list(output) else compact(output)


def _objects(value: Any) -> list[Json]:
    if not is_list(value):
        return []
    return [one for one in value if is_object(one)]


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _written(value: Any) -> str:
    return value if isinstance(value, str) else "" if value is None else compact(value)


def transcript(body: Json) -> Transcript:
    """Return the conversation in *body*, valid or not."""
    return Transcript(_turns(body.get("instructions"), items_of(body)), tools_of(body))


# --- tools and the form of the answer --------------------------------------------------------


def tools_of(body: Json) -> tuple[Tool, ...]:
    """Return the tools of *body* that the client runs itself, in its order."""
    found: list[Tool] = []
    for tool in _objects(body.get("tools")):
        name = tool.get("name")
        if tool.get("type") == "function" and isinstance(name, str):
            found.append(Tool(name, tool.get("parameters")))
        elif tool.get("type") == "custom" and isinstance(name, str):
            found.append(Tool(name, takes_json=False))
    return tuple(found)


def tool_choice_of(body: Json) -> ToolChoice:
    """Return which tools the model may or must call."""
    choice: Any = body.get("tool_choice")
    offers = bool(body.get("tools"))
    if choice is None:
        return CHOOSES if offers else CALLS_NOTHING
    if isinstance(choice, str):
        return ToolChoice(choice)
    if not offers or not is_object(choice):
        return CALLS_NOTHING
    if choice.get("type") == "allowed_tools":
        names = [tool.get("name") for tool in _objects(choice.get("tools"))]
        allowed = tuple([name for name in names if isinstance(name, str)])
        return ToolChoice(str(choice.get("mode") or "auto"), allowed=allowed)
    name = choice.get("name")
    is_own = choice.get("type") in {"function", "custom"} and isinstance(name, str)
    return ToolChoice("required", name if is_own else None, None if is_own else ())


def format_of(body: Json) -> Format:
    """Return the form of the answer."""
    text: Json = body.get("text") or {}
    stated: Json = text.get("format") or {}
    match stated.get("type"):
        case "json_object":
            return Format("json_object")
        case "json_schema":
            return Format("json_schema", stated.get("name"), stated.get("schema"))
        case _:
            return PLAIN_TEXT


# --- limits ----------------------------------------------------------------------------------


def charge_of(body: Json) -> Charge:
    """Return what *body* takes of limits, as those of chat: bytes of texts, by four."""
    messages: list[Json] = []
    instructions = body.get("instructions")
    if instructions:
        messages.append({"content": instructions if isinstance(instructions, str) else ""})
    for item in items_of(body):
        content = item.get("content", item.get("output", item.get("arguments")))
        if is_list(content):
            content = [
                {"type": "image_url"} if part.get("type") == "input_image" else part
                for part in _objects(content)
            ]
        messages.append({"content": content})
    return charge({"messages": messages, "model": body.get("model")})


# --- what is read of each member -------------------------------------------------------------

_TIERS: Final[Mapping[str, str]] = {"fast": "priority", "priority": "priority", "flex": "flex"}


def _read_tools(request: ResponsesRequest, value: Any) -> None:
    del value
    request.tools = tools_of(request.body)
    request.tool_choice = tool_choice_of(request.body)


def _read_parallel_calls(request: ResponsesRequest, value: Any) -> None:
    request.parallel_calls = value is not False


def _read_format(request: ResponsesRequest, value: Any) -> None:
    del value
    request.format = format_of(request.body)


def _read_stream(request: ResponsesRequest, value: Any) -> None:
    request.stream = bool(value)


def _read_stream_options(request: ResponsesRequest, value: Any) -> None:
    options: Json = value or {}
    request.include_obfuscation = options.get("include_obfuscation") is not False


def _read_limit(request: ResponsesRequest, value: Any) -> None:
    request.max_tokens = value


def _read_temperature(request: ResponsesRequest, value: Any) -> None:
    request.temperature = value


def _read_tier(request: ResponsesRequest, value: Any) -> None:
    request.service_tier = _TIERS.get(value, "default")


def _read_background(request: ResponsesRequest, value: Any) -> None:
    request.background = bool(value)


def _read_logprobs(request: ResponsesRequest, value: Any) -> None:
    del value
    body = request.body
    asks = "message.output_text.logprobs" in (body.get("include") or ())
    most = body.get("top_logprobs")
    request.logprobs = most or 0 if asks or most else None


READ_FROM: Final[Mapping[str, Callable[[ResponsesRequest, Any], None]]] = {
    "tools": _read_tools,
    "parallel_tool_calls": _read_parallel_calls,
    "text": _read_format,
    "stream": _read_stream,
    "stream_options": _read_stream_options,
    "max_output_tokens": _read_limit,
    "temperature": _read_temperature,
    "service_tier": _read_tier,
    "background": _read_background,
    "include": _read_logprobs,
    "top_logprobs": _read_logprobs,
}
"""What is read from each member of a body, which is valid; null is as good as absent."""
