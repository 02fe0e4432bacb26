"""Something comes in a stream that does not belong there, or that clients do not expect."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Literal

from mockserver.contracts import IN_THE_BODY, Distorted, Failure, Scene
from mockserver.errors import BadValue
from mockserver.wire.bodies import (
    Json,
    at_event_end,
    choices_of,
    chunks_of,
    event,
    events_of,
    inner,
    is_stream,
    with_true_length,
)
from mockserver.wire.moments import AfterTokens, Moment, split
from mockserver.wire.timeline import Data, Timeline

What = Literal[
    "error_event",
    "empty_choices",
    "bad_json",
    "invalid_utf8",
    "duplicate",
    "cumulative",
    "comment",
    "empty_event",
]
Shape = Literal["error", "named_event", "object", "choice", "blank"]
SHAPES: dict[What, tuple[Shape, ...]] = {
    "error_event": ("error", "named_event", "object", "choice"),
    "empty_choices": ("blank",),
}
NO_UTF8 = b"\xff"


@dataclass(frozen=True, slots=True, kw_only=True)
class Inject(Failure):
    """Send something behind the event in which the moment falls.

    Attributes:
        what: An error event, behind which the stream ends; a chunk without choices; an event
            whose JSON breaks off; a chunk whose text is no UTF-8; the last event once more; a
            chunk with all the text so far; a comment; or an event without data.
        shape: How an error is told, instead of the dialect's own way: in an `error` member, the
            same in an event *named* error, as an object that says it is one, or in a chunk whose
            choice ends by it. A chunk without choices may be `blank`: without id and model, but
            with the results of a prompt's filter.
        message: What an error says.
        code: What an error is called.

    """

    kind = "inject"
    default_moment: ClassVar[Moment | None] = AfterTokens(1)
    moments = IN_THE_BODY

    what: What
    shape: Shape | None = None
    message: str | None = None
    code: str | None = None

    def __post_init__(self) -> None:
        super(Inject, self).__post_init__()
        if self.shape is not None and self.shape not in SHAPES.get(self.what, ()):
            known = SHAPES.get(self.what)
            hint = f"it has {' or '.join(map(repr, known))}" if known else "it has no shapes"
            raise BadValue("shape", f"'{self.what}' has no shape '{self.shape}'", hint)
        for key in ("message", "code"):
            if getattr(self, key) is not None and self.what != "error_event":
                raise BadValue(key, f"'{self.what}' is no error: '{key}' has no place in it")

    def distort(self, timeline: Timeline, scene: Scene) -> Distorted:
        """Put it into the stream *timeline*; a body in one piece can only hold no UTF-8."""
        assert self.moment is not None
        parts = split(timeline, self.moment)
        if parts is None:
            return Distorted(timeline, had_effect=False)
        before, after = parts
        if not is_stream(timeline):
            if self.what != "invalid_utf8":
                return Distorted(timeline, had_effect=False)
            return Distorted(with_true_length((*before, Data(NO_UTF8), *after)))
        before, after = at_event_end(before, after)
        sent = self._sent(before, after, scene)
        if sent is None:
            return Distorted(timeline, had_effect=False)
        if self.what == "error_event":
            return Distorted((*before, Data(sent)))
        return Distorted((*before, Data(sent), *after))

    def _sent(self, before: Timeline, after: Timeline, scene: Scene) -> bytes | None:
        """Return the bytes to send between *before* and *after*; None: there is nothing like it."""
        chunks = chunks_of(before)
        nearest = (*reversed(chunks), *chunks_of(after))
        found = next((one for one in nearest if choices_of(one)), None)
        none: Json = {}
        some = found or next(iter(nearest), none)
        match self.what:
            case "comment":
                return f": {scene.dialect.keep_alive}\n\n".encode()
            case "empty_event":
                return b"event: ping\ndata: \n\n"
            case "duplicate":
                return events_of(before)[-1] if chunks else None
            case "error_event":
                return self._error(nearest, scene)
            case "bad_json":
                text = event(some)
                return text[: len(text) // 2] + b"\n\n"
            case "empty_choices":
                return scene.dialect.empty_event(nearest, self.shape)
            case _ if found is None:
                return None
            case "invalid_utf8":
                return event(_saying(found, "\0")).replace(b"\\u0000", NO_UTF8)
            case "cumulative":
                return event(_saying(found, "".join(map(_said, chunks)))) if chunks else None

    def _error(self, nearest: Sequence[Json], scene: Scene) -> bytes:
        known = scene.dialect.broke_off()
        error = replace(known, message=self.message or known.message, code=self.code or known.code)
        return scene.dialect.stream_error(error, nearest, self.shape)


def _said(chunk: Json) -> str:
    """Return what *chunk* adds to the text of the first choice."""
    texts = (
        inner(choice, "delta").get("content") or choice.get("text")
        for choice in choices_of(chunk)
        if not choice.get("index")
    )
    return "".join(text for text in texts if isinstance(text, str))


def _saying(chunk: Json, text: str) -> Json:
    """Return a chunk like *chunk* whose first choice says *text*."""
    choice = choices_of(chunk)[0]
    spoken = {"text": text} if "text" in choice else {"delta": {"content": text}}
    said = {**choice, **spoken, "finish_reason": None}
    return {**chunk, "choices": [said]}
