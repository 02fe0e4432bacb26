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
