"""The conversation in a body, in whatever form clients write it."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mockserver.conversation import Text, Tool, ToolCall, ToolResult, Transcript, Turn
from mockserver.protocols.openai.transcript import transcript

MEMBERS = ("messages", "role", "content", "tool_calls", "function", "custom", "tools", "prompt")
words = st.sampled_from(["user", "assistant", "tool", "text", "type", "id", *MEMBERS])
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=4),
    max_leaves=15,
)


def call(**function: Any) -> dict[str, Any]:
    return {"role": "assistant", "tool_calls": [{"id": "c", "type": "function", **function}]}


@settings(derandomize=True)
@given(st.dictionaries(st.sampled_from(MEMBERS), anything))
def test_whatever_a_client_writes_is_read_without_a_word(body: dict[str, Any]) -> None:
    assert isinstance(transcript(body), Transcript)


@pytest.mark.parametrize(
    ("message", "turn"),
    [
        ({"role": "developer", "content": "Be kind."}, Turn("system", (Text("Be kind."),))),
        (
            {"role": "user", "content": [{"type": "text", "text": "a"}, 3]},
            Turn("user", (Text("a"),)),
        ),
        (call(function={"name": "f"}), Turn("assistant", (ToolCall("f", "{}", "c"),))),
        (call(custom={"name": "f", "input": "x"}), Turn("assistant", (ToolCall("f", "x", "c"),))),
        (
            {"role": "tool", "tool_call_id": "c", "content": "18"},
            Turn("tool", (ToolResult("18", "c"),)),
        ),
        (
            {"role": "function", "name": "f", "content": "18"},
            Turn("tool", (ToolResult("18", None, "f"),)),
        ),
    ],
)
def test_a_message_is_a_turn(message: dict[str, Any], turn: Turn) -> None:
    (read,) = transcript({"messages": [message]}).turns

    assert (read.role, read.parts) == (turn.role, turn.parts)


@pytest.mark.parametrize("arguments", [{"city": "Paris"}, 3, ["a"]])
def test_arguments_that_are_no_text_are_no_json_either(arguments: Any) -> None:
    (turn,) = transcript({"messages": [call(function={"name": "f", "arguments": arguments})]}).turns

    assert turn.tool_calls[0].arguments == str(arguments)


def test_tools_and_prompts_are_told_too() -> None:
    tools = [
        {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}},
        {"type": "custom", "custom": {"name": "g"}},
        {"type": "unheard_of"},
    ]

    assert transcript({"tools": tools, "prompt": "Once"}) == Transcript(
        (), (Tool("f", {"type": "object"}), Tool("g", takes_json=False)), ("Once",)
    )
    assert transcript({"prompt": ["a", "b", 3]}).prompts == ("a", "b")


def test_what_came_since_the_model_spoke_is_what_follows_its_last_turn() -> None:
    roles = ["user", "assistant", "tool", "tool", "user"]
    body = {"messages": [{"role": role, "content": role} for role in roles]}

    assert [turn.role for turn in transcript(body).since_last_turn] == ["tool", "tool", "user"]
    assert [turn.role for turn in transcript({"messages": []}).since_last_turn] == []
