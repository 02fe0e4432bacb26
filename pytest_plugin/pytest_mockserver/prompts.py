"""The prompts of a test as one text, without what differs each time, to compare with a snapshot."""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from mockserver.records.journal import Call
from mockserver.records.steady import steady


def normalised(calls: Iterable[Call]) -> str:
    """Return the messages or prompts of each request; retries of a request are left out."""
    blocks = [
        "\n".join([f"=== {call.endpoint or call.path} {call.model}", *_turns(call)])
        for call in calls
        if call.attempt == 1 and (call.messages or call.prompt is not None or call.transcript.turns)
    ]
    return "\n\n".join(blocks) + ("\n" if blocks else "")


def _turns(call: Call) -> Iterator[str]:
    if not call.messages and call.prompt is None:
        # Another protocol: print its transcript.
        for turn in call.transcript.turns:
            yield f"[{turn.role}] {steady(turn.text)}"
            for made in turn.tool_calls:
                yield f"[{turn.role}] {made.name}: {steady(made.arguments)}"
        return
    if call.prompt is not None:
        yield steady(call.prompt if isinstance(call.prompt, str) else _json(call.prompt))
    for message in call.messages:
        role, content = message.get("role"), message.get("content")
        if content is not None:
            yield f"[{role}] {steady(content if isinstance(content, str) else _json(content))}"
        for name in ("tool_calls", "function_call", "refusal"):
            if message.get(name):
                yield f"[{role}] {name}: {steady(_json(message[name]))}"


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)
