"""The table of routes: paths, bodies, answers. Routing and OpenAPI are derived from it.

A new route is an entry here, and a method of the same name in `mockserver.control.service`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from mockserver.control import shapes

ROOT: Final = "/_mock"
SESSION: Final = f"{ROOT}/sessions/{{session}}"

Method = Literal["GET", "POST", "PATCH", "DELETE"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One operation of the control API.

    Attributes:
        name: The method of the service, and the `operationId`.
        method: The method.
        path: The path; a segment in braces matches any text without a slash.
        about: What it does, in one sentence.
        answer: The type of the answer: a dataclass, or `dict` for a document.
        body: The type of the body; None: there is no body.
        query: The type of the query parameters.
        status: The status of a successful answer.
        problems: The error statuses, besides those of every route.

    """

    name: str
    method: Method
    path: str
    about: str
    answer: type[Any]
    body: type[Any] | None = None
    query: type[Any] | None = None
    status: int = 200
    problems: tuple[int, ...] = ()

    @property
    def changes(self) -> bool:
        """Whether it may change anything."""
        return self.method != "GET"

    @property
    def of_session(self) -> bool:
        """Whether it is about one session."""
        return self.path.startswith(SESSION)


def _session(
    name: str,
    method: Method,
    below: str,
    about: str,
    *,
    answer: type[Any],
    body: type[Any] | None = None,
    query: type[Any] | None = None,
    status: int = 200,
    problems: tuple[int, ...] = (),
) -> Route:
    return Route(
        name=name,
        method=method,
        path=SESSION + below,
        about=about,
        answer=answer,
        body=body,
        query=query,
        status=status,
        problems=(404, *problems),
    )


ROUTES: Final = (
    Route(
        name="health",
        method="GET",
        path=f"{ROOT}/healthz",
        about="Report that the server answers; needs no token and is never journaled.",
        answer=shapes.Health,
    ),
    Route(
        name="openapi",
        method="GET",
        path=f"{ROOT}/openapi.json",
        about="Return this document.",
        answer=dict,
    ),
    Route(
        name="totals",
        method="GET",
        path=f"{ROOT}/totals",
        about="Count the calls that have ended since the server started, in all sessions.",
        answer=shapes.Totals,
    ),
    Route(
        name="calls",
        method="GET",
        path=f"{ROOT}/calls",
        about="Read the calls of all sessions as they come; can wait for the next.",
        answer=shapes.Calls,
        query=shapes.CallsQuery,
        problems=(422,),
    ),
    Route(
        name="load",
        method="GET",
        path=f"{ROOT}/load",
        about="Report how fast they were answered, beside what was planned.",
        answer=shapes.Load,
    ),
    Route(
        name="reload",
        method="POST",
        path=f"{ROOT}/reload",
        about="Reload or replace the server's scenario; rules of the same name keep their count.",
        answer=shapes.Reloaded,
        body=shapes.Reload,
        problems=(409, 422),
    ),
    Route(
        name="list_sessions",
        method="GET",
        path=f"{ROOT}/sessions",
        about="List the open sessions.",
        answer=shapes.SessionPage,
        query=shapes.SessionsQuery,
        problems=(404,),
    ),
    Route(
        name="create_session",
        method="POST",
        path=f"{ROOT}/sessions",
        about="Create a session, with or without a scenario of its own.",
        answer=shapes.SessionState,
        body=shapes.NewSession,
        status=201,
        problems=(409, 422),
    ),
    _session("read_session", "GET", "", "Read a session.", answer=shapes.SessionState),
    _session(
        "end_session",
        "DELETE",
        "",
        "End a session: calls to it are refused with 410 from now on.",
        answer=shapes.SessionState,
    ),
    _session(
        "reset_session",
        "POST",
        "/reset",
        "Reset counters, state and journal; keep the rules.",
        answer=shapes.SessionState,
        body=shapes.Nothing,
    ),
    _session("list_rules", "GET", "/rules", "List the rules.", answer=shapes.RuleList),
    _session(
        "add_rules",
        "POST",
        "/rules",
        "Add rules above the existing ones.",
        answer=shapes.RuleList,
        body=shapes.AddedRules,
        status=201,
        problems=(422,),
    ),
    _session(
        "explain",
        "POST",
        "/explain",
        "Dry run: report how the rules would read a request, and change nothing.",
        answer=shapes.Explanation,
        body=shapes.Explain,
    ),
    _session(
        "read_journal",
        "GET",
        "/journal",
        "Read the calls.",
        answer=shapes.JournalPage,
        query=shapes.JournalQuery,
    ),
    _session("clear_journal", "DELETE", "/journal", "Clear the journal.", answer=shapes.Cleared),
    _session("read_call", "GET", "/journal/{number}", "Read one call.", answer=shapes.CallRecord),
    _session(
        "read_content",
        "GET",
        "/journal/{number}/content",
        "Read the request and the answer of one call as bytes.",
        answer=shapes.CallContent,
    ),
    _session(
        "detail",
        "GET",
        "/journal/{number}/detail",
        "Read one call in detail: the conversation, each rule, what went out and when.",
        answer=shapes.CallDetail,
    ),
    _session(
        "scenario",
        "GET",
        "/scenario",
        "Read the rules as they are written, with how often each has acted.",
        answer=shapes.ShownScenario,
    ),
    _session(
        "wait",
        "POST",
        "/wait",
        "Wait for calls; answers when they have come or time is up.",
        answer=shapes.Waited,
        body=shapes.WaitFor,
        problems=(422,),
    ),
    _session(
        "verify",
        "POST",
        "/verify",
        "Check whether the calls so far are as expected.",
        answer=shapes.Verified,
        body=shapes.Verify,
        problems=(422,),
    ),
    _session(
        "near_misses",
        "GET",
        "/near-misses",
        "List the calls that no rule answered, and why the nearest rules did not match.",
        answer=shapes.NearMisses,
    ),
    _session(
        "verdicts",
        "GET",
        "/verdicts",
        "Judge the client: report what it did wrong, according to the journal.",
        answer=shapes.Verdicts,
        query=shapes.VerdictsQuery,
    ),
    _session(
        "release",
        "POST",
        "/release",
        "Release answers that a stall holds.",
        answer=shapes.Released,
        body=shapes.Release,
    ),
    _session("read_state", "GET", "/state", "Read the state.", answer=shapes.StateView),
    _session(
        "change_state",
        "PATCH",
        "/state",
        "Set values of the state; null removes one.",
        answer=shapes.StateView,
        body=shapes.StateChange,
    ),
    _session("read_clock", "GET", "/clock", "Read the session's clock.", answer=shapes.ClockView),
    _session(
        "advance_clock",
        "POST",
        "/clock/advance",
        "Advance the session's clock.",
        answer=shapes.ClockView,
        body=shapes.Advance,
    ),
)

BY_NAME: Final[Mapping[str, Route]] = {route.name: route for route in ROUTES}


def find(method: str, path: str) -> tuple[Route, dict[str, str]] | tuple[str, ...]:
    """Return the route of *method* on *path*, and its parameters.

    If there is none, return the methods that the path takes: none if the path is unknown.
    """
    allowed: list[str] = []
    for pattern, route in _PATTERNS:
        found = pattern.fullmatch(path)
        if found is None:
            continue
        if route.method == method:
            return route, found.groupdict()
        allowed.append(route.method)
    return tuple(allowed)


_PATTERNS: Final = tuple(
    (re.compile(re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape(route.path))), route)
    for route in ROUTES
)
