"""`POST /v1/moderations`: scores for what is not wanted in texts and images.

Two generations of models answer: `omni-moderation-*`, which see images, and `text-moderation-*`.
Forms and key orders are those of api.openai.com, as recorded from 2024-03 to 2026-08.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Final

from mockserver.contracts import Answer, ComputingEndpoint, Heard, Hole
from mockserver.conversation import ApiError, Findings, ModelRequest, Transcript
from mockserver.models import Catalogue, Model
from mockserver.protocols.openai import validation
from mockserver.protocols.openai.computed_hearing import findings_heard
from mockserver.protocols.openai.transcript import inputs
from mockserver.tokens import BilledPrompt
from mockserver.wire.events import ServerEvent
from mockserver.wire.http_request import HttpRequest
from mockserver.wire.jsontext import JsonText, JsonValue
from mockserver.wire.rendered import JsonBody

Json = dict[str, JsonValue]

DEFAULT_MODEL: Final = "omni-moderation-latest"
OF_OMNI: Final = (
    *("harassment", "harassment/threatening", "sexual", "hate", "hate/threatening", "illicit"),
    *("illicit/violent", "self-harm/intent", "self-harm/instructions", "self-harm"),
    *("sexual/minors", "violence", "violence/graphic"),
)
OF_TEXT: Final = (
    *("sexual", "hate", "harassment", "self-harm", "sexual/minors", "hate/threatening"),
    *("violence/graphic", "self-harm/intent", "self-harm/instructions"),
    *("harassment/threatening", "violence"),
)
"""The categories of the two generations, in their order."""
OF_IMAGES: Final = frozenset(
    {
        *("sexual", "violence", "violence/graphic", "self-harm", "self-harm/intent"),
        "self-harm/instructions",
    }
)
"""The categories that images are judged by."""
FOUR_DIGITS: Final = range(1_000, 10_000)


@dataclass(slots=True, kw_only=True, eq=False)
class ModerationRequest(ModelRequest):
    """A request for moderation; *kinds* are the kinds of input that are in it."""

    kinds: tuple[str, ...]


class Moderations(ComputingEndpoint):
    """What a moderation model finds in texts, and in images."""

    kind = "moderations"
    protocol: ClassVar[str] = "openai"
    id_prefix = "modr-"
    id_length: ClassVar[int] = 29
    routes = (("POST", "/moderations"),)
    default_reply = "moderation"

    def parse(
        self, http: HttpRequest, model: str | None, catalogue: Catalogue
    ) -> ModerationRequest:
        """Return the request in *http*, validated."""
        body = validation.read_body(http)
        asked = body if body.get("model") is not None else {**body, "model": DEFAULT_MODEL}
        known = validation.find_model(asked, catalogue, "moderations", model)
        try:
            moderated = validation.read_moderated(body, known)
        except ApiError as error:
            raise replace(error, layer="moderation") from None
        return ModerationRequest(
            sent=body,
            model=known.id,
            family=known.family,
            inputs=moderated.texts,
            kinds=moderated.kinds,
        )

    def transcript(self, body: Mapping[str, Any]) -> Transcript:
        """Return the texts in *body*, valid or not."""
        return inputs(body)

    def bill_prompt(self, request: ModelRequest, model: Model) -> BilledPrompt:
        """Return nothing: moderation is free, and answers have no bill."""
        del request, model
        return BilledPrompt(0, exact=True)

    def heard(self, sent: Mapping[str, Any], body: Any, events: Sequence[ServerEvent]) -> Heard:
        """Return what an answer says that this server did not make."""
        del sent, events
        return findings_heard(body)

    def render(self, answer: Answer) -> JsonBody:
        """Return what was found, a result for each text, or one for parts."""
        request = answer.request
        assert isinstance(request, ModerationRequest)
        sees = answer.model.family.name != "text-moderation"
        identity = answer.id
        if sees and isinstance(identity, Hole):
            # Of newer models, four digits in nearly all records, which must recur.
            identity = f"{self.id_prefix}{FOUR_DIGITS[answer.dated % len(FOUR_DIGITS)]}"
        results = [_result(found, request.kinds, sees=sees) for found in answer.results]
        body: Json = {"id": identity, "model": answer.model_name, "results": results}
        return JsonBody(body, "moderation")


def _result(found: Findings, kinds: tuple[str, ...], *, sees: bool) -> Json:
    categories = OF_OMNI if sees else OF_TEXT
    applied = {
        category: [kind for kind in kinds if kind == "text" or category in OF_IMAGES]
        for category in categories
    }
    judged = {
        category: bool(applied[category]) or category in found.stated for category in categories
    }
    return {
        "flagged": bool(found.flagged.intersection(categories)),
        "categories": {category: category in found.flagged for category in categories},
        "category_scores": {
            category: _score(found.scores[category] if judged[category] else 0.0)
            for category in categories
        },
        **({"category_applied_input_types": applied} if sees else {}),
    }


def _score(score: float) -> JsonText:
    """Return *score* as this service writes it, small ones with an exponent: `1.2e-05`."""
    return JsonText(repr(float(score)))
