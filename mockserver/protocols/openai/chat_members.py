"""Members that chat answers have both in one piece and in chunks: bill and tier."""

from mockserver.contracts import Answer, AnsweredCall
from mockserver.protocols.openai.requests import OpenAIRequest, as_openai
from mockserver.wire.jsontext import JsonValue

Json = dict[str, JsonValue]


def service_tier(answer: Answer, request: OpenAIRequest) -> Json:
    """Return the member that names the tier, for models that have it."""
    return {"service_tier": request.service_tier} if answer.model.family.service_tier else {}


def named(call: AnsweredCall) -> tuple[str, str]:
    """Return the kind of *call*, and the member of its object that has what the tool gets."""
    return ("custom", "input") if call.is_custom else ("function", "arguments")


def usage_of(answer: Answer) -> Json | None:
    """Return the bill; None if null is stated."""
    bill, family = answer.bill, answer.model.family
    if bill is None:
        return None
    # 72 of 72 recorded answers of gpt-5.6 have the member, and none of 41 to requests with images.
    shows_writes = family.cache_write_tokens and not as_openai(answer.request).shows_images
    writes: Json = {"cache_write_tokens": bill.cache_write_tokens} if shows_writes else {}
    by_prompt: Json = {}
    by_answer: Json = {}
    if family.modality_tokens:
        by_prompt = {"text_tokens": bill.read_tokens, "image_tokens": 0}
        by_answer = {"text_tokens": bill.written_tokens}
    return {
        "prompt_tokens": bill.prompt_tokens,
        "completion_tokens": bill.completion_tokens,
        "total_tokens": bill.total_tokens,
        "prompt_tokens_details": {
            "cached_tokens": bill.cached_tokens,
            **writes,
            "audio_tokens": bill.heard_tokens,
            **by_prompt,
        },
        "completion_tokens_details": {
            "reasoning_tokens": bill.reasoning_tokens,
            "audio_tokens": bill.audio_tokens,
            "accepted_prediction_tokens": bill.accepted_prediction_tokens,
            "rejected_prediction_tokens": bill.rejected_prediction_tokens,
            **by_answer,
        },
    }
