"""Forms: all holes are filled at once, and nothing else is touched."""

from hypothesis import given, settings
from hypothesis import strategies as st

from mockserver.wire.forms import PADDING, Form
from mockserver.wire.jsontext import Hole, fill

HOLES = [Hole("p", 2), Hole("p", 3), Hole("i", 9), Hole("l", 0)]
MARKS = [hole.mark for hole in HOLES]
PLAIN = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=6)
PARTS = st.lists(PLAIN | st.sampled_from([MARKS[0], MARKS[2], MARKS[3]]), max_size=12)


@settings(derandomize=True)
@given(PARTS, st.lists(PLAIN, min_size=3, max_size=3))
def test_a_form_is_filled_like_a_text_hole_by_hole(parts: list[str], values: list[str]) -> None:
    # Holes never touch: what is between them is JSON, or headers.
    text = ",".join(parts)
    filling = dict(zip([MARKS[0], MARKS[2], MARKS[3]], values, strict=True))

    assert Form(text, MARKS).filled(filling) == fill(text, filling)


def test_the_mark_of_a_short_hole_does_not_hide_that_of_a_long_one() -> None:
    form = Form(f"{MARKS[1]}!", MARKS)

    assert form.filled({MARKS[1]: "123"}) == "123!"


def test_each_padding_has_a_value_of_its_own() -> None:
    form = Form(f"a{PADDING}b{PADDING}c{MARKS[2]}", MARKS)

    assert form.filled({0: "x", 1: "", MARKS[2]: "%s"}) == "axbc%s"


def test_a_text_without_holes_is_itself() -> None:
    assert Form("100 % sure", MARKS).filled({}) == "100 % sure"
