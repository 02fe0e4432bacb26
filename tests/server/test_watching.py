"""Scenario files that are read again when they change."""

import os
from pathlib import Path

import pytest

from mockserver.errors import ScenarioError
from mockserver.scenario.loader import load_scenario, scenario_files
from mockserver.server.watching import Watcher

RULE = "version: 1\nrules: [{{name: {}, reply: Hello.}}]\n"


class Files:
    """A folder with a scenario that includes another, and what a watcher says of it."""

    def __init__(self, folder: Path) -> None:
        self.main = folder / "main.yaml"
        self.included = folder / "part.yaml"
        self.told: list[str] = []
        self._clock = 1_000_000_000
        self.write(self.main, "version: 1\ninclude: [part.yaml]\nrules: []\n")
        self.write(self.included, RULE.format("first"))
        self.watcher = Watcher(
            lambda: load_scenario(self.main),
            lambda: scenario_files(self.main),
            self.told.append,
        )

    def write(self, path: Path, text: str) -> None:
        """Write a file, later than anything that was written before."""
        path.write_text(text)
        self._clock += 1_000_000
        os.utime(path, ns=(self._clock, self._clock))

    def names(self) -> list[str] | None:
        """Return the rules that the watcher finds new; None if nothing has changed."""
        scenario = self.watcher.check()
        return None if scenario is None else [rule.name for rule in scenario.rules]


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)


def test_what_has_not_changed_is_not_read(files: Files) -> None:
    assert files.names() is None
    assert files.told == []


def test_a_change_is_read_once_and_told(files: Files) -> None:
    files.write(files.main, RULE.format("second"))

    assert files.names() == ["second"]
    assert files.names() is None
    assert files.told == ["mockserver: the scenario was reloaded: 1 rule"]


def test_included_files_are_watched_too(files: Files) -> None:
    files.write(files.included, RULE.format("second"))

    assert files.names() == ["second"]


def test_what_is_wrong_is_told_and_changes_nothing_until_it_is_mended(files: Files) -> None:
    files.write(files.included, "version: 1\nruls: []\n")
    assert files.names() is None
    assert files.names() is None
    files.write(files.included, RULE.format("mended"))

    assert files.names() == ["mended"]
    assert len(files.told) == 2
    assert "part.yaml:2:1: unknown key 'ruls'" in files.told[0]


def test_a_file_that_a_wrong_one_no_longer_leads_to_is_watched_on(files: Files) -> None:
    files.write(files.main, "version: 1\ninclude: [part.yaml\n")
    assert files.names() is None
    files.write(files.main, "version: 1\ninclude: [part.yaml]\n")
    assert files.names() == ["first"]
    files.write(files.included, RULE.format("second"))

    assert files.names() == ["second"]


def test_a_newly_included_file_is_watched(files: Files) -> None:
    more = files.main.parent / "more.yaml"
    files.write(more, RULE.format("more"))
    files.write(files.main, "version: 1\ninclude: [part.yaml, more.yaml]\n")
    assert files.names() == ["first", "more"]
    files.write(more, RULE.format("less"))

    assert files.names() == ["first", "less"]


def test_a_file_that_is_just_being_replaced_is_waited_for(files: Files) -> None:
    files.main.unlink()
    assert files.names() is None
    assert files.told == []
    files.write(files.main, RULE.format("new"))

    assert files.names() == ["new"]


def test_a_scenario_that_is_wrong_from_the_start_is_watched_all_the_same(tmp_path: Path) -> None:
    path = tmp_path / "wrong.yaml"
    path.write_text("version: 1\nruls: []\n")

    assert scenario_files(path) == {path.resolve()}
    with pytest.raises(ScenarioError):
        load_scenario(path)
