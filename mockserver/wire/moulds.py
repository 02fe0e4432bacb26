"""Bodies and events with places for what differs from answer to answer; poured for each of them.

An answer is rendered once into moulds. For each request that gets one like it, the text of the
answer is poured in, piece by piece where it is streamed, and so is the padding of a stream.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, NamedTuple

from mockserver.wire.forms import PADDING, Form
from mockserver.wire.jsontext import (
    NUMBER,
    PIECE,
    TOKEN_END,
    Filling,
    TokenText,
    fill,
    in_ascii,
    with_token_ends,
)
from mockserver.wire.marks import Marks

BLOCK: Final = 16
"""Padding completes an event to a multiple of this many characters, before its own member."""

REPEATED: Final = "\0v"
"""Marks where the events belong that are alike but for their pieces of text."""
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
        pads_text: Whether those of the piece count as they are before they are JSON.
        is_ascii: Whether all that is not ASCII is escaped in it.
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
    pads_text: Final[bool] = False
    is_ascii: Final[bool] = False

    @property
    def whole(self) -> str:
        """Its text, with the marks of what belongs in it."""
        piece = PIECE if self.repeats or self.has_text else ""
        padding = PADDING if self.measured is not None else ""
        return f"{self.before}{piece}{self.between}{padding}{self.after}"

    def filled(self, values: Filling) -> "Mould":
        """Return it with *values* in its holes."""
        return replace(
            self,
            before=fill(self.before, values),
            between=fill(self.between, values),
            after=fill(self.after, values),
        )

    def events(self, text: TokenText, padding: str, place: int, number: int) -> list[str]:
        """Return its events, the first of which takes its padding from *place* blocks on.

        *number* is that of the first in its stream, for those that state it.
        """
        before, between, after, measured = self.before, self.between, self.after, self.measured
        pieces = text.escaped if self.repeats else _ONCE
        if NUMBER.mark in after:
            return self._numbered(text, pieces, padding, place, number)
        if measured is None:
            return [f"{before}{piece}{between}{after}" for piece in pieces]
        return [
            f"{before}{piece}{between}{padding[at : at - (measured + len(piece)) % -BLOCK]}{after}"
            for at, piece in _blocks(pieces, place)
        ]

    def _numbered(
        self, text: TokenText, pieces: Sequence[str], padding: str, place: int, number: int
    ) -> list[str]:
        before, between, measured = self.before, self.between, self.measured
        after, _, end = self.after.partition(NUMBER.mark)
        numbers = range(number, number + len(pieces))
        if measured is None:
            return [
                f"{before}{piece}{between}{after}{number}{end}"
                for number, piece in zip(numbers, pieces, strict=True)
            ]
        sizes = map(len, pieces)
        if self.pads_text and self.repeats:
            sizes = map(len, [piece for piece, _ in text.pieces])
        return [
            f"{before}{piece}{between}{padding[at : at - (measured + size) % -BLOCK]}"
            f"{after}{number}{end}"
            for number, size, (at, piece) in zip(
                numbers, sizes, _blocks(pieces, place), strict=True
            )
        ]


def _blocks(pieces: Sequence[str], place: int) -> Iterable[tuple[int, str]]:
    """Yield each of *pieces* with where its block of padding begins, *place* blocks on."""
    first = place * BLOCK
    return zip(range(first, first + len(pieces) * BLOCK, BLOCK), pieces, strict=True)


def event_mould(
    text: str,
    tokens: int = 0,
    marks: Marks = (),
    measured: int | None = None,
    *,
    pads_text: bool = False,
) -> Mould:
    """Return the mould of *text*, an event of a stream."""
    before, piece, rest = text.partition(PIECE)
    if not piece:
        before, rest = "", before
    between, padding, after = rest.partition(PADDING)
    if not padding:
        between, after = "", between
    return Mould(
        before,
        between,
        after,
        bool(piece),
        measured=measured,
        tokens=tokens,
        marks=marks,
        pads_text=pads_text,
    )


def body_moulds(
    text: str, marks: Marks = (), *, by_token: bool, is_ascii: bool = False
) -> tuple[Mould, ...]:
    """Return the moulds of a body: one for each marked token end, or a single one.

    With *is_ascii*, all that is not ASCII is escaped in it.
    """
    text = in_ascii(text) if is_ascii else text
    before, piece, after = text.partition(PIECE)
    if piece or not by_token:
        return (Mould(before, after, has_text=bool(piece), marks=marks, is_ascii=is_ascii),)
    *ended, rest = text.split(TOKEN_END)
    return (*[Mould(part, tokens=1) for part in ended], Mould(rest, marks=marks))


def padding_size(moulds: Iterable[Mould], text: TokenText) -> int:
    """Return how many characters of padding pouring *text* takes from."""
    padded = [mould for mould in moulds if mould.measured is not None]
    return BLOCK * sum([len(text.escaped) if mould.repeats else 1 for mould in padded])


class Part(NamedTuple):
    """A part of a body, perhaps with holes; *tokens* is how many tokens it completes."""

    text: str
    tokens: int = 0
    marks: Marks = ()


def poured(moulds: Sequence[Mould], text: TokenText = NO_TEXT, padding: str = "") -> list[Part]:
    """Return *moulds* with *text* and *padding* in them: a part ends after each token."""
    found: list[Part] = []
    place = 0
    for mould in moulds:
        if mould.has_text:
            found += _spread(mould, text)
            continue
        events = mould.events(text, padding, place, len(found))
        place += len(events) if mould.measured is not None else 0
        counts = [count for _, count in text.pieces] if mould.repeats else (mould.tokens,)
        found += [Part(event, n, mould.marks) for event, n in zip(events, counts, strict=True)]
    return found


def poured_in_turn(
    moulds: Sequence[Mould], texts: Sequence[TokenText], padding: str = ""
) -> list[Part]:
    """Return *moulds* with *texts* in them: those that repeat take turns, a piece each.

    There are as many of those as *texts*, in the same order.
    """
    found: list[Part] = []
    place = 0
    for mould, piece, tokens in _in_turn(moulds, texts):
        text = f"{mould.before}{piece}{mould.between}"
        if mould.measured is None:
            text += mould.after
        else:
            end = place - (mould.measured + len(piece)) % -BLOCK
            text += padding[place:end] + mould.after
            place += BLOCK
        found.append(Part(text, tokens, mould.marks))
    return found


def _in_turn(
    moulds: Sequence[Mould], texts: Sequence[TokenText]
) -> Iterator[tuple[Mould, str, int]]:
    """Yield a mould for each event, with the piece that belongs in it and its tokens."""
    last = max([position for position, mould in enumerate(moulds) if mould.repeats])
    speaking = iter(texts)
    for mould in moulds[: last + 1]:
        if mould.repeats:
            text = next(speaking)
            yield mould, text.escaped[0], text.pieces[0][1]
        else:
            yield mould, "", mould.tokens
    spoken = [mould for mould in moulds if mould.repeats]
    for turn in range(1, max([len(text.pieces) for text in texts])):
        for mould, text in zip(spoken, texts, strict=True):
            if turn < len(text.pieces):
                yield mould, text.escaped[turn], text.pieces[turn][1]
    for mould in moulds[last + 1 :]:
        yield mould, "", mould.tokens


def joined(parts: Sequence[Part]) -> Part:
    """Return *parts* joined into one."""
    return Part("".join([part.text for part in parts]), sum([part.tokens for part in parts]))


class Joined:
    """Moulds that go out as a single frame; their holes are filled all at once."""

    __slots__ = (
        "_after",
        "_event",
        "_first",
        "_form",
        "_has_text",
        "_is_ascii",
        "_measured",
        "_numbers",
        "_slices",
        "_tokens",
    )

    def __init__(self, moulds: Sequence[Mould], marks: Sequence[str]) -> None:
        """Take *moulds*, of which one repeats at most, and the *marks* of holes in them."""
        repeated = [mould for mould in moulds if mould.repeats]
        self._event = _Event(repeated[0], marks) if repeated else None
        self._has_text = any(mould.has_text for mould in moulds)
        self._is_ascii = any(mould.is_ascii for mould in moulds)
        self._tokens = sum([0 if mould.repeats else mould.tokens for mould in moulds])
        parts = [REPEATED if mould.repeats else mould.whole for mould in moulds]
        measured = [None if mould.repeats else mould.measured for mould in moulds]
        self._measured = [size for size in measured if size is not None]
        first = moulds.index(repeated[0]) if repeated else len(moulds)
        self._first = first
        parts = [part.replace(NUMBER.mark, str(n)) for n, part in enumerate(parts[:first])] + [
            part.replace(NUMBER.mark, f"{NUMBER.mark}{n}") for n, part in enumerate(parts[first:])
        ]
        self._numbers = [
            f"{NUMBER.mark}{n}" for n, part in enumerate(parts[first:]) if NUMBER.mark in part
        ]
        self._form = Form("".join(parts), (*marks, *self._numbers, PIECE, REPEATED))
        self._after = len([size for size in measured[:first] if size is not None])
        self._slices = self._cut(0)

    def _cut(self, events: int) -> list[slice]:
        """Return where the paddings are taken from, if so many *events* are repeated."""
        places = [n + events * (n >= self._after) for n in range(len(self._measured))]
        return [
            slice(place * BLOCK, place * BLOCK + -size % BLOCK)
            for place, size in zip(places, self._measured, strict=True)
        ]

    def poured(self, values: dict[Any, str], text: TokenText, padding: str) -> tuple[str, int]:
        """Return them with *text*, *padding* and *values* in them, and the tokens in all."""
        slices, tokens = self._slices, self._tokens
        if self._event is not None:
            values[REPEATED] = self._event.repeated(values, text, padding, self._after, self._first)
            # The events after those that repeat, of which this is the place of the first.
            place = self._first + len(text.pieces) - 1
            values.update({mark: str(place + int(mark[2:])) for mark in self._numbers})
            slices = self._cut(len(text.pieces)) if slices else slices
            tokens += text.tokens
        elif self._has_text:
            whole = "".join(text.escaped)
            values[PIECE] = in_ascii(whole) if self._is_ascii else whole
        if slices:
            values.update(enumerate(map(padding.__getitem__, slices)))
        return self._form.filled(values), tokens


class Settled:
    """A body in one frame that lacks only what is drawn each time it goes out."""

    __slots__ = ("_form", "_tokens")

    def __init__(self, text: str, tokens: int, marks: Sequence[str]) -> None:
        """Take *text* with the *marks* of what it lacks."""
        self._form = Form(text, marks)
        self._tokens = tokens

    def poured(self, values: dict[Any, str], text: TokenText, padding: str) -> tuple[str, int]:
        """Return it with *values* in it, and its tokens; *text* and *padding* are in it already."""
        del text, padding
        return self._form.filled(values), self._tokens


class _Event:
    """The mould of an event that repeats."""

    __slots__ = ("_forms", "_mould")

    def __init__(self, mould: Mould, marks: Sequence[str]) -> None:
        self._mould = mould
        parts = (mould.before, mould.between, mould.after)
        self._forms = [Form(part, marks) for part in parts]

    def repeated(
        self, values: Mapping[Any, str], text: TokenText, padding: str, place: int, number: int
    ) -> str:
        before, between, after = [form.filled(values) for form in self._forms]
        mould = Mould(
            *(before, between, after),
            repeats=True,
            measured=self._mould.measured,
            pads_text=self._mould.pads_text,
        )
        return "".join(mould.events(text, padding, place, number))


def _spread(mould: Mould, text: TokenText) -> list[Part]:
    """Return a body with *text* in it, a part for each token; the last has the marks."""
    whole = f"{mould.before}{with_token_ends(text)}{mould.between}"
    *ended, rest = (in_ascii(whole) if mould.is_ascii else whole).split(TOKEN_END)
    return [*[Part(part, 1) for part in ended], Part(rest, 0, mould.marks)]
