"""Parts of the answer are not there, though the API promises them."""

from dataclasses import dataclass
from typing import ClassVar, Literal

from mockserver.contracts import Distorted, Failure, MomentWord, Scene
from mockserver.errors import BadValue
from mockserver.wire.bodies import (
    DONE,
    Json,
    choices_of,
    chunk_of,
    edit_json,
    event,
    inner,
    is_stream,
    map_events,
)
from mockserver.wire.moments import Moment
from mockserver.wire.timeline import Timeline, body

Part = Literal["done", "finish_reason", "usage", "completion_tokens", "role", "choices"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Omit(Failure):
    """Leave *parts* out of the whole answer.

    `done` is the `[DONE]` of a stream. Without `finish_reason`, a stream lacks the chunk that
    tells it, or has null in it if the chunk tells more; without `usage`, the chunk of the bill.
    `completion_tokens` is null in the bill. `role` and `choices` are left out wherever they are.
    """

    kind = "omit"
    default_moment: ClassVar[Moment | None] = None
    moments: ClassVar[tuple[MomentWord, ...]] = ()

    parts: tuple[Part, ...]

    def __post_init__(self) -> None:
        super(Omit, self).__post_init__()
        if not self.parts:
            raise BadValue("parts", "the list is empty")

    def distort(self, timeline: Timeline, scene: Scene) -> Distorted:  # noqa: ARG002 - what lacks needs no scene
        """Return *timeline* without the parts; no effect if it has none of them."""
        if is_stream(timeline):
            left = map_events(timeline, self._event)
        else:
            left = edit_json(timeline, self._body) or timeline
        return Distorted(left, had_effect=body(left) != body(timeline))

    def _event(self, sent: bytes) -> bytes:
        """Return what is left of the event *sent*."""
        if sent.startswith(DONE):
            return b"" if "done" in self.parts else sent
        chunk = chunk_of(sent)
        if chunk is None:
            return sent
        choices = choices_of(chunk)
        if "usage" in self.parts and chunk.get("usage") and not choices:
            return b""
        changed = False
        if "finish_reason" in self.parts and any(one.get("finish_reason") for one in choices):
            if all(one.get("finish_reason") and _is_bare(one) for one in choices):
                return b""
            changed = True
            for choice in choices:
                choice["finish_reason"] = None
        changed = self._drop(chunk, choices, "delta") or changed
        return event(chunk) if changed else sent

    def _body(self, answer: Json) -> None:
        """Leave the parts out of *answer*."""
        if "finish_reason" in self.parts:
            for choice in choices_of(answer):
                choice.pop("finish_reason", None)
        self._drop(answer, choices_of(answer), "message")

    def _drop(self, value: Json, choices: list[Json], spoken: str) -> bool:
        """Leave out of *value* what chunks and answers have alike; return whether it was there."""
        dropped = False
        usage = value.get("usage")
        if "usage" in self.parts and "usage" in value:
            dropped = value.pop("usage", None) is not None or dropped
        elif "completion_tokens" in self.parts and usage:
            usage["completion_tokens"] = None
            dropped = True
        for choice in choices if "role" in self.parts else ():
            dropped = inner(choice, spoken).pop("role", None) is not None or dropped
        if "choices" in self.parts and "choices" in value:
            del value["choices"]
            dropped = True
        return dropped


def _is_bare(choice: Json) -> bool:
    """Return whether *choice* of a chunk tells of nothing but its end."""
    return not choice.get("delta") and not choice.get("text")
