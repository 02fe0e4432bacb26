"""Every failure that providers showed, byte for byte as it comes out of a socket."""

import gzip
import re
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from support.failure_cases import ANSWER, CASES, Case
from support.wire import Connection, Raw, exchange, request

from mockserver import MockServer, load_scenario
from mockserver.scenario.loader import ScenarioText
from mockserver.wire.jsontext import compact

CHAT = "/v1/chat/completions"
SILENCE_S = 0.4
BY_NAME = {case.name: case for case in CASES}
DELTA = b'"delta":{"content":" three"}'
EVENT_END = b"\n\n"


@pytest.fixture(scope="module")
def server() -> Iterator[MockServer]:
    rules = [case.rule for case in CASES]
    scenario = load_scenario(ScenarioText(compact({"version": 1, "rules": rules})))
    with MockServer(scenario) as started:
        yield started


def asked(case: Case) -> bytes:
    messages = [{"role": "user", "content": case.name}]
    body = {"model": "gpt-4o", "messages": messages, **case.asked}
    return request("POST", CHAT, body)


def sent(server: MockServer, name: str) -> Raw:
    """Return all that comes until the connection ends."""
    return exchange(server, asked(BY_NAME[name]))


def sent_until_silent(server: MockServer, name: str) -> bytes:
    """Return what comes of an answer that stands still."""
    with Connection(server) as connection:
        connection.send(asked(BY_NAME[name]))
        return connection.receive_until_silent(SILENCE_S)


@dataclass(frozen=True)
class Wanted:
    """What a response is: its status, what stands in head and body in this order, and its end."""

    status: int
    head: tuple[bytes, ...] = ()
    body: tuple[bytes, ...] = ()
    end: bytes = b""
    without: tuple[bytes, ...] = ()
    whole: bool = True
    reset: bool = False


def in_order(parts: tuple[bytes, ...], text: bytes) -> bool:
    return re.search(b".*".join(map(re.escape, parts)), text, re.DOTALL) is not None


LIMIT_HEAD = (b"HTTP/1.1 429 Too Many Requests\r\n", b"x-request-id: req_")
REFUSED_BY_API = b'{\n  "error": {\n    "message": '
REFUSED_BY_EDGE = b'{\n    "error": {\n        "message": '
STREAM = (b"content-type: text/event-stream; charset=utf-8\r\n", b"transfer-encoding: chunked")
JSON = (b"content-type: application/json\r\n",)
DONE = b"data: [DONE]\n\n"


def told(status: int, *body: bytes, head: tuple[bytes, ...] = ()) -> Wanted:
    return Wanted(status, head, body)


def streamed(*body: bytes, end: bytes = DONE, **more: object) -> Wanted:
    return Wanted(200, STREAM, body, end, **more)  # type: ignore[arg-type]


def answered(*body: bytes, **more: object) -> Wanted:
    return Wanted(200, JSON, body, **more)  # type: ignore[arg-type]


WANTED: dict[str, Wanted] = {
    "requests-per-minute": told(
        429,
        REFUSED_BY_EDGE + b'"Rate limit reached for gpt-4o in organization org-mockserver on '
        b"requests per min (RPM): Limit 10000, Used 10000, Requested 1. Please try again in 6ms. "
        b'Visit https://platform.openai.com/account/rate-limits to learn more."',
        b'"type": "requests"',
        b'"param": null',
        b'"code": "rate_limit_exceeded"',
        head=(
            *LIMIT_HEAD,
            b"x-ratelimit-limit-requests: 10000\r\n",
            b"x-ratelimit-remaining-requests: 0\r\n",
            b"x-ratelimit-reset-requests: 1m0s\r\n",
            b"retry-after: 1\r\nretry-after-ms: 6\r\n",
        ),
    ),
    "tokens-per-minute": told(
        429,
        b"on tokens per min (TPM): Limit 30000000, Used 30000000, Requested ",
        b'"type": "tokens"',
        head=(*LIMIT_HEAD, b"x-ratelimit-remaining-tokens: 0\r\n"),
    ),
    "too-large": told(
        429,
        b'"Request too large for gpt-4o in organization org-mockserver on tokens per min (TPM): '
        b"Limit 30000000, Requested 300000",
        b'"type": "tokens"',
        head=LIMIT_HEAD,
    ),
    "wrong-rate-headers": told(
        429,
        head=(
            *LIMIT_HEAD,
            b"x-ratelimit-remaining-tokens: -1\r\n",
            b"x-ratelimit-limit-tokens: -1\r\n",
            b"x-ratelimit-reset-tokens: 0\r\n",
        ),
    ),
    "quota": told(
        429, b'"You exceeded your current quota', b'"code": "insufficient_quota"', head=LIMIT_HEAD
    ),
    "quota-not-to-be-retried": told(
        429, b"insufficient_quota", head=(*LIMIT_HEAD, b"x-should-retry: false\r\n")
    ),
    "quota-402": told(402, b"insufficient_quota", head=(b"HTTP/1.1 402 Payment Required",)),
    "quota-400": told(400, b"insufficient_quota"),
    "json-500": told(500, REFUSED_BY_API + b'"The server had an error', b'"type": "server_error"'),
    "json-502": told(502, b"server_error", head=(b"HTTP/1.1 502 Bad Gateway\r\n",)),
    "json-503": told(503, b'"The server is currently overloaded', b'"type": "server_error"'),
    "json-504": told(504, b"server_error", head=(b"HTTP/1.1 504 Gateway Timeout\r\n",)),
    "page-502": Wanted(
        502,
        (b"content-type: text/html\r\n", b"server: cloudflare\r\n", b"cf-ray: "),
        (b"<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n",),
        b"<center>cloudflare</center>\r\n</body>\r\n</html>\r\n",
        without=(b"x-request-id",),
    ),
    "page-520": told(
        520,
        b"<title>api.openai.com | 520: Web server is returning an unknown error</title>",
        head=(b"HTTP/1.1 520 Unknown\r\n", b"server: cloudflare\r\n"),
    ),
    "overloaded": told(503, b'"The server is currently overloaded', b"server_error"),
    "overloaded-529": told(
        529, b'"Overloaded"', b'"type": "overloaded_error"', head=(b"x-should-retry: true\r\n",)
    ),
    "expired-key": told(401, REFUSED_BY_EDGE, b'"code": "invalid_api_key"'),
    "wrong-region": told(403, b'"code": "unsupported_country_region_territory"'),
    "no-such-model": told(404, b'"code": "model_not_found"'),
    "context-exceeded": told(400, b'"param": "messages"', b'"code": "context_length_exceeded"'),
    "context-exceeded-in-the-stream": streamed(
        DELTA, b'data: {"error":{', end=b'"code":"context_length_exceeded"}}\n\n'
    ),
    "prompt-filtered": told(400, b'"param": "prompt"', b'"code": "content_filter"'),
    "retry-after-a-date": told(429, head=(b"retry-after: Wed, 21 Oct 2015 07:28:00 GMT\r\n",)),
    "retry-after-a-float": told(429, head=(b"retry-after: 0.05\r\n",)),
    "retry-after-an-hour": told(429, head=(b"retry-after: 3600\r\nretry-after-ms: 3600000\r\n",)),
    "retry-after-0": told(429, head=(b"retry-after: 0\r\n",)),
    "retry-after-negative": told(429, head=(b"retry-after: -5\r\n",)),
    "retry-after-nan": told(429, head=(b"retry-after: nan\r\n",)),
    "retry-after-soon": told(429, head=(b"retry-after: soon\r\n",)),
    "rst-after-headers": streamed(end=b"", whole=False, reset=True),
    "fin-after-headers": streamed(end=b"", whole=False),
    "rst-in-the-body": streamed(DELTA, end=EVENT_END, whole=False, reset=True),
    "incomplete-chunked-read": streamed(DELTA, end=EVENT_END, whole=False),
    "short-body": Wanted(
        200, (b"content-length: 828\r\n",), (b'{\n  "id": "chatcmpl-',), whole=False
    ),
    "stale-connection": answered(b'"content": "' + ANSWER.encode()),
    "closed-connection": answered(b'"content": "' + ANSWER.encode()),
    "bad-chunk": streamed(DELTA, end=b"\n\n\r\nZZ\r\n", whole=False),
    "gzip-plain": Wanted(200, (b"content-encoding: gzip\r\n",), (b'{\n  "id": "chatcmpl-',)),
    "gzip-truncated": Wanted(200, (b"content-encoding: gzip\r\n",), (b"\x1f\x8b\x08",)),
    "gzip-corrupt": Wanted(200, (b"content-encoding: gzip\r\n",), (b"\x1f\x8b\x08",)),
    "gzip-corrupt-streamed": streamed(b"\x1f\x8b\x08", end=b""),
    "br-not-asked-for": Wanted(
        200, (b"content-encoding: br\r\n",), (b'{\n  "id": "chatcmpl-',), b"\x03"
    ),
    "slow-first-token": streamed(DELTA),
    "stall-with-comments": streamed(DELTA, EVENT_END + b": keep-alive\n\n: keep-alive\n\n"),
    "drip": streamed(DELTA),
    "no-done": streamed(b'"finish_reason":"stop"', end=b"}\n\n", without=(b"[DONE]",)),
    "no-finish": streamed(DELTA, without=(b'"stop"',)),
    "neither-finish-nor-done": streamed(DELTA, end=b"}\n\n", without=(b'"stop"', b"[DONE]")),
    "cut-cleanly": streamed(DELTA, end=EVENT_END, without=(b" four", b'"stop"', b"[DONE]")),
    "blank-choices-first": streamed(
        b'data: {"choices":[],"created":0,"id":"","model":"","object":"",'
        b'"prompt_filter_results":[{"prompt_index":0,"content_filter_results":{}}]}\n\n',
        b'"role":"assistant"',
    ),
    "empty-choices": streamed(DELTA, b'"choices":[]', b" four"),
    "empty-stop": answered(b'"content": ""', b'"finish_reason": "stop"', b'"completion_tokens": 0'),
    "empty-length": answered(b'"content": ""', b'"finish_reason": "length"'),
    "duplicated": streamed(DELTA, DELTA, b" four"),
    "cumulative": streamed(DELTA, b'"delta":{"content":"One two three"}', b" four"),
    "error-event": streamed(
        DELTA,
        b'data: {"error":{"message":"The server had an error while processing your request. '
        b'Sorry about that!","type":"server_error","param":null,"code":null}}',
        end=EVENT_END,
        without=(b" four", b"[DONE]"),
    ),
    "error-event-named": streamed(
        DELTA, b'event: error\ndata: {"error":{"message":', end=EVENT_END, without=(b"[DONE]",)
    ),
    "error-object": streamed(DELTA, b'data: {"object":"error","message":', end=b'"code":500}\n\n'),
    "error-choice": streamed(
        DELTA,
        b'"object":"chat.completion.chunk"',
        b'"finish_reason":"error"',
        b'"error":{"code":500,"message":"The server had',
        end=EVENT_END,
    ),
    "error-with-status-200": told(200, REFUSED_BY_API, b'"type": "server_error"'),
    "byte-by-byte": streamed(b"Z", b"\xc3", b"\xbc", b"\xf0", b"\x9f", b"\xa6", b"\xa9"),
    "odd-pieces": streamed(DELTA),
    "crlf": streamed(DELTA, end=b"data: [DONE]\r\n\r\n"),
    "cr": streamed(DELTA, end=b"data: [DONE]\r\r"),
    "crlf-split": streamed(DELTA, end=b"data: [DONE]\r\n\r\n"),
    "no-space": streamed(b'data:{"id":"chatcmpl-', end=b"data:[DONE]\n\n"),
    "no-blank-line": streamed(DELTA, end=b"\n\ndata: [DONE]\n"),
    "comment": streamed(DELTA, b"\n\n: keep-alive\n\ndata: "),
    "event-without-data": streamed(DELTA, b"\n\nevent: ping\ndata: \n\ndata: "),
    "invalid-utf-8": streamed(DELTA, b'"delta":{"content":"\xff"}', b" four"),
    "bad-json": streamed(DELTA, b'data: {"id":"chatcmpl-', b'"chat.compl', b" four"),
    "truncated-body": answered(b'"content": "One two three', end=b"One two three"),
    "empty-body": answered(),
    "html-with-200": Wanted(200, (b"content-type: text/html\r\n",), (b"<!DOCTYPE html>\n<html>",)),
    "html-for-a-stream": Wanted(200, (b"content-type: text/html\r\n",), (b"<!DOCTYPE html>",)),
    "json-for-a-stream": answered(b'"object": "chat.completion",', ANSWER.encode()),
    "stream-for-json": streamed(DELTA),
    "filtered-in-the-stream": streamed(b'"finish_reason":"content_filter"'),
    "no-usage": answered(ANSWER.encode(), without=(b'"usage"',)),
    "usage-with-a-gap": answered(b'"completion_tokens": null'),
    "usage-null": answered(b'"usage": null'),
    "another-model": answered(b'"model": "gpt-4.1-nano-2025-04-14"'),
    "no-choices": answered(b'"object": "chat.completion"', without=(b"choices", b"message")),
    "no-role": streamed(DELTA, without=(b'"role"',)),
    "arguments-cut": answered(
        rb'"arguments": "{\"city\":\"Paris\",\""', b'"finish_reason": "tool_calls"'
    ),
    "arguments-cut-by-length": answered(
        rb'"arguments": "{\"city\":\"Paris\",\""', b'"finish_reason": "length"'
    ),
    "arguments-in-single-quotes": answered(b"\"{'city':'Paris','days':3}\""),
    "arguments-with-a-trailing-comma": answered(rb'\"days\":3,}"'),
    "arguments-fenced": answered(rb'"```json\n{\"city\":\"Paris\",\"days\":3}\n```"'),
    "unknown-tool": answered(b'"name": "get_wether"'),
    "member-missing": answered(rb'"content": "{\"born\":1815}"'),
    "member-of-another-type": answered(rb'"content": "{\"name\":42,\"born\":1815}"'),
    "json-in-prose": answered(rb"\n\n```json\n{\"name\":\"Ada\",\"born\":1815}\n```\n"),
    "no-end-of-words": streamed(
        *(b'"content":" stop"',) * 6, b'"finish_reason":"length"', without=(b'"stop"',)
    ),
}
ON_THEIR_OWN = {
    "fin-before-headers",
    "rst-before-headers",
    "bad-status-line",
    "no-headers",
    "silent-stall",
    "lingering",
}
"""What sends no response, or no end of one: tested below."""


def test_every_case_is_looked_at() -> None:
    assert {case.name for case in CASES} == set(WANTED) | ON_THEIR_OWN


@pytest.mark.parametrize("name", WANTED)
def test_what_is_sent(server: MockServer, name: str) -> None:
    wanted = WANTED[name]
    raw = sent(server, name)
    head = raw.head + b"\r\n"
    body = raw.rest if name == "bad-chunk" else raw.body

    assert raw.status == wanted.status
    assert in_order(wanted.head, head), head
    assert in_order(wanted.body, body), body
    assert body.endswith(wanted.end)
    assert [part for part in wanted.without if part in head + body] == []
    assert (raw.is_whole, raw.was_reset) == (wanted.whole, wanted.reset)


def test_nothing_is_sent_before_a_fin(server: MockServer) -> None:
    assert sent(server, "fin-before-headers") == Raw(b"", b"")


def test_nothing_is_sent_before_a_reset(server: MockServer) -> None:
    assert sent(server, "rst-before-headers") == Raw(b"", b"", was_reset=True)


def test_a_bad_status_line_is_no_http(server: MockServer) -> None:
    assert sent(server, "bad-status-line") == Raw(b"\x00\x01\xfe\xff not HTTP", b"")


def test_a_short_body_has_exactly_so_many_bytes(server: MockServer) -> None:
    assert len(sent(server, "short-body").rest) == 40


@pytest.mark.parametrize(
    ("name", "end"),
    [
        pytest.param("no-headers", b"", id="before headers nothing comes"),
        pytest.param("silent-stall", b'"}\n\n\r\n', id="in a stream nothing follows"),
        pytest.param(
            "lingering", b"data: [DONE]\n\n\r\n", id="at the end the last chunk is missing"
        ),
    ],
)
def test_what_comes_before_silence(server: MockServer, name: str, end: bytes) -> None:
    assert sent_until_silent(server, name).endswith(end)


def test_the_next_request_on_a_stale_connection_is_reset(server: MockServer) -> None:
    with Connection(server) as connection:
        messages = [{"role": "user", "content": "stale-connection"}]
        ask = request("POST", CHAT, {"model": "gpt-4o", "messages": messages}, close=False)
        connection.send(ask)
        answer = connection.receive()
        connection.send(ask)

        assert answer.headers["connection"] == "keep-alive"
        assert connection.receive_to_the_end() == Raw(b"", b"", was_reset=True)


def test_a_connection_that_was_said_to_stay_is_closed(server: MockServer) -> None:
    with Connection(server) as connection:
        messages = [{"role": "user", "content": "closed-connection"}]
        connection.send(
            request("POST", CHAT, {"model": "gpt-4o", "messages": messages}, close=False)
        )
        answer = connection.receive()

        assert answer.headers["connection"] == "keep-alive"
        assert connection.is_closed()


Decode = Callable[[bytes], bytes]


@pytest.mark.parametrize(
    ("name", "decode", "error"),
    [
        pytest.param("gzip-truncated", gzip.decompress, EOFError, id="cut"),
        pytest.param("gzip-corrupt", gzip.decompress, zlib.error, id="garbled"),
        pytest.param("gzip-plain", gzip.decompress, gzip.BadGzipFile, id="not encoded"),
    ],
)
def test_an_encoded_body_cannot_be_read(
    server: MockServer, name: str, decode: Decode, error: type[Exception]
) -> None:
    with pytest.raises(error):
        decode(sent(server, name).body)


def test_bytes_and_lines_are_chunks_of_their_own(server: MockServer) -> None:
    assert {len(chunk) for chunk in sent(server, "byte-by-byte").chunks} == {1}
    assert {len(chunk) for chunk in sent(server, "odd-pieces").chunks[:-1]} == {7}
