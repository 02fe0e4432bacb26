"""Our own journals: pages of the control API, and what `--mock-llm-journal-dir` writes.

A journal keeps requests whole, and of an answer what it said: text, tool calls, why it ended, the
bill. A recording of that has an answer with these members and no others.
"""

from typing import Any, Final

from mockserver.cassettes.recording import RecordedAnswer, RecordedRequest, Recording
from mockserver.recordings.importers.documents import Json, as_list, as_object, as_text
from mockserver.recordings.importers.exchanges import bytes_of, headers_of
from mockserver.recordings.importers.taken import Taken
from mockserver.wire.events import CONTENT_TYPE
from mockserver.wire.jsontext import compact, is_object

NAME: Final = "journal"
DESCRIPTION: Final = "journals of this server and of its pytest plugin (JSON)"

OF_A_CALL: Final = frozenset({"number", "method", "path", "provider", "outcome"})
ANSWERED: Final = 200
OBJECTS: Final = {"chat.completions": "chat.completion", "completions": "text_completion"}


def _calls(document: Any) -> list[tuple[str, Json]]:
    """Return the calls with their places."""
    members = as_object(document)
    found: list[tuple[str, Json]] = []
    for item in as_list(members.get("sessions")):
        session = as_object(item)
        for call in as_list(session.get("calls")):
            number = as_object(call).get("number")
            found.append((f"session '{session.get('name')}', call {number}", as_object(call)))
    calls = [as_object(call) for call in as_list(members.get("calls") or document)]
    return found + [(f"call {call.get('number')}", call) for call in calls]


def recognises(document: Any) -> bool:
    """Return whether *document* is a journal."""
    calls = _calls(document)
    if calls:
        return OF_A_CALL.issubset(calls[0][1])
    members = as_object(document)
    return {"sessions", "test"}.issubset(members) or {"calls", "matching"}.issubset(members)


def read(document: Any, shown: str) -> Taken:
    """Return what is in the journal *shown*."""
    recordings: list[Recording] = []
    left_out: list[str] = []
    for place, call in _calls(document):
        source = f"{shown}, {place}"
        reason = _unusable(call)
        if reason:
            left_out.append(f"{source}: {reason}")
            continue
        recordings.append(
            Recording(
                request=RecordedRequest(
                    as_text(call.get("method")),
                    as_text(call.get("path")),
                    as_text(call.get("query")),
                    headers_of(call.get("headers")),
                    bytes_of(call.get("body")),
                ),
                answer=_answer(call),
                provider=as_text(call.get("provider")),
                source=source,
            )
        )
    return Taken(recordings=tuple(recordings), left_out=tuple(left_out))


def _unusable(call: Json) -> str:
    """Return why *call* makes no recording; empty if it does."""
    endpoint = as_text(call.get("endpoint"))
    if endpoint not in OBJECTS:
        return f"a journal does not keep what the endpoint '{endpoint}' answers"
    if not is_object(call.get("body")):
        return "the journal has not kept the request's body"
    if call.get("status") != ANSWERED:
        return "a journal does not keep the text of a refusal"
    if call.get("text") is None and not as_list(call.get("tool_calls")):
        return "the journal has not kept the answer's text"
    return ""


def _answer(call: Json) -> RecordedAnswer:
    """Return an answer that says what the journal has kept."""
    body = as_object(call.get("body"))
    choice: Json = {"index": 0}
    message = _message(call)
    if call.get("endpoint") == "completions":
        choice["text"] = message["content"]
    else:
        choice["delta" if call.get("stream") else "message"] = message
    choice["finish_reason"] = call.get("finish_reason")
    counted = as_object(call.get("usage"))
    usage = {
        name: counted[name]
        for name in ("prompt_tokens", "completion_tokens", "total_tokens")
        if name in counted
    }
    is_chunk = bool(call.get("stream"))
    kind = OBJECTS[as_text(call.get("endpoint"))]
    is_chat = kind == OBJECTS["chat.completions"]
    answer: Json = {
        **({"id": call["answer_id"]} if call.get("answer_id") else {}),
        "object": f"{kind}.chunk" if is_chunk and is_chat else kind,
        **({"model": call["model"]} if call.get("model") else {}),
        "choices": [choice],
    }
    if not is_chunk:
        whole = compact(answer | ({"usage": usage} if usage else {})).encode()
        return RecordedAnswer(ANSWERED, (("content-type", "application/json"),), whole)
    chunks = [answer]
    if usage and as_object(body.get("stream_options")).get("include_usage"):
        chunks.append(answer | {"choices": [], "usage": usage})
    events = "".join([f"data: {compact(chunk)}\n\n" for chunk in chunks]) + "data: [DONE]\n\n"
    return RecordedAnswer(ANSWERED, (("content-type", CONTENT_TYPE),), events.encode())


def _message(call: Json) -> Json:
    calls: list[Json] = []
    for index, item in enumerate(as_list(call.get("tool_calls"))):
        made = as_object(item)
        kind = "custom" if made.get("is_custom") else "function"
        content = "input" if made.get("is_custom") else "arguments"
        calls.append(
            {
                **({"index": index} if call.get("stream") else {}),
                **({"id": made["id"]} if made.get("id") else {}),
                "type": kind,
                kind: {"name": made.get("name"), content: made.get("arguments")},
            }
        )
    message: Json = {"role": "assistant", "content": call.get("text")}
    return message | ({"tool_calls": calls} if calls else {})
