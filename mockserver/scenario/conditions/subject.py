"""What the keys of a `when` look at in a call, each worked out once and only if asked for."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, Literal, TypeAlias, TypeVar
from urllib.parse import parse_qsl

from mockserver.conversation import (
    CALLS_NOTHING,
    PLAIN_TEXT,
    IncomingCall,
    ToolCall,
    ToolResult,
    Turn,
)
from mockserver.records.redaction import redact_headers, redact_query

T = TypeVar("T")

Form: TypeAlias = Literal["chat", "legacy", "embedding", "moderation"]
"""What a request is made of: messages, prompts, or texts of which something is computed."""
COMPUTED: Final[Mapping[str, Form]] = {"embeddings": "embedding", "moderations": "moderation"}
"""The forms of requests to computing endpoints, by their kinds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Returned:
    """A tool's result as it is handed back, with the call that asked for it, if it is there."""

    name: str | None
    result: str
    arguments: str | None
    id: str | None


class _lazily(Generic[T]):  # noqa: N801 - it decorates, like `property`
    """An attribute that is worked out when it is first read.

    `functools.cached_property` does the same, but takes a lock each time before Python 3.12.
    """

    def __init__(self, make: Callable[[Any], T]) -> None:
        self._make = make
        self.__doc__ = make.__doc__

    def __set_name__(self, owner: type[object], name: str) -> None:
        self._name = name

    def __get__(self, instance: object, owner: type[object] | None = None) -> T:
        value = vars(instance)[self._name] = self._make(instance)
        return value


class Subject:
    """One call, in the words of a `when`. What a chat request has is empty for all others."""

    def __init__(self, call: IncomingCall) -> None:
        """Take what each rule asks for from *call*; the rest waits until it is asked for."""
        self.call = call
        self._request = request = call.request
        self.endpoint = call.endpoint
        self.model = call.model
        self.asks_model = request is not None
        self.computes = call.computes

    @property
    def provider(self) -> str:
        """The kind of the dialect that it came by."""
        return self.call.provider

    @property
    def key(self) -> str:
        """The API key."""
        return self.call.key

    @property
    def attempt(self) -> int:
        """Which attempt at the same request it is, counting from 1."""
        return self.call.attempt

    @property
    def stream(self) -> bool:
        """Whether the answer is to be streamed."""
        return self._request is not None and self._request.stream

    @property
    def prompts(self) -> tuple[str, ...]:
        """The prompts of a legacy request."""
        return () if self._request is None else self._request.prompts

    @property
    def embedding_inputs(self) -> tuple[str, ...]:
        """The texts of a request for embeddings."""
        return self._inputs("embedding")

    @property
    def moderation_inputs(self) -> tuple[str, ...]:
        """The texts of a request for moderation."""
        return self._inputs("moderation")

    def _inputs(self, form: Form) -> tuple[str, ...]:
        return self._request.inputs if self._request is not None and self.form == form else ()

    @property
    def form(self) -> Form | None:
        """What it is made of; None: of something else."""
        if self._request is None:
            return None
        if self._request.prompts:
            return "legacy"
        return COMPUTED.get(self.endpoint) if self.computes else "chat"

    @property
    def _turns(self) -> Sequence[Turn]:
        return () if self._request is None else self._request.turns

    @property
    def state(self) -> Mapping[str, Any]:
        """The session's state, as rules read before have left it."""
        return self.call.state

    @property
    def request(self) -> Mapping[str, Any]:
        """The request's JSON body, as sent."""
        return self.call.sent

    @property
    def method(self) -> str:
        """The method of HTTP."""
        return self.call.http.method

    @property
    def path(self) -> str:
        """The path as the client sent it, without the session and the query."""
        return self.call.http.path

    @_lazily
    def query(self) -> Mapping[str, str]:
        """The parameters of the query; the first of several that share a name."""
        pairs = parse_qsl(self.call.http.query, keep_blank_values=True)
        return dict(reversed(pairs))

    @_lazily
    def tools(self) -> tuple[str, ...]:
        """The names of the tools offered."""
        return () if self._request is None else tuple([tool.name for tool in self._request.tools])

    @_lazily
    def secrets(self) -> tuple[bytes, ...]:
        """The secrets in its headers and its query."""
        http = self.call.http
        _, in_headers = redact_headers(http.headers.items())
        return (*in_headers, *redact_query(http.query)[1])

    @_lazily
    def headers(self) -> Mapping[str, str]:
        """The request's headers by lower-case name; the first of several that share one."""
        headers: dict[str, str] = {}
        for name, value in self.call.http.headers.items():
            headers.setdefault(name.lower(), value)
        return headers

    @_lazily
    def system(self) -> str | None:
        """All system and developer messages, joined by newlines."""
        texts = [turn.text for turn in self._turns if turn.role == "system"]
        return "\n".join(texts) if texts else None

    @_lazily
    def first_user(self) -> str | None:
        """The first user message."""
        return next((turn.text for turn in self._turns if turn.role == "user"), None)

    @_lazily
    def last_user(self) -> str | None:
        """What is being asked now: the last user message, unless an assistant message follows."""
        for turn in reversed(self._turns):
            if turn.role in ("user", "assistant"):
                return turn.text if turn.role == "user" else None
        return None

    @_lazily
    def latest_user(self) -> str | None:
        """The newest user message, whatever follows it."""
        users = (turn.text for turn in reversed(self._turns) if turn.role == "user")
        return next(users, None)

    @_lazily
    def texts(self) -> tuple[str, ...]:
        """The texts of all messages."""
        return tuple([turn.text for turn in self._turns])

    @_lazily
    def turn(self) -> int:
        """How many assistant messages the request holds."""
        return sum([turn.role == "assistant" for turn in self._turns])

    @_lazily
    def images(self) -> int:
        """How many images the last user message holds."""
        return next((turn.images for turn in reversed(self._turns) if turn.role == "user"), 0)

    @property
    def tool_choice(self) -> str:
        """`auto`, `none`, `required`, or the name of the tool that must be called."""
        choice = CALLS_NOTHING if self._request is None else self._request.tool_choice
        return choice.mode if choice.forced is None else choice.forced

    @property
    def response_format(self) -> tuple[str, ...]:
        """The kind of the answer's format, and after it the schema's name where it has one."""
        wanted = PLAIN_TEXT if self._request is None else self._request.format
        return (wanted.kind,) if wanted.name is None else (wanted.kind, wanted.name)

    @_lazily
    def tool_results(self) -> tuple[Returned, ...]:
        """What tools returned since the model last spoke."""
        calls: tuple[ToolCall, ...] = ()
        since: list[Turn] = []
        for turn in reversed(self._turns):
            if turn.role == "assistant":
                calls = turn.tool_calls
                break
            since.append(turn)
        results = [result for turn in reversed(since) for result in turn.tool_results]
        return tuple([_returned(result, calls) for result in results])

    @_lazily
    def answered_tools(self) -> tuple[str | None, ...]:
        """The names of the tools that answered since the model last spoke."""
        return tuple([result.name for result in self.tool_results])


def _returned(result: ToolResult, calls: tuple[ToolCall, ...]) -> Returned:
    # A call without an id is known by the name that its result states, too.
    wanted = result.id
    call = next((c for c in calls if c.id == wanted and (wanted or c.name == result.name)), None)
    return Returned(
        name=call.name if call is not None else result.name,
        result=result.text,
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
