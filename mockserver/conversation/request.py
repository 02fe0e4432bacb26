"""What is asked, with no protocol in it: turns of parts, tools, a format, limits."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal, NamedTuple, TypeAlias, TypeVar, overload

from mockserver.conversation.api_error import Allowance
from mockserver.conversation.parts import Attachment, Part, Text, ToolCall, ToolResult
from mockserver.models import Family
from mockserver.wire.http_request import HttpRequest
from mockserver.wire.jsontext import JsonValue

T = TypeVar("T")

Role: TypeAlias = Literal["system", "user", "assistant", "tool"]
"""Whose turn it is; `system` is whoever gives the model its orders, `tool` hands back results."""


@dataclass(slots=True, eq=False)
class Turn:
    """One turn of a conversation: whose it is, and its parts in their order."""

    role: Role
    parts: tuple[Part, ...]

    @property
    def text(self) -> str:
        """Its texts, and what tools returned, joined by newlines; other parts add nothing."""
        parts = self.parts
        if len(parts) == 1 and type(parts[0]) is Text:
            return parts[0].text
        return "\n".join([part.text for part in parts if isinstance(part, Text | ToolResult)])

    @property
    def tool_calls(self) -> tuple[ToolCall, ...]:
        """The calls in it."""
        return tuple([part for part in self.parts if isinstance(part, ToolCall)])

    @property
    def tool_results(self) -> tuple[ToolResult, ...]:
        """The results in it."""
        return tuple([part for part in self.parts if isinstance(part, ToolResult)])

    @property
    def images(self) -> int:
        """How many images are in it."""
        return sum([isinstance(part, Attachment) and part.kind == "image" for part in self.parts])


class Tool(NamedTuple):
    """A tool that is offered; *schema* is that of its arguments, None if it states none."""

    name: str
    schema: JsonValue = None
    takes_json: bool = True
    """Its arguments are JSON; else any text will do."""


class ToolChoice(NamedTuple):
    """Which tools the model may or must call: *mode* is `auto`, `none` or `required`.

    *forced* is the one that it must call; *allowed* are those among which it chooses, where the
    request says so.
    """

    mode: str
    forced: str | None = None
    allowed: tuple[str, ...] | None = None


CHOOSES: Final = ToolChoice("auto")
CALLS_NOTHING: Final = ToolChoice("none")


class Format(NamedTuple):
    """What form the answer has: `text`, `json_object`, or `json_schema` with a name and a schema.

    *schema* None: none is stated, and any value will do.
    """

    kind: str
    name: str | None = None
    schema: JsonValue = None


PLAIN_TEXT: Final = Format("text")


class Later(Sequence[T]):
    """Values of a request that are made when they are first looked at: many never are."""

    __slots__ = ("_made", "_make", "_size")

    def __init__(self, size: int, make: Callable[[], Sequence[T]]) -> None:
        """Take how many there are, and what makes them."""
        self._size = size
        self._make = make
        self._made: Sequence[T] | None = None

    def __len__(self) -> int:
        return self._size

    @overload
    def __getitem__(self, index: int) -> T: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[T]: ...
    def __getitem__(self, index: int | slice) -> T | Sequence[T]:
        if self._made is None:
            self._made = self._make()
        return self._made[index]


class Charge(NamedTuple):
    """What a request takes of an account's limits, as the provider's limiter counts it.

    *model* is the one that the request names, if it names one.
    """

    tokens: int
    images: int = 0
    model: str | None = None


@dataclass(slots=True, kw_only=True, eq=False)
class ModelRequest:
    """A request that a model answers, parsed and found valid.

    A protocol has a class of its own below this one, with what only it understands.

    Attributes:
        sent: The request's JSON object, as the client sent it: what conditions, captures and
            templates look into.
        model: The model asked for, as the client names it.
        family: The family of that model, by whose rules `prompt_tokens` were counted.
        turns: The conversation, in request order; empty where there are prompts.
        prompts: The prompts, each of which is continued (legacy completions).
        inputs: The texts for each of which something is computed (embeddings).
        continues: The id of a stored answer that it goes on from; None: of none.
        prompt_tokens: What the provider bills for the input, if the model asked for answers.
        prompt_exact: Whether that is certain.
        charge: What it takes of the account's limits; None: what its endpoint says of its body.
        tools: The tools offered, in request order.
        tool_choice: Which of them may or must be called.
        parallel_calls: Whether several may be called at once.
        format: The form that the answer must have.
        stream: Whether the answer goes out as it is made.
        n: How many choices are wanted for each prompt.
        max_tokens: The most tokens that a choice may have; None: the model's own limit.
        stop: The texts that end a choice.
        temperature: How random the answer is; None: the model's own default.
        logprobs: How many alternatives are reported for each token of the answer, besides its own
            log-probability; None: nothing is reported.
        store: Whether the answer is kept for look-ups.
        candidates: How many choices are generated for each prompt, and billed (`best_of`).
        echo: Whether the answer begins with the prompt.
        bills_end_of_turn: Whether the token by which the model ends its turn is billed.

    """

    sent: Mapping[str, Any]
    model: str
    family: Family
    turns: Sequence[Turn] = ()
    prompts: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()
    continues: str | None = None
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
    candidates: int = 1
    echo: bool = False
    bills_end_of_turn: bool = False

    @property
    def conversation(self) -> str:
        """What tells conversations apart: the first user turn, the prompts, or the inputs.

        System turns do not: they often tell the time.
        """
        texts = self.prompts or self.inputs
        if texts:
            return "\0".join(texts)
        return next((turn.text for turn in self.turns if turn.role == "user"), "")


NOTHING: Final[Mapping[str, Any]] = {}
"""What is not there, shared by all who have none: a mapping for each would be felt."""


@dataclass(slots=True, eq=False)
class IncomingCall:
    """One HTTP request that was understood: what the `when` of a rule looks at.

    Attributes:
        http: The HTTP request.
        provider: The kind of the dialect that it came by.
        endpoint: The kind of the endpoint.
        key: The API key.
        model: The model asked for, as the client names it.
        request: What is asked; None on endpoints where no model answers, such as lists of models.
        attempt: Which attempt this is, counting from 1, at the same request since one was answered
            whole.
        allowances: What it leaves of limits that the scenario states; None: it states none.
        computes: Whether something is computed for it, and nothing generated.
        state: The session's, by name; a rule that is read may change it for those below.
        held: Which rules held for this very body before; None: it has not come before.

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
        """What tells conversations apart; empty where there is none."""
        return "" if self.request is None else self.request.conversation

    @property
    def sent(self) -> Mapping[str, Any]:
        """The JSON object that the client sent; empty if it sent none."""
        return self.http.json if self.request is None else self.request.sent
