"""F16, F23: a server out of descriptors says so in a line; one that is told to stop does."""

import asyncio
import resource
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from support.subprocesses import SOURCES
from support.wire import PATIENCE_S, chat, request

from mockserver import MockServer, load_scenario
from mockserver.scenario.loader import ScenarioText
from mockserver.server.descriptors import Descriptors
from mockserver.server.runner import MOST_STOPPING_S

pytestmark = pytest.mark.system

CHAT = "/v1/chat/completions"
SCENARIO = """version: 1
rules:
  - {name: long, when: {last_user: long}, reply: {kind: lorem, tokens: 200000}}
  - {name: held, when: {last_user: held}, reply: Hello., fail: {kind: stall, after_tokens: 1}}
  - {name: any, reply: {kind: lorem, tokens: 3000}}
"""
BUSY = MOST_STOPPING_S + 2
"""So long the test waits: the machine may be busy, and the promise is of one that is not."""


@contextmanager
def process(folder: Path, descriptors: int = 1_024) -> Iterator[tuple[subprocess.Popen[str], str]]:
    file = folder / "scenario.yaml"
    file.write_text(SCENARIO)
    command = [sys.executable, "-m", "mockserver", "serve", "--quiet", "--port", "0"]
    command += ["--scenario", str(file)]
    with subprocess.Popen(
        command,
        env={"PYTHONPATH": str(SOURCES), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (descriptors, descriptors)),  # noqa: PLW1509 - nothing else is running
    ) as server:
        assert server.stdout is not None
        words = server.stdout.readline().split()
        yield server, next(word for word in words if word.startswith("http://"))
        server.kill()


def connect(url: str) -> socket.socket:
    parts = urlsplit(url)
    return socket.create_connection((parts.hostname, parts.port), PATIENCE_S)


@pytest.mark.parametrize("signalled", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "Ctrl-C"])
@pytest.mark.parametrize("said", ["any", "long", "held"])
def test_f23_a_program_ends_soon_in_the_middle_of_a_burst(
    tmp_path: Path, said: str, signalled: signal.Signals
) -> None:
    with process(tmp_path) as (server, url):
        clients = [connect(url) for _ in range(100)]
        for number, client in enumerate(clients):
            client.sendall(request("POST", CHAT, {**chat(said, stream=True), "seed": number}))
        began = time.monotonic()
        server.send_signal(signalled)

        assert server.wait(PATIENCE_S) == 0
        took_s = time.monotonic() - began
        for client in clients:
            client.close()
        _, complaints = server.communicate()

    assert took_s < BUSY
    assert complaints == ""


def test_f23_a_server_in_a_thread_stops_in_the_middle_of_a_burst() -> None:
    with MockServer(load_scenario(ScenarioText(SCENARIO))) as server:
        clients = [connect(server.url) for _ in range(20)]
        for number, client in enumerate(clients):
            client.sendall(request("POST", CHAT, {**chat("long", stream=True), "seed": number}))
        began = time.monotonic()
        server.stop()
        took_s = time.monotonic() - began
        for client in clients:
            client.close()

    assert took_s < BUSY


def test_f16_a_shortage_of_descriptors_is_said_in_one_line_and_ends(tmp_path: Path) -> None:
    with process(tmp_path, descriptors=40) as (server, url):
        clients = [connect(url) for _ in range(100)]
        clients[0].sendall(request("GET", "/healthz"))
        assert clients[0].recv(65_536).startswith(b"HTTP/1.1 200")
        for client in clients:
            client.close()
        with connect(url) as again:
            # Accepted once there is room: asyncio tries again after a second.
            again.sendall(request("GET", "/healthz"))
            with suppress(ConnectionError):
                assert again.recv(65_536).startswith(b"HTTP/1.1 200")
        server.terminate()
        _, complaints = server.communicate()

    lines = complaints.splitlines()
    assert 1 <= len(lines) <= 5
    assert all(line.startswith("no connection can be accepted") for line in lines)


def test_f16_a_server_that_stops_in_a_shortage_is_silent(caplog: pytest.LogCaptureFixture) -> None:
    loop: Any = asyncio.SelectorEventLoop()
    Descriptors(loop).watch()
    with socket.socket() as listening:
        # What asyncio does a second after it could not accept; the server has stopped by then.
        loop.call_soon(loop._start_serving, None, listening)  # noqa: SLF001 - asyncio's own way
    loop.run_until_complete(asyncio.sleep(0))
    loop.close()

    assert caplog.records == []
