"""Counting tokens as the provider bills them.

The public functions of the package: what a request costs, what an answer costs, where the tokens
of a text end, and the vocabularies. All other modules are private to it.
"""

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

from mockserver.models import Model
from mockserver.tokens.answers import AnswerTerms, count_chat_answer, count_legacy_answer
from mockserver.tokens.attachments import count_sound
from mockserver.tokens.bill import BilledChoice, BilledPrompt, Count, Part, PromptBreakdown, total
from mockserver.tokens.chat_prompts import chat_prompt_parts, plain_chat_prompt
from mockserver.tokens.evidence import Rule
from mockserver.tokens.legacy_prompts import legacy_prompt_parts
from mockserver.tokens.prompt_blocks import cached_tokens, prompt_blocks
from mockserver.tokens.speech import TOKENS_A_SECOND, sound_tokens, speech_s, tokens_around
from mockserver.tokens.vocabularies import Vocabulary, vocabulary

__all__ = [
    "TOKENS_A_SECOND",
    "BilledChoice",
    "BilledPrompt",
    "Count",
    "Part",
    "PromptBreakdown",
    "Vocabulary",
    "answer_terms",
    "cached_tokens",
    "count",
    "count_completion",
    "count_prompt",
    "count_sound",
    "decode",
    "explain_prompt",
    "pieces",
    "prompt_blocks",
    "sound_tokens",
    "speech_s",
    "tokens_around",
    "vocabulary",
]


def count_prompt(body: Mapping[str, Any], model: Model) -> Count:
    """Return the bill for the input of the request *body*; *model* is the one that answers.

    A body with `messages` is a chat request, one with `prompt` a legacy one. The body is a
    valid request: what the provider would refuse is not counted.
    """
    if "messages" in body and model.known:
        plain = plain_chat_prompt(body, model.family)
        if plain is not None:
            return plain
    return total(_prompt_parts(body, model))


def explain_prompt(body: Mapping[str, Any], model: Model) -> PromptBreakdown:
    """Return what each part of the input costs; their sum is what `count_prompt` returns."""
    return PromptBreakdown(tuple(_prompt_parts(body, model)))


def _prompt_parts(body: Mapping[str, Any], model: Model) -> list[Part]:
    if "messages" in body:
        parts = chat_prompt_parts(body, model.family)
    else:
        parts = legacy_prompt_parts(body, vocabulary(model.family.encoding))
    if model.known:
        return parts
    return [part._replace(doubts=part.doubts | Rule.MODEL) for part in parts]


def count_completion(
    body: Mapping[str, Any],
    choices: Sequence[BilledChoice],
    model: Model,
    *,
    reasoning_tokens: int = 0,
    end_of_turn: bool = False,
) -> Count:
    """Return the bill for *choices*, the answer to *body*, including *reasoning_tokens*.

    With *end_of_turn*, the deployment bills the token that ends each choice of a chat (Azure
    and GitHub Models do for dated models, api.openai.com does not).
    """
    if "messages" not in body:
        count = count_legacy_answer(body, choices, model.family)
    else:
        count = count_chat_answer(
            body, choices, model.family, reasoning_tokens=reasoning_tokens, end_of_turn=end_of_turn
        )
    return count if model.known else Count(count.tokens, exact=False)


def answer_terms(body: Mapping[str, Any]) -> Hashable:
    """Return all of *body* that decides what an answer costs, besides the answer."""
    return AnswerTerms.of(body) if "messages" in body else (body.get("n"), body.get("best_of"))


def count(text: str, encoding: str) -> int:
    """Return the number of tokens in *text*; *encoding* is a vocabulary's name."""
    return vocabulary(encoding).count(text)


def pieces(text: str, encoding: str) -> tuple[tuple[str, int], ...]:
    """Return *text* split where its tokens end: pairs of a text and the tokens that it completes.

    Joined, they are *text*. A character that several tokens share stays whole: it comes with
    the last of them, as on the provider's streams. *encoding* is a vocabulary's name.
    """
    return vocabulary(encoding).pieces(text)


def decode(tokens: Sequence[int], encoding: str) -> str:
    """Return the text of *tokens*; what is not text, or not UTF-8, becomes U+FFFD.

    Raises:
        KeyError: A token is beyond the vocabulary.

    """
    return vocabulary(encoding).text_of(tokens)
