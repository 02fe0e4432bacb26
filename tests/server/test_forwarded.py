"""What the options of forwarding mean together, and where requests go: no socket is opened."""

import os
import resource
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support.wire import PATIENCE_S

from mockserver.cassettes.lines import read, write
from mockserver.cassettes.recording import RecordedAnswer, RecordedRequest, Recording
from mockserver.errors import MockServerError
from mockserver.server.forwarded import Forwarded, forwarded, on_command_line
from mockserver.server.recorder import Recorder
from mockserver.server.upstream import joined, spelled
from mockserver.sessions.passing import Passing

URL = "http://127.0.0.1:1/v1"
RECORDING = Recording(
    request=RecordedRequest("POST", "/v1/chat/completions", body=b'{"model":"gpt-4o-mini"}'),
    answer=RecordedAnswer(200, body=b"{}"),
)


def given(folder: Path, **options: Any) -> Forwarded:
    if options.get("cassette"):
        options["cassette"] = folder / options["cassette"]
    stated = {"upstream": None, "cassette": None, "record": None, **options}
    return forwarded(spell=on_command_line, complain=print, **stated)


@pytest.mark.parametrize(
    ("options", "passes_on", "keeps", "replays"),
    [
        pytest.param({}, False, False, False, id="nothing"),
        pytest.param({"upstream": URL}, True, False, False, id="upstream"),
        pytest.param({"cassette": "old"}, False, False, True, id="cassette"),
        pytest.param({"cassette": "old", "record": "none"}, False, False, True, id="none"),
        pytest.param({"upstream": URL, "cassette": "old"}, True, True, True, id="both"),
        pytest.param({"upstream": URL, "cassette": "new"}, True, True, False, id="a new file"),
        pytest.param(
            {"upstream": URL, "cassette": "old", "record": "all"}, True, True, False, id="all"
        ),
        pytest.param(
            {"upstream": URL, "cassette": "old", "record": "none"},
            *(False, False, True),
            id="none, with an upstream server",
        ),
        pytest.param(
            {"upstream": URL, "record": "none"},
            *(False, False, False),
            id="only rules forward",
        ),
    ],
)
def test_what_the_options_mean_together(
    options: dict[str, Any],
    passes_on: bool,  # noqa: FBT001 - a case
    keeps: bool,  # noqa: FBT001 - a case
    replays: bool,  # noqa: FBT001 - a case
    tmp_path: Path,
) -> None:
    write(tmp_path / "old", [RECORDING])
    found = given(tmp_path, **options)

    assert found.passing.passes_on is passes_on
    assert (found.passing.cassette is not None) is keeps
    assert bool(found.lowest.rules) is replays
    assert (found.recorder is not None) is ("upstream" in options)


@pytest.mark.parametrize(
    ("options", "what"),
    [
        ({"record": "new"}, "--record needs --cassette"),
        ({"record": "none"}, "--record needs --cassette"),
        ({"record": "new", "cassette": "c"}, "--record needs --upstream"),
        ({"record": "all", "upstream": URL}, "--record needs --cassette"),
        ({"record": "nwe", "upstream": URL, "cassette": "c"}, "did you mean 'new'"),
        ({"redact": ["x"]}, "--redact has no effect"),
        ({"redact": ["x"], "upstream": URL}, "--redact has no effect"),
        ({"redact": ["("], "upstream": URL, "cassette": "c"}, "not a regular expression"),
        ({"upstream_key": "NOT_THERE"}, "without --upstream"),
        ({"upstream_key": "NOT_THERE", "upstream": URL}, "'NOT_THERE' is not set"),
        ({"cassette": "missing"}, "there is no cassette"),
        ({"cassette": "missing", "upstream": URL, "record": "none"}, "there is no cassette"),
        ({"cassette": "."}, "is a folder"),
        ({"upstream": "http://example.com"}, "neither https nor on this machine"),
    ],
)
def test_what_cannot_be_is_refused(options: dict[str, Any], what: str, tmp_path: Path) -> None:
    if "upstream_key" in options:
        options = {**options, "key_variable": options["upstream_key"]}
        del options["upstream_key"]
    with pytest.raises(MockServerError) as raised:
        given(tmp_path, **options)

    assert what in str(raised.value)


@pytest.mark.parametrize(
    ("root", "path", "whole"),
    [
        ("", "/v1/chat/completions", "/v1/chat/completions"),
        ("/v1", "/v1/chat/completions", "/v1/chat/completions"),
        ("/v1", "/chat/completions", "/v1/chat/completions"),
        ("/api/v1", "/v1/models", "/api/v1/models"),
        ("/api/v1", "/api/v1/models", "/api/v1/models"),
        ("/openai/v1", "/v1/responses", "/openai/v1/responses"),
        ("/v1beta/openai", "/v1/models", "/v1beta/openai/models"),
        ("/team", "/v1/models", "/team/v1/models"),
        ("", "/openai/deployments/a/chat/completions", "/openai/deployments/a/chat/completions"),
        ("/v1", "/v1", "/v1"),
    ],
)
def test_where_paths_lead_below_a_root(root: str, path: str, whole: str) -> None:
    assert joined(root, path) == whole


@pytest.mark.parametrize(
    ("raw", "path", "sent"),
    [
        ("/v1/models/a%2Fb", "/v1/models/a/b", "/v1/models/a%2Fb"),
        ("/s/x%20y/v1/models", "/v1/models", "/v1/models"),
        ("/s/x/openrouter/v1/a%25", "/v1/a%", "/v1/a%25"),
        ("/elsewhere", "/v1/a b", "/v1/a%20b"),
        ("/v1/é", "/v1/é", "/v1/%C3%A9"),
    ],
)
def test_paths_are_spelled_as_the_client_did(raw: str, path: str, sent: str) -> None:
    assert spelled(raw, path) == sent


@pytest.mark.parametrize(
    ("tail", "lines"),
    [
        pytest.param("", 2, id="whole"),
        pytest.param('{"version":1,"requ', 2, id="broken off"),
    ],
)
def test_a_cassette_whose_last_line_broke_off_can_be_added_to(
    tail: str, lines: int, tmp_path: Path
) -> None:
    cassette = tmp_path / "folder" / "c.jsonl"
    write(cassette, [RECORDING])
    cassette.write_text(cassette.read_text() + tail)
    recorder = Recorder(complain=print)
    recorder.keep(Passing(cassette=cassette), RECORDING)
    recorder.finish(PATIENCE_S)

    assert recorder.unwritten == []
    assert len(read(cassette)) == lines


def test_a_last_line_that_lacks_only_its_end_stays(tmp_path: Path) -> None:
    cassette = tmp_path / "c.jsonl"
    write(cassette, [RECORDING])
    cassette.write_text(cassette.read_text().rstrip("\n"))
    recorder = Recorder(complain=print)
    recorder.keep(Passing(cassette=cassette), RECORDING)
    recorder.finish(PATIENCE_S)

    assert len(read(cassette)) == 2


def test_a_cassette_is_replaced_once_whoever_writes_to_it_first(tmp_path: Path) -> None:
    cassette = tmp_path / "c.jsonl"
    write(cassette, [RECORDING, RECORDING])
    os.utime(cassette, (0, 0))
    noted: list[object] = []
    passing = Passing(cassette=cassette, replaces_before_s=1.0, note=noted.append)
    recorders = [Recorder(complain=print) for _ in range(4)]

    for recorder in (*recorders, *recorders):
        recorder.keep(passing, RECORDING)
    for recorder in recorders:
        recorder.flush()

    assert len(read(cassette)) == len(noted) == 8
    assert [path.name for path in tmp_path.iterdir()] == ["c.jsonl"]
    for recorder in recorders:
        recorder.finish(PATIENCE_S)


def test_a_line_for_which_there_was_no_room_leaves_nothing_behind(tmp_path: Path) -> None:
    cassette = tmp_path / "c.jsonl"
    long = replace(RECORDING, answer=RecordedAnswer(200, body=b"x" * 4_000_000))
    write(cassette, [long])
    recorder = Recorder(complain=print)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (cassette.stat().st_size + 100, limits[1]))
    try:
        recorder.keep(Passing(cassette=cassette), RECORDING)
        recorder.flush()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    recorder.keep(Passing(cassette=cassette), RECORDING)
    recorder.finish(PATIENCE_S)

    (complaint,) = recorder.unwritten
    assert complaint.endswith("the file system has no room for it")
    assert [len(one.answer.body) for one in read(cassette)] == [4_000_000, 2]


def test_a_cassette_that_cannot_be_written_is_reported(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("")
    complaints: list[str] = []
    reasons: list[str] = []
    recorder = Recorder(complain=complaints.append)
    recorder.keep(Passing(cassette=file / "c.jsonl"), RECORDING, unkept=reasons.append)
    recorder.finish(PATIENCE_S)

    (complaint,) = complaints
    assert recorder.unwritten == [complaint.removeprefix("mockserver: ")]
    (reason,) = reasons
    assert complaint.endswith(f": {reason}")
