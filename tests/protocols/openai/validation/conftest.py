from collections.abc import Callable
from typing import Any

import pytest

from mockserver.conversation import ApiError
from mockserver.models import Catalogue
from mockserver.protocols.openai.validation import check_chat, check_completion

Fault = tuple[str | None, str | None, str]
"""Param, code and message of a refusal with status 400."""

Refusal = Callable[..., Fault | None]


def fault_of(error: ApiError) -> Fault:
    assert (error.status, error.type, error.layer) == (400, "invalid_request_error", "api")
    return error.param, error.code, error.message


@pytest.fixture
def chat_fault() -> Refusal:
    """Ask *model* with a short conversation and *members*; a member of `...` is left out."""

    def ask(model: str = "gpt-4o-mini", **members: Any) -> Fault | None:
        body = {"model": model, "messages": [{"role": "user", "content": "ping"}], **members}
        return _fault(check_chat, {k: v for k, v in body.items() if v is not ...}, model)

    return ask


@pytest.fixture
def completion_fault() -> Refusal:
    """Ask *model* to complete a short prompt, with *members*; one of `...` is left out."""

    def ask(model: str = "gpt-3.5-turbo-instruct", **members: Any) -> Fault | None:
        body = {"model": model, "prompt": "ping", **members}
        return _fault(check_completion, {k: v for k, v in body.items() if v is not ...}, model)

    return ask


def _fault(check: Callable[..., None], body: dict[str, Any], model: str) -> Fault | None:
    found = Catalogue(any_model=True).get(model)
    assert found is not None
    try:
        check(body, found)
    except ApiError as error:
        return fault_of(error)
    return None
