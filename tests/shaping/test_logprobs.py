"""How likely tokens are told to have been: what holds for whatever is drawn, or stated."""

import math
import struct
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mockserver import tokens
from mockserver.contracts import AnsweredChoice, AnsweredText
from mockserver.conversation import ChoiceLogprobs, ModelRequest, TokenLogprob
from mockserver.models import Catalogue
from mockserver.seeding import Draw
from mockserver.shaping.logprobs import Stated, alternatives, with_logprobs
from mockserver.wire.jsontext import TokenText

MOST = 20
FLOORS = [0.0, -1.9361264946837764e-07, -3.128163257315464e-07, -5.512236498361744e-07]
"""The values nearest to certainty that gpt-4o-mini and gpt-4.1 tell (recorded, 2024 to 2026)."""
PROSE = "The quick brown fox jumps over the lazy dog, again and again. " * 12

catalogue = Catalogue()
models = st.sampled_from(["gpt-4o", "gpt-3.5-turbo", "gpt-5.4", "gpt-3.5-turbo-instruct"])
texts = st.text(min_size=1, max_size=40) | st.text("aé你😀 .\n\ud83d", min_size=1, max_size=12)
counts = st.integers(0, MOST)
settled = settings(derandomize=True, deadline=None)


def choice(text: str, model: str, index: int = 0, **members: Any) -> AnsweredChoice:
    encoding = catalogue.resolve(model).family.encoding
    return AnsweredChoice(
        index=index,
        parts=(AnsweredText(TokenText(tokens.pieces(text, encoding))),),
        finish_reason="stop",
        **members,
    )


def told(
    text: str,
    count: int = 5,
    *,
    model: str = "gpt-4o",
    stated: Stated = (),
    index: int = 0,
    content: bytes = b"",
    temperature: float | None = None,
) -> tuple[TokenLogprob, ...]:
    known = catalogue.resolve(model)
    request = ModelRequest(
        sent={},
        model=known.id,
        family=known.family,
        logprobs=count,
        temperature=temperature,
    )
    choices = [choice(text, model, index)]
    (answered,) = with_logprobs(choices, [stated], request, known, Draw(0, content))
    assert answered.logprobs is not None
    assert answered.logprobs.text is not None
    return answered.logprobs.text


def share(tokens_told: tuple[TokenLogprob, ...], rank: int) -> float:
    """Return the share of tokens that were the *rank*-th likeliest in their place, from 0."""
    at_rank = [one.alternatives[rank][0] == one.token for one in tokens_told]
    return sum(at_rank) / len(at_rank)


# --- the tokens ------------------------------------------------------------------------------


@settled
@given(texts, models)
def test_each_token_of_a_text_is_told_of(text: str, model: str) -> None:
    encoding = catalogue.resolve(model).family.encoding

    assert len(told(text, 0, model=model)) == tokens.count(text, encoding)


@settled
@given(texts.filter(lambda text: "\ud83d" not in text), models)
def test_the_tokens_are_the_text(text: str, model: str) -> None:
    assert b"".join(one.token for one in told(text, 0, model=model)) == text.encode()


def test_a_token_that_is_part_of_a_character_is_told_of_by_its_bytes() -> None:
    assert [one.token for one in told("\N{BLUE HEART}")] == [b"\xf0\x9f\x92", b"\x99"]


@settled
@given(texts, models)
def test_a_text_that_a_limit_cut_is_told_of_as_far_as_it_goes(text: str, model: str) -> None:
    whole = choice(text, model).text
    assert whole is not None
    known = catalogue.resolve(model)
    pieces = whole.pieces[: len(whole.pieces) // 2]
    cut = choice("", model)
    cut.text = TokenText(pieces)
    request = ModelRequest(sent={}, model=model, family=known.family, logprobs=0)

    (answered,) = with_logprobs([cut], [()], request, known, Draw(0, b""))

    assert isinstance(answered.logprobs, ChoiceLogprobs)
    assert len(answered.logprobs.text or ()) == sum(size for _, size in pieces)


# --- the alternatives ------------------------------------------------------------------------


@settled
@given(texts, counts, models, st.binary(max_size=3))
def test_there_are_exactly_as_many_alternatives_as_asked_for_and_no_two_are_the_same(
    text: str, count: int, model: str, content: bytes
) -> None:
    for one in told(text, count, model=model, content=content):
        assert len({token for token, _ in one.alternatives}) == count


@settled
@given(texts, counts, models, st.binary(max_size=3))
def test_alternatives_fall(text: str, count: int, model: str, content: bytes) -> None:
    for one in told(text, count, model=model, content=content):
        logprobs = [logprob for _, logprob in one.alternatives]
        assert logprobs == sorted(logprobs, reverse=True)


@settled
@given(texts, counts, models)
def test_alternatives_are_texts_and_tokens_of_the_models_vocabulary(
    text: str, count: int, model: str
) -> None:
    vocabulary = tokens.vocabulary(catalogue.resolve(model).family.encoding)
    for one in told(text, count, model=model):
        others = [token for token, _ in one.alternatives if token != one.token]
        assert all(vocabulary.holds(token) and token.decode() for token in others)


@settled
@given(texts, counts, models, st.binary(max_size=3))
def test_the_token_has_one_log_probability_and_is_left_out_only_below_the_others(
    text: str, count: int, model: str, content: bytes
) -> None:
    for one in told(text, count, model=model, content=content):
        assert one.logprob is not None
        listed = dict(one.alternatives)
        if one.token in listed:
            assert listed[one.token] == one.logprob
        else:
            assert all(one.logprob <= logprob for logprob in listed.values())


def test_other_spellings_of_a_word_are_among_the_alternatives() -> None:
    found = alternatives(b" score", 20, Random(1), tokens.vocabulary("o200k_base"))

    assert {b" Score", b" SCORE", b" scores"} <= set(found)


@pytest.mark.parametrize(
    "token",
    [
        pytest.param(b" score", id="a word behind a blank"),
        pytest.param(b"Hello", id="a word"),
        pytest.param(b"...", id="signs"),
        pytest.param("你".encode(), id="another script"),
        pytest.param(b"\xf0\x9f", id="a part of a character"),
    ],
)
@pytest.mark.parametrize("encoding", ["o200k_base", "cl100k_base", "p50k_base", "r50k_base"])
def test_every_kind_of_token_has_alternatives_enough(token: bytes, encoding: str) -> None:
    found = alternatives(token, MOST + 1, Random(2), tokens.vocabulary(encoding))

    assert len(set(found) - {token}) == MOST + 1


# --- the numbers -----------------------------------------------------------------------------


@settled
@given(texts, counts, models, st.binary(max_size=3))
def test_all_that_is_told_of_leaves_something_to_the_rest(
    text: str, count: int, model: str, content: bytes
) -> None:
    for one in told(text, count, model=model, content=content):
        assert one.logprob is not None
        likely = {**dict(one.alternatives), one.token: one.logprob}
        # Less than 1, but for what rounding to single precision adds.
        assert math.fsum(map(math.exp, likely.values())) < 1 + 1e-5


@settled
@given(texts, counts)
def test_numbers_have_single_precision_and_no_negative_zero(text: str, count: int) -> None:
    for one in told(text, count):
        for logprob in (one.logprob, *dict(one.alternatives).values()):
            assert logprob is not None
            assert struct.unpack("f", struct.pack("f", logprob))[0] == logprob
            assert logprob < 0 or math.copysign(1, logprob) == 1


@settled
@given(texts, counts)
def test_numbers_of_gpt_5_are_multiples_of_2_to_the_minus_18(text: str, count: int) -> None:
    for one in told(text, count, model="gpt-5.4"):
        for logprob in (one.logprob, *dict(one.alternatives).values()):
            assert logprob is not None
            assert logprob <= 0
            assert (logprob * 2**18).is_integer()


def test_the_values_next_to_certainty_are_those_that_real_answers_have() -> None:
    found = {one.logprob for one in told(PROSE * 10, 1)}

    assert found >= set(FLOORS)
    assert not [logprob for logprob in found if logprob is not None and FLOORS[1] < logprob < 0]


def test_unlikely_tokens_lie_on_a_grid_of_an_eighth_below_a_certain_one() -> None:
    certain = [one for one in told(PROSE, 3) if one.alternatives[0][1] == 0]

    assert certain
    assert all((logprob * 8).is_integer() for one in certain for _, logprob in one.alternatives)


# --- how likely ------------------------------------------------------------------------------


def test_the_token_is_the_likeliest_in_about_four_places_of_five() -> None:
    assert share(told(PROSE * 10, 2), 0) == pytest.approx(0.8, abs=0.05)


def test_the_token_is_outside_of_the_three_likeliest_in_about_one_place_of_twenty() -> None:
    tokens_told = told(PROSE * 10, 3)
    outside = 1 - sum(share(tokens_told, rank) for rank in range(3))

    assert outside == pytest.approx(0.05, abs=0.02)


def test_with_temperature_0_the_token_is_always_the_likeliest() -> None:
    assert share(told(PROSE, 2, temperature=0), 0) == 1


def test_what_goes_on_within_a_character_is_nearly_certain() -> None:
    rest = [one.logprob for one in told("\N{BLUE HEART}" * 20, 0) if one.token == b"\x99"]

    assert all(logprob is not None and logprob > -0.01 for logprob in rest)


# --- what it depends on ----------------------------------------------------------------------


def test_the_same_is_told_of_the_same_answer_to_the_same_request() -> None:
    assert told(PROSE, content=b"a") == told(PROSE, content=b"a")


def test_other_requests_are_told_otherwise() -> None:
    assert told(PROSE, content=b"a") != told(PROSE, content=b"b")


def test_other_choices_are_told_of_otherwise() -> None:
    assert told(PROSE, index=0) != told(PROSE, index=1)


# --- what a scenario states ------------------------------------------------------------------


@settled
@given(st.lists(st.floats(-30, 0), min_size=6, max_size=6).map(tuple), counts)
def test_stated_log_probabilities_go_out_as_stated(stated: tuple[float, ...], count: int) -> None:
    assert (
        tuple(one.logprob for one in told("One two three four five six", count, stated=stated))
        == stated
    )


@settled
@given(st.floats(-30, 0), st.integers(1, MOST))
def test_alternatives_fit_beside_a_stated_log_probability(stated: float, count: int) -> None:
    (one,) = told("Hi", count, stated=(stated,))
    others = [logprob for token, logprob in one.alternatives if token != b"Hi"]

    assert math.fsum(map(math.exp, [stated, *others])) < 1 + 1e-6
    assert len(one.alternatives) == count


def test_what_is_not_stated_is_drawn() -> None:
    stated, *drawn = told("One two three", stated=(-0.5,))

    assert stated.logprob == -0.5
    assert len(drawn) == 2


def test_more_than_there_are_tokens_may_be_stated() -> None:
    assert len(told("One two", stated=(-0.5,) * 9)) == 2


def test_the_floor_that_the_api_uses_for_unlikely_tokens_may_be_stated() -> None:
    (one,) = told("Hi", 3, stated=(-9999.0,))

    assert one.logprob == -9999.0
    assert b"Hi" not in dict(one.alternatives)


def test_a_stated_minus_zero_is_zero() -> None:
    (one,) = told("Hi", 0, stated=(-0.0,))

    assert math.copysign(1, one.logprob or 0.0) == 1


def test_nothing_is_told_of_a_choice_whose_scenario_says_null() -> None:
    known = catalogue.resolve("gpt-4o")
    request = ModelRequest(sent={}, model="gpt-4o", family=known.family, logprobs=2)
    choices = [choice("Hi", "gpt-4o")]

    (answered,) = with_logprobs(choices, [None], request, known, Draw(0, b""))

    assert answered.logprobs is None


def test_the_first_token_of_an_echoed_prompt_has_no_log_probability() -> None:
    known = catalogue.resolve("davinci-002")
    request = ModelRequest(sent={}, model="davinci-002", family=known.family, logprobs=2)
    choices = [choice(" three", "davinci-002", echoed="One two")]

    (answered,) = with_logprobs(choices, [()], request, known, Draw(0, b""))

    assert answered.logprobs is not None
    first, second = answered.logprobs.prompt
    assert first == TokenLogprob(b"One", None)
    assert second.token == b" two"
    assert len(second.alternatives) == 2
