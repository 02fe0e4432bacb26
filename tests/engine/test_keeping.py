"""What the journal keeps of answers: as they went out, without secrets, and within its bounds."""

import dataclasses
import json
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.inprocess import KEY, Api, standing_still
from support.planted import ANTHROPIC, EXCHANGES, OPENAI, PlantedExchange, planted_in

from mockserver.cassettes.recording import Piece, RecordedAnswer
from mockserver.engine.engine import Engine, Exchange
from mockserver.engine.forwarding import Forward, Gone
from mockserver.plugins import Plugins
from mockserver.records.journal import MOST_BODY_BYTES, Archive, Call, Journal
from mockserver.records.measured import Measured
from mockserver.records.redaction import mark
from mockserver.scenario.loader import ScenarioText, load_scenario
from mockserver.sessions.options import Options
from mockserver.sessions.passing import Passing
from mockserver.wire.http_request import HttpRequest
from mockserver.wire.timeline import Abort, Data, Head, Hold, Pause, Timeline, body

CHAT = "/v1/chat/completions"


def shown(call: Call) -> str:
    """Return all that *call* holds, as text, with the body of its answer."""
    held = str([getattr(call, field.name) for field in dataclasses.fields(call)])
    return held + (body(call.sent).decode("utf-8", "replace") if call.sent else "")


@pytest.mark.parametrize("stream", [False, True])
def test_an_answer_without_secrets_is_kept_as_it_went_out(*, stream: bool) -> None:
    answered = Api("rules: [{reply: Hello there.}]").chat("Hi", stream=stream)

    assert answered.call.sent is answered.timeline


def test_pauses_holds_and_aborts_are_kept() -> None:
    api = Api("""
        rules:
          - reply: One two three four.
            latency: {ttft_ms: 100, per_token_ms: 10}
            fail: [{kind: stall, after_tokens: 2}, {kind: disconnect, after_tokens: 3}]
    """)
    sent = api.chat("Hi", stream=True).call.sent

    assert sent is not None
    assert {type(event) for event in sent} >= {Head, Data, Pause, Hold, Abort}


def test_a_refusal_is_kept() -> None:
    answered = Api().send("POST", CHAT, b"{}")

    assert answered.call.sent == answered.timeline


@pytest.mark.parametrize("stream", [False, True])
def test_what_an_answer_repeats_of_a_secret_is_marked(*, stream: bool) -> None:
    answered = Api("rules: [{reply: {kind: echo}}]").chat(f"say {ANTHROPIC}!", stream=stream)

    sent = answered.call.sent
    assert ANTHROPIC in body(answered.timeline).decode() or stream
    assert sent is not None
    assert list(map(type, sent)) == list(map(type, answered.timeline))
    assert mark(ANTHROPIC) in body(sent).decode()
    assert ANTHROPIC not in shown(answered.call)
    lines = body(sent).decode().removeprefix("data: ").split("\n\ndata: ")
    said = [json.loads(line) for line in lines if line.startswith("{")]
    text = "".join(
        choice.get("delta", choice.get("message", {})).get("content") or ""
        for one in said
        for choice in one["choices"]
    )
    assert text == f"say {mark(ANTHROPIC)}!"


def test_a_secret_that_a_scenario_tells_is_marked() -> None:
    api = Api(f"rules: [{{reply: {{kind: text, text: Hi, extra_message: {{k: '{OPENAI}'}}}}}}]")

    call = api.chat("Hi").call

    assert call.sent is not None
    assert mark(OPENAI) in body(call.sent).decode()
    assert OPENAI not in shown(call)


def test_a_secret_of_an_earlier_request_is_marked() -> None:
    api = Api("""
        rules:
          - name: takes
            when: {last_user: {contains: first}}
            capture: {said: "messages[0].content"}
            set: {said: "{{ captured.said }}"}
            reply: Taken.
          - name: gives
            reply: {kind: text, text: Hi, reasoning: "{{ state.said }}"}
    """)
    api.chat(f"first {OPENAI}")

    call = api.chat("then").call

    assert call.rule == "gives"
    assert OPENAI not in shown(call)


@pytest.mark.parametrize("stream", [False, True])
def test_what_a_person_names_as_secret_is_kept_neither_of_requests_nor_of_answers(
    *, stream: bool
) -> None:
    api = Api("""
        redact: ['customer (\\d{4}-\\d{4})']
        rules:
          - reply:
              kind: tool_calls
              text: Dear customer 4711-0815, not customer 9.
              reasoning: customer 4711-0815 asks
              calls: [{name: f, arguments: {whom: customer 4711-0815}}]
    """)
    said = [{"role": "user", "content": "I am customer 4711-0815"}]
    tools = [{"type": "function", "function": {"name": "f"}}]
    content = {"model": "gpt-4o", "messages": said, "tools": tools, "stream": stream}
    headers = {"x-for": "customer 4711-0815"}

    call = api.send("POST", CHAT, json.dumps(content).encode(), headers=headers).call

    assert call.sent is not None
    assert "4711-0815" not in shown(call)
    assert f"Dear customer {mark('4711-0815')}, not customer 9." == call.text
    assert mark("4711-0815") in call.content.decode()
    assert call.headers["x-for"] == f"customer {mark('4711-0815')}"


def test_headers_that_hold_secrets_are_marked() -> None:
    headers = "{set-cookie: 'a=b7d81c2f; path=/', openai-organization: org-mine, x-a: b}"
    api = Api(f"rules: [{{reply: {{kind: echo, headers: {headers}}}}}]")

    call = api.chat(f"say {OPENAI}").call

    assert call.sent is not None
    kept = dict(next(event for event in call.sent if isinstance(event, Head)).headers)
    assert kept["set-cookie"] == mark("a=b7d81c2f; path=/")
    assert kept["openai-organization"] == mark("org-mine")
    assert kept["x-a"] == "b"


@pytest.mark.parametrize("name", ["openai-organization", "x-acme-token", "x-amz-credential"])
@pytest.mark.parametrize(
    "scenario",
    [
        "rules: [{reply: {kind: echo, headers: {NAME: zz9}}}]",
        "rules: [{fail: {kind: http_error, status: 500, headers: {NAME: zz9}}}]",
        "defaults: {headers: {NAME: zz9}}\nrules: [{reply: Hi}]",
        "defaults: {headers: {NAME: zz9}}",
    ],
    ids=["a reply", "a failure", "defaults of a reply", "defaults without rules"],
)
def test_headers_that_a_scenario_states_are_marked_by_their_names(name: str, scenario: str) -> None:
    call = Api(scenario.replace("NAME", name)).chat("Hi").call

    assert call.sent is not None
    kept = dict(next(event for event in call.sent if isinstance(event, Head)).headers)
    assert kept[name] == mark("zz9")


def test_what_cannot_be_searched_is_not_kept_and_that_is_said() -> None:
    api = Api("rules: [{reply: {kind: echo}, fail: {kind: encode, as: gzip}}]")

    call = api.chat(f"say {OPENAI}").call

    assert call.sent is None
    assert any("may hold a secret" in note for note in call.notes)


def test_an_answer_that_is_too_large_is_not_kept_and_that_is_said() -> None:
    text = "x" * (MOST_BODY_BYTES + 1)
    api = Api()
    answered = api.chat("Hi")
    exchange = api.engine.answer(HttpRequest("POST", CHAT, {"authorization": f"Bearer {KEY}"}))
    assert isinstance(exchange, Exchange)
    large = Exchange(
        (*answered.timeline, Data(text.encode())), exchange.call, exchange.asked, is_own=True
    )
    api.engine.close(large, "sent")

    assert large.call.sent is None
    assert any("too large to keep" in note for note in large.call.notes)


# --- Answers of other servers --------------------------------------------------------------------


def passing(patterns: tuple[str, ...] = ()) -> Engine:
    text = ScenarioText("version: 1\n")
    options = Options(passing=Passing(passes_on=True, redact=patterns))
    return Engine(load_scenario(text), Plugins.installed(), standing_still, options)


def asked_of(planted: PlantedExchange) -> tuple[Engine, Forward]:
    one = passing(planted.patterns)
    headers = {"content-type": "application/json", **dict(planted.headers)}
    http = HttpRequest("POST", CHAT, headers, planted.request_body, planted.query)
    forward = one.answer(http)
    assert isinstance(forward, Forward)
    return one, forward


def came(planted: PlantedExchange) -> RecordedAnswer:
    pieces = planted.events or (planted.answer_body,)
    return RecordedAnswer(
        planted.status,
        (("content-type", planted.content_type), *planted.answer_headers),
        planted.answer_body,
        tuple([Piece(10.0 * number, len(piece)) for number, piece in enumerate(pieces, 1)]),
        opened_ms=5.0,
    )


@pytest.mark.parametrize("planted", EXCHANGES, ids=lambda planted: planted.where)
@pytest.mark.parametrize("is_live", [True, False])
def test_no_secret_of_an_exchange_is_kept(planted: PlantedExchange, *, is_live: bool) -> None:
    one, forward = asked_of(planted)
    answer = came(planted)

    if is_live:
        one.passed(forward, answer, Gone(Head.of(answer.status, answer.headers)))
        one.close(forward, "sent")
    else:
        exchange = one.resume(forward, answer)
        one.close(exchange, "sent")

    call = forward.call
    assert call.sent is not None
    assert planted_in(shown(call)) == []
    assert planted_in(str(next(e for e in call.sent if isinstance(e, Head)).headers)) == []


def test_what_was_passed_on_is_kept_in_its_pieces_and_their_time() -> None:
    planted = next(one for one in EXCHANGES if one.where == "text, token by token")
    one, forward = asked_of(planted)
    answer = came(planted)

    one.passed(forward, answer, Gone(Head.of(200, (("x", "y"),)), "rst"))
    one.close(forward, "aborted")

    sent = forward.call.sent
    assert sent is not None
    assert sent[:4:2] == (Pause(0.005, scales=False), Pause(0.005, scales=False))
    assert isinstance(sent[1], Head)
    assert sent[1].headers == (("x", "y"),)
    assert sent[-1] == Abort("rst")
    assert sum(isinstance(event, Data) for event in sent) == len(planted.events)


def test_tokens_are_counted_in_the_pieces_that_were_measured() -> None:
    times = iter([0.0, 0.001, 0.002, 0.003, 0.004, 0.005])
    measured = Measured(lambda: next(times))
    for pieces in range(5):
        measured.note(pieces, 10)

    measured.count([0, 2, 0, 3])

    assert measured.out == 5
    assert measured.first_token_ms == pytest.approx(3)
    assert list(measured.moments) == pytest.approx([3, 5])
    assert list(measured.tokens) == [2, 5]


# --- Bounds --------------------------------------------------------------------------------------

STEPS = st.lists(st.tuples(st.sampled_from("ostmkdcr"), st.integers(0, 9), st.integers(0, 300)))


def timeline(size: int) -> Timeline:
    return (Head.of(200, ()), Data(b"x" * size))


def calls_of(journals: list[Journal]) -> Iterator[Call]:
    return (call for journal in journals for call in journal)


@given(STEPS)
def test_bytes_are_counted_exactly_whatever_happens_to_a_call_meanwhile(
    steps: list[tuple[str, int, int]],
) -> None:
    archive = Archive(calls=6, size=1_500)
    journals = [Journal(archive, str(number)) for number in range(2)]
    calls: list[tuple[Journal, Call]] = []
    for what, which, size in steps:
        journal = journals[which % 2]
        if what in "od" or not calls:
            call = journal.open(0, "POST", "/", "openai")
            calls.append((journal, call))
            journal.keep(call, HttpRequest("POST", "/", {}, b"x" * size), b"")
            continue
        if what == "c":
            journal.clear()
            continue
        if what == "r":
            journal.restart()
            continue
        journal, call = calls.pop(which % len(calls))
        if what == "m":
            call.measured = Measured()
        if what == "t":
            journal.tell(call, "y" * size, "stop")
        journal.keep_sent(call, timeline(size), size)

    kept = sum(call.kept_bytes for call in calls_of(journals))
    assert archive.size == sum(journal.size for journal in journals) == kept
    assert kept <= 1_500 or len(archive) == 1
    assert not any(call.is_dropped for call in calls_of(journals))


def test_what_goes_out_for_a_call_that_was_dropped_meanwhile_is_not_kept() -> None:
    journal = Journal(Archive())
    call = journal.open(0, "POST", "/", "openai")
    journal.restart()
    journal.open(0, "POST", "/", "openai")

    journal.keep_sent(call, timeline(100), 100)

    assert (call.sent, journal.size) == (None, 0)
