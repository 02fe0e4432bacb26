"""Requests and answers, written as a scenario to edit and to answer from the next time.

Each call becomes a rule that is used once, with conditions that people would write: what the
user wrote, which tool was run, which turn it is. Parts of a prompt that differ each time are
left out of them.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields, replace
from typing import Any, Final

from mockserver.contracts import Failure
from mockserver.conversation import ToolCall, Transcript
from mockserver.recordings.replies import written_call, written_custom_call
from mockserver.records.chains import answers_of, whole_transcript
from mockserver.records.journal import Call
from mockserver.records.steady import steady, steady_parts
from mockserver.scenario.syntax.written import as_yaml

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
    made = [_without_redacted_id(one) for one in call.tool_calls]
    if any(one.is_custom for one in made):
        items: list[dict[str, Any]] = [{"text": call.text}] if call.text else []
        items += [
            {"custom_call": written_custom_call(one)}
            if one.is_custom
            else {"call": written_call(one)}
            for one in made
        ]
        return {"reply": {"kind": "items", "items": items, **ended}}
    if made:
        calls = [written_call(one, spaced=len(made) > 1) for one in made]
        said = {"text": call.text} if call.text else {}
        return {"reply": {"kind": "tool_calls", "calls": calls, **said, **ended}}
    if call.text is None:
        return {}
    return {"reply": {"kind": "text", "text": call.text, **ended} if ended else call.text}


def _without_redacted_id(made: ToolCall) -> ToolCall:
    return replace(made, id=None) if made.id is not None and "[" in made.id else made


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
