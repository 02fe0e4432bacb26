"""What `mockserver serve` writes on standard error while it answers, in processes of its own."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import pytest
from support.subprocesses import SOURCES, Subprocess
from support.wire import PATIENCE_S, chat, exchange, request

pytestmark = pytest.mark.system

CHAT = "/v1/chat/completions"
KEY = "sk-proj-" + "Ab3" * 16


@contextmanager
def serving(
    *arguments: str, stderr: "int | IO[Any]" = subprocess.PIPE, **environ: str
) -> Iterator[tuple[Subprocess, "subprocess.Popen[str]"]]:
    command = [sys.executable, "-m", "mockserver", "serve", "--port", "0", "--ready-json"]
    bare = {"PATH": os.environ.get("PATH", ""), "PYTHONPATH": str(SOURCES)}
    with subprocess.Popen(
        [*command, *arguments],
        env={**bare, **environ},
        stdout=subprocess.PIPE,
        stderr=stderr,
        text=True,
    ) as process:
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())
        try:
            yield Subprocess(ready["base_url"].removesuffix("/v1"), ready), process
        finally:
            process.kill()


def ended(process: "subprocess.Popen[str]") -> tuple[str, str]:
    """End the server; return the rest of its output, and its errors."""
    process.send_signal(signal.SIGTERM)
    out, lines = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0
    return out, lines


def ask(server: Subprocess, said: str) -> None:
    exchange(server, request("POST", CHAT, chat(said), headers={"authorization": f"Bearer {KEY}"}))


def test_each_call_gets_a_line_in_the_order_of_their_ends() -> None:
    with serving() as (server, process):
        for number in range(40):
            ask(server, f"Number {number}: \x1b[31mmy key is {KEY}")
        out, lines = ended(process)

    assert out == ""
    assert KEY not in lines
    assert "\x1b" not in lines
    numbers = [line.split('"Number ')[1].partition(":")[0] for line in lines.splitlines()]
    assert numbers == [str(number) for number in range(40)]


def test_with_debug_nothing_is_written_but_what_concerns_calls() -> None:
    with serving("--log-level", "debug") as (server, process):
        ask(server, "Hi")
        _, lines = ended(process)

    assert [line.split()[2] for line in lines.splitlines()] == ['"Hi"']


def test_a_line_comes_at_once_when_nothing_else_does() -> None:
    with serving() as (server, process):
        ask(server, "Hi")
        assert process.stderr is not None

        assert '"Hi"' in process.stderr.readline()


def test_each_line_of_json_is_a_call_or_a_message(tmp_path: Path) -> None:
    file = tmp_path / "hello.yaml"
    file.write_text("version: 1\nrules: [{name: hi, reply: Hi}]")
    options = ("--log-format", "json", "--scenario", str(file), "--log-level", "debug")
    with serving(*options) as (server, process):
        ask(server, "One\u2028two")
        exchange(server, request("GET", "/v1/models"))
        _, lines = ended(process)
    written = [json.loads(line) for line in lines.splitlines()]

    calls = [one for one in written if "level" not in one]
    assert [(call["words"], call["rule"], call["status"]) for call in calls] == [
        ("One\u2028two", "hi", 200),
        (None, None, 200),
    ]
    assert all(set(one) == {"time", "level", "message"} for one in written if one not in calls)
    assert KEY not in lines


@pytest.mark.parametrize(
    ("arguments", "environ", "is_colored"),
    [
        pytest.param((), {}, False, id="a pipe"),
        pytest.param((), {"FORCE_COLOR": "1"}, True, id="FORCE_COLOR"),
        pytest.param((), {"NO_COLOR": "1", "FORCE_COLOR": "1"}, False, id="NO_COLOR"),
        pytest.param(("--color", "always"), {"NO_COLOR": "1"}, True, id="always"),
    ],
)
def test_lines_are_colored_where_that_is_wanted(
    arguments: tuple[str, ...],
    environ: dict[str, str],
    is_colored: bool,  # noqa: FBT001 - a parameter
) -> None:
    with serving(*arguments, **environ) as (server, process):
        ask(server, "Hi")
        _, lines = ended(process)

    assert ("\x1b[" in lines) == is_colored


def test_a_reader_that_has_left_ends_no_answer() -> None:
    with serving() as (server, process):
        assert process.stderr is not None
        ask(server, "Hi")
        process.stderr.readline()
        process.stderr.close()
        for number in range(30):
            ask(server, f"Hi {number}")
        process.send_signal(signal.SIGTERM)

        assert process.wait(PATIENCE_S) == 0


def test_a_reader_that_never_reads_holds_up_neither_answers_nor_the_end() -> None:
    long = "x" * 70
    with serving("--log-format", "json") as (server, process):
        for number in range(300):  # a pipe takes 64 KiB
            ask(server, f"{number}{long}")
        process.send_signal(signal.SIGTERM)

        assert process.wait(PATIENCE_S) == 0


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_ends_no_answer() -> None:
    with open("/dev/full", "w") as full, serving(stderr=full) as (server, process):  # noqa: PTH123 - a device
        for number in range(30):
            ask(server, f"Hi {number}")
        process.send_signal(signal.SIGTERM)

        assert process.wait(PATIENCE_S) == 0


def test_an_encoding_that_lacks_a_character_spells_it() -> None:
    with serving(PYTHONIOENCODING="ascii") as (server, process):
        ask(server, "天気は")
        _, lines = ended(process)

    assert r"\u5929\u6c17\u306f" in lines
