"""What is asked and what is answered, with no provider in it.

Dialects and endpoints translate between these values and the wire. Nobody changes one; those
that are made anew for each request are not frozen all the same, since that costs more than all
else about them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal, NamedTuple

from mockserver.models import Family
from mockserver.traffic.limits import Allowance
from mockserver.wire.http_request import HttpRequest

FinishReason = Literal["stop", "length", "tool_calls", "function_call", "content_filter"]

Layer = Literal["edge", "api", "models", "storage"]
"""Who answers: the `edge` (keys, unknown models and URLs), the `api` behind it, where models
generate, the service that tells of `models`, or the `storage` of what was answered. A provider's
layers print JSON differently.
"""


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call that the model makes, or made earlier in the conversation.

    *arguments* is the text as it stands on the wire, valid JSON or not. *id* is None where
    the answer's own id is still to be drawn, and for legacy functions, which have none.
    """

    name: str
    arguments: str
    id: str | None = None


@dataclass(slots=True, kw_only=True, eq=False)
class Message:
    """One message of a chat request; *text* joins its text parts by newlines."""

    role: str
    text: str
    name: str | None = None
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str | None = None
    images: int = 0


@dataclass(slots=True, kw_only=True, eq=False)
class CompletionRequest:
    """A request to generate, parsed and found valid.

    Attributes:
        body: The request's JSON object, as sent.
        model: The model asked for, as the client names it.
        messages: The conversation (chat), in request order.
        prompts: The prompts (legacy completions), tokens decoded to text.
        prompt_tokens: What the provider bills for the input, if the model asked for answers.
        prompt_exact: Whether that is certain.
        family: The family of the model asked for, by whose rules that was counted.
        tools: The tools and functions offered, in request order.
        forced_tool: The tool that the model must call, where one is named.
        legacy_functions: Tools were offered as `functions`, so calls go out as `function_call`.
        max_tokens: The most tokens a choice may have; None: the model's own limit.
        store: The answer is to be kept, for look-ups.
        service_tier: The tier that serves the request, as the answer names it.
        best_of: How many candidates are generated for each prompt, and billed.
        echo: The answer begins with the prompt (legacy completions).
        logprobs: How many alternatives each token of the answer is told with, besides its
            log-probability; None: nothing is told of tokens.
        bills_end_of_turn: The token by which the model ends its turn is billed.

    """

    body: Mapping[str, Any]
    model: str
    family: Family
    messages: Sequence[Message] = ()
    prompts: tuple[str, ...] = ()
    prompt_tokens: int = 0
    prompt_exact: bool = True
    tools: tuple[str, ...] = ()
    forced_tool: str | None = None
    legacy_functions: bool = False
    stream: bool = False
    include_usage: bool = False
    include_obfuscation: bool = True
    n: int = 1
    max_tokens: int | None = None
    stop: tuple[str, ...] = ()
    store: bool = False
    service_tier: str = "default"
    best_of: int = 1
    echo: bool = False
    logprobs: int | None = None
    bills_end_of_turn: bool = False

    @property
    def conversation(self) -> str:
        """What tells conversations apart: the first user message, or the prompts.

        System messages do not: they often tell the time.
        """
        if self.prompts:
            return "\0".join(self.prompts)
        return next((m.text for m in self.messages if m.role == "user"), "")


NOTHING: Final[Mapping[str, Any]] = {}
"""What is not there, shared by all who have none: a mapping for each would be felt."""


@dataclass(slots=True, eq=False)
class IncomingCall:
    """One HTTP request that was understood: what the `when` of a rule looks at.

    *completion* is None on endpoints that generate nothing, such as the list of models. *attempt*
    is the how-manieth this is of the same request since one was answered whole, from 1. *state*
    is the session's, by name; a rule that is read may change it for those below. *held* remembers
    which rules held for this very body; None: it has not come before.
    """

    http: HttpRequest
    provider: str
    endpoint: str
    key: str
    model: str | None = None
    completion: CompletionRequest | None = None
    attempt: int = 1
    state: Mapping[str, Any] = field(default_factory=lambda: NOTHING)
    held: dict[object, tuple[int, ...]] | None = None

    @property
    def conversation(self) -> str:
        """What tells conversations apart; empty where there is none."""
        return "" if self.completion is None else self.completion.conversation


@dataclass(frozen=True, slots=True)
class Choice:
    """One answer of the model, before the request's limits act on it.

    Text, a refusal, or tool calls (with or without text beside them). *finish_reason* None
    means: the one that follows from the rest. *logprobs* are those of the first tokens, the
    others are drawn; None means that none are told, even if they are asked for.
    """

    text: str | None = None
    tool_calls: tuple[ToolCall, ...] = ()
    refusal: str | None = None
    finish_reason: FinishReason | None = None
    logprobs: tuple[float, ...] | None = ()


class TokenLogprob(NamedTuple):
    """A token of an answer, how likely it was, and what else was likely there.

    *logprob* is None for the first token of an echoed prompt: nothing stands before it.
    *alternatives* are the likeliest tokens, the likeliest first; the token itself is usually
    one of them.
    """

    token: bytes
    logprob: float | None
    alternatives: tuple[tuple[bytes, float], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ChoiceLogprobs:
    """What is told of the tokens of a choice: those of its text, refusal and echoed prompt."""

    text: tuple[TokenLogprob, ...] | None
    refusal: tuple[TokenLogprob, ...] | None
    prompt: tuple[TokenLogprob, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StatedUsage:
    """What a scenario says of the bill; None members are computed.

    *prompt_tokens* and *completion_tokens* replace what would be counted. The details are
    shown in their places; *reasoning_tokens* are added to a computed `completion_tokens`.
    """

    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    reasoning_tokens: int | None = None
    cached_tokens: int | None = None
    audio_tokens: int | None = None
    accepted_prediction_tokens: int | None = None
    rejected_prediction_tokens: int | None = None


class Usage(NamedTuple):
    """The bill of one answer, in tokens. *exact* is False where the rules are known to guess.

    *audio_tokens* are those of the answer, *heard_tokens* those of the prompt that are sound.
    """

    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int = 0
    reasoning_tokens: int = 0
    audio_tokens: int = 0
    accepted_prediction_tokens: int = 0
    rejected_prediction_tokens: int = 0
    exact: bool = True
    heard_tokens: int = 0

    @property
    def total_tokens(self) -> int:
        """Prompt and completion together."""
        return self.prompt_tokens + self.completion_tokens


@dataclass(eq=False)
class ApiError(Exception):
    """A refusal by *layer*, as the provider would answer it; a dialect spells it on the wire.

    *headers* are added to its own. *allowances* are what it leaves of the account's limits, where
    it was the API that refused: the limiter stands before it. *retry_after_s* asks the client to
    wait: in seconds, or in a header's own words, right or wrong; *retry_after_scales* says whether
    that is session time. A *page* goes out in place of the dialect's JSON, under *headers* alone.
    """

    status: int
    message: str
    type: str | None = "invalid_request_error"
    param: str | None = None
    code: str | None = None
    layer: Layer = "api"
    headers: tuple[tuple[str, str], ...] = field(default=(), kw_only=True)
    allowances: tuple[Allowance, ...] = field(default=(), kw_only=True)
    retry_after_s: float | str | None = field(default=None, kw_only=True)
    retry_after_scales: bool = field(default=True, kw_only=True)
    page: bytes | None = field(default=None, kw_only=True)

    def __str__(self) -> str:
        return f"{self.status} {self.message}"
