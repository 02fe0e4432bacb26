"""How likely the tokens of an answer were, and what else the model might have said there.

No model computes these numbers: they are drawn from the request, so that the same request always
gets the same. They have the traits of real ones: logits lie on a grid of 1/8, their softmax is
taken in single precision, the token said is mostly the likeliest, and the alternatives
are tokens of the model's own vocabulary.

Sources: recorded answers of gpt-4o-mini, gpt-4.1 and gpt-5.4 (2026, 195 positions).
"""

import math
import struct
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache
from random import Random
from typing import Final, TypeAlias

from mockserver import tokens
from mockserver.contracts import AnsweredChoice
from mockserver.conversation import ChoiceLogprobs, ModelRequest, TokenLogprob
from mockserver.models import Model
from mockserver.seeding import Draw
from mockserver.tokens import Vocabulary
from mockserver.wire.jsontext import TokenText

Stated: TypeAlias = tuple[float, ...] | None
"""Log-probabilities of the first tokens of a choice; None: nothing is reported."""


def with_logprobs(
    choices: Sequence[AnsweredChoice],
    stated: Sequence[Stated],
    request: ModelRequest,
    model: Model,
    draw: Draw,
) -> tuple[AnsweredChoice, ...]:
    """Return *choices* with the log-probabilities that *request* asks for, as of *model*.

    *stated* is what the scenario states for each choice. The rest is drawn, and depends on
    *draw*, the index of the choice and the place of the token alone.
    """
    reported: list[AnsweredChoice] = []
    for choice, own in zip(choices, stated, strict=True):
        if own is None:
            reported.append(choice)
            continue
        reporter = _Reporter(request, model, own, draw.rng(f"logprobs-{choice.index}"))
        reported.append(replace(choice, logprobs=reporter.choice(choice)))
    return tuple(reported)


class _Reporter:
    """Reports on the tokens of one choice, in their order."""

    def __init__(
        self, request: ModelRequest, model: Model, stated: tuple[float, ...], rng: Random
    ) -> None:
        self._count = request.logprobs or 0
        self._is_greedy = request.temperature == 0
        self._vocabulary = tokens.vocabulary(model.family.encoding)
        self._resolution = None if model.family.choice_logprobs else _RESOLUTION
        self._stated = iter(stated)
        self._rng = rng

    def choice(self, choice: AnsweredChoice) -> ChoiceLogprobs:
        """Return what is reported of *choice*; tool calls have no log-probabilities."""
        return ChoiceLogprobs(
            prompt=tuple(self._prompt(choice.echoed)),
            text=self._text(choice.text),
            refusal=self._text(choice.refusal),
        )

    def _prompt(self, prompt: str) -> Iterator[TokenLogprob]:
        """Report on an echoed prompt, for which a scenario states nothing."""
        for position, token in enumerate(self._vocabulary.split(prompt)):
            # Nothing stands before the first token that could make it likely.
            yield self._token(token, None) if position else TokenLogprob(token, None)

    def _text(self, text: TokenText | None) -> tuple[TokenLogprob, ...] | None:
        if text is None:
            return None
        return tuple(
            [
                self._token(token, next(self._stated, None))
                for piece, _ in text.pieces
                for token in self._tokens(piece)
            ]
        )

    def _tokens(self, piece: str) -> Sequence[bytes]:
        # What is in ASCII has no character that tokens could share: it is one token.
        return [piece.encode()] if piece.isascii() else self._vocabulary.split(piece)

    def _token(self, token: bytes, stated: float | None) -> TokenLogprob:
        """Return what is reported of *token*; its log-probability is drawn unless *stated*."""
        if stated is None:
            logprob, rank, likely = self._drawn(goes_on=token[0] in _CONTINUATION)
        else:
            logprob, rank, likely = self._around(stated + 0.0)
        others = alternatives(token, self._count, self._rng, self._vocabulary)
        ranked = list(zip(others, likely, strict=False))
        ranked.insert(rank, (token, logprob))
        return TokenLogprob(token, logprob, tuple(ranked[: self._count]))

    def _drawn(self, *, goes_on: bool) -> tuple[float, int, list[float]]:
        """Return a log-probability, its rank, and falling ones of the other likely tokens.

        What *goes_on* within a character is hardly ever anything else.
        """
        logits = self._logits(max(self._count, _WEIGHED), _SURE if goes_on else 0)
        weights = [math.exp(logit) for logit in logits]
        log_of_sum = _log_of_sum(sum(weights) + self._rest(weights))
        likely = [self._rounded(logit - log_of_sum) for logit in logits]
        rank = 0
        if not self._is_greedy:
            rank = self._rng.choices(range(len(weights)), weights)[0]
        return likely.pop(rank), rank, likely

    def _around(self, stated: float) -> tuple[float, int, list[float]]:
        """Return *stated*, its rank, and falling log-probabilities of the other likely tokens."""
        logits = self._logits(max(self._count, 1), 0)
        weights = [math.exp(logit) for logit in logits]
        left = max(-math.expm1(stated), _LEAST_LEFT)
        scale = math.log(left) - math.log(sum(weights) + self._rest(weights))
        likely = [self._rounded(logit + scale) for logit in logits]
        return stated, sum(logprob > stated for logprob in likely), likely

    def _rest(self, weights: Sequence[float]) -> float:
        """Return the weight of all tokens that are not reported, after those of *weights*."""
        return weights[-1] * self._rng.uniform(0.5, 2)

    def _logits(self, count: int, least: float) -> list[float]:
        """Return *count* falling logits, the first of them 0, and *least* between the first two.

        The first step is as wide as in 159 recorded positions: under 1 in a fifth of them, above
        3 in half, above 9 in a quarter, at most 24.
        """
        logits = [0.0, -_on_grid(least + (24 - least) * self._rng.random() ** 2.6)]
        while len(logits) < count:
            logits.append(logits[-1] - _on_grid(self._rng.expovariate(1.2)))
        return logits[:count]

    def _rounded(self, logprob: float) -> float:
        """Return *logprob* in the precision of the model; 0 without a sign."""
        if self._resolution is not None:
            logprob = round(logprob / self._resolution) * self._resolution
        return _single(logprob) + 0.0


_WEIGHED: Final = 8
"""At least this many tokens might have been said."""
_SURE: Final = 8
_CONTINUATION: Final = range(0x80, 0xC0)
"""The bytes of UTF-8 that no character begins with."""
_RESOLUTION: Final = 2.0**-18
"""Log-probabilities of gpt-5 and later are multiples of this (16 of 16 recorded positions; two of
them above 0, which is not imitated)."""
_LEAST_LEFT: Final = math.exp(-17)
"""What is left for the others beside a token that is stated to be certain."""


def _on_grid(step: float) -> float:
    """Return *step* as the difference of two logits: they have 3 fractional bits."""
    return round(step * 8) / 8


def _single(value: float) -> float:
    """Return *value* in single precision, as models compute."""
    single: float = struct.unpack("f", struct.pack("f", value))[0]
    return single


def _log_of_sum(total: float) -> float:
    """Return the logarithm of *total*, at least 1, with the error of a fast one next to 1.

    That error is why many tokens are reported with -1.9361264946837764e-7 and
    -3.128163257315464e-7, the two values below 0.0 (13 recorded values fit).
    """
    steps = round((_single(total) - 1) * 2**23)
    if steps > _FEW_STEPS:
        return math.log(total)
    return (0.99995283 * steps + 0.62418779) * 2**-23 if steps else 0.0


_FEW_STEPS: Final = 100


# --- what else might have been said ----------------------------------------------------------


def alternatives(token: bytes, count: int, rng: Random, vocabulary: Vocabulary) -> list[bytes]:
    """Return *count* other tokens of *vocabulary*, each valid UTF-8.

    Other spellings of *token* are mixed with common tokens of its kind: with or without a leading
    space, words or signs.
    """
    if not count:
        return []
    spellings = [other for other in _spellings(token) if vocabulary.holds(other)]
    common = _common(vocabulary)[_kind(token)]
    found = {token: None}
    while len(found) <= count:
        if spellings and rng.random() < _SHARE_OF_SPELLINGS:
            other = spellings.pop(rng.randrange(len(spellings)))
        else:
            other = common[int(len(common) * rng.random() ** 3)]
        found[other] = None
    return list(found)[1:]


_SHARE_OF_SPELLINGS: Final = 0.4
_COMMON: Final = 12_000
"""Alternatives are drawn from this many of the commonest tokens."""
_LONG_WORD: Final = 3
"""Shorter words are mostly parts of words."""


def _spellings(token: bytes) -> list[bytes]:
    """Return *token* with and without a space, in other case, without its end."""
    try:
        text = token.decode()
    except UnicodeDecodeError:
        return []
    word = text.strip()
    blank = " " if text.startswith(" ") else ""
    spelt = {
        *(word if blank else f" {word}", text[:-1], text[:-2], f"{text}s"),
        *(blank + other for other in (word.lower(), word.upper(), word.capitalize())),
    }
    return sorted(other.encode() for other in spelt - {text, ""})


def _kind(token: bytes) -> int:
    """Return which alternatives *token* has: space and word, word, ASCII signs, or others."""
    if token.strip().isalpha():
        return 0 if token.startswith(b" ") else 1
    return 2 if token.isascii() else 3


@cache
def _common(vocabulary: Vocabulary) -> tuple[tuple[bytes, ...], ...]:
    """Return common tokens of the vocabulary by their kind, the commonest first."""
    kinds: tuple[list[bytes], ...] = ([], [], [], [])
    for token in vocabulary.earliest(_COMMON):
        kind = _kind(token)
        if kind <= 1 and len(token.strip()) < _LONG_WORD:
            continue
        try:
            text = token.decode()
        except UnicodeDecodeError:
            continue
        if text.isprintable() or text.isspace():
            kinds[kind].append(token)
    return tuple(map(tuple, kinds))
