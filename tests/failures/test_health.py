"""A server is well after every kind of failure, however often and from however many at once."""

import asyncio
import gc
import logging
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from support.wire import Serve, chat, exchange, request

from mockserver import MockServer
from mockserver.plugins import Plugins

CHAT = "/v1/chat/completions"
TIMES = 100
AT_ONCE = 20
PATIENCE_S = 0.25
"""So long a client waits before it leaves: longer than any failure takes that ends by itself."""
OPTIONS = {
    "http_error": "status: 500",
    "omit": "parts: [done, usage]",
    "inject": "what: error_event",
    "patch": "set: {added: 1}",
    "reframe": "split: byte",
    "repeat": "repetitions: 20",
    "drip": "bytes: 100, every_ms: 0.1",
    "stall": "after_tokens: 2, comments_every_s: 0.01",
}
REPLIES = {
    "bad_arguments": '{kind: tool_calls, calls: [{name: look_up, arguments: {city: "Paris"}}]}',
    "unknown_tool": '{kind: tool_calls, calls: [{name: look_up, arguments: {city: "Paris"}}]}',
    "schema_violation": '{kind: json, value: {name: "Ada"}}',
}
FDS = Path("/proc/self/fd")


def descriptors() -> int:
    return len(list(FDS.iterdir())) if FDS.exists() else 0


def tasks(server: MockServer) -> int:
    """Return how many tasks the server's loop has."""
    loop: Any = server._loop  # noqa: SLF001 - there is no other way to look into its thread
    return len(asyncio.all_tasks(loop))


async def leave_after(server: MockServer, content: bytes) -> None:
    """Send *content*, read for a while, and leave."""
    parts = urlsplit(server.url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    try:
        writer.write(content)
        async with asyncio.timeout(PATIENCE_S):
            await reader.read(-1)
    except (TimeoutError, ConnectionError):
        pass
    finally:
        writer.transport.abort()


async def storm(server: MockServer, content: bytes) -> None:
    turn = asyncio.Semaphore(AT_ONCE)

    async def one() -> None:
        async with turn:
            await leave_after(server, content)

    await asyncio.gather(*(one() for _ in range(TIMES)))


@pytest.mark.parametrize("kind", Plugins.installed().failures)
def test_nothing_is_left_of_a_failure(
    serve: Serve, caplog: pytest.LogCaptureFixture, kind: str
) -> None:
    options = f", {OPTIONS[kind]}" if kind in OPTIONS else ""
    reply = REPLIES.get(kind, '"One two three four five six."')
    server = serve(f"""
        rules:
          - name: bad
            when: {{last_user: bad}}
            reply: {reply}
            fail: {{kind: {kind}{options}}}
    """)
    plain = request("POST", CHAT, chat("good"))
    assert exchange(server, plain).status == 200
    baseline = tasks(server), descriptors()
    caplog.set_level(logging.DEBUG)

    billed = {"include_usage": True}  # without a bill, `running_usage` has nothing to repeat
    bad = chat("bad", stream=True, stream_options=billed)
    asyncio.run(storm(server, request("POST", CHAT, bad)))

    answered = exchange(server, plain)
    assert (answered.status, answered.is_whole) == (200, True)
    # Each whole exchange lets the loop turn: what is ending ends within a few, or, where the
    # machine is busy and clients left before they were heard, within some more.
    for _ in range(1_000):
        if tasks(server) <= baseline[0] and descriptors() <= baseline[1]:
            break
        exchange(server, plain)
    assert tasks(server) <= baseline[0]
    assert descriptors() <= baseline[1]
    journal = [call for call in server.session().journal if call.rule == "bad"]
    assert {call.failures for call in journal} == {(kind,)}
    assert {call.outcome for call in journal} <= {"sent", "aborted", "client_left"}
    gc.collect()
    said = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    assert said == []
