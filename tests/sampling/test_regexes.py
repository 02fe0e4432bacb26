import random
import re
from typing import Any

import pytest

from mockserver.effort import Budget
from mockserver.sampling import regexes

PATTERNS = [
    r"^[A-Z]{3}$",
    r"^(\([0-9]{3}\))?[0-9]{3}-[0-9]{4}$",
    r"^(?=.*[A-Z])(?=.*\d)(?=.*[!@#]).{8,}$",
    r"^[^@\s]+@[^@\s]+\.[^@\s]+$",
    r"^sk_(test|live)_[A-Za-z0-9]{24}$",
    r"^(\w)(\d)\2\1$",
    r"^(a)?(?(1)b|c)$",
    r"^(?>ab|a)c$",
    r"^x*+y$",
    r"(?i)^straße$",
    r"^[^a-zA-Z0-9]$",
    r"^[\s\S]{3}$",
    r"^[^\W_]+$",
    r"^[\u0400-\u04ff]{4}$",
    r"\bword\b",
    r"^(?!foo|bar)\w{3}$",
    r"(?<=a)b",
    r"^$",
]


def text_for(pattern: str, seed: int = 1, letters: int = 100_000, **bounds: Any) -> str | None:
    return regexes.text_for(pattern, random.Random(seed), Budget(letters), **bounds)


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_text_matches_the_pattern_it_was_made_for(pattern: str) -> None:
    texts = [text_for(pattern, seed) for seed in range(20)]

    assert all(text is not None and re.search(pattern, text) for text in texts)


@pytest.mark.parametrize(
    ("shortest", "longest"),
    [
        pytest.param(0, 3, id="short"),
        pytest.param(12, 14, id="longer"),
        pytest.param(90, None, id="long"),
    ],
)
def test_a_text_is_as_long_as_asked(shortest: int, longest: int | None) -> None:
    text = text_for("^[a-z]+-?$", shortest=shortest, longest=longest)

    assert text is not None
    assert shortest <= len(text) <= (longest or 10_000)


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        pytest.param(r"^(?<year>\d{4})-\k<year>$", "2024-2024", id="named groups"),
        pytest.param(r"^\p{Lu}\p{L}+$", "Maria", id="classes of letters"),
        pytest.param(r"^[\p{L} ]+$", "Maria Anna", id="classes of letters within others"),
        pytest.param(r"^\/a\/$", "/a/", id="escaped slashes"),
    ],
)
def test_patterns_are_read_as_javascript_writes_them(pattern: str, text: str) -> None:
    made = text_for(pattern)

    assert regexes.found(pattern, text)
    assert made is not None
    assert regexes.found(pattern, made)


@pytest.mark.parametrize(
    "pattern", ["(", "[", r"\p{Script=Greek}", "(?P<a>x)(?P<a>y)", "(" * 5_000]
)
def test_what_is_no_pattern_makes_no_text(pattern: str) -> None:
    assert text_for(pattern) is None
    assert regexes.found(pattern, "x") is None


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        pytest.param(r"^(a+)+$", "a" * 100 + "!", id="a repeat of repeats"),
        pytest.param(r"^(a|a)*$", "a" * 100 + "!", id="a repeat of choices"),
        pytest.param(r"^(([a-z])+.)+[A-Z]([a-z])+$", "a" * 100, id="deeper down"),
        pytest.param(r"\s*\s*\s*\s*\s*x", " " * 2_000, id="repeats in a row"),
    ],
)
def test_f1_matching_that_might_run_away_is_done_by_counted_steps(pattern: str, text: str) -> None:
    assert regexes.found(pattern, text) is False


def test_f1_where_steps_run_out_there_is_no_verdict() -> None:
    pattern, text = r"^(\w+)(\w+)(\w+)-\1\2\3\1$", "a" * 100 + "-"

    assert regexes.found(pattern, text) is None
    assert regexes.matches(pattern, text)


def test_no_text_is_made_once_all_letters_are_spent() -> None:
    letters = Budget(30)

    made = [regexes.text_for("^x{9}$", random.Random(1), letters) for _ in range(3)]

    assert made == ["x" * 9, "x" * 9, None]
