"""How a scenario reads a request, rule by rule, as lines: `mockserver explain`."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from mockserver.conversation import ApiError
from mockserver.effort import Effort
from mockserver.engine.engine import Engine
from mockserver.plugins import Plugins
from mockserver.scenario.loader import Source, load_scenario
from mockserver.sessions.rules import Given, Unanswered
from mockserver.wire.http_request import HttpRequest

NO_TIME_PASSES: Final = 0.0
HEADERS: Final = {
    "authorization": "Bearer sk-mock",
    "api-key": "sk-mock",
    "content-type": "application/json",
}
"""The headers of an explained request: a key, wherever the provider looks for it."""


def explained(request: Mapping[str, Any], scenarios: Sequence[Source], *, path: str) -> str:
    """Return how *scenarios* read *request*, sent to *path*, as the first of a session.

    Raises:
        MockServerError: A scenario has errors, or none is given.

    """
    engine = Engine(load_scenario(*scenarios), Plugins.installed(), lambda: NO_TIME_PASSES)
    path, _, query = path.partition("?")
    http = HttpRequest("POST", path, HEADERS, json.dumps(request).encode(), query)
    with Effort() as effort:
        step, readings = engine.explain(http)
    width = max((len(reading.rule.name) for reading in readings), default=0)
    lines = [in_words(step)]
    for reading in readings:
        why = "; ".join(reading.why)
        lines.append(f"  {reading.rule.name:{width}}  {reading.outcome:8}  {why}".rstrip())
    return "\n".join([*lines, *effort.given_up])


def in_words(step: Given | Unanswered | ApiError) -> str:
    """Return what would be answered, in a sentence."""
    match step:
        case ApiError():
            said = f"refused before any rule is read: {step.status} {step.message}"
            return said if step.hint is None else f"{said}; hint: {step.hint}"
        case Unanswered():
            if step.exhausted is not None:
                return f"refused: the script of rule '{step.exhausted}' has ended"
            return "no rule answers"
        case Given(reply=reply, rule=rule):
            kinds = ", ".join(failure.kind for failure in step.failures)
            if step.is_replaced or reply is None:
                return f"rule '{rule}' fails: {kinds}"
            bent = f", bent by {kinds}" if kinds else ""
            return f"rule '{rule}' answers: {reply.kind}{bent}"
