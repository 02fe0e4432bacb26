"""The way of one request, from the HTTP request that came in to the timeline that goes out.

Read `Engine.answer` aloud: it is the table of contents, and each of its words is a module. Nothing
here waits or touches a socket, and nothing here knows a provider, an endpoint, a reply or a
failure by name.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import Final

from mockserver import tokens
from mockserver.cassettes.recording import RecordedAnswer
from mockserver.contracts import NOTHING_HEARD, Heard, RawReply, RecordedReply
from mockserver.conversation import ApiError, IncomingCall
from mockserver.engine import hinting, keeping, noting
from mockserver.engine.acknowledging import acknowledge
from mockserver.engine.answering import answered, answering_name, looked_up
from mockserver.engine.asked import (
    Asked,
    Finished,
    Matched,
    Meaning,
    Prepared,
    Ready,
    Stamped,
    Unmade,
)
from mockserver.engine.deferring import takes_long
from mockserver.engine.failing import fail
from mockserver.engine.forwarding import Forward, Gone, gone, gone_as, heard, received
from mockserver.engine.matching import elsewhere, match
from mockserver.engine.memory import Memory
from mockserver.engine.noting import note
from mockserver.engine.refusing import refuse, refuse_ended, refuse_loop
from mockserver.engine.routing import Route, Routes, default_replies
from mockserver.engine.stamping import dated, enter, enter_heard, stamp
from mockserver.engine.timing import begin, delay
from mockserver.engine.understanding import content_of, continued, meaning, understand
from mockserver.engine.verbatim import verbatim
from mockserver.models import DEFAULT_MODEL, Catalogue
from mockserver.plugins import Plugins
from mockserver.records.journal import MOST_BODY_BYTES, Call, Outcome
from mockserver.records.redaction import redact
from mockserver.records.totals import Totals
from mockserver.scenario.compiled import Compiled
from mockserver.scenario.schema import Scenario
from mockserver.seeding import Draw
from mockserver.sessions.naming import DEFAULT_SESSION, split_session
from mockserver.sessions.options import Options
from mockserver.sessions.rules import Given, Reading, Unanswered
from mockserver.sessions.session import Session
from mockserver.sessions.sessions import Sessions
from mockserver.traffic.turns import Places
from mockserver.wire.http_request import HttpRequest
from mockserver.wire.jsontext import is_object
from mockserver.wire.timeline import Data, Head, Timeline

__all__ = ["Engine", "Exchange", "Options"]


@dataclass(slots=True, eq=False)
class Exchange:
    """What goes out for one request, and the journal's entry on it, which is still open.

    Whoever has played the timeline reports by `Engine.close` how that went. *is_own*: it says
    nothing but what the scenario and the request say (`keeping.is_own`).
    """

    timeline: Final[Timeline]
    call: Final[Call]
    asked: Final[Asked]
    is_own: Final[bool] = False


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
        dialects = {kind: dialect() for kind, dialect in plugins.dialects.items()}
        endpoints = [endpoint() for endpoint in plugins.endpoints.values()]
        defaults = default_replies(endpoints, plugins.replies)
        self._routes = cache(partial(Routes, dialects, endpoints, defaults))
        """Returns where paths lead, for a scenario whose bare ones are a provider's."""
        self._memory = Memory()
        self.totals = Totals(DEFAULT_SESSION)
        self.totals.listeners.append(self.sessions.archive.hear)

    # --- the way of a request ----------------------------------------------------------------

    def answer(
        self, http: HttpRequest, prepared: Prepared | None = None, *, defers: bool = False
    ) -> "Exchange | Forward | Unmade":
        """Return what goes out for *http*; *prepared* is what `understand` returned for it.

        A `Forward` is for another server: `resume` returns what goes out when that has answered.
        What takes long to make is returned `Unmade` if the caller *defers* it: `make` makes it,
        in any thread, and `give` returns what goes out.
        """
        asked, call = self._resolve(http, prepared)
        own = True
        try:
            refuse_ended(asked, call)
            matched = self._matched(asked, call, prepared)
            given = matched.given
            if given.failures and given.is_replaced:
                timeline = fail(asked, call, matched, ())
            elif given.forwards:
                return Forward(asked.http, asked, call, matched)
            elif defers and takes_long(asked, matched):
                return self._unmade(asked, call, matched)
            else:
                own = keeping.is_own(asked, given)
                timeline = _send(asked, call, matched, self._ready(asked, matched))
        except ApiError as error:
            timeline = self._refused(asked, call, error)
        return _exchange(asked, call, timeline, own=own)

    def _refused(self, asked: Asked, call: Call, error: ApiError) -> Timeline:
        """Return what goes out for *error*, and what helps where that misleads."""
        hint = self._hint(asked, error, has_key=call.key is not None)
        timeline = refuse(asked, call, error, hint)
        if hint is None or not self._options.usage_header:
            return timeline
        return hinting.with_header(timeline, hint)

    def _hint(self, asked: Asked, error: ApiError, *, has_key: bool) -> str | None:
        compiled = asked.session.compiled
        paths = self._routes(compiled.scenario.provider)
        catalogue_of = partial(self._memory.catalogue, compiled.catalogue)
        return hinting.of_refusal(asked, error, paths, catalogue_of, has_key=has_key)

    def _matched(self, asked: Asked, call: Call, prepared: Prepared | None) -> Matched:
        """Return what is given to the request, by what it means; or by what is known elsewhere."""
        known = None if prepared is None else prepared.meaning
        try:
            incoming, meant = understand(asked, call, self._memory, known)
        except ApiError as error:
            return elsewhere(asked, call, error)
        return match(asked, call, incoming, meant)

    def _unmade(self, asked: Asked, call: Call, matched: Matched) -> Unmade:
        """Return *matched* for later, with all that depends on when it came."""
        given, running = matched.given, None
        if given.latency is not None and asked.route.generates is not None:
            running = begin(asked, answering_name(asked, matched.incoming, given))
        return Unmade(asked, call, matched, running)

    def make(self, unmade: Unmade) -> Finished | ApiError:
        """Return an answer, made; nothing is entered anywhere but in its own call."""
        asked, call, matched, running = unmade
        try:
            ready = self._ready(asked, matched)
            at_once = stamp(asked, ready, matched.incoming.allowances)
            stamped = _timed(asked, call, matched, ready, at_once, running=running)
            timeline = _reported(asked, ready, at_once, stamped)
            timeline = _disturbed(asked, call, matched, ready, timeline)
        except ApiError as error:
            return error
        return Finished(ready, stamped, timeline)

    def give(self, unmade: Unmade, finished: Finished | ApiError) -> Exchange:
        """Return what goes out for a request whose answer has been made."""
        asked, call, matched, _ = unmade
        try:
            if isinstance(finished, ApiError):
                raise finished
            _note_ready(asked, call, matched, finished.ready)
            enter(asked, call, finished.ready, finished.stamped)
            timeline = finished.timeline
        except ApiError as error:
            timeline = self._refused(asked, call, error)
        return _exchange(asked, call, timeline, own=keeping.is_own(asked, matched.given))

    def resume(self, forward: Forward, answer: RecordedAnswer | ApiError) -> Exchange:
        """Return what goes out for a request that another server has answered, or could not."""
        _, asked, call, matched = forward
        try:
            if isinstance(answer, ApiError):
                raise answer
            said = heard(asked, answer)
            timeline = _send(asked, call, matched, received(asked, matched, answer, said))
        except ApiError as error:
            timeline = self._refused(asked, call, error)
        return _exchange(asked, call, timeline, own=False)

    def passed(
        self, forward: Forward, answer: RecordedAnswer, gone_out: Gone | None = None
    ) -> None:
        """Enter what went out as it came: the *answer* of another server, of which that is all.

        *gone_out* is its head and its end; None: it is not known whole, and not kept.
        """
        _, asked, call, _ = forward
        said = heard(asked, answer)
        enter_heard(asked, call, gone(asked, answer, said))
        keeping.hide_named_in_answer(asked.session, call)
        note(asked, call, (Head.of(answer.status, answer.headers),))
        if gone_out is not None:
            timeline = gone_as(answer, said, gone_out)
            if call.measured is not None:
                call.measured.count([e.tokens for e in timeline if isinstance(e, Data)])
            whole = gone_out.broke is None and not answer.is_cut
            keeping.keep(asked, call, timeline, own=False, whole=whole)

    def close(self, exchange: Exchange | Forward | Unmade, outcome: Outcome) -> None:
        """Enter how it went to play an answer, or to wait for it."""
        asked, call = exchange.asked, exchange.call
        try:
            if isinstance(exchange, Exchange):
                timeline, own = exchange.timeline, exchange.is_own
                keeping.keep(asked, call, timeline, own=own, whole=outcome == "sent")
        finally:
            # Whatever an answer holds: the call has ended, and its places are free.
            noting.close(asked, call, outcome)
            self.totals.hear(call)

    def _resolve(self, http: HttpRequest, prepared: Prepared | None) -> tuple[Asked, Call]:
        """Return whom *http* is for, by its path, and the journal's entry on it."""
        name, path = split_session(http.path)
        if path is not http.path:
            http = replace(http, path=path)
        session = self.sessions.addressed(name)
        route = self._routes(session.scenario.provider).find(http.method, path)
        content = content_of(route, http) if prepared is None else prepared.content
        redacted = None if prepared is None else prepared.redacted
        occurrence = session.occurrence(content)
        waited_s = session.traffic.retries.returns(content, session.clock)
        call = session.journal.open(session.clock.now_s(), http.method, path, route.dialect.kind)
        if route.asks is not None:
            call.transcribe = route.asks.transcript
        call.attempt, call.waited_s = session.attempt(content), waited_s
        call.came_unix_s = session.clock.unix_start_s + call.at_s
        if call.number == 1 and (hint := hinting.of_session(session, self.sessions)):
            call.hint = hint
            call.notes += (hint,)
        connection = http.connection
        if connection is not None:
            call.connection, call.nth = connection, connection.requests
        asked = Asked(
            http,
            session,
            route,
            self._memory.catalogue(session.compiled.catalogue, route.dialect),
            content,
            occurrence,
            Draw(session.seed, content, occurrence),
            session.journal.keep(call, http, content, redacted, has_come_before=occurrence > 1),
            Places(),
        )
        keeping.hide_named_in_request(session, call)
        return asked, call

    def _ready(self, asked: Asked, matched: Matched) -> Ready:
        """Return the answer in bytes: what is looked up, or what the model answers."""
        route = asked.route
        understood, given = matched.understood, matched.given
        if isinstance(given.reply, RecordedReply):
            return self._replayed(asked, matched, given.reply.recording.answer)
        if route.lookup is not None:
            return looked_up(asked, matched.incoming.key, route.lookup, by_token=given.may_cut)
        if isinstance(given.reply, RawReply):
            return verbatim(asked, matched.incoming, given)
        endpoint = route.asks
        assert endpoint is not None
        assert understood is not None
        make = partial(
            answered,
            asked,
            endpoint,
            matched.incoming,
            given,
            self._memory,
            states_exactness=self._options.usage_header,
        )
        if asked.session.scenario.caching == "simulated":
            return make()  # it depends on the prompts before
        return self._memory.ready(
            understood,
            given,
            states_allowances=matched.incoming.allowances is None,
            make=make,
        )

    def _replayed(self, asked: Asked, matched: Matched, answer: RecordedAnswer) -> Ready:
        """Return *answer*, which was recorded."""
        said = self._memory.heard(answer, make=partial(heard, asked, answer))
        return self._memory.ready(
            matched.understood,
            matched.given,
            states_allowances=True,
            make=partial(received, asked, matched, answer, said),
        )

    # --- besides -----------------------------------------------------------------------------

    def warm_up(self, first: HttpRequest | None = None) -> None:
        """Read what takes long, so that the first answer does not wait for it.

        That is the vocabularies of the default model and of all models that the scenario names,
        and whatever it takes to understand a request like *first*. No session begins.
        """
        compiled = self.sessions.compiled_for(DEFAULT_SESSION)
        for name in (DEFAULT_MODEL, *compiled.scenario.named_models()):
            tokens.vocabulary(compiled.catalogue.resolve(name).family.encoding)
        if first is None:
            return
        route = self._routes(compiled.scenario.provider).find(first.method, first.path)
        if route.asks is not None:
            known = self._memory.catalogue(compiled.catalogue, route.dialect)
            with suppress(ApiError):  # the scenario's provider may refuse it
                meaning(first, route, route.asks, known)

    def session(self, name: str) -> Session:
        """Return the session called *name*; it begins when it is first named.

        Raises:
            UsageError: There are as many as there may be.

        """
        return self.sessions.named(name)

    def understand(self, http: HttpRequest) -> Prepared:
        """Return what `answer` takes as *prepared*: the slow part of a large request.

        It touches no session, so that it may run in a thread while others are answered.
        """
        name, path = split_session(http.path)
        compiled = self.sessions.compiled_for(name)
        route = self._routes(compiled.scenario.provider).find(http.method, path)
        content = content_of(route, http if path is http.path else replace(http, path=path))
        kept = redact(http.body) if len(http.body) <= MOST_BODY_BYTES else None
        return Prepared(self._meaning(http, route, compiled), content, kept)

    def _meaning(self, http: HttpRequest, route: Route, compiled: Compiled) -> Meaning | None:
        if route.asks is None:
            return None
        known = self._memory.catalogue(compiled.catalogue, route.dialect)
        try:
            return meaning(http, route, route.asks, known)
        except ApiError as error:
            return error

    def explain(self, http: HttpRequest) -> tuple[Given | Unanswered | ApiError, list[Reading]]:
        """Return what *http* would get, and what became of each rule; nothing is moved.

        An `ApiError` is a refusal before any rule is read.
        """
        name, path = split_session(http.path)
        session = self.session(name)
        compiled = session.compiled
        route = self._routes(compiled.scenario.provider).find(http.method, path)
        http = replace(http, path=path)
        key = None
        try:
            key = route.dialect.authenticate(http)
            if route.endpoint is None:
                raise route.dialect.unknown_path(http)
            incoming = IncomingCall(http, route.dialect.kind, route.endpoint.kind, key)
            self._read_model_request(incoming, route, session)
            refused = None
        except ApiError as error:
            asked = self._dry(http, session, route)
            refused = replace(error, hint=self._hint(asked, error, has_key=key is not None))
            if not session.compiled.asks_elsewhere:
                return refused, []
            endpoint = "" if route.endpoint is None else route.endpoint.kind
            incoming = IncomingCall(http, route.dialect.kind, endpoint, "")
        content = content_of(route, http)
        occurrence, incoming.attempt = session.next_counts(content)
        draw = Draw(session.seed, content, occurrence)
        number, at_s = session.journal.seen + 1, session.clock.now_s()
        step, readings = session.reader.explain(incoming, number, draw, at_s)
        if refused is None or _is_elsewhere(step):
            return step, readings
        return refused, readings

    def _dry(self, http: HttpRequest, session: Session, route: Route) -> Asked:
        """Return *http* as one who asks, of which nothing is entered or drawn."""
        known = self._memory.catalogue(session.compiled.catalogue, route.dialect)
        draw = Draw(session.seed, b"")
        return Asked(http, session, route, known, b"", 1, draw, (), Places())

    def reread(self, session: Session, call: Call, key: str) -> IncomingCall:
        """Return *call* of the journal of *session* as its rules saw it, as far as it is kept."""
        http = HttpRequest(call.method, call.path, call.headers, call.content, call.query)
        incoming = IncomingCall(
            http, call.provider, call.endpoint or "", key, call.model, attempt=call.attempt
        )
        route = self._routes(session.scenario.provider).find(call.method, call.path)
        if call.content:
            with suppress(ApiError):
                self._read_model_request(incoming, route, session)
        return incoming

    def hear(self, session: Session, call: Call, answer: RecordedAnswer) -> Heard:
        """Return what *answer*, to *call* of the journal of *session*, says."""
        endpoint = self._routes(session.scenario.provider).find(call.method, call.path).asks
        if endpoint is None or answer.is_refusal:
            return NOTHING_HEARD
        body = call.body
        return endpoint.heard(body if is_object(body) else {}, answer.json, answer.events)

    def catalogue_of(self, session: Session, call: Call) -> Catalogue:
        """Return the models that *call* of the journal of *session* could ask."""
        route = self._routes(session.scenario.provider).find(call.method, call.path)
        return self._memory.catalogue(session.compiled.catalogue, route.dialect)

    def _read_model_request(self, incoming: IncomingCall, route: Route, session: Session) -> None:
        """Put into *incoming* what it asks of a model, if it asks one."""
        if route.asks is None:
            return
        known = self._memory.catalogue(session.compiled.catalogue, route.dialect)
        understood = meaning(incoming.http, route, route.asks, known)
        if understood.request.continues is not None or understood.request.recalls:
            understood = continued(understood, route.asks, session)
        incoming.request = understood.request
        incoming.model = understood.request.model
        incoming.computes = route.generates is None

    def refuse(self, error: ApiError) -> Timeline:
        """Return what goes out for a request that could not even be read."""
        session = self.sessions.addressed(DEFAULT_SESSION)
        route = self._routes(session.scenario.provider).find("", "/")
        refused = route.dialect.render_error(error, Draw(session.seed, error.message.encode()))
        return dated(session, refused)


def _is_elsewhere(step: Given | Unanswered) -> bool:
    """Return whether *step* says what is to be answered to a request that this server refuses."""
    if isinstance(step, Unanswered):
        return step.exhausted is not None
    return step.reply is not None and step.reply.foreign


def _exchange(asked: Asked, call: Call, timeline: Timeline, *, own: bool) -> Exchange:
    """Return *timeline*, dated and entered in the journal, as it goes out for *call*."""
    keeping.hide_named_in_answer(asked.session, call)
    return Exchange(note(asked, call, dated(asked.session, timeline)), call, asked, own)


def _send(asked: Asked, call: Call, matched: Matched, ready: Ready) -> Timeline:
    """Return what goes out of an answer that is *ready*, in its time and with what goes wrong."""
    _note_ready(asked, call, matched, ready)
    at_once = stamp(asked, ready, matched.incoming.allowances)
    stamped = _timed(asked, call, matched, ready, at_once)
    enter(asked, call, ready, stamped)
    timeline = _reported(asked, ready, at_once, stamped)
    return _disturbed(asked, call, matched, ready, timeline)


def _note_ready(asked: Asked, call: Call, matched: Matched, ready: Ready) -> None:
    """Enter what making an answer showed; refuse it if it would keep an agent in its loop."""
    call.notes += ready.notes
    if ready.unoffered:
        call.unoffered = ready.unoffered
    if ready.off_schema:
        call.off_schema = ready.off_schema
    if asked.session.strict.loops:
        refuse_loop(asked, matched, ready)


def _timed(
    asked: Asked,
    call: Call,
    matched: Matched,
    ready: Ready,
    stamped: Stamped,
    *,
    running: int | None = None,
) -> Stamped:
    """Return *stamped* with the time that it takes; *running* as `begin` returned it."""
    latency = matched.given.latency
    if latency is None:
        return stamped
    timeline = delay(asked, call, latency, ready, stamped.timeline, running=running)
    return stamped._replace(timeline=timeline)


def _reported(asked: Asked, ready: Ready, at_once: Stamped, timed: Stamped) -> Timeline:
    """Return what goes out of an answer: of one that is made in the background, that it comes.

    *at_once* is the answer without the time that it takes, *timed* that with it.
    """
    request = None if ready.answer is None else ready.answer.request
    if request is not None and request.background and not request.stream:
        return acknowledge(asked, request, at_once.timeline)
    return timed.timeline


def _disturbed(
    asked: Asked, call: Call, matched: Matched, ready: Ready, timeline: Timeline
) -> Timeline:
    """Return *timeline* with what goes wrong."""
    if matched.given.failures:
        return fail(asked, call, matched, timeline, bent=ready.bent)
    return timeline
