"""How to test an application in another language: as a process that inherits the environment."""

import shutil
import subprocess
from pathlib import Path

import pytest
from pytest_mockserver import Session

APP = Path(__file__).with_name("node_app.mjs")
pytestmark = pytest.mark.skipif(shutil.which("node") is None, reason="this machine lacks node")


def test_the_application_waits_as_it_is_told(mock_llm: Session) -> None:
    mock_llm.fail("rate_limit", retry_after_s=20)
    mock_llm.when(last_user={"contains": "weather"}).reply("Mild.")

    ran = subprocess.run(
        ["node", APP, "How is the weather?"], capture_output=True, text=True, check=True
    )

    assert ran.stdout == "Mild.\n"
    mock_llm.assert_called(2)
    mock_llm.assert_waited(at_least_s=20)


def test_a_process_with_an_environment_of_its_own(mock_llm: Session) -> None:
    mock_llm.reply("Hello.")

    ran = subprocess.run(
        [shutil.which("node") or "node", APP, "Hi"],
        env=mock_llm.env(LANG="C"),
        capture_output=True,
        text=True,
        check=True,
    )

    assert ran.stdout == "Hello.\n"
