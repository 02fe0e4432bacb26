"""What `POST /v1/responses` puts out: items of every kind, whole and in events, by every route."""

import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.inprocess import Answered, Api

from mockserver.engine.asked import Unmade
from mockserver.engine.engine import Exchange
from mockserver.wire.http_request import HttpRequest
from mockserver.wire.timeline import Data
from mockserver.wire.timeline import body as body_of

RESPONSES = "/v1/responses"
HEADERS = {"authorization": "Bearer sk-test", "content-type": "application/json"}
TOOLS = [
    {"type": "function", "name": "look", "parameters": None, "strict": False},
    {"type": "custom", "name": "write"},
]


def scripted(items: Sequence[Any], rule: str = "") -> str:
    reply = json.dumps({"kind": "items", "items": items}, ensure_ascii=False)
    return f"rules: [{{reply: {reply}{rule}}}]"


def asking(*, stream: bool = True, model: str = "gpt-4o-mini", **members: Any) -> dict[str, Any]:
    return {"model": model, "input": "Go", "stream": stream, **members}


def events(body: bytes) -> list[dict[str, Any]]:
    """Return the JSON of the events in *body*, each of which is called by its type."""
    found: list[dict[str, Any]] = []
    *texts, rest = body.decode().split("\n\n")
    assert rest == ""
    for text in texts:
        name, data = text.split("\n")
        value = json.loads(data.removeprefix("data: "))
        assert name == f"event: {value['type']}"
        found.append(value)
    return found


# --- Any items ---------------------------------------------------------------------------------

TEXTS = st.text(
    st.characters(exclude_categories=["C", "Zl", "Zp"]) | st.sampled_from('"\\\n\t/<é\N{FLAMINGO}'),
    max_size=40,
)
NAMES = st.sampled_from(["look", "write"])
ARGUMENTS = st.dictionaries(st.sampled_from("abc"), TEXTS | st.integers(0, 9), max_size=2)
RAW: list[dict[str, Any]] = [
    {
        "type": "web_search_call",
        "status": "completed",
        "action": {"type": "search", "queries": ["a"], "query": "a"},
    },
    {"type": "file_search_call", "status": "completed", "queries": ["a"], "results": None},
    {
        "type": "code_interpreter_call",
        "status": "completed",
        "code": "print(1)\n",
        "container_id": "cntr_1",
        "outputs": [{"type": "logs", "logs": "1\n"}],
    },
    {
        "type": "image_generation_call",
        "status": "completed",
        "background": "opaque",
        "output_format": "png",
        "quality": "low",
        "result": "aGk=",
        "revised_prompt": "A hat.",
        "size": "1024x1024",
    },
    {
        "type": "mcp_list_tools",
        "server_label": "s",
        "tools": [{"annotations": None, "description": "d", "input_schema": {}, "name": "n"}],
    },
    {"type": "mcp_approval_request", "arguments": "{}", "name": "n", "server_label": "s"},
    {
        "type": "mcp_call",
        "status": "completed",
        "approval_request_id": None,
        "arguments": '{"a":1}',
        "error": None,
        "name": "n",
        "output": "o",
        "server_label": "s",
    },
    {
        "type": "computer_call",
        "status": "completed",
        "action": {"type": "click", "button": "left", "x": 1, "y": 2},
        "call_id": "call_1",
        "pending_safety_checks": [],
    },
    {
        "type": "apply_patch_call",
        "status": "completed",
        "call_id": "call_1",
        "operation": {"type": "update_file", "diff": "-a\n+b\n", "path": "a.py"},
    },
    {
        "type": "shell_call",
        "status": "completed",
        "action": {"commands": ["ls -la", "pwd"], "max_output_length": 9, "timeout_ms": 9},
        "call_id": "call_1",
        "environment": {"type": "local"},
    },
    {
        "type": "shell_call_output",
        "status": "completed",
        "call_id": "call_1",
        "max_output_length": 9,
        "output": [{"outcome": {"type": "exit", "exit_code": 0}, "stderr": "", "stdout": "x"}],
    },
    {"type": "local_shell_call", "status": "completed", "action": {"type": "exec"}, "call_id": "c"},
    {"type": "tool_search_call", "status": "completed", "arguments": {"query": "a"}},
    {"type": "compaction", "encrypted_content": "gAAAAA"},
    {"type": "program", "code": "a()", "call_id": "c"},
]
CITATION = {"type": "url_citation", "end_index": 1, "start_index": 0, "title": "t", "url": "u"}
SEALED = st.sampled_from([True])
ITEMS = st.one_of(
    st.fixed_dictionaries({"text": TEXTS}, optional={"annotations": st.just([CITATION])}),
    st.fixed_dictionaries({"refusal": TEXTS.filter(bool)}),
    st.fixed_dictionaries(
        {
            "reasoning": st.fixed_dictionaries(
                {"tokens": st.integers(0, 99)},
                optional={"summary": st.lists(TEXTS, max_size=2), "encrypted": SEALED},
            )
        }
    ),
    st.fixed_dictionaries({"call": st.fixed_dictionaries({"name": NAMES, "arguments": ARGUMENTS})}),
    st.fixed_dictionaries({"custom_call": st.fixed_dictionaries({"name": NAMES, "input": TEXTS})}),
    st.fixed_dictionaries({"raw": st.sampled_from(RAW)}),
)
ANY_ITEMS = st.lists(ITEMS, min_size=1, max_size=4)
MODELS = st.sampled_from(["gpt-4o-mini", "gpt-5-mini", "gpt-5.6-terra"])


def steady(item: Any) -> Any:
    """Return *item* without what is drawn: its ids and ciphertexts."""
    drawn = {"id", "call_id", "encrypted_content"}
    return {key: value for key, value in item.items() if key not in drawn}


def written(said: list[dict[str, Any]]) -> dict[tuple[Any, ...], str]:
    """Return what the deltas add up to, by what they are part of."""
    texts: dict[tuple[Any, ...], str] = {}
    for event in said:
        if event["type"].endswith(".delta") and isinstance(event["delta"], str):
            place = _place(event)
            texts[place] = texts.get(place, "") + event["delta"]
    return texts


def _place(event: dict[str, Any]) -> tuple[Any, ...]:
    kind = event["type"].rpartition(".")[0]
    indices = ("output_index", "content_index", "summary_index", "command_index")
    return (kind, *[event.get(index) for index in indices])


@settings(max_examples=60, deadline=None)
@given(items=ANY_ITEMS, model=MODELS, pads=st.booleans())
def test_a_stream_adds_up_to_the_response(items: list[Any], model: str, *, pads: bool) -> None:
    api = Api(scripted(items))
    options: Any = {} if pads else {"stream_options": {"include_obfuscation": False}}
    said = events(api.post(RESPONSES, asking(model=model, tools=TOOLS, **options)).body)
    whole = api.post(RESPONSES, asking(stream=False, model=model, tools=TOOLS)).json
    last = said[-1]["response"]
    done = [event["item"] for event in said if event["type"] == "response.output_item.done"]
    added = [event for event in said if event["type"] == "response.output_item.added"]
    texts = written(said)

    assert [event["sequence_number"] for event in said] == list(range(len(said)))
    assert list(map(steady, done)) == list(map(steady, last["output"]))
    assert list(map(steady, whole["output"])) == list(map(steady, last["output"]))
    assert last["usage"] == whole["usage"]
    assert [event["output_index"] for event in added] == list(range(len(done)))
    for event in said:
        if "item_id" in event:
            assert event["item_id"] == added[event["output_index"]]["item"]["id"]
        if "obfuscation" in event:
            assert len(event["obfuscation"]) == -len(event["delta"]) % 16
            assert pads
        if event["type"].endswith(".done") and _place(event) in texts:
            member = next(key for key in WHOLE if key in event)
            assert texts[_place(event)] == event[member]
    own = [item["id"] for item in done if "id" in item]
    assert {identity.partition("_")[2][:16] for identity in own} <= {last["id"][5:21]}
    assert len(set(own)) == len(own)


WHOLE = ("text", "refusal", "arguments", "input", "code", "diff", "command")


@settings(max_examples=25, deadline=None)
@given(items=ANY_ITEMS, stream=st.booleans(), model=MODELS)
def test_every_route_gives_the_same_bytes(items: list[Any], model: str, *, stream: bool) -> None:
    asked = asking(stream=stream, model=model, tools=TOOLS)
    other = asking(stream=stream, model=model, tools=TOOLS, input="Something else")
    plain, timed, late = Api(scripted(items)), Api(scripted(items, TIMED)), Api(scripted(items))
    usual = [plain.post(RESPONSES, asked).body for _ in range(3)]

    assert [timed.post(RESPONSES, asked).body for _ in range(3)] == usual
    late.post(RESPONSES, other)
    assert [late.post(RESPONSES, asked).body for _ in range(3)] == usual
    assert len({*usual}) == len(usual)


TIMED = ", latency: {ttft_ms: 100, per_token_ms: 10}"
LONG = 'Some words, and "quotes", and \\ and é, again and again. '


@pytest.mark.parametrize("stream", [False, True], ids=["body", "stream"])
@pytest.mark.parametrize("times", [1, 200], ids=["short", "long"])
@pytest.mark.parametrize("model", ["gpt-4o-mini", "gpt-5.4"])
def test_what_is_made_in_another_thread_or_poured_for_many_is_the_same(
    model: str, times: int, *, stream: bool
) -> None:
    scenario = "rules: [{reply: {kind: echo}}]"
    bodies = [asking(stream=stream, model=model, input=LONG * times + str(n)) for n in range(4)]
    apart = [Api(scenario).post(RESPONSES, body).body for body in bodies]
    together, engine = Api(scenario), Api(scenario).engine

    assert [together.post(RESPONSES, body).body for body in bodies] == apart
    for body, expected in zip(bodies, apart, strict=True):
        sent = HttpRequest("POST", RESPONSES, HEADERS, json.dumps(body).encode())
        found = engine.answer(sent, defers=True)
        assert isinstance(found, Unmade) is (times > 1)
        exchange = engine.give(found, engine.make(found)) if isinstance(found, Unmade) else found
        assert isinstance(exchange, Exchange)
        assert body_of(exchange.timeline) == expected
        engine.close(exchange, "sent")


# --- Limits -------------------------------------------------------------------------------------


def finished(answered: Answered) -> dict[str, Any]:
    body = answered.body
    value: dict[str, Any] = (
        events(body)[-1]["response"] if body.startswith(b"event") else answered.json
    )
    return value


CUT = [
    pytest.param(
        [{"text": "one two three " * 20}], 16, [("message", "incomplete")], id="within a text"
    ),
    pytest.param(
        [{"call": {"name": "look", "arguments": {"a": "one two three " * 20}}}],
        16,
        [("function_call", "incomplete")],
        id="within a call",
    ),
    pytest.param(
        [{"custom_call": {"name": "write", "input": "one two three " * 20}}],
        16,
        [("custom_tool_call", "incomplete")],
        id="within a custom call",
    ),
    pytest.param(
        [{"text": "One."}, {"text": "two three " * 20}],
        16,
        [("message", "completed"), ("message", "incomplete")],
        id="within the second text",
    ),
]


@pytest.mark.parametrize("stream", [False, True], ids=["body", "stream"])
@pytest.mark.parametrize(("items", "limit", "output"), CUT)
def test_a_limit_leaves_the_open_item_incomplete(
    items: list[Any], limit: int, output: list[tuple[str, str]], *, stream: bool
) -> None:
    api = Api(scripted(items))
    answered = api.post(RESPONSES, asking(stream=stream, tools=TOOLS, max_output_tokens=limit))
    response = finished(answered)

    assert [(item["type"], item["status"]) for item in response["output"]] == output
    assert (response["status"], response["completed_at"]) == ("incomplete", None)
    assert response["incomplete_details"] == {"reason": "max_output_tokens"}
    assert response["usage"]["output_tokens"] == limit
    assert answered.call.finish_reason == "length"
    if stream:
        assert events(answered.body)[-1]["type"] == "response.incomplete"


@pytest.mark.parametrize("stream", [False, True], ids=["body", "stream"])
def test_a_limit_within_reasoning_leaves_nothing_else(*, stream: bool) -> None:
    api = Api(scripted([{"reasoning": {"tokens": 640}}, {"text": "Never said."}]))
    asked = asking(stream=stream, model="gpt-5-mini", max_output_tokens=64)
    response = finished(api.post(RESPONSES, asked))

    assert [item["type"] for item in response["output"]] == ["reasoning"]
    assert response["status"] == "incomplete"
    assert response["usage"]["output_tokens"] == 64
    assert response["usage"]["output_tokens_details"] == {"reasoning_tokens": 64}


def test_a_filter_leaves_the_text_incomplete() -> None:
    scenario = 'rules: [{reply: {kind: text, text: "Half", finish_reason: content_filter}}]'
    response = Api(scenario).post(RESPONSES, asking(stream=False)).json

    assert (response["status"], response["output"][0]["status"]) == ("incomplete", "incomplete")
    assert response["incomplete_details"] == {"reason": "content_filter"}


# --- What comes with a text -------------------------------------------------------------------


def test_logprobs_are_those_of_the_token_and_then_of_all() -> None:
    members: Any = {"include": ["message.output_text.logprobs"], "top_logprobs": 2}
    api = Api('rules: [{reply: "One two."}]')
    said = events(api.post(RESPONSES, asking(**members)).body)
    deltas = [event for event in said if event["type"] == "response.output_text.delta"]
    (done,) = [event for event in said if event["type"] == "response.output_text.done"]
    each = [entry for delta in deltas for entry in delta["logprobs"]]

    assert [entry["token"] for entry in each] == [delta["delta"] for delta in deltas]
    assert done["logprobs"] == each
    assert said[-1]["response"]["output"][0]["content"][0]["logprobs"] == each
    assert all(list(entry) == ["bytes", "logprob", "token", "top_logprobs"] for entry in each)
    assert all(len(entry["top_logprobs"]) == 2 for entry in each)


def test_annotations_come_between_the_text_and_its_end() -> None:
    items = [{"text": "It is so.", "annotations": [CITATION, CITATION]}]
    said = events(Api(scripted(items)).post(RESPONSES, asking()).body)
    names = [event["type"].removeprefix("response.") for event in said]
    added = [event for event in said if event["type"].endswith("annotation.added")]

    assert names[-6:-3] == [*["output_text.annotation.added"] * 2, "output_text.done"]
    assert [event["annotation_index"] for event in added] == [0, 1]
    assert [event["annotation"] for event in added] == [CITATION, CITATION]


# --- The same items elsewhere -----------------------------------------------------------------

INTERLEAVED = [
    {"reasoning": {"summary": ["Hm."], "tokens": 64}},
    {"text": "First, "},
    {"call": {"name": "look", "arguments": {"a": 1}, "id": "call_1"}},
    {"raw": RAW[0]},
    {"text": "then."},
    {"custom_call": {"name": "write", "input": "x = 1", "id": "call_2"}},
]


@pytest.mark.parametrize("stream", [False, True], ids=["body", "stream"])
def test_on_chat_texts_are_joined_and_calls_gathered(*, stream: bool) -> None:
    answered = Api(scripted(INTERLEAVED)).chat("Go", stream=stream, model="gpt-5-mini")
    call = answered.call

    assert (call.text, call.finish_reason) == ("First, then.", "tool_calls")
    assert [(made.name, made.arguments) for made in call.tool_calls] == [
        ("look", '{"a":1}'),
        ("write", "x = 1"),
    ]
    assert call.notes[0] == (
        "the reply has 'raw' items, which 'chat.completions' cannot send: they are left out"
    )
    if not stream:
        message = answered.choice["message"]
        assert message["content"] == "First, then."
        assert message["tool_calls"] == [
            {
                "id": "call_1",
                "type": "function",
                "function": {"name": "look", "arguments": '{"a":1}'},
            },
            {"id": "call_2", "type": "custom", "custom": {"name": "write", "input": "x = 1"}},
        ]
        assert answered.usage["completion_tokens_details"]["reasoning_tokens"] == 64


def test_the_journal_has_text_calls_and_bill_of_a_response() -> None:
    asked = asking(stream=True, model="gpt-5-mini", tools=TOOLS)
    answered = Api(scripted(INTERLEAVED)).post(RESPONSES, asked)
    call, usage = answered.call, events(answered.body)[-1]["response"]["usage"]

    assert (call.endpoint, call.model, call.stream) == ("responses", "gpt-5-mini", True)
    assert (call.text, call.finish_reason) == ("First, then.", "tool_calls")
    assert [made.id for made in call.tool_calls] == ["call_1", "call_2"]
    assert call.usage is not None
    assert (call.usage.prompt_tokens, call.usage.completion_tokens) == (
        usage["input_tokens"],
        usage["output_tokens"],
    )


def test_events_carry_the_tokens_of_the_bill() -> None:
    answered = Api(scripted(INTERLEAVED, TIMED)).post(RESPONSES, asking(model="gpt-5-mini"))
    carried = [event for event in answered.timeline if isinstance(event, Data) and event.tokens]
    reasoning = [event.tokens for event in carried if b"output_item.done" in event.payload]

    assert reasoning[0] + 2 == 64
