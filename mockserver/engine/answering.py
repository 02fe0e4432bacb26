"""Step 4: what the model answers, in bytes: choices within limits, their bill, their JSON."""

from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import replace
from functools import cache, lru_cache, partial
from itertools import repeat
from typing import Final, NamedTuple

from mockserver.contracts import (
    CREATED,
    Answer,
    AnsweredCall,
    AnsweredChoice,
    ChoicePlace,
    ComputedReply,
    Lookup,
    LookupEndpoint,
    ModelEndpoint,
    Reply,
    Unstated,
    holed_choice,
    shown,
)
from mockserver.conversation import Choice, IncomingCall, ModelRequest, ToolCall
from mockserver.engine.asked import Asked, Envelope, Pace, Ready, Summary, size_of
from mockserver.engine.failing import Bending
from mockserver.engine.memory import Memory
from mockserver.models import Model
from mockserver.records.journal import Call
from mockserver.records.redaction import redact_text
from mockserver.scenario.schema import Defaults
from mockserver.seeding import HEX, Draw
from mockserver.sessions.rules import Given
from mockserver.sessions.session import Session
from mockserver.shaping.billing import bill, limited, shape, thought_aloud, with_echo
from mockserver.shaping.logprobs import with_logprobs
from mockserver.shaping.plausibility import doubts
from mockserver.shaping.terms import Terms
from mockserver.templates.expansion import Scope, expanded, found_nothing, one_line
from mockserver.tokens import Count
from mockserver.traffic import limits
from mockserver.wire.jsontext import Filling, Hole, JsonValue, TokenText, fill
from mockserver.wire.moulds import NO_TEXT, joined, padding_size, poured
from mockserver.wire.rendered import EventStream, Frame
from mockserver.wire.timeline import Head, Headers

USAGE_EXACT: Final = b"x-mockserver-usage: exact\r\n"
USAGE_ESTIMATED: Final = b"x-mockserver-usage: estimated\r\n"
NOTHING_GENERATED: Final = Count(0)


def looked_up(asked: Asked, call: Call, endpoint: LookupEndpoint, *, by_token: bool) -> Ready:
    """Return what *endpoint* looks up.

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
        call.key or "",
    )
    body = dialect.adapt(endpoint.look_up(lookup), None, steady)
    frames = poured(dialect.encode(body, by_token=by_token), by_token=by_token)
    return Ready(dialect.head(body, None, steady)._replace(content_length=size_of(frames)), frames)


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
    assert given.reply is not None
    assert incoming.request is not None
    bending = Bending(given)
    request = bending.misread(incoming.request)
    reply = in_scope(given.reply, given.scope)
    model = asked.catalogue.resolve(reply.model or request.model)
    generates = asked.route.generates
    if generates is not None:
        terms = Terms(generates, request, reply, model)
        made = _generated(
            asked,
            terms,
            given,
            memory,
            write=lambda: _written(asked, incoming, terms, given, bending),
        )
    else:
        made = _computed(asked, incoming, request, given)
    usage = bill(reply, endpoint.bill_prompt(request, model), made.generated, made.thought_tokens)
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
        headers=_headers(asked.session.scenario.defaults, reply),
        id=_id_hole(asked.route.id_size),
        dated=asked.steady.created(),
        allowances=()
        if incoming.allowances is not None
        else limits.allowances(asked.catalogue.resolve(request.model), request.charge),
        reasoning=made.thought,
    )
    head, frames = _in_bytes(
        asked, endpoint, answer, counts, memory, shares=memory.shares(given), by_token=given.may_cut
    )
    if states_exactness and answer.usage is not None:
        exactness = USAGE_EXACT if answer.usage.exact else USAGE_ESTIMATED
        head = head._replace(lines=head.lines + exactness)
    if answer.headers:
        head = head.with_headers(answer.headers)
    notes = tuple(map(found_nothing, given.scope.empty if given.scope is not None else ()))
    # No notes on what goes wrong on purpose, or on what nobody wrote.
    if given.rule is not None and not bending and generates is not None:
        notes += doubts(answer, made.written, generates)
    return Ready(
        head,
        frames,
        answer.usage,
        _pace(answer) if given.may_cut else None,
        _summary(answer, asked.secrets),
        any(choice.tool_calls for choice in answer.choices),
        notes,
        frozenset(bending.bent),
        answer,
        made.drawn_calls,
    )


NO_BILL: Final[tuple[None, Filling]] = (None, ())


def _in_bytes(
    asked: Asked,
    endpoint: ModelEndpoint,
    answer: Answer,
    counts: Filling,
    memory: Memory,
    *,
    shares: bool,
    by_token: bool,
) -> tuple[Head, tuple[Frame, ...]]:
    """Return *answer* as it goes out, but for its ids: poured into the envelope of its like.

    If it *shares*, its choices are those of all requests that are shaped alike.
    """
    dialect, steady = asked.route.dialect, asked.steady
    text = _only_text(answer)
    by = _alike(asked, endpoint, answer, by_token=by_token) if shares or text else None
    text = text if by else None
    envelope = memory.envelope(
        by, make=partial(_rendered, asked, endpoint, answer, holed=bool(text), by_token=by_token)
    )
    text = text or NO_TEXT
    size = padding_size(envelope.moulds, text)
    padding = steady.text("obfuscation", size) if size else ""
    interjects = dialect.interjects and envelope.is_stream and asked.route.is_spelled
    frames = poured(envelope.moulds, text, padding, by_token=by_token or interjects)
    if interjects:
        frames = dialect.interject(frames, steady)
        frames = frames if by_token else (joined(frames),)
    created = (CREATED.mark_bytes, b"%d" % answer.dated)
    filling = (created, *counts, *dialect.particulars(answer, steady))
    inside = [pair for pair in filling if pair[0] in envelope.marks]
    return (
        envelope.head._replace(lines=fill(envelope.head.lines, filling)),
        tuple([Frame(fill(frame, inside), tokens, marks) for frame, tokens, marks in frames]),
    )


def _only_text(answer: Answer) -> TokenText | None:
    """Return the text of *answer*; None: there is none, or there is more to it."""
    if len(answer.choices) != 1 or answer.reasoning is not None:
        return None
    choice = answer.choices[0]
    is_text = len(choice.parts) == 1 and choice.logprobs is None and not choice.echoed
    return (choice.text or None) if is_text else None


def _alike(
    asked: Asked, endpoint: ModelEndpoint, answer: Answer, *, by_token: bool
) -> tuple[Hashable, ...] | None:
    """Return what is common to all answers that are rendered like *answer*; None: no others are."""
    if not asked.route.is_spelled:
        return None
    dialect = asked.route.dialect
    shown_by, spelled_by = endpoint.shown_by(answer), dialect.spelled_by(answer)
    if shown_by is None or spelled_by is None:
        return None
    return (
        dialect,
        endpoint,
        by_token,
        shown_by,
        spelled_by,
        # By identity: to hash them takes time. The envelope keeps both alive.
        id(answer.model),
        answer.choices[0].finish_reason if _only_text(answer) else id(answer.choices),
        answer.request.model,
        answer.model_name,
        answer.bill,
        answer.system_fingerprint,
    )


def _rendered(
    asked: Asked, endpoint: ModelEndpoint, answer: Answer, *, holed: bool, by_token: bool
) -> Envelope:
    """Return *answer* rendered; *holed*: with a hole for the text of its only choice."""
    dialect, steady = asked.route.dialect, asked.steady
    shown_answer = answer
    if holed:
        choice = holed_choice(answer.choices[0].finish_reason)
        shown_answer = replace(answer, choices=(choice,))
    rendered = endpoint.render(shown_answer)
    if asked.route.is_spelled:
        rendered = dialect.adapt(rendered, shown_answer, steady)
    moulds = dialect.encode(rendered, by_token=by_token)
    text = "".join([f"{mould.before}{mould.between}{mould.after}" for mould in moulds])
    holes = [CREATED.mark_bytes, *[mark for mark, _ in dialect.particulars(answer, steady)]]
    if answer.usage is not None:
        holes += [mark for mark, _ in shown(answer.usage)[1]]
    return Envelope(
        answer,
        dialect.head(rendered, answer, steady),
        moulds,
        frozenset([mark for mark in holes if mark.decode() in text]),
        isinstance(rendered, EventStream),
    )


class _Made(NamedTuple):
    """What was generated or computed: as a reply has *written* it, and as it goes out."""

    written: Sequence[Choice] = ()
    choices: tuple[AnsweredChoice, ...] = ()
    results: tuple[JsonValue, ...] = ()
    generated: Count = NOTHING_GENERATED
    thought: TokenText | None = None
    thought_tokens: int = 0
    drawn_calls: int = 0


def _generated(
    asked: Asked,
    terms: Terms,
    given: Given,
    memory: Memory,
    *,
    write: Callable[[], Sequence[Choice]],
) -> _Made:
    """Return what there is to *write*, within the limits of the request: cut and counted."""
    request = terms.request
    shaped = memory.shaped(
        given,
        by=(request.n, len(request.prompts), terms.shaped_by),
        make=lambda: shape(terms, write()),
    )
    shaped, count = limited(terms, shaped)
    choices = shaped.choices
    if request.echo and not terms.reply.exact:
        choices = with_echo(choices, request.prompts)
    if request.logprobs is not None:
        choices = with_logprobs(choices, shaped.logprobs, request, terms.model, asked.steady)
    return _Made(
        shaped.written,
        choices,
        (),
        count,
        thought_aloud(terms, shaped),
        shaped.reasoning_tokens + shaped.cut_reasoning_tokens,
        shaped.drawn_calls,
    )


def _written(
    asked: Asked, incoming: IncomingCall, terms: Terms, given: Given, bending: Bending
) -> Sequence[Choice]:
    """Return the choices as the reply writes them, or as it goes wrong."""
    reply, scope = given.reply, given.scope
    assert reply is not None
    draw = asked.draw if reply.varies else asked.steady
    written: Sequence[Choice] = [
        reply.given(incoming, ChoicePlace(index=index, prompt=prompt, scope=scope), draw)
        for index, prompt in enumerate(_prompts(terms.request, reply))
    ]
    return bending.misanswer(asked, written, terms.request) if bending else written


def _prompts(request: ModelRequest, reply: Reply) -> Iterator[str]:
    """Yield the prompt of each choice: `n` for each, or as many in all as are written."""
    prompts = request.prompts or ("",)
    if reply.exact:
        for index in range(reply.written):
            yield prompts[index * len(prompts) // reply.written]
    else:
        for prompt in prompts:
            yield from repeat(prompt, request.n)


def _computed(asked: Asked, incoming: IncomingCall, request: ModelRequest, given: Given) -> _Made:
    """Return a result for each input of *request*."""
    reply = given.reply
    assert isinstance(reply, ComputedReply)
    draw = asked.draw if reply.varies else asked.steady
    places = [
        ChoicePlace(index=index, prompt=text, scope=given.scope)
        for index, text in enumerate(request.inputs)
    ]
    return _Made(results=tuple([reply.computed(incoming, place, draw) for place in places]))


def _pace(answer: Answer) -> Pace:
    usage, request = answer.usage, answer.request
    read = request.prompt_tokens
    if usage is not None:
        read = max(0, usage.prompt_tokens - usage.cached_tokens)
    return Pace(answer.model_name, read, max(1, len(answer.choices)), request.stream)


def in_scope(reply: Reply, scope: Scope | None) -> Reply:
    """Return *reply* with its templates expanded, as for its first choice."""
    if scope is None or not reply.template:
        return reply
    found = expanded(reply, scope.at(purpose="reply-"))
    # What an expression finds must not end a header and begin another.
    return replace(found, headers={n: one_line(value) for n, value in found.headers.items()})


def _headers(defaults: Defaults, reply: Reply) -> Headers:
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
    if not model.family.fingerprint:
        return None
    return _fingerprint_of(session.seed, model.answers_as)


@lru_cache(maxsize=1_024)
def _fingerprint_of(seed: int, model: str) -> str:
    """Return the `system_fingerprint` of *model*: the same for all its answers."""
    return "fp_" + Draw(seed, model.encode()).text("fingerprint", 10, HEX)


@cache
def _id_hole(length: int) -> Hole:
    """Return the hole for the id of an answer, *length* characters long."""
    return Hole("i", length)


def _summary(answer: Answer, secrets: Sequence[bytes]) -> Summary | None:
    """Return what the journal keeps of *answer*: its first choice, without secrets."""
    if not answer.choices:
        return None
    choice = answer.choices[0]
    text = choice.text if choice.text is not None else choice.refusal
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
    )
