"""What a client can ask for: the socket for endpoints."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from mockserver.contracts.answer import Answer
from mockserver.conversation import ModelRequest
from mockserver.models import Catalogue
from mockserver.records.ledger import Ledger
from mockserver.records.stored import StoredCompletions
from mockserver.wire.http_request import HttpRequest
from mockserver.wire.rendered import JsonBody, Rendered


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
    def parse(self, http: HttpRequest, model: str | None, catalogue: Catalogue) -> ModelRequest:
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
