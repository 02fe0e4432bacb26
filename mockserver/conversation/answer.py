"""What a model answers, with no provider in it."""

from dataclasses import dataclass
from typing import Literal, NamedTuple

from mockserver.conversation.parts import ToolCall

FinishReason = Literal["stop", "length", "tool_calls", "function_call", "content_filter"]


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
