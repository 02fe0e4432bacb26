"""The events of streams, as moulds, for all dialects.

Endpoints and dialects decide what they contain, failures what happens to them on the wire.
"""

import re
from collections.abc import Callable, Sequence
from typing import Final

from mockserver.wire.jsontext import JsonValue, compact, to_bytes
from mockserver.wire.marks import DONE as DONE_KIND
from mockserver.wire.marks import Mark
from mockserver.wire.moulds import Mould, Part, event_mould
from mockserver.wire.rendered import Chunk, EventStream, Frame

END_OF_LINE: Final = re.compile(r"\r\n|\n|\r")
DONE: Final = Frame(b"data: [DONE]\n\n", 0, (Mark(DONE_KIND),))
"""The end of streams in many protocols."""


def stream_moulds(
    stream: EventStream, write: Callable[[JsonValue], str] = compact
) -> tuple[Mould, ...]:
    """Return *stream* as moulds, one for each event; *write* makes the JSON."""
    return (*[event(write(chunk.value), chunk) for chunk in stream.chunks], *ending(stream))


def event(text: str, chunk: Chunk) -> Mould:
    """Return *text*, the JSON of *chunk*, as a server-sent event."""
    name = "" if chunk.event is None else f"event: {chunk.event}\n"
    return event_mould(
        f"{name}data: {text}\n\n",
        chunk.tokens,
        chunk.marks,
        chunk.measured,
        pads_text=chunk.pads_text,
    )


def ending(stream: EventStream) -> Sequence[Mould]:
    """Return the end of *stream*, if it has one."""
    end = stream.end
    return () if end is None else (event_mould(end.text.decode(), end.tokens, end.marks),)


def comment(text: str) -> Part:
    """Return *text* as a comment between events: clients skip lines that begin with a colon."""
    return Part(f": {text}\n\n")


def written(data: str, name: str | None = None) -> bytes:
    """Return *data* as an event called *name*: each of its lines is a line of the event."""
    named = "" if name is None else f"event: {name}\n"
    lines = "".join([f"data: {line}\n" for line in END_OF_LINE.split(data)])
    return to_bytes(f"{named}{lines}\n")
