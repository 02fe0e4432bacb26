"""What openai-python makes of failures, moment by moment; the server is well after each."""

from typing import Any

import openai
import pytest
from support.wire import Serve

WORDS = ["One", " two", " three", " four"]
WHOLE = "".join(WORDS)


def failing(serve: Serve, fail: str, **options: Any) -> openai.OpenAI:
    """Return a client of a server whose first answer fails as *fail* says."""
    server = serve(f'rules: [{{name: once, reply: "{WHOLE}", fail: {fail}}}]')
    return openai.OpenAI(
        base_url=server.base_url, api_key="sk-test", **{"max_retries": 0, **options}
    )


def ask(client: openai.OpenAI, **members: Any) -> Any:
    messages: Any = [{"role": "user", "content": "Hi"}]
    return client.chat.completions.create(model="gpt-4o", messages=messages, **members)


def read(client: openai.OpenAI, received: list[str]) -> None:
    """Read a stream to its end, into *received*."""
    with ask(client, stream=True) as chunks:
        received.extend(chunk.choices[0].delta.content or "" for chunk in chunks)


HOW = pytest.mark.parametrize("how", ["rst", "fin"])


@HOW
@pytest.mark.parametrize(
    "moment",
    [
        "at: before_headers",
        "at: after_headers",
        "after_tokens: 3",
        "after_bytes: 100",
        "at: end",
    ],
)
def test_an_answer_in_one_piece_that_is_cut_is_a_connection_error(
    serve: Serve, how: str, moment: str
) -> None:
    fail = f"{{kind: disconnect, times: 1, how: {how}, {moment}}}"
    with failing(serve, fail) as client:
        with pytest.raises(openai.APIConnectionError):
            ask(client)

        assert ask(client).choices[0].message.content == WHOLE


@HOW
@pytest.mark.parametrize(
    ("moment", "came"),
    [
        pytest.param("at: before_headers", [], id="before headers"),
        pytest.param("at: after_headers", [], id="after headers"),
        pytest.param("after_bytes: 100", [], id="within the first event"),
        pytest.param("after_tokens: 3", ["", "One", " two", " three"], id="after three tokens"),
    ],
)
def test_a_stream_that_is_cut_is_a_connection_error_behind_what_came(
    serve: Serve, how: str, moment: str, came: list[str]
) -> None:
    received: list[str] = []
    fail = f"{{kind: disconnect, times: 1, how: {how}, {moment}}}"
    with failing(serve, fail) as client:
        with pytest.raises(openai.APIConnectionError):
            read(client, received)

        assert received == came
        assert ask(client).choices[0].message.content == WHOLE


@HOW
def test_a_stream_that_is_cut_behind_its_last_event_is_whole_to_the_client(
    serve: Serve, how: str
) -> None:
    received: list[str] = []
    with failing(serve, f"{{kind: disconnect, times: 1, how: {how}, at: end}}") as client:
        read(client, received)

        assert "".join(received) == WHOLE
        assert ask(client).choices[0].message.content == WHOLE


@pytest.mark.parametrize(
    ("fail", "error"),
    [
        pytest.param("{kind: http_error, status: 408, times: 1}", openai.APIStatusError, id="408"),
        pytest.param("{kind: http_error, status: 429, times: 1}", openai.RateLimitError, id="429"),
        pytest.param(
            "{kind: http_error, status: 503, times: 1}", openai.InternalServerError, id="503"
        ),
    ],
)
@pytest.mark.parametrize("stream", [False, True], ids=["in one piece", "streamed"])
def test_an_http_error_is_raised_before_anything_is_read(
    serve: Serve, fail: str, error: type[Exception], *, stream: bool
) -> None:
    with failing(serve, fail) as client:
        with pytest.raises(error):
            ask(client, stream=stream)

        assert ask(client).choices[0].message.content == WHOLE


def test_the_reply_that_was_replaced_is_given_to_the_retry(serve: Serve) -> None:
    fail = '{kind: http_error, status: 503, times: 2, headers: {retry-after-ms: "1"}}'
    with failing(serve, fail, max_retries=2) as client:
        assert ask(client).choices[0].message.content == WHOLE


def test_a_client_that_leaves_a_stream_early_finds_the_server_well(serve: Serve) -> None:
    server = serve("rules: [{name: prose, reply: {kind: lorem, tokens: 5000}}]")
    with openai.OpenAI(base_url=server.base_url, api_key="sk-test", max_retries=0) as client:
        with ask(client, stream=True, max_tokens=5_000) as chunks:
            next(iter(chunks))

        assert ask(client, max_tokens=5).usage.completion_tokens == 5
