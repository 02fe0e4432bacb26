"""Bodies and events as frames: what dialects have in common in writing them.

What stands in them is the endpoints' and the dialects' business; what happens to them on the
wire is the failures'.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from mockserver.wire.jsontext import TOKEN_END, to_bytes
from mockserver.wire.rendered import Frame

DONE: Final = Frame(b"data: [DONE]\n\n")
"""What ends a stream."""


def body_frames(text: str, *, by_token: bool) -> tuple[Frame, ...]:
    """Return a body as frames: one for each of its marked token ends, or one in all."""
    if not by_token:
        return (Frame(to_bytes(text)),)
    *ended, rest = text.split(TOKEN_END)
    return (*(Frame(to_bytes(part), 1) for part in ended), Frame(to_bytes(rest)))


def event(text: str, tokens: int = 0) -> Frame:
    """Return *text* as a server-sent event with which so many *tokens* are complete."""
    return Frame(to_bytes(f"data: {text}\n\n"), tokens)


def comment(text: str) -> Frame:
    """Return *text* as a comment between events: SSE lets clients skip lines with a colon first."""
    return Frame(to_bytes(f": {text}\n\n"))


def event_frames(frames: Iterable[Frame], *, by_token: bool) -> tuple[Frame, ...]:
    """Return the *frames* of a stream as they are, or in one piece where nothing cuts them."""
    frames = tuple(frames)
    return frames if by_token else (joined(frames),)


def joined(frames: Sequence[Frame]) -> Frame:
    """Return *frames* as one."""
    return Frame(b"".join([frame.text for frame in frames]), sum(frame.tokens for frame in frames))
