"""What docs/control.md, docs/any-language.md and the Dockerfile say is so."""

import asyncio
import json
import os
import re
import shlex
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from support import machine
from support.subprocesses import SOURCES
from support.wire import chat, exchange, request

from mockserver import MockServer
from mockserver.cli import main
from mockserver.control.routes import ROUTES
from mockserver.control.shapes import CallRecord, Problem
from mockserver.environment import variables

ROOT = Path(__file__).resolve().parents[2]
CONTROL = (ROOT / "docs" / "control.md").read_text()
LANGUAGES = (ROOT / "docs" / "any-language.md").read_text()
DOCKERFILE = (ROOT / "Dockerfile").read_text()
DEFAULT_URL = "http://127.0.0.1:8089"
PATIENCE_S = 60


def blocks(document: str, kind: str) -> list[str]:
    return re.findall(rf"```{kind}\n(.*?)```", document, re.DOTALL)


@pytest.fixture
def server() -> Iterator[MockServer]:
    with MockServer() as running:
        yield running


def shell(text: str, folder: Path, bin_folder: Path) -> subprocess.CompletedProcess[str]:
    machine.programs("curl", "jq")
    mockserver = bin_folder / "mockserver"
    mockserver.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m mockserver "$@"\n')
    mockserver.chmod(0o755)
    environment = {"PATH": f"{bin_folder}:{os.environ['PATH']}", "PYTHONPATH": str(SOURCES)}
    return subprocess.run(
        ["sh", "-eu", "-c", text],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_S,
        env=environment,
    )


# --- docs/control.md -------------------------------------------------------------------------


def test_the_shell_examples_run_one_after_the_other(server: MockServer, tmp_path: Path) -> None:
    text = "\n".join(blocks(CONTROL, "sh")).replace(DEFAULT_URL, server.url)

    done = shell(text, tmp_path, tmp_path)

    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("no rule answers\n")


def say(base_url: str, *, stream: bool = False) -> None:
    headers = {"authorization": "Bearer sk-mock"}
    httpx.post(f"{base_url}/chat/completions", json=chat(stream=stream), headers=headers)


class Leaving:
    """A program that reads half an answer, until *stop* is pressed."""

    def __init__(self, base_url: str) -> None:
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._read, args=(base_url,))
        self._thread.start()

    def _read(self, base_url: str) -> None:
        headers = {"authorization": "Bearer sk-mock"}
        url, body = f"{base_url}/chat/completions", chat(stream=True)
        with httpx.stream("POST", url, json=body, headers=headers) as answer:
            for line in answer.iter_lines():
                if " two" in line:
                    self._stopped.wait(PATIENCE_S)
                    return

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join()


@pytest.mark.parametrize("number", range(5))
def test_the_python_examples_run(server: MockServer, number: int) -> None:
    examples = blocks(CONTROL, "python")
    assert len(examples) == 5

    async def in_the_background(base_url: str) -> None:
        await asyncio.gather(*(asyncio.to_thread(say, base_url) for _ in range(2)))

    names: dict[str, Any] = {
        "run_the_program": lambda **env: say(env["OPENAI_BASE_URL"]),
        "run_the_program_in_the_background": in_the_background,
        "start_the_program": lambda **env: Leaving(env["OPENAI_BASE_URL"]),
        "press_stop": Leaving.stop,
    }
    if "import Control" not in examples[number]:
        exec("from mockserver import Control", names)
    exec(examples[number].replace(DEFAULT_URL, server.url), names)


def test_every_route_is_told() -> None:
    told = re.findall(r"^\| `(\w+)` \| `(\S+)` \| (.*) \|$", CONTROL, re.MULTILINE)

    assert told == [(route.method, route.path, route.about) for route in ROUTES]


def test_the_example_of_an_error_is_what_is_said(server: MockServer) -> None:
    (example,) = blocks(CONTROL, "json")
    body = {"name": "x", "scenario": {"rules": [{"name": "y", "reply": {"kind": "txt"}}]}}
    said = httpx.post(f"{server.url}/_mock/sessions", json=body).json()
    faults = [{k: v for k, v in fault.items() if v is not None} for fault in said["faults"]]

    assert {**said, "faults": faults} == json.loads(example)
    assert set(said) == set(Problem.__struct_fields__)


def test_what_an_entry_holds_is_told() -> None:
    section = CONTROL.partition("## The journal")[2].partition("## Verify")[0]
    told = set(re.findall(r"`(\w+)`", section))
    not_told = {
        "number",
        "at_s",
        "method",
        "path",
        "notes",
        "is_unmatched",
        "is_late",
        "body_bytes",
    }

    assert set(CallRecord.__struct_fields__) - told - not_told == set()


# --- docs/any-language.md --------------------------------------------------------------------


def test_the_variables_that_are_told_are_those_that_are_set() -> None:
    table = LANGUAGES.partition("| | for |")[2].partition("A program that")[0]
    told = set(re.findall(r"`([A-Za-z_]+)`", table))

    assert told == set(variables(DEFAULT_URL))


@pytest.mark.system
def test_the_lines_for_a_test_run_work(tmp_path: Path) -> None:
    env, run = blocks(LANGUAGES, "sh")

    assert shell(env, tmp_path, tmp_path).returncode == 0
    assert "OPENAI_BASE_URL=http://127.0.0.1:8089/v1\n" in (tmp_path / ".env.test").read_text()
    done = shell(run, tmp_path, tmp_path)
    assert (done.returncode, done.stdout) == (0, "true\n"), done.stderr
    ready = json.loads((tmp_path / "ready.json").read_text())
    (example,) = blocks(LANGUAGES, "json")
    assert set(json.loads(example)) == set(ready)


@pytest.mark.system
def test_the_service_takes_its_scenario_as_the_workflow_gives_it(tmp_path: Path) -> None:
    compose, step, service = [yaml.safe_load(text) for text in blocks(LANGUAGES, "yaml")]
    job = service["jobs"]["test"]
    token = job["services"]["mockserver"]["env"]["MOCKSERVER_CONTROL_TOKEN"]
    (tmp_path / "tests").mkdir()
    scenario = tmp_path / "tests" / "scenario.yaml"
    scenario.write_text("version: 1\nrules: [{name: hello, reply: Hello from the service.}]\n")
    with MockServer(control_token=token) as running:
        lines = job["steps"][1]["run"].replace(DEFAULT_URL, running.url)
        done = shell(lines, tmp_path, tmp_path)
        answered = exchange(running, request("POST", "/v1/chat/completions", chat()))

    assert done.returncode == 0, done.stderr
    assert b"Hello from the service." in answered.body
    assert "mockserver" in compose["services"]
    assert "mockserver env --format github" in step["jobs"]["test"]["steps"][2]["run"]


@pytest.mark.parametrize("document", [CONTROL, LANGUAGES], ids=["control", "any-language"])
def test_every_link_leads_somewhere(document: str) -> None:
    files = re.findall(r"\]\(([^)#]+)\)", document)
    anchors = set(re.findall(r"\]\(#([^)]+)\)", document))
    headings = {
        re.sub(r"[^a-z0-9 -]", "", heading.lower()).replace(" ", "-")
        for heading in re.findall(r"^#+ (.*)$", document, re.MULTILINE)
    }

    assert [file for file in files if not (ROOT / "docs" / file).exists()] == []
    assert anchors - headings == set()


# --- Dockerfile ------------------------------------------------------------------------------


def instruction(name: str) -> str:
    """Return what the last instruction called *name* says, on one line."""
    joined = DOCKERFILE.replace("\\\n", " ")
    return re.findall(rf"^\s*{name} (.*)$", joined, re.MULTILINE)[-1]


def test_the_container_does_not_run_as_root() -> None:
    user = instruction("USER").partition(":")[0]

    assert int(user) > 0


def test_the_container_is_built_of_files_that_are_there_and_sent() -> None:
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    sent = {line[1:] for line in lines if line.startswith("!")}
    copied = {
        word
        for line in re.findall(r"^COPY ((?!--).*)$", DOCKERFILE, re.MULTILINE)
        for word in line.split()[:-1]
    }

    assert copied == sent
    assert [name for name in copied if not (ROOT / name).exists()] == []


def test_the_container_serves_by_options_that_there_are(
    capsys: pytest.CaptureFixture[str],
) -> None:
    command = json.loads(instruction("CMD"))
    with pytest.raises(SystemExit):
        main([*command, "--help"])

    help_text = capsys.readouterr().out
    assert json.loads(instruction("ENTRYPOINT")) == ["mockserver"]
    assert [word for word in command if word.startswith("--") and word not in help_text] == []


def test_the_containers_check_of_its_health_finds_a_healthy_server(server: MockServer) -> None:
    check = json.loads(instruction("HEALTHCHECK").partition("CMD ")[2])
    command = [sys.executable, *check[1:-1], check[-1].replace(DEFAULT_URL, server.url)]
    sick = [*command[:-1], command[-1].replace("/healthz", "/nothing")]

    assert subprocess.run(command, check=False).returncode == 0
    assert subprocess.run(sick, check=False, stderr=subprocess.DEVNULL).returncode != 0
