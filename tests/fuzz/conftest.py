"""The servers that hostile requests are sent to, and the promise that all of them keep."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from fuzz_watched import Watched, watched_server

from mockserver import load_scenario
from mockserver.scenario.loader import ScenarioText
from mockserver.scenario.schema import Scenario

RULES = """
version: 1
rules:
  - {when: {model: no-such-model}, reply: {kind: text, text: x}}
  - {when: {stream: true, key: nobody}, reply: {kind: text, text: x}}
  - {when: {headers: {x-a: b}}, reply: {kind: text, text: x}}
  - {when: {system: zzz, first_user: {contains: qqq}}, reply: {kind: text, text: x}}
  - {when: {last_user: {regex: 'zz+y'}}, reply: {kind: text, text: x}}
  - {when: {any_message: {glob: 'q*q'}}, reply: {kind: text, text: x}}
  - {when: {prompt: {contains: [qq, zz]}}, reply: {kind: text, text: x}}
  - {when: {tools: {all: [f, zz]}}, reply: {kind: text, text: x}}
  - {when: {tool_choice: zz}, reply: {kind: text, text: x}}
  - {when: {tool_choice: required}, reply: {kind: echo}}
  - {when: {response_format: zz}, reply: {kind: text, text: x}}
  - when: {after_tool: {name: f, result: '42', arguments: {contains: zz}, id: zz}}
    reply: {kind: text, text: x}
  - {when: {after_tool: g}, reply: {kind: echo}}
  - {when: {turn: 7}, reply: {kind: text, text: x}}
  - {when: {images: {at_least: 2}}, reply: {kind: echo}}
  - {when: {endpoint: completions}, times: 30, reply: {kind: echo}}
  - {times: 30, reply: {kind: tool_calls, calls: [{name: f, arguments: {}}]}}
  - {times: 30, reply: {kind: choices, choices: [{kind: text, text: a}, {kind: text, text: b}]}}
"""
"""Every key of a `when` looks at each request, and some replies are not the one by default."""


SERVERS: Mapping[str, tuple[Scenario, dict[str, Any]]] = {
    "without a scenario": (Scenario(), {}),
    "with rules and any model": (load_scenario(ScenarioText(RULES)), {"any_model": True}),
    "strict": (load_scenario(ScenarioText(RULES)), {"strict": True}),
}


ANSWERED = pytest.StashKey[int]()


@pytest.fixture(scope="module")
def watched(pytestconfig: pytest.Config) -> Iterator[Watched]:
    """Return a server without a scenario that must leave as well as it came."""
    with watched_server(Scenario()) as server:
        yield from unharmed(server, pytestconfig)


@pytest.fixture(scope="module", params=list(SERVERS))
def each_watched(request: pytest.FixtureRequest) -> Iterator[Watched]:
    """Return one server after the other, each of which must leave as well as it came."""
    scenario, options = SERVERS[request.param]
    with watched_server(scenario, **options) as server:
        yield from unharmed(server, request.config)


def unharmed(server: Watched, config: pytest.Config) -> Iterator[Watched]:
    before = server.census()
    yield server
    assert server.census_after(before) == before
    assert server.complaints == []
    config.stash[ANSWERED] = config.stash.get(ANSWERED, 0) + server.answered


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Tell how much was tried."""
    answered = config.stash.get(ANSWERED, 0)
    terminalreporter.write_line(f"{answered:,} hostile requests were answered or refused")
