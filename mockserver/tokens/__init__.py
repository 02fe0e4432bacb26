"""Counting tokens as the provider bills them.

This is the face of the package: what a request costs, what an answer costs, and where the
tokens of a text end. Everything else in it is private to it.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from mockserver.models import Model
from mockserver.tokens.bill import BilledChoice, Count
from mockserver.tokens.chat_prompts import count_chat_prompt
from mockserver.tokens.legacy_prompts import count_legacy_prompt
from mockserver.tokens.vocabularies import vocabulary

__all__ = ["BilledChoice", "Count", "count", "count_completion", "count_prompt", "decode", "pieces"]


def count_prompt(body: Mapping[str, Any], model: Model) -> Count:
    """Return what the input of the request *body* is billed as, by *model*, which answers.

    A body with `messages` is a chat request, one with `prompt` a legacy one. The body is a
    valid request: what the provider would refuse is not counted.
    """
    words = vocabulary(model.family.encoding)
    if "messages" in body:
        return count_chat_prompt(body, model.family, words)
    return count_legacy_prompt(body, words)


def count_completion(
    body: Mapping[str, Any],  # noqa: ARG001 - what was asked for will decide what is added
    choices: Sequence[BilledChoice],
    model: Model,
    *,
    reasoning_tokens: int = 0,
    end_of_turn: bool = False,
) -> Count:
    """Return what the answer *choices* to *body* is billed as, *reasoning_tokens* included.

    With *end_of_turn*, the deployment bills the token that ends each choice.
    """
    words = vocabulary(model.family.encoding)
    tokens = reasoning_tokens + end_of_turn * len(choices)
    for choice in choices:
        tokens += words.count((choice.text or "") + (choice.stop or ""))
        tokens += words.count(choice.refusal or "")
        tokens += sum(words.count(arguments) for _, arguments in choice.calls)
    return Count(tokens)


def count(text: str, encoding: str) -> int:
    """Return how many tokens *text* is; *encoding* is a vocabulary's name."""
    return vocabulary(encoding).count(text)


def pieces(text: str, encoding: str) -> tuple[tuple[str, int], ...]:
    """Cut *text* where its tokens end: (text, how many tokens are complete with it) pairs.

    Joined, they are *text*. A character that several tokens share stays whole: it comes with
    the last of them, as on the provider's streams. *encoding* is a vocabulary's name.
    """
    return vocabulary(encoding).pieces(text)


def decode(tokens: Sequence[int], encoding: str) -> str:
    """Return the text of *tokens*; bytes that are no UTF-8 become U+FFFD.

    Raises:
        KeyError: A token is not in the vocabulary.

    """
    return vocabulary(encoding).text_of(tokens)
