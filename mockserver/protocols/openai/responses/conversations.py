"""Conversations: items that responses read and add to, kept on their own.

Source:
    38 recorded answers of 2025-03 to 2026-07; the API reference.
"""

from collections.abc import Mapping
from typing import Any, Final

from mockserver.contracts import Lookup, LookupEndpoint
from mockserver.conversation import ApiError
from mockserver.protocols.openai import validation
from mockserver.protocols.openai.responses import paging
from mockserver.protocols.openai.responses.history import (
    begin_conversation,
    conversation_in,
    enter,
    remove_item,
)
from mockserver.protocols.openai.responses.identity import thing_id
from mockserver.protocols.openai.responses.shown import shown
from mockserver.protocols.openai.responses.validation import (
    check_conversation,
    check_conversation_update,
    check_new_items,
)
from mockserver.records.stored import StoredThing
from mockserver.wire.jsontext import JsonValue
from mockserver.wire.rendered import JsonBody

Json = dict[str, JsonValue]

ALL: Final = "/conversations"
ONE: Final = ALL + "/{id}"
ITEMS: Final = ONE + "/items"
ITEM: Final = ITEMS + "/{item}"
PREFIX: Final = "conv_"


class Conversations(LookupEndpoint):
    """The conversations that a session keeps."""

    kind = "conversations"
    routes = (
        ("POST", ALL),
        ("GET", ONE),
        ("POST", ONE),
        ("DELETE", ONE),
        ("POST", ITEMS),
        ("GET", ITEMS),
        ("GET", ITEM),
        ("DELETE", ITEM),
    )

    def look_up(self, lookup: Lookup) -> JsonBody:
        """Return what *lookup* requests of a conversation."""
        if lookup.route == ("POST", ALL):
            return JsonBody(_begun(lookup), "responses")
        conversation = conversation_in(lookup.stored, lookup.parameters["id"])
        match lookup.route:
            case (method, path) if path == ONE:
                found = _one(method, conversation, lookup)
            case ("POST", _):
                found = _added(conversation, lookup)
            case ("GET", path) if path == ITEMS:
                found = paging.page_of(lookup, _items(conversation, lookup))
            case ("GET", _):
                found = _item(conversation, lookup)
            case _:
                _item(conversation, lookup)
                remove_item(lookup.stored, conversation, lookup.parameters["item"])
                found = _conversation(conversation)
        return JsonBody(found, "responses")


def _body(lookup: Lookup) -> Mapping[str, Any]:
    return validation.read_body(lookup.http) if lookup.http.body else {}


def _begun(lookup: Lookup) -> Json:
    body = _body(lookup)
    check_conversation(body)
    created = lookup.draw.created()
    return _conversation(
        begin_conversation(
            lookup.stored,
            thing_id(PREFIX, lookup.draw, created),
            created,
            body.get("metadata") or {},
            body.get("items") or (),
        )
    )


def _conversation(conversation: StoredThing) -> Json:
    return {
        "id": conversation.id,
        "object": "conversation",
        "created_at": conversation.created,
        "metadata": conversation.members["metadata"],
    }


def _one(method: str, conversation: StoredThing, lookup: Lookup) -> Json:
    if method == "DELETE":
        lookup.stored.drop(conversation.id)
        return {"id": conversation.id, "object": "conversation.deleted", "deleted": True}
    if method == "POST":
        body = _body(lookup)
        check_conversation_update(body)
        conversation.members["metadata"] = body["metadata"] or {}
    return _conversation(conversation)


# --- items -----------------------------------------------------------------------------------


def _added(conversation: StoredThing, lookup: Lookup) -> Json:
    body = _body(lookup)
    check_new_items(body)
    includes = paging.included(lookup.http)
    entered = enter(lookup.stored, conversation, body["items"])
    return paging.listed([shown(item, item["id"], includes) for item in entered])


def _items(conversation: StoredThing, lookup: Lookup) -> list[Json]:
    includes = paging.included(lookup.http)
    return [shown(item, item["id"], includes) for item in conversation.members["items"]]


def _item(conversation: StoredThing, lookup: Lookup) -> Json:
    wanted = lookup.parameters["item"]
    for item in _items(conversation, lookup):
        if item["id"] == wanted:
            return item
    what = f"Item with id '{wanted}' not found in conversation '{conversation.id}'."
    raise ApiError(404, what, layer="responses")
