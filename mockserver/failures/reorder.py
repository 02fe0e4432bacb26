"""Two events of a stream come in the wrong order, as through a queue that does not keep it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar, Final

from mockserver.contracts import Distorted, Failure, MomentWord, Scene
from mockserver.wire.bodies import END_OF_EVENT, at_event_end, is_stream
from mockserver.wire.moments import AfterTokens, Moment, split
from mockserver.wire.timeline import Data, Timeline

NAME: Final = re.compile(rb"^event: ?([^\r\n]*)", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reorder(Failure):
    """Send an event after the one that should follow it; each keeps its number.

    Attributes:
        event: The name of the event that comes too late: the first so called after the moment.
            Unless stated, the next one, whatever it is called.

    """

    kind = "reorder"
    never_null = frozenset({"event"})
    default_moment: ClassVar[Moment | None] = AfterTokens(1)
    moments: ClassVar[tuple[MomentWord, ...]] = ("after_headers", "after_tokens", "after_bytes")

    event: str | None = None

    def distort(self, timeline: Timeline, scene: Scene) -> Distorted:  # noqa: ARG002 - any two are alike
        """Return *timeline* with two of its events exchanged; no effect if there are none."""
        assert self.moment is not None
        parts = split(timeline, self.moment)
        if parts is None or not is_stream(timeline):
            return Distorted(timeline, had_effect=False)
        before, after = at_event_end(*parts)
        places = [*_events(after)]
        pairs = [pair for pair in pairwise(places) if self._is_meant(after, pair[0])]
        if not pairs:
            return Distorted(timeline, had_effect=False)
        first, second = pairs[0]
        bent = list(after)
        bent[first], bent[second] = after[second], after[first]
        return Distorted((*before, *bent))

    def _is_meant(self, timeline: Timeline, place: int) -> bool:
        event = timeline[place]
        named = NAME.search(event.payload) if isinstance(event, Data) else None
        return self.event is None or (named is not None and named[1].decode() == self.event)


def _events(timeline: Timeline) -> Iterator[int]:
    """Yield the places of the whole events in *timeline*; comments are none."""
    for place, event in enumerate(timeline):
        if isinstance(event, Data) and not event.payload.startswith(b":"):
            found = END_OF_EVENT.search(event.payload)
            if found is not None and found.end() == len(event.payload):
                yield place
