"""Who may use the control API: no page in a browser, and beyond loopback nobody without a token."""

import json
from typing import Any

import pytest
from support.wire import Connection, Raw, Serve, chat, exchange, request

from mockserver import MockServer
from mockserver.control.guard import Access, is_loopback
from mockserver.errors import UsageError

TOKEN = "a-token-of-some-length"
SESSIONS = "/_mock/sessions"


def host_of(server: MockServer) -> str:
    return server.url.removeprefix("http://")


def asked(
    server: MockServer, method: str = "GET", path: str = SESSIONS, body: Any = None, **more: str
) -> Raw:
    headers = {"host": host_of(server), "authorization": "", **more}
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    return exchange(server, request(method, path, body, headers=headers))


def kind(raw: Raw) -> tuple[int, str]:
    return raw.status, raw.json.get("type", "").removeprefix("urn:mockserver:")


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1:{}", 200),
        ("localhost:{}", 200),
        ("LOCALHOST:{}", 200),
        ("[::1]:{}", 200),
        ("127.0.0.2:{}", 200),
        ("evil.com:{}", 403),
        ("evil.com", 403),
        ("localhost.evil.com:{}", 403),
        ("127.0.0.1.nip.io:{}", 403),
        ("localhost", 403),
        ("localhost:1", 403),
        ("localhost:99999", 403),
        ("[::1", 403),
        ("", 403),
        ("localhost:{}@evil.com", 403),
    ],
)
def test_on_loopback_the_host_must_be_this_machine_and_this_port(
    server: MockServer, host: str, status: int
) -> None:
    port = server.url.rpartition(":")[2]

    assert asked(server, host=host.format(port)).status == status


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        ("http://localhost:3000", 200),
        ("http://127.0.0.1", 200),
        ("http://[::1]:5173", 200),
        ("https://evil.com", 403),
        ("http://localhost.evil.com", 403),
        ("null", 403),
        ("", 403),
        ("http://[::1", 403),
        ("file://", 403),
    ],
)
def test_no_page_of_elsewhere_may_ask(server: MockServer, origin: str, status: int) -> None:
    raw = asked(server, origin=origin)

    assert raw.status == status
    assert not [name for name in raw.headers if name.startswith("access-control")]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", SESSIONS),
        ("POST", "/_mock/reload"),
        ("DELETE", f"{SESSIONS}/default"),
        ("POST", f"{SESSIONS}/default/reset"),
        ("PATCH", f"{SESSIONS}/default/state"),
        ("DELETE", f"{SESSIONS}/default/journal"),
    ],
)
@pytest.mark.parametrize(
    "content_type",
    ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "", None],
)
def test_what_changes_something_must_be_json_which_no_page_can_send_unasked(
    server: MockServer, method: str, path: str, content_type: str | None
) -> None:
    more = {} if content_type is None else {"content_type": content_type}
    body = json.dumps({"name": "x"}).encode() if method != "DELETE" else None
    raw = asked(server, method, path, body, **{"content-type": "", **more})

    assert kind(raw) == (415, "content-type")


def test_a_body_where_none_belongs_must_be_json_too(server: MockServer) -> None:
    assert kind(asked(server, "GET", SESSIONS, b"x", content_type="text/plain"))[0] == 415


def test_a_preflight_is_not_answered(server: MockServer) -> None:
    raw = asked(
        server,
        "OPTIONS",
        origin="http://localhost:3000",
        access_control_request_method="POST",
        content_type="application/json",
    )

    assert raw.status == 405
    assert not [name for name in raw.headers if name.startswith("access-control")]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"authorization": f"Bearer {TOKEN}"}, 200),
        ({"authorization": f"bearer {TOKEN}"}, 200),
        ({"x_mock_token": TOKEN}, 200),
        ({}, 401),
        ({"authorization": "Bearer "}, 401),
        ({"authorization": f"Bearer {TOKEN}x"}, 401),
        ({"authorization": f"Bearer {TOKEN[:-1]}"}, 401),
        ({"authorization": f"Basic {TOKEN}"}, 401),
        ({"authorization": TOKEN}, 401),
        ({"x_mock_token": "Bearer " + TOKEN}, 401),
        ({"x_mock_token": "\xe9"}, 401),
    ],
)
def test_a_server_with_a_token_wants_it(serve: Serve, headers: dict[str, str], status: int) -> None:
    server = serve(control_token=TOKEN)

    assert asked(server, **headers).status == status


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/_mock/openapi.json"),
        ("GET", "/_mock/nothing"),
        ("POST", f"{SESSIONS}/default/reset"),
        ("DELETE", f"{SESSIONS}/default"),
    ],
)
def test_the_token_is_wanted_everywhere(serve: Serve, method: str, path: str) -> None:
    raw = asked(serve(control_token=TOKEN), method, path, content_type="application/json")

    assert kind(raw) == (401, "token")


@pytest.mark.parametrize("path", ["/healthz", "/_mock/healthz"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_health_needs_no_token_and_is_in_no_journal(serve: Serve, method: str, path: str) -> None:
    server = serve(control_token=TOKEN)

    raw = asked(server, method, path, host="anything")

    assert raw.status == 200
    assert list(server.session().journal) == []


@pytest.mark.system
def test_beyond_loopback_a_token_is_drawn_and_any_host_will_do() -> None:
    with MockServer(host="0.0.0.0") as server:
        token = server.control_token
        port = server.url.rpartition(":")[2]
        local = f"http://127.0.0.1:{port}"

        class Local:
            url = local

        def ask(**more: str) -> Raw:
            headers = {"host": f"mock:{port}", "authorization": "", **more}
            return exchange(Local(), request("GET", SESSIONS, headers=headers))

        assert token is not None
        assert len(token) >= 32
        assert ask().status == 401
        assert ask(authorization=f"Bearer {token}").status == 200
        assert ask(authorization=f"Bearer {token}", origin="https://evil.com").status == 403


def test_two_servers_draw_different_tokens() -> None:
    assert Access.of("0.0.0.0", None).token != Access.of("0.0.0.0", None).token


def test_without_a_control_api_its_paths_are_the_providers(serve: Serve) -> None:
    server = serve(control=False)

    assert asked(server, authorization="Bearer sk-test").json["error"]["code"] == "unknown_url"
    assert server.control_token is None


@pytest.mark.parametrize("token", ["", "short", "with a blank", "ä" * 10, "line\nbreak-in-it"])
def test_a_token_that_cannot_be_one_is_refused(token: str) -> None:
    with pytest.raises(UsageError, match="control token"):
        MockServer(control_token=token).start()


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("127.0.0.1", True),
        ("127.8.9.1", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("::", False),
        ("192.168.1.2", False),
        ("example.com", False),
        ("", False),
    ],
)
def test_what_is_loopback(host: str, loopback: bool) -> None:  # noqa: FBT001 - a parameter
    assert is_loopback(host) is loopback


# --- What is hostile -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    [
        "/_mock/../v1/models",
        "/_mock/sessions/../../etc/passwd",
        "/_mock/sessions/%2e%2e/journal",
        "/_mock/sessions/a%2Fb",
        "/_mock/sessions/a/rules/../../b",
        "/_mock//sessions",
        "/_mock/sessions/%00",
        "/_mock/sessions/" + "x" * 10_000,
        "/_mock/sessions/a?x=%",
    ],
)
def test_a_path_leads_nowhere_else(server: MockServer, path: str) -> None:
    raw = asked(server, path=path)

    assert raw.status in {400, 404}
    assert raw.json["type"].startswith("urn:mockserver:unknown") or raw.status == 400


def test_a_body_beyond_the_limit_is_refused_on_every_route(server: MockServer) -> None:
    length = str(64 * 1024 * 1024 + 1)
    for path in (SESSIONS, f"{SESSIONS}/default/rules", "/_mock/reload"):
        with Connection(server) as connection:
            headers = {
                "host": host_of(server),
                "content-length": length,
                "content-type": "application/json",
            }
            connection.send(request("POST", path, headers=headers, close=False) + b" " * 1_000)
            raw = connection.receive()

        assert kind(raw) == (413, "too-large")


def test_requests_to_the_control_api_are_in_no_journal(server: MockServer) -> None:
    asked(server)
    asked(server, "POST", SESSIONS, {"name": "x"})
    exchange(server, request("POST", "/v1/chat/completions", chat()))

    assert [call.path for call in server.session().journal] == ["/v1/chat/completions"]


# --- Pages that may call the API -------------------------------------------------------------


PAGE = "http://localhost:3000"


def preflight(server: MockServer, origin: str = PAGE) -> Raw:
    headers = {
        "origin": origin,
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization,x-stainless-os",
    }
    return exchange(server, request("OPTIONS", "/v1/chat/completions", headers=headers))


def test_by_default_no_page_may_call(server: MockServer) -> None:
    raw = exchange(
        server, request("POST", "/v1/chat/completions", chat(), headers={"origin": PAGE})
    )

    assert "access-control-allow-origin" not in raw.headers
    assert preflight(server).status == 405


@pytest.mark.parametrize("origin", [PAGE, "*"])
def test_a_page_of_the_stated_origin_may_call(serve: Serve, origin: str) -> None:
    server = serve(cors_origin=origin)
    asked_first = preflight(server)
    answer = exchange(
        server, request("POST", "/v1/chat/completions", chat(stream=True), headers={"origin": PAGE})
    )

    assert asked_first.status == 200
    assert asked_first.headers["access-control-allow-origin"] == origin
    assert asked_first.headers["access-control-allow-headers"] == "authorization,x-stainless-os"
    assert answer.headers["access-control-allow-origin"] == origin
    assert answer.body.endswith(b"data: [DONE]\n\n")


def test_pages_of_other_origins_may_not(serve: Serve) -> None:
    server = serve(cors_origin=PAGE)

    assert "access-control-allow-origin" not in preflight(server, "https://evil.com").headers


def test_no_page_may_use_the_control_api_whatever_it_may_call(serve: Serve) -> None:
    server = serve(cors_origin="*")
    raw = asked(server, "OPTIONS", origin=PAGE, access_control_request_method="POST")

    assert not [name for name in raw.headers if name.startswith("access-control")]


@pytest.mark.parametrize("origin", ["localhost:3000", "http://x/path", "https://", "javascript:x"])
def test_what_is_no_origin_is_refused(origin: str) -> None:
    with pytest.raises(UsageError, match="origin"):
        MockServer(cors_origin=origin)
