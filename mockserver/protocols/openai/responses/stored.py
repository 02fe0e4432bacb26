"""Responses that are kept: looked up, streamed again, cancelled, deleted; and what they answered.

Source:
    Recorded answers of 2025-03 to 2026-07. Refusals of what cannot be streamed or cancelled, and of
    deletions in mid-answer: as published by others who rebuilt the API; docs/fidelity.md.
"""

import json
from collections.abc import Iterator
from typing import Final

from mockserver.contracts import Lookup, LookupEndpoint
from mockserver.conversation import ApiError
from mockserver.protocols.openai.responses import paging
from mockserver.protocols.openai.responses.background import (
    cancel,
    events_due,
    look_at,
    stage_of,
)
from mockserver.protocols.openai.responses.history import (
    answer_of,
    forget,
    input_of,
    sent_events,
    sent_response,
)
from mockserver.protocols.openai.responses.request import as_response
from mockserver.protocols.openai.responses.response import taken_back
from mockserver.protocols.openai.responses.shown import shown
from mockserver.records.stored import StoredAnswer
from mockserver.wire.jsontext import JsonValue
from mockserver.wire.rendered import Chunk, EventStream, JsonBody, Rendered

Json = dict[str, JsonValue]

ALL: Final = "/responses"
ONE: Final = ALL + "/{id}"
CANCEL: Final = ONE + "/cancel"
INPUT_ITEMS: Final = ONE + "/input_items"
_DATA: Final = b"data: "
_KEY: Final = (
    "Your request to GET /v1/responses must be made with a session key (that is, it can only be "
    "made from the browser). You made it with the following key type: ."
)


class StoredResponses(LookupEndpoint):
    """The responses that a session keeps."""

    kind = "stored_responses"
    routes = (
        ("GET", ALL),
        ("GET", ONE),
        ("DELETE", ONE),
        ("POST", CANCEL),
        ("GET", INPUT_ITEMS),
    )

    def look_up(self, lookup: Lookup) -> Rendered:
        """Return what *lookup* requests of a response."""
        if lookup.route == ("GET", ALL):
            raise ApiError(401, _KEY, code="missing_scope", layer="responses")
        identity = lookup.parameters["id"]
        answer = answer_of(lookup.stored, identity)
        if answer is None:
            raise ApiError(404, f"Response with id '{identity}' not found.", layer="responses")
        match lookup.route:
            case ("DELETE", _):
                return JsonBody(_deleted(answer, lookup), "responses")
            case ("POST", _):
                return JsonBody(_cancelled(answer, lookup), "responses")
            case (_, path) if path == INPUT_ITEMS:
                return JsonBody(_input_items(answer, lookup), "responses")
            case _:
                return _shown(answer, lookup)


def _refused(message: str, param: str | None = None) -> ApiError:
    return ApiError(400, message, param=param, layer="responses")


# --- one response ----------------------------------------------------------------------------


def _shown(answer: StoredAnswer, lookup: Lookup) -> Rendered:
    query = paging.query_of(lookup.http)
    paging.included(lookup.http)
    streams = paging.flag(query, "stream")
    after = paging.number(query, "starting_after")
    pads = paging.flag(query, "include_obfuscation")
    if streams:
        return _events(answer, lookup, -1 if after is None else after, pads=bool(pads))
    look_at(answer, lookup.clock)
    return JsonBody(_response(answer, lookup), "responses")


def _response(answer: StoredAnswer, lookup: Lookup) -> Json:
    """Return *answer* as it is by now."""
    finished, stage = sent_response(answer), stage_of(answer, lookup.stored)
    if stage == "finished":
        return finished
    return taken_back(finished, as_response(answer.request).body, stage)


def _events(answer: StoredAnswer, lookup: Lookup, after: int, *, pads: bool) -> EventStream:
    """Return the events of *answer* with numbers above *after*, each in its time.

    They are padded only if that is asked for (31 of 31 recorded are not).
    """
    if not answer.request.background or not answer.request.stream:
        missing = "stream" if answer.request.background else "background"
        raise _refused(
            f"This response cannot be streamed because it was not created with {missing}=true.",
            "stream",
        )
    return EventStream(tuple(_chunks(answer, lookup, after, pads=pads)))


def _chunks(answer: StoredAnswer, lookup: Lookup, after: int, *, pads: bool) -> Iterator[Chunk]:
    sent_s = 0.0
    for number, due in enumerate(events_due(answer, lookup.stored, sent_events(answer))):
        if number <= after:
            continue
        name, _, data = due.event.partition(_DATA)
        value: Json = json.loads(data)
        if not pads:
            value.pop("obfuscation", None)
        event = name.decode().removeprefix("event: ").rstrip()
        yield Chunk(value, event=event, after_s=due.in_s - sent_s)
        sent_s = due.in_s


def _deleted(answer: StoredAnswer, lookup: Lookup) -> Json:
    if stage_of(answer, lookup.stored) in {"queued", "in_progress"}:
        raise _refused("Cannot delete an in-flight response.")
    forget(answer, lookup.stored)
    return {"id": answer.id, "object": "response.deleted", "deleted": True}


def _cancelled(answer: StoredAnswer, lookup: Lookup) -> Json:
    if not answer.request.background:
        raise _refused("Cannot cancel a synchronous response.")
    if not cancel(answer, lookup.stored):
        status = sent_response(answer).get("status")
        article = "an" if status == "incomplete" else "a"
        raise _refused(f"Cannot cancel {article} {status} response.")
    return _response(answer, lookup)


def _input_items(answer: StoredAnswer, lookup: Lookup) -> Json:
    includes = paging.included(lookup.http)
    items = [shown(item, item["id"], includes) for item in input_of(answer)]
    return paging.page_of(lookup, items)
