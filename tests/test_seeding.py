"""Draws: the same for the same seed, path, content and occurrence, and for nothing else."""

import random
import re
from email.utils import formatdate

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mockserver.seeding import BASE62, CREATED_FROM, HEX, YEAR_S, Draw, digest, http_date

PATH = "/v1/chat/completions"


def draw(*, seed: int = 0, path: str = PATH, body: bytes = b"{}", occurrence: int = 1) -> Draw:
    return Draw(seed, path.encode() + b"\0" + body, occurrence)


def test_the_same_call_draws_the_same() -> None:
    assert draw().answer_id(29) == draw().answer_id(29)


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(draw(seed=1), id="another seed"),
        pytest.param(draw(path="/v1/completions"), id="another path"),
        pytest.param(draw(body=b"[]"), id="another body"),
        pytest.param(draw(occurrence=2), id="the second time"),
    ],
)
def test_another_call_draws_another_id(other: Draw) -> None:
    assert other.answer_id(29) != draw().answer_id(29)


def test_what_is_drawn_stays_the_same_from_version_to_version() -> None:
    # People keep snapshots of answers: changing these figures is a change for CHANGELOG.md.
    assert draw().answer_id(29) == "WvcCk2IGIhxGLX5ryj2Reo2CIqx1b"
    assert draw().request_id() == "904d8d364ba0a3fcd76ded9224902400"
    assert draw().created() == 1_777_539_768
    assert draw().text("fingerprint", 10, HEX) == "dc053baf94"
    assert draw().rng("length").random() == 0.7883226766274534


def test_path_and_body_are_not_taken_for_each_other() -> None:
    assert draw(path="a", body=b"b").answer_id(29) != draw(path="ab", body=b"").answer_id(29)


@pytest.mark.parametrize(
    ("drawn", "alphabet"),
    [
        pytest.param(draw().answer_id(29), "[0-9A-Za-z]{29}", id="ids of answers"),
        pytest.param(draw().request_id(), "[0-9a-f]{32}", id="ids of requests"),
        pytest.param(draw().text("call", 24), "[0-9A-Za-z]{24}", id="text"),
        pytest.param(draw().text("print", 10, HEX), "[0-9a-f]{10}", id="hex digits"),
        pytest.param(draw().text("padding", 1_000), "[0-9A-Za-z]{1000}", id="long text"),
    ],
)
def test_what_is_drawn_keeps_to_its_alphabet_and_length(drawn: str, alphabet: str) -> None:
    assert re.fullmatch(alphabet, drawn)


def test_every_letter_of_the_alphabet_can_be_drawn() -> None:
    assert set(draw().text("letters", 10_000)) == set(BASE62.decode())


def test_one_purpose_does_not_shift_another() -> None:
    alone = draw().rng("b").random()
    both = draw()
    both.rng("a").random()

    assert both.rng("b").random() == alone


def test_each_purpose_has_a_stream_of_its_own() -> None:
    assert draw().rng("a").random() != draw().rng("b").random()


def test_draws_leave_the_global_generator_alone() -> None:
    random.seed(7)
    before = random.getstate()
    draw().rng("a").random()

    assert random.getstate() == before


@settings(derandomize=True)
@given(st.binary(), st.integers(1, 5))
def test_answers_are_dated_within_their_year(content: bytes, occurrence: int) -> None:
    created = draw(body=content, occurrence=occurrence).created()

    assert CREATED_FROM <= created < CREATED_FROM + YEAR_S


@settings(derandomize=True)
@given(st.binary(), st.integers(0, 50), st.integers(0, 1_000))
def test_milliseconds_keep_to_their_bounds(content: bytes, least: int, span: int) -> None:
    assert least <= draw(body=content).milliseconds(least, least + span) <= least + span


@settings(derandomize=True)
@given(st.integers(0, 4_102_444_800))
def test_dates_are_written_as_http_writes_them(moment: int) -> None:
    assert http_date(moment) == formatdate(moment, usegmt=True)


def test_digests_are_sixteen_bytes() -> None:
    assert (len(digest(b"")), digest(b"a") == digest(b"b")) == (16, False)
