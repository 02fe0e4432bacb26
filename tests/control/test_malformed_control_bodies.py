"""F5: a body that cannot be read is refused by the control API as on the data plane, in silence."""

import gzip
import logging
import zlib

import pytest
from support.wire import Serve, exchange, request

pytestmark = pytest.mark.system

PACKED = gzip.compress(b'{"name": "x"}')
PATHS = (
    *("/_mock/sessions", "/_mock/sessions/default/verify", "/_mock/nowhere"),
    *("/_mock/healthz", "/v1/chat/completions", "/v1/nowhere"),
)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        pytest.param("gzip", b"junk", id="F5 junk for gzip"),
        pytest.param("gzip", PACKED[:-5], id="F5 gzip, cut"),
        pytest.param("gzip", PACKED + b"junk", id="F5 gzip and junk"),
        pytest.param("deflate", b"junk", id="F5 junk for deflate"),
        pytest.param("deflate", zlib.compress(b"{}" * 99)[:-4], id="F5 deflate, cut"),
        pytest.param("br", b"junk", id="F5 junk for brotli"),
        pytest.param("zstd", b"junk", id="F5 junk for zstd"),
        pytest.param("unheard-of", b"junk", id="F5 an unknown encoding"),
    ],
)
def test_a_body_that_cannot_be_decoded_is_refused_without_a_trace(
    serve: Serve, caplog: pytest.LogCaptureFixture, path: str, encoding: str, body: bytes
) -> None:
    server = serve()
    raw = exchange(server, request("POST", path, body, headers={"content-encoding": encoding}))

    assert 400 <= raw.status < 500
    assert [r for r in caplog.records if r.levelno >= logging.WARNING] == []


@pytest.mark.parametrize(
    "framed",
    [
        pytest.param(
            b"transfer-encoding: chunked\r\n\r\nzz\r\njunk\r\n0\r\n\r\n", id="F5 a bad size"
        ),
        pytest.param(b"content-length: 3\r\ncontent-length: 4\r\n\r\nabcd", id="F5 two lengths"),
        pytest.param(b"content-length: -1\r\n\r\nabc", id="F5 a negative length"),
        pytest.param(
            b"transfer-encoding: chunked\r\ncontent-encoding: gzip\r\n\r\n4\r\njunk\r\n0\r\n\r\n",
            id="F5 chunks of junk",
        ),
    ],
)
def test_a_body_with_broken_framing_is_refused_without_a_trace(
    serve: Serve, caplog: pytest.LogCaptureFixture, framed: bytes
) -> None:
    server = serve()
    host = server.url.partition("://")[2].encode()
    head = b"POST /_mock/sessions HTTP/1.1\r\nhost: %b\r\ncontent-type: application/json\r\n" % host
    raw = exchange(server, head + framed)

    assert raw.status == 400
    assert [r for r in caplog.records if r.levelno >= logging.WARNING] == []
