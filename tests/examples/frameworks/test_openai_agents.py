"""How to test agents of the OpenAI Agents SDK, which speaks the Responses API by default."""

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pytest_mockserver import Session, call

agents: Any = pytest.importorskip("agents")

Run = Callable[[Any], Any]


@agents.function_tool
def get_weather(city: str) -> str:
    """Tell the weather of a city."""
    return f"18 degrees in {city}"


@pytest.fixture(scope="module")
def run() -> Iterator[Run]:
    """Run coroutines in one event loop: all agents share an HTTP client, which belongs to one."""
    with asyncio.Runner() as runner:
        yield runner.run


def weather_agent() -> Any:
    return agents.Agent(name="Weather", instructions="Be brief.", tools=[get_weather])


def test_an_agent_runs_its_tool(mock_llm: Session, run: Run) -> None:
    mock_llm.reply(tool_calls=[call("get_weather", city="Paris")])
    mock_llm.when(after_tool={"result": "18 degrees in Paris"}).reply("Mild.")

    result = run(agents.Runner.run(weather_agent(), "How is the weather?"))

    assert result.final_output == "Mild."
    mock_llm.assert_called(2, endpoint="responses", tools="get_weather", system="Be brief.")
    mock_llm.assert_usage(
        prompt_tokens=result.context_wrapper.usage.input_tokens,
        completion_tokens=result.context_wrapper.usage.output_tokens,
    )
    mock_llm.assert_well_behaved()


def test_an_agent_streams_while_it_runs_its_tool(mock_llm: Session, run: Run) -> None:
    mock_llm.reply(tool_calls=[call("get_weather", city="Paris")])
    mock_llm.reply("One two three.")

    async def pieces() -> list[str]:
        result = agents.Runner.run_streamed(weather_agent(), "How is the weather?")
        return [
            event.data.delta
            async for event in result.stream_events()
            if event.type == "raw_response_event"
            and event.data.type == "response.output_text.delta"
        ]

    assert run(pieces()) == ["One", " two", " three", "."]


def test_agents_hand_over_to_each_other(mock_llm: Session, run: Run) -> None:
    refunds = agents.Agent(name="Refunds", instructions="You refund.")
    desk = agents.Agent(name="Desk", instructions="You are the desk.", handoffs=[refunds])
    mock_llm.when(system={"contains": "the desk"}).reply(tool_calls=[call("transfer_to_refunds")])
    mock_llm.when(system={"contains": "You refund"}).reply("Refunded.")

    result = run(agents.Runner.run(desk, "My money back!"))

    assert (result.final_output, result.last_agent.name) == ("Refunded.", "Refunds")


def test_a_conversation_goes_on_from_the_last_response(mock_llm: Session, run: Run) -> None:
    agent = weather_agent()
    mock_llm.reply(tool_calls=[call("get_weather", city="Paris")])
    mock_llm.reply("Mild.")
    mock_llm.when(last_user="And Rome?", any_message="How is Paris?").reply("Mild, too.")

    first = run(agents.Runner.run(agent, "How is Paris?"))
    more = {"previous_response_id": first.last_response_id}
    second = run(agents.Runner.run(agent, "And Rome?", **more))

    assert second.final_output == "Mild, too."


def test_a_session_sends_the_whole_history(mock_llm: Session, run: Run) -> None:
    agent, session = weather_agent(), agents.SQLiteSession("a customer")
    mock_llm.reply(tool_calls=[call("get_weather", city="Paris")])
    mock_llm.reply("Mild.")
    mock_llm.when(last_user="And Rome?", any_message="How is Paris?").reply("Mild, too.")

    run(agents.Runner.run(agent, "How is Paris?", session=session))
    second = run(agents.Runner.run(agent, "And Rome?", session=session))

    assert second.final_output == "Mild, too."


def test_a_conversation_is_kept_by_the_server(mock_llm: Session, run: Run) -> None:
    agent, session = weather_agent(), agents.OpenAIConversationsSession()
    mock_llm.reply(tool_calls=[call("get_weather", city="Paris")])
    mock_llm.reply("Mild.")
    mock_llm.when(last_user="And Rome?", any_message="How is Paris?").reply("Mild, too.")

    run(agents.Runner.run(agent, "How is Paris?", session=session))
    second = run(agents.Runner.run(agent, "And Rome?", session=session))

    assert second.final_output == "Mild, too."
    assert len(run(session.get_items())) == 6


def test_a_failure_is_survived_by_trying_again(mock_llm: Session, run: Run) -> None:
    mock_llm.fail("rate_limit", times=2, retry_after_s=20)
    mock_llm.reply("At last.")

    assert run(agents.Runner.run(weather_agent(), "Hi")).final_output == "At last."

    mock_llm.assert_waited(at_least_s=20)


def test_an_application_that_asks_for_chat_completions(mock_llm: Session, run: Run) -> None:
    config = agents.RunConfig(model_provider=agents.OpenAIProvider(use_responses=False))
    mock_llm.reply(tool_calls=[call("get_weather", city="Paris")])
    mock_llm.when(after_tool={"result": "18 degrees in Paris"}).reply("Mild.")

    result = run(agents.Runner.run(weather_agent(), "How is the weather?", run_config=config))

    assert result.final_output == "Mild."
    mock_llm.assert_called(2, endpoint="chat.completions")
