"""Parts of the answer are missing, though the API promises them."""

from dataclasses import dataclass
from typing import ClassVar, Final, Literal

from mockserver.contracts import BadValue, Distorted, Failure, MomentWord, OneOrMore, Scene
from mockserver.wire.bodies import SentEvent, edit_body, is_stream, map_events, map_first_event
from mockserver.wire.marks import (
    COMPLETED,
    DONE,
    FINISH,
    FRAME,
    GENERATED,
    OPENING,
    ROLE,
    USAGE,
    Marks,
    says_only,
    with_value,
    without,
)
from mockserver.wire.moments import Moment
from mockserver.wire.timeline import Timeline, body

Part = Literal[
    "done",
    "finish_reason",
    "completed",
    "opening",
    "usage",
    "completion_tokens",
    "role",
    "choices",
]
MARKED: Final[dict[Part, str]] = {
    "done": DONE,
    "finish_reason": FINISH,
    "completed": COMPLETED,
    "opening": OPENING,
    "usage": USAGE,
    "completion_tokens": GENERATED,
    "role": ROLE,
    "choices": FRAME,
}
"""What a protocol marks, by what scenarios call it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Omit(Failure):
    """Leave parts out of the whole answer, or with a moment out of one event after it.

    Attributes:
        parts: `done`: what ends a stream (`[DONE]`), or in it each thing that is done (`.done`);
            `finish_reason`: the event that states it, or null in it if the event has more;
            `completed`: the last event, which has the whole answer; `opening`: the first, which
            have nothing of it yet; `usage`: the bill, in a stream with its event;
            `completion_tokens`: null in the bill; `role` and `choices`: left out everywhere.

    """

    kind = "omit"
    default_moment: ClassVar[Moment | None] = None
    moments: ClassVar[tuple[MomentWord, ...]] = ("after_headers", "after_tokens", "after_bytes")

    parts: OneOrMore[Part]

    def __post_init__(self) -> None:
        super(Omit, self).__post_init__()
        if not self.parts:
            raise BadValue("parts", "the list is empty")

    def distort(self, timeline: Timeline, scene: Scene) -> Distorted:  # noqa: ARG002 - what lacks needs no scene
        """Return *timeline* without the parts; no effect if it has none of them."""
        if not is_stream(timeline):
            left = edit_body(timeline, self._body) if self.moment is None else timeline
        elif self.moment is None:
            left = map_events(timeline, self._event)
        else:
            left = map_first_event(timeline, self.moment, self._event)
        return Distorted(left, had_effect=body(left) != body(timeline))

    @property
    def _kinds(self) -> frozenset[str]:
        return frozenset(MARKED[part] for part in self.parts)

    def _event(self, sent: SentEvent) -> str:
        """Return what is left of the event *sent*."""
        if any(not mark.path and mark.kind in self._kinds for mark in sent.marks):
            return ""
        for kind in (DONE, FINISH, USAGE):
            if kind in self._kinds and says_only(kind, sent.marks):
                return ""
        return self._left(sent.text, sent.marks, emptied=frozenset({FINISH, GENERATED}))

    def _body(self, text: str, marks: Marks) -> str:
        """Return what is left of a body."""
        return self._left(text, marks, emptied=frozenset({GENERATED}))

    def _left(self, text: str, marks: Marks, *, emptied: frozenset[str]) -> str:
        """Return *text* without what is marked; kinds that are *emptied* become null instead."""
        # What is inside goes before what holds it.
        for mark in sorted(marks, key=lambda mark: -len(mark.path)):
            if mark.kind not in self._kinds:
                continue
            if mark.kind in emptied:
                changed = with_value(text, mark.path, "null")
            else:
                changed = without(text, mark.path)
            text = text if changed is None else changed
        return text
