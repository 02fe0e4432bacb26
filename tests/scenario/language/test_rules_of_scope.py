"""Rules 12 to 16 of the language: conversations, draws, layers, time, loops."""

import random
from typing import Any

import pytest
from saying import INSTANT, STRICT, Message, Time, assistant, calls, result, scenario, system, user
from support.inprocess import Api

from mockserver.sessions.options import Options

# --- Rule 12: a conversation -----------------------------------------------------------------

SCRIPT = """
    rules:
      - {name: script, per: conversation, replies: ["one", "two", "three"], then: cycle}
"""


def test_rule_12_a_conversation_is_told_by_its_first_user_message_alone() -> None:
    api = Api(SCRIPT)
    noon = [system("It is 12:00."), user("Book a flight.")]
    later = [system("It is 12:05."), user("Book a flight."), assistant("one"), user("To Rome.")]
    other = [system("It is 12:00."), user("Book a hotel.")]

    assert [api.chat(said).text for said in (noon, later, other)] == ["one", "two", "one"]


def test_rule_12_a_legacy_one_is_told_by_its_prompt() -> None:
    api = Api(SCRIPT)
    prompts: list[Any] = ["a", "a", "b", ["a", "b"], ["a", "b"]]
    texts = [api.complete(prompt).json["choices"][0]["text"] for prompt in prompts]

    assert texts == ["one", "two", "one", "one", "two"]


def test_rule_12_per_conversation_keeps_parallel_sub_agents_apart_whatever_their_order() -> None:
    asked = [(agent, turn) for agent in range(5) for turn in range(3)]
    for seed in range(3):
        api = Api(SCRIPT)
        shuffled = random.Random(seed).sample(asked, len(asked))
        said: dict[int, list[str]] = {agent: [] for agent in range(5)}
        for agent, _ in shuffled:
            said[agent].append(api.chat(f"I am agent {agent}.").text)
        assert all(texts == ["one", "two", "three"] for texts in said.values())


def test_rule_12_state_belongs_to_the_session_and_captures_to_the_conversation() -> None:
    api = Api("""
        rules:
          - name: learns
            when: {last_user: {regex: "^I am"}}
            capture: {name: {last_user: {regex: "I am (\\\\w+)"}}}
            set: {last: {template: "{{ captured.name }}"}}
            reply: "Noted."
          - {name: tells, reply: {kind: template, text: "{{ captured.name }}, {{ state.last }}"}}
    """)

    def asks(name: str) -> str:
        said = [user(f"I am {name}"), assistant("Noted."), user("Who am I?")]
        return str(api.chat(said).text)

    api.chat("I am Ada")
    api.chat("I am Bob")

    assert [asks("Ada"), asks("Bob"), asks("Eve")] == ["Ada, Bob", "Bob, Bob", ", Bob"]


# --- Rule 13: draws --------------------------------------------------------------------------

DRAWN = """
    seed: 7
    rules:
      - {name: brown-out, fail: {kind: http_error, status: 503, probability: 0.3}}
      - {name: slow, latency: {ttft_ms: {median: 500, sigma: 0.5}, per_token_ms: 3}}
      - name: tools
        when: {last_user: {contains: tool}}
        reply: {kind: tool_calls, calls: [{name: a}, {name: b}]}
      - {name: prose, when: {last_user: {contains: prose}}, reply: {kind: lorem, tokens: 9}}
      - {name: people, reply: {kind: template, text: "{{ faker.name }}, {{ faker.email }}"}}
"""
ASKED = [f"{kind} {number}" for kind in ("tool", "prose", "people") for number in range(6)] * 3


def _drawn(api: Api, asked: list[str], session: str = "") -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {said: [] for said in asked}
    for said in asked:
        found[said].append(api.chat(said, session=session).timeline)
    return found


def test_rule_13_draws_do_not_depend_on_arrival_order() -> None:
    shuffled = random.Random(3).sample(ASKED, len(ASKED))

    assert _drawn(Api(DRAWN), shuffled) == _drawn(Api(DRAWN), ASKED)


def test_rule_13_nor_on_other_requests_nor_on_the_sessions_name() -> None:
    usual, other = _drawn(Api(DRAWN), ASKED), Api(DRAWN)
    for number in range(20):
        other.chat(f"in between {number}")

    assert _drawn(other, ASKED) == _drawn(other, ASKED, session="of-another-name") == usual


def test_rule_13_draws_depend_on_the_seed_the_path_the_body_and_how_often_it_has_come() -> None:
    def name(seed: int, said: str, times: int = 1, path: str = "/v1") -> str:
        api = Api(DRAWN, options=Options(seed=seed))
        body = {"model": "gpt-4o-mini", "messages": [user(said)]}
        answers = [api.post(f"{path}/chat/completions", body) for _ in range(times)]
        return answers[-1].headers["x-request-id"]

    usual = name(1, "Hi")
    others = [
        name(2, "Hi"),
        name(1, "Ho"),
        name(1, "Hi", times=2),
        name(1, "Hi", path="/openai/v1"),
    ]

    assert name(1, "Hi") == usual
    assert len({usual, *others}) == 5


def test_rule_13_what_depends_on_order_by_nature_is_told_apart_by_attempt() -> None:
    asked = [f"question {number}" for number in range(10)]
    by_attempt = """
        rules: [{when: {attempt: 1}, fail: 503}, {reply: "yes"}]
    """
    for seed in range(3):
        api, order = Api(by_attempt), random.Random(seed)
        twice = order.sample(asked * 2, 20)
        statuses: dict[str, list[int]] = {said: [] for said in asked}
        for said in twice:
            statuses[said].append(api.chat(said).status)
        assert all(got == [503, 200] for got in statuses.values())


# --- Rule 14: files and layers (also test_layers.py) -----------------------------------------


def test_rule_14_in_a_session_what_a_test_adds_comes_first_then_its_own_then_the_servers() -> None:
    api = Api("""
        rules:
          - {name: server-a, when: {last_user: a}, reply: "server a"}
          - {name: server-b, when: {last_user: b}, reply: "server b"}
          - {name: server-c, when: {last_user: c}, reply: "server c"}
          - {name: server-d, when: {last_user: d}, reply: "server d"}
    """)
    session = api.engine.sessions.create(
        "s",
        scenario=scenario("""
            rules:
              - {name: own-a, when: {last_user: a}, reply: "own a"}
              - {name: own-b, when: {last_user: b}, reply: "own b"}
              - {name: own-c, when: {last_user: c}, reply: "own c"}
        """),
        inherit=True,
    )
    session.add(scenario('rules: [{when: {last_user: a}, reply: "first added a"}]'))
    session.add(
        scenario("""
        rules:
          - {when: {last_user: a}, reply: "second added a"}
          - {when: {last_user: b}, reply: "second added b"}
    """)
    )
    texts = [api.chat(said, session="s").text for said in "abcd"]

    assert texts == ["first added a", "second added b", "own c", "server d"]


# --- Rule 15: time ---------------------------------------------------------------------------


def test_rule_15_a_sessions_clock_starts_at_0_with_the_session() -> None:
    time = Time()
    api = Api(time_source=time)
    api.chat(session="early")
    time.now = 90
    api.engine.sessions.create("late")

    assert api.chat(session="early").call.at_s == 90
    assert api.chat(session="late").call.at_s == 0


def test_rule_15_windows_and_limits_are_in_session_time() -> None:
    time = Time()
    api = Api(
        """
        limits: {gpt-4o-mini: {requests_per_minute: 2}}
        rules:
          - {name: down, fail: {kind: http_error, status: 503, window_s: [10, 60]}}
          - {name: up, reply: "up"}
        """,
        time_source=time,
    )
    outcomes = []
    for now, session in ((0, "a"), (9, "a"), (10, "a"), (45, "a"), (45, "b"), (104, "b")):
        time.now = now
        outcomes.append(api.chat(str(now), session=session).status)

    assert outcomes == [200, 200, 429, 503, 200, 503]


WAITING = """
    rules:
      - {name: limited, fail: {kind: rate_limit, retry_after_s: 20, times: 1, scale: %s}}
      - {name: answer, reply: "yes"}
"""


def test_rule_15_at_time_scale_0_a_client_told_to_wait_is_told_to_come_back_at_once() -> None:
    api = Api(WAITING % "true", options=INSTANT, time_source=Time())
    limited, answered = api.chat(), api.chat()

    assert limited.headers["retry-after"] == "0"
    assert limited.headers["retry-after-ms"] == "1"
    assert limited.headers["x-mockserver-retry-after-s"] == "20"
    assert (limited.call.asked_wait_s, answered.call.waited_s, answered.call.at_s) == (20, 20, 20)


def test_rule_15_scale_false_on_the_failure_sends_the_real_figure() -> None:
    limited = Api(WAITING % "false", options=INSTANT, time_source=Time()).chat()

    assert limited.headers["retry-after"] == "20"
    assert "x-mockserver-retry-after-s" not in limited.headers


def test_rule_15_in_real_time_the_figures_are_the_real_ones() -> None:
    limited = Api(WAITING % "true", time_source=Time()).chat()

    assert limited.headers["retry-after"] == "20"


# --- Rule 16: loops --------------------------------------------------------------------------

LOOPING = """
    strict: {loops: true}
    rules:
      - {name: look-again, when: {last_user: stop}, reply: "Enough."}
      - {name: searches, reply: {kind: tool_calls, calls: [{name: search}]}}
"""


def _steps(api: Api, count: int, first: str = "Find it.", start: int = 0) -> list[int]:
    """Return the statuses of *count* steps of an agent whose history grows."""
    statuses = []
    for step in range(start, start + count):
        said: list[Message] = [user(first)]
        for _ in range(step):
            said += [calls("search"), result("search", "nothing")]
        statuses.append(api.chat(said).status)
    return statuses


def test_rule_16_the_21st_answer_in_a_row_with_tool_calls_is_refused_naming_the_rule() -> None:
    api = Api(LOOPING)
    statuses = _steps(api, 20)
    refused = api.chat([user("Find it."), *[calls("search"), result("search", "no")] * 20])

    assert statuses == [200] * 20
    assert (refused.status, refused.error["code"]) == (404, "agent_loop")
    assert refused.headers["x-should-retry"] == "false"
    assert refused.error["message"] == (
        "rule 'searches' answered this conversation 20 times in a row by tool calls: is it a loop?"
    )


def test_rule_16_the_same_request_over_and_over_is_a_loop_too() -> None:
    api = Api(LOOPING)

    assert [api.chat("Find it.").status for _ in range(21)] == [200] * 20 + [404]


def test_rule_16_each_conversation_is_counted_by_itself() -> None:
    api = Api(LOOPING)

    assert _steps(api, 15, "a") + _steps(api, 15, "b") == [200] * 30


@pytest.mark.parametrize(
    "between",
    [
        pytest.param("{name: other, when: {turn: 9}, reply: 'A text.'}", id="a text"),
        pytest.param(
            "{name: other, when: {turn: 9}, reply: {kind: tool_calls, calls: [{name: a}]}}",
            id="another rule's call",
        ),
    ],
)
def test_rule_16_only_answers_in_a_row_by_one_rule_count(between: str) -> None:
    api = Api(f"""
        strict: {{loops: true}}
        rules:
          - {between}
          - {{name: searches, reply: {{kind: tool_calls, calls: [{{name: search}}]}}}}
    """)

    assert _steps(api, 30) == [200] * 30
    assert _steps(api, 1, start=30) == [404]


def test_rule_16_holds_only_where_loops_are_strict() -> None:
    rules = LOOPING.replace("strict: {loops: true}", "")

    assert _steps(Api(rules), 25) == [200] * 25
    assert 404 in _steps(Api(rules, options=STRICT), 25)


def test_rule_16_a_failure_in_place_of_the_answer_is_no_answer() -> None:
    api = Api("""
        strict: {loops: true}
        rules:
          - {name: down, when: {attempt: 1}, fail: 503}
          - {name: searches, reply: {kind: tool_calls, calls: [{name: search}]}}
    """)
    statuses = [api.chat("Find it.").status for _ in range(42)]

    assert statuses == [503, 200] * 20 + [503, 404]
