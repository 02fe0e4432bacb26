"""What a recorded answer says, as a reply of a scenario that says the same.

A reply has only the keys that it needs: what follows from the request, or from the rest of the
answer, is not written down.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from mockserver.contracts import Heard
from mockserver.conversation import (
    AnswerPart,
    Choice,
    Findings,
    FinishReason,
    Item,
    Refusal,
    Speech,
    Text,
    Thought,
    ToolCall,
    Usage,
    Vector,
)
from mockserver.replies.moderation import FLAGGED_FROM, HARMLESS
from mockserver.wire.jsontext import JsonValue, compact, is_list, is_object

Json = dict[str, JsonValue]

INTERLEAVING: Final = frozenset({"responses"})
"""The endpoints whose answers are items in any order, and whose calls are referred to by id."""
NATURAL: Final[frozenset[FinishReason | None]] = frozenset({None, "stop"})
BY_CALLS: Final[frozenset[FinishReason | None]] = frozenset({None, "tool_calls", "function_call"})
"""How an answer without calls, and one with calls, ends unless something else is stated."""
DETAILS: Final = (
    *("reasoning_tokens", "cached_tokens", "cache_write_tokens"),
    *("accepted_prediction_tokens", "rejected_prediction_tokens"),
)
"""The members of a bill that follow from nothing else."""


def reply_of(heard: Heard, endpoint: str) -> dict[str, JsonValue] | None:
    """Return the reply that says what was *heard* of an answer of *endpoint*, a kind.

    None: nothing was heard that a reply could say.
    """
    if heard.results:
        return _computed(heard.results, heard.model)
    if not heard.choices:
        return None
    interleaves = endpoint in INTERLEAVING
    choices = [_choice(choice, interleaves=interleaves) for choice in heard.choices]
    reply: Json = choices[0] if len(choices) == 1 else {"kind": "choices", "choices": choices}
    first = heard.choices[0].parts
    if not interleaves:
        thoughts = [part.text for part in first if isinstance(part, Thought)]
        if thoughts:
            reply["reasoning"] = "".join(thoughts)
    if heard.model:
        reply["model"] = heard.model
    details = _details(heard.usage, first)
    if details:
        reply["usage"] = details
    besides = heard.members.get("extra_message")
    return {**reply, **({"extra_message": besides} if besides else {})}


def _details(usage: Usage | None, parts: Sequence[AnswerPart]) -> Json:
    if usage is None:
        return {}
    found = {name: getattr(usage, name) for name in DETAILS if getattr(usage, name)}
    if any(isinstance(part, Thought) and part.tokens is not None for part in parts):
        found.pop("reasoning_tokens", None)
    return found


# --- What was generated ----------------------------------------------------------------------


def _choice(choice: Choice, *, interleaves: bool) -> Json:
    parts = choice.parts
    if not interleaves:
        parts = tuple([part for part in parts if not isinstance(part, Thought)])
    reply = _said(parts, interleaves=interleaves)
    natural = BY_CALLS if choice.tool_calls else NATURAL
    if choice.finish_reason not in natural:
        reply["finish_reason"] = choice.finish_reason
    return reply


def _said(parts: Sequence[AnswerPart], *, interleaves: bool) -> Json:
    match parts:
        case []:
            return {"kind": "text", "text": ""}
        case [Text(text, phase, annotations)] if not (annotations or phase == "commentary"):
            return text_reply(text)
        case [Refusal(text)] if not interleaves:
            return {"kind": "refusal", "text": text}
        case [Speech(transcript)]:
            return {"kind": "audio", "transcript": transcript}
        case [Text(text, None, ()), *calls] if text and _are_calls(calls):
            return {**_calls(calls, interleaves=interleaves), "text": text}
        case calls if _are_calls(calls):
            return _calls(calls, interleaves=interleaves)
        case _:
            return {"kind": "items", "items": [_item(part) for part in parts]}


def text_reply(text: str) -> Json:
    """Return the reply that says *text*: as a value, if it is compact JSON of an array or object.

    Only if it goes out byte for byte the same.
    """
    value = _json(text)
    if (is_object(value) or is_list(value)) and value and compact(value) == text:
        return {"kind": "json", "value": value}
    return {"kind": "text", "text": text}


def _are_calls(parts: Sequence[AnswerPart]) -> bool:
    return all(isinstance(part, ToolCall) and not part.is_custom for part in parts)


def _calls(calls: Sequence[Any], *, interleaves: bool) -> Json:
    # Several are written with spaces where the protocol does not take these out.
    spaced = len(calls) > 1 and not interleaves
    return {
        "kind": "tool_calls",
        "calls": [written_call(call, spaced=spaced, with_id=interleaves) for call in calls],
    }


def written_call(call: ToolCall, *, spaced: bool = False, with_id: bool = True) -> Json:
    """Return *call* as replies write it: arguments as an object if they go out the same so.

    *spaced*: arguments that are an object go out with spaces.
    """
    write = _spaced if spaced else compact
    value = _json(call.arguments)
    same = is_object(value) and write(value) == call.arguments
    made: Json = {"name": call.name, "arguments": value if same else call.arguments}
    return {**made, "id": call.id} if with_id and call.id else made


def _spaced(value: JsonValue) -> str:
    return json.dumps(value, ensure_ascii=False)


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _item(part: AnswerPart) -> Json:
    match part:
        case Refusal(text):
            return {"refusal": text}
        case Text(text, phase, annotations):
            said: Json = {"text": text}
            if phase == "commentary":
                said["phase"] = phase
            return {**said, **({"annotations": list(annotations)} if annotations else {})}
        case Thought():
            return {"reasoning": _thought(part)}
        case ToolCall(is_custom=True):
            return {"custom_call": written_custom_call(part)}
        case ToolCall():
            return {"call": written_call(part)}
        case Item(value):
            return {"raw": value}
        case _:
            return {"text": part.text}


def written_custom_call(call: ToolCall) -> Json:
    """Return *call*, of a custom tool, as replies write it."""
    return {
        "name": call.name,
        "input": call.arguments,
        **({"id": call.id} if call.id else {}),
    }


def _thought(part: Thought) -> Json:
    stated: Mapping[str, JsonValue] = {
        "summary": list(part.summary),
        "text": part.text,
        "tokens": part.tokens,
        # A ciphertext of another server means nothing to anybody here: one is made.
        "encrypted": bool(part.sealed),
    }
    # 0 tokens are stated: models that round them think for as many.
    return {k: value for k, value in stated.items() if value or (k == "tokens" and value == 0)}


# --- What was computed -----------------------------------------------------------------------


def _computed(results: Sequence[JsonValue], model: str | None) -> Json | None:
    """Return the reply that gives *results*; None: it would give each input the same."""
    first, *others = results
    if any(other != first for other in others):
        return None
    named = {"model": model} if model else {}
    match first:
        case Vector(numbers):
            return {"kind": "embedding", "vector": list(numbers), **named} if numbers else None
        case Findings():
            found = _found(first)
            return None if found is None else {"kind": "moderation", **found, **named}
        case _:
            return None


def _found(findings: Findings) -> Json | None:
    """Return the keys that state *findings*; None: its scores and flags contradict each other."""
    scores = {name: score for name, score in findings.scores.items() if name in HARMLESS}
    flagged = frozenset(name for name, score in scores.items() if score >= FLAGGED_FROM)
    if flagged == findings.flagged:
        return {"categories": scores}
    highest = max(scores, key=scores.__getitem__, default="")
    if not flagged and findings.flagged == frozenset({highest}):
        return {"flagged": True, "categories": scores}
    return None
