"""What `docs/scenarios.md` says is true, and complete."""

import re
from pathlib import Path
from typing import Any

import pytest

from mockserver import bundled
from mockserver.contracts import Failure, Reply
from mockserver.plugins import Plugins
from mockserver.scenario.build import keys_of
from mockserver.scenario.conditions.criteria import NamesTest, NumberTest, TextTest, ValueTest
from mockserver.scenario.conditions.when import When
from mockserver.scenario.loader import ScenarioText, bundled_scenarios, check, load_scenario
from mockserver.scenario.schema import Rule, ScenarioFile, Strict
from mockserver.templates.expansion import NAMES

PLUGINS = Plugins.installed()
DOCUMENT = (Path(__file__).parents[2] / "docs" / "scenarios.md").read_text("utf-8")
FENCES = re.findall(r"```yaml\n(.*?)```\n(?:\n```text\n(.*?)```)?", DOCUMENT, re.DOTALL)
LOADED = [text for text, output in FENCES if not output]
TOLD_OF = [(text, output) for text, output in FENCES if output]


# --- Examples --------------------------------------------------------------------------------


@pytest.mark.parametrize("text", LOADED)
def test_an_example_loads_without_any_doubt(text: str) -> None:
    source = ScenarioText(text, root=bundled.folder("scenarios") / "recorded")

    assert load_scenario(source, plugins=PLUGINS).rules
    assert check([source], plugins=PLUGINS) == []


@pytest.mark.parametrize(("text", "output"), TOLD_OF)
def test_an_example_is_told_of_as_shown(text: str, output: str) -> None:
    name = text.splitlines()[0].removeprefix("# ")

    problems = check([ScenarioText(text, name)], plugins=PLUGINS)

    assert "\n".join(map(str, problems)) + "\n" == output


def test_there_are_examples_of_both() -> None:
    assert len(LOADED) >= 20
    assert len(TOLD_OF) >= 3


# --- Completeness ----------------------------------------------------------------------------


def section(heading: str) -> str:
    """Return what stands below *heading*, up to the next one of its rank or above."""
    rank = heading.index(" ")
    below = DOCUMENT.split(f"\n{heading}\n")[1]
    return re.split(rf"^#{{1,{rank}}} ", below, maxsplit=1, flags=re.MULTILINE)[0]


@pytest.mark.parametrize(
    ("cls", "heading"),
    [
        pytest.param(ScenarioFile, "### The file", id="a file"),
        pytest.param(Rule, "### A rule", id="a rule"),
        pytest.param(When, "### `when`", id="a condition"),
        pytest.param(TextTest, "### `when`", id="a test of a text"),
        pytest.param(NamesTest, "### `when`", id="a test of names"),
        pytest.param(NumberTest, "### `when`", id="a test of a number"),
        pytest.param(ValueTest, "### `when`", id="a test of a value"),
        pytest.param(Reply, "### Replies", id="a reply"),
        pytest.param(Failure, "### Failures", id="a failure"),
        pytest.param(Strict, "### Be strict, or be lenient", id="strict"),
    ],
)
def test_every_key_is_explained_where_it_belongs(cls: Any, heading: str) -> None:
    told = section(heading)
    missing = [k for k in keys_of(cls) if not re.search(rf"`{k}[`:]", told)]

    assert missing == (["place"] if cls is Rule else [])


def test_every_kind_of_reply_is_explained_with_its_keys() -> None:
    told = section("### Replies")
    for kind, plugin in PLUGINS.replies.items():
        (row,) = re.findall(rf"^\|`{kind}`\|(.*)\|.*\|$", told, re.MULTILINE)
        own = [key for key in keys_of(plugin) if key not in keys_of(Reply)]

        assert all(re.search(rf"`{key}[`:?]", row) for key in own), (kind, own)


def test_every_name_of_a_template_is_explained() -> None:
    told = section("### Write templates")

    assert all(f"`{name}`" in told for name in NAMES)


def test_every_shipped_scenario_that_is_named_exists() -> None:
    shipped = {name for name, _ in bundled_scenarios()}
    themes = {name.partition("/")[0] for name in shipped}
    named = {n for n in re.findall(r"`([a-z]+/[a-z0-9-]+)`", DOCUMENT) if n.split("/")[0] in themes}

    assert len(named) > 30
    assert named <= shipped


def test_every_link_to_a_file_leads_to_one() -> None:
    folder = Path(__file__).parents[2] / "docs"
    links = re.findall(r"\]\(([^)]+)\)", DOCUMENT)
    files = {link.partition("#")[0] for link in links if not link.startswith(("http", "#"))}

    assert len(files) >= 4
    assert [name for name in files if not (folder / name).is_file()] == []


def test_every_link_within_the_page_leads_somewhere() -> None:
    headings = re.findall(r"^#+ (.+)$", DOCUMENT, re.MULTILINE)
    anchors = {re.sub(r"[^a-z0-9 -]", "", h.lower()).replace(" ", "-") for h in headings}

    assert set(re.findall(r"\]\(#([^)]+)\)", DOCUMENT)) <= anchors
