"""A JSON value, as compact text."""

from dataclasses import dataclass
from typing import ClassVar

from mockserver.contracts import ChoicePlace, Reply, json_length
from mockserver.conversation import Choice, IncomingCall, Text
from mockserver.seeding import Draw
from mockserver.wire.jsontext import JsonValue, compact


@dataclass(frozen=True, slots=True, kw_only=True)
class Json(Reply):
    """Answer with *value* as JSON text, written the way models write it."""

    kind = "json"
    indifferent: ClassVar[bool] = True

    value: JsonValue

    def expected_length(self, call: IncomingCall) -> int:
        """Return the length of the value, and that of the request if it is looked into."""
        return json_length(self.value) + (len(call.http.body) if self.template else 0)

    def choice(self, call: IncomingCall, place: ChoicePlace, draw: Draw) -> Choice:  # noqa: ARG002 - it is what it is
        """Return the value's text."""
        return Choice((Text(compact(self.value)),))
