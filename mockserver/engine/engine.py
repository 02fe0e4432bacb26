"""The way of one request, from the HTTP request that came in to the timeline that goes out.

Read `Engine.answer` aloud: it is the table of contents. Nothing here waits or touches a
socket, and nothing here knows a provider, an endpoint, a reply or a failure by name.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from dataclasses import replace
from functools import cache, lru_cache
from itertools import repeat
from typing import Final, NamedTuple

from mockserver.contracts import (
    Answer,
    Attempt,
    ChoicePlace,
    Dialect,
    GeneratingEndpoint,
    Lookup,
    Reply,
)
from mockserver.conversation import Allowance, ApiError, IncomingCall, ModelRequest
from mockserver.engine.routing import Route, Routes
from mockserver.engine.timing import admit, delay, leave, send_away
from mockserver.engine.visit import (
    NO_RETRY,
    Parsed,
    Ready,
    Understood,
    Visit,
    asked_in,
    check_key,
    fail,
    fall_back,
    fingerprint,
    headers,
    in_scope,
    misanswer,
    misread,
    note,
    note_lookups,
    refusal,
    refuse_loop,
    refused,
    said_in,
    size_of,
    stamp,
)
from mockserver.models import Catalogue
from mockserver.plugins import Plugins
from mockserver.records.journal import Call, Outcome
from mockserver.records.redaction import fingerprint as key_fingerprint
from mockserver.records.redaction import redact_text
from mockserver.scenario.compiled import Compiled
from mockserver.scenario.schema import Scenario
from mockserver.seeding import Draw, digest
from mockserver.sessions.naming import DEFAULT_SESSION, split_session
from mockserver.sessions.options import Options
from mockserver.sessions.rules import NO_RULES, Given, Reading, Unanswered
from mockserver.sessions.session import Session
from mockserver.sessions.sessions import LONGEST_NAME, MOST_SESSIONS, Sessions
from mockserver.shaping.billing import bill, limited, shape, thought_aloud, with_echo
from mockserver.shaping.cutting import Shaped
from mockserver.shaping.logprobs import with_logprobs
from mockserver.shaping.plausibility import doubts
from mockserver.shaping.terms import Terms
from mockserver.traffic import limits
from mockserver.wire.http_request import HttpRequest
from mockserver.wire.jsontext import Hole
from mockserver.wire.timeline import Timeline

__all__ = ["Engine", "Exchange", "Options"]

FALLBACK_REPLY: Final = "auto"
"""The kind of reply that answers where no rule does."""
USAGE_EXACT: Final = b"x-mockserver-usage: exact\r\n"
USAGE_ESTIMATED: Final = b"x-mockserver-usage: estimated\r\n"
MEMO_ENTRIES: Final = 1_024
OFTEN: Final = 2
"""What has come more often than this is remembered."""
CATALOGUES_KEPT: Final = 1_024
MEMO_BODY_BYTES: Final = 32_768
"""Requests up to this size are remembered, parsed and answered, by their content."""
MEMO_ANSWER_BYTES: Final = 262_144
"""Answers up to this size are remembered: log-probabilities make them a hundred times longer."""


class Exchange(NamedTuple):
    """What goes out for one request, and the journal's entry on it, which is still open.

    Whoever has played the timeline says by `Engine.close` how that went.
    """

    timeline: Timeline
    call: Call
    visit: Visit


class Engine:
    """Answers requests by a scenario; all that changes lies in its sessions."""

    def __init__(
        self,
        scenario: Scenario,
        plugins: Plugins,
        time_source: Callable[[], float],
        options: Options | None = None,
    ) -> None:
        self._options = options or Options()
        self.sessions = Sessions(scenario, self._options, time_source)
        self._dialects = {kind: dialect() for kind, dialect in plugins.dialects.items()}
        self._endpoints = [endpoint() for endpoint in plugins.endpoints.values()]
        self._routes: dict[str, Routes] = {}
        self._seen = lru_cache(CATALOGUES_KEPT)(_seen)
        self._fallback = plugins.replies[FALLBACK_REPLY]()
        self._unscripted = Given(self._fallback, (), None)
        self._shaped: dict[Hashable, tuple[Reply, Shaped]] = {}
        self._parsed: OrderedDict[Hashable, Parsed] = OrderedDict()

    def session(self, name: str) -> Session:
        """Return the session called *name*; it begins when it is first named.

        Raises:
            UsageError: There are as many as there may be.

        """
        return self.sessions.named(name)

    def _routes_of(self, compiled: Compiled) -> Routes:
        """Return where paths lead, for a scenario that says whose the bare ones are."""
        provider = compiled.scenario.provider
        routes = self._routes.get(provider)
        if routes is None:
            routes = self._routes[provider] = Routes(self._dialects, self._endpoints, provider)
        return routes

    # --- the way of a request ----------------------------------------------------------------

    def understand(self, http: HttpRequest) -> Understood | None:
        """Return what `answer` takes as *understood*: the slow part of a large request.

        It touches no session, so that it may run in a thread while others are answered. None:
        there is nothing to understand.
        """
        name, path = split_session(http.path)
        compiled = self.sessions.compiled_for(name)
        route = self._routes_of(compiled).find(http.method, path)
        if route.generating is None:
            return None
        known = self._seen(compiled.catalogue, route.dialect)
        try:
            return self._understood(http, route, route.generating, known)
        except ApiError as error:
            return error

    def answer(self, http: HttpRequest, understood: Understood | None = None) -> Exchange:
        """Return what goes out for *http*; *understood* is what it was found to mean before."""
        visit = self._resolve(http)
        call = visit.call
        try:
            self._refuse_ended(visit)
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
                call.notes += ready.doubts
                if visit.session.strict.loops:
                    refuse_loop(visit, incoming, given, ready.answer)
                timeline = stamp(visit, ready)
                if given.latency is not None:
                    timeline = delay(visit, given.latency, ready, timeline)
            if given.failures:
                timeline = fail(visit, given, timeline, incoming)
        except ApiError as error:
            leave(visit)
            call.error_code = error.code
            timeline = refused(visit, error)
        note(visit, timeline)
        if not visit.is_whole:
            timeline = send_away(visit, timeline)
        if call.watchers:
            call.announce()
        return Exchange(timeline, call, visit)

    def close(self, exchange: Exchange, outcome: Outcome) -> None:
        """Enter how it went to play an answer: an answer that is not whole will be asked again."""
        visit = exchange.visit
        session = visit.session
        leave(visit)
        visit.call.ended_s = visit.session.clock.now_s()
        visit.call.seen_at_end = visit.session.journal.seen
        visit.call.finish(outcome)
        if outcome == "sent" and visit.is_whole:
            session.answered(visit.content)
        else:
            session.traffic.retries.give_up(visit.content, session.clock.now_s())

    def explain(self, http: HttpRequest) -> tuple[Given | Unanswered | ApiError, list[Reading]]:
        """Return what *http* would get, and what became of each rule; nothing is moved.

        An `ApiError` is a refusal before any rule is read.
        """
        name, path = split_session(http.path)
        session = self.session(name)
        compiled = session.compiled
        route = self._routes_of(compiled).find(http.method, path)
        known = self._seen(compiled.catalogue, route.dialect)
        http = replace(http, path=path)
        try:
            key = route.dialect.authenticate(http)
            if route.generating is None and route.lookup is None:
                raise route.dialect.unknown_path(http)
            parsed = None
            if route.generating is not None:
                parsed = self._understood(http, route, route.generating, known)
        except ApiError as error:
            return error, []
        content = digest(route.content + asked_in(route, http) + http.body)
        occurrence, attempt = session.next_counts(content)
        endpoint = route.generating or route.lookup
        assert endpoint is not None
        request = parsed.request if parsed else None
        model = request.model if request else None
        call = IncomingCall(http, route.dialect.kind, endpoint.kind, key, model, request, attempt)
        draw = Draw(session.seed, content, occurrence)
        number, at_s = session.journal.seen + 1, session.clock.now_s()
        return session.reader.explain(call, number, draw, at_s)

    def refuse(self, error: ApiError) -> Timeline:
        """Return what goes out for a request that could not even be read."""
        session = self.sessions.addressed(DEFAULT_SESSION)
        route = self._routes_of(session.compiled).find("", "/")
        return route.dialect.render_error(error, Draw(session.seed, error.message.encode()))

    # --- 1 resolve: session, dialect and endpoint from the path ------------------------------

    def _resolve(self, http: HttpRequest) -> Visit:
        name, path = split_session(http.path)
        if path is not http.path:
            http = replace(http, path=path)
        session = self.sessions.addressed(name)
        route = self._routes_of(session.compiled).find(http.method, path)
        content = digest(route.content + asked_in(route, http) + http.body)
        occurrence = session.occurrence(content)
        draw = Draw(session.seed, content, occurrence)
        waited_s = session.traffic.retries.returns(content, session.clock)
        call = session.journal.open(session.clock.now_s(), http.method, path, route.dialect.kind)
        call.attempt, call.waited_s = session.attempt(content), waited_s
        catalogue = self._seen(session.compiled.catalogue, route.dialect)
        secrets = session.journal.keep(call, http, content)
        return Visit(http, session, route, catalogue, call, content, occurrence, draw, secrets)

    def _refuse_ended(self, visit: Visit) -> None:
        """Refuse a call to a session that has ended, or cannot begin."""
        if visit.session.has_ended:
            visit.call.is_late = True
            what = f"the session '{visit.session.name}' has ended"
            raise ApiError(410, what, code="session_ended", headers=NO_RETRY)
        if visit.session.is_surplus:
            code, what = "too_many_sessions", f"there are {MOST_SESSIONS} sessions already"
            what += ": end those that are over"
            if len(visit.session.name) > LONGEST_NAME:
                code = "session_name_too_long"
                what = f"the name of a session has at most {LONGEST_NAME} characters"
            raise ApiError(409, what, code=code, headers=NO_RETRY)

    # --- 2 parse: the key, then the body, as the provider would ------------------------------

    def _parse(
        self, visit: Visit, understood: Understood | None
    ) -> tuple[IncomingCall, Parsed | None]:
        http, route, call = visit.http, visit.route, visit.call
        key = route.dialect.authenticate(http)
        call.key = key_fingerprint(key)
        standing = visit.session.compiled.standing
        if standing is not None:
            check_key(visit, key, standing(key))
        route.dialect.admit(http)
        attribution = route.dialect.attribution(http)
        if attribution:
            call.attribution = {n: redact_text(value) for n, value in attribution.items()}
        parsed = None
        if route.generating is not None:
            call.endpoint = route.generating.kind
            try:
                if isinstance(understood, ApiError):
                    raise understood
                parsed = understood or self._remembered(visit, route.generating)
            except ApiError as error:
                raise self._charged(visit, key, error) from None
            asked = parsed.request
            call.conversation = parsed.conversation
            call.model, call.stream = redact_text(asked.model), asked.stream
            model = visit.catalogue.resolve(asked.model)
            visit.allowances = admit(visit, key, asked.model, model, asked.charge)
        elif route.lookup is not None:
            call.endpoint = route.lookup.kind
        elif route.allowed:
            raise route.dialect.wrong_method(http, route.allowed)
        else:
            raise route.dialect.unknown_path(http)
        request = parsed.request if parsed else None
        incoming = IncomingCall(
            http,
            route.dialect.kind,
            call.endpoint,
            key,
            request.model if request else None,
            request,
            call.attempt,
        )
        if parsed is not None and visit.occurrence > OFTEN:
            incoming.held = parsed.held
        return incoming, parsed

    def _charged(self, visit: Visit, key: str, error: ApiError) -> ApiError:
        """Return *error* with what it leaves: limits count what the API refuses, too."""
        if not error.allowances or not visit.session.compiled.limits:
            return error
        assert visit.route.generating is not None
        charge = visit.route.generating.charge(visit.http)
        name = visit.route.model or (charge.model if charge else None)
        if name is None:
            return error
        left = admit(visit, key, name, visit.catalogue.resolve(name), charge)
        return error if left is None else replace(error, allowances=left)

    def _remembered(self, visit: Visit, endpoint: GeneratingEndpoint) -> Parsed:
        """Return the request, from memory if the very same has come before."""
        content_type = visit.http.headers.get("content-type")
        catalogue = visit.catalogue
        key = (endpoint, content_type, visit.session.seed, visit.content, catalogue)
        parsed = self._parsed.get(key)
        if parsed is None:
            parsed = self._understood(visit.http, visit.route, endpoint, catalogue)
            # What has come twice is likely to come again; what has not costs nothing to forget.
            if visit.occurrence > 1 and len(visit.http.body) <= MEMO_BODY_BYTES:
                self._parsed[key] = parsed
                if len(self._parsed) > MEMO_ENTRIES:
                    self._parsed.popitem(last=False)
        return parsed

    def _understood(
        self, http: HttpRequest, route: Route, endpoint: GeneratingEndpoint, known: Catalogue
    ) -> Parsed:
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
                    understood.append(_attempted(attempt, route, endpoint, known))
                except ApiError as error:
                    refused = error
        except ApiError as error:
            refused = error
        if understood:
            return replace(understood[0], fallbacks=tuple(understood[1:]))
        assert refused is not None
        if refused.layer == "api":
            refused = replace(refused, allowances=_allowances(http, route, endpoint, known))
        raise dialect.reword(refused, http) from None

    # --- 3 match: which rule answers ---------------------------------------------------------

    def _match(self, visit: Visit, incoming: IncomingCall) -> Given:
        given = self._read(visit, incoming)
        default = visit.session.scenario.defaults.latency
        if default is not None and given.latency is None:
            return replace(given, latency=default)
        return given

    def _read(self, visit: Visit, incoming: IncomingCall) -> Given:
        step = visit.session.next_step(incoming, visit.call, visit.draw)
        if isinstance(step, Given):
            visit.call.rule = step.rule
            return step
        strict = visit.session.strict.unmatched
        if step is NO_RULES and not strict:
            return self._unscripted
        visit.call.is_unmatched = incoming.request is not None
        if step.near_misses:
            visit.call.near_misses = tuple(
                redact_text(miss, visit.secrets) for miss in step.near_misses
            )
        if step.exhausted is not None:
            raise refusal(visit, "script_exhausted")
        if incoming.request is not None:
            if strict:
                raise refusal(visit, "no_rule_matched")
            visit.call.notes += (f"no rule matched: answered by '{FALLBACK_REPLY}'",)
        return Given(self._fallback, step.failures, None, step.latency)

    # --- 4 to 6 decide, shape, render: what the model answers, in bytes ----------------------

    def _make_ready(
        self, visit: Visit, incoming: IncomingCall, parsed: Parsed | None, given: Given
    ) -> Ready:
        route, by_token = visit.route, bool(given.failures or given.latency)
        dialect = route.dialect
        reply = given.reply or self._fallback
        kept = id(reply), by_token, visit.allowances is None
        visit.bending = tuple(failure for failure in given.failures if failure.bends)
        if parsed is not None and not visit.bending:
            known = parsed.ready.get(kept)
            if known is not None and known[0] is reply:
                return known[1]
        steady = visit.steady
        if route.lookup is not None:
            body = dialect.adapt(route.lookup.look_up(self._lookup(visit)), None, steady)
            frames = dialect.encode(body, steady, by_token=by_token)
            head = dialect.head(body, None, steady)._replace(content_length=size_of(frames))
            return Ready(head, frames)
        assert route.generating is not None
        assert parsed is not None
        request = misread(visit, parsed.request)
        answer, shaped = self._decide(visit, incoming, request, given)
        rendered = dialect.adapt(route.generating.render(answer), answer, steady)
        frames = dialect.encode(rendered, steady, by_token=by_token)
        head = dialect.head(rendered, answer, steady)
        if self._options.usage_header and answer.usage is not None:
            said = USAGE_EXACT if answer.usage.exact else USAGE_ESTIMATED
            head = head._replace(lines=head.lines + said)
        if answer.headers:
            head = head.with_headers(answer.headers)
        # What went wrong on purpose, or nobody wrote, is not to be told.
        is_written = given.rule is not None and not visit.bending
        noted = doubts(answer, shaped.written, route.generating) if is_written else ()
        journalled = said_in(answer, visit.secrets)
        ready = Ready(head, frames, answer, shaped.drawn_calls, journalled, noted)
        if not (reply.varies or visit.bending) and size_of(frames) <= MEMO_ANSWER_BYTES:
            parsed.ready[kept] = (reply, ready)
        return ready

    def _lookup(self, visit: Visit) -> Lookup:
        """Return what is asked of a lookup endpoint, and what it may know."""
        route, session = visit.route, visit.session
        return Lookup(
            visit.http,
            route.own,
            route.parameters,
            visit.catalogue,
            session.stored,
            session.ledger,
            visit.call.key or "",
        )

    def _decide(
        self,
        visit: Visit,
        incoming: IncomingCall,
        request: ModelRequest,
        given: Given,
    ) -> tuple[Answer, Shaped]:
        """Return what is answered within the limits of *request*, and what it was made of."""
        assert visit.route.generating is not None
        reply = in_scope(given.reply or self._fallback, given.scope)
        dialect = visit.route.dialect
        model = visit.catalogue.resolve(reply.model or request.model)
        terms = Terms(visit.route.generating, request, reply, model)
        shaped = self._shape(visit, incoming, terms, given)
        note_lookups(visit.call, given.scope)
        shaped, generated = limited(terms, shaped)
        choices = shaped.choices
        if request.echo and not reply.exact:
            choices = with_echo(choices, request.prompts)
        if request.logprobs is not None:
            choices = with_logprobs(choices, shaped.logprobs, request, model, visit.steady)
        answer = Answer(
            endpoint=incoming.endpoint,
            request=request,
            model=model,
            model_name=reply.model or model.answers_as,
            choices=choices,
            usage=bill(terms, shaped, generated),
            system_fingerprint=fingerprint(visit.session, reply, model),
            headers=headers(visit.session.scenario.defaults, reply),
            id=id_hole(dialect.id_size(terms.endpoint)),
            created=visit.steady.created(),
            allowances=()
            if visit.allowances is not None
            else limits.allowances(visit.catalogue.resolve(request.model), request.charge),
            reasoning=thought_aloud(terms, shaped),
        )
        return answer, shaped

    def _shape(self, visit: Visit, incoming: IncomingCall, terms: Terms, given: Given) -> Shaped:
        """Return the choices of the reply, bent by what fails, and ended by `stop`.

        What is the same whatever is asked is kept, by the reply and by what ends it.
        """
        request, reply = terms.request, given.reply or self._fallback
        key = None
        if reply.indifferent and given.scope is None and not visit.bending:
            key = (id(reply), request.n, len(request.prompts), terms.shaped_by)
            known = self._shaped.get(key)
            if known is not None and known[0] is reply:
                return known[1]
        draw = visit.draw if reply.varies else visit.steady
        written = [
            reply.given(incoming, ChoicePlace(index=index, prompt=prompt, scope=given.scope), draw)
            for index, prompt in enumerate(_asked(request, reply))
        ]
        if visit.bending:
            written = misanswer(visit, written, request)
        shaped = shape(terms, written)
        if key is not None:
            if len(self._shaped) >= MEMO_ENTRIES:
                self._shaped.clear()
            self._shaped[key] = (reply, shaped)
        return shaped


def _seen(known: Catalogue, dialect: Dialect) -> Catalogue:
    """Return *known* models as the provider of *dialect* has them."""
    return dialect.catalogue(known)


def _attempted(
    attempt: Attempt, route: Route, endpoint: GeneratingEndpoint, known: Catalogue
) -> Parsed:
    """Return what one attempt asks."""
    request = endpoint.parse(attempt.http, route.model, known)
    if attempt.sent is not None:
        request.sent = attempt.sent
    if request.charge is None:
        request.charge = endpoint.charge(attempt.http)
    request.bills_end_of_turn = route.dialect.bills_end_of_turn
    opening = request.conversation.encode("utf-8", "surrogatepass")
    return Parsed(request, digest(opening).hex()[:8])


def _allowances(
    http: HttpRequest, route: Route, endpoint: GeneratingEndpoint, known: Catalogue
) -> tuple[Allowance, ...]:
    """Return what a request leaves that the API refuses; nothing if it names no model."""
    charge = endpoint.charge(http)
    name = route.model or (charge.model if charge else None)
    model = known.get(name) if name else None
    return limits.allowances(model, charge) if model else ()


def _asked(request: ModelRequest, reply: Reply) -> Iterator[str]:
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
