"""What `docs/scenarios.md` says is true."""

import re
from pathlib import Path

import pytest

from mockserver.plugins import Plugins
from mockserver.scenario.build import keys_of
from mockserver.scenario.loader import ScenarioText, check, load_scenario
from mockserver.scenario.when import When

DOCUMENT = (Path(__file__).parents[2] / "docs" / "scenarios.md").read_text("utf-8")
FENCES = re.findall(r"```yaml\n(.*?)```\n(?:\n```text\n(.*?)```)?", DOCUMENT, re.DOTALL)
LOADED = [text for text, output in FENCES if not output]
TOLD_OF = [(text, output) for text, output in FENCES if output]


@pytest.mark.parametrize("text", LOADED)
def test_an_example_loads_without_any_doubt(text: str, plugins: Plugins) -> None:
    source = ScenarioText(text)

    assert load_scenario(source, plugins=plugins).rules
    assert check([source], plugins=plugins) == []


@pytest.mark.parametrize(("text", "output"), TOLD_OF)
def test_an_example_is_told_of_as_shown(text: str, output: str, plugins: Plugins) -> None:
    name = text.splitlines()[0].removeprefix("# ")

    problems = check([ScenarioText(text, name)], plugins=plugins)

    assert "\n".join(map(str, problems)) + "\n" == output


def test_there_are_examples_of_both() -> None:
    assert len(LOADED) >= 8
    assert len(TOLD_OF) >= 3


def test_every_key_of_a_condition_is_explained() -> None:
    for key in keys_of(When):
        assert f"`{key}`" in DOCUMENT


def test_every_key_of_any_failure_is_explained(plugins: Plugins) -> None:
    for key in keys_of(plugins.failures["truncate"]):
        assert f"`{key}:" in DOCUMENT or f"`{key}`" in DOCUMENT
