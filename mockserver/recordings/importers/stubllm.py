"""Fixtures of stubllm, in YAML or JSON: of those that match, the most specific one answers.

Source: its `fixtures/models.py`, `matcher.py` and README, read 2026-11.
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
    in_replies,
    literal,
    reply_of,
    usage_of,
)
from mockserver.recordings.importers.taken import Taken

NAME: Final = "stubllm"
DESCRIPTION: Final = "fixtures of stubllm (YAML, JSON)"

ENDPOINTS: Final = {
    "/v1/chat/completions": "chat.completions",
    "/v1/embeddings": "embeddings",
    "/v1/models": "models",
}
OURS: Final = frozenset({"", "any", "openai"})
TYPES: Final = {401: "authentication_error", 429: "rate_limit_error"}
"""What it calls an error, by status; those from 500 on are a `server_error`."""
SERVER_ERRORS: Final = 500
SAID: Final = frozenset(
    {
        *("content", "tool_calls", "model", "finish_reason", "usage", "latency_ms"),
        *("stream_chunk_delay_ms", "http_status", "error_message", "error_code"),
    }
)
OF_MATCH: Final = frozenset({"messages", "tools_present", "provider", "endpoint", "headers"})
OF_RESPONSE: Final = frozenset({"http_status", "tool_calls", "stream_chunk_delay_ms", "latency_ms"})


def _fixtures(document: Any) -> list[Any]:
    members = as_object(document)
    if "fixtures" in members:
        return as_list(members["fixtures"])
    return as_list(document) or ([members] if "match" in members else [])


def recognises(document: Any) -> bool:
    """Return whether *document* has stubllm's fixtures, and not aimock's, which look alike."""
    for item in _fixtures(document):
        fixture = as_object(item)
        match, response = as_object(fixture.get("match")), as_object(fixture.get("response"))
        if "sequence" in fixture and "match" in fixture:
            return True
        if not (match or response):
            continue
        if "userMessage" in match:
            return False
        if OF_MATCH & match.keys() - {"endpoint"} or OF_RESPONSE & response.keys():
            return True
        if "match" not in fixture and "response" in fixture and "content" in response:
            return True
    return False


def read(document: Any, shown: str) -> Taken:
    """Return the scenario that the fixtures of *shown* are, the most specific ones first."""
    rules = Rules(shown)
    found: list[tuple[int, str, str, Json]] = []
    for number, item in enumerate(_fixtures(document), 1):
        fixture = as_object(item)
        place = f"fixture {number}"
        match = as_object(fixture.get("match"))
        try:
            when = _when(match, place, rules)
            rule = {"when": when, **_answers(fixture, place, rules)}
        except InexpressibleError as error:
            rules.leave_out(place, str(error))
            continue
        name = as_text(fixture.get("name")) or "otherwise"
        found.append((-_specificity(match), place, name, rule))
    for _, place, name, rule in sorted(found, key=lambda one: one[0]):
        rules.add(place, name, rule)
    return rules.taken({"models": "any"})


def _specificity(match: Json) -> int:
    """Return how specific stubllm takes *match* to be."""
    score = (match.get("provider") not in (None, "any")) + bool(match.get("endpoint"))
    score += 2 * bool(match.get("model")) + 2 * (match.get("tools_present") is not None)
    score += len(as_object(match.get("headers")))
    for item in as_list(match.get("messages")):
        content = as_object(item).get("content")
        test = as_object(content)
        if test.get("exact"):
            score += 10
        elif test.get("contains"):
            score += 5
        elif test.get("regex"):
            score += 4
        else:
            score += 1 if content is None else 3
    return score


def _when(match: Json, place: str, rules: Rules) -> Json:
    when: Json = {}
    for name, value in match.items():
        if name == "messages":
            for item in as_list(value):
                _add_message(when, as_object(item), place, rules)
        elif name in CONDITIONS:
            when |= CONDITIONS[name](value)
        else:
            raise InexpressibleError(f"its condition '{name}' has no counterpart")
    return when


def _provider_test(value: Any) -> Json:
    if as_text(value) not in OURS:
        raise InexpressibleError(f"its provider '{value}' has another API")
    return {}


def _endpoint_test(value: Any) -> Json:
    if as_text(value) not in ENDPOINTS:
        raise InexpressibleError(f"its endpoint '{value}' is not among ours")
    return {"endpoint": ENDPOINTS[value]}


CONDITIONS: Final[Mapping[str, Callable[[Any], Json]]] = {
    "provider": _provider_test,
    "endpoint": _endpoint_test,
    "model": lambda value: {"model": literal(as_text(value))},
    "tools_present": lambda value: {"tools": {"present": value}},
    "headers": lambda value: {"headers": value},
}
"""What its conditions are in a `when`, but for those of messages."""


def _add_message(when: Json, message: Json, place: str, rules: Rules) -> None:
    """Add the condition that one of the messages is like *message*."""
    role = as_text(message.get("role"))
    key = {"user": "latest_user", "system": "system"}.get(role, "any_message")
    if key == "latest_user":
        rules.note(place, "any user message counts there, and the newest one here")
    elif role not in ("", "system"):
        rules.note(place, f"a message of the role '{role}' counts there, and any message here")
    test = _text_test(message.get("content"))
    if key not in when:
        when[key] = test
    elif key == "any_message":
        raise InexpressibleError("it needs two different messages")
    else:
        both = when[key].get("all") or [when[key]]
        when[key] = {"all": [*both, test]}


def _text_test(content: Any) -> Json:
    if content is None:
        return {"present": True}
    if isinstance(content, str):
        return ignoring_case(content)
    test = as_object(content)
    if test.get("exact") is not None:
        return {"equals": test["exact"]}
    if test.get("contains") is not None:
        return ignoring_case(as_text(test["contains"]))
    return {"regex": f"(?is){as_text(test.get('regex'))}"}


def _answers(fixture: Json, place: str, rules: Rules) -> Json:
    steps = [as_object(one) for one in as_list(fixture.get("sequence"))]
    if not steps:
        return _step(as_object(fixture.get("response")), place, rules)
    replies = [in_replies(_step(step, place, rules)) for step in steps]
    return {"replies": replies, "then": "repeat_last"}


def _step(response: Json, place: str, rules: Rules) -> Json:
    for name in response:
        if name not in SAID:
            rules.leave_out(place, f"'{name}' of its response has no counterpart")
    step: Json = {}
    status = int(as_number(response.get("http_status")) or 200)
    if status >= ERRORS:
        error = {
            "message": response.get("error_message"),
            "type": TYPES.get(status, "server_error" if status >= SERVER_ERRORS else None),
            "code": response.get("error_code"),
        }
        step["fail"] = http_error(status, error)
    else:
        step["reply"] = _reply(response, place, rules)
    latency = {
        ours: response[theirs]
        for theirs, ours in (("latency_ms", "ttft_ms"), ("stream_chunk_delay_ms", "per_token_ms"))
        if as_number(response.get(theirs)) is not None
    }
    return step | ({"latency": latency} if latency else {})


def _reply(response: Json, place: str, rules: Rules) -> Any:
    calls: list[Json] = []
    for item in as_list(response.get("tool_calls")):
        call = as_object(item)
        function = as_object(call.get("function"))
        calls.append(call_of(function.get("name"), function.get("arguments"), call.get("id")))
    keys: Json = {}
    for name in ("model", "finish_reason"):
        if response.get(name) is not None:
            keys[name] = response[name]
    if keys.get("finish_reason") == "stop":
        # stubllm's default, which it writes behind tool calls, too.
        del keys["finish_reason"]
    usage, unplaced = usage_of(response.get("usage"))
    for name in unplaced:
        rules.leave_out(place, f"'usage.{name}' has no counterpart")
    if usage:
        keys["usage"] = usage
    content = response.get("content")
    if content is None and not calls:
        content = "Mock response."
    return reply_of(content, calls, keys)
