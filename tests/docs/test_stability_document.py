"""What `docs/stability.md` calls stable is there."""

import importlib
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import pytest

from mockserver import plugins
from mockserver.cli import MISUSE
from mockserver.cli.check import WRONG
from mockserver.plugins import Plugins

ROOT: Final = Path(__file__).resolve().parents[2]
DOCUMENT: Final = (ROOT / "docs" / "stability.md").read_text("utf-8")
PACKAGES: Final = (
    "mockserver",
    "mockserver.contracts",
    "mockserver.conversation",
    "pytest_mockserver",
)
ROWS: Final = re.findall(
    r"^\| `((?:pytest_)?mockserver[\w.]*)` \| (.*) \|$", DOCUMENT, re.MULTILINE
)


def groups() -> set[str]:
    section = DOCUMENT.partition("| entry-point group |")[2].partition("\n\n")[0]
    return set(re.findall(r"^\| `([\w.]+)` \|", section, re.MULTILINE))


def imported(name: str) -> Any:
    """Return the module called *name*, or what a module has by that name."""
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError:
        module, _, member = name.rpartition(".")
        return getattr(importlib.import_module(module), member)


@pytest.mark.parametrize("package", PACKAGES)
def test_every_name_of_a_public_package_can_be_imported(package: str) -> None:
    module = importlib.import_module(package)

    assert f"`{package}`" in DOCUMENT
    assert [name for name in module.__all__ if not hasattr(module, name)] == []


@pytest.mark.parametrize(
    ("name", "cell"), [(name, cell) for name, cell in ROWS if name not in groups()]
)
def test_every_import_that_is_named_is_there(name: str, cell: str) -> None:
    found = imported(name)
    named = re.findall(r"`(\w+)`", cell.rpartition("`__all__`")[2])

    if name != "mockserver.control.shapes":
        assert [word for word in named if not hasattr(found, word)] == []


def test_the_face_of_the_package_is_named_whole() -> None:
    cells = dict(ROWS)

    for package in ("mockserver", "pytest_mockserver"):
        told = set(re.findall(r"`(\w+)`", cells[package].rpartition("`__all__`")[2]))
        assert told == set(importlib.import_module(package).__all__)


def test_the_entry_point_groups_are_those_that_are_looked_at(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: set[str] = set()

    def collect(group: str, socket: type[Any], packages: Iterable[str]) -> dict[str, type[Any]]:
        del socket, packages
        asked.add(group)
        return {}

    monkeypatch.setattr(plugins, "collect", collect)
    Plugins.installed()

    assert groups() == asked


def test_the_fixtures_are_those_of_the_plugin() -> None:
    line = DOCUMENT.partition("The fixtures are ")[2].partition(";")[0]
    plugin = importlib.import_module("pytest_mockserver.plugin")
    fixtures = {
        name
        for name, value in vars(plugin).items()
        if type(value) is type(plugin.mock_llm) and name.startswith("mock_llm")
    }

    assert set(re.findall(r"`(\w+)`", line)) == fixtures


def test_the_exit_codes_are_those_of_the_command_line() -> None:
    codes = re.findall(r"^\| (\d) \|", DOCUMENT, re.MULTILINE)

    assert codes == ["0", "1", "2"]
    assert {MISUSE, WRONG} == {2}


def test_every_link_leads_to_a_file() -> None:
    links = re.findall(r"\]\(([^)#]+)", DOCUMENT)
    files = [link for link in links if not link.startswith("https:")]

    assert [link for link in files if not (ROOT / "docs" / link).exists()] == []
