"""A request that another server answers: what goes there, and what becomes of what comes back.

The engine never waits: `server/upstream.py` carries out a `Forward`, and hands the result to
`Engine.resume`. From there on it is an answer like any other, with its latency and failures.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

from mockserver.conversation import ApiError, IncomingCall
from mockserver.engine.asked import Asked, Matched, Pace, Plain, Ready
from mockserver.engine.refusing import NO_RETRY
from mockserver.records.journal import Call
from mockserver.wire.http_request import HttpRequest
from mockserver.wire.rendered import Frame
from mockserver.wire.timeline import Head, Headers

_EVENT: Final = re.compile(rb".*?(?:\r\n\r\n|\n\n|\r\r)|.+", re.DOTALL)
EVENT_STREAM: Final = "text/event-stream"


class Forward(NamedTuple):
    """A request for another server, and the latency and failures for what that answers."""

    http: HttpRequest
    asked: Asked
    call: Call
    matched: Matched


@dataclass(frozen=True, slots=True)
class Received:
    """The whole answer of another server; *headers* are those that are passed on."""

    status: int
    headers: Headers
    body: bytes

    @property
    def is_stream(self) -> bool:
        """Whether it is a stream of server-sent events."""
        types = (value for name, value in self.headers if name.lower() == "content-type")
        return any(value.startswith(EVENT_STREAM) for value in types)


def received(answer: Received, incoming: IncomingCall) -> Ready:
    """Return *answer* as what this server gives.

    Each event of a stream counts as a token, since nothing here reads what is in it.
    """
    request = incoming.request
    size = None if answer.is_stream else len(answer.body)
    frames = tuple(_frames(answer))
    pace = None
    if request is not None and answer.status < NO_ANSWER:
        pace = Pace(request.model, request.prompt_tokens, streamed=answer.is_stream)
    return Ready(Plain(Head.of(answer.status, answer.headers, size), frames), pace=pace)


NO_ANSWER: Final = 400


def _frames(answer: Received) -> Iterator[Frame]:
    if not answer.is_stream:
        yield Frame(answer.body, 1)
        return
    for event in _EVENT.findall(answer.body):
        yield Frame(event, 1)


def nowhere_to_forward() -> ApiError:
    """Return the refusal of a request that was to be forwarded by a server without an upstream."""
    what = "a rule forwards this request, and no upstream server is configured"
    return ApiError(502, what, code="no_upstream", headers=NO_RETRY)
