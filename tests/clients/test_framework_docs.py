"""Every code block of docs/frameworks.md does what it says."""

import os
import re
import subprocess
from pathlib import Path

import pytest
from real_clients import command

from mockserver import MockServer, environment
from mockserver.scenario.loader import ScenarioText, check

ROOT = Path(__file__).parents[2]
DOCUMENT = (ROOT / "docs" / "frameworks.md").read_text("utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", DOCUMENT, re.DOTALL | re.MULTILINE)
SCRIPTS = [text for language, text in BLOCKS if language == "js"]
EXCERPTS = [text for language, text in BLOCKS if language == "python"]
(SCENARIO,) = [text for language, text in BLOCKS if language == "yaml"]
HOW_TO = (ROOT / "tests" / "examples" / "frameworks" / "test_openai_agents.py").read_text("utf-8")


def test_the_scenario_gives_no_cause_for_doubt() -> None:
    assert check([ScenarioText(SCENARIO)]) == []


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_script_prints_what_it_says(script: str) -> None:
    client = "agents-node" if "@openai/agents" in script else "ai-7"
    node, path = command(client)
    with MockServer(ScenarioText(SCENARIO)) as server:
        ran = subprocess.run(
            [node, "--input-type=module", "-e", script],
            cwd=Path(path).parent,
            env={**os.environ, **environment.variables(server.url)},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.splitlines() == re.findall(r"// -> (.*)", script)


@pytest.mark.parametrize("excerpt", EXCERPTS)
def test_what_is_shown_of_a_how_to_stands_there(excerpt: str) -> None:
    assert excerpt in HOW_TO
