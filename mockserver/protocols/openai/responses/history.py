"""What a request continues or refers to: responses, conversations and single items that are kept.

An item that an answer has is found by its id, with what the provider knows of it; a conversation is
kept with its items. What goes out is never changed: it is only read again, and only when something
refers to it.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, NamedTuple

from mockserver.conversation import ApiError
from mockserver.protocols.openai.responses import request as reading
from mockserver.protocols.openai.responses.request import REFERENCE, ResponsesRequest
from mockserver.protocols.openai.responses.validation import check_pairs
from mockserver.records.stored import StoredAnswer, StoredAnswers, StoredThing
from mockserver.tokens import Recalled
from mockserver.wire.jsontext import compact, is_list, is_object

Json = Mapping[str, Any]

RESPONSES: Final = "responses"
"""The endpoint whose answers are continued."""
ITEM: Final = "item"
CONVERSATION: Final = "conversation"
_DATA: Final = b"data: "


class KeptItem(NamedTuple):
    """An item that an answer had: as it went out, with what the provider knows of it."""

    item: Json
    recalled: Recalled
    response: str


def sent_response(answer: StoredAnswer) -> dict[str, Any]:
    """Return the response object that *answer* ended with."""
    body = answer.sent
    if body.startswith(b"event:"):
        last = body.rstrip(b"\n").rpartition(b"\n\n")[2]
        event: dict[str, Any] = json.loads(last.partition(_DATA)[2])
        found: dict[str, Any] = event["response"]
        return found
    whole: dict[str, Any] = json.loads(body)
    return whole


def sent_events(answer: StoredAnswer) -> list[bytes]:
    """Return the events that *answer* went out in; none if it was no stream."""
    body = answer.sent
    if not body.startswith(b"event:"):
        return []
    return [event + b"\n\n" for event in body.split(b"\n\n") if event]


def answer_of(stored: StoredAnswers, identity: str) -> StoredAnswer | None:
    """Return the response with the id *identity*, if it is kept."""
    found = stored.get(identity)
    return found if found is not None and found.endpoint == RESPONSES else None


def history_of(answer: StoredAnswer) -> list[Json]:
    """Return all that the model had read when it gave *answer*, and the answer, in items."""
    request = reading.as_response(answer.request)
    return [*request.items, *sent_response(answer)["output"]]


def with_history(request: ResponsesRequest, stored: StoredAnswers) -> ResponsesRequest:
    """Return *request* with what it continues before its input, and its references replaced.

    Raises:
        ApiError: Something that it refers to is not kept, or a call and its output do not meet.

    """
    before: list[Json] = []
    recalled: dict[str, Recalled] = {}
    if request.continues is not None:
        answer = answer_of(stored, request.continues)
        if answer is None:
            raise _previous_not_found(request.continues)
        before = history_of(answer)
    conversation = reading.conversation_of(request.body)
    if conversation is not None:
        thing = stored.thing(conversation)
        if thing is None or thing.kind != CONVERSATION:
            raise conversation_not_found(conversation)
        before = list(thing.members["items"])
    given = [_resolved(item, stored) for item in request.given]
    items = [*before, *given]
    for item in items:
        identity = item.get("id")
        kept = item_of(stored, identity) if isinstance(identity, str) else None
        if kept is not None:
            recalled[str(identity)] = kept.recalled
    check_pairs(items, stored=request.store)
    return replace(
        request,
        items=items,
        given=given,
        turns=reading.turns_of(request.body, items),
        recalled=recalled,
    )


def _resolved(item: Json, stored: StoredAnswers) -> Json:
    """Return *item*, or the item that it refers to."""
    identity = item.get("id")
    if item.get("type") != REFERENCE or not isinstance(identity, str):
        return item
    kept = item_of(stored, identity)
    if kept is None:
        raise item_not_found(identity)
    return kept.item


def item_of(stored: StoredAnswers, identity: str) -> KeptItem | None:
    """Return the item with the id *identity*, if an answer that is kept has it."""
    found = stored.thing(identity)
    if found is None:
        for answer in stored.of(RESPONSES):
            if not answer.members.get(_READ):
                answer.members[_READ] = True
                _keep_items(answer, stored)
        found = stored.thing(identity)
    if found is None or found.kind != ITEM:
        return None
    kept: KeptItem = found.members["kept"]
    return kept


_READ: Final = "items are read"
"""The member of an answer whose items are kept by their ids already."""


def keep(answer: StoredAnswer, stored: StoredAnswers) -> None:
    """Enter *answer* in its conversation, if it belongs to one."""
    request = reading.as_response(answer.request)
    conversation = reading.conversation_of(request.body)
    thing = None if conversation is None else stored.thing(conversation)
    if thing is not None:
        enter(stored, thing, [*request.given, *_output(answer)])


def _output(answer: StoredAnswer) -> list[Json]:
    return [item for item in sent_response(answer)["output"] if is_object(item)]


def _keep_items(answer: StoredAnswer, stored: StoredAnswers) -> None:
    """Keep each item of *answer* by its id."""
    request = reading.as_response(answer.request)
    output = _output(answer)
    calls = [item for item in output if item.get("type") == "function_call"]
    thoughts = [item for item in output if item.get("type") == "reasoning"]
    thought = 0 if answer.usage is None else answer.usage.reasoning_tokens
    for item in output:
        known = Recalled(
            alone=len(calls) == 1,
            forced=is_forced(request.body),
            through_wrapper=len(calls) > 1,
            by_schema=request.format.kind == "json_schema",
            reasoning_tokens=thought if len(thoughts) == 1 else None,
            model=answer.model_name,
        )
        keep_item(stored, item, KeptItem(item, known, answer.id), answer.created)


def keep_item(stored: StoredAnswers, item: Json, kept: KeptItem, created: int) -> None:
    """Keep *item* by its id, if it has one."""
    identity = item.get("id")
    if isinstance(identity, str):
        size = len(compact(item))
        members = {"kept": kept}
        stored.put(StoredThing(id=identity, kind=ITEM, created=created, members=members, size=size))


def enter(stored: StoredAnswers, conversation: StoredThing, items: Sequence[Json]) -> None:
    """Enter *items* at the end of *conversation*."""
    conversation.members["items"].extend(items)
    conversation.size += sum([len(compact(item)) for item in items])
    stored.put(conversation)


def is_forced(body: Json) -> bool:
    """Return whether *body* makes the model call a certain function."""
    choice = body.get("tool_choice")
    if is_object(choice):
        return choice.get("type") == "function"
    tools = body.get("tools")
    functions = [
        tool
        for tool in (tools if is_list(tools) else [])
        if is_object(tool) and tool.get("type") == "function"
    ]
    return choice == "required" and len(functions) == 1


# --- refusals --------------------------------------------------------------------------------


def _previous_not_found(identity: str) -> ApiError:
    return ApiError(
        400,
        f"Previous response with id '{identity}' not found.",
        param="previous_response_id",
        code="previous_response_not_found",
        layer="responses",
    )


def conversation_not_found(identity: str) -> ApiError:
    """Return the refusal of a conversation that is not kept."""
    return ApiError(404, f"Conversation with id '{identity}' not found.", layer="responses")


def item_not_found(identity: str) -> ApiError:
    """Return the refusal of an item that is not kept."""
    return ApiError(
        404,
        f"Item with id '{identity}' not found. Items are not persisted when `store` is set to "
        "false. Try again with `store` set to true, or remove this item from your input.",
        param="input",
        layer="responses",
    )
