"""What a client can ask for: the socket for endpoints."""

from abc import ABC, abstractmethod
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Final

from mockserver import tokens
from mockserver.contracts.answer import Answer
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
from mockserver.wire.http_request import HttpRequest
from mockserver.wire.rendered import JsonBody, Rendered

BYTES_A_TOKEN: Final = 4
"""What limiters take a token to be that do not know any protocol."""


class Endpoint(ABC):
    """What a client can ask for. Stateless; paths are relative to the dialect's root.

    *routes* are (method, path) pairs. A segment ``{name}`` of a path takes any one segment and
    hands it over by that name; ``{name...}`` at its end takes all that is left, slashes included
    (ids of models have them). What answers GET answers HEAD.
    """

    kind: ClassVar[str]
    routes: ClassVar[tuple[tuple[str, str], ...]]
    protocol: ClassVar[str] = ""
    """Whose protocol it belongs to; empty: to that of the dialects that have it."""
    dialects: ClassVar[frozenset[str]] = frozenset()
    """Dialects that have it, by kind, besides those that say so themselves. They ask it before
    endpoints of many for a path of both."""
    id_prefix: ClassVar[str] = ""
    """What the ids of its answers begin with."""
    id_length: ClassVar[int] = 24
    """How many drawn characters follow the prefix."""
    asked_in: ClassVar[tuple[str, ...]] = ()
    """The headers, in lower case, that say what is asked as path and body do."""

    @property
    def id_size(self) -> int:
        """How long the ids of its answers are."""
        return len(self.id_prefix) + self.id_length


class ModelEndpoint(Endpoint):
    """An endpoint where a model is asked: rules apply, limits are charged, tokens are billed.

    What a request costs belongs to its protocol. What is not abstract has a plain default, by
    which texts cost what they are in tokens, and a bill says that it is estimated.
    """

    default_reply: ClassVar[str]
    """The kind of reply that answers where no rule does, and that needs no keys."""

    @abstractmethod
    def parse(self, http: HttpRequest, model: str | None, catalogue: Catalogue) -> ModelRequest:
        """Return the request in *http*, found valid; *model* is set where the path names it.

        Raises:
            ApiError: The provider would refuse it.

        """

    @abstractmethod
    def render(self, answer: Answer) -> Rendered:
        """Return *answer* as the provider's JSON, members in wire order."""

    def transcript(self, body: Mapping[str, Any]) -> Transcript:
        """Return what *body*, which need not be valid, tells of a conversation.

        For those who look back at it: verdicts, reports, recordings.
        """
        del body
        return EMPTY_TRANSCRIPT

    def continued(self, request: ModelRequest, stored: StoredAnswer | None) -> ModelRequest:
        """Return *request*, which says that it continues something, with that in front of it.

        *stored* is what the session keeps by that id; None: nothing.

        Raises:
            ApiError: The provider would refuse it.

        """
        if stored is None:
            raise ApiError(404, f"There is nothing with the id '{request.continues}'.")
        said = [Turn("assistant", choice.parts) for choice in stored.choices[:1]]
        return replace(request, turns=(*stored.request.turns, *said, *request.turns))

    def charge(self, http: HttpRequest) -> Charge | None:
        """Return what *http*, which need not be valid, takes of an account's limits.

        None: nobody can read it, so that no limit is charged.
        """
        return Charge(-(-len(http.body) // BYTES_A_TOKEN))

    def bill_prompt(self, request: ModelRequest, model: Model) -> BilledPrompt:
        """Return what the input of *request* is billed as by *model*, which answers it."""
        turns = [turn.text for turn in request.turns]
        return BilledPrompt(
            _tokens_of([*request.inputs, *request.prompts, *turns], model), exact=False
        )

    def kept_members(self, request: ModelRequest, draw: Draw) -> dict[str, Any]:
        """Return what look-ups of a stored answer need of *request*, besides what all have."""
        del request, draw
        return {}


class GeneratingEndpoint(ModelEndpoint):
    """An endpoint where the model says something: choices, in tokens, within limits."""

    default_reply = "auto"

    def bill_answer(
        self,
        request: ModelRequest,
        choices: Sequence[BilledChoice],
        model: Model,
        *,
        reasoning_tokens: int = 0,
        end_of_turn: bool = False,
    ) -> Count:
        """Return what *model* is billed to have generated for *choices*, reasoning included.

        With *end_of_turn*, so is the token by which each choice ends.
        """
        del request, end_of_turn
        count = reasoning_tokens
        for choice in choices:
            count += _tokens_of([choice.text or "", choice.refusal or ""], model)
            count += sum([_tokens_of(call, model) for call in choice.calls])
        return Count(count, exact=False)

    def sayable(self, choice: Choice) -> Choice:
        """Return what the protocol can say of *choice*: one that knows texts alone has no calls."""
        return choice

    def finished_by_calls(self, request: ModelRequest, model: Model) -> FinishReason:
        """Return why an answer with tool calls ends, unless a limit ended it."""
        del request, model
        return CALLED_TOOLS

    def shaped_by(self, request: ModelRequest) -> Hashable:
        """Return what the protocol's own methods look at in *request* when a choice is shaped."""
        del request
        return None


class ComputingEndpoint(ModelEndpoint):
    """An endpoint where the model computes something for each input: vectors, scores.

    Nothing is generated: the results are the reply's (`ComputedReply`), and the bill is that of
    the input. Its `parse` puts the texts into `ModelRequest.inputs`, one for each result.
    """


def _tokens_of(texts: Iterable[str], model: Model) -> int:
    return sum([tokens.count(text, model.family.encoding) for text in texts])


@dataclass(slots=True, eq=False)
class Lookup:
    """What is asked of a lookup endpoint, and what it may know.

    Attributes:
        http: The request.
        route: The one of the endpoint's `routes` that it fits.
        parameters: What the route takes from the path, by name.
        catalogue: The models that the dialect has.
        stored: The answers that the session keeps.
        ledger: The answers that the session has given, and what they cost.
        key: What the journal calls the API key.

    """

    http: HttpRequest
    route: tuple[str, str]
    parameters: Mapping[str, str]
    catalogue: Catalogue
    stored: StoredAnswers
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
