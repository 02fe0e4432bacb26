"""Log-probabilities on the chat endpoint: where they stand, in one piece and in streams."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.inprocess import Api

NOTHING_YET = {"content": [], "refusal": None}
TWO_NULLS = {"content": None, "refusal": None}
ASKED: dict[str, Any] = {"logprobs": True, "top_logprobs": 2}
FUNCTION = {"name": "get_weather", "parameters": {"type": "object", "properties": {}}}
TOOL = {"type": "function", "function": FUNCTION}

HELLO = Api("""
    rules: [{name: hello, reply: "Hello there."}]
""")
REFUSING = Api("""
    rules: [{name: refuses, reply: {kind: refusal, text: "I cannot."}}]
""")
CALLING = Api("""
    rules:
      - name: calls
        when: {last_user: "call"}
        reply: {kind: tool_calls, calls: [{name: get_weather}]}
      - name: says-and-calls
        reply: {kind: tool_calls, text: "I look.", calls: [{name: get_weather}]}
""")
ECHO = Api("""
    rules: [{name: echo, reply: {kind: echo}}]
""")
FLAMINGO = Api("""
    rules: [{name: bird, reply: "\\U0001F9A9!"}]
""")


def saying(reply: str) -> Api:
    return Api(f"rules: [{{name: said, reply: {reply}}}]")


def content(choice: Any) -> Any:
    return choice["logprobs"]["content"]


def tokens_of(entries: Any) -> list[str]:
    return [entry["token"] for entry in entries]


def parts(chunks: list[Any]) -> list[tuple[Any, Any]]:
    """Return the delta and the log-probabilities of each chunk with one choice."""
    choices = [chunk["choices"][0] for chunk in chunks if chunk["choices"]]
    return [(choice["delta"], choice["logprobs"]) for choice in choices]


# --- in one piece ----------------------------------------------------------------------------


def test_an_entry_has_the_members_of_the_wire_in_their_order() -> None:
    (first, *_) = content(HELLO.chat(**ASKED).choice)

    assert list(first) == ["token", "logprob", "bytes", "top_logprobs"]
    assert [list(other) for other in first["top_logprobs"]] == [["token", "logprob", "bytes"]] * 2


def test_they_stand_between_message_and_finish_reason() -> None:
    choice = HELLO.chat(**ASKED).choice

    assert list(choice) == ["index", "message", "logprobs", "finish_reason"]


def test_each_token_of_the_text_has_an_entry() -> None:
    entries = content(HELLO.chat(**ASKED).choice)

    assert tokens_of(entries) == ["Hello", " there", "."]
    assert bytes(byte for entry in entries for byte in entry["bytes"]) == b"Hello there."


@pytest.mark.parametrize(
    ("asked", "count"),
    [
        pytest.param({"logprobs": True}, 0, id="not asked for"),
        pytest.param({"logprobs": True, "top_logprobs": 0}, 0, id="none asked for"),
        pytest.param({"logprobs": True, "top_logprobs": None}, 0, id="null asked for"),
        pytest.param({"logprobs": True, "top_logprobs": 1}, 1, id="one"),
        pytest.param({"logprobs": True, "top_logprobs": 20}, 20, id="the most"),
    ],
)
def test_how_many_alternatives_an_entry_has(asked: dict[str, Any], count: int) -> None:
    entries = content(HELLO.chat(**asked).choice)

    assert [len(entry["top_logprobs"]) for entry in entries] == [count] * 3


@pytest.mark.parametrize(
    "asked",
    [
        pytest.param({}, id="absent"),
        pytest.param({"logprobs": False}, id="false"),
        pytest.param({"logprobs": None}, id="null"),
    ],
)
def test_where_they_are_not_asked_for_they_are_null(asked: dict[str, Any]) -> None:
    assert HELLO.chat(**asked).choice["logprobs"] is None


@pytest.mark.parametrize("stream", [False, True])
def test_gpt_5_has_the_member_only_if_it_is_asked_for(*, stream: bool) -> None:
    asked = HELLO.chat(model="gpt-5.4", logprobs=True, stream=stream)
    silent = HELLO.chat(model="gpt-5.4", stream=stream)

    assert (b'"logprobs"' in asked.body, b'"logprobs"' in silent.body) == (True, False)


def test_gpt_5_has_the_member_between_message_and_finish_reason() -> None:
    choice = HELLO.chat(model="gpt-5.4", logprobs=True).choice

    assert list(choice) == ["index", "message", "logprobs", "finish_reason"]


def test_a_refusal_is_told_of_in_a_place_of_its_own() -> None:
    logprobs = REFUSING.chat(**ASKED).choice["logprobs"]

    assert logprobs["content"] is None
    assert tokens_of(logprobs["refusal"]) == ["I", " cannot", "."]


def test_nothing_is_told_of_tool_calls() -> None:
    assert CALLING.chat("call", tools=[TOOL], **ASKED).choice["logprobs"] == TWO_NULLS


def test_nothing_is_told_of_a_legacy_function_call() -> None:
    assert CALLING.chat("call", functions=[FUNCTION], **ASKED).choice["logprobs"] == TWO_NULLS


def test_a_text_beside_tool_calls_is_told_of() -> None:
    logprobs = CALLING.chat("both", tools=[TOOL], **ASKED).choice["logprobs"]

    assert tokens_of(logprobs["content"]) == ["I", " look", "."]


def test_an_answer_that_a_limit_cut_is_told_of_as_far_as_it_goes() -> None:
    choice = HELLO.chat(max_tokens=2, **ASKED).choice

    assert (tokens_of(content(choice)), choice["finish_reason"]) == (["Hello", " there"], "length")


def test_an_answer_that_ends_before_a_stop_sequence_is_told_of_as_far_as_it_goes() -> None:
    assert tokens_of(content(HELLO.chat(stop=" there", **ASKED).choice)) == ["Hello"]


def test_an_empty_text_has_an_empty_list() -> None:
    assert saying('""').chat(**ASKED).choice["logprobs"] == NOTHING_YET


def test_each_of_several_choices_is_told_of_by_itself() -> None:
    first, second = HELLO.chat(n=2, **ASKED).json["choices"]

    assert tokens_of(content(first)) == tokens_of(content(second))
    assert content(first) != content(second)


def test_a_token_that_is_part_of_a_character_is_written_with_escapes() -> None:
    entries = content(FLAMINGO.chat(logprobs=True).choice)

    assert tokens_of(entries)[-1] == "!"
    assert all(token.startswith("\\x") for token in tokens_of(entries)[:-1])


def test_the_bytes_of_the_parts_are_the_character() -> None:
    entries = content(FLAMINGO.chat(logprobs=True).choice)

    assert bytes(byte for entry in entries for byte in entry["bytes"]).decode() == "\N{FLAMINGO}!"


def test_there_are_as_many_entries_as_tokens_are_billed() -> None:
    answered = FLAMINGO.chat(logprobs=True)

    assert len(content(answered.choice)) == answered.usage["completion_tokens"]


def test_the_same_request_is_told_the_same_each_time() -> None:
    api = saying('"Hello there."')
    first, second, third = [api.chat(**ASKED).json["choices"] for _ in range(3)]

    assert first == second == third


def test_another_seed_of_the_server_tells_otherwise() -> None:
    answers = [
        Api(f"seed: {seed}\nrules: [{{name: hello, reply: 'Hello there.'}}]").chat(**ASKED)
        for seed in (1, 2)
    ]

    assert content(answers[0].choice) != content(answers[1].choice)


# --- what a scenario states ------------------------------------------------------------------


def test_a_scenario_states_log_probabilities() -> None:
    api = saying('{kind: text, text: "Hello there.", logprobs: [-0.5, -2, 0]}')
    entries = content(api.chat(**ASKED).choice)

    assert [entry["logprob"] for entry in entries] == [-0.5, -2.0, 0.0]


def test_what_is_stated_goes_out_as_written_not_in_single_precision() -> None:
    api = saying('{kind: text, text: "Hello there.", logprobs: [-0.1]}')

    assert b'"logprob": -0.1,' in api.chat(logprobs=True).body


def test_stated_log_probabilities_are_kept_back_from_those_who_do_not_ask() -> None:
    api = saying('{kind: text, text: "Hello there.", logprobs: [-0.5]}')

    assert api.chat().choice["logprobs"] is None


def test_null_is_what_a_provider_says_that_knows_no_log_probabilities() -> None:
    api = saying('{kind: text, text: "Hello there.", logprobs: null}')

    assert api.chat(**ASKED).choice["logprobs"] is None


def test_each_choice_may_state_its_own() -> None:
    api = saying("""
      {kind: choices, logprobs: [-3], choices: [
        {kind: text, text: "Yes", logprobs: [-0.5]},
        {kind: text, text: "No", logprobs: null},
        "Maybe"]}
    """)
    choices = api.chat(n=3, logprobs=True).json["choices"]
    told = [choice["logprobs"] and content(choice)[0]["logprob"] for choice in choices]

    assert told == [-0.5, None, -3.0]


@pytest.mark.parametrize(
    "kind", ["{kind: auto, logprobs: [-0.5]}", "{kind: echo, logprobs: [-0.5]}"]
)
def test_every_kind_of_reply_may_state_them(kind: str) -> None:
    (first, *_) = content(saying(kind).chat(logprobs=True).choice)

    assert first["logprob"] == -0.5


# --- streams ---------------------------------------------------------------------------------


def test_the_first_chunk_of_a_text_has_an_empty_list() -> None:
    assert parts(HELLO.chat(stream=True, **ASKED).chunks)[0][1] == NOTHING_YET


def test_each_chunk_tells_of_the_tokens_that_it_brings() -> None:
    middle = parts(HELLO.chat(stream=True, **ASKED).chunks)[1:-1]

    assert [tokens_of(logprobs["content"]) for _, logprobs in middle] == [
        [delta["content"]] for delta, _ in middle
    ]
    assert all(logprobs["refusal"] is None for _, logprobs in middle)


def test_the_chunk_that_finishes_has_null() -> None:
    assert parts(HELLO.chat(stream=True, **ASKED).chunks)[-1] == ({}, None)


def test_a_streamed_refusal_is_told_of_in_a_place_of_its_own() -> None:
    first, *middle, last = parts(REFUSING.chat(stream=True, **ASKED).chunks)

    assert first[1] == {"content": None, "refusal": []}
    assert [tokens_of(logprobs["refusal"]) for _, logprobs in middle] == [["I"], [" cannot"], ["."]]
    assert all(logprobs["content"] is None for _, logprobs in middle)
    assert last == ({}, None)


def test_the_chunks_of_a_tool_call_have_null() -> None:
    chunks = CALLING.chat("call", tools=[TOOL], stream=True, **ASKED).chunks

    assert {str(logprobs) for _, logprobs in parts(chunks)} == {"None"}


def test_a_character_of_several_tokens_comes_with_an_entry_for_each() -> None:
    first, *_ = parts(FLAMINGO.chat(stream=True, logprobs=True).chunks)[1:]
    delta, logprobs = first

    assert delta["content"] == "\N{FLAMINGO}"
    assert (
        bytes(b for entry in logprobs["content"] for b in entry["bytes"]) == "\N{FLAMINGO}".encode()
    )


def test_a_stream_of_several_choices_tells_of_each_by_itself() -> None:
    chunks = HELLO.chat(stream=True, n=2, **ASKED).chunks
    by_index: dict[int, list[str]] = {0: [], 1: []}
    for chunk in chunks:
        (choice,) = chunk["choices"]
        by_index[choice["index"]] += tokens_of((choice["logprobs"] or NOTHING_YET)["content"])

    assert by_index == {0: ["Hello", " there", "."], 1: ["Hello", " there", "."]}


def test_padding_makes_chunks_with_log_probabilities_as_long_as_others() -> None:
    events = HELLO.chat(stream=True, **ASKED).body.decode().split("\n\n")[:-2]

    assert {len(event.removeprefix("data: ")) % 16 for event in events} == {1}


@settings(derandomize=True, deadline=None)
@given(st.text(max_size=30), st.integers(0, 20))
def test_a_stream_tells_of_the_tokens_that_the_body_tells_of(text: str, count: int) -> None:
    asked = {"logprobs": True, "top_logprobs": count}
    streamed = [
        entry["token"]
        for _, logprobs in parts(ECHO.chat(text, stream=True, **asked).chunks)
        for entry in (logprobs or NOTHING_YET)["content"]
    ]

    assert streamed == tokens_of(content(ECHO.chat(text, **asked).choice))
