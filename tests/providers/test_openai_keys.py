"""How api.openai.com refuses keys: by their beginning and their end, at the edge or behind it."""

import openai
import pytest
from support.inprocess import Api
from support.wire import Serve, exchange, request

from mockserver.conversation import ApiError
from mockserver.providers.openai import OpenAI
from mockserver.seeding import Draw
from mockserver.wire.http_request import HttpRequest
from mockserver.wire.timeline import Data, Head

ASKED = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Hi"}]}


@pytest.mark.parametrize(
    ("key", "shown"),
    [
        pytest.param("bad", "bad", id="3 characters, as recorded"),
        pytest.param("wrongkey", "wrongkey", id="8, as recorded"),
        pytest.param("sk-test-key", "sk-test-key", id="11, as recorded"),
        pytest.param("sk-test-key1", "sk-test-key1", id="12: nothing left to hide"),
        pytest.param("sk-test-key12", "sk-test-*ey12", id="13"),
        pytest.param("sk-wrong-api-key", "sk-wrong****-key", id="16, as recorded"),
        pytest.param(
            "bad-key-" + "x" * 10 + "test", "bad-key-**********test", id="22, as recorded"
        ),
        pytest.param(
            "sk-proj-" + "x" * 152 + "abcd", "sk-proj-" + "*" * 152 + "abcd", id="164, as recorded"
        ),
    ],
)
def test_a_refusal_shows_the_beginning_and_the_end_of_a_key(key: str, shown: str) -> None:
    assert OpenAI().incorrect_key(key).message == (
        f"Incorrect API key provided: {shown}. You can find your API key at "
        "https://platform.openai.com/account/api-keys."
    )


def test_an_incorrect_key_is_refused_by_the_edge_as_recorded(serve: Serve) -> None:
    key = "not-a-re" + "x" * 26 + "ized"
    server = serve("keys: {valid: [sk-good]}")
    headers = {"authorization": f"Bearer {key}"}
    raw = exchange(server, request("POST", "/v1/chat/completions", ASKED, headers=headers))

    assert raw.head.split(b"\r\n", 1)[0] == b"HTTP/1.1 401 Unauthorized"
    assert [name for name in raw.headers if name != "x-mockserver-hint"] == [
        "date",
        "content-type",
        "vary",
        "x-request-id",
        "content-length",
        "connection",
    ]
    assert raw.headers["content-type"] == "application/json; charset=utf-8"
    assert raw.body.decode() == (
        "{\n"
        '    "error": {\n'
        '        "message": "Incorrect API key provided: not-a-re**************************ized. '
        "You can find your API key at "
        'https://platform.openai.com/account/api-keys.",\n'
        '        "type": "invalid_request_error",\n'
        '        "param": null,\n'
        '        "code": "invalid_api_key"\n'
        "    }\n"
        "}\n"
    )


def test_an_exhausted_key_is_refused_by_the_edge() -> None:
    refused = Api("keys: {quota_exhausted: [sk-test]}").chat()

    assert refused.status == 429
    assert "retry-after" not in refused.headers
    assert refused.headers["vary"] == "Origin"
    assert refused.body.decode() == (
        "{\n"
        '    "error": {\n'
        '        "message": "You exceeded your current quota, please check your plan and billing '
        "details. For more information on this error, read the docs: "
        'https://platform.openai.com/docs/guides/error-codes/api-errors.",\n'
        '        "type": "insufficient_quota",\n'
        '        "param": null,\n'
        '        "code": "insufficient_quota"\n'
        "    }\n"
        "}\n"
    )


@pytest.mark.parametrize(
    ("key", "error"),
    [
        pytest.param("sk-revoked", openai.AuthenticationError, id="invalid"),
        pytest.param("sk-poor", openai.RateLimitError, id="exhausted"),
    ],
)
def test_the_client_raises_what_it_raises_at_the_provider(
    serve: Serve, key: str, error: type[openai.APIStatusError]
) -> None:
    server = serve("keys: {invalid: [sk-revoked], quota_exhausted: [sk-poor]}")
    with (
        openai.OpenAI(base_url=f"{server.url}/v1", api_key=key, max_retries=0) as client,
        pytest.raises(error) as raised,
    ):
        client.chat.completions.create(model="gpt-4o", messages=[{"role": "user", "content": "Hi"}])

    assert raised.value.code in {"invalid_api_key", "insufficient_quota"}
    assert raised.value.request_id is not None


@pytest.mark.parametrize("path", ["/v1/responses", "/v1/conversations/conv_1", "/v1/moderations"])
@pytest.mark.parametrize("key", ["wrong-key-0123456", ""])
def test_newer_services_refuse_keys_themselves(path: str, key: str) -> None:
    http = HttpRequest("POST", path, {"authorization": f"Bearer {key}"} if key else {})
    dialect = OpenAI()
    if key:
        refused = dialect.reword(dialect.incorrect_key(key), http)
    else:
        with pytest.raises(ApiError) as caught:
            dialect.authenticate(http)
        refused = caught.value
    head, data = dialect.render_error(refused, Draw(1, b""))

    assert isinstance(head, Head)
    assert isinstance(data, Data)
    headers = dict(head.headers)
    assert headers["content-type"] == "application/json"
    assert headers["www-authenticate"] == 'Bearer realm="OpenAI API"'
    assert {"openai-version", "openai-processing-ms", "x-request-id"} <= headers.keys()
    assert data.payload.startswith(b'{\n  "error": {\n    "message": ')
    assert data.payload.endswith(b"\n  }\n}")


@pytest.mark.parametrize(
    ("headers", "message"),
    [
        pytest.param({}, "You didn't provide an API key.", id="no header"),
        pytest.param({"authorization": "Bearer "}, "Incorrect API key provided: ''.", id="empty"),
    ],
)
def test_a_newer_service_names_an_empty_key(headers: dict[str, str], message: str) -> None:
    with pytest.raises(ApiError, match=message) as caught:
        OpenAI().authenticate(HttpRequest("POST", "/v1/responses", headers))

    assert caught.value.status == 401
