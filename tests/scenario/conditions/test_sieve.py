"""Of many rules, those that may hold are found: never one too few."""

import fnmatch
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockserver.patterns.searching import Pattern
from mockserver.scenario.conditions.predicates import literal_run


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        (r"^joke", "joke"),
        (r"my name is (\w+)", "my name is "),
        (r"order 12[.?]$", "order 12"),
        (r"a+bcd", "bcd"),
        (r"ab?c", "a"),
        (r"(?i)hello", ""),
        (r"hello|world", ""),
        (r"(?:hello) world", "hello world"),
        (r"\d\.\d", "."),
        (r"", ""),
        (r"(?x) a b", "ab"),
    ],
)
def test_a_regex_tells_a_text_that_is_in_whatever_it_matches(pattern: str, found: str) -> None:
    assert Pattern(pattern).literal == found


@pytest.mark.parametrize(
    ("glob", "found"),
    [("gpt-4*", "gpt-4"), ("*-mini", "-mini"), ("a?bcd*e", "bcd"), ("a[bc]def", "a"), ("*", "")],
)
def test_a_glob_tells_a_text_that_is_in_whatever_it_fits(glob: str, found: str) -> None:
    assert literal_run(glob) == found


TEXTS = st.text(st.sampled_from("ab-*?[]"), max_size=8)


@given(TEXTS, TEXTS)
def test_whatever_a_glob_fits_has_that_text(glob: str, text: str) -> None:
    if fnmatch.fnmatchcase(text, glob):
        assert literal_run(glob) in text


PIECES = st.sampled_from(
    ["a", "b", "ab", "a*", "b+", "a?", "[ab]", "(ab)", "(a|b)", ".", r"\w", "^", "$", "a{2}", "|"]
)


@given(st.lists(PIECES, max_size=6).map("".join), st.text(st.sampled_from("ab"), max_size=8))
def test_whatever_a_regex_finds_has_that_text(pattern: str, text: str) -> None:
    try:
        found = re.search(pattern, text)
    except re.error:
        return
    if found is not None:
        assert Pattern(pattern).literal in text
