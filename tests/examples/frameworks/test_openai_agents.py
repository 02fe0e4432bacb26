"""How to test agents of the OpenAI Agents SDK: by its model for chat completions."""

from typing import Any

import pytest
from pytest_mockserver import Session, call

agents: Any = pytest.importorskip("agents")


def test_an_agent_runs_its_tool(mock_llm: Session) -> None:
    agents.set_default_openai_api("chat_completions")
    agents.set_tracing_disabled(True)

    @agents.function_tool
    def get_weather(city: str) -> str:
        """Tell the weather of a city."""
        return f"18 degrees in {city}"

    mock_llm.reply(tool_calls=[call("get_weather", city="Paris")])
    mock_llm.when(after_tool={"result": "18 degrees in Paris"}).reply("Mild.")
    agent = agents.Agent(name="Weather", model="gpt-4o", tools=[get_weather])

    assert agents.Runner.run_sync(agent, "How is the weather?").final_output == "Mild."

    mock_llm.assert_well_behaved()


def test_agents_hand_over_to_each_other(mock_llm: Session) -> None:
    agents.set_default_openai_api("chat_completions")
    agents.set_tracing_disabled(True)
    refunds = agents.Agent(name="Refunds", instructions="You refund.", model="gpt-4o")
    desk = agents.Agent(
        name="Desk", instructions="You are the desk.", model="gpt-4o", handoffs=[refunds]
    )
    mock_llm.when(system={"contains": "the desk"}).reply(tool_calls=[call("transfer_to_refunds")])
    mock_llm.when(system={"contains": "You refund"}).reply("Refunded.")

    assert agents.Runner.run_sync(desk, "My money back!").final_output == "Refunded."
