"""Step 5: what differs each time the same answer is given: ids, dates, what is left of limits."""

from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from typing import Final

from mockserver.contracts import (
    Answer,
    AnsweredCall,
    AnsweredChoice,
    AnsweredItem,
    AnsweredPart,
    AnsweredRefusal,
    AnsweredSpeech,
    AnsweredText,
    AnsweredThought,
)
from mockserver.conversation import (
    Allowance,
    AnswerPart,
    Choice,
    Item,
    Refusal,
    Text,
    Thought,
    ToolCall,
)
from mockserver.engine.asked import Asked, Plain, Ready, Stamped
from mockserver.engine.rendering import pour
from mockserver.records.journal import Call
from mockserver.records.ledger import Entry
from mockserver.records.stored import StoredAnswer
from mockserver.seeding import http_date
from mockserver.sessions.session import Session
from mockserver.shaping.cutting import CALL_ID_LENGTH, call_hole
from mockserver.wire.jsontext import Filling, Hole, fill
from mockserver.wire.timeline import (
    DATE,
    Abort,
    Data,
    Event,
    Head,
    Pause,
    Timeline,
    body,
    duration_s,
)

NO_VALUES: Final[Filling] = {}


def stamp(asked: Asked, ready: Ready, allowances: tuple[Allowance, ...] | None) -> Stamped:
    """Return what goes out of *ready*, its holes filled; nothing is entered anywhere.

    *allowances* are what the request leaves of limits that the scenario states.
    """
    dialect, draw, answer = asked.route.dialect, asked.draw, ready.answer
    stamps = dialect.stamps(draw)
    limit_lines = dialect.limit_lines(allowances) if allowances is not None else b""
    contents = ready.body
    if isinstance(contents, Plain):
        status, written, length, _ = contents.head
        lines = fill(written.decode("latin-1"), stamps).encode("latin-1")
        head = Head(status, lines + limit_lines, length)
        opening = (Pause(contents.opens_s),) if contents.opens_s else ()
        ending = (Abort("fin"),) if contents.is_cut else ()
        return Stamped((*opening, head, *_plain(contents), *ending), NO_VALUES)
    endpoint = asked.route.asks
    assert answer is not None
    assert endpoint is not None
    values = {**contents.values, **stamps}
    if isinstance(answer.id, Hole):
        if asked.route.is_spelled:
            identity = dialect.answer_id(answer, endpoint, draw)
        else:
            identity = endpoint.answer_id(answer, draw)
        values[answer.id.mark] = identity
    else:
        identity = answer.id
    values.update(endpoint.drawn(answer, identity, draw))
    for number in range(ready.drawn_calls):
        drawn = draw.text(f"call-{number}", CALL_ID_LENGTH - len("call_"))
        values[call_hole(number).mark] = f"call_{drawn}"
    head, data = pour(asked, contents, values, ready.added)
    if answer.headers:
        head = head.with_headers(answer.headers)
    if limit_lines:
        head = head._replace(lines=head.lines + limit_lines)
    return Stamped((head, *data), values)


def _plain(plain: Plain) -> Iterator[Event]:
    """Yield the frames of *plain*, each after its pause."""
    waits_s = iter(plain.waits_s)
    for frame in plain.frames:
        wait_s = next(waits_s, 0.0)
        if wait_s:
            yield Pause(wait_s)
        yield Data(*frame)


def enter(asked: Asked, call: Call, ready: Ready, stamped: Stamped) -> None:
    """Enter an answer, which goes out now, wherever the session keeps something of it."""
    call.usage = ready.usage
    answer, values = ready.answer, stamped.values
    if answer is None:
        enter_heard(asked, call, ready)
        return
    dialect = asked.route.dialect
    identity = values[answer.id.mark] if isinstance(answer.id, Hole) else answer.id
    call.answer_id = identity
    if ready.summary is not None:
        text, finish_reason, calls = ready.summary
        calls = _with_ids(calls, values) if calls else calls
        asked.session.journal.tell(call, text, finish_reason, calls)
    if answer.request.store:
        _keep(asked, answer, identity, values, stamped.timeline)
    elif asked.route.asks is not None:
        asked.route.asks.not_kept(identity, asked.session.stored)
    if dialect.keeps_answers:
        _book(asked, call, answer, identity)


def enter_heard(asked: Asked, call: Call, ready: Ready) -> None:
    """Enter what an answer says that was not made here."""
    call.usage = ready.usage
    if ready.answer_id is not None:
        call.answer_id = ready.answer_id
    if ready.error_code is not None:
        call.error_code = ready.error_code
    if ready.summary is not None:
        asked.session.journal.tell(call, *ready.summary)


_DATE: Final = DATE.mark.encode()


@lru_cache(maxsize=256)
def _date(second: int) -> bytes:
    return http_date(second).encode()


def dated(session: Session, timeline: Timeline) -> Timeline:
    """Return *timeline* with the session time at which its head is sent in that head.

    The date is no part of what is drawn: the same request gets another one each time.
    """
    waited_s = 0.0
    for position, event in enumerate(timeline):
        if type(event) is Head:
            date = _date(int(session.clock.unix_s() + waited_s))
            status, lines, length, scales = event
            head = Head(status, lines.replace(_DATE, date, 1), length, scales)
            return (*timeline[:position], head, *timeline[position + 1 :])
        if type(event) is Pause:
            waited_s += event.seconds
    return timeline


def _with_ids(calls: tuple[ToolCall, ...], ids: Filling) -> tuple[ToolCall, ...]:
    """Return the tool *calls* of an answer with the *ids* that fill its holes."""
    return tuple(
        [replace(made, id=ids.get(made.id, made.id)) if made.id else made for made in calls]
    )


def _keep(asked: Asked, answer: Answer, identity: str, ids: Filling, timeline: Timeline) -> None:
    """Keep *answer*, which is given now as *identity*, for those who look it up."""
    endpoint = asked.route.asks
    assert endpoint is not None
    payload = body(timeline)
    follows = answer.request.background and answer.request.stream
    stored = StoredAnswer(
        id=identity,
        endpoint=answer.endpoint,
        request_id=asked.route.dialect.request_id(asked.draw),
        request=answer.request,
        model_name=answer.model_name,
        created=answer.dated,
        choices=tuple([_given(choice, ids) for choice in answer.choices]),
        usage=answer.usage,
        system_fingerprint=answer.system_fingerprint,
        members=endpoint.kept_members(answer.request, asked.draw),
        at_s=asked.session.clock.now_s(),
        size=len(asked.http.body) + len(payload),
        sent=payload if endpoint.keeps_sent else b"",
        takes_s=duration_s(timeline),
        moments=tuple(_moments(timeline)) if follows else (),
    )
    asked.session.stored.add(stored)
    endpoint.kept(stored, asked.session.stored)


def _moments(timeline: Timeline) -> Iterator[tuple[int, float]]:
    """Yield how many bytes of the body of *timeline* are sent after how many seconds."""
    size, passed_s = 0, 0.0
    for event in timeline:
        if isinstance(event, Pause):
            passed_s += event.seconds
        elif isinstance(event, Data):
            size += len(event.payload)
            yield size, passed_s


def _given(choice: AnsweredChoice, ids: Filling) -> Choice:
    """Return *choice* as it was given: its calls have the *ids* that went out."""
    return Choice(tuple([_part_given(part, ids) for part in choice.parts]), choice.finish_reason)


def _part_given(part: AnsweredPart, ids: Filling) -> AnswerPart:
    match part:
        case AnsweredText(text, phase, annotations):
            return Text(str(text), phase, annotations)
        case AnsweredRefusal(text):
            return Refusal(str(text))
        case AnsweredThought(text, tokens, summary, sealed):
            return Thought(str(text), tuple(map(str, summary)), tokens, sealed)
        case AnsweredSpeech(_, speech):
            return speech
        case AnsweredCall(identity, name, arguments, is_custom):
            known = ids[identity.mark] if isinstance(identity, Hole) else identity
            return ToolCall(name, str(arguments), known, is_custom)
        case AnsweredItem(value):
            return Item(value)


def _book(asked: Asked, call: Call, answer: Answer, identity: str) -> None:
    """Enter *answer*, which is given now, into the session's ledger."""
    dialect = asked.route.dialect
    entry = Entry(
        id=identity,
        provider=dialect.kind,
        endpoint=answer.endpoint,
        model=answer.model_name,
        asked=answer.request.model,
        created=answer.dated,
        streamed=answer.request.stream,
        finish_reason=answer.choices[0].finish_reason if answer.choices else None,
        usage=answer.usage,
        cost_usd=dialect.cost_usd(answer),
        attribution=call.attribution,
        user_agent=asked.http.headers.get("user-agent"),
    )
    asked.session.ledger.add(entry, call.key or "")
