"""What the model answers: the socket for kinds of replies."""

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import ClassVar, Final

from mockserver.conversation import Choice, FinishReason, IncomingCall, StatedUsage
from mockserver.errors import BadValue
from mockserver.seeding import Draw
from mockserver.templates.expansion import Scope, expanded
from mockserver.wire.jsontext import JsonValue


class Unstated(Enum):
    """The default of a key for which null and absence differ."""

    UNSTATED = "unstated"


UNSTATED: Final = Unstated.UNSTATED


@dataclass(slots=True, kw_only=True, eq=False)
class ChoicePlace:
    """The choice that a reply is to make: its *index* in the answer, and its *prompt*.

    *scope* holds the values for templates.
    """

    index: int = 0
    prompt: str = ""
    scope: Scope | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply(ABC):
    """What the model answers: text, a refusal, tool calls. Its fields are the keys of any reply.

    Attributes:
        finish_reason: Replaces the reason that follows from the answer.
        model: The answering snapshot; it decides tokenizer and rules.
        usage: The bill, in whole or in part; null is sent as such.
        logprobs: The log-probabilities of the answer's first tokens, for requests that ask for
            them; the others are drawn. Null is sent as such.
        headers: Added to the answer's headers; they replace those of the same name.
        reasoning: Reasoning that is billed, and shown if the dialect shows it.
        system_fingerprint: Replaces the model's own; null is sent as such.
        template: Each `{{ }}` in its texts is filled in when the answer is made.
        exact: The request neither cuts nor multiplies what is written.

    """

    kind: ClassVar[str]
    constant: ClassVar[bool] = True
    """The same request gets the same choices each time; False for seeded kinds."""
    indifferent: ClassVar[bool] = False
    """All requests get the same choices, so that shaped choices may be kept."""
    generates: ClassVar[bool] = True
    """It can answer where a model generates."""
    computes: ClassVar[frozenset[str] | None] = frozenset()
    """The computing endpoints that it can answer, by kind; None: all."""
    forwards: ClassVar[bool] = False
    """Another server answers the request: the configured upstream, if any."""

    finish_reason: FinishReason | None = None
    model: str | None = None
    usage: StatedUsage | Unstated | None = UNSTATED
    logprobs: tuple[float, ...] | None = ()
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    reasoning: str | None = None
    system_fingerprint: str | Unstated | None = UNSTATED
    template: bool = False
    exact: bool = False

    def __post_init__(self) -> None:
        for logprob in self.logprobs or ():
            if not -math.inf < logprob <= 0:
                what = f"a log-probability is a finite number of at most 0, not {logprob}"
                raise BadValue("logprobs", what)

    @abstractmethod
    def choice(self, call: IncomingCall, place: ChoicePlace, draw: Draw) -> Choice:
        """Return the model's choice at *place*, before the request's limits act on it."""

    def given(self, call: IncomingCall, place: ChoicePlace, draw: Draw) -> Choice:
        """Return the model's choice at *place*, with all templates expanded."""
        if not self.template or place.scope is None:
            return self.choice(call, place, draw)
        values = place.scope.at(place.index, place.prompt)
        return expanded(self, values).choice(call, place, draw)

    @property
    def written(self) -> int:
        """How many choices are written: an `exact` reply sends this many, whatever `n` says."""
        return 1

    @property
    def looks_up(self) -> bool:
        """Whether it has templates, so that its answer depends on state and captures."""
        return self.template

    @property
    def varies(self) -> bool:
        """Whether the same request may get another answer the next time."""
        return self.looks_up or not self.constant

    @classmethod
    def can_answer(cls, endpoint: str, *, computes: bool) -> bool:
        """Return whether it can answer at *endpoint*, a kind; *computes*: a computing endpoint."""
        if not computes:
            return cls.generates
        return cls.computes is None or endpoint in cls.computes


@dataclass(frozen=True, slots=True, kw_only=True)
class ComputedReply(Reply):
    """A result for each input, for endpoints that compute and generate nothing."""

    generates: ClassVar[bool] = False

    @abstractmethod
    def result(self, call: IncomingCall, place: ChoicePlace, draw: Draw) -> JsonValue:
        """Return the result for the input at *place*, which the endpoint renders.

        The input is `place.prompt`.
        """

    def computed(self, call: IncomingCall, place: ChoicePlace, draw: Draw) -> JsonValue:
        """Return the result for the input at *place*, with all templates expanded."""
        if not self.template or place.scope is None:
            return self.result(call, place, draw)
        return expanded(self, place.scope.at(place.index, place.prompt)).result(call, place, draw)

    def choice(self, call: IncomingCall, place: ChoicePlace, draw: Draw) -> Choice:
        """Return an empty choice: nothing is generated."""
        del call, place, draw
        return Choice()
