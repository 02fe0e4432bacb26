"""T2: what is written in replies and failures acts, or is refused; none of it is ignored."""

from typing import Any

import pytest
from support.inprocess import Answered, Api

from mockserver.errors import ScenarioError

CALL = "{kind: tool_calls, calls: [{name: f}]}"


def failing(fail: str, reply: str = "a", **members: Any) -> Answered:
    return Api(f"rules: [{{reply: {reply}, fail: {fail}}}]").chat(**members)


# --- Null ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fail",
    [
        pytest.param("{kind: rate_limit, retry_after_s: null}", id="T2 rate_limit"),
        pytest.param("{kind: rate_limit, of: tokens, retry_after_s: null}", id="T2 of tokens"),
        pytest.param("{kind: overloaded, retry_after_s: null}", id="T2 overloaded"),
        pytest.param("{kind: http_error, status: 429, retry_after_s: null}", id="T2 http_error"),
    ],
)
def test_a_client_that_is_told_no_wait_gets_no_header(fail: str) -> None:
    headers = failing(fail).headers

    assert not {"retry-after", "retry-after-ms", "x-mockserver-retry-after-s"} & headers.keys()


def test_t2_without_the_key_the_wait_is_the_limits_own() -> None:
    assert "retry-after" in failing("rate_limit").headers
    assert "retry-after" not in failing("{kind: rate_limit, of: too_large}").headers


def test_t2_null_and_empty_members_of_an_error_are_sent() -> None:
    error = failing('{kind: http_error, status: 500, type: null, message: ""}').error

    assert (error["type"], error["message"]) == (None, "")


def test_t2_an_empty_message_of_an_error_event_is_sent() -> None:
    body = failing('{kind: inject, what: error_event, message: ""}', stream=True).body

    assert b'"message":""' in body


@pytest.mark.parametrize(
    "rule",
    [
        pytest.param("{reply: {kind: text, text: a, finish_reason: null}}", id="T2 finish_reason"),
        pytest.param("{reply: {kind: text, text: a, model: null}}", id="T2 model"),
        pytest.param("{reply: {kind: text, text: a, id: null}}", id="T2 id"),
        pytest.param("{reply: {kind: text, text: a, created: null}}", id="T2 created"),
        pytest.param("{reply: {kind: text, text: a, provider: null}}", id="T2 provider"),
        pytest.param(
            "{reply: {kind: tool_calls, calls: [{name: f, id: null}]}}", id="T2 a call's id"
        ),
        pytest.param("{reply: {kind: audio, transcript: a, data: null}}", id="T2 data"),
        pytest.param("{reply: {kind: raw, body: a, content_type: null}}", id="T2 content_type"),
        pytest.param("{fail: {kind: overloaded, status: null}}", id="T2 status"),
        pytest.param("{fail: {kind: quota, status: null}}", id="T2 status of a quota"),
        pytest.param("{fail: {kind: gateway_page, page: null}}", id="T2 page"),
        pytest.param("{fail: {kind: http_error, status: 500, message: null}}", id="T2 message"),
        pytest.param("{reply: a, fail: {kind: wrong_type, send: null}}", id="T2 send"),
        pytest.param("{reply: a, fail: {kind: unknown_tool, name: null}}", id="T2 name"),
        pytest.param("{reply: a, fail: {kind: repeat, text: null}}", id="T2 text"),
        pytest.param("{reply: a, fail: {kind: bad_arguments, finish_reason: }}", id="T2 no value"),
    ],
)
def test_a_null_that_would_say_nothing_is_refused(rule: str) -> None:
    with pytest.raises(ScenarioError, match="cannot be null"):
        Api(f"rules: [{rule}]")


@pytest.mark.parametrize(
    "fail",
    ["{kind: disconnect, after_tokens: null, times: null}", "{kind: stall, until: null, for_s: 1}"],
)
def test_a_null_that_says_what_absence_says_is_one(fail: str) -> None:
    assert failing(fail).call.failures


# --- One for a list --------------------------------------------------------------------------


def test_t2_one_part_needs_no_brackets() -> None:
    answered = failing("{kind: omit, parts: done}", stream=True)

    assert not answered.body.endswith(b"[DONE]\n\n")


def test_t2_one_call_needs_no_brackets() -> None:
    api = Api("rules: [{reply: a, fail: {kind: overloaded, calls: 2}}]")
    called = Api("rules: [{reply: {kind: tool_calls, calls: {name: f}}}]").chat().choice

    assert [api.chat().status for _ in range(3)] == [200, 503, 200]
    assert called["message"]["tool_calls"][0]["function"]["name"] == "f"


def test_t2_one_choice_needs_no_brackets() -> None:
    assert Api("rules: [{reply: {kind: choices, choices: a}}]").chat().text == "a"


@pytest.mark.parametrize("fail", ["{kind: omit, parts: []}", "{kind: disconnect, calls: []}"])
def test_t2_an_empty_list_is_refused(fail: str) -> None:
    with pytest.raises(ScenarioError, match="the list is empty"):
        failing(fail)


# --- JSON for text ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "sent", "kind"),
    [
        pytest.param("{error: {a: null}}", b'{"error":{"a":null}}', "application/json", id="T2"),
        pytest.param("[1, x]", b'[1,"x"]', "application/json", id="T2 a list"),
        pytest.param("null", b"null", "application/json", id="T2 null"),
        pytest.param('"<b>No</b>"', b"<b>No</b>", "text/html", id="T2 a text"),
        pytest.param("{}, content_type: text/x", b"{}", "text/x", id="T2 a stated type"),
    ],
)
def test_the_body_of_an_error_may_be_json(body: str, sent: bytes, kind: str) -> None:
    answered = failing(f"{{kind: http_error, status: 500, body: {body}}}")

    assert (answered.body, answered.headers["content-type"]) == (sent, kind)


# --- A key that another makes void -----------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "what"),
    [
        (
            "{fail: {kind: http_error, status: 500, content_type: text/html}}",
            "'content_type' is that of a 'body'",
        ),
        (
            "{fail: {kind: http_error, status: 500, body: {a: 1}, code: b}}",
            "'body' and 'code' cannot be combined",
        ),
        ("{reply: {kind: text, text: a, model: ''}}", "the name of a model is not empty"),
        (
            "{reply: {kind: choices, choices: [{kind: text, text: a, headers: {b: c}}]}}",
            "'headers' belongs to the whole answer",
        ),
        (
            "{reply: {kind: choices, choices: [{kind: text, text: a, exact: true}]}}",
            "'exact' belongs to the whole answer",
        ),
        ("{reply: {kind: raw, body: a, logprobs: [-1]}}", "'logprobs' has no place"),
    ],
)
def test_t2_what_another_key_makes_void_is_refused(rule: str, what: str) -> None:
    with pytest.raises(ScenarioError, match=what):
        Api(f"rules: [{rule}]")


def test_t2_a_tool_may_be_called_by_no_name() -> None:
    tools = [{"type": "function", "function": {"name": "f"}}]
    called = failing('{kind: unknown_tool, name: ""}', CALL, tools=tools).choice

    assert called["message"]["tool_calls"][0]["function"]["name"] == ""
