"""Rules, captures, limits, time and verdicts mean the same on Responses as on chat."""

import json
from typing import Any

import pytest
from pytest_mockserver.recording import recorded
from support.inprocess import Answered, Api

from mockserver.records.verdicts import judge
from mockserver.wire.timeline import Data, Pause, duration_s

RESPONSES = "/v1/responses"
PIXEL = "data:image/png;base64,iVBORw0KGgo="
PARAMETERS: dict[str, Any] = {
    "type": "object",
    "properties": {},
    "required": [],
    "additionalProperties": False,
}


class Responses:
    """The API of Responses; *scenario* is what a file says below its version."""

    def __init__(self, scenario: str, **options: Any) -> None:
        self.api = Api(scenario, **options)

    def ask(self, said: Any = "Go", **members: Any) -> Answered:
        return self.api.post(RESPONSES, {"model": "gpt-4o-mini", "input": said, **members})

    @property
    def verdicts(self) -> list[str]:
        journal = self.api.engine.session("default").journal
        return [verdict.kind for verdict in judge(journal)]


def tool(name: str = "ring") -> dict[str, Any]:
    return {"type": "function", "name": name, "parameters": PARAMETERS, "strict": True}


def chat_tool(name: str = "ring") -> dict[str, Any]:
    return {"type": "function", "function": {"name": name, "parameters": PARAMETERS}}


def output(call: Any, result: str) -> dict[str, Any]:
    return {"type": "function_call_output", "call_id": call["call_id"], "output": result}


def events(answered: Answered) -> list[Any]:
    texts = answered.body.decode().split("\n\n")
    return [json.loads(text.partition("\ndata: ")[2]) for text in texts if "\ndata: " in text]


# --- Rules ------------------------------------------------------------------------------------

RULES = """
rules:
  - {name: image, when: {images: {at_least: 1}}, reply: "I see."}
  - {name: pirate, when: {system: {contains: pirate}}, reply: "Arr."}
  - name: rung
    when: {after_tool: {name: ring, result: {contains: ding}, arguments: {contains: "3"}}}
    reply: "It rang."
  - {name: forced, when: {tool_choice: ring}, reply: {kind: tool_calls, calls: [{name: ring}]}}
  - name: offered
    when: {tools: ring, last_user: {contains: bell}}
    reply: {kind: tool_calls, calls: [{name: ring}]}
  - {name: schema, when: {response_format: person}, reply: {kind: json, value: {}}}
  - {name: third, when: {turn: 2}, reply: "For the third time."}
  - name: known
    when: {any_message: {contains: Ada}, turn: 1}
    reply: {kind: template, text: "{{ captured.name }} again"}
  - name: greeted
    when: {last_user: {contains: "I am"}}
    capture: {name: {last_user: {regex: "I am (\\\\w+)"}}}
    reply: "Hello."
  - {name: hot, when: {request: {temperature: {at_least: 1}}}, reply: "Hot."}
  - {name: large, when: {model: "gpt-4.1*"}, reply: "Large."}
  - {name: streamed, when: {stream: true}, reply: "A stream."}
  - {name: first, times: 1, per: conversation, reply: "First."}
  - {name: call-three, when: {call: 3}, reply: "Third call."}
  - {name: rest, reply: {kind: echo}}
"""
SAID = {"role": "user", "content": "x"}
FORM: dict[str, Any] = {"name": "person", "schema": PARAMETERS, "strict": True}
ASKED: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    (
        "image",
        {
            "messages": [
                {"role": "user", "content": [{"type": "image_url", "image_url": {"url": PIXEL}}]}
            ]
        },
        {"input": [{"role": "user", "content": [{"type": "input_image", "image_url": PIXEL}]}]},
    ),
    (
        "pirate",
        {"messages": [{"role": "system", "content": "a pirate"}, SAID]},
        {"instructions": "a pirate", "input": "x"},
    ),
    (
        "pirate",
        {"messages": [{"role": "developer", "content": "a pirate"}, SAID]},
        {"input": [{"role": "developer", "content": "a pirate"}, SAID]},
    ),
    (
        "rung",
        {
            "messages": [
                SAID,
                {
                    "role": "assistant",
                    "tool_calls": [
                        {
                            "id": "c",
                            "type": "function",
                            "function": {"name": "ring", "arguments": '{"n":3}'},
                        }
                    ],
                },
                {"role": "tool", "tool_call_id": "c", "content": "ding"},
            ]
        },
        {
            "input": [
                SAID,
                {"type": "function_call", "call_id": "c", "name": "ring", "arguments": '{"n":3}'},
                {"type": "function_call_output", "call_id": "c", "output": "ding"},
            ]
        },
    ),
    (
        "forced",
        {
            "tools": [chat_tool()],
            "tool_choice": {"type": "function", "function": {"name": "ring"}},
        },
        {"tools": [tool()], "tool_choice": {"type": "function", "name": "ring"}},
    ),
    (
        "offered",
        {"messages": [{"role": "user", "content": "the bell"}], "tools": [chat_tool()]},
        {"input": "the bell", "tools": [tool()]},
    ),
    (
        "schema",
        {"response_format": {"type": "json_schema", "json_schema": FORM}},
        {"text": {"format": {"type": "json_schema", **FORM}}},
    ),
    (
        "third",
        {"messages": [SAID, {"role": "assistant", "content": "y"}] * 2 + [SAID]},
        {"input": [SAID, {"role": "assistant", "content": "y"}] * 2 + [SAID]},
    ),
    (
        "greeted",
        {"messages": [{"role": "user", "content": "I am Ada"}]},
        {"input": "I am Ada"},
    ),
    (
        "known",
        {
            "messages": [
                {"role": "user", "content": "I am Ada"},
                {"role": "assistant", "content": "Hello."},
                {"role": "user", "content": "Who?"},
            ]
        },
        {
            "input": [
                {"role": "user", "content": "I am Ada"},
                {"role": "assistant", "content": "Hello."},
                {"role": "user", "content": "Who?"},
            ]
        },
    ),
    ("hot", {"temperature": 1.5}, {"temperature": 1.5}),
    ("large", {"model": "gpt-4.1-mini"}, {"model": "gpt-4.1-mini"}),
    ("streamed", {"stream": True}, {"stream": True}),
    ("first", {}, {}),
    ("rest", {}, {}),
]


def test_each_rule_holds_for_the_same_question_on_both() -> None:
    chats, responses = Api(RULES), Responses(RULES)
    for expected, chat, asked in ASKED:
        one = chats.post(
            "/v1/chat/completions", {"model": "gpt-4o-mini", "messages": [SAID], **chat}
        ).call
        two = responses.ask(**{"said": asked.get("input", "x"), **_without(asked, "input")}).call

        assert (one.rule, two.rule) == (expected, expected)
        assert one.text == two.text
        assert [made.name for made in one.tool_calls] == [made.name for made in two.tool_calls]
        # A chat whose tool is forced ends with `stop`; a response states no such reason.
        assert expected == "forced" or one.finish_reason == two.finish_reason


def _without(members: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in members.items() if key != name}


def test_what_an_answer_continues_is_read_as_if_it_had_been_sent() -> None:
    responses = Responses(RULES)
    greeted = responses.ask("I am Ada")
    known = responses.ask("Who?", previous_response_id=greeted.json["id"])
    third = responses.ask("And?", previous_response_id=known.json["id"])

    assert [answered.call.rule for answered in (greeted, known, third)] == [
        "greeted",
        "known",
        "third",
    ]
    assert known.call.text == "Ada again"
    assert {answered.call.conversation for answered in (greeted, known, third)} == {
        greeted.call.conversation
    }


def test_what_no_rule_answers_names_the_nearest() -> None:
    responses = Responses(
        'strict: true\nrules: [{name: bells, when: {last_user: bell}, reply: "Ding."}]'
    )
    refused = responses.ask("Hi")

    assert (refused.status, refused.call.is_unmatched) == (404, True)
    assert "'bells': last_user is 'Hi'" in refused.error["message"]


# --- Time and limits ----------------------------------------------------------------------------

THINKS = """
rules:
  - latency: {ttft_ms: 100, per_token_ms: 10}
    reply:
      kind: items
      items: [{reasoning: {tokens: 64}}, {text: "One two three."}]
"""


def test_a_stream_opens_at_once_and_thinks_before_it_speaks() -> None:
    answered = Responses(THINKS).ask(model="gpt-5-mini", stream=True)
    at_ms = 0.0
    spoken: dict[str, int] = {}
    for event in answered.timeline:
        if isinstance(event, Pause):
            at_ms += event.seconds * 1_000
        elif isinstance(event, Data):
            name = event.payload.partition(b"\n")[0].decode().rpartition(".")[2]
            spoken.setdefault(name, round(at_ms))

    assert (spoken["created"], spoken["in_progress"]) == (0, 0)
    assert spoken["delta"] == 100 + 64 * 10
    assert answered.call.planned_ttft_ms == 100


@pytest.mark.parametrize("stream", [False, True], ids=["body", "stream"])
def test_it_takes_as_long_whole_as_streamed(*, stream: bool) -> None:
    answered = Responses(THINKS).ask(model="gpt-5-mini", stream=stream)

    assert duration_s(answered.timeline) == pytest.approx(0.1 + (64 + 4 - 1) * 0.01)


@pytest.mark.parametrize("stream", [False, True], ids=["body", "stream"])
def test_limits_are_stated_and_kept(*, stream: bool) -> None:
    responses = Responses("limits: {gpt-4o-mini: {requests_per_minute: 1}}\nrules: [{reply: Hi}]")
    first, second = responses.ask(stream=stream), responses.ask(stream=stream)

    assert first.headers["x-ratelimit-limit-requests"] == "1"
    assert first.headers["x-ratelimit-remaining-requests"] == "0"
    assert (second.status, second.error["code"]) == (429, "rate_limit_exceeded")
    assert second.headers["retry-after"]


def test_a_request_is_charged_as_the_chat_of_the_same_texts() -> None:
    scenario = "limits: {gpt-4o-mini: {tokens_per_minute: 5000}}\nrules: [{reply: Hi}]"
    said = "word " * 400
    chat = Api(scenario).chat(said)
    response = Responses(scenario).ask(said)
    left = "x-ratelimit-remaining-tokens"

    assert response.headers[left] == chat.headers[left] != "5000"


# --- Verdicts -----------------------------------------------------------------------------------

HALF = 'rules: [{{reply: "One two three four five six.", times: 1, fail: {}}}, {{reply: "Yes."}}]'
CUTS = [
    "{kind: truncate, after_tokens: 3}",
    "{kind: disconnect, after_tokens: 3}",
    "{kind: omit, parts: completed}",
    "{kind: inject, what: error_event, after_tokens: 3}",
]


@pytest.mark.parametrize("fail", CUTS)
def test_who_goes_on_from_a_stream_that_never_completed_is_found_out(fail: str) -> None:
    responses = Responses(HALF.format(fail))
    created = events(responses.ask(stream=True))[0]["response"]["id"]
    responses.ask("And?", previous_response_id=created)

    assert "truncated_stream_accepted" in responses.verdicts


def test_who_sends_half_a_stream_back_is_found_out() -> None:
    responses = Responses(HALF.format(CUTS[0]))
    said = "".join(event.get("delta", "") for event in events(responses.ask(stream=True)))
    half = {"role": "assistant", "content": said}
    responses.ask([{"role": "user", "content": "Go"}, half, {"role": "user", "content": "And?"}])

    assert "truncated_stream_accepted" in responses.verdicts


@pytest.mark.parametrize(
    "fail",
    [
        "{kind: drip, bytes: 9, every_ms: 1}",
        "{kind: stall, after_tokens: 2, for_s: 1}",
        "{kind: inject, what: comment}",
        "{kind: omit, parts: usage}",
        "{kind: reframe, newline: crlf}",
        "{kind: encode, as: gzip, how: whole}",
        "{kind: stale_connection}",
    ],
)
def test_who_goes_on_from_a_whole_answer_is_not(fail: str) -> None:
    responses = Responses(HALF.format(fail))
    first = responses.ask(stream=True)
    assert first.call.failures
    responses.ask("And?", previous_response_id=first.call.answer_id)

    assert responses.verdicts == []


CALLS = """
rules:
  - {name: rung, when: {after_tool: {present: true}}, reply: "Done."}
  - {name: call, reply: {kind: tool_calls, calls: [{name: NAME, arguments: ARGUMENTS}]}}
"""


def called(name: str, arguments: str) -> tuple[Responses, Answered]:
    responses = Responses(CALLS.replace("NAME", name).replace("ARGUMENTS", arguments))
    return responses, responses.ask(tools=[tool()])


@pytest.mark.parametrize("by_id", [True, False], ids=["continued by id", "with its history"])
@pytest.mark.parametrize(
    ("name", "arguments", "verdicts"),
    [
        pytest.param("ring", "{}", [], id="as it should be"),
        pytest.param("nobody", "{}", ["unknown_tool_executed"], id="a tool that was not offered"),
        pytest.param("ring", '"{not"', ["invalid_arguments_executed"], id="arguments not in JSON"),
    ],
)
def test_what_a_client_runs_is_judged_by_the_history_it_continues(
    name: str, arguments: str, verdicts: list[str], *, by_id: bool
) -> None:
    responses, asked = called(name, arguments)
    (call,) = asked.json["output"]
    result = output(call, "ding")
    if by_id:
        responses.ask([result], tools=[tool()], previous_response_id=asked.json["id"])
    else:
        history = [{"role": "user", "content": "Go"}, call, result]
        responses.ask(history, tools=[tool()])

    assert responses.verdicts == verdicts


@pytest.mark.parametrize("by_id", [True, False], ids=["continued by id", "with its history"])
def test_an_output_that_is_missing_is_refused_and_judged(*, by_id: bool) -> None:
    responses, asked = called("ring", "{}")
    (call,) = asked.json["output"]
    question = {"role": "user", "content": "And?"}
    if by_id:
        refused = responses.ask([question], previous_response_id=asked.json["id"])
    else:
        refused = responses.ask([{"role": "user", "content": "Go"}, call, question])

    assert refused.error["message"] == f"No tool output found for function call {call['call_id']}."
    assert "tool_call_not_answered" in responses.verdicts


def test_two_results_of_one_call_are_a_side_effect_twice() -> None:
    responses, asked = called("ring", "{}")
    for result in ("ding", "dong"):
        item = output(asked.json["output"][0], result)
        responses.ask([item], tools=[tool()], previous_response_id=asked.json["id"])

    assert responses.verdicts == ["duplicate_side_effect"]


def no_failure(rule: str | None, kind: str) -> None:
    del rule, kind


def test_what_is_recorded_answers_the_same_again() -> None:
    scenario = """
        rules:
          - {name: done, when: {after_tool: {all: [ring, write]}}, reply: "Done."}
          - name: call
            reply:
              kind: items
              items:
                - {text: "Well:"}
                - {call: {name: ring}}
                - {custom_call: {name: write, input: "x = 1"}}
    """
    tools = [tool(), {"type": "custom", "name": "write"}]

    def run(responses: Responses) -> list[Any]:
        asked = responses.ask("Go on", tools=tools)
        calls = [item for item in asked.json["output"] if "call_id" in item]
        results = [
            {"type": f"{call['type']}_output", "call_id": call["call_id"], "output": "ding"}
            for call in calls
        ]
        told = responses.ask(results, tools=tools, previous_response_id=asked.json["id"])
        made = [(one.name, one.arguments, one.is_custom) for one in asked.call.tool_calls]
        return [asked.call.text, made, told.call.text]

    first = Responses(scenario)
    expected = run(first)
    text = recorded(first.api.engine.session("default").journal, no_failure)

    assert (
        run(Responses(text.removeprefix("version: 1\n")))
        == expected
        == [
            "Well:",
            [("ring", "{}", False), ("write", "x = 1", True)],
            "Done.",
        ]
    )


def test_an_agent_that_never_ends_is_stopped() -> None:
    responses = Responses(
        "strict: true\nrules: [{reply: {kind: tool_calls, calls: [{name: ring}]}}]"
    )
    asked = responses.ask(tools=[tool()])
    for _ in range(30):
        if asked.status != 200:
            break
        results = [output(call, "ding") for call in asked.json["output"]]
        asked = responses.ask(results, tools=[tool()], previous_response_id=asked.json["id"])

    assert (asked.status, asked.error["code"]) == (404, "agent_loop")


def test_calls_and_json_that_do_not_fit_the_request_are_noted() -> None:
    form: Any = {"type": "json_schema", "name": "n", "strict": True, "schema": PARAMETERS}
    _, unoffered = called("nobody", "{}")
    off = Responses("rules: [{reply: {kind: json, value: {a: 1}}}]").ask(text={"format": form})

    assert unoffered.call.unoffered
    assert off.call.off_schema
