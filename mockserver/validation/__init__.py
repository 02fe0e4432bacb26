"""What the provider refuses, and with which words."""

import json
from collections.abc import Mapping
from typing import Any

from mockserver.conversation import ApiError
from mockserver.http_request import HttpRequest
from mockserver.models import Catalogue, Model


def read_body(http: HttpRequest) -> dict[str, Any]:
    """Return the JSON object in *http*."""
    body: dict[str, Any] = json.loads(http.body)
    return body


def find_model(
    body: Mapping[str, Any], catalogue: Catalogue, mode: str, model_in_path: str | None = None
) -> Model:
    """Return the model that *body* asks for."""
    model = catalogue.get(model_in_path or body["model"])
    if model is None:
        raise ApiError(
            404,
            f"The model `{body['model']}` does not exist or you do not have access to it.",
            code="model_not_found",
            layer="edge",
        )
    return model


def check_chat(body: Mapping[str, Any], model: Model) -> None:
    """Refuse what chat refuses."""


def check_completion(body: Mapping[str, Any], model: Model) -> None:
    """Refuse what completions refuses."""


def check_context(body: Mapping[str, Any], model: Model, prompt_tokens: int) -> None:
    """Refuse what is too long."""
