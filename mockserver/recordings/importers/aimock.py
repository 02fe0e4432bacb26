"""Fixtures of CopilotKit's aimock (once llmock): JSON with `match` and `response`.

Source: its `src/types.ts` and `src/router.ts`, read 2026-11.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from mockserver.recordings.importers.documents import Json, as_list, as_number, as_object, as_text
from mockserver.recordings.importers.rules import (
    CHARACTERS_PER_TOKEN,
    InexpressibleError,
    Rules,
    Written,
    call_of,
    http_error,
    literal,
    reply_of,
    usage_of,
)
from mockserver.recordings.importers.taken import Taken
from mockserver.wire.jsontext import is_list, is_object

NAME: Final = "aimock"
DESCRIPTION: Final = "fixtures of aimock (JSON)"

CHUNK_SIZE: Final = 20
"""How many characters aimock sends at once, unless a fixture says otherwise."""
TOO_MANY: Final = 429
FAILED: Final = 500
ENDPOINTS: Final[Mapping[str, Json]] = {"chat": {}, "embedding": {"endpoint": "embeddings"}}
ELSEWHERE: Final = ("image", "images", "audio", "transcription", "video", "live")
"""Responses for endpoints that this version does not have."""
OPTIONS: Final = frozenset(
    {
        *("match", "response", "latency", "chunkSize", "truncateAfterChunks", "disconnectAfterMs"),
        *("streamingProfile", "recordedTimings", "chaos", "name", "description"),
    }
)
KEYS: Final = {
    "finishReason": "finish_reason",
    "id": "id",
    "created": "created",
    "model": "model",
    "systemFingerprint": "system_fingerprint",
    "reasoning": "reasoning",
    "provider": "provider",
    "nativeFinishReason": "native_finish_reason",
}
"""Members of a response that a reply states as a key of its own."""
SAID: Final = frozenset({"content", "toolCalls", "blocks", "usage", "error", "status", "json"}) | {
    *("embedding", "retryAfter"),
    *KEYS,
}


def recognises(document: Any) -> bool:
    """Return whether *document* has aimock's fixtures."""
    fixtures = [as_object(one) for one in as_list(as_object(document).get("fixtures"))]
    return bool(fixtures) and any(
        is_object(one.get("match")) and is_object(one.get("response")) for one in fixtures
    )


def read(document: Any, shown: str) -> Taken:
    """Return the scenario that the fixtures of *shown* are."""
    rules = Rules(shown)
    members = as_object(document)
    for name in members:
        if name != "fixtures" and not name.startswith(("_", "$")):
            rules.leave_out(f"'{name}'", "only 'fixtures' are taken")
    fixtures: list[Written] = []
    for number, item in enumerate(as_list(members.get("fixtures")), 1):
        place = f"fixture {number}"
        try:
            fixtures.append(_fixture(as_object(item), place, rules))
        except InexpressibleError as error:
            rules.leave_out(place, str(error))
    rules.add_all(fixtures)
    return rules.taken({"models": "any"})


def _fixture(entry: Json, place: str, rules: Rules) -> Written:
    match, response = as_object(entry.get("match")), as_object(entry.get("response"))
    if not response:
        raise InexpressibleError("it has no 'response'")
    when = _when(match)
    step = _step(response, entry, place, rules)
    for name in entry:
        if name not in OPTIONS and not name.startswith("_"):
            rules.leave_out(place, f"'{name}' has no counterpart")
    index = as_number(match.get("sequenceIndex"))
    said = as_text(match.get("userMessage")) or as_text(match.get("inputText"))
    wanted = as_text(entry.get("name")) or said or as_text(match.get("toolCallId"))
    number = None if index is None else int(index)
    return Written(place, wanted or "otherwise", when, step, number)


# --- Conditions ------------------------------------------------------------------------------


def _when(match: Json) -> Json:
    when: Json = {}
    after: Json = {}
    for name, value in match.items():
        if name in AFTER_TOOL:
            after |= AFTER_TOOL[name](value)
        elif name in CONDITIONS:
            when |= CONDITIONS[name](value)
        elif name != "sequenceIndex" and not name.startswith("_"):
            raise InexpressibleError(f"its condition '{name}' has no counterpart")
    if after.keys() - {"present"} and after.get("present") is not False:
        after.pop("present", None)
    return when | ({"after_tool": after} if after else {})


def _text_test(value: Any, name: str) -> Json:
    if isinstance(value, str):
        return {"contains": value}
    pattern = as_object(value)
    regex = as_text(pattern.get("regex") or pattern.get("source") or pattern.get("pattern"))
    if not regex:
        raise InexpressibleError(f"its condition '{name}' is neither a text nor a pattern")
    return {"regex": ("(?i)" if "i" in as_text(pattern.get("flags")) else "") + regex}


def _system_test(value: Any) -> Json:
    if not is_list(value):
        return _text_test(value, "systemMessage")
    return {"all": [_text_test(one, "systemMessage") for one in as_list(value)]}


def _model_test(value: Any) -> Any:
    """Return the test of a model: by its name, with or without a date behind it."""
    if not isinstance(value, str):
        return _text_test(value, "model")
    return [literal(value), f"{literal(value)}-[0-9]*"]


def _endpoint_test(value: Any) -> Json:
    if as_text(value) not in ENDPOINTS:
        raise InexpressibleError(f"its endpoint '{value}' is not among ours")
    return ENDPOINTS[value]


CONDITIONS: Final[Mapping[str, Callable[[Any], Json]]] = {
    "userMessage": lambda value: {"latest_user": _text_test(value, "userMessage")},
    "systemMessage": lambda value: {"system": _system_test(value)},
    "inputText": lambda value: {"embedding_input": _text_test(value, "inputText")},
    "model": lambda value: {"model": _model_test(value)},
    "toolName": lambda value: {"tools": literal(as_text(value))},
    "responseFormat": lambda value: {"response_format": literal(as_text(value))},
    "turnIndex": lambda value: {"turn": value},
    "context": lambda value: {"headers": {"x-aimock-context": value}},
    "endpoint": _endpoint_test,
}
"""What aimock's conditions are in a `when`."""
AFTER_TOOL: Final[Mapping[str, Callable[[Any], Json]]] = {
    "toolCallId": lambda value: {"id": value},
    "toolResultContains": lambda value: {"result": {"contains": value}},
    "hasToolResult": lambda value: {"present": value},
}
"""What they are in the `after_tool` of a `when`."""


# --- Responses -------------------------------------------------------------------------------


def _step(response: Json, entry: Json, place: str, rules: Rules) -> Json:
    failures = _failures(entry, place, rules)
    latency = _latency(entry, place, rules)
    step: Json = {}
    if is_object(response.get("error")):
        failures.append(_error(response))
    else:
        step["reply"] = _reply(response, place, rules)
    for name in response:
        if name not in SAID and not name.startswith("_") and response[name] not in (None, [], {}):
            if name == "role" and response[name] == "assistant":
                continue
            rules.leave_out(place, f"'{name}' of its response has no counterpart")
    if failures:
        step["fail"] = failures[0] if len(failures) == 1 else failures
    if latency:
        step["latency"] = latency
    return step


def _reply(response: Json, place: str, rules: Rules) -> Any:
    for name in ELSEWHERE:
        if name in response:
            raise InexpressibleError(f"its response '{name}' is for an endpoint that is not ours")
    if "embedding" in response:
        return {"kind": "embedding", "vector": response["embedding"]}
    if "json" in response:
        status = as_number(response.get("status"))
        return {
            "kind": "raw",
            **({} if status is None else {"status": status}),
            "body": response["json"],
        }
    keys = {
        ours: response[theirs] for theirs, ours in KEYS.items() if response.get(theirs) is not None
    }
    usage, unplaced = usage_of(response.get("usage"))
    for name in unplaced:
        rules.leave_out(place, f"'usage.{name}' has no counterpart")
    if usage:
        keys["usage"] = usage
    blocks = [as_object(block) for block in as_list(response.get("blocks"))]
    if blocks:
        return {"kind": "items", "items": [_item(block) for block in blocks], **keys}
    calls = [_call(as_object(one)) for one in as_list(response.get("toolCalls"))]
    if not calls and "content" not in response:
        raise InexpressibleError("its response has no 'content', 'toolCalls', 'error' …")
    return reply_of(response.get("content"), calls, keys)


def _item(block: Json) -> Json:
    if block.get("type") == "toolCall":
        return {"call": _call(block)}
    return {"text": as_text(block.get("text"))}


def _call(call: Json) -> Json:
    return call_of(call.get("name"), call.get("arguments"), call.get("id"))


def _error(response: Json) -> Any:
    status = int(as_number(response.get("status")) or FAILED)
    wait_s = response.get("retryAfter", 1 if status == TOO_MANY else None)
    keys = {} if wait_s is None else {"retry_after_s": wait_s}
    return http_error(status, response.get("error"), **keys)


# --- What is slow, and what goes wrong -------------------------------------------------------


def _latency(entry: Json, place: str, rules: Rules) -> Json:
    """Return the latency: aimock's `latency` passes before each of its chunks."""
    profile = as_object(entry.get("streamingProfile"))
    recorded = as_object(entry.get("recordedTimings"))
    chaos_ms = as_number(as_object(entry.get("chaos")).get("latencyMs")) or 0
    latency: Json = {}
    if profile:
        if (ttft := as_number(profile.get("ttft"))) is not None:
            latency["ttft_ms"] = ttft
        if tps := as_number(profile.get("tps")):
            latency["per_token_ms"] = round(1000 / tps, 3)
        if profile.get("jitter"):
            rules.leave_out(place, "'streamingProfile.jitter' has no counterpart")
    elif recorded:
        latency["ttft_ms"] = as_number(recorded.get("ttftMs")) or 0
        gaps = [as_number(gap) or 0 for gap in as_list(recorded.get("interChunkDelaysMs"))]
        if gaps:
            latency["per_token_ms"] = round(sum(gaps) / len(gaps), 3)
    elif (pause := as_number(entry.get("latency"))) is not None:
        latency["ttft_ms"] = pause
        latency["per_token_ms"] = round(pause / _tokens_of_a_chunk(entry), 3)
    if chaos_ms:
        latency["ttft_ms"] = latency.get("ttft_ms", 0) + chaos_ms
    return latency


def _tokens_of_a_chunk(entry: Json) -> float:
    size = as_number(entry.get("chunkSize")) or CHUNK_SIZE
    return max(size / CHARACTERS_PER_TOKEN, 1.0)


def _failures(entry: Json, place: str, rules: Rules) -> list[Any]:
    failures: list[Any] = []
    chaos = as_object(entry.get("chaos"))
    for rate, failure in (
        ("dropRate", {"kind": "http_error", "status": FAILED}),
        (
            "malformedRate",
            {
                "kind": "http_error",
                "status": 200,
                "body": '{"malformed',
                "content_type": "application/json",
            },
        ),
        ("rateLimitRate", {"kind": "rate_limit", "retry_after_s": 1}),
        ("disconnectRate", {"kind": "disconnect"}),
    ):
        probability = as_number(chaos.get(rate)) or 0
        if probability:
            failures.append(failure | ({"probability": probability} if probability < 1 else {}))
    chunks = as_number(entry.get("truncateAfterChunks"))
    if chunks is not None:
        failures.append(_cut(round((chunks - 1) * _tokens_of_a_chunk(entry))))
    after_ms = as_number(entry.get("disconnectAfterMs"))
    if after_ms is not None:
        latency = _latency(entry, place, rules)
        per_token = as_number(latency.get("per_token_ms")) or 0
        opened = as_number(latency.get("ttft_ms")) or 0
        if per_token:
            failures.append(_cut(round(max(after_ms - opened, 0) / per_token)))
        else:
            what = "'disconnectAfterMs' strikes nothing where an answer takes no time"
            rules.leave_out(place, what)
    return failures


def _cut(tokens: int) -> Json:
    moment: Json = {"after_tokens": tokens} if tokens > 0 else {"at": "after_headers"}
    return {"kind": "disconnect", **moment}
