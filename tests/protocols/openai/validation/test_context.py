from typing import Any

import pytest

from mockserver.conversation import ApiError
from mockserver.models import Catalogue
from mockserver.protocols.openai.validation import check_context

Fault = tuple[str | None, str | None, str]


def fault(model: str, prompt_tokens: int, **members: Any) -> Fault | None:
    found = Catalogue(any_model=True).get(model)
    assert found is not None
    body = members if "prompt" in members else {"messages": [], **members}
    try:
        check_context(body, found, prompt_tokens)
    except ApiError as error:
        assert (error.status, error.type) == (400, "invalid_request_error")  # noqa: PT017
        return error.param, error.code, error.message
    return None


TOO_LONG = "context_length_exceeded"


@pytest.mark.parametrize(
    ("model", "prompt_tokens", "limit", "expected"),
    [
        pytest.param(
            "gpt-3.5-turbo",
            20_011,
            {},
            "This model's maximum context length is 16385 tokens. However, your messages resulted "
            "in 20011 tokens. Please reduce the length of the messages.",
            id="a long conversation",
        ),
        pytest.param(
            "gpt-4",
            4_097,
            {"max_tokens": 4_096},
            "This model's maximum context length is 8192 tokens. However, you requested 8193 "
            "tokens (4097 in the messages, 4096 in the completion). Please reduce the length of "
            "the messages or completion.",
            id="a conversation that leaves no room for the answer",
        ),
        pytest.param(
            "gpt-5",
            289_650,
            {},
            "Input tokens exceed the configured limit of 272000 tokens. Your messages resulted in "
            "289650 tokens. Please reduce the length of the messages.",
            id="gpt-5",
        ),
        pytest.param(
            "gpt-5.4",
            922_001,
            {},
            "Input tokens exceed the configured limit of 922000 tokens. Your messages resulted in "
            "922001 tokens. Please reduce the length of the messages.",
            id="gpt-5.4, whose window is greater",
        ),
    ],
)
def test_a_conversation_must_fit(
    model: str, prompt_tokens: int, limit: dict[str, int], expected: str
) -> None:
    assert fault(model, prompt_tokens, **limit) == ("messages", TOO_LONG, expected)


@pytest.mark.parametrize(
    ("model", "prompt_tokens", "limit"),
    [
        pytest.param("gpt-3.5-turbo", 16_385, {}, id="just as long as the window"),
        pytest.param("gpt-4", 4_096, {"max_tokens": 4_096}, id="window and answer just fit"),
        pytest.param("gpt-5", 272_000, {"max_completion_tokens": 128_000}, id="gpt-5 is full"),
        pytest.param("a-model", 10**9, {"max_tokens": 10**9}, id="a model of unknown size"),
    ],
)
def test_what_just_fits_is_accepted(model: str, prompt_tokens: int, limit: dict[str, int]) -> None:
    assert fault(model, prompt_tokens, **limit) is None


@pytest.mark.parametrize(
    ("model", "key", "most"),
    [
        ("gpt-4o", "max_tokens", 16_384),
        ("gpt-4o", "max_completion_tokens", 16_384),
        ("gpt-5", "max_completion_tokens", 128_000),
    ],
)
def test_an_answer_has_a_greatest_length(model: str, key: str, most: int) -> None:
    assert fault(model, 10, **{key: 200_480}) == (
        "max_tokens",
        "invalid_value",
        (
            f"max_tokens is too large: 200480. This model supports at "
            f"most {most} completion tokens, "
            "whereas you provided 200480."
        ),
    )


@pytest.mark.parametrize("model", ["gpt-5", "o3", "gpt-5.6-terra"])
def test_a_thinking_model_needs_more_than_one_token(model: str) -> None:
    assert fault(model, 10, max_completion_tokens=1) == (
        None,
        None,
        (
            "Could not finish the message because max_tokens or model output limit was reached. "
            "Please try again with higher max_tokens."
        ),
    )


@pytest.mark.parametrize(
    ("model", "members"),
    [
        pytest.param("gpt-4o", {"max_tokens": 1}, id="a model that does not think"),
        pytest.param("gpt-5.1", {"max_completion_tokens": 1}, id="one that need not"),
        pytest.param(
            "gpt-5.6-terra",
            {"max_completion_tokens": 1, "reasoning_effort": "none"},
            id="one that is told not to",
        ),
        pytest.param("gpt-5", {"max_completion_tokens": 16}, id="sixteen tokens"),
    ],
)
def test_one_token_is_enough_without_thought(model: str, members: dict[str, Any]) -> None:
    assert fault(model, 10, **members) is None


def completion_text(window: int, prompt: int, limit: int) -> str:
    return (
        f"This model's maximum context length is {window} tokens, however you requested "
        f"{prompt + limit} tokens ({prompt} in your prompt; {limit} for the completion). "
        "Please reduce your prompt; or completion length."
    )


@pytest.mark.parametrize(
    ("prompt_tokens", "members", "expected"),
    [
        pytest.param(
            1_090, {"max_tokens": 3_072}, completion_text(4_097, 1_090, 3_072), id="a long answer"
        ),
        pytest.param(4_082, {}, completion_text(4_097, 4_082, 16), id="sixteen more by default"),
        pytest.param(
            8_400,
            {"prompt": ["a", "b"], "max_tokens": 0},
            completion_text(4_097, 4_200, 0),
            id="two prompts of which one must be too long",
        ),
    ],
)
def test_a_prompt_must_fit(prompt_tokens: int, members: dict[str, Any], expected: str) -> None:
    found = fault("gpt-3.5-turbo-instruct", prompt_tokens, **{"prompt": "x", **members})

    assert found == (None, None, expected)


@pytest.mark.parametrize(
    ("model", "prompt_tokens", "members"),
    [
        pytest.param("gpt-3.5-turbo-instruct", 4_081, {"prompt": "x"}, id="just fits"),
        pytest.param("gpt-3.5-turbo-instruct", 4_081, {"prompt": [1] * 4_081}, id="of tokens"),
        pytest.param("gpt-3.5-turbo-instruct", 8_000, {"prompt": ["a", "b"]}, id="two prompts"),
        pytest.param("text-davinci-003", 10**6, {"prompt": "x"}, id="a model of unknown size"),
    ],
)
def test_a_prompt_that_fits_is_accepted(
    model: str, prompt_tokens: int, members: dict[str, Any]
) -> None:
    assert fault(model, prompt_tokens, **members) is None
