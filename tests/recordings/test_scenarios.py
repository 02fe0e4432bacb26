"""A scenario made of recordings is what a person would have written, and answers the same."""

import json
import random
from collections.abc import Sequence
from textwrap import dedent
from typing import Any

import pytest

from mockserver.cassettes.recording import RecordedAnswer, RecordedRequest, Recording
from mockserver.engine.engine import Engine, Exchange
from mockserver.plugins import Plugins
from mockserver.recordings.hearing import Hearing
from mockserver.recordings.rehearsal import says_the_same
from mockserver.recordings.scenarios import Written, scenario_of
from mockserver.scenario.lints import doubts
from mockserver.scenario.loader import ScenarioText, load_scenario
from mockserver.wire.http_request import HttpRequest
from mockserver.wire.timeline import Head, body

PLUGINS = Plugins.installed()
HEARING = Hearing(PLUGINS)
KEYS = {"authorization": "Bearer sk-test", "api-key": "k", "content-type": "application/json"}
CHAT = "/v1/chat/completions"


def user(text: Any) -> dict[str, Any]:
    return {"role": "user", "content": text}


def called(*names: str) -> dict[str, Any]:
    calls = [
        {
            "id": f"call_{name}0000000",
            "type": "function",
            "function": {"name": name, "arguments": "{}"},
        }
        for name in names
    ]
    return {"role": "assistant", "content": None, "tool_calls": calls}


def result(name: str, text: str) -> dict[str, Any]:
    return {"role": "tool", "tool_call_id": f"call_{name}0000000", "content": text}


def chat(*messages: Any, **members: Any) -> dict[str, Any]:
    turns = [user(message) if isinstance(message, str) else message for message in messages]
    return {"model": "gpt-4o-mini", "messages": turns, **members}


def recorded(asked: Sequence[tuple[dict[str, Any], Any]], path: str = CHAT) -> list[Recording]:
    """Return what is recorded of an engine that is told how to answer each request."""
    rules: list[dict[str, Any]] = []
    for number, (_, step) in enumerate(asked):
        given: dict[str, Any] | None = step if set(step) & {"reply", "fail"} else None
        when = {"headers": {"x-number": str(number)}}
        rules.append({"when": when, **(given or {"reply": step})})
    document = {"version": 1, "models": "any", "rules": rules}
    text = json.dumps(document, ensure_ascii=False)
    engine = Engine(load_scenario(ScenarioText(text)), PLUGINS, lambda: 0.0)
    return [
        send(engine, path, sent, f"a.jsonl:{number + 1}", number)
        for number, (sent, _) in enumerate(asked)
    ]


def send(
    engine: Engine, path: str, sent: dict[str, Any], source: str, number: int | None = None
) -> Recording:
    content = json.dumps(sent).encode()
    headers = KEYS if number is None else {**KEYS, "x-number": str(number)}
    path, _, query = path.partition("?")
    exchange = engine.answer(HttpRequest("POST", path, headers, content, query))
    assert isinstance(exchange, Exchange)
    engine.close(exchange, "sent")
    head = next(event for event in exchange.timeline if isinstance(event, Head))
    answer = RecordedAnswer(head.status, head.headers, body(exchange.timeline))
    request = RecordedRequest("POST", path, query, (), content)
    return Recording(request=request, answer=answer, source=source)


def replayed(written: Written, recordings: Sequence[Recording]) -> None:
    """Check that *written* is plain, and answers the requests as they were answered."""
    scenario = load_scenario(ScenarioText(written.text))
    assert [str(doubt) for doubt in doubts(scenario, PLUGINS)] == []
    engine = Engine(scenario, PLUGINS, lambda: 0.0)
    for one in recordings:
        path = f"{one.request.path}?{one.request.query}"
        again = send(engine, path, dict(one.request.sent), one.source)
        assert again.answer.status == one.answer.status, (written.text, one.source)
        if one.answer.is_refusal:
            assert again.answer.json["error"] == one.answer.json["error"]
        else:
            heard, wanted = HEARING.heard(again), HEARING.heard(one)
            assert says_the_same(heard, wanted), (written.text, one.source)
            assert heard.model == wanted.model


TOOL = {"kind": "tool_calls", "calls": [{"name": "get_weather", "arguments": {"city": "Paris"}}]}
TOOLS: list[dict[str, Any]] = [
    {"type": "function", "function": {"name": "get_weather", "parameters": {}}}
]
LIMITED = {"fail": {"kind": "rate_limit", "retry_after_s": 20}}
WRITTEN: list[tuple[str, list[tuple[dict[str, Any], Any]], str]] = [
    (
        "whole or streamed, at any temperature: one intent",
        [
            (chat("Say hello."), "Hello."),
            (chat("Say hello.", stream=True, temperature=1), "Hello."),
            (chat("Say goodbye."), "Goodbye."),
        ],
        """\
        - name: hello
          when: {last_user: {contains: hello}}
          reply: Hello.
        - name: goodbye
          when: {last_user: {contains: goodbye}}
          reply: Goodbye.
        """,
    ),
    (
        "one request: no condition",
        [(chat("What is 2 + 2?"), "4")],
        """\
        - name: what-is-2-2
          reply: "4"
        """,
    ),
    (
        "the same answer again is one reply",
        [(chat("Hello"), "Hi."), (chat("Hello"), "Hi.")],
        """\
        - name: hello
          reply: Hi.
        """,
    ),
    (
        "other answers to one request come in order",
        [(chat("A joke"), "First."), (chat("A joke"), "Second.")],
        """\
        - name: joke
          replies: [First., Second.]
        """,
    ),
    (
        "two questions by their most telling word, whatever the date is",
        [
            (chat("It is 2026-11-30. What is the weather in Paris?"), "Sunny."),
            (chat("It is 2026-11-30. Tell me a joke, please."), "Ha."),
            (chat("It is 2026-12-01. Tell me a joke, please."), "Ha."),
        ],
        """\
        - name: weather-paris
          when: {last_user: {contains: weather}}
          reply: Sunny.
        - name: joke
          when: {last_user: {contains: joke}}
          reply: Ha.
        """,
    ),
    (
        "an agent with a tool",
        [
            (chat("Weather in Paris?", tools=TOOLS), TOOL),
            (
                chat(
                    "Weather in Paris?",
                    called("get_weather"),
                    result("get_weather", "18"),
                    tools=TOOLS,
                ),
                "18 degrees.",
            ),
        ],
        """\
        - name: weather-paris
          when: {last_user: {contains: Weather}}
          reply: {kind: tool_calls, calls: [{name: get_weather, arguments: {city: Paris}}]}
        - name: after-get-weather
          when: {after_tool: get_weather}
          reply: 18 degrees.
        """,
    ),
    (
        "a tool that runs twice, by what it returned",
        [
            (chat("Go", called("run"), result("run", "2 FAILED")), TOOL),
            (
                chat(
                    "Go",
                    called("run"),
                    result("run", "2 FAILED"),
                    called("run"),
                    result("run", "all passed"),
                ),
                "Done.",
            ),
        ],
        """\
        - name: after-run
          when: {after_tool: {name: run, result: {contains: FAILED}}}
          reply: {kind: tool_calls, calls: [{name: get_weather, arguments: {city: Paris}}]}
        - name: after-run-2
          when: {after_tool: {name: run, result: {contains: passed}}}
          reply: Done.
        """,
    ),
    (
        "a retry that got through",
        [(chat("Hello"), LIMITED), (chat("Hello"), LIMITED), (chat("Hello"), "Hi.")],
        """\
        - name: hello
          fail: {kind: rate_limit, retry_after_s: 20, times: 2}
          reply: Hi.
        """,
    ),
    (
        "refusals of several kinds before an answer",
        [
            (chat("Hello"), {"fail": "overloaded"}),
            (chat("Hello"), {"fail": "quota"}),
            (chat("Hello"), "Hi."),
        ],
        """\
        - name: hello
          replies: [{fail: overloaded}, {fail: quota}, Hi.]
        """,
    ),
    (
        "what differs in a parameter alone",
        [
            (chat("Hello", temperature=0), "Cold."),
            (chat("Hello", temperature=1.5), "Hot."),
        ],
        """\
        - name: hello
          when: {request: {temperature: 0}}
          reply: Cold.
        - name: hello-2
          when: {request: {temperature: 1.5}}
          reply: Hot.
        """,
    ),
    (
        "one question of two agents",
        [
            (chat({"role": "system", "content": "You are a poet."}, "Go on"), "Rose."),
            (chat({"role": "system", "content": "You are a lawyer."}, "Go on"), "Hereby."),
        ],
        """\
        - name: go-on
          when: {system: {contains: poet}}
          reply: Rose.
        - name: go-on-2
          when: {system: {contains: lawyer}}
          reply: Hereby.
        """,
    ),
    (
        "a text that another one begins with",
        [(chat("Go"), "a"), (chat("Go on"), "b")],
        """\
        - name: go
          when: {last_user: Go}
          reply: a
        - name: go-on
          when: {last_user: {contains: Go on}}
          reply: b
        """,
    ),
    (
        "another model that answers, and one that the catalogue lacks",
        [
            (chat("Hello"), {"kind": "text", "text": "Hi.", "model": "gpt-4o-mini-2099-01-01"}),
            (chat("Bye", model="my-model"), "Ciao."),
        ],
        """\
        - name: hello
          when: {last_user: {contains: Hello}}
          reply: {kind: text, text: Hi., model: gpt-4o-mini-2099-01-01}
        - name: bye
          when: {last_user: {contains: Bye}}
          reply: Ciao.
        """,
    ),
    (
        "an error of the provider",
        [(chat("Hello"), {"fail": {"kind": "http_error", "status": 500, "message": "Oh no"}})],
        """\
        - name: hello
          fail: {kind: http_error, status: 500, message: Oh no, type: server_error}
        """,
    ),
]


@pytest.mark.parametrize(
    ("asked", "rules"), [pytest.param(*case[1:], id=case[0]) for case in WRITTEN]
)
def test_a_scenario_is_what_a_person_would_write(
    asked: list[tuple[dict[str, Any], Any]], rules: str
) -> None:
    recordings = recorded(asked)

    written = scenario_of(recordings, HEARING)

    assert written.left_out == ()
    assert dedent(written.text.partition("rules:\n")[2]) == dedent(rules)
    assert written.text.startswith("# Made from a.jsonl.\n")
    replayed(written, recordings)


WORDS = [
    *("order", "refund", "ticket", "invoice", "parcel", "weather", "museum", "recipe", "garden"),
    *("letter", "planet", "violin", "contract", "bicycle", "harbour", "lantern"),
]


@pytest.mark.parametrize("seed", range(8))
def test_any_conversations_are_answered_again(seed: int) -> None:
    rng = random.Random(seed)
    asked: list[tuple[dict[str, Any], Any]] = []
    for _ in range(rng.randrange(1, 9)):
        question = " ".join(rng.sample(WORDS, rng.randrange(1, 5)))
        if rng.random() < 0.2:
            question = f"{question} at 2026-0{rng.randrange(1, 9)}-11T10:00:00Z"
        members: dict[str, Any] = {}
        if rng.random() < 0.4:
            members["stream"] = True
        if rng.random() < 0.3:
            members["model"] = rng.choice(["gpt-4o", "gpt-4.1", "o3", "unheard-of"])
        if rng.random() < 0.2:
            members["n"] = 2
        messages: list[Any] = [question]
        if rng.random() < 0.5:
            persona = {"role": "system", "content": f"You help with {rng.choice(WORDS)}."}
            messages.insert(0, persona)
        for _ in range(rng.randrange(1, 4)):
            if rng.random() < 0.2:
                asked.append((chat(*messages, **members), rng.choice([LIMITED, {"fail": 503}])))
            reply, turn = answer(rng)
            asked.append((chat(*messages, **members), reply))
            messages += turn
    recordings = recorded(asked)

    written = scenario_of(recordings, HEARING)

    assert written.left_out == (), written.text
    replayed(written, recordings)


def answer(rng: random.Random) -> tuple[Any, list[Any]]:
    """Return a reply, and the messages that a client sends on after it."""
    text = " ".join(rng.choices([*WORDS, "\n", "{{ x }}", "é", "yes", "1.0", "- #"], k=4)).strip()
    match rng.randrange(4):
        case 0:
            name = rng.choice(WORDS)
            arguments = rng.choice([{"a": 1.5}, {}, '{"a": 1}', "[broken"])
            calls = [{"name": name, "arguments": arguments}]
            return {"kind": "tool_calls", "calls": calls}, [called(name), result(name, text)]
        case 1:
            return {"kind": "json", "value": {"a": [text, None]}}, [
                {"role": "assistant", "content": "{}"},
                f"And {text}?",
            ]
        case 2:
            refusal = {"kind": "refusal", "text": text}
            return refusal, [{"role": "assistant", "content": text}, "Why?"]
        case _:
            said = {"role": "assistant", "content": text}
            return {"kind": "text", "text": text}, [said, rng.choice(WORDS)]


OTHERS: list[tuple[str, str, list[tuple[dict[str, Any], Any]]]] = [
    (
        "responses that continue each other",
        "/v1/responses",
        [
            (
                {"model": "gpt-5.1", "input": "Find it"},
                {
                    "kind": "items",
                    "id": "resp_" + "1" * 50,
                    "items": [
                        {"reasoning": {"summary": ["Hm."], "tokens": 9}},
                        {"call": {"name": "find", "arguments": {"q": 1}, "id": "call_12345678"}},
                    ],
                },
            ),
            (
                {
                    "model": "gpt-5.1",
                    "previous_response_id": "resp_" + "1" * 50,
                    "input": [
                        {"type": "function_call_output", "call_id": "call_12345678", "output": "7"}
                    ],
                },
                "It is 7.",
            ),
        ],
    ),
    (
        "legacy prompts, echoed and not",
        "/v1/completions",
        [
            ({"model": "gpt-3.5-turbo-instruct", "prompt": "Roses are"}, " red"),
            ({"model": "gpt-3.5-turbo-instruct", "prompt": "Sky is", "echo": True}, " blue"),
        ],
    ),
    (
        "vectors",
        "/v1/embeddings",
        [
            (
                {"model": "text-embedding-3-small", "input": "one"},
                {"kind": "embedding", "vector": [0.6, 0.8]},
            ),
            (
                {"model": "text-embedding-3-small", "input": "two", "encoding_format": "base64"},
                {"kind": "embedding", "vector": [0.8, -0.6]},
            ),
            (
                {"model": "text-embedding-3-small", "input": ["three", "four"]},
                {"kind": "embedding"},
            ),
        ],
    ),
    (
        "scores",
        "/v1/moderations",
        [
            ({"input": "nice"}, {"kind": "moderation"}),
            ({"input": "bad"}, {"kind": "moderation", "categories": {"hate": 0.9}}),
        ],
    ),
]


@pytest.mark.parametrize(
    ("path", "asked"), [pytest.param(*case[1:], id=case[0]) for case in OTHERS]
)
def test_all_endpoints_are_answered_again(
    path: str, asked: list[tuple[dict[str, Any], Any]]
) -> None:
    recordings = recorded(asked, path)

    written = scenario_of(recordings, HEARING)

    assert written.left_out == ()
    replayed(written, recordings)


def test_what_cannot_be_expressed_is_listed_with_its_place() -> None:
    good, *_ = recorded([(chat("Hello"), "Hi.")])
    nowhere = RecordedRequest("POST", "/v1/images/generations", body=b"{}")
    listed = RecordedRequest("GET", "/v1/models")
    invalid = RecordedRequest("POST", CHAT, body=b'{"model": "gpt-4o", "messages": 5}')
    odd = RecordedAnswer(200, (), b"not JSON")

    written = scenario_of(
        [
            good,
            Recording(request=nowhere, answer=good.answer, source="b.jsonl:1"),
            Recording(request=listed, answer=good.answer, source="b.jsonl:2"),
            Recording(request=invalid, answer=good.answer, source="b.jsonl:3"),
            Recording(request=good.request, answer=odd, source="b.jsonl:4"),
        ],
        HEARING,
    )

    places = [line.partition(": ")[0] for line in written.left_out]
    assert sorted(places) == ["b.jsonl:1", "b.jsonl:2", "b.jsonl:3", "b.jsonl:4"]
    assert any("refuses the request with 400" in line for line in written.left_out)
    assert all(f"#   {place}" in written.text for place in places)
    replayed(written, [good])


def test_what_this_server_refuses_alike_by_itself_is_in_no_rule() -> None:
    hello, again = recorded([(chat("Hello"), "Hi."), (chat("Again"), "So?")])
    scenario = load_scenario(ScenarioText("version: 1\nrules: [{reply: Hi.}]"))
    engine = Engine(scenario, PLUGINS, lambda: 0.0)
    refused = send(engine, CHAT, chat(), "a.jsonl:9")

    written = scenario_of([hello, refused, again], HEARING)

    assert written.left_out == ("a.jsonl:9: it is refused alike here without a rule",)
    assert [rule.name for rule in load_scenario(ScenarioText(written.text)).rules] == [
        "hello",
        "again",
    ]
    replayed(written, [hello, again])


def test_what_other_requests_made_possible_is_answered_without_them() -> None:
    talk = {"model": "gpt-4o-mini", "input": "Who am I?", "conversation": "conv_1"}
    work = {"model": "gpt-4o-mini", "input": "Work.", "background": True}

    def response(status: str, text: str) -> RecordedAnswer:
        said = {"type": "output_text", "text": text, "annotations": []}
        item = {"type": "message", "id": "msg_1", "role": "assistant", "content": [said]}
        made = {"id": "resp_1", "object": "response", "status": status, "model": "gpt-4o-mini"}
        content = json.dumps({**made, "output": [item] if text else []}).encode()
        return RecordedAnswer(200, (("content-type", "application/json"),), content)

    def posted(body: dict[str, Any], answer: RecordedAnswer) -> Recording:
        request = RecordedRequest("POST", "/v1/responses", body=json.dumps(body).encode())
        return Recording(request=request, answer=answer, provider="openai", source="a.jsonl:1")

    fetched = RecordedRequest("GET", "/v1/responses/resp_1")
    looked_up = [
        Recording(request=fetched, answer=answer, provider="openai", source="a.jsonl:2")
        for answer in (response("in_progress", ""), response("completed", "Done."))
    ]
    recordings = [
        posted(talk, response("completed", "You are Bo.")),
        posted(work, response("queued", "")),
        *looked_up,
    ]

    written = scenario_of(recordings, HEARING)

    rules = {rule.name for rule in load_scenario(ScenarioText(written.text)).rules}
    assert rules == {"who-am-i", "work"}
    assert "You are Bo." in written.text
    assert "Done." in written.text
    assert {line.partition(": ")[2] for line in written.left_out} == {
        "GET /v1/responses/resp_1 is answered here without a rule"
    }


def test_no_recordings_make_a_scenario_without_rules() -> None:
    assert scenario_of([], HEARING).left_out == ()


@pytest.mark.parametrize(
    ("added", "kind"),
    [
        (b"", "disconnect"),
        (b"", "truncate"),
        (b'data: {"error": {"message": "Overloaded", "code": "busy"}}\n\n', "inject"),
    ],
    ids=["cut", "ended too early", "ended by an error"],
)
def test_a_stream_that_broke_off_breaks_off_again(added: bytes, kind: str) -> None:
    (whole,) = recorded([(chat("Hello", stream=True), "One two three four five six.")])
    events = whole.answer.events
    half = b"".join([event.raw for event in events[: len(events) // 2]]) + added
    answer = RecordedAnswer(200, whole.answer.headers, half, is_cut=kind == "disconnect")

    written = scenario_of([Recording(request=whole.request, answer=answer)], HEARING)
    (rule,) = load_scenario(ScenarioText(written.text)).rules

    assert written.left_out == ()
    assert [failure.kind for failure in rule.fail] == [kind]


def test_a_stream_that_was_cut_at_once_is_left_out() -> None:
    (whole,) = recorded([(chat("Hello", stream=True), "One.")])
    first = whole.answer.events[0].raw
    answer = RecordedAnswer(200, whole.answer.headers, first, is_cut=True)

    written = scenario_of([Recording(request=whole.request, answer=answer)], HEARING)

    assert written.left_out == (f"{CHAT}: its answer was cut off before the first token",)


def test_what_no_scenario_can_say_is_left_out_alone() -> None:
    good, bad = recorded([(chat("Hello"), "Hi."), (chat("Bye"), "Ciao.")])
    half = bad.answer.body.replace(b"Ciao.", b"\\ud83d")
    odd = RecordedAnswer(200, bad.answer.headers, half)

    written = scenario_of([good, Recording(request=bad.request, answer=odd, source="b:2")], HEARING)

    assert [line.partition(": ")[0] for line in written.left_out] == ["b:2"]
    replayed(written, [good])
