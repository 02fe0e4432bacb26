"""What docs/come-from.md shows is what the command prints, and the scenarios in it answer."""

import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest
from support.inprocess import Api

from mockserver.cli import main
from mockserver.plugins import Plugins
from mockserver.recordings.importers import FORMATS
from mockserver.recordings.importers.documents import from_yaml
from mockserver.scenario.loader import ScenarioText, check

DOCUMENT = (Path(__file__).parents[2] / "docs" / "come-from.md").read_text("utf-8")
FENCES = re.compile(r"```(\w+)\n(.*?)```", re.DOTALL)


class Section(NamedTuple):
    """A section with an example: the *file*, the *command*, what it prints and complains."""

    title: str
    file: str
    command: list[str]
    rest: list[tuple[str, str]]


def sections() -> list[Section]:
    found: list[Section] = []
    for part in DOCUMENT.split("\n## ")[1:]:
        title, _, text = part.partition("\n")
        blocks = [(block[1], block[2]) for block in FENCES.finditer(text)]
        if len(blocks) > 1 and blocks[1][0] == "sh":
            command = shlex.split(blocks[1][1])
            found.append(Section(title, blocks[0][1], command[1:], blocks[2:]))
    return found


SECTIONS = sections()
EXAMPLES = pytest.mark.parametrize("section", SECTIONS, ids=[one.title for one in SECTIONS])


@EXAMPLES
def test_an_example_prints_what_is_shown(
    section: Section,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    path = Path(section.command[1])
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(section.file, "utf-8")

    assert main(section.command) == 0

    printed = capsys.readouterr()
    if "-o" in section.command:
        assert printed.out == ""
        assert "sk-" not in Path(section.command[-1]).read_text()
        return
    kind, shown = section.rest[0]
    if kind == "yaml":
        # What it says counts here, and not which of its mappings are on one line.
        assert from_yaml(printed.out, "printed") == from_yaml(shown, "shown")
        assert check([ScenarioText(shown)]) == []
    else:
        assert printed.out == shown
    assert printed.err == "".join([text for kind, text in section.rest[1:] if kind == "text"]) or (
        section.title == "stubllm" and printed.err.startswith("note: ")
    )


def test_a_cassette_of_an_example_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (section,) = [one for one in SECTIONS if one.title == "vcrpy"]
    monkeypatch.chdir(tmp_path)
    (tmp_path / "cassettes").mkdir()
    (tmp_path / section.command[1]).write_text(section.file, "utf-8")
    (tmp_path / "replay.yaml").write_text(section.rest[0][1], "utf-8")
    assert main(section.command) == 0
    assert check([tmp_path / "replay.yaml"], Plugins.installed()) == []

    server = Api(sources=[tmp_path / "replay.yaml"], plugins=Plugins.installed())

    assert server.chat("Say hello.").json["id"] == "chatcmpl-1"


def test_every_format_has_a_section() -> None:
    titles = {
        "ruby-vcr": "Ruby's VCR",
        "har": "HAR and Polly.js",
        "journal": "Our own journals",
        "exchanges": "JSON lines of exchanges",
    }
    shown = {*re.findall(r"^## (.*)$", DOCUMENT, re.MULTILINE)}

    assert {titles.get(name, name) for name in FORMATS} - shown == {"cassette"}
    assert [name for name in FORMATS if f"`{name}`" not in DOCUMENT] == []
    assert len(SECTIONS) == 7


@pytest.mark.system
def test_the_test_that_replaces_routes_passes(tmp_path: Path) -> None:
    pytest.importorskip("openai")
    text = re.findall(r"```python\n(.*?)```", DOCUMENT, re.DOTALL)[0]
    (tmp_path / "test_retry.py").write_text(text)

    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_retry.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert ran.returncode == 0, ran.stdout
