"""Every code block of docs/providers.md does what it says, against a live server."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from real_clients import FOLDER, command
from support import machine
from support.subprocesses import SOURCES, served

from mockserver import MockServer
from mockserver.contracts import Dialect
from mockserver.scenario.loader import ScenarioText, check

DOCS = Path(__file__).parents[2] / "docs"
DOCUMENT = (DOCS / "providers.md").read_text("utf-8")
PRINTED_URL = "http://127.0.0.1:8089"
PATIENCE_S = 120


def blocks(language: str, first_line: str = "") -> list[Any]:
    """Return the blocks in *language* whose first line begins so; or with none of those words."""
    found = re.findall(rf"^```{language}\n(.*?)^```$", DOCUMENT, re.DOTALL | re.MULTILINE)
    special = ("# needs", "# provider")
    return [
        block
        for block in found
        if (block.startswith(first_line) if first_line else not block.startswith(special))
    ]


def promised(block: str) -> list[str]:
    return re.findall(r"-> (.+)", block)


def printed(words: list[str], block: str, url: str, **options: Any) -> list[str]:
    """Return what *block* prints, line by line, if the command *words* runs it."""
    text = block.replace(PRINTED_URL, url)
    done = subprocess.run(
        words,
        input=text,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_S,
        **options,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.fixture(scope="module")
def server() -> Iterator[MockServer]:
    with MockServer() as server:
        yield server


@pytest.mark.parametrize("block", blocks("python"))
def test_an_example_prints_what_it_says(server: MockServer, block: str) -> None:
    assert printed([sys.executable, "-W", "error", "-"], block, server.url) == promised(block)


@pytest.mark.parametrize("block", blocks("python", "# needs"))
def test_an_example_of_a_framework_prints_what_it_says(server: MockServer, block: str) -> None:
    python = str(machine.environment("frameworks"))
    offline = {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "PATH": "/usr/bin:/bin"}

    assert printed([python, "-W", "ignore", "-"], block, server.url, env=offline) == promised(block)


@pytest.mark.parametrize("block", blocks("js"))
def test_an_example_for_node_prints_what_it_says(server: MockServer, block: str) -> None:
    words = [command("openai-node")[0], "--input-type=module", "-"]

    assert printed(words, block, server.url, cwd=FOLDER / "node") == promised(block)


@pytest.mark.parametrize("block", blocks("yaml"))
def test_a_scenario_loads_without_any_doubt(block: str) -> None:
    assert check([ScenarioText(block)]) == []


GUIDED = """
version: 1
rules:
  - {when: {provider: our_gateway, last_user: Down}, fail: overloaded}
  - {when: {provider: our_gateway}, reply: "Ours."}
"""


def test_the_provider_of_the_guide_is_one_file_of_another_distribution(tmp_path: Path) -> None:
    (block,) = blocks("python", "# provider")
    (tmp_path / "our_gateway.py").write_text(block, "utf-8")
    (tmp_path / "scenario.yaml").write_text(GUIDED, "utf-8")
    about = tmp_path / "our_gateway-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: our-gateway\nVersion: 1.0\n")
    points = "[mockserver.dialects]\nour_gateway = our_gateway:OurGateway\n"
    (about / "entry_points.txt").write_text(points)
    paths = {"PYTHONPATH": f"{SOURCES}{os.pathsep}{tmp_path}"}

    with served("--scenario", str(tmp_path / "scenario.yaml"), environment=paths) as server:
        answer = post(server.url, "Hi").json()
        stream = post(server.url, "Hi", stream=True).text
        refused = post(server.url, "Down")
        no_key = httpx.post(f"{server.url}/gateway/chat/completions", json={})
        elsewhere = httpx.get(f"{server.url}/gateway/nothing", headers={"x-our-key": "k"})

    assert (answer["choices"][0]["message"]["content"], answer["id"][:5]) == ("Ours.", "ours-")
    assert answer["cost_usd"] > 0
    assert stream.endswith("data: [DONE]\n\n")
    assert (refused.status_code, sorted(refused.json())) == (503, ["status", "what"])
    assert no_key.json() == {"status": 401, "what": "Who are you?"}
    assert elsewhere.json() == {"status": 404, "what": "Nothing is here."}


def post(url: str, said: str, **members: Any) -> httpx.Response:
    messages = [{"role": "user", "content": said}]
    return httpx.post(
        f"{url}/gateway/chat/completions",
        headers={"x-our-key": "k"},
        json={"model": "gpt-4o", "messages": messages, **members},
    )


def test_every_hook_with_a_default_is_told_of() -> None:
    told = set(re.findall(r"`(\w+)`", DOCUMENT.partition("What else a dialect may say")[2]))
    optional = {
        name
        for name in vars(Dialect)
        if not name.startswith("_") and name not in Dialect.__abstractmethods__
    }

    assert optional - told == set()


def test_every_link_leads_to_a_file() -> None:
    links = re.findall(r"\]\(([^)#:]+)", DOCUMENT)

    assert [link for link in links if not (DOCS / link).exists()] == []
