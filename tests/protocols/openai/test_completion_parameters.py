"""What the parameters of the legacy endpoint do: `echo`, `best_of`, `suffix`, prompts with `n`."""

from typing import Any

import pytest
from support.inprocess import Api

SAYING = Api("""
    rules: [{name: said, reply: " three four five"}]
""")
ECHO = Api("""
    rules: [{name: echo, reply: {kind: echo}}]
""")
EXACT = Api("""
    rules: [{name: exact, reply: {kind: text, text: " three four five", exact: true}}]
""")
AUTO = Api()


def outcome(answered: Any) -> tuple[Any, Any]:
    return answered.choice["text"], answered.choice["finish_reason"]


def billed(answered: Any) -> tuple[int, int | None]:
    """Return the tokens of the prompt and of the answer; None where the API leaves them out."""
    return answered.usage["prompt_tokens"], answered.usage.get("completion_tokens")


def stream(api: Api, prompt: Any, **members: Any) -> list[tuple[str, str | None]]:
    chunks = api.complete(prompt, stream=True, **members).chunks
    return [
        (choice["text"], choice["finish_reason"]) for chunk in chunks for choice in chunk["choices"]
    ]


# --- echo ------------------------------------------------------------------------------------


def test_an_echo_puts_the_prompt_before_the_answer() -> None:
    assert outcome(SAYING.complete("One two", echo=True)) == ("One two three four five", "stop")


def test_an_echo_is_not_billed_as_answer() -> None:
    plain, echoed = SAYING.complete("One two"), SAYING.complete("One two", echo=True)

    assert billed(echoed) == billed(plain) == (2, 3)


def test_an_echo_does_not_count_against_the_limit() -> None:
    answered = SAYING.complete("One two", echo=True, max_tokens=1)

    assert outcome(answered) == ("One two three", "length")


def test_no_tokens_may_be_asked_for_to_have_the_prompt_alone() -> None:
    answered = SAYING.complete("One two", echo=True, max_tokens=0)

    assert outcome(answered) == ("One two", "length")
    assert billed(answered) == (2, None)


def test_a_stop_sequence_is_looked_for_in_the_answer_alone() -> None:
    answered = SAYING.complete("One two", echo=True, stop=["two", " four"])

    assert outcome(answered) == ("One two three", "stop")


def test_each_answer_has_its_own_prompt_in_front_of_it() -> None:
    choices = ECHO.complete(["a", " b"], n=2, echo=True).json["choices"]

    assert [choice["text"] for choice in choices] == ["aa", "aa", " b b", " b b"]


def test_a_prompt_of_tokens_is_echoed_as_text() -> None:
    assert SAYING.complete([9906, 1917], echo=True).text == "Hello world three four five"


def test_an_echo_of_false_is_none() -> None:
    assert SAYING.complete("One two", echo=False).text == " three four five"


def test_a_streamed_echo_comes_with_the_first_token() -> None:
    assert stream(SAYING, "One two", echo=True) == [
        ("One two three", None),
        (" four", None),
        (" five", None),
        ("", "stop"),
    ]


def test_a_streamed_prompt_alone_is_one_chunk() -> None:
    assert stream(SAYING, "One two", echo=True, max_tokens=0) == [("One two", "length")]


def test_an_exact_reply_is_not_echoed() -> None:
    assert EXACT.complete("One two", echo=True).text == " three four five"


# --- best_of ---------------------------------------------------------------------------------


def test_of_several_candidates_as_many_are_returned_as_asked_for() -> None:
    assert len(SAYING.complete(best_of=5, n=2).json["choices"]) == 2


@pytest.mark.parametrize(
    ("parameters", "tokens"),
    [
        pytest.param({"best_of": 1}, 3, id="one candidate"),
        pytest.param({"best_of": 4}, 12, id="four candidates for one choice"),
        pytest.param({"best_of": 4, "n": 2}, 12, id="four candidates for two choices"),
        pytest.param({"best_of": 2, "n": 2}, 6, id="each candidate is returned"),
        pytest.param({"best_of": 3, "max_tokens": 2}, 6, id="candidates that a limit cut"),
        pytest.param({"best_of": 3, "prompt": ["a", "b"]}, 18, id="candidates for each prompt"),
    ],
)
def test_all_candidates_are_billed(parameters: dict[str, Any], tokens: int) -> None:
    prompt = parameters.pop("prompt", "Say")

    assert billed(SAYING.complete(prompt, **parameters))[1] == tokens


def test_an_exact_reply_has_no_candidates_but_what_is_written() -> None:
    assert billed(EXACT.complete(best_of=4))[1] == 3


def test_a_bill_for_candidates_is_an_estimate() -> None:
    assert SAYING.complete(best_of=4).headers["x-mockserver-usage"] == "estimated"


# --- suffix ----------------------------------------------------------------------------------


def test_a_suffix_does_not_show_in_the_servers_own_answer() -> None:
    assert AUTO.complete("Say", suffix=" end").text == AUTO.complete("Say").text


def test_a_suffix_is_billed_as_prompt() -> None:
    # Recorded from gpt-3.5-turbo-instruct, 2025-09 (envoy ai-gateway, completion-suffix).
    prompt = "def fib(n):\n    if n <= 1:\n        return n\n    else:"
    plain = billed(SAYING.complete(prompt))
    filled_in = billed(SAYING.complete(prompt, suffix="\nprint(fib(10))"))

    assert (filled_in[0] - plain[0], filled_in[1]) == (7, plain[1])


# --- prompts ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("prompt", "texts"),
    [
        pytest.param("one", ["one"], id="a text"),
        pytest.param(["one", "two"], ["one", "two"], id="texts"),
        pytest.param([9906, 1917], ["Hello world"], id="tokens"),
        pytest.param([[9906], [1917]], ["Hello", " world"], id="lists of tokens"),
        pytest.param([], [""], id="none, as an empty list"),
        pytest.param("", [""], id="an empty text"),
        pytest.param(None, ["<|endoftext|>"], id="null"),
    ],
)
def test_each_prompt_is_answered(prompt: Any, texts: list[str]) -> None:
    choices = ECHO.complete(prompt).json["choices"]

    assert [choice["text"] for choice in choices] == texts


@pytest.mark.parametrize("streamed", [False, True])
def test_choices_are_numbered_prompt_by_prompt(*, streamed: bool) -> None:
    answered = ECHO.complete([[9906], [1917]], n=3, stream=streamed)
    bodies = answered.chunks if streamed else [answered.json]
    texts = {
        choice["index"]: choice["text"]
        for body in bodies
        for choice in body["choices"]
        if choice["text"]
    }

    assert texts == {0: "Hello", 1: "Hello", 2: "Hello", 3: " world", 4: " world", 5: " world"}


def test_prompts_and_answers_are_billed_together() -> None:
    assert billed(SAYING.complete(["One two", "One"], n=2)) == (3, 12)


# --- what the endpoint does not know ---------------------------------------------------------


def test_a_refusal_is_a_text_and_billed_as_one() -> None:
    api = Api('rules: [{name: refuses, reply: {kind: refusal, text: "I cannot."}}]')
    answered = api.complete()

    assert (outcome(answered), billed(answered)[1]) == (("I cannot.", "stop"), 3)


def test_tool_calls_leave_an_empty_text() -> None:
    api = Api("rules: [{name: calls, reply: {kind: tool_calls, calls: [{name: f}]}}]")

    assert outcome(api.complete()) == ("", "stop")
