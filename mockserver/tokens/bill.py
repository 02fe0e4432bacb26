"""What the rules of the bill hand to each other: counts, and what was generated."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Count:
    """A number of tokens; *exact* is False where the rules are known to guess."""

    tokens: int
    exact: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class BilledChoice:
    """What was generated for one choice.

    *text* is what the client receives; *stop* is the stop sequence that was hit behind it,
    which is billed though it is not returned. *calls* are (name, arguments) pairs.
    """

    text: str | None = None
    refusal: str | None = None
    calls: Sequence[tuple[str, str]] = ()
    stop: str | None = None
