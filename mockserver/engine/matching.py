"""Step 3: which rule answers, and what the provider asks instead where that comes to nothing."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from mockserver.contracts import ForwardedReply
from mockserver.conversation import ApiError, IncomingCall
from mockserver.effort import Effort
from mockserver.engine.asked import Asked, Matched, Understood
from mockserver.engine.noting import given_up
from mockserver.engine.refusing import unanswered
from mockserver.engine.repeating import lost_answers
from mockserver.records.journal import Call
from mockserver.records.redaction import redact_text
from mockserver.sessions.rules import NO_RULES, Given, Unanswered
from mockserver.templates.expansion import found_nothing


def match(
    asked: Asked, call: Call, incoming: IncomingCall, understood: Understood | None
) -> Matched:
    """Return what the rules give *incoming*; the endpoint's default where none of them answers.

    Raises:
        ApiError: No rule answers, and one has to.

    """
    with Effort() as effort:
        try:
            understood, incoming, given = _matched(asked, call, incoming, understood)
        finally:
            if effort.given_up:
                call.notes += given_up(effort, asked.secrets)
    return Matched(incoming, understood, _in_time(asked, given))


def _in_time(asked: Asked, given: Given) -> Given:
    """Return *given* with the default latency, if nothing else says how long it takes."""
    latency, reply = asked.session.scenario.defaults.latency, given.reply
    if latency is None or given.latency is not None:
        return given
    if reply is not None and reply.takes_its_time:
        return given
    return replace(given, latency=latency)


def elsewhere(asked: Asked, call: Call, error: ApiError) -> Matched:
    """Return what answers a request that this server refuses by *error*, or does not know.

    What was recorded is right, whatever this server would say, and so is another server.

    Raises:
        ApiError: *error*, or that all that was recorded is used up.

    """
    session, route = asked.session, asked.route
    reads = session.compiled.asks_elsewhere
    if error.is_scripted or not (reads or session.passing.passes_on):
        raise error
    endpoint = "" if route.endpoint is None else route.endpoint.kind
    incoming = IncomingCall(asked.http, route.dialect.kind, endpoint, "", attempt=call.attempt)
    step: Given | Unanswered = NO_RULES
    if reads:
        reader = session.reader
        step = reader.next_step(incoming, call.number, asked.draw, call.at_s, only_foreign=True)
    if isinstance(step, Unanswered):
        if step.near_misses:
            call.near_misses = _redacted(asked, step.near_misses)
        if step.exhausted is not None:
            call.is_unmatched = True
            raise unanswered(asked, call, "script_exhausted")
        if not session.passing.passes_on:
            raise error
        step = Given(PASSED_ON, step.failures, None, step.latency)
    call.endpoint, call.rule = endpoint, step.rule
    call.is_unsupported = call.is_unmatched = False
    call.notes += (redact_text(f"this server would say: {error}", asked.secrets),)
    return Matched(incoming, None, _in_time(asked, step))


PASSED_ON: Final = ForwardedReply()
"""What a request gets that no rule answers where such go to another server."""


def _redacted(asked: Asked, texts: Sequence[str]) -> tuple[str, ...]:
    return tuple([redact_text(text, asked.secrets) for text in texts])


def _matched(
    asked: Asked, call: Call, incoming: IncomingCall, understood: Understood | None
) -> tuple[Understood | None, IncomingCall, Given]:
    """Return what is given to which of the attempts that *understood* makes, *incoming* first."""
    given = _given(asked, call, incoming)
    for instead in understood.fallbacks if understood is not None else ():
        if not given.is_replaced:
            break
        understood, incoming = instead, _fall_back(call, incoming, given, instead)
        given = _given(asked, call, incoming)
    return understood, incoming, given


def _given(asked: Asked, call: Call, incoming: IncomingCall) -> Given:
    session, default = asked.session, asked.route.default
    step = session.reader.next_step(incoming, call.number, asked.draw, call.at_s)
    if step.unfound:
        call.notes += tuple(map(found_nothing, step.unfound))
    if isinstance(step, Given):
        call.rule = step.rule
        return step
    if session.passing.passes_on and step.exhausted is None:
        return Given(PASSED_ON, step.failures, None, step.latency)
    strict = session.strict.unmatched
    if step is NO_RULES and not strict:
        return Given(default, (), None)
    call.is_unmatched = default is not None
    if step.near_misses:
        call.near_misses = _redacted(asked, step.near_misses)
    if step.spent:
        call.near_misses += tuple(lost_answers(session.journal, call, step.spent))
    if step.exhausted is not None:
        raise unanswered(asked, call, "script_exhausted")
    if default is not None:
        if strict:
            raise unanswered(asked, call, "no_rule_matched")
        call.notes += (f"no rule matched: answered by '{default.kind}'",)
    return Given(default, step.failures, None, step.latency)


def _fall_back(
    call: Call, incoming: IncomingCall, given: Given, instead: Understood
) -> IncomingCall:
    """Return the next attempt of a call whose last one came to nothing by the failures *given*."""
    kinds = tuple([failure.kind for failure in given.failures])
    call.failures += kinds
    struck, call.model = call.model, instead.model
    what = f"{' and '.join(kinds)} of rule '{given.rule}' struck '{struck}'"
    call.notes += (f"{what}: the provider asks '{call.model}' instead",)
    return replace(incoming, model=instead.request.model, request=instead.request)
