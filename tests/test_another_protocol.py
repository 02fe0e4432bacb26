"""A whole small protocol that another distribution adds, and all that acts on it by itself.

What it adds is `tests/distributions/echo_items.py`; nothing else of this package knows of it.
"""

import json
import re
from dataclasses import replace
from typing import Any

import pytest
from distributions.echo_items import EchoItems, Interleaved
from support.inprocess import Answered, Api

from mockserver.errors import ScenarioError
from mockserver.failures.omit import MARKED
from mockserver.plugins import Plugins
from mockserver.records.verdicts import judge
from mockserver.wire.timeline import Data, Pause, duration_s

INSTALLED = Plugins.installed()
PLUGINS = replace(
    INSTALLED,
    endpoints={**INSTALLED.endpoints, EchoItems.kind: EchoItems},
    replies={**INSTALLED.replies, Interleaved.kind: Interleaved},
)
SAID = "One two three four five six."
CALL = """{kind: tool_calls, text: "Well:", calls: [{name: ring, arguments: {bell: 3}}]}"""


class Echo:
    """The protocol's API; *scenario* is what a file says below its version."""

    def __init__(self, scenario: str = "", **options: Any) -> None:
        self.api = Api(scenario, plugins=PLUGINS, **options)

    def ask(self, *items: Any, path: str = "/v1/echo-items", **members: Any) -> Answered:
        body = {"model": "gpt-4o-mini", "items": items, **members}
        return self.api.post(path, body)


def events(answered: Answered) -> list[tuple[str, Any]]:
    """Return the names of the events, and their JSON."""
    found = answered.body.decode().split("\n\n")
    assert found.pop() == ""
    pairs = (re.fullmatch(r"event: (\w+)\ndata: (.*)", event) for event in found)
    return [(pair[1], json.loads(pair[2])) for pair in pairs if pair is not None]


def said(answered: Answered) -> str:
    return "".join(value.get("say", "") for _, value in events(answered))


# --- An answer -------------------------------------------------------------------------------


def test_it_answers_sensibly_by_itself_in_its_own_form_at_its_own_price() -> None:
    answered = Echo().ask("Hello", "there")

    assert re.fullmatch(r"echo-[A-Za-z0-9]{12}", answered.json["id"])
    assert answered.json == {
        "id": answered.json["id"],
        "items": [{"say": "A mock answer to: there"}],
        "ended": "stop",
        "cost": {"in": 20, "out": 6},
    }
    call = answered.call
    assert (call.endpoint, call.provider, call.model) == ("echo.items", "openai", "gpt-4o-mini")
    assert (call.text, call.finish_reason) == ("A mock answer to: there", "stop")
    assert call.usage is not None
    assert (call.usage.prompt_tokens, call.usage.completion_tokens) == (20, 6)
    assert call.usage.exact
    assert answered.headers["x-mockserver-usage"] == "exact"


def test_a_stream_has_named_events_and_nothing_at_its_end() -> None:
    answered = Echo(f'rules: [{{reply: "{SAID}"}}]').ask("Go", stream=True)
    names = [name for name, _ in events(answered)]

    assert names == ["begun", *["item"] * 7, "ended", "cost"]
    assert said(answered) == SAID
    assert b"DONE" not in answered.body
    assert events(answered)[-1][1] == {"cost": {"in": 10, "out": 7}}
    assert sum(event.tokens for event in answered.timeline if isinstance(event, Data)) == 7


@pytest.mark.parametrize("stream", [False, True])
def test_what_is_interleaved_comes_in_its_order(*, stream: bool) -> None:
    answered = Echo("rules: [{reply: {kind: interleaved, name: ring}}]").ask("Go", stream=stream)
    items = [value for name, value in events(answered) if name == "item"] if stream else []
    members = [next(iter(item)) for item in items or answered.json["items"]]

    assert list(dict.fromkeys(members)) == (
        ["say", "call", "as", "with"] if stream else ["say", "call"]
    )
    assert members[-1] == "say"
    (made,) = answered.call.tool_calls
    assert (made.name, made.arguments) == ("ring", '{"now":true}')
    assert made.id is not None
    assert made.id in answered.body.decode()


@pytest.mark.parametrize("stream", [False, True], ids=["body", "stream"])
@pytest.mark.parametrize("provider", sorted(EchoItems.dialects))
def test_every_provider_that_has_it_leaves_it_as_it_is(provider: str, *, stream: bool) -> None:
    echo = Echo(f'rules: [{{reply: "{SAID}"}}]\nmodels: any')
    below = {"azure": "/openai/v1", "openai": "/v1", "openrouter": "/api/v1"}
    answered = echo.ask(
        "Hi", path=f"{below.get(provider, f'/{provider}/v1')}/echo-items", stream=stream
    )

    assert (answered.status, answered.call.provider) == (200, provider)
    told = events(answered)[0][1] if stream else answered.json
    assert re.fullmatch(r"echo-[A-Za-z0-9]{12}", told["id"])
    assert told.keys() == ({"id"} if stream else {"id", "items", "ended", "cost"})


def test_a_provider_that_does_not_have_it_knows_no_such_path() -> None:
    assert Echo().ask("Hi", path="/cometapi/v1/echo-items").call.endpoint is None


def test_the_same_request_gets_the_same_answer_but_for_its_ids() -> None:
    echo = Echo(f"rules: [{{reply: {CALL}}}]")
    one, other = echo.ask("Go"), echo.ask("Go")
    ids = [(call.json.pop("id"), call.call.tool_calls[0].id) for call in (one, other)]

    assert ids[0][0] != ids[1][0]
    assert ids[0][1] != ids[1][1]
    assert one.json["items"][0] == other.json["items"][0]


def test_it_refuses_in_its_own_words() -> None:
    echo = Echo('rules: [{reply: "Never."}]')
    refused = echo.ask("Hi", model="nobody")

    assert (refused.status, refused.error["code"]) == (404, "no_such_voice")
    assert refused.call.rule is None


# --- Scripted --------------------------------------------------------------------------------


def test_a_scenario_scripts_it_by_the_words_of_any_protocol() -> None:
    echo = Echo("""
        rules:
          - name: loud
            when: {endpoint: echo.items, request: {loud: true}}
            reply: {kind: template, text: "HEY {{ request.items[0] }} {{ captured.n }}"}
          - name: asked
            when: {last_user: {contains: bell}, tools: ring, turn: 0, stream: false}
            capture: {n: {last_user: {regex: "[0-9]+"}}}
            set: {asked: true}
            reply: {kind: tool_calls, calls: [{name: ring, arguments: {times: 3}}]}
          - name: rung
            when: {after_tool: {name: ring, result: {contains: ding}}, state: {asked: true}}
            reply: "It rang."
    """)

    asked = echo.ask("The bell, 3 times", may_call=["ring"])
    (item,) = asked.json["items"]
    made = {"called": item["call"], "as": item["as"], "with": item["with"]}
    rung = echo.ask("The bell, 3 times", made, {"returned": "ding", "as": item["as"]})
    loud = echo.ask("The bell, 3 times", loud=True)

    assert [answered.call.rule for answered in (asked, rung, loud)] == ["asked", "rung", "loud"]
    assert (asked.json["ended"], item["call"], item["with"]) == (
        "tool_calls",
        "ring",
        '{"times":3}',
    )
    assert asked.json["cost"]["out"] > 5
    assert rung.json["items"] == [{"say": "It rang."}]
    assert loud.json["items"] == [{"say": "HEY The bell, 3 times 3"}]


def test_what_no_rule_answers_is_told_by_its_nearest_rule() -> None:
    echo = Echo("""
        strict: true
        rules: [{name: bells, when: {last_user: bell}, reply: "Ding."}]
    """)
    refused = echo.ask("Hi")

    assert (refused.status, refused.call.is_unmatched) == (404, True)
    assert "'bells': last_user is 'Hi'" in refused.error["message"]


def test_a_limit_of_tokens_cuts_it_and_is_what_it_costs() -> None:
    answered = Echo(f'rules: [{{reply: "{SAID}"}}]').ask("Go", most=3)

    assert answered.json["items"] == [{"say": "One two three"}]
    assert (answered.json["ended"], answered.json["cost"]["out"]) == ("length", 3)


def test_an_answer_takes_its_time_token_by_token() -> None:
    scenario = f"""rules: [{{latency: {{ttft_ms: 100, per_token_ms: 10}}, reply: "{SAID}"}}]"""
    answered = Echo(scenario).ask("Go", stream=True)

    assert duration_s(answered.timeline) == pytest.approx(0.1 + 6 * 0.01)
    assert len([event for event in answered.timeline if isinstance(event, Pause)]) == 7
    assert answered.call.planned_ttft_ms == 100


def test_limits_are_charged_as_the_protocol_counts() -> None:
    echo = Echo('limits: {"*": {tokens_per_minute: 300}}')

    assert [echo.ask("a", "b").status, echo.ask("a").status, echo.ask("a").status] == [
        200,
        200,
        429,
    ]
    assert echo.ask("c").call.rule is None


# --- What it keeps ---------------------------------------------------------------------------


def test_a_request_continues_what_was_kept() -> None:
    echo = Echo("""
        rules:
          - {name: again, when: {turn: 1, first_user: One}, reply: "Two."}
          - {name: first, reply: "One, then."}
    """)

    kept = echo.ask("One", keep=True).json["id"]
    further = echo.ask("Go on", after=kept)

    assert further.call.rule == "again"
    assert further.json["cost"]["in"] == 30
    assert further.call.conversation == echo.ask("One").call.conversation


def test_s8_what_continues_an_answer_is_created_so_much_later_as_time_has_passed() -> None:
    now_s = 0.0
    echo = Echo(time_source=lambda: now_s)
    stored = echo.api.engine.session("default").stored

    first = echo.ask("One", keep=True).json["id"]
    now_s = 40.0
    second = echo.ask("Go on", after=first, keep=True).json["id"]
    now_s = 100.0
    third = echo.ask("Go on", after=second, keep=True).json["id"]
    created = [kept.created for one in (first, second, third) if (kept := stored.get(one))]

    assert [moment - created[0] for moment in created] == [0, 40, 100]


def test_what_was_not_kept_is_not_continued() -> None:
    echo = Echo()
    forgotten = echo.ask("One").json["id"]
    refused = echo.ask("Go on", after=forgotten)

    assert refused.status == 404
    assert forgotten in refused.error["message"]


def test_what_continues_something_is_read_anew_each_time() -> None:
    echo = Echo()
    kept = echo.ask("One", keep=True).json["id"]
    answers = [echo.ask("Go on", after=kept).status for _ in range(4)]
    echo.api.engine.session("default").stored.remove(kept)

    assert answers == [200] * 4
    assert echo.ask("Go on", after=kept).status == 404


# --- The client ------------------------------------------------------------------------------


def test_clients_are_judged_by_what_they_hand_back() -> None:
    echo = Echo(f"rules: [{{reply: {CALL}}}]")
    made = {"called": "whistle", "as": "1"}

    echo.ask("Hi", made, "And?", may_call=["ring"])
    echo.ask("Ho", made, {"returned": "heard", "as": "1"}, may_call=["ring"])
    verdicts = judge(echo.api.engine.session("default").journal)

    assert [verdict.kind for verdict in verdicts] == [
        "tool_call_not_answered",
        "unknown_tool_executed",
    ]


def test_a_client_that_takes_half_an_answer_is_found_out() -> None:
    echo = Echo(f'rules: [{{reply: "{SAID}", fail: {{kind: truncate, after_tokens: 3}}}}]')

    half = said(echo.ask("Go", stream=True))
    echo.ask("Go", {"said": half}, "And?")
    verdicts = judge(echo.api.engine.session("default").journal)

    assert "truncated_stream_accepted" in [verdict.kind for verdict in verdicts]


# --- Failures --------------------------------------------------------------------------------

EVENTS = "it is of streams"
FAILURES: dict[str, tuple[str, str, str]] = {
    "bad_arguments": ("bad_arguments", "", ""),
    "bad_chunk": ("bad_chunk", "", ""),
    "bad_status_line": ("bad_status_line", "", ""),
    "content_filter": ("content_filter", "", ""),
    "disconnect": ("{kind: disconnect, after_tokens: 2}", "", ""),
    "drip": ("{kind: drip, bytes: 5, every_ms: 10}", "", ""),
    "empty": ("empty", "", ""),
    "encode": ("{kind: encode, as: gzip, how: plain}", "", ""),
    "gateway_page": ("gateway_page", "", ""),
    "http_error": ("503", "", ""),
    "inject": ("{kind: inject, what: error_event}", EVENTS, ""),
    "omit": ("{kind: omit, parts: [finish_reason]}", "", ""),
    "overloaded": ("overloaded", "", ""),
    "patch": ("{kind: patch, set: {new: 1}}", "", ""),
    "quota": ("quota", "", ""),
    "rate_limit": ("rate_limit", "", ""),
    "reframe": ("{kind: reframe, newline: crlf}", EVENTS, ""),
    "reorder": ("reorder", EVENTS, ""),
    "repeat": ("{kind: repeat, times: 1}", "", ""),
    "running_usage": ("running_usage", EVENTS, "no event of it has a frame"),
    "schema_violation": ("schema_violation", "", ""),
    "short_body": ("short_body", "", ""),
    "stale_connection": ("stale_connection", "", ""),
    "stall": ("{kind: stall, after_tokens: 2, for_s: 5}", "", ""),
    "truncate": ("truncate", "", ""),
    "unknown_tool": ("unknown_tool", "", ""),
    "wrong_type": ("{kind: wrong_type, content_type: text/plain}", "", ""),
}
"""Each kind, and why it has no effect on a body or on a stream, where it has none."""


def test_every_kind_of_failure_is_tried() -> None:
    assert FAILURES.keys() == INSTALLED.failures.keys()


@pytest.mark.parametrize("stream", [False, True], ids=["body", "stream"])
@pytest.mark.parametrize("kind", FAILURES)
def test_every_failure_that_makes_sense_strikes(kind: str, *, stream: bool) -> None:
    fail, *without_effect = FAILURES[kind]
    answered = Echo(f"rules: [{{reply: {CALL}, fail: {fail}}}]").ask("Go", stream=stream)

    struck = (answered.call.failures, answered.call.no_effect)
    assert struck == (((), (kind,)) if without_effect[stream] else ((kind,), ()))


@pytest.mark.parametrize(
    ("part", "gone"),
    [
        ("finish_reason", {"ended"}),
        ("usage", {"cost"}),
        ("role", {"begun"}),
    ],
)
def test_what_is_left_out_of_a_stream_is_its_whole_event(part: str, gone: set[str]) -> None:
    whole = Echo(f'rules: [{{reply: "{SAID}"}}]').ask("Go", stream=True)
    omitted = Echo(f'rules: [{{reply: "{SAID}", fail: {{kind: omit, parts: [{part}]}}}}]').ask(
        "Go", stream=True
    )

    assert part in MARKED
    left = [name for name, value in events(omitted) if value]
    assert left == [name for name, _ in events(whole) if name not in gone]


def test_what_is_injected_is_of_the_protocol() -> None:
    scenario = 'rules: [{{reply: "{}", fail: {{kind: inject, what: {}, after_tokens: 3}}}}]'

    twice = Echo(scenario.format(SAID, "duplicate")).ask("Go", stream=True)
    summed = Echo(scenario.format(SAID, "cumulative")).ask("Go", stream=True)

    assert said(twice) == "One two three three four five six."
    assert events(summed)[4] == ("item", {"say": "One two three"})


def test_a_word_that_the_protocol_has_nothing_of_has_no_effect() -> None:
    scenario = f'rules: [{{reply: "{SAID}", fail: {{kind: omit, parts: [done]}}}}]'

    assert Echo(scenario).ask("Go", stream=True).call.no_effect == ("omit",)


def test_its_replies_are_read_from_scenarios_as_strictly_as_ours() -> None:
    with pytest.raises(ScenarioError, match="missing key 'name' in reply kind"):
        Echo("rules: [{reply: {kind: interleaved}}]")
