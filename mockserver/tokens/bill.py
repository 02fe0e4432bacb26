"""The values that the rules of the bill exchange: counts, and generated choices."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple


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
    end-of-turn token was generated.
    """

    # Final instead of frozen: it is made for each answer.
    text: Final[str | None] = None
    refusal: Final[str | None] = None
    calls: Final[Sequence[tuple[str, str]]] = ()
    stop: Final[str | None] = None
    cut: Final[bool] = False


class Part(NamedTuple):
    """The cost of one part of a prompt; *exact* is False where the rules only estimate.

    A `message` has its *place* in `messages` and its role; the results of parallel calls are
    one message, at the place of the first. `priming` are the tokens that make the model answer.
    """

    kind: Literal["message", "tools", "response_format", "priming", "prompt"]
    tokens: int
    exact: bool = True
    place: int | None = None
    role: str | None = None


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
    tokens, exact = 0, True
    for part in parts:
        tokens += part.tokens
        exact = exact and part.exact
    return Count(tokens, exact)
