"""The inspector's files: who gets them, under which policy, and where a browser finds them."""

import re

import pytest
from support.wire import Raw, Serve, exchange, request

from mockserver import MockServer, bundled
from mockserver.control.routes import ROUTES
from mockserver.server import pages

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
TOKEN = "a-token-of-some-length"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "media-src data:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
FILES = {
    "/_mock/": ("index.html", "text/html; charset=utf-8"),
    "/_mock/inspector.css": ("inspector.css", "text/css; charset=utf-8"),
    **{
        f"/_mock/{name}.js": (f"{name}.js", "text/javascript; charset=utf-8")
        for name in pages.SCRIPTS
    },
}


@pytest.fixture
def server(serve: Serve) -> MockServer:
    return serve()


def asked(server: MockServer, path: str, method: str = "GET", **more: str) -> Raw:
    headers = {"host": server.url.removeprefix("http://"), "authorization": "", **more}
    return exchange(server, request(method, path, None, headers=headers))


@pytest.mark.parametrize("path", FILES)
def test_each_file_comes_under_the_strict_policy(server: MockServer, path: str) -> None:
    name, content_type = FILES[path]

    raw = asked(server, path)

    assert raw.status == 200
    assert raw.body == (bundled.folder("fixtures") / "inspector" / name).read_bytes()
    headers = {n: v for n, v in raw.headers.items() if n not in {"date", "server", "connection"}}
    assert headers == {
        "content-security-policy": POLICY,
        "content-type": content_type,
        "content-length": str(len(raw.body)),
        "x-content-type-options": "nosniff",
        "cache-control": "no-store",
        "referrer-policy": "no-referrer",
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "same-origin",
    }


@pytest.mark.parametrize("path", ["/_mock/calls", "/_mock/sessions/nobody", "/_mock/nope.js"])
def test_what_the_control_api_answers_is_no_page(server: MockServer, path: str) -> None:
    policy = asked(server, path).headers["content-security-policy"]

    assert policy == "default-src 'none'; frame-ancestors 'none'"


def test_the_page_asks_for_its_own_files_alone() -> None:
    text = (bundled.folder("fixtures") / "inspector" / "index.html").read_text()

    assert "://" not in text
    assert re.findall(r"<style|\sstyle=|\son\w+=|javascript:", text) == []
    assert text.count("<script") == text.count("<script src=")


def test_no_file_takes_the_path_of_a_route() -> None:
    assert {route.path for route in ROUTES}.isdisjoint(pages.PATHS)


def test_without_the_slash_the_page_is_somewhere_else(server: MockServer) -> None:
    raw = asked(server, "/_mock")

    assert (raw.status, raw.headers["location"]) == (303, "/_mock/")


@pytest.mark.parametrize("path", FILES)
def test_head_says_the_same_without_the_file(server: MockServer, path: str) -> None:
    raw = asked(server, path, "HEAD")

    assert (raw.status, raw.body) == (200, b"")
    assert raw.headers["content-security-policy"] == POLICY


@pytest.mark.parametrize("path", ["/_mock", *FILES])
@pytest.mark.parametrize(
    "forged",
    [{"host": "evil.com"}, {"host": "127.0.0.1.nip.io"}, {"origin": "https://evil.com"}],
    ids=["rebound name", "name of an address", "page of elsewhere"],
)
def test_pages_of_elsewhere_get_no_file(
    server: MockServer, path: str, forged: dict[str, str]
) -> None:
    assert asked(server, path, **forged).status == 403


def test_files_need_no_token_and_all_data_do(serve: Serve) -> None:
    server = serve(control_token=TOKEN)

    assert {asked(server, path).status for path in FILES} == {200}
    for path in ("/_mock/totals", "/_mock/sessions", "/_mock/sessions/default/scenario"):
        assert asked(server, path).status == 401
        assert asked(server, f"{path}?token={TOKEN}").status == 401
        assert asked(server, path, **{"x-mock-token": TOKEN}).status == 200


@pytest.mark.parametrize(
    ("path", "location"),
    [
        ("/", "/_mock/"),
        ("/s/checkout", "/_mock/#session=checkout"),
        ("/s/checkout/", "/_mock/#session=checkout"),
        ("/s/a%20%22b", "/_mock/#session=a%20%22b"),
        ("/s/a%0d%0aset-cookie:x", "/_mock/#session=a%0D%0Aset-cookie%3Ax"),
    ],
)
def test_a_browser_is_sent_to_the_page(server: MockServer, path: str, location: str) -> None:
    raw = asked(server, path, accept=BROWSER)

    assert (raw.status, raw.headers["location"]) == (303, location)
    assert "set-cookie" not in raw.headers


@pytest.mark.parametrize(
    ("path", "accept"),
    [
        ("/", "*/*"),
        ("/", "application/json"),
        ("/s/checkout", "*/*"),
        ("/v1/models", BROWSER),
        ("/s/checkout/v1/models", BROWSER),
    ],
)
def test_every_other_request_gets_the_providers_answer(
    serve: Serve, path: str, accept: str
) -> None:
    server, plain = serve(), serve(control=False)

    raw, before = asked(server, path, accept=accept), asked(plain, path, accept=accept)

    assert (raw.status, raw.json) == (before.status, before.json)
    assert raw.status in {401, 404}


@pytest.mark.parametrize("path", ["/", "/_mock", *FILES])
def test_without_the_control_api_there_is_no_page(serve: Serve, path: str) -> None:
    more = {"accept": BROWSER, "authorization": "Bearer sk-test"}
    raw = asked(serve(control=False), path, **more)

    assert raw.status == 404
    assert raw.headers["content-type"].startswith("application/json")
