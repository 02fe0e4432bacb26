"""Responses, byte by byte: whole, in events, cut, refused and failed.

The bodies lie in `golden/responses/`. Their key order, event order, indentation and endings are
those of answers recorded from api.openai.com from January to August 2026; what is drawn for a
request is the same each time.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from golden import golden
from support.inprocess import Api

FOLDER = Path(__file__).parent / "golden" / "responses"
SCENARIO = """
rules:
  - name: fails
    when: {last_user: fail}
    reply: "One two."
    fail: {kind: quota, at: after_headers}
  - name: thinks
    when: {last_user: think}
    reply:
      kind: items
      items:
        - {reasoning: {summary: ["Let me see."], tokens: 64, encrypted: true}}
        - {text: "It is so.", annotations: [{type: file_path, file_id: f, index: 0}]}
  - name: searches
    when: {last_user: search}
    reply:
      kind: items
      items:
        - {raw: {type: web_search_call, status: completed, action: {type: search, query: a}}}
        - {text: "Found."}
  - name: calls
    when: {last_user: call}
    reply: {kind: tool_calls, calls: [{name: look, arguments: {a: é}}]}
  - name: writes
    when: {last_user: write}
    reply: {kind: items, items: [{custom_call: {name: w, input: "x"}}]}
  - {name: refuses, when: {last_user: refuse}, reply: {kind: refusal, text: "No."}}
  - {name: long, when: {last_user: long}, reply: {kind: lorem, tokens: 60}}
  - {name: says, reply: "Grüße \\U0001F9A9 \\"there\\"."}
"""
TOOLS: dict[str, Any] = {
    "tools": [
        {"type": "function", "name": "look", "parameters": None, "strict": False},
        {"type": "custom", "name": "w"},
    ]
}


@dataclass(frozen=True)
class Case:
    """A request by what is *said* and *asked* besides, and the file with its answer."""

    body: str
    said: str = "say"
    asked: dict[str, Any] = field(default_factory=dict[str, Any])


STREAM = {"stream": True}
THINKER = {"model": "gpt-5-mini", "reasoning": {"summary": "auto"}}
LOGPROBS = {"include": ["message.output_text.logprobs"], "top_logprobs": 1}
CASES = {
    "a text": Case("text.json"),
    "a text of gpt-5.6": Case("gpt-5.6.json", asked={"model": "gpt-5.6-terra"}),
    "a text with log-probabilities": Case("logprobs.json", "refuse nothing", LOGPROBS),
    "a thought": Case("thought.json", "think", THINKER),
    "calls": Case("call.json", "call", TOOLS),
    "a text cut by its limit": Case("incomplete.json", "long", {"max_output_tokens": 16}),
    "a refused request": Case("refused.json", asked={"temperature": 3}),
    "a stream": Case("text.sse", asked=STREAM),
    "a stream without padding": Case(
        "text-plain.sse", asked={**STREAM, "stream_options": {"include_obfuscation": False}}
    ),
    "a streamed thought": Case("thought.sse", "think", {**THINKER, **STREAM}),
    "a streamed call": Case("call.sse", "call", {**TOOLS, **STREAM}),
    "a streamed custom call": Case("custom-call.sse", "write", {**TOOLS, **STREAM}),
    "a streamed refusal": Case("refusal.sse", "refuse", STREAM),
    "a streamed search": Case("search.sse", "search", STREAM),
    "a stream that fails": Case("failed.sse", "fail", STREAM),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_a_response(case: Case) -> None:
    asked = {"model": "gpt-4o-mini", "input": case.said, **case.asked}
    answered = Api(SCENARIO).post("/v1/responses", asked)

    # Line by line, so that a difference is shown where it is.
    assert answered.body.decode().split("\n") == golden(f"responses/{case.body}").split("\n")


def test_every_body_is_held_to() -> None:
    assert {path.name for path in FOLDER.iterdir()} == {case.body for case in CASES.values()}
