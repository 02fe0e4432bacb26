"""Bodies that are large, slow, packed or never end: refused or answered, and nothing is left."""

import json
import threading
from contextlib import ExitStack
from gzip import compress
from typing import Any

import pytest
from fuzz_corpus import chat
from fuzz_watched import Watched
from support.wire import Connection, exchange, request

CHAT = "/v1/chat/completions"
MEGABYTE = 1_000_000


def head_of(content: bytes) -> bytes:
    return content.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"


def said(text: str) -> bytes:
    return json.dumps(chat(messages=[{"role": "user", "content": text}])).encode()


def packed(body: bytes) -> bytes:
    return request("POST", CHAT, compress(body), headers={"content-encoding": "gzip"})


def tool(parameters: dict[str, Any]) -> bytes:
    function = {"name": "f", "parameters": {"type": "object", **parameters}}
    return json.dumps(chat(tools=[{"type": "function", "function": function}])).encode()


def doubling() -> dict[str, Any]:
    definitions = {
        f"d{n}": {"properties": {side: {"$ref": f"#/$defs/d{n + 1}"} for side in "ab"}}
        for n in range(60)
    }
    return {"properties": {"a": {"$ref": "#/$defs/d0"}}, "$defs": definitions}


@pytest.mark.parametrize(
    ("content", "statuses"),
    [
        pytest.param(
            request("POST", CHAT, said("a" * 10 * MEGABYTE)), {400}, id="10 MB of one letter"
        ),
        pytest.param(request("POST", CHAT, said(" " * 10 * MEGABYTE)), {200}, id="10 MB of blanks"),
        pytest.param(
            request("POST", CHAT, said("Some words. " * MEGABYTE)), {400}, id="12 MB of words"
        ),
        pytest.param(
            request("POST", CHAT, b"[" * 10 * MEGABYTE), {400}, id="10 MB of open brackets"
        ),
        pytest.param(request("POST", CHAT, b"\xff" * 10 * MEGABYTE), {400}, id="10 MB of no UTF-8"),
        pytest.param(
            request("POST", CHAT, json.dumps(chat(messages=[{}] * MEGABYTE)).encode()),
            {400},
            id="a million messages",
        ),
        pytest.param(
            request(
                "POST",
                "/v1/completions",
                json.dumps({"model": "davinci-002", "prompt": [""] * MEGABYTE}).encode(),
            ),
            {400},
            id="a million prompts",
        ),
        pytest.param(
            request("POST", CHAT, tool(doubling())), {400}, id="definitions that double sixty times"
        ),
        pytest.param(
            request("POST", CHAT, tool({"properties": {f"p{n}": {} for n in range(20_000)}})),
            {200, 400},
            id="twenty thousand properties",
        ),
        pytest.param(packed(said("Hi") + b" " * 10 * MEGABYTE), {200}, id="10 MB of packed blanks"),
        pytest.param(packed(bytes(200 * MEGABYTE)), {413}, id="200 MB in 200 kB"),
        pytest.param(
            packed(compress(bytes(200 * MEGABYTE))), {400}, id="what is packed twice and said once"
        ),
    ],
)
def test_large_bodies_are_answered_or_refused(
    watched: Watched, content: bytes, statuses: set[int]
) -> None:
    raw = exchange(watched, content)

    assert raw.status in statuses
    assert raw.is_whole
    assert raw.json["object" if raw.status == 200 else "error"]


PLAIN = request("POST", CHAT, said("Hi"))
CHUNKED = PLAIN.replace(b"content-length: %d" % len(said("Hi")), b"transfer-encoding: chunked")


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(PLAIN[:5], id="a method"),
        pytest.param(PLAIN[:80], id="some headers"),
        pytest.param(head_of(PLAIN), id="all headers"),
        pytest.param(PLAIN[:-1], id="all but a byte"),
        pytest.param(PLAIN, id="all of it"),
        pytest.param(head_of(CHUNKED), id="headers, and chunks to come"),
        pytest.param(head_of(CHUNKED) + b"5\r\n{", id="a part of a chunk"),
        pytest.param(head_of(CHUNKED) + b"1\r\n{\r\n", id="a chunk"),
        pytest.param(head_of(CHUNKED) + b"5;" + b"a" * 100_000, id="an extension that never ends"),
        pytest.param(PLAIN * 20 + PLAIN[:30], id="twenty requests and a part"),
        pytest.param(
            head_of(request("POST", CHAT, b"", headers={"content-length": str(1 << 40)})),
            id="a terabyte to come",
        ),
    ],
)
def test_who_leaves_in_the_middle_leaves_nothing_behind(watched: Watched, content: bytes) -> None:
    before = watched.census()

    for _ in range(3):
        with Connection(watched) as connection:
            connection.send(content)

    assert watched.census_after(before) == before


def test_a_body_may_come_byte_by_byte(watched: Watched) -> None:
    with Connection(watched) as connection:
        for byte in PLAIN:
            connection.send(bytes([byte]))
        raw = connection.receive_to_the_end()

    assert raw.status == 200


def test_others_are_answered_while_bodies_are_awaited(watched: Watched) -> None:
    with ExitStack() as stack:
        waiting = [stack.enter_context(Connection(watched)) for _ in range(50)]
        for connection in waiting:
            connection.send(PLAIN[:-1])

        assert watched.is_well()

        for connection in waiting:
            connection.send(PLAIN[-1:])
        statuses = [connection.receive_to_the_end().status for connection in waiting]

    assert statuses == [200] * 50


def test_large_bodies_at_once_are_all_answered(watched: Watched) -> None:
    statuses: list[int] = []

    def ask(content: bytes) -> None:
        statuses.append(exchange(watched, content).status)

    bodies = [said(f"{n} " * 20_000 + "Some words. " * 20_000) for n in range(6)]
    threads = [threading.Thread(target=ask, args=(request("POST", CHAT, body),)) for body in bodies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert statuses == [200] * 6
