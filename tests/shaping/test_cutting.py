"""What ends a choice: how stop sequences, limits and reasoning meet, and what it is billed as."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.inprocess import Api

SIX = "One two three four five six"
FUNCTION = {"name": "get_weather", "parameters": {"type": "object", "properties": {}}}
TOOL = {"type": "function", "function": FUNCTION}
NAMED = {"type": "function", "function": {"name": "get_weather"}}
HEADER = 9
"""What gpt-5 models write before a text: that they think, and that what follows is final."""
FLOOR = 3
"""What is left of that in models that do not think unasked."""


def saying(text: str = SIX, **members: str) -> Api:
    more = "".join(f", {key}: {value}" for key, value in members.items())
    return Api(f'rules: [{{name: said, reply: {{kind: text, text: "{text}"{more}}}}}]')


def thinking(reasoning_tokens: int, **members: str) -> Api:
    return saying(usage=f"{{reasoning_tokens: {reasoning_tokens}}}", **members)


CALLS = Api("""
    rules:
      - name: both
        when: {last_user: "both"}
        reply: {kind: tool_calls, text: "I look.", calls: [{name: get_weather}]}
      - name: two
        when: {last_user: "two"}
        reply:
          kind: tool_calls
          calls:
            - {name: get_weather, arguments: {city: "Paris"}}
            - {name: get_weather, arguments: {city: "Rome"}}
      - name: one
        reply: {kind: tool_calls, calls: [{name: get_weather, arguments: {city: "Paris"}}]}
""")
ECHO = Api("rules: [{name: echo, reply: {kind: echo}}]")


def outcome(answered: Any) -> tuple[Any, Any]:
    return answered.text, answered.choice["finish_reason"]


def tokens(answered: Any) -> tuple[int, int]:
    """Return the tokens that are billed for the answer, and how many of them were thought."""
    usage = answered.usage
    return usage["completion_tokens"], usage["completion_tokens_details"]["reasoning_tokens"]


# --- stop sequences --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "stop", "left"),
    [
        pytest.param("One two three", "wo thr", "One t", id="one that spans tokens"),
        pytest.param("One two three", "o t", "One tw", id="one within and across tokens"),
        pytest.param("abc", ["c", "bc"], "a", id="two that end with the same token"),
        pytest.param("One two three four", ["two three four", "three"], "One two ", id="within"),
        pytest.param("One two three", ["three", "One two three"], "", id="the longer comes first"),
        pytest.param("One two three", ["e two", "two three"], "On", id="overlapping ones"),
        pytest.param("naïve café", "é", "naïve caf", id="a character"),
        pytest.param("🦩🦩", "🦩", "", id="a character of several tokens"),
        pytest.param("One two", "", "One two", id="an empty one"),
    ],
)
def test_the_answer_ends_before_the_stop_sequence_that_is_complete_first(
    text: str, stop: Any, left: str
) -> None:
    assert outcome(ECHO.chat(text, stop=stop)) == (left, "stop")


@settings(derandomize=True, deadline=None)
@given(st.text("ab ", min_size=1, max_size=30), st.lists(st.text("ab ", min_size=1), max_size=4))
def test_no_stop_sequence_is_returned(text: str, stop: list[str]) -> None:
    returned = ECHO.chat(text, stop=stop or None).text

    assert text.startswith(returned)
    assert not any(one in returned for one in stop)


def test_a_stop_sequence_that_the_limit_cuts_in_two_is_not_met() -> None:
    assert outcome(saying().chat(stop="three four", max_tokens=3)) == ("One two three", "length")


def test_a_stop_sequence_that_is_complete_with_the_last_token_is_met() -> None:
    assert outcome(saying().chat(stop="two three", max_tokens=3)) == ("One ", "stop")


def test_a_stop_sequence_is_billed_up_to_the_limit_at_most() -> None:
    answered = saying("Hello world").chat(stop="Hello wor", max_tokens=2)

    assert answered.usage["completion_tokens"] <= 2


def test_a_refusal_ends_before_a_stop_sequence() -> None:
    api = Api('rules: [{name: refuses, reply: {kind: refusal, text: "I cannot say."}}]')

    assert api.chat(stop=" say").choice["message"]["refusal"] == "I cannot"


def test_a_stop_sequence_in_the_arguments_of_a_call_does_not_end_it() -> None:
    choice = CALLS.chat("one", tools=[TOOL], stop="Paris").choice

    assert choice["message"]["tool_calls"][0]["function"]["arguments"] == '{"city":"Paris"}'
    assert choice["finish_reason"] == "tool_calls"


def test_no_calls_are_made_behind_a_text_that_was_stopped() -> None:
    choice = CALLS.chat("both", tools=[TOOL], stop="look").choice

    assert choice["message"]["content"] == "I "
    assert "tool_calls" not in choice["message"]
    assert choice["finish_reason"] == "stop"


# --- limits and reasoning --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("thought", "limit"),
    [
        pytest.param(50, 50, id="all of the limit"),
        pytest.param(640, 50, id="more than the limit"),
        pytest.param(500, 500, id="all of a wider limit"),
    ],
)
def test_reasoning_may_eat_all_of_the_limit(thought: int, limit: int) -> None:
    # Recorded: 20 answers of gpt-5-mini, 5-nano, 5.1 and 5.6-sol, limits of 16 to 1,000.
    answered = thinking(thought).chat(model="gpt-5-mini", max_completion_tokens=limit)

    assert outcome(answered) == ("", "length")
    assert tokens(answered) == (limit, limit)


def test_what_reasoning_leaves_is_for_the_text_and_what_is_written_around_it() -> None:
    # Recorded: a limit of 1,000, 956 tokens of reasoning, 35 of text, 9 around it (gpt-5-mini).
    text = " a" * 50
    answered = thinking(956).chat(model="gpt-5-mini", max_completion_tokens=1_000)
    long = saying(text, usage="{reasoning_tokens: 956}")
    cut = long.chat(model="gpt-5-mini", max_completion_tokens=1_000)

    assert tokens(answered) == (956 + HEADER + 6, 956)
    assert outcome(cut) == (" a" * 35, "length")
    assert tokens(cut) == (1_000, 956)


def test_hidden_reasoning_that_is_stated_as_text_counts_against_the_limit() -> None:
    answered = saying(reasoning="One two three").chat(
        model="gpt-5-mini", max_completion_tokens=3 + HEADER + 2
    )

    assert outcome(answered) == ("One two", "length")


def test_models_that_reason_without_being_told_need_room_for_it() -> None:
    answered = saying().chat(model="gpt-5-mini", max_completion_tokens=HEADER + 2)

    assert outcome(answered) == ("One two", "length")


def test_models_that_do_not_think_unasked_need_less() -> None:
    answered = saying().chat(model="gpt-5.4", max_completion_tokens=FLOOR + 2)

    assert outcome(answered) == ("One two", "length")


@pytest.mark.parametrize("stream", [False, True])
def test_an_answer_that_reasoning_has_eaten_is_an_empty_text_where_a_tool_was_forced(
    *, stream: bool
) -> None:
    api = Api("""
        rules:
          - name: calls
            reply: {kind: tool_calls, calls: [{name: get_weather}], usage: {reasoning_tokens: 99}}
    """)
    asked = {"tools": [TOOL], "tool_choice": NAMED, "max_completion_tokens": 50}
    answered = api.chat(model="gpt-5-mini", stream=stream, **asked)
    if stream:
        deltas = [chunk["choices"][0]["delta"] for chunk in answered.chunks]
        assert deltas == [{"role": "assistant", "content": "", "refusal": None}, {}]
    else:
        assert outcome(answered) == ("", "length")


def test_each_choice_has_its_share_of_the_reasoning() -> None:
    answered = thinking(41).chat(model="gpt-5.4", n=2, max_completion_tokens=20 + HEADER + 2)
    texts = [choice["message"]["content"] for choice in answered.json["choices"]]

    assert texts == ["One", "One two"]
    assert tokens(answered) == (62, 41)


def test_a_limit_that_leaves_room_changes_nothing() -> None:
    api = thinking(64)
    free, limited = (
        api.chat("Hi", model="gpt-5-mini", **asked)
        for asked in ({}, {"max_completion_tokens": 64 + HEADER + 7})
    )

    assert (outcome(free), tokens(free)) == (outcome(limited), tokens(limited))


def test_an_exact_reply_is_not_cut_by_its_reasoning() -> None:
    answered = thinking(640, exact="true").chat(model="gpt-5-mini", max_completion_tokens=16)

    assert outcome(answered) == (SIX, "stop")


# --- limits and calls ------------------------------------------------------------------------


def test_what_a_model_writes_to_make_a_call_counts_against_the_limit() -> None:
    free = CALLS.chat("one", tools=[TOOL])
    whole = CALLS.chat("one", tools=[TOOL], max_tokens=free.usage["completion_tokens"])
    cut = CALLS.chat("one", tools=[TOOL], max_tokens=free.usage["completion_tokens"] - 1)

    assert whole.choice["finish_reason"] == "tool_calls"
    assert cut.choice["finish_reason"] == "length"
    assert cut.choice["message"]["tool_calls"][0]["function"]["arguments"] != '{"city":"Paris"}'


def test_a_limit_that_is_met_before_a_call_is_made_leaves_nothing() -> None:
    choice = CALLS.chat("one", tools=[TOOL], max_tokens=2).choice

    assert (choice["message"]["content"], choice["finish_reason"]) == ("", "length")
    assert "tool_calls" not in choice["message"]


def test_a_limit_between_two_calls_leaves_the_first() -> None:
    free = CALLS.chat("two", tools=[TOOL]).usage["completion_tokens"]
    choice = CALLS.chat("two", tools=[TOOL], max_tokens=free - 12).choice

    assert len(choice["message"]["tool_calls"]) == 1
    assert choice["finish_reason"] == "length"


def test_a_limit_between_text_and_call_leaves_the_text() -> None:
    choice = CALLS.chat("both", tools=[TOOL], max_tokens=5).choice

    assert (choice["message"]["content"], choice["finish_reason"]) == ("I look.", "length")
    assert "tool_calls" not in choice["message"]


def test_a_named_tool_is_called_before_the_limit_counts() -> None:
    choice = CALLS.chat("one", tools=[TOOL], tool_choice=NAMED, max_tokens=2).choice

    assert choice["message"]["tool_calls"][0]["function"]["arguments"] == '{"city'


@settings(derandomize=True, deadline=None)
@given(
    st.sampled_from(["one", "two", "both"]),
    st.integers(1, 60),
    st.integers(1, 3),
    st.sampled_from(["gpt-4o-mini", "gpt-3.5-turbo", "gpt-5-mini"]),
    st.sampled_from([None, "auto", "required"]),
)
def test_no_choice_is_billed_more_than_the_limit(
    said: str, limit: int, n: int, model: str, tool_choice: str | None
) -> None:
    name = "max_completion_tokens" if model == "gpt-5-mini" else "max_tokens"
    asked: dict[str, Any] = {"tools": [TOOL], "n": n, "model": model, name: limit + 1}
    if tool_choice:
        asked["tool_choice"] = tool_choice

    assert CALLS.chat(said, **asked).usage["completion_tokens"] <= n * (limit + 1)


@settings(derandomize=True, deadline=None)
@given(
    st.text(min_size=1, max_size=40),
    st.lists(st.text(min_size=1, max_size=3), max_size=3),
    st.integers(1, 20),
)
def test_no_text_is_billed_more_than_the_limit(text: str, stop: list[str], limit: int) -> None:
    answered = ECHO.chat(text, stop=stop or None, max_tokens=limit)

    assert text.startswith(answered.text)
    assert answered.usage["completion_tokens"] <= limit


# --- remembered cuts -------------------------------------------------------------------------


def test_the_same_text_is_cut_by_what_each_request_leaves_for_it() -> None:
    api = saying()
    plain = api.chat("a", max_tokens=3)
    with_tools = api.chat("b", max_tokens=3, tools=[TOOL])
    again = api.chat("c", max_tokens=3)

    # A model that was offered tools writes itself that it calls none.
    assert [one.text for one in (plain, with_tools, again)] == [
        "One two three",
        "One two",
        "One two three",
    ]
