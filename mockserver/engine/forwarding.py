"""A request that another server answers: what goes there, and what becomes of what comes back.

The engine never waits: `server/upstream.py` carries out a `Forward`, and hands the result to
`Engine.resume`. From there on it is an answer like any other, with its latency and failures.
"""

from collections.abc import Iterator
from typing import NamedTuple

from mockserver.cassettes.recording import RecordedAnswer
from mockserver.conversation import ApiError, IncomingCall
from mockserver.engine.asked import Asked, Matched, Pace, Plain, Ready
from mockserver.engine.refusing import NO_RETRY
from mockserver.records.journal import Call
from mockserver.wire.http_request import HttpRequest
from mockserver.wire.rendered import Frame
from mockserver.wire.timeline import Head


class Forward(NamedTuple):
    """A request for another server, and the latency and failures for what that answers."""

    http: HttpRequest
    asked: Asked
    call: Call
    matched: Matched


def received(answer: RecordedAnswer, incoming: IncomingCall) -> Ready:
    """Return *answer*, another server's, as what this server gives."""
    request = incoming.request
    size = None if answer.is_stream else len(answer.body)
    frames = tuple(_frames(answer))
    pace = None
    if request is not None and not answer.is_refusal:
        pace = Pace(request.model, request.prompt_tokens, streamed=answer.is_stream)
    return Ready(Plain(Head.of(answer.status, answer.headers, size), frames), pace=pace)


def _frames(answer: RecordedAnswer) -> Iterator[Frame]:
    """Yield the pieces of *answer*: each event of a stream counts as a token."""
    if not answer.is_stream:
        yield Frame(answer.body, 1)
        return
    for event in answer.events:
        yield Frame(event.raw, 1)


def nowhere_to_forward() -> ApiError:
    """Return the refusal of a request that was to be forwarded by a server without an upstream."""
    what = "a rule forwards this request, and no upstream server is configured"
    return ApiError(502, what, code="no_upstream", headers=NO_RETRY)
