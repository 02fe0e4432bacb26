import pytest

from mockserver.scenario.conditions.regexes import danger


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
def test_repetitions_of_what_matches_in_several_ways_are_dangerous(pattern: str) -> None:
    assert danger(pattern) is not None


@pytest.mark.parametrize(
    "pattern",
    [
        r"^joke",
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
