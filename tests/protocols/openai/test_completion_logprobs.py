"""Log-probabilities on the legacy endpoint: four lists, and places counted in characters."""

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.inprocess import Api

LISTS = ["tokens", "token_logprobs", "top_logprobs", "text_offset"]
NO_TOKENS: dict[str, list[Any]] = {name: [] for name in LISTS}
PROMPT = "Say this"
KNOWN = "models: [{id: text-davinci-003}]"

SAYING = Api("""
    rules: [{name: said, reply: "\\n\\nHello there."}]
""")
ECHO = Api("""
    rules: [{name: echo, reply: {kind: echo}}]
""")
OLD = Api(f"""
    {KNOWN}
    rules: [{{name: said, reply: " three four"}}]
""")


def told(**members: Any) -> Any:
    return SAYING.complete(PROMPT, **members).choice["logprobs"]


def chunks(api: Api, prompt: Any = PROMPT, **members: Any) -> list[Any]:
    return [chunk["choices"][0] for chunk in api.complete(prompt, stream=True, **members).chunks]


# --- in one piece ----------------------------------------------------------------------------


def test_the_lists_stand_in_the_order_of_the_wire() -> None:
    assert list(told(logprobs=2)) == LISTS


def test_each_list_has_an_entry_for_each_token() -> None:
    logprobs = told(logprobs=2)

    assert logprobs["tokens"] == ["\n\n", "Hello", " there", "."]
    assert {len(logprobs[name]) for name in LISTS} == {4}


def test_without_the_parameter_there_is_null() -> None:
    assert told() is None


@pytest.mark.parametrize(
    ("asked", "told_of"),
    [
        pytest.param(1, 1, id="one"),
        pytest.param(5, 5, id="the most that is documented"),
        pytest.param(20, 20, id="the most that is told"),
        pytest.param(21, 20, id="more than is told"),
        pytest.param(100, 20, id="far more than is told"),
    ],
)
def test_how_many_likely_tokens_are_told(asked: int, told_of: int) -> None:
    # The token that was said comes on top where it is none of them (OpenAI API reference).
    for said, likely in zip(
        told(logprobs=asked)["tokens"], told(logprobs=asked)["top_logprobs"], strict=True
    ):
        assert len(likely) in {told_of, told_of + 1}
        assert len(likely) == told_of or said in likely


def test_the_token_that_was_said_is_always_told_and_comes_first() -> None:
    logprobs = told(logprobs=1)

    assert [next(iter(likely)) for likely in logprobs["top_logprobs"]] == logprobs["tokens"]


def test_the_likely_tokens_behind_it_fall() -> None:
    for likely in told(logprobs=5)["top_logprobs"]:
        others = list(likely.values())[1:]
        assert others == sorted(others, reverse=True)


def test_it_has_the_same_log_probability_in_both_places() -> None:
    logprobs = told(logprobs=5)
    likely = zip(logprobs["tokens"], logprobs["top_logprobs"], strict=True)

    assert [among[token] for token, among in likely] == logprobs["token_logprobs"]


def test_0_asks_for_no_likely_tokens() -> None:
    logprobs = told(logprobs=0)

    assert logprobs["top_logprobs"] is None
    assert len(logprobs["token_logprobs"]) == 4


def test_a_scenario_states_log_probabilities() -> None:
    api = Api('rules: [{name: said, reply: {kind: text, text: "a b", logprobs: [-0.5, 0]}}]')

    assert api.complete(logprobs=0).choice["logprobs"]["token_logprobs"] == [-0.5, 0.0]


def test_a_scenario_may_say_that_nothing_is_told() -> None:
    api = Api('rules: [{name: said, reply: {kind: text, text: "a b", logprobs: null}}]')

    assert api.complete(logprobs=2).choice["logprobs"] is None


def test_a_refusal_is_a_text_and_told_of_as_one() -> None:
    api = Api('rules: [{name: refuses, reply: {kind: refusal, text: "I cannot."}}]')

    assert api.complete(logprobs=0).choice["logprobs"]["tokens"] == ["I", " cannot", "."]


# --- characters of several tokens ------------------------------------------------------------


def test_a_part_of_a_character_is_written_by_its_bytes() -> None:
    assert ECHO.complete("\N{BLUE HEART}", logprobs=0).choice["logprobs"]["tokens"] == [
        "bytes:\\xf0\\x9f\\x92",
        "bytes:\\x99",
    ]


def test_what_is_whole_within_such_a_token_is_written_as_it_is() -> None:
    (first, *_) = ECHO.complete(" \N{FLAMINGO}", logprobs=0).choice["logprobs"]["tokens"]

    assert first == "bytes: \\xf0\\x9f"


def test_the_parts_of_a_character_have_its_place() -> None:
    prompt = "\N{BLUE HEART}!"

    assert ECHO.complete(prompt, logprobs=0).choice["logprobs"]["text_offset"] == [2, 2, 3]


@settings(derandomize=True, deadline=None)
@given(st.text(max_size=30))
def test_places_never_fall_and_stay_within_the_text(text: str) -> None:
    offsets = ECHO.complete(text, logprobs=0, max_tokens=200).choice["logprobs"]["text_offset"]

    assert all(before <= after for before, after in pairwise(offsets))
    assert all(len(text) <= offset <= 2 * len(text) for offset in offsets)


@settings(derandomize=True, deadline=None)
@given(st.text(max_size=30))
def test_a_token_that_is_a_text_stands_at_its_place(text: str) -> None:
    logprobs = ECHO.complete(text, logprobs=0, max_tokens=200).choice["logprobs"]
    whole = text + text

    for token, offset in zip(logprobs["tokens"], logprobs["text_offset"], strict=True):
        assert token.startswith("bytes:") or whole[offset : offset + len(token)] == token


# --- where the text begins -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("prompt", "first"),
    [
        pytest.param("Say this", 8, id="a text"),
        pytest.param("你好", 2, id="characters, not bytes"),
        pytest.param([9906, 1917], 11, id="tokens, counted as their text"),
        pytest.param("", 0, id="an empty text"),
    ],
)
def test_places_are_counted_from_the_start_of_the_prompt(prompt: Any, first: int) -> None:
    logprobs = SAYING.complete(prompt, logprobs=0).choice["logprobs"]

    assert logprobs["text_offset"] == [first, first + 2, first + 7, first + 13]


def test_each_prompt_has_places_of_its_own() -> None:
    choices = SAYING.complete(["a", "four"], n=2, logprobs=0).json["choices"]

    assert [choice["logprobs"]["text_offset"][0] for choice in choices] == [1, 1, 4, 4]


def test_a_suffix_counts_with_the_marks_that_surround_it() -> None:
    # Recorded from gpt-3.5-turbo-instruct, 2025-09 (envoy ai-gateway, completion-suffix).
    prompt = "def fib(n):\n    if n <= 1:\n        return n\n    else:"
    logprobs = SAYING.complete(prompt, suffix="\nprint(fib(10))", logprobs=3).choice["logprobs"]

    assert logprobs["text_offset"][0] == 123


# --- streams ---------------------------------------------------------------------------------


def test_each_chunk_tells_of_its_own_token() -> None:
    *middle, _ = chunks(SAYING, logprobs=2)

    assert [choice["logprobs"]["tokens"] for choice in middle] == [
        [choice["text"]] for choice in middle
    ]


def test_places_go_on_from_chunk_to_chunk() -> None:
    *middle, _ = chunks(SAYING, logprobs=2)

    assert [choice["logprobs"]["text_offset"] for choice in middle] == [[8], [10], [15], [21]]


def test_the_chunk_that_ends_it_has_four_empty_lists() -> None:
    last = chunks(SAYING, logprobs=2)[-1]

    assert (last["text"], last["logprobs"], last["finish_reason"]) == ("", NO_TOKENS, "stop")


def test_a_limit_is_told_on_the_last_token() -> None:
    last = chunks(SAYING, logprobs=2, max_tokens=2)[-1]

    assert (last["logprobs"]["tokens"], last["finish_reason"]) == (["Hello"], "length")


def test_a_character_of_several_tokens_comes_in_one_chunk_with_all_of_them() -> None:
    first, *_ = chunks(ECHO, "\N{BLUE HEART}", logprobs=0)

    assert first["text"] == "\N{BLUE HEART}"
    assert first["logprobs"]["text_offset"] == [1, 1]


@settings(derandomize=True, deadline=None)
@given(st.text(max_size=30))
def test_a_stream_tells_of_the_tokens_that_the_body_tells_of(text: str) -> None:
    streamed = [choice["logprobs"] for choice in chunks(ECHO, text, logprobs=3, max_tokens=200)]
    whole = ECHO.complete(text, logprobs=3, max_tokens=200).choice["logprobs"]

    for name in ("tokens", "text_offset"):
        assert [item for logprobs in streamed for item in logprobs[name]] == whole[name]


# --- with echo, which only older models allow ------------------------------------------------


def old(**members: Any) -> Any:
    members = {"model": "text-davinci-003", "echo": True, "logprobs": 2, **members}
    return OLD.complete("One two", **members)


def test_an_echoed_prompt_is_told_of_from_its_start() -> None:
    logprobs = old().choice["logprobs"]

    assert logprobs["tokens"] == ["One", " two", " three", " four"]
    assert logprobs["text_offset"] == [0, 3, 7, 13]


def test_nothing_makes_the_first_token_of_a_prompt_likely() -> None:
    logprobs = old().choice["logprobs"]

    assert (logprobs["token_logprobs"][0], logprobs["top_logprobs"][0]) == (None, None)
    assert None not in logprobs["token_logprobs"][1:]


def test_a_prompt_alone_is_told_of() -> None:
    choice = old(max_tokens=0).choice

    assert (choice["text"], choice["logprobs"]["tokens"]) == ("One two", ["One", " two"])


def test_a_stream_begins_with_the_whole_prompt_and_the_first_token() -> None:
    first, second, _ = [chunk["choices"][0] for chunk in old(stream=True).chunks]

    assert first["logprobs"]["tokens"] == ["One", " two", " three"]
    assert (first["text"], second["text"]) == ("One two three", " four")
