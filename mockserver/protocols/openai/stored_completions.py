"""Stored chat completions: the answers to requests with `store: true`.

Listed, looked up, given other metadata, deleted; and the messages that they answered. Shapes,
key order and the order of lists are those of api.openai.com, as recorded in September and
October 2025. Stored answers have their own shape, older than that of answers.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeVar
from urllib.parse import parse_qsl

from mockserver.contracts import Lookup, LookupEndpoint
from mockserver.conversation import ApiError, Choice, ToolCall, Usage
from mockserver.protocols.openai import validation
from mockserver.protocols.openai.requests import as_openai
from mockserver.protocols.openai.validation import Page
from mockserver.records.stored import StoredAnswer
from mockserver.wire.jsontext import JsonValue
from mockserver.wire.rendered import JsonBody

Json = dict[str, JsonValue]
T = TypeVar("T")

CHAT: Final = "chat.completions"
"""The endpoint whose answers are looked up here."""
ALL: Final = "/chat/completions"
ONE: Final = ALL + "/{id}"
MESSAGES: Final = ONE + "/messages"


class StoredChatCompletions(LookupEndpoint):
    """The completions that a session keeps."""

    kind = "stored_completions"
    routes = (("GET", ALL), ("GET", ONE), ("POST", ONE), ("DELETE", ONE), ("GET", MESSAGES))

    def look_up(self, lookup: Lookup) -> JsonBody:
        """Return the data that *lookup* requests, in JSON without white space."""
        if lookup.route == ("GET", ALL):
            return _answer(_list(lookup))
        completion = lookup.stored.get(lookup.parameters["id"])
        if completion is None or completion.endpoint != CHAT:
            raise _not_found(lookup.parameters["id"], "completion_id")
        match lookup.route:
            case ("GET", path) if path == MESSAGES:
                return _answer(_messages(completion, _query(lookup)))
            case ("POST", _):
                body = validation.read_body(lookup.http)
                validation.check_update(body)
                completion.members["metadata"] = body["metadata"] or {}
            case ("DELETE", _):
                lookup.stored.remove(completion.id)
                deleted = "chat.completion.deleted"
                return _answer({"object": deleted, "id": completion.id, "deleted": True})
            case _:
                pass
        return _answer(_completion(completion))


def _answer(value: Json) -> JsonBody:
    return JsonBody(value, "storage")


def _not_found(identity: str, param: str) -> ApiError:
    message = f"Completion {identity} not found"
    return ApiError(404, message, param=param, code="not_found", layer="storage")


def _query(lookup: Lookup) -> Mapping[str, str]:
    return dict(parse_qsl(lookup.http.query, keep_blank_values=True))


# --- lists -----------------------------------------------------------------------------------


def _list(lookup: Lookup) -> Json:
    """Return a page of all completions that match the filters, newest first."""
    query = _query(lookup)
    # The documentation differs; as recorded, without `order`, the newest comes first.
    page = validation.read_page(query, "desc")
    wanted = {
        key.removeprefix("metadata[").removesuffix("]"): value
        for key, value in query.items()
        if key.startswith("metadata[")
    }
    model = query.get("model")
    fitting = [
        completion
        for completion in lookup.stored.of(CHAT)
        if (model is None or model in {completion.model_name, completion.request.model})
        and wanted.items() <= completion.members["metadata"].items()
    ]
    return _page(fitting, page, lambda completion: completion.id, _completion)


def _messages(completion: StoredAnswer, query: Mapping[str, str]) -> Json:
    """Return a page of the messages that *completion* answered, without the answer."""
    messages = [
        _message(f"{completion.id}-{number}", message)
        for number, message in enumerate(as_openai(completion.request).body["messages"])
    ]
    return _page(messages, validation.read_page(query, "asc"), lambda message: message["id"], dict)


def _page(
    items: Sequence[T], page: Page, id_of: Callable[[T], str], render: Callable[[T], Json]
) -> Json:
    """Return the *page* of *items*, which are in order of arrival."""
    ordered = list(items) if page.order == "asc" else list(reversed(items))
    start = 0
    if page.after is not None:
        ids = [id_of(item) for item in ordered]
        if page.after not in ids:
            raise _not_found(page.after, "after")
        start = ids.index(page.after) + 1
    shown = ordered[start : start + page.limit]
    return {
        "object": "list",
        "data": [render(item) for item in shown],
        "first_id": id_of(shown[0]) if shown else None,
        "last_id": id_of(shown[-1]) if shown else None,
        "has_more": start + page.limit < len(ordered),
    }


# --- what is stored --------------------------------------------------------------------------


def _completion(stored: StoredAnswer) -> Json:
    """Return *stored* as the storage shows it: with the request's parameters, filled in."""
    request = as_openai(stored.request)
    body = request.body
    return {
        "object": "chat.completion",
        "id": stored.id,
        "model": stored.model_name,
        "created": stored.created,
        "request_id": stored.request_id,
        "tool_choice": body.get("tool_choice"),
        "usage": _usage(stored.usage),
        "seed": stored.members["seed"],
        "top_p": _number(body.get("top_p"), 1.0),
        "temperature": _number(body.get("temperature"), 1.0),
        "presence_penalty": _number(body.get("presence_penalty"), 0.0),
        "frequency_penalty": _number(body.get("frequency_penalty"), 0.0),
        "system_fingerprint": stored.system_fingerprint,
        "input_user": body.get("user"),
        "service_tier": request.service_tier,
        "tools": body.get("tools"),
        "metadata": stored.members["metadata"],
        "choices": [
            {
                "index": index,
                "message": _answered(choice, legacy=request.legacy_functions),
                "finish_reason": choice.finish_reason,
                "logprobs": None,
            }
            for index, choice in enumerate(stored.choices)
        ],
        "response_format": body.get("response_format"),
    }


def _usage(usage: Usage | None) -> Json | None:
    if usage is None:
        return None
    return {
        "total_tokens": usage.total_tokens,
        "completion_tokens": usage.completion_tokens,
        "prompt_tokens": usage.prompt_tokens,
    }


def _number(stated: float | None, usual: float) -> float:
    """Return what was *stated*, with a point whether or not the client wrote one."""
    return usual if stated is None else float(stated)


def _answered(choice: Choice, *, legacy: bool) -> Json:
    calls = choice.tool_calls
    message: Json = {
        "content": choice.text,
        "role": "assistant",
        "tool_calls": [_call(call) for call in calls] if calls and not legacy else None,
        "function_call": _function(calls[0]) if calls and legacy else None,
    }
    # No refusal was ever recorded here: it is shown where there is one, and nowhere else.
    return message if choice.refusal is None else {**message, "refusal": choice.refusal}


def _call(call: ToolCall) -> Json:
    return {"id": call.id, "type": "function", "function": _function(call)}


def _function(call: ToolCall) -> Json:
    return {"name": call.name, "arguments": call.arguments}


def _message(identity: str, message: Mapping[str, Any]) -> Json:
    """Return a *message* of the request; one in parts has no text of its own."""
    content = message.get("content")
    in_parts = isinstance(content, list)
    calls: Json = {"tool_calls": message["tool_calls"]} if message.get("tool_calls") else {}
    return {
        "id": identity,
        "role": message["role"],
        "content": None if in_parts else content,
        "content_parts": content if in_parts else None,
        "name": message.get("name"),
        **calls,
    }
