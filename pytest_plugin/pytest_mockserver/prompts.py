"""The prompts of a test as one text, without what differs each time, to compare with a snapshot."""

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any, Final

from mockserver.records.journal import Call

_CHANGING: Final = (
    (re.compile(r"\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b", re.IGNORECASE), "<uuid>"),
    (re.compile(r"\bcall_[A-Za-z0-9]{8,}\b"), "<call-id>"),
    (re.compile(r"\b(?:chatcmpl|cmpl|gen|resp|msg|req)[-_][A-Za-z0-9]{8,}\b"), "<id>"),
    (
        re.compile(
            r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?(?![\d:])"
        ),
        "<time>",
    ),
    (re.compile(r"\b\d{4}-\d\d-\d\d\b"), "<date>"),
    (re.compile(r"(?<![\d:.-])\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?![\d:])"), "<time>"),
    (re.compile(r"\b(?:127\.0\.0\.1|localhost):\d{2,5}\b"), "<local-address>"),
    (re.compile(r"\[redacted [0-9a-f]{8}\]"), "<secret>"),
)


def normalised(calls: Iterable[Call]) -> str:
    """Return the messages or prompts of each request; retries of a request are left out."""
    blocks = [
        "\n".join([f"=== {call.endpoint or call.path} {call.model}", *_turns(call)])
        for call in calls
        if call.attempt == 1 and (call.messages or call.prompt is not None or call.transcript.turns)
    ]
    return "\n\n".join(blocks) + ("\n" if blocks else "")


def steady(text: str) -> str:
    """Return *text* with ids, dates and times replaced by placeholders."""
    for pattern, word in _CHANGING:
        text = pattern.sub(word, text)
    return text


def steady_parts(text: str) -> list[str]:
    """Return the parts of *text* that are the same each time."""
    for pattern, _ in _CHANGING:
        text = pattern.sub("\0", text)
    return text.split("\0")


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
