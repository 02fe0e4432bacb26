"""What a model answers, independent of any provider."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal, NamedTuple, TypeAlias

from mockserver.conversation.parts import Item, Refusal, Speech, Text, Thought, ToolCall

FinishReason: TypeAlias = Literal[
    "stop", "length", "tool_calls", "function_call", "content_filter", "error"
]
"""Why an answer ends, in the words of scenarios."""
CALLED_TOOLS: Final[FinishReason] = "tool_calls"


AnswerPart: TypeAlias = Text | Refusal | Thought | Speech | ToolCall | Item
"""What an answer is made of; some protocols interleave these in any order."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One answer of the model, before the request's limits act on it.

    Attributes:
        parts: The content of the answer, in order.
        finish_reason: Why it ends; None: this follows from the parts.
        logprobs: The log-probabilities of the first tokens; the others are drawn. None: none are
            reported, even if requested.

    """

    parts: tuple[AnswerPart, ...] = ()
    finish_reason: FinishReason | None = None
    logprobs: tuple[float, ...] | None = ()

    @property
    def text(self) -> str | None:
        """Its texts, joined; None if it has none."""
        return self._joined(Text)

    @property
    def refusal(self) -> str | None:
        """Its refusals, joined; None if it has none."""
        return self._joined(Refusal)

    @property
    def tool_calls(self) -> tuple[ToolCall, ...]:
        """Its tool calls."""
        return tuple([part for part in self.parts if isinstance(part, ToolCall)])

    def edited(self, edit: Callable[[AnswerPart], AnswerPart]) -> "Choice":
        """Return the choice with each part edited; the same object if nothing changes."""
        parts = tuple(map(edit, self.parts))
        return self if parts == self.parts else replace(self, parts=parts)

    def _joined(self, kind: type[Text] | type[Refusal]) -> str | None:
        texts = [part.text for part in self.parts if isinstance(part, kind)]
        return "".join(texts) if texts else None


class Vector(NamedTuple):
    """A vector that is computed for a text; what a scenario states goes out as it *is_stated*."""

    numbers: Sequence[float]
    is_stated: bool = False


class Findings(NamedTuple):
    """What is found in a text, by the categories of what is not wanted.

    *scores* are from 0 to 1, *flagged* are the categories that it falls into, and *stated* those
    whose scores a scenario states.
    """

    scores: Mapping[str, float]
    flagged: frozenset[str] = frozenset()
    stated: frozenset[str] = frozenset()


class TokenLogprob(NamedTuple):
    """A token of an answer, how likely it was, and what else was likely there.

    *logprob* is None for the first token of an echoed prompt: nothing comes before it.
    *alternatives* are the likeliest tokens, likeliest first, usually including the token itself.
    """

    token: bytes
    logprob: float | None
    alternatives: tuple[tuple[bytes, float], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ChoiceLogprobs:
    """What is reported about the tokens of a choice: its text, refusal and echoed prompt."""

    text: tuple[TokenLogprob, ...] | None
    refusal: tuple[TokenLogprob, ...] | None
    prompt: tuple[TokenLogprob, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StatedUsage:
    """The bill as a scenario states it; members that are None are computed.

    *prompt_tokens* and *completion_tokens* replace the counts, and *total_tokens* their sum. The
    details go into their own members; *reasoning_tokens* are added to a computed
    `completion_tokens`. *cost* is in USD.
    """

    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    total_tokens: int | None = None
    cost: float | None = None
    reasoning_tokens: int | None = None
    cached_tokens: int | None = None
    cache_write_tokens: int | None = None
    audio_tokens: int | None = None
    accepted_prediction_tokens: int | None = None
    rejected_prediction_tokens: int | None = None


class Usage(NamedTuple):
    """The bill of one answer, in tokens. *exact* is False where the rules only estimate.

    *audio_tokens* are those of the answer, *heard_tokens* the audio tokens of the prompt.
    *stated_total* and *cost* (in USD) are a scenario's; None: the sum, and by the price.
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
    cache_write_tokens: int = 0
    stated_total: int | None = None
    cost: float | None = None

    @property
    def total_tokens(self) -> int:
        """Prompt and completion together, unless a scenario states another total."""
        if self.stated_total is not None:
            return self.stated_total
        return self.prompt_tokens + self.completion_tokens
