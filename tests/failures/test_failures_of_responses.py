"""Every kind of failure on `POST /v1/responses`, streamed and not: its bytes, or *no effect*."""

import json
from typing import Any

import pytest
from support.inprocess import Answered, Api

from mockserver.plugins import Plugins
from mockserver.wire.timeline import Abort, Data, Forsake, Head, Pause, Raw

TEXT = '"One two three four five six."'
CALL = "{kind: tool_calls, calls: [{name: get_weather, arguments: {city: Paris, days: 3}}]}"
PERSON = "{kind: json, value: {name: Ada, born: 1815}}"
OPENS = ["response.created", "response.in_progress"]
BEGINS = [*OPENS, "response.output_item.added", "response.content_part.added"]
DONE = ["response.output_text.done", "response.content_part.done", "response.output_item.done"]
SAID = "response.output_text.delta"
WHOLE = [*BEGINS, *[SAID] * 7, *DONE, "response.completed"]


def closed(**properties: str) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {name: {"type": kind} for name, kind in properties.items()},
        "required": list(properties),
        "additionalProperties": False,
    }


WEATHER = {
    "type": "function",
    "name": "get_weather",
    "parameters": closed(city="string", days="integer"),
}
FORMAT = {
    "type": "json_schema",
    "name": "person",
    "schema": closed(name="string", born="integer"),
    "strict": True,
}


def ask(fail: str, reply: str = TEXT, *, stream: bool, **members: Any) -> Answered:
    scenario = f"rules: [{{reply: {reply}, fail: {fail}}}]" if fail else f"rules: [reply: {reply}]"
    body = {"model": "gpt-4o-mini", "input": "Hi", "stream": stream, **members}
    return Api(scenario).post("/v1/responses", body)


def events(answered: Answered) -> list[tuple[str, Any]]:
    """Return names and JSON of the events; what is not JSON is None."""
    found: list[tuple[str, Any]] = []
    for text in answered.body.decode("utf-8", "surrogateescape").split("\n\n"):
        lines = dict(line.split(": ", 1) for line in text.split("\n") if ": " in line)
        if "event" in lines:
            try:
                found.append((lines["event"], json.loads(lines.get("data", ""))))
            except ValueError:
                found.append((lines["event"], None))
    return found


def names(answered: Answered) -> list[str]:
    return [name for name, _ in events(answered)]


def numbers(answered: Answered) -> list[int]:
    return [value["sequence_number"] for _, value in events(answered) if value is not None]


def text_of(answered: Answered) -> str:
    return "".join(value["delta"] for name, value in events(answered) if name == SAID)


# --- All of them ------------------------------------------------------------------------------

# What each does to a body and to a stream; False: nothing, which the journal notes.
EVERY: list[tuple[str, bool, bool]] = [
    ("{kind: http_error, status: 500}", True, True),
    ("rate_limit", True, True),
    ("{kind: rate_limit, at: after_headers}", False, True),
    ("quota", True, True),
    ("{kind: quota, at: after_headers}", False, True),
    ("overloaded", True, True),
    ("{kind: overloaded, at: after_headers}", False, True),
    ("content_filter", True, True),
    ("{kind: content_filter, at: after_headers}", False, True),
    ("gateway_page", True, True),
    ("bad_status_line", True, True),
    ("disconnect", True, True),
    ("{kind: disconnect, after_tokens: 2}", True, True),
    ("{kind: disconnect, after_tokens: 99}", False, False),
    ("short_body", True, True),
    ("bad_chunk", True, True),
    ("stale_connection", True, True),
    ("{kind: stall, after_tokens: 2, for_s: 1}", True, True),
    ("drip", True, True),
    ("{kind: encode, as: gzip, how: whole}", True, True),
    ("truncate", True, True),
    ("{kind: omit, parts: done}", False, True),
    ("{kind: omit, parts: finish_reason}", True, True),
    ("{kind: omit, parts: completed}", False, True),
    ("{kind: omit, parts: opening}", False, True),
    ("{kind: omit, parts: usage}", True, True),
    ("{kind: omit, parts: completion_tokens}", True, True),
    ("{kind: omit, parts: role}", True, True),
    ("{kind: omit, parts: choices}", False, False),
    ("{kind: patch, remove: output}", True, False),
    ("{kind: patch, remove: response.output}", False, True),
    ("running_usage", False, False),
    ("{kind: inject, what: error_event}", False, True),
    ("{kind: inject, what: error_event, shape: flat}", False, True),
    ("{kind: inject, what: error_event, shape: error}", False, True),
    ("{kind: inject, what: error_event, shape: choice}", False, False),
    ("{kind: inject, what: empty_choices}", False, False),
    ("{kind: inject, what: bad_json}", False, True),
    ("{kind: inject, what: invalid_utf8}", True, True),
    ("{kind: inject, what: duplicate}", False, True),
    ("{kind: inject, what: cumulative}", False, True),
    ("{kind: inject, what: comment}", False, True),
    ("{kind: inject, what: empty_event}", False, True),
    ("{kind: inject, what: event, data: {type: keepalive}, event: keepalive}", False, True),
    ("{kind: reframe, split: token}", True, True),
    ("{kind: reframe, merge: 3}", False, True),
    ("{kind: reframe, newline: crlf}", False, True),
    ("reorder", False, True),
    ("{kind: reorder, event: response.output_item.done}", False, True),
    ("{kind: reorder, event: response.completed}", False, False),
    ("wrong_type", True, True),
    ("{kind: wrong_type, send: json}", False, True),
    ("{kind: wrong_type, send: events}", True, False),
    ("repeat", True, True),
    ("empty", True, True),
    ("bad_arguments", True, True),
    ("unknown_tool", True, True),
    ("schema_violation", True, True),
]
ASKED: dict[str, tuple[str, dict[str, Any]]] = {
    "bad_arguments": (CALL, {"tools": [WEATHER]}),
    "unknown_tool": (CALL, {"tools": [WEATHER]}),
    "schema_violation": (PERSON, {"text": {"format": FORMAT}}),
}


@pytest.mark.parametrize(
    ("fail", "stream", "strikes"),
    [
        pytest.param(fail, stream, strikes, id=f"{fail} on a {'stream' if stream else 'body'}")
        for fail, *both in EVERY
        for stream, strikes in zip((False, True), both, strict=True)
    ],
)
def test_it_has_an_effect_or_says_that_it_has_none(
    fail: str, *, stream: bool, strikes: bool
) -> None:
    reply, members = ASKED.get(fail, (TEXT, {}))
    bent = ask(fail, reply, stream=stream, **members)
    right = ask("", reply, stream=stream, **members)
    (kind,) = bent.call.failures + bent.call.no_effect

    assert (kind in bent.call.failures) is strikes
    assert (_played(bent) != _played(right)) is (strikes and "split" not in fail)


def _played(answered: Answered) -> list[Any]:
    """Return what goes out, the pieces that follow each other at once as one."""
    played: list[Any] = []
    for event in answered.timeline:
        if isinstance(event, Data) and played and isinstance(played[-1], bytes):
            played[-1] += event.payload
        elif isinstance(event, Data):
            played.append(event.payload)
        elif isinstance(event, Head):
            lines = event.lines.split(b"\r\n")
            played.append((event.status, [line for line in lines if b"-request-id" not in line]))
        else:
            assert isinstance(event, Abort | Forsake | Pause | Raw)
            played.append(event)
    return played


def test_every_kind_is_in_the_table() -> None:
    stated = [fail.strip("{}").partition(",")[0] for fail, *_ in EVERY]
    listed = {kind.removeprefix("kind: ") for kind in stated}

    assert listed == set(Plugins.installed().failures)


# --- Errors in a stream -----------------------------------------------------------------------

NO_QUOTA = (
    "You exceeded your current quota, please check your plan and billing details. For more "
    "information on this error, read the docs: "
    "https://platform.openai.com/docs/guides/error-codes/api-errors."
)


def test_an_account_without_credit_fails_after_the_first_two_events() -> None:
    answered = ask("{kind: quota, at: after_headers}", stream=True)
    (_, created), _, (_, error), (_, failed) = events(answered)
    kind = "insufficient_quota"

    assert answered.status == 200
    assert names(answered) == [*OPENS, "error", "response.failed"]
    assert numbers(answered) == [0, 1, 2, 3]
    assert list(error) == ["type", "error", "sequence_number"]
    assert error["error"] == {"type": kind, "code": kind, "message": NO_QUOTA, "param": None}
    assert list(failed) == ["type", "response", "sequence_number"]
    assert failed["response"] == {
        **created["response"],
        "status": "failed",
        "error": {"code": kind, "message": NO_QUOTA},
    }
    assert list(failed["response"]) == list(created["response"])


def test_a_limit_is_reported_with_its_type_and_code() -> None:
    answered = ask("{kind: rate_limit, of: too_large, at: after_headers}", stream=True)
    error = events(answered)[2][1]["error"]

    assert (error["type"], error["code"]) == ("tokens", "rate_limit_exceeded")
    assert error["message"].startswith("Request too large for gpt-4o-mini in organization")


@pytest.mark.parametrize("moment", ["at: after_headers", "after_bytes: 1", "after_tokens: 3"])
def test_a_broken_server_says_so_with_the_next_number(moment: str) -> None:
    answered = ask(f"{{kind: inject, what: error_event, {moment}}}", stream=True)
    before = OPENS if "tokens" not in moment else [*BEGINS, *[SAID] * 3]
    (_, error), (_, failed) = events(answered)[-2:]

    assert names(answered) == [*before, "error", "response.failed"]
    assert numbers(answered) == list(range(len(before) + 2))
    assert error["error"]["type"] == error["error"]["code"] == "server_error"
    assert error["error"]["message"].startswith("An error occurred while processing your request.")
    assert failed["response"]["error"]["code"] == "server_error"
    assert (failed["response"]["status"], failed["response"]["output"]) == ("failed", [])


def test_an_error_may_be_flat_as_the_published_types_have_it() -> None:
    fail = "{kind: inject, what: error_event, shape: flat, message: No., code: server_error}"
    (_, error), (_, failed) = events(ask(fail, stream=True))[-2:]

    assert list(error) == ["type", "code", "message", "param", "sequence_number"]
    assert (error["type"], error["code"], error["message"]) == ("error", "server_error", "No.")
    assert failed["response"]["error"] == {"code": "server_error", "message": "No."}


def test_an_error_of_another_server_ends_the_stream_without_the_response() -> None:
    answered = ask("{kind: inject, what: error_event, shape: error}", stream=True)

    assert names(answered) == [*BEGINS, SAID]
    assert b'\n\ndata: {"error":{"message":' in answered.body


def test_latency_does_not_hold_back_a_refusal_after_the_headers() -> None:
    scenario = "{kind: quota, at: after_headers}, latency: {ttft_ms: 500}"
    answered = ask(scenario, stream=True)

    assert not [event for event in answered.timeline if isinstance(event, Pause)]


# --- Refusals ---------------------------------------------------------------------------------


@pytest.mark.parametrize("fail", ["500", "rate_limit", "quota", "overloaded", "content_filter"])
def test_refusals_are_printed_as_the_service_prints_them(fail: str) -> None:
    answered = ask(fail, stream=True)

    assert answered.body.decode() == json.dumps(answered.json, indent=2)
    assert list(answered.error) == ["message", "type", "param", "code"]
    assert answered.headers["content-type"] == "application/json"


def test_a_server_that_failed_asks_for_the_id_of_the_request() -> None:
    answered = ask("500", stream=False)
    identity = answered.headers["x-request-id"]

    assert answered.error["message"].endswith(
        f"Please include the request ID {identity} in your message."
    )
    assert (answered.error["type"], answered.error["code"]) == ("server_error", "server_error")


# --- Parts that are missing, and others that are not expected ------------------------------------


@pytest.mark.parametrize(
    ("part", "left"),
    [
        ("done", [name for name in WHOLE if not name.endswith(".done")]),
        ("finish_reason", WHOLE[:-1]),
        ("completed", WHOLE[:-1]),
        ("opening", WHOLE[2:]),
        ("usage", WHOLE),
    ],
)
def test_what_is_left_out_leaves_a_gap_in_the_numbers(part: str, left: list[str]) -> None:
    answered = ask(f"{{kind: omit, parts: {part}}}", stream=True)
    whole = ask("", stream=True)
    sent = dict(zip(numbers(whole), names(whole), strict=True))

    assert names(answered) == left
    assert [sent[number] for number in numbers(answered)] == left


def test_one_done_event_may_be_missing() -> None:
    answered = ask("{kind: omit, parts: done, after_tokens: 7}", stream=True)

    assert names(answered) == [name for name in WHOLE if name != "response.output_text.done"]


def test_a_bill_that_is_left_out_leaves_the_response() -> None:
    stream = events(ask("{kind: omit, parts: usage}", stream=True))
    body = ask("{kind: omit, parts: usage}", stream=False).json

    assert "usage" not in stream[-1][1]["response"]
    assert "usage" not in body
    assert stream[-1][1]["response"]["status"] == body["status"] == "completed"


def test_a_duplicate_has_the_number_of_what_it_repeats() -> None:
    answered = ask("{kind: inject, what: duplicate, after_tokens: 3}", stream=True)

    assert numbers(answered) == [*range(7), *range(6, 15)]
    assert text_of(answered) == "One two three three four five six."


def test_all_the_text_so_far_comes_with_a_number_and_padding_of_its_own() -> None:
    answered = ask("{kind: inject, what: cumulative, after_tokens: 3}", stream=True)
    said = [value for name, value in events(answered) if name == SAID]

    assert said[3]["delta"] == "One two three"
    assert numbers(answered) == list(range(16))
    assert all(len(one["obfuscation"]) == -len(one["delta"]) % 16 for one in said)


@pytest.mark.parametrize("reply", [TEXT, CALL], ids=["text", "call"])
def test_several_tokens_in_an_event_are_numbered_and_padded_as_one(reply: str) -> None:
    members = {"tools": [WEATHER]} if reply == CALL else {}
    answered = ask("{kind: reframe, merge: 3}", reply, stream=True, **members)
    whole = ask("", reply, stream=True, **members)
    deltas = [value for name, value in events(answered) if name.endswith(".delta")]

    assert numbers(answered) == list(range(len(events(answered))))
    assert len(events(answered)) < len(events(whole))
    assert "".join(one["delta"] for one in deltas) == "".join(
        value["delta"] for name, value in events(whole) if name.endswith(".delta")
    )
    assert all(len(one["obfuscation"]) == -len(one["delta"]) % 16 for one in deltas)


def test_an_event_comes_after_the_one_that_should_follow_it() -> None:
    text = ask("{kind: reorder, after_tokens: 2}", stream=True)
    named = ask("{kind: reorder, event: response.output_item.done}", stream=True)

    assert text_of(text) == "One two four three five six."
    assert numbers(text) == [0, 1, 2, 3, 4, 5, 7, 6, *range(8, 15)]
    assert names(named) == [*WHOLE[:-2], "response.completed", "response.output_item.done"]


def test_an_event_breaks_off_and_the_stream_goes_on() -> None:
    answered = ask("{kind: inject, what: bad_json, after_tokens: 3}", stream=True)
    found = events(answered)

    assert [name for name, value in found if value is None] == [SAID]
    assert found[-1][0] == "response.completed"


@pytest.mark.parametrize(
    "fail", ["truncate", "{kind: disconnect, after_tokens: 1}", "{kind: omit, parts: completed}"]
)
def test_a_stream_without_its_last_event_is_not_whole(fail: str) -> None:
    answered = ask(fail, stream=True)

    assert "response.completed" not in names(answered)
    assert not answered.call.is_whole


def test_no_body_or_stream_is_hurt_by_a_failure_that_sends_another_kind() -> None:
    json_for_stream = ask("{kind: wrong_type, send: json}", stream=True)
    stream_for_json = ask("{kind: wrong_type, send: events}", stream=False)

    assert json_for_stream.json["status"] == "completed"
    assert names(stream_for_json) == WHOLE


# --- What the model gets wrong --------------------------------------------------------------


@pytest.mark.parametrize("stream", [False, True], ids=["body", "stream"])
@pytest.mark.parametrize(
    ("fail", "reply", "check"),
    [
        pytest.param(
            "{kind: bad_arguments, how: truncated}",
            CALL,
            lambda item: not _is_json(item["arguments"]),
            id="arguments that are not JSON",
        ),
        pytest.param(
            "{kind: unknown_tool, name: nobody}",
            CALL,
            lambda item: item["name"] == "nobody",
            id="a tool that was not offered",
        ),
        pytest.param(
            "{kind: schema_violation, how: missing_member}",
            PERSON,
            lambda item: len(json.loads(item["content"][0]["text"])) == 1,
            id="a member that is missing",
        ),
        pytest.param(
            "{kind: repeat, repetitions: 3}",
            TEXT,
            lambda item: (
                item["content"][0]["text"].endswith("six." * 1 + " six." * 3)
                and item["status"] == "incomplete"
            ),
            id="a word again and again",
        ),
    ],
)
def test_a_wrong_answer_is_whole_and_billed(
    fail: str, reply: str, check: Any, *, stream: bool
) -> None:
    members: dict[str, Any] = {"tools": [WEATHER]} if reply == CALL else {}
    members |= {"text": {"format": FORMAT}} if reply == PERSON else {}
    answered = ask(fail, reply, stream=stream, **members)
    response = events(answered)[-1][1]["response"] if stream else answered.json

    (item,) = response["output"]
    assert check(item)
    assert response["usage"]["output_tokens"] > 0
    assert answered.call.failures


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True
