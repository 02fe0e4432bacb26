"""Requests and answers, written as a scenario to edit and to answer from the next time.

Each call becomes a rule that is used once, with conditions that people would write: what the
user wrote, which tool was run, which turn it is. Parts of a prompt that differ each time are
left out of them.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields
from typing import Any, Final

from mockserver.contracts import Failure
from mockserver.conversation import ToolCall, Transcript
from mockserver.records.chains import answers_of, whole_transcript
from mockserver.records.journal import Call
from mockserver.records.steady import steady, steady_parts
from mockserver.scenario.syntax.written import as_yaml
from mockserver.wire.jsontext import JsonValue

ERRORS: Final = 400
TRIGGERS: Final = frozenset({"times", "every", "calls", "probability", "window_s"})
"""Keys for when a failure strikes: it is written for its call alone."""
NATURAL: Final = frozenset({None, "stop", "tool_calls", "function_call"})
"""How an answer ends normally."""

FindFailure = Callable[[str | None, str], Mapping[str, Any] | None]


def recorded(calls: Iterable[Call], find_failure: FindFailure) -> str:
    """Return the text of a scenario that answers *calls* as they were answered.

    Args:
        calls: The journal.
        find_failure: Returns the `fail` entry of a failure, by its rule and kind.

    """
    rules: list[dict[str, Any]] = []
    left_out: list[str] = []
    calls = list(calls)
    answers = answers_of(calls)
    for call in calls:
        keys = _reply(call) | _fail(call, find_failure)
        if call.endpoint is None or not keys:
            what = call.near_misses[0] if call.near_misses else call.error_code or "no answer"
            left_out.append(f"# left out: call {call.number}, {call.status}: {what}")
            continue
        rules.append(
            {"name": f"call-{call.number}", "when": _when(call, answers), "times": 1, **keys}
        )
    document = {"version": 1, "description": "As it was recorded; edit it.", "rules": rules}
    return "\n".join([*left_out, as_yaml(document)])


# --- Conditions ------------------------------------------------------------------------------


def _when(call: Call, answers: Mapping[str, Call]) -> dict[str, Any]:
    """Return a condition that matches *call*, and similar calls on another day."""
    told: dict[str, Any] = {"endpoint": call.endpoint}
    if call.model:
        told["model"] = call.model
    if call.stream:
        told["stream"] = True
    asked = whole_transcript(call, answers)
    if len(asked.prompts) == 1:
        return {**told, "prompt": _test_of(asked.prompts[0])}
    if not asked.turns:
        return told
    users = [turn.text for turn in asked.turns if turn.role == "user"]
    now = [turn.text for turn in asked.since_last_turn if turn.role == "user"]
    if now:
        told["last_user"] = _test_of(now[-1])
    elif users:
        told["first_user"] = _test_of(users[0])
    ran = _tools_run(asked)
    if ran:
        told["after_tool"] = {"all": ran} if len(ran) > 1 else ran[0]
    told["turn"] = sum(turn.role == "assistant" for turn in asked.turns)
    return told


def _tools_run(asked: Transcript) -> list[str]:
    names = {made.id: made.name for turn in asked.turns for made in turn.tool_calls}
    handed = [result for turn in asked.since_last_turn for result in turn.tool_results]
    ran = (names.get(result.id) for result in handed)
    return list(dict.fromkeys(name for name in ran if name))


def _test_of(text: str) -> Any:
    """Return a test that matches *text*, whatever its dates and ids are."""
    if steady(text) == text:
        return text
    parts = [part for part in steady_parts(text) if part.strip()]
    return {"contains": max(parts, key=len)} if parts else {"present": True}


# --- Answers ---------------------------------------------------------------------------------


def _reply(call: Call) -> dict[str, Any]:
    if call.status is None or call.status >= ERRORS:
        return {}
    ended = {} if call.finish_reason in NATURAL else {"finish_reason": call.finish_reason}
    if any(made.is_custom for made in call.tool_calls):
        items = [{"text": call.text}] if call.text else []
        items += [_item(made) for made in call.tool_calls]
        return {"reply": {"kind": "items", "items": items, **ended}}
    if call.tool_calls:
        calls = [_tool_call(made.name, made.arguments, made.id) for made in call.tool_calls]
        said = {"text": call.text} if call.text else {}
        return {"reply": {"kind": "tool_calls", "calls": calls, **said, **ended}}
    if call.text is None:
        return {}
    return {"reply": {"kind": "text", "text": call.text, **ended} if ended else call.text}


def _item(made: ToolCall) -> dict[str, Any]:
    if made.is_custom:
        stated = {"id": made.id} if made.id and "[" not in made.id else {}
        return {"custom_call": {"name": made.name, "input": made.arguments, **stated}}
    return {"call": _tool_call(made.name, made.arguments, made.id)}


def _tool_call(name: str, arguments: str, identity: str | None) -> dict[str, Any]:
    try:
        given: JsonValue = json.loads(arguments)
    except ValueError:
        given = arguments
    # Arguments that are not an object, or were not written compactly, stay as they are.
    if not isinstance(given, dict):
        given = arguments
    made: dict[str, Any] = {"name": name, "arguments": given}
    return {**made, "id": identity} if identity and "[" not in identity else made


def _fail(call: Call, find_failure: FindFailure) -> dict[str, Any]:
    found = [find_failure(call.rule, kind) or _guessed(call, kind) for kind in call.failures]
    if not found:
        return {}
    return {"fail": found[0] if len(found) == 1 else found}


def _guessed(call: Call, kind: str) -> dict[str, Any]:
    return {"kind": kind, **({"status": call.status} if kind == "http_error" else {})}


def written_failure(failure: Failure) -> dict[str, Any]:
    """Return the `fail` entry for *failure*, without its triggers."""
    told: dict[str, Any] = {"kind": failure.kind}
    for field in fields(failure):
        value = getattr(failure, field.name)
        if field.name in TRIGGERS or not field.init or value == field.default:
            continue
        if value not in ((), {}):
            told[field.name] = value
    return told
