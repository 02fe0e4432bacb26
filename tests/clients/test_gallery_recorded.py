"""The scenarios of recorded and live answers, used through OpenAI's client."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import openai
import pytest
from gallery import playing, text

from mockserver import MockServer

MODEL = "gpt-4o-mini"
QUESTION = {"role": "user", "content": "What is the weather in Paris?"}
TOOLS: Any = [
    {
        "type": "function",
        "function": {
            "name": "get_weather",
            "description": "The weather in a city.",
            "parameters": {
                "type": "object",
                "properties": {"city": {"type": "string"}},
                "required": ["city"],
            },
        },
    }
]


@contextmanager
def serving(scenario: str) -> Iterator[tuple[openai.OpenAI, MockServer]]:
    """Yield a client of a server with *scenario*, and the server that is its upstream."""
    with (
        MockServer({"rules": [{"reply": "Live."}]}) as upstream,
        MockServer(scenario, upstream=upstream.url, record="none", time_scale=0) as server,
        openai.OpenAI(base_url=server.base_url, api_key="sk-test", max_retries=0) as client,
    ):
        yield client, upstream


def streamed(client: openai.OpenAI, messages: Any) -> Any:
    """Return the message that a streamed answer amounts to."""
    with client.chat.completions.stream(
        model=MODEL, messages=messages, tools=TOOLS, stream_options={"include_usage": True}
    ) as stream:
        return stream.get_final_completion().choices[0].message


def test_a_recorded_run_of_an_agent_is_answered_again() -> None:
    with playing("recorded/weather") as client:
        called = streamed(client, [QUESTION])
        (call,) = called.tool_calls
        made = {
            "id": call.id,
            "type": "function",
            "function": {"name": call.function.name, "arguments": call.function.arguments},
        }
        answer = {
            "role": "tool",
            "tool_call_id": call.id,
            "content": '{"celsius": 18, "sky": "light rain"}',
        }
        turn = {"role": "assistant", "content": None, "tool_calls": [made]}
        said = streamed(client, [QUESTION, turn, answer]).content

    assert made["function"] == {"name": "get_weather", "arguments": '{"city":"Paris"}'}
    assert said == "It is 18 degrees in Paris, with light rain. Take an umbrella."


def test_what_was_refused_once_is_refused_once() -> None:
    joke = "Tell me a joke about clouds."
    with playing("recorded/weather") as client:
        with pytest.raises(openai.RateLimitError):
            text(client, joke, model=MODEL)
        answers = [text(client, joke, model=MODEL) for _ in range(2)]
        other = text(client, "Tell me a joke.", model=MODEL)

    assert answers == ["What do clouds wear under their coats? Thunderwear."] * 2
    assert other == "That was not recorded."


def test_a_live_provider_fails_now_and_then() -> None:
    outcomes: list[str] = []
    with serving("recorded/brown-out-over-staging") as (client, upstream):
        for number in range(40):
            try:
                outcomes.append(text(client, f"Question {number}"))
            except openai.InternalServerError as error:
                outcomes.append(str(error.status_code))
        live = len(upstream.session().journal)

    assert set(outcomes) == {"Live.", "503"}
    assert live == outcomes.count("Live.")
