import pytest

from mockserver.patterns.dangers import danger


@pytest.mark.parametrize(
    "pattern",
    [
        r"(a+)+$",
        r"(a*)*b",
        r"([a-z]+)*!",
        r"^(\d+)*$",
        r"(x+x+)+y",
        r"((ab)*)*c",
        r"(a{1,2})+b",
        r"(a+){10}b",
        r"(\w+\s?)+$",
        r"(\w+\d)+$",
        r"(.*,)*x",
        r"(a?a)*$",
        r"(?:a|aa)*b",
        r"(\d|\d\d)+x",
        r"(?:\w|a\d)*$",
        r"(?i)(?:x[a-z]|X[A-Z])*$",
        r"((a+)b?)+$",
        r"(?=(a+)+$)",
        r"x|(?:(y+)+z)",
        r"(?>(a+)+b)",
        r"(a)(?(1)(b+)+c|d)",
    ],
)
def test_f9_repetitions_of_what_matches_in_several_ways_are_dangerous(pattern: str) -> None:
    assert danger(pattern) is not None


@pytest.mark.parametrize(
    "pattern",
    [
        r"\s+$",
        r"[ \t]+\Z",
        r"(\s+)$",
        r"\s*\n?$",
        r"x|\d+\b",
        r"\w+(?=;)",
    ],
)
def test_f9_repetitions_that_are_begun_again_before_an_end_are_slow(pattern: str) -> None:
    assert danger(pattern) == (
        "a long run of what it begins with is searched again from each character"
    )


@pytest.mark.parametrize(
    "pattern", [r"^\d+\d+$", r".*.*=", r"x\s*\s*y", r"(\w+)(\d*)-", r"a\s*,?\s*$"]
)
def test_f9_repetitions_that_share_a_text_are_slow(pattern: str) -> None:
    assert danger(pattern) == "two repetitions in a row can share out the same text in many ways"


@pytest.mark.parametrize(
    "pattern",
    [
        r"^joke",
        r"^\s+$",
        r"\S\s+$",
        r"\w+",
        r"\w+@\w+",
        r"foo.*bar.*baz",
        r"\s*-\s*x",
        r"\d{1,3}$",
        r"(\w+) (\w+)!",
        r"my name is (\w+)",
        r"Review: .*\nSentiment:$",
        r".*x.*",
        r"a+b+",
        r"(a|b)*",
        r"(\w|\d)+",
        r"(cat|car)*",
        r"(foo|barbaz)*",
        r"(ab|a)*",
        r"(\w+\s)+",
        r"(?:, \w+)*",
        r"(\d{1,3}\.)+",
        r'("[^"]*",?)*',
        r"(\s*-\s)+",
        r"((?:ab)+c)*",
        r"(?:a(?=b)|b)+",
        r"(a)\1*",
        r"(?>a+)+",
        r"(a++)+",
        r"(a+)?",
        r"(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}",
        r"[^a]*x?",
        r"(?:\b\w+\b,)*",
        r"(?:é+ü)*",
        r"",
    ],
)
def test_other_expressions_are_not(pattern: str) -> None:
    assert danger(pattern) is None


def test_alternatives_that_match_the_same_text_are_told_as_such() -> None:
    reason = danger(r"(?:\w|a\d)*$")

    assert reason == "alternatives within a repetition can match the same text"


def test_an_expression_of_many_alternatives_is_judged_in_no_time() -> None:
    assert danger(f"(?:{'(?:ab|cd)' * 40})*") is None
