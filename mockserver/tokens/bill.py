"""What the rules of the bill hand to each other: counts, and what was generated."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple


class Count(NamedTuple):
    """A number of tokens; *exact* is False where the rules are known to guess."""

    tokens: int
    exact: bool = True


class BilledPrompt(NamedTuple):
    """What an input is billed as; so many of the tokens are sound that the model *heard*."""

    tokens: int
    exact: bool = True
    heard_tokens: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class BilledChoice:
    """What was generated for one choice.

    *text* is what the client receives; *stop* is the stop sequence that was hit behind it,
    which is billed though it is not returned. *calls* are (name, arguments) pairs. *cut* says
    that a limit ended it: then no end-of-turn token was generated.
    """

    text: str | None = None
    refusal: str | None = None
    calls: Sequence[tuple[str, str]] = ()
    stop: str | None = None
    cut: bool = False


class Part(NamedTuple):
    """What one part of a prompt costs; *exact* is False where the rules are known to guess.

    A `message` has its *place* in `messages` and its role; the results of parallel calls are
    one message, at the place of the first. `priming` is what makes the model answer.
    """

    kind: Literal["message", "tools", "response_format", "priming", "prompt"]
    tokens: int
    exact: bool = True
    place: int | None = None
    role: str | None = None


@dataclass(frozen=True, slots=True)
class PromptBreakdown:
    """What each part of a prompt costs; together they are what `count_prompt` returns."""

    parts: tuple[Part, ...]

    @property
    def total(self) -> Count:
        """The whole prompt."""
        return total(self.parts)


def total(parts: Sequence[Part]) -> Count:
    """Return the sum of *parts*, exact if each of them is."""
    tokens, exact = 0, True
    for part in parts:
        tokens += part.tokens
        exact = exact and part.exact
    return Count(tokens, exact)
