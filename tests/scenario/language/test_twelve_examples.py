"""The twelve examples of the language: each does what its caption says, and raises no alarm."""

import json
import random
from pathlib import Path
from typing import Any, Final

import pytest
from saying import INSTANT, Time, assistant, calls, result, schema, system, user
from support.inprocess import Api

from mockserver.cassettes import lines
from mockserver.cassettes.recording import RecordedAnswer, RecordedRequest, Recording
from mockserver.scenario.loader import ScenarioText, check, load_scenario
from mockserver.wire.timeline import Abort, Hold

ONE = """
    rules:
      - {name: first-attempt, when: {attempt: 1}, fail: overloaded}
      - {name: answer, reply: "Here you are."}
"""
TWO = """
    rules:
      - name: look-up
        when: {last_user: {contains: "refund"}}
        reply:
          kind: tool_calls
          calls: [{name: get_order, arguments: {id: 7}}, {name: get_policy, arguments: {}}]
      - name: ask-the-person
        when: {after_tool: {all: [get_order, get_policy]}}
        reply: {kind: tool_calls, calls: [{name: refund, arguments: {id: 7}, id: call_refund}]}
      - name: approved
        when: {after_tool: {name: refund, result: {contains: "refunded"}}}
        reply: "Done."
      - name: rejected
        when: {after_tool: {name: refund, result: {contains: ["denied", "rejected"]}}}
        reply: "It stays as it was."
"""
THREE = """
    rules:
      - name: researchers
        when: {system: {contains: "You are a researcher"}}
        per: conversation
        replies:
          - kind: tool_calls
            calls: [{name: search, arguments: {q: "{{ request.messages[1].content }}"}}]
            template: true
          - "Three sources found."
      - name: summariser
        when: {system: {contains: "You summarise"}}
        reply: "In short: yes."
"""
FOUR = """
    rules:
      - name: azure-is-down
        when: {provider: azure}
        fail: {kind: overloaded, window_s: [10, 60]}
      - {name: both, reply: "Hello."}
"""
FIVE = """
    rules:
      - name: held
        when: {stream: true}
        reply: "One two three four five six."
        fail: {kind: stall, after_tokens: 5, until: released}
"""
SIX = """
    rules:
      - name: extraction
        when: {response_format: json_schema, system: {contains: "Extract"}}
        per: conversation
        replies:
          - '{"name": "Ada", "born": "unknown"'
          - {kind: json, value: {name: Ada, born: 1815}}
"""
SEVEN = """
    state: {step: new}
    rules:
      - name: name-given
        when: {state: {step: new}, last_user: {regex: "my name is"}}
        capture: {name: {last_user: {regex: "my name is (\\\\w+)"}}}
        set: {step: known}
        reply: {kind: template, text: "Hello {{ captured.name }}."}
      - name: later
        when: {state: {step: known}}
        reply: {kind: template, text: "Yes, {{ captured.name }}?"}
"""
EIGHT = """
    rules:
      - name: thinks
        when: {model: ["o4-mini*", "gpt-5*"]}
        reply: {kind: text, text: "42.", usage: {reasoning_tokens: 640, cached_tokens: 1024}}
      - name: reseller
        when: {provider: aiml}
        reply: {kind: text, text: "Hi!", usage: {prompt_tokens: 50, completion_tokens: 126}}
"""
NINE = """
    rules:
      - {name: brown-out, fail: {kind: http_error, status: 503, probability: 0.3}}
      - name: cut
        when: {stream: true}
        fail: {kind: disconnect, after_tokens: 20, probability: 0.1}
      - {name: slow, latency: {ttft_ms: {median: 3200, sigma: 0.5}, per_token_ms: 40}}
"""
TEN = """
    rules:
      - name: batch
        when: {request: {"type(prompt)": array}}
        reply: {kind: template, text: " ({{ index }}) {{ prompt }}"}
      - {name: few-shot, when: {prompt: {regex: "Review: .*\\\\nSentiment:$"}}, reply: " positive"}
      - name: fill-in
        when: {request: {suffix: {contains: "return total"}}}
        reply: "    total = sum(items)\\n"
"""
ELEVEN = """
    limits:
      "gpt-4*": {requests_per_minute: 500, keys: {"sk-free*": {requests_per_minute: 3}}}
    rules:
      - name: vote
        when: {request: {n: {at_least: 2}}}
        reply:
          kind: choices
          choices: ["yes", "no", {kind: refusal, text: "I cannot say."}]
      - {name: a, when: {model: gpt-4o}, reply: "Long answer of model A."}
      - {name: b, when: {model: gpt-4o-mini}, reply: "B."}
"""
TWELVE = """
version: 1
rules:
  - name: recorded
    reply:
      kind: cassette
      file: cassettes/checkout.jsonl
      ignore: ["messages[0].content", metadata]
  - {name: not-recorded, when: {not: {any_message: {contains: "checkout"}}}, reply: {kind: auto}}
"""


@pytest.mark.parametrize(
    "text",
    [ONE, TWO, THREE, FOUR, FIVE, SIX, SEVEN, EIGHT, NINE, TEN, ELEVEN],
    ids=[f"example {number}" for number in range(1, 12)],
)
def test_an_example_raises_no_alarm(text: str) -> None:
    own = [line.removeprefix("    ") for line in text.splitlines()]

    assert check([ScenarioText("version: 1\n" + "\n".join(own))]) == []


def test_1_every_request_fails_at_its_first_attempt_whatever_the_order() -> None:
    asked = [f"question {number}" for number in range(8)] * 2
    for seed in range(5):
        api = Api(ONE)
        statuses: dict[str, list[int]] = {said: [] for said in asked}
        for said in random.Random(seed).sample(asked, len(asked)):
            statuses[said].append(api.chat(said).status)
        assert all(got == [503, 200] for got in statuses.values())


@pytest.mark.parametrize(
    ("decision", "answer"),
    [("refunded", "Done."), ("denied", "It stays as it was."), ("rejected", "It stays as it was.")],
)
def test_2_an_agent_with_parallel_tools_and_a_person_who_approves(
    decision: str, answer: str
) -> None:
    def asked(api: Api, said: list[Any]) -> Any:
        return api.chat(said).choice["message"]

    here, elsewhere = Api(TWO), Api(TWO)
    said: list[Any] = [user("I want a refund")]
    first = asked(here, said)
    said += [first, *[result("", "ok", call["id"]) for call in first["tool_calls"]]]
    second = asked(here, said)
    said += [second, result("", decision, "call_refund")]

    assert [call["function"]["name"] for call in first["tool_calls"]] == ["get_order", "get_policy"]
    assert [call["id"] for call in second["tool_calls"]] == ["call_refund"]
    # An hour later, in another process: the id is stated.
    assert asked(elsewhere, said)["content"] == answer


def test_3_parallel_sub_agents_each_with_its_own_script() -> None:
    api = Api(THREE)
    topics = [f"topic {number}" for number in range(4)]

    def step(topic: str, turn: int) -> Any:
        said = [system(f"You are a researcher. It is {turn}."), user(topic)]
        history = [calls("search"), result("search", "found")] * turn
        return api.chat([*said, *history]).choice["message"]

    for topic in topics:
        (call,) = step(topic, 0)["tool_calls"]
        assert json.loads(call["function"]["arguments"]) == {"q": topic}
    assert api.chat([system("You summarise."), user("?")]).text == "In short: yes."
    assert [step(topic, 1)["content"] for topic in reversed(topics)] == ["Three sources found."] * 4


def test_4_azure_is_down_between_10_s_and_60_s_and_another_is_well() -> None:
    time = Time()
    api = Api(FOUR, time_source=time)
    api.engine.session("default")
    body = {"messages": [user("Hi")]}
    azure = "/openai/deployments/gpt-4o-mini/chat/completions?api-version=2024-10-21"
    seen = []
    for now in (0, 9.9, 10, 59.9, 60):
        time.now = now
        down = api.post(azure, body, key=None, headers={"api-key": "k"}).status
        routed = {**body, "model": "openai/gpt-4o-mini"}
        seen.append((down, api.post("/api/v1/chat/completions", routed).status))

    assert seen == [(200, 200), (200, 200), (503, 200), (503, 200), (200, 200)]


def test_5_a_streaming_ui_five_tokens_then_nothing_until_the_test_releases_it() -> None:
    answered = Api(FIVE).chat(stream=True)
    (position,) = [n for n, event in enumerate(answered.timeline) if isinstance(event, Hold)]
    tokens = [getattr(event, "tokens", 0) for event in answered.timeline]

    assert sum(tokens[:position]) == 5
    assert sum(tokens[position:]) > 0
    assert not any(isinstance(event, Hold) for event in Api(FIVE).chat().timeline)


def test_6_structured_extraction_what_is_written_goes_out_valid_or_not() -> None:
    api = Api(SIX)
    person = schema("person", born={"type": "integer"})
    said = [system("Extract."), user("Ada")]
    first = api.chat(said, response_format=person)
    said += [assistant(first.text), user("That is no JSON.")]
    second = api.chat(said, response_format=person)

    assert first.text == '{"name": "Ada", "born": "unknown"'
    assert json.loads(second.text) == {"name": "Ada", "born": 1815}


def test_7_a_chat_with_a_memory() -> None:
    api = Api(SEVEN)
    said = [user("Hello, my name is Ada.")]
    first = api.chat(said).text
    said += [assistant(first), user("Are you there?")]

    assert (first, api.chat(said).text) == ("Hello Ada.", "Yes, Ada?")


def test_8_the_bill_hidden_reasoning_cached_tokens_and_a_resellers_own_figures() -> None:
    api = Api(EIGHT)
    usage = api.chat(model="o4-mini").usage
    sold = api.post(
        "/aiml/v1/chat/completions", {"model": "gpt-4o-mini", "messages": [user("Hi")]}
    ).usage

    assert usage["completion_tokens_details"]["reasoning_tokens"] == 640
    assert usage["prompt_tokens_details"]["cached_tokens"] == 1024
    assert usage["completion_tokens"] > 640
    assert (sold["prompt_tokens"], sold["completion_tokens"]) == (50, 126)


def test_9_chaos_over_anything() -> None:
    shop = "version: 1\nrules: [{name: shop, reply: {kind: lorem, tokens: 40}}]"
    chaos = "version: 1\n" + "\n".join(line.removeprefix("    ") for line in NINE.splitlines())
    api = Api()
    api.engine.sessions.reload(load_scenario(ScenarioText(chaos), ScenarioText(shop, "shop")))
    answers = [api.chat(f"call {number}", stream=True) for number in range(400)]
    failed = [a for a in answers if a.call.status == 503]
    cut = [a for a in answers if a.timeline[-1] == Abort("rst")]

    assert len(failed) / 400 == pytest.approx(0.3, abs=0.07)
    assert len(cut) / 280 == pytest.approx(0.1, abs=0.06)
    assert all(a.call.planned_ms > 40 * 30 for a in answers if a.call.status == 200)  # type: ignore[operator]
    assert {a.call.rule for a in answers} == {"brown-out", "shop"}


def test_10_legacy_completions_few_shot_code_with_a_suffix_a_batch_of_prompts() -> None:
    api = Api(TEN)
    batch = [choice["text"] for choice in api.complete(["a", "b"]).json["choices"]]
    code = api.complete("def f(items):\n", suffix="    return total").text

    assert batch == [" (0) a", " (1) b"]
    assert api.complete("Review: It is fine.\nSentiment:").text == " positive"
    assert code == "    total = sum(items)\n"


def test_11_limits_by_key_an_ab_of_models_n_answers() -> None:
    api = Api(ELEVEN, options=INSTANT, time_source=Time())

    def asked(key: str) -> list[int]:
        body = {"model": "gpt-4o", "messages": [user("Hi")]}
        return [api.post("/v1/chat/completions", body, key=key).status for _ in range(5)]

    vote = [choice["message"] for choice in api.chat(n=3).json["choices"]]
    assert [said["content"] or said["refusal"] for said in vote] == ["yes", "no", "I cannot say."]
    texts = [api.chat(model=model).text for model in ("gpt-4o", "gpt-4o-mini")]
    assert texts == ["Long answer of model A.", "B."]
    assert asked("sk-paid") == [200] * 5
    # The fourth has to wait, and comes back when it may.
    assert asked("sk-free-1") == [200, 200, 200, 429, 200]


def test_12_what_was_recorded_is_answered_as_it_was_and_the_rest_by_hand(tmp_path: Path) -> None:
    body = {"model": "gpt-4o", "messages": [user("It is 9:15."), user("checkout")]}
    lines.write(tmp_path / "cassettes" / "checkout.jsonl", [_recorded(body)])
    (tmp_path / "a.yaml").write_text(TWELVE)
    api = Api(sources=[tmp_path / "a.yaml"])

    later = {**body, "messages": [user("It is 9:16."), user("checkout")], "metadata": {"run": "7"}}
    known, unknown = (api.post("/v1/chat/completions", asked) for asked in (later, BODY))

    assert (known.body, known.call.rule) == (b'{"recorded": true}', "recorded")
    assert unknown.call.rule == "not-recorded"
    assert api.post("/v1/chat/completions", later).error["code"] == "script_exhausted"


BODY: Final[dict[str, Any]] = {"model": "gpt-4o", "messages": [user("Hi")]}


def _recorded(body: dict[str, Any]) -> Recording:
    request = RecordedRequest("POST", "/v1/chat/completions", body=json.dumps(body).encode())
    headers = (("content-type", "application/json"),)
    return Recording(request=request, answer=RecordedAnswer(200, headers, b'{"recorded": true}'))
