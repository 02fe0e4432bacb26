"""Step 4 for answers to the byte: they need no model, and are billed as they state."""

from mockserver.contracts import RawReply
from mockserver.conversation import IncomingCall, StatedUsage, Usage
from mockserver.engine.answering import found_nothings, stated_headers
from mockserver.engine.asked import Asked, Pace, Plain, Ready
from mockserver.sessions.rules import Given
from mockserver.shaping.billing import as_stated
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
    return as_stated(stated, Usage(0, 0, reasoning_tokens=stated.reasoning_tokens or 0))
