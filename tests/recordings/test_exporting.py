"""What is exported as HAR is imported again: the same requests, the same bytes as answers."""

import base64
import json
from collections.abc import Mapping
from typing import Any, Final

import pytest
from support.inprocess import Answered, Api
from support.wire import chat

from mockserver.control.records import call_content, call_record
from mockserver.recordings.exporting import archive, entry
from mockserver.recordings.importers import har
from mockserver.records.measured import Measured
from mockserver.wire.timeline import Data

SERVER: Final = "http://127.0.0.1:8089"
SCENARIO: Final = """
    rules:
      - {name: unknown, when: {last_user: Fail}, fail: {kind: rate_limit, retry_after_s: 2}}
      - name: gzipped
        when: {last_user: Zip}
        reply: Zipped.
        fail: {kind: encode, as: gzip}
      - {name: greets, when: {endpoint: chat.completions}, reply: "Hello, \u00e9\u2028 \U0001f600."}
"""
CHAT: Final = "/v1/chat/completions"


def kept(api: Api, answered: Answered) -> Answered:
    """Return *answered*, whose answer the journal keeps as it went out."""
    call = answered.call
    call.measured = Measured.told(
        first_byte_ms=12.5,
        first_token_ms=13.0,
        last_byte_ms=112.5,
        first_late_ms=0,
        last_late_ms=0,
        sent_bytes=len(answered.body),
    )
    call.sent = answered.timeline
    return answered


def exported(*calls: Answered) -> Any:
    entries = [entry(SERVER, call_record(one.call), call_content(one.call)) for one in calls]
    return json.loads(json.dumps(archive(entries)))


@pytest.fixture
def api() -> Api:
    return Api(SCENARIO)


@pytest.mark.parametrize(
    ("path", "said", "members"),
    [
        pytest.param(CHAT, "Hi", {}, id="JSON"),
        pytest.param(CHAT, "Hi", {"stream": True}, id="a stream"),
        pytest.param(CHAT, "Fail", {}, id="a failure"),
        pytest.param(f"/s/a%20b{CHAT}", "Hi", {}, id="a session"),
        pytest.param(f"/api{CHAT}", "Hi", {"model": "openai/gpt-4o-mini"}, id="OpenRouter"),
    ],
)
def test_what_is_exported_is_imported_as_the_same_bytes(
    api: Api, path: str, said: str, members: Mapping[str, Any]
) -> None:
    answered = kept(api, api.post(path.replace("%20", " "), {**chat(said), **members}))

    taken = har.read(exported(answered), "a.har")

    assert (taken.left_out, taken.notes) == ((), ())
    (recording,) = taken.recordings
    assert recording.request.path == answered.call.path
    assert recording.provider == answered.call.provider
    assert recording.request.body == answered.call.content
    assert (recording.answer.status, recording.answer.body) == (answered.status, answered.body)
    assert recording.answer.opened_ms == 12.5


def test_bytes_that_are_no_text_are_kept_too(api: Api) -> None:
    answered = kept(api, api.chat("Hi"))
    sound = b"\xff\xfb\x90\x00 sound"
    answered.call.sent = (answered.head, Data(sound))

    document = exported(answered)
    content = document["log"]["entries"][0]["response"]["content"]

    assert content["encoding"] == "base64"
    assert base64.b64decode(content["text"]) == sound
    (recording,) = har.read(document, "a.har").recordings
    assert recording.answer.body == sound


def test_an_answer_is_exported_without_its_coding_as_browsers_do(api: Api) -> None:
    document = exported(kept(api, api.chat("Zip")))
    response = document["log"]["entries"][0]["response"]

    assert {"name": "Content-Encoding", "value": "gzip"} in [
        {"name": one["name"].title(), "value": one["value"]} for one in response["headers"]
    ]
    assert "Zipped." in response["content"]["text"]


def test_an_entry_has_all_that_har_demands_and_what_only_this_server_knows(api: Api) -> None:
    document = exported(kept(api, api.chat("Fail", session="a")))
    (one,) = document["log"]["entries"]

    assert document["log"].keys() >= {"version", "creator", "entries"}
    assert one.keys() >= {"startedDateTime", "time", "request", "response", "cache", "timings"}
    assert one["request"].keys() >= {
        *("method", "url", "httpVersion", "cookies", "headers", "queryString"),
        *("headersSize", "bodySize"),
    }
    assert one["response"].keys() >= {
        *("status", "statusText", "httpVersion", "cookies", "headers", "content"),
        *("redirectURL", "headersSize", "bodySize"),
    }
    assert one["request"]["url"] == f"{SERVER}/s/a{CHAT}"
    assert (one["timings"]["wait"], one["timings"]["receive"], one["time"]) == (12.5, 100, 112.5)
    own = one["_mockserver"]
    assert (own["session"], own["rule"], own["failures"]) == ("a", "unknown", ["rate_limit"])


def test_an_answer_that_was_not_kept_is_left_out_and_that_is_said(api: Api) -> None:
    answered = kept(api, api.chat("Hi"))
    answered.call.sent = None

    taken = har.read(exported(answered), "a.har")

    assert taken.recordings == ()
    assert taken.left_out == ("a.har, entry 1: the archive was saved without the answer's body",)
