"""A near miss says that a reply went to a connection whose client did not read it (T5)."""

import asyncio
import gc
import json
import socket
import time
from contextlib import suppress

import pytest
from support.inprocess import Api

from mockserver import MockServer
from mockserver.engine.engine import Exchange
from mockserver.records.journal import Call, Outcome
from mockserver.wire.http_request import Connection, HttpRequest

ONCE = "rules: [{name: once, when: {model: gpt-4o}, times: 1, reply: Hello.}]"
LEFT = "the same request was answered on a connection whose client left"
HEADERS = {"authorization": "Bearer sk-test", "content-type": "application/json"}


def ask(
    api: Api,
    connection: Connection | None,
    said: str = "Hi",
    *,
    key: str = "sk-test",
    outcome: Outcome = "sent",
) -> Call:
    if connection is not None:
        connection.requests += 1
    body = json.dumps({"model": "gpt-4o", "messages": [{"role": "user", "content": said}]})
    headers = {**HEADERS, "authorization": f"Bearer {key}"}
    http = HttpRequest(
        "POST", "/v1/chat/completions", headers, body.encode(), connection=connection
    )
    exchange = api.engine.answer(http)
    assert isinstance(exchange, Exchange)
    api.engine.close(exchange, outcome)
    return exchange.call


def hints(call: Call) -> list[str]:
    return [
        miss for miss in call.near_misses if "answered on a connection whose client left" in miss
    ]


@pytest.mark.parametrize(
    ("is_reset", "how"),
    [
        pytest.param(True, "before reading it", id="T5 reset"),
        pytest.param(False, "it idle since", id="T5 a connection of a loop that is gone"),
    ],
)
@pytest.mark.parametrize("strict", ["true", "false"])
def test_a_repeated_request_says_who_has_used_up_its_reply(
    is_reset: bool,  # noqa: FBT001 - as parametrised
    how: str,
    strict: str,
) -> None:
    api = Api(f"strict: {strict}\n{ONCE}")
    ask(api, Connection(is_closed=is_reset, is_reset=is_reset))

    call = ask(api, Connection())

    assert call.near_misses[0] == "'once': it has already acted 1 time, its limit"
    assert hints(call) == [
        f"{LEFT} {how} (call 1, rule 'once'): is one client shared by several event loops?"
    ]


def test_a_client_that_left_in_the_middle_has_not_read_it_either() -> None:
    api = Api(ONCE)
    ask(api, None, outcome="client_left")

    assert hints(ask(api, None))[0].startswith(f"{LEFT} before reading it (call 1")  # T5


def test_what_used_up_the_reply_of_a_later_request_is_traced() -> None:
    api = Api('rules: [{name: a, times: 1, reply: "A."}, {name: b, times: 1, reply: "B."}]')
    ask(api, Connection(), "first")
    ask(api, Connection(), "first")

    (hint,) = hints(ask(api, Connection(), "second"))

    assert hint.startswith("call 2, which rule 'b' answered, is the same request as call 1, which")


def test_a_script_that_is_exhausted_says_it_too() -> None:
    api = Api('rules: [{name: script, replies: ["A."]}]')
    ask(api, Connection())

    assert hints(ask(api, Connection()))


def on_the_same_connection() -> tuple[Connection, Connection]:
    shared = Connection()
    return shared, shared


@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param(Connection(is_closed=True), Connection(), id="a client that closed politely"),
        pytest.param(*on_the_same_connection(), id="a client that asks again"),
        pytest.param(Connection(), Connection(requests=3), id="one of several in use"),
        pytest.param(None, None, id="nothing is known of connections"),
    ],
)
def test_a_client_that_could_read_its_answer_is_not_suspected(
    first: Connection | None, second: Connection | None
) -> None:
    api = Api(ONCE)
    ask(api, first)

    assert hints(ask(api, second)) == []


def test_a_connection_that_was_used_again_was_well() -> None:
    api = Api(f"{ONCE[:-1]}, {{name: other, when: {{last_user: Ho}}, reply: x}}]")
    connection = Connection()
    ask(api, connection)
    ask(api, connection, "Ho")

    assert hints(ask(api, Connection())) == []


@pytest.mark.parametrize(("said", "key"), [("Ho", "sk-test"), ("Hi", "sk-other")])
def test_another_request_is_not_the_same(said: str, key: str) -> None:
    api = Api(ONCE)
    ask(api, Connection())

    assert hints(ask(api, Connection(), said, key=key)) == []


def test_an_answer_that_failed_on_purpose_is_not_missed() -> None:
    api = Api("rules: [{name: once, times: 1, reply: Hello., fail: {kind: truncate}}]")
    ask(api, Connection())

    assert hints(ask(api, Connection())) == []


# --- On the wire -----------------------------------------------------------------------------

BODY = json.dumps({"model": "gpt-4o", "messages": [{"role": "user", "content": "Hi"}]}).encode()
REQUEST = (
    b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer sk-test\r\n"
    b"content-type: application/json\r\ncontent-length: %d\r\n\r\n%b" % (len(BODY), BODY)
)


def connected(server: MockServer) -> socket.socket:
    host, port = server.url.removeprefix("http://").split(":")
    return socket.create_connection((host, int(port)), timeout=10)


def read(server: MockServer) -> None:
    """Ask, read the answer, and close the connection."""
    with connected(server) as connection:
        connection.sendall(REQUEST)
        assert connection.recv(1 << 16)


def until_answered(server: MockServer, calls: int) -> list[Call]:
    """Return the journal once *calls* have been answered and their connections' ends are seen."""
    deadline = time.monotonic() + 10
    while True:
        journal = list(server.session().journal)
        if len(journal) == calls and all(call.is_finished for call in journal):
            return journal
        assert time.monotonic() < deadline


def until_closed(call: Call) -> None:
    deadline = time.monotonic() + 10
    while not (call.connection and call.connection.is_closed):
        assert time.monotonic() < deadline


@pytest.mark.system
def test_a_client_that_closes_without_reading_is_recognised() -> None:
    with MockServer(f"version: 1\nstrict: true\n{ONCE}\n") as server:
        with connected(server) as unread:
            unread.sendall(REQUEST)
            (first,) = until_answered(server, 1)
        until_closed(first)

        read(server)

        assert hints(until_answered(server, 2)[1])[0].startswith(f"{LEFT} before reading it")


@pytest.mark.system
def test_a_client_that_reads_and_closes_is_not() -> None:
    with MockServer(f"version: 1\nstrict: true\n{ONCE}\n") as server:
        for calls in (1, 2):
            read(server)
            until_closed(until_answered(server, calls)[-1])

        assert hints(list(server.session().journal)[1]) == []


def ask_in_three_loops(server: MockServer) -> None:
    """Ask for models, then the same question twice, with one client but a loop for each."""
    import openai  # noqa: PLC0415 - of this test alone

    client = openai.AsyncOpenAI(base_url=server.base_url, api_key="sk-test", max_retries=0)

    async def warm() -> None:
        await client.models.list()

    async def say() -> None:
        await client.chat.completions.create(
            model="gpt-4o", messages=[{"role": "user", "content": "Hi"}]
        )

    asyncio.run(warm())
    with pytest.raises(RuntimeError, match="loop is closed"):
        asyncio.run(say())
    until_answered(server, 2)
    with pytest.raises(openai.NotFoundError, match=LEFT):
        asyncio.run(say())
    with suppress(RuntimeError):  # its first connection belongs to a loop that is gone
        asyncio.run(client.close())


@pytest.mark.system
@pytest.mark.filterwarnings("ignore")  # of what a loop that is gone leaves behind
def test_a_client_that_several_loops_share_is_recognised() -> None:
    with MockServer(f"version: 1\nstrict: true\n{ONCE}\n") as server:
        ask_in_three_loops(server)  # T5
    gc.collect()
