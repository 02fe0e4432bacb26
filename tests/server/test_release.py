"""Answers that a test holds and releases, and a server that refuses connections for a while."""

import threading
from concurrent.futures import ThreadPoolExecutor

import openai
import pytest
from support.wire import Connection, Serve, chat, request

from mockserver import MockServer
from mockserver.errors import UsageError

CHAT = "/v1/chat/completions"
HELD = """
    rules:
      - name: held
        reply: "One two three four five six."
        fail: {kind: stall, after_tokens: 5, until: released}
"""
BEFORE = b'"delta":{"content":" five"}'


def ask(path: str = CHAT) -> bytes:
    return request("POST", path, chat(stream=True))


def test_a_held_answer_goes_on_once_it_is_released(serve: Serve) -> None:
    server = serve(HELD)
    with Connection(server) as connection:
        connection.send(ask())
        connection.wait_for(BEFORE)
        released = server.release()

        assert released == 1
        assert connection.receive_to_the_end().rest.endswith(b"data: [DONE]\n\n\r\n0\r\n\r\n")


def test_a_client_that_has_read_what_came_before_may_release_at_once(serve: Serve) -> None:
    server = serve(HELD)
    with openai.OpenAI(base_url=server.base_url, api_key="sk-test", max_retries=0) as client:
        for _ in range(20):
            told: list[str] = []
            with client.chat.completions.create(
                model="gpt-4o", messages=[{"role": "user", "content": "Hi"}], stream=True
            ) as chunks:
                for chunk in chunks:
                    told.append(chunk.choices[0].delta.content or "")
                    if told[-1] == " five":
                        assert server.release(rule="held") == 1

            assert "".join(told) == "One two three four five six."


def test_only_answers_of_that_session_and_that_rule_are_released(serve: Serve) -> None:
    server = serve(HELD)
    with Connection(server) as default, Connection(server) as other:
        default.send(ask())
        other.send(ask(f"/s/other{CHAT}"))
        default.wait_for(BEFORE)
        other.wait_for(BEFORE)

        assert server.release("nobody") == 0
        assert server.release(rule="another") == 0
        assert server.release("other", "held") == 1
        assert other.receive_to_the_end().rest.endswith(b"0\r\n\r\n")
        assert server.release() == 1
        assert server.release() == 0


def test_a_stall_without_an_end_cannot_be_released(serve: Serve) -> None:
    server = serve('rules: [{name: held, reply: "Hello.", fail: {kind: stall, at: end}}]')
    with Connection(server) as connection:
        connection.send(ask())
        connection.wait_for(b"[DONE]")

        assert server.release() == 0


def test_a_held_answer_does_not_outlive_its_client(serve: Serve) -> None:
    server = serve(HELD)
    with Connection(server) as connection:
        connection.send(ask())
        connection.wait_for(BEFORE)
    # A whole exchange on another connection: the server has seen by then that the client left.
    with Connection(server) as after:
        after.send(request("GET", "/healthz"))
        after.receive_to_the_end()

    assert server.release() == 0
    assert [call.outcome for call in server.session().journal] == ["client_left"]


def test_a_server_that_does_not_run_releases_nothing() -> None:
    with pytest.raises(UsageError, match="the server is not running"):
        MockServer().release()


def test_answers_are_released_from_any_thread(serve: Serve) -> None:
    server = serve(HELD)
    with ThreadPoolExecutor(8) as threads, Connection(server) as connection:
        connection.send(ask())
        connection.wait_for(BEFORE)
        started = threading.Barrier(8)

        def release() -> int:
            started.wait()
            return server.release()

        assert sum(done.result() for done in [threads.submit(release) for _ in range(8)]) == 1


# --- Refusing connections --------------------------------------------------------------------


def test_connections_are_refused_and_then_taken_again_at_the_same_port(serve: Serve) -> None:
    server = serve()
    url = server.url
    for _ in range(3):
        with server.refuse(), pytest.raises(ConnectionRefusedError):
            Connection(server)

        with Connection(server) as connection:
            connection.send(request("POST", CHAT, chat()))
            assert connection.receive_to_the_end().status == 200

    assert server.url == url


def test_open_connections_end_when_connections_are_refused(serve: Serve) -> None:
    server = serve(HELD)
    with Connection(server) as idle, Connection(server) as streaming:
        idle.send(request("GET", "/healthz", close=False))
        idle.receive()
        streaming.send(ask())
        streaming.wait_for(BEFORE)

        with server.refuse():
            assert idle.is_closed()
            assert not streaming.receive_to_the_end().rest.endswith(b"0\r\n\r\n")


def test_openai_python_tries_again_what_is_refused_and_then_gives_up(serve: Serve) -> None:
    server = serve()
    with (
        openai.OpenAI(base_url=server.base_url, api_key="sk-test", max_retries=1) as client,
        server.refuse(),
        pytest.raises(openai.APIConnectionError),
    ):
        client.models.list()


def test_connections_are_not_refused_twice(serve: Serve) -> None:
    server = serve()
    with (
        server.refuse(),
        pytest.raises(UsageError, match="already refuses connections"),
        server.refuse(),
    ):
        pass


def test_a_server_that_does_not_run_refuses_nothing() -> None:
    with pytest.raises(UsageError, match="the server is not running"), MockServer().refuse():
        pass


def test_a_server_may_stop_while_it_refuses(serve: Serve) -> None:
    server = MockServer().start()
    refusing = server.refuse()
    refusing.__enter__()
    server.stop()

    with MockServer(port=0) as another:
        assert another.url
