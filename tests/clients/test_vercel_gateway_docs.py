"""Every code block of docs/vercel-gateway.md does what it says."""

import re
import subprocess
from pathlib import Path

import pytest
from real_clients import FOLDER, command

from mockserver import MockServer
from mockserver.scenario.loader import ScenarioText, check

DOCUMENT = (Path(__file__).parents[2] / "docs" / "vercel-gateway.md").read_text("utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", DOCUMENT, re.DOTALL | re.MULTILINE)
SCRIPTS = [text for language, text in BLOCKS if language == "js"]
SCENARIOS = [text for language, text in BLOCKS if language == "yaml"]
PRINTED_URL = "http://127.0.0.1:8089"


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_script_prints_what_it_says(script: str) -> None:
    node = command("ai-7")[0]
    with MockServer() as server:
        ran = subprocess.run(
            [node, "--input-type=module", "-e", script.replace(PRINTED_URL, server.url)],
            cwd=FOLDER / "ai7",
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.splitlines() == re.findall(r"// -> (.*)", script)


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_scenario_gives_no_cause_for_doubt(scenario: str) -> None:
    assert check([ScenarioText(scenario)]) == []


def test_every_block_is_tried() -> None:
    assert len(SCRIPTS) + len(SCENARIOS) == len(BLOCKS)
