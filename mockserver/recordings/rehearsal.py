"""Recorded requests, sent to an engine in this process: what comes back, and what rules saw."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from mockserver.cassettes.recording import RecordedAnswer, Recording
from mockserver.contracts import Heard
from mockserver.conversation import Findings, Item, Refusal, Speech, Text, Thought, ToolCall, Vector
from mockserver.engine.engine import Engine, Exchange
from mockserver.recordings.hearing import Hearing
from mockserver.scenario.conditions.subject import Subject
from mockserver.scenario.loader import ScenarioText, load_scenario
from mockserver.scenario.syntax.written import as_json
from mockserver.wire.http_request import HttpRequest
from mockserver.wire.jsontext import JsonValue
from mockserver.wire.timeline import Head, body

KEY: Final = "sk-rehearsal"
CREDENTIALS: Final = {
    "authorization": f"Bearer {KEY}",
    "api-key": KEY,
    "content-type": "application/json",
}
NUMBER: Final = "x-recording"
"""The header that says which recording a request is of, where each has a rule of its own."""
NEARLY: Final = 1e-6
"""How far numbers of 32 bits may be from those that were written."""


@dataclass(frozen=True, eq=False)
class Rehearsed:
    """What a recorded request gets: the answer, what it says, and what the rules saw.

    `rule` names the one that answered; None: the server did by itself.
    """

    answer: RecordedAnswer
    heard: Heard
    subject: Subject
    conversation: str
    error: str | None
    rule: str | None


class Rehearsal:
    """An engine with one scenario, which is asked what was recorded, in order."""

    def __init__(self, document: Mapping[str, JsonValue], hearing: Hearing) -> None:
        """Take the scenario.

        Raises:
            ScenarioError: Something is wrong with it.

        """
        self._hearing = hearing
        scenario = load_scenario(ScenarioText(as_json(document)), plugins=hearing.plugins)
        self._engine = Engine(scenario, hearing.plugins, lambda: 0.0)

    def ask(self, recording: Recording, number: int | None = None) -> Rehearsed | None:
        """Return what the request of *recording* gets; None: nothing, as it is passed on."""
        asked = recording.request
        own = self._hearing.route(recording).asked_in
        headers = {name.lower(): value for name, value in asked.headers if name.lower() in own}
        named = {} if number is None else {NUMBER: str(number)}
        http = HttpRequest(
            *(asked.method, asked.path, {**headers, **CREDENTIALS, **named}),
            body=asked.body,
            query=asked.query,
        )
        exchange = self._engine.answer(http)
        self._engine.close(exchange, "sent")
        if not isinstance(exchange, Exchange):
            return None
        timeline, call = exchange.timeline, exchange.call
        head = next((event for event in timeline if isinstance(event, Head)), None)
        if head is None:
            return None
        answer = RecordedAnswer(head.status, head.headers, body(timeline))
        incoming = self._engine.reread(exchange.asked.session, call, KEY)
        return Rehearsed(
            answer,
            self._hearing.heard(replace(recording, answer=answer)),
            Subject(incoming),
            incoming.conversation,
            call.error_code,
            call.rule,
        )


def content(heard: Heard) -> JsonValue:
    """Return what *heard* says: texts, refusals and calls, without ids and what nobody sees."""
    return [[_said(part) for part in choice.parts if _is_seen(part)] for choice in heard.choices]


def _is_seen(part: object) -> bool:
    if isinstance(part, Thought):
        return bool(part.summary)
    # An empty text beside something else is as good as none.
    return not (isinstance(part, Text) and not part.text)


def _said(part: object) -> JsonValue:
    match part:
        case Text(text):
            return ["text", text]
        case Refusal(text):
            return ["refusal", text]
        case Speech(text):
            return ["speech", text]
        case ToolCall():
            return ["call", part.name, part.arguments]
        case Thought():
            return ["thought", list(part.summary)]
        case Item(value):
            return ["item", value.get("type")]
        case _:
            return []


def says_the_same(one: Heard, other: Heard) -> bool:
    """Return whether two answers have the same content."""
    return (
        content(one) == content(other)
        and len(one.results) == len(other.results)
        and all(map(_agree, one.results, other.results))
    )


def _agree(one: JsonValue, other: JsonValue) -> bool:
    match one, other:
        case Vector(), Vector():
            return _are_near(one.numbers, other.numbers)
        case Findings(), Findings():
            names = sorted(one.scores.keys() & other.scores.keys())
            scores = [[found.scores[name] for name in names] for found in (one, other)]
            return one.flagged == other.flagged and _are_near(*scores)
        case _:
            return False


def _are_near(some: Sequence[float], others: Sequence[float]) -> bool:
    return len(some) == len(others) and all(
        abs(a - b) <= NEARLY * max(1.0, abs(a)) for a, b in zip(some, others, strict=True)
    )
