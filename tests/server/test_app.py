"""The HTTP side: every answer in the provider's words, whatever a connection is used for."""

import asyncio
import json
from typing import Any

import pytest
from support.wire import Connection, Raw, Serve, chat, exchange, request

from mockserver import MockServer
from mockserver.engine.engine import Engine
from mockserver.plugins import Plugins
from mockserver.scenario.loader import ScenarioText, load_scenario
from mockserver.server import app, listening
from mockserver.sessions.session import Session

CHAT = "/v1/chat/completions"


def error_of(raw: Raw) -> tuple[int, Any]:
    return raw.status, raw.json["error"]["message"]


# --- Refusals --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path", "status", "message"),
    [
        pytest.param(
            "GET", "/v1/nothing", 404, "Invalid URL (GET /v1/nothing)", id="404 below /v1"
        ),
        pytest.param(
            "POST",
            "/chat/completions",
            404,
            "Unknown request URL: POST /chat/completions. Please check the URL for typos, or see "
            "the docs at https://platform.openai.com/docs/api-reference/.",
            id="404 outside",
        ),
        pytest.param(
            "GET", "/v1/completions", 405, "Only POST requests are accepted.", id="405 of a POST"
        ),
        pytest.param(
            "PUT", "/v1/models", 405, "Only GET requests are accepted.", id="405 of a GET"
        ),
    ],
)
def test_what_leads_nowhere_is_refused_as_the_provider_does(
    auto_server: MockServer, method: str, path: str, status: int, message: str
) -> None:
    raw = exchange(auto_server, request(method, path))

    assert error_of(raw) == (status, message)


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({"authorization": ""}, id="empty"),
        pytest.param({"authorization": "Bearer "}, id="no key behind Bearer"),
        pytest.param({"authorization": "Basic c2s6"}, id="another scheme"),
    ],
)
@pytest.mark.parametrize("path", ["/v1/models", "/v1/nothing"])
def test_without_a_key_everything_is_a_401(
    auto_server: MockServer, headers: dict[str, str], path: str
) -> None:
    raw = exchange(auto_server, request("GET", path, headers=headers))

    assert raw.status == 401
    assert raw.json["error"]["message"].startswith("You didn't provide an API key.")


@pytest.mark.parametrize(
    "key",
    [
        pytest.param("bearer sk-test", id="lower case"),
        pytest.param("Bearer   sk-test", id="more spaces"),
        pytest.param("Bearer x", id="any key at all"),
    ],
)
def test_any_key_will_do(auto_server: MockServer, key: str) -> None:
    raw = exchange(auto_server, request("GET", "/v1/models", headers={"authorization": key}))

    assert raw.status == 200


# --- Malformed HTTP --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"NONSENSE\r\n\r\n", id="no request line"),
        pytest.param(b"GET /v1/models HTTP/9\r\n\r\n", id="no such version"),
        pytest.param(b"GET /v1/models HTTP/1.1\r\nno colon\r\n\r\n", id="no header"),
        pytest.param(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", id="TLS on a plain port"),
        pytest.param(
            b"POST /v1/models HTTP/1.1\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab",
            id="two lengths",
        ),
        pytest.param(
            b"POST /v1/models HTTP/1.1\r\ncontent-length: many\r\n\r\n", id="no number for a length"
        ),
        pytest.param(
            b"POST /v1/models HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nZZ\r\n",
            id="a bad chunk",
        ),
        pytest.param(
            b"GET /v1/models HTTP/1.1\r\nhost: x\r\nx: " + b"a" * 70_000 + b"\r\n\r\n",
            id="a header of 70,000 bytes",
        ),
    ],
)
def test_malformed_http_is_refused_in_the_providers_json(
    auto_server: MockServer, content: bytes
) -> None:
    raw = exchange(auto_server, content)

    status, message = error_of(raw)
    assert status == 400
    assert message.startswith(
        ("The request is not valid HTTP: ", "The request's body is malformed")
    )
    assert list(raw.json["error"]) == ["message", "type", "param", "code"]


def test_malformed_http_is_refused_in_the_servers_own_version_and_the_connection_ends(
    auto_server: MockServer,
) -> None:
    raw = exchange(auto_server, b"NONSENSE\r\n\r\n")

    assert raw.head.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert raw.headers["connection"] == "close"


def test_a_header_of_sixty_thousand_bytes_is_read(auto_server: MockServer) -> None:
    raw = exchange(auto_server, request("GET", "/v1/models", headers={"x-long": "a" * 60_000}))

    assert raw.status == 200


# --- Bodies ----------------------------------------------------------------------------------


def test_a_body_in_chunks_is_put_together(auto_server: MockServer) -> None:
    body = json.dumps(chat("in chunks")).encode()
    head = request("POST", CHAT, headers={"transfer-encoding": "chunked"})
    pieces = [b"%x\r\n%b\r\n" % (len(piece), piece) for piece in (body[:7], body[7:8], body[8:])]

    raw = exchange(auto_server, head + b"".join(pieces) + b"0\r\n\r\n")

    assert raw.json["choices"][0]["message"]["content"] == "A mock answer to: in chunks"


def test_who_asks_whether_to_send_a_body_is_told_to(auto_server: MockServer) -> None:
    whole = request("POST", CHAT, chat(), headers={"expect": "100-continue"})
    head, _, body = whole.partition(b"\r\n\r\n")
    with Connection(auto_server) as connection:
        connection.send(head + b"\r\n\r\n")
        told = connection.receive()
        connection.send(body)
        answered = connection.receive()

    assert (told.head, answered.status) == (b"HTTP/1.1 100 Continue", 200)


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        pytest.param({"content-encoding": "gzip"}, b"no gzip", id="in one piece"),
        pytest.param(
            {"content-encoding": "gzip", "transfer-encoding": "chunked"},
            b"7\r\nno gzip\r\n",
            id="in a chunk that others may follow",
        ),
    ],
)
def test_a_body_that_is_not_encoded_as_it_says_is_refused_without_a_traceback(
    auto_server: MockServer,
    caplog: pytest.LogCaptureFixture,
    headers: dict[str, str],
    body: bytes,
) -> None:
    whole = request("POST", CHAT, body, headers=headers)
    if "transfer-encoding" in headers:
        whole = whole.replace(b"content-length: %d\r\n" % len(body), b"")

    raw = exchange(auto_server, whole)

    assert error_of(raw) == (400, app.MALFORMED)
    assert caplog.records == []


def test_a_chunk_that_is_bad_while_the_body_is_awaited_is_refused(auto_server: MockServer) -> None:
    headers = {"transfer-encoding": "chunked", "expect": "100-continue"}
    with Connection(auto_server) as connection:
        connection.send(request("POST", CHAT, headers=headers, close=False) + b"1\r\n{\r\n")
        connection.receive()
        connection.send(b"ZZ\r\n")
        raw = connection.receive_to_the_end()

    assert error_of(raw) == (400, app.MALFORMED)


def test_who_asks_whether_to_send_a_body_that_is_too_large_is_told_not_to(
    auto_server: MockServer,
) -> None:
    headers = {"content-length": str(app.MAX_BODY_BYTES + 1), "expect": "100-continue"}
    with Connection(auto_server) as connection:
        connection.send(request("POST", CHAT, headers=headers, close=False))
        raw = connection.receive()

    assert error_of(raw) == (413, app.TOO_LARGE)


def test_a_body_of_more_than_64_mib_is_refused_to_its_end(auto_server: MockServer) -> None:
    assert app.MAX_BODY_BYTES == 64 * 1024 * 1024

    raw = exchange(auto_server, request("POST", CHAT, bytes(app.MAX_BODY_BYTES + 1)))

    assert error_of(raw) == (413, "Maximum content size limit (67108864) exceeded")
    assert raw.json["error"]["type"] == "server_error"


def test_a_body_of_many_megabytes_is_read(auto_server: MockServer) -> None:
    body = json.dumps(chat("Hi")).encode() + b" " * 3_000_000

    raw = exchange(auto_server, request("POST", CHAT, body))

    assert raw.status == 200


# --- Targets ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "target",
    [
        pytest.param("/v1/models/gpt%2D4o", id="percent-encoded"),
        pytest.param("/v1%2Fmodels/gpt-4o", id="an encoded slash"),
        pytest.param("/v1/models/gpt-4o?api-version=1&x=%2F", id="with a query"),
        pytest.param("/s/a%20b/v1/models/gpt-4o", id="in a session whose name is encoded"),
        pytest.param("http://api.openai.com/v1/models/gpt-4o", id="the absolute form"),
    ],
)
def test_the_target_of_a_request_is_decoded(auto_server: MockServer, target: str) -> None:
    assert exchange(auto_server, request("GET", target)).json["id"] == "gpt-4o"


@pytest.mark.parametrize(
    ("target", "shown"),
    [
        pytest.param("/v1/%3Cb%3E%26", "Invalid URL (GET /v1/<b>&)", id="what HTML would read"),
        pytest.param("/v1/%22%0d%0a%00", 'Invalid URL (GET /v1/"\r\n\0)', id="control characters"),
        pytest.param(
            "/v1/%ff%F0%9F%A6%A9", "Invalid URL (GET /v1/\ufffd\N{FLAMINGO})", id="no UTF-8"
        ),
    ],
)
def test_no_path_breaks_the_json_that_refuses_it(
    auto_server: MockServer, target: str, shown: str
) -> None:
    assert error_of(exchange(auto_server, request("GET", target))) == (404, shown)


# --- Connections -----------------------------------------------------------------------------


def test_a_connection_is_kept_for_the_next_request(auto_server: MockServer) -> None:
    with Connection(auto_server) as connection:
        for said in ("one", "two", "three"):
            connection.send(request("POST", CHAT, chat(said), close=False))
            text = connection.receive().json["choices"][0]["message"]["content"]
            assert text == f"A mock answer to: {said}"


@pytest.mark.parametrize("stream", [False, True], ids=["in one piece", "streamed"])
def test_requests_in_one_go_are_answered_in_their_order(
    auto_server: MockServer,
    stream: bool,  # noqa: FBT001 - a parameter of the request
) -> None:
    said = ["one", "two", "three"]
    with Connection(auto_server) as connection:
        connection.send(
            b"".join(request("POST", CHAT, chat(s, stream=stream), close=False) for s in said)
        )
        bodies = [connection.receive().body for _ in said]

    assert [s for s, body in zip(said, bodies, strict=True) if s.encode() in body] == said


def test_a_refusal_leaves_the_connection_open(auto_server: MockServer) -> None:
    with Connection(auto_server) as connection:
        for path, status in (("/v1/nothing", 404), ("/v1/models/gpt-4o", 200)):
            connection.send(request("GET", path, close=False))
            assert connection.receive().status == status


def test_who_asks_for_the_end_of_the_connection_gets_it(auto_server: MockServer) -> None:
    with Connection(auto_server) as connection:
        connection.send(request("GET", "/v1/models/gpt-4o"))
        raw = connection.receive()

        assert raw.headers["connection"] == "close"
        assert connection.is_closed()


@pytest.mark.parametrize("stream", [False, True], ids=["in one piece", "streamed"])
def test_http_1_0_gets_its_answer_unframed_and_then_the_end(
    auto_server: MockServer,
    stream: bool,  # noqa: FBT001 - a parameter of the request
) -> None:
    content = request("POST", CHAT, chat(stream=stream), close=False, version="1.0")

    raw = exchange(auto_server, content)

    assert "transfer-encoding" not in raw.headers
    assert raw.headers["connection"] == "close"
    assert raw.rest.startswith(b"data: {" if stream else b"{\n")


# --- HEAD and health -------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/healthz", "/_mock/healthz"])
def test_a_server_that_listens_is_healthy_without_a_key(auto_server: MockServer, path: str) -> None:
    raw = exchange(auto_server, request("GET", path, headers={"authorization": ""}))

    assert (raw.status, raw.json) == (200, {"status": "ok"})


@pytest.mark.parametrize(
    ("path", "status"),
    [
        pytest.param("/healthz", 200, id="health"),
        pytest.param("/v1/models", 200, id="a path that knows GET"),
        pytest.param("/v1/completions", 405, id="a path that knows no GET"),
        pytest.param("/v1/nothing", 404, id="a path that leads nowhere"),
    ],
)
def test_head_gets_headers_and_no_body(auto_server: MockServer, path: str, status: int) -> None:
    with Connection(auto_server) as connection:
        connection.send(request("HEAD", path, close=False))
        headed = connection.receive(without_body=True)
        connection.send(request("GET", "/v1/models/gpt-4o", close=False))
        following = connection.receive()

    assert (headed.status, following.json["id"]) == (status, "gpt-4o")


def test_questions_about_health_leave_no_trace(serve: Serve) -> None:
    server = serve()
    exchange(server, request("GET", "/healthz"))

    assert len(server.session().journal) == 0


# --- Who leaves ------------------------------------------------------------------------------

HELD = """
version: 1
rules:
  - name: held
    reply: "One two three."
    fail: {kind: disconnect, at: after_headers, delay_ms: 3600000}
"""


async def ask_and_leave() -> tuple[int, Session]:
    """Start an answer that takes an hour, leave, and count who is still at work."""
    engine = Engine(load_scenario(ScenarioText(HELD)), Plugins.installed(), lambda: 0.0)
    address, server, listener = await listening.listen(engine, "127.0.0.1", 0)
    try:
        reader, writer = await asyncio.open_connection(address.host, address.port)
        writer.write(request("POST", CHAT, chat(stream=True)))
        await reader.readuntil(b"\r\n\r\n")
        answering = asyncio.all_tasks() - {asyncio.current_task()}
        writer.close()
        _, still_at_work = await asyncio.wait(answering, timeout=10)
        return len(still_at_work), engine.session("default")
    finally:
        await listening.close(server, listener)


def test_a_client_that_leaves_in_mid_stream_frees_who_answers_it() -> None:
    at_work, session = asyncio.run(ask_and_leave())

    assert at_work == 0
    assert [call.outcome for call in session.journal] == ["client_left"]


def test_a_server_ends_promptly_in_the_middle_of_an_answer(serve: Serve) -> None:
    with MockServer(load_scenario(ScenarioText(HELD))) as server, Connection(server) as connection:
        connection.send(request("POST", CHAT, chat(), close=False))
        connection.receive(without_body=True)
        server.stop()

        assert connection.receive_to_the_end().rest == b""


# --- Outcomes --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fail", "outcome"),
    [
        pytest.param("", "sent", id="a whole answer"),
        pytest.param(", fail: 503", "sent", id="a refusal"),
        pytest.param(", fail: disconnect", "aborted", id="a cut connection"),
    ],
)
def test_the_journal_tells_how_an_answer_went_out(serve: Serve, fail: str, outcome: str) -> None:
    server = serve(f"rules: [{{name: hello, reply: 'Hello.'{fail}}}]")
    exchange(server, request("POST", CHAT, chat()))

    assert [call.outcome for call in server.session().journal] == [outcome]


# --- Our own faults --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({}, id="at once"),
        pytest.param({"expect": "100-continue"}, id="behind 100 Continue"),
    ],
)
def test_a_fault_of_ours_is_a_500_in_the_providers_json_and_says_so(
    auto_server: MockServer,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    headers: dict[str, str],
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(Engine, "answer", fail)
    with Connection(auto_server) as connection:
        whole = request("POST", CHAT, chat("my secret"), headers=headers)
        head, _, body = whole.partition(b"\r\n\r\n")
        connection.send(head + b"\r\n\r\n")
        if headers:
            connection.receive()
        connection.send(body)
        raw = connection.receive()

    assert error_of(raw) == (
        500,
        "llm-mockserver failed on this request (ZeroDivisionError): please report it",
    )
    assert "my secret" not in caplog.text
