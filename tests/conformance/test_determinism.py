"""The same seed and requests get the same bytes: in any process, order and number at once."""

import random
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from support.subprocesses import served
from support.wire import Served, exchange, request

from mockserver import MockServer

pytestmark = pytest.mark.system

SCENARIO = """
version: 1
seed: 7
rules:
  - name: brown-out
    fail: {kind: http_error, status: 503, probability: 0.2}
  - name: cut
    when: {stream: true}
    fail: {kind: disconnect, how: fin, after_tokens: 4, probability: 0.2}
  - name: prose
    when: {last_user: {contains: "prose"}}
    reply: {kind: lorem, tokens: {median: 12, sigma: 0.5}}
  - name: calls
    when: {tools: get_weather}
    reply: {kind: tool_calls, calls: [{name: get_weather, arguments: {a: 1}}, {name: get_time}]}
  - {name: otherwise, reply: {kind: auto}}
"""
TOOLS = [
    {
        "type": "function",
        "function": {"name": "get_weather", "parameters": {"type": "object", "properties": {}}},
    }
]
SCHEMA = {"type": "object", "properties": {"name": {"type": "string"}, "age": {"type": "integer"}}}
FORMAT = {"type": "json_schema", "json_schema": {"name": "person", "schema": SCHEMA}}


def chat(said: str, **members: Any) -> bytes:
    messages = [{"role": "user", "content": said}]
    body = {"model": "gpt-4o-mini", "messages": messages, **members}
    return request("POST", "/v1/chat/completions", body)


def legacy(prompt: str, **members: Any) -> bytes:
    body = {"model": "gpt-3.5-turbo-instruct", "prompt": prompt, **members}
    return request("POST", "/v1/completions", body)


def response(said: str, **members: Any) -> bytes:
    body = {"model": "gpt-4o-mini", "input": said, **members}
    return request("POST", "/v1/responses", body)


ONCE = [
    *(chat(f"text {number}", stream=number % 2 == 0) for number in range(8)),
    *(chat(f"prose {number}", n=2, stream=number % 2 == 0) for number in range(8)),
    *(chat(f"tools {number}", tools=TOOLS, stream=number % 2 == 0) for number in range(4)),
    *(chat(f"schema {number}", response_format=FORMAT) for number in range(4)),
    *(legacy(f"legacy {number}", stream=number % 2 == 0) for number in range(4)),
    *(response(f"response {number}", stream=number % 2 == 0) for number in range(6)),
    request("GET", "/v1/models/gpt-4o"),
    request("GET", "/v1/nothing"),
]
# Some requests come again: each time is a draw of its own.
REQUESTS = ONCE + ONCE[:12] + ONCE[:6]

Answers = dict[bytes, list[bytes]]


def answers(server: Served, requests: Sequence[bytes], at_once: int = 1) -> Answers:
    """Return the answers to each request, sorted, whole and raw but for their date."""
    found: Answers = defaultdict(list)
    with ThreadPoolExecutor(at_once) as pool:
        for asked, raw in zip(
            requests, pool.map(lambda one: exchange(server, one), requests), strict=True
        ):
            found[asked].append(raw.undated.head + b"\r\n\r\n" + raw.rest)
    return {asked: sorted(got) for asked, got in found.items()}


@pytest.fixture(scope="module")
def scenario(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("determinism") / "scenario.yaml"
    path.write_text(SCENARIO, "utf-8")
    return path


@pytest.fixture(scope="module")
def usual(scenario: Path) -> Iterator[Answers]:
    """Return what the requests get in this process, one after the other."""
    with MockServer(scenario) as server:
        yield answers(server, REQUESTS)


@pytest.mark.parametrize("hash_seed", ["1", "2"])
def test_another_process_with_another_hash_seed_answers_the_same(
    scenario: Path, usual: Answers, hash_seed: str
) -> None:
    with served("--scenario", str(scenario), environment={"PYTHONHASHSEED": hash_seed}) as server:
        assert answers(server, REQUESTS) == usual


def test_another_order_gets_the_same(scenario: Path, usual: Answers) -> None:
    shuffled = random.Random(7).sample(REQUESTS, len(REQUESTS))

    with MockServer(scenario) as server:
        assert answers(server, shuffled) == usual


def test_sixteen_clients_at_once_get_the_same(scenario: Path, usual: Answers) -> None:
    with MockServer(scenario) as server:
        assert answers(server, REQUESTS, at_once=16) == usual


def test_other_requests_in_between_change_nothing(scenario: Path, usual: Answers) -> None:
    others = [chat(f"in between {number}") for number in range(len(REQUESTS))]
    mixed = [one for pair in zip(REQUESTS, others, strict=True) for one in pair]

    with MockServer(scenario) as server:
        found = answers(server, mixed)

    assert {asked: found[asked] for asked in usual} == usual


def test_failures_strike_the_same_requests_each_time(usual: Answers) -> None:
    statuses = {raw.split(b" ", 2)[1] for got in usual.values() for raw in got}

    assert {b"200", b"503", b"404"} == statuses


def test_a_request_that_comes_again_has_another_id(usual: Answers) -> None:
    again = [got for got in usual.values() if len(got) > 1]

    assert all(len({ids(raw)[0] for raw in got}) == len(got) for got in again)


def test_another_seed_draws_other_ids(scenario: Path, usual: Answers) -> None:
    with MockServer(scenario, seed=8) as server:
        others = answers(server, REQUESTS)

    assert all_ids(others).isdisjoint(all_ids(usual))


def test_no_two_answers_share_an_id(usual: Answers) -> None:
    request_ids = [ids(raw)[0] for got in usual.values() for raw in got]

    assert len(set(request_ids)) == len(request_ids) == len(REQUESTS)


def test_ids_have_the_providers_alphabets_and_lengths(usual: Answers) -> None:
    wanted = re.compile(
        r"req_[0-9a-f]{32}|chatcmpl-[0-9A-Za-z]{29}|cmpl-[0-9A-Za-z]{29}|call_[0-9A-Za-z]{24}"
    )
    found = all_ids(usual)

    assert {one.partition("_")[0].partition("-")[0] for one in found} == {
        "req",
        "chatcmpl",
        "cmpl",
        "call",
    }
    assert all(wanted.fullmatch(one) for one in found)


def test_a_model_has_one_fingerprint_for_all_its_answers(usual: Answers) -> None:
    whole = b"".join(raw for got in usual.values() for raw in got)

    assert len(set(re.findall(rb'"(fp_[0-9a-f]{10})"', whole))) == 1


def ids(raw: bytes) -> list[str]:
    """Return the ids in *raw*, that of the request first."""
    found = re.findall(rb"\b(?:req_|chatcmpl-|cmpl-|call_)[0-9A-Za-z]+", raw)
    return [one.decode() for one in found]


def all_ids(found: Answers) -> set[str]:
    return {one for got in found.values() for raw in got for one in ids(raw)}
