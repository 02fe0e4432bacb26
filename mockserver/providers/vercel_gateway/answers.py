"""An answer as the `ai` package reads it: in one piece, or in the parts of a stream.

Specifications 3 and 4 do not differ here; specification 2 has its own words for the finish reason,
the bill and warnings. All have exactly one choice.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

from mockserver.contracts import Answer, AnsweredCall, AnsweredChoice
from mockserver.conversation import FinishReason, Usage
from mockserver.providers.vercel_gateway import routing
from mockserver.providers.vercel_gateway.requests import LanguageModelRequest
from mockserver.wire.jsontext import Hole, JsonValue, TokenText, is_object
from mockserver.wire.marks import (
    CALL,
    CONTENT,
    FINISH,
    FRAME,
    GENERATED,
    THOUGHT,
    USAGE,
    Mark,
    Marks,
)
from mockserver.wire.rendered import Chunk

Json = dict[str, JsonValue]

UNIFIED: Final[Mapping[FinishReason, str]] = {
    "stop": "stop",
    "length": "length",
    "tool_calls": "tool-calls",
    "function_call": "tool-calls",
    "content_filter": "content-filter",
}
OF_RESPONSES: Final[Mapping[FinishReason, str]] = {
    "length": "max_output_tokens",
    "content_filter": "content_filter",
}
"""The Responses API gives a reason only if an answer is incomplete."""
SECOND: Final = 2
"""The specification with its own words for these."""


TEXT_PIECE: Final = (Mark(CONTENT, ("delta",)),)
THOUGHT_PIECE: Final = (Mark(THOUGHT, ("delta",)),)
CALL_PIECE: Final = (Mark(CALL, ("delta",)),)
WHOLE_CALL: Final = (Mark(CALL, ("input",)),)
_FINISHED: Final = (Mark(FINISH, ("finishReason",)), Mark(USAGE, ("usage",)))
FINISHED: Final = (*_FINISHED, Mark(GENERATED, ("usage", "outputTokens", "total")))
FINISHED_OF_SECOND: Final = (*_FINISHED, Mark(GENERATED, ("usage", "outputTokens")))
"""The marks of the parts of a stream, for failures to act on."""


def whole(answer: Answer, request: LanguageModelRequest) -> Json:
    """Return *answer* to *request* in one piece."""
    choice = answer.choices[0]
    content: list[Json] = [
        *({"type": "reasoning", "text": thought} for thought in _thoughts(answer)),
        *({"type": "text", "text": text} for text in _texts(choice)),
        *(_tool_call(call) for call in choice.tool_calls),
    ]
    return {
        "content": content,
        "finishReason": _finish_reason(choice, request),
        "usage": _usage(answer.usage, request),
        "providerMetadata": routing.metadata(answer, request.providers, request.tried),
        "warnings": _warnings(request),
    }


def parts(answer: Answer, request: LanguageModelRequest) -> Iterator[Chunk]:
    """Yield the parts of *answer* to *request*."""
    choice = answer.choices[0]
    yield Chunk({"type": "stream-start", "warnings": _warnings(request)})
    yield Chunk(
        {
            "type": "response-metadata",
            "id": answer.id,
            "timestamp": timestamp(answer.dated),
            "modelId": answer.model_name,
        }
    )
    for number, thought in enumerate(_thoughts(answer)):
        yield from _block("reasoning", f"reasoning-{number}", thought, THOUGHT_PIECE)
    for number, text in enumerate(_texts(choice)):
        yield from _block("text", f"txt-{number}", text, TEXT_PIECE)
    for call in choice.tool_calls:
        yield from _tool_input(call)
        yield Chunk(_tool_call(call), 0, WHOLE_CALL)
    yield Chunk(
        {
            "type": "finish",
            "finishReason": _finish_reason(choice, request),
            "usage": _usage(answer.usage, request),
            "providerMetadata": routing.metadata(answer, request.providers, request.tried),
        },
        0,
        _finished(request),
    )


def with_stated(value: Json, answer: Answer) -> Json:
    """Return *value*, a body or the part that finishes, with what the reply of *answer* states."""
    stated = answer.stated
    assert stated is not None
    members = stated.members
    finish: JsonValue = value["finishReason"]
    if is_object(finish) and stated.native_finish_reason is not None:
        finish = {**finish, "raw": members.pop("native_finish_reason")}
    metadata = {**value["providerMetadata"], **members.pop("metadata", {})}
    usage = {**value["usage"], **stated.usage}
    own: Json = {"finishReason": finish, "usage": usage, "providerMetadata": metadata}
    return {**value, **own, **members}


def whole_marks(request: LanguageModelRequest) -> Marks:
    """Return the marks of an answer in one piece."""
    return (Mark(FRAME, ("content",)), *_finished(request))


def _finished(request: LanguageModelRequest) -> Marks:
    return FINISHED_OF_SECOND if request.specification == SECOND else FINISHED


def _thoughts(answer: Answer) -> Sequence[TokenText]:
    """Return the reasoning, if it is shown."""
    return () if answer.reasoning is None else (answer.reasoning,)


def _texts(choice: AnsweredChoice) -> Sequence[TokenText]:
    """Return the texts; a refusal is a text, too."""
    texts = [text for text in (choice.text, choice.refusal) if text is not None]
    return [text for text in texts if text or not choice.tool_calls]


def _block(kind: str, identity: str, text: TokenText, marks: Marks) -> Iterator[Chunk]:
    yield Chunk({"type": f"{kind}-start", "id": identity})
    for piece, count in text.pieces:
        yield Chunk({"type": f"{kind}-delta", "id": identity, "delta": piece}, count, marks)
    yield Chunk({"type": f"{kind}-end", "id": identity})


def _tool_input(call: AnsweredCall) -> Iterator[Chunk]:
    identity: str | Hole = call.id
    yield Chunk({"type": "tool-input-start", "id": identity, "toolName": call.name})
    for piece, count in call.arguments.pieces:
        value = {"type": "tool-input-delta", "id": identity, "delta": piece}
        yield Chunk(value, count, CALL_PIECE)
    yield Chunk({"type": "tool-input-end", "id": identity})


def _tool_call(call: AnsweredCall) -> Json:
    return {
        "type": "tool-call",
        "toolCallId": call.id,
        "toolName": call.name,
        "input": call.arguments,
    }


def _finish_reason(choice: AnsweredChoice, request: LanguageModelRequest) -> JsonValue:
    """Return why *choice* ended, as reported by the provider that the gateway asks."""
    reason = choice.finish_reason
    unified, raw = UNIFIED[reason], str(reason)
    if request.interface == "responses":
        raw = OF_RESPONSES.get(reason, "")
        if reason == "stop" and choice.tool_calls:
            unified = "tool-calls"
        elif reason == "stop" and choice.refusal is not None:
            unified = "content-filter"
    if request.specification == SECOND:
        return unified
    return {"unified": unified, "raw": raw} if raw else {"unified": unified}


def _usage(usage: Usage | None, request: LanguageModelRequest) -> JsonValue:
    return _bill(usage, old=request.specification == SECOND, interface=request.interface)


@lru_cache(maxsize=4_096)
def _bill(usage: Usage | None, *, old: bool, interface: str) -> Json:
    if usage is None:
        return {} if old else {"inputTokens": {}, "outputTokens": {}}
    has_details = interface != "completions"
    if old:
        details = {"reasoningTokens": usage.reasoning_tokens}
        details["cachedInputTokens"] = usage.cached_tokens
        return {
            "inputTokens": usage.prompt_tokens,
            "outputTokens": usage.completion_tokens,
            "totalTokens": usage.total_tokens,
            **(details if has_details else {}),
        }
    return {
        "inputTokens": {
            "total": usage.prompt_tokens,
            "noCache": usage.prompt_tokens - usage.cached_tokens,
            **({"cacheRead": usage.cached_tokens} if has_details else {}),
        },
        "outputTokens": {
            "total": usage.completion_tokens,
            "text": usage.completion_tokens - usage.reasoning_tokens,
            **({"reasoning": usage.reasoning_tokens} if has_details else {}),
        },
        "raw": _raw(usage, interface),
    }


def _raw(usage: Usage, interface: str) -> Json:
    """Return the bill as the model's provider writes it."""
    if interface == "responses":
        return {
            "input_tokens": usage.prompt_tokens,
            "input_tokens_details": {"cached_tokens": usage.cached_tokens},
            "output_tokens": usage.completion_tokens,
            "output_tokens_details": {"reasoning_tokens": usage.reasoning_tokens},
            "total_tokens": usage.total_tokens,
        }
    return {
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "total_tokens": usage.total_tokens,
    }


def _warnings(request: LanguageModelRequest) -> list[JsonValue]:
    return [warned.value(request.specification) for warned in request.warned]


def timestamp(moment: int) -> str:
    """Return *moment* (Unix time) as JavaScript writes it."""
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
