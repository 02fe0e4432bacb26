"""The pytest plugin, in runs of pytest of its own, in processes of their own.

Other plugins stay out of these runs; that an installed one is found without being named is a
promise of the wheel (`tests/packaging`).
"""

import os
import socket
import subprocess
import sys

import pytest

pytest_plugins = ["pytester"]

IMPORTABLE = os.pathsep.join(path for path in sys.path if path)

ASK = """
import httpx

def ask(base_url, said="Hi"):
    body = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": said}]}
    headers = {"authorization": "Bearer sk-test"}
    return httpx.post(base_url + "/chat/completions", json=body, headers=headers)
"""


@pytest.fixture
def run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A folder in which the plugin, and nothing else, is loaded."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setenv("PYTHONPATH", IMPORTABLE)
    pytester.makeini("[pytest]\naddopts = -p pytest_mockserver\nfilterwarnings = error")
    return pytester


def test_a_test_is_answered_under_its_base_url(run: pytest.Pytester) -> None:
    run.makepyfile(
        ASK
        + """
def test_answered(mock_llm):
    assert ask(mock_llm.base_url).json()["object"] == "chat.completion"
"""
    )

    run.runpytest_subprocess().assert_outcomes(passed=1)


def test_the_journal_shows_the_calls_of_the_test_in_order(run: pytest.Pytester) -> None:
    run.makepyfile(
        ASK
        + """
def test_two_calls(mock_llm):
    assert mock_llm.calls == []
    ask(mock_llm.base_url)
    ask(mock_llm.base_url + "/nowhere")
    assert [call.status for call in mock_llm.calls] == [200, 404]
    assert mock_llm.calls[0].model == "gpt-4o-mini"
    assert mock_llm.calls[0].usage.prompt_tokens == 8
"""
    )

    run.runpytest_subprocess().assert_outcomes(passed=1)


def test_each_test_has_a_session_of_its_own_on_one_server(run: pytest.Pytester) -> None:
    run.makepyfile(
        ASK
        + """
import pytest

seen = []

@pytest.mark.parametrize("name", ["a/b", "a b", "a?b", "ä", "x" * 500, ""])
def test_alone(mock_llm, mock_llm_server, name):
    assert ask(mock_llm.base_url).status_code == 200
    assert len(mock_llm.calls) == 1
    seen.append((mock_llm.url, mock_llm_server.url))

def test_all_were_different_sessions_of_one_server():
    sessions, servers = zip(*seen)
    assert len(set(sessions)) == len(seen)
    assert len(set(servers)) == 1
"""
    )

    run.runpytest_subprocess().assert_outcomes(passed=7)


def test_the_same_test_begins_anew_when_it_runs_again(run: pytest.Pytester) -> None:
    run.makepyfile(
        ASK
        + """
import pytest

@pytest.fixture(params=[1, 2])
def again(request, mock_llm):
    return mock_llm

def test_fresh(again):
    ask(again.base_url)
    assert [call.number for call in again.calls] == [1]
"""
    )

    run.runpytest_subprocess().assert_outcomes(passed=2)


def test_a_project_gives_the_server_its_scenario_by_overriding_the_fixture(
    run: pytest.Pytester,
) -> None:
    run.makefile(".yaml", hello='version: 1\nrules: [{name: hello, reply: "Scripted."}]')
    run.makeconftest(
        """
import mockserver, pathlib, pytest

@pytest.fixture(scope="session")
def mock_llm_server():
    with mockserver.MockServer(pathlib.Path(__file__).with_name("hello.yaml")) as server:
        yield server
"""
    )
    run.makepyfile(
        ASK
        + """
def test_scripted(mock_llm):
    answer = ask(mock_llm.base_url).json()
    assert answer["choices"][0]["message"]["content"] == "Scripted."
"""
    )

    run.runpytest_subprocess().assert_outcomes(passed=1)


def test_no_server_starts_unless_a_test_asks_for_one(run: pytest.Pytester) -> None:
    run.makepyfile(
        """
import sys, threading

def test_plain():
    assert "mockserver.server" not in sys.modules
    assert "mockserver" not in [thread.name for thread in threading.enumerate()]
"""
    )

    run.runpytest_subprocess().assert_outcomes(passed=1)


def test_the_server_is_gone_when_the_run_ends(run: pytest.Pytester) -> None:
    run.makepyfile("def test_server(mock_llm_server):\n    print('url:', mock_llm_server.url)\n")
    ran = run.runpytest_subprocess("-s")
    url = next(line.partition("url: ")[2] for line in ran.outlines if "url: " in line)

    assert not _listens(int(url.rpartition(":")[2]))


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_importing_the_plugin_imports_only_the_standard_library_and_pytest() -> None:
    code = (
        "import sys, pytest; before = set(sys.modules); import pytest_mockserver; "
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
