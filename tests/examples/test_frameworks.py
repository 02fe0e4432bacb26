"""The how-tos for frameworks, each in a process of its own: they do not clean up behind them."""

import os
import subprocess
from pathlib import Path

import pytest
from support import machine

from mockserver import environment

FOLDER = Path(__file__).parent / "frameworks"


@pytest.mark.parametrize("module", sorted(path.name for path in FOLDER.glob("test_*.py")))
def test_applications_built_on_a_framework_are_tested_unchanged(module: str) -> None:
    python = str(machine.environment("frameworks"))
    command = [python, "-m", "pytest", "-q", "-p", "no:cacheprovider", module]

    ran = subprocess.run(
        [*command, "-c", "pytest.ini", "-p", "pytest_mockserver"],
        cwd=FOLDER,
        # Modules that import a framework read its variables before any test has set them.
        env={**os.environ, **environment.QUIET, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert ran.returncode == 0, ran.stdout
    assert " passed" in ran.stdout
    assert "skipped" not in ran.stdout
