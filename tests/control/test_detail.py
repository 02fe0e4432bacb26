"""One call in all its detail: what was asked, what answered and why, what went out and when."""

import json
import subprocess
from typing import Any
from urllib.parse import quote

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from support.inprocess import Api
from support.inspecting import SERVER, as_json, detail_of, scenario_of
from support.planted import OPENAI, PLANTED, SECRETS, Planted

from mockserver.control.inspecting.bounds import LONGEST_MEDIA, LONGEST_TEXT
from mockserver.control.shapes import CallDetail
from mockserver.records.journal import Call
from mockserver.records.measured import Measured
from mockserver.records.redaction import mark
from mockserver.scenario.loader import ScenarioText

CHAT = "/v1/chat/completions"
TOOLS = [{"type": "function", "function": {"name": "weather", "parameters": {}}}]
CALLED = {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": "{}"}}
PIXEL = "data:image/png;base64,iVBORw0KGgo="


def outcomes(detail: CallDetail) -> dict[str, str]:
    return {rule.name: rule.outcome for rule in detail.rules}


def why(detail: CallDetail, name: str) -> str:
    return "; ".join(next(rule.why for rule in detail.rules if rule.name == name))


# --- The conversation ----------------------------------------------------------------------------


def test_a_conversation_is_shown_as_people_read_it() -> None:
    api = Api()
    messages: list[dict[str, Any]] = [
        {"role": "system", "content": "Be brief."},
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "See"},
                {"type": "image_url", "image_url": {"url": PIXEL}},
                {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}},
            ],
        },
        {"role": "assistant", "content": None, "tool_calls": [CALLED]},
        {"role": "tool", "tool_call_id": "call_1", "content": "Sunny"},
    ]

    turns = detail_of(api, api.chat(messages, tools=TOOLS).call).conversation

    assert [turn.role for turn in turns] == ["system", "user", "assistant", "tool"]
    assert [part.kind for part in turns[1].parts] == ["text", "image", "image"]
    assert [part.url for part in turns[1].parts[1:]] == [PIXEL, "https://example.com/a.png"]
    (called,), (result,) = turns[2].parts, turns[3].parts
    assert (called.kind, called.name, called.text, called.id) == (
        *("tool_call", "weather", "{}"),
        "call_1",
    )
    assert (result.kind, result.text, result.id) == ("tool_result", "Sunny", "call_1")


@pytest.mark.parametrize(
    ("path", "body", "role", "texts"),
    [
        ("/v1/completions", {"prompt": ["A", "B"]}, "prompt", ["A", "B"]),
        ("/v1/embeddings", {"input": ["A", "B"]}, "input", ["A", "B"]),
        ("/v1/moderations", {"input": "A"}, "input", ["A"]),
        ("/v1/responses", {"input": "A"}, "user", ["A"]),
    ],
)
def test_what_other_endpoints_are_asked_is_shown(
    path: str, body: dict[str, Any], role: str, texts: list[str]
) -> None:
    models = {
        "/v1/completions": "gpt-3.5-turbo-instruct",
        "/v1/embeddings": "text-embedding-3-small",
        "/v1/moderations": "omni-moderation-latest",
    }
    api = Api()

    detail = detail_of(api, api.post(path, {"model": models.get(path, "gpt-4o"), **body}).call)

    assert [turn.role for turn in detail.conversation] == [role] * len(texts)
    assert [turn.parts[0].text for turn in detail.conversation] == texts
    assert len(detail.answer) == len(texts)


def test_long_texts_and_large_images_are_bounded_and_say_how_much_is_missing() -> None:
    api = Api()
    large = f"data:image/png;base64,{'A' * LONGEST_MEDIA}"
    said = [
        {"type": "text", "text": "x " * LONGEST_TEXT},
        {"type": "image_url", "image_url": {"url": large}},
    ]

    (turn,) = detail_of(api, api.chat([{"role": "user", "content": said}]).call).conversation

    assert (len(turn.parts[0].text or ""), turn.parts[0].cut) == (LONGEST_TEXT, LONGEST_TEXT)
    assert (turn.parts[1].url, turn.parts[1].cut) == (None, len(large))


@pytest.mark.parametrize(("levels", "is_shown"), [(150, True), (900, False), (100_000, False)])
def test_a_body_that_is_nested_too_deeply_is_shown_as_it_came(
    levels: int, *, is_shown: bool
) -> None:
    content = b'{"model": "gpt-4o", "tools": ' + b'{"a":' * levels + b"1" + b"}" * levels + b"}"
    api = Api()

    detail = as_json(detail_of(api, api.send("POST", CHAT, content).call))

    assert (detail["call"]["body"] is not None) == is_shown
    assert detail["raw"].encode() == content[: len(detail["raw"])]


# --- The answer ----------------------------------------------------------------------------------


@pytest.mark.parametrize("stream", [False, True])
def test_the_answer_is_read_back_from_what_went_out(*, stream: bool) -> None:
    api = Api("""
        rules:
          - reply:
              kind: tool_calls
              text: Let me see.
              calls: [{name: weather, arguments: {city: Rome}}]
    """)
    call = api.chat("Hi", tools=TOOLS, stream=stream).call

    (turn,) = detail_of(api, call).answer

    assert [part.kind for part in turn.parts] == ["text", "tool_call"]
    assert turn.parts[0].text == "Let me see."
    assert (turn.parts[1].name, turn.parts[1].text) == ("weather", '{"city":"Rome"}')
    assert turn.parts[1].id == call.tool_calls[0].id


def test_each_choice_is_a_turn() -> None:
    api = Api("rules: [{reply: {kind: choices, choices: [A, B]}}]")

    answer = detail_of(api, api.chat("Hi", n=2).call).answer

    assert [turn.parts[0].text for turn in answer] == ["A", "B"]


def test_a_refusal_is_shown_as_it_was_said() -> None:
    api = Api("rules: [{fail: 503}]")

    (turn,) = detail_of(api, api.chat("Hi").call).answer

    assert turn.role == "error"
    assert '"error"' in (turn.parts[0].text or "")


# --- Rules ---------------------------------------------------------------------------------------


def test_each_rule_says_what_became_of_it_and_why() -> None:
    api = Api("""
        rules:
          - {name: other, when: {model: gpt-4.1, last_user: Bye}, reply: A}
          - {name: once, times: 1, reply: B}
          - {name: slow, latency: {ttft_ms: 5}}
          - {name: answers, reply: C}
          - {name: below, reply: D}
    """)
    api.chat("Hi")
    detail = detail_of(api, api.chat("Ho").call)

    assert outcomes(detail) == {
        "other": "no_match",
        "once": "used_up",
        "slow": "added",
        "answers": "answered",
        "below": "not_read",
    }
    assert len(detail.rules[0].why) == 2
    assert "gpt-4o-mini" in why(detail, "other")
    assert "1 time" in why(detail, "once")


def test_a_failure_that_let_another_rule_answer_is_named() -> None:
    api = Api("""
        rules:
          - {name: cuts, fail: {kind: truncate, after_tokens: 1}}
          - {name: answers, reply: One two three}
    """)

    detail = detail_of(api, api.chat("Hi").call)

    assert outcomes(detail) == {"cuts": "failed", "answers": "answered"}


def test_a_call_that_no_rule_answered_says_so_of_each() -> None:
    api = Api("""
        rules:
          - {name: bye, when: {last_user: Bye}, reply: A}
          - {name: script, replies: [B], then: pass}
    """)
    api.chat("Hi")
    detail = detail_of(api, api.chat("Ho").call)

    assert outcomes(detail) == {"bye": "no_match", "script": "used_up"}
    assert "used up" in why(detail, "script")


def test_a_request_that_was_refused_before_has_no_rule_read() -> None:
    api = Api("rules: [{name: any, reply: A}]")

    detail = detail_of(api, api.send("POST", CHAT, b'{"model": "none"}').call)

    assert outcomes(detail) == {"any": "not_read"}


# --- What went out -------------------------------------------------------------------------------


SLOW = """
    rules:
      - reply: One two three four
        latency: {ttft_ms: 100, per_token_ms: 10}
"""


def times() -> Any:
    moments = iter([0.0, 0.1015, 0.111, 0.123, 0.134, 0.135])
    return lambda: next(moments)


def measured_call(outcome: str = "sent") -> tuple[Api, Call]:
    """Return a call whose first two tokens went out; the others did not, if it was left."""
    api = Api(SLOW)
    call = api.chat("Hi", stream=True).call
    measured = Measured(times())
    for tokens in range(1, 5 if outcome == "sent" else 3):
        measured.note(tokens, 200)
    call.measured = measured
    call.outcome = outcome  # type: ignore[assignment] # as whoever plays it says
    if outcome == "client_left":
        call.client_left_after_tokens = 2
    return api, call


def test_each_event_says_when_it_was_to_go_out_and_when_it_did() -> None:
    api, call = measured_call()

    sent = detail_of(api, call).sent

    assert sent is not None
    assert (sent.status, sent.tokens, sent.unsent) == (200, 4, 0)
    assert sent.left_after_tokens is None
    carrying = [
        event
        for before, event in zip(sent.events, sent.events[1:], strict=False)
        if event.kind == "data" and event.tokens > before.tokens
    ]
    assert [event.planned_ms for event in carrying] == pytest.approx([100, 110, 120, 130])
    assert [event.measured_ms for event in carrying] == pytest.approx([101.5, 111, 123, 134])
    assert b"".join(event.text.encode() for event in sent.events if event.kind == "data")
    assert [event.measured_ms for event in sent.events if event.kind == "pause"] == [None] * 4


def test_what_the_client_never_got_is_told() -> None:
    api, call = measured_call("client_left")

    detail = detail_of(api, call)

    sent = detail.sent
    assert sent is not None
    assert (sent.left_after_tokens, sent.events[-sent.unsent].kind) == (2, "pause")
    assert sent.events[-sent.unsent - 1].tokens == 2
    assert [e.measured_ms for e in sent.events[-sent.unsent :]] == [None] * sent.unsent
    (turn,) = detail.answer
    assert turn.parts[0].text == "One two"


def test_failures_of_the_connection_are_events() -> None:
    api = Api("""
        rules:
          - reply: One two three four.
            fail: [{kind: stall, after_tokens: 2}, {kind: disconnect, after_tokens: 3}]
    """)

    sent = detail_of(api, api.chat("Hi", stream=True).call).sent

    assert sent is not None
    assert {event.kind for event in sent.events} >= {"head", "data", "hold", "abort"}
    assert sent.events[-1].text == "close the connection before the answer is complete"


# --- The bill, attempts, verdicts ----------------------------------------------------------------


def test_the_bill_comes_part_by_part_and_in_dollars() -> None:
    api = Api("rules: [{reply: Hi.}]")
    call = api.chat("Hello", tools=TOOLS).call

    detail = detail_of(api, call)

    assert call.usage is not None
    assert sum(part.tokens for part in detail.bill) == call.usage.prompt_tokens
    assert "tool weather" in [part.what for part in detail.bill]
    assert detail.cost_usd == pytest.approx(
        (call.usage.prompt_tokens * 0.15 + call.usage.completion_tokens * 0.6) / 1e6
    )


def test_attempts_at_the_same_request_stand_together_with_the_verdicts_on_them() -> None:
    api = Api("rules: [{fail: {kind: http_error, status: 400}}]")
    calls = [api.chat("Hi").call for _ in range(2)]

    details = [detail_of(api, call) for call in calls]

    assert [[one.number for one in detail.attempts] for detail in details] == [[1, 2], [1, 2]]
    assert {one.kind for one in details[0].verdicts} >= {"retried_non_retryable"}


# --- As a rule, as curl --------------------------------------------------------------------------


@pytest.mark.parametrize("stream", [False, True])
def test_the_rule_answers_the_same_request_the_same(*, stream: bool) -> None:
    api = Api("rules: [{reply: {kind: echo}}]")
    call = api.chat("Where is Rome?", stream=stream).call

    rule = detail_of(api, call).as_rule

    assert rule is not None
    again = Api(sources=[ScenarioText(rule)]).chat("Where is Rome?").call
    assert (again.text, again.rule) == (call.text, yaml.safe_load(rule)["rules"][0]["name"])


NASTY = "It's \"so\" $HOME `id` \\ \n é ' ; rm -rf / #"


def words_of(command: str) -> list[str]:
    """Return the words that a shell hands over to curl."""
    script = 'curl() { for word in "$@"; do printf "%s\\0" "$word"; done; }\n' + command
    done = subprocess.run(
        ["sh", "-c", script], capture_output=True, check=True, env={"OPENAI_API_KEY": "sk-k"}
    )
    return done.stdout.decode().split("\0")[:-1]


@pytest.mark.system
@pytest.mark.parametrize("session", ["", "it's $HOME"])
def test_the_command_sends_the_request_again(session: str) -> None:
    api = Api()
    call = api.chat(NASTY, session=session).call

    words = words_of(detail_of(api, call).as_curl)

    prefix = f"/s/{quote(session)}".replace("%27", "'").replace("%24", "$") if session else ""
    assert words[:2] == ["-sS", f"{SERVER}{prefix}{CHAT}"]
    assert "authorization: Bearer sk-k" in words
    assert words[words.index("--data-raw") + 1].encode() == call.content


def test_the_command_sends_bytes_that_are_no_text() -> None:
    api = Api()
    call = api.send("POST", CHAT, b"\x00\xff'").call

    command = detail_of(api, call).as_curl

    assert "\x00" not in command
    assert command.startswith("printf %s AP8n | base64 -d | curl ")


# --- Whatever comes ------------------------------------------------------------------------------


@pytest.mark.parametrize("planted", PLANTED, ids=lambda planted: planted.where)
def test_no_part_of_the_detail_holds_a_secret(planted: Planted) -> None:
    api = Api(
        "rules: [{name: hears, when: {last_user: nothing}, reply: '-'}, {reply: {kind: echo}}]"
    )

    key = None if "authorization" in map(str.lower, planted.headers) else "sk-test"
    call = api.send("POST", planted.path, planted.body, headers=planted.headers, key=key).call

    text = json.dumps(as_json(detail_of(api, call)), ensure_ascii=False)
    views = (text, text.replace("\\/", "/"), text.replace('\\"', '"').replace("\\\\", "\\"))
    for secret in SECRETS:
        assert all(secret not in view and quote(secret, "") not in view for view in views)


def test_no_part_of_the_scenario_holds_a_secret() -> None:
    api = Api(f"""
        description: by {OPENAI}
        rules:
          - name: tells
            when: {{last_user: 'my key is {OPENAI}'}}
            reply: {{kind: text, text: 'It is {OPENAI}.', headers: {{x-a: {OPENAI}}}}}
            fail: {{kind: http_error, status: 500, message: 'not {OPENAI}'}}
    """)

    text = json.dumps(as_json(scenario_of(api)))

    assert OPENAI not in text
    assert text.count(mark(OPENAI)) == 5


PATHS = [
    *("/v1/chat/completions", "/v1/completions", "/v1/responses", "/v1/embeddings"),
    *("/v1/moderations", "/v1/models", "/v1/models/gpt-4o", "/nowhere", "/", "/v1/images/edits"),
    *("/api/v1/chat/completions", "/v3/ai/language-model", "/openai/v1/responses"),
    *("/openai/deployments/d/chat/completions?api-version=2024-10-21", "/v1/responses/none"),
    "/v1/chat/completions?x=%ff&api-key=abc",
]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.floats(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner),
    max_leaves=8,
)
MEMBERS = st.dictionaries(
    st.sampled_from(
        ["messages", "input", "prompt", "tools", "model", "stream", "n", "functions", "type"]
    ),
    JSON
    | st.just([{"role": "user", "content": "Hi"}])
    | st.just([{"role": "user", "content": [{"type": "image_url", "image_url": 1}]}])
    | st.sampled_from(["gpt-4o", "gpt-3.5-turbo-instruct", "text-embedding-3-small", "\ud800"]),
)
BODIES = (
    MEMBERS.map(lambda body: json.dumps(body).encode())
    | st.binary(max_size=40)
    | JSON.map(lambda body: json.dumps(body).encode())
    | st.just(b"[" * 5_000)
)
SCENARIO = """
    models: any
    rules:
      - {name: broken, when: {last_user: {contains: H}}, fail: {kind: disconnect, probability: 0.5}}
      - {name: bad, fail: {kind: bad_chunk, probability: 0.3}}
      - {name: zipped, fail: {kind: encode, probability: 0.3}}
      - {name: said, times: 1, reply: Hello.}
      - {name: some, reply: {kind: echo}}
"""


@settings(max_examples=100, deadline=None)
@given(
    st.sampled_from(["GET", "POST", "DELETE", "HEAD", "PATCH"]),
    st.sampled_from(PATHS),
    BODIES,
    st.sampled_from(["sent", "client_left", "aborted", "open"]),
)
def test_no_call_of_any_kind_makes_it_fail(
    method: str, path: str, body: bytes, outcome: Any
) -> None:
    api = Api(SCENARIO)
    call = api.send(method, path, body, headers={"x-odd": "\x1b[31m\xe9"}).call
    call.outcome = outcome

    detail = detail_of(api, call)

    json.dumps(as_json(detail))
    assert detail.call.number == call.number
    assert len(detail.rules) == 5


# --- The scenario --------------------------------------------------------------------------------


def test_a_scenario_is_shown_as_it_is_written_with_its_hits() -> None:
    api = Api("""
        description: Two rules.
        rules:
          - {name: once, times: 2, when: {last_user: Hi}, reply: A}
          - reply: {kind: json, value: {a: [1, true, null]}}
    """)
    api.chat("Hi")

    shown = scenario_of(api)

    assert (shown.session, shown.description, shown.left_out) == ("default", "Two rules.", 0)
    once, other = shown.rules
    assert (once.name, once.hits, once.left) == ("once", 1, 1)
    assert once.unused == "rule 'once' was used 1 of 2 times"
    assert (other.name, other.hits, other.left, other.unused) == ("rule-2", 0, None, None)
    assert yaml.safe_load("".join(rule.yaml for rule in shown.rules)) == [
        {"name": "once", "times": 2, "when": {"last_user": "Hi"}, "reply": "A"},
        {"name": "rule-2", "reply": {"kind": "json", "value": {"a": [1, True, None]}}},
    ]
