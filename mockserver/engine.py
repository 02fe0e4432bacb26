"""The way of one request, from the HTTP request that came in to the timeline that goes out.

Read `Engine.answer` aloud: it is the table of contents. Nothing here waits or touches a
socket, and nothing here knows a provider, an endpoint, a reply or a failure by name.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from itertools import repeat
from typing import Final, NamedTuple

from mockserver import limits, validation
from mockserver.contracts import (
    Answer,
    ChoicePlace,
    GeneratingEndpoint,
    Lookup,
    Reply,
    Unstated,
)
from mockserver.conversation import ApiError, CompletionRequest, IncomingCall
from mockserver.cutting import Shaped
from mockserver.http_request import HttpRequest
from mockserver.journal import Call, fingerprint
from mockserver.jsontext import Hole
from mockserver.limits import Allowance
from mockserver.logprobs import with_logprobs
from mockserver.models import Catalogue, Model
from mockserver.plugins import Plugins
from mockserver.routing import Route, Routes, split_session
from mockserver.scenario.schema import Scenario
from mockserver.seeding import HEX, Draw, digest
from mockserver.session import NO_RULES, Given, Session
from mockserver.shaping import bill, limited, limits_of, shape, thought_aloud, with_echo
from mockserver.timeline import Headers, Timeline
from mockserver.walk import (
    Parsed,
    Ready,
    Understood,
    Visit,
    asked_in,
    check_key,
    fail,
    fall_back,
    note,
    refusal,
    size_of,
    stamp,
)

FALLBACK_REPLY: Final = "auto"
"""The kind of reply that answers where no rule does."""
USAGE_EXACT: Final = b"x-mockserver-usage: exact\r\n"
USAGE_ESTIMATED: Final = b"x-mockserver-usage: estimated\r\n"
MEMO_ENTRIES: Final = 1_024
MEMO_BODY_BYTES: Final = 32_768
"""Requests up to this size are remembered, parsed and answered, by their content."""
MEMO_ANSWER_BYTES: Final = 262_144
"""Answers up to this size are remembered: log-probabilities make them a hundred times longer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How a server behaves, apart from its scenario.

    *seed* None takes the scenario's. A *strict* server refuses what no rule answers. With
    *usage_header*, answers say whether their bill is exact: the one header that no provider has.
    """

    seed: int | None = None
    strict: bool = False
    any_model: bool = False
    usage_header: bool = True


class Exchange(NamedTuple):
    """What goes out for one request, and the journal's entry on it, which is still open."""

    timeline: Timeline
    call: Call


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
        known = Catalogue(
            scenario.known_models(), any_model=scenario.any_model or self._options.any_model
        )
        dialects = {kind: dialect() for kind, dialect in plugins.dialects.items()}
        self._catalogues = {kind: dialect.catalogue(known) for kind, dialect in dialects.items()}
        self._routes = Routes(
            dialects,
            [endpoint() for endpoint in plugins.endpoints.values()],
            scenario.provider,
        )
        keys = scenario.keys
        self._standing = lru_cache(MEMO_ENTRIES)(keys.standing) if keys.are_stated else None
        self._fallback = plugins.replies[FALLBACK_REPLY]()
        self._unscripted = Given(self._fallback, (), None)
        self._sessions: dict[str, Session] = {}
        self._shaped: dict[Hashable, tuple[Reply, Shaped]] = {}
        self._parsed: OrderedDict[Hashable, Parsed] = OrderedDict()

    def session(self, name: str) -> Session:
        """Return the session called *name*; it begins when it is first named."""
        found = self._sessions.get(name)
        if found is None:
            found = self._sessions[name] = Session(
                name, self._scenario, seed=self._seed, time_source=self._time_source
            )
        return found

    def understand(self, http: HttpRequest) -> Understood | None:
        """Return what `answer` takes as *understood*: the slow part of a large request.

        It touches no session, so that it may run in a thread while others are answered. None:
        there is nothing to understand.
        """
        _, path = split_session(http.path)
        route = self._routes.find(http.method, path)
        if route.generating is None:
            return None
        try:
            return self._understood(http, route, route.generating)
        except ApiError as error:
            return error

    def answer(self, http: HttpRequest, understood: Understood | None = None) -> Exchange:
        """Return what goes out for *http*; *understood* is what it was found to mean before."""
        visit = self._resolve(http)
        try:
            incoming, parsed = self._parse(visit, understood)
            given = self._match(visit, incoming)
            for fallback in parsed.fallbacks if parsed is not None else ():
                if not given.is_replaced:
                    break
                incoming, parsed = fall_back(visit, incoming, given, fallback)
                given = self._match(visit, incoming)
            timeline: Timeline = ()
            if not given.is_replaced:
                ready = self._make_ready(visit, incoming, parsed, given)
                timeline = stamp(visit, ready)
            if given.failures:
                timeline = fail(visit, given, timeline)
        except ApiError as error:
            timeline = visit.route.dialect.render_error(error, visit.draw)
        note(visit.call, timeline)
        return Exchange(timeline, visit.call)

    def refuse(self, error: ApiError) -> Timeline:
        """Return what goes out for a request that could not even be read."""
        route = self._routes.find("", "/")
        return route.dialect.render_error(error, Draw(self._seed, error.message.encode()))

    # --- 1 resolve: session, dialect and endpoint from the path ------------------------------

    def _resolve(self, http: HttpRequest) -> Visit:
        name, path = split_session(http.path)
        if path is not http.path:
            http = replace(http, path=path)
        session = self._sessions.get(name) or self.session(name)
        route = self._routes.find(http.method, path)
        content = digest(route.content + asked_in(route, http) + http.body)
        occurrence = session.occurrence(content)
        draw = Draw(session.seed, content, occurrence)
        call = session.journal.open(session.clock.now_s(), http.method, path, route.dialect.kind)
        return Visit(http, session, route, call, content, occurrence, draw)

    # --- 2 parse: the key, then the body, as the provider would ------------------------------

    def _parse(
        self, visit: Visit, understood: Understood | None
    ) -> tuple[IncomingCall, Parsed | None]:
        http, route, call = visit.http, visit.route, visit.call
        key = route.dialect.authenticate(http)
        call.key = fingerprint(key)
        if self._standing is not None:
            check_key(visit, key, self._standing(key))
        route.dialect.admit(http)
        call.attribution = route.dialect.attribution(http)
        parsed = None
        if route.generating is not None:
            call.endpoint = route.generating.kind
            if isinstance(understood, ApiError):
                raise understood
            parsed = understood or self._remembered(visit, route.generating)
            call.model = parsed.request.model
            call.stream = parsed.request.stream
        elif route.lookup is not None:
            call.endpoint = route.lookup.kind
        elif route.allowed:
            raise route.dialect.wrong_method(http, route.allowed)
        else:
            raise route.dialect.unknown_path(http)
        request = parsed.request if parsed else None
        incoming = IncomingCall(http, route.dialect.kind, call.endpoint, key, call.model, request)
        return incoming, parsed

    def _remembered(self, visit: Visit, endpoint: GeneratingEndpoint) -> Parsed:
        """Return the request, from memory if the very same has come before."""
        content_type = visit.http.headers.get("content-type")
        key = (endpoint, content_type, visit.session.seed, visit.content)
        parsed = self._parsed.get(key)
        if parsed is None:
            parsed = self._understood(visit.http, visit.route, endpoint)
            # What has come twice is likely to come again; what has not costs nothing to forget.
            if visit.occurrence > 1 and len(visit.http.body) <= MEMO_BODY_BYTES:
                self._parsed[key] = parsed
                if len(self._parsed) > MEMO_ENTRIES:
                    self._parsed.popitem(last=False)
        return parsed

    def _understood(self, http: HttpRequest, route: Route, endpoint: GeneratingEndpoint) -> Parsed:
        """Return what *http* asks, in the first of its attempts that the provider does not refuse.

        Raises:
            ApiError: It would refuse them all. Where the API does, that tells of limits.

        """
        dialect = route.dialect
        understood: list[Parsed] = []
        refused: ApiError | None = None
        try:
            for attempt in dialect.translate(http, endpoint.kind):
                try:
                    understood.append(self._attempted(attempt, route, endpoint))
                except ApiError as error:
                    refused = error
        except ApiError as error:
            refused = error
        if understood:
            return replace(understood[0], fallbacks=tuple(understood[1:]))
        assert refused is not None
        if refused.layer == "api":
            refused = replace(refused, allowances=self._allowances(http, route))
        raise dialect.reword(refused, http) from None

    def _attempted(self, http: HttpRequest, route: Route, endpoint: GeneratingEndpoint) -> Parsed:
        """Return what one attempt asks."""
        request = endpoint.parse(http, route.model, self._catalogues[route.dialect.kind])
        request.bills_end_of_turn = route.dialect.bills_end_of_turn
        return Parsed(request)

    def _allowances(self, http: HttpRequest, route: Route) -> tuple[Allowance, ...]:
        """Return what a request leaves that the API refuses; nothing if it names no model."""
        try:
            body = validation.read_body(http)
        except ApiError:
            return ()
        name = route.model or body.get("model")
        catalogue = self._catalogues[route.dialect.kind]
        known = catalogue.get(name) if name and isinstance(name, str) else None
        return limits.allowances(known, body) if known else ()

    # --- 3 match: which rule answers ---------------------------------------------------------

    def _match(self, visit: Visit, incoming: IncomingCall) -> Given:
        step = visit.session.next_step(incoming, visit.call.number, visit.draw)
        if isinstance(step, Given):
            visit.call.rule = step.rule
            return step
        if step is NO_RULES and not self._options.strict:
            return self._unscripted
        visit.call.notes += step.near_misses
        if step.exhausted is not None:
            raise refusal(visit, "script_exhausted", step)
        if incoming.completion is not None:
            if self._options.strict:
                raise refusal(visit, "no_rule_matched", step)
            visit.call.notes += (f"no rule matched: answered by '{FALLBACK_REPLY}'",)
        return Given(self._fallback, step.failures, None)

    # --- 4 to 6 decide, shape, render: what the model answers, in bytes ----------------------

    def _make_ready(
        self, visit: Visit, incoming: IncomingCall, parsed: Parsed | None, given: Given
    ) -> Ready:
        route, by_token = visit.route, bool(given.failures)
        dialect = route.dialect
        reply = given.reply or self._fallback
        if parsed is not None and not by_token:
            known = parsed.ready.get(id(reply))
            if known is not None and known[0] is reply:
                return known[1]
        steady = visit.draw if visit.occurrence == 1 else Draw(visit.session.seed, visit.content)
        if route.lookup is not None:
            body = dialect.adapt(route.lookup.look_up(self._lookup(visit)), None, steady)
            frames = dialect.encode(body, steady, by_token=by_token)
            head = dialect.head(body, None, steady)._replace(content_length=size_of(frames))
            return Ready(head, frames)
        assert route.generating is not None
        assert parsed is not None
        answer, drawn_calls = self._decide(visit, incoming, parsed.request, reply, steady)
        rendered = dialect.adapt(route.generating.render(answer), answer, steady)
        frames = dialect.encode(rendered, steady, by_token=by_token)
        head = dialect.head(rendered, answer, steady)
        if self._options.usage_header and answer.usage is not None:
            said = USAGE_EXACT if answer.usage.exact else USAGE_ESTIMATED
            head = head._replace(lines=head.lines + said)
        if answer.headers:
            head = head.with_headers(answer.headers)
        ready = Ready(head, frames, answer, drawn_calls)
        if not by_token and not reply.varies and size_of(frames) <= MEMO_ANSWER_BYTES:
            parsed.ready[id(reply)] = (reply, ready)
        return ready

    def _lookup(self, visit: Visit) -> Lookup:
        """Return what is asked of a lookup endpoint, and what it may know."""
        route, session = visit.route, visit.session
        return Lookup(
            visit.http,
            route.own,
            route.parameters,
            self._catalogues[route.dialect.kind],
            session.stored,
            session.ledger,
            visit.call.key or "",
        )

    def _decide(
        self,
        visit: Visit,
        incoming: IncomingCall,
        request: CompletionRequest,
        reply: Reply,
        steady: Draw,
    ) -> tuple[Answer, int]:
        """Return what *reply* answers within the limits of *request*, and how many ids it needs."""
        dialect = visit.route.dialect
        catalogue = self._catalogues[dialect.kind]
        model = catalogue.resolve(reply.model or request.model)
        draw = visit.draw if reply.varies else steady
        shaped = self._shape(incoming, request, reply, model, draw)
        shaped, generated = limited(shaped, request, reply, model)
        choices = shaped.choices
        if request.echo and not reply.exact:
            choices = with_echo(choices, request.prompts)
        if request.logprobs is not None:
            choices = with_logprobs(choices, shaped.logprobs, request, model, steady)
        answer = Answer(
            endpoint=incoming.endpoint,
            request=request,
            model=model,
            model_name=reply.model or model.answers_as,
            choices=choices,
            usage=bill(shaped, generated, request, reply, model),
            system_fingerprint=self._fingerprint(visit.session, reply, model),
            headers=self._headers(reply),
            id=id_hole(len(dialect.id_prefixes[incoming.endpoint]) + dialect.id_length),
            created=steady.created(),
            allowances=limits.allowances(catalogue.resolve(request.model), request.body),
            reasoning=thought_aloud(shaped, reply, model),
        )
        return answer, shaped.drawn_calls

    def _shape(
        self,
        incoming: IncomingCall,
        request: CompletionRequest,
        reply: Reply,
        model: Model,
        draw: Draw,
    ) -> Shaped:
        """Return the choices of *reply* to *request*, ended by `stop`.

        What is the same whatever is asked is kept, by the reply and by what ends it.
        """
        key = None
        if reply.indifferent:
            key = (id(reply), model.id, request.n, len(request.prompts), limits_of(request))
            known = self._shaped.get(key)
            if known is not None and known[0] is reply:
                return known[1]
        written = [
            reply.choice(incoming, ChoicePlace(index=index, prompt=prompt), draw)
            for index, prompt in enumerate(_asked(request, reply))
        ]
        shaped = shape(request, written, reply, model)
        if key is not None:
            if len(self._shaped) >= MEMO_ENTRIES:
                self._shaped.clear()
            self._shaped[key] = (reply, shaped)
        return shaped

    def _headers(self, reply: Reply) -> Headers:
        defaults = self._scenario.defaults.headers
        return tuple({**defaults, **reply.headers}.items()) if defaults or reply.headers else ()

    def _fingerprint(self, session: Session, reply: Reply, model: Model) -> str | None:
        """Return the `system_fingerprint`: stated, or one for each model, as deployments have."""
        for stated in (reply.system_fingerprint, self._scenario.defaults.system_fingerprint):
            if not isinstance(stated, Unstated):
                return stated
        if not model.family.fingerprint:
            return None
        return fingerprint_of(session.seed, model.answers_as)


def _asked(request: CompletionRequest, reply: Reply) -> Iterator[str]:
    """Yield the prompt of each choice: `n` for each, or as many in all as are written."""
    prompts = request.prompts or ("",)
    if reply.exact:
        for index in range(reply.written):
            yield prompts[index * len(prompts) // reply.written]
    else:
        for prompt in prompts:
            yield from repeat(prompt, request.n)


@cache
def id_hole(length: int) -> Hole:
    """Return the hole for the id of an answer, *length* characters long."""
    return Hole("i", length)


@lru_cache(maxsize=1_024)
def fingerprint_of(seed: int, model: str) -> str:
    """Return the `system_fingerprint` of *model*: the same for all its answers."""
    return "fp_" + Draw(seed, model.encode()).text("fingerprint", 10, HEX)
