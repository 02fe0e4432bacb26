"""F6: what takes long is made elsewhere, and is the same; however much is asked, it is bounded."""

import json
from typing import Any

import pytest
from support.inprocess import Api

from mockserver.engine.asked import Unmade
from mockserver.engine.engine import Engine, Exchange
from mockserver.wire.http_request import HttpRequest
from mockserver.wire.timeline import body

CHAT = "/v1/chat/completions"
LONG = "hello big world " * 1_000
SCENARIO = f"""
    rules:
      - {{name: short, when: {{last_user: short}}, reply: Short.}}
      - name: slow
        when: {{last_user: slow}}
        latency:
          ttft_ms: {{median: 300, sigma: 0.5}}
          per_token_ms: 4
          load: {{factor: 9, slots: 9}}
        reply: {{kind: lorem, tokens: 2000}}
      - name: broken
        when: {{last_user: broken}}
        fail: {{kind: disconnect, after_tokens: 900}}
        reply: {{kind: lorem, tokens: 2000}}
      - {{name: echo, when: {{last_user: {{contains: again}}}}, reply: {{kind: echo}}}}
      - {{name: made, when: {{last_user: made}}, reply: {{kind: lorem, tokens: 2000}}}}
      - {{name: long, reply: {{kind: text, text: "{LONG}"}}}}
"""


def asking(said: str, **members: Any) -> HttpRequest:
    content = {"model": "gpt-4o", "messages": [{"role": "user", "content": said}], **members}
    headers = {"authorization": "Bearer sk-a", "content-type": "application/json"}
    return HttpRequest("POST", CHAT, headers, json.dumps(content).encode())


def answered_later(engine: Engine, *asked: HttpRequest) -> list[Exchange]:
    """Return the exchanges of requests that come at once; the last is made first."""
    waiting = [engine.answer(one, defers=True) for one in asked]
    made = {id(one): engine.make(one) for one in reversed(waiting) if isinstance(one, Unmade)}
    assert made
    exchanges: list[Exchange] = []
    for one in waiting:
        exchange = engine.give(one, made[id(one)]) if isinstance(one, Unmade) else one
        assert isinstance(exchange, Exchange)
        exchanges.append(exchange)
    for exchange in exchanges:
        engine.close(exchange, "sent")
    return exchanges


def answered_at_once(engine: Engine, *asked: HttpRequest) -> list[Exchange]:
    exchanges: list[Exchange] = []
    for one in asked:
        exchange = engine.answer(one)
        assert isinstance(exchange, Exchange)
        exchanges.append(exchange)
    for exchange in exchanges:
        engine.close(exchange, "sent")
    return exchanges


def noted(exchange: Exchange) -> tuple[Any, ...]:
    call = exchange.call
    return (
        *(call.number, call.rule, call.status, call.usage, call.text, call.finish_reason),
        *(call.failures, call.notes, call.planned_ms, call.planned_ttft_ms, call.attempt),
    )


@pytest.mark.parametrize(
    "members",
    [
        pytest.param({}, id="F6 whole"),
        pytest.param({"stream": True}, id="F6 streamed"),
        pytest.param({"stream": True, "n": 3}, id="F6 choices in turn"),
        pytest.param({"stream": True, "max_tokens": 1_000}, id="F6 cut"),
        pytest.param(
            {"logprobs": True, "top_logprobs": 2, "max_tokens": 1_000}, id="F6 log-probabilities"
        ),
        pytest.param({"store": True}, id="F6 stored"),
    ],
)
@pytest.mark.parametrize("said", ["made", "slow", "broken", "anything", "again " * 2_000])
def test_f6_what_is_made_later_and_in_another_order_is_the_same(
    said: str, members: dict[str, Any]
) -> None:
    asked = [asking(text, **members) for text in (said, "short", said, "made", said)]

    now = answered_at_once(Api(SCENARIO).engine, *asked)
    later = answered_later(Api(SCENARIO).engine, *asked)

    assert [one.timeline for one in later] == [one.timeline for one in now]
    assert [noted(one) for one in later] == [noted(one) for one in now]


def test_f6_what_is_made_quickly_is_not_put_off() -> None:
    engine = Api(SCENARIO).engine

    assert isinstance(engine.answer(asking("short", stream=True), defers=True), Exchange)
    assert isinstance(engine.answer(asking("made"), defers=True), Unmade)


def test_f6_a_client_that_leaves_while_its_answer_is_made_is_noted() -> None:
    engine = Api(SCENARIO).engine
    unmade = engine.answer(asking("slow"), defers=True)
    assert isinstance(unmade, Unmade)

    engine.close(unmade, "client_left")

    assert unmade.call.outcome == "client_left"
    assert not unmade.asked.places


@pytest.mark.parametrize(
    ("reply", "n", "members", "each"),
    [
        pytest.param("{kind: lorem, tokens: 20000}", 128, {}, 1_562, id="F6 n=128"),
        pytest.param('"{long}"', 128, {}, 1_562, id="F6 a stated text"),
        pytest.param("{kind: lorem, tokens: 3000}", 2, {}, 3_000, id="as many as asked for"),
        pytest.param(
            "{kind: lorem, tokens: 20000}",
            *(4, {"logprobs": True, "top_logprobs": 20}, 2_272),
            id="F6 with log-probabilities",
        ),
    ],
)
def test_f6_all_choices_of_an_answer_have_at_most_200_000_tokens(
    reply: str, n: int, members: dict[str, Any], each: int
) -> None:
    reply = reply.replace("{long}", "hello big world " * 7_000)
    api = Api(f"rules: [{{name: long, reply: {reply}}}]")

    answered = api.chat(n=n, **members)

    usage = answered.call.usage
    assert usage is not None
    assert usage.completion_tokens == each * n
    cut = [note for note in answered.call.notes if note.startswith("cut: ")]
    assert len(cut) == (each != 3_000)
    assert answered.call.finish_reason == ("length" if cut else "stop")


def test_f6_choices_in_turn_are_streamed_token_by_token() -> None:
    api = Api('rules: [{name: turns, reply: {kind: choices, choices: ["One, two.", "Three"]}}]')

    chunks = api.chat(n=2, stream=True).chunks

    said = [(c["index"], c["delta"].get("content")) for chunk in chunks for c in chunk["choices"]]
    first = [(0, ""), (0, "One"), (1, ""), (1, "Three")]
    assert said == [*first, (0, ","), (0, " two"), (0, "."), (0, None), (1, None)]
    assert len({len(json.dumps(chunk)) % 16 for chunk in chunks if "obfuscation" in chunk}) <= 3


def test_f6_a_long_stream_goes_out_in_pieces() -> None:
    exchange = Api(SCENARIO).engine.answer(asking("anything", stream=True))
    assert isinstance(exchange, Exchange)
    whole = Api("rules: [{name: l, reply: {kind: lorem, tokens: 20000}}]").chat(stream=True)

    assert len(exchange.timeline) == 2
    assert len(whole.timeline) > 2
    assert body(whole.timeline).endswith(b"data: [DONE]\n\n")
