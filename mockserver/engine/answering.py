"""Step 4: what the model answers, in bytes: choices within limits, their bill, their JSON."""

from collections.abc import Sequence
from dataclasses import fields, replace
from functools import cache, lru_cache
from typing import Final

from mockserver.contracts import (
    CREATED,
    Answer,
    AnsweredCall,
    AnsweredChoice,
    Lookup,
    LookupEndpoint,
    ModelEndpoint,
    Reply,
    Unstated,
    shown,
)
from mockserver.conversation import IncomingCall, ModelRequest, ToolCall
from mockserver.effort import Effort
from mockserver.engine.asked import Asked, Pace, Plain, Ready, Summary
from mockserver.engine.failing import Bending
from mockserver.engine.making import computed, generated
from mockserver.engine.memory import Memory, shares_choices
from mockserver.engine.noting import given_up
from mockserver.engine.rendering import rendered
from mockserver.models import Model
from mockserver.records.redaction import fingerprint, redact_text
from mockserver.scenario.schema import Defaults
from mockserver.seeding import HEX, Draw
from mockserver.sessions.rules import Given
from mockserver.sessions.session import Session
from mockserver.shaping.billing import bill, spoken_tokens
from mockserver.shaping.plausibility import invalid_json, unoffered_calls
from mockserver.shaping.terms import Terms
from mockserver.templates.expansion import (
    Scope,
    expanded,
    found_nothing,
    one_line,
    templated_fields,
)
from mockserver.tokens import cached_tokens
from mockserver.traffic import limits
from mockserver.wire.jsontext import Filling, Hole, to_bytes
from mockserver.wire.moulds import joined, poured
from mockserver.wire.rendered import Frame, JsonBody, Rendered
from mockserver.wire.timeline import Headers

USAGE_EXACT: Final = b"x-mockserver-usage: exact\r\n"
USAGE_ESTIMATED: Final = b"x-mockserver-usage: estimated\r\n"
NOTHING_BENDS: Final = Bending(Given(None, (), None))
NO_BILL: Final[tuple[None, Filling]] = (None, {})


def looked_up(asked: Asked, key: str, endpoint: LookupEndpoint, *, by_token: bool) -> Ready:
    """Return what *endpoint* looks up for *key*.

    Raises:
        ApiError: The provider would refuse it.

    """
    session, dialect, steady = asked.session, asked.route.dialect, asked.steady
    lookup = Lookup(
        asked.http,
        asked.route.own,
        asked.route.parameters,
        asked.catalogue,
        session.stored,
        session.ledger,
        fingerprint(key),
        session.clock,
        asked.draw,
    )
    body = dialect.adapt(endpoint.look_up(lookup), None, steady)
    parts = poured(dialect.encode(body, by_token=by_token))
    waits_s = _waits_s(body)
    parts = parts if by_token or waits_s else [joined(parts)]
    frames = tuple([Frame(to_bytes(part), tokens, marks) for part, tokens, marks in parts])
    size = sum([len(frame.text) for frame in frames])
    head = dialect.head(body, None, steady)
    if isinstance(body, JsonBody):
        head = head._replace(content_length=size)
    return Ready(Plain(head, frames, waits_s))


def _waits_s(body: Rendered) -> tuple[float, ...]:
    """Return the pauses before each event of *body*; empty if there are none."""
    if isinstance(body, JsonBody):
        return ()
    waits_s = tuple([chunk.after_s for chunk in body.chunks])
    return waits_s if any(waits_s) else ()


def answered(
    asked: Asked,
    endpoint: ModelEndpoint,
    incoming: IncomingCall,
    given: Given,
    memory: Memory,
    *,
    states_exactness: bool,
) -> Ready:
    """Return what the model answers to *incoming* by what is *given*.

    With *states_exactness*, a header that no provider has states whether the bill is exact.
    """
    with Effort() as effort:
        ready = _answered(
            *(asked, endpoint, incoming, given, memory), states_exactness=states_exactness
        )
    if effort.given_up:
        ready = replace(ready, notes=ready.notes + given_up(effort, asked.secrets))
    return ready


def _answered(
    asked: Asked,
    endpoint: ModelEndpoint,
    incoming: IncomingCall,
    given: Given,
    memory: Memory,
    *,
    states_exactness: bool,
) -> Ready:
    assert given.reply is not None
    assert incoming.request is not None
    bending = Bending(given) if given.failures else NOTHING_BENDS
    request = bending.misread(incoming.request) if bending else incoming.request
    reply = in_scope(given.reply, given.scope)
    model = asked.catalogue.resolve(reply.model or request.model)
    generates = asked.route.generates
    if generates is not None:
        terms = Terms(generates, request, reply, model)
        made = generated(asked, incoming, terms, given, bending, memory=memory)
    else:
        made = computed(asked, incoming, request, given)
    prompt = endpoint.bill_prompt(request, model)
    usage = bill(
        *(reply, model, prompt, made.generated),
        reasoning_tokens=made.thought_tokens,
        cached_tokens=_cached(asked, endpoint, request, model),
        spoken_tokens=spoken_tokens(made.choices),
    )
    shown_usage, counts = NO_BILL if usage is None else shown(usage)
    answer = Answer(
        endpoint=incoming.endpoint,
        request=request,
        model=model,
        model_name=reply.model or model.answers_as,
        choices=made.choices,
        results=made.results,
        usage=usage,
        bill=shown_usage,
        system_fingerprint=_fingerprint(asked.session, reply, model),
        headers=stated_headers(asked.session.scenario.defaults, reply),
        id=_id_hole(asked.route.id_size) if reply.id is None else reply.id,
        dated=_created(asked, request) if reply.created is None else reply.created,
        created=CREATED if reply.created is None else reply.created,
        stated=reply.stated,
        allowances=()
        if incoming.allowances is not None
        else limits.allowances(asked.catalogue.resolve(request.model), request.charge),
        reasoning=made.thought,
    )
    contents = rendered(
        *(asked, endpoint, answer, counts, memory),
        shares=shares_choices(given),
        by_token=given.may_cut,
    )
    added = b""
    if states_exactness and usage is not None:
        added = USAGE_EXACT if usage.exact else USAGE_ESTIMATED
    notes = found_nothings(given.scope)
    if asked.route.is_spelled:
        remarks = asked.route.dialect.remarks(answer)
        notes += tuple([redact_text(remark, asked.secrets) for remark in remarks])
    # No notes on what goes wrong on purpose, or on what nobody wrote.
    unoffered: tuple[str, ...] = ()
    off_schema: tuple[str, ...] = ()
    if given.rule is not None and not bending:
        notes += made.doubts
        if not reply.exact and (made.calls_tools or request.format.kind == "json_schema"):
            unoffered = unoffered_calls(made.choices, request)
            off_schema = invalid_json(made.choices, request)
            # What is doubted already, such as JSON that is none, is not noted twice.
            notes += () if made.doubts else off_schema
    return Ready(
        contents,
        added,
        usage,
        _pace(answer, endpoint) if given.may_cut else None,
        _summary(made.choices, asked.secrets),
        made.calls_tools,
        notes,
        bending.effective,
        answer,
        made.drawn_calls,
        unoffered,
        off_schema,
    )


def _created(asked: Asked, request: ModelRequest) -> int:
    """Return when an answer is created, as Unix time: drawn from the content of the request.

    What continues another answer was created so much later as session time has passed between
    them. The `date` header of an answer is session time, and has nothing to do with this.
    """
    session = asked.session
    before = None if request.continues is None else session.stored.get(request.continues)
    if before is None:
        return asked.steady.created()
    return before.created + int(session.clock.now_s() - before.at_s)


def _cached(asked: Asked, endpoint: ModelEndpoint, request: ModelRequest, model: Model) -> int:
    """Return how many tokens of the prompt the provider has cached, where that is simulated."""
    session = asked.session
    if session.scenario.caching == "stated":
        return 0
    blocks = endpoint.prompt_blocks(request, model)
    return cached_tokens(session.traffic.prompts.read(blocks))


def answering_name(asked: Asked, incoming: IncomingCall, given: Given) -> str:
    """Return the name of the model that answers *incoming*, before the answer is made."""
    assert given.reply is not None
    assert incoming.request is not None
    request = Bending(given).misread(incoming.request)
    stated = in_scope(given.reply, given.scope).model
    return stated or asked.catalogue.resolve(request.model).answers_as


def _pace(answer: Answer, endpoint: ModelEndpoint) -> Pace:
    usage, request = answer.usage, answer.request
    read = request.prompt_tokens
    if usage is not None:
        read = max(0, usage.prompt_tokens - usage.cached_tokens)
    unsent = 0 if request.stream else endpoint.unsent_tokens(answer)
    return Pace(answer.model_name, read, max(1, len(answer.choices)), request.stream, unsent)


OF_ANY_REPLY: Final = frozenset(field.name for field in fields(Reply))
"""What any reply may say besides its choices."""


def found_nothings(scope: Scope | None) -> tuple[str, ...]:
    """Return notes on what templates looked for and did not find."""
    return () if scope is None else tuple(map(found_nothing, scope.empty))


def in_scope(reply: Reply, scope: Scope | None) -> Reply:
    """Return *reply* with what it says besides its choices expanded, as for the first of them."""
    if scope is None or not reply.template or OF_ANY_REPLY.isdisjoint(templated_fields(reply)):
        return reply
    found = expanded(reply, scope.at(purpose="reply-"))
    # What an expression finds must not end a header and begin another.
    headers = {name: one_line(value) for name, value in found.headers.items()}
    return replace(found, headers=headers, id=None if found.id is None else one_line(found.id))


def stated_headers(defaults: Defaults, reply: Reply) -> Headers:
    """Return the headers that *reply* or, where it does not, the scenario's *defaults* state."""
    stated = defaults.headers
    return tuple({**stated, **reply.headers}.items()) if stated or reply.headers else ()


def _fingerprint(session: Session, reply: Reply, model: Model) -> str | None:
    """Return the `system_fingerprint`: stated, or one for each model, as deployments have."""
    stated = reply.system_fingerprint
    if isinstance(stated, Unstated):
        stated = session.scenario.defaults.system_fingerprint
    if not isinstance(stated, Unstated):
        return stated
    match model.family.fingerprint:
        case "":
            return ""
        case False:
            return None
        case True:
            return _fingerprint_of(session.seed, model.answers_as)


@lru_cache(maxsize=1_024)
def _fingerprint_of(seed: int, model: str) -> str:
    """Return the `system_fingerprint` of *model*: the same for all its answers."""
    return "fp_" + Draw(seed, model.encode()).text("fingerprint", 10, HEX)


@cache
def _id_hole(length: int) -> Hole:
    """Return the hole for the id of an answer, *length* characters long."""
    return Hole("i", length)


def _summary(choices: Sequence[AnsweredChoice], secrets: Sequence[bytes]) -> Summary | None:
    """Return what the journal keeps of an answer: the first of its *choices*, without secrets."""
    if not choices:
        return None
    choice = choices[0]
    said = (choice.text, choice.refusal, None if choice.speech is None else choice.speech.text)
    text = next((one for one in said if one is not None), None)
    calls = choice.tool_calls
    return Summary(
        None if text is None else redact_text(str(text), secrets),
        choice.finish_reason,
        tuple([_redacted(call, secrets) for call in calls]) if calls else (),
    )


def _redacted(call: AnsweredCall, secrets: Sequence[bytes]) -> ToolCall:
    return ToolCall(
        redact_text(call.name),
        redact_text(str(call.arguments), secrets),
        call.id.mark if isinstance(call.id, Hole) else call.id,
        call.is_custom,
    )
