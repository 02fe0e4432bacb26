"""Refusals by the provider behind OpenRouter: its own body, quoted as a text.

OpenAI's newer models are asked through the Responses API, so that its words come back: for
schemas, for the word "json", and for ids of calls. Sources: refusals of that API, recorded in 2025
and 2026; a relayed one is pasted in reVrost/go-openrouter#21 (2025-08). What has no other words
there, as far as is known, is quoted in those of chat.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from mockserver.conversation import ApiError
from mockserver.providers.openrouter.models import AUTO, ON_RESPONSES, slug_of
from mockserver.providers.openrouter.requests import items, record
from mockserver.wire.jsontext import pretty

Json = Mapping[str, Any]

NO_JSON: Final = (
    "Response input messages must contain the word 'json' in some form to use 'text.format' of "
    "type 'json_object'."
)
CALL_ID: Final = re.compile(r"messages\[(\d+)\]\.tool_calls\[(\d+)\]\.id")
UNANSWERED: Final = re.compile(r"did not have response messages: ([^,]+)")
STRAY: Final = "Invalid parameter: "


def quoted(error: ApiError) -> str:
    """Return the body of *error*, as OpenAI and Azure write it."""
    return pretty({"error": error.members})


def last_asked(body: Json) -> str:
    """Return the name of the model that is asked last for *body*: its refusal comes back."""
    return str([body.get("model") or AUTO, *items(body.get("models"))][-1])


def in_words_of(error: ApiError, body: Json) -> ApiError:
    """Return *error*, a refusal by chat of what *body* asks, as the API behind refuses it."""
    if not ON_RESPONSES.match(slug_of(last_asked(body))):
        return error
    param = error.param or ""
    if param.startswith("tools["):
        return _renamed(error, (".function.", "."), (".custom.", "."))
    if error.message.startswith("Invalid schema for response_format"):
        return replace(error, param="text.format.schema", code="invalid_json_schema")
    if param.startswith("response_format"):
        return _renamed(
            error,
            ("response_format.json_schema", "text.format"),
            ("response_format", "text.format"),
        )
    if "must contain the word 'json'" in error.message:
        return replace(error, message=NO_JSON, param="input")
    return _of_calls(error, items(body.get("messages")))


def _renamed(error: ApiError, *changes: tuple[str, str]) -> ApiError:
    """Return *error* with its path called otherwise, in its message too."""
    path = new = error.param or ""
    for old, replacement in changes:
        new = new.replace(old, replacement, 1)
    return replace(error, param=new, message=error.message.replace(path, new))


def _of_calls(error: ApiError, messages: Sequence[Any]) -> ApiError:
    """Return *error*, if it is about ids of calls in *messages*, in the words for items."""
    found = CALL_ID.fullmatch(error.param or "")
    if found is not None:
        path = f"input[{_item(messages, int(found[1]), int(found[2]))}].call_id"
        return replace(error, param=path, message=error.message.replace(found[0], path))
    unanswered = UNANSWERED.search(error.message)
    if unanswered is not None:
        what = f"No tool output found for function call {unanswered[1]}."
        return replace(error, message=what, param="input")
    if error.message.startswith(STRAY):
        call_id = next(_stray(messages), "")
        what = f"No tool call found for function call output with call_id {call_id}."
        return replace(error, message=what, param="input")
    return error


def _item(messages: Sequence[Any], message: int, call: int) -> int:
    """Return which item of the input a *call* is: texts and calls are items of their own."""
    before = sum(map(_items_of, messages[:message]))
    return before + bool(record(messages[message]).get("content")) + call


def _items_of(message: Any) -> int:
    calls = items(record(message).get("tool_calls"))
    return len(calls) + bool(record(message).get("content")) if calls else 1


def _stray(messages: Sequence[Any]) -> Iterator[str]:
    """Yield the ids of results that answer no call."""
    called: set[Any] = set()
    for message in map(record, messages):
        called.update(record(call).get("id") for call in items(message.get("tool_calls")))
        if message.get("role") == "tool" and message.get("tool_call_id") not in called:
            yield str(message.get("tool_call_id"))
