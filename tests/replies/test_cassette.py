"""What was recorded answers the same request again: to the byte, in its time, and no other one."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support.inprocess import Api
from support.recorded import CHAT, ask, asked, recording_of, replaying

from mockserver.cassettes.recording import RecordedAnswer, RecordedRequest, Recording
from mockserver.engine.explaining import in_words
from mockserver.errors import ScenarioError
from mockserver.wire.http_request import HttpRequest
from mockserver.wire.timeline import Abort, Data, Pause, duration_s

TOOL = {
    "type": "function",
    "function": {"name": "weather", "parameters": {"type": "object", "properties": {}}},
}
TOLD = """
    rules:
      - when: {last_user: slow}
        reply: "One two three four."
        latency: {ttft_ms: 300, per_token_ms: 20}
      - {when: {last_user: limited}, fail: {kind: rate_limit, retry_after_s: 20}}
      - when: {last_user: tool}
        reply: {kind: tool_calls, calls: [{name: weather, arguments: {city: Paris}}]}
      - when: {last_user: cut}
        reply: "One two three four."
        fail: {kind: disconnect, after_tokens: 2, how: fin}
      - reply: "Recorded."
"""


def payloads(timeline: Any) -> list[bytes]:
    return [event.payload for event in timeline if isinstance(event, Data)]


# --- To the byte -----------------------------------------------------------------------------


@pytest.mark.parametrize("said", ["Hi", "slow", "limited", "tool", "cut"])
@pytest.mark.parametrize("stream", [False, True])
def test_it_goes_out_as_it_came(tmp_path: Path, said: str, stream: bool) -> None:  # noqa: FBT001
    body = asked(said, stream=stream, tools=[TOOL])
    first, recording = ask(Api(TOLD), body)
    replay = replaying(tmp_path, [recording])

    again = replay.post(CHAT, body)

    assert (again.status, again.body) == (first.status, first.body)
    assert payloads(again.timeline) == payloads(first.timeline)
    assert again.head.headers == first.head.headers
    assert duration_s(again.timeline) == pytest.approx(duration_s(first.timeline))
    assert isinstance(again.timeline[-1], Abort) is isinstance(first.timeline[-1], Abort)
    assert again.call.rule == "recorded"


def test_pieces_are_cut_where_they_were_cut(tmp_path: Path) -> None:
    body = asked("slow", stream=True)
    cut = "fail: {kind: reframe, split: 7}, latency: {ttft_ms: 300, per_token_ms: 20}"
    first, recording = ask(Api(f"rules: [{{reply: One two three four., {cut}}}]"), body)

    again = replaying(tmp_path, [recording]).post(CHAT, body)

    assert max(map(len, payloads(again.timeline))) == 7
    assert payloads(again.timeline) == payloads(first.timeline)
    assert duration_s(again.timeline) == pytest.approx(duration_s(first.timeline))


def test_what_is_no_json_comes_back(tmp_path: Path) -> None:
    sound = Recording(
        request=RecordedRequest("POST", "/v1/audio/speech", body=b'{"input":"Hi"}'),
        answer=RecordedAnswer(200, (("content-type", "audio/mpeg"),), b"\xff\xf3\x00" * 9),
        provider="openai",
    )

    again = replaying(tmp_path, [sound]).send("POST", "/v1/audio/speech", b'{"input": "Hi"}')

    assert (again.status, again.body) == (200, b"\xff\xf3\x00" * 9)
    assert again.headers["content-type"] == "audio/mpeg"


def test_headers_of_the_connection_are_those_of_this_one(tmp_path: Path) -> None:
    _, recording = ask(Api(TOLD), asked("Hi"))
    framing = (("Content-Length", "9"), ("transfer-encoding", "chunked"), ("x-kept", "1"))
    edited = replace(recording, answer=replace(recording.answer, headers=framing))

    again = replaying(tmp_path, [edited]).post(CHAT, asked("Hi"))

    assert again.head.headers == (("x-kept", "1"),)
    assert again.head.content_length == len(again.body)


def test_it_takes_no_time_if_it_is_not_to(tmp_path: Path) -> None:
    body = asked("slow", stream=True)
    _, recording = ask(Api(TOLD), body)

    again = replaying(tmp_path, [recording], "timing: none").post(CHAT, body)

    assert duration_s(again.timeline) == 0


# --- Which one -------------------------------------------------------------------------------


def tape(*texts: str, said: str = "Hi") -> list[Recording]:
    """Return recordings of one request, with *texts* as the answers to it."""
    return [ask(Api(f"rules: [{{reply: '{text}'}}]"), asked(said))[1] for text in texts]


@pytest.mark.parametrize(
    ("then", "texts"),
    [
        ("repeat_last", ["A", "B", "B", "B"]),
        ("cycle", ["A", "B", "A", "B"]),
    ],
)
def test_the_nth_equal_request_gets_the_nth_answer(
    tmp_path: Path, then: str, texts: list[str]
) -> None:
    replay = replaying(tmp_path, tape("A", "B"), rule=f"then: {then}")

    assert [replay.chat("Hi").text for _ in texts] == texts


def test_after_the_last_one_it_says_so_unless_it_is_told_otherwise(tmp_path: Path) -> None:
    replay = replaying(tmp_path, tape("A", "B"))
    assert [replay.chat("Hi").text for _ in "AB"] == ["A", "B"]

    over = replay.chat("Hi")

    assert (over.status, over.error["code"]) == (404, "script_exhausted")
    assert "'recorded': the 2 recorded answers to this request are used up" in over.error["message"]


def test_rules_below_answer_after_the_last_one_if_it_is_to_pass(tmp_path: Path) -> None:
    replay = replaying(tmp_path, tape("A"), rule="then: pass}\n  - {reply: B")

    assert [replay.chat("Hi").text for _ in "ABB"] == ["A", "B", "B"]


def test_what_is_ignored_may_differ(tmp_path: Path) -> None:
    recorded = tape("A")
    body = {**asked("Hello"), "metadata": {"run": "7"}}

    ignoring = replaying(tmp_path, recorded, 'ignore: ["messages[*].content", metadata]')
    strict = replaying(tmp_path, recorded, "ignore: [metadata]")

    assert ignoring.post(CHAT, body).text == "A"
    assert strict.post(CHAT, body).call.rule is None


def test_a_body_that_is_nested_without_end_is_another_one(tmp_path: Path) -> None:
    deep = b'{"model":"gpt-4o","messages":' + b"[" * 900 + b"]" * 900 + b"}"
    tapes = [foreign("POST", CHAT, deep, 418, b"{}"), *tape("A")]

    replay = replaying(tmp_path, tapes)

    assert replay.post(CHAT, asked("Hi")).text == "A"
    assert replay.send("POST", CHAT, deep).status == 418
    assert replay.send("POST", CHAT, deep.replace(b"4o", b"4")).call.rule is None


@pytest.mark.parametrize(
    ("recorded", "sent"),
    [
        ("It is 2026-03-01T10:00:00Z. Hi", "It is 2026-11-30T09:12:44.120Z. Hi"),
        ("Run 5f0c1f9e-32ab-4c5d-9e0f-0123456789ab", "Run 00000000-32ab-4c5d-9e0f-0123456789ab"),
        ("At http://127.0.0.1:4711/x", "At http://127.0.0.1:50123/x"),
    ],
)
def test_dates_times_and_ids_may_differ(tmp_path: Path, recorded: str, sent: str) -> None:
    assert replaying(tmp_path, tape("A", said=recorded)).chat(sent).text == "A"


def test_what_is_equal_to_the_letter_goes_before_what_differs_in_dates(tmp_path: Path) -> None:
    days = ["On 2026-01-01?", "On 2026-01-02?"]
    replay = replaying(tmp_path, [*tape("First", said=days[0]), *tape("Second", said=days[1])])

    assert [replay.chat(day).text for day in reversed(days)] == ["Second", "First"]


def test_ids_of_tool_calls_may_differ_if_the_same_ones_are_in_the_same_places(
    tmp_path: Path,
) -> None:
    def turns(first: str, second: str) -> dict[str, Any]:
        call = {"id": first, "type": "function", "function": {"name": "weather", "arguments": "{}"}}
        return {
            "model": "gpt-4o-mini",
            "tools": [TOOL],
            "messages": [
                {"role": "user", "content": "Hi"},
                {"role": "assistant", "content": None, "tool_calls": [call]},
                {"role": "tool", "tool_call_id": second, "content": "18"},
            ],
        }

    _, recording = ask(Api("rules: [{reply: A}]"), turns("call_1", "call_1"))
    replay = replaying(tmp_path, [recording], rule="then: repeat_last")

    assert replay.post(CHAT, turns("call_other", "call_other")).text == "A"
    assert replay.post(CHAT, turns("call_other", "call_1")).call.rule is None


def test_a_secret_that_was_taken_out_of_the_recording_is_any_text(tmp_path: Path) -> None:
    (recording,) = tape("A", said="My key is [redacted 1a2b3c4d], and yours?")

    replay = replaying(tmp_path, [recording], rule="then: repeat_last")

    assert replay.chat("My key is sk-abcdefghijklmnop, and yours?").text == "A"
    assert replay.chat("My key is sk-abcdefghijklmnop.").call.rule is None


def test_other_providers_paths_and_queries_are_other_requests(tmp_path: Path) -> None:
    (recording,) = tape("A")
    replay = replaying(tmp_path, [recording], rule="then: repeat_last")
    body = asked("Hi")

    assert replay.post(CHAT, body).call.rule == "recorded"
    others = ["/api/v1/chat/completions", "/v1/completions", f"{CHAT}?other=1"]
    assert [replay.post(path, body).call.rule for path in others] == [None] * 3


def test_what_was_never_given_is_told_and_missed_if_it_is_required(tmp_path: Path) -> None:
    replay = replaying(tmp_path, [*tape("A", "B"), *tape("C", said="Other")], rule="required: true")
    replay.chat("Hi")

    session = replay.engine.session("default")
    left = [f"tape.jsonl:{line}: POST {CHAT}" for line in (2, 3)]

    assert list(session.reader.left()) == [("recorded", left)]
    assert list(session.unused()) == [f"rule 'recorded' never gave {what}" for what in left]


# --- What this server would refuse, or does not know -----------------------------------------


def foreign(method: str, path: str, body: bytes, status: int, said: bytes) -> Recording:
    return Recording(
        request=RecordedRequest(method, path, body=body),
        answer=RecordedAnswer(status, (("content-type", "application/json"),), said),
        provider="openai",
    )


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", CHAT, b'{"model":"my-own","messages":[{"role":"user","content":"Hi"}]}'),
        ("POST", CHAT, b'{"model":"gpt-4o","messages":[]}'),
        ("POST", CHAT, b'{"model":"gpt-4o","messages":'),
        (
            "POST",
            "/v1/responses",
            b'{"model":"gpt-4o","input":"Hi","previous_response_id":"resp_1"}',
        ),
        ("GET", "/v1/models", b""),
        ("GET", "/v1/responses/resp_0123456789", b""),
        ("DELETE", "/v1/files/file-1", b""),
        ("POST", "/v1/images/generations", b'{"prompt":"a cat"}'),
    ],
)
@pytest.mark.parametrize("key", ["sk-test", None])
def test_what_was_recorded_is_right_whatever_this_server_would_say(
    tmp_path: Path, method: str, path: str, body: bytes, key: str | None
) -> None:
    replay = replaying(tmp_path, [foreign(method, path, body, 418, b'{"a":1}')])

    again = replay.send(method, path, body, key=key)

    assert (again.status, again.body, again.call.rule) == (418, b'{"a":1}', "recorded")


def test_it_is_explained_what_a_refused_request_would_get(tmp_path: Path) -> None:
    body = b'{"model":"my-own","messages":[{"role":"user","content":"Hi"}]}'
    replay = replaying(tmp_path, [foreign("POST", CHAT, body, 200, b"{}")])

    explained = [
        replay.engine.explain(HttpRequest("POST", CHAT, {"authorization": "Bearer a"}, sent))[0]
        for sent in (body, body.replace(b"Hi", b"Ho"))
    ]

    assert in_words(explained[0]) == "rule 'recorded' answers: cassette"
    assert in_words(explained[1]).startswith("refused before any rule is read: 404")


def test_keys_and_limits_of_the_scenario_go_before_what_was_recorded(tmp_path: Path) -> None:
    replay = replaying(tmp_path, tape("A", "B"))
    scenario = tmp_path / "replay.yaml"
    scenario.write_text(
        scenario.read_text()
        + "keys: {invalid: [sk-bad]}\nlimits: {'*': {requests_per_minute: 1}}\n"
    )
    replay = Api(sources=[scenario])

    statuses = [replay.post(CHAT, asked("Hi"), key=key).status for key in ("sk-bad", "a", "a")]

    assert statuses == [401, 200, 429]


def test_what_the_cassette_lacks_is_refused_as_ever_and_the_journal_says_what_differs(
    tmp_path: Path,
) -> None:
    lacking = replaying(tmp_path, tape("A")).post(CHAT, {"model": "gpt-4o-mini", "messages": []})

    assert (lacking.status, lacking.error["code"]) == (400, "empty_array")
    assert lacking.call.near_misses[0].startswith("'recorded': no recording of this request")


# --- Near misses -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "differs"),
    [
        (asked("Hi there"), 'differs in \'messages[0].content\': recorded "Hi", sent "Hi there"'),
        (asked("Hi", top_p=0.5), "differs in 'top_p': recorded nothing, sent 0.5"),
        (
            asked("Hello", seed=1),
            'differs in \'messages[0].content\': recorded "Hi", sent "Hello", and in 1 more',
        ),
    ],
)
def test_a_near_miss_names_the_member_that_differs(
    tmp_path: Path, body: dict[str, Any], differs: str
) -> None:
    missed = replaying(tmp_path, tape("A")).post(CHAT, body)

    (miss,) = missed.call.near_misses
    assert miss == f"'recorded': no recording of this request; the nearest (tape.jsonl:1) {differs}"


def test_a_near_miss_says_that_nothing_was_recorded_there(tmp_path: Path) -> None:
    missed = replaying(tmp_path, tape("A")).complete("Hi")

    (miss,) = missed.call.near_misses
    assert miss == "'recorded': the cassette 'tape.jsonl' has no recording of POST /v1/completions"


# --- What acts on it -------------------------------------------------------------------------


def test_latency_takes_the_place_of_the_recorded_time(tmp_path: Path) -> None:
    body = asked("slow", stream=True)
    _, recording = ask(Api(TOLD), body)
    replay = replaying(tmp_path, [recording], rule="latency: {ttft_ms: 50}")

    again = replay.post(CHAT, body)

    assert duration_s(again.timeline) == pytest.approx(0.05)
    assert again.body == recording.answer.body


def test_a_failure_acts_on_it(tmp_path: Path) -> None:
    body = asked("slow", stream=True)
    _, recording = ask(Api(TOLD), body)
    replay = replaying(tmp_path, [recording], rule="fail: {kind: truncate, after_tokens: 2}")

    again = replay.post(CHAT, body)

    assert recording.answer.body.startswith(again.body)
    assert b"[DONE]" not in again.body
    assert again.call.failures == ("truncate",)


@pytest.mark.parametrize("count", [1, 2, 4])
def test_a_body_is_cut_at_its_tokens_as_one_that_is_made_here(tmp_path: Path, count: int) -> None:
    text = 'One \\"two\\" thr\u00e9e \U0001f389 four.'
    fail = f"fail: {{kind: disconnect, after_tokens: {count}}}"
    body = asked("Hi")
    _, recording = ask(Api(f'rules: [{{reply: "{text}"}}]'), body)

    own = Api(f'rules: [{{reply: "{text}", {fail}}}]').post(CHAT, body)
    again = replaying(tmp_path, [recording], rule=fail).post(CHAT, body)

    assert again.body == own.body
    assert again.call.failures == own.call.failures


def test_a_retry_after_it_is_told_in_the_time_of_the_session(tmp_path: Path) -> None:
    body = asked("limited")
    _, recording = ask(Api(TOLD), body)

    again = replaying(tmp_path, [recording]).post(CHAT, body)

    assert (again.status, again.call.asked_wait_s) == (429, 20)
    assert again.call.error_code == "rate_limit_exceeded"


def test_the_journal_reads_it(tmp_path: Path) -> None:
    body = asked("tool", tools=[TOOL])
    told, recording = ask(Api(TOLD), body)

    again = replaying(tmp_path, [recording]).post(CHAT, body)

    assert again.call.usage is not None
    assert again.call.usage[:2] == told.call.usage[:2]
    assert again.call.tool_calls == told.call.tool_calls
    members = ("text", "finish_reason", "answer_id", "model", "endpoint", "conversation")
    assert [getattr(again.call, name) for name in members] == [
        getattr(told.call, name) for name in members
    ]


# --- Scenarios -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reply", "problem"),
    [
        ("file: other.jsonl", "there is no cassette 'other.jsonl'"),
        ("file: ../tape.jsonl", "'../tape.jsonl' is outside the folder of the scenarios"),
        ("file: tape.jsonl, ignore: ['length(messages)']", "computes something"),
        ("file: tape.jsonl, ignore: [a-b]", "'a-b' is not a JMESPath: at character 2"),
        (f"file: tape.jsonl, ignore: ['{'(' * 4_000}']", "the expression is nested too deeply"),
        (f"file: tape.jsonl, ignore: ['a{'[*]' * 990}']", "is nested too deeply"),
        (
            "file: tape.jsonl, usage: {prompt_tokens: 1}",
            "'usage' has no place in a recorded answer",
        ),
        ("file: bad.jsonl", "bad.jsonl:1: this line is not JSON"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(tmp_path: Path, reply: str, problem: str) -> None:
    (tmp_path / "bad.jsonl").write_text("what\n")
    (tmp_path / "tape.jsonl").write_text("")
    scenario = tmp_path / "a.yaml"
    scenario.write_text(f"version: 1\nrules:\n  - reply: {{kind: cassette, {reply}}}\n")

    with pytest.raises(ScenarioError) as caught:
        Api(sources=[scenario])

    assert problem in str(caught.value)
    assert f"{scenario}:3:" in str(caught.value)


def test_a_cassette_has_no_place_among_several_replies(tmp_path: Path) -> None:
    (tmp_path / "tape.jsonl").write_text("")
    scenario = tmp_path / "a.yaml"
    scenario.write_text("version: 1\nrules: [{replies: [{kind: cassette, file: tape.jsonl}]}]\n")

    with pytest.raises(ScenarioError, match="write it as 'reply'"):
        Api(sources=[scenario])


def test_recordings_of_look_ups_are_kept_apart_by_their_query(tmp_path: Path) -> None:
    told = Api()
    pages = [f"/v1/chat/completions?limit={limit}" for limit in (1, 2)]
    recordings = [recording_of(told.get(page), page, method="GET") for page in pages]
    replay = replaying(tmp_path, recordings)

    answered = [replay.get(page) for page in reversed(pages)]

    assert [one.call.rule for one in answered] == ["recorded"] * 2
    assert not any(isinstance(event, Pause) for one in answered for event in one.timeline)
