"""What docs/architecture.md says is so."""

import importlib
import re
import tomllib
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from mockserver import MockServer, load_scenario
from mockserver.plugins import Plugins
from mockserver.scenario.loader import ScenarioText

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = (ROOT / "docs" / "architecture.md").read_text()


@pytest.mark.system
def test_the_example_of_a_plug_in_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    example = re.search(r"```python\n(.*?)```", DOCUMENT, re.DOTALL)
    assert example
    (tmp_path / "backwards.py").write_text(example[1])
    monkeypatch.syspath_prepend(tmp_path)
    plugin = importlib.import_module("backwards").Backwards
    plugins = Plugins.installed()
    plugins = replace(plugins, replies={**plugins.replies, plugin.kind: plugin})
    text = "version: 1\nrules: [{reply: {kind: backwards, times: 2}}]"

    scenario = load_scenario(ScenarioText(text), plugins=plugins)

    with MockServer(scenario) as server:
        assert _text(server, "abc") == "cbacba"


def _text(server: MockServer, said: str) -> str:
    body = {"model": "gpt-4o", "messages": [{"role": "user", "content": said}]}
    headers = {"authorization": "Bearer sk-test"}
    answer = httpx.post(f"{server.base_url}/chat/completions", json=body, headers=headers)
    content: str = answer.json()["choices"][0]["message"]["content"]
    return content


def test_every_module_stands_on_a_floor() -> None:
    modules = {
        path.stem if path.suffix else path.name
        for path in (ROOT / "mockserver").iterdir()
        if path.suffix == ".py" or (path / "__init__.py").exists()
    } - {"__init__", "__main__"}
    floors = "".join(re.findall(r"^\| \d+ \|.*$", DOCUMENT, re.MULTILINE))

    assert modules - {word.strip("/") for word in re.findall(r"`([\w/]+)`", floors)} == set()


def test_every_dependency_is_justified() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    needed = {re.split(r"[<>=]", line)[0] for line in project["dependencies"]}
    justified = {name.lower() for name in re.findall(r"^\| (\w+) \| \S", DOCUMENT, re.MULTILINE)}

    assert needed - justified == set()


def test_every_link_leads_to_a_file() -> None:
    links = re.findall(r"\]\(([^)#]+)", DOCUMENT)

    assert [link for link in links if not (ROOT / "docs" / link).exists()] == []
