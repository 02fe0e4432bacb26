"""`mockserver record`, held against real servers in processes of their own."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from support.subprocesses import SOURCES, Subprocess
from support.wire import PATIENCE_S, chat, exchange, request

from mockserver import MockServer
from mockserver.cassettes.lines import read
from mockserver.cli import main

pytestmark = pytest.mark.system

CHAT = "/v1/chat/completions"
KEY = "sk-proj-" + "Ab3" * 16


@contextmanager
def recording(*arguments: str) -> Iterator[tuple[Subprocess, "subprocess.Popen[str]"]]:
    command = [sys.executable, "-m", "mockserver", "record", "--port", "0", "--ready-json"]
    bare = {"PATH": os.environ.get("PATH", ""), "PYTHONPATH": str(SOURCES)}
    with subprocess.Popen(
        [*command, *arguments],
        env={**bare, "PROVIDER_KEY": KEY},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())
        yield Subprocess(ready["base_url"].removesuffix("/v1"), ready), process
        process.kill()


@pytest.mark.parametrize("signalled", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "Ctrl-C"])
def test_all_that_was_answered_is_written_when_it_is_told_to_end(
    signalled: signal.Signals, tmp_path: Path
) -> None:
    cassette = tmp_path / "calls.jsonl"
    options = ("--cassette", str(cassette), "--upstream-key-env", "PROVIDER_KEY")
    with (
        MockServer({"rules": [{"name": "any", "reply": f"The key is {KEY}."}]}) as upstream,
        recording("--upstream", upstream.url, *options) as (server, process),
    ):
        for number in range(20):
            exchange(server, request("POST", CHAT, chat(f"Hi {number}")))
        process.send_signal(signalled)
        _, lines = process.communicate(timeout=PATIENCE_S)

    assert process.returncode == 0
    assert len(read(cassette)) == 20
    assert KEY not in cassette.read_text() + lines
    assert len(re.findall(r'gpt-4o-mini +"Hi \d+" +200 .* recorded$', lines, re.MULTILINE)) == 20


def test_what_cannot_be_written_is_reported_and_fails(tmp_path: Path) -> None:
    cassette = tmp_path / "file" / "calls.jsonl"
    with (
        MockServer() as upstream,
        recording("--upstream", upstream.url, "--cassette", str(cassette)) as (server, process),
    ):
        cassette.parent.write_text("")  # a file where the folder would be
        exchange(server, request("POST", CHAT, chat("Hi")))
        process.terminate()
        _, lines = process.communicate(timeout=PATIENCE_S)

    assert process.returncode == 1
    assert f"POST {CHAT} was not written to '{cassette}'" in lines
    assert re.search(r'gpt-4o-mini +"Hi" +200 .* (recorded|not kept: .*)$', lines, re.MULTILINE)


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (["record", "--cassette", "c"], "--upstream"),
        (["record", "--upstream", "http://127.0.0.1:1"], "--cassette"),
        (["record", "--upstream", "http://example.com", "--cassette", "c"], "neither https"),
        (["serve", "--record", "new", "--cassette", "c"], "--record needs --upstream"),
        (["serve", "--record", "later"], "invalid choice"),
    ],
)
def test_bad_combinations_are_refused(
    arguments: list[str], what: str, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        code: int | str | None = main(arguments)
    except SystemExit as left:
        code = left.code

    assert code == 2
    assert what in capsys.readouterr().err


def test_the_welcome_states_where_requests_go_and_what_is_kept(tmp_path: Path) -> None:
    cassette = tmp_path / "calls.jsonl"
    command = [sys.executable, "-m", "mockserver", "record", "--port", "0"]
    options = ["--upstream", "http://127.0.0.1:1/v1", "--cassette", str(cassette)]
    with subprocess.Popen(
        [*command, *options],
        env={"PATH": os.environ.get("PATH", ""), "PYTHONPATH": str(SOURCES)},
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(4)]
        process.terminate()

    assert "goes to http://127.0.0.1:1/v1." in "".join(lines)
    assert f"added to {cassette}, without keys" in "".join(lines)
