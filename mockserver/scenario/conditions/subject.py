"""What the keys of a `when` look at in a call, each worked out once and only if asked for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, Literal, TypeAlias

from mockserver.conversation import IncomingCall, Message, ToolCall

Form: TypeAlias = Literal["chat", "legacy"]
"""What a request that generates is made of: messages, or prompts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolResult:
    """A tool's result as it is handed back, with the call that asked for it, if it is there."""

    name: str | None
    result: str
    arguments: str | None
    id: str | None


class Subject:
    """One call, in the words of a `when`. What a chat request has is empty for all others."""

    def __init__(self, call: IncomingCall) -> None:
        """Take what each rule asks for from *call*; the rest waits until it is asked for."""
        completion = call.completion
        self.endpoint = call.endpoint
        self.provider = call.provider
        self.model = call.model
        self.key = call.key
        self.stream = completion is not None and completion.stream
        self.generates = completion is not None
        self.prompts: tuple[str, ...] = completion.prompts if completion is not None else ()
        self.form: Form | None = None
        if completion is not None:
            self.form = "legacy" if self.prompts else "chat"
        self._messages: Sequence[Message] = completion.messages if completion is not None else ()
        self._body: Mapping[str, Any] = completion.body if completion is not None else {}
        self.tools: tuple[str, ...] = completion.tools if completion is not None else ()
        self._forced_tool = completion.forced_tool if completion is not None else None
        self.attempt = call.attempt
        self._call = call
        self._http_headers = call.http.headers

    @property
    def state(self) -> Mapping[str, Any]:
        """The session's state, as rules read before have left it."""
        return self._call.state

    @property
    def request(self) -> Mapping[str, Any]:
        """The request's JSON body, as sent."""
        return self._body

    @cached_property
    def headers(self) -> Mapping[str, str]:
        """The request's headers by lower-case name; the first of several that share one."""
        headers: dict[str, str] = {}
        for name, value in self._http_headers.items():
            headers.setdefault(name.lower(), value)
        return headers

    @cached_property
    def system(self) -> str | None:
        """All system and developer messages, joined by newlines."""
        texts = [m.text for m in self._messages if m.role in ("system", "developer")]
        return "\n".join(texts) if texts else None

    @cached_property
    def first_user(self) -> str | None:
        """The first user message."""
        return next((m.text for m in self._messages if m.role == "user"), None)

    @cached_property
    def last_user(self) -> str | None:
        """What is being asked now: the last user message, unless an assistant message follows."""
        message = self._asked_now
        return message.text if message is not None else None

    @cached_property
    def texts(self) -> tuple[str, ...]:
        """The texts of all messages."""
        return tuple(m.text for m in self._messages)

    @cached_property
    def turn(self) -> int:
        """How many assistant messages the request holds."""
        return sum(m.role == "assistant" for m in self._messages)

    @cached_property
    def images(self) -> int:
        """How many images the last user message holds."""
        message = next((m for m in reversed(self._messages) if m.role == "user"), None)
        return message.images if message is not None else 0

    @cached_property
    def tool_choice(self) -> str:
        """`auto`, `none`, `required`, or the name of the tool that must be called."""
        if self._forced_tool is not None:
            return self._forced_tool
        stated: Any = self._body.get("tool_choice", self._body.get("function_call"))
        match stated:
            case str():
                return stated
            case {"type": "allowed_tools", "allowed_tools": {"mode": str(mode)}}:
                return mode
            case _:
                # OpenAI, API reference, "tool_choice": "none is the default when no tools are
                # present. auto is the default if tools are present."
                return "auto" if self.tools else "none"

    @cached_property
    def response_format(self) -> tuple[str, ...]:
        """The type of the response format; behind `json_schema` the schema's name too."""
        stated: Any = self._body.get("response_format") or {"type": "text"}
        schema: Any = stated.get("json_schema") or {}
        return (stated["type"], *((schema["name"],) if "name" in schema else ()))

    @cached_property
    def tool_results(self) -> tuple[ToolResult, ...]:
        """What tools answered since the model last spoke."""
        spoken = [n for n, m in enumerate(self._messages) if m.role == "assistant"]
        calls = self._messages[spoken[-1]].tool_calls if spoken else ()
        since = self._messages[spoken[-1] + 1 :] if spoken else self._messages
        return tuple(_tool_result(m, calls) for m in since if m.role in ("tool", "function"))

    @cached_property
    def answered_tools(self) -> tuple[str | None, ...]:
        """The names of the tools that answered since the model last spoke."""
        return tuple(result.name for result in self.tool_results)

    @property
    def _asked_now(self) -> Message | None:
        for message in reversed(self._messages):
            if message.role in ("user", "assistant"):
                return message if message.role == "user" else None
        return None


def _tool_result(message: Message, calls: tuple[ToolCall, ...]) -> ToolResult:
    # Legacy functions have no ids: their result names the function.
    wanted = message.tool_call_id
    call = next((c for c in calls if c.id == wanted and (wanted or c.name == message.name)), None)
    return ToolResult(
        name=call.name if call is not None else message.name,
        result=message.text,
        arguments=call.arguments if call is not None else None,
        id=wanted,
    )


class Latest:
    """The call that was last looked at: each of thousands of rules asks for the same one.

    One tuple is swapped for another, so that threads never see one call with another's subject.
    """

    pair: tuple[IncomingCall | None, Subject | None] = (None, None)


_LATEST: Final = Latest()


def subject_of(call: IncomingCall) -> Subject:
    """Return what a `when` sees of *call*; asking again for the same call costs next to nothing."""
    known, subject = _LATEST.pair
    if known is call and subject is not None:
        return subject
    subject = Subject(call)
    _LATEST.pair = (call, subject)
    return subject
