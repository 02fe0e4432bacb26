"""Responses in the background: how far they are at each moment, and what can be done by then."""

import json
from typing import Any

import pytest
from support.inprocess import Answered, Api

from mockserver.sessions.options import Options
from mockserver.wire.timeline import Head, Pause, duration_s

ALL = "/v1/responses"
SLOW = """
    rules:
      - name: slow
        reply: One two three four.
        latency: {ttft_ms: 1000, per_token_ms: 100}
"""
UNFINISHED = (None, [], None, "auto", None)


class Time:
    """A time that passes only when it is told to."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def slow(time: Time) -> Api:
    return Api(SLOW, time_source=time)


def begin(api: Api, said: str = "Hi", **members: Any) -> Answered:
    body = {"model": "gpt-4o-mini", "input": said, "background": True, **members}
    answered = api.post(ALL, body)
    assert answered.status == 200
    return answered


def events_of(answered: Answered) -> list[Any]:
    return [
        json.loads(event.partition("data: ")[2])
        for event in answered.body.decode().split("\n\n")[:-1]
    ]


def look(api: Api, identity: str) -> Any:
    return api.get(f"{ALL}/{identity}").json


def state(value: Any) -> tuple[Any, ...]:
    return tuple(value[key] for key in ("usage", "output", "completed_at", "service_tier", "error"))


def test_it_is_queued_then_in_progress_then_what_it_would_have_been(slow: Api, time: Time) -> None:
    queued = begin(slow)
    identity = queued.json["id"]
    takes_s = (queued.call.planned_ms or 0) / 1_000

    assert not any(isinstance(event, Pause) for event in queued.timeline)
    assert queued.json["status"] == "queued"
    assert state(queued.json) == UNFINISHED
    assert "billing" not in queued.json
    assert queued.headers["openai-processing-ms"] != str(queued.call.planned_ms)
    assert look(slow, identity) == queued.json
    for passed, status in ((0.05, "queued"), (0.5, "in_progress"), (0.99, "in_progress")):
        time.now_s = takes_s * passed
        assert look(slow, identity) == {**queued.json, "status": status}
    time.now_s = takes_s
    finished = look(slow, identity)
    assert finished["status"] == "completed"
    assert finished["billing"] == {"payer": "developer"}
    assert finished["output"][0]["content"][0]["text"] == "One two three four."
    assert finished["usage"]["output_tokens"] == queued.call.usage.completion_tokens  # type: ignore[union-attr]


@pytest.mark.parametrize("scenario", ["", SLOW], ids=["no latency", "time stands still"])
def test_where_no_time_passes_each_look_takes_it_a_stage_further(scenario: str) -> None:
    api = Api(scenario, options=Options(time_scale=0))
    identity = begin(api).json["id"]

    assert [look(api, identity)["status"] for _ in range(3)] == [
        *("in_progress", "completed", "completed"),
    ]


@pytest.mark.parametrize("looks", [0, 1])
def test_it_is_cancelled_until_it_is_finished(looks: int) -> None:
    api = Api()
    identity = begin(api).json["id"]
    for _ in range(looks):
        look(api, identity)
    cancelled = api.send("POST", f"{ALL}/{identity}/cancel")

    assert cancelled.json["status"] == "cancelled"
    assert state(cancelled.json) == UNFINISHED
    assert look(api, identity) == look(api, identity) == cancelled.json
    assert api.send("POST", f"{ALL}/{identity}/cancel").body == cancelled.body


def test_what_is_finished_is_not_cancelled() -> None:
    api = Api()
    identity = begin(api).json["id"]
    finished = [look(api, identity), look(api, identity)][-1]
    refused = api.send("POST", f"{ALL}/{identity}/cancel")

    assert refused.status == 400
    assert refused.error["message"] == "Cannot cancel a completed response."
    assert look(api, identity) == finished


def test_what_is_not_finished_is_neither_continued_nor_deleted(slow: Api, time: Time) -> None:
    identity = begin(slow).json["id"]

    def follow() -> Answered:
        body = {"model": "gpt-4o-mini", "input": "On", "previous_response_id": identity}
        return slow.post(ALL, body)

    assert follow().error["param"] == "previous_response_id"
    deleted = slow.send("DELETE", f"{ALL}/{identity}")
    assert deleted.error["message"] == "Cannot delete an in-flight response."
    time.now_s = 100
    assert follow().status == 200
    assert slow.send("DELETE", f"{ALL}/{identity}").status == 200


def test_it_must_be_stored() -> None:
    body = {"model": "gpt-4o-mini", "input": "Hi", "background": True, "store": False}
    refused = Api().post(ALL, body)

    assert (refused.status, refused.error["param"]) == (400, "background")


def test_a_conversation_is_locked_until_the_answer_in_it_is_finished(slow: Api, time: Time) -> None:
    conversation = slow.post("/v1/conversations", {}).json["id"]
    items = f"/v1/conversations/{conversation}/items"
    first = begin(slow, conversation=conversation).json["id"]
    body = {"model": "gpt-4o-mini", "input": "On", "conversation": conversation}
    refused = slow.post(ALL, body)

    assert (refused.status, refused.error["code"]) == (400, "conversation_locked")
    assert slow.get(items).json["data"] == []
    slow.send("POST", f"{ALL}/{first}/cancel")
    assert slow.get(items).json["data"] == []
    begin(slow, conversation=conversation)
    time.now_s = 100
    assert len(slow.get(items).json["data"]) == 2


# --- Streams ---------------------------------------------------------------------------------


def test_a_stream_says_that_it_is_queued_and_is_resumed_from_any_event(
    slow: Api, time: Time
) -> None:
    streamed = begin(slow, stream=True)
    events = events_of(streamed)
    identity = events[0]["response"]["id"]
    names = [event["type"] for event in events]
    plain = [{k: v for k, v in event.items() if k != "obfuscation"} for event in events]
    time.now_s = 100

    assert names[:3] == ["response.created", "response.queued", "response.in_progress"]
    assert [event["response"]["status"] for event in events[:3]] == [
        *("queued", "queued", "in_progress"),
    ]
    assert events_of(slow.get(f"{ALL}/{identity}?stream=true")) == plain
    padded = slow.get(f"{ALL}/{identity}?stream=true&include_obfuscation=true")
    assert padded.body == streamed.body
    for after in (0, 3, len(events) - 1, len(events) + 5):
        resumed = slow.get(f"{ALL}/{identity}?stream=true&starting_after={after}")
        assert resumed.status == 200
        assert events_of(resumed) == plain[after + 1 :]
        assert duration_s(resumed.timeline) == 0


def test_what_is_not_there_yet_comes_in_its_time(slow: Api, time: Time) -> None:
    streamed = begin(slow, stream=True)
    identity = events_of(streamed)[0]["response"]["id"]
    takes_s = duration_s(streamed.timeline)
    time.now_s = takes_s - 0.15
    resumed = slow.get(f"{ALL}/{identity}?stream=true")

    assert look(slow, identity)["status"] == "in_progress"
    assert duration_s(resumed.timeline) == pytest.approx(0.15)
    assert len(events_of(resumed)) == len(events_of(streamed))
    pauses = [event for event in resumed.timeline if isinstance(event, Pause)]
    assert len(pauses) == 2
    head = next(event for event in resumed.timeline if isinstance(event, Head))
    assert head.content_length is None
    time.now_s = takes_s
    assert look(slow, identity)["status"] == "completed"


def test_a_stream_that_is_cancelled_has_only_what_was_there(slow: Api, time: Time) -> None:
    identity = events_of(begin(slow, stream=True))[0]["response"]["id"]
    time.now_s = 0.5
    slow.send("POST", f"{ALL}/{identity}/cancel")
    time.now_s = 100
    resumed = slow.get(f"{ALL}/{identity}?stream=true")

    assert [event["type"] for event in events_of(resumed)][-1] == "response.in_progress"
    assert duration_s(resumed.timeline) == 0


def test_an_answer_that_is_not_streamed_cannot_be() -> None:
    api = Api()
    refused = api.get(f"{ALL}/{begin(api).json['id']}?stream=true")
    unlike = "This response cannot be streamed because it was not created with stream=true."

    assert (refused.status, refused.error["message"]) == (400, unlike)


def test_a_failure_strikes_what_goes_out_and_the_answer_is_made_all_the_same() -> None:
    api = Api("""
        rules: [{name: cut, times: 1, reply: Yes., fail: {kind: disconnect, after_tokens: 1}}]
    """)
    streamed = api.post(
        ALL, {"model": "gpt-4o-mini", "input": "Hi", "background": True, "stream": True}
    )
    identity = json.loads(streamed.body.split(b"data: ")[1].split(b"\n")[0])["response"]["id"]
    resumed = events_of(api.get(f"{ALL}/{identity}?stream=true"))

    assert resumed[-1]["type"] == "response.completed"
