"""HTTP errors instead of an answer: in the provider's shape, or any body at all."""

from typing import Any

import pytest
from support.inprocess import Api
from support.wire import Serve, chat, exchange, request

from mockserver.wire.timeline import Head, Pause

CHAT = "/v1/chat/completions"


def failing(fail: str) -> Api:
    return Api(f"""
        rules: [{{name: broken, fail: {fail}, reply: "Hello."}}]
    """)


@pytest.mark.parametrize(
    ("fail", "status", "error"),
    [
        pytest.param(
            "429",
            429,
            {
                "message": "Too many requests.",
                "type": "invalid_request_error",
                "param": None,
                "code": None,
            },
            id="a bare status",
        ),
        pytest.param(
            "{kind: http_error, status: 400, message: No., type: t, code: c, param: p}",
            400,
            {"message": "No.", "type": "t", "param": "p", "code": "c"},
            id="all members stated",
        ),
    ],
)
def test_an_error_has_the_providers_shape(fail: str, status: int, error: dict[str, Any]) -> None:
    answered = failing(fail).chat()

    assert (answered.status, answered.json) == (status, {"error": error})


@pytest.mark.parametrize("status", [500, 502, 503, 504, 599])
def test_a_servers_fault_is_called_one(status: int) -> None:
    error = failing(str(status)).chat().error

    assert (error["type"], error["message"].startswith("The server ")) == ("server_error", True)


@pytest.mark.parametrize(
    ("status", "is_edge"),
    [(401, True), (403, True), (404, True), (429, True), (400, False), (500, False)],
)
def test_a_status_is_printed_by_the_layer_that_sends_it(status: int, *, is_edge: bool) -> None:
    answered = failing(str(status)).chat()

    assert answered.body.startswith(b'{\n    "error"' if is_edge else b'{\n  "error"')
    assert ("vary" in answered.headers) == is_edge


def test_a_stated_body_goes_out_as_it_is() -> None:
    answered = failing(
        "{kind: http_error, status: 502, body: '<html>é</html>', headers: {server: cloudflare}}"
    ).chat()

    assert answered.timeline[0] == Head.of(
        502, (("content-type", "text/html"), ("server", "cloudflare")), 15
    )
    assert answered.body == "<html>é</html>".encode()


def test_a_stated_body_may_have_another_type() -> None:
    answered = failing(
        "{kind: http_error, status: 400, body: '{}', content_type: application/json}"
    ).chat()

    assert answered.headers == {"content-type": "application/json"}


def test_stated_headers_are_added() -> None:
    answered = failing('{kind: http_error, status: 429, headers: {retry-after: "7"}}').chat()

    assert answered.headers["retry-after"] == "7"


def test_nothing_happens_for_the_delay_before_the_error() -> None:
    answered = Api("""
        rules: [{name: broken, fail: {kind: http_error, status: 500, delay_ms: 250}}]
    """).chat()

    assert answered.timeline[0] == Pause(0.25)
    assert answered.call.status == 500


def test_a_stream_is_refused_by_json_too() -> None:
    assert failing("500").chat(stream=True).error["type"] == "server_error"


def test_a_legacy_request_is_refused_alike() -> None:
    assert failing("500").complete().error["type"] == "server_error"


@pytest.mark.parametrize(
    ("trigger", "statuses"),
    [
        pytest.param("times: 2", [500, 500, 200, 200, 200, 200], id="times"),
        pytest.param("every: 3", [200, 200, 500, 200, 200, 500], id="every"),
        pytest.param("calls: [2, 5]", [200, 500, 200, 200, 500, 200], id="calls"),
        pytest.param("times: 5, every: 2", [200, 500, 200, 500, 200, 200], id="both"),
    ],
)
def test_triggers_choose_the_calls_that_fail(
    serve: Serve, trigger: str, statuses: list[int]
) -> None:
    server = serve(f"""
        rules:
          - {{name: broken, fail: {{kind: http_error, status: 500, {trigger}}}, reply: "Hello."}}
    """)

    assert [exchange(server, request("POST", CHAT, chat())).status for _ in statuses] == statuses


def test_an_error_leaves_the_connection_open(serve: Serve) -> None:
    server = serve("rules: [{name: broken, times: 1, fail: 503}]")

    raw = exchange(server, request("POST", CHAT, chat(), close=False) + request("GET", "/healthz"))

    assert (raw.status, raw.rest.endswith(b'{"status": "ok"}')) == (503, True)
