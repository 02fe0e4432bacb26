import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mockserver.conversation import ApiError
from mockserver.protocols.openai.validation import read_body
from mockserver.wire.http_request import HttpRequest

NOT_JSON = (
    "We could not parse the JSON body of your request. (HINT: This likely means you aren't using "
    "your HTTP library correctly. The OpenAI API expects a JSON payload, but what was sent was "
    "not valid JSON. If you have trouble figuring out how to fix this, please contact us through "
    "our help center at help.openai.com.)"
)
NO_MODEL = "you must provide a model parameter"


def read(body: bytes, content_type: str | None = "application/json") -> Any:
    headers = {} if content_type is None else {"content-type": content_type}
    return read_body(HttpRequest("POST", "/v1/chat/completions", headers, body))


def refusal(body: bytes, content_type: str | None = "application/json") -> tuple[Any, ...]:
    with pytest.raises(ApiError) as caught:
        read(body, content_type)
    error = caught.value
    return error.status, error.type, error.param, error.code, error.message


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="an empty body"),
        pytest.param(b"{", id="an object that does not end"),
        pytest.param(b"{} {}", id="two objects"),
        pytest.param(b"{'a': 1}", id="single quotes"),
        pytest.param(b'{"a": NaN}', id="not a number"),
        pytest.param(b'{"a": -Infinity}', id="an infinite number"),
        pytest.param(b'{"a": 1e999}', id="a number that no computer can hold"),
        pytest.param(b'{"a": "\xff"}', id="bytes that are no UTF-8"),
        pytest.param('{"a": 1}'.encode("utf-16"), id="another encoding"),
        pytest.param(b"\xef\xbb\xbf{}", id="a byte order mark"),
        pytest.param(b'{"a": "\\ud83d"}', id="half a character"),
        pytest.param(b'{"\\uDE00": 1}', id="half a character in a name"),
        pytest.param(b"[]", id="an array"),
        pytest.param(b'"x"', id="a string"),
        pytest.param(b"7", id="a number"),
        pytest.param(b"true", id="a boolean"),
        pytest.param(b'{"a":' * 201 + b"1" + b"}" * 201, id="objects nested too deep"),
        pytest.param(b'{"a":' + b"[" * 100_000, id="a bomb of brackets that do not close"),
        pytest.param(
            b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}", id="a bomb of brackets that close"
        ),
        pytest.param(b'{"a":' + b"9" * 5_000 + b"}", id="a number of five thousand digits"),
    ],
)
def test_what_is_no_json_object_is_refused(body: bytes) -> None:
    assert refusal(body) == (400, "invalid_request_error", None, None, NOT_JSON)


@pytest.mark.parametrize(
    "content_type",
    [
        pytest.param("application/x-www-form-urlencoded", id="what curl says by itself"),
        pytest.param("multipart/form-data; boundary=x", id="a form with files"),
        pytest.param("text/plain", id="text"),
        pytest.param("", id="nothing"),
    ],
)
def test_a_body_that_is_not_said_to_be_json_has_no_model(content_type: str) -> None:
    found = refusal(b'{"model": "gpt-4o"}', content_type)

    assert found == (400, "invalid_request_error", None, None, NO_MODEL)


def test_null_is_an_empty_request() -> None:
    assert refusal(b"null") == (400, "invalid_request_error", None, None, NO_MODEL)


@pytest.mark.parametrize(
    "content_type",
    [
        pytest.param("application/json", id="plain"),
        pytest.param("application/json; charset=utf-8", id="with a charset"),
        pytest.param("Application/JSON;charset=UTF-8", id="in capitals"),
        pytest.param("application/vnd.api+json", id="a kind of JSON"),
        pytest.param(None, id="unsaid"),
    ],
)
def test_json_is_read_by_any_of_its_names(content_type: str | None) -> None:
    assert read(b'{"a": 1}', content_type) == {"a": 1}


@pytest.mark.parametrize(
    ("body", "value"),
    [
        pytest.param(b'{"a": 1, "a": 2}', {"a": 2}, id="of two members the last counts"),
        pytest.param(b' {"a": 1}\n', {"a": 1}, id="white space around it"),
        pytest.param(b'{"a": "\\ud83d\\ude00"}', {"a": "😀"}, id="a character in two escapes"),
        pytest.param(b'{"a": "\\\\ud83d"}', {"a": "\\ud83d"}, id="an escaped backslash"),
        pytest.param('{"a": "é"}'.encode(), {"a": "é"}, id="UTF-8"),
        pytest.param(b'{"a": [' + b"{}," * 300 + b"{}]}", {"a": [{}] * 301}, id="many brackets"),
    ],
)
def test_json_is_read_as_everybody_reads_it(body: bytes, value: object) -> None:
    assert read(body) == value


def test_two_hundred_levels_are_read() -> None:
    body = b'{"a":' * 200 + b"1" + b"}" * 200

    assert json.dumps(read(body)).count("{") == 200


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
@settings(derandomize=True, deadline=None)
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    try:
        assert isinstance(read(body), dict)
    except ApiError as error:
        assert error.status == 400  # noqa: PT017 - both outcomes are fine
