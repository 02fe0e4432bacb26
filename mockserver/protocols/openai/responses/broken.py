"""What ends the stream of a response when something goes wrong in the middle of it.

The error comes first, and then the response, which has failed: recorded for accounts without
credit (two repositories), and pasted in public issues for limits and broken servers.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from mockserver.conversation import ApiError
from mockserver.protocols.openai.responses.events import failure
from mockserver.protocols.openai.responses.response import FAILED
from mockserver.wire.jsontext import JsonValue, compact, is_object
from mockserver.wire.sse import written

Json = Mapping[str, JsonValue]

SERVER_ERROR: Final = "server_error"
SERVER_ERRORS: Final = 500
CLIENTS: Final = "invalid_request_error"
BEGUN: Final = ("response.created", "response.queued", "response.in_progress")


def is_of_response(nearest: Sequence[Json]) -> bool:
    """Return whether the events *nearest* to a place in a stream are those of a response."""
    return any(str(event.get("type")).startswith("response.") for event in nearest)


def failed_in_stream(
    error: ApiError, nearest: Sequence[Json], *, is_flat: bool, is_unexplained: bool
) -> bytes:
    """Return the events that report *error*: it, and the response, which has failed.

    Args:
        error: What happened.
        nearest: The JSON of the stream's events, nearest first.
        is_flat: The error is laid out as the published types have it, and not as it is sent:
            its members are those of the event.
        is_unexplained: Nothing is known about it but that the server failed.

    """
    number = next((event["sequence_number"] for event in nearest if "sequence_number" in event), -1)
    message = FAILED if is_unexplained else error.message
    kind = error.type or (SERVER_ERROR if error.status >= SERVER_ERRORS else CLIENTS)
    code = kind if error.code is None else error.code
    members: dict[str, Any] = {
        "type": kind,
        "code": code,
        "message": message,
        "param": error.param,
        **error.added,
    }
    reported: Json = failure(members, number + 1).value
    if is_flat:
        reported = {**members, "type": "error", "sequence_number": number + 1}
        reported = {"type": "error", **dict(sorted(reported.items()))}
    begun = [
        event["response"]
        for event in nearest
        if event.get("type") in BEGUN and is_object(event.get("response"))
    ]
    sent = written(compact(reported), "error")
    if begun:
        response = {**begun[0], "status": "failed", "error": {"code": code, "message": message}}
        last = {
            "type": "response.failed",
            "response": response,
            "sequence_number": number + 2,
        }
        sent += written(compact(last), "response.failed")
    return sent
