"""What the model answers: the socket for kinds of replies."""

import math
from abc import ABC, abstractmethod
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import MISSING, Field, dataclass, field, fields
from enum import Enum
from typing import Any, ClassVar, Final, NamedTuple

from mockserver.caching import BoundedTable
from mockserver.cassettes.recording import Recording
from mockserver.contracts.answer import StatedMembers
from mockserver.conversation import Choice, FinishReason, IncomingCall, StatedUsage
from mockserver.errors import BadValue
from mockserver.seeding import Draw
from mockserver.templates.expansion import Scope, expanded
from mockserver.wire.jsontext import JsonValue, compact
from mockserver.wire.rendered import Frame


class Unstated(Enum):
    """The default of a key for which null and absence differ."""

    UNSTATED = "unstated"


UNSTATED: Final = Unstated.UNSTATED
MOST_TOKENS: Final = 200_000
"""The most tokens of an answer, of all its choices together."""


def json_length(value: JsonValue) -> int:
    """Return how many characters *value* has as JSON; measured once for what stays."""
    if isinstance(value, str):
        return len(value)
    known = _LENGTHS.get(id(value))
    if known is None or known[0] is not value:
        known = (value, len(compact(value)))
        _LENGTHS.put(id(value), known)
    return known[1]


_LENGTHS: Final[BoundedTable[int, tuple[JsonValue, int]]] = BoundedTable(1_024)
"""By identity, since values are long to hash; each is kept alive here."""


LATEST: Final = 253_402_300_799
"""The end of the year 9999, as Unix time: dates in JSON and in ids go no further."""


def _check_usage(stated: StatedUsage) -> None:
    for name in ("cost", *_COUNTS):
        value: float | None = getattr(stated, name)
        if value is not None and not 0 <= value < math.inf:
            raise BadValue("usage", f"'{name}' of 'usage' must be at least 0, not {value}")


_COUNTS: Final = tuple(name for name in StatedUsage.__slots__ if name != "cost")


def _default_of(member: "Field[Any]") -> Any:
    factory = member.default_factory
    return member.default if factory is MISSING else factory()


def _usage_members(stated: StatedUsage) -> dict[str, JsonValue]:
    """Return what *stated* has besides the counts that every bill has a place for."""
    named = {"cost": stated.cost, "cache_write_tokens": stated.cache_write_tokens}
    return {name: value for name, value in named.items() if value is not None}


@dataclass(slots=True, kw_only=True, eq=False)
class ChoicePlace:
    """The choice that a reply is to make: its *index* in the answer, and its *prompt*.

    *scope* holds the values for templates. What is longer than *most_tokens* is cut. *seed* is
    the session's, for what must not differ from request to request.
    """

    index: int = 0
    prompt: str = ""
    scope: Scope | None = None
    most_tokens: int = MOST_TOKENS
    seed: int = 0


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
        id: The answer's id; drawn unless stated.
        created: When the answer was created, as Unix time; drawn unless stated.
        extra: Members that are added to the answer (to each chunk of it) as they are, in place of
            those of the same name; null is sent.
        extra_message: The same for the message of each choice (in a stream, for its first chunk).
        provider: The provider that served the answer, as gateways name it.
        native_finish_reason: Why the answer ended, in that provider's own words.
        metadata: Members of a gateway's metadata on the answer.

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
    foreign: ClassVar[bool] = False
    """Its answers are not made here: they were recorded, or another server gives them. They are
    given at any endpoint, and to what this server does not know or would refuse."""

    never_null: ClassVar[frozenset[str]] = frozenset()
    """The keys of this kind that cannot be null: without them, something is made for them."""
    drawn: ClassVar[frozenset[str]] = frozenset(
        {"finish_reason", "model", "id", "created", "provider", "native_finish_reason"}
    )
    """The same of any kind."""

    finish_reason: FinishReason | None = None
    model: str | None = None
    usage: StatedUsage | Unstated | None = UNSTATED
    logprobs: tuple[float, ...] | None = ()
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    reasoning: str | None = None
    system_fingerprint: str | Unstated | None = UNSTATED
    template: bool = False
    exact: bool = False
    id: str | None = None
    created: int | None = None
    extra: Mapping[str, JsonValue] = field(default_factory=dict[str, JsonValue])
    extra_message: Mapping[str, JsonValue] = field(default_factory=dict[str, JsonValue])
    provider: str | None = None
    native_finish_reason: str | None = None
    metadata: Mapping[str, JsonValue] = field(default_factory=dict[str, JsonValue])

    def __post_init__(self) -> None:
        if self.model == "":
            raise BadValue("model", "the name of a model is not empty")
        if self.id is not None and not (self.id and self.id.isprintable()):
            raise BadValue("id", "an id is a text of printable characters, and not empty")
        if self.created is not None and not 0 <= self.created <= LATEST:
            raise BadValue("created", f"need 0 <= created <= {LATEST}, got {self.created}")
        if isinstance(self.usage, StatedUsage):
            _check_usage(self.usage)
        for logprob in self.logprobs or ():
            if not -math.inf < logprob <= 0:
                what = f"a log-probability is a finite number of at most 0, not {logprob}"
                raise BadValue("logprobs", what)

    def states_besides(self, kept: frozenset[str]) -> str | None:
        """Return the first key of any reply, apart from those *kept*, that it states."""
        for member in fields(Reply):
            if member.name not in kept and getattr(self, member.name) != _default_of(member):
                return member.name
        return None

    @property
    def stated(self) -> StatedMembers | None:
        """The members of the answer that it states; None: none."""
        usage = _usage_members(self.usage) if isinstance(self.usage, StatedUsage) else {}
        named = (self.extra, self.extra_message, self.metadata, usage)
        if not any(named) and self.provider is None and self.native_finish_reason is None:
            return None
        return StatedMembers(
            extra=self.extra,
            message=self.extra_message,
            usage=usage,
            provider=self.provider,
            native_finish_reason=self.native_finish_reason,
            metadata=self.metadata,
        )

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

    def expected_length(self, call: IncomingCall) -> int:
        """Return about how many characters a choice for *call* has; an answer is made by it.

        Of what is computed, it is all results together, as so many characters take as long. Too
        small an estimate makes others wait, and nothing else. As long as the request, unless a
        kind of reply knows better.
        """
        return len(call.http.body)

    @property
    def takes_its_time(self) -> bool:
        """Whether its answers take a time of their own, so that no default applies."""
        return False

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

    def doubts(self, call: IncomingCall) -> tuple[str, ...]:
        """Return why the API could not have answered *call* so, for the journal."""
        del call
        return ()

    def choice(self, call: IncomingCall, place: ChoicePlace, draw: Draw) -> Choice:
        """Return an empty choice: nothing is generated."""
        del call, place, draw
        return Choice()


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenCall:
    """One tool call, as replies write it.

    Attributes:
        name: The tool's name.
        arguments: An object, or a string that is sent unchanged.
        id: The call's id; drawn unless stated.

    """

    never_null: ClassVar[frozenset[str]] = frozenset({"id"})

    name: str
    arguments: str | Mapping[str, JsonValue] = field(default_factory=dict[str, JsonValue])
    id: str | None = None


class Verbatim(NamedTuple):
    """An answer that goes out as it is written.

    A stream is sent in its *frames*, of which each has its tokens, anything else in one piece.
    """

    status: int
    content_type: str
    frames: tuple[Frame, ...]
    is_stream: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RawReply(Reply):
    """An answer to the byte, which nothing generates, cuts or renders; it answers anywhere."""

    computes: ClassVar[frozenset[str] | None] = None

    @abstractmethod
    def verbatim(self) -> Verbatim:
        """Return what goes out."""

    def choice(self, call: IncomingCall, place: ChoicePlace, draw: Draw) -> Choice:
        """Return an empty choice: nothing is generated."""
        del call, place, draw
        return Choice()


@dataclass(frozen=True, slots=True, kw_only=True)
class ForwardedReply(Reply):
    """Whatever another server answers."""

    kind = "upstream"
    forwards: ClassVar[bool] = True
    foreign: ClassVar[bool] = True
    computes: ClassVar[frozenset[str] | None] = None

    @property
    def takes_its_time(self) -> bool:
        """Whether its answers take a time of their own: they do."""
        return True

    def choice(self, call: IncomingCall, place: ChoicePlace, draw: Draw) -> Choice:
        """Return an empty choice: nothing is generated."""
        del call, place, draw
        return Choice()


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedReply(ForwardedReply):
    """An answer that another server gave before; it goes out as it came.

    Attributes:
        recording: The exchange.
        keeps_time: It takes the time that it took then, as far as that is known.

    """

    kind = "cassette"
    forwards: ClassVar[bool] = False

    recording: Recording
    keeps_time: bool = True

    @property
    def takes_its_time(self) -> bool:
        """Whether it takes a time of its own."""
        return self.keeps_time and bool(self.recording.answer.pieces)


class Answers(NamedTuple):
    """The answers to one request, each to be given once, in their order.

    Requests of the same *group* share them.
    """

    group: Hashable
    replies: Sequence[Reply]


@dataclass(frozen=True, slots=True, kw_only=True)
class SelectiveReply(ForwardedReply):
    """Answers to some requests and to no others: a rule with it holds for those alone."""

    forwards: ClassVar[bool] = False

    @abstractmethod
    def answers(self, call: IncomingCall) -> Answers | None:
        """Return its answers to *call*; None: it has none."""

    @abstractmethod
    def lacks(self, call: IncomingCall) -> str:
        """Return why it has no answer to *call*."""

    @abstractmethod
    def left(self, given: Mapping[Hashable, int]) -> list[str]:
        """Return what of it was never given, in words, if so many of each group were *given*."""
