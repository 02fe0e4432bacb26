"""What the command line promises, held against real servers in processes of their own."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Protocol

import httpx
import pytest

from mockserver import MockServer, __version__
from mockserver.cli import main
from mockserver.contracts import ChoicePlace
from mockserver.conversation import Choice, IncomingCall
from mockserver.engine.engine import Engine
from mockserver.plugins import Plugins
from mockserver.replies.auto import Auto
from mockserver.scenario.loader import ScenarioText, load_scenario
from mockserver.scenario.schema import Scenario
from mockserver.seeding import Draw
from mockserver.server import runner
from mockserver.server.listening import Address

pytestmark = pytest.mark.system

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 30
"""How long a step may take before a test gives up; none takes a fraction of it."""
ENDS_WITHIN_S = 1
SIGNALS = [
    pytest.param(signal.SIGTERM, id="SIGTERM"),
    pytest.param(signal.SIGINT, id="Ctrl-C"),
]

HELLO = """\
version: 1
description: Says hello.
rules:
  - {name: hello, when: {last_user: Hi}, reply: "Hello from the script."}
"""
SPARE = """\
version: 1
description: Answers everything.
rules:
  - {name: spare, reply: "Hello from the spare."}
"""
HELD_OPEN = """\
version: 1
description: A stream that stays open for ten minutes.
rules:
  - name: held-open
    reply: "One two three four."
    fail: {kind: disconnect, after_tokens: 2, delay_ms: 600000}
"""
WRONG = """\
version: 1
rules:
  - {name: typo, replly: "Hello."}
  - {name: other, fail: disconect}
"""


POST = b"POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\n"
MALFORMED = [
    POST + b"authorization sk-planted-secret-7\r\n\r\n",
    b"planted-secret-8\r\n\r\n",
    POST + b"content-length: planted-secret-9\r\n\r\n",
    POST + b"transfer-encoding: chunked\r\n\r\nplanted-secret-10\r\n\r\n",
    POST + b'authorization: Bearer sk-x\r\ncontent-length: 27\r\n\r\n{"model": planted-secret-11',
]

# --- Running the command line ----------------------------------------------------------------


@dataclass(frozen=True)
class Ran:
    code: object
    out: str
    err: str


class Run(Protocol):
    def __call__(self, *arguments: str | Path) -> Ran: ...


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the command line in this process, for what ends by itself."""

    def run(*arguments: str | Path) -> Ran:
        code: object
        try:
            code = main([str(argument) for argument in arguments])
        except SystemExit as exited:
            code = exited.code
        said = capsys.readouterr()
        return Ran(code, said.out, said.err)

    return run


@dataclass
class Served:
    """A server in a process of its own; *out* and *err* are all that it said, once it ended."""

    popen: subprocess.Popen[str]
    first_line: str
    out: str = ""
    err: str = ""
    ready: dict[str, Any] = field(default_factory=dict[str, Any])

    def end(self, number: int = signal.SIGTERM, within_s: float = PATIENCE_S) -> int:
        """Send the signal *number* and return the exit code."""
        self.popen.send_signal(number)
        code = self.popen.wait(within_s)
        assert self.popen.stdout
        assert self.popen.stderr
        self.out = self.first_line + self.popen.stdout.read()
        self.err = self.popen.stderr.read()
        return code

    def ask(self, said: str = "Hi", model: str = "gpt-4o-mini", **headers: str) -> httpx.Response:
        """Return the answer to *said*."""
        return httpx.post(
            f"{self.ready['base_url']}/chat/completions",
            json={"model": model, "messages": [{"role": "user", "content": said}]},
            headers={"authorization": "Bearer sk-test", **headers},
            timeout=PATIENCE_S,
        )

    def text(self, said: str = "Hi") -> str:
        """Return what the model answers to *said*."""
        content: str = self.ask(said).json()["choices"][0]["message"]["content"]
        return content


@contextmanager
def serving(*options: str | Path, ready_json: bool = True) -> Generator[Served]:
    """Serve in a process of its own, on any port; with *ready_json*, `ready` says which."""
    popen = subprocess.Popen(
        [
            *(sys.executable, "-m", "mockserver", "serve"),
            *("--port", "0", *(["--ready-json"] if ready_json else [])),
            *map(str, options),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    with popen:
        try:
            assert popen.stdout
            served = Served(popen, popen.stdout.readline())
            if ready_json:
                served.ready = json.loads(served.first_line)
            yield served
        finally:
            if popen.poll() is None:
                popen.kill()


@pytest.fixture(scope="module")
def automatic() -> Iterator[Served]:
    """A server without a scenario, for all tests that only ask it something."""
    with serving() as served:
        yield served


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, str], Path]:
    """Write a scenario file; return its path."""

    def write(name: str, text: str) -> Path:
        path = tmp_path / name
        path.write_text(text)
        return path

    return write


Write = Callable[[str, str], Path]


# --- serve: what it says ---------------------------------------------------------------------


def test_serve_prints_the_base_url_and_the_lines_to_paste() -> None:
    with serving(ready_json=False) as served:
        served.end()
    url = re.search(r"http://127\.0\.0\.1:\d+", served.first_line)

    assert url
    assert f"export OPENAI_BASE_URL={url[0]}/v1\n" in served.out
    assert re.search(r"export OPENAI_API_KEY=\S+\n", served.out)


def test_the_lines_to_paste_are_shell(tmp_path: Path) -> None:
    with serving(ready_json=False) as served:
        served.end()
    exports = "\n".join(line for line in served.out.splitlines() if "export " in line)
    shown = subprocess.run(
        ["sh", "-c", f'{exports}\nprintf %s "$OPENAI_BASE_URL"'],
        check=True,
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )

    assert shown.stdout.endswith("/v1")
    assert shown.stdout.removesuffix("/v1") in served.first_line


def test_ready_json_tells_that_it_listens_and_where(automatic: Served) -> None:
    port = automatic.ready["port"]

    assert automatic.ready == {
        "ready": True,
        "port": port,
        "base_url": f"http://127.0.0.1:{port}/v1",
        "control_url": f"http://127.0.0.1:{port}/_mock",
        "control_token": None,
        "ca_file": None,
    }


def test_ready_json_is_all_that_standard_output_ever_carries() -> None:
    with serving("--log-level", "debug") as served:
        served.ask()
        served.ask(model="no-such-model")
        served.end()

    assert served.out == served.first_line
    assert served.out.count("\n") == 1


def test_a_quiet_server_writes_nothing_of_calls() -> None:
    with serving("--quiet") as served:
        served.ask()
        served.end()

    assert served.err == ""


def test_health_is_told_without_a_key(automatic: Served) -> None:
    answer = httpx.get(f"http://127.0.0.1:{automatic.ready['port']}/healthz")

    assert answer.json() == {"status": "ok"}


# --- serve: its options ----------------------------------------------------------------------


def test_serve_answers_by_a_scenario_file(write: Write) -> None:
    with serving("--scenario", write("hello.yaml", HELLO)) as served:
        assert served.text("Hi") == "Hello from the script."


def test_serve_answers_by_a_shipped_scenario() -> None:
    with serving("--scenario", "basics/hello") as served:
        assert served.text("Hi").startswith("Hello")


def test_at_a_time_scale_of_zero_nothing_waits() -> None:
    with serving("--scenario", "latency/slow-first-token", "--time-scale", "0") as served:
        assert served.text("Hi") == "Here it is, at last."


def test_of_several_scenarios_the_first_that_says_something_wins(write: Write) -> None:
    files = write("hello.yaml", HELLO), write("spare.yaml", SPARE)
    with serving("--scenario", files[0], "--scenario", files[1]) as served:
        answers = [served.text("Hi"), served.text("Something else")]

    assert answers == ["Hello from the script.", "Hello from the spare."]


def test_serve_answers_by_itself_what_no_rule_answers(write: Write) -> None:
    with serving("--scenario", write("hello.yaml", HELLO)) as served:
        assert served.ask("Something else").status_code == 200


def test_a_strict_server_refuses_what_no_rule_answers_and_names_the_nearest(write: Write) -> None:
    with serving("--strict", "--scenario", write("hello.yaml", HELLO)) as served:
        refused = served.ask("Something else")

    assert refused.status_code == 404
    assert refused.json()["error"]["code"] == "no_rule_matched"
    assert "nearest: 'hello'" in refused.json()["error"]["message"]


def test_a_model_that_does_not_exist_is_refused(automatic: Served) -> None:
    assert automatic.ask(model="no-such-model").json()["error"]["code"] == "model_not_found"


def test_any_model_is_known_if_told_so() -> None:
    with serving("--any-model") as served:
        assert served.ask(model="no-such-model").json()["model"] == "no-such-model"


def test_any_deployment_stands_for_what_the_server_is_told_x1() -> None:
    with serving("--any-deployment", "gpt-4o-mini") as served:
        answered = httpx.post(
            f"http://127.0.0.1:{served.ready['port']}/openai/deployments/ours/chat/completions",
            params={"api-version": "2024-10-21"},
            json={"messages": [{"role": "user", "content": "Hi"}]},
            headers={"api-key": "any"},
            timeout=PATIENCE_S,
        )

    assert answered.json()["model"] == "gpt-4o-mini-2024-07-18"


def test_any_deployment_names_a_known_model_x1(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", "--any-deployment", "gtp-4o"]) == 2
    assert "did you mean 'gpt-4o'?" in capsys.readouterr().err


def test_the_same_seed_gives_the_same_bytes_in_another_process() -> None:
    with serving("--seed", "7") as one, serving("--seed", "7") as other:
        assert one.ask().content == other.ask().content


def test_another_seed_gives_another_id(automatic: Served) -> None:
    with serving("--seed", "8") as other:
        assert automatic.ask().json()["id"] != other.ask().json()["id"]


def test_serve_listens_on_ipv6_if_told_so() -> None:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        pytest.skip("this machine has no IPv6")
    with serving("--host", "::1") as served:
        assert served.ready["base_url"].startswith("http://[::1]:")
        assert served.ask().status_code == 200


def test_serve_listens_on_the_port_it_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    # The last one counts, so this overrides the port that `serving` asks for.
    with serving("--port", str(port)) as served:
        assert served.ready["port"] == port


# --- serve: its end --------------------------------------------------------------------------


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_ends_an_idle_server_within_a_second(number: int) -> None:
    with serving() as served:
        served.ask()

        assert served.end(number, within_s=ENDS_WITHIN_S) == 0


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_ends_a_server_with_open_streams_within_a_second(
    number: int, write: Write
) -> None:
    with serving("--quiet", "--scenario", write("open.yaml", HELD_OPEN)) as served:
        streams = [_open_stream(served.ready["port"]) for _ in range(100)]
        code = served.end(number, within_s=ENDS_WITHIN_S)
        for stream in streams:
            stream.close()

    assert code == 0
    assert served.err == ""


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(POST + b"content-le", id="half a header"),
        pytest.param(POST + b"content-length: 9\r\n\r\n{", id="half a body"),
    ],
)
def test_a_client_that_has_sent_only_this_does_not_hold_the_end_up(sent: bytes) -> None:
    with (
        serving() as served,
        socket.create_connection(("127.0.0.1", served.ready["port"])) as client,
    ):
        client.sendall(sent)
        served.ask()  # what was sent before has been read when this is answered

        assert served.end(within_s=ENDS_WITHIN_S) == 0


def _open_stream(port: int) -> socket.socket:
    """Return a connection on which the head of a stream has come, but not its end."""
    asked = json.dumps(
        {"model": "gpt-4o", "stream": True, "messages": [{"role": "user", "content": "Go."}]}
    )
    connection = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S)
    headers = f"authorization: Bearer sk-test\r\ncontent-length: {len(asked)}\r\n\r\n"
    connection.sendall(POST + f"{headers}{asked}".encode())
    assert connection.recv(65_536).startswith(b"HTTP/1.1 200 OK")
    return connection


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_ends_serving_in_the_foreground(number: int) -> None:
    engine = Engine(Scenario(), Plugins.installed(), lambda: 0.0)
    addresses: list[Address] = []

    def ready(address: Address) -> None:
        addresses.append(address)
        os.kill(os.getpid(), number)

    runner.serve(engine, "127.0.0.1", 0, ready)

    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{addresses[0].url}/healthz")


# --- serve: secrets --------------------------------------------------------------------------


LOOKS_SECRET: Final = "sk-9fK2mX7qLw4TzB1vN8cR5yHdG3pJ6sAe"


def test_no_key_and_no_body_comes_into_any_log(write: Write) -> None:
    with serving("--log-level", "debug", "--scenario", write("hello.yaml", HELLO)) as served:
        served.ask(f"{'Hi. ' * 30}planted-secret-1", authorization="Bearer sk-planted-secret-2")
        served.ask(model=f"my-model-{LOOKS_SECRET}", **{"api-key": "planted-secret-4"})
        served.ask(**{"x-stainless-lang": "planted-secret-5", "cookie": "planted-secret-6"})
        for malformed in MALFORMED:
            _send(served.ready["port"], malformed)
        served.end()

    told = served.out + served.err
    assert "planted-secret" not in told
    assert LOOKS_SECRET not in told


def test_an_answer_that_fails_is_logged_without_what_the_error_quotes(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(self: Auto, call: IncomingCall, place: ChoicePlace, draw: Draw) -> Choice:
        raise KeyError(call.key, call.http.body)

    monkeypatch.setattr(Auto, "choice", fail)
    with MockServer() as server:
        answer = httpx.post(
            f"{server.base_url}/chat/completions",
            json={"model": "gpt-4o", "messages": [{"role": "user", "content": "planted-secret"}]},
            headers={"authorization": "Bearer planted-secret"},
        )

    assert answer.status_code == 500
    assert "KeyError" in caplog.text
    assert "in fail" in caplog.text
    assert "planted-secret" not in caplog.text


def _send(port: int, raw: bytes) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S) as connection:
        connection.sendall(raw)
        assert connection.recv(65_536).startswith(b"HTTP/1")


# --- check -----------------------------------------------------------------------------------


def test_check_finds_nothing_wrong_with_right_files(run: Run, write: Write) -> None:
    ran = run("check", write("hello.yaml", HELLO), write("spare.yaml", SPARE))

    assert ran == Ran(0, "2 scenarios checked: no errors\n", "")


def test_check_tells_all_that_is_wrong_with_place_and_nearest_word(run: Run, write: Write) -> None:
    path = write("wrong.yaml", WRONG)
    ran = run("check", path)

    assert ran.code == 2
    assert ran.out == ""
    assert f"{path}:3:18: unknown key 'replly'" in ran.err
    assert "did you mean 'reply'?" in ran.err
    assert f"{path}:4:25: unknown failure kind 'disconect'" in ran.err
    assert "did you mean 'disconnect'?" in ran.err


def test_serve_refuses_a_wrong_scenario_in_the_same_words(run: Run, write: Write) -> None:
    path = write("wrong.yaml", WRONG)

    assert run("serve", "--port", "0", "--scenario", path) == run("check", path)


# --- scenarios and the version ---------------------------------------------------------------


def test_scenarios_lists_each_shipped_scenario_with_its_description(run: Run) -> None:
    shipped = sorted((ROOT / "scenarios").rglob("*.yaml"))
    names = [path.relative_to(ROOT / "scenarios").with_suffix("").as_posix() for path in shipped]
    ran = run("scenarios")

    assert ran.code == 0
    assert [line.split()[0] for line in ran.out.splitlines()] == names
    assert all(len(line.split()) > 2 for line in ran.out.splitlines())


def test_version_is_printed(run: Run) -> None:
    assert run("--version") == Ran(0, f"mockserver {__version__}\n", "")


def test_the_module_is_the_command() -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "mockserver", "--version"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )

    assert (ran.returncode, ran.stdout) == (0, f"mockserver {__version__}\n")


# --- what people get wrong -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        pytest.param("", "required: COMMAND", id="no command"),
        pytest.param("sevre", "invalid choice: 'sevre'", id="an unknown command"),
        pytest.param("serve --prot 80", "unrecognized arguments: --prot", id="an unknown option"),
        pytest.param("serve --str", "unrecognized arguments: --str", id="half an option's name"),
        pytest.param("serve --port 65536", "'65536' is not a port", id="a port too high"),
        pytest.param("serve --port -1", "'-1' is not a port", id="a port too low"),
        pytest.param("serve --port http", "'http' is not a port", id="a port in words"),
        pytest.param("serve --seed x", "invalid int value: 'x'", id="a seed that is no number"),
        pytest.param("serve --time-scale x", "'x' is not a number", id="a time scale in words"),
        pytest.param("serve --time-scale -1", "must be at least 0", id="time backwards"),
        pytest.param("serve --log-level all", "invalid choice: 'all'", id="an unknown log level"),
        pytest.param("serve --scenario", "expected one argument", id="no scenario's name"),
        pytest.param("check", "required: FILE", id="nothing to check"),
        pytest.param(
            "serve --scenario no/such.yaml",
            "there is no scenario 'no/such.yaml'",
            id="a scenario file that is missing",
        ),
        pytest.param(
            "serve --scenario no-such",
            "there is no scenario 'no-such'",
            id="a scenario's name that is unknown",
        ),
        pytest.param(
            "check no/such.yaml",
            "there is no scenario 'no/such.yaml'",
            id="a file to check that is missing",
        ),
        pytest.param(
            "serve --port 0 --host 192.0.2.1",
            "cannot listen on 192.0.2.1",
            id="a host that is another machine's",
        ),
    ],
)
def test_a_mistake_is_told_in_one_line_with_exit_code_2(
    run: Run, arguments: str, told: str
) -> None:
    ran = run(*arguments.split())

    assert ran.code == 2
    assert ran.out == ""
    assert told in ran.err
    assert ran.err.startswith("mockserver: ")
    assert ran.err.count("\n") == 1


def test_a_used_port_is_told_in_one_line_with_exit_code_2(run: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        ran = run("serve", "--port", str(port))

    assert ran == Ran(
        2,
        "",
        f"mockserver: port {port} on 127.0.0.1 is in use: "
        "choose another with --port, or any with --port 0\n",
    )


def test_a_reader_that_has_enough_is_no_error() -> None:
    command = f"{sys.executable} -m mockserver schema | head -c 1"
    ran = subprocess.run(command, shell=True, capture_output=True, text=True, check=False)

    assert (ran.stdout, ran.stderr) == ("{", "")


def test_report_tells_what_an_application_did_wrong(capsys: pytest.CaptureFixture[str]) -> None:
    with MockServer(load_scenario(ScenarioText("version: 1\nrules: [{fail: 503}]"))) as server:
        command = ["report", "--url", server.url]
        assert main(command) == 0

        body = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Hi"}]}
        headers = {"authorization": "Bearer sk-test"}
        httpx.post(f"{server.base_url}/chat/completions", json=body, headers=headers)
        assert main(command) == 1
        assert main([*command, "--allow", "gave_up_too_early"]) == 0
        assert main([*command, "--allow", "gave_up_to_early"]) == 2

    out, err = capsys.readouterr()
    assert out.startswith("gave_up_too_early (call 1): did not retry after a 503\n")
    assert "1 call, 1 verdict\n" in err
    assert "did you mean 'gave_up_too_early'" in err


# --- Since when, and how fast -------------------------------------------------------------------


def asked_twice(server: MockServer, session: str = "default") -> None:
    for said in ("Hi", "Ho"):
        body = {"model": "gpt-4o", "messages": [{"role": "user", "content": said}]}
        headers = {"authorization": "Bearer sk-test"}
        httpx.post(f"{server.base_url_of(session)}/chat/completions", json=body, headers=headers)


@pytest.mark.parametrize(
    ("since", "judged"),
    [
        pytest.param("1", 2, id="from the first call on"),
        pytest.param("2", 1, id="from a call on"),
        pytest.param("3", 0, id="from a call on that has not come"),
        pytest.param("10m", 2, id="the last minutes"),
        pytest.param("1.5h", 2, id="a part of an hour"),
        pytest.param("0s", 0, id="just now"),
        pytest.param("2001-02-03T04:05:06Z", 2, id="since long ago"),
        pytest.param("2001-02-03 04:05:06+01:00", 2, id="with another zone"),
        pytest.param("2999-01-01T00:00:00Z", 0, id="in the future"),
    ],
)
def test_report_judges_only_calls_since_then(
    since: str, judged: int, capsys: pytest.CaptureFixture[str]
) -> None:
    with MockServer({"version": 1, "rules": [{"fail": 503}]}) as server:
        asked_twice(server, "s")
        server.session("s").clock.advance_to(5)
        code = main(["report", "--url", server.url, "--session", "s", "--since", since, "--json"])

    report = json.loads(capsys.readouterr().out)
    assert (report["calls"], len(report["verdicts"]), code) == (judged, judged, int(judged > 0))


@pytest.mark.parametrize(
    ("options", "says"),
    [
        pytest.param(["--since", "0"], "counted from 1", id="no call has that number"),
        pytest.param(["--since", "9" * 40], "counted from 1", id="a number that is too large"),
        pytest.param(["--since", "yesterday"], "is not a time", id="a word"),
        pytest.param(["--since", "10 m"], "90s, 10m, 2h", id="with a space"),
        pytest.param(["--since", "-5m"], "expected one argument", id="in the future"),
        pytest.param(["--since", ""], "is not a time", id="nothing"),
        pytest.param(["--since", "2026-12-01T09:30:00"], "09:30:00Z' is UTC", id="without a zone"),
        pytest.param(["--load", "--since", "5m"], "--load counts all calls", id="load since then"),
        pytest.param(["--load", "--session", "s"], "so --session means nothing", id="of a session"),
        pytest.param(["--load", "--fallback"], "so --fallback means nothing", id="with a fallback"),
    ],
)
def test_report_refuses_what_it_cannot_judge_by(
    options: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        code = main(["report", "--url", "http://127.0.0.1:9", *options])
    except SystemExit as ended:
        code = int(str(ended.code))

    assert code == 2
    assert says in capsys.readouterr().err


PACED = {
    "version": 1,
    "rules": [
        {"when": {"last_user": "Ho"}, "name": "limited", "fail": 429},
        {"name": "paced", "reply": "One two.", "latency": {"ttft_ms": 40, "per_token_ms": 5}},
    ],
}


def test_report_shows_the_load_beside_what_was_planned(capsys: pytest.CaptureFixture[str]) -> None:
    with MockServer(PACED) as server:
        asked_twice(server)
        asked_twice(server, "other")
        server.session("other").reset()
        assert main(["report", "--url", server.url, "--load"]) == 0
        shown = capsys.readouterr().out
        assert main(["report", "--url", server.url, "--load", "--json"]) == 0
        load = json.loads(capsys.readouterr().out)

    assert "4 calls in " in shown
    assert "refused for limits (scripted: 2), failures (http_error: 2)" in shown
    assert "█" in shown
    assert load["duration"]["measured"]["count"] == 4
    assert load["duration"]["planned"]["max_ms"] == pytest.approx(50)
    assert load["duration"]["measured"]["max_ms"] >= 50
    assert load["refusals"] == {"scripted": 2}


def test_without_calls_the_load_is_none(capsys: pytest.CaptureFixture[str]) -> None:
    with MockServer() as server:
        assert main(["report", "--url", server.url, "--load"]) == 0

    assert capsys.readouterr().out.startswith("0 calls: too few to tell a rate\n")
