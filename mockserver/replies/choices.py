"""A different answer for each choice, for requests with `n`."""

from dataclasses import MISSING, Field, dataclass, fields, replace
from typing import Any, Final

from mockserver.contracts import ChoicePlace, Reply
from mockserver.conversation import Choice, IncomingCall
from mockserver.errors import BadValue
from mockserver.seeding import Draw

OF_A_CHOICE: Final = frozenset({"finish_reason", "logprobs", "template"})
OF_THE_ANSWER: Final = tuple([f for f in fields(Reply) if f.name not in OF_A_CHOICE])
"""What any reply may state, and a choice of several may not."""


def _states(reply: Reply, member: "Field[Any]") -> bool:
    """Return whether *reply* states the *member*, which has a default."""
    factory = member.default_factory
    default = member.default if factory is MISSING else factory()
    return bool(getattr(reply, member.name) != default)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices(Reply):
    """Answer choice i with element i of *choices*, starting over when they run out."""

    kind = "choices"

    choices: tuple[Reply, ...]

    def __post_init__(self) -> None:
        super(Choices, self).__post_init__()
        if not self.choices:
            raise BadValue("choices", "'choices' must hold at least one reply")
        if any(isinstance(choice, Choices) for choice in self.choices):
            raise BadValue("choices", "'choices' cannot hold 'choices'")
        for choice in self.choices:
            if void := [member.name for member in OF_THE_ANSWER if _states(choice, member)]:
                what = f"'{void[0]}' belongs to the whole answer, not to one of its choices"
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

    def choice(self, call: IncomingCall, place: ChoicePlace, draw: Draw) -> Choice:
        """Return what the element at *place* gives, with all that it states of its choice."""
        reply = self.choices[place.index % len(self.choices)]
        given = reply.given(call, place, draw)
        finish = given.finish_reason or reply.finish_reason
        return replace(given, finish_reason=finish, logprobs=reply.logprobs)
