"""What a prompt of text is billed as: published figures, and arithmetic by hand."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mockserver.models import Catalogue, Model
from mockserver.tokens import Count, count_prompt
from mockserver.tokens.vocabularies import vocabulary

CATALOGUE = Catalogue(any_model=True)


def model(name: str) -> Model:
    found = CATALOGUE.get(name)
    assert found is not None
    return found


def tokens(name: str, *messages: dict[str, Any], **members: Any) -> int:
    return count_prompt({"messages": list(messages), **members}, model(name)).tokens


def user(content: Any) -> dict[str, Any]:
    return {"role": "user", "content": content}


# OpenAI Cookbook, "How to count tokens with tiktoken": the messages, and what the API billed.
JARGON = """
system: You are a helpful, pattern-following assistant that translates corporate jargon into plain \
English.
system example_user: New synergies will help drive top-line growth.
system example_assistant: Things working well together will increase revenue.
system example_user: Let's circle back when we have more bandwidth to touch base on opportunities \
for increased leverage.
system example_assistant: Let's talk later when we're less busy about how to do better.
user: This late pivot means we don't have time to boil the ocean for the client deliverable.
"""
WEATHER = {
    "name": "get_current_weather",
    "description": "Get the current weather in a given location",
    "parameters": {
        "type": "object",
        "properties": {
            "location": {
                "type": "string",
                "description": "The city and state, e.g. San Francisco, CA",
            },
            "unit": {
                "type": "string",
                "description": "The unit of temperature to return",
                "enum": ["celsius", "fahrenheit"],
            },
        },
        "required": ["location"],
    },
}
ASKED = [
    {
        "role": "system",
        "content": "You are a helpful assistant that can answer to questions about the weather.",
    },
    {"role": "user", "content": "What's the weather like in San Francisco?"},
]


@pytest.mark.parametrize(
    ("name", "billed"),
    [
        ("gpt-3.5-turbo", 129),
        ("gpt-4-0613", 129),
        ("gpt-4", 129),
        ("gpt-4o", 124),
        ("gpt-4o-mini", 124),
        ("gpt-3.5-turbo-0301", 127),
    ],
)
def test_messages_cost_what_the_cookbook_says_the_api_billed(name: str, billed: int) -> None:
    messages = [
        dict(zip(("role", "name"), speaker.split(), strict=False)) | {"content": content}
        for speaker, _, content in (line.partition(": ") for line in JARGON.strip().split("\n"))
    ]

    assert tokens(name, *messages) == billed


@pytest.mark.parametrize(
    ("name", "billed"),
    [("gpt-3.5-turbo", 105), ("gpt-4", 105), ("gpt-4o", 101), ("gpt-4o-mini", 101)],
)
def test_tools_cost_what_the_cookbook_says_the_api_billed(name: str, billed: int) -> None:
    tools = [{"type": "function", "function": WEATHER}]

    assert tokens(name, *ASKED, tools=tools) == billed


@pytest.mark.parametrize(
    ("name", "messages", "expected"),
    [
        # 3 around a message, 1 role, 1 text; 3 that prime the answer.
        pytest.param("gpt-4o", [user("Hello")], 8, id="one message"),
        pytest.param("gpt-4o", [user("")], 7, id="an empty text"),
        pytest.param("gpt-4o", [user(None)], 7, id="no text"),
        pytest.param("gpt-4o", [user("Hello"), user("Hello")], 13, id="two messages"),
        pytest.param(
            "gpt-4o", [{"role": "developer", "content": "Hello"}], 8, id="developer is a role"
        ),
        pytest.param(
            "gpt-4o",
            [{"role": "user", "content": "Hello", "name": "user"}],
            9,
            id="the name of user:user is one token",
        ),
        pytest.param(
            "gpt-4o", [{"role": "assistant", "content": "Hello"}], 8, id="an assistant's text"
        ),
        pytest.param(
            "gpt-4o",
            [{"role": "assistant", "content": None, "refusal": "Hello"}],
            8,
            id="a refusal is text",
        ),
        pytest.param(
            "gpt-4o",
            [user([{"type": "text", "text": "Hel"}, {"type": "text", "text": "lo"}])],
            8,
            id="parts are joined by nothing",
        ),
        pytest.param("gpt-4o", [user("<|endoftext|>")], 14, id="a special token is seven"),
        pytest.param("gpt-5", [user("Hello")], 7, id="Harmony primes with two"),
        pytest.param(
            "gpt-5",
            [{"role": "assistant", "content": "Hello"}],
            9,
            id="Harmony says that a text is the final one",
        ),
        pytest.param("gpt-3.5-turbo-0301", [user("Hello")], 9, id="0301 has four around a message"),
        pytest.param("gpt-4o-search-preview", [user("Hello")], 1, id="search bills texts alone"),
        pytest.param("gpt-4o", [user("\ud800")], 8, id="a lone surrogate is one U+FFFD"),
    ],
)
def test_a_conversation_costs_its_texts_and_what_is_around_them(
    name: str, messages: list[dict[str, Any]], expected: int
) -> None:
    assert tokens(name, *messages) == expected


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        pytest.param("Hello world", 2, id="a text"),
        pytest.param(["Hello world", "Hello"], 3, id="texts are summed"),
        pytest.param([9906, 1917, 0], 3, id="tokens"),
        pytest.param([[9906, 1917], [0]], 3, id="lists of tokens are summed"),
        pytest.param("", 0, id="an empty text"),
        pytest.param(None, 1, id="no prompt is one <|endoftext|>"),
        pytest.param("<|endoftext|>", 7, id="a special token in a text is seven"),
    ],
)
def test_a_legacy_prompt_costs_its_tokens(prompt: Any, expected: int) -> None:
    assert count_prompt({"prompt": prompt}, model("gpt-3.5-turbo-instruct")) == Count(expected)


@pytest.mark.parametrize(
    ("name", "encoding"),
    [
        pytest.param("gpt-3.5-turbo-instruct", "cl100k_base", id="instruct"),
        pytest.param("davinci-002", "cl100k_base", id="davinci-002"),
        pytest.param("text-davinci-003", "p50k_base", id="text-davinci-003"),
        pytest.param("davinci", "r50k_base", id="davinci"),
        pytest.param("gpt-4-turbo", "cl100k_base", id="gpt-4-turbo"),
        pytest.param("gpt-4.1", "o200k_base", id="gpt-4.1"),
        pytest.param("o3", "o200k_base", id="o3"),
        pytest.param("gpt-5.4", "o200k_base", id="gpt-5.4"),
    ],
)
def test_each_family_has_its_vocabulary(name: str, encoding: str) -> None:
    assert model(name).family.encoding == encoding


def test_a_suffix_is_a_guess() -> None:
    body = {"prompt": "Hello", "suffix": " world"}

    assert count_prompt(body, model("gpt-3.5-turbo-instruct")) == Count(2, exact=False)


@pytest.mark.parametrize("name", ["llama-3", "o1-mini"])
def test_a_model_that_nobody_has_measured_is_a_guess(name: str) -> None:
    assert not count_prompt({"messages": [user("Hello")]}, model(name)).exact


# The rules count the system message and what follows it apart.
@pytest.mark.parametrize("encoding", ["cl100k_base", "o200k_base"])
@settings(derandomize=True, deadline=None)
@given(text=st.text() | st.text(st.sampled_from("a.\n\r\t #/{}é漢😀'"), max_size=30))
def test_no_token_reaches_over_the_blank_line_before_a_heading(encoding: str, text: str) -> None:
    count = vocabulary(encoding).count
    before, heading = text + "\n\n", "# Tools\n\n## functions"

    assert count(before + heading) == count(before) + count(heading)
