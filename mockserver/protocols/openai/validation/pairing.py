"""Tool calls and the messages that answer them: each must find the other.

Source:
    A recorded answer of gpt-4.1-nano, 2025 (calls without answers); public issues, 2024 to 2026
    (answers without calls).
"""

from collections.abc import Mapping, Sequence
from typing import Any

from mockserver.conversation import ApiError
from mockserver.protocols.openai.validation import faults


def unpaired(messages: Sequence[Mapping[str, Any]]) -> ApiError | None:
    """Return the fault of the first call without an answer, or answer without a call.

    *messages* are well-formed. Answers follow the assistant's message, in any order.
    """
    answered: dict[str, bool] = {}
    for index, message in enumerate(messages):
        if message["role"] != "tool":
            if not all(answered.values()):
                break
            answered = dict.fromkeys(_call_ids(message), False)
            continue
        fault = _stray(message["tool_call_id"], answered, index)
        if fault is not None:
            return fault
        answered[message["tool_call_id"]] = True
    return _unanswered([call_id for call_id, done in answered.items() if not done])


def _call_ids(message: Mapping[str, Any]) -> list[str]:
    if message["role"] != "assistant":
        return []
    return [call["id"] for call in message.get("tool_calls") or ()]


def _stray(call_id: str, called: Mapping[str, bool], index: int) -> ApiError | None:
    if not called:
        return faults.said(
            "Invalid parameter: messages with role 'tool' must be a response to a preceeding "
            "message with 'tool_calls'.",
            f"messages.[{index}].role",
        )
    if call_id not in called:
        return faults.said(
            f"Invalid parameter: 'tool_call_id' of '{call_id}' not found in 'tool_calls' of "
            "previous message.",
            f"messages.[{index}].tool_call_id",
        )
    return None


def _unanswered(call_ids: Sequence[str]) -> ApiError | None:
    if not call_ids:
        return None
    return faults.said(
        "An assistant message with 'tool_calls' must be followed by tool messages responding to "
        "each 'tool_call_id'. The following tool_call_ids did not have response messages: "
        + ", ".join(call_ids),
        "messages",
    )
