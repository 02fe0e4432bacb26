"""The way of one request: what is remembered changes nothing, and what is stated wins."""

import gc
import re

import pytest
from support.inprocess import Answered, Api

from mockserver.conversation import ApiError
from mockserver.engine.asked import Ready
from mockserver.sessions.options import Options
from mockserver.wire.timeline import Head, body

DRAWN = re.compile(
    rb"chatcmpl-[0-9A-Za-z]{29}|call_[0-9A-Za-z]{24}|\"created\": ?\d{10}|\"obfuscation\":\"\w*\""
)


def without_draws(answered: Answered) -> bytes:
    return DRAWN.sub(b"", answered.body)


# --- Memory ----------------------------------------------------------------------------------


@pytest.mark.parametrize("stream", [False, True], ids=["in one piece", "streamed"])
def test_a_request_that_comes_again_gets_the_same_but_for_what_is_drawn(*, stream: bool) -> None:
    api = Api("""
        rules:
          - name: calls
            reply: {kind: tool_calls, calls: [{name: a, arguments: {x: 1}}, {name: b}]}
    """)
    answers = [api.chat(stream=stream) for _ in range(4)]

    assert len({without_draws(answered) for answered in answers}) == 1
    assert len({answered.body for answered in answers}) == 4


def test_the_padding_of_a_stream_does_not_tell_how_often_it_came() -> None:
    api = Api()
    first, second = (api.chat(stream=True).chunks for _ in range(2))

    assert [chunk["obfuscation"] for chunk in first] == [chunk["obfuscation"] for chunk in second]


def test_each_step_of_a_script_answers_the_same_request_otherwise() -> None:
    api = Api("""
        rules: [{name: script, replies: ["one", "two", "three"], then: cycle}]
    """)

    assert [api.chat().text for _ in range(6)] == ["one", "two", "three"] * 2


def test_a_request_that_gets_ever_new_answers_does_not_fill_the_memory() -> None:
    replies = ", ".join([f'"answer {number}"' for number in range(200)])
    api = Api(f"rules: [{{name: script, replies: [{replies}]}}]")

    assert [api.chat().text for _ in range(200)] == [f"answer {number}" for number in range(200)]
    kept = [known for known in gc.get_objects() if isinstance(known, Ready)]
    assert sum("answer " in str(known.summary) for known in kept) < 100


def test_an_answer_that_failed_once_is_whole_the_next_time() -> None:
    api = Api("""
        rules: [{name: once, reply: "Hello.", fail: {kind: disconnect, after_tokens: 1, times: 1}}]
    """)
    api.chat()

    assert [api.chat().text for _ in range(3)] == ["Hello."] * 3


def test_seeded_prose_is_other_prose_each_time() -> None:
    api = Api("""
        rules: [{name: prose, reply: {kind: lorem, tokens: 12}}]
    """)

    assert len({api.chat().text for _ in range(4)}) == 4


def test_the_same_prompt_and_text_on_both_endpoints_are_not_mixed_up() -> None:
    api = Api("""
        rules: [{name: echo, reply: {kind: echo}}]
    """)
    objects = [
        answered.json["object"]
        for _ in range(3)
        for answered in (api.chat("Hi"), api.complete("Hi"))
    ]

    assert objects == ["chat.completion", "text_completion"] * 3


# --- What is stated --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("scenario", "options", "seed"),
    [
        pytest.param("", None, 0, id="0 by default"),
        pytest.param("seed: 5", None, 5, id="the scenario's"),
        pytest.param("seed: 5", Options(seed=6), 6, id="the server's wins"),
    ],
)
def test_the_seed_of_what_is_drawn(scenario: str, options: Options | None, seed: int) -> None:
    wanted = Api(options=Options(seed=seed)).chat().json["id"]

    assert Api(scenario, options=options).chat().json["id"] == wanted


def test_default_headers_and_fingerprint_hold_where_a_reply_says_nothing() -> None:
    api = Api("""
        defaults: {headers: {x-one: "1", x-two: "2"}, system_fingerprint: fp_default}
        rules:
          - name: own
            when: {last_user: "own"}
            reply: {kind: text, text: "a", headers: {x-two: "own"}, system_fingerprint: fp_own}
          - {name: other, reply: "b"}
    """)
    own, other = api.chat("own"), api.chat()

    assert (other.headers["x-one"], other.headers["x-two"]) == ("1", "2")
    assert (own.headers["x-one"], own.headers["x-two"]) == ("1", "own")
    assert [a.json["system_fingerprint"] for a in (own, other)] == ["fp_own", "fp_default"]


def test_a_fingerprint_may_be_stated_as_null() -> None:
    assert Api("defaults: {system_fingerprint: null}").chat().json["system_fingerprint"] is None


def test_a_models_fingerprint_depends_on_the_seed() -> None:
    prints = {Api(options=Options(seed=s)).chat().json["system_fingerprint"] for s in (1, 2)}

    assert len(prints) == 2


def test_the_providers_prefix_leads_to_the_same_answer() -> None:
    api = Api()
    messages = [{"role": "user", "content": "Hi"}]
    request = {"model": "openai/gpt-4o-mini", "messages": messages}
    own = "/api/v1/chat/completions"
    plain, prefixed = (api.post(path, request).json for path in (own, f"/openrouter{own}"))

    assert plain.keys() == prefixed.keys()
    assert plain["choices"][0]["message"] == prefixed["choices"][0]["message"]


# --- Answers by itself -----------------------------------------------------------------------


def test_a_session_begins_when_it_is_first_named() -> None:
    api = Api()

    assert api.engine.session("new") is api.engine.session("new")
    assert api.engine.session("new") is not api.engine.session("default")


def test_what_could_not_even_be_read_is_refused_in_the_providers_words() -> None:
    timeline = Api().engine.refuse(ApiError(400, "No."))
    head = timeline[0]

    assert isinstance(head, Head)
    assert (head.status, b'"message": "No."' in body(timeline)) == (400, True)


def test_looked_up_facts_are_the_same_each_time_but_for_their_request_id() -> None:
    api = Api()
    first, second = api.get("/v1/models"), api.get("/v1/models")

    assert first.body == second.body
    assert first.headers["x-request-id"] != second.headers["x-request-id"]
