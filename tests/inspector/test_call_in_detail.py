"""Calls in detail, as a real server shows them: a streamed tool call with a failure, and more."""

import json
from collections.abc import Iterator

import pytest
from browsing import Browser
from support.wire import chat, exchange, request

from mockserver import MockServer, load_scenario
from mockserver.scenario.loader import ScenarioText

pytestmark = pytest.mark.system

SCENARIO = """\
version: 1
description: A travel assistant.
rules:
  - name: limited-once
    when: {last_user: {contains: weather}}
    times: 1
    fail: {kind: rate_limit, retry_after_s: 30}
  - name: other-model
    when: {model: "gpt-5*"}
    times: 2
    reply: "Never asked."
  - name: cut
    when: {last_user: {contains: weather}, tools: get_weather}
    reply:
      kind: tool_calls
      calls: [{name: get_weather, arguments: {city: Lisbon, days: 3}}]
    latency: {ttft_ms: 20, per_token_ms: 2}
    fail: {kind: disconnect, after_tokens: 6}
  - name: last
    reply: "Two of you."
"""
WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
    },
}
PIXEL = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAoAAAAKCAIAAAACUFjqAAAAEklEQVR4nGP8z4APMOGV"
    "HbHSAEEsAROxCnMTAAAAAElFTkSuQmCC"
)


@pytest.fixture(scope="module")
def server() -> Iterator[MockServer]:
    with MockServer(load_scenario(ScenarioText(SCENARIO))) as server:
        said = chat("The weather?", tools=[WEATHER], stream=True, model="gpt-4o")
        for _ in range(2):
            exchange(server, request("POST", "/v1/chat/completions", said))
        made = {"name": "get_weather", "arguments": '{"city":"Lisbon","days":3}'}
        call = {"id": "call_1", "type": "function", "function": made}
        messages = [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": [{"type": "text", "text": "Who is in it?"}, shown(PIXEL)]},
            {"role": "assistant", "content": None, "tool_calls": [call]},
            {"role": "tool", "tool_call_id": "call_1", "content": '{"high":24}'},
        ]
        body = {"model": "gpt-4o", "messages": messages, "n": 2}
        exchange(server, request("POST", "/v1/chat/completions", body))
        yield server


def shown(url: str) -> dict[str, object]:
    return {"type": "image_url", "image_url": {"url": url}}


def section(browser: Browser, server: MockServer, number: int, name: str) -> str:
    """Return the text of a section of a call."""
    browser.open(f"{server.url}/_mock/#/s/default/{number}/{name}")
    browser.until(f"document.querySelector('.section.in-{name}')")
    return str(browser.run("return document.getElementById('section').textContent"))


def test_a_streamed_tool_call_shows_what_a_failure_left_of_it(
    browser: Browser, server: MockServer
) -> None:
    text = section(browser, server, 2, "conversation")

    assert "The weather?" in text
    assert "callsget_weather" in text
    assert "disconnect took the end of this answer" in text
    assert "200 disconnect" in browser.text(".panel-head")
    browser.assert_clean(server.url)


def test_the_stream_is_a_picture_and_a_table(browser: Browser, server: MockServer) -> None:
    text = section(browser, server, 2, "stream")

    label = str(browser.run("return document.querySelector('svg.axis').ariaLabel"))
    assert "failed: disconnect" in label
    assert "6 tokens" in label
    assert browser.run("return document.querySelectorAll('svg.axis .cross').length") >= 1
    assert browser.run("return document.querySelectorAll('svg.axis .line').length") == 2
    assert "first token" in browser.run("return document.querySelector('svg.axis').textContent")
    rows = "return [...document.querySelectorAll('.events tbody tr')].map((row) => row.className)"
    kinds = browser.run(rows)
    assert kinds[0] == "head"
    assert kinds[-1] == "abort"
    assert "disconnect struck" in text
    browser.assert_clean(server.url)


def test_rules_tell_why_each_did_not_answer(browser: Browser, server: MockServer) -> None:
    section(browser, server, 2, "rules")

    script = (
        "return [...document.querySelectorAll('.rule')].map((rule) =>"
        "[rule.className.slice(5), rule.querySelector('.name').textContent])"
    )
    assert browser.run(script) == [
        ["used_up", "limited-once"],
        ["no_match", "other-model"],
        ["answered", "cut"],
        ["not_read", "last"],
    ]
    assert "gpt-4o" in browser.text(".rule.no_match .whys")


def test_attempts_stand_side_by_side_with_their_waits(browser: Browser, server: MockServer) -> None:
    section(browser, server, 2, "attempts")

    waits = browser.run("return [...document.querySelectorAll('.wait')].map((x) => x.textContent)")
    badges = "return [...document.querySelectorAll('.attempt .badge')].map((x) => x.textContent)"
    assert browser.run(badges) == ["429 rate_limit", "200 disconnect"]
    assert len(waits) == 1
    assert "asked for 30.00\N{NO-BREAK SPACE}s" in waits[0]
    assert "too early" in waits[0]
    current = "return document.querySelector('.attempt[aria-current]').textContent"
    assert "#2, this call" in browser.run(current)


def test_verdicts_name_their_calls(browser: Browser, server: MockServer) -> None:
    text = section(browser, server, 2, "verdicts")

    assert "retry_after_ignored" in text
    links = "return [...document.querySelectorAll('.verdicts a')].map((a) => a.hash)"
    assert "#/s/default/1" in browser.run(links)


def test_results_are_joined_to_calls_and_images_are_shown(
    browser: Browser, server: MockServer
) -> None:
    text = section(browser, server, 3, "conversation")

    assert "result ofget_weathercall_1" in text
    assert '"high": 24' in text
    assert browser.run("return [...document.images].map((image) => image.src)") == [PIXEL]
    assert "Answer · 2 choices" in text
    assert text.count("Two of you.") == 2
    browser.assert_clean(server.url)


def test_bill_headers_and_bytes_are_there(browser: Browser, server: MockServer) -> None:
    assert "Prompt" in section(browser, server, 3, "bill")
    headers = section(browser, server, 3, "headers")
    assert "content-typeapplication/json" in headers
    assert "[redacted " in headers
    raw = section(browser, server, 3, "raw")
    assert "Who is in it?" in raw
    assert "chat.completion" in raw


def test_what_is_copied_can_be_used(browser: Browser, server: MockServer) -> None:
    section(browser, server, 3, "raw")
    browser.run(
        "window.copied = []; navigator.clipboard.writeText = async (text) => {copied.push(text)}"
    )

    browser.run("document.querySelectorAll('.panel-head .copy').forEach((each) => each.click())")
    browser.until("window.copied.length === 3")

    curl, rule, link = browser.run("return window.copied")
    assert curl.startswith("curl ")
    assert "/v1/chat/completions" in curl
    assert "rules" in rule or "reply" in rule
    assert link == f"{server.url}/_mock/#/s/default/3/raw"


def test_the_scenario_shows_hits_and_what_is_unused(browser: Browser, server: MockServer) -> None:
    browser.open(f"{server.url}/_mock/#/scenario")
    browser.until("document.querySelectorAll('.script li').length === 4")

    script = (
        "return [...document.querySelectorAll('.script > li')].map((rule) =>"
        "[rule.querySelector('.name').textContent,"
        "parseInt(rule.querySelector('.hits').textContent),"
        "rule.classList.contains('unused')])"
    )
    assert browser.run(script) == [
        ["limited-once", 1, False],
        ["other-model", 0, True],
        ["cut", 1, False],
        ["last", 1, False],
    ]
    assert "Never asked." in browser.text(".script .unused")


def test_sessions_show_counts_and_verdicts(browser: Browser, server: MockServer) -> None:
    browser.open(f"{server.url}/_mock/#/sessions")
    browser.until("document.querySelector('.columns .card')")

    cells = browser.run(
        "return [...document.querySelectorAll('tbody tr')].map((row) => row.textContent)"
    )
    assert json.dumps(cells) == '["defaultopen30014"]'
    assert "retry_after_ignored" in browser.text("#sessions")
