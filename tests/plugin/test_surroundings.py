"""What a run does to its surroundings: environment variables, and the network."""

import os

import pytest
from plugin_runs import Runs


def test_variables_lead_clients_to_the_session_and_are_put_back(
    runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-real")
    monkeypatch.setenv("OPENAI_ORG_ID", "org-real")
    monkeypatch.setenv("NO_PROXY", "example.org")
    monkeypatch.setenv("LITELLM_LOCAL_MODEL_COST_MAP", "false")
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    runs.of(
        """
import os, subprocess, sys
import openai, pytest

def test_a_client_without_arguments(mock_llm):
    mock_llm.reply("Hello.")
    answer = openai.OpenAI().chat.completions.create(
        model="gpt-4o", messages=[{"role": "user", "content": "Hi"}]
    )
    assert answer.choices[0].message.content == "Hello."
    assert "openai-organization" not in mock_llm.calls[0].headers

def test_all_of_them(mock_llm):
    env = os.environ
    assert env["OPENAI_BASE_URL"] == env["OPENAI_API_BASE"] == mock_llm.base_url
    assert env["AZURE_OPENAI_ENDPOINT"] == mock_llm.url_for("azure")
    assert env["OPENROUTER_API_BASE"] == mock_llm.url_for("openrouter")
    assert env["OPENAI_API_KEY"] == env["AZURE_OPENAI_API_KEY"] == mock_llm.api_key
    assert env["NO_PROXY"] == "example.org,127.0.0.1,localhost,::1"
    assert env["OPENAI_AGENTS_DISABLE_TRACING"] == "1"
    assert env["LITELLM_LOCAL_MODEL_COST_MAP"] == "false"  # as it was set before
    assert "OPENAI_ORG_ID" not in env
    assert mock_llm.env(MORE="1")["MORE"] == "1"

def test_a_subprocess_inherits_them(mock_llm):
    mock_llm.reply("To a child.")
    code = (
        "import openai; print(openai.OpenAI().chat.completions.create(model='gpt-4o', "
        "messages=[{'role': 'user', 'content': 'Hi'}]).choices[0].message.content)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout == "To a child.\\n"

def test_afterwards():
    assert os.environ["OPENAI_API_KEY"] == "sk-real"
    assert os.environ["OPENAI_ORG_ID"] == "org-real"
    assert os.environ["NO_PROXY"] == "example.org"
    assert "OPENAI_BASE_URL" not in os.environ

@pytest.mark.mock_llm(env=False)
def test_not_in_this_one(mock_llm):
    assert os.environ["OPENAI_API_KEY"] == "sk-real"
""",
        passed=5,
    )


def test_clients_that_are_built_at_import_are_led_by_the_whole_run(runs: Runs) -> None:
    before = {
        name: os.environ.get(name) for name in ("OPENAI_BASE_URL", "OPENAI_API_KEY", "NO_PROXY")
    }
    runs.pytester.makepyfile(
        app="""
import openai
client = openai.OpenAI()

def say(what):
    return client.chat.completions.create(
        model="gpt-4o", messages=[{"role": "user", "content": what}]
    ).choices[0].message.content
"""
    )
    runs.of(
        """
import app, pytest

@pytest.mark.parametrize("number", [1, 2, 3])
def test_each_begins_anew(mock_llm, number):
    assert mock_llm.calls == []
    mock_llm.reply(f"Answer {number}.")
    assert app.say("Hi") == f"Answer {number}."
    assert len(mock_llm.calls) == 1

def test_the_client_is_done():
    app.client.close()
""",
        "--mock-llm-env=session",
        passed=4,
    )

    assert {name: os.environ.get(name) for name in before} == before


def test_fast_retries_take_the_clients_own_waits_away(runs: Runs) -> None:
    runs.of(
        """
import openai, pytest
from openai import _base_client

@pytest.mark.mock_llm(fast_retries=True)
def test_retries(mock_llm):
    mock_llm.fail("disconnect", times=2)
    mock_llm.reply("At last.")
    assert _base_client.INITIAL_RETRY_DELAY == 0
    with openai.OpenAI() as client:
        client.chat.completions.create(
            model="gpt-4o", messages=[{"role": "user", "content": "Hi"}]
        )
    assert [call.attempt for call in mock_llm.calls] == [1, 2, 3]

def test_afterwards():
    assert _base_client.INITIAL_RETRY_DELAY > 0
""",
        passed=2,
    )


def test_the_network_is_blocked_and_the_test_is_named(runs: Runs) -> None:
    ran = runs.of(
        """
import socket
import httpx, openai, pytest

def test_loopback_is_let_through(mock_llm):
    mock_llm.reply("Hello.")
    assert text(ask(mock_llm.base_url)) == "Hello."
    socket.getaddrinfo("localhost", 80)

def test_by_name():
    httpx.get("http://api.openai.com/v1")

def test_by_address():
    socket.create_connection(("192.0.2.1", 443), timeout=1)

def test_by_datagram():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.sendto(b"x", ("192.0.2.1", 53))

def test_that_swallows_everything():
    client = openai.OpenAI(base_url="http://api.openai.com/v1", api_key="sk", max_retries=2)
    try:
        client.models.list()
    except BaseException:
        pass
""",
        "--mock-llm-block-network",
        passed=1,
        failed=4,
    )

    for test in ("test_by_name", "test_that_swallows_everything"):
        ran.stdout.fnmatch_lines(
            [f"*test '*::{test}' tried to connect to api.openai.com*-block-network allows only*"]
        )
    ran.stdout.fnmatch_lines(["*test '*::test_by_address' * connect to 192.0.2.1:443, but *"])
    ran.stdout.fnmatch_lines(["*test '*::test_by_datagram' * connect to 192.0.2.1:53, but *"])
    assert ran.duration < 30
