"""Comparing with recordings: our own answers differ in nothing, changed ones where they changed."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest
from support.inprocess import Answered as Got
from support.inprocess import Api

from mockserver.cassettes.recording import RecordedAnswer, RecordedRequest, Recording
from mockserver.plugins import Plugins
from mockserver.recordings.comparing.comparing import (
    Comparison,
    compared,
    compared_with,
    prepared,
)
from mockserver.recordings.comparing.reports import Report
from mockserver.recordings.comparing.sending import Answered
from mockserver.recordings.hearing import Hearing
from mockserver.recordings.importers.taken import Taken

PLUGINS = Plugins.installed()
HEARING = Hearing(PLUGINS)
CHAT, RESPONSES, EMBEDDINGS = "/v1/chat/completions", "/v1/responses", "/v1/embeddings"
ASKED: Mapping[str, Any] = {
    "model": "gpt-4o-mini",
    "messages": [{"role": "user", "content": "What is 2 + 2?"}],
}
REQUESTED: Mapping[str, Any] = {"model": "gpt-4o-mini", "input": "What is 2 + 2?"}
STREAMED = {"stream": True}
BILLED = {"stream": True, "stream_options": {"include_usage": True}}
SCENARIO = """
rules:
  - {name: answer, reply: "It is four, of course."}
"""


def recorded(path: str, body: Mapping[str, Any], provider: str = "openai") -> Recording:
    """Return what this server answers to *body*, as a recording."""
    sent = json.dumps(body).encode()
    got = Api(SCENARIO).send("POST", path, sent)
    headers = tuple([pair for pair in got.head.headers if not pair[0].startswith("x-mockserver")])
    return Recording(
        request=RecordedRequest("POST", path, "", (("content-type", "application/json"),), sent),
        answer=RecordedAnswer(got.status, headers, got.body),
        provider=provider,
        source="hand-made:1",
    )


def compare(*recordings: Recording) -> Comparison:
    return compared(prepared([Taken(recordings=recordings)], HEARING), PLUGINS)


def differences(*recordings: Recording) -> dict[str, int]:
    found = Report(compare(*recordings)).differences()
    return {kind: count for kind, count in found.items() if count}


def with_body(recording: Recording, body: bytes) -> Recording:
    return replace(recording, answer=replace(recording.answer, body=body))


def changed(recording: Recording, change: Callable[[Any], object]) -> Recording:
    """Return *recording* with its JSON changed, in the style in which it is."""
    value = json.loads(recording.answer.body)
    change(value)
    newline = "\n" if recording.answer.body.endswith(b"\n") else ""
    return with_body(recording, (json.dumps(value, indent=2) + newline).encode())


def in_text(recording: Recording, old: str, new: str, count: int = -1) -> Recording:
    text = recording.answer.body.decode()
    assert old in text
    return with_body(recording, text.replace(old, new, count).encode())


OWN = [
    pytest.param(CHAT, dict(ASKED), id="a chat"),
    pytest.param(CHAT, {**ASKED, **BILLED}, id="a chat in a stream"),
    pytest.param(
        "/v1/completions", {"model": "gpt-3.5-turbo-instruct", "prompt": "Say"}, id="legacy"
    ),
    pytest.param(RESPONSES, dict(REQUESTED), id="a response"),
    pytest.param(RESPONSES, {**REQUESTED, **STREAMED}, id="a response in a stream"),
    pytest.param(EMBEDDINGS, {"model": "text-embedding-3-small", "input": "Hi"}, id="embeddings"),
    pytest.param(CHAT, {**ASKED, "temperature": 3}, id="a refusal"),
    pytest.param("/v1/responses/input_tokens", dict(REQUESTED), id="counting"),
]


@pytest.mark.parametrize(("path", "body"), OWN)
def test_our_own_answers_differ_in_nothing(path: str, body: dict[str, Any]) -> None:
    comparison = compare(recorded(path, body))

    assert comparison.left_out == ()
    assert comparison.compared[0].findings
    assert Report(comparison).examples() == []


def put(*path: str | int, value: Any) -> Callable[[Any], object]:
    """Return a change that puts *value* at *path*."""

    def change(body: Any) -> None:
        for name in path[:-1]:
            body = body[name]
        body[path[-1]] = value

    return change


def reordered(body: Any) -> None:
    body["id"] = body.pop("id")


CHANGED = [
    ("shape", CHAT, ASKED, put("new_member", value=1)),
    ("shape", CHAT, ASKED, put("usage", "prompt_tokens_details", value=None)),
    ("shape", CHAT, ASKED, reordered),
    ("prompt-tokens", CHAT, ASKED, put("usage", "prompt_tokens", value=1)),
    ("completion-tokens", CHAT, ASKED, put("usage", "completion_tokens", value=99)),
    ("shape", RESPONSES, REQUESTED, put("new_member", value=1)),
    ("echo", RESPONSES, REQUESTED, put("temperature", value=0.5)),
    ("prompt-tokens", RESPONSES, REQUESTED, put("usage", "input_tokens", value=1)),
    ("total-tokens", RESPONSES, REQUESTED, put("usage", "total_tokens", value=1)),
    ("error", CHAT, {**ASKED, "temperature": 3}, put("error", "message", value="No.")),
    ("error", CHAT, {**ASKED, "temperature": 3}, put("error", "code", value="no")),
    (
        "embedding-tokens",
        EMBEDDINGS,
        {"model": "text-embedding-3-small", "input": "Hi"},
        put("usage", "prompt_tokens", value=7),
    ),
]


@pytest.mark.parametrize(("kind", "path", "body", "change"), CHANGED)
def test_a_changed_member_is_a_difference_of_its_kind(
    kind: str, path: str, body: dict[str, Any], change: Callable[[Any], object]
) -> None:
    assert differences(changed(recorded(path, body), change)) == {kind: 1}


IN_STREAMS = [
    ("stream-order", CHAT, BILLED, '"finish_reason":"stop"', '"finish_reason":"length!"'),
    ("stream-order", RESPONSES, STREAMED, "response.content_part.done", "response.content.done"),
    ("stream-members", RESPONSES, STREAMED, '"part":', '"fragment":'),
    ("echo", RESPONSES, STREAMED, '"top_p":1.0', '"top_p":0.5'),
]


@pytest.mark.parametrize(("kind", "path", "more", "old", "new"), IN_STREAMS)
def test_a_changed_stream_is_a_difference_of_its_kind(
    kind: str, path: str, more: dict[str, Any], old: str, new: str
) -> None:
    body = {**(ASKED if path == CHAT else REQUESTED), **more}

    assert kind in differences(in_text(recorded(path, body), old, new))


def test_a_body_in_another_style_is_a_difference_of_style_alone() -> None:
    one = recorded(RESPONSES, REQUESTED)
    indented = json.dumps(json.loads(one.answer.body), indent=4).encode()

    assert differences(with_body(one, indented)) == {"body": 1}


@pytest.mark.parametrize(
    "written",
    [
        pytest.param({"separators": (",", ":")}, id="on one line"),
        pytest.param({"sort_keys": True}, id="sorted"),
    ],
)
def test_what_a_recorder_wrote_again_is_not_held_against_an_answer(
    written: dict[str, Any],
) -> None:
    one = recorded(RESPONSES, REQUESTED)

    assert (
        differences(with_body(one, json.dumps(json.loads(one.answer.body), **written).encode()))
        == {}
    )


@pytest.mark.parametrize(
    ("header", "found"),
    [
        (("x-request-id", "req_0123456789abcdef0123456789abcdef"), {}),
        (("x-request-id", "REDACTED"), {}),
        (("openai-processing-ms", "soon"), {"headers": 1}),
        (("retry-after", "1"), {"headers": 1}),
    ],
)
def test_headers_that_clients_read_are_compared_by_their_form(
    header: tuple[str, str], found: dict[str, int]
) -> None:
    one = recorded(CHAT, ASKED)
    others = tuple([pair for pair in one.answer.headers if pair[0].lower() != header[0]])

    assert differences(replace(one, answer=replace(one.answer, headers=(*others, header)))) == found


def test_an_answer_where_we_refuse_is_a_difference() -> None:
    one = recorded(CHAT, ASKED)
    sent = json.dumps({**ASKED, "temperature": 3}).encode()

    assert differences(replace(one, request=replace(one.request, body=sent))) == {"accepted": 1}


def test_of_unknown_providers_only_acceptance_is_compared() -> None:
    comparison = compare(recorded(CHAT, ASKED, provider="somebody.example"))

    (one,) = comparison.compared
    assert one.case.group == "other"
    assert [finding.kind for finding in one.findings] == ["accepted"]


def test_a_member_newer_than_a_recording_may_be_there() -> None:
    def earlier(body: Any) -> None:
        body["created_at"] = 1_777_000_000  # 2026-04-24: before reasoning.mode
        del body["reasoning"]["mode"]

    one = recorded(RESPONSES, {**REQUESTED, "model": "gpt-5.4"})

    assert differences(changed(one, earlier)) == {}


def test_recordings_that_name_each_other_are_sent_in_their_order_with_ids_of_today() -> None:
    api = Api(SCENARIO)
    first = api.post(RESPONSES, dict(REQUESTED))
    body = {**REQUESTED, "previous_response_id": first.json["id"]}
    second = api.post(RESPONSES, body)
    # When they were recorded, the first one had another id.
    now, then = first.json["id"].encode(), b"resp_" + b"0123456789abcdef" * 3

    def taken(sent: Mapping[str, Any], got: Got) -> Recording:
        return Recording(
            request=RecordedRequest(
                "POST", RESPONSES, body=json.dumps(sent).encode().replace(now, then)
            ),
            answer=RecordedAnswer(200, got.head.headers, got.body.replace(now, then)),
            provider="openai",
        )

    recordings = taken(REQUESTED, first), taken(body, second)

    assert differences(*recordings) == {}
    assert len(compare(*recordings).compared) == 2
    alone = compare(recordings[1])
    assert alone.compared == ()
    assert "names what no recording here has created" in alone.left_out[0]


def test_a_refused_key_is_sent_as_the_refusal_shows_it() -> None:
    shown = "sk-secre********************abcd"
    body = {
        "error": {
            "message": f"Incorrect API key provided: {shown}. You can find your API key at "
            "https://platform.openai.com/account/api-keys.",
            "type": "invalid_request_error",
            "code": "invalid_api_key",
            "param": None,
        }
    }
    one = recorded(CHAT, ASKED)
    answer = RecordedAnswer(401, (), json.dumps(body).encode())

    found = compare(replace(one, answer=answer)).compared[0].findings
    assert [f for f in found if f.kind == "error" and not f.is_same] == []
    assert any(f.kind == "error" for f in found)


def test_reports_are_the_same_for_people_and_for_programs() -> None:
    one = changed(recorded(CHAT, ASKED), put("usage", "prompt_tokens", value=1))
    report = Report(compare(one))

    document = report.document()
    text = report.text(examples=1, rows=False)

    assert document["differences"]["prompt-tokens"] == 1
    (recording,) = document["recordings"]
    found = next(f for f in recording["findings"] if f["kind"] == "prompt-tokens")
    assert found["what"].endswith("instead of 1")
    assert "prompt-tokens openai: text" in text
    assert "prompt-tokens openai 0.0 % of 1" in text.splitlines()[-1]


def test_with_a_live_provider_texts_may_differ_and_members_may_not() -> None:
    one = recorded(CHAT, ASKED)
    ready = prepared([Taken(recordings=(one,))], HEARING)
    (case,) = ready.cases

    def found(answer: RecordedAnswer) -> dict[str, int]:
        report = Report(compared_with(ready, [Answered(case, answer, {})]))
        return {kind: count for kind, count in report.differences().items() if count}

    other_text = in_text(one, "It is four, of course.", "Four.").answer
    longer_bill = changed(one, put("usage", "completion_tokens", value=2)).answer
    new_member = changed(one, put("drifted", value=True)).answer
    other_prompt = changed(one, put("usage", "prompt_tokens", value=2)).answer

    assert found(other_text) == found(longer_bill) == {}
    assert found(new_member) == {"shape": 1}
    assert found(other_prompt) == {"prompt-tokens": 1}
    assert compared_with(ready, ["hand-made:1: no answer"]).left_out == ("hand-made:1: no answer",)
