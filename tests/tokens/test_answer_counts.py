"""What an answer is billed as: its texts, its calls, and what the model writes around them."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mockserver.models import Catalogue
from mockserver.tokens import BilledChoice, Count, count_completion, pieces
from mockserver.tokens.vocabularies import vocabulary

CATALOGUE = Catalogue()
USER = {"role": "user", "content": "Hi"}
TOOLS = [{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}]
SCHEMA = {"type": "json_schema", "json_schema": {"name": "day", "schema": {}}}
RESULT = {"role": "tool", "tool_call_id": "1", "content": "x"}
HELLO = BilledChoice(text="Hello")
CALL = BilledChoice(calls=[("f", '{"a":1}')])


def count(name: str, *choices: BilledChoice, **members: Any) -> Count:
    """Count the answer to a request; `reasoning_tokens` and `end_of_turn` are handed over."""
    found = CATALOGUE.get(name)
    assert found is not None
    options = {
        key: members.pop(key) for key in ("reasoning_tokens", "end_of_turn") if key in members
    }
    return count_completion({"messages": [USER], **members}, choices, found, **options)


def of(text: str) -> int:
    return vocabulary("o200k_base").count(text)


@pytest.mark.parametrize(
    ("choices", "members", "expected"),
    [
        pytest.param([HELLO], {}, 1, id="a text"),
        pytest.param([BilledChoice()], {}, 0, id="nothing"),
        pytest.param([HELLO, HELLO, HELLO], {"n": 3}, 3, id="n are summed"),
        pytest.param([BilledChoice(refusal="Hello")], {}, 2, id="a refusal is one more"),
        pytest.param([HELLO], {"end_of_turn": True}, 2, id="the end of the turn"),
        pytest.param([HELLO, HELLO], {"end_of_turn": True}, 4, id="the end of each turn"),
        pytest.param(
            [BilledChoice(text="Hello", cut=True)], {"end_of_turn": True}, 1, id="a turn cut short"
        ),
        pytest.param(
            [BilledChoice(text="Hello", stop="!")],
            {"end_of_turn": True},
            2,
            id="a turn that a stop sequence ended",
        ),
        pytest.param([BilledChoice(text="Hel", stop="lo")], {}, 1, id="a stop sequence is joined"),
        pytest.param([HELLO], {"tools": TOOLS}, 2, id="a text where tools are offered"),
        pytest.param([HELLO], {"tools": TOOLS, "tool_choice": "none"}, 1, id="tools of no use"),
        pytest.param([HELLO], {"response_format": SCHEMA}, 1, id="a schema"),
        pytest.param(
            [HELLO], {"response_format": SCHEMA, "tools": TOOLS}, 5, id="a schema beside tools"
        ),
        pytest.param([HELLO], {"response_format": {"type": "json_object"}}, 1, id="JSON mode"),
    ],
)
def test_a_text_costs_its_tokens_and_what_was_asked_for(
    choices: list[BilledChoice], members: dict[str, Any], expected: int
) -> None:
    assert count("gpt-4o", *choices, **members) == Count(expected)


def test_a_call_costs_where_it_goes_what_it_says_and_four() -> None:
    assert count("gpt-4o", CALL, tools=TOOLS).tokens == of(" to=functions.f") + of('{"a":1}') + 4


def test_a_call_that_was_forced_costs_its_arguments() -> None:
    choice = {"type": "function", "function": {"name": "f"}}

    assert count("gpt-4o", CALL, tools=TOOLS, tool_choice=choice).tokens == of('{"a":1}')


def test_a_call_of_the_models_of_2023_costs_one_beside_them() -> None:
    words = vocabulary("cl100k_base").count

    assert (
        count("gpt-4", CALL, tools=TOOLS).tokens == words(" to=functions.f") + words('{"a":1}') + 1
    )


def test_calls_made_together_are_one_call() -> None:
    both = BilledChoice(calls=[("f", '{"a": 1}'), ("g", "{}")])
    uses = (
        '{"tool_uses":[{"recipient_name":"functions.f","parameters":{"a":1}},'
        '{"recipient_name":"functions.g","parameters":{}}]}'
    )

    assert (
        count("gpt-4o", both, tools=TOOLS).tokens
        == of(" to=multi_tool_use.parallel") + of(uses) + 4
    )


WRAPPED = BilledChoice(calls=[("f", '{"a": 1, "b": 2}')])
UNWRAPPED = of(" to=functions.f") + of('{"a": 1, "b": 2}') + 4


def test_a_call_with_blanks_in_its_arguments_came_out_of_the_parallel_tool() -> None:
    use = '{"tool_uses":[{"recipient_name":"functions.f","parameters":{"a":1,"b":2}}]}'

    assert (
        count("gpt-4o", WRAPPED, tools=TOOLS).tokens
        == of(" to=multi_tool_use.parallel") + of(use) + 4
    )


@pytest.mark.parametrize(
    "members",
    [
        pytest.param({"tools": TOOLS, "parallel_tool_calls": False}, id="it was not to"),
        pytest.param({"functions": [{"name": "f"}]}, id="functions of old"),
    ],
)
def test_where_there_is_no_parallel_tool_blanks_mean_nothing(members: dict[str, Any]) -> None:
    assert count("gpt-4o", WRAPPED, **members).tokens == UNWRAPPED


def test_arguments_that_are_no_json_cost_their_tokens() -> None:
    call = BilledChoice(calls=[("f", "{oh, no")])

    assert count("gpt-4o", call, tools=TOOLS).tokens == of(" to=functions.f") + of("{oh, no") + 4


@pytest.mark.parametrize(
    ("name", "choice", "members", "expected"),
    [
        # 3 for the channel, 6 around the analysis before it.
        pytest.param("gpt-5", HELLO, {}, 10, id="gpt-5 thinks unasked"),
        pytest.param("gpt-5", HELLO, {"messages": [USER, RESULT]}, 4, id="but not after a result"),
        pytest.param("gpt-5.4", HELLO, {}, 4, id="gpt-5.4 does not"),
        pytest.param("gpt-5.4", HELLO, {"reasoning_tokens": 64}, 74, id="unless it did"),
        pytest.param("gpt-5", HELLO, {"tools": TOOLS}, 10, id="tools cost nothing more"),
        pytest.param("gpt-5", HELLO, {"response_format": SCHEMA}, 13, id="a schema is named"),
        pytest.param(
            "gpt-5.4", HELLO, {"response_format": {"type": "json_object"}}, 7, id="JSON mode"
        ),
        pytest.param("gpt-5", BilledChoice(refusal="Hello"), {}, 10, id="a refusal is a text"),
        pytest.param(
            "gpt-5",
            BilledChoice(cut=True),
            {"reasoning_tokens": 64},
            64,
            id="a limit reached while thinking",
        ),
    ],
)
def test_models_that_reason_write_channels(
    name: str, choice: BilledChoice, members: dict[str, Any], expected: int
) -> None:
    assert count(name, choice, **members) == Count(expected)


@pytest.mark.parametrize("choice", ["auto", {"type": "function", "function": {"name": "f"}}])
def test_models_that_reason_write_even_a_forced_call(choice: Any) -> None:
    expected = 9 + 4 + of(" to=functions.f") + of('{"a":1}')

    assert count("gpt-5", CALL, tools=TOOLS, tool_choice=choice).tokens == expected


@pytest.mark.parametrize(
    ("name", "expected", "exact"),
    [
        pytest.param("o4-mini", 9 + 9 + 1, True, id="o4-mini"),
        pytest.param("o3-mini", 9 + 4 + 1, False, id="o3-mini"),
    ],
)
def test_answers_of_the_o_series_are_a_guess_but_for_o4_mini(
    name: str,
    expected: int,
    exact: bool,  # noqa: FBT001 - pytest passes it by name
) -> None:
    assert count(name, HELLO) == Count(expected, exact)


@pytest.mark.parametrize("name", ["o1", "o3", "o3-mini", "o4-mini"])
def test_calls_that_the_o_series_answers_are_a_guess(name: str) -> None:
    assert not count(name, BilledChoice(calls=[("f", "{}")])).exact


def test_a_spoken_answer_is_a_guess() -> None:
    assert not count("gpt-audio", HELLO, modalities=["text", "audio"]).exact


@pytest.mark.parametrize(
    ("choices", "members", "expected"),
    [
        pytest.param([HELLO], {}, Count(1), id="a text"),
        pytest.param([HELLO, HELLO], {"n": 2}, Count(2), id="n are summed"),
        pytest.param([BilledChoice(text="Hello", stop="!")], {}, Count(1), id="no stop sequence"),
        pytest.param([HELLO], {"best_of": 3}, Count(3, exact=False), id="best_of are all billed"),
        pytest.param([HELLO, HELLO], {"n": 2, "best_of": 2}, Count(2), id="best_of n are n"),
    ],
)
def test_a_legacy_answer_costs_its_texts(
    choices: list[BilledChoice], members: dict[str, Any], expected: Count
) -> None:
    found = CATALOGUE.get("gpt-3.5-turbo-instruct")
    assert found is not None

    assert count_completion({"prompt": "Hi", **members}, choices, found) == expected


@settings(derandomize=True, deadline=None)
@given(text=st.text(max_size=300))
def test_a_text_is_billed_as_many_tokens_as_are_streamed(text: str) -> None:
    streamed = sum(tokens for _, tokens in pieces(text, "o200k_base"))

    assert count("gpt-4o", BilledChoice(text=text)).tokens == streamed
