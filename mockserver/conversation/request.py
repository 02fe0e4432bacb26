"""What is asked, with no provider in it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from mockserver.conversation.answer import ToolCall
from mockserver.models import Family
from mockserver.wire.http_request import HttpRequest


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
