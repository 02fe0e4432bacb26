"""Bodies and events as frames, for all dialects.

Endpoints and dialects decide what they contain, failures what happens to them on the wire.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Final

from mockserver.wire.jsontext import TOKEN_END, JsonValue, compact, to_bytes
from mockserver.wire.marks import DONE as DONE_KIND
from mockserver.wire.marks import Mark, Marks
from mockserver.wire.rendered import Chunk, EventStream, Frame

DONE: Final = Frame(b"data: [DONE]\n\n", 0, (Mark(DONE_KIND),))
"""The end of streams in many protocols."""


def body_frames(text: str, marks: Marks = (), *, by_token: bool) -> tuple[Frame, ...]:
    """Return a body as frames: one for each marked token end, or a single one."""
    if not by_token:
        return (Frame(to_bytes(text)),)
    *ended, rest = text.split(TOKEN_END)
    return (*(Frame(to_bytes(part), 1) for part in ended), Frame(to_bytes(rest), 0, marks))


def stream_frames(
    stream: EventStream, write: Callable[[JsonValue], str] = compact, *, by_token: bool
) -> tuple[Frame, ...]:
    """Return *stream* as frames, one for each event, or a single one; *write* makes the JSON."""
    events = [event(write(chunk.value), chunk) for chunk in stream.chunks]
    return event_frames((*events, *ending(stream)), by_token=by_token)


def event(text: str, chunk: Chunk) -> Frame:
    """Return *text*, the JSON of *chunk*, as a server-sent event."""
    name = "" if chunk.event is None else f"event: {chunk.event}\n"
    return Frame(to_bytes(f"{name}data: {text}\n\n"), chunk.tokens, chunk.marks)


def ending(stream: EventStream) -> Sequence[Frame]:
    """Return the end of *stream*, if it has one."""
    return () if stream.end is None else (stream.end,)


def comment(text: str) -> Frame:
    """Return *text* as a comment between events: clients skip lines that begin with a colon."""
    return Frame(to_bytes(f": {text}\n\n"))


def event_frames(frames: Iterable[Frame], *, by_token: bool) -> tuple[Frame, ...]:
    """Return the *frames* of a stream, joined into one unless *by_token*."""
    frames = tuple(frames)
    return frames if by_token else (joined(frames),)


def joined(frames: Sequence[Frame]) -> Frame:
    """Return *frames* joined into one."""
    return Frame(b"".join([frame.text for frame in frames]), sum(frame.tokens for frame in frames))
