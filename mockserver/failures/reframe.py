"""The same bytes, or nearly: split differently, with other line endings."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import repeat
from typing import ClassVar, Final, Literal

from mockserver.contracts import Distorted, Failure, MomentWord, Scene
from mockserver.errors import BadValue
from mockserver.wire.bodies import encoded, is_stream, recut, renumbered, with_text
from mockserver.wire.marks import (
    BESIDE,
    CALL,
    CONTENT,
    FILLER,
    ORDINAL,
    REFUSAL,
    THOUGHT,
    Mark,
    value_at,
    with_value,
)
from mockserver.wire.moments import Moment
from mockserver.wire.timeline import Data, Event, Timeline, data_events

LEAST_MERGED = 2
PIECES: Final = frozenset({CONTENT, REFUSAL, THOUGHT, CALL})
"""What is sent in pieces, of which several may go out at once."""
COMMENT: Final = b":"
NEWLINES = {"lf": b"\n", "crlf": b"\r\n", "cr": b"\r"}
END_OF_LINE = re.compile(rb"\r\n|\n|\r")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reframe(Failure):
    """Send the same answer split or written in other ways that HTTP and SSE allow, or nearly do.

    Attributes:
        split: Where chunks of the transfer coding end: after each `token`, `line` or `byte`, or
            after so many bytes, wherever that falls.
        merge: How many pieces of a text, or of a call's arguments, go out as one event of a
            stream: several tokens at once, as batching servers send them.
        newline: What ends the lines of a stream.
        space: Whether a space follows `data:` in a stream.
        last_blank_line: Whether a stream's last event has the blank line that ends it.

    """

    kind = "reframe"
    default_moment: ClassVar[Moment | None] = None
    moments: ClassVar[tuple[MomentWord, ...]] = ()

    split: Literal["token", "line", "byte"] | int | None = None
    merge: int | None = None
    newline: Literal["lf", "crlf", "cr"] = "lf"
    space: bool = True
    last_blank_line: bool = True

    def __post_init__(self) -> None:
        super(Reframe, self).__post_init__()
        if isinstance(self.split, int) and self.split < 1:
            raise BadValue("split", f"'split' must be at least 1, not {self.split}")
        if self.merge is not None and self.merge < LEAST_MERGED:
            raise BadValue("merge", f"'merge' must be at least {LEAST_MERGED}, not {self.merge}")
        if self.split is None and self.merge is None and self._keeps_events:
            hint = "set 'split', 'merge', 'newline', 'space' or 'last_blank_line'"
            raise BadValue("split", "this changes nothing", hint)

    @property
    def _keeps_events(self) -> bool:
        return self.newline == "lf" and self.space and self.last_blank_line

    def distort(self, timeline: Timeline, scene: Scene) -> Distorted:  # noqa: ARG002 - the same for everyone
        """Return *timeline* in other pieces; keys about streams have no effect on a body."""
        bent = timeline
        if self.merge is not None and is_stream(timeline):
            bent = _merged(timeline, self.merge)
        if not self._keeps_events and is_stream(timeline):
            bent = self._respelled(bent)
        match self.split:
            case None:
                return Distorted(bent, had_effect=bent is not timeline)
            case "token":
                return Distorted(bent, had_effect=any(data_events(bent)))
            case "line":
                bent = recut(bent, _lines)
            case "byte":
                bent = recut(bent, lambda run: repeat(1, len(run)))
            case int(size):
                bent = recut(bent, lambda run: repeat(size, len(run) // size))
        return Distorted(bent, had_effect=any(data_events(bent)))

    def _respelled(self, timeline: Timeline) -> Timeline:
        """Return the stream *timeline* with its lines written differently."""
        last = max((i for i, event in enumerate(timeline) if isinstance(event, Data)), default=-1)
        out = list(timeline)
        for position, event in enumerate(timeline):
            if not isinstance(event, Data):
                continue
            text = event.payload
            if position == last and not self.last_blank_line:
                text = text.removesuffix(b"\n")
            if not self.space:
                text = re.sub(rb"^data: ", b"data:", text, flags=re.MULTILINE)
            out[position] = Data(text.replace(b"\n", NEWLINES[self.newline]), event.tokens)
        return tuple(out)


def _lines(run: bytes) -> Iterator[int]:
    position = 0
    for end in END_OF_LINE.finditer(run):
        yield end.end() - position
        position = end.end()


def _merged(timeline: Timeline, most: int) -> Timeline:
    """Return *timeline* with up to *most* events in a row that differ in one piece as one.

    It goes out when the last of them would.
    """
    out: list[Event] = []
    held: list[Data] = []
    place = 0
    for event in timeline:
        if isinstance(event, Data) and not event.payload.startswith(COMMENT):
            if held and (len(held) == most or not _belongs(event, held[0])):
                out.insert(place, _joined(held))
                held = []
            if _piece(event) is not None:
                held.append(event)
                place = len(out)
                continue
            if held:
                out.insert(place, _joined(held))
                held = []
        out.append(event)
    if held:
        out.insert(place, _joined(held))
    return renumbered(tuple(out)) if len(out) < len(timeline) else timeline


def _piece(data: Data) -> Mark | None:
    """Return the mark on the only piece that *data* adds to an answer; None: it is not alone."""
    marks = [mark for mark in data.marks if mark.kind not in BESIDE]
    if len(marks) != 1 or marks[0].kind not in PIECES:
        return None
    # The first event of some streams opens a text, and has none of it yet.
    return marks[0] if value_at(data.payload.decode("utf-8", "replace"), marks[0].path) else None


def _belongs(data: Data, first: Data) -> bool:
    """Return whether *data* goes on where *first* began."""
    mark = _piece(data)
    return mark is not None and mark == _piece(first) and _around(data) == _around(first)


def _around(data: Data) -> object:
    """Return what is around the piece in *data*; padding, for example, is none of it."""
    mark = _piece(data)
    assert mark is not None
    blank: str | None = data.payload.decode("utf-8", "replace")
    for own in (mark, *[one for one in data.marks if one.kind in {ORDINAL, FILLER}]):
        blank = None if blank is None else with_value(blank, own.path, '""')
    return None if blank is None else value_at(blank, mark.path[:1] if mark.path[1:] else ())


def _joined(held: list[Data]) -> Data:
    """Return the events *held* as one."""
    first, mark = held[0], _piece(held[0])
    assert mark is not None
    sent = [data.payload.decode() for data in held]
    said = "".join([str(value_at(text, mark.path)) for text in sent])
    # What completes each of the lengths is enough to complete that of them all.
    filler = next((one.path for one in first.marks if one.kind == FILLER), None)
    padding = "" if filler is None else "".join([str(value_at(one, filler)) for one in sent])
    text = with_text(sent[0], mark, first.marks, said, padding)
    tokens = sum([data.tokens for data in held])
    return first if text is None else Data(encoded(text), tokens, first.marks)
