"""Step 4 for answers to the byte: they need no model, and are billed as they state."""

from mockserver.contracts import RawReply
from mockserver.conversation import IncomingCall, StatedUsage, Usage
from mockserver.engine.answering import found_nothings, stated_headers
from mockserver.engine.asked import Asked, Pace, Plain, Ready
from mockserver.sessions.rules import Given
from mockserver.templates.expansion import expanded, one_line
from mockserver.wire.timeline import DATE, Head


def verbatim(asked: Asked, incoming: IncomingCall, given: Given) -> Ready:
    """Return what *given*, a raw reply, answers to *incoming*."""
    reply, scope = given.reply, given.scope
    assert isinstance(reply, RawReply)
    if scope is not None and reply.template:
        reply = expanded(reply, scope.at())
    status, content_type, frames, is_stream = reply.verbatim()
    size = None if is_stream else sum([len(frame.text) for frame in frames])
    opening = (("date", DATE.mark), ("content-type", one_line(content_type)))
    stated = stated_headers(asked.session.scenario.defaults, reply)
    headers = tuple([(name, one_line(value)) for name, value in stated])
    head = Head.of(status, opening, size).with_headers(headers)
    request = incoming.request
    pace = None
    if given.may_cut and request is not None:
        pace = Pace(request.model, request.prompt_tokens, streamed=is_stream)
    return Ready(
        Plain(head, frames),
        usage=_billed(reply),
        pace=pace,
        notes=found_nothings(scope),
    )


def _billed(reply: RawReply) -> Usage | None:
    """Return the bill that *reply* states; None: none."""
    stated = reply.usage
    if not isinstance(stated, StatedUsage):
        return None
    return Usage(
        prompt_tokens=stated.prompt_tokens or 0,
        completion_tokens=stated.completion_tokens or 0,
        cached_tokens=stated.cached_tokens or 0,
        reasoning_tokens=stated.reasoning_tokens or 0,
        audio_tokens=stated.audio_tokens or 0,
        accepted_prediction_tokens=stated.accepted_prediction_tokens or 0,
        rejected_prediction_tokens=stated.rejected_prediction_tokens or 0,
        cache_write_tokens=stated.cache_write_tokens or 0,
        stated_total=stated.total_tokens,
        cost=stated.cost,
    )
