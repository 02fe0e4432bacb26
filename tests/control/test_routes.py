"""All that can be asked, over HTTP: what is done, and what is said where it cannot be done."""

import threading
from typing import Any

import pytest
from asking import SCENARIO, Asking
from openapi_spec_validator import validate

from mockserver import MockServer
from mockserver.control.routes import ROUTES
from mockserver.control.service import Service

NAMED = {"name": "a", "scenario": SCENARIO, "strict": True}


def begin(ask: Asking, **members: Any) -> dict[str, Any]:
    answer = ask("POST", "/_mock/sessions", {**NAMED, **members})
    assert answer.status_code == 201, answer.text
    return answer.json()


def test_the_document_is_valid_and_served_with_the_servers_version(ask: Asking) -> None:
    served = ask("GET", "/_mock/openapi.json").json()

    validate(served)
    assert served["info"]["version"] == "0.1.0"


def test_every_route_has_a_method_and_a_place_in_the_document(ask: Asking) -> None:
    operations = [
        operation["operationId"]
        for operations in ask("GET", "/_mock/openapi.json").json()["paths"].values()
        for operation in operations.values()
    ]

    assert sorted(operations) == sorted(route.name for route in ROUTES)
    assert [route.name for route in ROUTES if not hasattr(Service, route.name)] == []


def test_every_route_answers_as_documented(ask: Asking) -> None:
    begin(ask)
    ask.chat(session="a")
    ask.chat("Ho", session="a")
    below = "/_mock/sessions/a"
    answers = [
        ask("GET", "/_mock/healthz"),
        ask("GET", "/_mock/openapi.json"),
        ask("GET", "/_mock/totals"),
        ask("GET", '/_mock/calls?status=200&when={"last_user":"Hi"}'),
        ask("GET", "/_mock/load"),
        ask("GET", "/_mock/sessions"),
        ask("POST", "/_mock/reload", {"scenario": SCENARIO}),
        ask("GET", below),
        ask("GET", f"{below}/rules"),
        ask("POST", f"{below}/rules", {"rules": [{"reply": "New."}]}),
        ask("POST", f"{below}/explain", {"request": {"model": "gpt-4o", "messages": []}}),
        ask("GET", f"{below}/journal?status=200&status=404"),
        ask("GET", f"{below}/journal/1"),
        ask("GET", f"{below}/journal/1/content"),
        ask("GET", f"{below}/journal/1/detail"),
        ask("GET", f"{below}/scenario"),
        ask("POST", f"{below}/wait", {"calls": 2}),
        ask("POST", f"{below}/verify", {"when": {"last_user": "Hi"}}),
        ask("GET", f"{below}/near-misses"),
        ask("GET", f"{below}/verdicts?fallback=true"),
        ask("POST", f"{below}/release"),
        ask("GET", f"{below}/state"),
        ask("PATCH", f"{below}/state", {"state": {"x": [1]}}),
        ask("GET", f"{below}/clock"),
        ask("POST", f"{below}/clock/advance", {"seconds": 2.5}),
        ask("DELETE", f"{below}/journal"),
        ask("POST", f"{below}/reset"),
        ask("DELETE", below),
    ]

    assert [answer.text for answer in answers if answer.status_code >= 400] == []
    assert ask.asked == {route.name for route in ROUTES}


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "kind"),
    [
        ("GET", "/_mock/nothing", None, 404, "unknown-path"),
        ("POST", "/_mock/", {}, 405, "wrong-method"),
        ("PUT", "/_mock/sessions", {}, 405, "wrong-method"),
        ("GET", "/_mock/sessions/none", None, 404, "unknown-session"),
        ("DELETE", "/_mock/sessions/none", None, 404, "unknown-session"),
        ("GET", "/_mock/sessions?after=none", None, 404, "unknown-session"),
        ("GET", "/_mock/sessions?limit=0", None, 400, "query"),
        ("GET", "/_mock/sessions?limit=many", None, 400, "query"),
        ("GET", "/_mock/sessions?limit=1&limit=2", None, 400, "query"),
        ("GET", "/_mock/sessions/default/journal?lmit=3", None, 400, "query"),
        ("GET", "/_mock/sessions/default/journal/7", None, 404, "unknown-call"),
        ("GET", "/_mock/sessions/default/journal/x", None, 404, "unknown-call"),
        ("POST", "/_mock/sessions", {}, 400, "body"),
        ("POST", "/_mock/sessions", [], 400, "body"),
        ("POST", "/_mock/sessions", {"name": ""}, 400, "body"),
        ("POST", "/_mock/sessions", {"name": "x" * 201}, 400, "body"),
        ("POST", "/_mock/sessions", {"name": "a/b"}, 409, "session-refused"),
        ("POST", "/_mock/sessions", {"name": "x", "seeed": 1}, 400, "body"),
        ("POST", "/_mock/sessions", {"name": "x", "strict": {"lat": True}}, 400, "body"),
        ("POST", "/_mock/sessions", {"name": "x", "scenario": 7}, 400, "body"),
        ("POST", "/_mock/sessions", {"name": "x", "scenario": "rules: ["}, 422, "scenario"),
        ("POST", "/_mock/sessions", {"name": "x", "scenario": "file.yaml"}, 422, "scenario"),
        ("POST", "/_mock/reload", None, 409, "no-files"),
        ("POST", "/_mock/reload", {"scenario": {"ruls": []}}, 422, "scenario"),
        ("POST", "/_mock/sessions/default/rules", {}, 400, "body"),
        ("POST", "/_mock/sessions/default/rules", {"rules": [{"reply": 7}]}, 422, "scenario"),
        ("POST", "/_mock/sessions/default/wait", {"timeout_s": 601}, 400, "body"),
        ("POST", "/_mock/sessions/default/wait", {"when": {"modl": "x"}}, 422, "condition"),
        ("POST", "/_mock/sessions/default/verify", {"when": {"call": 2}}, 422, "condition"),
        ("POST", "/_mock/sessions/default/verify", {"when": {"state": {"a": 1}}}, 422, "condition"),
        ("POST", "/_mock/sessions/default/verify", {"when": {"key": "sk-*"}}, 422, "condition"),
        ("POST", "/_mock/sessions/default/verify", {"calls": 1, "at_most": 2}, 400, "body"),
        ("POST", "/_mock/sessions/default/clock/advance", {"seconds": -1}, 400, "body"),
        ("DELETE", "/_mock/sessions/default/journal", {"x": 1}, 400, "body"),
    ],
)
def test_what_cannot_be_done_is_told_as_a_problem(
    ask: Asking, method: str, path: str, body: Any, *, status: int, kind: str
) -> None:
    answer = ask(method, path, body)

    assert (answer.status_code, answer.json()["type"]) == (status, f"urn:mockserver:{kind}")
    assert answer.headers["content-type"].startswith("application/problem+json")
    assert answer.json()["detail"]


@pytest.mark.parametrize("body", [b"{", b"\xff", b"[" * 100_000, b'{"seconds": NaN}'])
def test_what_is_no_json_is_refused(ask: Asking, body: bytes) -> None:
    answer = ask.http.post("/_mock/sessions/default/clock/advance", content=body)

    assert (answer.status_code, answer.json()["type"]) == (400, "urn:mockserver:body")


def test_json_that_nests_too_deep_is_refused(ask: Asking) -> None:
    value: Any = 1
    for _ in range(70):
        value = [value]

    answer = ask("PATCH", "/_mock/sessions/default/state", {"state": {"deep": value}})

    assert answer.json()["detail"] == "state.deep: nested deeper than 64 levels"


# --- Sessions --------------------------------------------------------------------------------


def test_a_session_answers_by_the_scenario_that_it_was_begun_with(ask: Asking) -> None:
    state = begin(ask)

    assert (state["path"], state["rules"], state["strict"]["unmatched"]) == ("/s/a", 1, True)
    assert ask.chat(session="a").json()["choices"][0]["message"]["content"] == "Hello."
    assert ask.chat().json()["choices"][0]["message"]["content"] == "A mock answer to: Hi"


def test_a_scenario_may_be_the_text_of_a_file(ask: Asking) -> None:
    text = "version: 1\ndescription: As a file.\nrules: [{name: only, reply: From text.}]"

    assert begin(ask, scenario=text)["description"] == "As a file."
    assert "From text." in ask.chat(session="a").text


@pytest.mark.parametrize("text", ["\u2028 \x7f \x00 😀", "on", "a: b # c", "%YAML", "\t", "'\""])
def test_a_scenario_as_json_says_any_text(ask: Asking, text: str) -> None:
    begin(ask, scenario={"rules": [{"name": "any", "when": {"last_user": text}, "reply": "Yes."}]})

    explained = ask(
        "POST",
        "/_mock/sessions/a/explain",
        {"request": {"model": "gpt-4o", "messages": [{"role": "user", "content": text}]}},
    ).json()

    assert explained["rule"] == "any"


def test_the_same_name_cannot_be_taken_twice(ask: Asking) -> None:
    begin(ask)
    again = ask("POST", "/_mock/sessions", NAMED)

    assert (again.status_code, again.json()["type"]) == (409, "urn:mockserver:session-exists")


def test_all_faults_of_a_scenario_are_told_with_their_places(ask: Asking) -> None:
    scenario = {"rules": [{"name": "x", "whn": {}, "reply": {"kind": "txt"}}], "seed": "no"}
    answer = ask("POST", "/_mock/sessions", {"name": "x", "scenario": scenario}).json()
    told = [(fault["at"], fault["hint"]) for fault in answer["faults"]]

    assert told == [
        ("rules[0].whn", "did you mean 'when'?"),
        ("rules[0].reply.kind", "did you mean 'text'?"),
        ("seed", None),
    ]


def test_faults_of_a_text_have_line_and_column(ask: Asking) -> None:
    text = "version: 1\nrules:\n  - {name: x, reply: {kind: txt}}"
    answer = ask("POST", "/_mock/sessions", {"name": "x", "scenario": text}).json()

    assert [(fault["line"], fault["column"]) for fault in answer["faults"]] == [(3, 29)]


def test_no_scenario_over_the_wire_opens_a_file(ask: Asking) -> None:
    text = "version: 1\ninclude: [secrets.yaml]"
    answer = ask("POST", "/_mock/sessions", {"name": "x", "scenario": text}).json()

    assert answer["faults"][0]["what"] == "only a scenario in a file can include others"


def test_an_ended_session_refuses_calls_and_can_still_be_read(ask: Asking) -> None:
    begin(ask)
    ask.chat(session="a")
    ended = ask("DELETE", "/_mock/sessions/a").json()
    late = ask.chat(session="a")
    read = ask("GET", "/_mock/sessions/a").json()

    assert (ended["has_ended"], ended["calls"]) == (True, 1)
    assert ended["unused"] == ["rule 'hello' gave 1 of its 2 replies"]
    assert (late.status_code, late.json()["error"]["code"]) == (410, "session_ended")
    assert (read["late"], read["calls"]) == (1, 2)
    assert ask("GET", "/_mock/sessions").json()["sessions"] == []


def test_sessions_are_listed_page_by_page(ask: Asking) -> None:
    for name in "abcde":
        ask("POST", "/_mock/sessions", {"name": name})
    pages: list[list[str]] = []
    after = ""
    while True:
        page = ask("GET", f"/_mock/sessions?limit=2{after}").json()
        pages.append([session["name"] for session in page["sessions"]])
        if page["next_after"] is None:
            break
        after = f"&after={page['next_after']}"

    assert pages == [["a", "b"], ["c", "d"], ["e"]]


def test_a_reset_session_begins_anew(ask: Asking) -> None:
    begin(ask)
    ask.chat(session="a")
    ask("POST", "/_mock/sessions/a/reset")

    assert "Hello." in ask.chat(session="a").text
    assert [c["number"] for c in ask("GET", "/_mock/sessions/a/journal").json()["calls"]] == [1]


def test_added_rules_stand_above_and_rules_tell_how_far_they_have_come(ask: Asking) -> None:
    begin(ask)
    ask.chat(session="a")
    added = {"rules": [{"name": "first", "times": 1, "reply": "From above."}]}
    ask("POST", "/_mock/sessions/a/rules", added)
    ask.chat(session="a")
    rules = ask("GET", "/_mock/sessions/a/rules").json()["rules"]

    assert [(rule["name"], rule["acted"], rule["left"]) for rule in rules] == [
        ("first", 1, 0),
        ("hello", 1, 1),
    ]


def test_the_servers_scenario_can_be_swapped_and_sessions_keep_their_counters(ask: Asking) -> None:
    first = {"rules": [{"name": "twice", "times": 2, "reply": "Old."}]}
    second = {"rules": [{"name": "twice", "times": 2, "reply": "New."}]}
    ask("POST", "/_mock/reload", {"scenario": first})
    assert "Old." in ask.chat().text
    ask("POST", "/_mock/reload", {"scenario": second})

    assert ["New." in ask.chat().text for _ in range(2)] == [True, False]


def test_state_is_read_and_set_and_null_removes(ask: Asking) -> None:
    begin(ask, scenario={"state": {"a": 1, "b": 2}})
    ask("PATCH", "/_mock/sessions/a/state", {"state": {"b": None, "c": {"d": [3]}}})

    assert ask("GET", "/_mock/sessions/a/state").json() == {"state": {"a": 1, "c": {"d": [3]}}}


def test_the_clock_is_moved(ask: Asking) -> None:
    begin(ask, time_scale=0)
    ask("POST", "/_mock/sessions/a/clock/advance", {"seconds": 90})

    assert ask("GET", "/_mock/sessions/a/clock").json() == {"now_s": 90.0, "time_scale": 0.0}


def test_explain_tells_the_reading_and_moves_nothing(ask: Asking) -> None:
    begin(ask)
    request = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Hi"}]}
    told = [ask("POST", "/_mock/sessions/a/explain", {"request": request}).json() for _ in "12"]
    bad = ask("POST", "/_mock/sessions/a/explain", {"request": {"messages": []}}).json()

    assert told[0] == told[1]
    assert told[0]["answer"] == "rule 'hello' answers: text"
    assert told[0]["readings"] == [{"rule": "hello", "outcome": "answers", "why": []}]
    assert bad["answer"].startswith("refused before any rule is read: 400 ")
    assert ask("GET", "/_mock/sessions/a").json()["calls"] == 0


# --- The journal -----------------------------------------------------------------------------


def test_calls_are_read_page_by_page_and_filtered(ask: Asking) -> None:
    begin(ask, scenario={"rules": [{"name": "hello", "when": {"last_user": "Hi"}, "reply": "Ho"}]})
    for said in ("Hi", "Ho", "Hi", "Hi"):
        ask.chat(said, session="a")

    def numbers(query: str) -> list[int]:
        page = ask("GET", f"/_mock/sessions/a/journal?{query}").json()
        return [call["number"] for call in page["calls"]]

    assert numbers("") == [1, 2, 3, 4]
    assert numbers("rule=hello") == [1, 3, 4]
    assert numbers("status=404") == numbers("unmatched=true") == [2]
    assert numbers("after=1&before=4") == [2, 3]
    assert numbers("limit=2") == [1, 2]
    assert numbers("limit=2&newest=true") == [3, 4]
    assert numbers("outcome=aborted") == numbers("failed=true") == numbers("model=o3") == []
    page = ask("GET", "/_mock/sessions/a/journal?limit=1&rule=hello&bodies=false").json()
    assert (page["matching"], page["seen"], page["next_after"]) == (3, 4, 1)
    assert page["calls"][0]["body"] is None


def test_a_call_is_told_whole(ask: Asking) -> None:
    begin(ask)
    ask.chat(session="a")
    call = ask("GET", "/_mock/sessions/a/journal/1").json()

    assert (call["text"], call["finish_reason"], call["rule"]) == ("Hello.", "stop", "hello")
    assert call["body"]["messages"] == [{"role": "user", "content": "Hi"}]
    assert call["usage"]["total_tokens"] == 10
    assert call["headers"]["authorization"].startswith("Bearer [redacted ")


def test_verify_tells_what_nearly_matched(ask: Asking) -> None:
    begin(ask)
    ask.chat("Ho", session="a")
    verified = ask(
        "POST", "/_mock/sessions/a/verify", {"when": {"model": "gpt-4o", "last_user": "Hi"}}
    ).json()

    assert verified["holds"] is False
    assert verified["message"] == (
        "expected at least 1 call, found 0 out of 1\n"
        "  call 1, POST /v1/chat/completions: last_user is 'Ho', the rule wants 'Hi'"
    )


@pytest.mark.parametrize(
    ("expected", "holds"),
    [
        ({}, True),
        ({"calls": 2}, True),
        ({"calls": 1}, False),
        ({"at_least": 3}, False),
        ({"at_most": 1}, False),
        ({"at_least": 1, "at_most": 2}, True),
        ({"when": {"last_user": "Hi"}, "calls": 1}, True),
        ({"when": [{"last_user": "Hi"}, {"last_user": "Ho"}], "calls": 2}, True),
        ({"when": {"attempt": 1}, "calls": 2}, True),
        ({"when": {"key": "sk-test-of-control"}, "calls": 2}, True),
        ({"when": {"key": "sk-another"}, "calls": 0}, True),
        ({"when": {"headers": {"user-agent": {"contains": "httpx"}}}, "calls": 2}, True),
        ({"when": {"endpoint": "models"}, "calls": 0}, True),
        ({"calls": 1, "after": 1}, True),
    ],
)
def test_verify_takes_conditions_and_counts(
    ask: Asking, expected: dict[str, Any], *, holds: bool
) -> None:
    ask.chat("Hi", session="v")
    ask.chat("Ho", session="v")

    assert ask("POST", "/_mock/sessions/v/verify", expected).json()["holds"] is holds


def test_waiting_ends_with_the_call_that_was_waited_for(ask: Asking) -> None:
    begin(ask)
    ask.chat("Ho", session="a")
    waited: list[Any] = []

    def wait() -> None:
        body = {"calls": 1, "when": {"last_user": "Hi"}, "timeout_s": 20}
        with Asking(ask.url) as asking:
            waited.append(asking("POST", "/_mock/sessions/a/wait", body).json())

    waiter = threading.Thread(target=wait)
    waiter.start()
    ask.chat("Hi", session="a")
    waiter.join(20)

    assert [(w["met"], [c["number"] for c in w["calls"]]) for w in waited] == [(True, [2])]


def test_waiting_ends_when_the_time_is_up(ask: Asking) -> None:
    begin(ask)

    waited = ask("POST", "/_mock/sessions/a/wait", {"timeout_s": 0}).json()

    assert waited == {"met": False, "calls": []}


HELD = {
    "rules": [
        {
            "name": "held",
            "reply": "One two three four.",
            "fail": {"kind": "stall", "after_tokens": 2, "until": "released"},
        }
    ]
}


def test_a_held_answer_is_waited_for_and_released(ask: Asking, server: MockServer) -> None:
    begin(ask, scenario=HELD)
    answers: list[str] = []

    def call() -> None:
        with Asking(server.url) as asking:
            answers.append(asking.chat(session="a", stream=True).text)

    client = threading.Thread(target=call)
    client.start()
    held = ask("POST", "/_mock/sessions/a/wait", {"unfinished": True, "timeout_s": 20}).json()
    unfinished = ask("POST", "/_mock/sessions/a/wait", {"timeout_s": 0}).json()
    while not ask("POST", "/_mock/sessions/a/release", {"rule": "held"}).json()["released"]:
        pass
    client.join(20)

    assert (held["met"], held["calls"][0]["outcome"], unfinished["met"]) == (True, "open", False)
    assert answers[0].endswith("data: [DONE]\n\n")


def test_the_journal_tells_after_how_many_tokens_a_client_left(
    ask: Asking, server: MockServer
) -> None:
    begin(ask, scenario=HELD)
    body = {"model": "gpt-4o", "messages": [{"role": "user", "content": "x"}], "stream": True}
    key = {"authorization": "Bearer sk-test"}
    with ask.http.stream("POST", "/s/a/v1/chat/completions", json=body, headers=key) as stream:
        for line in stream.iter_lines():
            if " two" in line:
                break
    waited = ask("POST", "/_mock/sessions/a/wait", {"timeout_s": 20}).json()

    (call,) = waited["calls"]
    assert (call["outcome"], call["client_left_after_tokens"]) == ("client_left", 2)
