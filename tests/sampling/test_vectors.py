"""Vectors of texts: close where texts share words, the same everywhere, of length 1."""

import math
from array import array
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mockserver.sampling import text_vector

SIZE = 1_536


def vector(text: str, *, seed: int = 0, size: int = SIZE, wanted: int = 0, **more: str) -> array:  # type: ignore[type-arg]
    return text_vector(
        text, seed=seed, space=more.pop("space", "model"), size=size, wanted=wanted or size, **more
    )


def likeness(one: Sequence[float], other: Sequence[float]) -> float:
    return sum([x * y for x, y in zip(one, other, strict=True)])


def of(one: str, other: str) -> float:
    return likeness(vector(one), vector(other))


@pytest.mark.parametrize(
    ("query", "close", "far"),
    [
        pytest.param(
            "How do I reset my password?",
            "To reset your password, open the settings.",
            "How do I get to the station, and what do I do there?",
            id="words that all texts have count for little",
        ),
        pytest.param("two cats", "A cat!", "A dog!", id="plurals, case and signs"),
        pytest.param("she is running", "they run", "they sing", id="forms of a verb"),
        pytest.param("Müllers Café", "cafe muller", "Mühle und Kaffee", id="accents"),
        pytest.param("退货", "三十天内可以退货。", "我们的猫在冬天睡觉。", id="no spaces"),
        pytest.param("order 4711", "status of order 4711", "order 1234", id="numbers"),
        pytest.param("pasword", "password", "passage", id="a slip of the pen"),
    ],
)
def test_what_shares_words_is_closer(query: str, close: str, far: str) -> None:
    assert of(query, close) > of(query, far) + 0.1


def test_strangers_are_at_right_angles_and_no_two_texts_are_the_same() -> None:
    strangers = [of("apple", "train"), of("The report is late.", "Green chairs sell well.")]

    assert all(abs(likeness) < 0.15 for likeness in strangers)
    assert vector("man bites dog") != vector("dog bites man")
    assert vector("") != vector(" ")


def test_a_vector_may_be_near_another_text() -> None:
    own, near = vector("What?", near="reset the password"), vector("reset the password")

    assert 0.95 < likeness(own, near) < 0.999


def test_it_depends_on_seed_space_and_text_alone() -> None:
    # Known numbers: the same on every machine, and on every Python.
    assert [round(number, 5) for number in vector("hello")[:3]] == KNOWN
    assert abs(likeness(vector("hello"), vector("hello", seed=1))) < 0.15
    assert abs(likeness(vector("hello"), vector("hello", space="other"))) < 0.15


KNOWN = [-0.01594, -0.00375, -0.02814]


@pytest.mark.parametrize("wanted", [1, 2, 3, 256, 1_535])
def test_a_shorter_one_is_cut_and_has_length_1_again(wanted: int) -> None:
    whole, cut = vector("hello there"), vector("hello there", wanted=wanted)
    length = math.hypot(*whole[:wanted])

    assert len(cut) == wanted
    assert list(cut) == pytest.approx([number / length for number in whole[:wanted]], abs=1e-5)


@given(st.text(max_size=300))
@settings(max_examples=60, deadline=None)
def test_any_text_has_one_of_length_1(text: str) -> None:
    for wanted in (1, 64):
        assert math.hypot(*vector(text, size=64, wanted=wanted)) == pytest.approx(1, abs=1e-4)


def test_long_texts_are_summed_beyond_16_bits() -> None:
    words = [f"word{number}" for number in range(3_000)]
    whole, half = vector(" ".join(words)), vector(" ".join(words[:1_500]))

    assert math.hypot(*whole) == pytest.approx(1, abs=1e-5)
    assert likeness(whole, half) > 0.6
