"""What a request is refused with: by the gateway, or by whoever serves the model."""

from typing import Final

from mockserver.conversation import ApiError

BAD_REQUEST: Final = 400
NOT_FOUND: Final = 404

RELAYED: Final = "AI_APICallError"
"""The type of what the gateway was itself refused, and tells on."""


def refused(message: str) -> ApiError:
    """Return the refusal of a request that is wrong in itself, whatever the model could do."""
    return ApiError(BAD_REQUEST, message, layer="edge")


def relayed(message: str, status: int = BAD_REQUEST) -> ApiError:
    """Return the refusal of whoever serves the model, as the gateway tells it on."""
    return ApiError(status, message, RELAYED, layer="edge")


def model_not_found(name: str) -> ApiError:
    """Return the refusal of a model that the gateway does not have."""
    message = f"Model '{name}' not found"
    return ApiError(NOT_FOUND, message, "model_not_found", name, layer="edge")
