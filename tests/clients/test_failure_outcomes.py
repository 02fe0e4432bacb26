"""What real clients make of every failure that providers showed: each client is run once."""

import json
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any

import pytest
from failure_cases import CASES, Case
from real_clients import CLIENTS, Missing, command

from mockserver import MockServer, load_scenario
from mockserver.jsontext import compact
from mockserver.scenario.loader import ScenarioText

Outcomes = Callable[[str], Mapping[str, str]]
"""Returns what came of the cases in the client of that name, by their names."""

PATIENCE_S = 120


@pytest.fixture(scope="module")
def outcomes() -> Iterator[Outcomes]:
    rules = [case.rule for case in CASES]
    scenario = load_scenario(ScenarioText(compact({"version": 1, "rules": rules})))
    with MockServer(scenario) as server:

        @cache
        def once(client: str) -> Mapping[str, str]:
            found = command(client, "failures_script")
            if isinstance(found, Missing):
                found.give_up()
            ran = subprocess.run(
                [*found, server.url, client],
                input=json.dumps([told(case) for case in CASES]),
                capture_output=True,
                text=True,
                check=False,
                timeout=PATIENCE_S,
            )
            assert ran.returncode == 0, ran.stderr
            tries = Counter(call.rule for call in server.session(client).journal)
            return {
                name: f"{outcome} x{tries[name]}"
                for name, outcome in json.loads(ran.stdout).items()
            }

        yield once


def told(case: Case) -> dict[str, Any]:
    """Return what a client has to know of *case*."""
    return {
        "name": case.name,
        "asked": case.asked,
        "twice": case.twice,
        "timeout_s": case.timeout_s,
    }


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("case", CASES, ids=lambda case: f"row {case.row}: {case.name}")
def test_what_comes_of_a_failure(outcomes: Outcomes, client: str, case: Case) -> None:
    assert outcomes(client)[case.name] == case.expected(client)
