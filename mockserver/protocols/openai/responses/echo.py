"""What a response repeats of its request, and what it states where the request says nothing."""

from mockserver.models import Model
from mockserver.protocols.openai.validation.values import Body
from mockserver.wire.jsontext import JsonValue


def echoed(body: Body, model: Model) -> dict[str, JsonValue]:
    """Return the members of a finished response that repeat or complete the valid *body*.

    `conversation` and `prompt` are among them only if they were requested, and `moderation` is
    as the answer states it. The keys are in the order of the API; what lies between them there is
    the caller's to place.
    """
    del body, model
    return {}


def tier_in_progress(body: Body) -> str:
    """Return the `service_tier` of a response to *body* that is not finished yet."""
    return body.get("service_tier") or "auto"
