"""The model answers with nothing, as if it were done."""

from dataclasses import dataclass
from random import Random
from typing import Literal

from mockserver.contracts import AnswerFailure
from mockserver.conversation import Choice, ModelRequest, Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Empty(AnswerFailure):
    """Answer with an empty text and this *finish_reason*."""

    kind = "empty"

    finish_reason: Literal["stop", "length", "content_filter"] = "stop"

    def misanswer(self, choice: Choice, request: ModelRequest, rng: Random) -> Choice:  # noqa: ARG002 - nothing is nothing
        """Return an empty answer."""
        return Choice((Text(""),), self.finish_reason)
