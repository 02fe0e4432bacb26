"""Bodies and events with places for what differs from answer to answer; poured for each of them.

An answer is rendered once into moulds. For each request that gets one like it, the text of the
answer is poured in, piece by piece where it is streamed, and so is the padding of a stream.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from mockserver.wire.jsontext import PIECE, TOKEN_END, TokenText, to_bytes, with_token_ends
from mockserver.wire.marks import Marks
from mockserver.wire.rendered import Frame

PADDING: Final = "\0o"
"""Marks where the padding of an event belongs."""
BLOCK: Final = 16
"""Padding completes an event to a multiple of this many characters, before its own member."""

NO_TEXT: Final = TokenText(())
_ONCE: Final = ("",)


@dataclass(slots=True, eq=False)
class Mould:
    """Text of a body with places in it: `before`, a piece of text, `between`, padding, `after`.

    Attributes:
        before: What comes before a piece.
        between: What comes after it, before the padding.
        after: What comes after the padding.
        repeats: Whether it is an event with a piece: there is one for each piece of the text.
        has_text: Whether it is a body with a place for the whole text.
        measured: How many characters the padding completes, without those of the piece; None:
            there is no padding.
        tokens: How many tokens it completes, if it has no place for text.
        marks: The marks on it.

    """

    before: Final[str]
    between: Final[str] = ""
    after: Final[str] = ""
    repeats: Final[bool] = False
    has_text: Final[bool] = False
    measured: Final[int | None] = None
    tokens: Final[int] = 0
    marks: Final[Marks] = ()

    def events(self, text: TokenText, padding: str, place: int) -> list[str]:
        """Return its events, the first of which takes its padding from *place* blocks on."""
        before, between, after, measured = self.before, self.between, self.after, self.measured
        pieces = text.escaped if self.repeats else _ONCE
        if measured is None:
            return [f"{before}{piece}{between}{after}" for piece in pieces]
        return [
            f"{before}{piece}{between}{padding[at : at - (measured + len(piece)) % -BLOCK]}{after}"
            for at, piece in enumerate_blocks(pieces, place)
        ]


def enumerate_blocks(pieces: Sequence[str], place: int) -> Iterable[tuple[int, str]]:
    """Yield each of *pieces* with where its block of padding begins, *place* blocks on."""
    first = place * BLOCK
    return zip(range(first, first + len(pieces) * BLOCK, BLOCK), pieces, strict=True)


def event_mould(
    text: str, tokens: int = 0, marks: Marks = (), measured: int | None = None
) -> Mould:
    """Return the mould of *text*, an event of a stream."""
    before, piece, rest = text.partition(PIECE)
    if not piece:
        before, rest = "", before
    between, _, after = rest.partition(PADDING)
    return Mould(before, between, after, bool(piece), measured=measured, tokens=tokens, marks=marks)


def body_moulds(text: str, marks: Marks = (), *, by_token: bool) -> tuple[Mould, ...]:
    """Return the moulds of a body: one for each marked token end, or a single one."""
    before, piece, after = text.partition(PIECE)
    if piece or not by_token:
        return (Mould(before, after, has_text=bool(piece), marks=marks),)
    *ended, rest = text.split(TOKEN_END)
    return (*[Mould(part, tokens=1) for part in ended], Mould(rest, marks=marks))


def padding_size(moulds: Iterable[Mould], text: TokenText) -> int:
    """Return how many characters of padding pouring *text* takes from."""
    padded = [mould for mould in moulds if mould.measured is not None]
    return BLOCK * sum([len(text.escaped) if mould.repeats else 1 for mould in padded])


def poured(
    moulds: Sequence[Mould], text: TokenText = NO_TEXT, padding: str = "", *, by_token: bool
) -> tuple[Frame, ...]:
    """Return *moulds* with *text* and *padding* in them, as frames.

    With *by_token*, a frame ends after each token; otherwise there is a single one.
    """
    if not by_token:
        return (_joined(moulds, text, padding),)
    frames: list[Frame] = []
    place = 0
    for mould in moulds:
        if mould.has_text:
            frames += _spread(mould, text)
            continue
        events = mould.events(text, padding, place)
        place += len(events) if mould.measured is not None else 0
        counts = [count for _, count in text.pieces] if mould.repeats else (mould.tokens,)
        frames += [
            Frame(to_bytes(event), count, mould.marks)
            for event, count in zip(events, counts, strict=True)
        ]
    return tuple(frames)


def joined(frames: Sequence[Frame]) -> Frame:
    """Return *frames* joined into one."""
    return Frame(b"".join([frame.text for frame in frames]), sum([f.tokens for f in frames]))


def _joined(moulds: Sequence[Mould], text: TokenText, padding: str) -> Frame:
    parts: list[str] = []
    place = tokens = 0
    for mould in moulds:
        if mould.has_text:
            parts += (mould.before, *text.escaped, mould.between)
            continue
        events = mould.events(text, padding, place)
        if mould.measured is not None:
            place += len(events)
        parts += events
        tokens += sum([count for _, count in text.pieces]) if mould.repeats else mould.tokens
    return Frame(to_bytes("".join(parts)), tokens)


def _spread(mould: Mould, text: TokenText) -> list[Frame]:
    """Return a body with *text* in it: a frame ends after each token, the last has the marks."""
    *ended, rest = f"{mould.before}{with_token_ends(text)}{mould.between}".split(TOKEN_END)
    return [*[Frame(to_bytes(part), 1) for part in ended], Frame(to_bytes(rest), 0, mould.marks)]
