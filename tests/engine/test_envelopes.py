"""Answers are rendered once for all that are like them; each is as if it were the only one."""

import itertools
import json
from typing import Any

import pytest

from mockserver.engine.engine import Engine, Exchange
from mockserver.plugins import Plugins
from mockserver.scenario.loader import ScenarioText, load_scenario
from mockserver.wire.http_request import HttpRequest
from mockserver.wire.timeline import Timeline

HEADERS = {"authorization": "Bearer sk-test", "api-key": "k", "content-type": "application/json"}
SCENARIO = """\
version: 1
models: any
rules:
  - {when: {last_user: {contains: lorem}}, reply: {kind: lorem, tokens: 9}}
  - {when: {last_user: {contains: echo}}, reply: {kind: echo}}
  - {when: {last_user: {contains: template}},
     reply: {kind: template, text: "You said {{ request.messages[-1].content }}."}}
  - {when: {last_user: {contains: refuse}}, reply: {kind: refusal, text: "I can't do that."}}
  - {when: {last_user: {contains: call}},
     reply: {kind: tool_calls, calls: [{name: a, arguments: {x: 1}}, {name: b, arguments: {}}]}}
  - {when: {last_user: {contains: slow}}, latency: {ttft_ms: 100, per_token_ms: 10},
     reply: "One token after the other."}
  - {when: {last_user: {contains: cut}}, reply: "A text that is longer than its limit."}
  - {reply: "Hello there, this is what everybody gets."}
"""
PATHS = {
    "openai": "/v1/chat/completions",
    "azure": "/openai/deployments/gpt-4o-mini/chat/completions?api-version=2024-10-21",
    "openrouter": "/api/v1/chat/completions",
    "vercel_gateway": "/vercel_gateway/v1/chat/completions",
    "aiml": "/aiml/v1/chat/completions",
    "cometapi": "/cometapi/v1/chat/completions",
}
WORDS = ["lorem", "echo", "template", "refuse", "call", "slow", "cut", "hello"]


def engine() -> Engine:
    return Engine(load_scenario(ScenarioText(SCENARIO)), Plugins.installed(), lambda: 0.0)


def requests(provider: str, path: str) -> list[HttpRequest]:
    path, _, query = path.partition("?")
    forms: list[dict[str, Any]] = [
        {},
        {"stream": True},
        {"stream": True, "stream_options": {"include_usage": True}},
        {"stream": True, "stream_options": {"include_obfuscation": False}},
    ]
    found = []
    for number, (word, form) in enumerate(itertools.product(WORDS, forms)):
        text = f"{word} {'more ' * (number % 3 * 40)}{number} 100 % \0 ünï"
        model = "openai/gpt-4o-mini" if provider in {"openrouter", "vercel_gateway"} else "gpt-4o"
        body = {"model": model, "messages": [{"role": "user", "content": text}], **form}
        body |= {"max_tokens": 4} if word == "cut" else {}
        found.append(HttpRequest("POST", path, HEADERS, json.dumps(body).encode(), query))
    return found


def answered(server: Engine, http: HttpRequest) -> Timeline:
    exchange = server.answer(http)
    assert isinstance(exchange, Exchange)
    server.close(exchange, "sent")
    return exchange.timeline


@pytest.mark.parametrize(("provider", "path"), PATHS.items(), ids=PATHS)
def test_an_answer_does_not_depend_on_those_before_it(provider: str, path: str) -> None:
    shared = engine()
    together = [answered(shared, http) for http in requests(provider, path)]

    assert together == [answered(engine(), http) for http in requests(provider, path)]


@pytest.mark.parametrize(("provider", "path"), PATHS.items(), ids=PATHS)
def test_no_answer_has_an_open_hole(provider: str, path: str) -> None:
    for http in requests(provider, path):
        for event in answered(engine(), http):
            assert b"\0" not in getattr(event, "lines", b"") + getattr(event, "payload", b"")


@pytest.mark.parametrize(("provider", "path"), PATHS.items(), ids=PATHS)
def test_a_body_that_comes_again_gets_what_it_would_get_if_nothing_were_kept(
    provider: str, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    keeping, forgetful = engine(), engine()
    asked = [http for http in requests(provider, path) for _ in range(4)]
    kept = [answered(keeping, http) for http in asked]

    monkeypatch.setattr("mockserver.engine.memory.MOST_BODY_BYTES", 0)

    assert kept == [answered(forgetful, http) for http in asked]
