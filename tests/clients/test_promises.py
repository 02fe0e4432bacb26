"""What unmodified clients make of the server's answers, promise by promise.

Each client runs one script (`openai_script.py`, `node/openai_script.mjs`), whose functions are
named as the promises are here.
"""

from typing import Any

import pytest
from real_clients import Run

from mockserver import MockServer

PYTHON = ["openai-python-3", "openai-python-2"]
CLIENTS = [*PYTHON, "openai-node"]

WEATHER = ["get_weather", {"city": "Paris"}]
TIME = ["get_time", {"zone": "Europe/Paris"}]
INSTRUCT = "gpt-3.5-turbo-instruct:20230824-v2"
OVERLOADED = ["InternalServerError", 503, None, None]

PROMISES: dict[str, Any] = {
    # chat
    "hello": ["Hello there.", "stop", "gpt-4o-mini-2024-07-18", [8, 3, 11]],
    "stream": [["", "Hello", " there", ".", None], "stop", [8, 3, 11]],
    "choices": ["Yes.", "No."],
    "choices_streamed": ["Yes.", "No."],
    "refusal": [None, "I cannot say."],
    "refusal_streamed": "I cannot say.",
    # log-probabilities
    "logprobs": [
        [["Hello", "Hello", 2], [" there", " there", 2], [".", ".", 2]],
        None,
        True,
    ],
    "logprobs_streamed": [[], ["Hello"], [" there"], ["."], None],
    "logprobs_of_a_refusal": [None, ["I", " cannot", " say", "."]],
    "completion_logprobs": [["\n\n", "Once", " upon", " a", " time"], [15, 17, 21, 26, 28], 5, 5],
    # tools
    "tool_call": [[WEATHER], "tool_calls", ["call_", 29]],
    "tool_calls": [WEATHER, TIME],
    "tool_call_streamed": [WEATHER],
    "tool_calls_streamed": [WEATHER, TIME],
    "tool_loop": ["calls", "It is sunny in Paris."],
    "function_call": [*WEATHER, "function_call"],
    "function_call_streamed": WEATHER,
    # legacy completions
    "completion": ["\n\nOnce upon a time", "stop", INSTRUCT, [4, 5, 9]],
    "completion_streamed": ["\n\nOnce upon", "length"],
    "completion_of_nothing": ["", None],
    "completion_of_texts": [[0, "one"], [1, "one"], [2, "two"], [3, "two"]],
    "completion_echoed": ["Tell me a story", "length"],
    "completion_of_tokens": "Hello world",
    "completion_of_lists_of_tokens": ["Hello", " world"],
    # models
    "models": [True, True],
    "models_page": ["list", False],
    "model": ["gpt-4o", "model", 1715367049, "system"],
    "model_unknown": ["NotFoundError", 404, "model_not_found", "model"],
    # errors and retries
    "errors": [
        ["BadRequestError", 400],
        ["AuthenticationError", 401],
        ["PermissionDeniedError", 403],
        ["NotFoundError", 404],
        ["ConflictError", 409],
        ["UnprocessableEntityError", 422],
        ["RateLimitError", 429],
        ["InternalServerError", 500],
    ],
    "error_members": ["BadRequestError", 400, "bad", "x"],
    "error_message": ["The model `gpt-9` does not exist or you do not have access to it.", True],
    "error_in_stream": ["InternalServerError", 500, None, None],
    "error_of_a_page": ["InternalServerError", 502, None, None],
    "retried_once": "Served at last.",
    "retried_twice": "Served at last.",
    "retried_in_vain": OVERLOADED,
    "retried_as_often_as_told": OVERLOADED,
    "never_retried": ["RateLimitError", 429, None, None],
    # connections
    "dropped": ["APIConnectionError"],
    "request_id": ["req_", 36],
    "raw_headers": ["application/json", "2020-10-01", "req_", "Hello there."],
    "streaming_response": ["text/event-stream; charset=utf-8", 6, "data: [DONE]"],
}
OF_PYTHON: dict[str, Any] = {
    "hello_async": ["Hello there."] * 4,
    "stream_async": ["", "Hello", " there", ".", None],
    "parsed": ["Ada", 1815],
}


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("promise", PROMISES)
def test_every_client(run: Run, client: str, promise: str) -> None:
    assert run(client)[promise] == PROMISES[promise]


@pytest.mark.parametrize("client", PYTHON)
@pytest.mark.parametrize("promise", OF_PYTHON)
def test_openai_python(run: Run, client: str, promise: str) -> None:
    assert run(client)[promise] == OF_PYTHON[promise]


@pytest.mark.parametrize(
    ("client", "error"),
    [
        ("openai-python-3", "APIConnectionError"),
        ("openai-python-2", "ReadError"),
        ("openai-node", "TypeError"),
    ],
)
def test_a_stream_that_is_cut_has_yielded_what_came_before(
    run: Run, client: str, error: str
) -> None:
    assert run(client)["cut_in_mid_stream"] == [[error], ["", "One", " two", " three"]]


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize(
    ("promise", "attempts"),
    [
        pytest.param("hello", 1, id="an answer ends it"),
        pytest.param("retried_once", 2, id="a rate limit is tried again when told"),
        pytest.param("retried_twice", 3, id="an overload is tried again when told"),
        pytest.param("retried_in_vain", 3, id="two retries unless told otherwise"),
        pytest.param("retried_as_often_as_told", 6, id="as many retries as told"),
        pytest.param("never_retried", 1, id="no retry where the server says so"),
        pytest.param("error_members", 1, id="no retry of a bad request"),
        pytest.param("cut_in_mid_stream", 1, id="no retry of a stream that has begun"),
    ],
)
def test_how_often_a_client_asks(
    run: Run, promises_server: MockServer, client: str, promise: str, attempts: int
) -> None:
    run(client)

    assert len(promises_server.session(f"{client}-{promise}").journal) == attempts


@pytest.mark.parametrize(
    ("client", "major"),
    [("openai-python-3", 3), ("openai-python-2", 2), ("openai-node", 7)],
)
def test_a_client_is_of_the_version_that_is_meant(run: Run, client: str, major: int) -> None:
    found = int(run(client)["version"].split(".")[0])

    assert found >= major if client != "openai-python-2" else found == major


@pytest.mark.parametrize("client", CLIENTS)
def test_a_client_keeps_every_promise_that_it_is_asked_for(run: Run, client: str) -> None:
    asked = set(PROMISES) | {"version", "cut_in_mid_stream"}

    assert set(run(client)) == asked | (set(OF_PYTHON) if client in PYTHON else set())
