"""Each row of what is known of refused legacy completions: param, code and message."""

from typing import Any

import pytest

ECHO = "Setting 'echo' and 'logprobs' at the same time is not supported for this model."
TOGETHER = "invalid_parameter_combination"
LENGTH_0 = (
    "You requested a length 0 completion, but you did not set the 'echo' parameter. That means "
    "that we will return no data to you. (HINT: set 'echo' to true in order for the API to echo "
    "back the prompt to you.)"
)
MORE_CHOICES = (
    "You requested that the server return more choices than it will generate (HINT: you must set "
    "'n' (currently 2) to be at most 'best_of' (currently 1), or omit either parameter if you "
    "don't specifically want to use them.)"
)
PROMPTS = "one of a string, array of strings, array of integers, or array of integer arrays"


def below(param: str, kind: str, bound: int, got: str) -> tuple[str, str, str]:
    return (
        param,
        f"{kind}_below_min_value",
        (
            f"Invalid '{param}': {kind} below minimum value. "
            f"Expected a value >= {bound}, but got {got} instead."
        ),
    )


def above(param: str, kind: str, bound: int, got: str) -> tuple[str, str, str]:
    return (
        param,
        f"{kind}_above_max_value",
        (
            f"Invalid '{param}': {kind} above maximum value. "
            f"Expected a value <= {bound}, but got {got} instead."
        ),
    )


def no_prompt(got: str) -> tuple[str, str, str]:
    message = f"Invalid type for 'prompt': expected {PROMPTS}, but got {got} instead."
    return "prompt", "invalid_type", message


@pytest.mark.parametrize(
    ("members", "fault"),
    [
        pytest.param(
            {"messages": []},
            (None, None, "Unrecognized request argument supplied: messages"),
            id="messages",
        ),
        pytest.param(
            {"tools": [], "messages": []},
            (None, None, "Unrecognized request arguments supplied: messages, tools"),
            id="messages and tools",
        ),
        pytest.param({"max_tokens": -1}, below("max_tokens", "integer", 0, "-1"), id="max_tokens"),
        pytest.param(
            {"temperature": 3, "max_tokens": -1, "prompt": ""},
            below("max_tokens", "integer", 0, "-1"),
            id="max_tokens before temperature and prompt",
        ),
        pytest.param({"temperature": 3}, above("temperature", "decimal", 2, "3"), id="temperature"),
        pytest.param({"n": 129}, above("n", "integer", 128, "129"), id="choices"),
        pytest.param({"best_of": 21}, above("best_of", "integer", 20, "21"), id="candidates"),
        pytest.param({"logprobs": -1}, below("logprobs", "integer", 0, "-1"), id="logprobs"),
        pytest.param(
            {"logprobs": True},
            (
                "logprobs",
                "invalid_type",
                "Invalid type for 'logprobs': expected an integer, but got a boolean instead.",
            ),
            id="logprobs as chat has them",
        ),
        pytest.param(
            {"stream_options": {"include_usage": True}},
            (
                "stream_options",
                None,
                "The 'stream_options' parameter is only allowed when 'stream' is enabled.",
            ),
            id="stream options without a stream",
        ),
        pytest.param({"max_tokens": 0}, (None, None, LENGTH_0), id="nothing is asked for"),
        pytest.param(
            {"echo": True, "logprobs": 0}, ("echo", TOGETHER, ECHO), id="E10 echo with logprobs"
        ),
        pytest.param({"best_of": 1, "n": 2}, (None, None, MORE_CHOICES), id="too few candidates"),
        pytest.param(
            {"best_of": 2, "stream": True},
            (None, None, "Streaming is not supported with best_of > 1"),
            id="a stream of the best",
        ),
        pytest.param({"prompt": 7}, no_prompt("an integer"), id="a number for a prompt"),
        pytest.param({"prompt": {"a": 1}}, no_prompt("an object"), id="an object for a prompt"),
        pytest.param({"prompt": ["a", 1]}, no_prompt("an array"), id="a text and a token"),
        pytest.param({"prompt": [True]}, no_prompt("an array"), id="a boolean for a token"),
        pytest.param(
            {"prompt": [[1, "a"]]},
            (
                "prompt[0][1]",
                "invalid_type",
                "Invalid type for 'prompt[0][1]': expected an integer, but got a string instead.",
            ),
            id="a text among tokens",
        ),
        pytest.param(
            {"prompt": [12345, 123456]},
            (
                None,
                None,
                (
                    "Invalid token in prompt: 123456. Minimum value is 0, "
                    "maximum value is 100257 (inclusive)."
                ),
            ),
            id="a token beyond the vocabulary",
        ),
        pytest.param(
            {"prompt": [[12345], [-1]]},
            (
                None,
                None,
                (
                    "Invalid token in prompt: -1. Minimum value is 0, "
                    "maximum value is 100257 (inclusive)."
                ),
            ),
            id="a negative token",
        ),
        pytest.param(
            {"logit_bias": {"100265": 1}},
            ("logit_bias", None, "Invalid key in 'logit_bias': 100265. Maximum value is 100257."),
            id="a bias beyond the vocabulary",
        ),
    ],
)
def test_a_bad_completion_is_refused(
    completion_fault: Any, members: dict[str, Any], fault: object
) -> None:
    assert completion_fault(**members) == fault


@pytest.mark.parametrize("model", ["davinci-002", "babbage-002"])
def test_base_models_do_not_tell_the_probabilities_of_a_prompt(
    completion_fault: Any, model: str
) -> None:
    assert completion_fault(model, echo=True, logprobs=5) == ("echo", TOGETHER, ECHO)


@pytest.mark.parametrize(
    ("model", "members"),
    [
        pytest.param("davinci-002", {}, id="a prompt"),
        pytest.param("davinci-002", {"prompt": ...}, id="no prompt"),
        pytest.param("davinci-002", {"prompt": None}, id="null"),
        pytest.param("davinci-002", {"prompt": ""}, id="an empty prompt"),
        pytest.param("davinci-002", {"prompt": []}, id="no prompts"),
        pytest.param("davinci-002", {"prompt": ["a", "b"]}, id="prompts"),
        pytest.param("davinci-002", {"prompt": [1, 2]}, id="tokens"),
        pytest.param("davinci-002", {"prompt": [[1], [2]]}, id="prompts of tokens"),
        pytest.param("davinci-002", {"prompt": [[1]] * 1_024, "n": 2}, id="many prompts"),
        pytest.param("davinci-002", {"prompt": [1] * 3_000}, id="a prompt of many tokens"),
        pytest.param("davinci-002", {"logprobs": 100}, id="any number of logprobs"),
        pytest.param("davinci-002", {"logprobs": 0, "suffix": "x"}, id="a suffix"),
        pytest.param("davinci-002", {"max_tokens": 0, "echo": True}, id="the prompt alone"),
        pytest.param("davinci-002", {"best_of": 2, "n": 2}, id="all of the best"),
        pytest.param("davinci-002", {"seed": None, "logit_bias": None}, id="nulls"),
        pytest.param("text-davinci-003", {"echo": True, "logprobs": 5}, id="an old echo"),
        pytest.param("openai/gpt-3.5-turbo-instruct", {"provider": {}}, id="a gateway's member"),
    ],
)
def test_a_good_completion_is_accepted(
    completion_fault: Any, model: str, members: dict[str, Any]
) -> None:
    assert completion_fault(model, **members) is None


@pytest.mark.parametrize("prompt", ["x", [1, 2]])
def test_more_answers_than_one_request_may_ask_for_are_refused(
    completion_fault: Any, prompt: object
) -> None:
    param, code, message = completion_fault("davinci-002", prompt=[prompt] * 1_025, n=2)

    assert (param, code) == (None, None)
    assert message.startswith(
        "Too many parallel completions requested. You submitted 2050 prompts, but you can "
        "currently request up to at most a total of 2048)."
    )
