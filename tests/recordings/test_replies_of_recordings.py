"""A reply made of a recorded answer says what was recorded, with no key too many."""

import json
from typing import Any

import pytest

from mockserver.contracts import Heard
from mockserver.conversation import (
    Choice,
    Findings,
    Item,
    Refusal,
    Speech,
    Text,
    Thought,
    ToolCall,
    Usage,
    Vector,
)
from mockserver.recordings.replies import reply_of

CHAT, RESPONSES = "chat.completions", "responses"
SEARCH = {"type": "web_search_call", "id": "ws_1"}


def said(*parts: Any, finish: Any = "stop", **heard: Any) -> Heard:
    return Heard(choices=(Choice(parts, finish),), **heard)


CASES: list[tuple[str, Heard, str, dict[str, Any] | None]] = [
    ("a text", said(Text("Hi")), CHAT, {"kind": "text", "text": "Hi"}),
    ("no text", said(), CHAT, {"kind": "text", "text": ""}),
    ("nothing", Heard(), CHAT, None),
    ("compact JSON", said(Text('{"a":1}')), CHAT, {"kind": "json", "value": {"a": 1}}),
    (
        "JSON that would go out otherwise",
        said(Text('{"a": 1}')),
        CHAT,
        {"kind": "text", "text": '{"a": 1}'},
    ),
    ("a number is a text", said(Text("42")), CHAT, {"kind": "text", "text": "42"}),
    ("a refusal", said(Refusal("No.")), CHAT, {"kind": "refusal", "text": "No."}),
    (
        "a refusal among items",
        said(Refusal("No.")),
        RESPONSES,
        {"kind": "items", "items": [{"refusal": "No."}]},
    ),
    (
        "a call, without the id that nobody refers to",
        said(ToolCall("f", '{"a":1}', "call_1"), finish="tool_calls"),
        CHAT,
        {"kind": "tool_calls", "calls": [{"name": "f", "arguments": {"a": 1}}]},
    ),
    (
        "calls as they go out: several with spaces",
        said(ToolCall("f", '{"a": 1}'), ToolCall("g", '{"a":1}'), finish="tool_calls"),
        CHAT,
        {
            "kind": "tool_calls",
            "calls": [
                {"name": "f", "arguments": {"a": 1}},
                {"name": "g", "arguments": '{"a":1}'},
            ],
        },
    ),
    (
        "calls of responses: with ids, without spaces",
        said(ToolCall("f", '{"a":1}', "c1"), ToolCall("g", "{}", "c2"), finish=None),
        RESPONSES,
        {
            "kind": "tool_calls",
            "calls": [
                {"name": "f", "arguments": {"a": 1}, "id": "c1"},
                {"name": "g", "arguments": {}, "id": "c2"},
            ],
        },
    ),
    (
        "a text before a call",
        said(Text("I look."), ToolCall("f", "[1"), finish="tool_calls"),
        CHAT,
        {"kind": "tool_calls", "calls": [{"name": "f", "arguments": "[1"}], "text": "I look."},
    ),
    (
        "a custom call",
        said(ToolCall("f", "x", "c", is_custom=True), finish="tool_calls"),
        CHAT,
        {"kind": "items", "items": [{"custom_call": {"name": "f", "input": "x", "id": "c"}}]},
    ),
    (
        "what interleaves",
        said(
            Thought("", ("So.",), 12, "gAAA"),
            Text("First.", "commentary"),
            Item(SEARCH),
            Text("Then.", "final_answer", ({"type": "url_citation"},)),
            finish=None,
            usage=Usage(9, 20, reasoning_tokens=12, cached_tokens=4),
        ),
        RESPONSES,
        {
            "kind": "items",
            "items": [
                {"reasoning": {"summary": ["So."], "tokens": 12, "encrypted": True}},
                {"text": "First.", "phase": "commentary"},
                {"raw": SEARCH},
                {"text": "Then.", "annotations": [{"type": "url_citation"}]},
            ],
            "usage": {"cached_tokens": 4},
        },
    ),
    (
        "a thought of which the bill says 0 tokens, as models that round them do",
        said(Thought("", ("So.",), 0), Text("4."), usage=Usage(9, 20)),
        RESPONSES,
        {
            "kind": "items",
            "items": [{"reasoning": {"summary": ["So."], "tokens": 0}}, {"text": "4."}],
        },
    ),
    (
        "reasoning that a chat shows, and what the bill has of it",
        said(Thought("So."), Text("4."), usage=Usage(9, 20, reasoning_tokens=12)),
        CHAT,
        {
            "kind": "text",
            "text": "4.",
            "reasoning": "So.",
            "usage": {"reasoning_tokens": 12},
        },
    ),
    (
        "several choices, each with its own end",
        Heard(choices=(Choice((Text("a"),), "length"), Choice((Refusal("b"),), "stop")), model="m"),
        CHAT,
        {
            "kind": "choices",
            "choices": [
                {"kind": "text", "text": "a", "finish_reason": "length"},
                {"kind": "refusal", "text": "b"},
            ],
            "model": "m",
        },
    ),
    (
        "what is said aloud",
        said(Speech("Hi", 1.0, "")),
        CHAT,
        {"kind": "audio", "transcript": "Hi"},
    ),
    (
        "annotations of a chat",
        said(Text("Hi"), members={"extra_message": {"annotations": [1]}}),
        CHAT,
        {"kind": "text", "text": "Hi", "extra_message": {"annotations": [1]}},
    ),
    (
        "a vector",
        Heard(results=(Vector((0.5, 1.0)), Vector((0.5, 1.0)))),
        "embeddings",
        {"kind": "embedding", "vector": [0.5, 1.0]},
    ),
    (
        "several vectors are not one",
        Heard(results=(Vector((0.5,)), Vector((1.0,)))),
        "embeddings",
        None,
    ),
    (
        "scores",
        Heard(results=(Findings({"hate": 0.7, "violence": 0.1}, frozenset({"hate"})),)),
        "moderations",
        {"kind": "moderation", "categories": {"hate": 0.7, "violence": 0.1}},
    ),
    (
        "a flag on a low score",
        Heard(results=(Findings({"hate": 0.4}, frozenset({"hate"})),)),
        "moderations",
        {"kind": "moderation", "flagged": True, "categories": {"hate": 0.4}},
    ),
    (
        "scores that flags contradict",
        Heard(results=(Findings({"hate": 0.7}, frozenset()),)),
        "moderations",
        None,
    ),
]


@pytest.mark.parametrize(
    ("heard", "endpoint", "reply"), [pytest.param(*case[1:], id=case[0]) for case in CASES]
)
def test_a_reply_says_what_was_heard(
    heard: Heard, endpoint: str, reply: dict[str, Any] | None
) -> None:
    found = reply_of(heard, endpoint)

    assert json.dumps(found) == json.dumps(reply)
