"""A reply of another distribution that lets another server answer."""

from dataclasses import dataclass

from mockserver.contracts import ChoicePlace, Draw, Reply
from mockserver.conversation import Choice, IncomingCall


@dataclass(frozen=True, slots=True, kw_only=True)
class Elsewhere(Reply):
    """Let the server answer that this one was told of."""

    kind = "elsewhere"
    forwards = True
    computes = None

    def choice(self, call: IncomingCall, place: ChoicePlace, draw: Draw) -> Choice:  # noqa: ARG002 - not asked
        """Return nothing: another server answers."""
        return Choice()
