"""Raw replies: what is written goes out to the byte, and latency and failures act on it."""

from typing import Any

import pytest
from support.inprocess import Answered, Api

from mockserver.errors import ScenarioError
from mockserver.wire.timeline import Abort, Data, Pause, data_events, duration_s

EVENTS = '[{data: {n: 1}}, {event: ping, data: "a\\nb"}, "[DONE]"]'


def asked(reply: str, more: str = "", **members: Any) -> Answered:
    return Api(f"rules: [{{reply: {{kind: raw, {reply}}}{more}}}]").chat(**members)


def test_a_body_of_json_goes_out_as_json() -> None:
    answered = asked("status: 418, body: {a: [1, null]}")

    assert (answered.status, answered.body) == (418, b'{"a":[1,null]}')
    assert answered.headers["content-type"] == "application/json"
    assert answered.head.content_length == len(answered.body)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        pytest.param('"<html></html>"', "text/plain; charset=utf-8", id="text"),
        pytest.param("'{\"a\": 1}'", "application/json", id="text that is JSON"),
        pytest.param("null", "application/json", id="null"),
        pytest.param("[]", "application/json", id="a list"),
        pytest.param('"", content_type: text/html', "text/html", id="a stated type"),
    ],
)
def test_a_body_has_the_type_that_it_is_of(body: str, kind: str) -> None:
    assert asked(f"body: {body}").headers["content-type"] == kind


def test_a_text_goes_out_as_it_is() -> None:
    assert asked('body: "{\\"a\\" : broken"').body == b'{"a" : broken'


@pytest.mark.parametrize("stream", [False, True], ids=["not asked for", "asked for"])
def test_s7_events_are_a_stream_whether_or_not_one_is_asked_for(*, stream: bool) -> None:
    answered = asked(f"events: {EVENTS}", stream=stream)

    assert answered.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert answered.head.content_length is None
    assert answered.body == (b'data: {"n":1}\n\nevent: ping\ndata: a\ndata: b\n\ndata: [DONE]\n\n')


def test_s7_each_event_counts_as_a_token_for_latency_and_failures() -> None:
    slow = ", latency: {ttft_ms: 100, per_token_ms: 10}"
    whole = asked(f"events: {EVENTS}", slow)
    cut = asked(f"events: {EVENTS}", slow + ", fail: {kind: disconnect, after_tokens: 1}")

    assert [event.tokens for event in data_events(whole.timeline)] == [1, 1, 0]
    assert duration_s(whole.timeline) == pytest.approx(0.11)
    assert [type(event) for event in cut.timeline[1:]] == [Pause, Data, Abort]


@pytest.mark.parametrize(
    ("fail", "left"),
    [
        ("{kind: truncate, after_tokens: 1}", b'data: {"n":1}\n\n'),
        ("{kind: omit, parts: done}", b'data: {"n":1}\n\nevent: ping\ndata: a\ndata: b\n\n'),
        (
            "{kind: patch, set: {m: 2}}",
            b'data: {"n":1,"m":2}\n\nevent: ping\ndata: a\ndata: b\n\ndata: [DONE]\n\n',
        ),
    ],
)
def test_s7_failures_of_streams_act_on_raw_events(fail: str, left: bytes) -> None:
    answered = asked(f"events: {EVENTS}", f", fail: {fail}")

    assert answered.body == left
    assert answered.call.no_effect == ()


def test_failures_of_the_model_find_nothing_to_act_on() -> None:
    answered = asked("body: {a: 1}", ", fail: [bad_arguments, {kind: wrong_type, send: events}]")

    assert answered.call.no_effect == ("bad_arguments", "wrong_type")


def test_nothing_is_billed_unless_it_is_stated() -> None:
    bill = "usage: {prompt_tokens: 3, completion_tokens: 2, total_tokens: 9}"
    stated = asked(f"body: a, {bill}").call.usage

    assert asked("body: a").call.usage is None
    assert stated is not None
    assert (stated.prompt_tokens, stated.completion_tokens, stated.total_tokens) == (3, 2, 9)


def test_templates_and_headers_act_on_it() -> None:
    said = '{who: "{{ request.user }}"}'
    reply = f'body: {said}, template: true, headers: {{x-who: "{{{{ request.user }}}}"}}'
    answered = asked(reply, user="ada\r\nx: y")

    assert answered.json == {"who": "ada\r\nx: y"}
    assert answered.headers["x-who"] == "ada x: y"


def test_it_answers_on_every_endpoint_of_a_model_and_in_the_journal() -> None:
    api = Api("rules: [{name: other, reply: {kind: raw, status: 503, body: {down: true}}}]")
    answered = api.complete()

    assert (answered.status, answered.json) == (503, {"down": True})
    assert (answered.call.rule, answered.call.status, answered.call.endpoint) == (
        "other",
        503,
        "completions",
    )


def test_it_is_a_step_like_any_other() -> None:
    api = Api('rules: [{replies: [{kind: raw, status: 500, body: "no"}, "Yes."]}]')

    assert [api.chat().status, api.chat().text] == [500, "Yes."]


def test_a_status_without_a_body_needs_none() -> None:
    answered = asked("status: 204")

    assert (answered.status, answered.body, answered.head.content_length) == (204, b"", 0)


@pytest.mark.parametrize(
    ("reply", "what"),
    [
        ("status: 200", "needs a 'body' or 'events'"),
        ("body: a, events: [b]", "cannot be combined"),
        ("status: 204, body: a", "HTTP sends status 204 without a body"),
        ("status: 99, body: a", "from 200 to 599"),
        ("body: a, finish_reason: stop", "'finish_reason' has no place in a raw reply"),
        ("body: a, model: gpt-4o", "'model' has no place"),
        ("body: a, extra: {b: 1}", "'extra' has no place"),
        ("body: a, exact: true", "'exact' has no place"),
        ('events: [{event: "a\\nb", data: c}]', "the name of an event is one line"),
        ("events: [{event: a}]", "missing key 'data'"),
    ],
)
def test_what_means_nothing_is_refused(reply: str, what: str) -> None:
    with pytest.raises(ScenarioError, match=what):
        asked(reply)


def test_it_is_a_whole_answer_and_no_choice() -> None:
    with pytest.raises(ScenarioError, match="'choices' cannot hold 'raw'"):
        Api("rules: [{reply: {kind: choices, choices: [{kind: raw, body: a}]}}]")
