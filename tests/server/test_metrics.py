"""`GET /metrics`: what scrapers get of a running server."""

import gzip
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from support import machine
from support.subprocesses import SOURCES

from mockserver import MockServer
from mockserver.engine.routing import Routes
from mockserver.plugins import Plugins
from mockserver.server.metrics import _label

pytestmark = pytest.mark.system

SCENARIO = """
version: 1
rules:
  - {name: limited, when: {last_user: wait}, fail: 429}
  - {name: cut, when: {last_user: cut}, reply: "One two three.", fail: {kind: disconnect}}
  - name: paced
    reply: "One two three four."
    latency: {ttft_ms: 30, per_token_ms: 5}
"""
Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[MockServer]:
    file = tmp_path / "scenario.yaml"
    file.write_text(SCENARIO)
    with MockServer(file) as running:
        yield running


def ask(server: MockServer, said: str, *, session: str = "default", stream: bool = False) -> None:
    body = {
        "model": "gpt-4o-mini",
        "stream": stream,
        "messages": [{"role": "user", "content": said}],
    }
    headers = {"authorization": "Bearer sk-test"}
    try:
        httpx.post(f"{server.base_url_of(session)}/chat/completions", json=body, headers=headers)
    except httpx.TransportError:
        assert said == "cut"


def scraped(server: MockServer) -> Samples:
    text = httpx.get(f"{server.url}/metrics").text
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def value(samples: Samples, name: str, **labels: str) -> float:
    """Return the sum of the samples that have *labels*."""
    wanted = set(labels.items())
    return sum(v for (n, having), v in samples.items() if n == name and wanted <= having)


GEN_AI = {
    "gen_ai_operation_name": "chat",
    "gen_ai_provider_name": "openai",
    "gen_ai_request_model": "gpt-4o-mini",
}


def test_all_calls_are_there_by_what_they_asked_and_got(server: MockServer) -> None:
    for said in ("a", "b", "wait", "cut"):
        ask(server, said)
    ask(server, "a", session="secret-name", stream=True)

    found = scraped(server)

    requests = "mockserver_requests_total"
    assert value(found, requests) == 5
    assert value(found, requests, rule="paced", status="200", session="default") == 2
    assert value(found, requests, rule="paced", session="named") == 1
    assert value(found, requests, error="disconnect", outcome="aborted") == 1
    assert value(found, "mockserver_failures_total", kind="disconnect") == 1
    assert value(found, "mockserver_limit_refusals_total", reason="scripted") == 1
    assert value(found, "mockserver_running_requests") == 0
    assert value(found, "mockserver_sessions") == 2
    assert value(found, "mockserver_journal_calls") == 5
    assert value(found, "mockserver_tokens_total", type="output") > 0
    assert value(found, "process_resident_memory_bytes") > 0
    assert not any("secret-name" in str(key) for key in found)


def test_times_are_there_as_measured_and_as_planned(server: MockServer) -> None:
    ask(server, "a", stream=True)

    found = scraped(server)

    first = "gen_ai_server_time_to_first_token_seconds"
    assert value(found, f"{first}_count", **GEN_AI) == 1
    assert value(found, f"{first}_sum") >= 0.03
    assert value(found, f"{first}_bucket", le="0.02") == 0
    assert value(found, f"{first}_bucket", le="+Inf") == 1
    assert value(found, "mockserver_planned_time_to_first_token_seconds_sum") == pytest.approx(0.03)
    # A server that is late sends several tokens at once: there is no time between those.
    between = value(found, "mockserver_time_between_tokens_seconds_count")
    planned_s = value(found, "mockserver_planned_time_between_tokens_seconds_sum")
    assert between <= 4
    assert planned_s == pytest.approx(0.005 * between)
    assert value(found, "gen_ai_server_request_duration_seconds_count", error_type="") == 1
    assert value(found, "gen_ai_client_token_usage_count", gen_ai_token_type="output") == 1
    assert value(found, "mockserver_lateness_seconds_count", of="first_token") == 1


def test_the_format_and_the_encoding_are_those_asked_for(server: MockServer) -> None:
    open_metrics = httpx.get(
        f"{server.url}/metrics", headers={"accept": "application/openmetrics-text; version=1.0.0"}
    )
    odd = httpx.get(
        f"{server.url}/metrics", headers={"accept": "text/plain; version=x", "accept-encoding": ""}
    )
    with httpx.stream(
        "GET", f"{server.url}/metrics", headers={"accept-encoding": "gzip"}
    ) as zipped:
        content = gzip.decompress(b"".join(zipped.iter_raw()))
    head = httpx.head(f"{server.url}/metrics")

    assert open_metrics.headers["content-type"].startswith("application/openmetrics-text")
    assert open_metrics.text.endswith("# EOF\n")
    assert odd.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert "content-encoding" not in odd.headers
    assert content.startswith(b"# HELP mockserver_requests_total ")
    assert (head.status_code, head.content) == (200, b"")


def test_it_is_neither_journaled_nor_disturbed(server: MockServer) -> None:
    ask(server, "a")
    scraped(server)

    assert len(server.session().journal) == 1
    assert value(scraped(server), "mockserver_requests_total") == 1


def test_a_page_of_a_stranger_gets_none(server: MockServer) -> None:
    answer = httpx.get(f"{server.url}/metrics", headers={"host": "evil.example.com"})

    assert answer.status_code == 403


def test_it_can_be_switched_off() -> None:
    with MockServer(metrics=False) as server:
        answer = httpx.get(f"{server.url}/metrics", headers={"authorization": "Bearer sk-test"})

    assert answer.status_code == 404
    assert "error" in answer.json()


def test_no_provider_has_such_a_path() -> None:
    plugins = Plugins.installed()
    dialects = {kind: dialect() for kind, dialect in plugins.dialects.items()}
    endpoints = [endpoint() for endpoint in plugins.endpoints.values()]

    for provider in dialects:
        route = Routes(dialects, endpoints, {}, provider).find("GET", "/metrics")
        assert route.endpoint is None, provider


WITHOUT = """
import sys
sys.modules["prometheus_client"] = None
import httpx
from mockserver import MockServer
with MockServer() as server:
    answer = httpx.get(f"{server.url}/metrics")
    print(answer.status_code, answer.headers["content-type"])
    print(answer.text)
"""


def run(program: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": str(SOURCES)},
    )


def test_without_the_extra_the_answer_says_what_to_install() -> None:
    ran = run(WITHOUT)

    assert ran.stdout.startswith("501 text/plain; charset=utf-8\n")
    assert 'pip install "llm-mockserver[metrics]"' in ran.stdout
    assert ran.stderr == ""


def test_what_writes_the_formats_is_not_loaded_before_it_is_needed() -> None:
    program = "import sys, mockserver.server.listening; print('prometheus_client' in sys.modules)"

    assert run(program).stdout == "False\n"


def test_promtool_has_no_complaint(server: MockServer) -> None:
    (promtool,) = machine.programs("promtool")
    for said in ("a", "wait", "cut"):
        ask(server, said)
        ask(server, said, stream=True)

    checked = subprocess.run(
        [promtool, "check", "metrics"],
        input=httpx.get(f"{server.url}/metrics").content,
        capture_output=True,
        check=False,
    )

    assert (checked.returncode, checked.stdout, checked.stderr) == (0, b"", b"")


def test_any_text_can_be_a_label() -> None:
    odd = 'q"u\no\\té\ud800😀'

    assert _label(odd) == 'q"u\no\\té\\ud800😀'
    assert _label(None) == ""
    assert _label(200) == "200"
