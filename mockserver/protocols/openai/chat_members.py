"""Members that chat answers have both in one piece and in chunks: bill and tier."""

from functools import lru_cache

from mockserver.contracts import Answer
from mockserver.conversation import Usage
from mockserver.protocols.openai.requests import OpenAIRequest
from mockserver.wire.jsontext import Fixed, JsonValue

Json = dict[str, JsonValue]


def service_tier(answer: Answer, request: OpenAIRequest) -> Json:
    """Return the member that names the tier, for models that have it."""
    return {"service_tier": request.service_tier} if answer.model.family.service_tier else {}


def usage_of(answer: Answer) -> Fixed | None:
    """Return the bill; None if null is stated."""
    if answer.usage is None:
        return None
    family = answer.model.family
    return _bill(
        answer.usage, has_writes=family.cache_write_tokens, has_modalities=family.modality_tokens
    )


@lru_cache(maxsize=4_096)
def _bill(usage: Usage, *, has_writes: bool, has_modalities: bool) -> Fixed:
    """Return *usage* as JSON. Many answers have the same bill, so its text is kept."""
    writes: Json = {"cache_write_tokens": 0} if has_writes else {}
    by_prompt: Json = {}
    by_answer: Json = {}
    if has_modalities:
        read = max(0, usage.prompt_tokens - usage.heard_tokens)
        written = max(0, usage.completion_tokens - usage.reasoning_tokens - usage.audio_tokens)
        by_prompt = {"text_tokens": read, "image_tokens": 0}
        by_answer = {"text_tokens": written}
    return Fixed(
        {
            "prompt_tokens": usage.prompt_tokens,
            "completion_tokens": usage.completion_tokens,
            "total_tokens": usage.total_tokens,
            "prompt_tokens_details": {
                "cached_tokens": usage.cached_tokens,
                **writes,
                "audio_tokens": usage.heard_tokens,
                **by_prompt,
            },
            "completion_tokens_details": {
                "reasoning_tokens": usage.reasoning_tokens,
                "audio_tokens": usage.audio_tokens,
                "accepted_prediction_tokens": usage.accepted_prediction_tokens,
                "rejected_prediction_tokens": usage.rejected_prediction_tokens,
                **by_answer,
            },
        }
    )
