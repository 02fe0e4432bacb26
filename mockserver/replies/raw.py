"""An answer to the byte: a body, or the events of a stream, as another server would send them."""

import json
from dataclasses import dataclass
from typing import ClassVar, Final

from mockserver.contracts import UNSTATED, BadValue, RawReply, Unstated, Verbatim
from mockserver.wire.jsontext import JsonValue, compact, to_bytes
from mockserver.wire.rendered import Frame
from mockserver.wire.sse import DONE, END_OF_LINE, written

JSON: Final = "application/json"
TEXT: Final = "text/plain; charset=utf-8"
EVENTS: Final = "text/event-stream; charset=utf-8"
WITHOUT_BODY: Final = frozenset({204, 205, 304})
"""Statuses that HTTP sends without a body."""
KEPT: Final = frozenset({"headers", "usage", "template"})
"""The keys of any reply that mean something here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RawEvent:
    """One event of a stream.

    Attributes:
        data: A text, sent as it is (each of its lines as a line of the event), or any JSON.
        event: The event's name.

    """

    bare: ClassVar[str] = "data"

    data: JsonValue
    event: str | None = None

    def __post_init__(self) -> None:
        if self.event is not None and END_OF_LINE.search(self.event):
            raise BadValue("event", "the name of an event is one line")

    def frame(self) -> Frame:
        """Return it as it is sent: a token, unless it is what ends many streams."""
        payload = written(_text_of(self.data), self.event)
        return DONE if payload == DONE.text else Frame(payload, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Raw(RawReply):
    """Answer with a body or with events, exactly as written; it is billed as `usage` says.

    Attributes:
        status: From 200 to 599.
        content_type: Unless stated, that of JSON, of text, or of a stream.
        body: A text, sent as it is, or any JSON.
        events: The events of a stream, whether or not the request asks for one. Each counts as a
            token for latency and failures.

    """

    kind = "raw"
    never_null = frozenset({"content_type"})

    status: int = 200
    content_type: str | None = None
    body: JsonValue | Unstated = UNSTATED
    events: tuple[RawEvent, ...] | Unstated = UNSTATED

    def __post_init__(self) -> None:
        super(Raw, self).__post_init__()
        if not 200 <= self.status <= 599:  # noqa: PLR2004 - HTTP's final statuses
            raise BadValue("status", f"'status' must be from 200 to 599, not {self.status}")
        has_body = not isinstance(self.body, Unstated)
        has_events = not isinstance(self.events, Unstated)
        if has_body and has_events:
            what = "'body' and 'events' cannot be combined: an answer is in one piece or a stream"
            raise BadValue("events", what)
        if self.status in WITHOUT_BODY:
            if has_body or has_events:
                raise BadValue("status", f"HTTP sends status {self.status} without a body")
        elif not (has_body or has_events):
            raise BadValue("kind", "a raw reply needs a 'body' or 'events'")
        if void := self.states_besides(KEPT):
            what = f"'{void}' has no place in a raw reply: it goes out as it is written"
            raise BadValue(void, what)

    def verbatim(self) -> Verbatim:
        """Return what goes out."""
        if not isinstance(self.events, Unstated):
            frames = tuple([event.frame() for event in self.events])
            return self._of(EVENTS, frames, is_stream=True)
        if isinstance(self.body, Unstated):
            return self._of(TEXT, ())
        kind = JSON if not isinstance(self.body, str) or _is_json(self.body) else TEXT
        frame = Frame(to_bytes(_text_of(self.body)), 1)
        return self._of(kind, (frame,))

    def _of(self, kind: str, frames: tuple[Frame, ...], *, is_stream: bool = False) -> Verbatim:
        stated = kind if self.content_type is None else self.content_type
        return Verbatim(self.status, stated, frames, is_stream=is_stream)


def _text_of(value: JsonValue) -> str:
    return value if isinstance(value, str) else compact(value)


def _is_json(text: str) -> bool:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return False
    return isinstance(value, dict | list)
