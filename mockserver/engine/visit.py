"""What a request carries on its way, and the steps that need nothing of the engine.

The way itself is `mockserver.engine.engine.Engine.answer`; here are its last steps (stamp, fail,
note) and the refusals that testers meet.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Final

from mockserver.contracts import (
    Answer,
    AnsweredCall,
    AnsweredChoice,
    AnsweredPart,
    AnsweredRefusal,
    AnsweredText,
    AnsweredThought,
    AnswerFailure,
    Failure,
    Reply,
    Scene,
    Unstated,
)
from mockserver.conversation import (
    Allowance,
    AnswerPart,
    ApiError,
    Choice,
    IncomingCall,
    ModelRequest,
    Refusal,
    Text,
    Thought,
    ToolCall,
)
from mockserver.engine.routing import Route
from mockserver.models import Catalogue, Model
from mockserver.records.journal import Call
from mockserver.records.ledger import Entry
from mockserver.records.redaction import redact_text
from mockserver.records.stored import StoredAnswer
from mockserver.scenario.keys import Standing
from mockserver.scenario.schema import Defaults
from mockserver.seeding import HEX, Draw
from mockserver.sessions.rules import LOOP, Given
from mockserver.sessions.session import Session
from mockserver.shaping.cutting import CALL_ID_LENGTH, call_hole
from mockserver.templates.expansion import Scope, expanded, found_nothing, one_line
from mockserver.traffic import limits
from mockserver.traffic.turns import Turn
from mockserver.wire.http_request import HttpRequest
from mockserver.wire.jsontext import Filling, Hole, fill
from mockserver.wire.moments import BeforeHeaders, split
from mockserver.wire.rendered import Frame
from mockserver.wire.timeline import Data, Head, Headers, Pause, Timeline

REFUSALS: Final = 400
"""Statuses from here on are none of an answer."""


@dataclass(slots=True, eq=False)
class Visit:
    """One request on its way: what it is, whose it is, and what may be drawn for it.

    *secrets* came with it in its headers or its query: the journal is not to hold them.
    """

    http: HttpRequest
    session: Session
    route: Route
    catalogue: Catalogue
    call: Call
    content: bytes
    occurrence: int
    draw: Draw
    secrets: Sequence[bytes] = ()
    is_whole: bool = False
    """Whether what goes out is an answer that nothing went wrong with."""
    allowances: tuple[Allowance, ...] | None = None
    """What it leaves of limits that the scenario states; None: it states none."""
    scales_waits: bool = True
    """Whether what the client is asked to wait is session time."""
    turns: tuple[Turn, ...] = ()
    """Its places among those that are answered at once."""
    bending: tuple[Failure, ...] = ()
    """Those of its failures that act before there is a timeline."""
    bent: frozenset[int] = frozenset()
    """The ids of those that did."""

    @property
    def steady(self) -> Draw:
        """What is drawn from for all that is the same each time the request comes."""
        if self.occurrence == 1:
            return self.draw
        return Draw(self.session.seed, self.content)


@dataclass(frozen=True, slots=True)
class Said:
    """What the journal tells of an answer; ids of tool calls may be holes' marks."""

    text: str | None
    finish_reason: str
    tool_calls: tuple[ToolCall, ...] = ()


@dataclass(frozen=True, slots=True)
class Ready:
    """An answer that lacks only what is drawn for each occurrence: its holes.

    *doubts* tell where the API could not have given it.
    """

    head: Head
    frames: tuple[Frame, ...]
    answer: Answer | None = None
    drawn_calls: int = 0
    said: Said | None = None
    doubts: tuple[str, ...] = ()


Kept = tuple[int, bool, bool]
"""Which answer is kept: by its reply, by whether it is cut at its tokens, and by whether it tells
of allowances itself."""


@dataclass(frozen=True, slots=True)
class Parsed:
    """A request that was understood, and the answers that it gets each time it comes.

    *fallbacks* are what the provider itself asks instead, one after the other, where no answer
    comes of it.
    """

    request: ModelRequest
    conversation: str
    """What the journal tells conversations apart by."""
    fallbacks: "tuple[Parsed, ...]" = ()
    held: dict[object, tuple[int, ...]] = field(default_factory=lambda: {})  # noqa: PIE807 - as below
    ready: dict[Kept, tuple[Reply, Ready]] = field(default_factory=lambda: {})  # noqa: PIE807 - `dict[…]` is slow to call


Understood = Parsed | ApiError
"""What a request was found to mean: something to answer, or to refuse."""


def asked_in(route: Route, http: HttpRequest) -> bytes:
    """Return what *http* asks for in headers, where the endpoint says that it is asked so."""
    if route.generating is None or not route.generating.asked_in:
        return b""
    stated = [http.headers.get(name, "") for name in route.generating.asked_in]
    return "\0".join((*stated, "")).encode("utf-8", "replace")


def size_of(frames: Sequence[Frame]) -> int:
    """Return how many bytes *frames* are."""
    return sum([len(frame.text) for frame in frames])


NO_RETRY: Final = (("x-should-retry", "false"),)
"""Tells the official clients that trying again is of no use."""


def check_key(visit: Visit, key: str, standing: Standing) -> None:
    """Refuse *key* by its *standing*; who has nothing to spend may still look things up."""
    if standing == "valid" or (standing == "quota_exhausted" and visit.route.generating is None):
        return
    visit.call.notes += (f"the scenario's 'keys' list this key as {standing}",)
    dialect = visit.route.dialect
    raise dialect.incorrect_key(key) if standing == "invalid" else dialect.quota_exceeded()


# --- decide: what an answer is made of, besides its choices ----------------------------------


def in_scope(reply: Reply, scope: Scope | None) -> Reply:
    """Return *reply* with its templates expanded, as for its first choice."""
    if scope is None or not reply.template:
        return reply
    found = expanded(reply, scope.at(purpose="reply-"))
    # What an expression finds must not end a header and begin another.
    return replace(found, headers={n: one_line(value) for n, value in found.headers.items()})


def note_lookups(call: Call, scope: Scope | None) -> None:
    """Tell of the expressions that found nothing: a misspelt name looks like an empty one."""
    call.notes += tuple(map(found_nothing, scope.empty if scope is not None else ()))


def refuse_loop(visit: Visit, incoming: IncomingCall, given: Given, answer: Answer | None) -> None:
    """Refuse the *answer* that would keep an agent in its loop (rule 16).

    Raises:
        ApiError: It is the 21st in a row with tool calls.

    """
    if answer is None:
        return
    calls_tools = any(choice.tool_calls for choice in answer.choices)
    reader = visit.session.reader
    if reader.is_loop(given.rule, incoming, calls_tools=calls_tools):
        what = f"rule '{given.rule}' answered this conversation {LOOP} times in a row by tool calls"
        raise ApiError(404, f"{what}: is it a loop?", code="agent_loop", headers=NO_RETRY)


def headers(defaults: Defaults, reply: Reply) -> Headers:
    """Return the headers that *reply* or, where it does not, the scenario's *defaults* state."""
    stated = defaults.headers
    return tuple({**stated, **reply.headers}.items()) if stated or reply.headers else ()


def fingerprint(session: Session, reply: Reply, model: Model) -> str | None:
    """Return the `system_fingerprint`: stated, or one for each model, as deployments have."""
    for stated in (reply.system_fingerprint, session.scenario.defaults.system_fingerprint):
        if not isinstance(stated, Unstated):
            return stated
    if not model.family.fingerprint:
        return None
    return _fingerprint_of(session.seed, model.answers_as)


@lru_cache(maxsize=1_024)
def _fingerprint_of(seed: int, model: str) -> str:
    """Return the `system_fingerprint` of *model*: the same for all its answers."""
    return "fp_" + Draw(seed, model.encode()).text("fingerprint", 10, HEX)


def fall_back(
    visit: Visit, incoming: IncomingCall, given: Given, fallback: Parsed
) -> tuple[IncomingCall, Parsed]:
    """Return the next attempt of a call whose last one came to nothing by the failures *given*."""
    call, struck = visit.call, visit.call.model
    kinds = tuple(failure.kind for failure in given.failures)
    call.failures += kinds
    model = fallback.request.model
    call.model = redact_text(model)
    what = f"{' and '.join(kinds)} of rule '{given.rule}' struck '{struck}'"
    call.notes += (f"{what}: the provider asks '{call.model}' instead",)
    return replace(incoming, model=model, request=fallback.request), fallback


# --- stamp: what differs each time the same answer is given ----------------------------------


def stamp(visit: Visit, ready: Ready) -> Timeline:
    """Return the timeline of *ready* with its holes filled."""
    dialect, draw, answer = visit.route.dialect, visit.draw, ready.answer
    status, lines, content_length = ready.head
    if visit.allowances is not None:
        lines += dialect.limit_lines(visit.allowances)
    lines = fill(lines, dialect.stamps(draw))
    if answer is None:
        head = Head(status, lines, content_length)
        return (head, *[Data(*frame) for frame in ready.frames])
    visit.call.usage = answer.usage
    endpoint = visit.route.generating
    assert endpoint is not None
    identity = dialect.answer_id(answer, endpoint, draw)
    filling = [(answer.id.mark_bytes, identity.encode())]
    head = Head(status, fill(lines, filling), content_length)
    for number in range(ready.drawn_calls):
        drawn = draw.text(f"call-{number}", CALL_ID_LENGTH - len("call_"))
        filling.append((call_hole(number).mark_bytes, b"call_" + drawn.encode()))
    if ready.said is not None:
        _enter(visit, ready.said, filling)
    if answer.request.store:
        _keep(visit, answer, filling, ready.frames)
    if dialect.keeps_answers:
        _book(visit, answer, identity)
    return (
        head,
        *[Data(fill(text, filling), tokens, marks) for text, tokens, marks in ready.frames],
    )


def _enter(visit: Visit, said: Said, filling: Filling) -> None:
    """Enter into the journal what is *said*, its tool calls with their ids."""
    calls = said.tool_calls
    if calls:
        calls = tuple(
            replace(call, id=fill(call.id.encode(), filling).decode()) if call.id else call
            for call in calls
        )
    visit.session.journal.tell(visit.call, said.text, said.finish_reason, calls)


def said_in(answer: Answer, secrets: Sequence[bytes]) -> Said | None:
    """Return what the journal is to tell of *answer*: its first choice, without secrets."""
    if not answer.choices:
        return None
    choice = answer.choices[0]
    text = choice.text if choice.text is not None else choice.refusal
    return Said(
        None if text is None else redact_text(str(text), secrets),
        choice.finish_reason,
        tuple(
            ToolCall(
                redact_text(call.name),
                redact_text(str(call.arguments), secrets),
                call.id.mark if isinstance(call.id, Hole) else call.id,
            )
            for call in choice.tool_calls
        ),
    )


def _keep(visit: Visit, answer: Answer, filling: Filling, frames: Sequence[Frame]) -> None:
    """Keep *answer*, which is given now, for those who look it up."""
    endpoint = visit.route.generating
    assert endpoint is not None
    ids = {mark: value.decode() for mark, value in filling}
    stored = StoredAnswer(
        id=ids[answer.id.mark_bytes],
        endpoint=answer.endpoint,
        request_id=visit.route.dialect.request_id(visit.draw),
        request=answer.request,
        model_name=answer.model_name,
        created=answer.created,
        choices=tuple([_given(choice, ids) for choice in answer.choices]),
        usage=answer.usage,
        system_fingerprint=answer.system_fingerprint,
        members=endpoint.kept_members(answer.request, visit.draw),
        size=len(visit.http.body) + size_of(frames),
    )
    visit.session.stored.add(stored)


def _given(choice: AnsweredChoice, ids: Mapping[bytes, str]) -> Choice:
    """Return *choice* as it was given: its calls have the *ids* that went out."""
    return Choice(tuple([_part_given(part, ids) for part in choice.parts]), choice.finish_reason)


def _part_given(part: AnsweredPart, ids: Mapping[bytes, str]) -> AnswerPart:
    match part:
        case AnsweredText(text):
            return Text(str(text))
        case AnsweredRefusal(text):
            return Refusal(str(text))
        case AnsweredThought(text):
            return Thought(str(text))
        case AnsweredCall(identity, name, arguments):
            known = ids[identity.mark_bytes] if isinstance(identity, Hole) else identity
            return ToolCall(name, str(arguments), known)


def _book(visit: Visit, answer: Answer, identity: str) -> None:
    """Enter *answer*, which is given now, into the session's ledger."""
    dialect = visit.route.dialect
    entry = Entry(
        id=identity,
        provider=dialect.kind,
        endpoint=answer.endpoint,
        model=answer.model_name,
        asked=answer.request.model,
        created=answer.created,
        streamed=answer.request.stream,
        finish_reason=answer.choices[0].finish_reason if answer.choices else None,
        usage=answer.usage,
        cost_usd=dialect.cost_usd(answer),
        attribution=visit.call.attribution,
        user_agent=visit.http.headers.get("user-agent"),
    )
    visit.session.ledger.add(entry, visit.call.key or "")


# --- 8 fail: what goes wrong with it, on the way and at its end ------------------------------


def misread(visit: Visit, request: ModelRequest) -> ModelRequest:
    """Return what *request* is taken for where that goes wrong."""
    for failure in visit.bending:
        taken_for = failure.misread(request)
        if taken_for is not request:
            visit.bent |= {id(failure)}
        request = taken_for
    return request


def misanswer(visit: Visit, choices: list[Choice], request: ModelRequest) -> list[Choice]:
    """Return what is answered to *request* instead of *choices* where that goes wrong."""
    for position, failure in enumerate(visit.bending):
        if not isinstance(failure, AnswerFailure):
            continue
        rng = visit.draw.rng(f"misanswer-{position}")
        wrong = [failure.misanswer(choice, request, rng) for choice in choices]
        if any(new is not old for new, old in zip(wrong, choices, strict=True)):
            visit.bent |= {id(failure)}
        choices = wrong
    return choices


def fail(visit: Visit, given: Given, timeline: Timeline, incoming: IncomingCall) -> Timeline:
    """Return *timeline* with the failures of *given* in it, each on the result of the last.

    A failure that replaces the answer keeps what went wrong before anything was sent, and
    pre-empts all else.
    """
    scene = Scene(
        dialect=visit.route.dialect,
        draw=visit.draw,
        refuse=lambda error: refused(visit, error),
        rule=lambda failure: _rule_of(visit.session, failure),
        model=incoming.model,
        allowances=_left(visit, incoming),
    )
    call, is_over = visit.call, False
    for failure in given.failures:
        if given.is_replaced and (is_over or not isinstance(failure.moment, BeforeHeaders)):
            call.pre_empted += (failure.kind,)
            continue
        before: Timeline = ()
        if failure.replaces:
            before, timeline, is_over = timeline, (), True
        distorted = failure.distort(timeline, scene)
        if distorted.had_effect:
            timeline = before + _delayed(failure, distorted.timeline)
        if distorted.had_effect or id(failure) in visit.bent:
            call.failures += (failure.kind,)
        else:
            call.no_effect += (failure.kind,)
    return timeline


def _left(visit: Visit, incoming: IncomingCall) -> tuple[Allowance, ...]:
    """Return what the request leaves of the account's limits."""
    if visit.allowances is not None or incoming.request is None:
        return visit.allowances or ()
    model = visit.catalogue.resolve(incoming.request.model)
    return limits.allowances(model, incoming.request.charge)


def _delayed(failure: Failure, timeline: Timeline) -> Timeline:
    """Return *timeline* with the pause before *failure* strikes."""
    if not failure.delay_ms or failure.moment is None:
        return timeline
    before, after = split(timeline, failure.moment) or (timeline, ())
    return (*before, Pause(failure.delay_ms / 1_000, failure.scale), *after)


def _rule_of(session: Session, failure: Failure) -> str | None:
    """Return the name of the rule that *failure* is written in."""
    for rule in session.scenario.rules:
        written = (*rule.fail, *(one for step in rule.replies for one in step.failures))
        if any(one is failure for one in written):
            return rule.name
    return None


# --- Refusals --------------------------------------------------------------------------------


def refused(visit: Visit, error: ApiError) -> Timeline:
    """Return what goes out for *error*, however it came about: the one door for refusals."""
    visit.scales_waits = error.retry_after_scales
    if error.retry_after_s is not None:
        error = replace(error, headers=(*retry_headers(error.retry_after_s), *error.headers))
    if error.page is None:
        return visit.route.dialect.render_error(error, visit.draw)
    return Head.of(error.status, error.headers, len(error.page)), Data(error.page)


def retry_headers(retry_after_s: float | str) -> Headers:
    """Return what asks a client to wait: whole seconds, and exactly; or words of any kind."""
    if isinstance(retry_after_s, str):
        return (("retry-after", retry_after_s),)
    milliseconds = round(retry_after_s * 1_000)
    return (
        ("retry-after", str(math.ceil(retry_after_s))),
        ("retry-after-ms", str(milliseconds)),
    )


# --- 9 note ----------------------------------------------------------------------------------


def note(visit: Visit, timeline: Timeline) -> None:
    """Enter the status that goes out, if any does, and whether it is that of a whole answer."""
    for event in timeline:
        if type(event) is Head:
            visit.call.status = event.status
            visit.is_whole = event.status < REFUSALS and not visit.call.failures
            return


def refusal(visit: Visit, code: str) -> ApiError:
    """Return the 404 that tells a tester what kept the scenario from answering."""
    http, call = visit.http, visit.call
    asked = f"{http.method} {call.path} (session '{visit.session.name}', call {call.number})"
    lines = [
        f"no rule matches {asked}",
        *(
            f"  {'next:    ' if n else 'nearest: '}{miss}"
            for n, miss in enumerate(call.near_misses)
        ),
    ]
    return ApiError(404, "\n".join(lines), code=code, headers=NO_RETRY)
