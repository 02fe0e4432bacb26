"""Errors print themselves: where, what, the nearest right thing."""

import pytest

from mockserver.errors import BadValue, Place, Problem, ScenarioError, did_you_mean

HERE = Place("a.yaml", 7, 11)


def test_a_problem_prints_its_place_and_its_hint() -> None:
    problem = Problem(
        place=HERE, what="unknown kind 'disconect'", hint="did you mean 'disconnect'?"
    )

    assert str(problem) == "a.yaml:7:11: unknown kind 'disconect'\n  did you mean 'disconnect'?"


def test_a_warning_says_that_it_is_one() -> None:
    problem = Problem(place=HERE, what="never reached", severity="warning")

    assert str(problem) == "a.yaml:7:11: warning: never reached"


def test_a_problem_is_one_line_whatever_it_repeats() -> None:
    problem = Problem(place=HERE, what="unknown key 'a\nb\x1b[31m\u200b\ud800é'", hint="c\td")

    assert str(problem) == ("a.yaml:7:11: unknown key 'a\\nb\\x1b[31m\\u200b\\ud800é'\n  c\\td")


def test_a_problem_shows_both_ends_of_a_long_sentence() -> None:
    problem = Problem(place=HERE, what=f"unknown key '{'x' * 100_000}' of a rule")

    assert len(str(problem)) < 700
    assert str(problem).startswith("a.yaml:7:11: unknown key 'xxx")
    assert str(problem).endswith("xxx' of a rule")


def test_an_error_tells_all_problems_in_the_order_of_the_file() -> None:
    later = Problem(place=Place("a.yaml", 10, 1), what="later")
    sooner = Problem(place=Place("a.yaml", 9, 30), what="sooner")

    assert str(ScenarioError([later, sooner])) == "a.yaml:9:30: sooner\na.yaml:10:1: later"


@pytest.mark.parametrize(
    ("word", "hint"),
    [
        pytest.param("disconect", "did you mean 'disconnect'?", id="a near word"),
        pytest.param("DISCONNECT", "did you mean 'disconnect'?", id="a word in capitals"),
        pytest.param("xyz", None, id="no near word"),
        pytest.param("disconnect" * 31, None, id="a word too long to be one"),
    ],
)
def test_the_nearest_known_word_is_offered(word: str, hint: str | None) -> None:
    assert did_you_mean(word, ["http_error", "disconnect"]) == hint


def test_a_bad_value_names_its_key() -> None:
    error = BadValue("times", "'times' must be at least 1", "leave it out")

    assert (error.key, error.hint, str(error)) == (
        "times",
        "leave it out",
        "'times' must be at least 1",
    )
