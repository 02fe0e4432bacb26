"""Many tests, many processes, and runs that end before their time."""

import os
import signal
import socket
import subprocess
import sys

import pytest
from plugin_runs import IMPORTABLE, Runs
from pytest_mockserver.plugin import Settings, _run_of
from pytest_mockserver.settings import OPTIONS

from mockserver import MockServer

CALLS_OF_A_CYCLE = 3_000
"""Calls of functions that a session for a test may take; benchmarks/plugin.py measures the time."""


def test_two_hundred_tests_on_eight_workers_do_not_hear_of_each_other(runs: Runs) -> None:
    pytest.importorskip("xdist")
    runs.of(
        """
import pytest

@pytest.mark.parametrize("number", range(200))
def test_alone(mock_llm, number):
    mock_llm.fail(500)
    mock_llm.reply(f"Answer {number}.")
    assert ask(mock_llm.base_url, f"Question {number}").status_code == 500
    assert text(ask(mock_llm.base_url, f"Question {number}")) == f"Answer {number}."
    said = [call.messages[0]["content"] for call in mock_llm.calls]
    assert said == [f"Question {number}"] * 2
    assert [call.number for call in mock_llm.calls] == [1, 2]
""",
        "-p",
        "xdist.plugin",
        "-n",
        "8",
        "--mock-llm-report",
        in_process=False,
        passed=200,
    ).stdout.fnmatch_lines(["200 tests * 400 *"])


def test_importing_the_plugin_imports_only_the_standard_library_and_pytest() -> None:
    code = (
        "import sys, pytest; before = set(sys.modules); "
        "import pytest_mockserver.plugin; "
        "print(*{name.partition('.')[0] for name in set(sys.modules) - before} "
        "- sys.stdlib_module_names)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": IMPORTABLE},
    )

    assert ran.stdout.split() == ["pytest_mockserver"]


def test_a_session_for_a_test_costs_next_to_nothing(
    request: pytest.FixtureRequest, mock_llm_server: MockServer
) -> None:
    run = _run_of(request.config)

    def cycle() -> None:
        with run.session(request.node, mock_llm_server, None):
            pass

    cycle()
    calls = 0

    def count(frame: object, event: str, argument: object) -> None:
        nonlocal calls
        calls += event in {"call", "c_call"}

    sys.setprofile(count)
    try:
        cycle()
    finally:
        sys.setprofile(None)

    assert calls < CALLS_OF_A_CYCLE


def test_every_option_has_a_key_in_the_ini_file(pytestconfig: pytest.Config) -> None:
    assert {option.name for option in OPTIONS} == set(Settings.__dataclass_fields__)
    assert [pytestconfig.getini(option.ini) for option in OPTIONS] == [None] * len(OPTIONS)


STUCK = """
import sys

def test_stuck(mock_llm_server, mock_llm):
    print("port", mock_llm_server.url.rpartition(":")[2], flush=True)
    mock_llm.wait_for(calls=1, timeout_s=60)
"""

# A run in the background of a shell begins with Ctrl-C ignored.
HEARING = """
import signal, sys, pytest
signal.signal(signal.SIGINT, signal.default_int_handler)
sys.exit(pytest.main(["-s", "-q"]))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="signals are those of POSIX")
@pytest.mark.parametrize(
    ("number", "code"),
    [(signal.SIGINT, pytest.ExitCode.INTERRUPTED), (signal.SIGKILL, -signal.SIGKILL)],
    ids=["ctrl-c", "kill -9"],
)
def test_nothing_is_left_of_a_run_that_is_cut_short(
    runs: Runs, number: signal.Signals, code: int
) -> None:
    runs.pytester.makepyfile(STUCK)
    with subprocess.Popen(
        [sys.executable, "-c", HEARING],
        cwd=runs.path,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        port = next(int(line.split("port ")[1]) for line in process.stdout if "port " in line)
        process.send_signal(number)
        # It ends once nobody is left who could write to it.
        process.stdout.read()

    assert process.returncode == code
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0
