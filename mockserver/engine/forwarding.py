"""Answers that are not made here: a request that another server answers, and what comes back.

The engine never waits: `server/upstream.py` carries out a `Forward`, and hands the result to
`Engine.resume`, or, where nothing lies over the answer, passes it on as it comes and tells
`Engine.passed`. What was recorded goes the same way, without another server.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import accumulate
from typing import Final, Literal, NamedTuple

from mockserver.cassettes.finding import Finder
from mockserver.cassettes.recording import OF_THE_CONNECTION, RecordedAnswer
from mockserver.cassettes.scrubbing import CLIENTS, secrets_of_heads
from mockserver.contracts import NOTHING_HEARD, Heard, HeardEvent, RecordedReply
from mockserver.conversation import ApiError, IncomingCall
from mockserver.engine.answering import stated_headers
from mockserver.engine.asked import Asked, Matched, Pace, Plain, Ready, Summary
from mockserver.engine.refusing import NO_RETRY
from mockserver.models import family_of
from mockserver.records.journal import Call
from mockserver.records.redaction import redact_text, without
from mockserver.records.spelling import json_text
from mockserver.tokens import pieces as tokens_of
from mockserver.wire.http_request import HttpRequest
from mockserver.wire.marks import CALL, CONTENT, REFUSAL, THOUGHT, Path, locate
from mockserver.wire.rendered import Frame
from mockserver.wire.timeline import Abort, Data, Event, Head, Pause, Timeline


class Forward(NamedTuple):
    """A request for another server, and the latency and failures for what that answers."""

    http: HttpRequest
    asked: Asked
    call: Call
    matched: Matched

    @property
    def is_disturbed(self) -> bool:
        """Whether anything lies over the answer, so that it has to be there as a whole first."""
        given = self.matched.given
        return bool(given.failures or given.latency)


def heard(asked: Asked, answer: RecordedAnswer) -> Heard:
    """Return what *answer* to *asked* says, as far as its protocol can read it."""
    endpoint = asked.route.asks
    if endpoint is None or answer.is_refusal:
        return NOTHING_HEARD
    return endpoint.heard(asked.http.json, answer.json, answer.events)


def received(asked: Asked, matched: Matched, answer: RecordedAnswer, said: Heard) -> Ready:
    """Return *answer*, another server's, as what this server gives; it *said* that.

    What failures and latency act on are the events of a stream; otherwise it goes out in the
    pieces in which it came, and if it was recorded so, in the time that it took.
    """
    given, incoming = matched.given, matched.incoming
    reply = given.reply
    timed = isinstance(reply, RecordedReply) and reply.takes_its_time and given.latency is None
    pieces = (
        _by_event(answer, said) if given.may_cut or not answer.pieces else _pieces(answer, said)
    )
    waits_s = tuple(_waits_s(answer, [end for end, _ in pieces])) if timed else ()
    size = None if answer.is_stream or answer.is_cut else len(answer.body)
    # Somebody may have written the recording by hand, or edited it.
    headers = [pair for pair in answer.headers if pair[0].lower() not in OF_THE_CONNECTION]
    head = Head.of(answer.status, tuple(headers), size)
    if reply is not None and (stated := stated_headers(asked.session.scenario.defaults, reply)):
        head = head.with_headers(tuple(stated))
    body = Plain(
        head,
        tuple([frame for _, frame in pieces]),
        waits_s,
        answer.opened_ms / 1_000 if timed else 0.0,
        answer.is_cut,
    )
    pace = None if answer.is_refusal else _pace(answer, incoming, said)
    return gone(asked, answer, said, body, pace)


NOTHING: Final = Plain(Head.of(200, ()), ())
"""What is left to be sent of an answer that has gone."""


def gone(
    asked: Asked,
    answer: RecordedAnswer,
    said: Heard,
    body: Plain = NOTHING,
    pace: Pace | None = None,
) -> Ready:
    """Return what is to be known of *answer*, which *said* that; *body* is what is to be sent."""
    return Ready(
        body,
        usage=said.usage,
        pace=pace,
        summary=_summary(asked, answer, said),
        calls_tools=any(choice.tool_calls for choice in said.choices),
        answer_id=said.id,
        error_code=asked.route.dialect.error_code(answer.json) if answer.is_refusal else None,
    )


class Gone(NamedTuple):
    """What of an answer that was passed on is not in its body: its head, and how it broke off.

    *broke* is how the connection ended in the middle of it; None: it did not.
    """

    head: Head
    broke: Literal["rst", "fin"] | None = None


def gone_as(answer: RecordedAnswer, said: Heard, gone_out: Gone) -> Timeline:
    """Return *answer*, which *said* that, as it went out: in its pieces, and in their time."""
    events: list[Event] = [Pause(answer.opened_ms / 1_000, scales=False), gone_out.head]
    passed_ms, frames = answer.opened_ms, _pieces(answer, said) if answer.body else []
    for number, (_, frame) in enumerate(frames):
        at_ms = answer.pieces[number].at_ms if number < len(answer.pieces) else passed_ms
        if at_ms > passed_ms:
            events.append(Pause((at_ms - passed_ms) / 1_000, scales=False))
            passed_ms = at_ms
        events.append(Data(*frame))
    return (*events, *([] if gone_out.broke is None else [Abort(gone_out.broke)]))


def _pace(answer: RecordedAnswer, incoming: IncomingCall, said: Heard) -> Pace:
    request, usage = incoming.request, said.usage
    prompt_tokens = usage.prompt_tokens if usage is not None else 0
    if usage is None and request is not None:
        prompt_tokens = request.prompt_tokens
    model = incoming.model or said.model or ""
    return Pace(model, prompt_tokens, streamed=answer.is_stream)


def _summary(asked: Asked, answer: RecordedAnswer, said: Heard) -> Summary | None:
    """Return what the journal keeps of what was *said* in *answer*, without secrets.

    Another server may repeat them as it likes: these are found in all spellings.
    """
    if not said.choices:
        return None
    http = asked.http
    known = secrets_of_heads(tuple(http.headers.items()), http.query, answer.headers)
    searching = finder(known)
    first = said.choices[0]
    reason = first.finish_reason or (said.finish_reasons[0] if said.finish_reasons else "") or ""
    text = first.text if first.text is not None else first.refusal
    calls = [
        replace(made, arguments=_told(made.arguments, asked, searching))
        for made in first.tool_calls
    ]
    told = None if text is None else _told(text, asked, searching)
    return Summary(told, reason, tuple(calls))


@lru_cache(maxsize=CLIENTS)
def finder(secrets: tuple[str, ...]) -> Finder:
    """Return what finds secrets in an exchange whose headers hold *secrets*."""
    return Finder((), secrets)


def _told(text: str, asked: Asked, searching: Finder) -> str:
    return redact_text(without(text, searching.find(text)), asked.secrets)


# --- Frames ----------------------------------------------------------------------------------


def _by_event(answer: RecordedAnswer, said: Heard) -> list[tuple[int, Frame]]:
    """Return the events of *answer*, or the tokens of its body, each with where it ends there."""
    return _events(answer, said) if answer.is_stream else _by_token(answer.body, said)


def _events(answer: RecordedAnswer, said: Heard) -> list[tuple[int, Frame]]:
    ends = accumulate([len(event.raw) for event in answer.events])
    carried = _carried(answer, said)
    return [
        (end, Frame(event.raw, *carries))
        for end, event, carries in zip(ends, answer.events, carried, strict=True)
    ]


TOLD: Final = frozenset({CONTENT, REFUSAL, THOUGHT, CALL})
"""The marks on texts that consist of tokens."""


def _by_token(body: bytes, said: Heard) -> list[tuple[int, Frame]]:
    """Return *body*, an answer in one piece that *said* that, cut where its tokens end."""
    if not any(mark.kind in TOLD for mark in said.marks):
        return [(len(body), Frame(body, said.tokens, said.marks))]
    text = body.decode("utf-8", "surrogateescape")
    encoding = family_of(said.model or "").encoding
    paths = [mark.path for mark in said.marks if mark.kind in TOLD]
    ends = sorted([end for path in paths for end in _token_ends(text, path, encoding)])
    found: list[tuple[int, Frame]] = []
    at = size = 0
    for end, tokens in ends:
        piece = text[at:end].encode("utf-8", "surrogateescape")
        at, size = end, size + len(piece)
        found.append((size, Frame(piece, tokens)))
    rest = Frame(text[at:].encode("utf-8", "surrogateescape"), int(not ends), said.marks)
    return [*found, (len(body), rest)]


def _token_ends(text: str, path: Path, encoding: str) -> Iterator[tuple[int, int]]:
    """Yield where in the JSON *text* tokens end of the text at *path*, and how many do."""
    span = locate(text, path)
    if span is None or text[span.value_begin] != '"':
        return
    begin = span.value_begin + 1
    spelled = json_text(text[begin : span.value_end - 1])
    at = 0
    for token, count in tokens_of(spelled.plain, encoding):
        at += len(token)
        yield begin + spelled.place(at, end=True), count


def _carried(answer: RecordedAnswer, said: Heard) -> Sequence[HeardEvent]:
    """Return what each event carries: a token, where nothing here reads what is in them."""
    if len(said.events) != len(answer.events):
        return [HeardEvent(1)] * len(answer.events)
    if any(event.tokens for event in said.events):
        return said.events
    return [HeardEvent(1, event.marks) for event in said.events]


def _pieces(answer: RecordedAnswer, said: Heard) -> list[tuple[int, Frame]]:
    """Return *answer* in the pieces in which it came; each has the tokens that end in it."""
    whole = [(len(answer.body), Frame(answer.body, said.tokens))]
    by_event = _events(answer, said) if answer.is_stream else whole
    found: list[tuple[int, Frame]] = []
    at = event = 0
    for _, size in answer.pieces:
        end, tokens = at + size, 0
        while event < len(by_event) and by_event[event][0] <= end:
            tokens += by_event[event][1].tokens
            event += 1
        found.append((end, Frame(answer.body[at:end], tokens)))
        at = end
    if at < len(answer.body):
        rest = sum([frame.tokens for _, frame in by_event[event:]])
        found.append((len(answer.body), Frame(answer.body[at:], rest)))
    return found


def _waits_s(answer: RecordedAnswer, ends: Sequence[int]) -> Iterator[float]:
    """Yield the pauses before what *ends* there in the body, in seconds."""
    arrived = list(accumulate([size for _, size in answer.pieces]))
    before_ms, piece = answer.opened_ms, 0
    for end in ends:
        while piece < len(arrived) - 1 and arrived[piece] < end:
            piece += 1
        at_ms = max(before_ms, answer.pieces[piece].at_ms)
        yield (at_ms - before_ms) / 1_000
        before_ms = at_ms


def nowhere_to_forward() -> ApiError:
    """Return the refusal of a request that was to be forwarded by a server without an upstream."""
    what = "a rule forwards this request, and no upstream server is configured"
    return ApiError(502, what, code="no_upstream", headers=NO_RETRY)
