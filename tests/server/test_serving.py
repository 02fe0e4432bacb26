"""`mockserver serve` as another process: how it is reached and controlled, and what it watches."""

import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest
from support.subprocesses import SOURCES, Subprocess, served
from support.wire import chat, exchange, request

from mockserver import Control, ControlError

PATIENCE_S = 30
RULE = "version: 1\nrules: [{{name: {0}, reply: {0}.}}]\n"


def refused(*arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "mockserver", "serve", "--port", "0", *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_S,
        env={"PYTHONPATH": str(SOURCES)},
    )
    assert done.returncode == 2
    return done.stderr


def answer(server: Subprocess) -> str:
    raw = exchange(server, request("POST", "/v1/chat/completions", chat()))
    return str(raw.json["choices"][0]["message"]["content"])


@pytest.mark.system
def test_beyond_loopback_the_ready_line_tells_the_token_that_was_drawn() -> None:
    with served("--host", "0.0.0.0") as server:
        token = server.ready["control_token"]

        assert Control(server.url, token=token).sessions().total == 0
        with pytest.raises(ControlError, match="token"):
            Control(server.url).sessions()


@pytest.mark.system
@pytest.mark.parametrize(
    ("arguments", "environment"),
    [
        (["--control-token", "stated-by-option"], {}),
        ([], {"MOCKSERVER_CONTROL_TOKEN": "stated-by-option"}),
    ],
    ids=["by an option", "by a variable, which no list of processes shows"],
)
def test_a_token_can_be_stated(arguments: list[str], environment: dict[str, str]) -> None:
    with served(*arguments, environment=environment) as server:
        assert server.ready["control_token"] == "stated-by-option"
        assert Control(server.url, token="stated-by-option").health().status == "ok"


@pytest.mark.system
def test_a_server_can_do_without_a_control_api() -> None:
    environment = {"MOCKSERVER_CONTROL_TOKEN": "stated-for-another"}
    with served("--no-control", environment=environment) as server:
        assert (server.ready["control_url"], server.ready["control_token"]) == (None, None)
        with pytest.raises(ControlError, match="Not a control API"):
            Control(server.url).sessions()


@pytest.mark.system
def test_an_encrypted_server_tells_whom_to_trust() -> None:
    with served("--tls") as server:
        ca_file = server.ready["ca_file"]

        assert server.url.startswith("https://127.0.0.1:")
        assert Control(server.url, ca_file=ca_file).health().status == "ok"
        assert "PRIVATE" not in Path(ca_file).read_text()
    assert not Path(ca_file).exists()


@pytest.mark.system
def test_pages_of_one_origin_may_call() -> None:
    with served("--cors-origin", "http://localhost:3000") as server:
        answered = httpx.get(
            f"{server.url}/v1/models",
            headers={"origin": "http://localhost:3000", "authorization": "Bearer sk-test"},
        )

        assert answered.headers["access-control-allow-origin"] == "http://localhost:3000"


@pytest.mark.system
def test_a_watched_scenario_is_read_again_and_sessions_keep_their_counters(
    tmp_path: Path,
) -> None:
    scenario = tmp_path / "scenario.yaml"
    scenario.write_text(RULE.format("old"))
    with served("--scenario", str(scenario), "--watch") as server:
        assert answer(server) == "old."
        scenario.write_text(RULE.format("brand-new"))
        until = time.monotonic() + PATIENCE_S
        while answer(server) == "old." and time.monotonic() < until:
            pass

        assert answer(server) == "brand-new."


@pytest.mark.system
def test_a_scenario_is_read_again_when_the_control_api_is_asked_to(tmp_path: Path) -> None:
    scenario = tmp_path / "scenario.yaml"
    scenario.write_text(RULE.format("old"))
    with served("--scenario", str(scenario)) as server:
        control = Control(server.url)
        scenario.write_text(RULE.format("new"))
        assert control.reload().rules == 1
        assert answer(server) == "new."
        scenario.write_text("version: 1\nruls: []\n")
        with pytest.raises(ControlError, match="unknown key 'ruls'"):
            control.reload()

        assert answer(server) == "new."


@pytest.mark.system
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--watch"], "nothing to watch"),
        (["--no-control", "--control-token", "long-enough"], "has no effect"),
        (["--control-token", "short"], "at least 8 characters"),
        (["--cors-origin", "localhost"], "not an origin"),
    ],
)
def test_what_makes_no_sense_is_refused_in_one_line(arguments: list[str], said: str) -> None:
    error = refused(*arguments)

    assert said in error
    assert error.count("\n") == 1
