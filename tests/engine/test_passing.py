"""What no rule answers goes to another server where that is wanted, and so does what we refuse."""

import json
from typing import Any

import pytest
from support.inprocess import KEY, standing_still

from mockserver.cassettes.recording import Piece, RecordedAnswer
from mockserver.engine.engine import Engine, Exchange
from mockserver.engine.forwarding import Forward
from mockserver.plugins import Plugins
from mockserver.scenario.loader import ScenarioText, load_scenario
from mockserver.sessions.options import Options
from mockserver.sessions.passing import Passing
from mockserver.wire.http_request import HttpRequest
from mockserver.wire.timeline import Data, Head, Timeline, body

CHAT = "/v1/chat/completions"
PASSING = Options(passing=Passing(passes_on=True))
BODY: dict[str, Any] = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Hi"}]}
SAID = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1,
    "model": "gpt-4o-mini-2024-07-18",
    "choices": [
        {"index": 0, "message": {"role": "assistant", "content": "Yes."}, "finish_reason": "stop"}
    ],
    "usage": {"prompt_tokens": 8, "completion_tokens": 2, "total_tokens": 10},
}
ANSWER = RecordedAnswer(
    200, (("content-type", "application/json"), ("x-own", "1")), json.dumps(SAID).encode()
)


def engine(scenario: str = "", options: Options = PASSING) -> Engine:
    text = ScenarioText(f"version: 1\n{scenario}")
    return Engine(load_scenario(text), Plugins.installed(), standing_still, options)


def send(
    one: Engine, body: Any = BODY, path: str = CHAT, method: str = "POST", key: str | None = KEY
) -> Any:
    headers = {"content-type": "application/json"}
    headers |= {} if key is None else {"authorization": f"Bearer {key}"}
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return one.answer(HttpRequest(method, path, headers, content))


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", CHAT, BODY),
        ("POST", CHAT, {**BODY, "model": "their-own"}),
        ("POST", CHAT, {**BODY, "messages": []}),
        ("POST", CHAT, b"not json"),
        ("GET", "/v1/models", b""),
        ("POST", "/v1/images/generations", {"prompt": "a cat"}),
        ("GET", "/nowhere", b""),
    ],
)
@pytest.mark.parametrize("key", [KEY, None])
def test_what_no_rule_answers_is_passed_on(
    method: str, path: str, body: Any, key: str | None
) -> None:
    forward = send(engine(), body, path, method, key)

    assert isinstance(forward, Forward)
    assert (forward.http.path, forward.is_disturbed) == (path, False)


def test_rules_go_before_the_other_server() -> None:
    one = engine('rules: [{when: {last_user: Hi}, reply: "Here."}]')

    assert isinstance(send(one), Exchange)
    other = {**BODY, "messages": [{"role": "user", "content": "Else"}]}
    assert isinstance(send(one, other), Forward)


@pytest.mark.parametrize(
    "scenario",
    [
        "keys: {invalid: ['sk-*']}",
        "limits: {'*': {requests_per_minute: 1}}",
        "rules: [{replies: [A]}]",
        "rules: [{fail: 503}]",
    ],
)
def test_what_a_scenario_refuses_is_refused(scenario: str) -> None:
    one = engine(scenario)

    last = [send(one) for _ in range(2)][-1]

    assert isinstance(last, Exchange)


def test_nothing_is_passed_on_by_default() -> None:
    assert isinstance(send(engine("", Options())), Exchange)


def test_the_journal_says_what_this_server_would_have_said() -> None:
    forward = send(engine(), {**BODY, "messages": []})

    (note,) = forward.call.notes
    assert note.startswith("this server would say: 400 Invalid 'messages': empty array.")


def passed(answer: RecordedAnswer) -> Any:
    one = engine()
    forward = send(one)
    one.passed(forward, answer)
    one.close(forward, "sent")
    return forward.call


def test_what_was_passed_on_is_in_the_journal() -> None:
    call = passed(ANSWER)

    assert (call.status, call.outcome, call.text) == (200, "sent", "Yes.")
    assert call.usage[:2] == (8, 2)
    assert call.answer_id == "chatcmpl-1"


def resumed(scenario: str, answer: RecordedAnswer, **members: Any) -> Timeline:
    one = engine(scenario)
    forward = send(one, {**BODY, **members})
    assert isinstance(forward, Forward)
    assert forward.is_disturbed
    return one.resume(forward, answer).timeline


def test_failures_and_latency_lie_over_what_another_server_answers() -> None:
    scenario = "rules: [{fail: {kind: disconnect, after_bytes: 20}, latency: {ttft_ms: 100}}]"

    timeline = resumed(scenario, ANSWER)

    assert body(timeline) == ANSWER.body[:20]
    assert next(e for e in timeline if isinstance(e, Head)).headers == ANSWER.headers


def test_failures_act_on_the_events_however_they_came() -> None:
    events = b'data: {"a":1}\n\ndata: {"a":2}\n\ndata: [DONE]\n\n'
    stream = RecordedAnswer(
        200, (("content-type", "text/event-stream"),), events, (Piece(5.0, 7), Piece(9.0, 36))
    )

    timeline = resumed("rules: [{fail: {kind: truncate, after_tokens: 1}}]", stream, stream=True)

    assert [e.payload for e in timeline if isinstance(e, Data)] == [b'data: {"a":1}\n\n']
