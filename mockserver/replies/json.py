"""A JSON value, as compact text."""

from dataclasses import dataclass
from typing import ClassVar

from mockserver.contracts import ChoicePlace, Reply
from mockserver.conversation import Choice, IncomingCall, Text
from mockserver.seeding import Draw
from mockserver.wire.jsontext import JsonValue, compact


@dataclass(frozen=True, slots=True, kw_only=True)
class Json(Reply):
    """Answer with *value* as JSON text, written the way models write it."""

    kind = "json"
    indifferent: ClassVar[bool] = True

    value: JsonValue

    def choice(self, call: IncomingCall, place: ChoicePlace, draw: Draw) -> Choice:  # noqa: ARG002 - it is what it is
        """Return the value's text."""
        return Choice((Text(compact(self.value)),))
