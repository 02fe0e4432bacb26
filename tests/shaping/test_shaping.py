"""What a request's parameters do to a scripted answer, and what the result is billed as."""

from typing import Any

import pytest
from support.inprocess import Api

SIX = "One two three four five six"
"""Six tokens, in every vocabulary here."""


def saying(text: str = SIX, **members: str) -> Api:
    more = "".join(f", {key}: {value}" for key, value in members.items())
    return Api(f"""
        rules: [{{name: said, reply: {{kind: text, text: "{text}"{more}}}}}]
    """)


def calling(arguments: str = '{"city":"Paris"}') -> Api:
    return Api(f"""
        rules:
          - name: calls
            reply: {{kind: tool_calls, calls: [{{name: get_weather, arguments: '{arguments}'}}]}}
    """)


FUNCTION = {"name": "get_weather", "parameters": {"type": "object", "properties": {}}}
TOOL = {"type": "function", "function": FUNCTION}
NAMED = {"type": "function", "function": {"name": "get_weather"}}

# --- max_tokens ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "limits",
    [
        pytest.param({"max_tokens": 4}, id="max_tokens"),
        pytest.param({"max_completion_tokens": 4}, id="max_completion_tokens"),
    ],
)
def test_a_limit_cuts_the_answer_behind_a_token(limits: dict[str, int]) -> None:
    answered = saying().chat(**limits)

    assert (answered.text, answered.choice["finish_reason"]) == ("One two three four", "length")
    assert answered.usage["completion_tokens"] == 4


@pytest.mark.parametrize(
    ("limit", "finish"),
    [
        pytest.param(6, "length", id="just the limit: nothing shows that it has ended"),
        pytest.param(7, "stop", id="one token less than the limit"),
    ],
)
def test_an_answer_of_up_to_the_limit_is_whole(limit: int, finish: str) -> None:
    answered = saying().chat(max_tokens=limit)

    assert (answered.text, answered.choice["finish_reason"]) == (SIX, finish)
    assert answered.usage["completion_tokens"] == 6


def test_a_legacy_answer_ends_at_sixteen_tokens_unless_told_otherwise() -> None:
    answered = saying(" a" * 20).complete()

    assert (answered.text, answered.choice["finish_reason"]) == (" a" * 16, "length")


def test_a_character_of_several_tokens_is_never_cut_in_two() -> None:
    text = saying("\\U0001F9A9\\U0001F9A9").chat(max_tokens=4).text

    assert text in {"", "\N{FLAMINGO}", "\N{FLAMINGO}" * 2}


def test_a_limit_cuts_the_arguments_of_a_call() -> None:
    answered = calling().chat(tools=[TOOL], max_tokens=11)
    (call,) = answered.choice["message"]["tool_calls"]

    assert (call["function"]["arguments"], answered.choice["finish_reason"]) == ('{"city', "length")


def test_calls_behind_the_limit_are_not_made() -> None:
    api = Api("""
        rules:
          - name: calls
            reply: {kind: tool_calls, calls: [{name: a, arguments: {x: 1}}, {name: b}]}
    """)
    message = api.chat(max_tokens=14).choice["message"]

    assert [call["function"]["name"] for call in message["tool_calls"]] == ["a"]


# --- stop ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stop", "text"),
    [
        pytest.param(" four", "One two three", id="a text"),
        pytest.param(["zero", " three"], "One two", id="any of a list"),
        pytest.param([" five", " three"], "One two", id="the first that comes"),
        pytest.param("wo th", "One t", id="across tokens"),
        pytest.param("One", "", id="at the start"),
        pytest.param("seven", SIX, id="one that never comes"),
        pytest.param([], SIX, id="none"),
        pytest.param(None, SIX, id="null"),
    ],
)
def test_an_answer_ends_before_a_stop_sequence(stop: Any, text: str) -> None:
    answered = saying().chat(stop=stop)

    assert (answered.text, answered.choice["finish_reason"]) == (text, "stop")


def test_a_legacy_answer_ends_before_a_stop_sequence() -> None:
    assert saying().complete(stop=[" three"]).text == "One two"


def test_a_stop_sequence_behind_the_limit_is_not_met() -> None:
    answered = saying().chat(stop=" five", max_tokens=3)

    assert (answered.text, answered.choice["finish_reason"]) == ("One two three", "length")


def test_a_stop_sequence_before_the_limit_ends_the_answer() -> None:
    answered = saying().chat(stop=" two", max_tokens=3)

    assert (answered.text, answered.choice["finish_reason"]) == ("One", "stop")


# --- n ---------------------------------------------------------------------------------------


def test_an_answer_has_n_choices_that_are_billed_together() -> None:
    answered = saying().chat(n=3)

    assert [choice["index"] for choice in answered.json["choices"]] == [0, 1, 2]
    assert answered.usage["completion_tokens"] == 18


def test_each_prompt_has_n_choices_prompt_by_prompt() -> None:
    api = Api("""
        rules: [{name: echo, reply: {kind: echo}}]
    """)
    choices = api.complete(["a", "b"], n=2).json["choices"]

    assert [(choice["index"], choice["text"]) for choice in choices] == [
        (0, "a"),
        (1, "a"),
        (2, "b"),
        (3, "b"),
    ]


def test_written_choices_start_over_when_they_are_used_up() -> None:
    api = Api("""
        rules: [{name: vote, reply: {kind: choices, choices: ["yes", "no"]}}]
    """)
    choices = api.chat(n=3).json["choices"]

    assert [choice["message"]["content"] for choice in choices] == ["yes", "no", "yes"]


def test_seeded_choices_differ() -> None:
    api = Api("""
        rules: [{name: prose, reply: {kind: lorem, tokens: 20}}]
    """)
    first, second = api.chat(n=2).json["choices"]

    assert first["message"]["content"] != second["message"]["content"]


# --- exact -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "parameters",
    [
        pytest.param({"max_tokens": 2}, id="max_tokens"),
        pytest.param({"stop": " two"}, id="stop"),
        pytest.param({"n": 3}, id="n"),
    ],
)
def test_the_request_leaves_an_exact_reply_alone(parameters: dict[str, Any]) -> None:
    answered = saying(exact="true").chat(**parameters)

    assert (answered.text, answered.choice["finish_reason"]) == (SIX, "stop")


def test_reasoning_that_is_said_to_have_eaten_all_is_all_that_is_billed() -> None:
    answered = Api("""
        rules:
          - name: cut
            reply:
              kind: text
              text: ""
              finish_reason: length
              exact: true
              usage: {reasoning_tokens: 50}
    """).chat(model="gpt-5-mini")

    assert answered.usage["completion_tokens"] == 50


def test_an_exact_reply_is_written_once_for_all_prompts() -> None:
    answered = Api("""
        rules:
          - name: batch
            reply: {kind: choices, choices: ["a", "b", {kind: echo}, {kind: echo}], exact: true}
    """).complete(["one", "two"], n=3)

    texts = [choice["text"] for choice in answered.json["choices"]]
    assert texts == ["a", "b", "two", "two"]


def test_an_exact_reply_has_as_many_choices_as_are_written() -> None:
    api = Api("""
        rules: [{name: vote, reply: {kind: choices, choices: ["a", "b", "c"], exact: true}}]
    """)

    assert len(api.chat(n=2).json["choices"]) == 3


# --- finish reasons --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("request_", "finish"),
    [
        pytest.param({"tools": [TOOL]}, "tool_calls", id="tools"),
        pytest.param({"tools": [TOOL], "tool_choice": "required"}, "tool_calls", id="required"),
        pytest.param({"tools": [TOOL], "tool_choice": NAMED}, "stop", id="named, older models"),
        pytest.param(
            {"tools": [TOOL], "tool_choice": NAMED, "model": "gpt-5-mini"},
            "tool_calls",
            id="named, gpt-5 and later",
        ),
        pytest.param({"functions": [FUNCTION]}, "function_call", id="legacy functions"),
        pytest.param(
            {"functions": [FUNCTION], "function_call": {"name": "get_weather"}},
            "stop",
            id="a legacy function by name",
        ),
    ],
)
def test_how_an_answer_with_a_call_finishes(request_: dict[str, Any], finish: str) -> None:
    assert calling().chat(**request_).choice["finish_reason"] == finish


def test_a_stated_finish_reason_goes_out_as_stated() -> None:
    answered = saying(finish_reason="content_filter").chat()

    assert answered.choice["finish_reason"] == "content_filter"


def test_a_choice_may_state_a_finish_reason_of_its_own() -> None:
    api = Api("""
        rules:
          - name: vote
            reply: {kind: choices, choices: ["a", {kind: text, text: "b", finish_reason: length}]}
    """)
    choices = api.chat(n=2).json["choices"]

    assert [choice["finish_reason"] for choice in choices] == ["stop", "length"]


# --- the bill --------------------------------------------------------------------------------


def totals(usage: dict[str, Any]) -> tuple[int, int, int]:
    return usage["prompt_tokens"], usage["completion_tokens"], usage["total_tokens"]


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        pytest.param("{prompt_tokens: 50, completion_tokens: 126}", (50, 126, 176), id="both"),
        pytest.param("{prompt_tokens: 50}", (50, 6, 56), id="only the prompt"),
        pytest.param("{completion_tokens: 9}", (8, 9, 17), id="only the answer"),
        pytest.param("{reasoning_tokens: 64}", (8, 70, 78), id="reasoning is added"),
        pytest.param("{cached_tokens: 1024}", (8, 6, 14), id="only a detail"),
    ],
)
def test_stated_usage_goes_out_and_the_rest_is_counted(
    usage: str, expected: tuple[int, int, int]
) -> None:
    assert totals(saying(usage=usage).chat().usage) == expected


def test_stated_details_stand_in_their_places() -> None:
    usage = saying(usage="{reasoning_tokens: 64, cached_tokens: 1024}").chat().usage

    assert usage["completion_tokens_details"]["reasoning_tokens"] == 64
    assert usage["prompt_tokens_details"]["cached_tokens"] == 1024


def test_usage_that_is_stated_as_null_is_sent_as_null() -> None:
    assert saying(usage="null").chat().usage is None


def test_hidden_reasoning_is_billed() -> None:
    usage = saying(reasoning="One two three").chat().usage

    assert totals(usage) == (8, 9, 17)


def test_a_stop_sequence_that_was_met_is_billed_though_not_returned() -> None:
    assert saying().chat(stop=" three").usage["completion_tokens"] == 3


def test_another_answering_model_names_itself_and_counts_its_own_tokens() -> None:
    answered = saying("naïve café", model="gpt-4-0613").chat(max_tokens=20)

    assert answered.json["model"] == "gpt-4-0613"
    assert answered.json["system_fingerprint"] is None
    assert answered.usage["completion_tokens"] == 4


def test_a_stated_fingerprint_goes_out_as_stated() -> None:
    assert saying(system_fingerprint="fp_mine").chat().json["system_fingerprint"] == "fp_mine"


def test_stated_headers_take_the_place_of_those_of_the_same_name() -> None:
    answered = saying(headers='{OpenAI-Version: "2030-01-01", x-mine: "yes"}').chat()

    assert "openai-version" not in answered.headers
    assert (answered.headers["OpenAI-Version"], answered.headers["x-mine"]) == (
        "2030-01-01",
        "yes",
    )
