"""How to test an agent: tool calls are scripted, its tools really run, the loop is checked."""

import json
from collections.abc import Callable
from typing import TYPE_CHECKING

import openai
import pytest
from pytest_mockserver import Session, call

if TYPE_CHECKING:
    from openai.types.chat import ChatCompletionMessageParam, ChatCompletionToolParam

Tool = Callable[..., str]

TOOLS: "list[ChatCompletionToolParam]" = [
    {
        "type": "function",
        "function": {
            "name": "get_weather",
            "parameters": {
                "type": "object",
                "properties": {"city": {"type": "string"}},
                "required": ["city"],
            },
        },
    }
]


def run_agent(question: str, tools: dict[str, Tool], system: str = "You are helpful.") -> str:
    """Run tools in a loop until the model is done, as an application does."""
    messages: list[ChatCompletionMessageParam] = [
        {"role": "system", "content": system},
        {"role": "user", "content": question},
    ]
    for _ in range(10):
        with openai.OpenAI() as client:
            answer = client.chat.completions.create(model="gpt-4o", messages=messages, tools=TOOLS)
        message = answer.choices[0].message
        if not message.tool_calls:
            return message.content or ""
        messages.append(
            {
                "role": "assistant",
                "tool_calls": [
                    {
                        "id": made.id,
                        "type": "function",
                        "function": {
                            "name": made.function.name,
                            "arguments": made.function.arguments,
                        },
                    }
                    for made in message.tool_calls
                    if made.type == "function"
                ],
            }
        )
        for made in message.tool_calls:
            if made.type == "function":
                result = _run(tools, made.function.name, made.function.arguments)
                messages.append({"role": "tool", "tool_call_id": made.id, "content": result})
    raise RuntimeError("the model never came to an end")


def _run(tools: dict[str, Tool], name: str, arguments: str) -> str:
    if name not in tools:
        return f"error: there is no tool '{name}'"
    try:
        return tools[name](**json.loads(arguments))
    except (TypeError, ValueError) as error:
        return f"error: {error}"


def weather(city: str) -> str:
    return f"18 degrees in {city}"


def test_runs_the_tool_and_answers_with_its_result(mock_llm: Session) -> None:
    mock_llm.when(last_user={"contains": "weather"}).reply(
        tool_calls=[call("get_weather", city="Paris")]
    )
    mock_llm.when(after_tool={"name": "get_weather", "result": {"contains": "18 degrees"}}).reply(
        "It is mild in Paris."
    ).named("answered")

    assert run_agent("How is the weather?", {"get_weather": weather}) == "It is mild in Paris."

    mock_llm.assert_called(1, after_tool="get_weather")
    mock_llm.assert_order("when-1", "answered")
    mock_llm.assert_well_behaved()


@pytest.mark.parametrize("failure", ["bad_arguments", "unknown_tool"])
def test_survives_a_model_that_calls_tools_wrongly(mock_llm: Session, failure: str) -> None:
    mock_llm.reply(tool_calls=[call("get_weather", city="Paris")]).fail(failure)
    mock_llm.when(after_tool={"result": {"contains": "error"}}).reply("I cannot tell.")

    assert run_agent("How is the weather?", {"get_weather": weather}) == "I cannot tell."

    mock_llm.assert_well_behaved()


def test_agents_side_by_side_each_have_a_script_of_their_own(mock_llm: Session) -> None:
    mock_llm.when(system={"contains": "researcher"}).per("conversation").replies(
        {"kind": "tool_calls", "calls": [call("get_weather", city="Paris")]},
        "Found.",
    )

    for question in ("one", "two", "three"):
        found = run_agent(question, {"get_weather": weather}, "You are a researcher.")
        assert found == "Found."

    assert [len(conversation) for conversation in mock_llm.conversations] == [2, 2, 2]


def test_an_agent_in_a_loop_is_stopped(mock_llm: Session) -> None:
    mock_llm.when().reply(tool_calls=[call("get_weather", city="Paris")])

    with pytest.raises(RuntimeError, match="never came to an end"):
        run_agent("How is the weather?", {"get_weather": weather})

    mock_llm.assert_called(10)
