"""The table of all that can be asked: paths, bodies, answers. Routing and OpenAPI follow it.

A new route is a line here, and a method of the same name in `mockserver.control.service`.
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
    """One thing that can be asked.

    Attributes:
        name: What does it, and its `operationId`.
        method: The method.
        path: The path; a segment in braces takes any text without a slash.
        about: What it does, in a sentence.
        answer: What is answered: a dataclass, or `dict` for a document.
        body: What is asked; None: there is no body.
        query: The parameters of the query.
        status: The status of the answer.
        problems: The statuses of what may go wrong, besides those of every route.

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
        about="Tell that the server answers; needs no token, and is in no journal.",
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
        about="Count the calls that have ended, of all sessions, since the server started.",
        answer=shapes.Totals,
    ),
    Route(
        name="reload",
        method="POST",
        path=f"{ROOT}/reload",
        about="Read the server's scenario anew, or take another; rules keep their count by name.",
        answer=shapes.Reloaded,
        body=shapes.Reload,
        problems=(409, 422),
    ),
    Route(
        name="list_sessions",
        method="GET",
        path=f"{ROOT}/sessions",
        about="List the sessions that are open.",
        answer=shapes.SessionPage,
        query=shapes.SessionsQuery,
        problems=(404,),
    ),
    Route(
        name="create_session",
        method="POST",
        path=f"{ROOT}/sessions",
        about="Begin a session with a scenario of its own, or with none.",
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
        "Begin anew with the rules as they are: counters, state and journal.",
        answer=shapes.SessionState,
        body=shapes.Nothing,
    ),
    _session("list_rules", "GET", "/rules", "List the rules.", answer=shapes.RuleList),
    _session(
        "add_rules",
        "POST",
        "/rules",
        "Add rules above those that there are.",
        answer=shapes.RuleList,
        body=shapes.AddedRules,
        status=201,
        problems=(422,),
    ),
    _session(
        "explain",
        "POST",
        "/explain",
        "Tell how the rules would be read for a request, without answering it.",
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
    _session("clear_journal", "DELETE", "/journal", "Forget the calls.", answer=shapes.Cleared),
    _session("read_call", "GET", "/journal/{number}", "Read one call.", answer=shapes.CallRecord),
    _session(
        "wait",
        "POST",
        "/wait",
        "Wait until calls have come; answers when they have, or when the time is up.",
        answer=shapes.Waited,
        body=shapes.WaitFor,
        problems=(422,),
    ),
    _session(
        "verify",
        "POST",
        "/verify",
        "Tell whether the calls that have come are as expected.",
        answer=shapes.Verified,
        body=shapes.Verify,
        problems=(422,),
    ),
    _session(
        "near_misses",
        "GET",
        "/near-misses",
        "List the calls that no rule answered, and what kept the nearest ones from it.",
        answer=shapes.NearMisses,
    ),
    _session(
        "verdicts",
        "GET",
        "/verdicts",
        "Tell what the client did wrong, by what the journal shows.",
        answer=shapes.Verdicts,
        query=shapes.VerdictsQuery,
    ),
    _session(
        "release",
        "POST",
        "/release",
        "Let answers go on that a stall holds until it is released.",
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
    _session("read_clock", "GET", "/clock", "Read the session's time.", answer=shapes.ClockView),
    _session(
        "advance_clock",
        "POST",
        "/clock/advance",
        "Move the session's time on.",
        answer=shapes.ClockView,
        body=shapes.Advance,
    ),
)

BY_NAME: Final[Mapping[str, Route]] = {route.name: route for route in ROUTES}


def find(method: str, path: str) -> tuple[Route, dict[str, str]] | tuple[str, ...]:
    """Return the route of *method* on *path* and what its braces take.

    Where there is none, it is the methods that the path knows, or nothing.
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
