"""What goes wrong, when, and for which calls: the socket for failures."""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random
from typing import ClassVar, Final, Literal, get_args

from mockserver.contracts.dialect import Dialect
from mockserver.contracts.keys import OneOrMore
from mockserver.conversation import Allowance, ApiError, Choice, ModelRequest
from mockserver.errors import BadValue
from mockserver.seeding import Draw
from mockserver.wire.bodies import (
    after_opening,
    chunks_of,
    events_of,
    is_stream,
    with_head,
)
from mockserver.wire.http_request import HttpRequest
from mockserver.wire.moments import (
    AfterBytes,
    AfterHeaders,
    AfterTokens,
    BeforeHeaders,
    End,
    Moment,
    split,
)
from mockserver.wire.timeline import Data, Timeline

NO_HEADERS: Final[Mapping[str, str]] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """The call that a failure strikes: its provider, its request and its draw.

    Attributes:
        dialect: The dialect of the provider.
        draw: The draw of this call.
        refuse: Returns the timeline of a refusal, as this session sends it to this client.
        rule: Returns the name of the rule that a failure belongs to.
        model: The requested model, as the client names it; None: the request has no model.
        allowances: What the request leaves of the account's limits.
        behaves_as: The known model that the requested one is like.
        asked: The request.

    """

    dialect: Dialect
    draw: Draw
    refuse: Callable[[ApiError], Timeline]
    rule: Callable[["Failure"], str | None]
    model: str | None = None
    allowances: tuple[Allowance, ...] = ()
    behaves_as: str | None = None
    asked: HttpRequest | None = None

    def rng(self, purpose: str) -> Random:
        """Return the random generator for *purpose*."""
        return self.draw.rng(purpose)


@dataclass(frozen=True, slots=True)
class Distorted:
    """The timeline after a failure, and whether the failure found anything to act on."""

    timeline: Timeline
    had_effect: bool = True


def broken_off(
    timeline: Timeline,
    parts: tuple[Timeline, Timeline],
    error: ApiError,
    scene: Scene,
    shape: str | None = None,
) -> Distorted:
    """Return the stream *timeline*, ended by *error* after the first of its two *parts*.

    What opens a stream goes out in any case. No effect if the provider has no such *shape*.
    """
    before, after = after_opening(*parts)
    passed = events_of(before)
    nearest = chunks_of([*reversed(passed), *events_of(after)])
    sent = scene.dialect.stream_error(error, nearest, shape)
    if sent is None:
        return Distorted(timeline, had_effect=False)
    return Distorted((*before, Data(sent)))


def refused(
    timeline: Timeline,
    moment: Moment | None,
    error: ApiError,
    scene: Scene,
    headers: Mapping[str, str] = NO_HEADERS,
) -> Distorted:
    """Return the refusal by *error* instead of *timeline*, with *headers* added to its own.

    After the headers, which state a success, a stream reports it; there is no other answer that
    it can be part of.
    """
    stated = tuple(headers.items())
    if isinstance(moment, BeforeHeaders):
        return Distorted(with_head(scene.refuse(error), lambda head: head.with_headers(stated)))
    parts = split(timeline, AfterHeaders())
    if parts is None or not is_stream(timeline):
        return Distorted(timeline, had_effect=False)
    before = with_head(parts[0], lambda head: head.with_headers(stated))
    return broken_off(timeline, (before, parts[1]), error, scene)


MomentWord = Literal["before_headers", "after_headers", "after_tokens", "after_bytes", "end"]


MOMENTS: Final[tuple[MomentWord, ...]] = get_args(MomentWord)


BEFORE_THE_ANSWER: Final = MOMENTS[:2]
"""The moments of a refusal: in place of an answer, or at the beginning of a stream."""
IN_THE_BODY: Final = MOMENTS[1:]
"""The moments after the headers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure(ABC):
    """Something that goes wrong: kind, moment, trigger. Its fields are the keys of any failure.

    Attributes:
        at: The moment, by name.
        after_tokens: The moment, in tokens of the answer (of all choices, as sent).
        after_bytes: The moment, in bytes of the body.
        times: Only the first n calls fail.
        every: Only every n-th call fails.
        calls: Only these calls fail, counted from 1.
        probability: A call fails with this probability, drawn from the seed and the request.
        window_s: Only calls fail that arrive at or after the first of these two times and before
            the second, in seconds of session time; the second may be null: no end.
        delay_ms: How long nothing happens before the failure strikes.
        scale: Its times are session time, which may run faster; otherwise they are real.

    """

    kind: ClassVar[str]
    default_moment: ClassVar[Moment | None] = BeforeHeaders()
    """When the failure strikes by default; None: it bends the whole answer."""
    moments: ClassVar[tuple[MomentWord, ...]] = MOMENTS
    """The moments that a scenario may state; empty if the failure bends the whole answer."""

    never_null: ClassVar[frozenset[str]] = frozenset()
    """The keys that cannot be null: without them, something follows from the provider."""

    at: Literal["before_headers", "after_headers", "end"] | None = None
    after_tokens: int | None = None
    after_bytes: int | None = None
    times: int | None = None
    every: int | None = None
    calls: OneOrMore[int] | None = None
    probability: float | None = None
    window_s: tuple[float, float | None] | None = None
    delay_ms: float = 0
    scale: bool = True

    def __post_init__(self) -> None:
        self._check_moment()
        for key, least in (("after_tokens", 1), ("after_bytes", 1), ("times", 1), ("every", 1)):
            value = getattr(self, key)
            if value is not None and value < least:
                raise BadValue(key, f"'{key}' must be at least {least}, not {value}")
        if self.calls is not None and any(call < 1 for call in self.calls):
            raise BadValue("calls", "calls are counted from 1")
        if self.probability is not None and not 0 <= self.probability <= 1:
            raise BadValue("probability", f"need 0 <= probability <= 1, got {self.probability}")
        if self.window_s is not None:
            begin, end = self.window_s
            if not (0 <= begin < math.inf and (end is None or begin < end)):
                what = "a window is [from, to], with 0 <= from < to, or null for no end"
                raise BadValue("window_s", what)
        if not 0 <= self.delay_ms < math.inf:
            raise BadValue("delay_ms", f"'delay_ms' must be at least 0, not {self.delay_ms}")
        if self.delay_ms and self.moment is None:
            what = f"'{self.kind}' bends the whole answer: there is no moment to wait before"
            raise BadValue("delay_ms", what)

    def _check_moment(self) -> None:
        keys = ("at", "after_tokens", "after_bytes")
        stated = [key for key in keys if getattr(self, key) is not None]
        if len(stated) > 1:
            raise BadValue(stated[1], f"a failure has one moment: '{stated[0]}' or '{stated[1]}'")
        if not stated:
            return
        if not self.moments:
            what = f"'{self.kind}' bends the whole answer: it has no moment"
            raise BadValue(stated[0], what)
        word = self.at or stated[0]
        if word not in self.moments:
            what = f"'{self.kind}' cannot strike at this moment ('{word}')"
            known = " or ".join(f"'{moment}'" for moment in self.moments)
            raise BadValue(stated[0], what, f"it strikes at {known}")

    @property
    def moment(self) -> Moment | None:
        """When the failure strikes; None: it bends the whole answer."""
        if self.after_tokens is not None:
            return AfterTokens(self.after_tokens)
        if self.after_bytes is not None:
            return AfterBytes(self.after_bytes)
        match self.at:
            case "before_headers":
                return BeforeHeaders()
            case "after_headers":
                return AfterHeaders()
            case "end":
                return End()
            case None:
                return self.default_moment

    @property
    def replaces(self) -> bool:
        """Whether the failure strikes before the headers, and takes the place of the answer."""
        return isinstance(self.moment, BeforeHeaders)

    def fires(self, count: int, draw: Draw, purpose: str, now_s: float) -> bool:
        """Return whether all triggers hold for a call.

        Args:
            count: Which of the calls that reach this failure it is, counting from 1.
            draw: The draw of the call.
            purpose: The purpose under which `probability` draws.
            now_s: When the call arrived, in session time.

        """
        return (
            (self.times is None or count <= self.times)
            and (self.every is None or count % self.every == 0)
            and (self.calls is None or count in self.calls)
            and (self.window_s is None or _is_within(now_s, self.window_s))
            and (self.probability is None or draw.rng(purpose).random() < self.probability)
        )

    @property
    def is_triggered(self) -> bool:
        """Whether the failure has a trigger, and so may let calls pass."""
        triggers = (self.times, self.every, self.calls, self.probability, self.window_s)
        return any(trigger is not None for trigger in triggers)

    bends: ClassVar[bool] = False
    """Whether it may act before rendering: on the request, or on the model's answer."""

    def misread(self, request: ModelRequest) -> ModelRequest:
        """Return the request to answer in place of *request*; most failures return it as is."""
        return request

    @abstractmethod
    def distort(self, timeline: Timeline, scene: Scene) -> Distorted:
        """Return *timeline* with the failure in it; it is empty if the failure `replaces`.

        The engine adds the pause of `delay_ms`.
        """


def _is_within(now_s: float, window_s: tuple[float, float | None]) -> bool:
    begin, end = window_s
    return begin <= now_s and (end is None or now_s < end)


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerFailure(Failure):
    """A wrong answer by the model; it is cut, counted and billed like any other."""

    default_moment: ClassVar[Moment | None] = None
    moments: ClassVar[tuple[MomentWord, ...]] = ()
    bends: ClassVar[bool] = True

    @abstractmethod
    def misanswer(self, choice: Choice, request: ModelRequest, rng: Random) -> Choice:
        """Return the answer in place of *choice*; returning *choice* itself means no effect."""

    def distort(self, timeline: Timeline, scene: Scene) -> Distorted:  # noqa: ARG002 - `misanswer` did it
        """Return *timeline* unchanged: it holds the wrong answer already."""
        return Distorted(timeline, had_effect=False)
