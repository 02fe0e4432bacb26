"""One call in all its detail."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

from mockserver.cassettes.recording import RecordedAnswer, RecordedRequest, Recording
from mockserver.control import records, shapes
from mockserver.control.inspecting import conversation
from mockserver.control.inspecting.bounds import Budget
from mockserver.control.inspecting.curl import as_curl
from mockserver.control.inspecting.rules import rules_on
from mockserver.control.inspecting.sending import sent_answer, went_out
from mockserver.conversation import EMPTY_TRANSCRIPT, IncomingCall, Transcript
from mockserver.effort import Effort
from mockserver.engine.engine import Engine
from mockserver.records.attempts import attempts
from mockserver.records.journal import ERRORS, Call
from mockserver.records.redaction import redact_text
from mockserver.records.verdicts import Circumstances, judge
from mockserver.sessions.session import Session
from mockserver.tokens.report import token_report
from mockserver.wire.timeline import Abort, Data, Head, Raw, Timeline

RuleOf = Callable[[Recording], str | None]
"""Returns the rule that answers a request as it was answered, in YAML; None: none can."""
UNREADABLE: Final = (KeyError, TypeError, AttributeError, ValueError, RecursionError)
"""What reading a body raises that no protocol has judged."""


def detailed(
    engine: Engine, session: Session, call: Call, server: str, rule_of: RuleOf
) -> Callable[[], shapes.CallDetail]:
    """Return what works out *call* of *session* in detail, in any thread.

    Args:
        engine: The engine that answered.
        session: The session.
        call: The call.
        server: The URL of the server.
        rule_of: Makes rules of recordings.

    """
    seen = _Seen(
        engine=engine,
        session=session,
        call=call,
        record=records.call_record(call),
        calls=tuple(session.journal),
        places={
            number: state.place
            for number, state in enumerate(records.rule_states(session))
            if state.place is not None
        },
        now_s=session.clock.now_s(),
    )
    return lambda: _detail(seen, server, rule_of)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """A call, and what it is looked at with: of what changes, a copy."""

    engine: Engine
    session: Session
    call: Call
    record: shapes.CallRecord
    calls: Sequence[Call]
    places: Mapping[int, str]
    now_s: float


def _detail(seen: _Seen, server: str, rule_of: RuleOf) -> shapes.CallDetail:
    call, session, budget = seen.call, seen.session, Budget()
    with Effort():
        incoming = seen.engine.reread(session, call, call.key or "")
    timeline = call.sent
    sent = None
    if timeline is not None:
        sent = sent_answer(call, timeline, session.clock.time_scale, budget)
    return shapes.CallDetail(
        call=seen.record,
        raw=redact_text(call.content.decode("utf-8", "replace")),
        conversation=_asked(call, incoming, budget),
        answer=_answered(seen, budget),
        rules=rules_on(session, call, incoming, seen.places),
        sent=sent,
        bill=_bill(seen, incoming),
        cost_usd=_cost_usd(seen),
        attempts=_attempts(seen),
        verdicts=_verdicts(seen),
        as_rule=_rule(call, rule_of),
        as_curl=as_curl(call, server),
    )


# --- What was asked and answered -----------------------------------------------------------------


def _asked(call: Call, incoming: IncomingCall, budget: Budget) -> tuple[shapes.ShownTurn, ...]:
    body = call.body
    request = incoming.request
    inputs = () if request is None else request.inputs
    return conversation.turns_of(_transcript(call), inputs, body, budget)


def _transcript(call: Call) -> Transcript:
    try:
        return call.transcript
    except UNREADABLE:
        return EMPTY_TRANSCRIPT


def _answered(seen: _Seen, budget: Budget) -> tuple[shapes.ShownTurn, ...]:
    call = seen.call
    told = conversation.said(call.text, call.tool_calls, budget)
    if call.sent is None:
        return told
    out = call.sent[: went_out(call, call.sent)]
    answer = _recorded(out)
    if answer is None:
        return ()
    if answer.is_refusal:
        return conversation.refused(answer.body.decode("utf-8", "replace"), budget)
    try:
        heard = seen.engine.hear(seen.session, call, answer)
    except UNREADABLE:
        return told
    return conversation.answer_of(heard, budget) or told


def _recorded(timeline: Timeline) -> RecordedAnswer | None:
    """Return what went out as an answer that was recorded; None: no head did."""
    head = next((event for event in timeline if isinstance(event, Head)), None)
    if head is None:
        return None
    content = b"".join([e.payload for e in timeline if isinstance(e, Data | Raw)])
    is_cut = any(isinstance(event, Abort) for event in timeline)
    return RecordedAnswer(head.status, head.headers, content, is_cut=is_cut)


def _rule(call: Call, rule_of: RuleOf) -> str | None:
    answer = None if call.sent is None else _recorded(call.sent[: went_out(call, call.sent)])
    if answer is None or call.endpoint is None or not call.content:
        return None
    recording = Recording(
        request=RecordedRequest(
            call.method, call.path, call.query, tuple(call.headers.items()), call.content
        ),
        answer=answer,
        provider=call.provider,
        endpoint=call.endpoint,
    )
    written = rule_of(recording)
    return None if written is None else redact_text(written)


# --- What it costs -------------------------------------------------------------------------------


def _bill(seen: _Seen, incoming: IncomingCall) -> tuple[shapes.BillPart, ...]:
    body: Any = seen.call.body
    if not isinstance(body, dict) or (seen.call.status or ERRORS) >= ERRORS:
        return ()
    request = incoming.request
    catalogue = seen.engine.catalogue_of(seen.session, seen.call)
    try:
        report = token_report(
            cast(dict[str, Any], body),
            catalogue,
            model=seen.call.model,
            end_of_turn=request is not None and request.bills_end_of_turn,
        )
    except UNREADABLE:
        return ()
    return tuple(
        shapes.BillPart(
            what=redact_text(line.what), tokens=line.tokens, exact=line.exact, doubts=line.doubts
        )
        for line in report.lines
    )


def _cost_usd(seen: _Seen) -> float | None:
    usage, name = seen.call.usage, seen.call.model
    if usage is None or name is None:
        return None
    if usage.cost is not None:
        return usage.cost
    model = seen.engine.catalogue_of(seen.session, seen.call).resolve(name)
    if model.usd_per_million_in is None and model.usd_per_million_out is None:
        return None
    return model.cost_usd(usage.prompt_tokens, usage.completion_tokens, usage.cached_tokens)


# --- What came before and after it ---------------------------------------------------------------


def _attempts(seen: _Seen) -> tuple[shapes.Attempt, ...]:
    group = next((one for one in attempts(seen.calls) if seen.call in one), [seen.call])
    return tuple(
        shapes.Attempt(
            number=call.number,
            at_s=call.at_s,
            ended_s=call.ended_s,
            status=call.status,
            outcome=call.outcome,
            failures=call.failures,
            asked_wait_s=call.asked_wait_s,
            waited_s=call.waited_s,
        )
        for call in group
    )


def _verdicts(seen: _Seen) -> tuple[shapes.VerdictOn, ...]:
    circumstances = Circumstances(time_scale=seen.session.clock.time_scale, now_s=seen.now_s)
    return tuple(
        records.verdict_on(found)
        for found in judge(seen.calls, circumstances)
        if seen.call.number in found.calls
    )
