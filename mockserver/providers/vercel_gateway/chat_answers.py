"""Answers of the gateway that are compatible with chat completions and with embeddings.

They are the AI SDK's answers in OpenAI's form: ids, reasoning and metadata are the gateway's own,
and the last chunk of a stream has everything that ends an answer.

Source:
    92 recorded exchanges of 2026-02 and 2026-03 with models of OpenAI, Anthropic and Google; one of
    2026-09 with a model that thinks aloud.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from mockserver.contracts import Answer, AnsweredChoice
from mockserver.conversation import Usage
from mockserver.protocols.openai.marks import METADATA, USAGE_MARKS, chunk_marks
from mockserver.protocols.openai.requests import as_openai
from mockserver.providers.vercel_gateway import routing
from mockserver.providers.vercel_gateway.attempts import tried_before
from mockserver.wire.jsontext import JsonValue, TokenText
from mockserver.wire.marks import CALL, CONTENT, FINISH, ROLE, THOUGHT
from mockserver.wire.rendered import Chunk, JsonBody

Json = dict[str, JsonValue]

FORMATS: Final = {"openai": "openai-responses-v1"}
"""The formats of reasoning details, by the maker of the model."""
UNKNOWN_FORMAT: Final = "unknown"


def whole(answer: Answer, serving: Sequence[str], fingerprint: str) -> Json:
    """Return *answer*, which the first of *serving* gave, in one piece."""
    return {
        "id": answer.id,
        "object": "chat.completion",
        "created": answer.created,
        "model": answer.request.model,
        "choices": [
            {
                "index": choice.index,
                "message": {
                    "role": "assistant",
                    "content": _said(choice),
                    **_thought(answer, answer.reasoning),
                    **_calls(choice),
                    "provider_metadata": routing.metadata(
                        answer, serving, tried_before(as_openai(answer.request).body)
                    ),
                },
                "logprobs": None,
                "finish_reason": choice.finish_reason,
            }
            for choice in answer.choices
        ],
        "usage": _usage(answer),
        **_identity(answer, fingerprint),
    }


def chunks(answer: Answer, serving: Sequence[str], fingerprint: str) -> Iterator[Chunk]:
    """Yield the chunks of *answer*: the choices one after the other."""
    for choice in answer.choices:
        for delta, kinds, count in _deltas(answer, choice):
            marks = chunk_marks(kinds, choice.index)
            yield Chunk(_chunk(answer, choice, delta, None, fingerprint), count, marks)
    *others, last = answer.choices
    for choice in others:
        marks = chunk_marks((FINISH,), choice.index)
        yield Chunk(_chunk(answer, choice, {}, choice.finish_reason, fingerprint), 0, marks)
    metadata: Json = {
        "provider_metadata": routing.metadata(
            answer, serving, tried_before(as_openai(answer.request).body)
        )
    }
    final = _chunk(answer, last, metadata, last.finish_reason, fingerprint)
    del final["system_fingerprint"]
    bill = {"usage": _usage(answer)} if as_openai(answer.request).include_usage else {}
    marks = chunk_marks((FINISH, METADATA), last.index)
    billed = USAGE_MARKS if bill and answer.usage is not None else ()
    yield Chunk({**final, **bill, **_identity(answer, fingerprint)}, 0, (*marks, *billed))


def _identity(answer: Answer, fingerprint: str) -> Json:
    """Return the last members of an answer: fingerprint, tier and id."""
    tier = routing.service_tier(answer)
    return {
        "system_fingerprint": fingerprint,
        **({} if tier is None else {"service_tier": tier}),
        "generationId": answer.id,
    }


def _said(choice: AnsweredChoice) -> TokenText | None:
    """Return the text of *choice*, its refusal, or what it says aloud."""
    if choice.speech is not None and choice.text is None:
        return choice.speech.text
    return choice.text if choice.refusal is None else choice.refusal


def _thought(answer: Answer, text: str | None) -> Json:
    """Return the members for *text*, a piece of reasoning."""
    if text is None:
        return {}
    maker = answer.request.model.partition("/")[0]
    written = FORMATS.get(maker, UNKNOWN_FORMAT)
    detail: Json = {"type": "reasoning.text", "text": str(text), "format": written, "index": 0}
    return {"reasoning": text, "reasoning_details": [detail]}


def _calls(choice: AnsweredChoice) -> Json:
    if not choice.tool_calls:
        return {}
    return {
        "tool_calls": [
            {
                "id": call.id,
                "type": "function",
                "function": {"name": call.name, "arguments": call.arguments},
            }
            for call in choice.tool_calls
        ]
    }


def _deltas(answer: Answer, choice: AnsweredChoice) -> Iterator[tuple[Json, tuple[str, ...], int]]:
    """Yield the deltas of *choice*, with their kinds and the tokens that they complete."""
    yield {"role": "assistant"}, (ROLE,), 0
    if answer.reasoning is not None:
        for piece, count in answer.reasoning.pieces:
            yield _thought(answer, piece), (THOUGHT,), count
    said = _said(choice)
    if said is not None:
        for piece, count in said.pieces:
            yield {"content": piece}, (CONTENT,), count
    for index, call in enumerate(choice.tool_calls):
        opened: Json = {"index": index, "id": call.id, "type": "function"}
        first = {**opened, "function": {"name": call.name, "arguments": ""}}
        yield {"tool_calls": [first]}, (CALL,), 0
        for piece, count in call.arguments.pieces:
            more = {"index": index, "function": {"arguments": piece}}
            yield {"tool_calls": [more]}, (CALL,), count


def _chunk(
    answer: Answer, choice: AnsweredChoice, delta: Json, finish: str | None, fingerprint: str
) -> Json:
    changed: Json = {
        "index": choice.index,
        "delta": delta,
        "logprobs": None,
        "finish_reason": finish,
    }
    return {
        "id": answer.id,
        "object": "chat.completion.chunk",
        "created": answer.created,
        "model": answer.request.model,
        "choices": [changed],
        "system_fingerprint": fingerprint,
    }


def _usage(answer: Answer) -> Json | None:
    usage: Usage | None = answer.usage
    if usage is None:
        return None
    cost = routing.plain(routing.price(usage, answer.model).total)
    return {
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "total_tokens": usage.total_tokens,
        "cost": cost,
        "is_byok": False,
        "prompt_tokens_details": {
            "cached_tokens": usage.cached_tokens,
            "audio_tokens": usage.heard_tokens,
            "video_tokens": 0,
        },
        "cost_details": {
            "upstream_inference_cost": None,
            "upstream_inference_prompt_cost": 0,
            "upstream_inference_completions_cost": 0,
        },
        "completion_tokens_details": {
            "reasoning_tokens": usage.reasoning_tokens,
            "image_tokens": 0,
        },
        "cache_creation_input_tokens": 0,
        "market_cost": cost,
        "gateway_cost": cost,
    }


def vectors(rendered: JsonBody, answer: Answer) -> Json:
    """Return an answer with vectors, as the gateway's documentation shows it (2026-09)."""
    request = answer.request
    serving = routing.providers(request.model, routing.options_of(request.sent))
    data = [
        {key: entry[key] for key in ("object", "index", "embedding")}
        for entry in rendered.value["data"]
    ]
    metadata = routing.metadata(answer, serving)
    return {
        **rendered.value,
        "data": data,
        "model": request.model,
        "providerMetadata": {"gateway": metadata["gateway"]},
    }
