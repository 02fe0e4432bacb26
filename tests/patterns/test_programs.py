"""The matcher that counts its steps: it finds what `re` finds, and is always soon done."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockserver.patterns.programs import Counter, TooMuch, program_of
from mockserver.patterns.trees import parsed


def found(pattern: str, text: str, steps: int = 50_000) -> bool:
    return program_of(parsed(pattern)).found(text, Counter(steps))


ATOMS = st.sampled_from(["a", "b", "c", ".", "[ab]", "[^a]", r"\w", r"\b", "^", "$", r"\B", r"\s"])
PATTERNS = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.tuples(inner, inner).map("".join),
        st.tuples(inner, inner).map(lambda two: f"(?:{two[0]}|{two[1]})"),
        st.tuples(
            inner, st.sampled_from(["*", "+", "?", "{2}", "{1,3}", "*?", "+?", "{0,2}?", "*+"])
        ).map(lambda two: f"(?:{two[0]}){two[1]}"),
        st.tuples(st.sampled_from(["?=", "?!", "?>", "?i:", "?s:"]), inner).map(
            lambda two: f"({two[0]}{two[1]})"
        ),
        st.tuples(inner, inner).map(lambda two: f"({two[0]}){two[1]}"),
    ),
    max_leaves=8,
)


@given(PATTERNS, st.text("abcA \n", max_size=9))
def test_f1_it_finds_what_re_finds(pattern: str, text: str) -> None:
    assert found(pattern, text) is (re.search(pattern, text) is not None)


@pytest.mark.parametrize(
    ("pattern", "fitting", "other"),
    [
        (r"^(\w)(\d)\2\1$", "a77a", "a78a"),
        (r"""^(["'])(?:\\.|[^\\])*?\1$""", "'a\\'b'", "'a\""),
        (r"^(a)?b(?(1)c|d)$", "abc", "abd"),
        (r"(?<=foo)bar", "foobar", "fobar"),
        (r"(?<!foo)bar", "fobar", "foobar"),
        (r"(?i)^straße$", "STRAßE", "strase"),
        (r"(?i)^(ab)\1$", "abAB", "abAC"),
        (r"(?m)^b$", "a\nb\nc", "ab"),
        (r"(?s)a.b", "a\nb", "a\n\nb"),
        (r"(?x) a  b # both", "ab", "a b"),
        (r"(?a:^\w+$)", "abc", "äbc"),
        (r"^(?:(a)|b)*\1$", "aba", "abb"),
        (r"^.{3,}$", "äöü", "äö"),
        (r"^(?>a+)b", "aab", "aa"),
    ],
)
def test_f1_it_knows_what_re_knows(pattern: str, fitting: str, other: str) -> None:
    assert re.search(pattern, fitting)
    assert found(pattern, fitting)
    assert not re.search(pattern, other)
    assert not found(pattern, other)


@pytest.mark.parametrize(
    "pattern",
    [
        r"^(a|a)*b$",
        r"^(a+)+$",
        r"^(([a-z])+.)+[A-Z]([a-z])+$",
        r"(x+x+)+y|^(a*)*$",
        r"^(?=(a+)+$)(?=(a|a)*b).*$",
        r"^([A-Za-z,']{1,12}\s?){3,15}\.$",
        r"\s+$",
        r"(.*)*x",
    ],
)
def test_f1_steps_grow_with_the_text_and_not_exponentially(pattern: str) -> None:
    assert found(pattern, "a" * 200 + "!", steps=100_000) is False


@pytest.mark.parametrize(
    "pattern",
    [
        "((((a{0,100}){0,100}){0,100}){0,100}){0,100}b",
        "(?:(?:(?:){1000}){1000}){1000}",
        "(((){1000}){1000}){1000}",
        "[a-z]{4000}[0-9]{4000}",
    ],
)
def test_f1_a_program_that_would_be_too_long_is_not_written(pattern: str) -> None:
    with pytest.raises(TooMuch):
        program_of(parsed(pattern))


def test_f1_back_references_stop_when_steps_run_out() -> None:
    with pytest.raises(TooMuch):
        found(r"^(\w+)(\w+)(\w+)-\1\2\3\1$", "a" * 100 + "-")
