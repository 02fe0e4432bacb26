"""A stream contains something that does not belong there, or that clients do not expect."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Final, Literal

from mockserver.contracts import (
    IN_THE_BODY,
    UNSTATED,
    Distorted,
    Failure,
    Scene,
    Unstated,
    broken_off,
)
from mockserver.conversation import ApiError
from mockserver.errors import BadValue
from mockserver.wire.bodies import (
    SentEvent,
    at_event_end,
    chunks_of,
    encoded,
    events_of,
    is_stream,
    renumbered,
    with_text,
    with_true_length,
)
from mockserver.wire.jsontext import JsonValue, compact
from mockserver.wire.marks import (
    CALL,
    COMPLETED,
    CONTENT,
    DONE,
    FILLER,
    FRAME,
    GENERATED,
    OPENING,
    ORDINAL,
    REFUSAL,
    THOUGHT,
    TOTAL,
    USAGE,
    value_at,
)
from mockserver.wire.moments import AfterTokens, Moment, split
from mockserver.wire.moulds import BLOCK
from mockserver.wire.sse import written
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
    "event",
]
Shape = Literal["error", "named_event", "object", "choice", "flat", "blank"]
SHAPES: dict[What, tuple[Shape, ...]] = {
    "error_event": ("error", "named_event", "object", "choice", "flat"),
    "empty_choices": ("blank",),
}
NO_UTF8 = b"\xff"
_OF_ERRORS: Final = {
    **dict.fromkeys(("message", "type", "code", "metadata")),
    "finish_reason": "error",
}
"""The keys that only errors have, and what they are unless stated."""
NOT_SAID: Final = frozenset(
    {COMPLETED, DONE, FILLER, FRAME, GENERATED, OPENING, ORDINAL, TOTAL, USAGE}
)
"""What a stream has besides the answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inject(Failure):
    """Send something unexpected after the event in which the moment falls.

    Attributes:
        what: `error_event`: an error, which ends the stream; `empty_choices`: a chunk without
            choices; `bad_json`: an event whose JSON breaks off; `invalid_utf8`: a chunk whose
            text is not UTF-8; `duplicate`: the last event again; `cumulative`: a chunk with all
            the text so far; `comment`: a comment; `empty_event`: an event without data; `event`:
            an event of your own.
        shape: The form of an error, instead of the provider's own: `error`: an error member;
            `named_event`: the same, in an event called error; `object`: an object that calls
            itself an error; `choice`: a chunk whose choice ends with the error; `flat`: an
            object whose members are those of the error. Chunks without choices may be `blank`:
            no id or model, but the results of the prompt's filter.
        message: The error's message.
        type: The error's type.
        code: The error's code; a number goes out as one.
        metadata: What the error has besides, as OpenRouter's have: `raw`, `provider_name` and more.
        finish_reason: What the choices of a chunk that reports an error end with; null: nothing,
            as recorded in 2025. For shapes and providers that report errors in chunks.
        data: The data of your own event: a text, sent as it is, or any JSON.
        event: The name of your own event.

    """

    kind = "inject"
    never_null = frozenset({"shape", "message", "type", "code"})
    default_moment: ClassVar[Moment | None] = AfterTokens(1)
    moments = IN_THE_BODY

    what: What
    shape: Shape | None = None
    message: str | None = None
    type: str | None = None
    code: str | int | None = None
    metadata: Mapping[str, Any] | None = None
    finish_reason: str | None = "error"
    data: JsonValue | Unstated = UNSTATED
    event: str | None = None

    def __post_init__(self) -> None:
        super(Inject, self).__post_init__()
        if self.shape is not None and self.shape not in SHAPES.get(self.what, ()):
            known = SHAPES.get(self.what)
            hint = (
                f"use {' or '.join(map(repr, known))}" if known else "remove 'shape': it has none"
            )
            raise BadValue("shape", f"'{self.what}' has no shape '{self.shape}'", hint)
        for key, usual in _OF_ERRORS.items():
            if getattr(self, key) != usual and self.what != "error_event":
                raise BadValue(key, f"'{key}' is only for 'error_event', not for '{self.what}'")
        for key, stated in (("data", self.data), ("event", self.event)):
            if stated not in (None, UNSTATED) and self.what != "event":
                raise BadValue(key, f"'{key}' is only for 'event', not for '{self.what}'")
        if self.what == "event" and isinstance(self.data, Unstated):
            raise BadValue("what", "an event of your own needs 'data'")

    def distort(self, timeline: Timeline, scene: Scene) -> Distorted:
        """Put it into the stream *timeline*; a body in one piece takes only invalid UTF-8."""
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
        if self.what == "error_event":
            return broken_off(timeline, (before, after), self._error(scene), scene, self.shape)
        sent = self._sent(before, after, scene)
        if sent is None:
            return Distorted(timeline, had_effect=False)
        bent = (*before, sent, *after)
        return Distorted(renumbered(bent) if sent.marks else bent)

    def _sent(self, before: Timeline, after: Timeline, scene: Scene) -> Data | None:
        """Return what to send between *before* and *after*; None: nothing fits."""
        passed = events_of(before)
        nearest = [*reversed(passed), *events_of(after)]
        sent: bytes | None = None
        match self.what:
            case "comment":
                sent = f": {scene.dialect.keep_alive}\n\n".encode()
            case "event":
                data = self.data if isinstance(self.data, str) else compact(self.data)
                sent = written(data, self.event)
            case "empty_event":
                sent = b"event: ping\ndata: \n\n"
            case "duplicate":
                sent = passed[-1].payload if any(map(_says, passed)) else None
            case "empty_choices":
                sent = scene.dialect.empty_event(chunks_of(nearest), self.shape)
            case "bad_json":
                sent = _broken_off(nearest)
            case _:
                return self._said(passed, nearest, scene.draw.text("injected-padding", BLOCK))
        return None if sent is None else Data(sent)

    def _said(
        self, passed: Sequence[SentEvent], nearest: Sequence[SentEvent], padding: str
    ) -> Data | None:
        """Return an event like the nearest that says what it should not."""
        if self.what == "cumulative":
            whole = "".join(_texts(passed))
            return _saying(nearest, whole, padding) if any(map(_says, passed)) else None
        spoken = _saying(nearest, "\0", padding)
        if spoken is None:
            return None
        return spoken._replace(payload=spoken.payload.replace(b"\\u0000", NO_UTF8))

    def _error(self, scene: Scene) -> ApiError:
        known = scene.dialect.broke_off()
        return replace(
            known,
            message=known.message if self.message is None else self.message,
            type=known.type if self.type is None else self.type,
            code=known.code if self.code is None else self.code,
            is_stated=self.code is not None,
            metadata=self.metadata,
            finish_reason=self.finish_reason,
        )


def _says(event: SentEvent) -> bool:
    """Return whether *event* says something of the answer."""
    return bool({mark.kind for mark in event.marks} - NOT_SAID)


def _broken_off(nearest: Sequence[SentEvent]) -> bytes:
    """Return the first half of an event of the answer, or of any other with JSON."""
    speaking = [event for event in nearest if _says(event)]
    text = next(
        (event.text for event in (*speaking, *nearest) if event.json is not None), "data: {}\n\n"
    )
    whole = encoded(text)
    return whole[: len(whole) // 2] + b"\n\n"


def _texts(events: Sequence[SentEvent]) -> Iterator[str]:
    """Yield what *events* add to the text of the first choice."""
    for event in events:
        mark = event.find(CONTENT)
        if mark is not None and mark.choice == 0:
            text = value_at(event.text, mark.path)
            yield text if isinstance(text, str) else ""


def _saying(nearest: Sequence[SentEvent], text: str, padding: str) -> Data | None:
    """Return an event like the *nearest* with a text, or with arguments, that says *text*."""
    for kinds in ((CONTENT,), (CONTENT, REFUSAL, THOUGHT, CALL)):
        for event in nearest:
            mark = next((found for kind in kinds if (found := event.find(kind))), None)
            if mark is not None and (len(kinds) > 1 or value_at(event.text, mark.path)):
                changed = with_text(event.text, mark, event.marks, text, padding)
                return None if changed is None else Data(encoded(changed), 0, event.marks)
    return None
