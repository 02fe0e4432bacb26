"""What a request's parameters do to an answer, and what the result is billed as.

A choice comes in as the scenario wrote it; it leaves cut at `stop` and `max_tokens`, in
tokens, with its finish reason. docs/scenarios.md says which parameters act.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache, partial
from typing import Final

from mockserver import tokens
from mockserver.contracts import AnsweredChoice, AnsweredThought, Reply, Unstated
from mockserver.contracts.answer import joined
from mockserver.conversation import AnswerPart, Choice, Item, StatedUsage, Text, ToolCall, Usage
from mockserver.models import Model
from mockserver.shaping.cutting import Shaped, Shaper
from mockserver.shaping.terms import Terms
from mockserver.tokens import BilledChoice, BilledPrompt, Count
from mockserver.wire.jsontext import TokenText


def shape(terms: Terms, written: Sequence[Choice]) -> Shaped:
    """Return the choices that a reply has *written*, in tokens of the model, ended by `stop`.

    They may be too long for the request: `cut` cuts them where they are.
    """
    return Shaper(terms, None).shape(written)


def clipped(terms: Terms, written: Sequence[Choice]) -> Sequence[Choice]:
    """Return *written* without what is far beyond the most tokens of an answer.

    A little more than the share of a choice is left, so that the limit is seen to cut it.
    """
    size = sum([len(_content(part)) for choice in written for part in choice.parts])
    if size <= terms.most_tokens // MOST_TOKENS_OF_A_CHARACTER:
        return written
    # Most choices of an answer are the same text.
    first = cache(partial(_first_tokens, terms.share + 1, terms.model.family.encoding))
    return [choice.edited(partial(_clipped, first)) for choice in written]


MOST_TOKENS_OF_A_CHARACTER: Final = 4
"""A character has at most four bytes, and each of them may be a token."""
LONGEST_TOKEN: Final = 128
"""In characters, all of them blanks."""


def _content(part: AnswerPart) -> str:
    if isinstance(part, Item):
        return ""  # it goes out as it is
    return part.arguments if isinstance(part, ToolCall) else part.text


def _clipped(first: Callable[[str], str], part: AnswerPart) -> AnswerPart:
    """Return *part* with the *first* tokens of what it says."""
    if isinstance(part, Item):
        return part
    if isinstance(part, ToolCall):
        return replace(part, arguments=first(part.arguments))
    return replace(part, text=first(part.text))


def _first_tokens(most: int, encoding: str, text: str) -> str:
    if len(text) * MOST_TOKENS_OF_A_CHARACTER <= most:
        return text
    pieces = tokens.pieces(text[: most * LONGEST_TOKEN], encoding)
    taken = 0
    for number, (_, count) in enumerate(pieces):
        taken += count
        if taken > most:
            return "".join([piece for piece, _ in pieces[:number]])
    return text


def limit(terms: Terms, generated: Count) -> int | None:
    """Return the most tokens that each choice may have; None: what is *generated* meets no limit.

    The limit is the request's, or follows from the most tokens of an answer. All that the model
    generates counts: what it thinks and what it writes around texts and calls, as the bill does.
    """
    stated = None if terms.reply.exact else terms.request.max_tokens
    if is_capped(terms, generated):
        return terms.share if stated is None else min(stated, terms.share)
    return stated if stated is not None and generated.tokens >= stated else None


def is_capped(terms: Terms, generated: Count) -> bool:
    """Return whether what is *generated* is more than an answer may have."""
    return generated.tokens > terms.most_tokens


def cut(terms: Terms, shaped: Shaped, most: int) -> Shaped:
    """Return *shaped* within *most* tokens a choice; what is cut alike is the same value."""
    shaper = Shaper(terms, most)
    if not all(isinstance(part, Text) for choice in shaped.written for part in choice.parts):
        return shaper.shape(shaped.written)
    key = (shaper.limit, shaper.cost(BilledChoice(text="")))
    known = shaped.cuts.get(key)
    if known is None:
        known = shaper.shape(shaped.written)
        if len(shaped.cuts) < MOST_CUTS:
            shaped.cuts[key] = known
    return known


MOST_CUTS: Final = 64
"""How many limits of an answer are remembered."""


def spoken_tokens(choices: Sequence[AnsweredChoice]) -> int:
    """Return how many audio tokens *choices* are."""
    said = [choice.speech.speech for choice in choices if choice.speech is not None]
    return sum([tokens.sound_tokens(speech.seconds) for speech in said])


def bill(
    reply: Reply,
    model: Model,
    prompt: BilledPrompt,
    count: Count,
    *,
    reasoning_tokens: int = 0,
    cached_tokens: int = 0,
    spoken_tokens: int = 0,
) -> Usage | None:
    """Return what an answer of *reply*, by *model*, is billed as; None if null is stated.

    *cached_tokens* are those of the prompt unless the reply states how many.

    An answer that names an alias (`gpt-4o-mini`) does not say which snapshot gave it: which one
    the alias stood for has changed, and with it what requests cost.
    """
    stated = reply.usage
    if stated is None:
        return None
    computed = Usage(
        prompt.tokens,
        count.tokens,
        cached_tokens=cached_tokens,
        reasoning_tokens=reasoning_tokens,
        audio_tokens=spoken_tokens,
        exact=prompt.exact and count.exact and reply.model in (None, model.answers_as),
        heard_tokens=prompt.heard_tokens,
    )
    return computed if isinstance(stated, Unstated) else as_stated(stated, computed)


def as_stated(stated: StatedUsage, computed: Usage) -> Usage:
    """Return *computed* with what is *stated* in its place; reasoning is counted in it already."""
    rejected = stated.rejected_prediction_tokens or 0
    return computed._replace(
        prompt_tokens=_first(stated.prompt_tokens, computed.prompt_tokens),
        # What was predicted and does not come is billed as if it were generated (2 of 2).
        completion_tokens=_first(stated.completion_tokens, computed.completion_tokens + rejected),
        cached_tokens=_first(stated.cached_tokens, computed.cached_tokens),
        audio_tokens=_first(stated.audio_tokens, computed.audio_tokens),
        accepted_prediction_tokens=stated.accepted_prediction_tokens or 0,
        rejected_prediction_tokens=rejected,
        cache_write_tokens=stated.cache_write_tokens or 0,
        stated_total=stated.total_tokens,
        cost=stated.cost,
    )


def thought_aloud(terms: Terms, shaped: Shaped) -> TokenText | None:
    """Return the words of the thoughts before *shaped*, up to the cut; None: no words."""
    written = terms.reply.reasoning
    if not written:
        first = shaped.choices[0].parts if shaped.choices else ()
        return joined([part.words for part in first if isinstance(part, AnsweredThought)])
    left = shaped.reasoning_tokens + shaped.cut_reasoning_tokens
    pieces: list[tuple[str, int]] = []
    for piece, count in tokens.pieces(written, terms.model.family.encoding):
        if count > left:
            break
        left -= count
        pieces.append((piece, count))
    return TokenText(tuple(pieces))


def _first(stated: int | None, counted: int) -> int:
    return counted if stated is None else stated


def with_echo(
    choices: Sequence[AnsweredChoice], prompts: Sequence[str]
) -> tuple[AnsweredChoice, ...]:
    """Return *choices* preceded by their prompts: equally many for each of *prompts*."""
    per_prompt = len(choices) // len(prompts)
    return tuple(
        [replace(choice, echoed=prompts[choice.index // per_prompt]) for choice in choices]
    )


def count_generated(terms: Terms, shaped: Shaped) -> Count:
    """Return what the model is billed to have generated."""
    request = terms.request
    ended = terms.endpoint.bill_answer(
        request,
        shaped.billed,
        terms.model,
        reasoning_tokens=shaped.reasoning_tokens,
        end_of_turn=terms.bills_end_of_turn,
    )
    said = [choice.speech for choice in shaped.choices if choice.speech is not None]
    if said:
        around = sum([tokens.tokens_around(speech.text.tokens) for speech in said])
        ended = Count(ended.tokens + around + spoken_tokens(shaped.choices), exact=False)
    if request.candidates <= request.n or terms.reply.exact:
        return Count(ended.tokens + shaped.cut_tokens, ended.exact)
    # The candidates that are not returned are billed too (OpenAI, API reference, "best_of"), and
    # taken to be as long as those that are: nothing is recorded.
    count = ended.tokens * request.candidates // request.n
    return Count(count + shaped.cut_tokens * request.candidates // request.n, exact=False)
