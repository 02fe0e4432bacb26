"""JSON lines of exchanges: bodies as they were, as far as the lines tell."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockserver.cassettes import lines
from mockserver.recordings import importers
from mockserver.recordings.importers import exchange_lines

LINE: dict[str, Any] = {
    "provider": "openai",
    "endpoint": "chat/completions",
    "request": {"model": "gpt-4o-mini", "messages": []},
    "status": 200,
    "stream": False,
    "response": {"id": "chatcmpl-1", "object": "chat.completion", "choices": []},
    "response_headers": {"openai-version": "2020-10-01"},
}


def read(**members: Any) -> Any:
    return exchange_lines.read(json.dumps({**LINE, **members}) + "\n", "lines.jsonl")


@pytest.mark.parametrize(
    ("members", "path"),
    [
        ({}, "/v1/chat/completions"),
        ({"provider": "openrouter"}, "/api/v1/chat/completions"),
        ({"provider": "azure"}, "/openai/deployments/gpt-4o-mini/chat/completions"),
        ({"path": "/responses/resp_1/input_items"}, "/v1/responses/resp_1/input_items"),
        ({"provider": "azure", "path": "/openai/v1/responses"}, "/openai/v1/responses"),
        ({"provider": "else.example", "path": "/compatible/v1/embeddings"}, "/v1/embeddings"),
    ],
)
def test_paths_are_those_of_the_provider(members: dict[str, Any], path: str) -> None:
    (one,) = read(**members).recordings

    assert one.request.path == path


@pytest.mark.parametrize(
    ("style", "body"),
    [
        ("2-space", b'{\n  "b": "\\u00e9",\n  "a": 1.0\n}'),
        ("2-space +newline", b'{\n  "b": "\\u00e9",\n  "a": 1.0\n}\n'),
        ("compact", '{"b":"é","a":1.0}'.encode()),
        (None, '{"b": "é", "a": 1.0}'.encode()),
    ],
)
def test_bodies_are_in_the_style_that_is_stated(style: str | None, body: bytes) -> None:
    (one,) = read(response={"b": "é", "a": 1.0}, body_style=style).recordings

    assert one.answer.body == body
    assert one.answer.headers[0] == ("content-type", "application/json")


def test_where_an_order_was_not_kept_members_are_sorted() -> None:
    (one,) = read(response={"b": 1, "a": 2}, key_order_kept=False).recordings

    assert list(one.answer.json) == ["a", "b"]


def test_chunks_are_a_stream() -> None:
    (chat,) = read(response=None, chunks=[{"id": "c"}], stream=True).recordings
    (events,) = read(
        response=None, chunks=[{"type": "response.created"}], body_style="sse event:"
    ).recordings

    assert chat.answer.body == b'data: {"id":"c"}\n\ndata: [DONE]\n\n'
    assert events.answer.body == b'event: response.created\ndata: {"type":"response.created"}\n\n'
    assert chat.answer.is_stream


def test_what_was_not_read_as_json_is_kept_if_it_is_whole() -> None:
    whole, cut = (base64.b64encode(text).decode() for text in (b'{"a": 1}', b"x" * 1_500))

    assert read(response=None, response_text=whole).recordings[0].answer.json == {"a": 1}
    assert read(response=None, response_text="no healthy upstream").recordings[0].answer.body == (
        b"no healthy upstream"
    )
    assert "not kept whole" in read(response=None, response_text=cut).left_out[0]


def test_what_is_left_out_has_its_place_and_the_reason() -> None:
    lines = ["not JSON", json.dumps({**LINE, "doubt": "hand-made"}), "[]"]
    lines += [json.dumps({**LINE, "request": None}), json.dumps({**LINE, "response": None})]
    taken = exchange_lines.read("\n".join(lines), "x")

    assert taken.recordings == ()
    assert [reason.split(": ")[0] for reason in taken.left_out] == [f"x:{n}" for n in range(1, 6)]
    assert "hand-made" in taken.left_out[1]


def test_lines_of_exchanges_are_recognised_beside_cassettes(tmp_path: Path) -> None:
    file = tmp_path / "exchanges.jsonl"
    file.write_text(json.dumps(LINE) + "\n")

    (one,) = importers.read(file).recordings

    assert (one.provider, one.endpoint) == ("openai", "chat.completions")


@given(
    st.sampled_from([*LINE, "chunks", "response_text", "body_style", "method", "path", "query"]),
    st.none() | st.booleans() | st.integers() | st.text() | st.lists(st.none() | st.text()),
)
def test_a_line_with_anything_in_it_is_read_or_left_out(member: str, value: Any) -> None:
    taken = read(**{member: value})

    for recording in taken.recordings:
        assert lines.from_line(lines.to_line(recording)).answer.body == recording.answer.body
    assert len(taken.recordings) + len(taken.left_out) == 1


def test_a_line_that_is_nested_without_end_is_left_out() -> None:
    deep = json.dumps(LINE).replace("[]", "[" * 900 + "]" * 900)
    assert len(exchange_lines.read(deep, "x").recordings + exchange_lines.read(deep, "x").left_out)
