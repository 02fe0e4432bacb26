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
from mockserver.tokens.embeddings import embedding_parts
from mockserver.tokens.evidence import Rule
from mockserver.tokens.item_answers import count_answer_of, output_terms, reported_reasoning
from mockserver.tokens.item_prompts import Recall, item_prompt_parts
from mockserver.tokens.items import Item, Recalled
from mockserver.tokens.legacy_prompts import legacy_prompt_parts
from mockserver.tokens.prompt_blocks import cached_tokens, item_blocks, prompt_blocks
from mockserver.tokens.speech import TOKENS_A_SECOND, sound_tokens, speech_s, tokens_around
from mockserver.tokens.vocabularies import Vocabulary, vocabulary

__all__ = [
    "TOKENS_A_SECOND",
    "BilledChoice",
    "BilledPrompt",
    "Count",
    "Part",
    "PromptBreakdown",
    "Recall",
    "Recalled",
    "Vocabulary",
    "answer_terms",
    "cached_tokens",
    "count",
    "count_completion",
    "count_items",
    "count_output",
    "count_prompt",
    "count_sound",
    "decode",
    "explain_items",
    "explain_prompt",
    "item_blocks",
    "output_terms",
    "pieces",
    "prompt_blocks",
    "reported_reasoning",
    "sound_tokens",
    "speech_s",
    "tokens_around",
    "vocabulary",
]


def count_prompt(body: Mapping[str, Any], model: Model) -> Count:
    """Return the bill for the input of the request *body*; *model* is the one that answers.

    A body with `messages` is a chat request, one with `prompt` a legacy one, one with `input`
    is for embeddings; for a Responses request, see `count_items`. The body is a valid request:
    what the provider would refuse is not counted.
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
    elif "input" in body:
        parts = embedding_parts(body, vocabulary(model.family.encoding))
    else:
        parts = legacy_prompt_parts(body, vocabulary(model.family.encoding))
    if model.known:
        return parts
    return [part._replace(doubts=part.doubts | Rule.MODEL) for part in parts]


def count_items(
    body: Mapping[str, Any], items: Sequence[Item], model: Model, recall: Recall
) -> BilledPrompt:
    """Return the bill for the input of a Responses request; *model* is the one that answers.

    Args:
        body: The request, which is valid.
        items: All that the model reads, in order: the history of `previous_response_id` or
            `conversation`, then the input; without `instructions`, which are read from *body*.
            A text is the message of a user, and references are replaced by what they refer to.
        model: The model that answers.
        recall: Says what the provider knows of an item that an answer had; None: it did not
            store it. Of a reasoning item whose ciphertext it can read, it knows the length even
            if it did not store it.

    """
    count = total(item_prompt_parts(body, items, model, recall))
    return BilledPrompt(count.tokens, count.exact)


def explain_items(
    body: Mapping[str, Any], items: Sequence[Item], model: Model, recall: Recall
) -> PromptBreakdown:
    """Return what each part of the input costs; their sum is what `count_items` returns."""
    return PromptBreakdown(tuple(item_prompt_parts(body, items, model, recall)))


def count_output(
    body: Mapping[str, Any],
    items: Sequence[Item],
    choice: BilledChoice,
    model: Model,
    *,
    reasoning_tokens: int = 0,
) -> Count:
    """Return the bill for *choice*, the answer to a Responses request, with its reasoning.

    *body* and *items* are those of `count_items`; *reasoning_tokens* are all that there are,
    whatever the answer states of them (`reported_reasoning`).
    """
    terms = output_terms(body, items)
    return count_answer_of(terms, choice, model, reasoning_tokens=reasoning_tokens)


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
