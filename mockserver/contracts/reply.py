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
    """The default of a key whose null means something else than its absence."""

    UNSTATED = "unstated"


UNSTATED: Final = Unstated.UNSTATED


@dataclass(slots=True, kw_only=True, eq=False)
class ChoicePlace:
    """Which choice is asked of a reply: its *index* in the answer, and the *prompt* it is for.

    *scope* is what templates look into.
    """

    index: int = 0
    prompt: str = ""
    scope: Scope | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply(ABC):
    """What the model answers: text, a refusal, tool calls. Its fields are the keys of any reply.

    Attributes:
        finish_reason: Stated outright, instead of the one that follows from the answer.
        model: The answering snapshot; it decides tokenizer and rules.
        usage: What the bill says, in whole or in part; null is sent as such.
        logprobs: The log-probabilities of the answer's first tokens, for requests that ask for
            them; those not stated are drawn. Null is sent as such.
        headers: Added to the answer's headers, or replacing those of the same name.
        reasoning: Thinking that is billed, and shown where the dialect shows it.
        system_fingerprint: Stated outright; null is sent as such.
        template: What stands in `{{ }}` in its texts is looked up when the answer is made.
        exact: The request neither cuts nor multiplies what is written.

    """

    kind: ClassVar[str]
    constant: ClassVar[bool] = True
    """The same request gets the same choices each time; seeded kinds say False."""
    indifferent: ClassVar[bool] = False
    """Every request gets the same choices, whatever it asks: what is shaped may be kept."""
    generates: ClassVar[bool] = True
    """It can answer where a model generates."""
    computes: ClassVar[frozenset[str] | None] = frozenset()
    """The computing endpoints that it can answer, by kind; None: all."""
    forwards: ClassVar[bool] = False
    """Another server answers the request: the one that this server was told of, if any."""

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
        """Return what the model answers at *place*, before the request's limits act on it."""

    def given(self, call: IncomingCall, place: ChoicePlace, draw: Draw) -> Choice:
        """Return what the model answers at *place*, all templates expanded."""
        if not self.template or place.scope is None:
            return self.choice(call, place, draw)
        values = place.scope.at(place.index, place.prompt)
        return expanded(self, values).choice(call, place, draw)

    @property
    def written(self) -> int:
        """How many choices are written: what an `exact` reply answers with, whatever `n` says."""
        return 1

    @property
    def looks_up(self) -> bool:
        """Whether there are templates in it: what it gives depends on state and captures."""
        return self.template

    @property
    def varies(self) -> bool:
        """Whether the same request may get another answer the next time it comes."""
        return self.looks_up or not self.constant

    @classmethod
    def can_answer(cls, endpoint: str, *, computes: bool) -> bool:
        """Return whether it can answer the *endpoint* of that kind, which *computes* or not."""
        if not computes:
            return cls.generates
        return cls.computes is None or endpoint in cls.computes


@dataclass(frozen=True, slots=True, kw_only=True)
class ComputedReply(Reply):
    """What a model computes: a result for each input, for endpoints that generate nothing."""

    generates: ClassVar[bool] = False

    @abstractmethod
    def result(self, call: IncomingCall, place: ChoicePlace, draw: Draw) -> JsonValue:
        """Return what is computed for the input at *place*, for the endpoint to write as it does.

        The input is `place.prompt`.
        """

    def computed(self, call: IncomingCall, place: ChoicePlace, draw: Draw) -> JsonValue:
        """Return what is computed for the input at *place*, all templates expanded."""
        if not self.template or place.scope is None:
            return self.result(call, place, draw)
        return expanded(self, place.scope.at(place.index, place.prompt)).result(call, place, draw)

    def choice(self, call: IncomingCall, place: ChoicePlace, draw: Draw) -> Choice:
        """Return nothing: nothing is generated."""
        del call, place, draw
        return Choice()
