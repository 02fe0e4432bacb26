"""What went out for a call, event by event: when it was to, and when it did."""

from collections.abc import Iterator
from typing import Final, NamedTuple

from mockserver.control.inspecting.bounds import MOST_PARTS, Budget
from mockserver.control.shapes import SentAnswer, SentEvent, SentHeader
from mockserver.control.shapes.inspection import EventKind
from mockserver.records.journal import Call
from mockserver.records.measured import Measured
from mockserver.records.redaction import MARK, is_secret_header, mark
from mockserver.wire.timeline import (
    MOST_HELD_S,
    Abort,
    Data,
    Event,
    Forsake,
    Head,
    Hold,
    Pause,
    Raw,
    Timeline,
)

ENDINGS: Final = {"rst": "reset the connection", "fin": "close the connection"}


class _Place(NamedTuple):
    """Where an event is: how many tokens are complete with it, and in which run of events.

    A run are the events between which nothing waits, so that they go out at once.
    """

    tokens: int
    run: int


def sent_answer(call: Call, timeline: Timeline, time_scale: float, budget: Budget) -> SentAnswer:
    """Return what went out for *call*: its *timeline*, which has no secrets any more.

    Args:
        call: The call, which has ended.
        timeline: The answer as it was to go out.
        time_scale: Real seconds for a second of session time.
        budget: What may be shown.

    """
    places = list(_places(timeline))
    measured = _Moments(call.measured, timeline, places, is_whole=call.outcome == "sent")
    head = next((event for event in timeline if isinstance(event, Head)), None)
    tokens = places[-1].tokens if places else 0
    left = call.outcome == "client_left"
    out = went_out(call, timeline)
    return SentAnswer(
        status=None if head is None else head.status,
        headers=() if head is None else tuple(_headers(head, budget)),
        events=tuple(
            _shown(event, place, at_ms, when, budget)
            for event, place, at_ms, when in zip(
                timeline[:MOST_PARTS],
                places,
                _planned_ms(timeline, time_scale, call.queued_s),
                measured.of(out),
                strict=False,
            )
        ),
        tokens=tokens,
        left_after_tokens=(call.client_left_after_tokens or 0) if left else None,
        unsent=len(timeline) - out,
        left_out=max(0, len(timeline) - MOST_PARTS),
    )


def went_out(call: Call, timeline: Timeline) -> int:
    """Return how many of the first events of *timeline* went out for *call*."""
    if call.outcome != "client_left":
        return len(timeline)
    if call.measured is None:
        return 0
    out, places = call.measured.out, list(_places(timeline))
    run = next((place.run for place in places if place.tokens > out), None)
    if run is None:
        # All tokens are out; what waited after the last of them is not.
        run = next((p.run for p in reversed(places) if p.tokens < out), -1) + 1
        last = max((p.run for e, p in zip(timeline, places, strict=True) if _carries(e)), default=0)
        run = max(run, last) + 1
    return sum([place.run < run for place in places])


def _carries(event: Event) -> bool:
    return isinstance(event, Data) and event.tokens > 0


def _places(timeline: Timeline) -> Iterator[_Place]:
    tokens = run = 0
    for event in timeline:
        match event:
            case Pause() | Hold():
                run += 1
            case Data():
                tokens += event.tokens
            case _:
                pass
        yield _Place(tokens, run)


def _planned_ms(timeline: Timeline, time_scale: float, queued_s: float) -> Iterator[float]:
    """Yield when each event was to happen, in real milliseconds since the request had come."""
    at_ms = queued_s * time_scale * 1_000
    for event in timeline:
        yield at_ms
        if isinstance(event, Pause):
            at_ms += event.seconds * (time_scale if event.scales else 1) * 1_000


class _Moments:
    """When the events of an answer went out, as far as that is known."""

    def __init__(
        self,
        measured: Measured | None,
        timeline: Timeline,
        places: list[_Place],
        *,
        is_whole: bool,
    ) -> None:
        self._timeline = timeline
        self._places = places
        self._by_run: dict[int, float] = {}
        if measured is None:
            return
        moments = list(zip(measured.tokens, measured.moments, strict=True))
        if not moments and measured.first_token_ms is not None:
            moments = [(measured.out, measured.first_token_ms)]
        at = 0
        for event, place in zip(timeline, places, strict=True):
            if isinstance(event, Head):
                self._by_run.setdefault(place.run, measured.first_byte_ms)
            elif _carries(event):
                while at < len(moments) and moments[at][0] < place.tokens:
                    at += 1
                if at == len(moments):
                    break
                self._by_run.setdefault(place.run, moments[at][1])
        last = [p.run for e, p in zip(timeline, places, strict=True) if isinstance(e, Data | Raw)]
        if is_whole and last:
            self._by_run.setdefault(last[-1], measured.last_byte_ms)

    def of(self, out: int) -> Iterator[float | None]:
        """Yield when each event went out; only the first *out* did."""
        for number, (event, place) in enumerate(zip(self._timeline, self._places, strict=True)):
            is_written = isinstance(event, Head | Data | Raw)
            yield self._by_run.get(place.run) if is_written and number < out else None


def _headers(head: Head, budget: Budget) -> Iterator[SentHeader]:
    for name, value in head.headers:
        hides = is_secret_header(name.lower()) and not value.startswith(MARK)
        shown = mark(value) if hides else budget.text(value)[0]
        yield SentHeader(name=budget.text(name)[0], value=shown)


def _shown(
    event: Event, place: _Place, planned_ms: float, measured_ms: float | None, budget: Budget
) -> SentEvent:
    kind, payload, words = _told(event)
    text, cut = budget.text(words or payload.decode("utf-8", "replace"))
    return SentEvent(
        kind=kind,
        planned_ms=planned_ms,
        measured_ms=measured_ms,
        tokens=place.tokens,
        size=len(payload),
        text=text,
        cut=cut,
    )


def _told(event: Event) -> tuple[EventKind, bytes, str]:
    """Return the kind of *event*, its bytes, and what it does, if that is not to send them."""
    match event:
        case Head(status):
            return "head", b"", f"status {status}"
        case Data(payload):
            return "data", payload, ""
        case Raw(payload):
            return "raw", payload, ""
        case Pause(seconds, scales):
            return "pause", b"", f"wait {seconds:g} s{'' if scales else ' of real time'}"
        case Hold(rule, releasable, filler, every_s):
            until = "it is released" if releasable else "the client leaves"
            by = "" if rule is None else f" by rule '{rule}'"
            meanwhile = f", sending {len(filler)} bytes every {every_s:g} s" if filler else ""
            return "hold", b"", f"held{by} until {until}, at most {MOST_HELD_S:g} s{meanwhile}"
        case Forsake(how):
            return "forsake", b"", f"{ENDINGS[how]} once the answer is complete"
        case Abort(how):
            return "abort", b"", f"{ENDINGS[how]} before the answer is complete"
