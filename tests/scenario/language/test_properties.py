"""Random scenarios and random calls: what holds of every reading of rules.

An oracle reads the rules as the language tells it, slowly and in plain words; the server must
agree with it.
"""

import json
from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch

from hypothesis import given, settings
from hypothesis import strategies as st
from saying import assistant, user
from support.inprocess import Api

from mockserver.conversation import IncomingCall, ModelRequest, Text, Turn
from mockserver.models import family_of
from mockserver.scenario.conditions import sieve
from mockserver.scenario.loader import ScenarioText, load_scenario
from mockserver.seeding import Draw
from mockserver.sessions.rules import Given, Unanswered
from mockserver.templates.expansion import Scope, TemplateError, template
from mockserver.wire.http_request import HttpRequest

MODELS = ["gpt-4o", "gpt-4o-mini", "o3"]
SAID = ["a", "b", "ab"]
KEYS = ["sk-1", "sk-2"]


@dataclass(frozen=True)
class Asked:
    """A call, as the oracle sees it."""

    model: str
    said: str
    turn: int
    key: str
    refused: bool = False
    lookup: bool = False


calls = st.builds(
    Asked,
    model=st.sampled_from(MODELS),
    said=st.sampled_from(SAID),
    turn=st.integers(0, 2),
    key=st.sampled_from(KEYS),
    refused=st.sampled_from([False] * 6 + [True]),
    lookup=st.sampled_from([False] * 9 + [True]),
)


@st.composite
def whens(draw: st.DrawFn) -> dict[str, Any]:
    when: dict[str, Any] = {}
    if draw(st.booleans()):
        when["model"] = draw(st.sampled_from([*MODELS, "gpt-4*", ["o3", "gpt-4o"]]))
    if draw(st.booleans()):
        when["first_user"] = draw(st.sampled_from([*SAID, {"contains": "a"}, {"not": "a"}]))
    if draw(st.sampled_from([True, False, False])):
        when["turn"] = draw(st.sampled_from([0, 1, {"at_least": 1}]))
    if draw(st.sampled_from([True, False, False])):
        when["call"] = draw(st.sampled_from([1, 2, {"at_least": 2}, [1, 3]]))
    if draw(st.sampled_from([True, False, False])):
        when["state"] = {"step": draw(st.sampled_from(["x", "y", None]))}
    return when


@st.composite
def rules(draw: st.DrawFn) -> dict[str, Any]:
    rule: dict[str, Any] = {"when": draw(whens())} if draw(st.booleans()) else {}
    form = draw(st.sampled_from(["reply", "reply", "replies", "replies", "fail", "none"]))
    if form == "reply":
        rule["reply"] = draw(st.sampled_from(["one", "two"]))
    elif form == "replies":
        step = st.sampled_from(["s1", "s2", {"fail": 500}, {"fail": 409}])
        rule["replies"] = draw(st.lists(step, min_size=1, max_size=3))
        rule["then"] = draw(st.sampled_from(["refuse", "repeat_last", "cycle", "pass"]))
    if form == "fail" or draw(st.sampled_from([True, False, False])):
        trigger = draw(st.sampled_from([{}, {"times": 1}, {"every": 2}, {"calls": [1, 3]}]))
        rule["fail"] = {"kind": "http_error", "status": 503, **trigger}
    if draw(st.sampled_from([True, False, False])):
        rule["times"] = draw(st.integers(1, 3))
    if draw(st.sampled_from([True, False])):
        rule["set"] = {"step": draw(st.sampled_from(["x", "y", None]))}
    rule["per"] = draw(st.sampled_from(["session", "conversation", "key", "model"]))
    return rule


@dataclass
class Count:
    """The counters of one rule in one of its scopes."""

    acted: int = 0
    passed: int = 0
    given: int = 0
    reached: int = 0


@dataclass
class Oracle:
    """The semantics of the language in plain words: rules 1 to 6, as they are written."""

    rules: list[dict[str, Any]]
    state: dict[str, Any] = field(default_factory=dict[str, Any])
    counts: dict[tuple[int, str], Count] = field(default_factory=lambda: defaultdict(Count))

    def answer(self, asked: Asked) -> tuple[int | None, str | int]:
        """Return which rule answers, and its text or its status; None: none does."""
        for position, rule in enumerate(self.rules):
            outcome = self.meet(position, rule, asked)
            if outcome is not None:
                return position, outcome
        return None, "auto"

    def meet(self, position: int, rule: dict[str, Any], asked: Asked) -> str | int | None:
        when = rule.get("when", {})
        if not all(self.fits(key, test, asked) for key, test in when.items()):
            return None
        scopes = {
            "session": "",
            "conversation": asked.said,
            "key": asked.key,
            "model": asked.model,
        }
        count = self.counts[position, scopes[rule["per"]]]
        if count.acted >= rule.get("times", 99):
            return None
        count.reached += 1
        if "call" in when and not number_fits(when["call"], count.reached):
            return None
        count.passed += 1
        replies = rule.get("replies")
        if replies and count.given >= len(replies) and rule["then"] in {"refuse", "pass"}:
            return 404 if rule["then"] == "refuse" else None
        fires = "fail" in rule and trigger_fires(rule["fail"], count.passed)
        if "reply" not in rule and not replies:
            if fires or "fail" not in rule:
                self.act(rule, count)
            return 503 if fires else None
        if fires:
            return 503
        step = rule.get("reply")
        if replies:
            last = len(replies) - 1
            at = count.given % len(replies) if rule["then"] == "cycle" else min(count.given, last)
            step = replies[at]
        count.given += 1
        if isinstance(step, dict):
            count.acted += 1
            return int(step["fail"])
        self.act(rule, count)
        return str(step)

    def act(self, rule: dict[str, Any], count: Count) -> None:
        count.acted += 1
        for name, value in rule.get("set", {}).items():
            self.state.pop(name, None)
            if value is not None:
                self.state[name] = value

    def fits(self, key: str, test: Any, asked: Asked) -> bool:
        match key:
            case "model":
                wanted = test if isinstance(test, list) else [test]
                return asked.model in wanted or (
                    "gpt-4*" in wanted and asked.model.startswith("gpt-4")
                )
            case "first_user":
                if isinstance(test, dict):
                    return "a" in asked.said if "contains" in test else asked.said != test["not"]
                return bool(asked.said == test)
            case "turn":
                return number_fits(test, asked.turn)
            case "state":
                return all(self.state.get(name) == value for name, value in test.items())
            case _:
                return True


def number_fits(test: Any, number: int) -> bool:
    if isinstance(test, dict):
        return bool(number >= test["at_least"])
    return number in test if isinstance(test, list) else bool(number == test)


def trigger_fires(fail: dict[str, Any], count: int) -> bool:
    return (
        count <= fail.get("times", 99)
        and count % fail.get("every", 1) == 0
        and count in fail.get("calls", [count])
    )


def api_of(written: list[dict[str, Any]], *, many: bool = False) -> Api:
    """Return a server with the rules *written*; with *many*, it reads them as if there were."""
    if not many:
        return Api(f"rules: {json.dumps(written)}")
    with patch.object(sieve, "FEW", 0), patch.object(sieve, "AT_ONCE", 3):
        return Api(f"rules: {json.dumps(written)}")


def send(api: Api, asked: Asked) -> Any:
    if asked.lookup:
        return api.get("/v1/models", key=asked.key)
    said = [user(asked.said)]
    for _ in range(asked.turn):
        said += [assistant("x"), user("y")]
    body = {"model": asked.model, "messages": [] if asked.refused else said}
    return api.post("/v1/chat/completions", body, key=asked.key)


def moved(api: Api) -> Any:
    """Return all that reading moves."""
    reader = api.engine.session("default").reader
    counted = [
        {scope: (t.acted, t.passed, t.given, t.given_to, t.reached) for scope, t in tallies.items()}
        for _, tallies in reader.tallies()
    ]
    return counted, dict(reader.state)


@settings(max_examples=200, deadline=None)
@given(
    written=st.lists(rules(), max_size=8),
    asked=st.lists(calls, min_size=1, max_size=10),
    many=st.booleans(),
)
def test_the_first_rule_that_holds_and_can_answer_wins(
    *, written: list[dict[str, Any]], asked: list[Asked], many: bool
) -> None:
    api, oracle = api_of(written, many=many), Oracle(written)
    for one in asked:
        answered = send(api, one)
        if one.refused or one.lookup:
            assert answered.call.rule is None
            continue
        position, outcome = oracle.answer(one)
        name = None if position is None or outcome == 404 else f"rule-{position + 1}"
        assert answered.call.rule == name
        if isinstance(outcome, int):
            assert answered.status == outcome
        elif outcome != "auto":
            assert answered.text == outcome
    assert dict(api.engine.session("default").state) == oracle.state


@settings(max_examples=100, deadline=None)
@given(st.lists(rules(), max_size=5), st.lists(calls, min_size=1, max_size=6))
def test_counters_never_move_for_calls_that_are_refused_or_look_something_up(
    written: list[dict[str, Any]], asked: list[Asked]
) -> None:
    api = api_of(written)
    for one in asked:
        before = moved(api)
        send(api, one)
        if one.refused or one.lookup:
            assert moved(api) == before


def incoming(one: Asked) -> IncomingCall:
    turns = [Turn("user", (Text(one.said),))]
    for _ in range(one.turn):
        turns += [Turn("assistant", (Text("x"),)), Turn("user", (Text("y"),))]
    request = ModelRequest(
        sent={}, model=one.model, family=family_of(one.model), turns=tuple(turns)
    )
    http = HttpRequest("POST", "/v1/chat/completions", {}, b"", "")
    return IncomingCall(http, "openai", "chat.completions", one.key, one.model, request)


@settings(max_examples=150, deadline=None)
@given(st.lists(rules(), max_size=6), st.lists(calls, min_size=1, max_size=8), st.integers(0, 9))
def test_explaining_tells_what_reading_then_does_and_moves_nothing(
    written: list[dict[str, Any]], asked: list[Asked], seed: int
) -> None:
    api = api_of(written)
    reader = api.engine.session("default").reader
    for number, one in enumerate(asked, 1):
        draw = Draw(seed, one.said.encode())
        before = moved(api)
        step, readings = reader.explain(incoming(one), number, draw, 0.0)
        assert moved(api) == before

        given_to = reader.next_step(incoming(one), number, draw, 0.0)
        assert step == given_to
        assert [reading.rule for reading in readings] == list(reader.compiled.scenario.rules)
        outcomes = [reading.outcome for reading in readings]
        end = "answers" if isinstance(given_to, Given) else "spent"
        assert outcomes.count("answers") == isinstance(given_to, Given)
        if isinstance(given_to, Given) or given_to.exhausted is not None:
            last = next(
                n for n, r in enumerate(readings) if _ended(r.rule.name, given_to, r.outcome)
            )
            assert outcomes[last] == end
            assert set(outcomes[last + 1 :]) <= {"not read"}
            assert "not read" not in outcomes[:last]
        assert all(r.why for r in readings if r.outcome in {"differs", "spent"})


def _ended(name: str, step: Given | Unanswered, outcome: str) -> bool:
    if isinstance(step, Given):
        return name == step.rule and outcome == "answers"
    return name == step.exhausted and outcome == "spent"


@settings(max_examples=60, deadline=None)
@given(
    st.lists(rules(), min_size=1, max_size=4),
    st.lists(rules(), min_size=1, max_size=3),
    st.lists(calls, min_size=1, max_size=6),
    st.lists(calls, min_size=1, max_size=6),
)
def test_what_is_added_changes_nothing_of_what_was_counted(
    written: list[dict[str, Any]],
    added: list[dict[str, Any]],
    first: list[Asked],
    then: list[Asked],
) -> None:
    api, oracle = api_of(written), Oracle(written)
    for one in first:
        if not (one.refused or one.lookup):
            oracle.answer(one)
            send(api, one)
    layer = load_scenario(ScenarioText(f"version: 1\nrules: {json.dumps(added)}"))
    api.engine.session("default").add(layer)
    # Above: the new rules, with counters at nothing. Below: the old ones, as far as they had come.
    both = Oracle(added + written, oracle.state)
    for (position, scope), count in oracle.counts.items():
        both.counts[position + len(added), scope] = count
    for one in then:
        if one.refused or one.lookup:
            continue
        position, outcome = both.answer(one)
        answered = send(api, one)
        if isinstance(outcome, int):
            assert answered.status == outcome
        elif position is not None:
            assert answered.text == outcome


# --- Templates -------------------------------------------------------------------------------


@settings(max_examples=500, deadline=None)
@given(st.text(st.sampled_from("{}ab .[]()'`@|&*?,:\"\\0-\n"), max_size=30))
def test_any_text_is_a_template_or_is_refused_in_words(text: str) -> None:
    with suppress(TemplateError):
        template(text)
        assert "{{" not in text or "}}" in text


@settings(max_examples=300, deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=40))
def test_a_text_without_marks_goes_out_as_it_is(text: str) -> None:
    scope = Scope(request={}, captured={}, state={}, call=1, turn=0, draw=Draw(0, b""))
    if "{{" not in text:
        assert template(text).expand(scope.at()) == text
