"""Stored chat completions: what is kept, how it is shown, and how it goes.

The golden texts have key order and spelling of api.openai.com, recorded in September 2025.
"""

import json
from collections.abc import Iterator
from typing import Any

import openai
import pytest
from support.inprocess import Answered, Api
from support.wire import Serve, exchange, request

from mockserver import MockServer

ALL = "/v1/chat/completions"
HELLO = "rules: [{name: hello, reply: {kind: text, text: 'This is a test.', model: gpt-4o-mini}}]"


def of(identity: str, more: str = "") -> str:
    return f"{ALL}/{identity}{more}"


def store(api: Api, said: str | list[dict[str, Any]] = "Hi", **members: Any) -> str:
    """Return the id of a completion that is stored."""
    answered = api.chat(said, **{"store": True, **members})
    assert answered.status == 200
    identity: str = (answered.chunks[0] if members.get("stream") else answered.json)["id"]
    return identity


def listed(answered: Answered) -> list[str]:
    return [item["id"] for item in answered.json["data"]]


# --- What is shown ---------------------------------------------------------------------------


def test_a_stored_completion_is_not_the_answer_that_was_given() -> None:
    api = Api("""
        defaults: {system_fingerprint: fp_560af6e559}
        rules: [{name: hello, reply: "This is a test."}]
    """)
    given = api.chat("Say `this is a test`.", store=True, seed=-8132613597486110237)
    created, request_id = given.json["created"], given.headers["x-request-id"]

    assert api.get(of(given.json["id"])).body.decode() == (
        f'{{"object":"chat.completion","id":"{given.json["id"]}",'
        f'"model":"gpt-4o-mini-2024-07-18","created":{created},"request_id":"{request_id}",'
        '"tool_choice":null,"usage":{"total_tokens":19,"completion_tokens":5,"prompt_tokens":14},'
        '"seed":-8132613597486110237,"top_p":1.0,"temperature":1.0,"presence_penalty":0.0,'
        '"frequency_penalty":0.0,"system_fingerprint":"fp_560af6e559","input_user":null,'
        '"service_tier":"default","tools":null,"metadata":{},"choices":[{"index":0,"message":'
        '{"content":"This is a test.","role":"assistant","tool_calls":null,"function_call":null},'
        '"finish_reason":"stop","logprobs":null}],"response_format":null}'
    )


def test_what_the_request_said_is_shown() -> None:
    api = Api()
    format_ = {"type": "json_object"}
    said = {
        "top_p": 0.5,
        "temperature": 0,
        "presence_penalty": 1,
        "frequency_penalty": -1.5,
        "user": "u-1",
        "service_tier": "flex",
        "metadata": {"k": "v"},
        "response_format": format_,
    }
    shown = api.get(of(store(api, "Answer in JSON.", **said))).body.decode()

    assert '"top_p":0.5,"temperature":0.0,"presence_penalty":1.0,"frequency_penalty":-1.5' in shown
    assert '"input_user":"u-1","service_tier":"flex","tools":null,"metadata":{"k":"v"}' in shown
    assert json.loads(shown)["response_format"] == format_


def test_a_seed_is_made_up_where_none_is_stated() -> None:
    api = Api()
    first, second = (api.get(of(store(api))).json["seed"] for _ in range(2))

    assert first != second
    assert all(-(2**63) <= seed < 2**63 for seed in (first, second))


TOOL = {"type": "function", "function": {"name": "f"}}
CALLS = """
    rules:
      - name: calls
        reply: {kind: tool_calls, calls: [{name: f, arguments: {x: 1}}, {name: f, id: call_2}]}
"""


@pytest.mark.parametrize("stream", [False, True], ids=["in one piece", "streamed"])
def test_tool_calls_are_kept_with_the_ids_that_went_out(*, stream: bool) -> None:
    api = Api(CALLS)
    given = api.chat(store=True, stream=stream, tools=[TOOL])
    if stream:
        opened = [chunk["choices"][0]["delta"].get("tool_calls") for chunk in given.chunks]
        ids = [calls[0]["id"] for calls in opened if calls and "id" in calls[0]]
    else:
        ids = [call["id"] for call in given.choice["message"]["tool_calls"]]
    (completion,) = api.get(ALL).json["data"]

    assert completion["choices"][0]["message"] == {
        "content": None,
        "role": "assistant",
        "tool_calls": [
            {
                "id": identity,
                "type": "function",
                "function": {"name": "f", "arguments": arguments},
            }
            for identity, arguments in zip(ids, ('{"x": 1}', "{}"), strict=True)
        ],
        "function_call": None,
    }


def test_a_legacy_function_call_is_kept_as_one() -> None:
    api = Api("rules: [{name: a, reply: {kind: tool_calls, calls: [{name: f}]}}]")
    shown = api.get(of(store(api, functions=[{"name": "f"}]))).json

    assert shown["choices"][0]["message"]["function_call"] == {"name": "f", "arguments": "{}"}
    assert shown["choices"][0]["message"]["tool_calls"] is None


def test_a_refusal_is_kept() -> None:
    api = Api("rules: [{name: a, reply: {kind: refusal, text: No.}}]")
    message = api.get(of(store(api))).json["choices"][0]["message"]

    assert (message["content"], message["refusal"]) == (None, "No.")


def test_every_choice_is_kept() -> None:
    api = Api("rules: [{name: a, reply: {kind: choices, choices: ['Yes.', 'No.']}}]")
    choices = api.get(of(store(api, n=2))).json["choices"]

    assert [(c["index"], c["message"]["content"]) for c in choices] == [(0, "Yes."), (1, "No.")]


def test_an_answer_without_a_bill_is_kept_without_one() -> None:
    api = Api("rules: [{name: a, reply: {kind: text, text: Hi, usage: null}}]")

    assert api.get(of(store(api))).json["usage"] is None


# --- What is kept ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "members",
    [
        pytest.param({}, id="not stated"),
        pytest.param({"store": False}, id="false"),
        pytest.param({"store": None}, id="null"),
    ],
)
def test_nothing_is_kept_unless_the_request_says_so(members: dict[str, Any]) -> None:
    api = Api()
    given = api.chat(**members)

    assert api.get(ALL).json["data"] == []
    assert api.get(of(given.json["id"])).status == 404


def test_a_streamed_answer_is_kept_as_a_whole() -> None:
    api = Api(HELLO)
    shown = api.get(of(store(api, stream=True))).json

    assert shown["choices"][0]["message"]["content"] == "This is a test."
    assert shown["usage"]["total_tokens"] > 0


def test_each_time_the_same_request_comes_it_is_kept_anew() -> None:
    api = Api()
    ids = [store(api) for _ in range(4)]

    assert listed(api.get(f"{ALL}?order=asc")) == ids


def test_what_a_failure_replaced_is_not_kept() -> None:
    api = Api("rules: [{name: down, fail: 503, times: 1}, {name: up, reply: Hello.}]")
    failed = api.chat(store=True)

    assert failed.status == 503
    assert api.get(ALL).json["data"] == []


def test_what_a_failure_cut_was_given_and_is_kept() -> None:
    api = Api("""
        rules: [{name: cut, reply: "One two three.", fail: {kind: disconnect, after_tokens: 1}}]
    """)
    api.chat(store=True, stream=True)
    (completion,) = api.get(ALL).json["data"]

    assert completion["choices"][0]["message"]["content"] == "One two three."


def test_each_session_keeps_its_own() -> None:
    api = Api()
    store(api, session="a")

    assert api.get(f"/s/b{ALL}").json["data"] == []
    assert len(api.get(f"/s/a{ALL}").json["data"]) == 1


# --- Lists -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def three() -> tuple[Api, list[str]]:
    """Return an API that keeps three completions, and their ids in the order in which they came."""
    api = Api()
    ids = [
        store(api, metadata={"k": "1", "both": "x"}),
        store(api, metadata={"k": "2", "both": "x"}),
        store(api, model="gpt-4.1"),
    ]
    return api, ids


@pytest.mark.parametrize(
    ("query", "numbers", "has_more"),
    [
        pytest.param("", [2, 1, 0], False, id="the newest first"),
        pytest.param("order=asc", [0, 1, 2], False, id="the oldest first"),
        pytest.param("order=desc&limit=2", [2, 1], True, id="a page"),
        pytest.param("limit=3", [2, 1, 0], False, id="a page that holds all"),
        pytest.param("limit=0", [], True, id="an empty page"),
        pytest.param("after={2}&limit=1", [1], True, id="the next page"),
        pytest.param("after={0}", [], False, id="behind the last"),
        pytest.param("order=asc&after={0}", [1, 2], False, id="the next page, the oldest first"),
        pytest.param("model=gpt-4.1", [2], False, id="by the model asked for"),
        pytest.param("model=gpt-4.1-2025-04-14", [2], False, id="by the model that answered"),
        pytest.param("model=gpt-5", [], False, id="by another"),
        pytest.param("metadata[k]=2", [1], False, id="by metadata"),
        pytest.param("metadata%5Bk%5D=2", [1], False, id="by metadata, escaped"),
        pytest.param("metadata[both]=x&metadata[k]=1", [0], False, id="by all of several"),
        pytest.param("metadata[both]=x&limit=1", [1], True, id="a page of those that fit"),
        pytest.param("metadata[k]=", [], False, id="by an empty value"),
        pytest.param("colour=blue", [2, 1, 0], False, id="what nobody knows"),
    ],
)
def test_what_a_list_holds(
    three: tuple[Api, list[str]],
    query: str,
    numbers: list[int],
    has_more: bool,  # noqa: FBT001 - drawn from the table
) -> None:
    api, ids = three
    answered = api.get(f"{ALL}?{query.format(*ids)}")

    wanted = [ids[number] for number in numbers]
    assert listed(answered) == wanted
    assert list(answered.json) == ["object", "data", "first_id", "last_id", "has_more"]
    assert answered.json["first_id"] == (wanted[0] if wanted else None)
    assert answered.json["last_id"] == (wanted[-1] if wanted else None)
    assert answered.json["has_more"] is has_more


def test_a_page_holds_twenty_unless_told_otherwise() -> None:
    api = Api()
    for _ in range(21):
        store(api)
    page = api.get(ALL).json

    assert (len(page["data"]), page["has_more"]) == (20, True)


def test_an_empty_list() -> None:
    assert Api().get(ALL).body == (
        b'{"object":"list","data":[],"first_id":null,"last_id":null,"has_more":false}'
    )


@pytest.mark.parametrize(
    ("query", "code", "message"),
    [
        pytest.param(
            "limit=101",
            "integer_above_max_value",
            "Invalid 'limit': integer above maximum value. "
            "Expected a value <= 100, but got 101 instead.",
            id="too long a page",
        ),
        pytest.param(
            "limit=-1",
            "integer_below_min_value",
            "Invalid 'limit': integer below minimum value. "
            "Expected a value >= 0, but got -1 instead.",
            id="less than nothing",
        ),
        pytest.param(
            "limit=ten",
            "invalid_type",
            "Invalid type for 'limit': expected an integer, but got a string instead.",
            id="no number",
        ),
        pytest.param(
            "limit=1_0",
            "invalid_type",
            "Invalid type for 'limit': expected an integer, but got a string instead.",
            id="a number to Python alone",
        ),
        pytest.param(
            "order=newest",
            "invalid_value",
            "Invalid value: 'newest'. Supported values are: 'asc' and 'desc'.",
            id="no order",
        ),
    ],
)
@pytest.mark.parametrize("path", ["", "/{2}/messages"], ids=["completions", "messages"])
def test_a_page_that_cannot_be_is_refused(
    three: tuple[Api, list[str]], path: str, query: str, code: str, message: str
) -> None:
    api, ids = three
    refused = api.get(f"{ALL}{path.format(*ids)}?{query}")

    assert refused.status == 400
    assert refused.error == {
        "message": message,
        "type": "invalid_request_error",
        "param": query.partition("=")[0],
        "code": code,
    }


def test_a_page_after_nothing_that_is_kept_is_refused() -> None:
    refused = Api().get(f"{ALL}?after=chatcmpl-x")

    assert (refused.status, refused.error["param"]) == (404, "after")


# --- Messages --------------------------------------------------------------------------------

PARTS = [{"type": "text", "text": "What is this?"}, {"type": "text", "text": "And that?"}]
CALL = {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
CONVERSATION = [
    {"role": "system", "content": "Be kind."},
    {"role": "user", "content": PARTS, "name": "ada"},
    {"role": "assistant", "content": None, "tool_calls": [CALL]},
    {"role": "tool", "content": "It is a test.", "tool_call_id": "call_1"},
]


def test_the_messages_are_those_that_were_sent() -> None:
    api = Api()
    identity = store(api, "Say `this is a test`.")

    assert api.get(of(identity, "/messages")).body.decode() == (
        f'{{"object":"list","data":[{{"id":"{identity}-0","role":"user",'
        '"content":"Say `this is a test`.","content_parts":null,"name":null}],'
        f'"first_id":"{identity}-0","last_id":"{identity}-0","has_more":false}}'
    )


def test_messages_of_every_kind_are_told_apart() -> None:
    api = Api()
    messages = api.get(of(store(api, CONVERSATION), "/messages")).json["data"]

    assert [message["role"] for message in messages] == ["system", "user", "assistant", "tool"]
    assert messages[1]["content"] is None
    assert messages[1]["content_parts"] == PARTS
    assert messages[1]["name"] == "ada"
    assert messages[2]["tool_calls"] == [CALL]
    assert messages[3]["content"] == "It is a test."


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        pytest.param("", [0, 1, 2, 3], id="as they were sent"),
        pytest.param("order=desc", [3, 2, 1, 0], id="the last first"),
        pytest.param("limit=2", [0, 1], id="a page"),
        pytest.param("after={}-1", [2, 3], id="the next page"),
        pytest.param("after={}-3", [], id="behind the last"),
    ],
)
def test_which_messages_a_page_holds(query: str, numbers: list[int]) -> None:
    api = Api()
    identity = store(api, CONVERSATION)
    answered = api.get(of(identity, f"/messages?{query.format(identity)}"))

    assert listed(answered) == [f"{identity}-{number}" for number in numbers]


# --- Updates and deletions -------------------------------------------------------------------


def test_an_update_puts_other_metadata_in_the_place_of_the_old() -> None:
    api = Api()
    identity = store(api, metadata={"old": "1"})
    updated = api.post(of(identity), {"metadata": {"new": "2"}})

    assert updated.json["metadata"] == {"new": "2"}
    assert updated.json["id"] == identity
    assert api.get(of(identity)).body == updated.body
    assert listed(api.get(f"{ALL}?metadata[new]=2")) == [identity]


def test_no_metadata_takes_the_old_away() -> None:
    api = Api()
    identity = store(api, metadata={"old": "1"})

    assert api.post(of(identity), {"metadata": None}).json["metadata"] == {}


def test_an_update_changes_no_other_completion_of_the_same_request() -> None:
    api = Api()
    first, second = (store(api, metadata={"k": "v"}) for _ in range(2))
    api.post(of(first), {"metadata": {"k": "w"}})

    assert api.get(of(second)).json["metadata"] == {"k": "v"}


@pytest.mark.parametrize(
    ("body", "param", "code"),
    [
        pytest.param(b"{}", "metadata", "missing_required_parameter", id="nothing"),
        pytest.param(b'{"model": "x"}', "model", "unknown_parameter", id="anything else"),
        pytest.param(b'{"metadata": []}', "metadata", "invalid_type", id="no object"),
        pytest.param(b'{"metadata": {"k": 1}}', "metadata.k", "invalid_type", id="no text"),
        pytest.param(
            json.dumps({"metadata": {str(n): "v" for n in range(17)}}).encode(),
            "metadata",
            "object_above_max_properties",
            id="too many pairs",
        ),
        pytest.param(b"{", None, None, id="no JSON"),
    ],
)
def test_an_update_that_cannot_be_is_refused(
    body: bytes, param: str | None, code: str | None
) -> None:
    api = Api()
    identity = store(api, metadata={"old": "1"})
    refused = api.send("POST", of(identity), body)

    assert (refused.status, refused.error["param"], refused.error["code"]) == (400, param, code)
    assert api.get(of(identity)).json["metadata"] == {"old": "1"}


def test_what_is_deleted_is_gone() -> None:
    api = Api()
    identity = store(api)
    deleted = api.send("DELETE", of(identity))

    assert deleted.body.decode() == (
        f'{{"object":"chat.completion.deleted","id":"{identity}","deleted":true}}'
    )
    assert api.get(of(identity)).status == 404
    assert api.get(ALL).json["data"] == []


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        pytest.param("GET", "", b"", id="looked up"),
        pytest.param("GET", "/messages", b"", id="its messages"),
        pytest.param("POST", "", b'{"metadata": {}}', id="updated"),
        pytest.param("DELETE", "", b"", id="deleted"),
    ],
)
def test_what_is_not_kept_is_not_found(method: str, path: str, body: bytes) -> None:
    missing = Api().send(method, of("comp_nonexistent_12345", path), body)

    assert missing.status == 404
    assert missing.body.decode() == (
        "{\n"
        '  "error": {\n'
        '    "message": "Completion comp_nonexistent_12345 not found",\n'
        '    "type": "invalid_request_error",\n'
        '    "param": "completion_id",\n'
        '    "code": "not_found"\n'
        "  }\n"
        "}"
    )


# --- Rules and the journal -------------------------------------------------------------------


def test_a_look_up_uses_up_no_rule() -> None:
    api = Api("rules: [{name: once, times: 1, reply: Hello.}]")
    api.get(ALL)

    assert api.chat().text == "Hello."


def test_a_rule_that_names_the_endpoint_makes_it_fail() -> None:
    api = Api("rules: [{name: down, when: {endpoint: stored_completions}, fail: 503}]")

    assert (api.get(ALL).status, api.chat().status) == (503, 200)


def test_a_rule_about_chats_is_not_about_what_is_stored() -> None:
    api = Api("rules: [{name: down, when: {endpoint: 'chat*'}, fail: 503}]")

    assert (api.get(ALL).status, api.chat().status) == (200, 503)


def test_the_journal_knows_a_look_up() -> None:
    call = Api().get(ALL).call

    assert (call.endpoint, call.status, call.model) == ("stored_completions", 200, None)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        pytest.param("PUT", ALL, 405, id="a wrong method for all"),
        pytest.param("PATCH", f"{ALL}/x", 405, id="a wrong method for one"),
        pytest.param("POST", f"{ALL}/x/messages", 405, id="a wrong method for messages"),
        pytest.param("GET", f"{ALL}/x/y", 404, id="a path below one"),
        pytest.param("GET", f"{ALL}/x/messages/y", 404, id="a path below messages"),
        pytest.param("GET", f"{ALL}/", 404, id="no id"),
    ],
)
def test_what_nobody_answers(method: str, path: str, status: int) -> None:
    assert Api().send(method, path).status == status


# --- On the wire, and through the client -----------------------------------------------------


def test_a_look_up_is_framed_by_its_length_and_names_the_account(serve: Serve) -> None:
    raw = exchange(serve(), request("GET", ALL))

    head = raw.head.decode().split("\r\n")
    assert head[0] == "HTTP/1.1 200 OK"
    assert [line.partition(":")[0] for line in head[1:]] == [
        "date",
        "content-type",
        "openai-processing-ms",
        "x-request-id",
        "openai-organization",
        "openai-project",
        "openai-version",
        "strict-transport-security",
        "x-content-type-options",
        "content-length",
        "connection",
    ]
    assert raw.is_whole


def test_head_tells_how_long_a_list_is_and_sends_none(serve: Serve) -> None:
    raw = exchange(serve(), request("HEAD", ALL))

    assert (raw.headers["content-length"], raw.rest) == ("75", b"")


@pytest.fixture
def client(serve: Serve) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=base_url(serve()), api_key="sk-test", max_retries=0) as client:
        yield client


def base_url(server: MockServer) -> str:
    return f"{server.url}/v1"


def ask(client: openai.OpenAI, said: str, **members: Any) -> str:
    return client.chat.completions.create(
        model="gpt-4o-mini", messages=[{"role": "user", "content": said}], store=True, **members
    ).id


def test_the_client_finds_what_it_stored(client: openai.OpenAI) -> None:
    identity = ask(client, "Hi", metadata={"k": "v"})
    found = client.chat.completions.retrieve(identity)

    assert (found.id, found.object) == (identity, "chat.completion")
    assert found.choices[0].message.content
    assert found.usage is not None
    assert found.usage.total_tokens > 0


def test_the_client_turns_pages(client: openai.OpenAI) -> None:
    ids = [ask(client, f"Question {number}") for number in range(5)]

    assert [found.id for found in client.chat.completions.list(limit=2)] == ids[::-1]


def test_the_client_filters_by_metadata(client: openai.OpenAI) -> None:
    ask(client, "Hi", metadata={"k": "1"})
    wanted = ask(client, "Hi", metadata={"k": "2"})
    found = client.chat.completions.list(metadata={"k": "2"}, model="gpt-4o-mini", order="asc")

    assert [completion.id for completion in found] == [wanted]


def test_the_client_reads_the_messages(client: openai.OpenAI) -> None:
    identity = ask(client, "Hi")
    messages = list(client.chat.completions.messages.list(identity))

    assert [(message.id, message.content) for message in messages] == [(f"{identity}-0", "Hi")]


def test_the_client_updates_and_deletes(client: openai.OpenAI) -> None:
    identity = ask(client, "Hi")
    updated = client.chat.completions.update(identity, metadata={"k": "v"})
    deleted = client.chat.completions.delete(identity)

    assert updated.id == identity
    assert (deleted.id, deleted.deleted) == (identity, True)
    with pytest.raises(openai.NotFoundError, match=f"Completion {identity} not found"):
        client.chat.completions.retrieve(identity)


def test_the_client_stores_a_stream(client: openai.OpenAI) -> None:
    with client.chat.completions.create(
        model="gpt-4o-mini",
        messages=[{"role": "user", "content": "Hi"}],
        store=True,
        stream=True,
    ) as stream:
        (identity,) = {chunk.id for chunk in stream}

    assert client.chat.completions.retrieve(identity).id == identity
