"""What a client can request: the socket for endpoints."""

import json
from abc import ABC, abstractmethod
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Final

from mockserver import tokens
from mockserver.contracts.answer import Answer
from mockserver.contracts.heard import NOTHING_HEARD, Heard
from mockserver.conversation import (
    CALLED_TOOLS,
    EMPTY_TRANSCRIPT,
    ApiError,
    Charge,
    Choice,
    FinishReason,
    ModelRequest,
    Transcript,
    Turn,
)
from mockserver.models import Catalogue, Model
from mockserver.records.ledger import Ledger
from mockserver.records.stored import StoredAnswer, StoredAnswers
from mockserver.seeding import Draw
from mockserver.tokens import BilledChoice, BilledPrompt, Count
from mockserver.traffic.clock import Clock
from mockserver.wire.events import ServerEvent
from mockserver.wire.http_request import HttpRequest
from mockserver.wire.jsontext import Filling
from mockserver.wire.rendered import EventStream, JsonBody, Rendered

BYTES_A_TOKEN: Final = 4
"""Bytes counted as one token by a limiter that knows no protocol."""


class Endpoint(ABC):
    """Something that a client can request. Stateless; paths are relative to the dialect's root.

    *routes* are (method, path) pairs. ``{name}`` in a path matches any one segment and passes it
    on under that name; ``{name...}`` at the end matches all that is left, slashes included
    (model ids contain them). A route for GET also answers HEAD.
    """

    kind: ClassVar[str]
    routes: ClassVar[tuple[tuple[str, str], ...]]
    protocol: ClassVar[str] = ""
    """The protocol that it belongs to; empty: that of the dialects that have it."""
    dialects: ClassVar[frozenset[str]] = frozenset()
    """The kinds of dialects that have it, besides those that list it in `Dialect.has`. On a
    path of both, it goes before an endpoint that names none."""
    id_prefix: ClassVar[str] = ""
    """The prefix of its answers' ids."""
    id_length: ClassVar[int] = 24
    """How many drawn characters follow the prefix."""
    asked_in: ClassVar[tuple[str, ...]] = ()
    """The headers, in lower case, that are part of the request like its path and body."""

    @property
    def id_size(self) -> int:
        """The length of its answers' ids."""
        return len(self.id_prefix) + self.id_length

    def answer_id(self, answer: Answer, draw: Draw) -> str:
        """Return the id of *answer*, of the length `id_size`."""
        del answer
        return self.id_prefix + draw.answer_id(self.id_length)


class ModelEndpoint(Endpoint):
    """An endpoint where a model answers: rules apply, limits are charged, tokens are billed.

    What a request costs depends on its protocol. By default, the tokens of the texts are
    counted, and the bill is marked as estimated.
    """

    default_reply: ClassVar[str]
    """The kind of reply that answers if no rule does. It must work without keys."""
    ends_apart: ClassVar[frozenset[FinishReason]] = frozenset({"stop"})
    """The finish reasons that `render` shows apart from the text, whose last piece is then like the
    others: such texts may be holes, where `shown_by` allows it."""
    keeps_sent: ClassVar[bool] = False
    """What is kept of an answer for look-ups includes the very bytes that went out."""

    @abstractmethod
    def parse(self, http: HttpRequest, model: str | None, catalogue: Catalogue) -> ModelRequest:
        """Return the request in *http*, validated; *model* is set if the path names it.

        Raises:
            ApiError: The provider would refuse it.

        """

    @abstractmethod
    def render(self, answer: Answer) -> Rendered:
        """Return *answer* as the provider's JSON, with members in wire order."""

    def stated(self, rendered: Rendered, answer: Answer) -> Rendered:
        """Return *rendered*, as it goes out, with the members that the reply of *answer* states.

        By default all of them belong to the body, or to each event of a stream.
        """
        assert answer.stated is not None
        members = answer.stated.members
        if isinstance(rendered, JsonBody):
            return JsonBody({**rendered.value, **members}, rendered.layer, rendered.marks)
        chunks = [chunk._replace(value={**chunk.value, **members}) for chunk in rendered.chunks]
        return EventStream(chunks, rendered.content_type, rendered.obfuscated, rendered.end)

    def shown_by(self, request: ModelRequest) -> Hashable:
        """Return all that `render` shows of *request*, besides the model's name.

        None: too much to say, so that each answer is rendered by itself. Otherwise an answer is
        rendered once for all requests alike in this, and the text of each choice may be a hole
        (`TEXT_HOLE`). A hole has one piece, which is poured as often as the text has pieces.
        """
        del request
        return None

    def transcript(self, body: Mapping[str, Any]) -> Transcript:
        """Return the conversation in *body*, which need not be valid.

        Verdicts, reports and recordings use it.
        """
        del body
        return EMPTY_TRANSCRIPT

    def heard(self, sent: Mapping[str, Any], body: Any, events: Sequence[ServerEvent]) -> Heard:
        """Return what an answer to *sent* says that this server did not make.

        It is the JSON *body*, or the *events* of a stream. Neither need be valid: what cannot be
        read is left out. By default nothing can.
        """
        del sent, body, events
        return NOTHING_HEARD

    def continued(self, request: ModelRequest, stored: StoredAnswers) -> ModelRequest:
        """Return *request* with what it continues, and whatever else it refers to, in its place.

        *stored* is what the session keeps. By default, the stored answer that it continues comes
        before its turns.

        Raises:
            ApiError: The provider would refuse it.

        """
        before = None if request.continues is None else stored.get(request.continues)
        if before is None:
            raise ApiError(404, f"No stored answer has the id '{request.continues}'.")
        answered = [Turn("assistant", choice.parts) for choice in before.choices[:1]]
        return replace(request, turns=(*before.request.turns, *answered, *request.turns))

    def charge(self, http: HttpRequest) -> Charge | None:
        """Return what *http*, which need not be valid, takes of an account's limits.

        None: it is unreadable, and no limit is charged.
        """
        return Charge(-(-len(http.body) // BYTES_A_TOKEN))

    def bill_prompt(self, request: ModelRequest, model: Model) -> BilledPrompt:
        """Return the bill for the input of *request*; *model* is the one that answers."""
        turns = [turn.text for turn in request.turns]
        return BilledPrompt(
            _tokens_of([*request.inputs, *request.prompts, *turns], model), exact=False
        )

    def prompt_blocks(self, request: ModelRequest, model: Model) -> tuple[bytes, ...]:
        """Return a digest for each block of *request*'s prompt that *model*'s provider may cache.

        Each is one of all that is up to the end of its block (`tokens.prompt_blocks`).
        """
        del request, model
        return ()

    def kept_members(self, request: ModelRequest, draw: Draw) -> dict[str, Any]:
        """Return what look-ups of the stored answer need of *request*, besides what all need."""
        del request, draw
        return {}

    def kept(self, answer: StoredAnswer, stored: StoredAnswers) -> None:
        """Enter *answer*, which *stored* keeps from now on, wherever else it belongs."""

    def unsent_tokens(self, answer: Answer) -> int:
        """Return how many tokens *answer* takes the time of, though its body has nothing of them.

        In a stream, events carry them (`Chunk.tokens`).
        """
        del answer
        return 0

    def not_kept(self, identity: str, stored: StoredAnswers) -> None:
        """Enter in *stored* that an answer goes out as *identity*, and is not kept."""

    def drawn(self, answer: Answer, identity: str, draw: Draw) -> Filling:
        """Return what fills the holes of *answer*, which goes out as *identity*, besides its id.

        *draw* is another one each time that the same answer goes out.
        """
        del answer, identity, draw
        return {}

    def acknowledged(self, request: ModelRequest, body: bytes) -> JsonBody:
        """Return what goes out at once in the place of *body*, an answer that comes later."""
        del request
        return JsonBody(json.loads(body))


class GeneratingEndpoint(ModelEndpoint):
    """An endpoint where the model generates choices, in tokens, within limits."""

    default_reply = "auto"
    speaks: ClassVar[bool] = False
    """It can send what is said aloud; elsewhere that is sent as a text."""
    sends_items: ClassVar[bool] = False
    """It can send the items of a reply that only one protocol has; elsewhere they are left out."""

    def bill_answer(
        self,
        request: ModelRequest,
        choices: Sequence[BilledChoice],
        model: Model,
        *,
        reasoning_tokens: int = 0,
        end_of_turn: bool = False,
    ) -> Count:
        """Return the tokens billed as generated by *model* for *choices*, reasoning included.

        With *end_of_turn*, the token that ends each choice is billed too.
        """
        del request, end_of_turn
        count = reasoning_tokens
        for choice in choices:
            count += _tokens_of([choice.text or "", choice.refusal or ""], model)
            count += sum([_tokens_of(call, model) for call in choice.calls])
        return Count(count, exact=False)

    def sayable(self, choice: Choice) -> Choice:
        """Return *choice* without what the protocol cannot express, such as tool calls."""
        return choice

    def finished_by_calls(self, request: ModelRequest, model: Model) -> FinishReason:
        """Return the finish reason of an answer with tool calls that no limit ended."""
        del request, model
        return CALLED_TOOLS

    def shaped_by(self, request: ModelRequest) -> Hashable:
        """Return all of *request* that the protocol's own methods use to shape and bill choices.

        None: too much to say, so that choices are shaped and billed for each request.
        """
        del request
        return None


class ComputingEndpoint(ModelEndpoint):
    """An endpoint where the model computes something for each input: vectors, scores.

    Nothing is generated: the results come from the reply (`ComputedReply`), and only the input
    is billed. `parse` puts the texts into `ModelRequest.inputs`, one for each result.
    """


def _tokens_of(texts: Iterable[str], model: Model) -> int:
    return sum([tokens.count(text, model.family.encoding) for text in texts])


@dataclass(slots=True, eq=False)
class Lookup:
    """A request to a lookup endpoint, with the data to answer it from.

    Attributes:
        http: The request.
        route: The one of the endpoint's `routes` that matched.
        parameters: The values of the route's placeholders, by name.
        catalogue: The models that the dialect has.
        stored: The answers that the session keeps.
        ledger: The answers that the session has given, and their costs.
        key: The API key as it appears in the journal.
        clock: The session's clock.
        draw: What is drawn for this request.

    """

    http: HttpRequest
    route: tuple[str, str]
    parameters: Mapping[str, str]
    catalogue: Catalogue
    stored: StoredAnswers
    ledger: Ledger
    key: str
    clock: Clock
    draw: Draw


class LookupEndpoint(Endpoint):
    """An endpoint that returns facts. Rules apply only if they name it."""

    @abstractmethod
    def look_up(self, lookup: Lookup) -> Rendered:
        """Return the answer.

        Raises:
            ApiError: The provider would refuse it.

        """
