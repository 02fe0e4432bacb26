"""`mockserver import --to scenario`: recordings of another tool become rules."""

from pathlib import Path

import pytest

from mockserver.cli import main
from mockserver.scenario.loader import ScenarioText, load_scenario

FILES = Path(__file__).parents[1] / "recordings" / "importers" / "files"


def test_recordings_become_a_scenario(capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["import", str(FILES / "vcrpy"), "--to", "scenario"])

    written, told = capsys.readouterr()
    scenario = load_scenario(ScenarioText(written))
    assert code == 0
    assert {rule.name for rule in scenario.rules} >= {"hello", "weather-oslo", "too-fast"}
    assert "left out: nothing can be read of its answer" in told
    assert "sk-hand-made" not in written
