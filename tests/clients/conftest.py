"""Real clients, each run once for all tests."""

import json
import os
import subprocess
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
from real_clients import FOLDER, Run, command

from mockserver import MockServer, environment


@pytest.fixture(scope="session")
def promises_server() -> Iterator[MockServer]:
    """Return the server that every client is sent against, in sessions of their own."""
    with MockServer(FOLDER / "promises.yaml") as server:
        yield server


@pytest.fixture(scope="session")
def ai_sdk_server() -> Iterator[MockServer]:
    """Return the server that every major of the AI SDK is sent against, in sessions of its own."""
    with MockServer(FOLDER / "ai_sdk" / "scenario.yaml") as server:
        yield server


@pytest.fixture(scope="session")
def run(promises_server: MockServer) -> Run:
    """Run a client of OpenAI's by its name, once."""
    return _runner(promises_server)


@pytest.fixture(scope="session")
def run_ai_sdk(ai_sdk_server: MockServer) -> Run:
    """Run a major of the AI SDK by its name, once."""
    return _runner(ai_sdk_server)


@pytest.fixture(scope="session")
def run_responses() -> Iterator[Run]:
    """Run a client of the Responses API by its name, once; a look at what is made moves it on."""
    with MockServer(FOLDER / "responses.yaml", time_scale=0) as server:
        yield _runner(server, "responses_script")


@pytest.fixture(scope="session")
def run_agents() -> Iterator[Run]:
    """Run the Agents SDK of a language by its name, once."""
    with MockServer(FOLDER / "agents" / "scenario.yaml") as server:
        yield _runner(server)


def _runner(server: MockServer, script: str | None = None) -> Run:
    """Return what runs *script* of clients, or their own, against *server*, each once."""

    @cache
    def once(client: str) -> dict[str, Any]:
        done = subprocess.run(
            [*command(client, script), server.url, client],
            env={**os.environ, **environment.variables(server.url)},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
        answers: dict[str, Any] = json.loads(done.stdout)
        return answers

    return once
