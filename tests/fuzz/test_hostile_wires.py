"""Whatever is sent down a connection, it is answered, or refused in the provider's JSON."""

import json
import re
import zlib
from gzip import compress
from typing import Any

import pytest
from fuzz_corpus import TIMES, Mutator, chat
from fuzz_watched import Watched
from support.wire import Connection, Raw, exchange, request

CHAT = "/v1/chat/completions"
BODY = json.dumps(chat()).encode()
PLAIN = request("POST", CHAT, BODY)
NEXT = request("POST", CHAT, BODY, close=False)
SHARDS = range(4 * TIMES)
SHARD = 50
SILENCE_S = 0.02
"""After so long, a server that says nothing is taken to wait for more."""


def post(body: bytes = BODY, *, target: str = CHAT, **headers: str) -> bytes:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return request("POST", target, body, headers=named)


def without_length(content: bytes) -> bytes:
    head, _, body = content.partition(b"\r\n\r\n")
    kept = [line for line in head.split(b"\r\n") if not line.startswith(b"content-length")]
    return b"\r\n".join(kept) + b"\r\n\r\n" + body


def chunked(body: bytes, **headers: str) -> bytes:
    return without_length(post(body, transfer_encoding="chunked", **headers))


def with_line(line: bytes, content: bytes = PLAIN) -> bytes:
    """Return the request *content* with another header."""
    start, _, rest = content.partition(b"\r\n")
    return start + b"\r\n" + line + b"\r\n" + rest


def chunks(*pieces: bytes) -> bytes:
    return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in (*pieces, b""))


def is_refusal(raw: Raw) -> bool:
    error = raw.json["error"]
    return 400 <= raw.status < 500 and sorted(error) == ["code", "message", "param", "type"]


ANSWERED = {
    "a plain request": PLAIN,
    "empty lines before it": b"\r\n\r\n" + PLAIN,
    "HTTP/1.0": request("POST", CHAT, BODY, version="1.0"),
    "HTTP/1.0 that would stay": request(
        "POST", CHAT, BODY, version="1.0", close=False, headers={"connection": "keep-alive"}
    ),
    "HTTP/1.0 without a host": PLAIN.replace(b"HTTP/1.1\r\nhost: localhost", b"HTTP/1.0"),
    "chunks": chunked(chunks(BODY[:9], BODY[9:])),
    "a chunk with an extension": chunked(b"%x;a=b\r\n%b\r\n0\r\n\r\n" % (len(BODY), BODY)),
    "trailers": chunked(b"%x\r\n%b\r\n0\r\nx-t: 1\r\n\r\n" % (len(BODY), BODY)),
    "one chunk for each byte": chunked(chunks(*(bytes([byte]) for byte in BODY))),
    "gzip": post(compress(BODY), content_encoding="gzip"),
    "gzip in chunks": chunked(chunks(compress(BODY)), content_encoding="gzip"),
    "deflate": post(zlib.compress(BODY), content_encoding="deflate"),
    "an encoding that nobody knows": post(content_encoding="zzz"),
    "a header of 60,000 bytes": post(x_long="a" * 60_000),
    "a hundred headers": request("POST", CHAT, BODY, headers={f"x-{n}": "a" for n in range(100)}),
    "a header twice": with_line(b"authorization: Bearer other"),
    "a header in UTF-8": with_line("x-odd: é\N{FLAMINGO}".encode()),
    "a header in no encoding": with_line(b"x-odd: \xff\xfe"),
    "a key in no encoding": PLAIN.replace(b"sk-test", b"\xff\xc3\xa9"),
    "a key of 60,000 bytes": PLAIN.replace(b"sk-test", b"k" * 60_000),
    "a session beyond ASCII": post(target="/s/%C3%A9/v1/chat/completions"),
    "an encoded slash": post(target="/v1%2fchat%2fcompletions"),
    "a query in no encoding": post(target=f"{CHAT}?a=%zz&%ff&b"),
    "the absolute form": post(target=f"http://example.com:80{CHAT}?a=b"),
    "an expectation that nobody has": post(expect="200-ok"),
    "no content type": PLAIN.replace(b"content-type: application/json\r\n", b""),
    "another charset": post(content_type="application/json; charset=utf-16"),
    "a cookie": post(cookie='a=b; ;;=; "'),
    "a range, and a condition": post(range="bytes=0-1", if_modified_since="never"),
    "no encoding that will do": post(accept_encoding="br;q=x, *;q=0", accept="image/png"),
    "an upgrade to websocket": post(upgrade="websocket", sec_websocket_key="eA=="),
    "an upgrade to HTTP/2": post(upgrade="h2c", http2_settings="AAA"),
    "a host that is none": PLAIN.replace(b"host: localhost", b"host: a@b:c/d"),
}
REFUSED = {
    "a session of 50,000 bytes": post(target=f"/s/{'a' * 50_000}{CHAT}"),
    "lines that end early": PLAIN.replace(b"\r\n", b"\n"),
    "no request at all": b"\0\1\2\r\n\r\n",
    "a TLS hello": bytes.fromhex("16030100f1010000ed0303") + b"\x55" * 240,
    "the preface of HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "an SSH client": b"SSH-2.0-OpenSSH_9.9\r\n",
    "a version that is none": PLAIN.replace(b"HTTP/1.1", b"HTTP/x"),
    "no host": PLAIN.replace(b"host: localhost\r\n", b""),
    "two hosts": with_line(b"host: other"),
    "two lengths": with_line(b"content-length: 5"),
    "a length that is none": post(content_length="abc"),
    "a length below zero": post(content_length="-5"),
    "a length with a sign": post(content_length="+66"),
    "a length beyond all": post(content_length="9" * 30),
    "a list of lengths": post(content_length="66, 66"),
    "a length and chunks": post(transfer_encoding="chunked"),
    "a coding that is none": post(transfer_encoding="zzz"),
    "chunks twice": with_line(b"transfer-encoding: chunked", chunked(chunks(BODY))),
    "a chunk of ZZ bytes": chunked(b"zz\r\n"),
    "a chunk of more bytes than there are": chunked(b"f" * 20 + b"\r\n"),
    "a chunk of minus five bytes": chunked(b"-5\r\nabcde\r\n0\r\n\r\n"),
    "a chunk that is longer than it says": chunked(b"5\r\nabcdeXX0\r\n\r\n"),
    "trailers that are none": chunked(b"%x\r\n%b\r\n0\r\n\0\r\n\r\n" % (len(BODY), BODY)),
    "no gzip": post(content_encoding="gzip"),
    "no gzip in chunks": chunked(chunks(BODY), content_encoding="gzip"),
    "no deflate": post(content_encoding="deflate"),
    "gzip in gzip": post(compress(compress(BODY)), content_encoding="gzip"),
    "half a gzip": post(compress(BODY)[:30], content_encoding="gzip"),
    "a header of 70,000 bytes": post(x_long="a" * 70_000),
    "a thousand headers": request("POST", CHAT, BODY, headers={f"x{n}": "" for n in range(1_000)}),
    "a NUL in a header": with_line(b"x: a\0b"),
    "a CR in a header": with_line(b"x: a\rb"),
    "a header on two lines": with_line(b"x: a\r\n b"),
    "a header without a name": with_line(b": a"),
    "a header without a colon": with_line(b"x"),
    "a blank in a header's name": with_line(b"x y: a"),
    "no key": PLAIN.replace(b"sk-test", b""),
    "a target of 70,000 bytes": post(target="/v1/" + "a" * 70_000),
    "a target of 60,000 bytes": post(target="/v1/" + "a" * 60_000),
    "a NUL in the target": post(target="/v1/chat\0/completions"),
    "a blank in the target": post(target="/v1/chat completions"),
    "no target": post(target=""),
    "a target without a slash": post(target="v1/chat/completions"),
    "a target that is a scheme": post(target="http:"),
    "a target in raw bytes": PLAIN.replace(b"/v1/chat", b"/v1/\xff\xfe"),
    "a session in no encoding": post(target="/s/%00%ff/v1/chat/completions"),
    "an encoded NUL": post(target="/v1/chat%00/completions"),
    "encoded line ends": post(target="/v1/x%0d%0ay:z"),
    "an encoding that is none": post(target="/v1/%zz%"),
    "an encoding of no UTF-8": post(target="/v1/%ff%fe%c3"),
    "double slashes": post(target="//v1//chat//completions"),
    "dots": post(target="/v1/../../etc/passwd"),
    "a fragment": post(target=f"{CHAT}#a"),
    "a slash behind": post(target=f"{CHAT}/"),
    "the root": post(target="/"),
    "an address that is none": post(target="http://[::1/v1/chat/completions"),
    "a port that is none": post(target=f"http://x:99999999{CHAT}"),
    "a model in no encoding": request("GET", "/v1/models/%00%ff%0d%0a"),
    "a stored completion in no encoding": request("GET", f"{CHAT}/%00%ff"),
    "the asterisk": request("OPTIONS", "*"),
    "a tunnel": request("CONNECT", "example.com:443"),
    "a method in lower case": PLAIN.replace(b"POST", b"post"),
    "a method that is none": PLAIN.replace(b"POST", b"P@ST"),
    "a method of 5,000 bytes": PLAIN.replace(b"POST", b"A" * 5_000),
    "no method": PLAIN.replace(b"POST ", b""),
    "PUT": PLAIN.replace(b"POST", b"PUT"),
    "TRACE": PLAIN.replace(b"POST", b"TRACE"),
    "a form": post(b"model=a", content_type="application/x-www-form-urlencoded"),
    "parts": post(b"--x--", content_type="multipart/form-data; boundary=x"),
    "a content type that is none": post(content_type=";;;="),
    "a content type of 60,000 bytes": post(content_type="a/" + "b" * 60_000),
    "a content type in no encoding": PLAIN.replace(b"application/json", b"\xff\xfe"),
    "two content types": with_line(b"content-type: text/plain"),
    "UTF-16": post(json.dumps(chat()).encode("utf-16")),
    "nothing": post(b""),
}


def named(table: dict[str, bytes]) -> list[Any]:
    return [pytest.param(content, id=name) for name, content in table.items()]


@pytest.mark.parametrize("content", named(ANSWERED))
def test_what_is_odd_but_allowed_is_answered(watched: Watched, content: bytes) -> None:
    raw = exchange(watched, content)

    assert raw.status == 200
    assert raw.is_whole
    assert raw.json["object"] == "chat.completion"


@pytest.mark.parametrize("content", named(REFUSED))
def test_what_is_not_allowed_is_refused_in_the_providers_json(
    watched: Watched, content: bytes
) -> None:
    raw = exchange(watched, content)

    assert is_refusal(raw)
    assert raw.is_whole
    assert raw.head.startswith(b"HTTP/1.1 ")


@pytest.mark.parametrize("seed", SHARDS)
def test_a_request_with_a_few_wrong_bytes_never_gets_a_5xx(watched: Watched, seed: int) -> None:
    rng = Mutator(seed).rng
    requests = [*ANSWERED.values(), *REFUSED.values()]
    spoilers = [b"", b"\0", b"\r", b"\n", b"\r\n", b" ", b":", b"\xff", b"9", b"chunked", b"HTTP/"]

    for _ in range(SHARD):
        content = bytearray(rng.choice(requests)[:2_000])
        for _ in range(rng.randrange(1, 5)):
            at = rng.randrange(len(content))
            content[at : at + rng.randrange(4)] = rng.choice(spoilers)
        with Connection(watched) as connection:
            connection.send(bytes(content) + PLAIN)
            got = connection.receive_until_silent(SILENCE_S)

        assert re.findall(rb"HTTP/1.1 5\d\d ", got) == [], bytes(content)


def test_requests_in_one_go_are_answered_until_one_is_none(watched: Watched) -> None:
    with Connection(watched) as connection:
        connection.send(NEXT * 50)
        statuses = [connection.receive().status for _ in range(50)]
        connection.send(b"nonsense\r\n\r\n" + NEXT)
        last = connection.receive_to_the_end()

    assert set(statuses) == {200}
    assert is_refusal(last)


@pytest.mark.parametrize("upgrade", ["websocket", "h2c", "TLS/1.0"])
def test_a_connection_that_was_not_upgraded_goes_on(watched: Watched, upgrade: str) -> None:
    wished = request(
        "POST",
        CHAT,
        BODY,
        headers={"upgrade": upgrade, "connection": "upgrade"},
        close=False,
    )
    with Connection(watched) as connection:
        connection.send(wished)
        first = connection.receive()
        connection.send(NEXT)
        second = connection.receive()
        connection.send(b"\x81\x85abcdefghi\r\n\r\n")
        last = connection.receive_to_the_end()

    assert (first.status, second.status) == (200, 200)
    assert is_refusal(last)
