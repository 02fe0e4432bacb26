"""Servers in threads: they start, stop, start again, and say what keeps them from it."""

import socket
import subprocess
import sys
import threading

import pytest
from support.subprocesses import SOURCES
from support.wire import PATIENCE_S, exchange, request

from mockserver import MockServer
from mockserver.errors import UsageError
from mockserver.server.listening import Address


def test_a_server_listens_on_loopback_at_any_free_port() -> None:
    with MockServer() as server:
        assert server.url.startswith("http://127.0.0.1:")
        assert server.base_url == f"{server.url}/v1"


def test_a_stopped_server_is_gone() -> None:
    with MockServer() as server:
        url = server.url
    host, port = url.removeprefix("http://").split(":")

    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((host, int(port)))


def test_a_stopped_server_may_start_again_and_remembers() -> None:
    server = MockServer()
    for _ in range(2):
        with server:
            exchange(server, request("GET", "/v1/models"))

    assert [call.number for call in server.session().journal] == [1, 2]


def test_stopping_twice_does_no_harm() -> None:
    server = MockServer().start()
    server.stop()
    server.stop()


def test_a_server_that_does_not_run_has_no_address() -> None:
    with pytest.raises(UsageError, match="the server is not running"):
        _ = MockServer().url


def test_a_port_that_is_taken_is_told() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        with pytest.raises(UsageError, match=f"port {port} on 127.0.0.1 is in use"):
            MockServer(port=port).start()


def test_a_host_that_is_not_here_is_told() -> None:
    with pytest.raises(UsageError, match=r"cannot listen on 192\.0\.2\.1, port 0"):
        MockServer(host="192.0.2.1").start()


def test_a_port_beyond_all_ports_is_told() -> None:
    with pytest.raises(UsageError, match="port 70000 is not between 0 and 65535"):
        MockServer(port=70_000).start()


def test_the_address_of_a_long_host_stands_in_brackets() -> None:
    assert Address("::1", 8089).url == "http://[::1]:8089"


def test_the_server_works_in_a_thread_that_does_not_keep_the_program_alive() -> None:
    others = set(threading.enumerate())

    with MockServer():
        (thread,) = set(threading.enumerate()) - others

        assert (thread.name, thread.daemon) == ("mockserver", True)


FIRST_ANSWER = """
import sys
from support.wire import chat, exchange, request
from mockserver import MockServer

opened = []
with MockServer() as server:
    asked = request("POST", "/v1/chat/completions", chat("Hi"))
    sys.addaudithook(lambda event, names: event == "open" and opened.append(names[0]))
    assert exchange(server, asked).status == 200
print([name for name in opened if "fixtures" in str(name)])
"""


def test_t4_what_the_first_answer_needs_is_read_before_the_server_is_ready() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", FIRST_ANSWER],
        env={"PYTHONPATH": f"{SOURCES}:{SOURCES / 'tests'}"},
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_S,
    )

    assert (ran.stdout, ran.stderr) == ("[]\n", "")
