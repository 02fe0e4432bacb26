"""`mockserver import`: what it writes, what it lists, and when it writes nothing."""

import json
from pathlib import Path

import pytest
from support.inprocess import Api

from mockserver.cassettes import lines
from mockserver.cli import main
from mockserver.plugins import Plugins
from mockserver.scenario.loader import ScenarioText, load_scenario

FILES = Path(__file__).parents[1] / "recordings" / "importers" / "files"
KEY = "sk-hand-made"


def test_recordings_become_a_cassette_without_secrets(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "below" / "own.jsonl"

    code = main(["import", str(FILES / "vcrpy"), "-o", str(output), "--redact", "Squee[a-z]+"])

    text = output.read_text("utf-8")
    recordings = lines.read(output)
    assert code == 0
    assert capsys.readouterr().out == ""
    assert [one.endpoint for one in recordings] == ["embeddings", *["chat.completions"] * 5]
    assert KEY not in text
    assert "Squeezed" not in text
    assert KEY in (FILES / "vcrpy" / "gzip.yaml").read_text()


def test_without_a_file_the_cassette_goes_to_standard_output(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert (
        main(["import", str(FILES / "har" / "stream.har"), str(FILES / "har" / "error.har")]) == 0
    )

    printed = capsys.readouterr()
    assert [json.loads(line)["response"]["status"] for line in printed.out.splitlines()] == [
        200,
        429,
    ]
    assert printed.err == ""


def test_rules_become_a_scenario_that_loads(capsys: pytest.CaptureFixture[str]) -> None:
    files = [str(FILES / "fakellm" / name) for name in ("texts.yaml", "previous.yaml")]

    assert main(["import", *files]) == 0

    text = capsys.readouterr().out
    scenario = load_scenario(ScenarioText(text))
    assert scenario.description == "Imported from 2 files."
    names = [rule.name for rule in scenario.rules]
    assert names == ["greeting", "only-mini", "otherwise", "after-tool", "otherwise-2"]


def test_recordings_become_a_scenario_that_answers_as_they_did(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = [str(FILES / folder) for folder in ("vcrpy", "har", "ruby_vcr")]
    output = tmp_path / "own.yaml"

    assert main(["import", *files, "--to", "scenario", "-o", str(output)]) == 0

    listed = capsys.readouterr().err.splitlines()
    api = Api(sources=[output], plugins=Plugins.installed())
    assert api.chat("Odd?").text == "Quite."
    assert api.chat("Say hello.").text == "Grüß Gott ☀"
    assert api.chat("Too fast.").status == 429
    assert KEY not in output.read_text("utf-8")
    assert [line for line in listed if "nothing can be read of its answer" in line]
    assert main(["import", "--strict", files[0], "--to", "scenario"]) == 1


def test_what_is_left_out_is_listed_and_fails_if_that_is_asked_for(
    capsys: pytest.CaptureFixture[str],
) -> None:
    files = [str(FILES / "vcrpy" / "odd-headers.yaml"), str(FILES / "har" / "odd-headers.har")]

    assert main(["import", *files]) == 0
    listed = capsys.readouterr().err.splitlines()
    assert main(["import", "--strict", *files]) == 1
    assert main(["import", "--strict", str(FILES / "vcrpy" / "stream.yaml")]) == 0

    (line,) = [line for line in listed if "telemetry.example.com" in line]
    assert line.startswith("left out: 2 x ")
    assert all(f"{file}, " in line for file in files)
    assert [line for line in listed if line.startswith("note: ") and "'localhost'" in line]


def test_a_file_that_exists_is_kept_unless_it_may_be_replaced(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "own.yaml"
    output.write_text("mine")
    command = ["import", str(FILES / "fakellm" / "texts.yaml"), "-o", str(output)]

    assert main(command) == 2
    assert "--force replaces it" in capsys.readouterr().err
    assert output.read_text() == "mine"
    assert main([*command, "--force"]) == 0
    assert output.read_text().startswith("version: 1\n")


def test_other_files_of_a_folder_are_left_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.har").write_text((FILES / "har" / "tools.har").read_text("utf-8"), "utf-8")
    (tmp_path / "package.json").write_text("{}")
    (tmp_path / "broken.yaml").write_text("a: [")
    (tmp_path / "README.md").write_text("not looked at")

    assert main(["import", str(tmp_path)]) == 0

    printed = capsys.readouterr()
    assert len(printed.out.splitlines()) == 1
    assert "none of the formats that are read" in printed.err
    assert "this is not YAML" in printed.err
    assert "README" not in printed.err


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (
            ["{}/fakellm/texts.yaml", "--to", "cassette"],
            "holds rules, and a cassette holds requests",
        ),
        (["{}/fakellm/texts.yaml", "{}/har/tools.har"], "import them one by one"),
        (["{}/none.yaml"], "there is no file"),
        (["{}/har/tools.har", "--format", "vcr"], "did you mean 'vcrpy'?"),
        (["{}/har/tools.har", "--redact", "("], "("),
        (["{}/../__init__"], "there is no file"),
    ],
)
def test_a_mistake_is_reported_and_nothing_is_written(
    arguments: list[str], what: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "out"
    filled = [argument.format(FILES) for argument in arguments]

    assert main(["import", *filled, "-o", str(output)]) == 2

    assert what in capsys.readouterr().err
    assert not output.exists()


def test_files_with_nothing_to_take_are_an_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "a.json"
    path.write_text(json.dumps({"log": {"entries": []}}))
    (tmp_path / "empty").mkdir()

    assert main(["import", str(path)]) == 2
    assert "nothing in these files" in capsys.readouterr().err
    assert main(["import", str(tmp_path / "empty")]) == 2
    assert "has no file that ends in" in capsys.readouterr().err
