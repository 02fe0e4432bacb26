"""Responses of OpenRouter: stateless, in its own order, with the cost.

Sources: a recorded body of 2026-07, whose order is lost; streams recorded in 2025-11 and pasted in
2025-12, and a body pasted then. Members are those of the newest, in the order of the older ones.
The refusal is pasted in openai/codex#18307, 2026-04. Calls and their events are by analogy.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any, Final

from mockserver.contracts import Answer
from mockserver.conversation import ApiError
from mockserver.protocols.openai.requests import as_openai
from mockserver.protocols.openai.responses.identity import prefix_of
from mockserver.protocols.openai.responses.items import output_of
from mockserver.providers.openrouter.answers import (
    COST,
    COST_READ,
    COST_WRITTEN,
    model_name,
)
from mockserver.providers.openrouter.requests import check_routing, items, models_of, record
from mockserver.seeding import CROCKFORD, Draw
from mockserver.wire.jsontext import Filling, Hole, JavaScriptNumber, JsonValue, is_list, is_object
from mockserver.wire.rendered import Chunk, EventStream, JsonBody, Rendered
from mockserver.wire.sse import DONE

Json = dict[str, Any]

ENDPOINT: Final = "responses"
INVALID: Final = "Invalid Responses API request"
INVALID_CODE: Final = "invalid_prompt"

READ: Final = frozenset(
    {
        *("frequency_penalty", "include", "input", "instructions", "metadata"),
        *("max_output_tokens", "max_tool_calls", "model", "parallel_tool_calls"),
        *("presence_penalty", "prompt_cache_key", "reasoning", "safety_identifier"),
        *("service_tier", "stream", "temperature", "text", "tool_choice", "tools", "top_logprobs"),
        *("top_p", "truncation", "user"),
    }
)
"""The members that it passes on. It has no state: others have no effect, or are its own."""
OF_REASONING: Final = frozenset({"context", "effort", "mode", "summary"})
OWN_TOOLS: Final = "openrouter:"
"""How the types of tools begin that it runs itself; nothing here does."""
OWN_MEMBERS: Final = frozenset({"cache_control", "prompt_cache_breakpoint"})
"""Members of parts of the input that only tell it what to cache."""

ORDER: Final = (
    *("object", "id", "created_at", "completed_at", "model", "status", "output", "error"),
    *("incomplete_details", "usage", "max_tool_calls", "tools", "tool_choice"),
    *("parallel_tool_calls", "max_output_tokens", "temperature", "top_p", "top_logprobs"),
    *("presence_penalty", "frequency_penalty", "metadata", "background"),
    *("previous_response_id", "service_tier", "truncation", "store", "instructions", "text"),
    *("reasoning", "safety_identifier", "prompt_cache_key"),
)
OF_MESSAGES: Final = ("type", "status", "content", "id", "role", "phase")
OF_TEXTS: Final = ("type", "text", "annotations", "logprobs")
OF_EVENTS: Final = (
    *("type", "item_id", "output_index", "content_index", "summary_index", "item", "part", "text"),
    *("logprobs", "sequence_number"),
)
OF_DELTAS: Final = (
    *("type", "logprobs", "output_index", "item_id", "content_index", "summary_index", "delta"),
    "sequence_number",
)
"""The members of events in their order; any others come before the number."""
PRICE: Final = {
    "cost": COST,
    "is_byok": False,
    "cost_details": {
        "upstream_inference_cost": COST,
        "upstream_inference_input_cost": COST_READ,
        "upstream_inference_output_cost": COST_WRITTEN,
    },
}
NUMBERS: Final = ("temperature", "top_p", "presence_penalty", "frequency_penalty")
TEMPORARY: Final = "tmp_"
TEMPORARY_LENGTH: Final = 11


# --- the request -----------------------------------------------------------------------------


def attempts(body: Mapping[str, Any]) -> list[Json]:
    """Return *body* for each model that may answer, as the API behind reads it.

    Raises:
        ApiError: OpenRouter would refuse it for any model.

    """
    check_routing(body)
    made = {key: value for key, value in body.items() if key in READ}
    reasoning = body.get("reasoning")
    if is_object(reasoning):
        made["reasoning"] = {key: reasoning[key] for key in OF_REASONING & reasoning.keys()}
    if is_list(body.get("tools")):
        made["tools"] = [tool for tool in items(body["tools"]) if not _is_own(tool)]
    if is_list(body.get("input")):
        made["input"] = [_without_own(item) for item in items(body["input"])]
    made["store"] = False
    if made.get("stream") is True:
        # Nothing is padded.
        made["stream_options"] = {"include_obfuscation": False}
    return [{**made, "model": name} for name in models_of(body)]


def _is_own(tool: Any) -> bool:
    return str(record(tool).get("type")).startswith(OWN_TOOLS)


def _without_own(item: Any) -> Any:
    content = record(item).get("content")
    if not is_list(content):
        return item
    parts = [
        {key: value for key, value in part.items() if key not in OWN_MEMBERS}
        if is_object(part)
        else part
        for part in content
    ]
    return {**item, "content": parts}


def refusal(error: ApiError) -> ApiError:
    """Return *error*, a fault of a request, as the validator in front tells it."""
    path = [int(step) if step.isdigit() else step for step in _steps(error.param or "")]
    raw = json.dumps([{"code": "custom", "path": path, "message": error.message}], indent=2)
    return ApiError(400, INVALID, None, None, INVALID_CODE, "responses", metadata={"raw": raw})


def not_a_model(name: str) -> ApiError:
    """Return the refusal of a model that there is not."""
    what = f"{name} is not a valid model ID"
    return ApiError(400, what, None, None, INVALID_CODE, "responses")


def _steps(path: str) -> Iterator[str]:
    return (step for step in path.replace("[", ".").replace("]", "").split(".") if step)


def refusal_body(error: ApiError) -> Json:
    """Return the body of a refusal by the endpoint itself."""
    return {
        "error": {"code": error.code, "message": error.message},
        "metadata": None if error.metadata is None else dict(error.metadata),
    }


# --- the answer ------------------------------------------------------------------------------


def adapted(rendered: Rendered, answer: Answer) -> Rendered:
    """Return *rendered*, a response of OpenAI's or its events, as OpenRouter sends it."""
    if isinstance(rendered, EventStream):
        chunks = [_event(chunk, answer) for chunk in rendered.chunks]
        return EventStream(chunks, content_type="text/event-stream", end=DONE)
    return JsonBody(_response(_own(rendered.value), answer), marks=rendered.marks)


def drawn_ids(answer: Answer, draw: Draw) -> Filling:
    """Return the ids of the items of *answer*, which are temporary."""
    values: dict[str, str] = {}
    for number, item in enumerate(output_of(answer)):
        if isinstance(item.id, Hole):
            drawn = draw.text(f"temporary-{number}", TEMPORARY_LENGTH, CROCKFORD).lower()
            values[_temporary(item.id.mark).mark] = f"{prefix_of(item.kind)}{TEMPORARY}{drawn}"
    return values


@cache
def _temporary(mark: str) -> Hole:
    """Return the hole for the temporary id of an item whose id's hole has that *mark*."""
    name = mark.strip("\0")
    prefix = name.lstrip("O0123456789")
    return Hole(f"T{name}", len(prefix) + len(TEMPORARY) + TEMPORARY_LENGTH)


def _own(value: JsonValue) -> Any:
    """Return a copy of *value* with temporary ids, and messages and texts in their order."""
    if is_object(value):
        kind = value.get("type")
        members = {key: _own(member) for key, member in value.items()}
        if kind == "reasoning" and not value.get("content"):
            members.pop("content", None)
        order = _ORDERS.get(kind, ()) if isinstance(kind, str) else ()
        return _ordered(members, order) if order else members
    if is_list(value):
        return [_own(item) for item in value]
    # Of all holes, only those for ids of items begin so.
    is_id = type(value) is Hole and value.mark.startswith("\0O")
    return _temporary(value.mark) if is_id else value


_ORDERS: Final[Mapping[str, tuple[str, ...]]] = {
    "message": OF_MESSAGES,
    "output_text": OF_TEXTS,
    "reasoning": ("type", "id", "summary"),
    "function_call": ("type", "id"),
    "custom_tool_call": ("type", "id"),
}


def _ordered(members: Json, order: Sequence[str]) -> Json:
    """Return *members* in *order*, those that it does not name before the last that it does."""
    *first, last = order
    named = {key: members[key] for key in first if key in members}
    ends = {last: members[last]} if last in members else {}
    return {**named, **{k: v for k, v in members.items() if k not in named and k != last}, **ends}


def _response(value: Json, answer: Answer) -> Json:
    """Return the response object *value* with OpenRouter's members, in its order."""
    shown: Json = {**value, "model": model_name(answer), "store": False}
    if as_openai(answer.request).body.get("top_p") is None:
        # Its own default, and not that of newer models (recorded of gpt-5.6).
        shown["top_p"] = 1.0
    for name in NUMBERS:
        if isinstance(shown[name], int | float):
            shown[name] = JavaScriptNumber(shown[name])
    shown["text"] = {"format": shown["text"]["format"]}
    if shown["usage"] is not None:
        shown["usage"] = {**shown["usage"], **PRICE}
    return {key: shown[key] for key in ORDER}


def _event(chunk: Chunk, answer: Answer) -> Chunk:
    """Return *chunk* without a name, its members in OpenRouter's order."""
    value = _own(chunk.value)
    name = str(value["type"])
    if "response" in value:
        value = {**value, "response": _response(value["response"], answer)}
    order = OF_DELTAS if name.endswith(".delta") else OF_EVENTS
    return chunk._replace(value=_ordered(value, order), event=None)
