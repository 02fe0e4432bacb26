"""The four sockets: Dialect, Endpoint, Reply, Failure. What plugs in is one file, one class.

A plug-in class has a `kind`, the word by which scenarios, the journal and paths name it.
Replies and failures are frozen dataclasses, and their fields are their keys in YAML: the
scenario reader checks types by the annotations and takes the docstrings for its errors.
A constructor that raises `mockserver.errors.BadValue` refuses a scenario.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from random import Random
from typing import Any, ClassVar, Final, Literal, NamedTuple, get_args

from mockserver.conversation import (
    ApiError,
    Choice,
    ChoiceLogprobs,
    CompletionRequest,
    FinishReason,
    IncomingCall,
    Layer,
    StatedUsage,
    Usage,
)
from mockserver.errors import BadValue
from mockserver.models import Catalogue, Model
from mockserver.protocols.openai import refusals
from mockserver.protocols.openai.refusals import LimitReached
from mockserver.records.ledger import Ledger
from mockserver.records.stored import StoredCompletions
from mockserver.seeding import Draw
from mockserver.templates.expansion import Scope, expanded
from mockserver.traffic.limits import Allowance
from mockserver.wire.http_request import HttpRequest
from mockserver.wire.jsontext import Filling, Hole, JsonValue, TokenText, compact, to_bytes
from mockserver.wire.moments import (
    AfterBytes,
    AfterHeaders,
    AfterTokens,
    BeforeHeaders,
    End,
    Moment,
)
from mockserver.wire.timeline import Head, Headers, Timeline


class Unstated(Enum):
    """The default of a key whose null means something else than its absence."""

    UNSTATED = "unstated"


UNSTATED: Final = Unstated.UNSTATED


# --- Reply -----------------------------------------------------------------------------------


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


# --- Endpoint --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class AnsweredCall:
    """A tool call as it goes out; *id* is a hole until the answer is sent, or stated."""

    id: str | Hole
    name: str
    arguments: TokenText


@dataclass(slots=True, kw_only=True, eq=False)
class AnsweredChoice:
    """A choice as it goes out: cut, tokenised, with its finish reason."""

    index: int
    text: TokenText | None
    refusal: TokenText | None
    tool_calls: tuple[AnsweredCall, ...]
    finish_reason: FinishReason
    logprobs: ChoiceLogprobs | None = None
    """What is told of its tokens; None: nothing, asked for or not."""
    echoed: str = ""
    """The prompt, where it goes out before the text (legacy `echo`)."""


@dataclass(slots=True, kw_only=True, eq=False)
class Answer:
    """All that an endpoint needs to put an answer on the wire.

    *usage* None is sent as null. *created* is Unix time. *id* and the ids of tool calls are
    holes, filled when the answer is sent: all else is the same each time it is given.
    *allowances* are what the request leaves of the account's limits; none where that differs
    each time. *reasoning* is what was thought in words, for dialects that show it.
    """

    endpoint: str
    request: CompletionRequest
    model: Model
    model_name: str
    choices: tuple[AnsweredChoice, ...]
    usage: Usage | None
    system_fingerprint: str | None
    headers: Headers
    id: Hole
    created: int
    allowances: tuple[Allowance, ...] = ()
    reasoning: TokenText | None = None


@dataclass(frozen=True, slots=True)
class JsonBody:
    """An answer in one piece, by *layer*."""

    value: JsonValue
    layer: Layer = "api"


@dataclass(frozen=True, slots=True)
class Chunk:
    """One event of a stream; *tokens* of the answer are complete with it."""

    value: JsonValue
    tokens: int = 0


@dataclass(frozen=True, slots=True)
class EventStream:
    """An answer in server-sent events; the dialect adds what ends the stream.

    *obfuscated* streams carry padding, which hides the lengths of tokens from eavesdroppers.
    """

    chunks: Sequence[Chunk]
    content_type: str = "text/event-stream; charset=utf-8"
    obfuscated: bool = False


Rendered = JsonBody | EventStream


class Endpoint(ABC):
    """What a client can ask for. Stateless; paths are relative to the dialect's root.

    *routes* are (method, path) pairs. A segment ``{name}`` of a path takes any one segment and
    hands it over by that name; ``{name...}`` at its end takes all that is left, slashes included
    (ids of models have them). What answers GET answers HEAD.
    """

    kind: ClassVar[str]
    routes: ClassVar[tuple[tuple[str, str], ...]]
    dialects: ClassVar[frozenset[str] | None] = None
    """The dialects that have it, by kind, and that ask it before the others' for a path of both.
    None: all have it, unless they say that they lack it."""
    asked_in: ClassVar[tuple[str, ...]] = ()
    """The headers, in lower case, that say what is asked as path and body do."""


class GeneratingEndpoint(Endpoint):
    """An endpoint where the model answers: rules apply, tokens are billed."""

    @abstractmethod
    def parse(
        self, http: HttpRequest, model: str | None, catalogue: Catalogue
    ) -> CompletionRequest:
        """Return the request in *http*, found valid; *model* is set where the path names it.

        Raises:
            ApiError: The provider would refuse it.

        """

    @abstractmethod
    def render(self, answer: Answer) -> Rendered:
        """Return *answer* as the provider's JSON, members in wire order."""


@dataclass(slots=True, eq=False)
class Lookup:
    """What is asked of a lookup endpoint, and what it may know.

    Attributes:
        http: The request.
        route: The one of the endpoint's `routes` that it fits.
        parameters: What the route takes from the path, by name.
        catalogue: The models that the dialect has.
        stored: The completions that the session keeps.
        ledger: The answers that the session has given, and what they cost.
        key: What the journal calls the API key.

    """

    http: HttpRequest
    route: tuple[str, str]
    parameters: Mapping[str, str]
    catalogue: Catalogue
    stored: StoredCompletions
    ledger: Ledger
    key: str


class LookupEndpoint(Endpoint):
    """An endpoint that tells facts. Rules apply only if they name it."""

    @abstractmethod
    def look_up(self, lookup: Lookup) -> JsonBody:
        """Return the answer.

        Raises:
            ApiError: The provider would refuse it.

        """


# --- Dialect ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Located:
    """Where a path leads: the *path* below the dialect's root, and the model it names, if any."""

    path: str
    model: str | None = None


class Frame(NamedTuple):
    """Bytes of a body that may hold holes; *tokens* of the answer are complete with them."""

    text: bytes
    tokens: int = 0


class Dialect(ABC):
    """How one provider spells the protocol: paths, keys, headers, JSON, errors. Stateless.

    What is abstract every provider has in its own way. What is not has a default, by which a
    provider does as the endpoints do, whose requests and answers are OpenAI's.
    """

    kind: ClassVar[str]
    id_prefixes: ClassVar[Mapping[str, str]]
    """What the ids of answers begin with, by endpoint kind."""
    id_length: ClassVar[int]
    """How many drawn characters follow the prefix."""
    took_header: ClassVar[str] = ""
    """The header that tells how many milliseconds an answer took; empty: there is none."""
    lacks: ClassVar[frozenset[str]] = frozenset()
    """The endpoints that this provider does not have, by kind."""
    shares_paths: ClassVar[bool] = False
    """Its paths are another's too: without its prefix they are its own only where a scenario names
    it as the provider."""
    bills_end_of_turn: ClassVar[bool] = False
    """The token by which the model ends its turn is billed."""
    keeps_answers: ClassVar[bool] = False
    """Answers can be looked up by their ids, and what they cost adds up: see `Lookup.ledger`."""

    @abstractmethod
    def locate(self, path: str) -> Located | None:
        """Return where *path* leads, or None if it is not one of this provider's paths."""

    def catalogue(self, known: Catalogue) -> Catalogue:
        """Return the models that this provider has, by its own names: of those *known*."""
        return known

    @abstractmethod
    def authenticate(self, http: HttpRequest) -> str:
        """Return the API key of *http*.

        Raises:
            ApiError: There is none.

        """

    @abstractmethod
    def incorrect_key(self, key: str) -> ApiError:
        """Return the refusal of a *key* that is not valid."""

    @abstractmethod
    def quota_exceeded(self) -> ApiError:
        """Return the refusal of a key whose account has nothing left to spend."""

    def admit(self, http: HttpRequest) -> None:  # noqa: B027 - most providers refuse nothing there
        """Refuse what is wrong with *http* apart from its key, path and body, such as its query.

        Raises:
            ApiError: The provider would refuse it.

        """

    def attribution(self, http: HttpRequest) -> Mapping[str, str]:
        """Return what *http* says of the application that sends it, for the journal."""
        del http
        return {}

    def translate(self, http: HttpRequest, endpoint: str) -> Sequence[HttpRequest]:
        """Return *http* as the *endpoint* of that kind reads it, by path and body alone.

        If there are several, they are attempts: where the first is refused, or a failure replaces
        its answer, the provider itself makes the next. Their paths and keys are those of *http*.

        Raises:
            ApiError: The provider would refuse it.

        """
        del endpoint
        return (http,)

    def reword(self, error: ApiError, http: HttpRequest) -> ApiError:
        """Return the refusal of *http*, which OpenAI's words are for, in the provider's own."""
        del http
        return error

    @abstractmethod
    def unknown_path(self, http: HttpRequest) -> ApiError:
        """Return the refusal of a path that leads nowhere."""

    @abstractmethod
    def wrong_method(self, http: HttpRequest, allowed: Sequence[str]) -> ApiError:
        """Return the refusal of a method that the path does not know."""

    def adapt(self, rendered: Rendered, answer: Answer | None, draw: Draw) -> Rendered:
        """Return what an endpoint has *rendered* with the members that this provider has.

        *answer* is None where something was looked up. *draw* depends on the content alone.
        """
        del answer, draw
        return rendered

    def answer_id(self, answer: Answer, draw: Draw) -> str:
        """Return the id of *answer*: its prefix and so many drawn characters as there are."""
        return self.id_prefixes[answer.endpoint] + draw.answer_id(self.id_length)

    def cost_usd(self, answer: Answer) -> float:
        """Return what *answer* costs, by the prices of the catalogue; 0 where it has none."""
        return 0.0 if answer.usage is None else answer.model.cost_usd(*_priced(answer.usage))

    @abstractmethod
    def encode(self, rendered: Rendered, draw: Draw, *, by_token: bool) -> tuple[Frame, ...]:
        """Write *rendered* as this provider does; holes stay open.

        With *by_token*, a frame ends wherever a token does (for failures that strike there);
        else an answer is one frame. *draw* is for padding: it depends on the content alone.
        """

    @abstractmethod
    def head(self, rendered: Rendered, answer: Answer | None, draw: Draw) -> Head:
        """Return status and headers of an answer, with holes for what `stamps` fills."""

    @abstractmethod
    def request_id(self, draw: Draw) -> str:
        """Return what tells the request apart from all others."""

    @abstractmethod
    def stamps(self, draw: Draw) -> Filling:
        """Return what differs each time an answer is given, besides its ids."""

    def limit_lines(self, allowances: tuple[Allowance, ...]) -> bytes:  # noqa: ARG002 - for dialects that tell
        """Return the headers that tell what is left, where `head` could not know it yet."""
        return b""

    @abstractmethod
    def render_error(self, error: ApiError, draw: Draw) -> Timeline:
        """Return the whole timeline of a refusal."""

    # What goes wrong in the provider's own words; the defaults are what most have in common.

    host: ClassVar[str] = "api.openai.com"
    """The name that a gateway's page gives the API."""
    keep_alive: ClassVar[str] = "keep-alive"
    """The comment that keeps a stream open while nothing else is sent."""

    def rate_limited(self, reached: LimitReached) -> ApiError:
        """Return the refusal of what does not fit in a limit."""
        return refusals.rate_limited(reached)

    def overloaded(self, status: int | None = None) -> ApiError:
        """Return the refusal of a server that has too much to do; *status* replaces its own."""
        return refusals.overloaded(status)

    def content_filtered(self) -> ApiError:
        """Return the refusal of a prompt that a filter does not like."""
        return refusals.content_filtered()

    def stream_error(self, error: ApiError, chunk: Mapping[str, JsonValue]) -> bytes:  # noqa: ARG002 - for dialects that tell of errors in a chunk
        """Return the event that tells of *error* in the middle of a stream.

        Args:
            error: What happened.
            chunk: The last chunk that was sent, or one like it, for dialects that wrap errors
                in chunks.

        """
        keys = ("message", "type", "param", "code")
        body = {"error": {key: getattr(error, key) for key in keys}}
        return to_bytes(f"data: {compact(body)}\n\n")


def _priced(usage: Usage) -> tuple[int, int, int]:
    """Return the tokens of *usage* that have prices of their own: of prompt, answer and cache."""
    return usage.prompt_tokens, usage.completion_tokens, usage.cached_tokens


# --- Failure ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """Where a failure strikes: whose answer it is, what was asked, and what may be drawn.

    Attributes:
        dialect: How the provider spells things.
        draw: Of this call.
        refuse: Makes the timeline of a refusal, as this session sends it to this client.
        rule: The name of the rule that a failure belongs to.
        model: The model asked for, as the client names it; None: no model is asked.
        allowances: What the request leaves of the account's limits.

    """

    dialect: Dialect
    draw: Draw
    refuse: Callable[[ApiError], Timeline]
    rule: Callable[["Failure"], str | None]
    model: str | None = None
    allowances: tuple[Allowance, ...] = ()

    def rng(self, purpose: str) -> Random:
        """Return the generator for *purpose*."""
        return self.draw.rng(purpose)


@dataclass(frozen=True, slots=True)
class Distorted:
    """What a failure made of a timeline, and whether it found anything to act on."""

    timeline: Timeline
    had_effect: bool = True


MomentWord = Literal["before_headers", "after_headers", "after_tokens", "after_bytes", "end"]
MOMENTS: Final[tuple[MomentWord, ...]] = get_args(MomentWord)
IN_THE_BODY: Final = MOMENTS[1:]
"""The moments that have headers before them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure(ABC):
    """Something that goes wrong: kind, moment, trigger. Its fields are the keys of any failure.

    Attributes:
        at: The moment, by name.
        after_tokens: The moment, as so many tokens of the answer (of all choices, as sent).
        after_bytes: The moment, as so many bytes of the body.
        times: Only the first n calls fail.
        every: Only each n-th call fails.
        calls: Only these calls fail, counted from 1.
        probability: A call fails with this probability, drawn from the seed and the request.
        window_s: Only calls fail that come from the first second of session time on and before
            the second one, which may be null: for ever.
        delay_ms: How long nothing happens before the failure strikes.
        scale: Its times are session time, which may run faster; else they are real.

    """

    kind: ClassVar[str]
    default_moment: ClassVar[Moment | None] = BeforeHeaders()
    """When the failure strikes unless told otherwise; None: it bends the whole answer."""
    moments: ClassVar[tuple[MomentWord, ...]] = MOMENTS
    """The moments that a scenario may state; none where the failure bends the whole answer."""

    at: Literal["before_headers", "after_headers", "end"] | None = None
    after_tokens: int | None = None
    after_bytes: int | None = None
    times: int | None = None
    every: int | None = None
    calls: tuple[int, ...] | None = None
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
        if self.delay_ms and self.default_moment is None:
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
        """Whether the failure strikes before headers and nothing follows it: no answer is given."""
        return isinstance(self.moment, BeforeHeaders)

    def fires(self, count: int, draw: Draw, purpose: str, now_s: float) -> bool:
        """Return whether all triggers hold for a call.

        Args:
            count: The how-manieth it is that comes by, from 1.
            draw: Of the call.
            purpose: Of the draw that `probability` makes.
            now_s: When it came, in session time.

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
        """Whether the failure may let a call pass: it has a trigger."""
        triggers = (self.times, self.every, self.calls, self.probability, self.window_s)
        return any(trigger is not None for trigger in triggers)

    bends: ClassVar[bool] = False
    """Whether it may act before the answer is rendered: on the request, or on what is answered."""

    def misread(self, request: CompletionRequest) -> CompletionRequest:
        """Return what *request* is taken for; most failures let it be what it is."""
        return request

    @abstractmethod
    def distort(self, timeline: Timeline, scene: Scene) -> Distorted:
        """Return *timeline* with the failure in it; what `replaces` gets an empty one.

        `delay_ms` is none of its business: the engine puts the pause in.
        """


def _is_within(now_s: float, window_s: tuple[float, float | None]) -> bool:
    begin, end = window_s
    return begin <= now_s and (end is None or now_s < end)


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerFailure(Failure):
    """A failure of the model: what it answers is wrong, and cut, counted and billed as it is."""

    default_moment: ClassVar[Moment | None] = None
    moments: ClassVar[tuple[MomentWord, ...]] = ()
    bends: ClassVar[bool] = True

    @abstractmethod
    def misanswer(self, choice: Choice, request: CompletionRequest, rng: Random) -> Choice:
        """Return what is answered in place of *choice*, which itself means: no effect."""

    def distort(self, timeline: Timeline, scene: Scene) -> Distorted:  # noqa: ARG002 - the answer was bent before
        """Leave *timeline* as it is: it holds the wrong answer already."""
        return Distorted(timeline, had_effect=False)


Plugin = type[Dialect] | type[Endpoint] | type[Reply] | type[Failure]
Fields = Mapping[str, Any]
