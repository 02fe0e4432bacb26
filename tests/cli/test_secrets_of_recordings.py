"""Twelve secrets on their way through a server that records, and through all that reads it.

The client sends them and the provider repeats them; none may be in any file, on any terminal or
in any report, in any spelling.
"""

import json
import os
import pty
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from support.planted import CUSTOMER, EXCHANGES, REDACT, PlantedExchange, planted_in
from support.subprocesses import SOURCES, Subprocess
from support.wire import PATIENCE_S, exchange, request

from mockserver.cassettes.lines import read
from mockserver.cli import main

pytestmark = pytest.mark.system

CHAT = "/v1/chat/completions"
NUMBER = "x-planted"
NAMED = CUSTOMER.partition(" ")[2]


class Provider(BaseHTTPRequestHandler):
    """Answers each planted request as it was planted, a stream event by event."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        planted = EXCHANGES[int(self.headers[NUMBER])]
        self.send_response(planted.status)
        for name, value in planted.answer_headers:
            self.send_header(name, value)
        self.send_header("content-type", planted.content_type)
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        for part in (*(planted.events or (planted.answer_body,)), b""):
            self.wfile.write(b"%x\r\n%b\r\n" % (len(part), part))

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as inherited
        """Say nothing."""


@contextmanager
def provider() -> Iterator[str]:
    """Run a provider; return its URL."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Provider) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join(PATIENCE_S)


def asking(number: int, planted: PlantedExchange) -> bytes:
    """Return the bytes of a planted request."""
    path = f"{CHAT}?{planted.query}" if planted.query else CHAT
    headers = {NUMBER: str(number), **{name.lower(): value for name, value in planted.headers}}
    return request("POST", path, planted.request_body, headers=headers)


@contextmanager
def recording_on_a_terminal(*arguments: str) -> Iterator[tuple[Subprocess, Any, list[bytes]]]:
    """Run `mockserver record` with a terminal; what that shows is in the list."""
    ours, theirs = pty.openpty()
    shown: list[bytes] = []

    def watch() -> None:
        while True:
            try:
                part = os.read(ours, 65_536)
            except OSError:  # its end, on Linux
                return
            if not part:
                return
            shown.append(part)

    command = [sys.executable, "-m", "mockserver", "record", "--port", "0", "--ready-json"]
    with subprocess.Popen(
        [*command, "--log-level", "debug", *arguments],
        env={"PATH": os.environ.get("PATH", ""), "PYTHONPATH": str(SOURCES)},
        stdout=subprocess.PIPE,
        stderr=theirs,
        text=True,
    ) as process:
        os.close(theirs)
        watcher = threading.Thread(target=watch)
        watcher.start()
        try:
            assert process.stdout is not None
            ready = json.loads(process.stdout.readline())
            yield Subprocess(ready["base_url"].removesuffix("/v1"), ready), process, shown
        finally:
            process.kill()
            watcher.join(PATIENCE_S)
            os.close(ours)


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str, str]:
    """Return the cassette of all planted exchanges, what the terminal showed, and the journal."""
    cassette = tmp_path_factory.mktemp("planted") / "calls.jsonl"
    options = ("--cassette", str(cassette), "--redact", REDACT)
    with (
        provider() as url,
        recording_on_a_terminal("--upstream", url, *options) as (server, process, shown),
    ):
        for number, planted in enumerate(EXCHANGES):
            raw = exchange(server, asking(number, planted))
            assert raw.status == planted.status
        host = server.url.partition("//")[2]
        calls = request("GET", "/_mock/sessions/default/journal", headers={"host": host})
        journal = exchange(server, calls).body.decode()
        process.send_signal(signal.SIGTERM)
        process.wait(PATIENCE_S)

    assert process.returncode == 0
    return cassette, b"".join(shown).decode(), journal


def test_none_is_in_the_cassette_on_the_terminal_or_in_the_journal(
    recorded: tuple[Path, str, str],
) -> None:
    cassette, shown, journal = recorded

    assert len(read(cassette)) == len(EXCHANGES)
    assert shown.count(" recorded") == len(EXCHANGES)
    assert planted_in(cassette.read_text()) == []
    assert planted_in(shown) == []
    assert len(json.loads(journal)["calls"]) == len(EXCHANGES)
    # What only a person can name is taken out of cassettes.
    assert set(planted_in(journal)) <= {NAMED}


@pytest.mark.parametrize(
    "arguments",
    [
        ("cassette", "show"),
        ("cassette", "show", "--json"),
        *[("cassette", "show", "--number", str(number + 1)) for number in range(len(EXCHANGES))],
        ("cassette", "verify"),
        ("compare", "--json", "--examples", "50"),
        ("compare", "--rows"),
        ("import", "--to", "scenario"),
    ],
    ids=" ".join,
)
def test_none_is_in_what_commands_say_of_the_cassette(
    recorded: tuple[Path, str, str], arguments: tuple[str, ...], capfd: pytest.CaptureFixture[str]
) -> None:
    assert main([*arguments, str(recorded[0])]) == 0

    said, complained = capfd.readouterr()
    assert said
    assert planted_in(said) == []
    assert planted_in(complained) == []


@pytest.fixture(scope="module")
def of_another_tool(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a cassette of vcrpy with all planted exchanges in it, and all their secrets."""
    interactions: list[dict[str, Any]] = []
    for planted in EXCHANGES:
        query = f"?{planted.query}" if planted.query else ""
        interactions.append(
            {
                "request": {
                    "method": "POST",
                    "uri": f"https://api.openai.com{CHAT}{query}",
                    "headers": {name: [value] for name, value in planted.headers},
                    "body": planted.request_body.decode(),
                },
                "response": {
                    "status": {"code": planted.status, "message": "OK"},
                    "headers": {
                        "content-type": [planted.content_type],
                        **{name: [value] for name, value in planted.answer_headers},
                    },
                    "body": {"string": planted.answer_body.decode()},
                },
            }
        )
    path = tmp_path_factory.mktemp("vcrpy") / "planted.json"
    path.write_text(json.dumps({"interactions": interactions, "version": 1}))
    return path


@pytest.mark.parametrize(
    "arguments",
    [
        ("import", "--to", "cassette", "--redact", REDACT),
        ("import", "--to", "scenario", "--redact", REDACT),
        ("compare", "--json", "--examples", "50"),
        ("compare", "--rows", "--examples", "50"),
    ],
    ids=" ".join,
)
def test_none_is_in_what_commands_say_of_another_tools_file(
    of_another_tool: Path, arguments: tuple[str, ...], capfd: pytest.CaptureFixture[str]
) -> None:
    assert main([*arguments, str(of_another_tool)]) == 0

    said, complained = capfd.readouterr()
    allowed = set() if "--redact" in arguments else {NAMED}
    assert said
    assert set(planted_in(said)) <= allowed
    assert set(planted_in(complained)) <= allowed
