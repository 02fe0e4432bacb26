"""The terms of an answer: the endpoint, the request, the reply and the model that answers."""

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
