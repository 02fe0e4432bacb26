"""The terms of an answer: the endpoint, the request, the reply and the model that answers."""

from collections.abc import Hashable
from dataclasses import dataclass

from mockserver.contracts import GeneratingEndpoint, Reply
from mockserver.conversation import ModelRequest
from mockserver.models import Model


@dataclass(slots=True, eq=False)
class Terms:
    """The terms of one answer. *model* is the one that answers, whichever was asked for."""

    endpoint: GeneratingEndpoint
    request: ModelRequest
    reply: Reply
    model: Model

    @property
    def shaped_by(self) -> Hashable:
        """All that decides how a choice is shaped, but for the reply that writes it."""
        request = self.request
        return (
            self.endpoint.kind,
            self.model.id,
            request.stop,
            request.tool_choice.forced is None,
            self.endpoint.shaped_by(request),
        )
