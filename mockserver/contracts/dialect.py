"""How a provider spells a protocol: the socket for dialects."""

from abc import ABC, abstractmethod
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

from mockserver.contracts.answer import Answer
from mockserver.contracts.endpoint import Endpoint
from mockserver.conversation import Allowance, ApiError, Usage
from mockserver.models import Catalogue, Model
from mockserver.seeding import Draw
from mockserver.traffic.limits import LimitReached
from mockserver.wire.http_request import HttpRequest
from mockserver.wire.jsontext import Filling, JsonValue
from mockserver.wire.moulds import Mould, Part
from mockserver.wire.rendered import Rendered
from mockserver.wire.timeline import Head, Timeline


@dataclass(frozen=True, slots=True)
class Located:
    """The *path* below the dialect's root, and the model that it names, if any."""

    path: str
    model: str | None = None


class Attempt(NamedTuple):
    """A request as an endpoint reads it: *http*, of which only path and body count.

    *sent* is the JSON that the client sent, if *http* has another body; conditions and
    templates use *sent*.
    """

    http: HttpRequest
    sent: Mapping[str, Any] | None = None


class Dialect(ABC):
    """How one provider spells a protocol: paths, keys, headers, JSON, errors. Stateless.

    Every provider implements the abstract methods in its own way; the defaults of the others
    leave everything as the endpoints have it. For a provider compatible with OpenAI, subclass
    `mockserver.protocols.openai.compatible.OpenAICompatible`.
    """

    kind: ClassVar[str]
    title: ClassVar[str] = ""
    """The provider's name in hints, such as "OpenAI"; empty: its kind."""
    key_form: ClassVar[str] = "authorization: Bearer KEY"
    """The header that a key comes in, for the hint on requests without one."""
    names_deployments: ClassVar[bool] = False
    """What requests name is not a model, but a deployment, which customers name as they like."""
    has: ClassVar[frozenset[str]] = frozenset()
    """The kinds of its endpoints, besides those that list it in `Endpoint.dialects`."""
    lacks: ClassVar[frozenset[str]] = frozenset()
    """How paths below its root begin that the provider has, and that nothing here answers."""
    protocols: ClassVar[frozenset[str]] = frozenset()
    """The protocols that it spells in its own way: it translates their requests, adapts their
    answers and gives them their ids. Other protocols pass unchanged."""
    id_prefix: ClassVar[str | None] = None
    """The prefix of its answers' ids; None: the endpoint's."""
    id_length: ClassVar[int | None] = None
    """How many drawn characters follow the prefix; None: as many as for the endpoint."""
    took_header: ClassVar[str] = ""
    """The header with the milliseconds that an answer took; empty: none."""
    shares_paths: ClassVar[bool] = False
    """Another dialect has the same paths: without its prefix, they belong to this one only if a
    scenario names it as the provider."""
    bills_end_of_turn: ClassVar[bool] = False
    """The token that ends the model's turn is billed."""
    keeps_answers: ClassVar[bool] = False
    """Answers can be looked up by id, and their costs add up: see `Lookup.ledger`."""
    host: ClassVar[str] = "api.example.com"
    """The host name of the API on the error pages of gateways."""
    keep_alive: ClassVar[str] = "keep-alive"
    """The comment that keeps a stream open while nothing else is sent."""
    interjects: ClassVar[bool] = False
    """Something comes between the events of its streams; `interject` puts it there."""

    @abstractmethod
    def locate(self, path: str) -> Located | None:
        """Return *path* as `Located`, or None if it is not a path of this provider."""

    def bases(self) -> Sequence[str]:
        """Return the paths that base URLs of its clients end in, the usual one first; for hints."""
        return ()

    def catalogue(self, known: Catalogue) -> Catalogue:
        """Return those of the *known* models that this provider has, under its own names."""
        return known

    @abstractmethod
    def authenticate(self, http: HttpRequest) -> str:
        """Return the API key of *http*.

        Raises:
            ApiError: It has none.

        """

    @abstractmethod
    def incorrect_key(self, key: str) -> ApiError:
        """Return the refusal of an invalid *key*."""

    @abstractmethod
    def quota_exceeded(self) -> ApiError:
        """Return the refusal of a key whose account has no credit left."""

    def admit(self, http: HttpRequest) -> None:  # noqa: B027 - most providers refuse nothing here
        """Refuse errors in *http* outside its key, path and body, such as in its query.

        Raises:
            ApiError: The provider would refuse it.

        """

    def admit_to(self, http: HttpRequest, model: Model) -> None:  # noqa: B027 - as above
        """Refuse what *http* asks of *model*, which its path names, before its body is checked.

        Raises:
            ApiError: The provider would refuse it.

        """

    def attribution(self, http: HttpRequest) -> Mapping[str, str]:
        """Return what *http* states about the application that sends it, for the journal."""
        del http
        return {}

    def translate(self, http: HttpRequest, endpoint: str) -> Sequence[Attempt]:
        """Return *http* as the *endpoint* of that kind reads it.

        Several attempts are the provider's own fallbacks: it makes the next if one is refused or
        a failure replaces its answer. All have the path and key of *http*.

        Raises:
            ApiError: The provider would refuse it.

        """
        del endpoint
        return (Attempt(http),)

    def reword(self, error: ApiError, http: HttpRequest) -> ApiError:
        """Return *error* in the provider's own words.

        It is the refusal of *http* in the endpoint's words, or that of its key.
        """
        del http
        return error

    @abstractmethod
    def unknown_path(self, http: HttpRequest) -> ApiError:
        """Return the refusal of an unknown path."""

    @abstractmethod
    def wrong_method(self, http: HttpRequest, allowed: Sequence[str]) -> ApiError:
        """Return the refusal of a method other than those *allowed* on the path."""

    def adapt(self, rendered: Rendered, answer: Answer | None, draw: Draw) -> Rendered:
        """Return *rendered*, as the endpoint made it, with this provider's own members.

        *answer* is None for look-ups. *draw* depends on the content alone.
        """
        del answer, draw
        return rendered

    def spelled_by(self, answer: Answer) -> Hashable:
        """Return all of *answer*'s request that `adapt` and `head` use, besides the model's name.

        None: too much to say, or something is drawn, so that each answer is adapted by itself.
        Otherwise what differs between requests alike in this is in holes that `particulars`
        fills, and *draw* is not used.
        """
        del answer
        return None

    def particulars(self, answer: Answer, draw: Draw) -> Filling:
        """Return what fills the holes of `adapt` and `head`, by what is drawn for the content.

        Those of a body that is padded, or states its length, are as long as their values.
        """
        del answer, draw
        return {}

    def remarks(self, answer: Answer) -> tuple[str, ...]:
        """Return what the journal notes on *answer*: what the provider has and this one lacks."""
        del answer
        return ()

    def spells(self, endpoint: Endpoint) -> bool:
        """Return whether *endpoint* belongs to one of its protocols, or to none in particular."""
        return not endpoint.protocol or endpoint.protocol in self.protocols

    def id_size(self, endpoint: Endpoint) -> int:
        """Return the length of the ids of *endpoint*'s answers."""
        prefix = endpoint.id_prefix if self.id_prefix is None else self.id_prefix
        length = endpoint.id_length if self.id_length is None else self.id_length
        return len(prefix) + length

    def answer_id(self, answer: Answer, endpoint: Endpoint, draw: Draw) -> str:
        """Return the id of *answer*, of the length that `id_size` returns."""
        if self.id_prefix is None and self.id_length is None:
            return endpoint.answer_id(answer, draw)
        prefix = endpoint.id_prefix if self.id_prefix is None else self.id_prefix
        length = endpoint.id_length if self.id_length is None else self.id_length
        return prefix + draw.answer_id(length)

    def cost_usd(self, answer: Answer) -> float:
        """Return the cost of *answer*: as stated, or by the catalogue's prices; 0: no price."""
        usage = answer.usage
        if usage is None:
            return 0.0
        return answer.model.cost_usd(*_priced(usage)) if usage.cost is None else usage.cost

    @abstractmethod
    def encode(self, rendered: Rendered, *, by_token: bool) -> tuple[Mould, ...]:
        """Return *rendered* as text in this provider's form; holes stay open.

        With *by_token*, a mould of a body ends after each token, for failures that strike there.
        """

    def interject(self, parts: Sequence[Part], draw: Draw) -> Sequence[Part]:
        """Return the *parts* of a stream, an event each, with what comes between them.

        *draw* depends on the content alone.
        """
        del draw
        return parts

    @abstractmethod
    def head(self, rendered: Rendered, answer: Answer | None, draw: Draw) -> Head:
        """Return status and headers of an answer, with holes that `stamps` fills."""

    @abstractmethod
    def request_id(self, draw: Draw) -> str:
        """Return the unique id of the request."""

    @abstractmethod
    def stamps(self, draw: Draw) -> Filling:
        """Return what differs each time an answer is sent, other than its ids."""

    def limit_lines(self, allowances: tuple[Allowance, ...]) -> bytes:  # noqa: ARG002 - for dialects that have them
        """Return the headers with what limits have left, if `head` could not know it yet."""
        return b""

    def printed(self, error: ApiError, http: HttpRequest) -> ApiError:
        """Return *error*, the refusal of *http*, as one of the layer that prints it there."""
        del http
        return error

    def error_code(self, body: Any) -> str | None:
        """Return the code of the refusal *body*, JSON that this server did not make, if it has one.

        It need not be valid.
        """
        del body
        return None

    @abstractmethod
    def render_error(self, error: ApiError, draw: Draw) -> Timeline:
        """Return the whole timeline of a refusal."""

    # --- errors, in the provider's own words ---

    @abstractmethod
    def rate_limited(self, reached: LimitReached) -> ApiError:
        """Return the refusal of a request that exceeds a limit."""

    @abstractmethod
    def overloaded(self, status: int | None = None) -> ApiError:
        """Return the refusal by an overloaded server; *status* replaces the usual one."""

    @abstractmethod
    def content_filtered(self) -> ApiError:
        """Return the refusal of a prompt by a content filter."""

    @abstractmethod
    def failed(self, status: int) -> ApiError:
        """Return the error for *status* when nothing else is known about it."""

    @abstractmethod
    def broke_off(self) -> ApiError:
        """Return the error of a stream that breaks off."""

    @abstractmethod
    def stream_error(
        self, error: ApiError, nearest: Sequence[Mapping[str, JsonValue]], shape: str | None
    ) -> bytes | None:
        """Return what reports *error* in the middle of a stream, and ends it.

        None: the stream has no such *shape*.

        Args:
            error: What happened.
            nearest: The JSON of the stream's events, nearest first, for dialects that wrap
                errors in chunks.
            shape: The form that the scenario states; None: the provider's own.

        """

    def empty_event(
        self, nearest: Sequence[Mapping[str, JsonValue]], shape: str | None
    ) -> bytes | None:
        """Return an event like the *nearest* without any of the answer; None: there is none."""
        del nearest, shape
        return None


def _priced(usage: Usage) -> tuple[int, int, int]:
    """Return the tokens of *usage* that have separate prices: prompt, answer and cache."""
    return usage.prompt_tokens, usage.completion_tokens, usage.cached_tokens
