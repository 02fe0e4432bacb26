"""`mockserver cassette`: what people do with what was recorded."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from support.inprocess import Api
from support.planted import OPENAI as KEY
from support.planted import planted_in
from support.recorded import ask, asked

from mockserver.cassettes import lines
from mockserver.cassettes.recording import Recording
from mockserver.cassettes.scrubbing import Scrubber
from mockserver.cli import main

SAYS = """
rules:
  - {when: {last_user: {contains: weather}}, reply: {kind: tool_calls, calls: [
      {name: get_weather, arguments: {city: Paris}}]}}
  - {when: {last_user: {contains: limit}}, fail: 429}
  - {reply: "It is sunny."}
"""


def recorded(said: str, at: str = "", **members: object) -> Recording:
    """Return what is answered to *said*, recorded *at* a time."""
    _, recording = ask(Api(SAYS), asked(said, **members))
    return replace(recording, recorded_at=at)


def scrubbed(*recordings: Recording) -> list[Recording]:
    """Return *recordings* as a recorder writes them."""
    return [Scrubber().scrubbed(recording) for recording in recordings]


@pytest.fixture
def tape(tmp_path: Path) -> Path:
    """A cassette of four exchanges."""
    path = tmp_path / "tape.jsonl"
    lines.write(
        path,
        scrubbed(
            recorded("Hi", "2026-11-30T10:00:00Z"),
            recorded("What is the weather?", "2026-11-30T10:00:01Z", model="gpt-4o"),
            recorded("limit", "2026-11-30T10:00:02Z"),
            recorded("Hi\nthere", "2026-11-30T10:00:03Z", stream=True),
        ),
    )
    return path


def test_show_lists_a_line_for_each(tape: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cassette", "show", str(tape)]) == 0

    shown = capsys.readouterr().out.splitlines()
    assert len(shown) == 4
    assert '"Hi" -> "It is sunny."' in shown[0]
    assert "10:00:01  openai  chat.completions  gpt-4o" in shown[1]
    assert 'get_weather({"city":"Paris"})' in shown[1]
    assert "  429  " in shown[2]
    assert "streamed" in shown[3]
    assert '"Hi there" -> "It is sunny."' in shown[3]


def test_show_shows_what_no_output_can_say(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "half.jsonl"
    said = b'{"choices":[{"message":{"role":"assistant","content":"half \\ud83d"}}]}'
    first = recorded("Hi")
    lines.write(path, [replace(first, answer=replace(first.answer, body=said, pieces=()))])

    assert main(["cassette", "show", str(path)]) == 0
    assert main(["cassette", "show", str(path), "--number", "1"]) == 0
    assert r'"half \ud83d"' in capfd.readouterr().out


def test_show_gives_one_exchange_whole(tape: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cassette", "show", str(tape), "--number", "4"]) == 0

    shown = capsys.readouterr().out
    assert "POST /v1/chat/completions" in shown
    assert '  "stream": true' in shown
    assert "\nIt is sunny.\n" in shown
    assert shown.count(" bytes  #") == len(lines.read(tape)[3].answer.pieces)
    assert main(["cassette", "show", str(tape), "--number", "5"]) == 2
    assert "there is no recording 5: the cassette has 4" in capsys.readouterr().err


def test_show_writes_json_for_programs(tape: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["cassette", "show", str(tape), "--json"])
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    main(["cassette", "show", str(tape), "--json", "--number", "2"])

    assert [row["status"] for row in rows] == [200, 200, 429, 200]
    assert rows[1]["model"] == "gpt-4o"
    assert rows[0]["prompt_tokens"] > 0
    assert capsys.readouterr().out.strip() == tape.read_text().splitlines()[1]


def test_scrub_takes_secrets_out_and_verify_finds_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, clean = tmp_path / "tape.jsonl", tmp_path / "clean.jsonl"
    lines.write(path, [recorded("Hi"), recorded(f"my key is {KEY}, customer 4711-0815")])

    assert main(["cassette", "verify", str(path)]) == 1
    found = capsys.readouterr().err
    assert f"{path}:2: the request's body, messages[0].content: a key of OpenAI" in found
    assert KEY[:12] not in found
    redact = ["--redact", r"customer (\S+)"]
    assert main(["cassette", "scrub", str(path), "-o", str(clean), *redact]) == 0
    assert "2 recordings read" in capsys.readouterr().out
    assert planted_in(clean.read_text()) == []
    assert main(["cassette", "verify", str(clean), *redact]) == 0
    assert main(["cassette", "verify", str(clean), "--redact", "my key"]) == 1
    assert main(["cassette", "scrub", str(path), "--in-place", *redact]) == 0
    assert path.read_bytes() == clean.read_bytes()
    assert [one.name for one in sorted(tmp_path.iterdir())] == ["clean.jsonl", "tape.jsonl"]


def test_verify_names_each_broken_line(tape: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first = json.loads(tape.read_text().splitlines()[0])
    first["response"]["pieces"] = [[5.0, 3]]
    tape.write_text(f"what\n{json.dumps(first)}\n{{}}\n" + tape.read_text())

    assert main(["cassette", "verify", str(tape)]) == 1
    found = capsys.readouterr().err.splitlines()
    assert [line.partition(": ")[0] for line in found] == [f"{tape}:{n}" for n in (1, 2, 3)]
    assert "its pieces have 3 bytes, and its body has " in found[1]


def test_split_and_merge_give_back_what_was_there(
    tape: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "parts"
    assert main(["cassette", "split", str(tape), "--by", "model", "-o", str(folder)]) == 0
    parts = sorted(folder.iterdir())
    assert [part.name for part in parts] == ["gpt-4o-mini.jsonl", "gpt-4o.jsonl"]
    assert [len(lines.read(part)) for part in parts] == [3, 1]
    whole = tmp_path / "whole.jsonl"
    files = [*map(str, parts), str(parts[0])]
    assert main(["cassette", "merge", *files, "-o", str(whole)]) == 0
    assert "4 recordings written, 3 left out: they come twice" in capsys.readouterr().out
    assert whole.read_bytes() == tape.read_bytes()
    assert main(["cassette", "split", str(tape), "--by", "model", "-o", str(folder)]) == 2


def test_split_takes_recordings_by_their_numbers(
    tape: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    some = tmp_path / "some.jsonl"
    split = ["cassette", "split", str(tape), "-o", str(some), "--numbers"]

    assert main([*split, "1,3-"]) == 0
    kept = tape.read_text().splitlines()
    assert some.read_text().splitlines() == [kept[0], *kept[2:]]
    assert main([*split, "two"]) == 2
    assert "write '3', '2-5' or '1,4-6,9-'" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["show", "verify"])
def test_a_file_that_is_not_there_is_named(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["cassette", command, "no.jsonl"]) == 2
    assert "there is no cassette 'no.jsonl'" in capsys.readouterr().err
