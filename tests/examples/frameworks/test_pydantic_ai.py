"""How to test a pydantic-ai agent: it really runs, tools and validation included."""

from typing import Any

import pytest
from pytest_mockserver import Session, call

pydantic: Any = pytest.importorskip("pydantic")
pydantic_ai: Any = pytest.importorskip("pydantic_ai")

MODEL = "openai-chat:gpt-4o"


def test_an_agent_runs_its_tool(mock_llm: Session) -> None:
    agent = pydantic_ai.Agent(MODEL)

    @agent.tool_plain
    def get_weather(city: str) -> str:
        """Tell the weather of a city."""
        return f"18 degrees in {city}"

    mock_llm.reply(tool_calls=[call("get_weather", city="Paris")])
    mock_llm.when(after_tool={"result": "18 degrees in Paris"}).reply("Mild.")

    assert agent.run_sync("How is the weather?").output == "Mild."

    mock_llm.assert_called(2, tools="get_weather")


def test_an_answer_that_does_not_fit_is_asked_for_again(mock_llm: Session) -> None:
    person: Any = pydantic.create_model("Person", name=(str, ...), born=(int, ...))
    agent = pydantic_ai.Agent(MODEL, output_type=person)
    mock_llm.reply(tool_calls=[call("final_result", name="Ada", born="long ago")])
    mock_llm.reply(tool_calls=[call("final_result", name="Ada", born=1815)])

    assert agent.run_sync("Who was Ada?").output.born == 1815
