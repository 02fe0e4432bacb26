"""The way of one request, from the HTTP request that came in to the timeline that goes out.

Read `Engine.answer` aloud: it is the table of contents. Nothing here waits or touches a
socket, and nothing here knows a provider, an endpoint, a reply or a failure by name.
"""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Final

from mockserver.contracts import (
    Answer,
    ChoicePlace,
    Endpoint,
    Failure,
    Frame,
    GeneratingEndpoint,
    LookupEndpoint,
    Rendered,
    Reply,
    Scene,
    Unstated,
)
from mockserver.conversation import ApiError, CompletionRequest, IncomingCall
from mockserver.http_request import HttpRequest
from mockserver.journal import Call, fingerprint
from mockserver.jsontext import Hole, fill
from mockserver.models import Catalogue, Model
from mockserver.moments import split
from mockserver.plugins import Plugins
from mockserver.routing import Route, Routes, split_session
from mockserver.scenario.schema import Scenario
from mockserver.seeding import HEX, Draw, digest
from mockserver.session import Given, Session, Unanswered
from mockserver.shaping import CALL_ID_LENGTH, call_hole, shape
from mockserver.timeline import Data, Head, Headers, Pause, Timeline

CREATED_DIGITS: Final = 10
FALLBACK_REPLY: Final = "auto"
"""The kind of reply that answers where no rule does."""
MEMO_ENTRIES: Final = 1_024
MEMO_BODY_BYTES: Final = 32_768
"""Requests up to this size are remembered, parsed and answered, by their content."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How a server behaves, apart from its scenario.

    *seed* None takes the scenario's. A *strict* server refuses what no rule answers.
    """

    seed: int | None = None
    strict: bool = False
    any_model: bool = False


@dataclass(frozen=True, slots=True)
class Exchange:
    """What goes out for one request, and the journal's entry on it, which is still open."""

    timeline: Timeline
    call: Call


@dataclass(frozen=True, slots=True)
class _Visit:
    """One request on its way: what it is, whose it is, and what may be drawn for it."""

    http: HttpRequest
    session: Session
    route: Route
    call: Call
    content: bytes
    draw: Draw


@dataclass(frozen=True, slots=True)
class _Ready:
    """An answer that lacks only what is drawn for each occurrence: its holes."""

    rendered: Rendered
    frames: tuple[Frame, ...]
    answer: Answer | None = None
    drawn_calls: int = 0


@dataclass(frozen=True, slots=True)
class _Parsed:
    """A request that was understood, and the answers that it gets each time it comes."""

    request: CompletionRequest
    ready: dict[int, tuple[Reply, _Ready]] = field(default_factory=dict[int, tuple[Reply, _Ready]])


class Engine:
    """Answers requests by a scenario; all that changes lies in its sessions."""

    def __init__(
        self,
        scenario: Scenario,
        plugins: Plugins,
        time_source: Callable[[], float],
        options: Options | None = None,
    ) -> None:
        self._scenario = scenario
        self._options = options or Options()
        self._time_source = time_source
        self._seed = scenario.seed if self._options.seed is None else self._options.seed
        self._catalogue = Catalogue(
            scenario.known_models(), any_model=scenario.any_model or self._options.any_model
        )
        self._routes = Routes(
            {kind: dialect() for kind, dialect in plugins.dialects.items()},
            [endpoint() for endpoint in plugins.endpoints.values()],
            scenario.provider,
        )
        self._fallback = plugins.replies[FALLBACK_REPLY]()
        self._sessions: dict[str, Session] = {}
        self._parsed: OrderedDict[tuple[Endpoint, str | None, bytes], _Parsed] = OrderedDict()

    def session(self, name: str) -> Session:
        """Return the session called *name*; it begins when it is first named."""
        found = self._sessions.get(name)
        if found is None:
            found = self._sessions[name] = Session(
                name, self._scenario, seed=self._seed, time_source=self._time_source
            )
        return found

    def answer(self, http: HttpRequest) -> Exchange:
        """Return what goes out for *http*."""
        visit = self._resolve(http)
        try:
            incoming, parsed = self._parse(visit)
            given = self._match(visit, incoming)
            if given.is_replaced:
                timeline = ()
            else:
                ready = self._make_ready(visit, incoming, parsed, given)
                timeline = _stamp(visit, ready)
            timeline = _fail(visit, given, timeline)
        except ApiError as error:
            timeline = visit.route.dialect.render_error(error, visit.draw)
        return Exchange(timeline, _note(visit.call, timeline))

    # --- 1 resolve: session, dialect and endpoint from the path ------------------------------

    def _resolve(self, http: HttpRequest) -> _Visit:
        name, path = split_session(http.path)
        if path != http.path:
            http = replace(http, path=path)
        session = self.session(name)
        call = session.journal.open(session.clock.now_s(), http.method, path)
        route = self._routes.find(http.method, path)
        call.provider = route.dialect.kind
        content = digest(b"%b\0%b" % (path.encode("utf-8", "replace"), http.body))
        draw = Draw.of(session.seed, path, content, session.occurrence(content))
        return _Visit(http, session, route, call, content, draw)

    # --- 2 parse: the key, then the body, as the provider would ------------------------------

    def _parse(self, visit: _Visit) -> tuple[IncomingCall, _Parsed | None]:
        http, route, call = visit.http, visit.route, visit.call
        key = route.dialect.authenticate(http)
        call.key = fingerprint(key)
        endpoint = route.endpoint
        if endpoint is None:
            if route.allowed:
                raise route.dialect.wrong_method(http, route.allowed)
            raise route.dialect.unknown_path(http)
        call.endpoint = endpoint.kind
        parsed = None
        if isinstance(endpoint, GeneratingEndpoint):
            parsed = self._understand(visit, endpoint)
            call.model = parsed.request.model
            call.stream = parsed.request.stream
        incoming = IncomingCall(
            http=http,
            provider=route.dialect.kind,
            endpoint=endpoint.kind,
            key=key,
            model=call.model,
            completion=parsed.request if parsed else None,
        )
        return incoming, parsed

    def _understand(self, visit: _Visit, endpoint: GeneratingEndpoint) -> _Parsed:
        """Return the request, from memory if the very same has come before."""
        content_type = visit.http.headers.get("content-type")
        key = (endpoint, content_type, visit.content)
        parsed = self._parsed.get(key)
        if parsed is None:
            parsed = _Parsed(endpoint.parse(visit.http, visit.route.model, self._catalogue))
            if len(visit.http.body) <= MEMO_BODY_BYTES:
                self._parsed[key] = parsed
                if len(self._parsed) > MEMO_ENTRIES:
                    self._parsed.popitem(last=False)
        return parsed

    # --- 3 match: which rule answers ---------------------------------------------------------

    def _match(self, visit: _Visit, incoming: IncomingCall) -> Given:
        step = visit.session.next_step(incoming, visit.call.number, visit.draw)
        if isinstance(step, Given):
            visit.call.rule = step.rule
            return step
        visit.call.notes.extend(step.near_misses)
        if step.exhausted is not None:
            raise _refusal(visit, "script_exhausted", step)
        if incoming.completion is not None:
            if self._options.strict:
                raise _refusal(visit, "no_rule_matched", step)
            if self._scenario.rules:
                visit.call.notes.append("no rule matched: answered by 'auto'")
        return Given(self._fallback, step.failures, None)

    # --- 4 to 6 decide, shape, render: what the model answers, in bytes ----------------------

    def _make_ready(
        self, visit: _Visit, incoming: IncomingCall, parsed: _Parsed | None, given: Given
    ) -> _Ready:
        dialect, endpoint = visit.route.dialect, visit.route.endpoint
        by_token = bool(given.failures)
        padding = Draw.of(visit.session.seed, "", visit.content, 0)
        if isinstance(endpoint, LookupEndpoint):
            body = endpoint.look_up(visit.route.parameters or {}, self._catalogue)
            return _Ready(body, dialect.encode(body, padding, by_token=by_token))
        assert isinstance(endpoint, GeneratingEndpoint)
        assert parsed is not None
        reply = given.reply or self._fallback
        if not by_token:
            known = parsed.ready.get(id(reply))
            if known is not None and known[0] is reply:
                return known[1]
        answer, drawn_calls = self._decide(visit, incoming, parsed.request, reply)
        rendered = endpoint.render(answer)
        frames = dialect.encode(rendered, padding, by_token=by_token)
        ready = _Ready(rendered, frames, answer, drawn_calls)
        if not by_token and not reply.varies:
            parsed.ready[id(reply)] = (reply, ready)
        return ready

    def _decide(
        self, visit: _Visit, incoming: IncomingCall, request: CompletionRequest, reply: Reply
    ) -> tuple[Answer, int]:
        """Return what *reply* answers within the limits of *request*, and how many ids it needs."""
        asked = self._catalogue.get(request.model)
        assert asked is not None
        model = self._catalogue.resolve(reply.model) if reply.model else asked
        count = reply.written if reply.exact else request.n
        written = [
            reply.choice(incoming, ChoicePlace(index=index, prompt=prompt), visit.draw)
            for index, prompt in enumerate(
                prompt for prompt in request.prompts or ("",) for _ in range(count)
            )
        ]
        shaped = shape(request, written, reply, model)
        dialect = visit.route.dialect
        answer = Answer(
            endpoint=incoming.endpoint,
            request=request,
            model=model,
            model_name=reply.model or model.answers_as,
            choices=shaped.choices,
            usage=shaped.usage,
            system_fingerprint=self._fingerprint(visit.session, reply, model),
            headers=tuple({**self._scenario.defaults.headers, **reply.headers}.items()),
            id=Hole("i", len(dialect.id_prefixes[incoming.endpoint]) + dialect.id_length),
            created=Hole("d", CREATED_DIGITS, quoted=False),
        )
        return answer, shaped.drawn_calls

    def _fingerprint(self, session: Session, reply: Reply, model: Model) -> str | None:
        """Return the `system_fingerprint`: stated, or one for each model, as deployments have."""
        for stated in (reply.system_fingerprint, self._scenario.defaults.system_fingerprint):
            if not isinstance(stated, Unstated):
                return stated
        if not model.family.fingerprint:
            return None
        drawn = Draw.of(session.seed, "", model.answers_as.encode(), 0)
        return "fp_" + drawn.text("fingerprint", 10, HEX)


# --- stamp: what differs each time the same answer is given ----------------------------------


def _stamp(visit: _Visit, ready: _Ready) -> Timeline:
    """Return the timeline of *ready* with its holes filled."""
    dialect, draw, answer = visit.route.dialect, visit.draw, ready.answer
    head = dialect.head(ready.rendered, answer, draw)
    if answer is None:
        return (head, *(Data(frame.text, frame.tokens) for frame in ready.frames))
    visit.call.usage = answer.usage
    prefix = dialect.id_prefixes[answer.endpoint]
    values = {
        answer.id: prefix + draw.text("id", dialect.id_length),
        answer.created: str(draw.created()),
    }
    for number in range(ready.drawn_calls):
        hole = call_hole(number)
        values[hole] = "call_" + draw.text(f"call-{number}", CALL_ID_LENGTH - len("call_"))
    return (
        head if not answer.headers else _with_headers(head, answer.headers),
        *(Data(fill(frame.text, values), frame.tokens) for frame in ready.frames),
    )


def _with_headers(head: Head, stated: Headers) -> Head:
    """Return *head* with the *stated* headers added, in the place of those of the same name."""
    names = {name.lower() for name, _ in stated}
    kept = tuple(header for header in head.headers if header[0].lower() not in names)
    return replace(head, headers=(*kept, *stated))


# --- 8 fail: what goes wrong with it ---------------------------------------------------------


def _fail(visit: _Visit, given: Given, timeline: Timeline) -> Timeline:
    """Return *timeline* with the failures of *given* in it, each on the result of the last."""
    scene = Scene(visit.route.dialect, visit.draw)
    for failure in given.failures:
        if given.is_replaced and (timeline or not failure.replaces):
            visit.call.notes.append(f"failure '{failure.kind}' was pre-empted")
            continue
        distorted = failure.distort(timeline, scene)
        if not distorted.had_effect:
            visit.call.no_effect.append(failure.kind)
            continue
        visit.call.failures.append(failure.kind)
        timeline = _delayed(failure, distorted.timeline)
    return timeline


def _delayed(failure: Failure, timeline: Timeline) -> Timeline:
    """Return *timeline* with the pause before *failure* strikes."""
    if not failure.delay_ms or failure.moment is None:
        return timeline
    before, after = split(timeline, failure.moment) or (timeline, ())
    return (*before, Pause(failure.delay_ms / 1_000), *after)


# --- 9 note ----------------------------------------------------------------------------------


def _note(call: Call, timeline: Timeline) -> Call:
    """Enter the status that goes out, if any does."""
    for event in timeline:
        if isinstance(event, Head):
            call.status = event.status
            break
    return call


def _refusal(visit: _Visit, code: str, step: Unanswered) -> ApiError:
    """Return the 404 that tells a tester what kept the scenario from answering."""
    http = visit.http
    lines = [
        f"no rule matches {http.method} {http.path} "
        f"(session '{visit.session.name}', call {visit.call.number})"
    ]
    labels = ("nearest: ", "next:    ")
    lines += [
        f"  {labels[min(position, 1)]}{miss}" for position, miss in enumerate(step.near_misses)
    ]
    return ApiError(
        404, "\n".join(lines), code=code, layer="api", headers=(("x-should-retry", "false"),)
    )
