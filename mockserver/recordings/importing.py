"""From other tools' files to a cassette or a scenario: several files as one, without secrets."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from mockserver.cassettes.lines import to_line
from mockserver.cassettes.recording import Recording
from mockserver.cassettes.scrubbing import Scrubber
from mockserver.errors import UsageError
from mockserver.plugins import Plugins
from mockserver.recordings import importers
from mockserver.recordings.hearing import Hearing
from mockserver.recordings.importers.taken import UnreadableError
from mockserver.recordings.scenarios import scenario_of
from mockserver.scenario.loader import ScenarioText, load_scenario
from mockserver.scenario.syntax.written import as_yaml

SUFFIXES: Final = frozenset({".yaml", ".yml", ".json", ".jsonl", ".har", ".gz"})
"""The files of a folder that are read."""
PLACES_SHOWN: Final = 3
IMPORTED: Final = "the imported scenario"

Json = dict[str, Any]


@dataclass(slots=True)
class Gathered:
    """What several files hold together.

    Attributes:
        recordings: The exchanges, in the order of the files.
        rules: The rules, each with a name of its own.
        members: What the scenarios state besides their rules; the first statement counts.
        left_out: What is not taken, in words, by what it is: where it is.
        notes: What is taken in another sense, in the same form.
        of_rules: The files that hold rules.
        of_recordings: The files that hold exchanges.

    """

    recordings: list[Recording] = field(default_factory=list[Recording])
    rules: list[Json] = field(default_factory=list[Json])
    members: Json = field(default_factory=Json)
    left_out: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    notes: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    of_rules: list[Path] = field(default_factory=list[Path])
    of_recordings: list[Path] = field(default_factory=list[Path])


def gathered(paths: Iterable[Path], wanted: str | None = None) -> Gathered:
    """Return what the files at *paths* hold; of a folder, all files below it.

    A file of a folder that is none of the formats known is left out.

    Raises:
        UsageError: A path leads nowhere, or to a folder with nothing in it.
        UnreadableError: A file cannot be read.

    """
    found = Gathered()
    hearing = Hearing(Plugins.installed())
    for path in paths:
        if not path.exists():
            raise UsageError(f"there is no file '{path}'")
        if not path.is_dir():
            _add(found, path, wanted, hearing)
            continue
        files = sorted(_files_below(path))
        if not files:
            listed = ", ".join(sorted(SUFFIXES))
            raise UsageError(f"the folder '{path}' has no file that ends in {listed}")
        for file in files:
            try:
                _add(found, file, wanted, hearing)
            except UnreadableError as error:
                what = str(error).removeprefix(f"{file}").partition("\n")[0].lstrip(": ")
                found.left_out.setdefault(what.rstrip(":"), []).append(str(file))
    return found


def _files_below(folder: Path) -> Iterator[Path]:
    return (file for file in folder.rglob("*") if file.suffix in SUFFIXES and file.is_file())


def _add(found: Gathered, path: Path, wanted: str | None, hearing: Hearing) -> None:
    taken = importers.read(path, wanted, hearing)
    found.recordings += taken.recordings
    if taken.scenario:
        found.of_rules.append(path)
        found.rules += _named_apart(taken.scenario["rules"], found.rules)
        for name, value in taken.scenario.items():
            if name not in ("version", "rules"):
                found.members.setdefault(name, value)
    elif taken.recordings:
        found.of_recordings.append(path)
    for lines, groups in ((taken.left_out, found.left_out), (taken.notes, found.notes)):
        for line in lines:
            below = line.removeprefix(str(path))
            place, _, what = below.partition(": ")
            groups.setdefault(what or line, []).append(f"{path}{place}" if what else str(path))


def _named_apart(rules: Sequence[Json], others: Sequence[Json]) -> Iterator[Json]:
    """Yield *rules*, with a number behind names that *others* have."""
    taken = {rule["name"] for rule in others} | {rule["name"] for rule in rules}
    before = {rule["name"] for rule in others}
    for rule in rules:
        name, number = rule["name"], 2
        if name in before:
            while f"{name}-{number}" in taken:
                number += 1
            name = f"{name}-{number}"
            taken.add(name)
        yield rule | {"name": name}


def listed(groups: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """Yield a line for each thing left out: how often, what, and where."""
    for what, places in groups.items():
        shown = "; ".join(places[:PLACES_SHOWN])
        more = len(places) - PLACES_SHOWN
        where = f"{shown}; and {more} more" if more > 0 else shown
        times = f"{len(places)} x " if len(places) > 1 else ""
        yield f"{times}{what} ({where})"


def scrubbed(recordings: Iterable[Recording], patterns: Sequence[str]) -> list[Recording]:
    """Return *recordings* without secrets, and without what *patterns* find.

    Raises:
        SecretLeftError: Something that looks like a secret would be left.
        UsageError: A pattern is not a regular expression.

    """
    scrubber = Scrubber(patterns)
    return [scrubber.scrubbed(recording) for recording in recordings]


def cassette_text(recordings: Iterable[Recording]) -> str:
    """Return a cassette with *recordings*."""
    return "".join([f"{to_line(recording)}\n" for recording in recordings])


def scenario_of_recordings(recordings: Sequence[Recording]) -> tuple[str, dict[str, list[str]]]:
    """Return the scenario that *recordings* make, as YAML, and what it leaves out.

    Raises:
        ScenarioError: It is not valid.

    """
    written = scenario_of(recordings, Hearing(Plugins.installed()))
    load_scenario(ScenarioText(written.text, IMPORTED))
    left_out: dict[str, list[str]] = {}
    for line in written.left_out:
        place, _, what = line.partition(": ")
        left_out.setdefault(what or line, []).append(place)
    return written.text, left_out


def scenario_text(found: Gathered) -> str:
    """Return the scenario that the rules *found* are, as YAML.

    Raises:
        ScenarioError: It is not valid.

    """
    count = len(found.of_rules)
    what = found.of_rules[0].name if count == 1 else f"{count} files"
    document = {
        "version": 1,
        "description": f"Imported from {what}.",
        **found.members,
        "rules": found.rules,
    }
    text = as_yaml(document)
    load_scenario(ScenarioText(text, IMPORTED))
    return text
