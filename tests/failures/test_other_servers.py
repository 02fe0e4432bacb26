"""S7: streams and bodies as other servers send them, each in a line or a few of YAML."""

import json
from typing import Any

import pytest
from support.inprocess import Answered, Api

from mockserver.errors import ScenarioError
from mockserver.wire.timeline import Pause

WORDS = '"One two three four."'
CALLS = "{kind: tool_calls, calls: [{name: f, arguments: {a: 1}}, {name: g, arguments: {b: 2}}]}"
TOOLS: list[Any] = [{"type": "function", "function": {"name": name}} for name in "fg"]
BILLED: dict[str, Any] = {"stream": True, "stream_options": {"include_usage": True}}
CHATS = {
    "openai": "/v1/chat/completions",
    "azure": "/openai/deployments/gpt-4o-mini/chat/completions?api-version=2024-10-21",
    "openrouter": "/api/v1/chat/completions",
    "vercel_gateway": "/vercel_gateway/v1/chat/completions",
    "one_api": "/one_api/v1/chat/completions",
}
MODELS = {"openrouter": "openai/gpt-4o-mini", "vercel_gateway": "openai/gpt-4o-mini"}


def failing(fail: str, reply: str = WORDS, kind: str = "openai", **members: Any) -> Answered:
    api = Api(f"rules: [{{reply: {reply}, fail: {fail}}}]")
    asked = {
        "model": MODELS.get(kind, "gpt-4o-mini"),
        "messages": [{"role": "user", "content": "?"}],
    }
    return api.post(CHATS[kind], {"stream": True, **asked, **members})


def chunks(answered: Answered) -> list[Any]:
    lines = answered.body.decode().split("\n")
    return [json.loads(line[6:]) for line in lines if line.startswith("data: {")]


def deltas(answered: Answered) -> list[Any]:
    return [choice["delta"] for chunk in chunks(answered) for choice in chunk.get("choices", ())]


@pytest.mark.parametrize("kind", CHATS)
def test_s7_tool_deltas_without_an_index(kind: str) -> None:
    fail = '{kind: patch, remove: "choices[*].delta.tool_calls[*].index"}'
    answered = failing(fail, CALLS, kind, tools=TOOLS)
    called = [call for delta in deltas(answered) for call in delta.get("tool_calls") or ()]

    assert called
    assert not any("index" in call for call in called)
    assert answered.call.failures == ("patch",)


def test_s7_usage_in_every_chunk() -> None:
    sent = chunks(failing("running_usage", **BILLED))
    counts = [chunk["usage"]["completion_tokens"] for chunk in sent]
    totals = [chunk["usage"]["total_tokens"] for chunk in sent]

    assert counts == [0, 1, 2, 3, 4, 5, 5, 5]
    assert [total - count for total, count in zip(totals, counts, strict=True)] == [8] * len(sent)
    assert list(sent[0]["usage"]) == list(sent[-1]["usage"])


@pytest.mark.parametrize("members", [{}, {"stream": False}], ids=["no bill", "in one piece"])
def test_s7_where_no_bill_is_streamed_there_is_none_to_run(members: Any) -> None:
    assert failing("running_usage", **members).call.no_effect == ("running_usage",)


def test_s7_a_stated_bill_in_every_chunk() -> None:
    fail = "{kind: patch, set: {usage: {prompt_tokens: 3, completion_tokens: 4, total_tokens: 7}}}"

    assert {chunk["usage"]["total_tokens"] for chunk in chunks(failing(fail))} == {7}


@pytest.mark.parametrize("kind", CHATS)
def test_s7_several_tokens_in_a_delta(kind: str) -> None:
    said = [
        delta["content"]
        for delta in deltas(failing("{kind: reframe, merge: 3}", kind=kind))
        if delta.get("content")
    ]

    assert said == ["One two three", " four."]


def test_s7_the_tokens_of_a_delta_come_together_when_the_last_of_them_would() -> None:
    api = Api(f"""
        rules:
          - reply: {WORDS}
            latency: {{ttft_ms: 100, per_token_ms: 10}}
            fail: {{kind: reframe, merge: 2}}
    """)
    timeline = api.chat(stream=True).timeline
    waits = [event.seconds for event in timeline if isinstance(event, Pause)]

    assert sum(waits) == pytest.approx(0.14)
    assert [event.tokens for event in timeline if hasattr(event, "tokens")] == [0, 2, 2, 1, 0, 0]


def test_s7_pieces_of_several_calls_are_not_mixed() -> None:
    answered = failing("{kind: reframe, merge: 100}", CALLS, tools=TOOLS)
    said: dict[int, str] = {}
    for delta in deltas(answered):
        for call in delta.get("tool_calls") or ():
            said[call["index"]] = said.get(call["index"], "") + call["function"]["arguments"]

    assert said == {0: '{"a": 1}', 1: '{"b": 2}'}


def test_s7_one_chunk_without_choices() -> None:
    sent = chunks(failing("{kind: omit, parts: choices, after_tokens: 2}"))

    assert ["choices" in chunk for chunk in sent] == [True] * 3 + [False] + [True] * 3


@pytest.mark.parametrize(
    ("part", "lacks"),
    [
        ("role", [True] + [False] * 6),
        ("done", [False] * 7),
        ("finish_reason", [False] * 6),
    ],
)
def test_s7_a_part_is_left_out_of_the_first_event_that_has_it(part: str, lacks: list[bool]) -> None:
    answered = failing(f"{{kind: omit, parts: {part}, at: after_headers}}")
    has_role = [n == 0 and "role" not in delta for n, delta in enumerate(deltas(answered))]

    assert answered.call.failures == ("omit",)
    assert has_role == lacks
    assert answered.body.endswith(b"[DONE]\n\n") == (part != "done")


@pytest.mark.parametrize(
    ("fail", "members"),
    [
        ("{kind: omit, parts: choices, after_tokens: 99}", {}),
        ("{kind: omit, parts: choices, after_tokens: 2}", {"stream": False}),
        ('{kind: patch, remove: "a.b"}', {}),
        ("{kind: patch, set: {a: 1}, after_tokens: 2}", {"stream": False}),
        ('{kind: patch, set: {"nowhere.a": 1}}', {}),
        ("{kind: reframe, merge: 2}", {"stream": False}),
    ],
)
def test_s7_what_finds_nothing_to_act_on_has_no_effect(fail: str, members: Any) -> None:
    answered = failing(fail, **members)

    assert (answered.call.failures, len(answered.call.no_effect)) == ((), 1)


ASYNCHRONOUS = """
      - {kind: patch, remove: "choices[*].content_filter_results"}
      - kind: inject
        what: event
        after_tokens: 3
        data:
          id: ""
          choices:
            - index: 0
              finish_reason: null
              content_filter_results: {hate: {filtered: false, severity: safe}}
              content_filter_offsets: {check_offset: 44, start_offset: 44, end_offset: 198}
"""


def test_s7_azures_asynchronous_filter() -> None:
    api = Api(f"rules:\n  - reply: {WORDS}\n    fail:{ASYNCHRONOUS}")
    asked = {"messages": [{"role": "user", "content": "?"}], "stream": True}
    sent = chunks(api.post(CHATS["azure"], asked))
    found = [choice for chunk in sent for choice in chunk["choices"]]
    (offsets,) = [choice for choice in found if "delta" not in choice]

    assert offsets["content_filter_offsets"]["end_offset"] == 198
    assert sum("content_filter_results" in choice for choice in found) == 1


@pytest.mark.parametrize("stream", [False, True], ids=["in one piece", "streamed"])
def test_s7_a_filter_that_fails(*, stream: bool) -> None:
    error = "{code: content_filter_error, message: The contents are not filtered}"
    fail = f'{{kind: patch, set: {{"choices[*].content_filter_result": {{error: {error}}}}}}}'
    answered = failing(fail, kind="azure", stream=stream)
    values = chunks(answered) if stream else [answered.json]
    found = [choice for value in values for choice in value["choices"]]

    assert {choice["content_filter_result"]["error"]["code"] for choice in found} == {
        "content_filter_error"
    }


@pytest.mark.parametrize("shape", ["", ", shape: named_event", ", shape: object"])
def test_s7_the_type_of_an_error_event(shape: str) -> None:
    fail = f"{{kind: inject, what: error_event, type: overloaded_error, message: Busy.{shape}}}"
    *_, error = chunks(failing(fail))
    error = error.get("error") if isinstance(error.get("error"), dict) else error

    assert (error["type"], error["message"]) == ("overloaded_error", "Busy.")


def test_a_patch_keeps_the_form_of_a_body() -> None:
    fail = '{kind: patch, set: {usage.cost: 1, new: {a: 1}}, remove: [model, "choices[0].index"]}'
    answered = failing(fail, stream=False)
    answer = answered.json

    assert (answer["usage"]["cost"], answer["new"]) == (1, {"a": 1})
    assert "model" not in answer
    assert "index" not in answer["choices"][0]
    assert b'\n    "cost": 1\n  }' in answered.body
    assert answered.head.content_length in (None, len(answered.body))


def test_a_patch_replaces_items_and_removes_them() -> None:
    reply = "{kind: raw, body: {a: [1, 2, 3], b: {}}}"
    changed = failing('{kind: patch, remove: "a[0]", set: {"a[1]": x, b.c: null}}', reply).json
    emptied = failing('{kind: patch, remove: "a[*]"}', reply).json

    assert changed == {"a": [2, "x"], "b": {"c": None}}
    assert emptied["a"] == []


@pytest.mark.parametrize(
    ("fail", "what"),
    [
        ("patch", "this changes nothing"),
        ("{kind: patch, remove: a..b}", "'a..b' is not a path into JSON"),
        ('{kind: patch, set: {"[x]": 1}}', "is not a path into JSON"),
        ("{kind: patch, set: {a: 1}, at: end}", "cannot strike at this moment"),
        ("{kind: reframe, merge: 1}", "'merge' must be at least 2"),
        ("{kind: inject, what: event}", "needs 'data'"),
        ("{kind: inject, what: comment, data: a}", "'data' is only for 'event'"),
        ("{kind: inject, what: comment, type: a}", "'type' is only for 'error_event'"),
    ],
)
def test_what_makes_no_sense_is_refused(fail: str, what: str) -> None:
    with pytest.raises(ScenarioError, match=what):
        failing(fail)
