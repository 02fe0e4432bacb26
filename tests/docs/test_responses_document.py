"""What `docs/responses.md` shows works, and what it says of items and failures is so."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from mockserver.plugins import Plugins
from mockserver.scenario.loader import ScenarioText, check

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = (ROOT / "docs" / "responses.md").read_text("utf-8")
PROGRAMS = re.findall(r"```python\n# (\S+)\n(.*?)```", DOCUMENT, re.DOTALL)
SCENARIOS = re.findall(r"```yaml\n(.*?)```", DOCUMENT, re.DOTALL)


@pytest.mark.parametrize("text", SCENARIOS)
def test_a_scenario_is_right(text: str) -> None:
    assert check([ScenarioText(text)]) == []


def test_the_failures_that_it_names_exist() -> None:
    rows = DOCUMENT.split("| failure | on a response |")[1].split("\n\n")[0]
    cells = [line.split("|")[1] for line in rows.splitlines()[2:]]
    named = {name for cell in cells for name in re.findall(r"`(\w+)`", cell)}
    parts = {"error_event", "duplicate", "cumulative", "merge", "choices", "empty_choices"}

    assert named - parts <= set(Plugins.installed().failures)
    assert len(cells) >= 8


def ran(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.system
@pytest.mark.parametrize(("name", "text"), PROGRAMS, ids=[name for name, _ in PROGRAMS])
def test_a_program_prints_what_is_shown_and_a_test_passes(
    tmp_path: Path, name: str, text: str
) -> None:
    (tmp_path / name).write_text(text, "utf-8")
    arguments = ["-m", "pytest", "-q", "-p", "no:cacheprovider"] if "test_" in name else []
    done = ran(tmp_path, *arguments, name)

    assert done.returncode == 0, done.stdout + done.stderr
    if not arguments:
        assert done.stdout.splitlines() == re.findall(r"# -> (.+)", text)
