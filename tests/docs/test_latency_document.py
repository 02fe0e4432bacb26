"""What `docs/latency.md` says is true, and has a plot for each preset."""

import re
from pathlib import Path

import pytest

from mockserver.scenario.build import keys_of
from mockserver.scenario.loader import ScenarioText, check
from mockserver.traffic.latency import Latency, preset_sources, presets
from mockserver.traffic.limiter import Figures

DOCS = Path(__file__).parents[2] / "docs"
DOCUMENT = (DOCS / "latency.md").read_text("utf-8")


@pytest.mark.parametrize("text", re.findall(r"```yaml\n(.*?)```", DOCUMENT, re.DOTALL))
def test_an_example_loads_without_any_doubt(text: str) -> None:
    assert check([ScenarioText(text)]) == []


@pytest.mark.system
@pytest.mark.parametrize("text", re.findall(r"```python\n(.*?)```", DOCUMENT, re.DOTALL))
def test_an_example_in_python_runs(text: str) -> None:
    names: dict[str, object] = {}
    exec(compile(text, "docs/latency.md", "exec"), names)
    for name, value in names.items():
        if name.startswith("test_") and callable(value):
            value()


@pytest.mark.parametrize("name", presets())
def test_each_preset_is_told_of_with_its_source_and_drawn(name: str) -> None:
    assert f"**`{name}`**: {preset_sources()[name]}." in DOCUMENT
    assert f"](latency/{name}.svg)" in DOCUMENT
    drawn = DOCS / "latency" / f"{name}.svg"
    assert 1_000 < drawn.stat().st_size < 60_000


def test_every_key_is_told_of() -> None:
    told = set(re.findall(r"`(\w+)`", DOCUMENT))

    assert set(keys_of(Latency)) | set(keys_of(Figures)) <= told
