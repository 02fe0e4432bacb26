"""How to test a LangChain application: nothing in it changes, the environment leads it here."""

from typing import Any

import pytest
from pytest_mockserver import Session, call

langchain_openai: Any = pytest.importorskip("langchain_openai")
langchain_tools: Any = pytest.importorskip("langchain_core.tools")


def test_a_model_answers(mock_llm: Session) -> None:
    mock_llm.reply("Hello.")

    assert langchain_openai.ChatOpenAI(model="gpt-4o").invoke("Hi").content == "Hello."


def test_a_model_streams(mock_llm: Session) -> None:
    mock_llm.reply("One two three.")

    pieces = [piece.content for piece in langchain_openai.ChatOpenAI(model="gpt-4o").stream("Hi")]

    assert "".join(pieces) == "One two three."
    assert mock_llm.calls[0].stream


def test_a_tool_is_called_and_answered(mock_llm: Session) -> None:
    @langchain_tools.tool
    def get_weather(city: str) -> str:
        """Tell the weather of a city."""
        return f"18 degrees in {city}"

    mock_llm.reply(tool_calls=[call("get_weather", city="Paris")])
    mock_llm.when(after_tool={"result": "18 degrees in Paris"}).reply("Mild.")
    model = langchain_openai.ChatOpenAI(model="gpt-4o").bind_tools([get_weather])

    asked = model.invoke("How is the weather?")
    result = get_weather.invoke(asked.tool_calls[0])
    answer = model.invoke([("user", "How is the weather?"), asked, result])

    assert answer.content == "Mild."
    mock_llm.assert_well_behaved()


def test_it_retries_as_the_openai_client_does(mock_llm: Session) -> None:
    mock_llm.fail("rate_limit", times=2, retry_after_s=20)
    mock_llm.reply("At last.")

    assert langchain_openai.ChatOpenAI(model="gpt-4o").invoke("Hi").content == "At last."

    mock_llm.assert_waited(at_least_s=20)
