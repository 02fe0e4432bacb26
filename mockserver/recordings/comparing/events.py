"""Streams of typed events, as the Responses API has them."""

from collections import defaultdict
from collections.abc import Sequence
from itertools import takewhile
from typing import Any, Final

from mockserver.recordings.comparing import allowances
from mockserver.recordings.comparing.cases import Case
from mockserver.recordings.comparing.members import Comparing, Difference, shown
from mockserver.recordings.importers.documents import as_object
from mockserver.wire.jsontext import is_object

Event = dict[str, Any]
ANNOTATION: Final = "response.output_text.annotation.added"
PREFIXES: Final = {
    "message": "msg",
    "reasoning": "rs",
    "function_call": "fc",
    "custom_tool_call": "ctc",
}
"""How the ids of items begin."""
_WHOLE: Final = ("text", "arguments", "input", "refusal", "code", "diff", "command")
"""Members of an event that repeats a text whose deltas came before."""
_PADDED_TO: Final = 16


def steady(events: Sequence[Event]) -> list[Event]:
    """Return *events* without those that the API sends only now and then."""
    return [event for event in events if event.get("type") not in allowances.NOW_AND_THEN]


def _runs(events: Sequence[Event]) -> list[tuple[str, Event]]:
    """Return types of events with the first event of each; a run of deltas is one.

    Annotations follow the run that they interrupted.
    """
    found: list[tuple[str, Event]] = []
    late: list[tuple[str, Event]] = []
    for event in events:
        kind = str(event.get("type"))
        if kind == ANNOTATION:
            late.append((kind, event))
        elif kind.endswith(".delta"):
            if not found or found[-1][0] != kind:
                found.append((kind, event))
        else:
            found += [*late, (kind, event)]
            late = []
    return found + late


def order_differs(
    got: Sequence[Event], want: Sequence[Event], *, loosely: bool
) -> Difference | None:
    """Return where the types of events first differ."""
    have, stated = [k for k, _ in _runs(steady(got))], [k for k, _ in _runs(steady(want))]
    if loosely:
        have, stated = sorted(set(have)), sorted(set(stated))
    if have == stated:
        return None
    pairs = zip(have, stated, strict=False)
    number = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
    one, other = (s[number] if number < len(s) else "the end" for s in (have, stated))
    return Difference(other, f"run {number}: {one} instead of {other}")


def members_differ(
    got: Sequence[Event], want: Sequence[Event], comparing: Comparing
) -> Difference | None:
    """Return where the members of events first differ; events are paired by type."""
    have: dict[str, list[Event]] = defaultdict(list)
    for kind, event in _runs(steady(got)):
        have[kind].append(event)
    seen: dict[str, int] = defaultdict(int)
    for kind, event in _runs(steady(want)):
        number = seen[kind]
        seen[kind] += 1
        if number >= len(have[kind]):
            if comparing.loosely:
                continue
            return Difference(kind, "no such event")
        found = comparing.difference(have[kind][number], event)
        if found is not None:
            return Difference(f"{kind} {found.place}", found.what)
    return None


def numbers_differ(got: Sequence[Event], first: object) -> Difference | None:
    """Return whether the sequence numbers of *got* do not count from *first* on."""
    begin = first if isinstance(first, int) else 0
    numbers = [event.get("sequence_number") for event in got]
    if numbers == list(range(begin, begin + len(numbers))):
        return None
    what = f"{numbers[:12]} instead of {begin}, {begin + 1}, …"
    return Difference("sequence_number", what)


def padding_differs(got: Sequence[Event], case: Case) -> Difference | None:
    """Return which event is padded otherwise than it should be: see `allowances`."""
    padded = {
        str(event.get("type")): "obfuscation" in event for event in case.events if "delta" in event
    }
    options: Any = case.sent.get("stream_options")
    is_off = is_object(options) and options.get("include_obfuscation") is False
    is_off = is_off or "include_obfuscation=false" in case.recording.request.query
    for event in got:
        kind, delta, padding = str(event.get("type")), event.get("delta"), event.get("obfuscation")
        if not isinstance(delta, str):
            if "obfuscation" in event:
                return Difference(kind, "obfuscation on an event that has no delta")
        elif kind in padded:
            if is_off or not padded[kind]:
                if padding is not None:
                    return Difference(kind, "obfuscation that the recording does not have")
            elif not _pads(padding, delta):
                return Difference(kind, f"{padding!r} beside a delta of {len(delta)}")
    return None


def _pads(padding: object, delta: str) -> bool:
    return (
        isinstance(padding, str)
        and len(padding) == -len(delta) % _PADDED_TO
        and allowances.PADDED_ALIKE.fullmatch(padding) is not None
    )


def ids_differ(got: Sequence[Event]) -> Difference | None:
    """Return where the events of a stream contradict each other; None: nowhere.

    They name one response, open and close items one after the other, and repeat at the end of a
    text what its deltas said.
    """
    return _Following().follow(got)


class _Following:
    """Follows a stream event by event."""

    def __init__(self) -> None:
        self._response: object = None
        self._opened: dict[int, Event] = {}
        self._closed: dict[int, Event] = {}
        self._texts: dict[tuple[object, ...], str] = defaultdict(str)
        self._last: Event | None = None

    def follow(self, events: Sequence[Event]) -> Difference | None:
        for event in events:
            kind = str(event.get("type"))
            found = self._response_of(event) or self._item_of(event, kind)
            found = found or self._text_of(event, kind)
            if found is not None:
                return Difference(kind, found)
        return self._whole()

    def _response_of(self, event: Event) -> str | None:
        response = as_object(event.get("response"))
        if not response:
            return None
        self._last = response
        self._response = self._response or self._last.get("id")
        if self._last.get("id") != self._response:
            return f"response {self._last.get('id')} after {self._response}"
        return None

    def _item_of(self, event: Event, kind: str) -> str | None:
        place = event.get("output_index")
        if place is None:
            return None
        if kind == "response.output_item.added":
            if place != len(self._opened) or (self._opened and place - 1 not in self._closed):
                return f"output_index {place} as item number {len(self._opened)}"
            self._opened[place] = event["item"]
            return None
        was = self._opened.get(place)
        if kind == "response.output_item.done":
            item = event["item"]
            same = ("id", "type", "call_id", "name")
            if was is None or place in self._closed or any(was.get(k) != item.get(k) for k in same):
                return f"{shown(item)} was added as {shown(was)}"
            self._closed[place] = item
            return None
        if was is None or place in self._closed or _other(event, was):
            state = "closed" if place in self._closed else "open"
            return f"{event.get('item_id')} at {place}, where {shown(was)} is {state}"
        return None

    def _text_of(self, event: Event, kind: str) -> str | None:
        index = event.get("content_index", event.get("summary_index"))
        part = (event.get("output_index"), kind.rpartition(".")[0], index)
        if kind.endswith(".delta") and isinstance(event.get("delta"), str):
            self._texts[part] += event["delta"]
        elif kind.endswith(".done") and part in self._texts:
            whole = next((event[k] for k in _WHOLE if isinstance(event.get(k), str)), None)
            if whole is not None and whole != self._texts[part]:
                return f"{shown(whole)} after deltas {shown(self._texts[part])}"
        return None

    def _whole(self) -> Difference | None:
        left = sorted(set(self._opened) - set(self._closed))
        if left:
            return Difference("response.output_item.done", f"items {left} stay open")
        if self._last is None:
            return Difference("response", "no event holds a response")
        if self._closed and self._last.get("status") in ("completed", "incomplete"):
            closed = [self._closed[place] for place in sorted(self._closed)]
            if _bare(self._last.get("output") or []) != _bare(closed):
                what = "the final object's output is not what the items were"
                return Difference("output", what)
        for item in self._opened.values():
            prefix = PREFIXES.get(str(item.get("type")))
            if prefix and not str(item.get("id")).startswith(f"{prefix}_"):
                return Difference("id", f"{item.get('id')} of a {item.get('type')}")
        if self._response and not str(self._response).startswith("resp_"):
            return Difference("id", f"{self._response} of a response")
        return None


def _other(event: Event, item: Event) -> bool:
    """Return whether *event* names another item than *item*."""
    return "item_id" in event and event["item_id"] != item.get("id")


def _bare(items: Sequence[Event]) -> list[Event]:
    """Return *items* without their ciphertexts, which are others each time."""
    return [{k: v for k, v in item.items() if k != "encrypted_content"} for item in items]
