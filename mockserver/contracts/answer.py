"""An answer as it goes out: cut, counted, ready to be put on the wire."""

from dataclasses import dataclass

from mockserver.conversation import (
    Allowance,
    ChoiceLogprobs,
    FinishReason,
    ModelRequest,
    Usage,
)
from mockserver.models import Model
from mockserver.wire.jsontext import Hole, TokenText
from mockserver.wire.timeline import Headers


@dataclass(frozen=True, slots=True)
class AnsweredCall:
    """A tool call as it goes out; *id* is a hole until the answer is sent, or stated."""

    id: str | Hole
    name: str
    arguments: TokenText


@dataclass(slots=True, kw_only=True, eq=False)
class AnsweredChoice:
    """A choice as it goes out: cut, tokenised, with its finish reason."""

    index: int
    text: TokenText | None
    refusal: TokenText | None
    tool_calls: tuple[AnsweredCall, ...]
    finish_reason: FinishReason
    logprobs: ChoiceLogprobs | None = None
    """What is told of its tokens; None: nothing, asked for or not."""
    echoed: str = ""
    """The prompt, where it goes out before the text (legacy `echo`)."""


@dataclass(slots=True, kw_only=True, eq=False)
class Answer:
    """All that an endpoint needs to put an answer on the wire.

    *usage* None is sent as null. *created* is Unix time. *id* and the ids of tool calls are
    holes, filled when the answer is sent: all else is the same each time it is given.
    *allowances* are what the request leaves of the account's limits; none where that differs
    each time. *reasoning* is what was thought in words, for dialects that show it.
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
