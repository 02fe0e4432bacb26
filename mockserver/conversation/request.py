"""Requests, independent of any protocol: turns of parts, tools, a format, limits."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal, NamedTuple, TypeAlias, TypeVar, overload

from mockserver.conversation.api_error import Allowance
from mockserver.conversation.parts import Attachment, Part, Text, ToolCall, ToolResult
from mockserver.models import Family
from mockserver.wire.http_request import HttpRequest
from mockserver.wire.jsontext import JsonValue

T = TypeVar("T")

Role: TypeAlias = Literal["system", "user", "assistant", "tool"]
"""Whose turn it is; `system` instructs the model, `tool` returns results."""


@dataclass(slots=True, eq=False)
class Turn:
    """One turn of a conversation: whose it is, and its parts in their order."""

    role: Role
    parts: tuple[Part, ...]

    @property
    def text(self) -> str:
        """Its texts and tool results, joined with newlines; other parts add nothing."""
        parts = self.parts
        if len(parts) == 1 and type(parts[0]) is Text:
            return parts[0].text
        return "\n".join([part.text for part in parts if isinstance(part, Text | ToolResult)])

    @property
    def tool_calls(self) -> tuple[ToolCall, ...]:
        """The tool calls in it."""
        return tuple([part for part in self.parts if isinstance(part, ToolCall)])

    @property
    def tool_results(self) -> tuple[ToolResult, ...]:
        """The tool results in it."""
        return tuple([part for part in self.parts if isinstance(part, ToolResult)])

    @property
    def images(self) -> int:
        """How many images are in it."""
        return sum([isinstance(part, Attachment) and part.kind == "image" for part in self.parts])


class Tool(NamedTuple):
    """An offered tool; *schema* is that of its arguments, None if it states none."""

    name: str
    schema: JsonValue = None
    takes_json: bool = True
    """Its arguments are JSON; otherwise any text is valid."""


class ToolChoice(NamedTuple):
    """Which tools the model may or must call: *mode* is `auto`, `none` or `required`.

    *forced* is the one that it must call; *allowed* are those that it chooses from, if the
    request limits them.
    """

    mode: str
    forced: str | None = None
    allowed: tuple[str, ...] | None = None


CHOOSES: Final = ToolChoice("auto")
CALLS_NOTHING: Final = ToolChoice("none")


class Format(NamedTuple):
    """The form of the answer: `text`, `json_object`, or `json_schema` with a name and a schema.

    *schema* None: none is stated, and any value is valid.
    """

    kind: str
    name: str | None = None
    schema: JsonValue = None


PLAIN_TEXT: Final = Format("text")


class Later(Sequence[T]):
    """Values of a request that are made on first access: many are never needed."""

    __slots__ = ("_made", "_make", "_size")

    def __init__(self, size: int, make: Callable[[], Sequence[T]]) -> None:
        """Take the number of values, and the function that makes them."""
        self._size = size
        self._make = make
        self._made: Sequence[T] | None = None

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[T]:
        return iter(self._values())

    def __reversed__(self) -> Iterator[T]:
        return reversed(self._values())

    @overload
    def __getitem__(self, index: int) -> T: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[T]: ...
    def __getitem__(self, index: int | slice) -> T | Sequence[T]:
        return self._values()[index]

    def _values(self) -> Sequence[T]:
        if self._made is None:
            self._made = self._make()
        return self._made


class Vectors(NamedTuple):
    """Vectors that are to be computed: *wanted* numbers of the *size* that a vector has.

    Those of one *space*, which is named after its model, can be compared.
    """

    space: str
    size: int
    wanted: int


class Charge(NamedTuple):
    """What a request takes of an account's limits, as the provider's limiter counts it.

    *model* is the one that the request names, if any.
    """

    tokens: int
    images: int = 0
    model: str | None = None


@dataclass(slots=True, kw_only=True, eq=False)
class ModelRequest:
    """A request that a model answers, parsed and validated.

    A protocol adds what only it understands in a subclass.

    Attributes:
        sent: The request's JSON object, as the client sent it: for conditions, captures and
            templates.
        model: The requested model, as the client names it.
        family: The family of that model; `prompt_tokens` are counted by its rules.
        turns: The conversation, in request order; empty if there are prompts.
        prompts: The prompts, each of which is continued (legacy completions).
        inputs: The texts for each of which something is computed (embeddings).
        vectors: What vectors are to be computed of them; None: something else is.
        continues: The id of the stored answer that it continues; None: none.
        recalls: Whether it refers to something else that the session keeps.
        background: Whether it is answered at once that the answer will come later.
        prompt_tokens: What the provider bills for the input, if the requested model answers.
        prompt_exact: Whether that is certain.
        charge: What it takes of the account's limits; None: what `ModelEndpoint.charge` returns.
        tools: The offered tools, in request order.
        tool_choice: Which of them may or must be called.
        parallel_calls: Whether several may be called at once.
        format: The form that the answer must have.
        stream: Whether the answer is sent as it is generated.
        n: How many choices are wanted for each prompt.
        max_tokens: The maximum number of tokens in a choice; None: the model's own limit.
        stop: The texts that end a choice.
        temperature: How random the answer is; None: the model's own default.
        logprobs: How many alternatives are reported for each token of the answer, besides its own
            log-probability; None: nothing is reported.
        store: Whether the answer is kept for look-ups.
        candidates: How many choices are generated and billed for each prompt (`best_of`).
        echo: Whether the answer begins with the prompt.
        speaks: Whether the answer may be spoken.
        bills_end_of_turn: Whether the token that ends the model's turn is billed.

    """

    sent: Mapping[str, Any]
    model: str
    family: Family
    turns: Sequence[Turn] = ()
    prompts: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()
    vectors: Vectors | None = None
    continues: str | None = None
    recalls: bool = False
    background: bool = False
    prompt_tokens: int = 0
    prompt_exact: bool = True
    charge: Charge | None = None
    tools: Sequence[Tool] = ()
    tool_choice: ToolChoice = CALLS_NOTHING
    parallel_calls: bool = True
    format: Format = PLAIN_TEXT
    stream: bool = False
    n: int = 1
    max_tokens: int | None = None
    stop: tuple[str, ...] = ()
    temperature: float | None = None
    logprobs: int | None = None
    store: bool = False
    speaks: bool = False
    candidates: int = 1
    echo: bool = False
    bills_end_of_turn: bool = False

    @property
    def conversation(self) -> str:
        """What identifies the conversation: the first user turn, the prompts, or the inputs.

        System turns do not: they often contain the time.
        """
        texts = self.prompts or self.inputs
        if texts:
            return "\0".join(texts)
        return next((turn.text for turn in self.turns if turn.role == "user"), "")


NOTHING: Final[Mapping[str, Any]] = {}
"""An empty mapping, shared: making one for each request would cost noticeable time."""


@dataclass(slots=True, eq=False)
class IncomingCall:
    """One HTTP request that was understood: the `when` of rules applies to it.

    Attributes:
        http: The HTTP request.
        provider: The kind of the dialect.
        endpoint: The kind of the endpoint.
        key: The API key.
        model: The requested model, as the client names it.
        request: The parsed request; None if no model answers, as at lists of models.
        attempt: Which attempt at the same request this is, counting from 1; a complete answer
            starts the count again.
        allowances: What it leaves of limits that the scenario states; None: it states none.
        computes: Whether the endpoint computes, and generates nothing.
        state: The session's state, by name; a rule may change it for the rules after it.
        held: Which rules held for this same body before; None: the body is new.

    """

    http: HttpRequest
    provider: str
    endpoint: str
    key: str
    model: str | None = None
    request: ModelRequest | None = None
    attempt: int = 1
    allowances: tuple[Allowance, ...] | None = None
    computes: bool = False
    state: Mapping[str, Any] = field(default_factory=lambda: NOTHING)
    held: dict[object, tuple[int, ...]] | None = None

    @property
    def conversation(self) -> str:
        """What identifies the conversation; empty if there is none."""
        return "" if self.request is None else self.request.conversation

    @property
    def sent(self) -> Mapping[str, Any]:
        """The JSON object that the client sent; empty if it sent none."""
        return self.http.json if self.request is None else self.request.sent
