"""Refusals of requests: by the gateway, or by the model's provider."""

from typing import Final

from mockserver.conversation import ApiError

BAD_REQUEST: Final = 400
NOT_FOUND: Final = 404

RELAYED: Final = "AI_APICallError"
"""The type of refusals that the gateway relays."""


def refused(message: str) -> ApiError:
    """Return the gateway's own refusal, which does not depend on the model."""
    return ApiError(BAD_REQUEST, message, layer="edge")


def relayed(message: str, status: int = BAD_REQUEST) -> ApiError:
    """Return a refusal by the model's provider, as the gateway relays it."""
    return ApiError(status, message, RELAYED, layer="edge")


def model_not_found(name: str) -> ApiError:
    """Return the refusal of a model that the gateway does not have."""
    message = f"Model '{name}' not found"
    return ApiError(NOT_FOUND, message, "model_not_found", name, layer="edge", unknown_model=name)
