"""How to test a pydantic-ai agent: it really runs, tools and validation included."""

import asyncio
from typing import Any

import pytest
from pytest_mockserver import Session, call

pydantic: Any = pytest.importorskip("pydantic")
pydantic_ai: Any = pytest.importorskip("pydantic_ai")

RESPONSES = "openai:gpt-4o"
CHAT = "openai-chat:gpt-4o"


@pytest.mark.parametrize("model", [RESPONSES, CHAT])
def test_an_agent_runs_its_tool(mock_llm: Session, model: str) -> None:
    agent = pydantic_ai.Agent(model)

    @agent.tool_plain
    def get_weather(city: str) -> str:
        """Tell the weather of a city."""
        return f"18 degrees in {city}"

    mock_llm.reply(tool_calls=[call("get_weather", city="Paris")])
    mock_llm.when(after_tool={"result": "18 degrees in Paris"}).reply("Mild.")

    assert agent.run_sync("How is the weather?").output == "Mild."

    mock_llm.assert_called(2, tools="get_weather")


@pytest.mark.parametrize("model", [RESPONSES, CHAT])
def test_an_answer_that_does_not_fit_is_asked_for_again(mock_llm: Session, model: str) -> None:
    person: Any = pydantic.create_model("Person", name=(str, ...), born=(int, ...))
    agent = pydantic_ai.Agent(model, output_type=person)
    mock_llm.reply(tool_calls=[call("final_result", name="Ada", born="long ago")])
    mock_llm.reply(tool_calls=[call("final_result", name="Ada", born=1815)])

    assert agent.run_sync("Who was Ada?").output.born == 1815


def test_a_model_thinks_and_its_thoughts_are_sent_back(mock_llm: Session) -> None:
    agent = pydantic_ai.Agent(
        "openai:gpt-5", model_settings={"openai_reasoning_summary": "detailed"}
    )
    mock_llm.reply("Four.", reasoning="Two and two.")
    mock_llm.when(last_user="And twice that?").reply("Eight.")

    first = agent.run_sync("What is two and two?")
    second = agent.run_sync("And twice that?", message_history=first.all_messages())

    assert first.response.thinking == "Two and two."
    assert second.output == "Eight."
    mock_llm.assert_called(2, endpoint="responses")


def test_an_agent_streams(mock_llm: Session) -> None:
    agent = pydantic_ai.Agent(RESPONSES)
    mock_llm.reply("One two three.")

    async def text() -> str:
        async with agent.run_stream("Count.") as run:
            return "".join([piece async for piece in run.stream_text(delta=True)])

    assert asyncio.run(text()) == "One two three."
