"""Counting tokens as the provider bills them.

This is the face of the package: what a request costs, what an answer costs, and where the
tokens of a text end. Everything else in it is private to it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mockserver.models import Model


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


def count_prompt(body: Mapping[str, Any], model: Model) -> Count:
    """Return what the input of the request *body* is billed as, by *model*, which answers.

    A body with `messages` is a chat request, one with `prompt` a legacy one. The body is a
    valid request: what the provider would refuse is not counted.
    """
    raise NotImplementedError


def count_completion(
    body: Mapping[str, Any],
    choices: Sequence[BilledChoice],
    model: Model,
    *,
    reasoning_tokens: int = 0,
) -> Count:
    """Return what the answer *choices* to *body* is billed as, *reasoning_tokens* included."""
    raise NotImplementedError


def pieces(text: str, encoding: str) -> tuple[tuple[str, int], ...]:
    """Cut *text* where its tokens end: (text, how many tokens are complete with it) pairs.

    Joined, they are *text*. A character that several tokens share stays whole: it comes with
    the last of them, as on the provider's streams. *encoding* is a vocabulary's name.
    """
    raise NotImplementedError
