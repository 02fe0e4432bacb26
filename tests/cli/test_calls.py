"""`mockserver tail` and `mockserver journal`, held against servers."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest
from support.subprocesses import SOURCES
from support.wire import Serve, chat, exchange, request

from mockserver import MockServer
from mockserver.cli import main

pytestmark = pytest.mark.system

CHAT: Final = "/v1/chat/completions"
PATIENCE_S: Final = 30
"""How long a program may take before a test gives up; none takes a fraction of it."""
SCENARIO: Final = """
    rules:
      - {name: greets, when: {last_user: Hi}, reply: Hello.}
      - {name: fails, when: {last_user: Fail}, fail: {kind: http_error, status: 500}}
"""


EVIL: Final = "\x1b[2JX\x07\u202eY\u200b\r\nZ"
"""What a terminal obeys, or does not show."""


def call(server: MockServer, said: str = "Hi", session: str = "", **members: Any) -> None:
    below = f"/s/{session}" if session else ""
    exchange(server, request("POST", f"{below}{CHAT}", {**chat(said), **members}))


@pytest.fixture
def server(serve: Serve) -> MockServer:
    server = serve(SCENARIO)
    call(server, "Hi")
    call(server, "Ho", "a")
    call(server, "Fail", "a")
    call(server, "Hi", "b", model="gpt-4o")
    return server


@contextmanager
def tailing(server: MockServer, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Run `mockserver tail`, as a person does: by the environment."""
    process = subprocess.Popen(
        [sys.executable, "-m", "mockserver", "tail", *arguments],
        env={
            "PATH": os.environ.get("PATH", ""),
            "PYTHONPATH": str(SOURCES),
            "MOCKSERVER_URL": server.url,
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    patience = threading.Timer(PATIENCE_S, process.kill)
    patience.start()
    try:
        yield process
    finally:
        patience.cancel()
        process.kill()
        process.communicate()


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Have programs that are started take Ctrl-C, also where a shell runs this one aside."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline()


@pytest.mark.usefixtures("interruptible")
def test_it_begins_with_the_newest_goes_on_live_and_ends_with_ctrl_c(server: MockServer) -> None:
    with tailing(server, "-n", "2") as tail:
        before = [line(tail), line(tail)]
        call(server, "Ho \x1b[31m", "c")
        call(server, "Hi")
        odd, after = line(tail), line(tail)
        tail.send_signal(signal.SIGINT)
        _, said = tail.communicate(timeout=30)

    assert ["fails" in before[0], "gpt-4o" in before[1], "greets" in after] == [True] * 3
    assert "\x1b" not in "".join([*before, odd, after])
    assert (tail.returncode, said) == (130, "")


def test_it_shows_what_is_asked_for_as_json(server: MockServer) -> None:
    with tailing(server, "--json", "--status", "5xx,429", "--session", "a") as tail:
        for said, session in (("Hi", "a"), ("Fail", "b"), ("Fail", "a")):
            call(server, said, session)
            call(server, "Fail", "a")
        shown = [json.loads(line(tail)) for _ in range(5)]

    assert {(one["session"], one["status"], one["rule"]) for one in shown} == {("a", 500, "fails")}


def test_it_ends_quietly_when_nobody_reads_it_any_more(server: MockServer) -> None:
    with tailing(server) as tail:
        line(tail)
        assert tail.stdout is not None
        assert tail.stderr is not None
        tail.stdout.close()
        while tail.poll() is None:
            call(server)
        assert (tail.returncode, tail.stderr.read()) == (0, "")


def test_it_survives_a_server_that_starts_anew(serve: Serve) -> None:
    server = serve(SCENARIO)
    call(server)
    with tailing(server) as tail:
        first = line(tail)
        assert tail.stderr is not None
        url = server.url
        port = int(url.rpartition(":")[2])
        server.stop()
        gone = tail.stderr.readline()
        again = serve(SCENARIO, port=port)
        call(again, "Fail")
        second, back = line(tail), tail.stderr.readline()

    assert ["greets" in first, "fails" in second] == [True, True]
    assert gone == f"({url} does not answer: waiting until it does)\n"
    assert back == "(the server answers again)\n"


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        pytest.param(("--status", "abc"), "'abc' is not a status", id="no status"),
        pytest.param(("-n", "5000"), "at most 1000 calls", id="too many"),
        pytest.param(("--when", "{"), "when: the condition is not valid JSON", id="no JSON"),
        pytest.param(("--when", '{"modle": 1}'), "unknown key 'modle'", id="no condition"),
    ],
)
def test_what_cannot_be_shown_is_an_error(
    server: MockServer, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], what: str
) -> None:
    code: object
    try:
        code = main(["tail", "--url", server.url, *arguments])
    except SystemExit as exited:
        code = exited.code

    assert (code, what in capsys.readouterr().err) == (2, True)


# --- The journal -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments",
    [
        ("tail", "--status", EVIL),
        ("journal", "1", "--session", EVIL),
        ("journal", "--url", f"http://127.0.0.1:1/{EVIL}"),
        ("report", "--session", EVIL),
        (EVIL,),
    ],
    ids=lambda arguments: arguments[0],
)
def test_no_terminal_obeys_what_an_error_quotes(
    server: MockServer,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...],
) -> None:
    monkeypatch.setenv("MOCKSERVER_URL", server.url)
    try:
        code: object = main(arguments)
    except SystemExit as end:
        code = end.code

    said = capsys.readouterr().err
    assert code == 2
    assert said
    assert all(line.isprintable() for line in said.splitlines())


def listed(capsys: pytest.CaptureFixture[str], server: MockServer, *arguments: str) -> list[Any]:
    assert main(["journal", "--url", server.url, "--json", *arguments]) == 0
    return [json.loads(text)["serial"] for text in capsys.readouterr().out.splitlines()]


@pytest.mark.parametrize(
    ("arguments", "serials"),
    [
        pytest.param((), [1, 2, 3, 4], id="all"),
        pytest.param(("-n", "2"), [3, 4], id="the newest"),
        pytest.param(("-n", "0"), [], id="none"),
        pytest.param(("--session", "a"), [2, 3], id="of a session"),
        pytest.param(("--rule", "greets", "--model", "gpt-4o"), [4], id="by rule and model"),
        pytest.param(("--status", "200", "--status", "4xx"), [1, 2, 4], id="by statuses"),
        pytest.param(("--failed",), [3], id="that failed"),
        pytest.param(("--unmatched",), [2], id="that no rule answered"),
        pytest.param(("--endpoint", "models"), [], id="by endpoint"),
        pytest.param(("--when", '[{"last_user": "Ho"}, {"model": "gpt-4o"}]'), [2, 4], id="any of"),
    ],
)
def test_the_journal_lists_the_calls_that_are_asked_for(
    server: MockServer,
    capsys: pytest.CaptureFixture[str],
    arguments: tuple[str, ...],
    serials: list[int],
) -> None:
    assert listed(capsys, server, *arguments) == serials


def test_the_list_has_the_numbers_that_show_one_call_whole(
    server: MockServer, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["journal", "--session", "a", "--url", server.url]) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == ["1", "2"]

    assert main(["journal", "--session", "nobody", "--url", server.url]) == 0
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", "no such call is kept\n")


def test_more_calls_than_a_page_holds_are_read_page_by_page(
    serve: Serve, capsys: pytest.CaptureFixture[str]
) -> None:
    server = serve()
    for number in range(30):
        server.engine.session(f"s{number % 3}").journal.open(0, "GET", "/", "openai")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("mockserver.cli.calls.PAGE", 7)

        assert listed(capsys, server, "-n", "100") == list(range(1, 31))
        assert listed(capsys, server, "-n", "14") == list(range(17, 31))


def test_one_call_is_shown_whole_and_no_terminal_obeys_it(
    server: MockServer, capsys: pytest.CaptureFixture[str]
) -> None:
    call(server, "See \x1b[31m\u202ered\x9b", "d")

    assert main(["journal", "1", "--session", "d", "--url", server.url, "--color", "never"]) == 0
    shown = capsys.readouterr().out

    for text in (
        "POST /v1/chat/completions",
        "--- Request",
        "--- Answer",
        '"model": "gpt-4o',
        "tok",
    ):
        assert text in shown
    assert [one for one in shown if not one.isprintable() and one != "\n"] == []
    assert main(["journal", "1", "--session", "d", "--url", server.url, "--json"]) == 0
    whole = json.loads(capsys.readouterr().out)
    assert (whole["call"]["session"], whole["content"]["request"]["encoding"]) == ("d", None)


def test_a_call_that_is_not_kept_is_an_error(
    server: MockServer, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["journal", "9", "--url", server.url]) == 2
    assert "there is no call 9" in capsys.readouterr().err


def test_an_archive_is_written_to_a_file_or_to_standard_output(
    server: MockServer, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = tmp_path / "calls.har"

    assert main(["journal", "--har", str(path), "--session", "a", "--url", server.url]) == 0
    assert main(["journal", "--har", "-", "--session", "a", "--url", server.url]) == 0

    said = capsys.readouterr()
    assert json.loads(said.out) == json.loads(path.read_bytes())
    assert said.err == "2 calls exported\n" * 2
    entries = json.loads(said.out)["log"]["entries"]
    assert [entry["_mockserver"]["rule"] for entry in entries] == [None, "fails"]


def test_a_server_keeps_as_many_calls_as_it_is_told(serve: Serve) -> None:
    server = serve(SCENARIO, journal_calls=2)
    for said in ("1", "2", "3"):
        call(server, said)

    journal = server.engine.session("default").journal
    assert ([one.number for one in journal], journal.dropped) == ([2, 3], 1)


@pytest.mark.parametrize("number", ["0", "100001"])
def test_no_server_keeps_none_or_more_than_all_sessions_may(
    capsys: pytest.CaptureFixture[str], number: str
) -> None:
    assert main(["serve", "--port", "0", "--journal-calls", number]) == 2
    assert f"from 1 to 100000 calls, not {number}" in capsys.readouterr().err
