"""The body arrives in small pieces, each after a pause: alive, but unexpectedly slow."""

import math
from dataclasses import dataclass
from typing import ClassVar

from mockserver.contracts import Distorted, Failure, Scene
from mockserver.errors import BadValue
from mockserver.wire.bodies import recut
from mockserver.wire.moments import AfterHeaders, Moment, split
from mockserver.wire.timeline import Data, Event, Pause, Timeline, body

MOST_PIECES = 100_000
"""Pieces of an answer; a longer one is dripped in larger pieces, at the same pace."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drip(Failure):
    """From the moment on, send the body in small pieces, with a pause before each.

    Attributes:
        bytes: The size of a piece.
        every_ms: The pause before each piece, in milliseconds.

    """

    kind = "drip"
    default_moment: ClassVar[Moment | None] = AfterHeaders()
    moments = ("after_headers", "after_tokens", "after_bytes")

    bytes: int = 8
    every_ms: float = 20

    def __post_init__(self) -> None:
        super(Drip, self).__post_init__()
        if self.bytes < 1:
            raise BadValue("bytes", f"'bytes' must be at least 1, not {self.bytes}")
        if not 0 <= self.every_ms < math.inf:
            raise BadValue("every_ms", f"'every_ms' must be at least 0, not {self.every_ms}")

    def distort(self, timeline: Timeline, scene: Scene) -> Distorted:  # noqa: ARG002 - a drip is a drip
        """Cut what follows the moment into pieces; no effect if nothing does."""
        assert self.moment is not None
        parts = split(timeline, self.moment)
        if parts is None or not (size := len(body(parts[1]))):
            return Distorted(timeline, had_effect=False)
        least = math.ceil(size / MOST_PIECES)
        step = max(self.bytes, least)
        pause = Pause(self.every_ms * step / self.bytes / 1_000, self.scale)
        dripped: list[Event] = list(parts[0])
        for event in recut(parts[1], lambda run: [step] * math.ceil(len(run) / step)):
            dripped += (pause, event) if isinstance(event, Data) else (event,)
        return Distorted(tuple(dripped))
