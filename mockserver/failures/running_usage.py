"""Every chunk of a stream states the bill so far, as some servers do instead of once at the end."""

from dataclasses import dataclass
from typing import ClassVar

from mockserver.contracts import Distorted, Failure, Moment, MomentWord, Scene, Timeline, is_stream
from mockserver.wire.bodies import SentEvent, events_of, map_events
from mockserver.wire.jsontext import compact
from mockserver.wire.marks import (
    FRAME,
    GENERATED,
    TOTAL,
    USAGE,
    Path,
    value_at,
    with_member,
    with_value,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningUsage(Failure):
    """Put the bill of what is sent so far into every chunk; the request must ask for a bill."""

    kind = "running_usage"
    default_moment: ClassVar[Moment | None] = None
    moments: ClassVar[tuple[MomentWord, ...]] = ()

    def distort(self, timeline: Timeline, scene: Scene) -> Distorted:  # noqa: ARG002 - the same for everyone
        """Return *timeline* with the bills; no effect on a body, and where no bill is sent."""
        sent = events_of(timeline) if is_stream(timeline) else []
        billing = next((event for event in sent if event.find(USAGE) is not None), None)
        if billing is None:
            return Distorted(timeline, had_effect=False)
        bent = map_events(timeline, lambda event: _billed(event, billing))
        return Distorted(bent, had_effect=bent != timeline)


def _billed(event: SentEvent, billing: SentEvent) -> str:
    """Return *event* with the part of the bill in *billing* that it is sent with."""
    usage, generated, total = billing.find(USAGE), billing.find(GENERATED), billing.find(TOTAL)
    if event.find(USAGE) is not None or event.find(FRAME) is None:
        return event.text
    assert usage is not None
    text = compact(value_at(billing.text, usage.path))
    if generated is not None:
        whole = value_at(billing.text, generated.path)
        if total is not None:
            read = value_at(billing.text, total.path) - whole
            text = _with_count(text, total.path[len(usage.path) :], read + event.tokens)
        text = _with_count(text, generated.path[len(usage.path) :], event.tokens)
    return with_member(event.text, usage.path, text) or event.text


def _with_count(text: str, path: Path, count: int) -> str:
    return with_value(text, path, str(count)) or text
