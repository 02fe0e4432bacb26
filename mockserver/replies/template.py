"""A text with `{{ … }}` in it: short for a `text` with `template: true`."""

from dataclasses import dataclass

from mockserver.contracts import ChoicePlace, Reply
from mockserver.conversation import Choice, IncomingCall, Text
from mockserver.seeding import Draw


@dataclass(frozen=True, slots=True, kw_only=True)
class Template(Reply):
    """Answer with *text*; each `{{ }}` in it is looked up in the request, the state and so on."""

    kind = "template"

    text: str
    template: bool = True

    def choice(self, call: IncomingCall, place: ChoicePlace, draw: Draw) -> Choice:  # noqa: ARG002 - it is expanded already
        """Return the text."""
        return Choice((Text(self.text),))
