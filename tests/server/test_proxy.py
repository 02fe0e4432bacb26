"""What is passed on to another server of ours: what the client gets, and what is recorded."""

import gzip
import json
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from support.wire import PATIENCE_S, Connection, chat, exchange, request

from mockserver import MockServer, load_scenario
from mockserver.cassettes.lines import read
from mockserver.cassettes.recording import Recording
from mockserver.cassettes.scrubbing import Left, Scrubber, SecretLeftError
from mockserver.records.redaction import fingerprint, mark
from mockserver.wire.http_answers import MOST_HELD

pytestmark = pytest.mark.system

CHAT = "/v1/chat/completions"
WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
    },
}
LONG = "chair " * 200_000
RULES = """
version: 1
rules:
  - name: limited
    when: {last_user: limited}
    fail: {kind: rate_limit, retry_after_s: 7}
  - name: broken
    when: {last_user: broken}
    fail: {kind: http_error, status: 500}
  - name: weather
    when: {last_user: weather}
    reply: {kind: tool_calls, calls: [{name: get_weather, arguments: {city: "Zürich"}}]}
  - name: by-byte
    when: {last_user: by byte}
    reply: "Grüße aus Zürich 🙂."
    fail: {kind: reframe, split: byte}
  - name: by-seven
    when: {last_user: by seven}
    reply: "Grüße aus Zürich 🙂."
    fail: {kind: reframe, split: 7, newline: crlf}
  - name: large
    when: {last_user: large}
    reply: {kind: raw, content_type: application/json, body: LARGE}
  - name: cut
    when: {last_user: cut}
    reply: "One two three four five six."
    fail: {kind: disconnect, after_tokens: 3}
  - name: closed
    when: {last_user: closed}
    reply: "One two three four five six."
    fail: {kind: disconnect, how: fin, after_tokens: 3}
  - name: held
    when: {last_user: held}
    reply: "One two three."
    fail: {kind: stall, after_tokens: 2, until: released}
  - name: any
    reply: "One two three four five six."
""".replace("LARGE", json.dumps({"said": LONG}))
ASKED = {
    "JSON": request("POST", CHAT, chat("Hi")),
    "a stream": request("POST", CHAT, chat("Hi", stream=True)),
    "a stream of bytes": request("POST", CHAT, chat("by byte", stream=True)),
    "a stream cut anywhere": request("POST", CHAT, chat("by seven", stream=True)),
    "a tool call": request("POST", CHAT, chat("weather", tools=[WEATHER])),
    "a streamed tool call": request("POST", CHAT, chat("weather", tools=[WEATHER], stream=True)),
    "429": request("POST", CHAT, chat("limited")),
    "500": request("POST", CHAT, chat("broken", stream=True)),
    "a refusal": request("POST", CHAT, {"model": "gpt-4o-mini"}),
    "a body that is no JSON": request("POST", CHAT, b"{"),
    "an unknown endpoint": request("PUT", "/v1/unheard/of%20it?a=b%2Fc", {"a": 1}),
    "no key": request("GET", "/v1/models", headers={"authorization": ""}),
    "models": request("GET", "/v1/models/gpt-4o-mini"),
    "HEAD": request("HEAD", "/v1/models"),
    "HTTP/1.0": request("POST", CHAT, chat("Hi", stream=True), version="1.0"),
    "1 MB there": request("POST", CHAT, chat(LONG)),
    "1 MB back": request("POST", CHAT, chat("large")),
}


@pytest.fixture(params=["plain", "TLS"])
def upstream(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[MockServer]:
    folder = None
    if request.param == "TLS":
        folder = tmp_path / "certificates"
        folder.mkdir()
        monkeypatch.setenv("SSL_CERT_FILE", str(folder / "mockserver-ca.pem"))
    with MockServer(RULES, tls=folder) as server:
        yield server


@contextmanager
def passing(upstream: MockServer, cassette: Path | None = None, **options: Any) -> Iterator[Any]:
    """Run a server that passes on to *upstream*; all that it was to record is in *cassette*."""
    with MockServer(upstream=upstream.url, cassette=cassette, **options) as proxy:
        yield proxy
    assert proxy.unwritten == ()


def recorded(cassette: Path) -> tuple[Recording, ...]:
    return read(cassette) if cassette.exists() else ()


def ended(server: MockServer) -> threading.Event:
    """Return what is set when another call to *server* begins or ends."""
    event = threading.Event()
    server.session().journal.watchers.add(event.set)
    return event


# --- What the client gets, and what is kept --------------------------------------------------


def test_the_client_gets_what_the_other_server_sent_and_that_is_recorded(
    upstream: MockServer, tmp_path: Path
) -> None:
    cassette = tmp_path / "calls.jsonl"
    with MockServer(RULES) as twin, passing(upstream, cassette) as proxy:
        sent = {name: exchange(twin, content) for name, content in ASKED.items()}
        got = {name: exchange(proxy, content) for name, content in ASKED.items()}

    assert {name: raw.undated for name, raw in got.items()} == {
        name: raw.undated for name, raw in sent.items()
    }
    kept = dict(zip(ASKED, recorded(cassette), strict=True))
    for name, recording in kept.items():
        raw, answer = sent[name], recording.answer
        assert (answer.status, answer.body) == (raw.status, raw.body), name
        sizes = [piece.size for piece in answer.pieces]
        assert sum(sizes) == len(answer.body), name
        if raw.is_chunked and len(raw.body) < MOST_HELD:
            assert sizes == [len(chunk) for chunk in raw.chunks], name
    endpoints = [recording.endpoint for recording in kept.values()]
    assert endpoints.count("chat.completions") == 13
    assert b"sk-test" not in cassette.read_bytes()


def test_fifty_at_once_get_their_own_answers(upstream: MockServer, tmp_path: Path) -> None:
    cassette = tmp_path / "calls.jsonl"
    asked = [
        request("POST", CHAT, chat(f"Hi {number}", stream=number % 2 == 1)) for number in range(50)
    ]
    with (
        MockServer(RULES) as twin,
        passing(upstream, cassette) as proxy,
        ThreadPoolExecutor(50) as pool,
    ):
        got = [raw.body for raw in pool.map(lambda content: exchange(proxy, content), asked)]
        sent = [exchange(twin, content).body for content in asked]

    assert got == sent
    assert sorted(one.answer.body for one in recorded(cassette)) == sorted(sent)


def test_an_answer_is_passed_on_while_it_comes(upstream: MockServer) -> None:
    with passing(upstream) as proxy, Connection(proxy) as client:
        client.send(request("POST", CHAT, chat("held", stream=True)))
        client.wait_for(b"two")
        upstream.release()
        answer = client.receive_to_the_end()
        (call,) = proxy.session().journal

    assert answer.is_whole
    assert answer.body.endswith(b"data: [DONE]\n\n")
    assert (call.status, call.outcome, call.text) == (200, "sent", "One two three.")


@pytest.mark.parametrize(("said", "reset"), [("cut", True), ("closed", False)])
def test_an_answer_that_breaks_off_breaks_off_for_the_client_and_is_not_kept(
    said: str,
    reset: bool,  # noqa: FBT001 - a case
    tmp_path: Path,
) -> None:
    cassette = tmp_path / "calls.jsonl"
    content = request("POST", CHAT, chat(said, stream=True))
    with MockServer(RULES) as upstream, MockServer(RULES) as twin:
        with passing(upstream, cassette) as proxy:
            got, sent = exchange(proxy, content), exchange(twin, content)
            exchange(proxy, request("POST", CHAT, chat("Hi")))
        broken, whole = proxy.session().journal

    assert (got.chunks, got.is_whole, got.was_reset) == (sent.chunks, False, reset)
    assert (broken.outcome, broken.status, whole.outcome) == ("aborted", 200, "sent")
    assert any("broke off" in note for note in broken.notes)
    assert len(recorded(cassette)) == 1


def test_a_client_that_leaves_ends_the_request_there_and_nothing_is_kept(tmp_path: Path) -> None:
    cassette = tmp_path / "calls.jsonl"
    with MockServer(RULES) as upstream, passing(upstream, cassette) as proxy:
        with Connection(proxy) as client:
            client.send(request("POST", CHAT, chat("held", stream=True)))
            client.wait_for(b"two")
            here, there = ended(proxy), ended(upstream)
        assert here.wait(PATIENCE_S)
        assert there.wait(PATIENCE_S)
        calls = [*proxy.session().journal, *upstream.session().journal]
        outcomes = [call.outcome for call in calls]

    assert outcomes == ["client_left", "client_left"]
    assert recorded(cassette) == ()


def test_what_lies_over_a_live_answer_acts_on_it_and_the_live_answer_is_kept(
    tmp_path: Path,
) -> None:
    cassette = tmp_path / "calls.jsonl"
    rules = {
        "rules": [
            {
                "name": "live",
                "when": {"last_user": "worse"},
                "reply": {"kind": "upstream"},
                "fail": {"kind": "truncate", "after_tokens": 2},
            }
        ]
    }
    with MockServer(RULES) as upstream:
        with MockServer(rules, upstream=upstream.url, cassette=cassette) as proxy:
            worse = exchange(proxy, request("POST", CHAT, chat("worse", stream=True)))
        (call,) = proxy.session().journal

    (kept,) = recorded(cassette)
    assert call.failures == ("truncate",)
    assert b"[DONE]" not in worse.body
    assert kept.answer.body.endswith(b"data: [DONE]\n\n")


@pytest.mark.parametrize(
    ("encoding", "how", "is_kept"),
    [
        ("gzip", "whole", True),
        ("deflate", "whole", True),
        ("br", "whole", False),
        ("gzip", "truncated", False),
        ("gzip", "plain", False),
        ("deflate", "corrupt", False),
    ],
)
def test_a_packed_answer_is_passed_on_packed_and_kept_unpacked(
    encoding: str,
    how: str,
    is_kept: bool,  # noqa: FBT001 - a case
    tmp_path: Path,
) -> None:
    cassette = tmp_path / "calls.jsonl"
    fail = {"kind": "encode", "as": encoding, "how": how}
    packed = {"rules": [{"name": "packed", "reply": "One two three.", "fail": fail}]}
    content = request("POST", CHAT, chat("Hi", stream=True))
    with (
        MockServer(packed) as upstream,
        MockServer(packed) as twin,
        passing(upstream, cassette) as proxy,
    ):
        got, sent = exchange(proxy, content), exchange(twin, content)

    assert got.undated == sent.undated
    assert got.headers["content-encoding"] == encoding
    kept = recorded(cassette)
    assert len(kept) == is_kept
    for one in kept:
        assert one.answer.body.endswith(b"data: [DONE]\n\n")
        assert "content-encoding" not in dict(one.answer.headers)


def test_an_answer_in_too_many_pieces_is_passed_on_and_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mockserver.server.upstream.MOST_PIECES", 20)
    cassette = tmp_path / "calls.jsonl"
    content = request("POST", CHAT, chat("by byte", stream=True))
    with MockServer(RULES) as upstream, passing(upstream, cassette) as proxy:
        got, sent = exchange(proxy, content), exchange(upstream, content)

    assert got.body.count(b"data: ") == sent.body.count(b"data: ")
    assert recorded(cassette) == ()


def test_a_connection_that_is_let_go_while_it_is_used_again_is_made_anew() -> None:
    said = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}"
    taken: list[int] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            for answers in (1, 1, 0):
                connection, _ = listener.accept()
                with connection:
                    for _ in range(answers):
                        connection.recv(65_536)
                        connection.sendall(said)
                    taken.append(len(connection.recv(65_536)))  # and no answer to this one

        thread = threading.Thread(target=answer)
        thread.start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        with MockServer(upstream=url) as proxy:
            got = [exchange(proxy, request("POST", CHAT, chat("Hi"))).status for _ in range(3)]
        thread.join(PATIENCE_S)

    assert got == [200, 200, 502]
    assert all(taken)


JSON_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n\r\n"
ODD_EVENTS = (
    b'data: [1]\n\ndata: {"choices":[{"index":1e400,"delta":{"tool_calls":[{"index":"a"},'
    b'{"index":-1}]}}]}\n\ndata: {"type":5,"response":[]}\n\n'
)
STREAM_HEAD = JSON_HEAD.replace(b"application/json", b"text/event-stream")


@pytest.mark.parametrize(
    ("what", "sent", "status"),
    [
        ("nothing", b"", 502),
        ("no HTTP", b"\0\xff\r\n\r\n", 502),
        ("half a head", b"HTTP/1.1 200 OK\r\ncontent-ty", 502),
        ("announcements", b"HTTP/1.1 100 Continue\r\n\r\n" * 5_000, 502),
        ("a redirect", b"HTTP/1.1 302 Found\r\nlocation: http://192.0.2.1/\r\n\r\n", 302),
        ("JSON without an end", JSON_HEAD + b"[" * 100_000, 200),
        ("a long number", JSON_HEAD + b'{"id":' + b"9" * 10_000 + b"}", 200),
        ("NaN", JSON_HEAD + b'{"usage":{"prompt_tokens":NaN,"total_tokens":-1}}', 200),
        ("odd JSON", JSON_HEAD + b'{"choices":[null,{"message":5}],"usage":[]}', 200),
        ("no text", JSON_HEAD + b"\xff\0\xfe", 200),
        ("half a pair", JSON_HEAD + b'{"choices":[{"message":{"content":"\\ud800"}}]}', 200),
        ("odd events", STREAM_HEAD + ODD_EVENTS, 200),
    ],
)
def test_whatever_comes_the_client_gets_it_or_is_told(
    what: str, sent: bytes, status: int, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    cassette = tmp_path / f"{what}.jsonl"
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(65_536)
                connection.sendall(sent)

        thread = threading.Thread(target=answer)
        thread.start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        content = request("POST", CHAT, chat("Hi"))
        with MockServer(upstream=url, cassette=cassette) as proxy:
            got = exchange(proxy, content)
            assert exchange(proxy, request("GET", "/healthz")).status == 200
        thread.join(PATIENCE_S)
    for one in recorded(cassette):
        with MockServer(cassette=cassette, time_scale=0) as replay:
            assert exchange(replay, content).body == one.answer.body

    assert (got.status, proxy.unwritten) == (status, ())
    assert len(recorded(cassette)) == (status != 502)
    assert "please report" not in caplog.text


# --- What goes where -------------------------------------------------------------------------


def test_recordings_answer_first_and_what_they_lack_is_added(tmp_path: Path) -> None:
    cassette = tmp_path / "calls.jsonl"
    first, second = (request("POST", CHAT, chat(said)) for said in ("first", "second"))
    with MockServer(RULES) as upstream:
        with passing(upstream, cassette) as proxy:
            before = exchange(proxy, first)
            again = exchange(proxy, first)  # what was added is not replayed meanwhile
        with passing(upstream, cassette) as proxy:
            after = exchange(proxy, first)
            exchange(proxy, second)
            rules = [call.rule for call in proxy.session().journal]
        there = len(upstream.session().journal)
    with MockServer(cassette=cassette) as replaying:
        alone = [exchange(replaying, content).body for content in (first, first)]

    assert rules == ["cassette", None]
    assert there == 3
    assert after.body == before.body
    assert alone == [before.body, again.body]
    assert before.body != again.body
    assert len(recorded(cassette)) == 3


def test_all_is_recorded_anew_once_there_is_something_to_keep(tmp_path: Path) -> None:
    cassette = tmp_path / "calls.jsonl"
    asked = request("POST", CHAT, chat("first"))
    with MockServer(RULES) as upstream:
        with passing(upstream, cassette) as proxy:
            exchange(proxy, asked)
        kept = cassette.read_bytes()
        with passing(upstream, cassette, record="all"):
            pass
        untouched = cassette.read_bytes()
        with passing(upstream, cassette, record="all") as proxy:
            for said in ("second", "third"):
                exchange(proxy, request("POST", CHAT, chat(said)))

    assert untouched == kept
    said = [one.request.sent["messages"][0]["content"] for one in recorded(cassette)]
    assert said == ["second", "third"]


def test_nothing_leaves_without_recording_but_what_rules_send(tmp_path: Path) -> None:
    cassette = tmp_path / "calls.jsonl"
    live = {"name": "live", "when": {"last_user": "live"}, "reply": {"kind": "upstream"}}
    with MockServer(RULES) as upstream:
        with passing(upstream, cassette) as proxy:
            exchange(proxy, request("POST", CHAT, chat("first")))
        size = cassette.stat().st_size
        options = {"upstream": upstream.url, "cassette": cassette, "record": "none"}
        with MockServer({"rules": [live]}, **options) as proxy:
            for said in ("first", "live", "other"):
                exchange(proxy, request("POST", CHAT, chat(said)))
            rules = [call.rule for call in proxy.session().journal]
        there = len(upstream.session().journal)

    assert rules == ["cassette", "live", None]
    assert (there, cassette.stat().st_size) == (2, size)


def test_the_rules_of_a_scenario_go_before_recordings_also_once_it_is_replaced(
    tmp_path: Path,
) -> None:
    cassette = tmp_path / "calls.jsonl"
    asked = request("POST", CHAT, chat("Hi"))
    with MockServer(RULES) as upstream, passing(upstream, cassette) as proxy:
        exchange(proxy, asked)
    by_hand = {"name": "by-hand", "when": {"last_user": "hand"}, "reply": "By hand."}
    with MockServer({"rules": [by_hand]}, cassette=cassette) as server:
        exchange(server, request("POST", CHAT, chat("hand")))
        server.perform(_reloaded(server))
        for content in (request("POST", CHAT, chat("hand")), asked):
            exchange(server, content)
        rules = [call.rule for call in server.session().journal]

    assert rules == ["by-hand", None, "cassette"]


async def _reloaded(server: MockServer) -> None:
    server.engine.sessions.reload(load_scenario({"rules": []}))


def test_a_key_from_the_environment_takes_the_place_of_the_clients(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cassette = tmp_path / "calls.jsonl"
    key = "not-like-a-key.but.one"
    monkeypatch.setenv("PROVIDER_KEY", key)
    echo = {"rules": [{"name": "echo", "reply": {"kind": "text", "text": f"You are {key}."}}]}
    with MockServer(echo) as upstream:
        with passing(upstream, cassette, upstream_key_env="PROVIDER_KEY") as proxy:
            for headers in ({}, {"authorization": ""}, {"api-key": "mine"}):
                said = exchange(proxy, request("POST", CHAT, chat("Hi"), headers=headers))
        keys = {call.key for call in upstream.session().journal}

    assert key.encode() in said.body
    assert keys == {fingerprint(key)}
    assert key.encode() not in cassette.read_bytes()
    assert len(recorded(cassette)) == 3


def test_what_scenarios_call_secret_is_taken_out_too(tmp_path: Path) -> None:
    cassette = tmp_path / "calls.jsonl"
    redact = {"redact": ["customer-([0-9]+)"], "rules": []}
    with (
        MockServer(RULES) as upstream,
        MockServer(redact, upstream=upstream.url, cassette=cassette, redact="ticket .*") as proxy,
    ):
        exchange(proxy, request("POST", CHAT, chat("customer-4711 has ticket Zebra")))

    (kept,) = recorded(cassette)
    said = kept.request.sent["messages"][0]["content"]
    assert said == f"customer-{mark('4711')} has {mark('ticket Zebra')}"


def test_sessions_and_prefixes_of_providers_are_of_this_server_alone(tmp_path: Path) -> None:
    cassette = tmp_path / "calls.jsonl"
    with MockServer(RULES) as upstream, passing(upstream, cassette) as proxy:
        for path in ("/s/mine/v1/models/gpt-4o%2Dmini", "/openrouter/api/v1/models?x=%20y"):
            exchange(proxy, request("GET", path))
        paths = [(call.path, call.query) for call in upstream.session().journal]

    assert paths == [("/v1/models/gpt-4o-mini", ""), ("/api/v1/models", "x=%20y")]
    assert [one.provider for one in recorded(cassette)] == ["openai", "openrouter"]


def test_pages_may_read_what_is_passed_on(tmp_path: Path) -> None:
    origin = "http://localhost:3000"
    with MockServer(RULES) as upstream, passing(upstream, cors_origin=origin) as proxy:
        got = exchange(
            proxy, request("POST", CHAT, chat("Hi", stream=True), headers={"origin": origin})
        )

    assert got.headers["access-control-allow-origin"] == origin
    assert got.headers["access-control-expose-headers"] == "*"


def test_a_packed_request_is_passed_on_unpacked() -> None:
    content = gzip.compress(json.dumps(chat("Hi")).encode())
    with MockServer(RULES) as upstream, passing(upstream) as proxy:
        got = exchange(proxy, request("POST", CHAT, content, headers={"content-encoding": "gzip"}))
        (call,) = upstream.session().journal

    assert got.status == 200
    assert call.body == chat("Hi")


def test_several_servers_may_add_to_one_cassette(tmp_path: Path) -> None:
    cassette = tmp_path / "calls.jsonl"
    with (
        MockServer(RULES) as upstream,
        passing(upstream, cassette) as one,
        passing(upstream, cassette) as other,
        ThreadPoolExecutor(8) as pool,
    ):
        asked = [(one, other)[number % 2] for number in range(40)]
        content = request("POST", CHAT, chat(LONG[:30_000]))
        for raw in pool.map(lambda proxy: exchange(proxy, content), asked):
            assert raw.status == 200

    assert len(recorded(cassette)) == 40


def test_what_would_hold_a_secret_is_not_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    cassette = tmp_path / "calls.jsonl"

    def refuse(self: Scrubber, recording: Recording, secrets: Any = ()) -> Recording:
        raise SecretLeftError([Left("the request's body", "a key")])

    monkeypatch.setattr(Scrubber, "scrubbed", refuse)
    with (
        MockServer(RULES) as upstream,
        MockServer(upstream=upstream.url, cassette=cassette) as proxy,
    ):
        got = exchange(proxy, request("POST", CHAT, chat("Hi")))

    assert got.status == 200
    assert not cassette.exists()
    (why,) = proxy.unwritten
    assert f"POST {CHAT} was not written to '{cassette}'" in why
    assert why in caplog.text
