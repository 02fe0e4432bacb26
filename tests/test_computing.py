"""Endpoints where something is computed, which another distribution adds.

What it adds is `tests/distributions/measures.py`; nothing else of this package knows of it.
"""

from dataclasses import replace
from typing import Any, ClassVar

import pytest
from distributions.measures import Measure, Measures
from support.inprocess import Answered, Api

from mockserver.engine.engine import Engine
from mockserver.errors import MockServerError, ScenarioError
from mockserver.plugins import Plugins
from mockserver.scenario.loader import ScenarioText, check
from mockserver.scenario.schema import Scenario
from mockserver.sessions.options import Options
from mockserver.wire.timeline import duration_s

INSTALLED = Plugins.installed()
PLUGINS = replace(
    INSTALLED,
    endpoints={**INSTALLED.endpoints, Measures.kind: Measures},
    replies={**INSTALLED.replies, Measure.kind: Measure},
)


class Measured:
    """The endpoint's API; *scenario* is what a file says below its version."""

    def __init__(self, scenario: str = "", **options: Any) -> None:
        self.api = Api(scenario, plugins=PLUGINS, **options)

    def ask(self, *texts: str, **members: Any) -> Answered:
        return self.api.post("/v1/measures", {"model": "gpt-4o-mini", "texts": texts, **members})


def test_it_computes_by_itself_and_bills_what_it_was_given() -> None:
    answered = Measured().ask("a", "three words here")

    assert answered.json == {"measures": [1, 16], "cost": 4}
    call = answered.call
    assert (call.endpoint, call.text, call.finish_reason) == ("measures", None, None)
    assert call.usage is not None
    assert (call.usage.prompt_tokens, call.usage.completion_tokens, call.usage.exact) == (
        4,
        0,
        False,
    )
    assert call.notes == ()


def test_a_scenario_scripts_what_is_computed() -> None:
    measured = Measured("""
        rules:
          - name: long
            when: {request: {long: true}}
            reply: {kind: measure, length: 99}
            times: 1
          - {name: chat, reply: "Never here."}
          - name: bill
            when: {model: "gpt-4o*"}
            reply: {kind: measure, usage: {prompt_tokens: 7}}
    """)

    asked = [measured.ask("abc", long=True), measured.ask("abc", long=True)]

    assert [answered.json for answered in asked] == [
        {"measures": [99], "cost": 1},
        {"measures": [3], "cost": 7},
    ]
    assert [answered.call.rule for answered in asked] == ["long", "bill"]
    assert measured.api.chat().call.rule == "chat"


def test_a_rule_is_about_what_its_reply_can_answer_and_a_failure_about_all() -> None:
    measured = Measured("""
        rules:
          - {name: down, fail: {kind: http_error, status: 503, calls: [1, 2]}}
          - {name: slow, latency: {ttft_ms: 250}}
          - {name: said, reply: "Hello."}
          - {name: measured, reply: {kind: measure}}
          - {name: scripted, replies: [{kind: measure, length: 5}]}
    """)

    failed = [measured.ask("a"), measured.api.chat()]
    answered = [measured.ask("a"), measured.api.chat()]

    assert [answer.status for answer in failed] == [503, 503]
    assert [answer.call.rule for answer in answered] == ["measured", "said"]
    assert [round(duration_s(answer.timeline), 3) for answer in answered] == [0.25, 0.25]


def test_limits_sessions_and_strictness_hold_for_it() -> None:
    measured = Measured(
        """
        limits: {"*": {requests_per_minute: 2}}
        rules: [{name: said, reply: "Hello."}]
        """,
        options=Options(strict=True),
    )

    refused = measured.ask("a")
    limited = [measured.ask("b").status, measured.ask("c").status]

    assert (refused.status, refused.call.is_unmatched) == (404, True)
    assert (
        "'said': its reply ('text') cannot answer the endpoint 'measures'"
        in (refused.error["message"])
    )
    assert limited == [404, 429]


@pytest.mark.parametrize(
    ("fail", "strikes"),
    [
        ("429", True),
        ("{kind: omit, parts: [usage]}", True),
        ("{kind: disconnect, after_bytes: 5}", True),
        ("{kind: stall, at: after_headers, for_s: 3}", True),
        ("{kind: encode, as: gzip, how: plain}", True),
        ("{kind: wrong_type, content_type: text/html}", True),
        ("empty", False),
        ("bad_arguments", False),
        ("{kind: inject, what: comment}", False),
    ],
)
def test_failures_strike_where_there_is_something_to_strike(fail: str, *, strikes: bool) -> None:
    answered = Measured(f"rules: [{{reply: {{kind: measure}}, fail: {fail}}}]").ask("a")

    assert bool(answered.call.failures) == strikes
    assert bool(answered.call.no_effect) != strikes


def test_a_template_sees_each_input() -> None:
    measured = Measured("""
        rules:
          - reply: {kind: measure, template: true, headers: {x-first: "{{ request.texts[0] }}"}}
    """)

    assert measured.ask("ab", "c").headers["x-first"] == "ab"


@pytest.mark.parametrize(
    ("rule", "problem"),
    [
        (
            "{when: {endpoint: measures}, reply: Hello}",
            "'text' cannot answer the endpoint 'measures'",
        ),
        (
            "{when: {endpoint: chat.completions}, reply: {kind: measure}}",
            "'measure' cannot answer the endpoint 'chat.completions'",
        ),
        (
            "{replies: [{kind: measure}, Hello]}",
            "no endpoint takes replies of all these kinds: 'measure' and 'text'",
        ),
        (
            "{when: {endpoint: models}, reply: {kind: measure}}",
            "the endpoint only looks things up: 'reply' is never used",
        ),
    ],
)
def test_a_reply_that_is_never_given_is_refused(rule: str, problem: str) -> None:
    with pytest.raises(ScenarioError) as refused:
        Measured(f"rules: [{rule}]")

    assert problem in str(refused.value)


def test_what_could_answer_instead_is_named() -> None:
    with pytest.raises(ScenarioError, match="'measure' can"):
        Measured("rules: [{when: {endpoint: measures}, reply: Hello}]")


def test_rules_for_generating_and_for_computing_do_not_hide_each_other() -> None:
    text = """version: 1
rules:
  - {name: said, reply: Hello}
  - {name: measured, reply: {kind: measure}}
  - {name: again, reply: {kind: measure, length: 3}}
  - {name: never, reply: Ho}
"""
    told = [problem.what for problem in check([ScenarioText(text)], PLUGINS)]

    assert told == [
        "rule 'again' is never reached: 'measured' (line 4) already answers every request",
        "rule 'never' is never reached: 'said' (line 3) already answers every request",
    ]


class Unanswered(Measures):
    """An endpoint that names a reply that nobody has."""

    kind = "unanswered"
    routes: ClassVar[tuple[tuple[str, str], ...]] = (("POST", "/unanswered"),)
    default_reply = "nothing"


class Misanswered(Unanswered):
    """An endpoint that names a reply for texts."""

    kind = "misanswered"
    default_reply = "auto"


@pytest.mark.parametrize(
    ("endpoint", "problem"), [(Unanswered, "not installed"), (Misanswered, "cannot answer it")]
)
def test_an_endpoint_that_nothing_answers_by_itself_is_told_at_the_start(
    endpoint: type[Measures], problem: str
) -> None:
    broken = replace(PLUGINS, endpoints={endpoint.kind: endpoint})

    with pytest.raises(MockServerError, match=problem):
        Engine(Scenario(), broken, lambda: 0.0)
