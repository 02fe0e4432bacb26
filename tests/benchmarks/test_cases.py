"""Benchmark cases: valid requests, answered by their scenarios, sent by wrk as they are written."""

import itertools
import json
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from cases import CASES, NUMBERS, SCENARIOS, Case, selected
from support.inprocess import Answered, Api
from support.machine import programs

NUMBERED = (0, 1, 16, 319, 320, 12 * NUMBERS + 4_711)
EACH = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


def answers(case: Case, *numbers: int) -> list[Answered]:
    api = Api(SCENARIOS[case.scenario].removeprefix("version: 1\n"))
    bodies = [case.bodies.text(number).encode() for number in numbers]
    return [api.send("POST", case.path, body, key=None, headers=case.headers) for body in bodies]


@EACH
def test_every_request_of_a_case_is_answered(case: Case) -> None:
    assert {answered.status for answered in answers(case, *NUMBERED)} == {200}


@EACH
def test_a_case_is_answered_by_its_scenario(case: Case) -> None:
    rules = {answered.call.rule for answered in answers(case, *NUMBERED)}

    assert rules == {"last" if "rules" in case.scenario else "answer"}


@EACH
def test_bodies_that_differ_never_come_again(case: Case) -> None:
    sent = {case.bodies.text(number) for number in range(1_000)}

    assert len(sent) == (1_000 if case.bodies.differ else 1)


@EACH
def test_a_case_streams_if_its_name_says_so(case: Case) -> None:
    streamed = json.loads(case.bodies.text(0)).get("stream", False)

    assert streamed == case.name.endswith(", streamed")


def test_a_fixed_text_is_streamed_in_sixteen_tokens() -> None:
    (case,) = [case for case in CASES if case.name == "different bodies, streamed"]

    (answered,) = answers(case, 0)

    assert sum(bool(chunk["choices"][0]["delta"].get("content")) for chunk in answered.chunks) == 16


def test_a_history_grows_by_a_turn_up_to_forty_messages() -> None:
    (case,) = [case for case in CASES if case.name == "growing history"]

    messages = [json.loads(case.bodies.text(16 * turn))["messages"] for turn in range(21)]

    assert [len(each) for each in messages] == [*range(2, 41, 2), 2]
    assert all(longer[: len(each)] == each for each, longer in itertools.pairwise(messages[:20]))


def test_a_case_is_selected_with_the_one_that_it_is_compared_with() -> None:
    assert [case.name for case in selected(["echo"])] == ["different bodies", "echo"]


# --- What wrk sends ------------------------------------------------------------------------------


@contextmanager
def listening(received: list[tuple[str, str]]) -> Iterator[int]:
    """Answer everything, and note paths and bodies."""

    class Taker(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            received.append((self.path, body))
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Taker)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.system
@EACH
def test_wrk_sends_the_bodies_of_the_case(case: Case, tmp_path: Path) -> None:
    (wrk,) = programs("wrk")
    script = tmp_path / "wrk.lua"
    script.write_text(case.script())
    received: list[tuple[str, str]] = []

    with listening(received) as port:
        url = f"http://127.0.0.1:{port}{case.path}"
        command = [wrk, "-t1", "-c1", "-d1s", "-s", str(script), url, "--", str(3 * NUMBERS)]
        subprocess.run(command, capture_output=True, check=True)

    # The first one is made before wrk connects, to look at it.
    wanted = [case.bodies.text(3 * NUMBERS + 1 + at) for at in range(len(received))]
    assert received
    assert received == [(case.path, body) for body in wanted]
