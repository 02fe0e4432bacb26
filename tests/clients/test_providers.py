"""What unmodified clients make of other providers than OpenAI, promise by promise.

The official clients run `providers_script.py` and `node/providers_script.mjs`, LiteLLM and
LangChain `frameworks_script.py`; their functions are named as the promises are here.
"""

import json
import subprocess
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
from real_clients import FOLDER, Command, command
from support import machine

from mockserver import MockServer

PYTHON = ["openai-python-3", "openai-python-2"]
PATIENCE_S = 180

HELLO = "Hello there."
PIECES = ["", "Hello", " there", ".", None]
TEST = "\n\nThis is indeed a test"
SNAPSHOT = "gpt-4o-2024-08-06"
INSTRUCT, TURBO = "openai/gpt-3.5-turbo-instruct", "openai/gpt-3.5-turbo"
GREETING = "Hello! How can I assist you today?"

PROMISES: dict[str, Any] = {
    "azure": [HELLO, "stop", SNAPSHOT, [8, 4, 12], "safe", 0],
    "azure_stream": [0, "", PIECES, [8, 4, 12]],
    "azure_tools": ["get_weather", {"city": "Paris"}, "It is sunny in Paris."],
    "azure_legacy": [TEST, "gpt-35-turbo-instruct"],
    "azure_with_a_token": SNAPSHOT,
    "azure_v1": SNAPSHOT,
    "azure_models": True,
    "azure_retries": "Welcome back.",
    "azure_refused_prompt": ["content_filter", "prompt", "ResponsibleAIPolicyViolation", True],
    "azure_filtered_answer": ["content_filter", None],
    "azure_refusals": [
        ["NotFoundError", 404, "DeploymentNotFound"],
        ["BadRequestError", 400, "BadRequest"],
    ],
    "openrouter": [
        [HELLO, INSTRUCT, "gen-", "OpenAI", "stop", True],
        [HELLO, TURBO, "gen-", "OpenAI", "stop", True],
    ],
    "openrouter_stream": [HELLO, True, True],
    "openrouter_reasoning": ["Six by nine", "It is 42."],
    "openrouter_fallback": ["openai/gpt-4o-mini", HELLO],
    "openrouter_completion": [TEST, "chat.completion"],
    "openrouter_models": [4095, "0.0000015", "0.000002"],
    "openrouter_generation": [True, True],
    "openrouter_refusals": [["BadRequestError", 400, "400"], ["InternalServerError", 503, "503"]],
    "aiml": [GREETING, "gpt-3.5-turbo-0125", [50, 126, 176], True],
    "aiml_refusal": [True, 400],
    "relay": [TEST, "length", "gpt-3.5-turbo-instruct", "fp_", [5, 7, 12]],
    "relay_refusal": ["InternalServerError", 503, ""],
    "relay_wrong_path": "str",
}
ON_NODE = (
    "azure",
    "azure_stream",
    "azure_legacy",
    "azure_v1",
    "azure_refusals",
    "openrouter_stream",
    "openrouter_fallback",
    "openrouter_completion",
    "relay_refusal",
)
OF_FRAMEWORKS: dict[str, Any] = {
    "litellm_azure": [HELLO, 4],
    "litellm_azure_stream": HELLO,
    "litellm_azure_filter": "ContentPolicyViolationError",
    "litellm_openrouter": [HELLO, 11],
    "litellm_openrouter_stream": HELLO,
    "litellm_openrouter_refusal": ["ServiceUnavailableError", 503],
    "litellm_openai": HELLO,
    "litellm_aiml": [GREETING, 176],
    "litellm_relay": HELLO,
    "litellm_router": [HELLO, SNAPSHOT],
    "langchain_azure": [HELLO, 12],
    "langchain_azure_stream": HELLO,
    "langchain_azure_tools": ["get_weather", {"city": "Paris"}],
    "langchain_openrouter": [HELLO, "openai/gpt-4o-mini"],
    "langchain_openrouter_stream": HELLO,
    "langchain_openai": HELLO,
    "langchain_fallback": HELLO,
}

CASES = [
    *((client, promise) for client in PYTHON for promise in PROMISES),
    *(("openai-node", promise) for promise in ON_NODE),
    *(("frameworks", promise) for promise in OF_FRAMEWORKS),
]


def provider_command(client: str) -> Command:
    """Return the command that runs what *client* promises of providers."""
    if client == "frameworks":
        return [str(machine.environment("frameworks")), str(FOLDER / "frameworks_script.py")]
    return command(client, "providers_script")


@pytest.fixture(scope="module")
def server() -> Iterator[MockServer]:
    with MockServer(FOLDER / "providers.yaml") as server:
        yield server


@cache
def answers(client: str, url: str) -> dict[str, Any]:
    """Return what *client* found, promise by promise; it is run once."""
    done = subprocess.run(
        [*provider_command(client), url, client],
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_S,
    )
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return told


@pytest.mark.parametrize(("client", "promise"), CASES, ids=[" ".join(case) for case in CASES])
def test_a_client_gets_the_providers_answer(server: MockServer, client: str, promise: str) -> None:
    wanted = {**PROMISES, **OF_FRAMEWORKS}[promise]

    assert answers(client, server.url)[promise] == wanted


def test_the_journal_knows_the_application_that_asked(server: MockServer) -> None:
    answers("openai-python-3", server.url)
    calls = list(server.session("openai-python-3-openrouter").journal)

    assert [dict(call.attribution) for call in calls] == 2 * [
        {"http-referer": "https://example.org", "x-title": "Example"}
    ]
