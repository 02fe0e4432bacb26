"""What Azure has of its own in response objects: findings of its filters, and the deployment.

All else is as of OpenAI: members, ids, events, ciphertexts. Source: 77 recorded answers, 2025-10 to
2026-08. Where they differ, the newest: both findings are there (19 of 26 since 2026-06; 6 have none
on the prompt, and one has none at all), and are null until the answer is complete (all streams).
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from mockserver.contracts import (
    Answer,
    AnsweredCall,
    AnsweredPart,
    AnsweredRefusal,
    AnsweredText,
)
from mockserver.conversation import Part, Refusal, Text, ToolCall, ToolResult
from mockserver.protocols.openai.responses.response import FOUND, ORDER
from mockserver.providers.azure.filters import PROTECTED, STRUCK, finding, harms, not_detected
from mockserver.wire.jsontext import Filling, NumberHole
from mockserver.wire.rendered import Chunk, EventStream, JsonBody, Rendered

Json = dict[str, Any]

UNFINISHED: Final = frozenset({"queued", "in_progress"})
READ: Final = NumberHole("fr", 0)
WRITTEN: Final = NumberHole("fw", 0)
"""The places of the lengths, in characters, of what the filters have read and seen written."""


def adapted(rendered: Rendered, answer: Answer) -> Rendered:
    """Return *rendered*, a response or its events, as Azure sends it."""
    if isinstance(rendered, JsonBody):
        value: Any = rendered.value
        return JsonBody(_response(value, answer), rendered.layer, rendered.marks)
    chunks = [_event(chunk, answer) for chunk in rendered.chunks]
    return EventStream(chunks, rendered.content_type, rendered.obfuscated, rendered.end)


def lengths(answer: Answer) -> Filling:
    """Return how much the filters have read and seen written; how they count is not known.

    Recorded ends lie far beyond the texts, and differ from model to model: what they count is
    hidden. Here it is the characters of the conversation and of the answer.
    """
    read = sum([len(text) for turn in answer.request.turns for text in _texts(turn.parts)])
    written = sum([_length(part) for choice in answer.choices for part in choice.parts])
    return {READ.mark: str(read), WRITTEN.mark: str(written)}


def _texts(parts: Sequence[Part]) -> Iterator[str]:
    for part in parts:
        if isinstance(part, Text | Refusal | ToolResult):
            yield part.text
        elif isinstance(part, ToolCall):
            yield part.arguments


def _length(part: AnsweredPart) -> int:
    match part:
        case AnsweredText(text) | AnsweredRefusal(text):
            return len(text)
        case AnsweredCall():
            return len(part.arguments)
        case _:
            return 0


def _event(chunk: Chunk, answer: Answer) -> Chunk:
    value: Any = chunk.value
    if "response" not in value:
        return chunk
    return chunk._replace(value={**value, "response": _response(value["response"], answer)})


def _response(value: Json, answer: Answer) -> Json:
    """Return the response object *value* with what is Azure's own, in its place."""
    struck = any(choice.finish_reason == "content_filter" for choice in answer.choices)
    is_over = value["status"] not in UNFINISHED
    values: Json = {
        **value,
        FOUND: _found(struck=struck) if is_over else None,
        "model": deployment_of(answer),
    }
    # The payer is not told here (0 of 77).
    return {key: values[key] for key in ORDER if key in values and key != "billing"}


def deployment_of(answer: Answer) -> str:
    """Return the name that *answer* has for its model: the deployment's, unless one is stated."""
    is_own = answer.model.id == answer.request.model
    return answer.request.model if is_own else answer.model_name


def _found(*, struck: bool) -> list[Json]:
    """Return the findings on prompt and answer; one of the filters may have *struck* the answer."""
    answer = {name: not_detected() for name in PROTECTED} | harms(STRUCK if struck else None)
    return [
        finding("prompt", {**harms(), "jailbreak": not_detected()}, READ),
        finding("completion", answer, WRITTEN, blocked=struck),
    ]
