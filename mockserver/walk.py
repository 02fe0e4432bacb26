"""What a request carries on its way, and the steps that need nothing of the engine.

The way itself is `mockserver.engine.Engine.answer`; here are its last steps (stamp, fail,
note) and the refusals that testers meet.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from mockserver.contracts import Answer, AnswerFailure, Failure, Frame, Reply, Scene
from mockserver.conversation import ApiError, Choice, CompletionRequest
from mockserver.cutting import CALL_ID_LENGTH, call_hole
from mockserver.http_request import HttpRequest
from mockserver.journal import Call
from mockserver.jsontext import Filling, fill
from mockserver.limits import Allowance
from mockserver.moments import BeforeHeaders, split
from mockserver.routing import Route
from mockserver.scenario.keys import Standing
from mockserver.seeding import Draw
from mockserver.session import Given, Session, Unanswered
from mockserver.shaping import to_store
from mockserver.timeline import Data, Head, Headers, Pause, Timeline


@dataclass(slots=True, eq=False)
class Visit:
    """One request on its way: what it is, whose it is, and what may be drawn for it.

    *failures* are those that its answer meets, and *bent* the ids of those that have struck
    already, before there was a timeline. *scales_waits* says whether what the client is asked to
    wait is session time.
    """

    http: HttpRequest
    session: Session
    route: Route
    call: Call
    content: bytes
    occurrence: int
    draw: Draw
    failures: tuple[Failure, ...] = ()
    scales_waits: bool = True
    bent: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Ready:
    """An answer that lacks only what is drawn for each occurrence: its holes."""

    head: Head
    frames: tuple[Frame, ...]
    answer: Answer | None = None
    drawn_calls: int = 0


@dataclass(frozen=True, slots=True)
class Parsed:
    """A request that was understood, and the answers that it gets each time it comes."""

    request: CompletionRequest
    ready: dict[int, tuple[Reply, Ready]] = field(default_factory=dict[int, tuple[Reply, Ready]])


Understood = Parsed | ApiError
"""What a request was found to mean: something to answer, or to refuse."""


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


# --- stamp: what differs each time the same answer is given ----------------------------------


def stamp(visit: Visit, ready: Ready) -> Timeline:
    """Return the timeline of *ready* with its holes filled."""
    dialect, draw, answer = visit.route.dialect, visit.draw, ready.answer
    status, lines, content_length = ready.head
    head = Head(status, fill(lines, dialect.stamps(draw)), content_length)
    if answer is None:
        return (head, *[Data(text, tokens) for text, tokens in ready.frames])
    visit.call.usage = answer.usage
    identity = dialect.id_prefixes[answer.endpoint] + draw.answer_id(dialect.id_length)
    filling = [(answer.id.mark_bytes, identity.encode())]
    for number in range(ready.drawn_calls):
        drawn = draw.text(f"call-{number}", CALL_ID_LENGTH - len("call_"))
        filling.append((call_hole(number).mark_bytes, b"call_" + drawn.encode()))
    if answer.request.store:
        _keep(visit, answer, filling, ready.frames)
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


# --- 8 fail: what goes wrong with it, on the way and at its end ------------------------------


def misread(visit: Visit, request: CompletionRequest) -> CompletionRequest:
    """Return what *request* is taken for where that goes wrong."""
    for failure in visit.failures:
        taken_for = failure.misread(request)
        if taken_for is not request:
            visit.bent |= {id(failure)}
        request = taken_for
    return request


def misanswer(visit: Visit, choices: list[Choice], request: CompletionRequest) -> list[Choice]:
    """Return what is answered to *request* instead of *choices* where that goes wrong."""
    for position, failure in enumerate(visit.failures):
        if not isinstance(failure, AnswerFailure):
            continue
        rng = visit.draw.rng(f"misanswer-{position}")
        wrong = [failure.misanswer(choice, request, rng) for choice in choices]
        if any(new is not old for new, old in zip(wrong, choices, strict=True)):
            visit.bent |= {id(failure)}
        choices = wrong
    return choices


def fail(
    visit: Visit,
    given: Given,
    timeline: Timeline,
    model: str | None,
    allowances: tuple[Allowance, ...],
) -> Timeline:
    """Return *timeline* with the failures of *given* in it, each on the result of the last.

    A failure that replaces the answer keeps what went wrong before anything was sent, and
    pre-empts all else.
    """
    scene = Scene(
        dialect=visit.route.dialect,
        draw=visit.draw,
        refuse=lambda error: refused(visit, error),
        rule=lambda failure: _rule_of(visit.session, failure),
        model=model,
        allowances=allowances,
    )
    call, is_over = visit.call, False
    for failure in given.failures:
        if given.is_replaced and (is_over or not isinstance(failure.moment, BeforeHeaders)):
            call.pre_empted += (failure.kind,)
            call.notes += (f"failure '{failure.kind}' was pre-empted",)
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
