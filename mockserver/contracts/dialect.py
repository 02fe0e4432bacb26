"""How a provider spells a protocol: the socket for dialects."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

from mockserver.contracts.answer import Answer
from mockserver.conversation import Allowance, ApiError, Usage
from mockserver.models import Catalogue
from mockserver.protocols.openai import refusals
from mockserver.seeding import Draw
from mockserver.traffic.limits import LimitReached
from mockserver.wire.http_request import HttpRequest
from mockserver.wire.jsontext import Filling, JsonValue, compact, to_bytes
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
