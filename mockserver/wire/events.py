"""Streams of server-sent events, read: the events of a body, each with the bytes that it came in.

What is read here was written by somebody else, so anything may come: comments, other ends of
lines, an end in the middle of an event. The bytes of all events together are those of the body.
"""

import json
import re
from typing import Any, Final

import msgspec

_EVENT: Final = re.compile(rb".*?(?:\r\n\r\n|\n\n|\r\r)|.+", re.DOTALL)
_LINES: Final = re.compile(r"\r\n|\n|\r")
CONTENT_TYPE: Final = "text/event-stream"


class ServerEvent:
    """One event of a stream.

    Attributes:
        raw: Its bytes, with the blank line that ends it.
        data: Its lines of data, joined by newlines; empty if it has none, as a comment.
        name: Its name, if it has one.

    """

    def __init__(self, raw: bytes) -> None:
        self.raw = raw
        self.name: str | None = None
        self._json: Any = None
        self._is_read = False
        if raw.startswith(b"data: ") and raw.find(b"\n") == len(raw) - 2 and b"\r" not in raw:
            self.data = raw[6:-2].decode("utf-8", "replace")  # as nearly all are
            return
        data: list[str] = []
        for line in _LINES.split(raw.decode("utf-8", "replace")):
            field, _, value = line.partition(":")
            value = value.removeprefix(" ")
            if field == "data":
                data.append(value)
            elif field == "event":
                self.name = value
        self.data = "\n".join(data)

    @property
    def json(self) -> Any:
        """The JSON in its data, read once; None if there is none."""
        # `functools.cached_property` takes a lock each time before Python 3.12.
        if not self._is_read:
            self._json, self._is_read = read(self.data), True
        return self._json


def events_of(body: bytes) -> tuple[ServerEvent, ...]:
    """Return the events of *body*; what follows the last blank line is one, too."""
    if b"\r" in body:
        return tuple(map(ServerEvent, _EVENT.findall(body)))
    *whole, rest = body.split(b"\n\n")
    events = [ServerEvent(event + b"\n\n") for event in whole]
    return (*events, ServerEvent(rest)) if rest else tuple(events)


def read(text: str | bytes) -> Any:
    """Return the JSON that *text* is; None if it is none."""
    try:
        return _decode(text)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        pass  # Python reads more, such as halves of pairs
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


_decode: Final = msgspec.json.Decoder().decode
