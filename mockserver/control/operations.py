"""Requests to the control API as values: a method, a path, a body, and the type of the answer.

Both clients send these and parse the answers with them, so that nothing is written twice.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, TypedDict, TypeVar, cast
from urllib.parse import quote, urlencode

import msgspec

from mockserver.control import shapes
from mockserver.control.jsonform import to_json
from mockserver.control.routes import BY_NAME
from mockserver.errors import MockServerError

T = TypeVar("T")
MARGIN_S: Final = 5.0
"""How much longer a client waits than the server."""


class ControlError(MockServerError):
    """The server refused a request, or did not answer; *problem* is the reason."""

    def __init__(self, problem: shapes.Problem) -> None:
        lines = [f"{problem.title}: {problem.detail}"]
        if len(problem.faults) > 1:
            lines = [f"{problem.title}:"]
            for fault in problem.faults:
                where = fault.at or (f"line {fault.line}" if fault.line else "")
                lines.append(f"  {where}: {fault.what}" if where else f"  {fault.what}")
                lines += [f"    {fault.hint}"] if fault.hint else []
        elif problem.hint:
            lines.append(f"  {problem.hint}")
        super().__init__("\n".join(lines))
        self.problem = problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation(Generic[T]):
    """One request: *content* is the body, *answer* the type of the answer."""

    method: str
    path: str
    answer: type[T]
    content: bytes
    waits_s: float = 0.0
    """How long the server may wait on purpose."""

    def read(self, status: int, content: bytes) -> T:
        """Return the answer.

        Raises:
            ControlError: The server refused the request, or is not a mockserver.

        """
        try:
            value = json.loads(content)
            if status < 400:  # noqa: PLR2004 - HTTP's errors
                return msgspec.convert(value, self.answer)
            problem = msgspec.convert(value, shapes.Problem)
        except (ValueError, msgspec.ValidationError) as error:
            raise not_ours(status, f"{self.method} {self.path}") from error
        raise ControlError(problem)


def not_ours(status: int, asked: str) -> ControlError:
    """Return the error for an answer that is not from a control API."""
    return ControlError(
        shapes.Problem(
            type="urn:mockserver:not-ours",
            title="Not a control API",
            status=status,
            detail=f"{asked} was answered with {status}, but not by a mockserver",
            hint="is it another server, another version, or was it started with --no-control?",
        )
    )


def unreachable(url: str, why: object) -> ControlError:
    """Return the error for a server that does not answer."""
    return ControlError(
        shapes.Problem(
            type="urn:mockserver:unreachable",
            title="The server does not answer",
            status=0,
            detail=f"{url}: {why}",
            hint="start one with 'mockserver serve'",
        )
    )


def operation(
    name: str,
    answer: type[T],
    *,
    body: object = None,
    query: object = None,
    waits_s: float = 0.0,
    **parameters: object,
) -> Operation[T]:
    """Return the operation for the route *name*; *answer* is the type of its answer."""
    route = BY_NAME[name]
    escaped = {key: quote(str(value), safe="") for key, value in parameters.items()}
    path = route.path.format(**escaped)
    if query is not None:
        path += _query(query)
    content = b"" if body is None else json.dumps(to_json(body)).encode()
    return Operation(
        method=route.method, path=path, answer=answer, content=content, waits_s=waits_s
    )


def _query(query: Any) -> str:
    """Return the parameters that differ from their defaults, as a query string."""
    pairs: list[tuple[str, str]] = []
    for field in msgspec.structs.fields(query):
        value = getattr(query, field.name)
        if value == field.default:
            continue
        values = cast(tuple[object, ...], value) if isinstance(value, tuple) else (value,)
        pairs += [(field.name, _parameter(one)) for one in values]
    return f"?{urlencode(pairs)}" if pairs else ""


def _parameter(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def too_few(waited: shapes.Waited, calls: int) -> TimeoutError:
    """Return the error for calls that did not come in time."""
    came = len(waited.calls)
    return TimeoutError(f"waited for {calls} call{'s' * (calls != 1)}, {came} came in time")


# --- One function for each operation ---------------------------------------------------------


class NewSessionOptions(TypedDict, total=False):
    """Options of a new session, besides name and scenario; see `shapes.NewSession`."""

    inherit: bool
    seed: int | None
    strict: bool | shapes.Strictness | None
    time_scale: float | None


class JournalFilters(TypedDict, total=False):
    """Which calls to read; see `shapes.JournalQuery`."""

    after: int
    before: int | None
    bodies: bool
    rule: str | None
    endpoint: str | None
    provider: str | None
    model: str | None
    conversation: str | None
    key: str | None
    status: tuple[int, ...]
    outcome: shapes.Outcome | None
    unmatched: bool | None
    failed: bool | None


class CallsFilters(TypedDict, total=False):
    """Which calls of a server to read; see `shapes.CallsQuery`."""

    session: str | None
    when: shapes.When | None
    rule: str | None
    endpoint: str | None
    provider: str | None
    model: str | None
    status: tuple[int, ...]
    outcome: shapes.Outcome | None
    unmatched: bool | None
    failed: bool | None


class Expected(TypedDict, total=False):
    """How many calls are expected; see `shapes.Verify`."""

    calls: int | None
    at_least: int | None
    at_most: int | None
    after: int


class Awaited(TypedDict, total=False):
    """Options of waiting for calls; see `shapes.WaitFor`."""

    after: int
    unfinished: bool
    timeout_s: float


def health() -> Operation[shapes.Health]:
    """Check that the server answers."""
    return operation("health", shapes.Health)


def totals() -> Operation[shapes.Totals]:
    """Ask what all calls come to that have ended."""
    return operation("totals", shapes.Totals)


def calls_query(filters: CallsFilters) -> shapes.CallsQuery:
    """Return the query for calls that match *filters*."""
    when = filters.get("when")
    members: Mapping[str, Any] = {**filters, "when": None if when is None else json.dumps(when)}
    return shapes.CallsQuery(**members)


def calls(query: shapes.CallsQuery) -> Operation[shapes.Calls]:
    """Read the calls of all sessions."""
    return operation("calls", shapes.Calls, query=query, waits_s=query.wait_s)


def load() -> Operation[shapes.Load]:
    """Ask how fast all calls were answered."""
    return operation("load", shapes.Load)


def reload(scenario: shapes.ScenarioSource | None) -> Operation[shapes.Reloaded]:
    """Read the server's scenario again, or take another."""
    return operation("reload", shapes.Reloaded, body=shapes.Reload(scenario=scenario))


def list_sessions(after: str | None, limit: int) -> Operation[shapes.SessionPage]:
    """List sessions."""
    query = shapes.SessionsQuery(after=after, limit=limit)
    return operation("list_sessions", shapes.SessionPage, query=query)


def create_session(
    name: str, scenario: shapes.ScenarioSource | None, options: NewSessionOptions
) -> Operation[shapes.SessionState]:
    """Begin a session."""
    wanted = shapes.NewSession(name=name, scenario=scenario, **options)
    return operation("create_session", shapes.SessionState, body=wanted)


def read_session(session: str) -> Operation[shapes.SessionState]:
    """Read a session."""
    return operation("read_session", shapes.SessionState, session=session)


def end_session(session: str) -> Operation[shapes.SessionState]:
    """End a session."""
    return operation("end_session", shapes.SessionState, session=session)


def reset_session(session: str) -> Operation[shapes.SessionState]:
    """Begin anew with the rules as they are."""
    return operation("reset_session", shapes.SessionState, session=session)


def list_rules(session: str) -> Operation[shapes.RuleList]:
    """List the rules."""
    return operation("list_rules", shapes.RuleList, session=session)


def add_rules(session: str, rules: Sequence[Mapping[str, Any]]) -> Operation[shapes.RuleList]:
    """Add rules."""
    added = shapes.AddedRules(rules=tuple(rules))
    return operation("add_rules", shapes.RuleList, session=session, body=added)


def add_scenario(
    session: str, scenario: shapes.ScenarioSource, layer: str | None = None
) -> Operation[shapes.RuleList]:
    """Add a scenario, with its rules; replace the one added under the same *layer*."""
    added = shapes.AddedRules(scenario=scenario, layer=layer)
    return operation("add_rules", shapes.RuleList, session=session, body=added)


def explain(
    session: str, request: Mapping[str, Any], path: str, headers: Mapping[str, str] | None
) -> Operation[shapes.Explanation]:
    """Report how the rules would read a request."""
    wanted = shapes.Explain(request=request, path=path, headers=headers or {})
    return operation("explain", shapes.Explanation, session=session, body=wanted)


def read_journal(
    session: str, limit: int, filters: JournalFilters, *, newest: bool = False
) -> Operation[shapes.JournalPage]:
    """Read calls."""
    query = shapes.JournalQuery(limit=limit, newest=newest, **filters)
    return operation("read_journal", shapes.JournalPage, session=session, query=query)


def clear_journal(session: str) -> Operation[shapes.Cleared]:
    """Clear the journal."""
    return operation("clear_journal", shapes.Cleared, session=session)


def read_call(session: str, number: int) -> Operation[shapes.CallRecord]:
    """Read one call."""
    return operation("read_call", shapes.CallRecord, session=session, number=number)


def read_content(session: str, number: int) -> Operation[shapes.CallContent]:
    """Read the bytes of one call."""
    return operation("read_content", shapes.CallContent, session=session, number=number)


def detail(session: str, number: int) -> Operation[shapes.CallDetail]:
    """Read one call in detail."""
    return operation("detail", shapes.CallDetail, session=session, number=number)


def scenario(session: str) -> Operation[shapes.ShownScenario]:
    """Read the rules as they are written."""
    return operation("scenario", shapes.ShownScenario, session=session)


def wait(
    session: str, calls: int, when: shapes.When | None, awaited: Awaited
) -> Operation[shapes.Waited]:
    """Wait for calls."""
    wanted = shapes.WaitFor(calls=calls, when=when, **awaited)
    timeout_s = wanted.timeout_s
    return operation("wait", shapes.Waited, session=session, body=wanted, waits_s=timeout_s)


def verify(
    session: str, when: shapes.When | None, expected: Expected
) -> Operation[shapes.Verified]:
    """Check whether the calls so far are as expected."""
    wanted = shapes.Verify(when=when, **expected)
    return operation("verify", shapes.Verified, session=session, body=wanted)


def near_misses(session: str) -> Operation[shapes.NearMisses]:
    """List the calls that no rule answered."""
    return operation("near_misses", shapes.NearMisses, session=session)


def verdicts(session: str, query: shapes.VerdictsQuery) -> Operation[shapes.Verdicts]:
    """Judge the client."""
    return operation("verdicts", shapes.Verdicts, session=session, query=query)


def release(session: str, rule: str | None) -> Operation[shapes.Released]:
    """Release held answers."""
    body = shapes.Release(rule=rule)
    return operation("release", shapes.Released, session=session, body=body)


def read_state(session: str) -> Operation[shapes.StateView]:
    """Read the state."""
    return operation("read_state", shapes.StateView, session=session)


def change_state(session: str, state: Mapping[str, Any]) -> Operation[shapes.StateView]:
    """Set values of the state."""
    body = shapes.StateChange(state=state)
    return operation("change_state", shapes.StateView, session=session, body=body)


def read_clock(session: str) -> Operation[shapes.ClockView]:
    """Read the session's clock."""
    return operation("read_clock", shapes.ClockView, session=session)


def advance_clock(session: str, seconds: float) -> Operation[shapes.ClockView]:
    """Advance the session's clock."""
    body = shapes.Advance(seconds=seconds)
    return operation("advance_clock", shapes.ClockView, session=session, body=body)
