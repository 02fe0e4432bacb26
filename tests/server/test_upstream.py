"""Requests that another server answers, and what becomes of its answers here."""

import asyncio
import json
import threading
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from textwrap import dedent
from typing import Any, TypeVar

import aiohttp
import pytest
from distributions.elsewhere import Elsewhere

from mockserver import MockServer
from mockserver.engine.engine import Engine
from mockserver.errors import UsageError
from mockserver.plugins import Plugins
from mockserver.records.redaction import fingerprint
from mockserver.scenario.loader import ScenarioText, load_scenario
from mockserver.server.listening import close, listen
from mockserver.server.settings import Settings
from mockserver.server.upstream import Upstream
from mockserver.sessions.options import Options

pytestmark = pytest.mark.system

T = TypeVar("T")

INSTALLED = Plugins.installed()
PLUGINS = replace(INSTALLED, replies={**INSTALLED.replies, Elsewhere.kind: Elsewhere})
SAID = "One two three four five six."
FORWARDED = """
    rules:
      - {name: here, when: {last_user: here}, reply: "From here."}
      - {name: there, reply: {kind: elsewhere}}
"""


def chat(said: str = "Hi", **members: Any) -> dict[str, Any]:
    return {
        "model": "gpt-4o-mini",
        "messages": [{"role": "user", "content": said}],
        **members,
    }


class Front:
    """A server that forwards, and what its client may do."""

    def __init__(self, engine: Engine, url: str, client: aiohttp.ClientSession) -> None:
        self.engine = engine
        self.url = url
        self.client = client

    @property
    def journal(self) -> Any:
        return self.engine.session("default").journal

    async def ask(self, path: str = "/v1/chat/completions", **body: Any) -> tuple[int, bytes, Any]:
        headers = {"authorization": "Bearer sk-mine", "x-trace": "7"}
        async with self.client.post(self.url + path, json=body, headers=headers) as response:
            return response.status, await response.read(), response.headers


def forwarding(
    upstream: str | None, use: Callable[[Front], Awaitable[T]], scenario: str = FORWARDED
) -> T:
    """Return what *use* makes of a server that forwards to *upstream*."""

    async def run() -> T:
        text = ScenarioText(f"version: 1\n{dedent(scenario)}")
        engine = Engine(
            load_scenario(text, plugins=PLUGINS), PLUGINS, lambda: 0.0, Options(time_scale=0)
        )
        settings = Settings(control=False, upstream=Upstream(upstream) if upstream else None)
        address, server, listener = await listen(engine, "127.0.0.1", 0, settings=settings)
        try:
            async with aiohttp.ClientSession() as client:
                return await use(Front(engine, address.url, client))
        finally:
            await close(server, listener)

    return asyncio.run(run())


def test_what_is_forwarded_arrives_as_it_was_sent_and_comes_back_as_it_was_answered() -> None:
    with MockServer(_answering(SAID)) as upstream:
        asked = {"path": "/v1/chat/completions?trace=a%20b", **chat("Hi")}
        status, body, headers = forwarding(upstream.url, lambda front: front.ask(**asked))
        (there,) = upstream.session().journal
        host = upstream.url.removeprefix("http://")

    assert (status, json.loads(body)["choices"][0]["message"]["content"]) == (200, SAID)
    assert headers["x-request-id"].startswith("req_")
    assert (there.path, there.query) == ("/v1/chat/completions", "trace=a%20b")
    assert there.body == chat("Hi")
    assert (there.headers["x-trace"], there.key) == ("7", fingerprint("sk-mine"))
    assert there.headers["host"] == host


def test_what_is_answered_here_goes_nowhere_and_the_journal_tells_the_two_apart() -> None:
    async def both(front: Front) -> list[Any]:
        await front.ask(**chat("here"))
        await front.ask(**chat("there"))
        return list(front.journal)

    with MockServer(_answering(SAID)) as upstream:
        calls = forwarding(upstream.url, both)
        seen = len(upstream.session().journal)

    assert ([call.rule for call in calls], seen) == (["here", "there"], 1)
    assert [(call.status, call.outcome) for call in calls] == [(200, "sent")] * 2
    assert [call.usage is None for call in calls] == [False, False]


def test_time_and_failures_lie_over_what_another_server_answers() -> None:
    scenario = """
        rules:
          - reply: {kind: elsewhere}
            latency: {ttft_ms: 100, per_token_ms: 10}
            fail: {kind: truncate, after_tokens: 3}
    """

    async def ask(front: Front) -> tuple[bytes, Any]:
        _, body, _ = await front.ask(**chat("Hi", stream=True))
        (call,) = front.journal
        return body, call

    with MockServer(_answering(SAID)) as upstream:
        body, call = forwarding(upstream.url, ask, scenario)

    # The first event opens the message, and completes no token of it.
    assert body.count(b"data: ") == 4
    assert call.failures == ("truncate",)
    assert (call.planned_ttft_ms, call.stream) == (100, True)


def test_a_refusal_of_another_server_is_passed_on() -> None:
    with MockServer(_answering(SAID), strict=True) as upstream:
        status, body, _ = forwarding(upstream.url, lambda front: front.ask(**chat("unknown")))

    assert (status, json.loads(body)["error"]["code"]) == (404, "no_rule_matched")


def test_a_server_that_was_told_of_no_other_refuses() -> None:
    status, body, _ = forwarding(None, lambda front: front.ask(**chat()))

    assert (status, json.loads(body)["error"]["code"]) == (502, "no_upstream")


def test_a_server_that_does_not_answer_is_told() -> None:
    with MockServer() as upstream:
        gone = upstream.url
    status, body, _ = forwarding(gone, lambda front: front.ask(**chat()))

    assert (status, json.loads(body)["error"]["code"]) == (502, "upstream_failed")


def test_a_client_that_leaves_meanwhile_has_left() -> None:
    held = """
        rules:
          - fail: {kind: stall, until: released}
    """
    arrived = threading.Event()

    async def leave(front: Front) -> Any:
        asking = asyncio.create_task(front.ask(**chat()))
        await asyncio.get_running_loop().run_in_executor(None, partial(arrived.wait, 10))
        (call,) = front.journal
        left = asyncio.Event()
        front.journal.watchers.add(left.set)
        asking.cancel()
        await left.wait()
        return call

    with MockServer(_scenario(held)) as upstream:
        upstream.session().journal.watchers.add(arrived.set)
        call = forwarding(upstream.url, leave)

    assert (call.outcome, call.status) == ("client_left", None)


@pytest.mark.parametrize(
    "url",
    [
        "http://api.example.com",
        "http://10.0.0.1",
        "ftp://127.0.0.1",
        "https://user:pass@api.example.com",
        "https://api.example.com?key=1",
        "127.0.0.1:8080",
        "",
    ],
)
def test_only_an_encrypted_api_or_this_machine_is_asked(url: str) -> None:
    with pytest.raises(UsageError):
        Upstream(url)
    with pytest.raises(UsageError):
        MockServer(upstream=url)


@pytest.mark.parametrize(
    "url",
    ["https://api.openai.com", "http://localhost:8080", "http://127.0.0.1:1/x", "http://[::1]:1"],
)
def test_such_servers_may_be_asked(url: str) -> None:
    assert Upstream(url) is not None


def _scenario(text: str) -> Any:
    return load_scenario(ScenarioText(f"version: 1\n{dedent(text)}"))


def _answering(said: str) -> Any:
    return _scenario(f"""
        rules: [{{when: {{last_user: {{not: unknown}}}}, reply: "{said}"}}]
    """)
