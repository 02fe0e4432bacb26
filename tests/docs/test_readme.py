"""Every code block of README.md does what it says, against a live server.

A block is one file or one command line session of a stranger, who works in one folder: blocks
whose first line names a file are that file. What a block prints is told behind `->`.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from itertools import chain
from pathlib import Path

import pytest
from support import machine
from support.wire import chat, exchange, request

from mockserver import MockServer
from mockserver.cli import main
from mockserver.contracts import Failure, Reply
from mockserver.plugins import Plugins
from mockserver.records.telling import line_of
from mockserver.scenario.conditions.when import When
from mockserver.scenario.loader import check
from mockserver.scenario.schema import Rule, ScenarioFile

pytestmark = pytest.mark.system

ROOT = Path(__file__).resolve().parents[2]
NODE_PROJECT = ROOT / "tests" / "clients" / "node"
PATIENCE_S = 60
PRINTED_URL = "http://127.0.0.1:8089"
"""Where the README's server listens; the tests' own takes its place."""


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, its text, and the line it begins in."""

    language: str
    text: str
    line: int

    @property
    def file(self) -> str | None:
        """The file that it is, if it says so."""
        named = re.match(r"# (\S+\.(?:py|yaml))\n", self.text)
        return named[1] if named else None

    @property
    def promised(self) -> list[str]:
        """What it prints, line by line, as it says."""
        return re.findall(r"-> (.+)", self.text)

    @property
    def runner(self) -> str:
        """How it is to be tried."""
        if self.language == "sh":
            words = {line.partition(" ")[0] for line in self.text.splitlines()}
            return "make" if words == {"make"} else "commands" if "mockserver" in words else "sh"
        if self.file is not None and self.file.startswith("test_"):
            return "pytest"
        return self.language


FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
README = (ROOT / "README.md").read_text()
BLOCKS = [
    Block(found[1], found[2], README.count("\n", 0, found.start()) + 1)
    for found in FENCE.finditer(README)
]


def blocks(runner: str) -> list[object]:
    """Return the blocks that *runner* tries, as parameters."""
    return [
        pytest.param(block, id=f"line {block.line}") for block in BLOCKS if block.runner == runner
    ]


@pytest.fixture(scope="module")
def server() -> Iterator[MockServer]:
    """The server of the README's first lines."""
    with MockServer() as server:
        yield server


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The stranger's folder, with the files that the README shows."""
    for block in BLOCKS:
        if block.file is not None:
            (tmp_path / block.file).write_text(block.text)
    return tmp_path


def environment(**more: str) -> Mapping[str, str]:
    """Return variables under which the package and its pytest plugin, and no other, are found."""
    return {
        **os.environ,
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "pytest_plugin")]),
        **more,
    }


CASSETTE_OF_VCR = """
interactions:
- request:
    body: '{"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Say hello."}]}'
    headers: {content-type: [application/json]}
    method: POST
    uri: https://api.openai.com/v1/chat/completions
  response:
    body:
      string: '{"id": "chatcmpl-1", "object": "chat.completion", "created": 1,
        "model": "gpt-4o-mini",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hello!"},
        "finish_reason": "stop"}]}'
    headers: {content-type: [application/json]}
    status: {code: 200, message: OK}
version: 1
"""


def run(command: list[str], folder: Path, server: MockServer | None = None) -> str:
    """Return what *command* prints in *folder*."""
    variables = {"OPENAI_BASE_URL": server.base_url, "OPENAI_API_KEY": "sk-mock"} if server else {}
    ran = subprocess.run(
        command,
        cwd=folder,
        env=environment(**variables),
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


def test_every_block_is_tried_in_one_way_or_another() -> None:
    known = {"sh", "make", "commands", "python", "pytest", "js", "yaml", "text"}

    assert [block.line for block in BLOCKS if block.runner not in known] == []


@pytest.mark.parametrize("block", blocks("make"))
def test_the_targets_of_make_exist(block: Block) -> None:
    for line in block.text.splitlines():
        command = line.partition("#")[0].strip()
        run(["sh", "-c", f"{command} --dry-run"], ROOT)


@pytest.mark.parametrize("block", blocks("sh"))
def test_a_shell_block_gets_an_answer(block: Block, folder: Path, server: MockServer) -> None:
    machine.programs("curl")
    out = run(["sh", "-euc", block.text.replace(PRINTED_URL, server.url)], folder)

    assert '"object":"chat.completion"' in re.sub(r"\s", "", out)


@pytest.mark.parametrize("block", blocks("python"))
def test_a_python_block_prints_what_it_says(block: Block, folder: Path, server: MockServer) -> None:
    out = run([sys.executable, "-c", block.text], folder, server)

    assert out.splitlines() == block.promised


@pytest.mark.parametrize("block", blocks("pytest"))
def test_a_pytest_block_passes(block: Block, folder: Path) -> None:
    assert block.file
    options = ["-q", "-p", "no:cacheprovider", "-p", "pytest_mockserver"]
    ran = run([sys.executable, "-m", "pytest", *options, block.file], folder)

    assert "1 passed" in ran


@pytest.mark.parametrize("block", blocks("js"))
def test_a_node_block_prints_what_it_says(block: Block, folder: Path, server: MockServer) -> None:
    node = machine.node_project(NODE_PROJECT)
    (folder / "node_modules").symlink_to(NODE_PROJECT / "node_modules")
    (folder / "block.mjs").write_text(block.text)

    assert run([node, "block.mjs"], folder, server).splitlines() == block.promised


@pytest.mark.parametrize("block", blocks("yaml"))
def test_a_yaml_block_is_a_right_scenario(block: Block, folder: Path) -> None:
    assert block.file
    assert check([folder / block.file]) == []


@pytest.mark.parametrize("block", blocks("commands"))
def test_the_commands_work(block: Block, folder: Path) -> None:
    cassettes = folder / "cassettes"
    cassettes.mkdir()
    shutil.copy(ROOT / "scenarios/recorded/weather.jsonl", folder / "checkout.jsonl")
    (cassettes / "hello.yaml").write_text(CASSETTE_OF_VCR)
    for line in block.text.splitlines():
        words = line.partition("#")[0].split()
        found = [sorted(folder.glob(word)) if "*" in word else [word] for word in words]
        arguments = [sys.executable, "-m", *map(str, chain.from_iterable(found))]
        if not {"serve", "record"} & set(words):
            run(arguments, folder)
            continue
        arguments += ["--port", "0"]
        with subprocess.Popen(
            arguments, cwd=folder, env=environment(), stdout=subprocess.PIPE, text=True
        ) as served:
            assert served.stdout
            assert "listens on http://127.0.0.1:" in served.stdout.readline()
            served.send_signal(signal.SIGTERM)
            assert served.wait(PATIENCE_S) == 0


def test_the_cheat_sheet_names_every_kind_and_every_key() -> None:
    installed = Plugins.installed()
    words = {
        *installed.replies,
        *installed.failures,
        *(field.name.rstrip("_") for field in fields(Rule) if field.init),
        *(field.name.rstrip("_") for field in fields(When)),
        *(field.name for field in fields(ScenarioFile)),
        *(field.name for field in fields(Failure)),
        *(field.name for field in fields(Reply)),
    } - {"place"}

    assert {word for word in words if not re.search(rf"`{word}[`:]", README)} == set()


def test_the_cheat_sheet_names_every_option_of_serve(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["serve", "--help"])
    options = set(re.findall(r"--[a-z-]+", capsys.readouterr().out)) - {"--help"}

    assert {option for option in options if f"`{option}" not in README} == set()


@pytest.mark.parametrize("block", blocks("text"))
def test_calls_look_as_shown(block: Block) -> None:
    limited = {"name": "limited-once", "times": 1, "fail": "rate_limit"}
    rules = [limited, {"name": "order", "reply": "It has been shipped."}]
    body = chat("Where is my order?", model="gpt-4o-mini")
    with MockServer({"rules": rules}) as server:
        for path in ("/v1/chat/completions", "/v1/chat/completions", "/chat/completions"):
            exchange(server, request("POST", path, body))
        shown = "\n".join([line_of(call, 0) for call in server.session().journal])

    times = r"\d\d:\d\d:\d\d|[ ]*[\d.]+ms"
    assert re.sub(times, "", block.text).split("\n") == [*re.sub(times, "", shown).split("\n"), ""]


def test_every_link_leads_to_a_file() -> None:
    links = re.findall(r"\]\(([^)#]+)", README)

    assert [link for link in links if not (ROOT / link).exists()] == []
