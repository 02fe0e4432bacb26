"""What an input would cost, and histories that are made short."""

from typing import Any

import pytest
from support.inprocess import Api

MODEL = "gpt-4o-mini"
COUNT = "/v1/responses/input_tokens"
COMPACT = "/v1/responses/compact"
TOOL = {"type": "function", "name": "look", "parameters": {"type": "object", "properties": {}}}
TALK = [
    {"role": "user", "content": "What is 2+2?"},
    {"role": "assistant", "content": "2 + 2 = 4."},
    {"role": "user", "content": "And 3+3?"},
]


@pytest.mark.parametrize(
    "members",
    [
        {"input": "Tell me a joke."},
        {"input": "Hi", "instructions": "Be brief.", "tools": [TOOL]},
        {"input": "More", "previous_response_id": "RESPONSE"},
        {"input": "More", "conversation": "CONVERSATION"},
        {"input": [{"type": "item_reference", "id": "ITEM"}, TALK[0]]},
    ],
    ids=["text", "tools", "previous", "conversation", "reference"],
)
def test_the_count_is_what_the_response_is_billed(members: dict[str, Any]) -> None:
    api = Api()
    first = api.post("/v1/responses", {"model": MODEL, "input": "Hello"}).json
    known = {
        "RESPONSE": first["id"],
        "CONVERSATION": api.post("/v1/conversations", {"items": TALK}).json["id"],
        "ITEM": first["output"][0]["id"],
    }
    body = {"model": MODEL, **_filled(members, known)}
    counted = api.post(COUNT, body)
    billed = api.post("/v1/responses", body).usage["input_tokens"]

    assert counted.body.decode() == (
        f'{{\n  "object": "response.input_tokens",\n  "input_tokens": {billed}\n}}'
    )


def _filled(value: Any, known: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: _filled(one, known) for key, one in value.items()}
    if isinstance(value, list):
        return [_filled(one, known) for one in value]
    return known.get(value, value) if isinstance(value, str) else value


def test_counting_uses_no_reply_up_and_charges_no_limit() -> None:
    api = Api(
        "rules: [{name: once, times: 1, reply: Once.}]\nlimits: {'*': {requests_per_minute: 1}}"
    )
    counted = [api.post(COUNT, {"model": MODEL, "input": "Hi"}).status for _ in range(3)]
    answered = api.post("/v1/responses", {"model": MODEL, "input": "Hi"})

    assert counted == [200, 200, 200]
    assert answered.json["output"][0]["content"][0]["text"] == "Once."


def test_what_users_said_is_kept_and_the_rest_made_short() -> None:
    api = Api()
    compacted = api.post(COMPACT, {"model": MODEL, "input": TALK})
    value = compacted.json
    *said, made = value["output"]

    assert list(value) == ["id", "object", "created_at", "output", "usage"]
    assert [item["content"] for item in said] == [
        [{"type": "input_text", "text": text}] for text in ("What is 2+2?", "And 3+3?")
    ]
    assert list(made) == ["id", "type", "encrypted_content"]
    assert made["id"].startswith("cmp_")
    assert made["encrypted_content"].startswith("gAAAAA")
    assert value["usage"]["total_tokens"] == (
        value["usage"]["input_tokens"] + value["usage"]["output_tokens"]
    )
    assert Api().post(COMPACT, {"model": MODEL, "input": TALK}).body == compacted.body


def test_a_compacted_history_is_taken_back_and_billed() -> None:
    api = Api()
    compacted = api.post(COMPACT, {"model": MODEL, "input": TALK}).json
    *said, made = compacted["output"]

    def billed(items: list[Any]) -> int:
        asked = {"model": MODEL, "input": [*items, TALK[0]]}
        tokens: int = api.post("/v1/responses", asked).usage["input_tokens"]
        return tokens

    more = billed([*said, made]) - billed(said)
    assert 0 <= more - compacted["usage"]["output_tokens"] <= 4


def test_the_history_of_a_chain_is_compacted() -> None:
    api = Api()
    first = api.post("/v1/responses", {"model": MODEL, "input": TALK}).json["id"]
    compacted = api.post(COMPACT, {"model": MODEL, "previous_response_id": first}).json

    assert [item["type"] for item in compacted["output"]] == ["message", "message", "compaction"]


@pytest.mark.parametrize("path", [COUNT, COMPACT])
def test_members_of_other_requests_are_refused(path: str) -> None:
    refused = Api().post(path, {"model": MODEL, "input": "Hi", "stream": True})

    assert refused.status == 400
    assert refused.error["message"] == "Unknown parameter: 'stream'."
