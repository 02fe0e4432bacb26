"""What real clients make of every failure that providers showed: each client is run once."""

import json
import subprocess
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from functools import cache
from typing import Any

import pytest
from real_clients import OPENAI_CLIENTS, command
from support.failure_cases import CASES, Case

from mockserver import MockServer, load_scenario
from mockserver.scenario.loader import ScenarioText
from mockserver.wire.jsontext import compact

Outcomes = Callable[[str], Mapping[str, str]]
"""Returns what came of the cases in the client of that name, by their names."""

PATIENCE_S = 120


@pytest.fixture(scope="module")
def servers() -> Iterator[Mapping[str, MockServer]]:
    """Return the server that each case is asked of, by the case's name.

    What ends connections, or keeps them, has one of its own: clients pool connections by origin.
    """
    with ExitStack() as stack:
        shared = stack.enter_context(serving(case for case in CASES if not case.is_alone))
        yield {
            case.name: stack.enter_context(serving([case])) if case.is_alone else shared
            for case in CASES
        }


def serving(cases: Iterable[Case]) -> MockServer:
    rules = [case.rule for case in cases]
    return MockServer(load_scenario(ScenarioText(compact({"version": 1, "rules": rules}))))


@pytest.fixture(scope="module")
def outcomes(servers: Mapping[str, MockServer]) -> Outcomes:
    """Run a client by its name, once."""

    @cache
    def once(client: str) -> Mapping[str, str]:
        ran = subprocess.run(
            command(client, "failures_script"),
            input=json.dumps([told(case, servers[case.name], client) for case in CASES]),
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE_S,
        )
        assert ran.returncode == 0, ran.stderr
        return {
            name: f"{outcome} x{tries(servers[name], client, name)}"
            for name, outcome in json.loads(ran.stdout).items()
        }

    return once


def told(case: Case, server: MockServer, client: str) -> dict[str, Any]:
    """Return what a client has to know of *case*."""
    return {
        "base_url": f"{server.url}/s/{client}/v1",
        "name": case.name,
        "asked": case.asked,
        "twice": case.twice,
        "timeout_s": case.timeout_s,
    }


def tries(server: MockServer, client: str, name: str) -> int:
    return sum(call.rule == name for call in server.session(client).journal)


@pytest.mark.parametrize("client", OPENAI_CLIENTS)
@pytest.mark.parametrize("case", CASES, ids=lambda case: f"row {case.row}: {case.name}")
def test_what_comes_of_a_failure(outcomes: Outcomes, client: str, case: Case) -> None:
    assert outcomes(client)[case.name] == case.expected(client)
