from collections.abc import Callable
from typing import Any

import pytest

from mockserver.conversation import ApiError
from mockserver.models import Catalogue
from mockserver.protocols.openai.responses.validation import check_responses, find_model

Fault = tuple[str | None, str | int | None, str]
"""Param, code and message of a refusal with status 400."""

Refusal = Callable[..., Fault | None]


@pytest.fixture
def fault() -> Refusal:
    """Ask *model* with a short input and *members*; a member of `...` is left out."""

    def ask(model: Any = "gpt-5.6-terra", **members: Any) -> Fault | None:
        body = {"model": model, "input": "ping", **members}
        body = {key: value for key, value in body.items() if value is not ...}
        try:
            check_responses(body, find_model(body, Catalogue()))
        except ApiError as error:
            refused = (error.status, error.type, error.layer)
            assert refused == (400, "invalid_request_error", "responses")
            return error.param, error.code, error.message
        return None

    return ask
