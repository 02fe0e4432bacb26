"""Streams of server-sent events, read: the events of a body, each with the bytes that it came in.

What is read here was written by somebody else, so anything may come: comments, other ends of
lines, an end in the middle of an event. The bytes of all events together are those of the body.
"""

import json
import re
from functools import cached_property
from typing import Any, Final

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
        data: list[str] = []
        for line in _LINES.split(raw.decode("utf-8", "replace")):
            field, _, value = line.partition(":")
            value = value.removeprefix(" ")
            if field == "data":
                data.append(value)
            elif field == "event":
                self.name = value
        self.data = "\n".join(data)

    @cached_property
    def json(self) -> Any:
        """The JSON in its data; None if there is none."""
        try:
            return json.loads(self.data)
        except (ValueError, RecursionError):
            return None


def events_of(body: bytes) -> tuple[ServerEvent, ...]:
    """Return the events of *body*; what follows the last blank line is one, too."""
    return tuple(map(ServerEvent, _EVENT.findall(body)))
