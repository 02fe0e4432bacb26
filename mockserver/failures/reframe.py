"""The same bytes, or nearly: split differently, with other line endings."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import repeat
from typing import ClassVar, Literal

from mockserver.contracts import Distorted, Failure, MomentWord, Scene
from mockserver.errors import BadValue
from mockserver.wire.bodies import is_stream, recut
from mockserver.wire.moments import Moment
from mockserver.wire.timeline import Data, Timeline, data_events

NEWLINES = {"lf": b"\n", "crlf": b"\r\n", "cr": b"\r"}
END_OF_LINE = re.compile(rb"\r\n|\n|\r")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reframe(Failure):
    """Send the same answer split or written in other ways that HTTP and SSE allow, or nearly do.

    Attributes:
        split: Where chunks of the transfer coding end: after each `token`, `line` or `byte`, or
            after so many bytes, wherever that falls.
        newline: What ends the lines of a stream.
        space: Whether a space follows `data:` in a stream.
        last_blank_line: Whether a stream's last event has the blank line that ends it.

    """

    kind = "reframe"
    default_moment: ClassVar[Moment | None] = None
    moments: ClassVar[tuple[MomentWord, ...]] = ()

    split: Literal["token", "line", "byte"] | int | None = None
    newline: Literal["lf", "crlf", "cr"] = "lf"
    space: bool = True
    last_blank_line: bool = True

    def __post_init__(self) -> None:
        super(Reframe, self).__post_init__()
        if isinstance(self.split, int) and self.split < 1:
            raise BadValue("split", f"'split' must be at least 1, not {self.split}")
        if self.split is None and self._keeps_events:
            hint = "set 'split', 'newline', 'space' or 'last_blank_line'"
            raise BadValue("split", "this changes nothing", hint)

    @property
    def _keeps_events(self) -> bool:
        return self.newline == "lf" and self.space and self.last_blank_line

    def distort(self, timeline: Timeline, scene: Scene) -> Distorted:  # noqa: ARG002 - the same for everyone
        """Return *timeline* in other pieces; keys about streams have no effect on a body."""
        bent = timeline
        if not self._keeps_events and is_stream(timeline):
            bent = self._respelled(timeline)
        match self.split:
            case None:
                return Distorted(bent, had_effect=bent is not timeline)
            case "token":
                return Distorted(bent, had_effect=any(data_events(bent)))
            case "line":
                bent = recut(bent, _lines)
            case "byte":
                bent = recut(bent, lambda run: repeat(1, len(run)))
            case int(size):
                bent = recut(bent, lambda run: repeat(size, len(run) // size))
        return Distorted(bent, had_effect=any(data_events(bent)))

    def _respelled(self, timeline: Timeline) -> Timeline:
        """Return the stream *timeline* with its lines written differently."""
        last = max((i for i, event in enumerate(timeline) if isinstance(event, Data)), default=-1)
        out = list(timeline)
        for position, event in enumerate(timeline):
            if not isinstance(event, Data):
                continue
            text = event.payload
            if position == last and not self.last_blank_line:
                text = text.removesuffix(b"\n")
            if not self.space:
                text = re.sub(rb"^data: ", b"data:", text, flags=re.MULTILINE)
            out[position] = Data(text.replace(b"\n", NEWLINES[self.newline]), event.tokens)
        return tuple(out)


def _lines(run: bytes) -> Iterator[int]:
    position = 0
    for end in END_OF_LINE.finditer(run):
        yield end.end() - position
        position = end.end()
