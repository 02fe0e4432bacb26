"""The how-tos for frameworks, each in a process of its own: they do not clean up behind them.

What is not installed is left out, unless it is demanded: `pip install llm-mockserver[examples]`.
"""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent / "frameworks"
DEMAND = "MOCKSERVER_DEMAND_EXAMPLES"


@pytest.mark.parametrize(
    ("module", "package"),
    [
        ("test_langchain.py", "langchain_openai"),
        ("test_litellm.py", "litellm"),
        ("test_openai_agents.py", "agents"),
        ("test_pydantic_ai.py", "pydantic_ai"),
    ],
)
def test_applications_built_on_a_framework_are_tested_unchanged(module: str, package: str) -> None:
    if importlib.util.find_spec(package) is None and os.environ.get(DEMAND) != "1":
        pytest.skip(f"'{package}' is not installed ({DEMAND}=1 makes this a failure)")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", module]

    ran = subprocess.run(
        [*command, "-c", "pytest.ini", "-p", "pytest_mockserver"],
        cwd=FOLDER,
        env={
            **os.environ,
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
            "LITELLM_LOCAL_MODEL_COST_MAP": "1",
        },
        capture_output=True,
        text=True,
        check=False,
    )

    assert ran.returncode == 0, ran.stdout
    assert " passed" in ran.stdout
    assert "skipped" not in ran.stdout


def test_every_how_to_for_a_framework_is_run() -> None:
    marks = test_applications_built_on_a_framework_are_tested_unchanged.pytestmark  # type: ignore[attr-defined]

    assert {path.name for path in FOLDER.glob("test_*.py")} == {
        module for module, _ in marks[0].args[1]
    }
