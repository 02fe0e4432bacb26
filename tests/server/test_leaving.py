"""F15: who closes its side behind a request is answered; who closes all of it has left."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from textwrap import dedent
from urllib.parse import urlsplit

import pytest
from support.wire import PATIENCE_S, Serve, chat, exchange, request

from mockserver import MockServer, load_scenario
from mockserver.scenario.loader import ScenarioText

CHAT = "/v1/chat/completions"
SLOW = """
    rules:
      - name: slow
        when: {last_user: slow}
        latency: {ttft_ms: 300, per_token_ms: 20}
        reply: "One two three."
      - {name: held, when: {last_user: held}, reply: Hello., fail: {kind: stall, at: end}}
      - {name: long, when: {last_user: long}, reply: {kind: lorem, tokens: 3000}}
      - {name: any, reply: "One two three."}
"""


@contextmanager
def connected(server: MockServer) -> Iterator[socket.socket]:
    parts = urlsplit(server.url)
    with socket.create_connection((parts.hostname, parts.port), PATIENCE_S) as client:
        yield client


def rest_of(client: socket.socket) -> bytes:
    found = b""
    while piece := client.recv(65_536):
        found += piece
    return found


def half_closed(server: MockServer, content: bytes) -> bytes:
    """Send *content*, close that side, and return all that comes back."""
    with connected(server) as client:
        client.sendall(content)
        client.shutdown(socket.SHUT_WR)
        return rest_of(client)


@pytest.mark.system
@pytest.mark.parametrize(
    ("said", "stream"),
    [
        pytest.param("hello", False, id="F15 whole"),
        pytest.param("hello", True, id="F15 streamed"),
        pytest.param("slow", False, id="F15 whole, after a while"),
        pytest.param("slow", True, id="F15 streamed, after a while"),
        pytest.param("long", True, id="F15 made by another thread"),
    ],
)
@pytest.mark.parametrize("close", [True, False], ids=["to be closed", "to be kept"])
def test_f15_who_closes_its_side_is_answered(
    serve: Serve, said: str, *, stream: bool, close: bool
) -> None:
    server = serve(SLOW)

    answer = half_closed(server, request("POST", CHAT, chat(said, stream=stream), close=close))

    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert answer.endswith(b"[DONE]\n\n\r\n0\r\n\r\n" if stream else b"}\n\r\n0\r\n\r\n")
    assert [call.outcome for call in server.session().journal] == ["sent"]


@pytest.mark.system
def test_f15_all_requests_in_front_of_the_end_are_answered(serve: Serve) -> None:
    server = serve(SLOW)
    one = request("POST", CHAT, chat("hello"), close=False)

    answer = half_closed(server, one * 3 + one[:-5])

    assert answer.count(b"HTTP/1.1 200 OK\r\n") == 3
    assert len(server.session().journal) == 3


@pytest.mark.system
@pytest.mark.parametrize("kept", [10, -5], ids=["in the head", "in the body"])
def test_f15_who_closes_its_side_in_the_middle_of_a_request_has_left(
    serve: Serve, kept: int
) -> None:
    server = serve(SLOW)

    assert half_closed(server, request("POST", CHAT, chat("hello"))[:kept]) == b""
    assert len(server.session().journal) == 0


@pytest.mark.system
@pytest.mark.parametrize("said", ["slow", "held"])
def test_f15_who_closes_all_of_the_connection_has_left(serve: Serve, said: str) -> None:
    server = serve(SLOW)
    with connected(server) as client:
        client.sendall(request("POST", CHAT, chat(said, stream=True)))
        client.recv(16)
    for _ in range(1_000):
        outcomes = [call.outcome for call in server.session().journal]
        if "open" not in outcomes:
            break
        exchange(server, request("GET", "/healthz"))

    assert outcomes == ["client_left"]


@pytest.mark.system
def test_f15_an_encrypted_connection_ends_without_a_word(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    pytest.importorskip("trustme")
    scenario = load_scenario(ScenarioText(f"version: 1\n{dedent(SLOW)}"))
    with MockServer(scenario, tls=tmp_path) as server, connected(server) as client:
        client.sendall(b"not a handshake")
        client.shutdown(socket.SHUT_WR)
        rest_of(client)

    assert caplog.records == []
