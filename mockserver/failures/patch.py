"""The JSON that is sent has other members than the provider's own, as other servers send it."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Final

from mockserver.contracts import (
    BadValue,
    Distorted,
    Failure,
    JsonValue,
    Moment,
    MomentWord,
    OneOrMore,
    Scene,
    Timeline,
    body,
    compact,
    is_list,
    is_object,
    is_stream,
)
from mockserver.wire.bodies import SentEvent, edit_body, map_events, map_first_event, read_json
from mockserver.wire.marks import Marks, Path, with_member, without

PATH: Final = re.compile(r"(?:(?:^|\.)[^.\[\]]+|\[(?:\d+|\*)\])+")
STEP: Final = re.compile(r"[^.\[\]]+|\[(?:\d+|\*)\]")
EACH: Final = "[*]"
HINT: Final = "write 'usage', 'choices[0].delta.role' or 'choices[*].delta.tool_calls[*].index'"


@dataclass(frozen=True, slots=True, kw_only=True)
class Patch(Failure):
    """Change members of the JSON that is sent, or with a moment those of one event after it.

    Attributes:
        remove: What to leave out, by path: `choices[*].delta.tool_calls[*].index`.
        set_: What to put in place of what stands at a path, or to add to the object there.

    """

    kind = "patch"
    default_moment: ClassVar[Moment | None] = None
    moments: ClassVar[tuple[MomentWord, ...]] = ("after_headers", "after_tokens", "after_bytes")

    remove: OneOrMore[str] = ()
    set_: Mapping[str, JsonValue] = field(default_factory=dict[str, JsonValue])

    def __post_init__(self) -> None:
        super(Patch, self).__post_init__()
        if not (self.remove or self.set_):
            raise BadValue("kind", "this changes nothing", "set 'remove' or 'set'")
        for key, paths in (("remove", self.remove), ("set", self.set_)):
            for path in paths:
                if not PATH.fullmatch(path):
                    raise BadValue(key, f"'{path}' is not a path into JSON", HINT)

    def distort(self, timeline: Timeline, scene: Scene) -> Distorted:  # noqa: ARG002 - the same for everyone
        """Return *timeline* with the members changed; no effect if none of them is there."""
        if not is_stream(timeline):
            bent = edit_body(timeline, self._body) if self.moment is None else timeline
        elif self.moment is None:
            bent = map_events(timeline, self._event)
        else:
            bent = map_first_event(timeline, self.moment, self._event)
        return Distorted(bent, had_effect=body(bent) != body(timeline))

    def _event(self, sent: SentEvent) -> str:
        return self._patched(sent.text, sent.json)

    def _body(self, text: str, marks: Marks) -> str:
        del marks
        return self._patched(text, read_json(text))

    def _patched(self, text: str, value: JsonValue) -> str:
        """Return *text*, whose JSON is *value*, with the members changed."""
        if value is None:
            return text
        for path in self.remove:
            # From the last to the first: items that follow one that goes change their place.
            for place in reversed([*_places(value, STEP.findall(path))]):
                text = without(text, place) or text
        for path, new in self.set_.items():
            for place in _places(value, STEP.findall(path), may_add=True):
                text = with_member(text, place, compact(new)) or text
        return text


def _places(
    value: JsonValue, steps: list[str], before: Path = (), *, may_add: bool = False
) -> Iterator[Path]:
    """Yield the places in *value* that *steps* lead to; the last may be a member *to add*."""
    if not steps:
        yield before
        return
    step, *rest = steps
    if not step.startswith("["):
        if is_object(value) and (step in value or (may_add and not rest)):
            yield from _places(value.get(step), rest, (*before, step), may_add=may_add)
    elif is_list(value):
        numbers = range(len(value)) if step == EACH else [int(step[1:-1])]
        for number in numbers:
            if number < len(value):
                yield from _places(value[number], rest, (*before, number), may_add=may_add)
