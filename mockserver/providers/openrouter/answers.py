"""Answers of OpenRouter: one shape for all providers, with the cost."""

from collections.abc import Hashable, Iterator, Mapping
from functools import cache
from typing import Any, Final

from mockserver.contracts import Answer, AnsweredChoice, ShownUsage
from mockserver.conversation import Usage
from mockserver.protocols.openai.marks import chunk_marks
from mockserver.protocols.openai.requests import as_openai
from mockserver.providers.openrouter.models import ON_RESPONSES, slug_of
from mockserver.providers.openrouter.requests import items, record
from mockserver.wire.jsontext import JavaScriptNumber, NumberHole, plain
from mockserver.wire.marks import ROLE, THOUGHT, Marks
from mockserver.wire.rendered import Chunk, EventStream

Json = dict[str, Any]

PROVIDERS: Final = {
    "openai": "OpenAI",
    "azure": "Azure",
    "anthropic": "Anthropic",
    "amazon-bedrock": "Amazon Bedrock",
    "google": "Google",
    "google-vertex": "Google",
    "google-ai-studio": "Google AI Studio",
    "x-ai": "xAI",
    "xai": "xAI",
    "mistralai": "Mistral",
    "mistral": "Mistral",
    "deepseek": "DeepSeek",
    "moonshotai": "Moonshot AI",
    "z-ai": "Z.AI",
    "qwen": "Alibaba",
    "meta-llama": "Together",
    "together": "Together",
    "deepinfra": "DeepInfra",
    "fireworks": "Fireworks",
    "groq": "Groq",
    "novita": "Novita",
    "openrouter": "OpenAI",
}
"""Names of providers, by their own slugs and by those of vendors of models."""
NATIVE: Final[Mapping[str, Mapping[str, str]]] = {
    "anthropic": {"stop": "end_turn", "tool_calls": "tool_use", "length": "max_tokens"},
    "google": {"stop": "STOP", "tool_calls": "STOP", "length": "MAX_TOKENS"},
    "x-ai": {"stop": "completed", "tool_calls": "completed", "length": "max_output_tokens"},
    "responses": {"stop": "completed", "tool_calls": "completed", "length": "max_output_tokens"},
}
"""How providers call the reasons to finish; those that are not here call them as OpenAI does."""
TELL_TIERS: Final = frozenset({"anthropic", "google", "x-ai"})
REASONING_FORMATS: Final = {
    "anthropic": "anthropic-claude-v1",
    "google": "google-gemini-v1",
    "x-ai": "xai-responses-v1",
    "responses": "openai-responses-v1",
}


COST: Final = NumberHole("ba", 0)
COST_READ: Final = NumberHole("br", 0)
COST_WRITTEN: Final = NumberHole("bw", 0)
"""The places of costs, in USD: of all, of the prompt, of the answer."""


def spelled_by(answer: Answer) -> Hashable:
    """Return all of *answer*'s request that shows in it, besides its model and the bill."""
    return _provider_of(answer), _tier(answer), _shows_reasoning(answer)


def _provider_of(answer: Answer) -> str:
    """Return the name of the provider that serves *answer*."""
    slug = serving(answer.request.model, as_openai(answer.request).body)
    return PROVIDERS.get(slug, slug.title())


def serving(model: str, body: Mapping[str, Any]) -> str:
    """Return the slug of the provider of *model*: as *body* prefers, or the vendor's own."""
    preferences = record(body.get("provider"))
    vendor = slug_of(model).partition("/")[0]
    ignored = items(preferences.get("ignore"))
    wanted: list[Any] = [
        *items(preferences.get("only")),
        *items(preferences.get("order")),
        vendor,
    ]
    slugs = [str(name).partition("/")[0].lower() for name in wanted]
    slug = next((slug for slug in slugs if slug not in ignored), vendor)
    return "azure" if slug == vendor == "openai" and "openai" in ignored else slug


def _native(finish: str | None, answer: Answer) -> str | None:
    vendor = slug_of(answer.request.model).partition("/")[0]
    if ON_RESPONSES.match(slug_of(answer.request.model)):
        vendor = "responses"
    return None if finish is None else NATIVE.get(vendor, {}).get(finish, finish)


def model_name(answer: Answer) -> str:
    """Return the slug of the answering model; a snapshot in a scenario is the vendor's."""
    name = answer.model_name
    vendor, slash, _ = slug_of(answer.request.model).rpartition("/")
    return name if "/" in name else f"{vendor}{slash}{name}"


def body_of(value: Json, answer: Answer) -> Json:
    """Return *answer* in one piece; *value* is how OpenAI's endpoint rendered it."""
    usage = None if answer.bill is None else _usage(answer.bill)
    opening = {
        "id": answer.id,
        "object": "chat.completion",
        "created": answer.created,
        "model": model_name(answer),
        "provider": _provider_of(answer),
    }
    fingerprint = (
        None if ON_RESPONSES.match(slug_of(answer.request.model)) else answer.system_fingerprint
    )
    if answer.endpoint == "completions":
        # In the order of 2025-12 (OpenRouterTeam/typescript-sdk#101), the only one pasted.
        order = ("id", "provider", "model", "object", "created")
        return {
            **{key: opening[key] for key in order},
            "choices": [_completed(choice, answer) for choice in value["choices"]],
            "system_fingerprint": fingerprint,
            "usage": usage,
        }
    return {
        **opening,
        "system_fingerprint": fingerprint,
        "service_tier": _tier(answer),
        "choices": [
            _chosen(shown, choice, answer)
            for shown, choice in zip(value["choices"], answer.choices, strict=True)
        ],
        "usage": usage,
    }


def vectors_of(value: Json, answer: Answer) -> Json:
    """Return an answer with vectors (recorded, 2026-08); *value* is how OpenAI rendered it."""
    bill = answer.bill
    usage: Json | None = None
    if bill is not None:
        usage = {
            "prompt_tokens": bill.prompt_tokens,
            "total_tokens": bill.total_tokens,
            "cost": COST,
            "is_byok": False,
            "cost_details": _cost_details(),
        }
    slug = serving(answer.request.model, answer.request.sent)
    behind = {"provider": PROVIDERS.get(slug, slug.title()), "id": answer.id}
    return {**value, "usage": usage, **behind}


def _tier(answer: Answer) -> str | None:
    """Return the tier that served *answer*, for providers that report it (since 2026-05)."""
    asked = slug_of(answer.request.model)
    reported = ON_RESPONSES.match(asked) or asked.partition("/")[0] in TELL_TIERS
    return as_openai(answer.request).service_tier if reported else None


def _chosen(shown: Json, choice: AnsweredChoice, answer: Answer) -> Json:
    message: Json = shown["message"]
    calls = message.get("tool_calls")
    reasoning = _reasoning(answer)
    return {
        "index": choice.index,
        "logprobs": shown.get("logprobs"),
        "finish_reason": choice.finish_reason,
        "native_finish_reason": _native(choice.finish_reason, answer),
        "message": {
            "role": "assistant",
            "content": message["content"],
            "refusal": message["refusal"],
            "reasoning": reasoning,
            **({"audio": message["audio"]} if "audio" in message else {}),
            **({"tool_calls": [_call(n, call) for n, call in enumerate(calls)]} if calls else {}),
            **({"reasoning_details": [_detail(str(reasoning), answer)]} if reasoning else {}),
        },
    }


def _call(index: int, call: Json) -> Json:
    return {"type": "function", "index": index, "id": call["id"], "function": call["function"]}


def _completed(shown: Json, answer: Answer) -> Json:
    return {
        "logprobs": shown["logprobs"],
        "finish_reason": shown["finish_reason"],
        "native_finish_reason": _native(shown["finish_reason"], answer),
        "index": shown["index"],
        "text": shown["text"],
        "reasoning": _reasoning(answer),
    }


def _reasoning(answer: Answer) -> str | None:
    """Return the reasoning, unless the request excludes it."""
    return answer.reasoning if _shows_reasoning(answer) else None


def _shows_reasoning(answer: Answer) -> bool:
    body = as_openai(answer.request).body
    excluded = record(body.get("reasoning")).get("exclude")
    return not excluded and body.get("include_reasoning") is not False


def _detail(text: str | None, answer: Answer) -> Json:
    """Return *text*, a piece of reasoning, in the form of the model's provider."""
    asked = slug_of(answer.request.model)
    vendor = "responses" if ON_RESPONSES.match(asked) else asked.partition("/")[0]
    form = REASONING_FORMATS.get(vendor, "unknown")
    member = "summary" if form.endswith("responses-v1") else "text"
    return {"type": f"reasoning.{member}", member: text, "format": form, "index": 0}


def costs(answer: Answer, usage: Usage) -> tuple[float, float]:
    """Return the costs of prompt and answer, in USD, to the last digit that prices have.

    Free variants cost nothing. A cost that a scenario states is shared as the prices share it.
    """
    model = answer.model
    is_free = answer.request.model.endswith(":free")
    read = 0.0 if is_free else model.cost_usd(usage.prompt_tokens, 0, usage.cached_tokens)
    written = 0.0 if is_free else model.cost_usd(0, usage.completion_tokens)
    if usage.cost is not None:
        read = usage.cost * read / (read + written) if read else 0.0
        written = usage.cost - read
    return round(read, 12), round(written, 12)


def cost_texts(answer: Answer, usage: Usage) -> dict[str, str]:
    """Return what *answer* costs, for the holes of its bill."""
    read, written = costs(answer, usage)
    values = {COST: round(read + written, 12), COST_READ: read, COST_WRITTEN: written}
    return {hole.mark: JavaScriptNumber(value).text for hole, value in values.items()}


def _usage(bill: ShownUsage) -> Json:
    return {
        "prompt_tokens": bill.prompt_tokens,
        "completion_tokens": bill.completion_tokens,
        "total_tokens": bill.total_tokens,
        "cost": COST,
        "is_byok": False,
        "prompt_tokens_details": {
            "cached_tokens": bill.cached_tokens,
            "cache_write_tokens": bill.cache_write_tokens,
            "audio_tokens": bill.heard_tokens,
            "video_tokens": 0,
        },
        "cost_details": _cost_details(),
        "completion_tokens_details": {
            "reasoning_tokens": bill.reasoning_tokens,
            "image_tokens": 0,
            "audio_tokens": bill.audio_tokens,
        },
    }


def _cost_details() -> Json:
    return {
        "upstream_inference_cost": COST,
        "upstream_inference_prompt_cost": COST_READ,
        "upstream_inference_completions_cost": COST_WRITTEN,
    }


# --- streams ---------------------------------------------------------------------------------


def stream_of(stream: EventStream, answer: Answer) -> Iterator[Chunk]:
    """Yield *stream* in OpenRouter's chunks, reasoning first; the last has the bill."""
    opening: Json = {
        "id": answer.id,
        "object": "chat.completion.chunk",
        "created": answer.created,
        "model": model_name(answer),
        "provider": _provider_of(answer),
    }
    on_responses = ON_RESPONSES.match(slug_of(answer.request.model)) is not None
    if answer.system_fingerprint is not None and not on_responses:
        opening["system_fingerprint"] = answer.system_fingerprint
    if answer.endpoint == "chat.completions" and _reasoning(answer) and answer.reasoning:
        for piece, count in answer.reasoning.pieces:
            delta = {"reasoning": piece, "reasoning_details": [_detail(piece, answer)]}
            thought = {**opening, "choices": [_part({"index": 0, "delta": delta}, answer)]}
            yield Chunk(thought, count, chunk_marks((THOUGHT, ROLE)))
    tier = {"service_tier": _tier(answer)} if _tier(answer) else {}
    reasoned = bool(_reasoning(answer))
    last: list[Json] = []
    ended: Marks = ()
    for chunk in stream.chunks:
        value: Json = plain(chunk.value)
        if "moderation" in value:
            continue
        shown = [_part(choice, answer) for choice in value["choices"]]
        marks = _with_role(chunk.marks) if shown and "delta" in shown[0] else chunk.marks
        if not shown:
            usage = None if answer.bill is None else _usage(answer.bill)
            value = {**opening, **tier, "choices": last[:1], "usage": usage}
            yield Chunk(value, 0, (*ended, *chunk.marks[1:]))
        elif shown[0]["finish_reason"] is not None:
            last, ended = shown, marks
            closing = [_closing(part) for part in shown] if reasoned else shown
            yield Chunk({**opening, **tier, "choices": closing}, chunk.tokens, marks)
        elif not on_responses:
            yield Chunk({**opening, "choices": shown}, chunk.tokens, marks)
        else:
            # No empty chunk first, but one more after the start of a tool call (since 2026-03).
            for part in _on_responses(shown[0]):
                yield Chunk({**opening, "choices": [part]}, chunk.tokens, marks)


def _closing(part: Json) -> Json:
    """Return *part*, which ends a choice, as it is after reasoning: 95 of 95 recorded streams.

    The chunk with the bill repeats it without (23 of 23).
    """
    if "delta" not in part:
        return part
    return {**part, "delta": {**part["delta"], "reasoning": None}}


@cache
def _with_role(marks: Marks) -> Marks:
    """Return *marks* with one on the role, which all chunks of OpenRouter have."""
    if any(mark.kind == ROLE for mark in marks):
        return marks
    return (*marks, *chunk_marks((ROLE,))[1:])


def _on_responses(part: Json) -> Iterator[Json]:
    """Yield what a model on the Responses API sends in place of *part*."""
    delta: Json = part.get("delta", {})
    if delta and not delta["content"] and len(delta) == len(("content", "role")):
        return
    yield part
    for call in delta.get("tool_calls", ()):
        if "id" in call:
            nothing = [{"index": call["index"], "function": {"arguments": ""}}]
            yield {**part, "delta": {**delta, "tool_calls": nothing}}


def _part(choice: Json, answer: Answer) -> Json:
    """Return one choice of a chunk; each has content and role, besides what it adds."""
    finish: str | None = choice.get("finish_reason")
    ended = {"finish_reason": finish, "native_finish_reason": _native(finish, answer)}
    logprobs = {"logprobs": choice["logprobs"]} if choice.get("logprobs") is not None else {}
    if "text" in choice:
        return {"index": choice["index"], "text": choice["text"], **ended, **logprobs}
    delta: Json = choice["delta"]
    content = delta.get("content", None if "tool_calls" in delta else "")
    rest = {
        key: value
        for key, value in delta.items()
        if key not in {"content", "role"} and not (key == "refusal" and value is None)
    }
    shown = {"content": content, "role": "assistant", **rest}
    return {"index": choice["index"], "delta": shown, **ended, **logprobs}
