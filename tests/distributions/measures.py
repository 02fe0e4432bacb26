"""Something that is computed and not generated, of another distribution: how long texts are."""

from dataclasses import dataclass
from typing import ClassVar

from mockserver.contracts import (
    Answer,
    Catalogue,
    ChoicePlace,
    ComputedReply,
    ComputingEndpoint,
    Draw,
    HttpRequest,
    JsonBody,
    Mark,
    marks,
)
from mockserver.conversation import ApiError, IncomingCall, ModelRequest


class Measures(ComputingEndpoint):
    """`POST /v1/measures`: a number for each text."""

    kind = "measures"
    protocol = "measures"
    routes = (("POST", "/measures"),)
    dialects: ClassVar[frozenset[str]] = frozenset({"openai"})
    default_reply = "measure"

    def parse(self, http: HttpRequest, model: str | None, catalogue: Catalogue) -> ModelRequest:
        """Return the request in *http*."""
        body = http.json
        texts = body.get("texts")
        if not isinstance(texts, list):
            raise ApiError(400, "There are no texts.", param="texts")
        known = catalogue.resolve(model or str(body.get("model")))
        return ModelRequest(
            sent=body, model=known.id, family=known.family, inputs=tuple(map(str, texts))
        )

    def render(self, answer: Answer) -> JsonBody:
        """Return the numbers and their bill."""
        bill = answer.usage
        body = {
            "measures": list(answer.results),
            **({} if bill is None else {"cost": bill.prompt_tokens}),
        }
        return JsonBody(body, marks=(Mark(marks.USAGE, ("cost",)),))


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure(ComputedReply):
    """Answer with how long a text is, or with what is stated.

    Attributes:
        length: Stated for each text.

    """

    kind = "measure"
    computes = frozenset({"measures"})

    length: int | None = None

    def result(self, call: IncomingCall, place: ChoicePlace, draw: Draw) -> int:  # noqa: ARG002 - the text alone counts
        """Return the length of a text."""
        return len(place.prompt) if self.length is None else self.length
