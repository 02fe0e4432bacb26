"""What each route of the control API does: a method of the same name.

Nothing here waits or knows HTTP. Parsing a scenario, which takes long if it is large, is a step of
its own (`prepare`): it touches no session, so it can run in a thread.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import msgspec

from mockserver.control import records, shapes
from mockserver.control.feed import Feed, Fits
from mockserver.control.filtering import filtered
from mockserver.control.inspecting import RuleOf, detailed, shown_scenario
from mockserver.control.jsonform import Misshapen, from_json
from mockserver.control.matching import Matcher, near_miss, verify
from mockserver.control.openapi import document
from mockserver.control.problems import Refused
from mockserver.control.routes import Route
from mockserver.control.scenarios import read_condition, read_rules, read_scenario
from mockserver.effort import Effort
from mockserver.engine.engine import Engine
from mockserver.engine.explaining import HEADERS, in_words
from mockserver.errors import MockServerError, ScenarioError, UsageError, did_you_mean
from mockserver.plugins import Plugins
from mockserver.records.journal import Call
from mockserver.records.redaction import beginning, redact, redact_text
from mockserver.records.verdicts import Circumstances, judge
from mockserver.scenario.conditions.matching import Condition
from mockserver.scenario.schema import Scenario, Strict
from mockserver.sessions.naming import DEFAULT_SESSION
from mockserver.sessions.rules import Given
from mockserver.sessions.session import NOTHING, Session
from mockserver.wire.http_request import HttpRequest

Prepared: TypeAlias = Scenario | Condition | None


@dataclass(slots=True, kw_only=True)
class Asked:
    """A parsed request: path parameters, query and body, as the route's types."""

    route: Route
    parameters: Mapping[str, str] = field(default_factory=dict[str, str])
    query: Any = None
    body: Any = None
    prepared: Prepared = None
    server: str = ""
    """The URL of the server, as the request names it."""

    @property
    def scenario(self) -> Scenario:
        """The scenario in the request; an empty one if there was none."""
        return self.prepared if isinstance(self.prepared, Scenario) else NOTHING

    @property
    def condition(self) -> Condition | None:
        """The condition in the request."""
        return self.prepared if isinstance(self.prepared, Condition) else None


class Service:
    """The control API of one server."""

    def __init__(
        self,
        engine: Engine,
        plugins: Plugins,
        version: str,
        *,
        release: Callable[[str, str | None], int],
        rule_of: RuleOf,
        reload: Callable[[], Scenario] | None = None,
    ) -> None:
        """Take the server.

        Args:
            engine: The engine to control.
            plugins: The kinds that scenarios may use.
            version: The version of the server.
            release: Releases the answers of a session that a rule holds (None: any rule), and
                returns how many.
            rule_of: Makes rules of recordings.
            reload: Reads the server's scenario again; None: it did not come from files.

        """
        self._engine = engine
        self._plugins = plugins
        self._version = version
        self._release = release
        self._rule_of = rule_of
        self._reload = reload

    def prepare(self, body: Any) -> Prepared:
        """Parse the scenario or the condition in *body*.

        Raises:
            Refused: It has errors.

        """
        match body:
            case shapes.NewSession() | shapes.Reload() if body.scenario is not None:
                return read_scenario(body.scenario, self._plugins)
            case shapes.Reload() if self._reload is not None:
                return _read_again(self._reload)
            case shapes.AddedRules(rules=rules) if rules is not None:
                return read_rules(rules, self._plugins)
            case shapes.AddedRules(scenario=scenario) if scenario is not None:
                return read_scenario(scenario, self._plugins)
            case shapes.WaitFor(when=when) | shapes.Verify(when=when) if when is not None:
                return read_condition(when, self._plugins)
            case _:
                return None

    def act(self, asked: Asked) -> Any:
        """Return the answer: a value of the route's type, or a slow function that returns it.

        Such a function touches nothing that changes, so it can run in a thread.

        Raises:
            Refused: The request cannot be carried out.

        """
        acting: Callable[[Asked], Any] = getattr(self, asked.route.name)
        return acting(asked)

    # --- The server ---

    def health(self, asked: Asked) -> shapes.Health:  # noqa: ARG002 - nothing is asked
        """Report that the server answers."""
        return shapes.Health(status="ok")

    def totals(self, asked: Asked) -> shapes.Totals:  # noqa: ARG002 - nothing is asked
        """Count the calls that have ended."""
        return records.totals_record(self._engine.totals)

    def load(self, asked: Asked) -> shapes.Load:  # noqa: ARG002 - nothing is asked
        """Report how fast they were answered."""
        return records.load_record(self._engine.totals)

    def openapi(self, asked: Asked) -> Any:  # noqa: ARG002 - nothing is asked
        """Return the OpenAPI document."""
        return document(self._version)

    def reload(self, asked: Asked) -> shapes.Reloaded:
        """Replace the server's scenario."""
        if not isinstance(asked.prepared, Scenario):
            hint = "state the 'scenario', or start the server with --scenario"
            raise Refused(409, "no-files", "the server's scenario did not come from files", hint)
        self._engine.sessions.reload(asked.prepared)
        scenario = asked.prepared
        return shapes.Reloaded(description=scenario.description, rules=len(scenario.rules))

    def calls(self, asked: Asked) -> Feed:
        """Return the calls of all sessions, as they come."""
        query: shapes.CallsQuery = asked.query
        fits = None if query.when is None else self._fits(query.when)
        return Feed(self._engine.sessions.archive, query, fits)

    def _fits(self, when: str) -> Fits:
        """Return whether a call of any session matches the condition *when*, which is JSON."""
        condition = read_condition(_when(when), self._plugins)
        sessions, matchers = self._engine.sessions, dict[str, Matcher]()

        def fits(call: Call) -> bool:
            name = call.session
            matcher = matchers.get(name)
            if matcher is None:
                # Of a session that is not remembered any more, the server's rules are the nearest.
                session = sessions.known(name) or self._engine.session(DEFAULT_SESSION)
                matcher = matchers[name] = Matcher(self._engine, session, condition)
            return matcher.fits(call)

        return fits

    # --- Sessions ---

    def list_sessions(self, asked: Asked) -> shapes.SessionPage:
        """List the open sessions."""
        sessions, query = self._engine.sessions, asked.query
        names = list(sessions)
        start = 0
        if query.after is not None:
            if query.after not in sessions:
                raise Refused(404, "unknown-session", f"there is no open session '{query.after}'")
            start = names.index(query.after) + 1
        page = names[start : start + query.limit]
        return shapes.SessionPage(
            sessions=tuple(records.session_summary(sessions[name]) for name in page),
            total=len(names),
            next_after=page[-1] if start + len(page) < len(names) else None,
        )

    def create_session(self, asked: Asked) -> shapes.SessionState:
        """Create a session."""
        wanted: shapes.NewSession = asked.body
        if wanted.name in self._engine.sessions:
            what = f"session '{wanted.name}' already exists"
            raise Refused(409, "session-exists", what, "end it first, or choose another name")
        try:
            session = self._engine.sessions.create(
                wanted.name,
                scenario=asked.scenario,
                inherit=wanted.inherit,
                seed=wanted.seed,
                strict=_strict(wanted),
                time_scale=wanted.time_scale,
            )
        except UsageError as error:
            raise Refused(409, "session-refused", str(error)) from error
        return records.session_state(session)

    def read_session(self, asked: Asked) -> shapes.SessionState:
        """Read a session."""
        return records.session_state(self._session(asked))

    def end_session(self, asked: Asked) -> shapes.SessionState:
        """End a session."""
        session = self._session(asked)
        if not session.has_ended:
            self._engine.sessions.end(session.name)
        return records.session_state(session)

    def reset_session(self, asked: Asked) -> shapes.SessionState:
        """Reset counters, state and journal; keep the rules."""
        session = self._session(asked)
        session.reset()
        return records.session_state(session)

    def _session(self, asked: Asked) -> Session:
        """Return the session that the path names, open or ended."""
        name = asked.parameters["session"]
        sessions = self._engine.sessions
        found = sessions.known(name)
        if found is None and name == DEFAULT_SESSION:
            found = sessions.named(name)
        if found is None:
            hint = did_you_mean(name, sessions) or "a session exists once it is created or called"
            raise Refused(404, "unknown-session", f"there is no session '{name}'", hint)
        return found

    # --- Rules ---

    def list_rules(self, asked: Asked) -> shapes.RuleList:
        """List the rules of a session."""
        return shapes.RuleList(rules=records.rule_states(self._session(asked)))

    def scenario(self, asked: Asked) -> Callable[[], shapes.ShownScenario]:
        """Read the rules as they are written."""
        return shown_scenario(self._session(asked))

    def add_rules(self, asked: Asked) -> shapes.RuleList:
        """Add rules to a session."""
        session = self._session(asked)
        session.add(asked.scenario, asked.body.layer)
        return shapes.RuleList(rules=records.rule_states(session))

    def explain(self, asked: Asked) -> shapes.Explanation:
        """Report how the rules would read a request."""
        session, wanted = self._session(asked), asked.body
        headers = HEADERS | {name.lower(): value for name, value in wanted.headers.items()}
        path, _, query = f"{records.path_of(session.name)}{wanted.path}".partition("?")
        body = json.dumps(wanted.request).encode()
        http = HttpRequest(wanted.method, path, headers, body, query)
        with Effort() as effort:
            step, readings = self._engine.explain(http)
        return shapes.Explanation(
            answer=redact_text("; ".join([in_words(step), *effort.given_up])),
            rule=step.rule if isinstance(step, Given) else None,
            readings=tuple(
                shapes.RuleReading(
                    rule=reading.rule.name,
                    outcome=reading.outcome,
                    why=tuple(map(redact_text, reading.why)),
                )
                for reading in readings
            ),
        )

    # --- The journal ---

    def read_journal(self, asked: Asked) -> shapes.JournalPage:
        """Read the calls of a session."""
        journal, query = self._session(asked).journal, asked.query
        until = journal.seen + 1 if query.before is None else query.before
        calls = [call for call in journal if query.after < call.number < until]
        matching = list(filtered(calls, query))
        page = matching[-query.limit :] if query.newest else matching[: query.limit]
        is_last = not page or page[-1] is matching[-1]
        return shapes.JournalPage(
            calls=tuple(records.call_record(call, bodies=query.bodies) for call in page),
            matching=len(matching),
            seen=journal.seen,
            dropped=journal.dropped,
            next_after=None if is_last else page[-1].number,
        )

    def clear_journal(self, asked: Asked) -> shapes.Cleared:
        """Clear the journal of a session."""
        return shapes.Cleared(cleared=self._session(asked).journal.clear())

    def read_call(self, asked: Asked) -> shapes.CallRecord:
        """Read one call."""
        return records.call_record(self._call(asked))

    def read_content(self, asked: Asked) -> Callable[[], shapes.CallContent]:
        """Read the bytes of one call."""
        call = self._call(asked)
        return lambda: records.call_content(call)

    def detail(self, asked: Asked) -> Callable[[], shapes.CallDetail]:
        """Read one call in detail."""
        session, call = self._session(asked), self._call(asked)
        return detailed(self._engine, session, call, asked.server, self._rule_of)

    def _call(self, asked: Asked) -> Call:
        """Return the call that the path names."""
        journal, number = self._session(asked).journal, asked.parameters["number"]
        for call in journal:
            if str(call.number) == number:
                return call
        hint = f"{len(journal)} of {journal.seen} calls are kept"
        raise Refused(404, "unknown-call", f"there is no call {beginning(number, 20)}", hint)

    def wait(self, asked: Asked) -> "Waiting":
        """Return the wait for calls."""
        session = self._session(asked)
        matcher = Matcher(self._engine, session, asked.condition)
        return Waiting(session, matcher, asked.body)

    def verify(self, asked: Asked) -> Callable[[], shapes.Verified]:
        """Check whether the calls so far are as expected."""
        session, wanted = self._session(asked), asked.body
        matcher = Matcher(self._engine, session, asked.condition)
        calls = tuple(session.journal)
        return lambda: verify(matcher, calls, wanted)

    def near_misses(self, asked: Asked) -> shapes.NearMisses:
        """List the calls that no rule answered."""
        calls = self._session(asked).journal
        return shapes.NearMisses(
            calls=tuple(near_miss(call, call.near_misses) for call in calls if call.is_unmatched)
        )

    def verdicts(self, asked: Asked) -> shapes.Verdicts:
        """Judge the client."""
        session = self._session(asked)
        circumstances = Circumstances(
            time_scale=session.clock.time_scale,
            now_s=session.clock.now_s(),
            fallback=asked.query.fallback,
        )
        calls = list(session.journal)
        chosen = {call.number for call in calls if _is_recent(call, asked.query, session)}
        return shapes.Verdicts(
            verdicts=tuple(
                records.verdict_on(found)
                for found in judge(calls, circumstances)
                if not chosen.isdisjoint(found.calls)
            ),
            calls=len(chosen),
        )

    def release(self, asked: Asked) -> shapes.Released:
        """Release held answers."""
        session = self._session(asked)
        return shapes.Released(released=self._release(session.name, asked.body.rule))

    # --- State and clock ---

    def read_state(self, asked: Asked) -> shapes.StateView:
        """Read the state of a session."""
        return _state(self._session(asked))

    def change_state(self, asked: Asked) -> shapes.StateView:
        """Set values of the state of a session."""
        session = self._session(asked)
        session.set_state(asked.body.state)
        return _state(session)

    def read_clock(self, asked: Asked) -> shapes.ClockView:
        """Read the clock of a session."""
        return _clock(self._session(asked))

    def advance_clock(self, asked: Asked) -> shapes.ClockView:
        """Advance the clock of a session."""
        session = self._session(asked)
        try:
            session.clock.advance(asked.body.seconds)
        except UsageError as error:
            raise Refused(400, "body", str(error)) from error
        return _clock(session)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A wait for calls; check it again whenever the journal announces a call."""

    session: Session
    matcher: Matcher
    wanted: shapes.WaitFor

    def calls(self) -> Sequence[Call]:
        """Return the calls so far that count."""
        wanted = self.wanted
        return [
            call
            for call in self.session.journal
            if call.number > wanted.after
            and (wanted.unfinished or call.is_finished)
            and self.matcher.fits(call)
        ]

    def is_met(self) -> bool:
        """Return whether enough calls have come."""
        return len(self.calls()) >= self.wanted.calls

    def answer(self) -> shapes.Waited:
        """Return the outcome."""
        calls = self.calls()
        return shapes.Waited(
            met=len(calls) >= self.wanted.calls,
            calls=tuple(records.call_record(call) for call in calls),
        )


def _when(text: str) -> shapes.When:
    """Return the condition in *text*, which is JSON.

    Raises:
        Refused: It is not JSON, or not a condition.

    """
    hint = 'write it like {"last_user": "Hi"}'
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        where = f": {error}" if isinstance(error, json.JSONDecodeError) else ""
        what = f"the condition is not valid JSON{where}"
        fault = shapes.Fault(what=what, at="when", hint=hint)
        raise Refused(400, "query", f"when: {what}", hint, [fault]) from error
    try:
        return from_json(shapes.Condition, {"when": value}).when
    except Misshapen as error:
        fault = shapes.Fault(what=error.what, at=error.at, hint=error.hint or hint)
        raise Refused(400, "query", str(error), fault.hint, [fault]) from error


def _strict(wanted: shapes.NewSession) -> Strict | bool | None:
    stated = wanted.strict
    if not isinstance(stated, shapes.Strictness):
        return stated
    return Strict(**msgspec.to_builtins(stated))


def _state(session: Session) -> shapes.StateView:
    # A template may have put parts of a request into it.
    text = json.dumps(dict(session.state)).encode()
    return shapes.StateView(state=json.loads(redact(text)))


def _clock(session: Session) -> shapes.ClockView:
    clock = session.clock
    return shapes.ClockView(now_s=clock.now_s(), time_scale=clock.time_scale)


def _read_again(reload: Callable[[], Scenario]) -> Scenario:
    try:
        return reload()
    except ScenarioError as error:
        faults = [
            shapes.Fault(
                what=problem.what,
                at=problem.place.file,
                line=problem.place.line,
                column=problem.place.column,
                hint=problem.hint,
            )
            for problem in error.problems
        ]
        raise Refused(422, "scenario", str(error.problems[0]), faults=faults) from error
    except MockServerError as error:
        raise Refused(422, "scenario", str(error)) from error


def _is_recent(call: Call, query: shapes.VerdictsQuery, session: Session) -> bool:
    since_unix_s, within_s = query.since_unix_s, query.within_s
    return (
        call.number > query.after
        and (since_unix_s is None or call.came_unix_s >= since_unix_s)
        and (within_s is None or call.at_s >= session.clock.now_s() - within_s)
    )
