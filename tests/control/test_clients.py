"""The typed clients: the same things, by threads and to await."""

import asyncio
import inspect
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from asking import SCENARIO
from support.wire import Serve, chat, exchange, request

from mockserver import AsyncControl, Control, ControlError, MockServer
from mockserver.client.async_control import AsyncSessionControl
from mockserver.client.control import SessionControl
from mockserver.control.shapes import CallRecord, Strictness
from mockserver.errors import UsageError

CHAT = "/v1/chat/completions"


def call(server: MockServer, said: str = "Hi", session: str = "a") -> None:
    exchange(server, request("POST", f"/s/{session}{CHAT}", chat(said)))


def test_a_session_is_begun_used_and_ended(server: MockServer, control: Control) -> None:
    with control.new_session("a", SCENARIO, strict=True) as session:
        call(server)
        call(server, "Ho")
        calls = session.calls()
        session.assert_called({"last_user": "Hi"}, calls=1)
        assert [call.status for call in calls] == [200, 404]
        assert (calls[0].text, calls[0].usage and calls[0].usage.total_tokens) == ("Hello.", 10)
        assert [miss.number for miss in session.near_misses()] == [2]
        assert [(rule.name, rule.acted) for rule in session.rules()] == [("hello", 1)]

    assert session.read().has_ended
    assert session.base_url == f"{server.url}/s/a/v1"


def test_everything_can_be_asked(server: MockServer, control: Control) -> None:
    session = control.new_session(
        "b", inherit=True, seed=3, strict=Strictness(late=True), time_scale=0
    )

    assert control.health().status == "ok"
    assert (control.totals().calls, control.totals().statuses) == (0, {})
    assert control.sessions().total == 1
    assert control.reload(SCENARIO).rules == 1
    assert [rule.name for rule in session.add_rules({"name": "up", "reply": "Up."})] == [
        "up",
        "hello",
    ]
    assert len(session.add_scenario({"rules": [{"name": "top", "reply": "Top."}]})) == 3
    assert session.explain(chat("Hi")).rule == "up"
    call(server, session="b")
    assert session.wait_for(1)[0].rule == session.call(1).rule == "up"
    assert "answered" in [rule.outcome for rule in session.detail(1).rules]
    assert sum(rule.hits for rule in session.scenario().rules) == 1
    assert control.totals().statuses == {"200": 1}
    assert session.journal(limit=1, newest=True).matching == 1
    assert session.verify({"last_user": "Hi"}).holds
    assert session.set_state({"x": 1}) == session.state() == {"x": 1}
    assert session.advance(5).now_s == session.clock().now_s == 5
    assert session.release() == 0
    assert session.clear_journal() == 1
    assert session.reset().calls == 0
    assert session.end().seed == 3


def test_calls_are_read_through_all_pages(server: MockServer, control: Control) -> None:
    session = control.new_session("a")
    for _ in range(5):
        call(server)

    assert [one.number for one in session.calls(after=1, status=(200,))] == [2, 3, 4, 5]


def test_an_assertion_that_fails_tells_what_differed(server: MockServer, control: Control) -> None:
    session = control.new_session("a")
    call(server, "Ho")

    with pytest.raises(AssertionError, match="last_user is 'Ho', the rule wants 'Hi'"):
        session.assert_called({"last_user": "Hi"})


def test_what_the_server_refuses_is_an_error_with_place_and_hint(control: Control) -> None:
    with pytest.raises(ControlError) as raised:
        control.new_session("a", {"rules": [{"reply": {"kind": "txt"}, "whn": {}}]})

    assert str(raised.value) == (
        "The scenario has errors:\n"
        "  rules[0].reply.kind: unknown reply kind 'txt'\n"
        "    did you mean 'text'?\n"
        "  rules[0].whn: unknown key 'whn' in a rule\n"
        "    did you mean 'when'?"
    )
    assert raised.value.problem.status == 422


def test_one_fault_is_told_in_one_line(control: Control) -> None:
    with pytest.raises(ControlError, match="No such session: there is no session 'none'"):
        control.session("none").read()


def test_waiting_in_vain_is_a_timeout(control: Control) -> None:
    with pytest.raises(TimeoutError, match="waited for 2 calls, 0 came in time"):
        control.session().wait_for(2, timeout_s=0)


def test_where_nobody_listens_that_is_said(serve: Serve) -> None:
    server = serve()
    url = server.url
    server.stop()

    with pytest.raises(ControlError, match=f"The server does not answer: {url}"):
        Control(url).health()


def test_where_another_server_answers_that_is_said(serve: Serve) -> None:
    server = serve(control=False)

    with pytest.raises(ControlError, match="Not a control API"):
        Control(server.url).sessions()


@pytest.mark.parametrize("url", ["127.0.0.1:8089", "ftp://x", "http://", ""])
def test_what_is_no_url_is_refused(url: str) -> None:
    with pytest.raises(UsageError, match="write it like"):
        Control(url)


def test_a_token_goes_with_each_request(serve: Serve) -> None:
    server = serve(control_token="a-long-enough-token")

    assert Control(server.url, token="a-long-enough-token").sessions().total == 0
    with pytest.raises(ControlError, match="token"):
        Control(server.url).sessions()


def test_a_session_may_have_any_name(control: Control) -> None:
    name = "tests::test_a[x?y=1#é %]"

    with control.new_session(name) as session:
        assert session.read().name == name
        assert session.url.endswith("/s/tests%3A%3Atest_a%5Bx%3Fy%3D1%23%C3%A9%20%25%5D")


def test_threads_share_a_client(server: MockServer, control: Control) -> None:
    failures: list[BaseException] = []

    def one(number: int) -> None:
        try:
            with control.new_session(f"s{number}", SCENARIO) as session:
                call(server, session=f"s{number}")
                session.assert_called(calls=1)
        except BaseException as error:  # noqa: BLE001 - told by the test
            failures.append(error)

    threads = [threading.Thread(target=one, args=(number,)) for number in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failures == []


def test_all_of_it_can_be_awaited(server: MockServer) -> None:
    async def run() -> tuple[CallRecord, ...]:
        async with AsyncControl(server.url) as control:
            async with await control.new_session("a", SCENARIO, strict=True) as session:
                waiting = asyncio.create_task(session.wait_for(1, {"last_user": "Hi"}))
                await asyncio.to_thread(call, server, "Hi")
                calls = await waiting
                await session.assert_called(calls=1)
                with pytest.raises(AssertionError, match="expected 2 calls, found 1"):
                    await session.assert_called(calls=2)
                with pytest.raises(TimeoutError):
                    await session.wait_for(9, timeout_s=0)
                assert (await session.calls()) == calls
                assert (await session.state()) == {}
            with pytest.raises(ControlError, match="No such session"):
                await control.session("none").read()
            return calls

    (found,) = asyncio.run(run())

    assert found.rule == "hello"


@pytest.mark.parametrize(
    ("one", "other"), [(Control, AsyncControl), (SessionControl, AsyncSessionControl)]
)
def test_both_clients_have_the_same_methods(one: type[Any], other: type[Any]) -> None:
    def methods(cls: type[Any]) -> dict[str, str]:
        found = {n: m for n, m in vars(cls).items() if inspect.isfunction(m) and n[0] != "_"}
        return {
            name: str(inspect.signature(method)).replace("Async", "")
            for name, method in found.items()
            if name != "close"
        }

    assert methods(one) == methods(other)


@pytest.fixture
def encrypted(tmp_path: Path) -> Iterator[tuple[MockServer, Path]]:
    with MockServer(tls=tmp_path) as server:
        yield server, tmp_path / "mockserver-ca.pem"


@pytest.mark.system
def test_an_encrypted_server_is_trusted_by_its_authority(
    encrypted: tuple[MockServer, Path],
) -> None:
    server, ca_file = encrypted

    async def awaited() -> str:
        async with AsyncControl(server.url, ca_file=ca_file) as control:
            return (await control.health()).status

    assert server.url.startswith("https://")
    assert Control(server.url, ca_file=ca_file).health().status == "ok"
    assert asyncio.run(awaited()) == "ok"
    with pytest.raises(ControlError) as raised:
        Control(server.url).health()
    assert isinstance(raised.value.__cause__, ssl.SSLCertVerificationError)
