"""`mockserver compare`: what it prints, and when it fails."""

import json
from pathlib import Path

import pytest

from mockserver.cli import main

EXCHANGE = {
    "provider": "openai",
    "endpoint": "chat/completions",
    "request": {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Hi"}]},
    "status": 400,
    "stream": False,
    "response": {
        "error": {"message": "No.", "type": "invalid_request_error", "param": None, "code": None}
    },
}


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "recorded.jsonl"
    path.write_text(json.dumps(EXCHANGE) + "\n")
    return str(path)


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ([], 0),
        (["--allow", "1"], 0),
        (["--allow", "0"], 1),
        (["--allow", "error=0"], 1),
        (["--allow", "error=1", "--allow", "stream=0"], 0),
        (["--allow", "0", "--only", "shape"], 0),
    ],
)
def test_it_fails_if_there_are_more_differences_than_allowed(
    file: str, options: list[str], code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["compare", file, *options]) == code

    assert ("are allowed" in capsys.readouterr().err) == bool(code)


def test_it_prints_a_table_with_examples(file: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", file, "--examples", "1"]) == 0

    printed = capsys.readouterr().out
    assert printed.startswith("1 recording compared, 0 left out\n")
    assert "1 error openai: status" in printed
    assert f"{file}:1: 200 {{}} instead of 400" in printed
    assert "error 0.0 % of 1" in printed.splitlines()[-1]


def test_it_prints_json(file: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", file, "--json"]) == 0

    document = json.loads(capsys.readouterr().out)
    assert document["differences"]["error"] == 1
    assert document["recordings"][0]["findings"][0]["kind"] == "error"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--only", "shap"], "did you mean 'shape'?"),
        (["--allow", "many"], "neither a number nor KIND=NUMBER"),
        (["--allow", "=1"], "neither a number nor KIND=NUMBER"),
        (["--provider", "azure"], "there is nothing to compare"),
    ],
)
def test_mistakes_are_reported(
    file: str, options: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["compare", file, *options]) == 2
    assert said in capsys.readouterr().err
