"""The shipped scenarios after an accident: refused with a place and a reason, or read rightly.

Hundreds of files, the same in each run; a failing test shows which accident it was, and the file.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest
from accidents import ACCIDENTS, Accident, Damaged, Written
from jsonschema import Draft7Validator
from scenario_json import as_json

from mockserver import bundled
from mockserver.errors import Problem, ScenarioError
from mockserver.plugins import Plugins
from mockserver.scenario.json_schema import json_schema
from mockserver.scenario.loader import ScenarioText, check, load_scenario

PLUGINS = Plugins.installed()
VALIDATOR = Draft7Validator(json_schema(PLUGINS))
FOLDER = bundled.folder("scenarios")
FILES = [
    Written(path.relative_to(FOLDER).as_posix(), path.read_text("utf-8"))
    for path in sorted(FOLDER.rglob("*.yaml"))
]
EACH = 12
"""How many files each accident happens to."""
PLACED = re.compile(r"[^:]+:\d+:\d+: \S.*(?:\n  \S.*)?")
LONGEST = 800
"""How long a line may be that tells of a problem, whatever words it repeats."""


def outcome(text: str) -> list[Problem]:
    """Return why *text* is refused; nothing if it is read."""
    try:
        load_scenario(ScenarioText(text, "a.yaml"), plugins=PLUGINS)
    except ScenarioError as error:
        return [*error.problems]
    return []


@pytest.fixture(scope="module", autouse=True)
def _what_is_worked_out_once() -> None:
    """Read every file once: annotations and presets are looked up for the first of them alone."""
    for file in FILES:
        outcome(file.text)


def effort(text: str) -> int:
    """Return how much is done to read *text*: calls of functions, which no machine makes slower."""
    count = 0

    def note(*_: Any) -> None:
        nonlocal count
        count += 1

    sys.setprofile(note)
    try:
        outcome(text)
    finally:
        sys.setprofile(None)
    return count


def broken(accident: Accident, number: int) -> tuple[Written, Damaged]:
    """Return the *number*-th file to which the *accident* happens, before and after."""
    rng = Random(f"{accident.__name__} {number}")
    for _ in range(200):
        file = rng.choice(FILES)
        damaged = accident(file, rng)
        if damaged is not None:
            return file, damaged
    raise AssertionError(f"{accident.__name__} can happen to no file")


def faults(damaged: Damaged, problems: list[Problem]) -> Iterator[str]:
    """Yield what is wrong with the way in which *damaged* was taken."""
    printed = [str(problem) for problem in problems]
    last = len(re.split(r"\r\n|[\r\n\x85\u2028\u2029]", damaged.text)) + 1
    if not all(PLACED.fullmatch(line) for line in printed):
        yield "a problem is not one line with a place, and at most a hint"
    if not all(
        line.isprintable() and len(line) < LONGEST for p in printed for line in p.split("\n")
    ):
        yield "a line cannot be printed as it is"
    if not all(1 <= p.place.line <= last and p.place.column >= 1 for p in problems):
        yield "a place lies outside the file"
    if len(set(printed)) < len(printed):
        yield "a problem is told twice"
    if damaged.said is not None and not any(
        damaged.said in problem.what and damaged.line in {None, problem.place.line}
        for problem in problems
    ):
        yield f"expected to be told '{damaged.said}' of line {damaged.line or 'any'}"
    if not problems and not VALIDATOR.is_valid(as_json(damaged.text)):
        yield "it is read, and the schema refuses it"


@pytest.mark.parametrize("name", ACCIDENTS)
def test_a_file_after_an_accident_is_refused_precisely_or_read_rightly(name: str) -> None:
    for number in range(EACH):
        file, damaged = broken(ACCIDENTS[name], number)

        problems = outcome(damaged.text)

        found = "; ".join(faults(damaged, problems))
        shown = damaged.text if len(damaged.text) < 3_000 else f"{damaged.text[:3_000]}…"
        said = "\n".join(map(str, problems)) or "(nothing)"
        assert not found, f"{name} (no. {number}) in {file.name}: {found}\n{shown}\nsaid:\n{said}"


@pytest.mark.parametrize("name", ACCIDENTS)
def test_a_file_after_an_accident_costs_no_more_than_its_size(name: str) -> None:
    for number in range(EACH):
        _, damaged = broken(ACCIDENTS[name], number)

        assert effort(damaged.text) < 30_000 + 20 * len(damaged.text), (name, number)


@pytest.mark.parametrize("name", ACCIDENTS)
def test_a_file_after_an_accident_can_be_checked(name: str) -> None:
    for number in range(EACH):
        _, damaged = broken(ACCIDENTS[name], number)
        problems = check([ScenarioText(damaged.text, "a.yaml")], plugins=PLUGINS)

        errors = [problem for problem in problems if problem.severity == "error"]
        assert errors == outcome(damaged.text), (name, number)


def test_hundreds_of_files_are_refused() -> None:
    damaged = [broken(a, n)[1].text for a in ACCIDENTS.values() for n in range(EACH)]
    refused = sum(bool(outcome(text)) for text in damaged)

    assert len(damaged) >= 400
    assert refused >= 300


@pytest.mark.parametrize("number", range(40))
def test_a_file_whose_bytes_are_damaged_is_refused_with_a_place_or_read(
    number: int, tmp_path: Path
) -> None:
    rng = Random(f"bytes {number}")
    content = bytearray(rng.choice(FILES).text.encode())
    for _ in range(rng.choice([1, 3, 50])):
        content[rng.randrange(len(content))] = rng.randrange(256)
    path = tmp_path / "a.yaml"
    path.write_bytes(content if number % 8 else content.decode("latin-1").encode("utf-16"))

    problems = check([path], plugins=PLUGINS)

    assert all(PLACED.fullmatch(str(problem)) for problem in problems)
    assert all(problem.place.file == str(path) for problem in problems)
