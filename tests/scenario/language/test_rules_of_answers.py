"""Rules 7 to 11 of the language: what is made of an answer, how long it takes, what bends it."""

import json
from typing import Any

import pytest
from saying import INSTANT, Time, calls, result, schema, tools, user
from support.inprocess import Answered, Api

from mockserver.wire.timeline import Abort, Data, Head, Pause, duration_s

# --- Rule 7: first wins, failures add up -----------------------------------------------------


def test_rule_07_latency_is_the_first_one_read_a_steps_before_its_rules_defaults_last() -> None:
    api = Api("""
        defaults: {latency: {ttft_ms: 1}}
        rules:
          - {when: {last_user: over}, latency: {ttft_ms: 2}}
          - when: {call: {at_most: 3}}
            replies: [{reply: "of its step", latency: {ttft_ms: 3}}, "of its rule", "over"]
            latency: {ttft_ms: 4}
          - {reply: "of the defaults"}
    """)
    said = ("step", "rule", "over", "defaults")
    planned = [api.chat(text).call.planned_ttft_ms for text in said]

    assert planned == pytest.approx([3, 4, 2, 1])


def test_rule_07_failures_apply_in_the_order_read_each_on_the_result_of_the_one_before() -> None:
    api = Api("""
        rules:
          - {name: later, fail: {kind: disconnect, after_tokens: 3, how: fin}}
          - {name: sooner, fail: {kind: disconnect, after_tokens: 1, how: rst}}
          - {name: text, reply: "one two three four five"}
    """)
    answered = api.chat(stream=True)

    assert answered.call.failures == ("disconnect", "disconnect")
    assert answered.timeline[-1] == Abort("rst")
    assert b" two" not in answered.body


def test_rule_07_failures_of_a_rule_above_come_before_those_of_the_answer_and_its_step() -> None:
    api = Api("""
        rules:
          - {name: above, fail: {kind: stall, for_s: 1, at: end}}
          - name: script
            fail: {kind: stall, for_s: 2, at: end}
            replies: [{reply: "Hi", fail: {kind: stall, for_s: 3, at: end}}]
    """)
    answered = api.chat()
    waits = [event.seconds for event in answered.timeline if isinstance(event, Pause)]

    assert answered.call.failures == ("stall", "stall", "stall")
    assert sorted(waits) == [1, 2, 3]


def test_rule_07_one_that_finds_nothing_to_act_on_is_journalled_as_no_effect() -> None:
    api = Api("""
        rules: [{name: short, reply: "one two", fail: {kind: disconnect, after_tokens: 9}}]
    """)
    answered = api.chat()

    assert (answered.text, answered.call.no_effect) == ("one two", ("disconnect",))
    assert answered.call.failures == ()


def test_rule_07_one_that_a_replacing_failure_came_before_is_journalled_as_pre_empted() -> None:
    api = Api("""
        rules:
          - {name: both, reply: "Hi", fail: [503, {kind: disconnect, after_tokens: 1}]}
    """)
    call = api.chat().call

    assert (call.status, call.failures, call.pre_empted) == (503, ("http_error",), ("disconnect",))
    assert call.no_effect == ()


def test_rule_07_of_several_that_replace_the_answer_the_first_wins() -> None:
    api = Api("rules: [{name: both, fail: [{kind: http_error, status: 503, every: 2}, 500]}]")
    statuses = [api.chat().status for _ in range(4)]

    assert statuses == [500, 503, 500, 503]


# --- Rule 8: streamed or not -----------------------------------------------------------------


def test_rule_08_streamed_or_not_is_the_requests_choice() -> None:
    api = Api('rules: [{name: same, reply: "One and the same."}]')

    whole, streamed = api.chat(), api.chat(stream=True)

    assert whole.headers["content-type"] == "application/json"
    assert streamed.headers["content-type"].startswith("text/event-stream")
    assert _said(streamed) == whole.text


def test_rule_08_after_tokens_counts_the_answers_tokens_of_all_choices_as_sent() -> None:
    api = Api("""
        rules: [{name: cut, reply: "one two three", fail: {kind: disconnect, after_tokens: 4}}]
    """)
    cut = api.chat(stream=True, n=2)
    tokens = sum(event.tokens for event in cut.timeline if isinstance(event, Data))

    assert tokens == 4
    assert cut.timeline[-1] == Abort("rst")


def test_rule_08_in_a_body_it_means_the_byte_up_to_which_the_kth_token_reaches() -> None:
    api = Api("""
        rules: [{name: cut, reply: "one two three", fail: {kind: disconnect, after_tokens: 2}}]
    """)

    assert api.chat().body.endswith(b'"content": "one two')


# --- Rule 9: latency makes the timeline, then failures bend it -------------------------------


def test_rule_09_failures_bend_what_latency_has_made() -> None:
    api = Api("""
        rules:
          - name: held
            reply: "one two three"
            latency: {ttft_ms: 1000, per_token_ms: 100}
            fail: {kind: stall, after_tokens: 2, for_s: 7}
    """)
    answered = api.chat(stream=True)
    waits = [event.seconds for event in answered.timeline if isinstance(event, Pause)]

    assert waits[0] == pytest.approx(1)
    assert 7 in waits[1:]
    assert duration_s(answered.timeline) == pytest.approx(
        7 + 1 + 0.1 * (answered.call.usage.completion_tokens - 1)  # type: ignore[union-attr]
    )


def test_rule_09_a_failure_that_replaces_the_answer_takes_no_model_time_only_its_delay() -> None:
    api = Api("""
        rules:
          - {name: slow, latency: {ttft_ms: 5000}}
          - {name: down, fail: {kind: http_error, status: 503, delay_ms: 250}, reply: "never"}
    """)
    answered = api.chat()

    assert duration_s(answered.timeline) == 0.25
    assert (answered.call.planned_ms, answered.status) == (None, 503)


# --- Rule 10: request parameters act on scripted answers -------------------------------------

SCRIPT = """
    rules: [{name: answer, reply: {kind: text, text: "one two three four five six"%s}}]
"""


def test_rule_10_max_tokens_cuts_at_a_token_with_the_reason_length() -> None:
    answered = Api(SCRIPT % "").chat(max_tokens=3)

    assert (answered.text, answered.choice["finish_reason"]) == ("one two three", "length")
    assert answered.usage["completion_tokens"] == 3


def test_rule_10_stop_ends_the_answer_before_the_sequence() -> None:
    answered = Api(SCRIPT % "").chat(stop=" four")

    assert (answered.text, answered.choice["finish_reason"]) == ("one two three", "stop")


def test_rule_10_n_multiplies_it() -> None:
    texts = [c["message"]["content"] for c in Api(SCRIPT % "").chat(n=3).json["choices"]]

    assert texts == ["one two three four five six"] * 3


def test_rule_10_best_of_is_billed_and_echo_puts_the_prompt_in_front() -> None:
    api = Api(SCRIPT % "")
    one, best = api.complete("Say: "), api.complete("Say: ", best_of=3)

    assert best.usage["completion_tokens"] == 3 * one.usage["completion_tokens"]
    assert api.complete("Say: ", echo=True).text == "Say: one two three four five six"


def test_rule_10_logprobs_are_told_and_store_keeps_it() -> None:
    api = Api(SCRIPT % "")
    answered = api.chat(logprobs=True, store=True)

    assert [entry["token"] for entry in answered.choice["logprobs"]["content"]][:2] == [
        "one",
        " two",
    ]
    assert api.get(f"/v1/chat/completions/{answered.json['id']}").text == answered.text


def test_rule_10_stream_options_ask_for_the_bill() -> None:
    chunks = Api(SCRIPT % "").chat(stream=True, stream_options={"include_usage": True}).chunks

    assert chunks[-1]["usage"]["completion_tokens"] > 0


def test_rule_10_exact_leaves_it_alone() -> None:
    api = Api(SCRIPT % ", exact: true")
    chat = api.chat(max_tokens=2, stop=" four", n=3)
    legacy = api.complete("Say: ", max_tokens=2, best_of=3, echo=True)

    assert (chat.text, legacy.text) == ("one two three four five six",) * 2
    assert chat.choice["finish_reason"] == "stop"


def test_rule_10_other_parameters_shape_auto_and_json_schema() -> None:
    api = Api("""
        rules:
          - {name: by-itself, when: {last_user: auto}, reply: {kind: auto}}
          - {name: by-schema, reply: {kind: json_schema}}
    """)
    person = schema("person", age={"type": "integer"})

    for said in ("auto", "schema"):
        assert isinstance(json.loads(api.chat(said, response_format=person).text)["age"], int)
    forced = api.chat("auto", tools=tools("look_up"), tool_choice="required").choice
    assert forced["message"]["tool_calls"][0]["function"]["name"] == "look_up"


IMPLAUSIBLE: list[Any] = [
    pytest.param(
        '"No tool."',
        {"tools": tools("look_up"), "tool_choice": "required"},
        "the answer calls no tool, though the request requires one",
        id="text where a tool must be called",
    ),
    pytest.param(
        '"No tool."',
        {
            "tools": tools("look_up"),
            "tool_choice": {"type": "function", "function": {"name": "look_up"}},
        },
        "the answer calls no tool, though the request requires 'look_up'",
        id="text where this tool must be called",
    ),
    pytest.param(
        "{kind: tool_calls, calls: [{name: other}]}",
        {"tools": tools("look_up")},
        "the answer calls 'other', which the request does not offer",
        id="a tool that is not offered",
    ),
    pytest.param(
        "{kind: tool_calls, calls: [{name: look_up}]}",
        {"tools": tools("look_up"), "tool_choice": "none"},
        "the answer calls tools, though the request's tool_choice is 'none'",
        id="a tool where none may be called",
    ),
    pytest.param(
        "{kind: tool_calls, calls: [{name: other}]}",
        {
            "tools": tools("look_up", "other"),
            "tool_choice": {"type": "function", "function": {"name": "look_up"}},
        },
        "the answer calls a tool other than 'look_up', which the request requires",
        id="another tool than the forced one",
    ),
    pytest.param(
        "{kind: tool_calls, calls: [{name: look_up}, {name: look_up}]}",
        {"tools": tools("look_up"), "parallel_tool_calls": False},
        "the answer calls several tools, though parallel_tool_calls is false",
        id="several calls where one at most may be made",
    ),
    pytest.param(
        '"{not JSON"',
        {"response_format": schema("person", age={"type": "integer"})},
        "the answer is not a JSON object, though the request's response_format is 'json_schema'",
        id="text that is no JSON",
    ),
    pytest.param(
        "{kind: choices, exact: true, choices: [a, b, c]}",
        {"n": 2},
        "the answer has 3 choices, the request wants 2",
        id="more choices than asked for",
    ),
]


@pytest.mark.parametrize(("reply", "members", "note"), IMPLAUSIBLE)
def test_rule_10_what_you_wrote_goes_out_and_the_journal_notes_where_the_api_could_not(
    reply: str, members: dict[str, Any], note: str
) -> None:
    api = Api(f"rules: [{{name: written, reply: {reply}}}]")

    for _ in range(4):
        answered = api.chat("Hi JSON", **members)
        assert (answered.status, answered.call.notes) == (200, (note,))


def test_rule_10_calls_of_tools_on_the_legacy_endpoint_are_noted() -> None:
    call = (
        Api("""
        rules: [{reply: {kind: tool_calls, calls: [{name: look_up}]}}]
    """)
        .complete()
        .call
    )

    assert call.notes == (
        "the reply calls tools, which 'completions' cannot send: they are left out",
    )


@pytest.mark.parametrize(
    ("reply", "members"),
    [
        pytest.param('"Hello."', {}, id="a text"),
        pytest.param('"Hello."', {"tools": tools("look_up")}, id="a text beside tools"),
        pytest.param(
            "{kind: refusal, text: No.}",
            {"response_format": schema("p", a={"type": "string"})},
            id="a refusal instead of JSON",
        ),
        pytest.param(
            "{kind: json, value: {a: b}}",
            {"response_format": schema("p", a={"type": "string"})},
            id="JSON",
        ),
        pytest.param(
            "{kind: json, value: {a: a very long text}}",
            {"response_format": {"type": "json_object"}, "max_tokens": 3},
            id="JSON that was cut",
        ),
        pytest.param(
            "{kind: tool_calls, calls: [{name: look_up}]}",
            {"tools": tools("look_up"), "tool_choice": "required"},
            id="the tool that must be called",
        ),
        pytest.param("{kind: auto}", {"tools": tools("a"), "tool_choice": "none"}, id="auto"),
        pytest.param("{kind: choices, choices: [a, b]}", {"n": 5}, id="choices"),
    ],
)
def test_rule_10_what_the_api_could_have_said_is_not_noted(
    reply: str, members: dict[str, Any]
) -> None:
    assert Api(f"rules: [{{reply: {reply}}}]").chat("JSON", **members).call.notes == ()


def test_rule_10_what_a_failure_made_is_not_noted() -> None:
    call = (
        Api("""
        rules:
          - reply: {kind: tool_calls, calls: [{name: look_up}]}
            fail: {kind: unknown_tool, name: nonsense}
    """)
        .chat(tools=tools("look_up"))
        .call
    )

    assert (call.failures, call.notes) == (("unknown_tool",), ())


# --- Rule 11: choices ------------------------------------------------------------------------


def _texts(answered: Answered) -> list[str]:
    choices = answered.json["choices"]
    return [c["message"]["content"] if "message" in c else c["text"] for c in choices]


def test_rule_11_the_answer_has_n_choices_for_each_prompt() -> None:
    api = Api('rules: [{reply: {kind: template, text: "{{ prompt }}{{ index }}"}}]')

    assert _texts(api.complete(["a", "b"], n=2)) == ["a0", "a1", "b2", "b3"]


def test_rule_11_choice_i_takes_element_i_starting_over_when_they_are_used_up() -> None:
    api = Api("rules: [{reply: {kind: choices, choices: [a, b, c]}}]")

    assert _texts(api.chat(n=5)) == ["a", "b", "c", "a", "b"]


def test_rule_11_any_other_kind_is_given_to_each() -> None:
    assert _texts(Api("rules: [{reply: same}]").chat(n=3)) == ["same"] * 3


def test_rule_11_seeded_kinds_vary_by_index() -> None:
    api = Api("""
        rules:
          - {when: {last_user: prose}, reply: {kind: lorem, tokens: 20}}
          - {when: {last_user: people}, reply: {kind: template, text: "{{ faker.name }}"}}
          - {reply: {kind: json_schema}}
    """)
    person = schema("person", name={"type": "string"}, born={"type": "integer"})

    for said, members in (("prose", {}), ("people", {}), ("data", {"response_format": person})):
        assert len(set(_texts(api.chat(said, n=3, **members)))) == 3


def test_rule_11_with_exact_there_are_as_many_as_are_written() -> None:
    api = Api("rules: [{reply: {kind: choices, choices: [a, b], exact: true}}]")

    assert _texts(api.chat(n=5)) == _texts(api.chat()) == ["a", "b"]
    assert _texts(api.complete(["x", "y", "z"])) == ["a", "b"]


def test_rule_11_inside_choices_a_choice_takes_a_finish_reason_and_logprobs() -> None:
    api = Api("""
        rules:
          - reply:
              kind: choices
              choices: [{kind: text, text: a, finish_reason: length, logprobs: [-0.5]}, b]
    """)
    first, second = api.chat(n=2, logprobs=True).json["choices"]

    assert [first["finish_reason"], second["finish_reason"]] == ["length", "stop"]
    assert first["logprobs"]["content"][0]["logprob"] == -0.5


def test_rule_11_choices_may_hold_templates_each_with_its_own_index() -> None:
    api = Api("""
        rules:
          - reply:
              kind: choices
              choices: [{kind: template, text: "{{ index }}: {{ request.n }}"}, plain]
    """)

    assert _texts(api.chat(n=3)) == ["0: 3", "plain", "2: 3"]


def test_rule_11_a_template_may_expand_all_choices_at_once() -> None:
    api = Api("""
        rules: [{reply: {kind: choices, template: true, choices: ["{{ index }}", "b{{ index }}"]}}]
    """)

    assert _texts(api.chat(n=4)) == ["0", "b1", "2", "b3"]


def test_rule_11_a_choice_may_call_tools() -> None:
    api = Api("""
        rules:
          - when: {after_tool: look_up}
            reply: {kind: choices, choices: [yes it is, {kind: tool_calls, calls: [{name: a}]}]}
    """)
    said = [user("Hi"), calls("look_up"), result("look_up", "found")]
    choices = api.chat(said, n=2, tools=tools("a")).json["choices"]

    assert [choice["finish_reason"] for choice in choices] == ["stop", "tool_calls"]


def _said(streamed: Answered) -> str:
    deltas = [c["choices"][0]["delta"] for c in streamed.chunks if c["choices"]]
    return "".join(delta.get("content") or "" for delta in deltas)


def test_rule_09_a_stream_begins_before_its_first_token_and_a_body_when_it_is_complete() -> None:
    api = Api(
        "rules: [{reply: one two, latency: {ttft_ms: 300}}]", options=INSTANT, time_source=Time()
    )

    assert isinstance(api.chat(stream=True).timeline[0], Head)
    assert isinstance(api.chat().timeline[0], Pause)
