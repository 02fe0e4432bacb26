"""Nothing more is sent: for a while, until the test releases it, or until the client leaves."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from mockserver.contracts import Distorted, Failure, Scene
from mockserver.errors import BadValue
from mockserver.wire.bodies import is_stream, with_head
from mockserver.wire.moments import AfterHeaders, BeforeHeaders, End, split
from mockserver.wire.timeline import MOST_HELD_S, Abort, Data, Event, Hold, Pause, Timeline


@dataclass(frozen=True, slots=True, kw_only=True)
class Stall(Failure):
    """Stop sending at the failure's moment, and go on if the stall has an end.

    Attributes:
        for_s: Go on after so many seconds, at most 600.
        until: `released`: go on when the test releases the answer, after 600 real seconds at
            the latest. Without this and *for_s*, wait for the client to leave.
        comments_every_s: Meanwhile, keep the stream open with comments. A body in one piece gets
            empty lines, as some providers send, unless they would be part of its text.

    """

    kind = "stall"

    for_s: float | None = None
    until: Literal["released"] | None = None
    comments_every_s: float | None = None

    def __post_init__(self) -> None:
        super(Stall, self).__post_init__()
        if self.for_s is not None and self.until is not None:
            raise BadValue("until", "'for_s' and 'until' cannot be combined: a stall has one end")
        if self.for_s is not None and not 0 < self.for_s <= MOST_HELD_S:
            what = f"'for_s' must be above 0 and at most {MOST_HELD_S:.0f}, not {self.for_s}"
            raise BadValue("for_s", what)
        if self.comments_every_s is None:
            return
        if not MOST_OFTEN_S <= self.comments_every_s < math.inf:
            what = f"'comments_every_s' must be at least {MOST_OFTEN_S}"
            raise BadValue("comments_every_s", what)
        if isinstance(self.moment, BeforeHeaders):
            what = "nothing can be sent before the headers"
            raise BadValue("comments_every_s", what, "add a moment, such as 'at: after_headers'")

    @property
    def replaces(self) -> bool:
        """Whether no answer follows: it stalls before headers, and has no end."""
        return isinstance(self.moment, BeforeHeaders) and not self._ends

    @property
    def _ends(self) -> bool:
        return self.for_s is not None or self.until is not None

    def distort(self, timeline: Timeline, scene: Scene) -> Distorted:
        """Put the wait into *timeline*; no effect if the moment never comes."""
        assert self.moment is not None
        filler = self._filler(timeline, scene)
        parts = split(timeline, self.moment)
        if parts is None:
            return Distorted(timeline, had_effect=False)
        before, after = parts
        if filler:  # nobody knows beforehand how much longer the body gets
            before = with_head(before, lambda head: head._replace(content_length=None))
        if self.for_s is not None:
            return Distorted((*before, *self._wait(self.for_s, filler), *after))
        every_s = self.comments_every_s or 0
        rule = scene.rule(self)
        if self.until is not None:
            return Distorted((*before, Hold(rule, filler=filler, every_s=every_s), *after))
        hold = Hold(rule, releasable=False, filler=filler, every_s=every_s)
        return Distorted((*before, hold, Abort("fin")))

    def _filler(self, timeline: Timeline, scene: Scene) -> bytes:
        if self.comments_every_s is None:
            return b""
        if is_stream(timeline):
            return f": {scene.dialect.keep_alive}\n\n".encode()
        # Between the members of a JSON text, white space means nothing; within a text, it does.
        return b"\n" if isinstance(self.moment, AfterHeaders | End) else b""

    def _wait(self, for_s: float, filler: bytes) -> Iterator[Event]:
        """Yield a wait of *for_s* seconds with its comments."""
        every_s = self.comments_every_s or for_s
        waited_s = 0.0
        while filler and for_s - waited_s > every_s:
            yield Pause(every_s, self.scale)
            yield Data(filler)
            waited_s += every_s
        yield Pause(for_s - waited_s, self.scale)


MOST_OFTEN_S = 0.001
"""The shortest time between comments, so that a stall does not become a flood."""
