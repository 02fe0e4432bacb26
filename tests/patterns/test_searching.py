"""Searching within what a request's effort allows: `re` where that is safe, and else counted."""

import re
import warnings

import pytest

from mockserver.effort import Effort
from mockserver.patterns.searching import LONGEST, Pattern, sent

EVERYDAY = {
    r"^[^@\s]+@[^@\s]+\.[^@\s]+$": ("ann@example.org", "ann@example"),
    r"^([\w.-]+)@([\w-]+\.)+[a-z]{2,}$": ("a.b@mail.example.org", "a.b@mail."),
    r"^(https?|ftp)://[^\s/$.?#].[^\s]*$": ("https://example.org/a?b=c", "https:/example.org"),
    r"^[A-Z]{2}\d{2}(?: ?[0-9A-Z]{4}){3,7}$": ("DE89 3704 0044 0532 0130", "DE89 37"),
    r"^(0|[1-9]\d*)(\.(0|[1-9]\d*)){2}(-[\w.]+)?$": ("1.20.3-rc.1", "1.02.3"),
    r"^\d{4}-(0[1-9]|1[0-2])-\d{2}$": ("2026-11-30", "2026-13-30"),
    r"^(?=.*[A-Z])(?=.*\d).{8,}$": ("Passw0rd", "password"),
    r"^(\w+\s?)+$": ("several words in a row", "not these!"),
    r"^(\d+,)*\d+$": ("1,22,333", "1,22,"),
    r"^[\u00c0-\u024f]+$": ("ÀÉÎ", "AEI"),
    r"(?i)hello.*world": ("well, HELLO there, World", "hello, word"),
    r"^(\w)(\d)\2\1$": ("a77a", "a78a"),
    r"^.{1,1000}$": ("x", ""),
    r"^(?!foo)\w{3}$": ("bar", "foo"),
    r"\bword\b": ("a word.", "words"),
    r"\s+$": ("end ", "end"),
}


@pytest.mark.parametrize("pattern", EVERYDAY)
@pytest.mark.parametrize("clock", [True, False], ids=["by the clock", "by counting"])
def test_f1_f9_everyday_patterns_find_what_re_finds(pattern: str, *, clock: bool) -> None:
    fitting, other = EVERYDAY[pattern]
    texts = [fitting, other, fitting * 30, f"{other} " * 40, f"{other}\n{fitting}"]

    with Effort() as effort:
        verdicts = [Pattern(pattern).found(text, clock=clock) for text in texts]

    assert verdicts == [re.search(pattern, text) is not None for text in texts]
    assert not effort.given_up


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        pytest.param(r"^(\w+)(\w+)(\w+)\s\1\2\3\1\s$", "a" * 500, id="back-references"),
        pytest.param(r"\s+$", " " * 65_000 + "x", id="a run of blanks"),
        pytest.param(r"(\w+\d?)+\s$", "a" * 65_000, id="repetitions in a repetition"),
        pytest.param(r"(.+,)+(.+,)+x$", "a," * 30_000 + "x!", id="several of them"),
    ],
)
def test_f9_what_takes_too_long_is_given_up_and_noted(pattern: str, text: str) -> None:
    with Effort() as effort:
        assert Pattern(pattern).found(text) is None
        assert Pattern(pattern).match(text) is None

    assert list(effort.given_up) == [
        f"the regular expression '{pattern}' takes too long, and was given up"
    ]


def test_f9_a_text_without_what_the_pattern_needs_is_not_searched() -> None:
    with Effort() as effort:
        assert Pattern(r"(a+)+needle(b+)+$").found("a" * 60_000 + "b" * 5_000) is False

    assert not effort.given_up


def test_f9_an_ordinary_search_of_a_long_text_takes_nothing_of_the_effort() -> None:
    text = "The quick brown fox. " * 3_000

    with Effort() as effort:
        found = [
            Pattern(p).found(text) for p in (r"quick.*fox", r"\w+@\w+", r"(?s)brown.*cat", "^The")
        ]

    assert found == [True, False, False, True]
    assert not effort.given_up


def test_f1_all_patterns_of_a_request_share_its_effort() -> None:
    patterns = [rf"^(\w+)(\w+)\1\2x{{{n}}}!?$" for n in range(50)]

    with Effort() as effort:
        verdicts = [Pattern(p).found("a" * 200 + "!", clock=False) for p in patterns]

    assert None in verdicts
    assert effort.matching == 0


def test_f1_without_the_clock_the_same_steps_are_taken_each_time() -> None:
    left: list[int] = []
    for _ in range(2):
        with Effort() as effort:
            Pattern(r"^(a|ab|b)*c$").found("ab" * 100, clock=False)
            left.append(effort.matching)

    assert left[0] == left[1]


@pytest.mark.parametrize("text", ["(", "a" * (LONGEST + 1)], ids=["no pattern", "a long one"])
def test_f1_what_cannot_be_read_is_no_pattern(text: str) -> None:
    assert sent(text) is None


def test_f1_so_many_patterns_are_read_for_one_request() -> None:
    with Effort() as effort:
        read = [sent(f"^[a-z]{{{n}}}$") for n in range(1_000)]

    assert read[0] is not None
    assert read[-1] is None
    assert any("was not read" in what for what in effort.given_up)


@pytest.mark.parametrize(
    "pattern", [r"[[:alpha:]]+@(\w+)*$", r"(?:a+){e<=1}(\w+)*$", r"(\w+)*{x}$", r"[ab||c](a+)+$"]
)
def test_f9_what_another_library_reads_differently_is_matched_by_counting(pattern: str) -> None:
    known = Pattern(pattern)

    with warnings.catch_warnings(action="ignore"):
        expected = re.search(pattern, "aaaa") is not None

    assert known.found("aaaa") is expected
    assert known._by_clock is None  # noqa: SLF001 - no search shows who did it
