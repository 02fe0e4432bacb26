"""An answer as it goes out: cut, counted, ready for the wire."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import chain
from typing import Final, NamedTuple, TypeAlias

from mockserver.conversation import (
    Allowance,
    ChoiceLogprobs,
    FinishReason,
    ModelRequest,
    Speech,
    Usage,
)
from mockserver.models import Model
from mockserver.wire.jsontext import TEXT_HOLE, Filling, Hole, JsonValue, NumberHole, TokenText
from mockserver.wire.timeline import Headers


@dataclass(slots=True)
class AnsweredText:
    """Text of the answer, token by token."""

    # Final instead of frozen, here and below: these are made for each answer.
    text: Final[TokenText]
    phase: Final[str | None] = None
    annotations: Final[tuple[JsonValue, ...]] = ()


@dataclass(slots=True)
class AnsweredRefusal:
    """A refusal by the model, token by token."""

    text: Final[TokenText]


@dataclass(slots=True)
class AnsweredThought:
    """Reasoning of the model, *tokens* long, token by token; *sealed* as in `Thought`."""

    text: Final[TokenText]
    tokens: Final[int] = 0
    summary: Final[tuple[TokenText, ...]] = ()
    sealed: Final[str | bool | None] = None

    @property
    def words(self) -> TokenText:
        """What protocols show of it that have one text for it."""
        return self.text or TokenText(tuple(chain.from_iterable(t.pieces for t in self.summary)))


@dataclass(slots=True)
class AnsweredSpeech:
    """Something that is said aloud: its transcript token by token, and what there is to hear."""

    text: Final[TokenText]
    speech: Final[Speech]


@dataclass(slots=True)
class AnsweredCall:
    """A tool call as it goes out; *id* is stated, or a hole until the answer is sent."""

    id: Final[str | Hole]
    name: Final[str]
    arguments: Final[TokenText]
    is_custom: Final[bool] = False


@dataclass(slots=True)
class AnsweredItem:
    """Something that only one protocol has a form for, as it goes out."""

    value: Final[JsonValue]


AnsweredPart: TypeAlias = (
    AnsweredText | AnsweredRefusal | AnsweredThought | AnsweredSpeech | AnsweredCall | AnsweredItem
)


@dataclass(slots=True, kw_only=True, eq=False)
class AnsweredChoice:
    """A choice as it goes out: cut, tokenised, with its finish reason.

    *text*, *refusal*, *speech* and *tool_calls* are for protocols that have one place for each.
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
    speech: AnsweredSpeech | None = field(init=False)
    tool_calls: tuple[AnsweredCall, ...] = field(init=False)

    def __post_init__(self) -> None:
        parts = self.parts
        if len(parts) == 1 and isinstance(parts[0], AnsweredText):
            # Most answers are one text.
            self.text, self.refusal, self.speech, self.tool_calls = parts[0].text, None, None, ()
            return
        self.text = joined([part.text for part in parts if isinstance(part, AnsweredText)])
        self.refusal = joined([part.text for part in parts if isinstance(part, AnsweredRefusal)])
        spoken = [part for part in parts if isinstance(part, AnsweredSpeech)]
        self.speech = spoken[0] if spoken else None
        self.tool_calls = tuple([part for part in parts if isinstance(part, AnsweredCall)])


def joined(texts: Sequence[TokenText]) -> TokenText | None:
    """Return *texts* joined; None if there are none."""
    if len(texts) == 1:
        return texts[0]
    return TokenText(tuple(chain.from_iterable(text.pieces for text in texts))) if texts else None


CREATED: Final = NumberHole("d", 10)
"""The time of creation (Unix time) in the JSON of all answers."""


class ShownUsage(NamedTuple):
    """A bill as JSON shows it: what differs from request to request is a hole.

    *read_tokens* are the text tokens of the prompt, *written_tokens* those of the answer.
    """

    prompt_tokens: int | Hole
    completion_tokens: int
    total_tokens: int | Hole
    read_tokens: int | Hole
    written_tokens: int
    cached_tokens: int
    reasoning_tokens: int
    audio_tokens: int
    accepted_prediction_tokens: int
    rejected_prediction_tokens: int
    heard_tokens: int
    cache_write_tokens: int


@lru_cache(maxsize=4_096)
def shown(usage: Usage) -> tuple[ShownUsage, Filling]:
    """Return *usage* as JSON shows it, and what fills its holes. Many answers have the same bill.

    A hole is as long as its number: bills alike in all but their counts are rendered once.
    """
    read = max(0, usage.prompt_tokens - usage.heard_tokens)
    counts = {"p": usage.prompt_tokens, "s": usage.total_tokens, "r": read}
    holes = {name: _count_hole(name, len(str(count))) for name, count in counts.items()}
    prompt, total, text = [holes[name] or count for name, count in counts.items()]
    filling = {hole.mark: str(counts[name]) for name, hole in holes.items() if hole is not None}
    bill = ShownUsage(
        prompt,
        usage.completion_tokens,
        total,
        text,
        max(0, usage.completion_tokens - usage.reasoning_tokens - usage.audio_tokens),
        usage.cached_tokens,
        usage.reasoning_tokens,
        usage.audio_tokens,
        usage.accepted_prediction_tokens,
        usage.rejected_prediction_tokens,
        usage.heard_tokens,
        usage.cache_write_tokens,
    )
    return bill, filling


@lru_cache(maxsize=64)
def _count_hole(name: str, digits: int) -> NumberHole | None:
    """Return the hole for a count of so many *digits*; None: a single one has no room for it."""
    return NumberHole(name, digits) if digits > 1 else None


@lru_cache(maxsize=256)
def holed(finish_reasons: tuple[FinishReason, ...]) -> tuple[AnsweredChoice, ...]:
    """Return choices whose texts are holes, one for each of the *finish_reasons*."""
    parts = (AnsweredText(TEXT_HOLE),)
    return tuple(
        [
            AnsweredChoice(index=index, parts=parts, finish_reason=reason)
            for index, reason in enumerate(finish_reasons)
        ]
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class StatedMembers:
    """Members of an answer that a reply states; a protocol puts them where it has them.

    Attributes:
        extra: Members of the answer, or of each chunk of it.
        message: Members of the message of each choice.
        usage: Members of the bill besides the counts, by their names there.
        provider: The name of the provider that served the answer.
        native_finish_reason: Why it ended, in that provider's own words.
        metadata: Members of a gateway's metadata.

    """

    extra: Mapping[str, JsonValue]
    message: Mapping[str, JsonValue]
    usage: Mapping[str, JsonValue]
    provider: str | None
    native_finish_reason: str | None
    metadata: Mapping[str, JsonValue]

    @property
    def members(self) -> dict[str, JsonValue]:
        """All that belongs to the answer as a whole, where the protocol has no place for it."""
        named = {"provider": self.provider, "native_finish_reason": self.native_finish_reason}
        stated = {name: value for name, value in named.items() if value is not None}
        metadata = {"metadata": self.metadata} if self.metadata else {}
        return {**stated, **metadata, **self.message, **self.extra}


@dataclass(slots=True, kw_only=True, eq=False)
class Answer:
    """All that an endpoint needs to put an answer on the wire.

    *usage* None is sent as null; *bill* is how JSON shows it. *dated* is when it was created, as
    Unix time. *created*, *id* and the ids of tool calls are holes, filled when the answer is
    sent, unless a scenario states them; all else is the same each time it is given.
    *allowances* are what the request leaves of the account's limits; empty where that differs
    each time. *reasoning* is the text of the model's reasoning, for dialects that show it.
    *results* are the computed values, one for each input, where nothing is generated. *stated*
    are members that the reply adds; None: none.
    """

    endpoint: str
    request: ModelRequest
    model: Model
    model_name: str
    choices: tuple[AnsweredChoice, ...]
    usage: Usage | None
    bill: ShownUsage | None
    system_fingerprint: str | None
    headers: Headers
    id: Hole | str
    dated: int
    created: Hole | int = CREATED
    allowances: tuple[Allowance, ...] = ()
    reasoning: TokenText | None = None
    results: tuple[JsonValue, ...] = ()
    stated: StatedMembers | None = None
