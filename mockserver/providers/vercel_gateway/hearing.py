"""An answer of the `ai` package's endpoint that this server did not make, read.

It is of any of the specifications; marks are those of our own answers (`answers`).
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from mockserver.contracts import Heard
from mockserver.conversation import AnswerPart, Choice, FinishReason, Text, Thought, ToolCall, Usage
from mockserver.protocols.openai.hearing import (
    END,
    END_MARKS,
    Pieces,
    count_of,
    encoding_of,
    member,
    objects,
    summed,
    whole,
    words,
    written,
)
from mockserver.providers.vercel_gateway.answers import (
    CALL_PIECE,
    FINISHED,
    FINISHED_OF_SECOND,
    TEXT_PIECE,
    THOUGHT_PIECE,
    UNIFIED,
    WHOLE_CALL,
)
from mockserver.wire.events import ServerEvent
from mockserver.wire.jsontext import JsonValue, is_object
from mockserver.wire.marks import FRAME, Mark, Marks

Json = dict[str, JsonValue]

REASONS: Final[Mapping[str | None, FinishReason]] = {
    **{word: reason for reason, word in UNIFIED.items() if reason != "function_call"},
    "error": "error",
}
"""Finish reasons by the words of this protocol."""
PIECES: Final[Mapping[str, Marks]] = {
    "text-delta": TEXT_PIECE,
    "reasoning-delta": THOUGHT_PIECE,
    "tool-input-delta": CALL_PIECE,
}
"""The marks of parts with pieces of a text, by their types."""


def language_model_heard(
    sent: Mapping[str, Any], body: JsonValue, events: Sequence[ServerEvent]
) -> Heard:
    """Return what an answer to the request *sent* says: *body*, or the *events* of a stream."""
    if events:
        return _Stream(sent, events).heard
    content = objects(body, "content")
    parts = [part for one in content for part in _part(one)]
    model = words(body, "response", "modelId")
    texts = [one.arguments if isinstance(one, ToolCall) else one.text for one in parts]
    marks = (Mark(FRAME, ("content",)), *_ending(body)) if is_object(body) else ()
    return Heard(
        id=words(body, "response", "id"),
        model=model,
        created=_moment(words(body, "response", "timestamp")),
        **_ended(parts, body),
        marks=marks,
        tokens=count_of(texts, encoding_of(model, words(sent, "model"))),
    )


def _part(one: JsonValue) -> list[Text | Thought | ToolCall]:
    match member(one, "type"):
        case "text":
            return [Text(words(one, "text") or "")]
        case "reasoning":
            return [Thought(words(one, "text") or "")]
        case "tool-call":
            return [_call(one)]
        case _:
            return []


def _call(part: JsonValue) -> ToolCall:
    # Early versions of the package have `args`.
    given = member(part, "input")
    arguments = written(member(part, "args") if given is None else given)
    return ToolCall(words(part, "toolName") or "", arguments, words(part, "toolCallId"))


def _ended(parts: Sequence[AnswerPart], last: JsonValue) -> dict[str, Any]:
    """Return what *last*, a body or the part that finishes, says of an answer with *parts*."""
    stated = member(last, "finishReason")
    reason = words(stated, "unified") if is_object(stated) else words(last, "finishReason")
    native = words(stated, "raw")
    said = parts or reason
    return {
        "choices": (Choice(tuple(parts), REASONS.get(reason)),) if said else (),
        "finish_reasons": (reason,) if said else (),
        "usage": _bill(member(last, "usage")),
        "members": {"native_finish_reason": native} if native else {},
    }


def _ending(last: JsonValue) -> Marks:
    """Return the marks of *last*, which is of the second specification or of a later one."""
    has_parts = is_object(member(last, "usage", "outputTokens"))
    return FINISHED if has_parts else FINISHED_OF_SECOND


def _bill(usage: JsonValue) -> Usage | None:
    if is_object(member(usage, "inputTokens")) or is_object(member(usage, "outputTokens")):
        read, wrote = whole(usage, "inputTokens", "total"), whole(usage, "outputTokens", "total")
        cached = whole(usage, "inputTokens", "cacheRead")
        thought = whole(usage, "outputTokens", "reasoning")
    else:
        read, wrote = whole(usage, "inputTokens"), whole(usage, "outputTokens")
        cached = whole(usage, "cachedInputTokens")
        thought = whole(usage, "reasoningTokens")
    if read is None and wrote is None:
        return None
    found = Usage(
        read or 0,
        wrote or 0,
        cached or 0,
        thought or 0,
        cache_write_tokens=whole(usage, "inputTokens", "cacheWrite") or 0,
    )
    return summed(found, whole(usage, "totalTokens"))


def _moment(timestamp: str | None) -> int | None:
    try:
        return None if timestamp is None else int(datetime.fromisoformat(timestamp).timestamp())
    except (ValueError, OverflowError):
        return None


class _Stream:
    """The parts of a stream, read one after the other; a text has an id."""

    def __init__(self, sent: Mapping[str, Any], events: Sequence[ServerEvent]) -> None:
        self._pieces = Pieces()
        self._opened: list[tuple[str, str, str]] = []
        """What has begun: its kind, its id, and the name of its tool."""
        self._calls: dict[str, ToolCall] = {}
        self._about: Json = {}
        self._last: Json = {}
        marks = [self._read(number, event) for number, event in enumerate(events)]
        model = words(self._about, "modelId")
        encoding = encoding_of(model, words(sent, "model"))
        self.heard = Heard(
            id=words(self._about, "id"),
            model=model,
            created=_moment(words(self._about, "timestamp")),
            **_ended(self._parts(), self._last),
            events=self._pieces.counted(encoding, marks),
        )

    def _parts(self) -> list[AnswerPart]:
        parts: list[AnswerPart] = []
        for kind, identity, tool in self._opened:
            text = self._pieces.text((kind, identity))
            match kind:
                case "text":
                    parts.append(Text(text))
                case "reasoning":
                    parts.append(Thought(text))
                case _:
                    parts.append(self._calls.get(identity) or ToolCall(tool, text, identity))
        return parts

    def _open(self, kind: str, identity: str, tool: str = "") -> None:
        if not any(one[:2] == (kind, identity) for one in self._opened):
            self._opened.append((kind, identity, tool))

    def _read(self, event: int, sent: ServerEvent) -> Marks:
        """Take event number *event*, and return the marks on it."""
        if sent.data.strip() == END:
            return END_MARKS
        part = sent.json
        name, identity = words(part, "type") or "", words(part, "id") or ""
        kind, _, stage = name.rpartition("-")
        if name == "response-metadata":
            self._about = part
        elif name == "finish":
            self._last = part
            return _ending(part)
        elif name == "tool-call":
            call = _call(part)
            self._calls[call.id or ""] = call
            self._open("tool-input", call.id or "")
            return WHOLE_CALL
        elif stage == "start" and kind in {"text", "reasoning", "tool-input"}:
            self._open(kind, identity, words(part, "toolName") or "")
        elif name in PIECES and (piece := words(part, "delta")) is not None:
            self._open(kind, identity)
            self._pieces.add(event, (kind, identity), piece)
            return PIECES[name]
        return ()
