"""Moulds: what is poured at once is what is poured piece by piece."""

from hypothesis import given, settings
from hypothesis import strategies as st

from mockserver.wire.forms import PADDING
from mockserver.wire.jsontext import (
    PIECE,
    TEXT_HOLE,
    Hole,
    TokenText,
    compact,
    fill,
    pretty,
)
from mockserver.wire.moulds import (
    BLOCK,
    Joined,
    Mould,
    body_moulds,
    event_mould,
    padding_size,
    poured,
)

ID = Hole("i", 6)
VALUES = {ID.mark: "abc-de"}
TEXTS = st.lists(st.tuples(st.text(min_size=1, max_size=5), st.integers(0, 2)), max_size=9).map(
    lambda pieces: TokenText(tuple(pieces))
)


def chunk(content: object, *, padded: bool) -> Mould:
    text = compact({"id": ID, "delta": content})
    measured = len(text.replace(PIECE, "")) if padded else None
    text = f'{text[:-1]},"pad":"{PADDING}"}}' if padded else text
    return event_mould(f"data: {text}\n\n", 0, (), measured)


@settings(derandomize=True)
@given(text=TEXTS, padded=st.booleans(), repeats=st.booleans())
def test_a_stream_is_the_same_whether_it_goes_out_at_once_or_by_token(
    *, text: TokenText, padded: bool, repeats: bool
) -> None:
    contents = ["", TEXT_HOLE, None] if repeats else ["", *text.pieces, None]
    moulds = [chunk(content, padded=padded) for content in contents]
    padding = "abcdefgh" * (padding_size(moulds, text) // 8)

    parts = poured(moulds, text, padding)
    at_once, tokens = Joined(moulds, [ID.mark]).poured(dict(VALUES), text, padding)

    assert at_once == "".join([fill(part, VALUES) for part, _, _ in parts])
    assert tokens == sum([count for _, count, _ in parts])


@settings(derandomize=True)
@given(TEXTS)
def test_a_chunk_with_a_hole_stands_for_one_chunk_of_each_piece(text: TokenText) -> None:
    (holed,) = [chunk(TEXT_HOLE, padded=True)]
    alone = [chunk(piece, padded=True) for piece, _ in text.pieces]
    padding = "0123456789abcdef" * len(text.pieces)

    shown = [part for part, _, _ in poured([holed], text, padding)]

    assert shown == [part for part, _, _ in poured(alone, text, padding)]
    assert [count for _, count, _ in poured([holed], text, padding)] == [n for _, n in text.pieces]


@settings(derandomize=True)
@given(TEXTS)
def test_padding_completes_each_chunk_to_whole_blocks(text: TokenText) -> None:
    own = len('data: ,"pad":""\n\n')
    for part, _, _ in poured([chunk(TEXT_HOLE, padded=True)], text, "x" * BLOCK * 9):
        assert (len(part) - own) % BLOCK == 0


@settings(derandomize=True)
@given(TEXTS)
def test_a_body_with_a_hole_is_the_body_with_the_text(text: TokenText) -> None:
    holed, written = pretty({"id": ID, "text": TEXT_HOLE}), pretty({"id": ID, "text": text})

    at_once, _ = Joined(body_moulds(holed, by_token=False), [ID.mark]).poured(
        dict(VALUES), text, ""
    )

    assert at_once == fill(written, VALUES)


@settings(derandomize=True)
@given(TEXTS)
def test_a_body_by_token_is_cut_where_the_text_itself_would_be(text: TokenText) -> None:
    holed = body_moulds(pretty({"text": TEXT_HOLE}, token_ends=True), by_token=True)
    written = body_moulds(pretty({"text": text}, token_ends=True), by_token=True)

    assert poured(holed, text) == poured(written)
