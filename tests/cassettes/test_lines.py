"""A cassette is text: one recording a line, and all that a recording says comes back."""

import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockserver.cassettes import lines
from mockserver.cassettes.recording import Piece, RecordedAnswer, RecordedRequest, Recording
from mockserver.errors import UsageError

TEXTS = st.text(st.characters())
NAMES = st.text("!#$%&'*+.^_`|~-09AZaz", min_size=1)
VALUES = st.text(st.characters(exclude_characters="\r\n\0"))
HEADERS = st.lists(st.tuples(NAMES, VALUES), max_size=3).map(tuple)
BODIES = st.one_of(
    st.just(b""),
    st.binary(max_size=40),
    st.text(max_size=40).map(lambda text: text.encode()),
    st.just('{"messages":[{"role":"user","content":"Grüße\u2028 🎉"}],"top_p":1.0}'.encode()),
)
RECORDINGS = st.builds(
    Recording,
    request=st.builds(
        RecordedRequest,
        method=st.sampled_from(["GET", "POST"]),
        path=st.text(min_size=1),
        query=st.text(),
        headers=HEADERS,
        body=BODIES,
    ),
    answer=st.builds(
        RecordedAnswer,
        status=st.integers(200, 599),
        headers=HEADERS,
        body=BODIES,
        pieces=st.lists(st.builds(Piece, st.floats(0, 1e6), st.integers(0, 99))).map(tuple),
        opened_ms=st.floats(0, 1e6),
        is_cut=st.booleans(),
    ),
    provider=st.text(),
    endpoint=st.text(),
    recorded_at=st.text(),
)


@given(RECORDINGS)
def test_a_recording_comes_back_from_its_line(recording: Recording) -> None:
    line = lines.to_line(recording)
    back = lines.from_line(line)

    assert lines.to_line(back) == line
    assert len(line.splitlines()) == 1
    assert line.encode().decode() == line
    if recording.request.json is None:
        assert back == recording
    else:  # JSON is kept as JSON, on one line
        assert back.request.json == recording.request.json
        assert back.answer == recording.answer


def one() -> Recording:
    request = RecordedRequest("POST", "/v1/chat/completions", body=b'{"model":"gpt-4o"}')
    return Recording(request=request, answer=RecordedAnswer(200, body=b"{}"))


def test_a_line_that_was_being_written_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "cut.jsonl"
    lines.write(path, [one(), one()])
    path.write_bytes(path.read_bytes()[:-20])

    assert len(lines.read(path)) == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{}\n{}\n", "this line is not a recording: it has no 'request' and 'response'"),
        (
            '{"request":{},"response":{},"version":2}\n\n',
            "the version of this recording is 2",
        ),
        ('{"request":{"method":"GET"},"response":{},"version":1}\n', "this recording"),
        ("what\n", "this line is not JSON"),
    ],
)
def test_a_line_that_is_no_recording_is_refused_with_its_place(
    tmp_path: Path, text: str, message: str
) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text(text)

    with pytest.raises(lines.BadLineError, match=f"^x\\.jsonl:1: {message}"):
        lines.read(path, "x.jsonl")


GOOD = json.loads(lines.to_line(one()))


@pytest.mark.parametrize(
    ("part", "members", "message"),
    [
        ("request", None, "'request' is not an object: null"),
        ("response", [], "'response' is not an object: []"),
        ("provider", ["x"], """'provider' is not a text: ["x"]"""),
        ("request", {"path": 5}, "'path' is not a text: 5"),
        ("request", {"path": ""}, "it has no 'path'"),
        ("request", {"method": "G\r\nX"}, "'method' is not a method of HTTP: 'G\\r\\nX'"),
        ("response", {"status": 99}, "'status' is not the status of an answer: 99"),
        ("response", {"status": True}, "'status' is not the status of an answer: true"),
        ("response", {"status": "200"}, """'status' is not the status of an answer: "200\""""),
        ("response", {"text": ["a"]}, """'text' is not a text: ["a"]"""),
        ("response", {"base64": "!"}, "'base64' is not base64: "),
        ("response", {"is_cut": 1}, "'is_cut' is not true or false: 1"),
        ("response", {"opened_ms": float("nan")}, "'opened_ms' has what is not a time in"),
        ("response", {"opened_ms": -1}, "'opened_ms' has what is not a time in milliseconds: -1"),
        ("response", {"pieces": 5}, "'pieces' is not an array: 5"),
        ("response", {"pieces": [[1, -5]]}, "'pieces' has what is not a time and a size: [1, -5]"),
        ("response", {"pieces": [[1e300, 5]]}, "'pieces' has what is not a time in milliseconds"),
        ("response", {"headers": {"a": "b"}}, """'headers' is not an array: {"a": "b"}"""),
        ("response", {"headers": [["a"]]}, "'headers' has what is not the name and value of one"),
        ("response", {"headers": [["a", "b\r\nset-cookie: c"]]}, "'headers' has what is not the"),
        ("request", {"headers": [["a b", "c"]]}, "'headers' has what is not the name and value"),
    ],
)
def test_what_no_recorder_writes_is_refused(part: str, members: object, message: str) -> None:
    inner = {**GOOD[part], **members} if isinstance(members, dict) else members

    with pytest.raises(lines.BadLineError) as raised:
        lines.from_line(json.dumps({**GOOD, part: inner}), "x.jsonl:7")

    assert str(raised.value).startswith(f"x.jsonl:7: this recording cannot be read: {message}")


def test_what_is_no_file_is_not_waited_for(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.jsonl"
    os.mkfifo(pipe)

    with pytest.raises(UsageError, match="is not a regular file"):
        lines.read(pipe)


def test_a_cassette_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"there is no cassette 'no\.jsonl'"):
        lines.read(tmp_path / "no.jsonl", "no.jsonl")
