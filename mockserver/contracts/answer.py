"""An answer as it goes out: cut, counted, ready for the wire."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import TypeAlias

from mockserver.conversation import (
    Allowance,
    ChoiceLogprobs,
    FinishReason,
    ModelRequest,
    Usage,
)
from mockserver.models import Model
from mockserver.wire.jsontext import Hole, JsonValue, TokenText
from mockserver.wire.timeline import Headers


@dataclass(frozen=True, slots=True)
class AnsweredText:
    """Text of the answer, token by token."""

    text: TokenText


@dataclass(frozen=True, slots=True)
class AnsweredRefusal:
    """A refusal by the model, token by token."""

    text: TokenText


@dataclass(frozen=True, slots=True)
class AnsweredThought:
    """Reasoning of the model, token by token."""

    text: TokenText


@dataclass(frozen=True, slots=True)
class AnsweredCall:
    """A tool call as it goes out; *id* is stated, or a hole until the answer is sent."""

    id: str | Hole
    name: str
    arguments: TokenText


AnsweredPart: TypeAlias = AnsweredText | AnsweredRefusal | AnsweredThought | AnsweredCall


@dataclass(slots=True, kw_only=True, eq=False)
class AnsweredChoice:
    """A choice as it goes out: cut, tokenised, with its finish reason.

    *text*, *refusal* and *tool_calls* are for protocols that have one place for each.
    """

    index: int
    parts: tuple[AnsweredPart, ...]
    finish_reason: FinishReason
    logprobs: ChoiceLogprobs | None = None
    """Log-probabilities of its tokens; None: not reported, even if requested."""
    echoed: str = ""
    """The prompt, if it is sent in front of the text (legacy `echo`)."""
    text: TokenText | None = field(init=False)
    refusal: TokenText | None = field(init=False)
    tool_calls: tuple[AnsweredCall, ...] = field(init=False)

    def __post_init__(self) -> None:
        parts = self.parts
        self.text = joined([part.text for part in parts if isinstance(part, AnsweredText)])
        self.refusal = joined([part.text for part in parts if isinstance(part, AnsweredRefusal)])
        self.tool_calls = tuple([part for part in parts if isinstance(part, AnsweredCall)])


def joined(texts: Sequence[TokenText]) -> TokenText | None:
    """Return *texts* joined; None if there are none."""
    if len(texts) == 1:
        return texts[0]
    return TokenText(tuple(chain.from_iterable(text.pieces for text in texts))) if texts else None


@dataclass(slots=True, kw_only=True, eq=False)
class Answer:
    """All that an endpoint needs to put an answer on the wire.

    *usage* None is sent as null. *created* is Unix time. *id* and the ids of tool calls are
    holes, filled when the answer is sent; all else is the same each time it is given.
    *allowances* are what the request leaves of the account's limits; empty where that differs
    each time. *reasoning* is the text of the model's reasoning, for dialects that show it.
    *results* are the computed values, one for each input, where nothing is generated.
    """

    endpoint: str
    request: ModelRequest
    model: Model
    model_name: str
    choices: tuple[AnsweredChoice, ...]
    usage: Usage | None
    system_fingerprint: str | None
    headers: Headers
    id: Hole
    created: int
    allowances: tuple[Allowance, ...] = ()
    reasoning: TokenText | None = None
    results: tuple[JsonValue, ...] = ()
