"""`/v1/models`: who prints what, what is unknown, and who may delete what."""

import openai
import pytest
from support.inprocess import Answered, Api
from support.wire import Serve, exchange, request

FINE_TUNE = "ft:gpt-4o-mini:acme:suffix:abc123"
KNOWN = f"models: [{{id: '{FINE_TUNE}', like: gpt-4o-mini}}]"


def delete(api: Api, name: str) -> Answered:
    return api.send("DELETE", f"/v1/models/{name}")


def test_a_model_is_told_without_a_newline_at_the_end() -> None:
    answered = Api().get("/v1/models/gpt-4o-mini")

    assert answered.body.decode() == (
        "{\n"
        '  "id": "gpt-4o-mini",\n'
        '  "object": "model",\n'
        '  "created": 1721172741,\n'
        '  "owned_by": "system",\n'
        '  "shutdown_date": null\n'
        "}"
    )
    assert answered.head.content_length == len(answered.body)
    assert "openai-organization" not in answered.headers


UNKNOWN = (
    "{\n"
    '  "error": {\n'
    '    "message": "The model \'fake_id\' does not exist",\n'
    '    "type": "invalid_request_error",\n'
    '    "param": "model",\n'
    '    "code": "model_not_found"\n'
    "  }\n"
    "}"
)


def test_an_unknown_model_is_not_found() -> None:
    missing = Api().get("/v1/models/fake_id")

    assert (missing.status, missing.body.decode()) == (404, UNKNOWN)
    assert "openai-organization" not in missing.headers


def test_an_unknown_model_is_not_deleted() -> None:
    missing = delete(Api(), "fake_id")

    # Another service, which ends its lines and knows the account.
    assert (missing.status, missing.body.decode()) == (404, UNKNOWN + "\n")
    assert "openai-organization" in missing.headers


def test_a_fine_tuned_model_is_deleted() -> None:
    deleted = delete(Api(KNOWN), FINE_TUNE)

    assert deleted.status == 200
    assert deleted.json == {"id": FINE_TUNE, "object": "model", "deleted": True}
    assert list(deleted.json) == ["id", "object", "deleted"]


def test_the_providers_own_models_are_not_deleted() -> None:
    refused = delete(Api(), "gpt-4o")

    assert refused.status == 403
    assert refused.error["message"].startswith(
        "You have insufficient permissions for this operation. Missing scopes: api.delete."
    )


def test_a_name_may_have_slashes() -> None:
    assert Api("models: [{id: acme/one}]").get("/v1/models/acme/one").json["id"] == "acme/one"


def test_head_tells_how_long_a_model_is_and_sends_none(serve: Serve) -> None:
    server = serve()
    got = exchange(server, request("GET", "/v1/models/gpt-4o"))
    headed = exchange(server, request("HEAD", "/v1/models/gpt-4o"))

    assert (headed.status, headed.rest) == (200, b"")
    assert headed.headers["content-length"] == got.headers["content-length"]


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        pytest.param("OPTIONS", "/v1/models", "GET", id="options of a list"),
        pytest.param("OPTIONS", "/v1/models/gpt-4o", "GET, DELETE", id="options of a model"),
        pytest.param("OPTIONS", "/v1/completions", "POST", id="options of an endpoint"),
        pytest.param("HEAD", "/v1/completions", "POST", id="a head without a body to tell of"),
    ],
)
def test_a_wrong_method_is_told_the_right_ones_in_a_header(
    method: str, path: str, allowed: str
) -> None:
    refused = Api().send(method, path)

    assert (refused.status, refused.headers["allow"]) == (405, allowed)


def test_no_other_site_is_let_in() -> None:
    headers = {"origin": "https://example.com", "access-control-request-method": "POST"}
    refused = Api().send("OPTIONS", "/v1/chat/completions", key=None, headers=headers)

    assert refused.status == 401
    assert not any(name.startswith("access-control-allow") for name in refused.headers)


def test_the_client_deletes_a_fine_tune_and_nothing_else(serve: Serve) -> None:
    with openai.OpenAI(base_url=f"{serve(KNOWN).url}/v1", api_key="sk-test") as client:
        assert client.models.delete(FINE_TUNE).deleted
        with pytest.raises(openai.PermissionDeniedError):
            client.models.delete("gpt-4o")
        with pytest.raises(openai.NotFoundError):
            client.models.retrieve("gpt-9")
