"""Refusals: the one door by which each leaves, and those that testers meet."""

import math
from dataclasses import replace
from typing import Final

from mockserver.conversation import ApiError
from mockserver.engine.asked import Asked, Matched, Ready
from mockserver.records.journal import Call
from mockserver.records.redaction import redact_text
from mockserver.scenario.keys import Standing
from mockserver.sessions.naming import LONGEST_NAME, fault_of
from mockserver.sessions.rules import LOOP
from mockserver.sessions.sessions import MOST_SESSIONS
from mockserver.wire.timeline import Data, Head, Headers, Timeline

NO_RETRY: Final = (("x-should-retry", "false"),)
"""Tells the official clients that trying again is of no use."""


def refuse(asked: Asked, call: Call, error: ApiError, hint: str | None) -> Timeline:
    """Return what goes out for *error* in the place of an answer; *hint* helps the tester."""
    # No answer is made for it: others may have its places.
    asked.places.leave()
    call.error_code = None if error.code is None else str(error.code)
    if hint is not None:
        call.hint = hint
        call.notes += (hint,)
    return refusal(asked, error)


def refusal(asked: Asked, error: ApiError) -> Timeline:
    """Return what goes out for *error*, however it came about."""
    if error.retry_after_s is not None:
        error = replace(error, headers=(*retry_headers(error.retry_after_s), *error.headers))
    if error.page is not None:
        head = Head.of(error.status, error.headers, len(error.page))
        return head._replace(scales=error.retry_after_scales), Data(error.page)
    dialect = asked.route.dialect
    timeline = dialect.render_error(dialect.printed(error, asked.http), asked.draw)
    if error.retry_after_scales:
        return timeline
    return tuple([e._replace(scales=False) if isinstance(e, Head) else e for e in timeline])


def retry_headers(retry_after_s: float | str) -> Headers:
    """Return what asks a client to wait: whole seconds, and exactly; or words of any kind."""
    if isinstance(retry_after_s, str):
        return (("retry-after", retry_after_s),)
    milliseconds = round(retry_after_s * 1_000)
    return (
        ("retry-after", str(math.ceil(retry_after_s))),
        ("retry-after-ms", str(milliseconds)),
    )


def refuse_ended(asked: Asked, call: Call) -> None:
    """Refuse a call to a session that has ended, or cannot begin.

    Raises:
        ApiError: It is one.

    """
    session = asked.session
    if session.has_ended:
        call.is_late = True
        what = f"the session '{session.name}' has ended"
        raise ApiError(410, what, code="session_ended", headers=NO_RETRY)
    if session.is_surplus:
        code, what = "too_many_sessions", f"there are {MOST_SESSIONS} sessions already"
        what += ": end those that are over"
        if len(session.name) > LONGEST_NAME:
            code = "session_name_too_long"
            what = f"the name of a session has at most {LONGEST_NAME} characters"
        elif fault := fault_of(session.name):
            code, what = "session_name", fault
        raise ApiError(409, what, code=code, headers=NO_RETRY)


def refuse_key(asked: Asked, key: str, standing: Standing) -> None:
    """Refuse *key* by its *standing*; who has nothing to spend may still look things up.

    Raises:
        ApiError: It is not valid, or has nothing to spend.

    """
    if standing == "valid":
        return
    if standing == "quota_exhausted" and asked.route.asks is None:
        return
    dialect = asked.route.dialect
    refused = dialect.incorrect_key(key) if standing == "invalid" else dialect.quota_exceeded()
    hint = f"the scenario's 'keys' list this key as {standing}"
    raise replace(dialect.reword(refused, asked.http), is_scripted=True, hint=hint)


def refuse_loop(asked: Asked, matched: Matched, ready: Ready) -> None:
    """Refuse the answer that would keep an agent in its loop (rule 16).

    Raises:
        ApiError: It is the 21st in a row with tool calls.

    """
    incoming, given = matched.incoming, matched.given
    if incoming.request is None:
        return
    reader = asked.session.reader
    if reader.is_loop(given.rule, incoming, calls_tools=ready.calls_tools):
        what = f"rule '{given.rule}' answered this conversation {LOOP} times in a row by tool calls"
        raise ApiError(404, f"{what}: is it a loop?", code="agent_loop", headers=NO_RETRY)


def unanswered(asked: Asked, call: Call, code: str) -> ApiError:
    """Return the 404, which shows what kept the scenario from answering."""
    where = f"{call.method} {call.path} (session '{asked.session.name}', call {call.number})"
    lines = [
        f"no rule matches {where}",
        *(
            f"  {'next:    ' if n else 'nearest: '}{miss}"
            for n, miss in enumerate(call.near_misses)
        ),
    ]
    return ApiError(404, "\n".join(lines), code=code, headers=NO_RETRY)


def unsupported(asked: Asked, call: Call) -> ApiError:
    """Return the 404 for an endpoint that does not exist here, which counts as unmatched."""
    call.is_unsupported = call.is_unmatched = True
    call.near_misses = (redact_text(asked.route.missing, asked.secrets),)
    if not asked.session.strict.unsupported:
        return asked.route.dialect.unknown_path(asked.http)
    return ApiError(404, call.near_misses[0], code="unsupported_endpoint", headers=NO_RETRY)
