"""What holds for each dialect, whatever it answers as."""

import json
from typing import Any

import pytest
from support.inprocess import KEY, Answered, Api

CHATS = {
    "openai": ("/v1/chat/completions", "gpt-4o"),
    "azure": ("/openai/v1/chat/completions", "gpt-4o"),
    "openrouter": ("/api/v1/chat/completions", "openai/gpt-4o"),
    "aiml": ("/aiml/v1/chat/completions", "gpt-4o"),
    "cometapi": ("/cometapi/v1/chat/completions", "gpt-4o"),
    "new_api": ("/new_api/v1/chat/completions", "gpt-4o"),
    "one_api": ("/one_api/v1/chat/completions", "gpt-4o"),
}
HOSTILE = [b"", b"null", b"[]", b"7", b'"', b"{", b"\xff", b"[" * 5_000, b'{"model":{}}', b"{}"]


def ask(api: Api, dialect: str, **members: Any) -> Answered:
    path, model = CHATS[dialect]
    messages = [{"role": "user", "content": "Hi"}]
    return api.post(path, {"model": model, "messages": messages, **members})


@pytest.mark.parametrize("dialect", CHATS)
def test_the_same_request_gets_the_same_bytes_from_each_server(dialect: str) -> None:
    first, second = (ask(Api(), dialect, stream=True) for _ in range(2))

    assert first.timeline == second.timeline


@pytest.mark.parametrize("dialect", CHATS)
def test_ids_differ_where_a_request_comes_again(dialect: str) -> None:
    api = Api()
    ids = {ask(api, dialect).json["id"] for _ in range(3)}

    assert len(ids) == 3


@pytest.mark.parametrize("dialect", CHATS)
def test_no_hole_is_left_open(dialect: str) -> None:
    tools = [{"type": "function", "function": {"name": "f", "parameters": {}}}]
    api = Api("rules: [{reply: {kind: tool_calls, calls: [{name: f, arguments: {}}]}}]")

    for stream in (False, True):
        answered = ask(api, dialect, tools=tools, stream=stream)
        assert answered.status == 200
        assert b"\0" not in answered.body + answered.head.lines


@pytest.mark.parametrize("dialect", CHATS)
@pytest.mark.parametrize("body", HOSTILE, ids=range(len(HOSTILE)))
def test_a_body_that_is_no_request_is_refused_in_json(dialect: str, body: bytes) -> None:
    answered = Api().send("POST", CHATS[dialect][0], body)

    assert answered.status == 400
    assert isinstance(json.loads(answered.body), dict)


@pytest.mark.parametrize("dialect", CHATS)
def test_a_failure_strikes_at_a_token_of_any_dialect(dialect: str) -> None:
    api = Api('rules: [{fail: {kind: disconnect, after_tokens: 2}, reply: "One two three four."}]')

    for stream in (False, True):
        body = ask(api, dialect, stream=stream).body
        assert b"two" in body
        assert b"three" not in body


@pytest.mark.parametrize("dialect", CHATS)
def test_the_journal_knows_whose_answer_it_was_and_no_key(dialect: str) -> None:
    call = ask(Api(), dialect).call

    assert (call.provider, call.endpoint, call.status) == (dialect, "chat.completions", 200)
    assert KEY not in repr(call)


# --- responses -------------------------------------------------------------------------------

RESPONSES = {
    "openai": ("/v1/responses", "gpt-4o"),
    "azure": ("/openai/v1/responses", "gpt-4o"),
    "openrouter": ("/api/v1/responses", "openai/gpt-4o"),
    "vercel_gateway": ("/vercel_gateway/v1/responses", "openai/gpt-4o"),
    "aiml": ("/aiml/v1/responses", "gpt-4o"),
    "cometapi": ("/cometapi/v1/responses", "gpt-4o"),
    "new_api": ("/new_api/v1/responses", "gpt-4o"),
}
FUNCTION = {"type": "function", "name": "f", "parameters": None, "strict": False}
SAID = """
    rules:
      - reply:
          kind: items
          items:
            - reasoning: {summary: [Well.], tokens: 5, encrypted: true}
            - text: One two three four.
            - call: {name: f, arguments: {}}
"""


def respond(api: Api, dialect: str, **members: Any) -> Answered:
    path, model = RESPONSES[dialect]
    return api.post(path, {"model": model, "input": "Hi", "tools": [FUNCTION], **members})


@pytest.mark.parametrize("dialect", RESPONSES)
def test_a_response_is_the_same_from_each_server_and_has_no_open_hole(dialect: str) -> None:
    for stream in (False, True):
        first, second = (respond(Api(SAID), dialect, stream=stream) for _ in range(2))
        assert first.status == 200
        assert first.timeline == second.timeline
        assert b"\0" not in first.body + first.head.lines
        assert (first.call.provider, first.call.endpoint) == (dialect, "responses")


@pytest.mark.parametrize("dialect", RESPONSES)
def test_a_stream_of_a_response_ends_in_the_response_that_a_body_is(dialect: str) -> None:
    whole = respond(Api(SAID), dialect).json
    lines = respond(Api(SAID), dialect, stream=True).body.decode().splitlines()
    events = [json.loads(line[6:]) for line in lines if line.startswith("data: {")]
    last = events[-1]["response"]

    assert [event["sequence_number"] for event in events] == list(range(len(events)))
    assert list(last) == [name for name in whole if name != "billing"]
    assert [item["type"] for item in last["output"]] == [item["type"] for item in whole["output"]]
    assert last["usage"] == whole["usage"]


@pytest.mark.parametrize("dialect", RESPONSES)
def test_ids_of_responses_differ_where_a_request_comes_again(dialect: str) -> None:
    api = Api(SAID)
    answers = [respond(api, dialect).json for _ in range(3)]
    items = {item["id"] for one in answers for item in one["output"]}

    assert len({one["id"] for one in answers}) == 3
    # OpenRouter's are temporary: what they are drawn from is the content alone.
    assert len(items) == (3 if dialect == "openrouter" else 9)


@pytest.mark.parametrize("dialect", RESPONSES)
@pytest.mark.parametrize("body", HOSTILE, ids=range(len(HOSTILE)))
def test_a_body_that_asks_for_no_response_is_refused_in_json(dialect: str, body: bytes) -> None:
    answered = Api().send("POST", RESPONSES[dialect][0], body)

    assert 400 <= answered.status < 500
    assert isinstance(json.loads(answered.body), dict)


@pytest.mark.parametrize("dialect", RESPONSES)
def test_a_failure_strikes_at_a_token_of_a_response(dialect: str) -> None:
    api = Api('rules: [{fail: {kind: disconnect, after_tokens: 2}, reply: "One two three four."}]')

    for stream in (False, True):
        body = respond(api, dialect, stream=stream).body
        assert b"two" in body
        assert b"three" not in body


ONLY_ON_RESPONSES = "This model is only supported in v1/responses and not in v1/chat/completions."


@pytest.mark.parametrize(
    ("path", "model", "status", "told"),
    [
        ("/v1", "o3-pro", 404, ONLY_ON_RESPONSES),
        ("/openai/v1", "o3-pro", 400, "The chatCompletion operation does not work with"),
        ("/aiml/v1", "o3-pro", 400, "received 'o3-pro'"),
        ("/cometapi/v1", "o3-pro", 404, ONLY_ON_RESPONSES),
        ("/one_api/v1", "o3-pro", 404, ONLY_ON_RESPONSES),
        ("/api/v1", "openai/o3-pro", 200, "A mock answer"),
        ("/vercel_gateway/v1", "openai/o3-pro", 200, "A mock answer"),
    ],
)
def test_a_model_for_responses_alone_is_refused_on_chat_as_each_provider_does(
    path: str, model: str, status: int, told: str
) -> None:
    body = {"model": model, "messages": [{"role": "user", "content": "Hi"}]}
    answered = Api().post(f"{path}/chat/completions", body)

    assert answered.status == status
    assert told in answered.body.decode()


@pytest.mark.parametrize(
    ("path", "model", "status", "told"),
    [
        ("/v1", "o1-mini", 400, "is not supported with the Responses API."),
        ("/openai/v1", "o1-mini", 400, "is not supported with the Responses API."),
        ("/cometapi/v1", "o1-mini", 400, "is not supported with the Responses API. (request id"),
        ("/one_api/v1", "gpt-4o", 404, "Invalid URL (POST /v1/responses)"),
        ("/aiml/v1", "gpt-3.5-turbo-instruct", 400, "received 'gpt-3.5-turbo-instruct'"),
    ],
)
def test_a_model_that_makes_no_responses_is_refused_as_each_provider_does(
    path: str, model: str, status: int, told: str
) -> None:
    api = Api("models: [{id: o1-mini}]")
    answered = api.post(f"{path}/responses", {"model": model, "input": "Hi"})

    assert answered.status == status
    assert told in answered.body.decode()
