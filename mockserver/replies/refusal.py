"""A refusal: the model declines, in a member of its own."""

from dataclasses import dataclass
from typing import ClassVar

from mockserver.contracts import ChoicePlace, Reply
from mockserver.conversation import Choice, IncomingCall, parts
from mockserver.seeding import Draw


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal(Reply):
    """Refuse with *text*; the legacy endpoint, which has no refusals, sends it as its text."""

    kind = "refusal"
    indifferent: ClassVar[bool] = True

    text: str

    def choice(self, call: IncomingCall, place: ChoicePlace, draw: Draw) -> Choice:  # noqa: ARG002 - it is what it is
        """Return the refusal."""
        return Choice((parts.Refusal(self.text),))

    def expected_length(self, call: IncomingCall) -> int:
        """Return the length of the text, and that of the request if it is looked into."""
        return len(self.text) + (len(call.http.body) if self.template else 0)
