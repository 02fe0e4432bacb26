"""A cassette is text: one recording a line, and all that a recording says comes back."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockserver.cassettes import lines
from mockserver.cassettes.recording import Piece, RecordedAnswer, RecordedRequest, Recording
from mockserver.errors import UsageError

TEXTS = st.text(st.characters())
HEADERS = st.lists(st.tuples(TEXTS, TEXTS), max_size=3).map(tuple)
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
        path=st.text(),
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


def test_a_cassette_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"there is no cassette 'no\.jsonl'"):
        lines.read(tmp_path / "no.jsonl", "no.jsonl")
