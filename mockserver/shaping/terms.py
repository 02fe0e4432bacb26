"""The terms of an answer: the endpoint, the request, the reply and the model that answers."""

import re
from dataclasses import dataclass
from typing import Final

from mockserver.contracts import MOST_TOKENS, GeneratingEndpoint, Reply
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
    def bills_end_of_turn(self) -> bool:
        """Whether the token that ends the model's turn is billed.

        Where it is, then since the answers name a dated snapshot: those of Azure that name a
        model alone are older (0 of 15 distinct answers, 86 of 87 with a date).
        """
        if not self.request.bills_end_of_turn:
            return False
        return _DATED.search(self.reply.model or self.model.answers_as) is not None

    @property
    def choices(self) -> int:
        """How many choices the answer has."""
        if self.reply.exact:
            return self.reply.written
        return self.request.n * (len(self.request.prompts) or 1)

    @property
    def most_tokens(self) -> int:
        """The most tokens of all choices together; one with log-probabilities counts for more."""
        logprobs = self.request.logprobs
        return MOST_TOKENS if logprobs is None else MOST_TOKENS // (2 + logprobs)

    @property
    def share(self) -> int:
        """What each choice has of the most tokens, where all together would have more."""
        return max(self.most_tokens // self.choices, 1)


_DATED: Final = re.compile(r"\d{4}-\d\d-\d\d")
