"""Step 3: which rule answers, and what the provider asks instead where that comes to nothing."""

from dataclasses import replace

from mockserver.conversation import IncomingCall
from mockserver.effort import Effort
from mockserver.engine.asked import Asked, Matched, Understood
from mockserver.engine.noting import given_up
from mockserver.engine.refusing import unanswered
from mockserver.engine.repeating import lost_answers
from mockserver.records.journal import Call
from mockserver.records.redaction import redact_text
from mockserver.sessions.rules import NO_RULES, Given
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
    latency = asked.session.scenario.defaults.latency
    if latency is not None and given.latency is None:
        given = replace(given, latency=latency)
    return Matched(incoming, understood, given)


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
    strict = session.strict.unmatched
    if step is NO_RULES and not strict:
        return Given(default, (), None)
    call.is_unmatched = default is not None
    if step.near_misses:
        call.near_misses = tuple([redact_text(miss, asked.secrets) for miss in step.near_misses])
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
