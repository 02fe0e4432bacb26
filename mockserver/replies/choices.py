"""A different answer for each choice, for requests with `n`."""

from dataclasses import dataclass, replace
from typing import Final

from mockserver.contracts import ChoicePlace, OneOrMore, RawReply, Reply
from mockserver.conversation import Choice, IncomingCall
from mockserver.errors import BadValue
from mockserver.seeding import Draw

OF_A_CHOICE: Final = frozenset({"finish_reason", "logprobs", "template"})
"""What any reply may state that a choice of several may state, too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices(Reply):
    """Answer choice i with element i of *choices*, starting over when they run out."""

    kind = "choices"

    choices: OneOrMore[Reply]

    def __post_init__(self) -> None:
        super(Choices, self).__post_init__()
        if not self.choices:
            raise BadValue("choices", "'choices' must hold at least one reply")
        if any(isinstance(choice, Choices) for choice in self.choices):
            raise BadValue("choices", "'choices' cannot hold 'choices'")
        for choice in self.choices:
            if isinstance(choice, RawReply):
                what = f"'choices' cannot hold '{choice.kind}', which is a whole answer"
                raise BadValue("choices", what)
            if void := choice.states_besides(OF_A_CHOICE):
                what = f"'{void}' belongs to the whole answer, not to one of its choices"
                raise BadValue("choices", what, "write it beside 'choices'")

    @property
    def written(self) -> int:
        """How many choices are written."""
        return len(self.choices)

    @property
    def looks_up(self) -> bool:
        """Whether there are templates in any of the choices."""
        return self.template or any(choice.looks_up for choice in self.choices)

    @property
    def varies(self) -> bool:
        """Whether any of the choices may be different the next time."""
        return self.template or any(choice.varies for choice in self.choices)

    def expected_length(self, call: IncomingCall) -> int:
        """Return the length of the longest choice."""
        return max(choice.expected_length(call) for choice in self.choices)

    def choice(self, call: IncomingCall, place: ChoicePlace, draw: Draw) -> Choice:
        """Return what the element at *place* gives, with all that it states of its choice."""
        reply = self.choices[place.index % len(self.choices)]
        given = reply.given(call, place, draw)
        finish = given.finish_reason or reply.finish_reason
        return replace(given, finish_reason=finish, logprobs=reply.logprobs)
