"""F22: a page that calls the server by a name of its own is refused; programs go on working."""

import pytest

from mockserver.errors import UsageError
from mockserver.server.cors import Cors
from mockserver.server.hosts import Hosts, host_of

PAGE = {"origin": "http://evil.com"}


@pytest.mark.parametrize(
    "host", ["evil.com", "evil.com:8089", "127.0.0.1.evil.com", "localhost.a.com"]
)
@pytest.mark.parametrize(
    ("method", "more"),
    [
        pytest.param("GET", {}, id="F22 a rebound page's GET says nothing of it"),
        pytest.param("HEAD", {}, id="F22 HEAD"),
        pytest.param("POST", PAGE, id="F22 POST has an Origin"),
        pytest.param("POST", {"origin": "null"}, id="F22 an opaque origin"),
        pytest.param("DELETE", PAGE, id="F22 DELETE"),
        pytest.param("GET", {"sec-fetch-site": "same-origin"}, id="F22 fetch metadata"),
        pytest.param("OPTIONS", PAGE, id="F22 a preflight"),
    ],
)
def test_a_page_with_a_name_of_its_own_is_refused(
    host: str, method: str, more: dict[str, str]
) -> None:
    refusal = Hosts().refusal(method, {"host": host, **more})

    assert refusal is not None
    assert f"--allow-host {host_of(host)}" in refusal


@pytest.mark.parametrize(
    "host", ["api.openai.com", "me.openai.azure.com", "192.168.1.7", "10.0.0.1"]
)
def test_a_browser_names_loopback_even_where_programs_need_not(host: str) -> None:
    assert Hosts().refusal("GET", {"host": host, "sec-fetch-site": "none"}) is not None
    assert Hosts().refusal("POST", {"host": host, "origin": f"http://{host}"}) is not None


@pytest.mark.parametrize(
    "host",
    [
        *(
            "localhost",
            "localhost:8089",
            "LOCALHOST.",
            "127.0.0.1:1",
            "127.8.8.8",
            "[::1]:80",
            "::1",
        ),
        "",
    ],
)
def test_pages_and_programs_may_call_loopback(host: str) -> None:
    for more in ({}, PAGE, {"sec-fetch-site": "cross-site"}):
        for method in ("GET", "POST"):
            assert Hosts().refusal(method, {"host": host, **more}) is None


@pytest.mark.parametrize(
    "host",
    [
        *("api.openai.com", "me.openai.azure.com", "openrouter.ai:443", "ai-gateway.vercel.sh"),
        *("mockserver:8089", "host.docker.internal", "mock.default.svc.cluster.local", "10.0.0.7"),
    ],
)
def test_programs_may_use_a_providers_name(host: str) -> None:
    for method in ("GET", "POST", "DELETE", "HEAD"):
        assert Hosts().refusal(method, {"host": host}) is None
    assert Hosts().refusal("POST", {"host": "any.example.org"}) is None


@pytest.mark.parametrize(
    ("named", "host", "allowed"),
    [
        (("mock.example.org",), "mock.example.org:8089", True),
        (("Mock.Example.org",), "mock.example.ORG.", True),
        (("mock.example.org",), "evil.mock.example.org", False),
        (("*.example.org",), "a.example.org", True),
        (("*.example.org",), "aexample.org", False),
        (("*",), "evil.com", True),
        (("192.168.1.7",), "192.168.1.7:80", True),
        (("fe80::1",), "[fe80::1]:80", True),
    ],
)
def test_allow_host_names_more(named: tuple[str, ...], host: str, allowed: bool) -> None:  # noqa: FBT001 - a case
    assert (Hosts(named).refusal("POST", {"host": host, **PAGE}) is None) is allowed


def test_the_allowed_origin_may_call_by_any_name() -> None:
    hosts = Hosts(cors=Cors("http://app.example.org"))
    page = {"host": "api.example.org", "origin": "http://app.example.org"}

    assert hosts.refusal("POST", page) is None
    assert hosts.refusal("POST", {**page, "origin": "http://api.example.org"}) is not None
    assert Hosts(cors=Cors("*")).refusal("GET", {"host": "evil.com"}) is None


@pytest.mark.parametrize("name", ["", " ", "http://x", "a b", "a/b"])
def test_what_is_no_host_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match="not the name of a host"):
        Hosts((name,))


def test_a_host_that_cannot_be_read_is_no_loopback() -> None:
    assert Hosts().refusal("GET", {"host": "[::1"}) is not None or host_of("[::1")
