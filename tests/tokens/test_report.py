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


# --- the Responses API, and embeddings -------------------------------------------------------

ITEMS: dict[str, Any] = {
    "model": "gpt-4o-mini",
    "instructions": "You are a weather bot.",
    "input": [
        {"role": "user", "content": "Weather in Paris?"},
        {"type": "function_call", "call_id": "1", "name": "get_weather", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "1", "output": "sunny"},
    ],
    "tools": [
        {"type": "function", "name": "get_weather", "parameters": None},
        {"type": "function", "name": "get_time"},
    ],
    "text": {"format": {"type": "json_schema", "name": "day", "schema": {"type": "object"}}},
}


def test_a_responses_request_has_a_line_for_each_part() -> None:
    report = token_report(ITEMS)

    assert report.protocol == "responses"
    assert sum(line.tokens for line in report.lines) == report.prompt.tokens
    assert report.prompt.exact
    assert [line.what for line in report.lines] == [
        *("tool get_weather", "tool get_time", "response format", "instructions"),
        *("item 0 (user)", "item 1 (function_call)", "item 2 (function_call_output)", "priming"),
    ]


def test_a_text_is_a_message_of_the_user() -> None:
    text, item = (
        token_report({"model": "gpt-4o", "input": given})
        for given in ("Hi", [{"type": "message", "role": "user", "content": "Hi"}])
    )

    assert text == item


@pytest.mark.parametrize(
    "before",
    [
        {"previous_response_id": "resp_1"},
        {"conversation": {"id": "conv_1"}},
        {"prompt": {"id": "pmpt_1"}},
    ],
    ids=["a previous response", "a conversation", "a stored prompt"],
)
def test_what_is_not_in_the_document_makes_an_estimate(before: dict[str, Any]) -> None:
    assert not token_report({**ITEMS, **before}).prompt.exact
    assert not token_report({"model": "gpt-4o", **before, "input": "Hi"}).prompt.exact


def test_a_call_that_has_an_id_is_taken_for_a_stored_one() -> None:
    def prompt(**members: Any) -> int:
        user, call, result = ITEMS["input"]
        given = [user, {**call, "id": "fc_1"}, result]
        return token_report({**ITEMS, "input": given, **members}).prompt.tokens

    assert prompt() == token_report(ITEMS).prompt.tokens + 3
    assert prompt(store=False) == token_report(ITEMS).prompt.tokens


ANSWER: dict[str, Any] = {
    "object": "response",
    "model": "gpt-4o-mini-2024-07-18",
    "status": "completed",
    "output": [
        {"type": "message", "content": [{"type": "output_text", "text": "Hello"}]},
        {"type": "function_call", "name": "get_time", "arguments": "{}"},
    ],
    "usage": {"input_tokens": 70, "output_tokens": 20},
}
EVENTS = [
    {"type": "response.created", "response": {**ANSWER, "output": [], "usage": None}},
    {"type": "response.output_text.delta", "delta": "Hello"},
    {"type": "response.completed", "response": ANSWER},
]


@pytest.mark.parametrize("answered", [{"response": ANSWER}, {"chunks": EVENTS}])
def test_a_recorded_response_is_compared_with_its_bill(answered: dict[str, Any]) -> None:
    report = token_report({"request": {"model": "gpt-4o-mini", "input": "Hi"}, **answered})

    assert (report.recorded_prompt, report.recorded_completion) == (70, 20)
    assert report.completion is not None
    assert report.completion.exact


def test_embeddings_have_a_line_for_each_input() -> None:
    report = token_report({"model": "text-embedding-3-small", "input": ["Hello world", "Hello"]})

    assert report.protocol == "embeddings"
    assert [(line.what, line.tokens) for line in report.lines] == [("input 0", 2), ("input 1", 1)]


def test_the_command_calls_the_sums_as_the_protocol_does(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "request.json"
    file.write_text(json.dumps({"request": ITEMS, "response": ANSWER}))

    assert main(["tokens", str(file)]) == 0

    out = capsys.readouterr().out
    assert "  input_tokens " in out
    assert "  output_tokens " in out
    assert "item 1 (function_call)" in out
