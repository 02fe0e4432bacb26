"""The message comes back, for tests of transport, encodings and lengths."""

from dataclasses import dataclass

from mockserver.contracts import ChoicePlace, Reply
from mockserver.conversation import Choice, IncomingCall, Text
from mockserver.seeding import Draw


@dataclass(frozen=True, slots=True, kw_only=True)
class Echo(Reply):
    """Answer with the last user message, wherever it is, or with the prompt."""

    kind = "echo"

    def choice(self, call: IncomingCall, place: ChoicePlace, draw: Draw) -> Choice:  # noqa: ARG002 - nothing is drawn
        """Return the last user message, or the prompt of this choice."""
        request = call.request
        if request is None or not request.turns:
            return Choice((Text(place.prompt),))
        for turn in reversed(request.turns):
            if turn.role == "user":
                return Choice((Text(turn.text),))
        return Choice((Text(""),))
