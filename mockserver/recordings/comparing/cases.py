"""A recording to be compared, with what comparing needs to know about it."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import Any, Final

from mockserver.cassettes.recording import RecordedAnswer, Recording
from mockserver.engine.routing import Route
from mockserver.models import Catalogue
from mockserver.recordings.comparing import allowances
from mockserver.recordings.comparing.members import is_sorted
from mockserver.recordings.importers.documents import as_list, as_object
from mockserver.records.redaction import MARK
from mockserver.wire.jsontext import is_object

IDS: Final = re.compile(
    r"\b(?:(?:resp|msg|rs|fc|ctc|ws|fs|ci|ig|cu|mcp|mcpl|mcpr|apc|sh|sho|ls|cmp|tsc|tso|cm|cmo|conv|item)_"
    r"[0-9A-Za-z]{20,}|chatcmpl-[0-9A-Za-z]{20,})"
)
OTHER: Final = "other"
"""What is taken for providers that this server does not know."""
JUDGED: Final = frozenset({"openai", "azure"})
"""Providers whose answers are compared in all respects."""
_LOOKED_AT: Final = 4_000
_TIMES: Final = allowances.day("2025-03-01"), allowances.day("2030-01-01")
_ID_WITH_TIME_IN_THE_MIDDLE: Final = 50
_CATALOGUE: Final = Catalogue()


def objects_in(value: Any) -> list[dict[str, Any]]:
    """Return the JSON objects in the list *value*; none if it is no list."""
    return [as_object(one) for one in as_list(value) if is_object(one)]


def events_in(answer: RecordedAnswer) -> list[dict[str, Any]]:
    """Return the JSON objects that the events of *answer* are; none if it is no stream."""
    return objects_in([event.json for event in answer.events])


def final_in(answer: RecordedAnswer) -> dict[str, Any] | None:
    """Return the response object that *answer* is, or that its stream ends with."""
    if answer.is_stream:
        held = (as_object(event.get("response")) for event in reversed(events_in(answer)))
        return next(filter(None, held), None)
    body = as_object(answer.json)
    return body if body.get("object") == "response" else None


def error_in(answer: RecordedAnswer) -> dict[str, Any]:
    """Return the error object of *answer*; an empty one if it has none."""
    return as_object(as_object(answer.json).get("error"))


def usage_in(answer: RecordedAnswer) -> dict[str, Any]:
    """Return the bill that *answer* states; an empty one if it states none."""
    bodies = reversed(events_in(answer)) if answer.is_stream else [as_object(answer.json)]
    for body in bodies:
        usage = as_object(body.get("usage") or as_object(body.get("response")).get("usage"))
        if usage:
            return usage
    return {}


@dataclass(frozen=True, eq=False)
class Case:
    """A recording to be compared.

    Attributes:
        number: Its place in the file, counted from 0 on.
        recording: The recording, with its provider and endpoint.
        route: Where its request leads here.

    """

    number: int
    recording: Recording
    route: Route

    @property
    def group(self) -> str:
        """The provider; `other` if this server does not know it."""
        return self.recording.provider

    @property
    def endpoint(self) -> str:
        """The kind of the endpoint."""
        return self.recording.endpoint

    @property
    def sent(self) -> Mapping[str, Any]:
        """The JSON object that was sent; an empty one if there was none."""
        return self.recording.request.sent

    @property
    def answer(self) -> RecordedAnswer:
        """What came back."""
        return self.recording.answer

    @property
    def was_answered(self) -> bool:
        """Whether the provider answered, and did not refuse."""
        return not self.answer.is_refusal

    @property
    def generates_response(self) -> bool:
        """Whether a response object is made: `POST /responses`."""
        return self.endpoint == "responses"

    @property
    def about(self) -> str:
        """What is asked, in the rows of tables."""
        method, path = self.route.own
        return path if method == "POST" else f"{method} {path}"

    @cached_property
    def events(self) -> list[dict[str, Any]]:
        """The JSON of the recorded events."""
        return events_in(self.answer)

    @cached_property
    def final(self) -> dict[str, Any] | None:
        """The response object that was recorded."""
        return final_in(self.answer)

    @cached_property
    def model(self) -> str:
        """The model that answered; what was asked for where the answer does not tell."""
        bodies = [self.final or as_object(self.answer.json), *self.events]
        named = (held.get("model") for held in bodies if held.get("model"))
        return str(next(named, None) or self.sent.get("model") or "")

    @property
    def lacks_secrets(self) -> bool:
        """Whether secrets were taken out of it: nobody can count what was there."""
        mark = MARK.encode()
        return mark in self.recording.request.body or mark in self.answer.body

    @cached_property
    def is_known_model(self) -> bool:
        """Whether it is one of OpenAI's models, whose rules are known."""
        return _CATALOGUE.resolve(self.model).mode in ("chat", "completions", "responses")

    @cached_property
    def created(self) -> float | None:
        """When it was recorded, as Unix time: as the answer states, or as its ids do."""
        body: Any = self.final or self.answer.json or next(iter(self.events), None)
        for name in ("created_at", "created"):
            at = as_object(body).get(name)
            if isinstance(at, int | float):
                return float(at)
        text = json.dumps(body)[:_LOOKED_AT] + self.recording.request.path
        times = (_time_in(found) for found in IDS.findall(text))
        stated = next((at for at in times if at is not None), None)
        return stated if stated is not None else _at(self.recording.recorded_at)

    @cached_property
    def order_is_lost(self) -> bool:
        """Whether a recorder has sorted the members of the answer."""
        if self.events:
            return all(map(is_sorted, self.events[:3]))
        return is_sorted(self.answer.json)

    @cached_property
    def is_shuffled(self) -> bool:
        """Whether members are in another order than usual: sorted, or by servers of 2026-02."""
        return self.order_is_lost or (bool(self.final) and next(iter(self.final or {})) != "id")

    @cached_property
    def made(self) -> frozenset[str]:
        """The ids of what the exchange created."""
        if not self.was_answered or self.recording.request.method != "POST":
            return frozenset()
        if self.generates_response:
            body = self.final or {}
            output = (item.get("id") for item in objects_in(body.get("output")))
            return frozenset(id_ for id_ in (body.get("id"), *output) if isinstance(id_, str))
        if self.endpoint in ("conversations", "chat.completions"):
            held = self.answer.json if not self.events else self.events[:1]
            return frozenset(IDS.findall(json.dumps(held)[: _LOOKED_AT * 16]))
        return frozenset()

    @cached_property
    def must(self) -> frozenset[str]:
        """The ids that must exist for the request to be answered."""
        request, sent = self.recording.request, self.sent
        conversation: Any = sent.get("conversation")
        named_so = as_object(conversation).get("id", conversation)
        stated = (sent.get("previous_response_id"), named_so)
        referred = (i.get("id") for i in self.items if i.get("type") == "item_reference")
        named = [id_ for id_ in chain(stated, referred) if isinstance(id_, str)]
        return frozenset([*IDS.findall(request.path), *IDS.findall(request.query), *named])

    @cached_property
    def may(self) -> frozenset[str]:
        """The ids of items that the request sends in full."""
        ids = (item.get("id") for item in self.items if item.get("type") != "item_reference")
        return frozenset(id_ for id_ in ids if isinstance(id_, str))

    @cached_property
    def items(self) -> Sequence[dict[str, Any]]:
        """The items that the request of the Responses API holds."""
        return objects_in(self.sent.get("input"))


def _time_in(id_: str) -> float | None:
    """Return the Unix time inside an *id_* of the Responses API."""
    digits = id_.partition("_")[2]
    try:
        at = int(digits[18:26] if len(digits) == _ID_WITH_TIME_IN_THE_MIDDLE else digits[:8], 16)
    except ValueError:
        return None
    return float(at) if _TIMES[0] < at < _TIMES[1] else None


def _at(text: str) -> float | None:
    try:
        return allowances.day(text) if text else None
    except ValueError:
        return None
