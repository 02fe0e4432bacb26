"""Responses that are kept: looked up, continued, listed with what they answered, deleted."""

import json
from typing import Any

import pytest
from support.inprocess import Answered, Api

ALL = "/v1/responses"
MODEL = "gpt-4o-mini"
TOOL = {"type": "function", "name": "look", "parameters": {"type": "object", "properties": {}}}
UNSAVED = (
    "Item with id '{}' not found. Items are not persisted when `store` is set to false. Try again "
    "with `store` set to true, or remove this item from your input."
)
CALLS = """
    rules:
      - name: calls
        when: {turn: 0}
        reply: {kind: tool_calls, calls: [{name: look}]}
"""


def respond(api: Api, said: Any = "Hi", *, session: str = "", **members: Any) -> Answered:
    prefix = f"/s/{session}" if session else ""
    return api.post(f"{prefix}{ALL}", {"model": MODEL, "input": said, **members})


def last_event(answered: Answered) -> Any:
    return json.loads(answered.body.rstrip().rpartition(b"data: ")[2])


def refusal(answered: Answered) -> tuple[int, str, str | None, str | None]:
    error = answered.error
    return answered.status, error["message"], error["param"], error["code"]


def input_items(api: Api, identity: str, query: str = "") -> Any:
    return api.get(f"{ALL}/{identity}/input_items{query}").json


# --- One response ----------------------------------------------------------------------------


def test_a_response_is_shown_as_it_went_out() -> None:
    api = Api("rules: [{name: a, reply: 'naïve — 1.0'}]")
    given = respond(api, temperature=1, metadata={"a": "b"})

    assert api.get(f"{ALL}/{given.json['id']}").body == given.body


def test_a_streamed_response_is_shown_as_its_last_event_has_it() -> None:
    api = Api()
    ended = last_event(respond(api, stream=True))["response"]
    shown = api.get(f"{ALL}/{ended['id']}").json

    assert shown == ended
    assert "billing" not in shown


@pytest.mark.parametrize(
    ("method", "more"), [("GET", ""), ("DELETE", ""), ("POST", "/cancel"), ("GET", "/input_items")]
)
def test_what_is_not_kept_is_not_found(method: str, more: str) -> None:
    api = Api()
    unsaved = respond(api, store=False).json["id"]
    elsewhere = respond(api, session="other").json["id"]

    for identity in (unsaved, elsewhere, "resp_1"):
        found = api.send(method, f"{ALL}/{identity}{more}")
        assert refusal(found) == (404, f"Response with id '{identity}' not found.", None, None)


def test_a_deleted_response_is_gone_with_its_items() -> None:
    api = Api()
    given = respond(api).json
    one = f"{ALL}/{given['id']}"
    deleted = api.send("DELETE", one)
    item = {"type": "item_reference", "id": given["output"][0]["id"]}

    assert deleted.body.decode() == (
        f'{{\n  "id": "{given["id"]}",\n  "object": "response.deleted",\n  "deleted": true\n}}'
    )
    assert api.get(one).status == 404
    assert respond(api, [item]).status == 404
    assert respond(api, previous_response_id=given["id"]).error["code"] == (
        "previous_response_not_found"
    )


def test_what_came_after_a_deleted_response_still_knows_it() -> None:
    api = Api()
    first = respond(api, "One").json["id"]
    second = respond(api, "Two", previous_response_id=first).json["id"]
    before = input_items(api, second)
    api.send("DELETE", f"{ALL}/{first}")

    assert input_items(api, second) == before


def test_only_a_browser_may_list_responses() -> None:
    status, message, _, code = refusal(Api().get(ALL))

    assert (status, code) == (401, "missing_scope")
    assert message.startswith("Your request to GET /v1/responses must be made with a session key")


@pytest.mark.parametrize("stream", [False, True])
def test_a_foreground_response_is_neither_cancelled_nor_streamed_again(*, stream: bool) -> None:
    api = Api()
    given = respond(api, stream=stream)
    one = f"{ALL}/{(last_event(given)['response'] if stream else given.json)['id']}"
    unlike = "This response cannot be streamed because it was not created with background=true."

    assert refusal(api.send("POST", f"{one}/cancel")) == (
        *(400, "Cannot cancel a synchronous response.", None, None),
    )
    assert refusal(api.get(f"{one}?stream=true")) == (400, unlike, "stream", None)


@pytest.mark.parametrize(
    ("query", "param"),
    [
        ("?stream=perhaps", "stream"),
        ("?stream=true&starting_after=x", "starting_after"),
        ("?include[]=everything", "include[0]"),
        ("/input_items?limit=101", "limit"),
        ("/input_items?order=up", "order"),
        ("/input_items?include=x", "include[0]"),
        ("/input_items?after=msg_0", "after"),
    ],
)
def test_a_query_that_means_nothing_is_refused(query: str, param: str) -> None:
    api = Api()
    refused = api.get(f"{ALL}/{respond(api).json['id']}{query}")

    assert refused.status in {400, 404}
    assert refused.error["param"] == param


# --- What it answered ------------------------------------------------------------------------


def test_the_input_is_listed_newest_first_with_the_history_of_the_chain() -> None:
    api = Api(CALLS)
    first = respond(api, "Look", tools=[TOOL]).json
    call = first["output"][0]
    result = {"type": "function_call_output", "call_id": call["call_id"], "output": "seen"}
    second = respond(api, [result], previous_response_id=first["id"], tools=[TOOL]).json
    listed = input_items(api, second["id"])
    newest, middle, oldest = listed["data"]

    assert list(listed) == ["object", "data", "first_id", "has_more", "last_id"]
    assert (listed["first_id"], listed["last_id"]) == (newest["id"], oldest["id"])
    assert list(newest) == ["id", "type", "status", "call_id", "output"]
    assert newest["id"].startswith("fc_")
    assert middle == call
    assert list(oldest) == ["id", "type", "status", "content", "role"]
    assert oldest["content"] == [{"type": "input_text", "text": "Look"}]
    assert oldest == input_items(api, first["id"])["data"][0]
    assert len({item["id"][-50:-34] for item in listed["data"]}) == 1


def test_the_input_is_listed_in_pages() -> None:
    api = Api()
    said = [{"role": "user", "content": str(number)} for number in range(5)]
    identity = respond(api, said).json["id"]
    ids = [item["id"] for item in input_items(api, identity, "?order=asc")["data"]]

    def page(query: str) -> tuple[list[int], bool]:
        listed = input_items(api, identity, f"?{query}")
        return [ids.index(item["id"]) for item in listed["data"]], listed["has_more"]

    assert page("limit=2") == ([4, 3], True)
    assert page(f"limit=2&after={ids[3]}") == ([2, 1], True)
    assert page(f"limit=2&after={ids[1]}&order=desc") == ([0], False)
    assert page(f"limit=2&order=asc&before={ids[4]}") == ([2, 3], False)
    assert page(f"order=asc&after={ids[0]}&before={ids[3]}") == ([1, 2], False)


def test_images_have_their_addresses_only_if_that_is_asked_for() -> None:
    api = Api()
    image = {"type": "input_image", "image_url": "data:image/png;base64,iVBORw0KGgo="}
    said = [{"role": "user", "content": [image, {"type": "input_text", "text": "What?"}]}]
    identity = respond(api, said).json["id"]

    def shown(query: str) -> Any:
        return input_items(api, identity, query)["data"][0]["content"][0]

    assert shown("") == {
        "type": "input_image",
        "detail": "auto",
        "file_id": None,
        "image_url": None,
    }
    included = shown("?include[]=message.input_image.image_url")
    assert included["image_url"] == image["image_url"]


# --- What it is continued by -----------------------------------------------------------------


@pytest.mark.parametrize("kind", ["output", "input"])
def test_an_item_is_referred_to_by_its_id(kind: str) -> None:
    api = Api()
    given = respond(api, "One two three four.").json
    items = given["output"] if kind == "output" else input_items(api, given["id"])["data"]
    again = respond(api, [{"type": "item_reference", "id": items[0]["id"]}, user("And?")])
    alone = respond(api, [user("And?")])

    assert again.usage["input_tokens"] > alone.usage["input_tokens"]


def test_items_that_are_not_kept_are_not_found() -> None:
    api = Api()
    unsaved = respond(api, store=False).json["output"][0]["id"]
    refused = respond(api, [{"type": "item_reference", "id": unsaved}])

    assert refusal(refused) == (
        404,
        UNSAVED.format(unsaved),
        "input",
        None,
    )


def test_a_chain_is_billed_as_its_whole_history_without_earlier_instructions() -> None:
    api = Api("rules: [{name: a, reply: Yes.}]")
    first = respond(api, "One", instructions="Be very brief.").json
    second = respond(api, "Two", previous_response_id=first["id"])
    whole = [user("One"), {"role": "assistant", "content": "Yes."}, user("Two")]

    assert second.usage["input_tokens"] == respond(api, whole).usage["input_tokens"]


def test_a_chain_too_long_for_the_model_is_refused() -> None:
    api = Api()
    first = respond(api, "word " * 100_000).json["id"]
    refused = respond(api, "word " * 100_000, previous_response_id=first)

    assert refused.error["code"] == "context_length_exceeded"


def test_incomplete_and_failed_responses_are_continued() -> None:
    api = Api("""
        rules:
          - name: cut
            when: {last_user: Cut}
            reply: {kind: text, text: a b c, finish_reason: length}
          - {name: more, reply: Yes.}
    """)
    cut = respond(api, "Cut").json

    assert cut["status"] == "incomplete"
    assert respond(api, "On", previous_response_id=cut["id"]).status == 200


def test_conditions_and_captures_mean_the_same_along_a_chain_as_in_a_chat() -> None:
    scenario = r"""
        rules:
          - name: first
            when: {turn: 0, last_user: {regex: "^[A-Z]"}}
            capture: {what: {last_user: {regex: '(\w+)'}}}
            reply: Yes.
          - name: third
            when: {turn: 2, call: 1, last_user: more}
            reply: {kind: template, text: "{{ captured.what }}, {{ turn }}"}
          - name: others
            reply: Yes.
    """
    texts = ("Tea", "more", "more")
    chain, chat = Api(scenario), Api(scenario)
    answers: list[Answered] = []
    chats: list[Answered] = []
    said: list[dict[str, Any]] = []
    for text in texts:
        before = answers[-1].json["id"] if answers else None
        answers.append(respond(chain, text, previous_response_id=before))
        said = [*said, user(text)]
        chats.append(chat.chat(said))
        said = [*said, {"role": "assistant", "content": chats[-1].text}]

    assert [one.call.rule for one in answers] == [one.call.rule for one in chats]
    assert answers[-1].call.rule == "third"
    assert {one.call.conversation for one in answers} == {chats[0].call.conversation}
    assert answers[-1].json["output"][0]["content"][0]["text"] == chats[-1].text == "Tea, 2"


def user(text: str) -> dict[str, Any]:
    return {"role": "user", "content": text}


THOUGHTFUL = """
    rules:
      - reply: {kind: items, items: [{reasoning: {tokens: 64}}, {call: {name: look}}]}
"""


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        pytest.param({"store": False}, 404, id="not kept, and without its ciphertext"),
        pytest.param(
            {"store": False, "include": ["reasoning.encrypted_content"]}, 200, id="brought back"
        ),
        pytest.param({}, 200, id="kept"),
    ],
)
def test_a_thought_that_was_not_kept_has_to_be_brought_back(asked: Any, status: int) -> None:
    api = Api(THOUGHTFUL)
    thought, call = respond(api, model="gpt-5-mini", tools=[TOOL], **asked).json["output"]
    result = {"type": "function_call_output", "call_id": call["call_id"], "output": "ok"}

    again = respond(
        api, [thought, call, result], model="gpt-5-mini", tools=[TOOL], **{**asked, "stream": False}
    )

    assert again.status == status
    if status != 200:
        assert again.error["message"] == UNSAVED.format(thought["id"])


def test_thoughts_of_another_form_are_nobodys_to_miss() -> None:
    api = Api(THOUGHTFUL.replace("kind: items,", "kind: items, id: mine,"))
    thought, call = respond(api, model="gpt-5-mini", tools=[TOOL], store=False).json["output"]
    foreign = {**thought, "id": "rs_" + "1" * 48}
    result = {"type": "function_call_output", "call_id": call["call_id"], "output": "ok"}

    again = respond(api, [foreign, call, result], model="gpt-5-mini", tools=[TOOL], store=False)

    assert again.status == 200
