"""When a failure strikes: points in a timeline, and splitting a timeline at one.

Moments count what the client receives: tokens of the answer, bytes of the body.
"""

from dataclasses import dataclass
from typing import assert_never

from mockserver.wire.timeline import Abort, Data, Event, Forsake, Head, Raw, Timeline


@dataclass(frozen=True, slots=True)
class BeforeHeaders:
    """Before anything is sent."""


@dataclass(frozen=True, slots=True)
class AfterHeaders:
    """After the headers, before the body."""


@dataclass(frozen=True, slots=True)
class AfterTokens:
    """After the event or byte that completes token *count*, counting from 1."""

    count: int


@dataclass(frozen=True, slots=True)
class AfterBytes:
    """After byte *count* of the body, counting from 1."""

    count: int


@dataclass(frozen=True, slots=True)
class End:
    """After the last byte of the body, before what ends the response."""


Moment = BeforeHeaders | AfterHeaders | AfterTokens | AfterBytes | End


def split(timeline: Timeline, moment: Moment) -> tuple[Timeline, Timeline] | None:
    """Return *timeline* in two parts, split at *moment*; None if it never comes (token 9 of 5)."""
    match moment:
        case BeforeHeaders():
            return (), timeline
        case AfterHeaders():
            return _split_after_head(timeline)
        case AfterTokens(count):
            return _split_after_token(timeline, count)
        case AfterBytes(count):
            return _split_after_byte(timeline, count)
        case End():
            return _split_after_body(timeline)
        case _:
            assert_never(moment)


def _split_after_head(timeline: Timeline) -> tuple[Timeline, Timeline] | None:
    for position, event in enumerate(timeline, 1):
        if isinstance(event, Head):
            return timeline[:position], timeline[position:]
    return None


def _split_after_token(timeline: Timeline, count: int) -> tuple[Timeline, Timeline] | None:
    seen = 0
    for position, event in enumerate(timeline, 1):
        seen += event.tokens if isinstance(event, Data) else 0
        if seen >= count:
            return timeline[:position], timeline[position:]
    return None


def _split_after_byte(timeline: Timeline, count: int) -> tuple[Timeline, Timeline] | None:
    left = count
    for position, event in enumerate(timeline):
        if not isinstance(event, Data):
            continue
        if left <= len(event.payload):
            before, after = _split_data(event, left)
            return (*timeline[:position], *before), (*after, *timeline[position + 1 :])
        left -= len(event.payload)
    return None


def _split_after_body(timeline: Timeline) -> tuple[Timeline, Timeline] | None:
    """Split after the body; what ends the response in its own way goes into the second part."""
    position = len(timeline)
    while position and isinstance(timeline[position - 1], Abort | Forsake | Raw):
        position -= 1
    if not any(isinstance(event, Head) for event in timeline[:position]):
        return None
    return timeline[:position], timeline[position:]


def _split_data(event: Data, size: int) -> tuple[tuple[Event, ...], tuple[Event, ...]]:
    """Split *event* after *size* bytes; its tokens and marks go with its last byte."""
    if size == len(event.payload):
        return (event,), ()
    rest = event._replace(payload=event.payload[size:])
    return (Data(event.payload[:size]),), (rest,)
