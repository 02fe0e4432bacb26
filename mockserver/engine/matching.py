"""Step 3: which rule answers, and what the provider asks instead where that comes to nothing."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from mockserver.contracts import ComputingEndpoint, Endpoint, ModelEndpoint, Reply
from mockserver.conversation import IncomingCall
from mockserver.engine.asked import Asked, Matched, Understood
from mockserver.engine.refusing import unanswered
from mockserver.errors import MockServerError
from mockserver.records.journal import Call
from mockserver.records.redaction import redact_text
from mockserver.sessions.rules import NO_RULES, Given


def default_replies(
    endpoints: Iterable[Endpoint], replies: Mapping[str, type[Reply]]
) -> dict[str, Reply]:
    """Return what answers each of *endpoints* where no rule does, by its kind.

    Raises:
        MockServerError: An endpoint names none that there is, or one that cannot answer it.

    """
    found: dict[str, Reply] = {}
    for endpoint in endpoints:
        if not isinstance(endpoint, ModelEndpoint):
            continue
        kind: str = getattr(endpoint, "default_reply", "")
        if kind not in replies:
            raise MockServerError(
                f"the endpoint '{endpoint.kind}' names the default reply '{kind}', which is not"
                " installed"
            )
        reply = found[endpoint.kind] = replies[kind]()
        if not reply.can_answer(endpoint.kind, computes=isinstance(endpoint, ComputingEndpoint)):
            raise MockServerError(
                f"the endpoint '{endpoint.kind}' names the default reply '{kind}', which cannot"
                " answer it"
            )
    return found


def match(
    asked: Asked,
    call: Call,
    incoming: IncomingCall,
    understood: Understood | None,
    default: Reply | None,
) -> Matched:
    """Return what the rules give *incoming*; the *default* where none of them answers.

    Raises:
        ApiError: No rule answers, and one has to.

    """
    given = _given(asked, call, incoming, default)
    for instead in understood.fallbacks if understood is not None else ():
        if not given.is_replaced:
            break
        understood, incoming = instead, _fall_back(call, incoming, given, instead)
        given = _given(asked, call, incoming, default)
    return Matched(incoming, understood, given)


def _given(asked: Asked, call: Call, incoming: IncomingCall, default: Reply | None) -> Given:
    given = _read(asked, call, incoming, default)
    latency = asked.session.scenario.defaults.latency
    if latency is not None and given.latency is None:
        return replace(given, latency=latency)
    return given


def _read(asked: Asked, call: Call, incoming: IncomingCall, default: Reply | None) -> Given:
    session = asked.session
    step = session.next_step(incoming, call, asked.draw)
    if isinstance(step, Given):
        call.rule = step.rule
        return step
    strict = session.strict.unmatched
    if step is NO_RULES and not strict:
        return Given(default, (), None)
    call.is_unmatched = default is not None
    if step.near_misses:
        call.near_misses = tuple([redact_text(miss, asked.secrets) for miss in step.near_misses])
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
    struck, model = call.model, instead.request.model
    call.model = redact_text(model)
    what = f"{' and '.join(kinds)} of rule '{given.rule}' struck '{struck}'"
    call.notes += (f"{what}: the provider asks '{call.model}' instead",)
    return replace(incoming, model=model, request=instead.request)
