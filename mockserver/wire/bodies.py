"""Editing the body of a timeline, for failures: its bytes, the events of a stream, its JSON.

An edited timeline keeps its pauses, and its token counts as far as bytes keep their place. Nothing
here knows a protocol: marks state what an event contains.
"""

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final, NamedTuple, TypeAlias, cast

from mockserver.wire.jsontext import JsonValue, compact
from mockserver.wire.marks import (
    FILLER,
    OPENING,
    ORDINAL,
    Mark,
    Marks,
    Path,
    value_at,
    with_value,
)
from mockserver.wire.moments import Moment, split
from mockserver.wire.moulds import BLOCK
from mockserver.wire.timeline import Data, Event, Head, Timeline, body, data_events

Json: TypeAlias = dict[str, JsonValue]
END_OF_EVENT: Final = re.compile(rb"\r\n\r\n|\n\n|\r\r")


def head_of(timeline: Iterable[Event]) -> Head | None:
    """Return the head of *timeline*, if it has one."""
    return next((event for event in timeline if isinstance(event, Head)), None)


def is_stream(timeline: Iterable[Event]) -> bool:
    """Return whether *timeline* is a stream of server-sent events."""
    head = head_of(timeline)
    headers = dict(head.headers) if head is not None else {}
    return headers.get("content-type", "").startswith("text/event-stream")


def with_head(timeline: Timeline, edit: Callable[[Head], Head]) -> Timeline:
    """Return *timeline* with its head edited."""
    return tuple([edit(event) if isinstance(event, Head) else event for event in timeline])


def with_true_length(timeline: Timeline) -> Timeline:
    """Return *timeline* with the true length of its body in its head, if that states a length."""
    size = len(body(timeline))

    def truthful(head: Head) -> Head:
        return head if head.content_length is None else head._replace(content_length=size)

    return with_head(timeline, truthful)


# --- Events of a stream ----------------------------------------------------------------------


class SentEvent(NamedTuple):
    """An event as sent, with its end, and the *marks* on its contents.

    *tokens* is how many tokens of the answer are sent with it and before it.
    """

    text: str
    marks: Marks = ()
    tokens: int = 0

    @property
    def payload(self) -> bytes:
        """Its bytes."""
        return encoded(self.text)

    @property
    def json(self) -> Json | None:
        """Its JSON object; None if it is a comment, the end of the stream, or broken."""
        lines = re.split(r"\r\n|\n|\r", self.text)
        data = [line[5:].removeprefix(" ") for line in lines if line.startswith("data:")]
        return read_json("\n".join(data))

    def find(self, kind: str) -> Mark | None:
        """Return the first mark on a thing of *kind*."""
        return next((mark for mark in self.marks if mark.kind == kind), None)


def map_events(timeline: Timeline, edit: Callable[[SentEvent], str]) -> Timeline:
    """Return the stream *timeline* with each event edited.

    Events that become empty are not sent. An event in several pieces is sent with the last one.
    """
    out: list[Event] = []
    rest = b""
    tokens = 0
    for position, event in enumerate(timeline):
        if not isinstance(event, Data):
            out.append(event)
            continue
        rest += event.payload
        tokens += event.tokens
        edited = b""
        while end := END_OF_EVENT.search(rest):
            edited += encoded(edit(SentEvent(_decoded(rest[: end.end()]), event.marks, tokens)))
            rest = rest[end.end() :]
        if rest and not any(isinstance(later, Data) for later in timeline[position + 1 :]):
            edited, rest = edited + rest, b""
        out.append(event._replace(payload=edited))
    return tuple(out)


def map_first_event(
    timeline: Timeline, moment: Moment, edit: Callable[[SentEvent], str]
) -> Timeline:
    """Return the stream *timeline* with one event edited: the first that *edit* changes.

    Those that are sent up to *moment*, or that it falls in, stay as they are.
    """
    parts = split(timeline, moment)
    if parts is None:
        return timeline
    before, after = at_event_end(*parts)
    is_over = False

    def first(sent: SentEvent) -> str:
        nonlocal is_over
        edited = sent.text if is_over else edit(sent)
        is_over = is_over or edited != sent.text
        return edited

    return (*before, *map_events(after, first))


def at_event_end(before: Timeline, after: Timeline) -> tuple[Timeline, Timeline]:
    """Return the two parts of a stream, split after the event that the split was in."""
    sent = body(before)
    ends = list(END_OF_EVENT.finditer(sent))
    rest = sent[ends[-1].end() :] if ends else sent
    moved: list[Event] = []
    left = list(after)
    while rest and left:
        event = left.pop(0)
        if not isinstance(event, Data):
            moved.append(event)
            continue
        found = END_OF_EVENT.search(rest + event.payload)
        if found is None:
            rest += event.payload
            moved.append(event)
            continue
        size = found.end() - len(rest)
        if size == len(event.payload):
            moved.append(event)
        else:
            moved.append(Data(event.payload[:size], 0, event.marks))
            left.insert(0, Data(event.payload[size:], event.tokens))
        break
    return (*before, *moved), tuple(left)


def after_opening(before: Timeline, after: Timeline) -> tuple[Timeline, Timeline]:
    """Return the two parts of a stream, the second without what the stream begins with.

    That goes out whatever becomes of the answer.
    """
    size = 0
    for position, event in enumerate(after, 1):
        if isinstance(event, Data):
            if not any(mark.kind == OPENING for mark in event.marks):
                break
            size = position
    return (*before, *after[:size]), after[size:]


def renumbered(timeline: Timeline) -> Timeline:
    """Return the stream *timeline*, an event each, with its numbers in a row from the first.

    No effect on streams whose events have no numbers.
    """
    out: list[Event] = []
    number: int | None = None
    for event in timeline:
        path = _path_to(ORDINAL, event.marks) if isinstance(event, Data) else None
        if isinstance(event, Data) and path is not None:
            text = _decoded(event.payload)
            stated = value_at(text, path)
            number = (stated if isinstance(stated, int) else 0) if number is None else number + 1
            text = with_value(text, path, str(number)) or text
            event = event._replace(payload=encoded(text))  # noqa: PLW2901 - the same, renumbered
        out.append(event)
    return tuple(out)


def with_text(text: str, mark: Mark, marks: Marks, said: str, padding: str) -> str | None:
    """Return *text*, an event with *marks*, with *said* at *mark*; None if nothing is there.

    An event that is padded gets as much of *padding* as completes the length of what is said.
    """
    changed = with_value(text, mark.path, compact(said))
    path = _path_to(FILLER, marks)
    if changed is None or path is None:
        return changed
    return with_value(changed, path, compact(padding[: -len(said) % BLOCK]))


def _path_to(kind: str, marks: Marks) -> Path | None:
    return next((mark.path for mark in marks if mark.kind == kind), None)


def events_of(timeline: Timeline) -> list[SentEvent]:
    """Return the complete events in the stream *timeline*."""
    found: list[SentEvent] = []
    rest = b""
    for data in data_events(timeline):
        rest += data.payload
        while end := END_OF_EVENT.search(rest):
            found.append(SentEvent(_decoded(rest[: end.end()]), data.marks))
            rest = rest[end.end() :]
    return found


def chunks_of(events: Iterable[SentEvent]) -> list[Json]:
    """Return the JSON of *events* that have any."""
    return [chunk for event in events if (chunk := event.json) is not None]


def _decoded(text: bytes) -> str:
    return text.decode("utf-8", "surrogateescape")


def encoded(text: str) -> bytes:
    """Return the bytes of a text that was decoded here, including those that are not UTF-8."""
    return text.encode("utf-8", "surrogateescape")


def read_json(text: str | bytes) -> Json | None:
    """Return the JSON object in *text*, or None."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return cast(Json, value) if isinstance(value, dict) else None


# --- An answer in one piece ------------------------------------------------------------------


def with_body(timeline: Timeline, new: bytes) -> Timeline:
    """Return *timeline* with *new* in place of its body; what the two share keeps its place."""
    old = body(timeline)
    same = _shared(old, new)
    tail = _shared(old[same:][::-1], new[same:][::-1])
    begin, end = same, len(old) - tail
    inserted = new[same : len(new) - tail]
    out: list[Event] = []
    position = 0
    for event in timeline:
        if not isinstance(event, Data):
            out.append(event)
            continue
        first, last = position, position + len(event.payload)
        position = last
        head = event.payload[: max(0, begin - first)]
        rest = event.payload[max(0, end - first) :]
        if first <= begin <= last and inserted:
            head, inserted = head + inserted, b""
        out.append(event._replace(payload=head + rest))
    if inserted:
        out.append(Data(inserted))
    return with_true_length(tuple(out))


def _shared(one: bytes, other: bytes) -> int:
    """Return the length of the common beginning of *one* and *other*."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[:middle] == other[:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def marks_of(timeline: Timeline) -> Marks:
    """Return the marks on the body of *timeline*, which is in one piece."""
    return next((data.marks for data in data_events(timeline) if data.marks), ())


def edit_body(timeline: Timeline, edit: Callable[[str, Marks], str]) -> Timeline:
    """Return *timeline* with its body edited; *edit* takes the text and its marks."""
    return with_body(timeline, encoded(edit(_decoded(body(timeline)), marks_of(timeline))))


# --- Pieces ----------------------------------------------------------------------------------


@dataclass(slots=True)
class Piece:
    """A piece of a body: its bytes, the number of tokens that it completes, and its marks."""

    payload: bytes
    tokens: int = 0
    marks: Marks = ()


def recut(timeline: Timeline, sizes: Callable[[bytes], Iterable[int]]) -> Timeline:
    """Return *timeline* with each run of bytes between pauses cut into new pieces.

    *sizes* returns the lengths of the pieces for such a run; the rest is the last piece. A token
    is complete with the piece that contains its last byte.
    """
    out: list[Event] = []
    run: list[Data] = []
    for one in timeline:
        if isinstance(one, Data):
            run.append(one)
        else:
            out += _recut_run(run, sizes)
            run = []
            out.append(one)
    return (*out, *_recut_run(run, sizes))


def _recut_run(run: list[Data], sizes: Callable[[bytes], Iterable[int]]) -> list[Data]:
    if not run:
        return []
    whole = b"".join([data.payload for data in run])
    pieces: list[Piece] = []
    ends: list[int] = []
    position = 0
    for size in (*sizes(whole), len(whole)):
        if position < len(whole) or not pieces:
            pieces.append(Piece(whole[position : position + size]))
            position += len(pieces[-1].payload)
            ends.append(position)
    index = at = 0
    for data in run:
        at += len(data.payload)
        while ends[index] < at:
            index += 1
        pieces[index].tokens += data.tokens
        pieces[index].marks += data.marks
    return [Data(piece.payload, piece.tokens, piece.marks) for piece in pieces]
