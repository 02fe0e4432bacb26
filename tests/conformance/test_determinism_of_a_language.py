"""Draws of every kind, scripts and captures: the same bytes and journal, whatever the order.

Forty agents talk to one server, each in its own conversation and taking up what it was answered. In
which order they come and how many at once, and in which process the server runs, must change
nothing of what each of them gets, nor of what the journal says of it.
"""

import json
import random
import re
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
from support.subprocesses import served
from support.wire import Raw, Served, exchange, request

from mockserver import MockServer

pytestmark = pytest.mark.system

SCENARIO = """
version: 1
seed: 11
defaults: {latency: {ttft_ms: {median: 400, sigma: 0.4}, per_token_ms: 7}}
rules:
  - {name: brown-out, fail: {kind: http_error, status: 503, probability: 0.15}}
  - name: cut
    when: {stream: true}
    fail: {kind: disconnect, how: fin, after_tokens: 4, probability: 0.2}
  - {name: first-attempt, when: {attempt: 1, last_user: {contains: retry}}, fail: overloaded}
  - name: learns
    when: {last_user: {regex: "my name is"}}
    capture: {name: {last_user: {regex: "my name is (\\\\w+)"}}, model: model}
    reply: {kind: template, text: "Hello {{ captured.name }}, meet {{ faker.name }}."}
  - name: knows
    when: {first_user: {contains: "my name is"}}
    reply: {kind: template, text: "{{ captured.name }} of {{ faker.city }}, {{ captured.model }}"}
  - name: researchers
    when: {system: {contains: researcher}}
    per: conversation
    replies:
      - kind: tool_calls
        template: true
        calls:
          - {name: search, arguments: {q: "{{ request.messages[1].content }}"}}
          - {name: search, arguments: {q: "{{ faker.company }} and {{ faker.company }}"}}
      - {reply: {kind: lorem, tokens: {median: 15, sigma: 0.4}}, latency: {ttft_ms: 3}}
      - {fail: {kind: truncate, probability: 0.5}, reply: "All sources were {{ looked }} at."}
    then: cycle
  - name: third-time
    when: {last_user: {contains: third}, call: {at_least: 3}}
    per: conversation
    reply: {kind: template, text: "the {{ call }}rd time"}
  - {name: data, when: {response_format: person}, reply: {kind: json_schema, overrides: {age: 7}}}
  - name: several
    when: {request: {n: {at_least: 2}}}
    reply:
      kind: choices
      choices: [{kind: lorem, tokens: 6}, {kind: template, text: "{{ faker.job }}"}]
  - {name: prose, when: {last_user: {contains: prose}}, reply: {kind: lorem, tokens: 12}}
"""
PERSON = {
    "type": "json_schema",
    "json_schema": {
        "name": "person",
        "schema": {
            "type": "object",
            "properties": {"name": {"type": "string"}, "age": {"type": "integer"}},
        },
    },
}
SEARCH = [{"type": "function", "function": {"name": "search", "parameters": {}}}]
WHEN = {
    *("at_s", "came_unix_s", "ended_s", "measured", "number", "queued_s", "seen_at_end", "serial"),
    "waited_s",
}
"""What the journal tells of a call that depends on order by nature."""

Ask = Callable[[str, dict[str, Any]], Raw]
Found = tuple[dict[str, list[Raw]], list[str]]


# --- Agents: each sends its requests one after the other -------------------------------------


def chat(ask: Ask, messages: list[Any], **members: Any) -> Raw:
    body = {"model": "gpt-4o-mini", "messages": messages, **members}
    return ask("/v1/chat/completions", body)


def message_of(raw: Raw) -> dict[str, Any] | None:
    """Return the message of a whole answer; None where there is none to go on with."""
    try:
        return dict(raw.json["choices"][0]["message"])
    except (ValueError, KeyError):
        return None


def researcher(ask: Ask, number: int) -> None:
    said: list[Any] = [
        {"role": "system", "content": f"You are a researcher. It is {number} o'clock."},
        {"role": "user", "content": f"topic {number}"},
    ]
    for _ in range(5):
        message = message_of(chat(ask, said, tools=SEARCH))
        if message is None:
            continue
        said = [*said, message]
        for call in message.get("tool_calls") or ():
            said.append({"role": "tool", "tool_call_id": call["id"], "content": "found"})
        if not message.get("tool_calls"):
            said.append({"role": "user", "content": "And then?"})


def retrier(ask: Ask, number: int) -> None:
    for _ in range(4):
        chat(ask, [{"role": "user", "content": f"retry {number}"}])


def acquaintance(ask: Ask, number: int) -> None:
    said = [{"role": "user", "content": f"my name is Ada{number}"}]
    for question in ("Who am I?", "And now?"):
        chat(ask, said, stream=number % 2 == 0)
        said += [{"role": "assistant", "content": "?"}, {"role": "user", "content": question}]


def caller(ask: Ask, number: int) -> None:
    for _ in range(4):
        chat(ask, [{"role": "user", "content": f"a third try, {number}"}])


def reader(ask: Ask, number: int) -> None:
    said = [{"role": "user", "content": f"prose {number}"}]
    for stream in (True, False, True):
        chat(ask, said, stream=stream)
    chat(ask, said, n=3, logprobs=True)
    chat(ask, [{"role": "user", "content": f"JSON {number}"}], response_format=PERSON)
    ask("/v1/completions", {"model": "gpt-3.5-turbo-instruct", "prompt": [f"prose {number}", "b"]})
    chat(ask, [], user=f"nobody {number}")


KINDS = (researcher, retrier, acquaintance, caller, reader)
AGENTS = [(kind, number) for number in range(8) for kind in KINDS]


def talked(server: Served, agents: Sequence[tuple[Any, int]], at_once: int = 1) -> Found:
    """Return what each of *agents* got, raw, and what the journal says of all."""

    def talk(one: tuple[Any, int]) -> tuple[str, list[Raw]]:
        kind, number = one
        got: list[Raw] = []

        def ask(path: str, body: dict[str, Any]) -> Raw:
            got.append(exchange(server, request("POST", path, body)).undated)
            return got[-1]

        kind(ask, number)
        return f"{kind.__name__} {number}", got

    with ThreadPoolExecutor(at_once) as pool:
        found = dict(pool.map(talk, agents))
    return found, sorted(journal(server))


def journal(server: Served) -> Iterator[str]:
    after: int | None = 0
    while after is not None:
        with urlopen(f"{server.url}/_mock/sessions/default/journal?after={after}") as page:
            told = json.load(page)
        for call in told["calls"]:
            yield json.dumps({k: v for k, v in call.items() if k not in WHEN}, sort_keys=True)
        after = told["next_after"]


@pytest.fixture(scope="module")
def scenario(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("determinism") / "scenario.yaml"
    path.write_text(SCENARIO, "utf-8")
    return path


@pytest.fixture(scope="module")
def usual(scenario: Path) -> Found:
    """Return what the agents get in this process, one after the other."""
    with MockServer(scenario, time_scale=0) as server:
        return talked(server, AGENTS)


@pytest.mark.parametrize("seed", [1, 2])
def test_agents_in_another_order_get_the_same(scenario: Path, usual: Found, seed: int) -> None:
    shuffled = random.Random(seed).sample(AGENTS, len(AGENTS))

    with MockServer(scenario, time_scale=0) as server:
        assert talked(server, shuffled) == usual


def test_sixteen_agents_at_once_get_the_same(scenario: Path, usual: Found) -> None:
    with MockServer(scenario, time_scale=0) as server:
        assert talked(server, AGENTS, at_once=16) == usual


@pytest.mark.parametrize("hash_seed", ["1", "77"])
def test_another_process_with_another_hash_seed_gives_the_same(
    scenario: Path, usual: Found, hash_seed: str
) -> None:
    environment = {"PYTHONHASHSEED": hash_seed}
    arguments = ("--scenario", str(scenario), "--time-scale", "0")
    with served(*arguments, environment=environment) as server:
        shuffled = random.Random(hash_seed).sample(AGENTS, len(AGENTS))
        assert talked(server, shuffled, at_once=16) == usual


def test_all_that_can_be_drawn_was_drawn(usual: Found) -> None:
    found, calls = usual
    raw = b"".join(one.rest for got in found.values() for one in got)
    told = [json.loads(call) for call in calls]

    assert {call["rule"] for call in told} >= {
        *("brown-out", "first-attempt", "learns", "knows", "researchers", "third-time"),
        *("data", "several", "prose", None),
    }
    assert {kind for call in told for kind in call["failures"]} >= {
        *("http_error", "overloaded", "disconnect", "truncate"),
    }
    assert len(set(re.findall(rb"call_[0-9A-Za-z]{24}", raw))) > 10
    assert len({call["planned_ms"] for call in told}) > 50
    assert any(call["attempt"] > 2 for call in told)
    assert {call["status"] for call in told} >= {200, 400, 503}


def test_another_seed_gives_something_else(scenario: Path, usual: Found) -> None:
    with MockServer(scenario, seed=12, time_scale=0) as server:
        found, _ = talked(server, AGENTS)

    assert sum(found[agent] == got for agent, got in usual[0].items()) == 0
