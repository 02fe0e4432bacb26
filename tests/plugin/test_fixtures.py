"""The fixtures: a server for a run, a session for a test, further sessions on demand."""

import socket

import pytest
from plugin_runs import Runs


def test_a_test_is_answered_under_its_base_url_by_what_it_scripts(runs: Runs) -> None:
    runs.of(
        """
def test_answered(mock_llm):
    mock_llm.reply("Scripted.")
    assert text(ask(mock_llm.base_url)) == "Scripted."
    assert [call.status for call in mock_llm.calls] == [200]
    assert mock_llm.calls[0].model == "gpt-4o-mini"
    assert mock_llm.usage.prompt_tokens == 8
""",
        passed=1,
    )


def test_each_test_has_a_session_of_its_own_on_one_server(runs: Runs) -> None:
    runs.of(
        """
import pytest

seen = []

@pytest.mark.parametrize("name", ["a/b", "a b", "a?b", "ä", "x" * 500, ""])
def test_alone(mock_llm, mock_llm_server, name):
    mock_llm.reply("Hello.")
    assert ask(mock_llm.base_url).status_code == 200
    assert [call.number for call in mock_llm.calls] == [1]
    seen.append((mock_llm.url, mock_llm_server.url))

def test_all_were_different_sessions_of_one_server():
    sessions, servers = zip(*seen)
    assert len(set(sessions)) == len(seen)
    assert len(set(servers)) == 1
""",
        passed=7,
    )


def test_no_server_starts_unless_a_test_asks_for_one(runs: Runs) -> None:
    runs.of(
        """
import sys, threading

def test_plain():
    assert "mockserver" not in sys.modules
    assert "mockserver" not in [thread.name for thread in threading.enumerate()]
""",
        in_process=False,
        passed=1,
    )


def test_the_server_is_gone_when_the_run_ends(runs: Runs) -> None:
    ran = runs.of(
        "def test_server(mock_llm_server):\n    print('url:', mock_llm_server.url)\n",
        "-s",
        passed=1,
    )
    url = next(line.partition("url: ")[2] for line in ran.outlines if "url: " in line)

    assert not _listens(int(url.rpartition(":")[2]))


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_a_project_gives_the_server_its_scenario_by_overriding_the_fixture(runs: Runs) -> None:
    runs.pytester.makefile(".yaml", hello='version: 1\nrules: [{name: hello, reply: "Shared."}]')
    runs.pytester.makeconftest(
        """
import mockserver, pathlib, pytest

@pytest.fixture(scope="session")
def mock_llm_server():
    with mockserver.MockServer(pathlib.Path(__file__).with_name("hello.yaml")) as server:
        yield server
"""
    )
    runs.of(
        """
import pytest

@pytest.mark.mock_llm(inherit=True)
def test_the_shared_scenario_lies_below_what_is_scripted(mock_llm):
    mock_llm.reply("Mine first.")
    assert text(ask(mock_llm.base_url)) == "Mine first."
    assert text(ask(mock_llm.base_url)) == "Shared."

@pytest.mark.mock_llm(strict=False)
def test_it_is_not_there_unless_it_is_inherited(mock_llm):
    assert text(ask(mock_llm.base_url)) == "A mock answer to: Hi"
""",
        passed=2,
    )


def test_further_sessions_are_other_providers_with_the_same_time(runs: Runs) -> None:
    runs.of(
        """
import httpx, pytest

def test_two(mock_llm, mock_llm_factory):
    other = mock_llm_factory("fallback", provider="openrouter")
    mock_llm.fail("rate_limit", retry_after_s=30)
    mock_llm.reply("First.")
    other.reply("Second.")
    assert ask(mock_llm.base_url).status_code == 429
    assert text(ask(mock_llm.base_url)) == "First."
    assert other.clock.now_s == mock_llm.clock.now_s == 30
    assert other.base_url.endswith("/api/v1")
    assert text(ask(other.base_url, model="openai/gpt-4o-mini")) == "Second."
    assert [call.provider for call in other.calls] == ["openrouter"]
    assert mock_llm_factory["fallback"] is other
    with pytest.raises(Exception, match="already has a session 'fallback'"):
        mock_llm_factory("fallback")

def test_a_port_of_its_own_can_be_taken_away(mock_llm, mock_llm_factory):
    primary = mock_llm_factory("primary", own_port=True)
    mock_llm.reply("Still here.")
    primary.reply("Back again.")
    with primary.refuse():
        with pytest.raises(httpx.ConnectError):
            ask(primary.base_url)
        assert text(ask(mock_llm.base_url)) == "Still here."
    assert text(ask(primary.base_url)) == "Back again."
""",
        passed=2,
    )


def test_the_server_answers_tests_of_every_kind(runs: Runs) -> None:
    pytest.importorskip("trio")
    pytest.importorskip("pytest_asyncio")
    runs.of(
        """
import asyncio, unittest
import httpx, pytest

BODY = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Hi"}]}
HEADERS = {"authorization": "Bearer sk-test"}

async def ask_async(base_url):
    async with httpx.AsyncClient() as client:
        answer = await client.post(base_url + "/chat/completions", json=BODY, headers=HEADERS)
    return text(answer)

@pytest.mark.asyncio
async def test_asyncio(mock_llm):
    mock_llm.reply("Hello.")
    assert await ask_async(mock_llm.base_url) == "Hello."
    assert len(await mock_llm.wait_for_async(calls=1)) == 1

@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])
async def test_anyio(mock_llm, anyio_backend):
    mock_llm.reply("Hello.")
    assert await ask_async(mock_llm.base_url) == "Hello."
    assert len(await mock_llm.wait_for_async(calls=1)) == 1

class TestInAUnittestClass(unittest.TestCase):
    @pytest.fixture(autouse=True)
    def _llm(self, mock_llm):
        self.llm = mock_llm

    def test_sync(self):
        self.llm.reply("Hello.")
        self.assertEqual(text(ask(self.llm.base_url)), "Hello.")

    def test_strict(self):
        self.llm.reply("Never asked for.")

class TestAsync(unittest.IsolatedAsyncioTestCase):
    @pytest.fixture(autouse=True)
    def _llm(self, mock_llm):
        self.llm = mock_llm

    async def test_async(self):
        self.llm.reply("Hello.")
        self.assertEqual(await ask_async(self.llm.base_url), "Hello.")

@pytest.mark.asyncio
async def test_strict_async(mock_llm):
    mock_llm.reply("Never asked for.")
""",
        "-p",
        "anyio.pytest_plugin",
        "-p",
        "pytest_asyncio.plugin",
        "-o",
        "asyncio_default_fixture_loop_scope=function",
        in_process=False,
        passed=5,
        failed=2,
    )
