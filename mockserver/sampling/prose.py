"""Meaningless prose of a given length in tokens."""

from collections.abc import Callable
from random import Random
from typing import TYPE_CHECKING, Final

from mockserver.sampling.fakers import lend

if TYPE_CHECKING:
    from faker import Faker

_WORDS_AT_ONCE: Final = 64
_BACK: Final = 8
_FILLERS: Final = 16
_ENDINGS: Final = (".", "!", "...", " indeed.", " as well.")
"""What may close the text, so that its length comes out: the first that fits is taken."""


def prose(rng: Random, tokens: int, count: Callable[[str], int]) -> str:
    """Return seeded sentences of *tokens* tokens.

    Args:
        rng: Decides the words.
        tokens: How long the text is to be; 0 or less gives an empty text.
        count: Counts the tokens of a text, as the model that seems to write it does.

    Returns:
        Text of exactly so many tokens. Where no wording comes out even (with a count that
        grows by leaps), the longest that stays below.

    """
    if tokens <= 0:
        return ""
    with lend(rng) as fake:
        words = _sentences(fake, rng, tokens, count)
    if tokens < _WORDS_AT_ONCE:  # a first word that is too long leaves no text at all
        first = next((i for i, word in enumerate(words) if count(word) <= tokens), 0)
        words = [words[first].capitalize(), *words[first + 1 :]]
    length = _longest_fit(words, tokens, count)
    # A few words fewer, and another ending: somewhere near, the count comes out.
    fillers = [f" {word.lower().rstrip('.')}." for word in words[:_FILLERS]]
    kept = length - 2 * _BACK
    if kept > 0:
        # Nearly every text counts as much as its two parts, so that only its end is tried.
        before = " ".join(words[:kept])
        left = tokens - count(before)
        text = before + _ended([f" {words[kept]}", *words[kept + 1 : length]], fillers, left, count)
        if count(text) == tokens:
            return text
    return _ended(words[:length], fillers, tokens, count)


def _ended(words: list[str], fillers: list[str], tokens: int, count: Callable[[str], int]) -> str:
    """Return *words*, perhaps without the last few, ended so that they are *tokens* long."""
    best = ""
    for ending in (*_ENDINGS, *fillers, ""):
        for size in range(len(words), max(len(words) - _BACK, 0), -1):
            text = " ".join(words[:size]).rstrip(".") + ending
            reached = count(text)
            if reached == tokens:
                return text
            if reached < tokens and len(text) > len(best):
                best = text
    return best


def _sentences(fake: "Faker", rng: Random, tokens: int, count: Callable[[str], int]) -> list[str]:
    """Return the words of sentences that are at least *tokens* long."""
    words: list[str] = []
    counted = 0
    while counted <= tokens:
        fresh: list[str] = []
        while len(fresh) < max(_WORDS_AT_ONCE, (tokens - counted) // 2):
            fresh += fake.sentence(rng.randint(5, 14)).split()
        words += fresh
        # Counted apart from what came before, which is near enough to know when to stop.
        gained = count(" ".join(fresh))
        if gained <= 0:
            break
        counted += gained
    return words


def _longest_fit(words: list[str], tokens: int, count: Callable[[str], int]) -> int:
    """Return how many of *words* are at most *tokens* long."""
    guess = _guess(words, tokens, count)
    if count(" ".join(words[:guess])) <= tokens < count(" ".join(words[: guess + 1])):
        return guess
    low, high = 0, len(words)
    while low < high:
        middle = (low + high + 1) // 2
        if count(" ".join(words[:middle])) <= tokens:
            low = middle
        else:
            high = middle - 1
    return low


def _guess(words: list[str], tokens: int, count: Callable[[str], int]) -> int:
    """Return about how many of *words* are *tokens* long: words nearly always count apart."""
    counted = 0
    for number, word in enumerate(words):
        counted += count(f" {word}" if number else word)
        if counted > tokens:
            return number
    return len(words)
