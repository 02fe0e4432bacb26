"""Every key of a `when`, and every test, on requests as they come over the wire."""

from typing import Any
from unittest.mock import patch

import pytest
from saying import assistant, calls, result, schema, system, tools, user
from support.inprocess import Api

from mockserver.errors import ScenarioError
from mockserver.scenario.conditions import sieve

PNG = (
    "data:image/png;base64,"
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


def image(*texts: str, images: int = 1) -> dict[str, Any]:
    parts: list[dict[str, Any]] = [{"type": "text", "text": text} for text in texts]
    return user([*parts, *[{"type": "image_url", "image_url": {"url": PNG}}] * images])


def holds(when: str, said: Any = "Hi", **members: Any) -> bool:
    """Return whether a rule with *when* answers the chat request, alone and among many."""
    found: set[bool] = set()
    for few in (sieve.FEW, 0):
        with patch.object(sieve, "FEW", few):
            answered = Api(f"rules: [{{when: {when}, reply: held}}]").chat(said, **members)
        assert answered.status == 200, answered.json
        found.add(bool(answered.call.rule))
    (held,) = found
    return held


TALK = [system("Be brief."), user("Hi"), assistant("Ho"), user("What is the weather?")]
TOLD = [
    user("Weather and time?"),
    calls("get_weather", "get_time", arguments='{"city":"Paris"}'),
    result("get_weather", "18 degrees"),
    result("get_time", "noon"),
]

CHAT: list[Any] = [
    ("{endpoint: chat.completions}", "{endpoint: completions}", "Hi", {}),
    ('{endpoint: "chat*"}', '{endpoint: "comp*"}', "Hi", {}),
    ("{provider: openai}", "{provider: azure}", "Hi", {}),
    ('{model: "gpt-4*"}', '{model: "o3*"}', "Hi", {}),
    ("{model: [o3, gpt-4o-mini]}", "{model: [o3, gpt-4o]}", "Hi", {}),
    ("{model: {regex: mini$}}", "{model: {not: {regex: mini$}}}", "Hi", {}),
    ('{key: "sk-*"}', "{key: sk-other}", "Hi", {}),
    ("{stream: true}", "{stream: false}", "Hi", {"stream": True}),
    ("{stream: false}", "{stream: true}", "Hi", {}),
    ("{system: Be brief.}", "{system: {present: false}}", TALK, {}),
    (
        '{system: "One.\\nTwo."}',
        "{system: One.}",
        [system("One."), {"role": "developer", "content": "Two."}, user("Hi")],
        {},
    ),
    ("{first_user: Hi}", "{first_user: Ho}", TALK, {}),
    ("{last_user: {contains: weather}}", "{last_user: {contains: Weather}}", TALK, {}),
    ("{last_user: {present: false}}", "{last_user: {contains: Weather}}", TOLD, {}),
    ("{latest_user: {contains: weather}}", "{latest_user: Hi}", TALK, {}),
    ('{latest_user: "Weather and time?"}', "{latest_user: {present: false}}", TOLD, {}),
    ("{latest_user: Hi}", "{latest_user: Ho}", [user("Hi"), assistant("Ho")], {}),
    ("{method: POST}", "{method: {not: POST}}", "Hi", {}),
    ("{path: /v1/chat/completions}", '{path: "/v1/*"}', "Hi", {}),
    ('{path: {glob: "/v1/*"}}', "{path: {contains: '?'}}", "Hi", {}),
    ("{query: {page: {present: false}}}", '{query: {page: "1"}}', "Hi", {}),
    ("{any_message: Ho}", "{any_message: Hu}", TALK, {}),
    ("{any_message: {contains: noon}}", "{any_message: {contains: night}}", TOLD, {}),
    ('{last_user: "a\\nb"}', "{last_user: a}", [image("a", "b")], {}),
    ("{tools: b}", "{tools: c}", "Hi", {"tools": tools("a", "b")}),
    ("{tools: [c, a]}", "{tools: [c, d]}", "Hi", {"tools": tools("a", "b")}),
    ("{tools: {all: [a, b]}}", "{tools: {all: [a, c]}}", "Hi", {"tools": tools("a", "b")}),
    ('{tools: "get_*"}', '{tools: "set_*"}', "Hi", {"tools": tools("get_a")}),
    ("{tools: {present: false}}", "{tools: {present: true}}", "Hi", {}),
    ("{tools: old}", "{tools: new}", "Hi", {"functions": [{"name": "old"}]}),
    ("{tool_choice: none}", "{tool_choice: auto}", "Hi", {}),
    ("{tool_choice: auto}", "{tool_choice: none}", "Hi", {"tools": tools("a")}),
    (
        "{tool_choice: required}",
        "{tool_choice: auto}",
        "Hi",
        {"tools": tools("a"), "tool_choice": "required"},
    ),
    (
        "{tool_choice: a}",
        "{tool_choice: required}",
        "Hi",
        {"tools": tools("a"), "tool_choice": {"type": "function", "function": {"name": "a"}}},
    ),
    ("{response_format: text}", '{response_format: "json*"}', "Hi", {}),
    (
        "{response_format: json_object}",
        "{response_format: text}",
        "as JSON",
        {"response_format": {"type": "json_object"}},
    ),
    (
        "{response_format: json_schema}",
        "{response_format: other}",
        "Hi",
        {"response_format": schema("person")},
    ),
    (
        "{response_format: person}",
        "{response_format: {not: person}}",
        "Hi",
        {"response_format": schema("person")},
    ),
    ("{after_tool: get_time}", "{after_tool: get_date}", TOLD, {}),
    ("{after_tool: [get_date, get_time]}", "{after_tool: {present: false}}", TOLD, {}),
    (
        "{after_tool: {all: [get_weather, get_time]}}",
        "{after_tool: {all: [get_weather, get_date]}}",
        TOLD,
        {},
    ),
    (
        "{after_tool: {name: get_time, result: noon}}",
        "{after_tool: {name: get_weather, result: noon}}",
        TOLD,
        {},
    ),
    (
        '{after_tool: {arguments: {contains: "Paris"}}}',
        '{after_tool: {arguments: {contains: "Rome"}}}',
        TOLD,
        {},
    ),
    ("{after_tool: {id: call_get_time}}", "{after_tool: {id: call_1}}", TOLD, {}),
    ("{after_tool: {present: false}}", "{after_tool: get_time}", [*TOLD, assistant("A")], {}),
    ("{turn: 0}", "{turn: 1}", "Hi", {}),
    ("{turn: 1}", "{turn: {at_least: 2}}", TALK, {}),
    ("{turn: [1, 3]}", "{turn: [0, 2]}", TALK, {}),
    ("{turn: {at_least: 1, at_most: 1}}", "{turn: {at_most: 0}}", TALK, {}),
    ("{images: 2}", "{images: 0}", [image("a", images=2)], {}),
    (
        "{images: {at_most: 0}}",
        "{images: {at_least: 1}}",
        [image("a"), assistant("b"), user("c")],
        {},
    ),
    (
        "{request: {temperature: {at_most: 0.5}}}",
        "{request: {temperature: 1}}",
        "Hi",
        {"temperature": 0},
    ),
    ("{request: {temperature: null}}", "{request: {temperature: {present: true}}}", "Hi", {}),
    (
        '{request: {"messages[-1].role": user}}',
        '{request: {"messages[0].role": user}}',
        [system("a"), user("b")],
        {},
    ),
    (
        '{request: {"type(stop)": array}}',
        '{request: {"type(stop)": string}}',
        "Hi",
        {"stop": ["a"]},
    ),
    ("{request: {stop: {equals: [a]}}}", "{request: {stop: {equals: [b]}}}", "Hi", {"stop": ["a"]}),
    ("{request: {n: {at_least: 2}}}", "{request: {n: {not: 2}}}", "Hi", {"n": 2}),
    ('{request: {user: {glob: "u-*"}}}', "{request: {user: {regex: ^v}}}", "Hi", {"user": "u-1"}),
    ("{request: {seed: 1}}", "{request: {seed: true}}", "Hi", {"seed": 1}),
    ("{not: {model: o3}}", '{not: {model: "gpt*"}}', "Hi", {}),
    ("{not: [{model: o3}, {turn: 1}]}", "{not: [{model: o3}, {turn: 0}]}", "Hi", {}),
    ("[{model: o3}, {turn: 0}]", "[{model: o3}, {turn: 1}]", "Hi", {}),
    ("{last_user: {equals: [Ho, Hi]}}", "{last_user: {equals: [Ho, hi]}}", "Hi", {}),
    ('{last_user: {glob: "H?"}}', '{last_user: {glob: "H"}}', "Hi", {}),
    ("{last_user: {regex: i$}}", "{last_user: {regex: ^i}}", "Hi", {}),
    (
        "{last_user: {all: [{contains: a}, {contains: b}]}}",
        "{last_user: {all: [{contains: a}, {contains: c}]}}",
        "ab",
        {},
    ),
    ("{last_user: {contains: a, not: {contains: c}}}", "{last_user: {not: ab}}", "ab", {}),
    ("{last_user: {contains: [x, a]}}", "{last_user: {contains: [x, y]}}", "ab", {}),
]


@pytest.mark.parametrize(
    ("when", "said", "members"), [pytest.param(w, s, m, id=w) for w, _, s, m in CHAT]
)
def test_a_condition_holds(when: str, said: Any, members: dict[str, Any]) -> None:
    assert holds(when, said, **members)


@pytest.mark.parametrize(
    ("when", "said", "members"), [pytest.param(w, s, m, id=w) for _, w, s, m in CHAT]
)
def test_a_condition_does_not_hold(when: str, said: Any, members: dict[str, Any]) -> None:
    assert not holds(when, said, **members)


@pytest.mark.parametrize(
    ("when", "prompt", "held"),
    [
        ("{prompt: Say}", "Say", True),
        ("{prompt: Say}", "Do not say", False),
        ("{prompt: b}", ["a", "b"], True),
        ("{prompt: {contains: x}}", ["a", "b"], False),
        ("{prompt: Hello}", [9906], True),
        ("{prompt: Hello}", [[9906], [0]], True),
        ("{turn: 0}", "Say", False),
        ("{not: {last_user: Say}}", "Say", True),
        ("{endpoint: completions}", "Say", True),
    ],
)
def test_a_legacy_request_has_prompts_and_nothing_of_a_chat(
    *, when: str, prompt: Any, held: bool
) -> None:
    api = Api(f"rules: [{{when: {when}, reply: held}}]")

    assert bool(api.complete(prompt).call.rule) is held


@pytest.mark.parametrize(
    ("when", "held"),
    [
        ("{headers: {X-Tenant: a}}", True),
        ("{headers: {x-tenant: {regex: '^A'}}}", False),
        ("{headers: {x-tenant: {present: true}, x-other: {present: false}}}", True),
        ("{headers: {x-other: a}}", False),
    ],
)
def test_headers_are_looked_at_by_name_whatever_its_case(*, when: str, held: bool) -> None:
    api = Api(f"rules: [{{when: {when}, reply: held}}]")
    body = {"model": "gpt-4o-mini", "messages": [user("Hi")]}
    answered = api.post("/v1/chat/completions", body, headers={"X-TENANT": "a"})

    assert bool(answered.call.rule) is held


# --- `attempt` -------------------------------------------------------------------------------


def test_attempt_is_1_for_a_new_request_and_1_more_until_one_got_a_whole_answer() -> None:
    api = Api("""
        rules:
          - {name: down, when: {attempt: {at_most: 2}}, fail: 503}
          - {name: up, reply: "yes"}
    """)
    statuses = [api.chat().status for _ in range(6)]

    assert statuses == [503, 503, 200, 503, 503, 200]


def test_attempt_counts_answers_that_were_cut_as_none() -> None:
    api = Api("""
        rules:
          - {name: cut, when: {attempt: 1}, reply: one two, fail: {kind: truncate}}
          - {name: whole, reply: one two}
    """)
    rules = [api.chat(stream=True).call.rule for _ in range(4)]

    assert rules == ["cut", "whole", "cut", "whole"]


def test_attempt_is_told_by_path_and_body_not_by_headers() -> None:
    api = Api("rules: [{when: {attempt: 1}, fail: 503}, {reply: up}]")
    body = {"model": "gpt-4o-mini", "messages": [user("Hi")]}

    def asked(path: str, retry: str) -> int:
        headers = {"x-stainless-retry-count": retry}
        return api.post(path, body, headers=headers).status

    assert asked("/v1/chat/completions", "5") == 503
    assert asked("/v1/chat/completions", "0") == 200
    assert asked("/openai/v1/chat/completions", "1") == 503


def test_attempts_of_what_the_api_refuses_are_counted_too() -> None:
    api = Api()
    attempts = [api.chat([]).call.attempt for _ in range(3)]

    assert attempts == [1, 2, 3]


# --- `call` ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("test", "held"),
    [
        pytest.param("2", [2], id="a number"),
        pytest.param("[1, 4]", [1, 4], id="a list"),
        pytest.param("{at_least: 3}", [3, 4, 5], id="from one on"),
        pytest.param("{at_least: 2, at_most: 3}", [2, 3], id="from one to another"),
    ],
)
def test_call_is_the_how_manieth_call_for_which_the_rest_held(test: str, held: list[int]) -> None:
    api = Api(f"rules: [{{when: {{turn: 0, call: {test}}}, reply: held}}, {{reply: other}}]")
    texts = [api.chat(str(number)).text for number in range(1, 6)]

    assert [number for number, text in enumerate(texts, 1) if text == "held"] == held


@pytest.mark.parametrize(
    ("per", "held"),
    [
        pytest.param("session", [False, True, False, False], id="session"),
        pytest.param("conversation", [False, False, True, True], id="conversation"),
        pytest.param("key", [False, True, False, False], id="key"),
        pytest.param("model", [False, False, True, True], id="model"),
    ],
)
def test_call_is_kept_per(per: str, held: list[bool]) -> None:
    api = Api(f"rules: [{{per: {per}, when: {{call: 2}}, reply: held}}, {{reply: other}}]")
    asked = [("a", "gpt-4o"), ("b", "gpt-4o-mini"), ("a", "gpt-4o"), ("b", "gpt-4o-mini")]

    assert [api.chat(said, model=model).text == "held" for said, model in asked] == held


def test_each_alternative_of_a_when_counts_its_own_calls() -> None:
    api = Api("""
        rules:
          - when: [{last_user: "Hi", call: 1}, {last_user: "Ho", call: 1}]
            reply: "first"
          - {reply: "other"}
    """)
    texts = [api.chat(said).text for said in ("Hi", "Hi", "Ho", "Ho")]

    assert texts == ["first", "other", "first", "other"]


@pytest.mark.parametrize(
    "when",
    ["{not: {call: 1}}", "{not: {not: {call: 1}}}", "{call: 0}", "{attempt: 0}"],
)
def test_what_could_never_be_counted_is_refused(when: str) -> None:
    with pytest.raises(ScenarioError):
        Api(f"rules: [{{when: {when}, reply: x}}]")


# --- `state` ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("test", "held"),
    [
        ("{step: new}", True),
        ("{step: old}", False),
        ("{step: {contains: e}}", True),
        ("{count: {at_least: 3}}", True),
        ("{count: {at_most: 2}}", False),
        ("{count: '3'}", False),
        ("{list: {equals: [1, 2]}}", True),
        ("{unknown: null}", True),
        ("{unknown: {present: true}}", False),
        ("{step: null}", False),
        ("{step: new, count: 3}", True),
        ("{step: new, count: 4}", False),
    ],
)
def test_state_is_looked_at_by_name_and_null_means_not_set(*, test: str, held: bool) -> None:
    api = Api(f"""
        state: {{step: new, count: 3, list: [1, 2]}}
        rules: [{{when: {{state: {test}}}, reply: held}}]
    """)

    assert bool(api.chat().call.rule) is held


def test_not_may_look_at_state_and_attempt() -> None:
    api = Api("""
        rules:
          - {when: {not: {attempt: 1}}, reply: "again", set: {seen: true}}
          - {when: {not: {state: {seen: true}}}, fail: 503}
          - {reply: "new"}
    """)
    texts = [api.chat().status, api.chat().text, api.chat().text]

    assert texts == [503, "again", "new"]


# --- `per` -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("per", "texts"),
    [
        pytest.param("session", ["1", "2", "3", "4", "5"], id="session"),
        pytest.param("conversation", ["1", "1", "2", "2", "3"], id="conversation"),
        pytest.param("key", ["1", "2", "1", "2", "3"], id="key"),
        pytest.param("model", ["1", "2", "1", "3", "2"], id="model"),
    ],
)
def test_a_rules_place_in_replies_is_kept_per(per: str, texts: list[str]) -> None:
    api = Api(f"""
        rules: [{{per: {per}, replies: ["1", "2", "3", "4", "5"]}}]
    """)
    asked = [
        ("a", "sk-1", "gpt-4o"),
        ("b", "sk-1", "gpt-4o"),
        ("a", "sk-2", "gpt-4o-mini"),
        ("b", "sk-2", "gpt-4o"),
        ("a", "sk-1", "gpt-4o-mini"),
    ]
    got = []
    for said, key, model in asked:
        body = {"model": model, "messages": [user(said)]}
        got.append(api.post("/v1/chat/completions", body, key=key).text)

    assert got == texts


def test_times_is_kept_per_too() -> None:
    api = Api("rules: [{per: conversation, times: 1, fail: 503}, {reply: up}]")
    statuses = [api.chat(said).status for said in ("a", "b", "a", "b")]

    assert statuses == [503, 503, 200, 200]


# --- `then` ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("then", "texts"),
    [
        pytest.param("repeat_last", ["one", "two", "two", "two", "two"], id="repeat_last"),
        pytest.param("cycle", ["one", "two", "one", "two", "one"], id="cycle"),
        pytest.param("pass", ["one", "two", "below", "below", "below"], id="pass"),
        pytest.param("refuse", ["one", "two", *["failed 404"] * 3], id="refuse"),
    ],
)
def test_what_follows_the_last_of_replies(then: str, texts: list[str]) -> None:
    api = Api(f"""
        rules:
          - {{name: script, replies: ["one", "two"], then: {then}}}
          - {{name: below, reply: "below"}}
    """)

    assert api.texts(5) == texts


def test_a_script_that_passes_adds_nothing_once_it_has_ended() -> None:
    api = Api("""
        rules:
          - name: script
            replies: ["one"]
            then: pass
            latency: {ttft_ms: 900}
            fail: {kind: disconnect, after_tokens: 1, calls: [2]}
            set: {step: script}
          - {name: below, set: {step: below}, reply: "below"}
    """)
    api.chat()
    answered = api.chat()

    assert (answered.text, answered.call.failures, answered.call.planned_ms) == ("below", (), None)
    assert api.engine.session("default").state == {"step": "below"}


# --- The HTTP request ---------------------------------------------------------------------------


def test_path_and_query_are_as_the_client_sent_them_without_the_session() -> None:
    api = Api("""
        rules:
          - when:
              path: {regex: ^/openai/deployments/gpt-4o/}
              query: {api-version: {glob: "2024-*"}}
            reply: blue
          - when: {query: {who: "Ada & Co"}}
            reply: Ada
          - {when: {not: {query: {who: {present: true}}}}, reply: nobody}
          - {reply: somebody}
    """)
    azure = "/openai/deployments/gpt-4o/chat/completions?api-version="
    paths = [
        f"{azure}2024-10-21",
        f"/s/default{azure}2024-10-21",
        f"{azure}2023-05-15&who=x",
        "/v1/chat/completions?who=Ada+%26%20Co&who=Bob",
        "/v1/chat/completions?who",
        "/v1/chat/completions",
    ]
    body = {"model": "gpt-4o", "messages": [user("Hi")]}
    texts = [api.post(path, body, headers={"api-key": "k"}).text for path in paths * 2]

    assert texts == ["blue", "blue", "somebody", "Ada", "somebody", "nobody"] * 2


def test_what_only_looks_things_up_has_a_method_a_path_and_a_query() -> None:
    api = Api("""
        rules:
          - when: {endpoint: models, method: GET, path: /v1/models, query: {limit: {regex: ^\\d+$}}}
            fail: 503
    """)

    assert [api.get(path).status for path in ("/v1/models?limit=2", "/v1/models")] == [503, 200]


@pytest.mark.parametrize(
    ("when", "hint"),
    [("{method: post}", "write 'POST'"), ("{path: v1/models}", "/v1/chat/completions")],
)
def test_what_no_request_has_is_refused(when: str, hint: str) -> None:
    with pytest.raises(ScenarioError) as raised:
        Api(f"rules: [{{when: {when}, reply: x}}]")
    assert hint in str(raised.value)


def test_a_parameter_that_holds_a_secret_is_not_shown() -> None:
    api = Api("""
        strict: true
        rules: [{name: keyed, when: {query: {key: other, page: other}}, reply: x}]
    """)
    body = {"model": "gpt-4o", "messages": [user("Hi")]}
    call = api.post("/v1/chat/completions?key=hush-4711&page=2", body).call

    shown = "\n".join(call.near_misses)
    assert "query.key is different" in shown
    assert "hush-4711" not in shown


def test_the_newest_user_message_can_be_captured() -> None:
    api = Api("""
        rules:
          - when: {after_tool: get_time}
            capture: {what: {latest_user: {regex: "^(\\\\w+)"}}}
            reply: {kind: template, text: "{{ captured.what }}"}
    """)

    assert api.chat(TOLD).text == "Weather"
