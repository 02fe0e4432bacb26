"""What a moderation model finds in a request and in its answer, if the request asks for that.

Nothing is ever found, at constant scores: which words would be flagged is nobody's to guess.

Source:
    A captured answer of gpt-5.6-terra (2026-08), and three recorded ones of gpt-5 (2026-07), one
    of them streamed.
"""

from collections.abc import Mapping
from typing import Any, Final

from mockserver.protocols.openai.requests import OpenAIRequest
from mockserver.wire.jsontext import JsonValue

Json = dict[str, JsonValue]

DEFAULT: Final = "omni-moderation-latest"
SCORES: Final[Mapping[str, float]] = {
    "harassment": 1.5e-05,
    "harassment/threatening": 2.5e-06,
    "sexual": 1.5e-06,
    "hate": 2.5e-05,
    "hate/threatening": 1.5e-06,
    "illicit": 3.5e-05,
    "illicit/violent": 2.5e-05,
    "self-harm/intent": 2.5e-06,
    "self-harm/instructions": 5.5e-07,
    "self-harm": 2.5e-06,
    "sexual/minors": 1.5e-06,
    "violence": 6.5e-06,
    "violence/graphic": 7.5e-07,
}
"""The categories, in the order of the API, with what an answer without any of them scores."""


def moderation(request: OpenAIRequest) -> Json:
    """Return the member with the findings; nothing if *request* does not ask for it."""
    asked: Mapping[str, Any] | None = request.body.get("moderation")
    if not asked:
        return {}
    found = _found(asked.get("model") or DEFAULT)
    return {"moderation": {"input": found, "output": found}}


def moderated_response(body: Mapping[str, Any]) -> Json | None:
    """Return the `moderation` of a response to *body*; None if that does not ask for it.

    Its members have another order than those of a chat (recorded, 2 of 2).
    """
    asked: Mapping[str, Any] | None = body.get("moderation")
    if not asked:
        return None
    found: Json = {
        "type": "moderation_result",
        "categories": dict.fromkeys(SCORES, False),
        "category_applied_input_types": {name: ["text"] for name in SCORES},
        "category_scores": dict(SCORES),
        "flagged": False,
        "model": asked.get("model") or DEFAULT,
    }
    return {"input": found, "output": found}


def _found(model: str) -> Json:
    result: Json = {
        "type": "moderation_result",
        "model": model,
        "flagged": False,
        "categories": dict.fromkeys(SCORES, False),
        "category_scores": dict(SCORES),
        "category_applied_input_types": {name: ["text"] for name in SCORES},
    }
    return {"type": "moderation_results", "model": model, "results": [result]}
