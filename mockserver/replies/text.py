"""A text, as written."""

from dataclasses import dataclass

from mockserver.contracts import ChoicePlace, Reply
from mockserver.conversation import Choice, IncomingCall
from mockserver.seeding import Draw


@dataclass(frozen=True, slots=True, kw_only=True)
class Text(Reply):
    """Answer with *text*, the same for each choice."""

    kind = "text"

    text: str

    def choice(self, call: IncomingCall, place: ChoicePlace, draw: Draw) -> Choice:  # noqa: ARG002 - it is what it is
        """Return the text."""
        return Choice(text=self.text)
