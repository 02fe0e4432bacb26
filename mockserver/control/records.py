"""Sessions, rules and calls as the control API reports them."""

from base64 import b64encode
from collections.abc import Iterable
from dataclasses import fields
from typing import Any, Final, cast

from msgspec import UNSET

from mockserver.contracts import Unstated
from mockserver.control import shapes
from mockserver.control.scenarios import CALLED
from mockserver.control.shapes import (
    CallContent,
    CallRecord,
    Content,
    MadeToolCall,
    Measure,
    RuleState,
    SentHeader,
    SessionState,
    SessionSummary,
    Strictness,
    Tokens,
    VerdictOn,
)
from mockserver.records.histograms import Histogram
from mockserver.records.journal import Call
from mockserver.records.measured import Measured
from mockserver.records.redaction import redact_text
from mockserver.records.totals import Timed, Totals
from mockserver.records.verdicts import Verdict
from mockserver.scenario.schema import Strict
from mockserver.sessions.naming import DEFAULT_SESSION, SESSION_PREFIX
from mockserver.sessions.session import Session
from mockserver.wire.timeline import Head
from mockserver.wire.timeline import body as body_of

MOST_LEVELS: Final = 200
"""A body that is nested deeper is shown as it came, and not as JSON: writing that would fail."""


def path_of(name: str) -> str:
    """Return the path prefix of the session *name*, before `/v1`."""
    return "" if name == DEFAULT_SESSION else f"{SESSION_PREFIX}{name}"


def session_state(session: Session) -> SessionState:
    """Return the state of *session*."""
    calls = tuple(session.journal)
    return SessionState(
        name=session.name,
        path=path_of(session.name),
        description=session.scenario.description,
        has_ended=session.has_ended,
        inherits=session.inherits,
        seed=session.seed,
        strict=_strictness(session.strict),
        time_scale=session.clock.time_scale,
        now_s=session.clock.now_s(),
        rules=len(session.scenario.rules),
        calls=session.journal.seen,
        open=sum(not call.is_finished for call in calls),
        dropped=session.journal.dropped,
        unmatched=sum(call.is_unmatched for call in calls),
        late=sum(call.is_late for call in calls),
        unused=tuple(session.unused()),
    )


def _strictness(strict: Strict) -> Strictness:
    stated = {field.name: getattr(strict, field.name) for field in fields(strict)}
    return Strictness(**{n: UNSET if isinstance(v, Unstated) else v for n, v in stated.items()})


def session_summary(session: Session) -> SessionSummary:
    """Return *session* in short."""
    return SessionSummary(
        name=session.name,
        path=path_of(session.name),
        rules=len(session.scenario.rules),
        calls=session.journal.seen,
    )


def rule_states(session: Session) -> tuple[RuleState, ...]:
    """Return the rules of *session* with their counts."""
    found: list[RuleState] = []
    for rule, tallies in session.reader.tallies():
        acted = sum(tally.acted for tally in tallies.values())
        given = sum(tally.given for tally in tallies.values())
        left: int | None = None
        # A rule that counts per conversation has one limit for each.
        if rule.per == "session" and rule.times is not None:
            left = max(0, rule.times - acted)
        elif rule.per == "session" and rule.replies and rule.then in {"refuse", "pass"}:
            left = max(0, len(rule.replies) - given)
        # A scenario from a request has no file that a person could open.
        place = str(rule.place) if rule.place and rule.place.file != CALLED else None
        found.append(RuleState(name=rule.name, acted=acted, left=left, per=rule.per, place=place))
    return tuple(found)


def _body(call: Call) -> Any:
    """Return the JSON that *call* asked with; None: there is none that can be shown."""
    body = call.body
    return None if _is_nested(body, MOST_LEVELS) else body


def _is_nested(value: Any, levels: int) -> bool:
    """Return whether *value* has more than so many *levels* of arrays and objects."""
    if not isinstance(value, dict | list):
        return False
    members = cast(Iterable[Any], value.values() if isinstance(value, dict) else value)
    return levels == 0 or any(_is_nested(member, levels - 1) for member in members)


def call_record(call: Call, *, bodies: bool = True) -> CallRecord:
    """Return *call* as a record, with or without its body."""
    usage = call.usage
    return CallRecord(
        number=call.number,
        at_s=call.at_s,
        method=call.method,
        path=call.path,
        query=call.query,
        provider=call.provider,
        endpoint=call.endpoint,
        key=call.key,
        model=call.model,
        stream=call.stream,
        attempt=call.attempt,
        conversation=call.conversation,
        rule=call.rule,
        status=call.status,
        failures=call.failures,
        no_effect=call.no_effect,
        pre_empted=call.pre_empted,
        near_misses=call.near_misses,
        notes=call.notes,
        outcome=call.outcome,
        is_unmatched=call.is_unmatched,
        is_late=call.is_late,
        is_unsupported=call.is_unsupported,
        unoffered=call.unoffered,
        off_schema=call.off_schema,
        attribution=call.attribution,
        headers=call.headers,
        body=_body(call) if bodies else None,
        body_bytes=call.body_bytes,
        text=call.text,
        finish_reason=call.finish_reason,
        tool_calls=tuple(
            MadeToolCall(
                name=made.name, arguments=made.arguments, id=made.id, is_custom=made.is_custom
            )
            for made in call.tool_calls
        ),
        usage=None
        if usage is None
        else Tokens(
            prompt_tokens=usage.prompt_tokens,
            completion_tokens=usage.completion_tokens,
            total_tokens=usage.total_tokens,
            cached_tokens=usage.cached_tokens,
            reasoning_tokens=usage.reasoning_tokens,
            exact=usage.exact,
        ),
        planned_ttft_ms=call.planned_ttft_ms,
        planned_ms=call.planned_ms,
        asked_wait_s=call.asked_wait_s,
        waited_s=call.waited_s,
        client_left_after_tokens=call.client_left_after_tokens,
        error_code=call.error_code,
        ended_s=call.ended_s,
        seen_at_end=call.seen_at_end,
        answer_id=call.answer_id,
        continues=call.continues,
        is_cut=call.is_cut,
        serial=call.serial,
        session=call.session,
        came_unix_s=call.came_unix_s,
        words=call.words,
        forwarded=call.forwarded,
        hint=call.hint,
        measured=_measure(call.measured),
    )


def call_content(call: Call) -> CallContent:
    """Return the request and the answer of *call* as bytes."""
    sent = call.sent
    head = None if sent is None else next((e for e in sent if isinstance(e, Head)), None)
    is_kept = bool(call.content) or not call.body_bytes
    return CallContent(
        request=_content(call.content) if is_kept else None,
        status=None if head is None else head.status,
        headers=()
        if head is None
        else tuple([SentHeader(name=name, value=value) for name, value in head.headers]),
        body=None if sent is None else _content(body_of(sent)),
    )


def _content(content: bytes) -> Content:
    try:
        return Content(text=content.decode())
    except UnicodeDecodeError:
        return Content(text=b64encode(content).decode(), encoding="base64")


def totals_record(totals: Totals) -> shapes.Totals:
    """Return what all calls come to."""
    return shapes.Totals(
        calls=totals.calls,
        statuses={str(s or "none"): count for s, count in totals.statuses.items()},
        outcomes=dict(totals.outcomes),
        failures=dict(totals.failures),
        unmatched=totals.unmatched,
        prompt_tokens=totals.prompt_tokens,
        completion_tokens=totals.completion_tokens,
    )


def load_record(totals: Totals) -> shapes.Load:
    """Return how fast all calls were answered."""
    told, rate, flow = totals_record(totals), totals.rate, totals.all_flows()
    return shapes.Load(
        calls=told.calls,
        span_s=rate.span_s,
        per_s=rate.per_s,
        recent_per_s=rate.recent_per_s,
        busiest_per_s=rate.busiest,
        running=totals.running.answers,
        queued=totals.running.queued,
        first_token=_timing(flow.first_token),
        between_tokens=_timing(flow.between_tokens),
        duration=_timing(totals.all_durations()),
        late_first_token=_spread(totals.late_first_token),
        late_last_byte=_spread(totals.late_last_byte),
        prompt_tokens=told.prompt_tokens,
        cached_tokens=flow.cached_tokens,
        completion_tokens=told.completion_tokens,
        reasoning_tokens=flow.reasoning_tokens,
        statuses=told.statuses,
        outcomes=told.outcomes,
        failures=told.failures,
        refusals=dict(totals.refusals),
        unmatched=told.unmatched,
    )


def _timing(timed: Timed) -> shapes.Timing:
    return shapes.Timing(measured=_spread(timed.measured), planned=_spread(timed.planned))


def _spread(counted: Histogram) -> shapes.Spread:
    count = counted.count
    return shapes.Spread(
        count=count,
        mean_ms=counted.sum / count * 1_000 if count else None,
        p50_ms=_in_ms(counted.percentile(50)),
        p90_ms=_in_ms(counted.percentile(90)),
        p99_ms=_in_ms(counted.percentile(99)),
        max_ms=_in_ms(counted.highest) if count else None,
        bars=tuple([shapes.Bar(upto_ms=up_to * 1_000, count=n) for up_to, n in counted.bars()]),
    )


def _in_ms(seconds: float | None) -> float | None:
    return None if seconds is None else seconds * 1_000


def verdict_on(found: Verdict) -> VerdictOn:
    """Return *found* as it is reported."""
    return VerdictOn(
        kind=found.kind, calls=found.calls, what=redact_text(found.what), advice=found.advice
    )


def _measure(measured: Measured | None) -> Measure | None:
    if measured is None:
        return None
    return Measure(
        first_byte_ms=measured.first_byte_ms,
        first_token_ms=measured.first_token_ms,
        last_byte_ms=measured.last_byte_ms,
        first_late_ms=measured.first_late_ms,
        last_late_ms=measured.last_late_ms,
        sent_bytes=measured.sent_bytes,
    )
