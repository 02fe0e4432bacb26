"""What unmodified clients make of the Responses API and its neighbours, by their defaults.

Each client runs one script (`responses_script.py`, `node/responses_script.mjs`), whose functions
are named as the promises are here.
"""

from typing import Any

import pytest
from real_clients import OPENAI_CLIENTS, Run

WEATHER = ["get_weather", {"city": "Paris"}]
OF_A_TEXT = [
    "response.created",
    "response.in_progress",
    "response.output_item.added",
    "response.content_part.added",
    "response.output_text.delta",
    "response.output_text.done",
    "response.content_part.done",
    "response.output_item.done",
    "response.completed",
]

PROMISES: dict[str, Any] = {
    # answers
    "create": ["Hello there.", "completed", "gpt-4o-mini-2024-07-18", "resp_", [8, 4, 12]],
    "stream": [["Hello", " there", "."], OF_A_TEXT, "Hello there."],
    "stream_helper": [["Hello", "Hello there", "Hello there."], "Hello there.", [8, 4, 12]],
    "stream_parsed": ["Ada", 1815],
    "parsed": ["Ada", 1815],
    "refusal": ["refusal", "I cannot say."],
    "refusal_streamed": "I cannot say.",
    "reasoning": ["Two and two.", "Four."],
    "reasoning_streamed": ["Two and two.", "Four."],
    "incomplete": ["incomplete", "max_output_tokens", 16],
    # tools and histories
    "tool_call": WEATHER,
    "tool_call_streamed": WEATHER,
    "tool_loop": "It is sunny in Paris.",
    "tool_loop_continued": ["It is sunny in Paris.", True],
    "continued": "Hello again.",
    # what is stored
    "stored": ["Hello there.", True, ["hello"], ["NotFoundError", 404, None, None]],
    "background": [["queued", "in_progress", "completed"], "Hello there."],
    "background_cancelled": ["cancelled", "cancelled"],
    "background_resumed": [True, "response.completed", "Hello there."],
    "conversation": ["Hello again.", ["hello", "again", "Hello again."], {"topic": "demo"}, True],
    "input_tokens": 8,
    "compacted": [["message", "compaction"], "Hello again."],
    # vectors and moderation
    "embeddings": [3, 1536, 0, 24],
    "embeddings_as_floats": [256, 1.0],
    "moderation": ["omni-moderation-latest", [False, False]],
    # errors and retries
    "error": ["BadRequestError", 400, "model_not_found", "model"],
    "error_in_stream": [["APIError"], ["One", " two"]],
    "cut": True,
    "retried_once": "Served at last.",
}
OF_PYTHON: dict[str, Any] = {
    "create_async": ["Hello there."] * 4,
    "tool_parsed": ["function_call", "person"],
}
TOOL_RUN = [
    "It is sunny in Paris.",
    ["tool_call_item", "tool_call_output_item", "message_output_item"],
]
OF_AGENTS: dict[str, Any] = {
    "answer": ["Hello there.", "resp_", True, True],
    "tool_run": TOOL_RUN,
    "tool_run_streamed": ["It is sunny in Paris.", *TOOL_RUN],
    "handoff": ["Refunded.", "Refunds"],
    "output_type": {"name": "Ada", "born": 1815},
    "continued": "Still sunny.",
    "session": "Still sunny.",
    "conversation": ["Still sunny.", 4],
}


@pytest.mark.parametrize("client", OPENAI_CLIENTS)
def test_every_client_reads_responses(run_responses: Run, client: str) -> None:
    of_its_own = OF_PYTHON if "python" in client else {}

    assert run_responses(client) == PROMISES | of_its_own


def test_agents_of_node_run(run_agents: Run) -> None:
    assert run_agents("agents-node") == OF_AGENTS
