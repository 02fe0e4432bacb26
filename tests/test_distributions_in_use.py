"""Whole protocols of other distributions, installed by entry points and used by strangers.

What `tests/distributions` holds is imported by no test here: it lies in a folder beside its
metadata, and is checked, served and asked over HTTP like what ships with this package.
"""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from support.distributions import install
from support.subprocesses import SOURCES, Subprocess, served
from support.wire import Raw, exchange, request

from mockserver import Control

pytestmark = pytest.mark.system

DISTRIBUTIONS = Path(__file__).parent / "distributions"
ENTRY_POINTS = {
    "echo-items": """
        [mockserver.endpoints]
        echo.items = echo_items:EchoItems
        [mockserver.replies]
        interleaved = echo_items:Interleaved
    """,
    "measures": """
        [mockserver.endpoints]
        measures = measures:Measures
        [mockserver.replies]
        measure = measures:Measure
    """,
    "elsewhere": """
        [mockserver.replies]
        elsewhere = elsewhere:Elsewhere
    """,
}
SCENARIO = """\
version: 1
rules:
  - name: rung
    when: {endpoint: echo.items, last_user: ring}
    reply: {kind: interleaved, name: bell}
  - name: broken-off
    when: {endpoint: echo.items, last_user: half}
    reply: "One two three four."
    fail: {kind: truncate, after_tokens: 2}
  - name: stated
    when: {endpoint: measures, request: {stated: true}}
    reply: {kind: measure, length: 7}
  - name: passed-on
    when: {last_user: elsewhere}
    reply: {kind: elsewhere}
"""
FORWARDING = """
import sys
from urllib.request import Request, urlopen

from mockserver import MockServer

upstream, scenario, body = sys.argv[1:]
with MockServer(scenario, upstream=upstream) as server:
    headers = {"authorization": "Bearer sk-test", "content-type": "application/json"}
    url = server.base_url + "/chat/completions"
    with urlopen(Request(url, body.encode(), headers)) as answer:
        print(answer.read().decode())
"""


@dataclass(frozen=True)
class Site:
    """Where the distributions are installed, and a scenario that uses what they add."""

    path: str
    scenario: Path

    def python(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Run Python where the distributions are installed."""
        return subprocess.run(
            [sys.executable, *arguments],
            env={"PYTHONPATH": self.path},
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    folder = tmp_path_factory.mktemp("site")
    for name, entry_points in ENTRY_POINTS.items():
        shutil.copy(DISTRIBUTIONS / f"{name.replace('-', '_')}.py", folder)
        install(folder, name, entry_points)
    scenario = folder / "scenario.yaml"
    scenario.write_text(SCENARIO, "utf-8")
    return Site(f"{SOURCES}:{folder}", scenario)


@pytest.fixture(scope="module")
def installed(site: Site) -> Iterator[Subprocess]:
    environment = {"PYTHONPATH": site.path}
    with served("--scenario", str(site.scenario), environment=environment) as server:
        yield server


def echoed(server: Subprocess, *items: Any, **members: Any) -> Raw:
    body = {"model": "gpt-4o-mini", "items": items, **members}
    return exchange(server, request("POST", "/v1/echo-items", body))


def measured(server: Subprocess, *texts: str, **members: Any) -> Any:
    body = {"model": "gpt-4o-mini", "texts": texts, **members}
    return exchange(server, request("POST", "/v1/measures", body)).json


def chat(said: str) -> dict[str, Any]:
    return {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": said}]}


def test_each_distribution_is_installed() -> None:
    files = {path.stem.replace("_", "-") for path in DISTRIBUTIONS.glob("*.py")}

    assert files == ENTRY_POINTS.keys()


# --- Scenarios -------------------------------------------------------------------------------


def test_a_scenario_for_them_is_checked(site: Site) -> None:
    checked = site.python("-m", "mockserver", "check", str(site.scenario))

    assert (checked.returncode, checked.stdout) == (0, "1 scenario checked: no errors\n")


def test_the_same_scenario_is_refused_where_they_are_not_installed(site: Site) -> None:
    stranger = Site(str(SOURCES), site.scenario)
    checked = stranger.python("-m", "mockserver", "check", str(site.scenario))

    assert checked.returncode == 2
    assert all(word in checked.stderr for word in ("'echo.items'", "'interleaved'", "'measure'"))


@pytest.mark.parametrize(
    ("rule", "place", "words"),
    [
        pytest.param(
            "{when: {endpoint: echo.itms}, reply: a}",
            "3:23",
            ["'echo.itms'", "'echo.items'"],
            id="an endpoint",
        ),
        pytest.param("{reply: {kind: interleaved}}", "3:13", ["'name'"], id="a key that lacks"),
        pytest.param(
            "{reply: {kind: measure, lenght: 1}}", "3:29", ["'lenght'", "'length'"], id="a key"
        ),
        pytest.param(
            "{when: {endpoint: measures}, reply: a}",
            "3:34",
            ["'text' cannot answer the endpoint 'measures'", "'measure'"],
            id="a reply of another endpoint",
        ),
    ],
)
def test_what_is_wrong_with_their_words_is_reported_at_its_place(
    rule: str, place: str, words: list[str], site: Site, tmp_path: Path
) -> None:
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text(f"version: 1\nrules:\n  - {rule}\n", "utf-8")
    checked = site.python("-m", "mockserver", "check", str(wrong))

    assert checked.returncode == 2
    assert checked.stderr.startswith(f"{wrong}:{place}: ")
    assert [word for word in words if word not in checked.stderr] == []


# --- Over HTTP -------------------------------------------------------------------------------


def test_a_protocol_answers_by_itself_in_its_own_form(installed: Subprocess) -> None:
    answered = echoed(installed, "Hello", "there").json

    assert answered["id"].startswith("echo-")
    assert answered["items"] == [{"say": "A mock answer to: there"}]
    assert answered["cost"] == {"in": 20, "out": 6}


def test_a_reply_is_interleaved_in_a_stream_of_named_events(installed: Subprocess) -> None:
    streamed = echoed(installed, "ring", stream=True)
    events = streamed.body.decode().split("\n\n")

    assert streamed.headers["content-type"].startswith("text/event-stream")
    assert events[1:4] == [
        'event: item\ndata: {"say":"Wait"}',
        'event: item\ndata: {"say":"."}',
        'event: item\ndata: {"call":"bell"}',
    ]
    assert (events[-2].split("\n")[0], events[-1]) == ("event: cost", "")


def test_a_failure_of_ours_breaks_a_stream_of_theirs_off(installed: Subprocess) -> None:
    streamed = echoed(installed, "half", stream=True)

    assert streamed.is_whole
    assert streamed.body.decode().endswith('{"say":" two"}\n\n')


def test_a_refusal_of_theirs_is_spelled_as_the_provider_does(installed: Subprocess) -> None:
    refused = exchange(installed, request("POST", "/v1/echo-items", {"model": "gpt-4o-mini"}))

    assert (refused.status, refused.json["error"]["code"]) == (400, "no_items")


def test_an_endpoint_computes_by_itself_and_as_scripted(installed: Subprocess) -> None:
    assert measured(installed, "a", "three words here") == {"measures": [1, 16], "cost": 4}
    assert measured(installed, "a", "b", stated=True)["measures"] == [7, 7]


def test_the_journal_keeps_their_calls(installed: Subprocess) -> None:
    echo = {"model": "gpt-4o-mini", "items": ["ring"]}
    measure = {"model": "gpt-4o-mini", "texts": ["a"]}

    with Control(installed.url).new_session("kept") as session:
        exchange(installed, request("POST", "/s/kept/v1/echo-items", echo))
        exchange(installed, request("POST", "/s/kept/v1/measures", measure))
        calls = session.calls()

    assert [(call.endpoint, call.status) for call in calls] == [
        ("echo.items", 200),
        ("measures", 200),
    ]


def test_a_reply_that_forwards_is_refused_where_no_other_server_is_named(
    installed: Subprocess,
) -> None:
    refused = exchange(installed, request("POST", "/v1/chat/completions", chat("elsewhere")))

    assert (refused.status, refused.json["error"]["code"]) == (502, "no_upstream")


def test_a_reply_that_forwards_hands_back_what_another_server_answers(site: Site) -> None:
    body = json.dumps(chat("elsewhere"))
    with served() as other:
        ran = site.python("-c", FORWARDING, other.url, str(site.scenario), body)

    assert ran.returncode == 0, ran.stderr
    message = json.loads(ran.stdout)["choices"][0]["message"]
    assert message["content"] == "A mock answer to: elsewhere"
