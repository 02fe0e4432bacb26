"""The values that the rules of the bill exchange: counts, and generated choices."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple, TypeAlias

from mockserver.tokens.evidence import NO_RULE, Rule


class Count(NamedTuple):
    """A number of tokens; *exact* is False where the rules only estimate."""

    tokens: int
    exact: bool = True


class BilledPrompt(NamedTuple):
    """The bill of an input; *heard_tokens* of its tokens are audio."""

    tokens: int
    exact: bool = True
    heard_tokens: int = 0


@dataclass(slots=True, kw_only=True)
class BilledChoice:
    """What was generated for one choice.

    *text* is what the client receives; *stop* is the stop sequence after it, which is billed but
    not returned. *calls* are (name, arguments) pairs. *cut*: a limit ended the choice, so that no
    end-of-turn token was generated. An answer of several messages has them all in *texts*.
    *custom_calls* are (name, input) pairs of custom tools.
    """

    # Final instead of frozen: it is made for each answer.
    text: Final[str | None] = None
    refusal: Final[str | None] = None
    calls: Final[Sequence[tuple[str, str]]] = ()
    stop: Final[str | None] = None
    cut: Final[bool] = False
    texts: Final[Sequence[str]] = ()
    custom_calls: Final[Sequence[tuple[str, str]]] = ()


PartKind: TypeAlias = Literal[
    "message",
    "instructions",
    "item",
    "tools",
    "response_format",
    "priming",
    "prompt",
    "input",
    "history",
]


class Part(NamedTuple):
    """The cost of one part of a prompt; *doubts* are the rules in it that bills do not confirm.

    A `message` has its *place* in `messages` and its role; the results of parallel calls are
    one message, at the place of the first. An `item` of a Responses request has its place among
    all that the model reads, and its role, or its type where it is not a message. `priming` are
    the tokens that make the model answer.
    """

    kind: PartKind
    tokens: int
    doubts: Rule = NO_RULE
    place: int | None = None
    role: str | None = None

    @property
    def exact(self) -> bool:
        """Whether bills confirm all rules that it was counted by."""
        return not self.doubts


@dataclass(frozen=True, slots=True)
class PromptBreakdown:
    """The cost of each part of a prompt; their sum is what `count_prompt` returns."""

    parts: tuple[Part, ...]

    @property
    def total(self) -> Count:
        """The whole prompt."""
        return total(self.parts)


def total(parts: Sequence[Part]) -> Count:
    """Return the sum of *parts*, exact if each of them is."""
    tokens, doubts = 0, NO_RULE
    for part in parts:
        tokens += part.tokens
        if part.doubts is not NO_RULE:
            doubts |= part.doubts
    return Count(tokens, not doubts)
