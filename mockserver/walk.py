"""What a request carries on its way, and the steps that need nothing of the engine.

The way itself is `mockserver.engine.Engine.answer`; here are its last steps (stamp, fail,
note) and the refusals that testers meet.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from mockserver.contracts import Answer, Failure, Frame, Reply, Scene
from mockserver.conversation import ApiError, CompletionRequest, IncomingCall
from mockserver.cutting import CALL_ID_LENGTH, call_hole
from mockserver.http_request import HttpRequest
from mockserver.journal import Call
from mockserver.jsontext import Filling, fill
from mockserver.ledger import Entry
from mockserver.moments import split
from mockserver.routing import Route
from mockserver.scenario.keys import Standing
from mockserver.seeding import Draw
from mockserver.session import Given, Session, Unanswered
from mockserver.shaping import to_store
from mockserver.timeline import Data, Head, Pause, Timeline


@dataclass(slots=True, eq=False)
class Visit:
    """One request on its way: what it is, whose it is, and what may be drawn for it."""

    http: HttpRequest
    session: Session
    route: Route
    call: Call
    content: bytes
    occurrence: int
    draw: Draw


@dataclass(frozen=True, slots=True)
class Ready:
    """An answer that lacks only what is drawn for each occurrence: its holes."""

    head: Head
    frames: tuple[Frame, ...]
    answer: Answer | None = None
    drawn_calls: int = 0


@dataclass(frozen=True, slots=True)
class Parsed:
    """A request that was understood, and the answers that it gets each time it comes.

    *fallbacks* are what the provider itself asks instead, one after the other, where no answer
    comes of it.
    """

    request: CompletionRequest
    fallbacks: "tuple[Parsed, ...]" = ()
    ready: dict[int, tuple[Reply, Ready]] = field(default_factory=dict[int, tuple[Reply, Ready]])


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


def check_key(visit: Visit, key: str, standing: Standing) -> None:
    """Refuse *key* by its *standing*; who has nothing to spend may still look things up."""
    if standing == "valid" or (standing == "quota_exhausted" and visit.route.generating is None):
        return
    visit.call.notes += (f"the scenario's 'keys' list this key as {standing}",)
    dialect = visit.route.dialect
    raise dialect.incorrect_key(key) if standing == "invalid" else dialect.quota_exceeded()


def fall_back(
    visit: Visit, incoming: IncomingCall, given: Given, fallback: Parsed
) -> tuple[IncomingCall, Parsed]:
    """Return the next attempt of a call whose last one came to nothing by the failures *given*."""
    call = visit.call
    kinds = tuple(failure.kind for failure in given.failures)
    call.failures += kinds
    call.model = fallback.request.model
    struck = f"{' and '.join(kinds)} of rule '{given.rule}' struck '{incoming.model}'"
    call.notes += (f"{struck}: the provider asks '{call.model}' instead",)
    return replace(incoming, model=call.model, completion=fallback.request), fallback


# --- stamp: what differs each time the same answer is given ----------------------------------


def stamp(visit: Visit, ready: Ready) -> Timeline:
    """Return the timeline of *ready* with its holes filled."""
    dialect, draw, answer = visit.route.dialect, visit.draw, ready.answer
    status, lines, content_length = ready.head
    lines = fill(lines, dialect.stamps(draw))
    if answer is None:
        head = Head(status, lines, content_length)
        return (head, *[Data(text, tokens) for text, tokens in ready.frames])
    visit.call.usage = answer.usage
    identity = dialect.answer_id(answer, draw)
    filling = [(answer.id.mark_bytes, identity.encode())]
    head = Head(status, fill(lines, filling), content_length)
    for number in range(ready.drawn_calls):
        drawn = draw.text(f"call-{number}", CALL_ID_LENGTH - len("call_"))
        filling.append((call_hole(number).mark_bytes, b"call_" + drawn.encode()))
    if answer.request.store:
        _keep(visit, answer, filling, ready.frames)
    if dialect.keeps_answers:
        _enter(visit, answer, identity)
    return (head, *[Data(fill(text, filling), tokens) for text, tokens in ready.frames])


def _keep(visit: Visit, answer: Answer, filling: Filling, frames: Sequence[Frame]) -> None:
    """Keep *answer*, which is given now, for those who look it up."""
    stored = to_store(
        answer,
        filling,
        request_id=visit.route.dialect.request_id(visit.draw),
        draw=visit.draw,
        size=len(visit.http.body) + size_of(frames),
    )
    visit.session.stored.add(stored)


def _enter(visit: Visit, answer: Answer, identity: str) -> None:
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


# --- 8 fail: what goes wrong with it ---------------------------------------------------------


def fail(visit: Visit, given: Given, timeline: Timeline) -> Timeline:
    """Return *timeline* with the failures of *given* in it, each on the result of the last."""
    scene = Scene(visit.route.dialect, visit.draw)
    for failure in given.failures:
        if given.is_replaced and (timeline or not failure.replaces):
            visit.call.notes += (f"failure '{failure.kind}' was pre-empted",)
            continue
        distorted = failure.distort(timeline, scene)
        if not distorted.had_effect:
            visit.call.no_effect += (failure.kind,)
            continue
        visit.call.failures += (failure.kind,)
        timeline = _delayed(failure, distorted.timeline)
    return timeline


def _delayed(failure: Failure, timeline: Timeline) -> Timeline:
    """Return *timeline* with the pause before *failure* strikes."""
    if not failure.delay_ms or failure.moment is None:
        return timeline
    before, after = split(timeline, failure.moment) or (timeline, ())
    return (*before, Pause(failure.delay_ms / 1_000), *after)


# --- 9 note ----------------------------------------------------------------------------------


def note(call: Call, timeline: Timeline) -> None:
    """Enter the status that goes out, if any does."""
    for event in timeline:
        if type(event) is Head:
            call.status = event.status
            return


def refusal(visit: Visit, code: str, step: Unanswered) -> ApiError:
    """Return the 404 that tells a tester what kept the scenario from answering."""
    http, call = visit.http, visit.call
    asked = f"{http.method} {http.path} (session '{visit.session.name}', call {call.number})"
    lines = [
        f"no rule matches {asked}",
        *(
            f"  {'next:    ' if n else 'nearest: '}{miss}"
            for n, miss in enumerate(step.near_misses)
        ),
    ]
    return ApiError(404, "\n".join(lines), code=code, headers=(("x-should-retry", "false"),))
