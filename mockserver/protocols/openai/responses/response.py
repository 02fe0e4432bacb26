"""The response object: what is repeated of the request, and what came of it.

Its members are in the newest order (recorded since 2026-06-29, 358 of 358).
"""

from collections.abc import Mapping, Sequence
from typing import Final

from mockserver.contracts import Answer
from mockserver.protocols.openai.moderated import moderated_response
from mockserver.protocols.openai.responses.echo import echoed, tier_in_progress
from mockserver.protocols.openai.responses.items import OutputItem
from mockserver.protocols.openai.responses.request import ResponsesRequest
from mockserver.protocols.openai.validation.values import Body
from mockserver.tokens import reported_reasoning
from mockserver.wire.jsontext import JsonValue, NumberHole

Json = dict[str, JsonValue]

FOUND: Final = "content_filters"
"""What filters found, at providers that have them; null until a response is over."""
COMPLETED_AT: Final = NumberHole("f", 10)
"""The place of the time at which a response was complete."""
ORDER: Final = (
    *("id", "object", "created_at", "status", "background", "billing", "completed_at"),
    *("content_filters", "conversation", "error", "frequency_penalty", "incomplete_details"),
    *("instructions", "max_output_tokens", "max_tool_calls", "model", "moderation", "output"),
    *("parallel_tool_calls", "presence_penalty", "previous_response_id", "prompt"),
    *("prompt_cache_key", "prompt_cache_options", "prompt_cache_retention", "reasoning"),
    "safety_identifier",
    *("service_tier", "store", "temperature", "text", "tool_choice", "tool_usage", "tools"),
    *("top_logprobs", "top_p", "truncation", "usage", "user", "metadata"),
)
NO_TOOLS_USED: Final[Json] = {
    "image_gen": {
        "input_tokens": 0,
        "input_tokens_details": {"image_tokens": 0, "text_tokens": 0},
        "output_tokens": 0,
        "output_tokens_details": {"image_tokens": 0, "text_tokens": 0},
        "total_tokens": 0,
    },
    "web_search": {"num_requests": 0},
}
_UNFINISHED: Final[Json] = {
    "completed_at": None,
    "error": None,
    "incomplete_details": None,
    "output": [],
    "tool_usage": NO_TOOLS_USED,
    "usage": None,
}
"""The members of a response that nothing has come of (yet)."""
PAYER: Final[Json] = {"payer": "developer"}
_INCOMPLETE: Final = {"length": "max_output_tokens", "content_filter": "content_filter"}
FAILED: Final = (
    "An error occurred while processing your request. You can retry your request, or contact us "
    "through our help center at help.openai.com if the error persists."
)


class ResponseObject:
    """The response object of one answer, at any moment of its making."""

    def __init__(self, answer: Answer, request: ResponsesRequest) -> None:
        self._answer = answer
        self._body = request.body
        self._model = answer.model
        self._echoed = echoed(request.body, answer.model)

    def finished(self, output: Sequence[OutputItem], **besides: JsonValue) -> Json:
        """Return it as it is in the end, with the members *besides*."""
        answer = self._answer
        reason = answer.choices[0].finish_reason if answer.choices else "stop"
        failed = reason == "error"
        incomplete = _INCOMPLETE.get(reason)
        searches = [item for item in output if item.kind == "web_search_call"]
        return self._object(
            status="failed" if failed else "incomplete" if incomplete else "completed",
            completed_at=None if failed or incomplete else COMPLETED_AT,
            error={"code": "server_error", "message": FAILED} if failed else None,
            incomplete_details={"reason": incomplete} if incomplete else None,
            moderation=moderated_response(self._body),
            output=[item.value for item in output],
            tool_usage={**NO_TOOLS_USED, "web_search": {"num_requests": len(searches)}}
            if searches
            else NO_TOOLS_USED,
            usage=None if failed else usage_of(answer),
            **besides,
        )

    def unfinished(self, status: str) -> Json:
        """Return it while it is being made."""
        tier = tier_in_progress(self._body)
        return self._object(**{**_UNFINISHED, "status": status, "service_tier": tier})

    def _object(self, **members: JsonValue) -> Json:
        answer = self._answer
        values: Json = {
            **self._echoed,
            "id": answer.id,
            "object": "response",
            "created_at": answer.created,
            "model": answer.model_name,
            **members,
        }
        return {key: values[key] for key in ORDER if key in values}


def taken_back(finished: Mapping[str, JsonValue], body: Body, status: str) -> Json:
    """Return the *finished* response to *body* as it is with another *status*: without output."""
    values = {**finished, **_UNFINISHED, "status": status, "service_tier": tier_in_progress(body)}
    if FOUND in finished:
        values[FOUND] = None
    # It is paid for when it is finished: others do not state a payer (8 of 8 recorded).
    return {key: value for key, value in values.items() if key != "billing"}


def usage_of(answer: Answer) -> Json | None:
    """Return the bill; None if null is stated."""
    bill = answer.bill
    if bill is None:
        return None
    thought = reported_reasoning(answer.model, bill.reasoning_tokens)
    return {
        "input_tokens": bill.prompt_tokens,
        "input_tokens_details": {
            "cache_write_tokens": bill.cache_write_tokens,
            "cached_tokens": bill.cached_tokens,
        },
        "output_tokens": bill.completion_tokens,
        "output_tokens_details": {"reasoning_tokens": thought},
        "total_tokens": bill.total_tokens,
    }
