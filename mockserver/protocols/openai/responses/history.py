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
from mockserver.protocols.openai.responses.background import is_made, stage_of
from mockserver.protocols.openai.responses.identity import (
    family_of,
    item_id,
    prefix_of,
    shared_by,
    thing_id,
)
from mockserver.protocols.openai.responses.request import REFERENCE, ResponsesRequest
from mockserver.protocols.openai.responses.shown import kind_of
from mockserver.protocols.openai.responses.validation import check_pairs
from mockserver.records.stored import StoredAnswer, StoredAnswers, StoredThing
from mockserver.seeding import Draw
from mockserver.tokens import Recalled
from mockserver.wire.jsontext import compact, is_list, is_object

Json = Mapping[str, Any]

RESPONSES: Final = "responses"
"""The endpoint whose answers are continued."""
ITEM: Final = "item"
_INPUT: Final = "input"
"""The member of an answer that has the items it answered, each with an id."""
_READ: Final = "read"
"""The member of an answer whose items are kept by their ids already."""
CONVERSATION: Final = "conversation"
_ENTERED: Final = "entered"
"""How many items were ever in a conversation."""
_PENDING: Final = "pending"
"""The answers in a conversation that are not complete yet."""
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


def input_of(answer: StoredAnswer) -> list[Json]:
    """Return all items that the model had read when it gave *answer*, each with an id.

    The ids of those that had none are the same each time.
    """
    known: list[Json] | None = answer.members.get(_INPUT)
    if known is None:
        request = reading.as_response(answer.request)
        draw = Draw(0, answer.id.encode())
        known = [
            item if isinstance(item.get("id"), str) else _with_id(item, answer, draw, number)
            for number, item in enumerate(request.items)
        ]
        answer.members[_INPUT] = known
    return known


def _with_id(item: Json, answer: StoredAnswer, draw: Draw, number: int) -> Json:
    prefix = prefix_of(kind_of(item))
    return {**item, "id": item_id(prefix, answer.id, answer.created, draw, number)}


def history_of(answer: StoredAnswer) -> list[Json]:
    """Return all that the model had read when it gave *answer*, and the answer, in items."""
    return [*input_of(answer), *output_of(answer)]


def with_history(request: ResponsesRequest, stored: StoredAnswers) -> ResponsesRequest:
    """Return *request* with what it continues before its input, and its references replaced.

    Raises:
        ApiError: Something that it refers to is not kept, or a call and its output do not meet.

    """
    before: list[Json] = []
    recalled: dict[str, Recalled] = {}
    if request.continues is not None:
        before = history_of(_previous(request.continues, stored))
    conversation = reading.conversation_of(request.body)
    if conversation is not None:
        thing = conversation_in(stored, conversation)
        if thing.members[_PENDING]:
            raise _locked()
        before = list(thing.members["items"])
    _read_items(stored)
    given = [_resolved(item, stored) for item in request.given]
    items = [*before, *given]
    for item in items:
        identity = item.get("id")
        kept = _kept_item(stored, identity) if isinstance(identity, str) else None
        if kept is not None:
            recalled[str(identity)] = kept.recalled
        elif _is_lost(item, stored):
            raise item_not_found(str(identity))
    check_pairs(items, stored=request.body.get("store") is not False)
    return replace(
        request,
        items=items,
        given=given,
        turns=reading.turns_of(request.body, items),
        recalled=recalled,
    )


def _is_lost(item: Json, stored: StoredAnswers) -> bool:
    """Return whether *item* is a thought that was not kept, and comes back without its text."""
    identity = item.get("id")
    if kind_of(item) != "reasoning" or item.get("encrypted_content"):
        return False
    family = family_of(identity) if isinstance(identity, str) else None
    return family is not None and stored.is_unkept(family)


def _previous(identity: str, stored: StoredAnswers) -> StoredAnswer:
    answer = answer_of(stored, identity)
    if answer is None:
        raise _previous_not_found(identity)
    stage = stage_of(answer, stored)
    if stage in {"queued", "in_progress"}:
        raise _previous_not_finished(identity, stage)
    return answer


def _kept_item(stored: StoredAnswers, identity: str) -> KeptItem | None:
    """Return the item with the id *identity*, if an answer that is kept has it."""
    thing = stored.thing(identity)
    if thing is None or thing.kind != ITEM:
        return None
    kept: KeptItem = thing.members["kept"]
    return kept


def _resolved(item: Json, stored: StoredAnswers) -> Json:
    """Return *item*, or the item that it refers to."""
    identity = item.get("id")
    is_reference = item.get("type") == REFERENCE or ("type" not in item and "role" not in item)
    if not is_reference or not isinstance(identity, str):
        return item
    kept = _kept_item(stored, identity)
    found = _input_item(stored, identity) if kept is None else kept.item
    if found is None:
        raise item_not_found(identity)
    return found


def _input_item(stored: StoredAnswers, identity: str) -> Json | None:
    """Return the item *identity* that a client has sent, alone or in a conversation."""
    for answer in stored.of(RESPONSES):
        # All ids of a thread begin alike.
        if shared_by(answer.id) == shared_by(identity):
            for item in input_of(answer):
                if item["id"] == identity:
                    return item
    for thing in stored.things(CONVERSATION):
        for item in thing.members["items"]:
            if item["id"] == identity:
                found: Json = item
                return found
    return None


def keep(answer: StoredAnswer, stored: StoredAnswers) -> None:
    """Enter *answer* in its conversation, if it belongs to one.

    What is not to be stored is forgotten again, once it is there.
    """
    request = reading.as_response(answer.request)
    conversation = reading.conversation_of(request.body)
    thing = None if conversation is None else stored.thing(conversation)
    if thing is not None:
        thing.members[_PENDING].append(answer)
        settle(stored, thing)
    if request.body.get("store") is False:
        stored.remove(answer.id)


def _read_items(stored: StoredAnswers) -> None:
    """Keep the items of all answers that are complete by their ids, unless they are kept yet."""
    for answer in stored.of(RESPONSES):
        if not answer.members.get(_READ) and is_made(answer, stored):
            answer.members[_READ] = True
            _keep_items(answer, stored)


def _keep_items(answer: StoredAnswer, stored: StoredAnswers) -> None:
    request = reading.as_response(answer.request)
    output = output_of(answer)
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


def output_of(answer: StoredAnswer) -> list[Json]:
    """Return the items that *answer* put out."""
    output = sent_response(answer).get("output")
    return [item for item in output if is_object(item)] if is_list(output) else []


def keep_item(stored: StoredAnswers, item: Json, kept: KeptItem, created: int) -> None:
    """Keep *item* by its id, if it has one."""
    identity = item.get("id")
    if isinstance(identity, str):
        size = len(compact(item))
        members = {"kept": kept}
        stored.put(StoredThing(id=identity, kind=ITEM, created=created, members=members, size=size))


def forget(answer: StoredAnswer, stored: StoredAnswers) -> None:
    """Forget *answer* and its items."""
    stored.remove(answer.id)
    for item in output_of(answer):
        kept = _kept_item(stored, str(item.get("id")))
        if kept is not None and kept.response == answer.id:
            stored.drop(str(item["id"]))


# --- conversations ---------------------------------------------------------------------------


def begin_conversation(
    stored: StoredAnswers, identity: str, created: int, metadata: Json, items: Sequence[Json]
) -> StoredThing:
    """Keep a new conversation by the id *identity*, with *items* in it; return it."""
    members: dict[str, Any] = {"items": [], "metadata": metadata, _ENTERED: 0, _PENDING: []}
    thing = StoredThing(id=identity, kind=CONVERSATION, created=created, members=members)
    enter(stored, thing, items)
    return thing


def conversation_in(stored: StoredAnswers, identity: str) -> StoredThing:
    """Return the conversation with the id *identity*, with all that is said in it by now.

    Raises:
        ApiError: It is not kept.

    """
    thing = stored.thing(identity)
    if thing is None or thing.kind != CONVERSATION:
        raise conversation_not_found(identity)
    settle(stored, thing)
    return thing


def settle(stored: StoredAnswers, conversation: StoredThing) -> None:
    """Enter in *conversation* the answers in it that are complete by now."""
    pending: list[StoredAnswer] = []
    for answer in conversation.members[_PENDING]:
        stage = stage_of(answer, stored)
        if stage == "finished":
            request = reading.as_response(answer.request)
            given = len(request.given)
            entered = enter(stored, conversation, [*request.given, *output_of(answer)])
            # Its items have the same ids wherever they are listed.
            before = request.items[: len(request.items) - given]
            answer.members[_INPUT] = [*before, *entered[:given]]
        elif stage != "cancelled":
            pending.append(answer)
    conversation.members[_PENDING] = pending


def enter(stored: StoredAnswers, conversation: StoredThing, items: Sequence[Json]) -> list[Json]:
    """Enter *items* at the end of *conversation*; return them as they are there, with their ids."""
    members = conversation.members
    entered: list[Json] = []
    for number, item in enumerate(items, members[_ENTERED]):
        identity = item.get("id")
        if not isinstance(identity, str):
            draw = Draw(0, f"{conversation.id} {number}".encode())
            identity = thing_item_id(prefix_of(kind_of(item)), draw, conversation)
        entered.append({**item, "id": identity})
    members[_ENTERED] += len(items)
    members["items"].extend(entered)
    conversation.size += sum([len(compact(item)) for item in entered])
    stored.put(conversation)
    return entered


def thing_item_id(prefix: str, draw: Draw, conversation: StoredThing) -> str:
    """Return an id for an item of *conversation*."""
    return thing_id(prefix, draw, conversation.created, within=conversation.id)


def remove_item(stored: StoredAnswers, conversation: StoredThing, identity: str) -> bool:
    """Remove the item *identity* from *conversation*; return whether it was there."""
    items: list[Json] = conversation.members["items"]
    left = [item for item in items if item["id"] != identity]
    gone = [item for item in items if item["id"] == identity]
    conversation.members["items"] = left
    conversation.size -= sum([len(compact(item)) for item in gone])
    stored.put(conversation)
    return bool(gone)


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


def _previous_not_finished(identity: str, stage: str) -> ApiError:
    return ApiError(
        400,
        f"Previous response with id '{identity}' is not completed: its status is '{stage}'.",
        param="previous_response_id",
        layer="responses",
    )


def _locked() -> ApiError:
    # Quoted in public issues, 2026.
    return ApiError(
        400,
        "Another process is currently operating on this conversation. Please retry in a few "
        "seconds.",
        param="conversation",
        code="conversation_locked",
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
