"""What is heard of an answer is what was scripted: checked on the answers that go out of here."""

import itertools
import json
import random
from typing import Any

import pytest
from support.gateway import VERSIONS, headers_of, user

from mockserver.cassettes.recording import RecordedAnswer, RecordedRequest, Recording
from mockserver.contracts import Heard, HeardEvent
from mockserver.conversation import Choice, Item, Refusal, Text, Thought, ToolCall, Usage
from mockserver.engine.engine import Engine, Exchange
from mockserver.plugins import Plugins
from mockserver.recordings.hearing import Hearing
from mockserver.scenario.loader import ScenarioText, load_scenario
from mockserver.wire.http_request import HttpRequest
from mockserver.wire.timeline import Data, Head, Timeline, body

PLUGINS = Plugins.installed()
HEARING = Hearing(PLUGINS)
KEYS = {"authorization": "Bearer sk-test", "api-key": "k", "content-type": "application/json"}
LONG = 'Grüße aus Zürich, 東京 and 👩‍🚀: a text of many tokens, with "quotes" and \n lines.'
CALL = {"name": "get_weather", "arguments": {"city": "Paris", "days": 3}}
REPLIES: dict[str, dict[str, Any]] = {
    "text": {"kind": "text", "text": LONG},
    "empty": {"kind": "text", "text": ""},
    "cut": {"kind": "text", "text": LONG, "finish_reason": "length"},
    "filtered": {"kind": "text", "text": "No m", "finish_reason": "content_filter"},
    "refusal": {"kind": "refusal", "text": "I can't help with that."},
    "call": {"kind": "tool_calls", "calls": [CALL]},
    "text and call": {"kind": "tool_calls", "text": "I look.", "calls": [CALL]},
    "calls": {
        "kind": "tool_calls",
        "calls": [
            {**CALL, "id": "call_A1"},
            {"name": "now", "arguments": "{}", "id": "call_B2"},
            {"name": "broken", "arguments": '{"a": [1, ', "id": "call_C3"},
        ],
    },
    "reasoning": {
        "kind": "text",
        "text": "42.",
        "reasoning": "Six by seven.",
        "usage": {"reasoning_tokens": 4, "cached_tokens": 2},
    },
    "bill": {
        "kind": "text",
        "text": "Hi",
        "usage": {"prompt_tokens": 1500, "completion_tokens": 70, "total_tokens": 2000},
    },
    "no bill": {"kind": "text", "text": "Hi", "usage": None},
    "identity": {"kind": "text", "text": "Hi", "id": "own-1", "created": 1_700_000_000},
}
PATHS = {
    "openai": "/v1/{}",
    "azure": "/openai/deployments/gpt-4o/{}?api-version=2025-04-01-preview",
    "openrouter": "/api/v1/{}",
    "vercel_gateway": "/vercel_gateway/v1/{}",
    "aiml": "/aiml/v1/{}",
    "cometapi": "/cometapi/v1/{}",
}
GATEWAYS = {"openrouter", "vercel_gateway"}
FORMS: list[dict[str, Any]] = [
    {},
    {"stream": True},
    {"stream": True, "stream_options": {"include_usage": True}},
]


def timeline_of(http: HttpRequest, scenario: dict[str, Any]) -> Timeline:
    """Return what goes out for *http*; with latency, so that each event is alone."""
    defaults = {"latency": {"ttft_ms": 10, "per_token_ms": 1}}
    document = {"version": 1, "models": "any", "defaults": defaults, **scenario}
    text = json.dumps(document, ensure_ascii=False)
    engine = Engine(load_scenario(ScenarioText(text)), PLUGINS, lambda: 0.0)
    exchange = engine.answer(http)
    assert isinstance(exchange, Exchange)
    return exchange.timeline


def ask(
    provider: str, endpoint: str, sent: dict[str, Any], reply: dict[str, Any], **headers: str
) -> tuple[Timeline, Recording]:
    path, _, query = PATHS[provider].format(endpoint).partition("?")
    content = json.dumps(sent).encode()
    http = HttpRequest("POST", path, {**KEYS, **headers}, content, query)
    timeline = timeline_of(http, {"rules": [{"reply": reply}]})
    return timeline, recorded(http, timeline, provider)


def recorded(http: HttpRequest, timeline: Timeline, provider: str) -> Recording:
    head = next(event for event in timeline if isinstance(event, Head))
    assert head.status == 200, body(timeline)
    asked = RecordedRequest(http.method, http.path, http.query, (), http.body)
    answer = RecordedAnswer(head.status, head.headers, body(timeline))
    return Recording(request=asked, answer=answer, provider=provider)


@pytest.mark.parametrize("kind", REPLIES)
@pytest.mark.parametrize("provider", PATHS)
def test_a_chat_says_what_was_scripted(provider: str, kind: str) -> None:
    model = "openai/gpt-4o" if provider in GATEWAYS else "gpt-4o"
    reply = REPLIES[kind]
    for form in FORMS:
        sent = {"model": model, "messages": [{"role": "user", "content": "Hello"}], **form}

        timeline, recording = ask(provider, "chat/completions", sent, reply)
        heard = HEARING.heard(recording)

        assert_scripted(heard, reply, provider)
        assert_marked(heard, timeline)
        assert (heard.usage is not None) == (kind != "no bill" and has_bill(form, provider))
        if kind == "bill" and heard.usage is not None:
            assert heard.usage[:2] == (1500, 70)
            assert heard.usage.total_tokens == 2000


def has_bill(form: dict[str, Any], provider: str) -> bool:
    asks = form.get("stream_options") is not None
    return not form or asks or provider == "openrouter"


def assert_scripted(heard: Heard, reply: dict[str, Any], provider: str) -> None:
    (choice,) = heard.choices
    shows_refusals = provider != "vercel_gateway"
    if reply["kind"] == "refusal" and shows_refusals:
        assert (choice.refusal, choice.text) == (reply["text"], None)
    else:
        assert (choice.text or "") == (reply.get("text") or "")
    wanted = reply.get("calls", [])
    made = [(call.name, json_of(call.arguments)) for call in choice.tool_calls]
    assert made == [(call["name"], json_of(call["arguments"])) for call in wanted]
    for call, stated in zip(choice.tool_calls, wanted, strict=True):
        assert call.id is not None
        assert call.id == stated.get("id", call.id)
    natural = "tool_calls" if wanted else "stop"
    assert choice.finish_reason == reply.get("finish_reason", natural)
    if "id" in reply:
        assert (heard.id, heard.created) == (reply["id"], reply["created"])
    shown = [part.text for part in choice.parts if isinstance(part, Thought)]
    assert shown in ([], [reply.get("reasoning")])


def json_of(arguments: Any) -> Any:
    try:
        return json.loads(arguments)
    except (TypeError, ValueError):
        return arguments


def assert_marked(heard: Heard, timeline: Timeline) -> None:
    """Check that what is heard of each event is what it was sent with."""
    data = [event for event in timeline if isinstance(event, Data)]
    if not heard.events:
        assert set(heard.marks) == set(itertools.chain.from_iterable(one.marks for one in data))
        assert heard.tokens == max(1, sum(one.tokens for one in data))
        return
    sent = [(one.payload, HeardEvent(one.tokens, one.marks)) for one in data]
    assert len(heard.events) == len(sent)
    for said, (payload, own) in zip(heard.events, sent, strict=True):
        assert (said.tokens, set(said.marks)) == (own.tokens, set(own.marks)), payload


# --- Several choices, legacy completions, other vendors --------------------------------------


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("endpoint", ["chat/completions", "completions"])
def test_several_choices_are_told_apart(endpoint: str, form: dict[str, Any]) -> None:
    legacy = endpoint == "completions"
    asked = {"prompt": "Say"} if legacy else {"messages": [{"role": "user", "content": "Say"}]}
    model = "gpt-3.5-turbo-instruct" if legacy else "gpt-4o"
    texts = ["One text.", LONG, "Ein dritter, länger."]
    choices = [{"kind": "text", "text": text} for text in texts]
    choices[2]["finish_reason"] = "length"
    sent = {"model": model, "n": 3, "max_tokens": 500, **asked, **form}

    timeline, recording = ask("openai", endpoint, sent, {"kind": "choices", "choices": choices})
    heard = HEARING.heard(recording)

    assert [choice.text for choice in heard.choices] == texts
    assert heard.finish_reasons == ("stop", "stop", "length")
    assert_marked(heard, timeline)


# --- Responses -------------------------------------------------------------------------------

SEARCH = {
    "type": "web_search_call",
    "id": "ws_1",
    "status": "completed",
    "action": {"type": "search", "query": "q"},
}
CODE: dict[str, Any] = {
    "type": "code_interpreter_call",
    "id": "ci_1",
    "status": "completed",
    "code": "print(1 + 1)",
    "container_id": "cntr_1",
    "outputs": [],
}
CITED = {"type": "url_citation", "url": "https://a.test", "title": "A", "start_index": 0}
ITEMS: dict[str, tuple[list[dict[str, Any]], tuple[Any, ...]]] = {
    "text": ([{"text": LONG}], (Text(LONG),)),
    "annotated": ([{"text": "See A.", "annotations": [CITED]}], (Text("See A.", None, (CITED,)),)),
    "refusal": ([{"refusal": "I can't."}], (Refusal("I can't."),)),
    "call": (
        [{"call": {"name": "f", "arguments": {"a": 1}, "id": "call_1"}}],
        (ToolCall("f", '{"a":1}', "call_1"),),
    ),
    "custom call": (
        [{"custom_call": {"name": "sql", "input": "SELECT 1", "id": "call_2"}}],
        (ToolCall("sql", "SELECT 1", "call_2", is_custom=True),),
    ),
    "search": ([{"raw": SEARCH}, {"text": "Found."}], (Item(SEARCH), Text("Found."))),
    "code": ([{"raw": CODE}, {"text": "2"}], (Item(CODE), Text("2"))),
    "interleaved": (
        [
            {"reasoning": {"summary": ["First I think.", "Then more."], "tokens": 40}},
            {"text": "I look it up.", "phase": "commentary"},
            {"call": {"name": "f", "arguments": "{", "id": "call_1"}},
            {"call": {"name": "g", "arguments": {}, "id": "call_2"}},
        ],
        (
            Thought("", ("First I think.", "Then more."), 40),
            Text("I look it up.", "commentary"),
            ToolCall("f", "{", "call_1"),
            ToolCall("g", "{}", "call_2"),
        ),
    ),
    "hidden reasoning": (
        [{"reasoning": {"tokens": 30}}, {"text": "42."}],
        (Thought("", (), 30), Text("42.")),
    ),
}


@pytest.mark.parametrize("kind", ITEMS)
@pytest.mark.parametrize("provider", ["openai", "azure", "openrouter"])
def test_a_response_says_what_was_scripted(provider: str, kind: str) -> None:
    items, parts = ITEMS[kind]
    model = "openai/gpt-5.1" if provider in GATEWAYS else "gpt-5.1"
    paths = {**PATHS, "azure": "/openai/v1/{}"}
    for form in ({}, {"stream": True}, {"stream": True, "stream_options": UNPADDED}):
        sent = {"model": model, "input": "Hello", **form}
        content = json.dumps(sent).encode()
        http = HttpRequest("POST", paths[provider].format("responses"), KEYS, content)
        reply = {"kind": "items", "items": items}
        timeline = timeline_of(http, {"rules": [{"reply": reply}]})

        heard = HEARING.heard(recorded(http, timeline, provider))

        (choice,) = heard.choices
        assert plain(choice, items) == parts
        assert heard.finish_reasons == ("completed",)
        assert heard.usage is not None
        assert heard.usage.total_tokens == sum(heard.usage[:2])
        if form:
            assert_marked(heard, timeline)
        else:
            marks = itertools.chain.from_iterable(e.marks for e in timeline if isinstance(e, Data))
            assert set(heard.marks) == set(marks)


UNPADDED = {"include_obfuscation": False}


def plain(choice: Choice, items: list[dict[str, Any]]) -> tuple[Any, ...]:
    """Return the parts of *choice* without phases and ciphertexts that nobody stated."""
    found: list[Any] = []
    for part, item in zip(choice.parts, items, strict=True):
        if isinstance(part, Text):
            found.append(Text(part.text, item.get("phase"), part.annotations))
        elif isinstance(part, Thought):
            found.append(Thought(part.text, part.summary, part.tokens))
        else:
            found.append(part)
    return tuple(found)


# --- Vercel's own protocol -------------------------------------------------------------------


@pytest.mark.parametrize("specification", VERSIONS)
@pytest.mark.parametrize("kind", ["text", "empty", "cut", "calls", "text and call", "reasoning"])
def test_the_language_model_says_what_was_scripted(kind: str, specification: int) -> None:
    reply = REPLIES[kind]
    path = f"/{VERSIONS[specification]}/ai/language-model"
    content = json.dumps({"prompt": [user("Hi")]}).encode()
    for stream in (False, True):
        headers = {**KEYS, **headers_of(specification, stream=stream)}
        http = HttpRequest("POST", path, headers, content)
        timeline = timeline_of(http, {"rules": [{"reply": reply}]})

        heard = HEARING.heard(recorded(http, timeline, "vercel_gateway"))

        assert_scripted(heard, reply, "vercel_gateway")
        assert_marked(heard, timeline)
        assert heard.usage is not None


# --- Vectors and scores ----------------------------------------------------------------------


@pytest.mark.parametrize("form", ["float", "base64"])
def test_vectors_are_heard_as_they_were_scripted(form: str) -> None:
    vector = [0.1, -0.25, 1e-8, 3.0, -12345.678]
    sent = {"model": "text-embedding-3-small", "input": ["a", "b"], "encoding_format": form}

    timeline, recording = ask("openai", "embeddings", sent, {"kind": "embedding", "vector": vector})
    heard = HEARING.heard(recording)

    assert [list(result.numbers) for result in heard.results] == [vector, vector]
    assert heard.usage == Usage(2, 0)
    assert set(heard.marks) == {mark for e in timeline if isinstance(e, Data) for mark in e.marks}


def test_scores_are_heard_as_they_were_scripted() -> None:
    reply = {"kind": "moderation", "categories": {"violence": 0.75, "hate": 0.002}}

    _, recording = ask("openai", "moderations", {"input": "x"}, reply)
    (result,) = HEARING.heard(recording).results

    assert result.flagged == {"violence"}
    assert (result.scores["violence"], result.scores["hate"]) == (0.75, 0.002)


# --- What others write -----------------------------------------------------------------------


ENDS = ("[DONE]", "{")


def streamed(path: str, *chunks: Any, sent: dict[str, Any] | None = None) -> Heard:
    text = "".join([f"data: {c if c in ENDS else json.dumps(c)}\n\n" for c in chunks])
    asked = RecordedRequest("POST", path, "", (), json.dumps(sent or {}).encode())
    answer = RecordedAnswer(200, (("Content-Type", "text/event-stream"),), text.encode())
    return HEARING.heard(Recording(request=asked, answer=answer))


def delta(finish: str | None = None, **members: Any) -> dict[str, Any]:
    return {"model": "m", "choices": [{"index": 0, "delta": members, "finish_reason": finish}]}


@pytest.mark.parametrize(
    "thought",
    [
        {"reasoning_content": "So."},
        {"reasoning": "So."},
        {"reasoning_details": [{"type": "reasoning.text", "text": "So."}]},
        {"reasoning_details": [{"type": "reasoning.summary", "summary": "So."}]},
        {"reasoning": "So.", "reasoning_details": [{"type": "reasoning.text", "text": "So."}]},
    ],
)
def test_reasoning_is_heard_wherever_vendors_show_it(thought: dict[str, Any]) -> None:
    heard = streamed(
        "/v1/chat/completions", delta(**thought), delta(content="4."), delta("stop"), "[DONE]"
    )

    assert heard.choices == (Choice((Thought("So."), Text("4.")), "stop"),)
    assert [mark.kind for mark in heard.events[0].marks] == ["frame", "thought"]


def test_calls_that_share_an_index_are_told_apart_by_their_ids() -> None:
    def piece(identity: str | None, name: str | None, arguments: str) -> dict[str, Any]:
        made = {"name": name, "arguments": arguments}
        return delta(tool_calls=[{"index": 0, "id": identity, "function": made}])

    heard = streamed(
        "/v1/chat/completions",
        piece("a", "f", '{"x":'),
        piece(None, None, "1}"),
        piece("b", "g", "{}"),
        delta("tool_calls"),
    )

    calls = (ToolCall("f", '{"x":1}', "a"), ToolCall("g", "{}", "b"))
    assert heard.choices == (Choice(calls, "tool_calls"),)


def test_a_response_that_was_cut_says_what_came() -> None:
    message: dict[str, Any] = {"type": "message", "id": "msg_1", "content": []}
    call = {"type": "function_call", "call_id": "c", "name": "f", "arguments": ""}
    place = {"item_id": "x", "content_index": 0}

    heard = streamed(
        "/v1/responses",
        {"type": "response.created", "response": {"id": "resp_1", "status": "in_progress"}},
        {"type": "response.output_item.added", "output_index": 0, "item": message},
        {"type": "response.output_text.delta", "output_index": 0, "delta": "Hel", **place},
        {"type": "response.output_text.delta", "output_index": 0, "delta": "lo", **place},
        {"type": "response.output_item.added", "output_index": 1, "item": call},
        {"type": "response.function_call_arguments.delta", "output_index": 1, "delta": '{"a'},
        {"type": "error", "error": {"message": "broke"}},
    )

    assert heard.id == "resp_1"
    assert heard.choices == (Choice((Text("Hello"), ToolCall("f", '{"a', "c"))),)


JUNK: list[Any] = [None, True, 0, -1, 1e400, 2**70, "x", "\ud83d", [], [None], {}, {"index": []}]
MEMBERS = (
    *("id", "model", "created", "choices", "usage", "output", "content", "data", "results"),
    *("message", "delta", "tool_calls", "function_call", "audio", "reasoning_details", "index"),
    *("function", "arguments", "finish_reason", "item", "response", "type", "output_index"),
    *("embedding", "category_scores", "categories", "finishReason", "summary", "annotations"),
)


@pytest.mark.parametrize(
    "endpoint",
    ["chat/completions", "completions", "responses", "embeddings", "moderations", "language-model"],
)
def test_no_form_of_an_answer_breaks_the_hearing(endpoint: str) -> None:
    rng = random.Random(16)
    path = "/v4/ai/language-model" if endpoint == "language-model" else f"/v1/{endpoint}"
    kinds = ["response.output_item.added", "response.output_text.delta", "text-delta", "finish"]
    kinds += ["response.completed", "message", "reasoning", "function_call", "tool-call", "text"]

    def anything(depth: int) -> Any:
        if depth == 0 or rng.random() < 0.15:
            return rng.choice([*JUNK, *kinds])
        if rng.random() < 0.4:
            return [anything(depth - 1) for _ in range(rng.randrange(3))]
        named = rng.sample(MEMBERS, 5)
        typed = {"type": rng.choice(kinds)} if rng.random() < 0.5 else {}
        return {name: anything(depth - 1) for name in named} | typed

    for _ in range(150):
        events = [anything(4) for _ in range(rng.randrange(1, 6))]
        heard = streamed(path, *events, "[DONE]", "{", sent={"model": rng.choice(JUNK)})
        assert not heard.events or len(heard.events) == len(events) + 2
        asked = RecordedRequest("POST", path)
        answer = RecordedAnswer(200, (), json.dumps(events[0]).encode())
        HEARING.heard(Recording(request=asked, answer=answer))
