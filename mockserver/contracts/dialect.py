"""How a provider spells a protocol: the socket for dialects."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

from mockserver.contracts.answer import Answer
from mockserver.contracts.endpoint import Endpoint
from mockserver.conversation import Allowance, ApiError, Usage
from mockserver.models import Catalogue
from mockserver.seeding import Draw
from mockserver.traffic.limits import LimitReached
from mockserver.wire.http_request import HttpRequest
from mockserver.wire.jsontext import Filling, JsonValue
from mockserver.wire.rendered import Frame, Rendered
from mockserver.wire.timeline import Head, Timeline


@dataclass(frozen=True, slots=True)
class Located:
    """Where a path leads: the *path* below the dialect's root, and the model it names, if any."""

    path: str
    model: str | None = None


class Attempt(NamedTuple):
    """A request as an endpoint reads it: *http*, by path and body alone.

    *sent* is the JSON that the client sent, where *http* has another body; conditions and
    templates look into that.
    """

    http: HttpRequest
    sent: Mapping[str, Any] | None = None


class Dialect(ABC):
    """How one provider spells what it is asked: paths, keys, headers, JSON, errors. Stateless.

    What is abstract every provider has in its own way. What is not has a default, by which a
    provider does as its endpoints do. One that is compatible with OpenAI begins as
    `mockserver.protocols.openai.compatible.OpenAICompatible`.
    """

    kind: ClassVar[str]
    has: ClassVar[frozenset[str]] = frozenset()
    """The endpoints that it has, by kind, besides those that name it themselves."""
    protocols: ClassVar[frozenset[str]] = frozenset()
    """The protocols that it spells in its own way: it translates their requests, and adapts and
    names their answers. Those of other protocols pass as they are."""
    id_prefix: ClassVar[str | None] = None
    """What the ids of its answers begin with; None: what their endpoint says."""
    id_length: ClassVar[int | None] = None
    """How many drawn characters follow the prefix; None: as many as the endpoint says."""
    took_header: ClassVar[str] = ""
    """The header that states how many milliseconds an answer took; empty: there is none."""
    shares_paths: ClassVar[bool] = False
    """Its paths are another's too: without its prefix they are its own only where a scenario names
    it as the provider."""
    bills_end_of_turn: ClassVar[bool] = False
    """The token by which the model ends its turn is billed."""
    keeps_answers: ClassVar[bool] = False
    """Answers can be looked up by their ids, and what they cost adds up: see `Lookup.ledger`."""
    host: ClassVar[str] = "api.example.com"
    """The name that a gateway's page gives the API."""
    keep_alive: ClassVar[str] = "keep-alive"
    """The comment that keeps a stream open while nothing else is sent."""

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

    def translate(self, http: HttpRequest, endpoint: str) -> Sequence[Attempt]:
        """Return *http* as the *endpoint* of that kind reads it.

        If there are several, they are attempts: where the first is refused, or a failure replaces
        its answer, the provider itself makes the next. Their paths and keys are those of *http*.

        Raises:
            ApiError: The provider would refuse it.

        """
        del endpoint
        return (Attempt(http),)

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

    def spells(self, endpoint: Endpoint) -> bool:
        """Return whether *endpoint* is of one of its protocols, or of none in particular."""
        return not endpoint.protocol or endpoint.protocol in self.protocols

    def id_size(self, endpoint: Endpoint) -> int:
        """Return how long the ids of *endpoint*'s answers are."""
        prefix = endpoint.id_prefix if self.id_prefix is None else self.id_prefix
        length = endpoint.id_length if self.id_length is None else self.id_length
        return len(prefix) + length

    def answer_id(self, answer: Answer, endpoint: Endpoint, draw: Draw) -> str:
        """Return the id of *answer*, as long as `id_size` says."""
        del answer
        prefix = endpoint.id_prefix if self.id_prefix is None else self.id_prefix
        length = endpoint.id_length if self.id_length is None else self.id_length
        return prefix + draw.answer_id(length)

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

    # --- what goes wrong, in the provider's own words ---

    @abstractmethod
    def rate_limited(self, reached: LimitReached) -> ApiError:
        """Return the refusal of what does not fit in a limit."""

    @abstractmethod
    def overloaded(self, status: int | None = None) -> ApiError:
        """Return the refusal of a server that has too much to do; *status* replaces its own."""

    @abstractmethod
    def content_filtered(self) -> ApiError:
        """Return the refusal of a prompt that a filter does not like."""

    @abstractmethod
    def failed(self, status: int) -> ApiError:
        """Return the error that *status* says where nothing else is known of it."""

    @abstractmethod
    def broke_off(self) -> ApiError:
        """Return the error of a stream that cannot go on."""

    @abstractmethod
    def stream_error(
        self, error: ApiError, nearest: Sequence[Mapping[str, JsonValue]], shape: str | None
    ) -> bytes:
        """Return the event that reports *error* in the middle of a stream.

        Args:
            error: What happened.
            nearest: The JSON of the stream's events, the nearest first, for dialects that wrap
                errors in chunks.
            shape: How the scenario wants it written; None: in the provider's own way.

        """

    def empty_event(
        self, nearest: Sequence[Mapping[str, JsonValue]], shape: str | None
    ) -> bytes | None:
        """Return an event like the *nearest* that holds nothing of the answer; None: none does."""
        del nearest, shape
        return None


def _priced(usage: Usage) -> tuple[int, int, int]:
    """Return the tokens of *usage* that have prices of their own: of prompt, answer and cache."""
    return usage.prompt_tokens, usage.completion_tokens, usage.cached_tokens
