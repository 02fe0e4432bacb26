from typing import Any

import pytest

from mockserver.conversation import ApiError
from mockserver.models import Catalogue
from mockserver.protocols.openai.validation import find_model

NO_MODEL = "you must provide a model parameter"


def refusal(body: dict[str, Any], mode: Any, path: str | None = None) -> tuple[Any, ...]:
    with pytest.raises(ApiError) as caught:
        find_model(body, Catalogue(), mode, path)
    error = caught.value
    return error.status, error.type, error.param, error.code, error.message, error.layer


@pytest.mark.parametrize(
    "body",
    [
        pytest.param({}, id="no model"),
        pytest.param({"model": None}, id="null"),
        pytest.param({"model": ""}, id="an empty name"),
    ],
)
def test_a_request_must_name_a_model(body: dict[str, Any]) -> None:
    found = refusal(body, "chat")

    assert found == (400, "invalid_request_error", None, None, NO_MODEL, "api")


@pytest.mark.parametrize("model", [7, 1.5, True, ["gpt-4o"], {"id": "gpt-4o"}])
def test_a_model_that_is_no_string_is_no_json(model: object) -> None:
    assert refusal({"model": model}, "chat")[4].startswith("We could not parse the JSON body")


@pytest.mark.parametrize("mode", ["chat", "completions"])
def test_an_unknown_model_is_not_found_at_the_edge(mode: str) -> None:
    assert refusal({"model": "gpt-5.2-proo"}, mode) == (
        404,
        "invalid_request_error",
        None,
        "model_not_found",
        "The model `gpt-5.2-proo` does not exist or you do not have access to it.",
        "edge",
    )


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("gpt-4o\r\nset-cookie: a=b", id="a line end"),
        pytest.param("\0q", id="a NUL"),
        pytest.param("gpt\N{NO-BREAK SPACE}4o", id="a blank that is no space"),
    ],
)
def test_a_name_that_cannot_be_printed_is_nobodys(name: str) -> None:
    assert Catalogue(any_model=True).get(name) is None


def test_a_legacy_model_does_not_chat() -> None:
    assert refusal({"model": "gpt-3.5-turbo-instruct"}, "chat") == (
        404,
        "invalid_request_error",
        "model",
        None,
        (
            "This is not a chat model and thus not supported in the v1/chat/completions endpoint. "
            "Did you mean to use v1/completions?"
        ),
        "api",
    )


def test_a_chat_model_does_not_complete() -> None:
    assert refusal({"model": "gpt-3.5-turbo"}, "completions") == (
        404,
        "invalid_request_error",
        "model",
        None,
        (
            "This is a chat model and not supported in the v1/completions endpoint. "
            "Did you mean to use v1/chat/completions?"
        ),
        "api",
    )


NOT_CHAT = (
    "This is not a chat model and thus not supported in the v1/chat/completions endpoint. "
    "Did you mean to use v1/completions?"
)
ONLY_RESPONSES = "This model is only supported in v1/responses and not in v1/chat/completions."


@pytest.mark.parametrize(
    ("model", "message"),
    [
        pytest.param("text-embedding-ada-002", NOT_CHAT, id="E3 the embedding model of 2022"),
        pytest.param("gpt-4o-realtime-preview", NOT_CHAT, id="E3 a realtime model"),
        pytest.param("codex-mini-latest", ONLY_RESPONSES, id="E8 codex-mini-latest"),
        pytest.param("gpt-5-codex", ONLY_RESPONSES, id="E8 gpt-5-codex"),
        pytest.param("gpt-5.1-codex-max", ONLY_RESPONSES, id="E8 gpt-5.1-codex-max"),
        pytest.param("o3-pro", ONLY_RESPONSES, id="E8 o3-pro"),
        pytest.param("gpt-5-pro", ONLY_RESPONSES, id="E8 gpt-5-pro"),
        pytest.param("gpt-5.2-pro", NOT_CHAT, id="E8 gpt-5.2-pro"),
        pytest.param("gpt-5.4-pro-2026-03-05", NOT_CHAT, id="E8 a snapshot of gpt-5.4-pro"),
        pytest.param("gpt-5.3-codex", NOT_CHAT, id="E8 gpt-5.3-codex"),
    ],
)
def test_a_model_that_does_not_chat_is_named_by_its_param(model: str, message: str) -> None:
    found = refusal({"model": model}, "chat")

    assert found == (404, "invalid_request_error", "model", None, message, "api")


def test_an_embedding_model_completes_nothing() -> None:
    assert refusal({"model": "text-embedding-ada-002"}, "completions")[0] == 403


def test_an_alias_answers_that_no_list_shows_e9() -> None:
    catalogue = Catalogue()

    assert find_model({"model": "gpt-5.6"}, catalogue, "chat").answers_as == "gpt-5.6-sol"
    assert "gpt-5.6" not in {model.id for model in catalogue.listed()}


@pytest.mark.parametrize("mode", ["chat", "completions"])
def test_an_embedding_model_generates_nothing(mode: str) -> None:
    assert refusal({"model": "text-embedding-3-small"}, mode) == (
        403,
        "invalid_request_error",
        None,
        None,
        "You are not allowed to sample from this model",
        "edge",
    )


def test_a_model_in_the_path_goes_before_the_one_in_the_body() -> None:
    found = find_model({"model": 7}, Catalogue(), "chat", "gpt-4o")

    assert found.id == "gpt-4o"


@pytest.mark.parametrize("mode", ["chat", "completions"])
def test_a_model_of_no_known_family_answers_everywhere(mode: Any) -> None:
    found = find_model({"model": "mine"}, Catalogue({"mine": None}), mode)

    assert found.id == "mine"
