"""Conversations: kept with their items, read and added to by responses."""

from typing import Any

import pytest
from support.inprocess import Answered, Api

ALL = "/v1/conversations"


def user(text: str) -> dict[str, Any]:
    return {"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]}


def begin(api: Api, **members: Any) -> str:
    identity: str = api.post(ALL, members).json["id"]
    return identity


def texts(api: Api, identity: str, query: str = "?order=asc") -> list[str]:
    listed = api.get(f"{ALL}/{identity}/items{query}").json
    return [item["content"][0]["text"] for item in listed["data"]]


def test_a_conversation_is_kept_changed_and_deleted() -> None:
    api = Api()
    begun = api.post(ALL, {"metadata": {"topic": "test"}, "items": [user("Hi")]})
    one = f"{ALL}/{begun.json['id']}"
    changed = api.post(one, {"metadata": {"topic": "other"}})
    body = (
        '{\n  "id": "%s",\n  "object": "conversation",\n  "created_at": %d,\n'
        '  "metadata": {\n    "topic": "%s"\n  }\n}'
    )
    known = (begun.json["id"], begun.json["created_at"])

    assert begun.body.decode() == body % (*known, "test")
    assert changed.body.decode() == body % (*known, "other")
    assert api.get(one).body == changed.body
    assert api.send("DELETE", one).json == {
        "id": known[0],
        "object": "conversation.deleted",
        "deleted": True,
    }
    assert api.get(one).error["message"] == f"Conversation with id '{known[0]}' not found."


def test_items_are_added_listed_shown_and_removed() -> None:
    api = Api()
    identity = begin(api, items=[user("first")])
    items = f"{ALL}/{identity}/items"
    added = api.post(items, {"items": [user("second"), user("third")]}).json
    second = added["data"][0]

    assert list(added) == ["object", "data", "first_id", "has_more", "last_id"]
    assert list(second) == ["id", "type", "status", "content", "role"]
    assert second["id"].startswith("msg_")
    assert second["id"][-16:] == identity[-16:]
    assert texts(api, identity, "") == ["third", "second", "first"]
    assert api.get(f"{items}/{second['id']}").json == second
    assert api.send("DELETE", f"{items}/{second['id']}").json["object"] == "conversation"
    assert texts(api, identity) == ["first", "third"]
    for method in ("GET", "DELETE"):
        assert api.send(method, f"{items}/{second['id']}").status == 404


@pytest.mark.parametrize("members", [{}, {"stream": True}, {"store": False}], ids=str)
def test_a_response_reads_a_conversation_and_adds_to_it(members: dict[str, Any]) -> None:
    api = Api("rules: [{name: a, reply: Yes.}]")
    identity = begin(api, items=[user("One two three.")])
    body = {"model": "gpt-4o-mini", "conversation": {"id": identity}, "input": "Hm?", **members}
    answered = api.post("/v1/responses", body)
    alone = api.post("/v1/responses", {"model": "gpt-4o-mini", "input": "Hm?"})
    called = answered.call.usage

    assert texts(api, identity) == ["One two three.", "Hm?", "Yes."]
    assert called is not None
    assert called.prompt_tokens > alone.usage["input_tokens"]
    if not members:
        assert answered.json["conversation"] == {"id": identity}
        assert answered.json["id"][5:21] == identity[-16:]
        read = api.get(f"/v1/responses/{answered.json['id']}/input_items").json["data"]
        assert read == api.get(f"{ALL}/{identity}/items").json["data"][1:]


def test_a_conversation_outlives_the_responses_in_it() -> None:
    api = Api("rules: [{name: a, reply: Yes.}]")
    identity = begin(api)
    body = {"model": "gpt-4o-mini", "conversation": identity, "input": "Hm?"}
    response = api.post("/v1/responses", body).json["id"]
    api.send("DELETE", f"/v1/responses/{response}")

    assert texts(api, identity) == ["Hm?", "Yes."]


def test_each_session_has_its_own() -> None:
    api = Api()
    identity = begin(api)

    assert api.get(f"/s/other{ALL}/{identity}").status == 404
    body = {"model": "gpt-4o-mini", "conversation": identity, "input": "Hm?"}
    assert api.post("/s/other/v1/responses", body).status == 404


def refused(path: str, body: dict[str, Any]) -> Answered:
    api = Api()
    return api.post(path.replace("ID", begin(api)), body)


@pytest.mark.parametrize(
    ("path", "body", "param"),
    [
        (ALL, {"item": []}, "item"),
        (ALL, {"metadata": {"k": 1}}, "metadata.k"),
        (ALL, {"items": [user("x")] * 21}, "items"),
        (ALL, {"items": [{"type": "message", "role": "tool", "content": "x"}]}, "items[0]"),
        (f"{ALL}/ID", {}, "metadata"),
        (f"{ALL}/ID", {"metadata": {}, "items": []}, "items"),
        (f"{ALL}/ID/items", {}, "items"),
        (f"{ALL}/ID/items", {"items": "x"}, "items"),
    ],
)
def test_what_is_wrong_is_refused_at_its_place(path: str, body: Any, param: str) -> None:
    found = refused(path, body)

    assert (found.status, found.error["param"]) == (400, param)
    assert not found.body.endswith(b"\n")
