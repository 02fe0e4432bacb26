"""What a request costs, told to people: the parts add up to what the server bills."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mockserver import MockServer, token_report
from mockserver.cli import main

WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
    },
}
TIME = {"type": "function", "function": {"name": "get_time"}}
REQUEST: dict[str, Any] = {
    "model": "gpt-4o-mini",
    "messages": [
        {"role": "system", "content": "You are a weather bot."},
        {"role": "user", "content": "Weather in Paris?"},
    ],
    "tools": [WEATHER, TIME],
}


def test_the_lines_add_up_to_the_prompt() -> None:
    report = token_report(REQUEST)

    assert sum(line.tokens for line in report.lines) == report.prompt.tokens
    assert [line.what for line in report.lines] == [
        "message 0 (system)",
        "message 1 (user)",
        "tool get_weather",
        "tool get_time",
        "priming",
    ]


@settings(derandomize=True, max_examples=50)
@given(
    st.lists(st.text(max_size=20), min_size=1, max_size=4),
    st.lists(st.sampled_from([WEATHER, TIME]), max_size=3),
)
def test_the_lines_of_any_request_add_up(texts: list[str], tools: list[dict[str, Any]]) -> None:
    messages = [{"role": "user", "content": text} for text in texts]
    report = token_report({"model": "gpt-4o", "messages": messages, "tools": tools})

    assert sum(line.tokens for line in report.lines) == report.prompt.tokens


def test_an_alias_is_counted_as_the_snapshot_that_answers() -> None:
    assert token_report(REQUEST).model.id == "gpt-4o-mini-2024-07-18"


def test_a_recorded_answer_is_set_beside_what_is_counted() -> None:
    usage = {"prompt_tokens": 8, "completion_tokens": 3, "total_tokens": 11}
    choice = {"message": {"role": "assistant", "content": "Hello."}, "finish_reason": "stop"}
    report = token_report(
        {
            "request": {"model": "gpt-4o", "messages": [{"role": "user", "content": "Hi"}]},
            "response": {"model": "gpt-4o-2024-08-06", "choices": [choice], "usage": usage},
        }
    )

    assert (report.prompt.tokens, report.recorded_prompt) == (8, 8)
    assert report.completion is not None
    assert (report.completion.tokens, report.recorded_completion) == (2, 3)


def test_a_streamed_answer_costs_what_the_same_one_costs_in_one_piece() -> None:
    request = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Hi"}], "tools": [TIME]}
    call = {"function": {"name": "get_time", "arguments": '{"zone":"CET"}'}}
    whole = {"choices": [{"message": {"tool_calls": [call]}}]}
    pieces = [
        {"index": 0, "function": {"name": "get_time", "arguments": ""}},
        {"index": 0, "function": {"arguments": '{"zone"'}},
        {"index": 0, "function": {"arguments": ':"CET"}'}},
    ]
    chunks = [{"choices": [{"index": 0, "delta": {"tool_calls": [piece]}}]} for piece in pieces]

    streamed = token_report({"request": request, "chunks": [*chunks, "[DONE]"]})

    assert streamed.completion == token_report({"request": request, "response": whole}).completion


@pytest.mark.system
def test_the_server_bills_what_the_report_says() -> None:
    openai = pytest.importorskip("openai")
    with (
        MockServer() as server,
        openai.OpenAI(base_url=server.base_url, api_key="sk-test") as client,
    ):
        answer = client.chat.completions.create(**REQUEST)

    report = token_report({"request": REQUEST, "response": answer.model_dump()})

    assert report.completion is not None
    assert report.prompt.tokens == answer.usage.prompt_tokens
    assert report.completion.tokens == answer.usage.completion_tokens


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        pytest.param("", "-:1:1: not JSON: Expecting value", id="nothing"),
        pytest.param('{"a": }', "-:1:7: not JSON: Expecting value", id="not JSON"),
        pytest.param("[]", "-: a request must be a JSON object", id="a list"),
        pytest.param('{"model": "gpt-4o"}', "-: this is neither a request", id="no messages"),
        pytest.param('{"messages": []}\n{"messages": [}\n', "-:2:15: not JSON", id="a later line"),
    ],
)
def test_what_cannot_be_counted_is_told_in_one_line(
    text: str,
    complaint: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(text))

    code = main(["tokens", "-"])

    error = capsys.readouterr().err
    assert (code, error.count("\n")) == (2, 1)
    assert complaint in error


def test_a_file_of_lines_is_counted_line_by_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "requests.jsonl"
    path.write_text(
        json.dumps(REQUEST) + "\n" + json.dumps({"model": "davinci-002", "prompt": "a"})
    )

    code = main(["tokens", "--json", str(path)])

    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert code == 0
    assert [report["prompt_tokens"] for report in told] == [
        token_report(REQUEST).prompt.tokens,
        1,
    ]


def test_a_table_says_what_is_estimated(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "request.json"
    path.write_text(json.dumps({**REQUEST, "model": "a-model-of-ours"}))

    main(["tokens", str(path)])

    assert "estimated" in capsys.readouterr().out
