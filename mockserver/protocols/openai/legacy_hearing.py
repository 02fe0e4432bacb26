"""A legacy completion that this server did not make, read; marks are those of `completions`."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mockserver.contracts import Heard
from mockserver.conversation import Choice, Text
from mockserver.protocols.openai.chat_hearing import gather
from mockserver.protocols.openai.hearing import (
    END,
    END_MARKS,
    FINISH_REASONS,
    Pieces,
    bill,
    count_of,
    encoding_of,
    in_order,
    member,
    moment,
    numbered,
    objects,
    whole,
    words,
)
from mockserver.protocols.openai.marks import USAGE_MARKS, body_marks
from mockserver.wire.events import ServerEvent
from mockserver.wire.jsontext import JsonValue, is_list, is_object
from mockserver.wire.marks import CONTENT, FINISH, FRAME, Mark, Marks

Json = dict[str, JsonValue]


def completion_heard(
    sent: Mapping[str, Any], body: JsonValue, events: Sequence[ServerEvent]
) -> Heard:
    """Return what an answer to the legacy request *sent* says; an echoed prompt is part of it."""
    if events:
        return _Stream(sent, events).heard
    choices = in_order(objects(body, "choices"))
    texts = [words(choice, "text") or "" for choice in choices]
    ended = [words(choice, "finish_reason") for choice in choices]
    usage = bill(member(body, "usage"))
    return Heard(
        **_identity(body),
        **_said(texts, ended),
        usage=usage,
        marks=body_marks(len(choices), has_messages=False, has_usage=usage is not None)
        if choices
        else (),
        tokens=count_of(texts, encoding_of(words(body, "model"), words(sent, "model"))),
    )


def _identity(answer: JsonValue) -> dict[str, Any]:
    provider = words(answer, "provider")
    return {
        "id": words(answer, "id"),
        "model": words(answer, "model") or None,
        "created": moment(answer, "created"),
        "system_fingerprint": words(answer, "system_fingerprint"),
        "members": {"provider": provider} if provider else {},
    }


def _said(texts: Sequence[str], ended: Sequence[str | None]) -> dict[str, Any]:
    said = [
        Choice((Text(text),), FINISH_REASONS.get(reason))
        for text, reason in zip(texts, ended, strict=True)
    ]
    return {"choices": tuple(said), "finish_reasons": tuple(ended)}


class _Stream:
    """The chunks of one answer."""

    def __init__(self, sent: Mapping[str, Any], events: Sequence[ServerEvent]) -> None:
        self._pieces = Pieces()
        self._ended: dict[int, str | None] = {}
        self._answer: Json = {}
        marks = [self._read(number, event) for number, event in enumerate(events)]
        encoding = encoding_of(words(self._answer, "model"), words(sent, "model"))
        self._events = self._pieces.counted(encoding, marks)

    @property
    def heard(self) -> Heard:
        """What all chunks together say."""
        indices = sorted(self._ended)
        texts = [self._pieces.text((index,)) for index in indices]
        return Heard(
            **_identity(self._answer),
            **_said(texts, [self._ended[index] for index in indices]),
            usage=bill(self._answer.get("usage")),
            events=self._events,
        )

    def _read(self, event: int, sent: ServerEvent) -> Marks:
        if sent.data.strip() == END:
            return END_MARKS
        chunk = sent.json
        if not is_object(chunk):
            return ()
        gather(self._answer, chunk)
        marks: list[Mark] = [Mark(FRAME, ("choices",))] if is_list(chunk.get("choices")) else []
        for number, choice in numbered(chunk, "choices"):
            marks += self._read_choice(event, number, choice)
        if bill(chunk.get("usage")) is not None:
            marks += USAGE_MARKS
        return tuple(marks)

    def _read_choice(self, event: int, number: int, choice: Json) -> Iterator[Mark]:
        index = whole(choice, "index") or 0
        text, finish = words(choice, "text"), words(choice, "finish_reason")
        self._ended[index] = finish or self._ended.get(index)
        self._pieces.add(event, (index,), text or "")
        if text or (text is not None and finish is None):
            yield Mark(CONTENT, ("choices", number, "text"), index)
        if finish is not None:
            yield Mark(FINISH, ("choices", number, "finish_reason"), index)
