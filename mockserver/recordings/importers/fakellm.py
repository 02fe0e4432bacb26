"""Configurations of fakellm, in YAML: rules from top to bottom, the first that matches answers.

Source: its `fakellm.yaml`, `matcher.py`, `responder.py` and changelog (0.1 to 0.3), read 2026-11.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from mockserver.recordings.importers.documents import Json, as_list, as_number, as_object, as_text
from mockserver.recordings.importers.rules import (
    ERRORS,
    InexpressibleError,
    Rules,
    call_of,
    http_error,
    ignoring_case,
    literal,
    reply_of,
)
from mockserver.recordings.importers.taken import Taken

NAME: Final = "fakellm"
DESCRIPTION: Final = "configurations of fakellm (YAML)"

ECHO: Final = "deterministic_echo"
BEFORE_THE_LAST: Final = "messages[-2]"
SAID: Final = frozenset({"content", "tool_calls", "status", "error"})


def recognises(document: Any) -> bool:
    """Return whether *document* is a configuration: its rules `respond`."""
    rules = [as_object(rule) for rule in as_list(as_object(document).get("rules"))]
    return any("respond" in rule for rule in rules)


def read(document: Any, shown: str) -> Taken:
    """Return the scenario that the configuration *shown* is."""
    rules = Rules(shown)
    members = as_object(document)
    for name in members:
        if name not in ("version", "rules", "defaults"):
            rules.leave_out(f"'{name}'", "it has no counterpart")
    for number, item in enumerate(as_list(members.get("rules")), 1):
        rule = as_object(item)
        place = f"rule {number}"
        try:
            when = _when(as_object(rule.get("when")))
            answer = _answer(as_object(rule.get("respond")), place, rules)
        except InexpressibleError as error:
            rules.leave_out(place, str(error))
            continue
        rules.add(place, as_text(rule.get("name")) or f"rule-{number}", {"when": when, **answer})
    items = [as_object(item) for item in as_list(members.get("rules"))]
    is_open = all(item.get("when") for item in items)
    for name, value in as_object(members.get("defaults")).items():
        if name == "fallback" and value == ECHO and not is_open:
            continue
        if name == "fallback" and value == ECHO:
            rules.add("'defaults'", "otherwise", {"reply": {"kind": "auto"}})
        else:
            rules.leave_out("'defaults'", f"'{name}: {value}' has no counterpart")
    return rules.taken({"models": "any"})


def _when(stated: Json) -> Json:
    when: Json = {}
    for name, value in stated.items():
        if name.startswith("header."):
            header = name.removeprefix("header.").lower()
            when["headers"] = as_object(when.get("headers")) | {header: value}
        elif name in OF_MESSAGES:
            when["request"] = as_object(when.get("request")) | OF_MESSAGES[name](value)
        elif name in CONDITIONS:
            when |= CONDITIONS[name](value)
        else:
            raise InexpressibleError(f"its condition '{name}' has no counterpart")
    return when


def _turn(value: Any) -> int:
    """Return how many assistant messages there are before the turn *value*, counted from 1."""
    number = as_number(value)
    if number is None or number < 1:
        raise InexpressibleError(f"its turn '{value}' is not a number from 1 on")
    return int(number) - 1


def _turns(value: Any) -> Json:
    ends = as_list(value)
    if len(ends) != len(("from", "to")):
        raise InexpressibleError(f"its turns '{value}' have no beginning and end")
    return {"at_least": _turn(ends[0]), "at_most": _turn(ends[1])}


CONDITIONS: Final[Mapping[str, Callable[[Any], Json]]] = {
    "messages_contain": lambda value: {"any_message": ignoring_case(as_text(value))},
    "model_matches": lambda value: {"model": value},
    "tools_include": lambda value: {"tools": literal(as_text(value))},
    "tool_result_contains": lambda value: {"after_tool": {"result": ignoring_case(as_text(value))}},
    "turn": lambda value: {"turn": _turn(value)},
    "turn_in": lambda value: {"turn": _turns(value)},
}
"""What its conditions are in a `when`."""
OF_MESSAGES: Final[Mapping[str, Callable[[Any], Json]]] = {
    "previous_message_role": lambda value: {f"{BEFORE_THE_LAST}.role": value},
    "previous_message_contains": lambda value: {
        f"{BEFORE_THE_LAST}.content": ignoring_case(as_text(value))
    },
}
"""What they are in the `request` of a `when`."""


def _answer(respond: Json, place: str, rules: Rules) -> Json:
    for name in respond:
        if name not in SAID:
            rules.leave_out(place, f"'{name}' of its answer has no counterpart")
    status = int(as_number(respond.get("status")) or 200)
    if status >= ERRORS:
        error = {"message": respond.get("error") or "Mock error", "type": "mock_error"}
        return {"fail": http_error(status, error)}
    calls = [
        call_of(call.get("name"), call.get("arguments"), call.get("id"))
        for call in [as_object(one) for one in as_list(respond.get("tool_calls"))]
    ]
    content = respond.get("content")
    if content is None and not calls:
        return {"reply": {"kind": "auto"}}
    # With tool calls, fakellm sends no text.
    return {"reply": reply_of(None if calls else content, calls, {})}
