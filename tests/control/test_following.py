"""Following the calls of a server that runs: live, each once, and without holding it up."""

import asyncio
import threading
from collections.abc import Iterator

import pytest
from support.wire import Serve, chat, exchange, request

from mockserver import AsyncControl, Control, ControlError, MockServer
from mockserver.control.shapes import CallRecord, Calls

CHAT = "/v1/chat/completions"


def call(server: MockServer, said: str = "Hi", session: str = "a") -> None:
    exchange(server, request("POST", f"/s/{session}{CHAT}", chat(said)))


@pytest.fixture
def calling(server: MockServer) -> Iterator[threading.Thread]:
    """A thread that is to call the server a hundred times."""

    def run() -> None:
        for number in range(100):
            call(server, f"Say {number}", f"s{number % 3}")

    thread = threading.Thread(target=run)
    yield thread
    thread.join()


def test_each_call_is_yielded_once_while_they_come(
    control: Control, calling: threading.Thread
) -> None:
    found: list[CallRecord] = []
    calling.start()
    for one in control.follow(newest=100, timeout_s=30):
        found.append(one)
        if len(found) == 100:
            break

    assert sorted(one.serial for one in found) == list(range(1, 101))
    assert {one.outcome for one in found} == {"sent"}


def test_it_begins_with_the_newest_and_ends_when_none_comes(
    server: MockServer, control: Control
) -> None:
    for number in range(4):
        call(server, str(number), session="ab"[number % 2])

    assert [one.serial for one in control.follow(newest=3, timeout_s=0)] == [2, 3, 4]
    assert [one.serial for one in control.follow(timeout_s=0)] == []
    assert [one.serial for one in control.follow(newest=9, session="a", timeout_s=0)] == [1, 3]
    assert [
        one.serial for one in control.follow(newest=9, when={"last_user": "1"}, timeout_s=0)
    ] == [2]


def test_it_can_be_awaited(server: MockServer, calling: threading.Thread) -> None:
    async def run() -> list[int]:
        async with AsyncControl(server.url) as control:
            calling.start()
            found: list[int] = []
            async for one in control.follow(newest=200, timeout_s=30):
                found.append(one.serial)
                if len(found) == 100:
                    break
            assert (await control.calls(limit=1)).calls[0].serial == 100
            return found

    assert sorted(asyncio.run(run())) == list(range(1, 101))


def test_waiting_ends_with_a_call_that_matches_and_not_with_others(
    server: MockServer, control: Control
) -> None:
    after = control.calls().next
    answers: list[Calls] = []
    waiting = threading.Thread(
        target=lambda: answers.append(
            control.calls(after=after, wait_s=30, session="b", running=False)
        )
    )
    waiting.start()
    for session in ("a", "a", "b"):
        call(server, session=session)
    waiting.join()

    assert [(one.session, one.number) for one in answers[0].calls] == [("b", 1)]


def test_waiting_ends_when_time_is_up(server: MockServer, control: Control) -> None:
    call(server)

    answer = control.calls(after=control.calls().next, wait_s=0.01)

    assert (answer.calls, answer.is_gap, answer.running) == ((), False, 0)


def test_a_server_that_stops_lets_nobody_wait_and_who_follows_is_told(serve: Serve) -> None:
    server = serve()
    control = Control(server.url)
    after = control.calls().next
    failed: list[ControlError] = []

    def wait() -> None:
        try:
            control.calls(after=after, wait_s=600)
        except ControlError as error:
            failed.append(error)

    waiting = threading.Thread(target=wait)
    waiting.start()
    while not server.engine.sessions.archive.watchers:
        pass
    server.stop()
    waiting.join()

    assert [error.problem.type for error in failed] == ["urn:mockserver:unreachable"]
