import random
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mockserver.sampling import prose


def words(text: str) -> int:
    return len(text.split())


def pieces(text: str) -> int:
    """Count as a tokenizer might: words in pieces of four, and each mark by itself."""
    return sum((len(part) + 3) // 4 for part in re.findall(r"\w+|[^\w\s]", text))


@settings(derandomize=True, deadline=None, max_examples=150)
@given(tokens=st.integers(2, 600), seed=st.integers(0, 2**32))
def test_a_text_is_exactly_as_long_as_asked(tokens: int, seed: int) -> None:
    text = prose(random.Random(seed), tokens, pieces)

    assert pieces(text) == tokens


@pytest.mark.parametrize("tokens", [1, 2, 3, 10, 5_000])
def test_words_can_be_counted_too(tokens: int) -> None:
    assert words(prose(random.Random(1), tokens, words)) == tokens


@pytest.mark.parametrize("tokens", [0, -1])
def test_no_tokens_are_no_text(tokens: int) -> None:
    assert prose(random.Random(1), tokens, words) == ""


def test_a_count_that_leaps_is_not_exceeded() -> None:
    text = prose(random.Random(1), 25, lambda text: 10 * words(text))

    assert words(text) == 2


def test_a_count_that_never_grows_comes_to_an_end() -> None:
    assert isinstance(prose(random.Random(1), 5, lambda _: 0), str)


def test_it_reads_like_sentences() -> None:
    text = prose(random.Random(1), 200, words)

    assert re.fullmatch(r"([A-Z][A-Za-z']*( [A-Za-z']+)*\. )+[A-Z][A-Za-z' ]*\.", text)


def test_the_generator_decides_the_text() -> None:
    texts = {prose(random.Random(seed), 30, words) for seed in [1, 1, 2, 3]}

    assert len(texts) == 3
