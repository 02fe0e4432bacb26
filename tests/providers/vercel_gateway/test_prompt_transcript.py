"""The conversation in a body of the AI SDK, and what comes of it."""

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from support.inprocess import Api

from mockserver.conversation import Text, Tool, ToolCall, ToolResult, Transcript
from mockserver.providers.vercel_gateway.transcript import transcript
from mockserver.records.verdicts import judge

MEMBERS = ("prompt", "role", "content", "type", "text", "toolName", "input", "output", "tools")
words = st.sampled_from(["user", "assistant", "tool", "tool-call", "tool-result", *MEMBERS])
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=4),
    max_leaves=15,
)
HEADERS = {
    "ai-gateway-protocol-version": "0.0.1",
    "ai-language-model-specification-version": "3",
    "ai-language-model-id": "openai/gpt-4o-mini",
    "ai-language-model-streaming": "false",
}


def prompt(*results: dict[str, Any]) -> list[dict[str, Any]]:
    made = {"type": "tool-call", "toolCallId": "c", "toolName": "f", "input": {"a": 1}}
    return [
        {"role": "system", "content": "Be kind."},
        {"role": "user", "content": [{"type": "text", "text": "Hi"}]},
        {"role": "assistant", "content": [{"type": "text", "text": "Well:"}, made]},
        *({"role": "tool", "content": [result]} for result in results),
    ]


def result(output: dict[str, Any]) -> dict[str, Any]:
    return {"type": "tool-result", "toolCallId": "c", "toolName": "f", "output": output}


@settings(derandomize=True)
@given(st.dictionaries(st.sampled_from(MEMBERS), anything))
def test_whatever_a_client_writes_is_read_without_a_word(body: dict[str, Any]) -> None:
    assert isinstance(transcript(body), Transcript)


def test_messages_are_turns() -> None:
    tools = [{"type": "function", "name": "f", "inputSchema": {"type": "object"}}]
    read = transcript({"prompt": prompt(result({"type": "text", "value": "18"})), "tools": tools})

    assert [turn.role for turn in read.turns] == ["system", "user", "assistant", "tool"]
    assert read.turns[2].parts == (Text("Well:"), ToolCall("f", '{"a":1}', "c"))
    assert read.turns[3].parts == (ToolResult("18", "c", "f"),)
    assert read.tools == (Tool("f", {"type": "object"}),)


def test_a_result_is_told_as_text_whatever_its_kind() -> None:
    outputs = [
        ({"type": "json", "value": {"t": 18}}, '{"t":18}'),
        ({"type": "execution-denied"}, "Tool call execution denied."),
        ({"type": "error-text", "value": "no such city"}, "no such city"),
    ]

    for output, text in outputs:
        assert transcript({"prompt": prompt(result(output))}).turns[-1].text == text


def test_clients_of_the_sdk_are_judged_as_others_are() -> None:
    api = Api()
    unanswered = [*prompt(), {"role": "user", "content": [{"type": "text", "text": "And?"}]}]

    answered = api.send(
        "POST",
        "/vercel_gateway/v4/ai/language-model",
        json.dumps({"prompt": unanswered}).encode(),
        headers=HEADERS,
    )
    verdicts = judge(api.engine.session("default").journal)

    assert answered.status == 400
    assert [verdict.kind for verdict in verdicts] == ["tool_call_not_answered"]
