"""What `docs/failures.md` says is true: its YAML works, its tables are what the tests measure."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from support.failure_cases import CASES, Case
from support.inprocess import Api

from mockserver.contracts import Failure
from mockserver.plugins import Plugins
from mockserver.scenario.build import keys_of
from mockserver.scenario.loader import ScenarioText, check
from mockserver.wire.jsontext import compact

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = (ROOT / "docs" / "failures.md").read_text("utf-8")
BLOCKS = re.findall(r"```yaml\n(.*?)```", DOCUMENT, re.DOTALL)
ROWS = dict(re.findall(r"^\| (\d+) \| (.*) \|$", DOCUMENT, re.MULTILINE))
OUT_OF_REACH = {16, 17, 18, 27}


def flow(value: Any) -> str:
    """Return *value* as YAML in one line."""
    text = yaml.safe_dump(
        value, default_flow_style=True, sort_keys=False, allow_unicode=True, width=10_000
    )
    return str(text).removesuffix("...\n").strip()


def line_of(case: Case) -> str:
    """Return the line of the document that tells of *case*."""
    written = f"fail: {flow(case.fail)}" if case.fail else f"reply: {flow(case.reply)}"
    python = case.python.removesuffix(" x1")
    if case.python_2 is not None:
        python += f"; 2.x: {case.python_2.removesuffix(' x1')}"
    node = case.node.removesuffix(" x1")
    cells = (f"`{case.name}`", f"`{written}`", shown(python), shown(node))
    return f"| {' | '.join(cells)} |"


def shown(outcome: str) -> str:
    outcome = (
        outcome.replace("\n", "⏎").replace("|", "\\|").replace(" x", " \N{MULTIPLICATION SIGN}")
    )
    return outcome.replace("'One two three four five six.' stop", "the answer")


def test_the_table_of_cases_is_what_real_clients_are_held_to() -> None:
    missing = [line_of(case) for case in CASES if line_of(case) not in DOCUMENT]

    assert missing == [], "\n".join(missing)


def test_every_row_is_told_of_with_all_its_cases() -> None:
    assert sorted(map(int, ROWS)) == list(range(1, 61))
    for row, told in ROWS.items():
        names = {case.name for case in CASES if case.row == int(row)}
        assert names <= set(re.findall(r"`([\w-]+)`", told)), row
        assert names or int(row) in OUT_OF_REACH or "[" in told, row


@pytest.mark.parametrize("text", BLOCKS)
def test_an_example_is_a_right_scenario_and_strikes(text: str) -> None:
    assert check([ScenarioText(text)]) == []

    api = Api(text.removeprefix("version: 1\n"))
    struck = {kind for stream in (False, True) for kind in api.chat(stream=stream).call.failures}
    assert struck


@pytest.mark.parametrize("kind", Plugins.installed().failures)
def test_every_kind_is_explained_with_all_its_keys(kind: str) -> None:
    told, *_ = re.findall(rf"^\| `{kind}`.*$", DOCUMENT, re.MULTILINE)
    own = set(keys_of(Plugins.installed().failures[kind])) - set(keys_of(Failure))

    assert {key for key in own if f"`{key}" not in told} == set()


def test_every_common_key_is_explained() -> None:
    assert {key for key in keys_of(Failure) if f"`{key}" not in DOCUMENT} == set()


@pytest.mark.system
def test_the_test_that_it_shows_passes(tmp_path: Path) -> None:
    (shown_test,) = re.findall(r"```python\n(.*?)```", DOCUMENT, re.DOTALL)
    (tmp_path / "test_answers.py").write_text(shown_test)
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_answers.py"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_what_is_written_is_json_too() -> None:
    for case in CASES:
        assert yaml.safe_load(flow(case.fail)) == yaml.safe_load(compact(case.fail))
