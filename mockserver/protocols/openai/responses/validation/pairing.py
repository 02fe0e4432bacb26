"""Calls and their outputs, thoughts and what followed them: each must find the other.

Source:
    A recorded refusal of 2025-09 (thoughts), and 184 recorded requests that were answered;
    refusals pasted in public issues, 2025 and 2026 (the rest; the words for computers' outputs, and
    those of tool searches and patches, are by analogy).
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, Final

from mockserver.conversation import ApiError
from mockserver.protocols.openai.responses.validation.layer import by_responses
from mockserver.protocols.openai.validation import faults

_CALLS: Final[Mapping[str, str]] = {
    "apply_patch_call": "apply patch call",
    "computer_call": "computer call",
    "custom_tool_call": "custom tool call",
    "function_call": "function call",
    "tool_search_call": "tool search call",
}
"""What the words call a call that needs an output."""
_OUTPUTS: Final[Mapping[str, str]] = {
    "apply_patch_call_output": "apply patch call output",
    "computer_call_output": "computer call output",
    "custom_tool_call_output": "custom tool call output",
    "function_call_output": "function call output",
}
"""What the words call an output that needs a call."""


@by_responses
def check_pairs(items: Sequence[Mapping[str, Any]], *, stored: bool = True) -> None:
    """Refuse *items*, a whole history in order, in which a call or an output is alone.

    They are well-formed, and what they refer to is in place of the references. A call is answered
    by any output of its id, wherever that is. Where the response is to be *stored*, a thought
    with an id must be followed by an item with one, which it belongs to.

    Raises:
        ApiError: The first fault.

    """
    fault = _duplicate(items) or (_orphan(items) if stored else None) or _unpaired(items)
    if fault is not None:
        raise fault


def _unpaired(items: Sequence[Mapping[str, Any]]) -> ApiError | None:
    called, answered = set[str](), set[str]()
    for item in items:
        call_id, kind = item.get("call_id"), item.get("type")
        if isinstance(call_id, str) and isinstance(kind, str):
            (answered if kind.endswith("_output") else called).add(call_id)
    if called == answered:
        return None
    for item in items:
        call_id, kind = item.get("call_id"), item.get("type", "")
        if kind in _CALLS and call_id not in answered and _needs_output(item):
            return _said(f"No tool output found for {_CALLS[kind]} {call_id}.")
        if kind in _OUTPUTS and call_id not in called:
            return _said(f"No tool call found for {_OUTPUTS[kind]} with call_id {call_id}.")
    return None


def _needs_output(call: Mapping[str, Any]) -> bool:
    """Return whether a *call* is the client's to answer: the provider searches for itself."""
    return call.get("execution") != "server" and call.get("call_id") is not None


def _duplicate(items: Sequence[Mapping[str, Any]]) -> ApiError | None:
    seen = set[str]()
    for item in items:
        identity = item.get("id")
        # Recorded requests repeat the ids of messages, and are answered (8, 2026-05).
        if identity is None or item.get("type", "message") == "message":
            continue
        if identity in seen:
            return _said(
                f"Duplicate item found with id {identity}. "
                "Remove duplicate items from your input and try again."
            )
        seen.add(identity)
    return None


def _orphan(items: Sequence[Mapping[str, Any]]) -> ApiError | None:
    for item, following in pairwise([*items, {}]):
        if item.get("type") == "reasoning" and item.get("id") and not following.get("id"):
            return _said(
                f"Item '{item['id']}' of type 'reasoning' was provided without its required "
                "following item."
            )
    return None


def _said(message: str) -> ApiError:
    return faults.said(message, "input")
