"""Calls and their results in a conversation: how they are laid out, and what that costs."""

from typing import Any

import pytest

from mockserver.models import Catalogue
from mockserver.tokens import count_prompt
from mockserver.tokens.vocabularies import vocabulary

CATALOGUE = Catalogue()
ALONE = {"gpt-4o": 3, "gpt-5": 2}
"""What primes an answer."""


def tokens(name: str, *messages: dict[str, Any]) -> int:
    """Return what *messages* cost without what primes the answer."""
    found = CATALOGUE.get(name)
    assert found is not None
    return count_prompt({"messages": list(messages)}, found).tokens - ALONE[name]


def of(text: str) -> int:
    return vocabulary("o200k_base").count(text)


def call(identifier: str, name: str, arguments: str) -> dict[str, Any]:
    return {
        "id": identifier,
        "type": "function",
        "function": {"name": name, "arguments": arguments},
    }


def calling(*calls: dict[str, Any], **members: Any) -> dict[str, Any]:
    return {"role": "assistant", "content": None, "tool_calls": list(calls), **members}


def result(identifier: str, content: Any) -> dict[str, Any]:
    return {"role": "tool", "tool_call_id": identifier, "content": content}


PARIS = call("1", "weather", '{"city": "Paris"}')
ROME = call("2", "weather", '{"city": "Rome"}')


@pytest.mark.parametrize(("name", "channel"), [("gpt-4o", 0), ("gpt-5", 4)])
def test_a_call_says_where_it_goes_and_its_arguments_are_compact(name: str, channel: int) -> None:
    expected = 3 + of("assistant to=functions.weather") + of('{"city":"Paris"}') + channel

    assert tokens(name, calling(PARIS)) == expected


def test_arguments_that_are_no_json_are_read_as_they_are() -> None:
    expected = 3 + of("assistant to=functions.weather") + of("Paris,  please")

    assert tokens("gpt-4o", calling(call("1", "weather", "Paris,  please"))) == expected


def test_the_name_of_the_caller_is_in_the_header() -> None:
    expected = 3 + of("assistant:Ann to=functions.weather") + of('{"city":"Paris"}')

    assert tokens("gpt-4o", calling(PARIS, name="Ann")) == expected


def test_a_text_beside_a_call_is_a_message_of_its_own() -> None:
    text = {"role": "assistant", "content": "One moment."}

    assert tokens("gpt-4o", calling(PARIS, content="One moment.")) == tokens(
        "gpt-4o", text, calling(PARIS)
    )


@pytest.mark.parametrize(("name", "channel"), [("gpt-4o", 0), ("gpt-5", 2)])
def test_a_result_names_the_function_that_was_called(name: str, channel: int) -> None:
    expected = 3 + of("functions.") + of("weather") + of("sunny") + 1 + channel

    assert tokens(name, calling(PARIS), result("1", "sunny")) - tokens(name, calling(PARIS)) == (
        expected
    )


def test_a_call_of_old_costs_the_same() -> None:
    old = {
        "role": "assistant",
        "content": None,
        "function_call": {"name": "weather", "arguments": '{"city": "Paris"}'},
    }
    answer = {"role": "function", "name": "weather", "content": "sunny"}

    assert tokens("gpt-4o", old, answer) == tokens("gpt-4o", calling(PARIS), result("1", "sunny"))


@pytest.mark.parametrize(("name", "channel"), [("gpt-4o", 0), ("gpt-5", 4)])
def test_calls_made_together_are_one_call(name: str, channel: int) -> None:
    uses = (
        '{"tool_uses":[{"recipient_name":"functions.weather","parameters":{"city":"Paris"}},'
        '{"recipient_name":"functions.weather","parameters":{"city":"Rome"}}]}'
    )
    expected = 3 + of("assistant to=multi_tool_use.parallel") + of(uses) + 2 + channel

    assert tokens(name, calling(PARIS, ROME)) == expected


@pytest.mark.parametrize(("name", "channel"), [("gpt-4o", 0), ("gpt-5", 2)])
def test_results_of_calls_made_together_are_one_list(name: str, channel: int) -> None:
    expected = 3 + of("multi_tool_use.parallel") + of('["sunny", "été"]') + 1 + channel
    calls = calling(PARIS, ROME)

    assert (
        tokens(name, calls, result("1", "sunny"), result("2", "été")) - tokens(name, calls)
        == expected
    )


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        pytest.param('{"up":true}', "fine", '[{"up": true}, "fine"]', id="P1 an object"),
        pytest.param("[1,2]", '["a"]', '[[1, 2], ["a"]]', id="P1 lists"),
        pytest.param("18", "-1.5", "[18, -1.5]", id="P1 numbers"),
        pytest.param("true", "null", "[true, null]", id="P1 constants"),
        pytest.param('"quoted"', "'plain'", '["quoted", "\'plain\'"]', id="P1 a JSON text"),
        pytest.param('{"up":', "", '["{\\"up\\":", ""]', id="P1 what is not JSON is a text"),
        pytest.param('{"é":"é"}', "été", '[{"é": "é"}, "été"]', id="P1 beyond ASCII"),
    ],
)
def test_results_that_are_json_are_in_the_list_as_that_json(
    first: str, second: str, expected: str
) -> None:
    calls = calling(PARIS, ROME)

    together = tokens("gpt-4o", calls, result("1", first), result("2", second))

    message = 3 + of("multi_tool_use.parallel") + of(expected) + 1
    assert together - tokens("gpt-4o", calls) == message


def test_a_single_result_is_read_as_it_is_written() -> None:  # P1 is about parallel calls alone
    expected = 3 + of("functions.") + of("weather") + of('{"up":true}') + 1
    alone = tokens("gpt-4o", calling(PARIS))

    assert tokens("gpt-4o", calling(PARIS), result("1", '{"up":true}')) - alone == expected


@pytest.mark.parametrize(
    ("notes", "expected"),
    [
        pytest.param(('{"up":true,"note":"all quiet"}', '{"up":false,"note":"no reply\\n"}'), 93),
        pytest.param(('["red","green"]', "plain words"), 77),
    ],
    ids=["P1 two objects", "P1 a list and a text"],
)
def test_recorded_bills_of_parallel_results(notes: tuple[str, str], expected: int) -> None:
    found = CATALOGUE.get("gpt-4.1")
    assert found is not None
    north, south = call("a", "probe", '{"host":"north"}'), call("b", "probe", '{"host":"south"}')
    messages = [
        {"role": "user", "content": "Look at both hosts."},
        calling(north, south),
        result("a", notes[0]),
        result("b", notes[1]),
    ]

    assert count_prompt({"messages": messages}, found) == (expected, True)


def test_a_later_call_is_not_among_those_made_together() -> None:
    before = (calling(PARIS, ROME), result("1", "sunny"), result("2", "rainy"))
    alone = tokens("gpt-4o", calling(call("3", "weather", "{}")), result("3", "windy"))

    assert (
        tokens("gpt-4o", *before, calling(call("3", "weather", "{}")), result("3", "windy"))
        - tokens("gpt-4o", *before)
        == alone
    )


def test_parts_of_a_result_are_joined() -> None:
    parts = [{"type": "text", "text": "sun"}, {"type": "text", "text": "ny"}]

    assert tokens("gpt-4o", calling(PARIS), result("1", parts)) == tokens(
        "gpt-4o", calling(PARIS), result("1", "sunny")
    )


@pytest.mark.parametrize("name", ["o3", "o4-mini", "o3-mini"])
def test_calls_of_the_o_series_are_a_guess(name: str) -> None:
    found = CATALOGUE.get(name)
    assert found is not None

    assert not count_prompt({"messages": [calling(PARIS)]}, found).exact


def test_a_call_of_a_custom_tool_is_a_guess() -> None:
    found = CATALOGUE.get("gpt-5")
    assert found is not None
    custom = {"id": "1", "type": "custom", "custom": {"name": "x", "input": "y"}}

    assert not count_prompt({"messages": [calling(custom)]}, found).exact
