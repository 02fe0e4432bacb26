"""What is left of conversations that are too long."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from mockserver import tokens
from mockserver.models import Catalogue
from mockserver.providers.openrouter.middle_out import middle_out

MODEL = Catalogue().resolve("gpt-4")


def conversation(*texts: str) -> list[dict[str, Any]]:
    return [{"role": "user", "content": text} for text in texts]


def test_what_fits_stays_as_it_is() -> None:
    messages = conversation("a", "b", "c")

    assert middle_out(messages, MODEL, 100) == messages


def test_the_middle_goes_first_and_both_ends_keep_as_much() -> None:
    kept = middle_out(conversation(*"abcdefghi"), MODEL, 7 * 5 + 3)

    assert "".join(message["content"] for message in kept) == "abcfghi"


def test_the_first_and_the_last_stay_however_little_room_there_is() -> None:
    assert middle_out(conversation("a", "b", "c"), MODEL, 0) == conversation("a", "c")


@settings(derandomize=True, max_examples=100, deadline=None)
@given(st.lists(st.text(max_size=30), min_size=1, max_size=12), st.integers(0, 120))
def test_what_is_left_fits_or_is_no_more_than_the_ends(texts: list[str], room: int) -> None:
    messages = conversation(*texts)

    kept = middle_out(messages, MODEL, room)

    fits = tokens.count_prompt({"messages": kept}, MODEL).tokens <= room
    assert fits or len(kept) <= 2
    assert (kept[0], kept[-1]) == (messages[0], messages[-1])
