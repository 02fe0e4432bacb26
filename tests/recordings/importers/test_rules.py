"""Rules of other tools, as scenarios of ours, answer as they did there."""

import json
from pathlib import Path
from typing import Any

import pytest
from support.inprocess import Answered, Api

from mockserver.plugins import Plugins
from mockserver.recordings.hearing import Hearing
from mockserver.recordings.importers import FORMATS, read
from mockserver.scenario.loader import ScenarioText, check
from mockserver.scenario.syntax.written import as_yaml

FILES = Path(__file__).parent / "files"
PLUGINS = Plugins.installed()
HEARING = Hearing(PLUGINS)
FOLDERS = ("aimock", "mock_llm", "stubllm", "fakellm")
ALL = sorted(path for folder in FOLDERS for path in (FILES / folder).iterdir())
TOOL = {
    "type": "function",
    "function": {"name": "get_weather", "parameters": {"type": "object", "properties": {}}},
}


def called(identity: str, name: str = "get_weather") -> dict[str, Any]:
    call = {"id": identity, "type": "function", "function": {"name": name, "arguments": "{}"}}
    return {"role": "assistant", "content": None, "tool_calls": [call]}


def result(identity: str, text: str) -> dict[str, Any]:
    return {"role": "tool", "tool_call_id": identity, "content": text}


def user(text: str) -> dict[str, Any]:
    return {"role": "user", "content": text}


def assistant(text: str = "Yes.") -> dict[str, Any]:
    return {"role": "assistant", "content": text}


def system(text: str) -> dict[str, Any]:
    return {"role": "system", "content": text}


def api(name: str) -> Api:
    scenario = read(FILES / name, hearing=HEARING).scenario
    return Api(sources=[ScenarioText(as_yaml(scenario), name)], plugins=PLUGINS)


def outcome(answered: Answered) -> Any:
    """Return the text, the names of the tools called, or the status and message of the error."""
    if answered.status >= 400:
        error = answered.json.get("error")
        return answered.status, error["message"] if error else answered.json
    message = answered.choice["message"]
    calls = [call["function"]["name"] for call in message.get("tool_calls") or []]
    return calls or message["content"]


@pytest.mark.parametrize("path", ALL, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_a_scenario_is_right_and_what_it_lacks_is_listed(path: Path) -> None:
    taken = read(path, hearing=HEARING)
    text = as_yaml({"version": 1, "rules": [], **taken.scenario})
    listed = [line for line in taken.left_out if not line.startswith(f"{path}, ")]

    assert [one for one in check([ScenarioText(text)], PLUGINS) if one.severity == "error"] == []
    assert listed == []
    assert taken.recordings == ()
    assert FORMATS[path.parent.name.replace("_", "-")].recognises
    assert ("unusual" in path.name) <= bool(taken.left_out)


def test_there_are_six_files_of_each_format() -> None:
    counts = {folder.name: len([*folder.iterdir()]) for folder in FILES.iterdir()}

    assert {name: count for name, count in counts.items() if count < 6} == {}


ASKED: list[tuple[str, list[Any], list[Any]]] = [
    (
        "aimock/texts.json",
        [
            {"said": "hello", "model": "gpt-4o-2024-08-06"},
            {"said": "oh hello", "model": "gpt-4o-mini"},
            {"said": [system("You are a pirate"), system("of the north."), user("Who?")]},
            {"said": "what shape, in JSON", "response_format": {"type": "json_object"}},
            {"said": [user("one"), assistant(), user("the second")]},
            {"said": "the second"},
            {"said": "which tenant", "headers": {"X-AIMock-Context": "acme"}},
        ],
        [
            *("Hello from 4o.", "Hello!", "Arr.", '{"sides":3}', "The second turn."),
            *("Anything else.", "Acme's."),
        ],
    ),
    (
        "aimock/tools.json",
        [
            {"said": "the weather", "tools": [TOOL]},
            {"said": [user("the weather"), called("call_w1"), result("call_w1", "snow")]},
            {"said": [user("the weather"), called("call_w2"), result("call_w2", "sun")]},
            {"said": "both"},
        ],
        [["get_weather"], "It snows.", "It is dry.", ["look"]],
    ),
    (
        "aimock/errors.json",
        [{"said": "limit"}, {"said": "later"}, {"said": "broken"}, {"said": "teapot"}],
        [(429, "Slow down."), (503, "Overloaded."), (500, "Broken."), (418, {"short": True})],
    ),
    (
        "aimock/sequences.json",
        [{"said": "again"}] * 5 + [{"said": "gaps"}] * 4,
        [
            *("First.", (503, "Not now."), "Third.", "From then on.", "From then on."),
            *("Gap, first.", "Gap.", "Gap, third.", "Gap."),
        ],
    ),
    (
        "aimock/slow.json",
        [{"said": "chaos"}, {"said": "paced"}],
        [(500, None), "One two three four."],
    ),
    (
        "mock_llm/texts.yaml",
        [{"said": "oh hello"}, {"said": "what?", "model": "any-name"}],
        ["Hi there!", "You said: what?"],
    ),
    (
        "mock_llm/tools.yaml",
        [
            {"said": "how many?"},
            {"said": [user("how many?"), called("call_1"), result("call_1", "8")]},
        ],
        [["count"], "There are 8."],
    ),
    (
        "mock_llm/errors.yaml",
        [{"said": "error:429"}, {"said": "error:502"}],
        [(429, "Rate limit exceeded"), (502, {"detail": "bad gateway"})],
    ),
    ("mock_llm/sequences.yaml", [{"said": "x"}] * 3, ["First.", "Second.", "Later."]),
    (
        "mock_llm/conditions.json",
        [
            {"said": "a", "tools": [TOOL], "temperature": 1},
            {"said": "a", "headers": {"X-Tenant": "acme"}},
            {"said": "is its"},
            {"said": [user("a"), assistant(), user("b"), assistant(), user("c")]},
        ],
        ["Hot tools.", "Acme's.", "Its.", "Long."],
    ),
    (
        "stubllm/texts.yaml",
        [{"said": "HELLO (there)"}, {"said": "hello (there), exactly"}, {"said": "what?"}],
        ["Hello! How can I help?", "Exactly.", "Anything."],
    ),
    (
        "stubllm/tools.yaml",
        [
            {"said": "Look Up that", "tools": [TOOL]},
            {"said": [user("Search"), called("c"), result("c", "there are 3 hits")]},
        ],
        [["web_search"], "Three hits."],
    ),
    (
        "stubllm/errors.yaml",
        [{"said": "expensive"}, {"said": "crash"}],
        [(429, "Wait a minute."), (500, "It crashed.")],
    ),
    (
        "stubllm/sequences.yaml",
        [{"said": "x"}] * 4,
        [(429, "Rate limit exceeded."), "Nearly.", "Success after retry!", "Success after retry!"],
    ),
    (
        "stubllm/slow.json",
        [{"said": "x", "model": "gpt-4o*", "headers": {"x-tenant": "acme"}}, {"said": "Anyone?"}],
        ["Once upon a time.", "Mock response."],
    ),
    ("stubllm/unusual.yaml", [{"said": [system("You are TERSE."), user("42?")]}], ["42."]),
    (
        "fakellm/texts.yaml",
        [{"said": "hello", "model": "o3"}, {"said": "x"}],
        ["Hi there!", "Short."],
    ),
    (
        "fakellm/tools.yaml",
        [
            {"said": "Research it"},
            {"said": [user("Research it"), called("c"), result("c", "I found 3.")]},
            {"said": "x", "tools": [TOOL]},
        ],
        [["web_search"], "I found it.", ["get_weather"]],
    ),
    (
        "fakellm/errors.yaml",
        [
            {"said": "x", "headers": {"x-test-scenario": "rate_limit"}},
            {"said": "x", "headers": {"x-test-scenario": "server_error"}},
        ],
        [(429, "Rate limit exceeded"), (500, "Mock error")],
    ),
    (
        "fakellm/turns.yaml",
        [{"said": "x"}, {"said": [user("x"), assistant(), user("y"), assistant(), user("z")]}],
        ["Early.", "Late."],
    ),
    (
        "fakellm/previous.yaml",
        [{"said": [user("x"), called("c"), result("c", "an error"), user("so?")]}],
        ["The tool failed."],
    ),
]


def ask(server: Api, request: dict[str, Any]) -> Answered:
    members = {key: value for key, value in request.items() if key not in ("said", "headers")}
    said = request["said"]
    messages = [user(said)] if isinstance(said, str) else said
    body = {"model": "gpt-4o-mini", "messages": messages, **members}
    return server.post("/v1/chat/completions", body, headers=request.get("headers"))


@pytest.mark.parametrize(("name", "requests", "answers"), ASKED, ids=[one[0] for one in ASKED])
def test_an_imported_scenario_answers_as_the_rules_did(
    name: str, requests: list[Any], answers: list[Any]
) -> None:
    server = api(name)
    given = [outcome(ask(server, request)) for request in requests]

    # Where the other tool has a message of its own, the provider's is here.
    wanted = [
        (answer[0], got[1]) if isinstance(answer, tuple) and answer[1] is None else answer
        for answer, got in zip(answers, given, strict=True)
    ]
    assert given == wanted


def test_what_an_answer_states_beside_its_text_is_kept() -> None:
    server = api("aimock/embeddings.json")
    billed = ask(server, {"said": "the bill"}).json
    found = server.post("/v1/embeddings", {"model": "text-embedding-3-small", "input": "my query"})

    assert (billed["id"], billed["created"], billed["model"]) == (
        *("chatcmpl-own", 1700000000, "gpt-4o-2024-08-06"),
    )
    assert billed["system_fingerprint"] == "fp_own"
    assert billed["usage"]["prompt_tokens"] == 11
    assert billed["usage"]["prompt_tokens_details"]["cached_tokens"] == 5
    assert found.json["data"][0]["embedding"] == pytest.approx([0.6, 0.8])


def test_waits_and_cuts_are_kept() -> None:
    rules = {rule["name"]: rule for rule in read(FILES / "aimock/slow.json").scenario["rules"]}
    waiting = ask(api("aimock/errors.json"), {"said": "later"})

    assert rules["paced"]["latency"] == {"ttft_ms": 50, "per_token_ms": 5}
    assert rules["profile"]["latency"] == {"ttft_ms": 300, "per_token_ms": 20}
    assert rules["recorded"]["latency"] == {"ttft_ms": 120, "per_token_ms": 20}
    assert rules["cut"]["fail"] == {"kind": "disconnect", "after_tokens": 2}
    assert rules["gone"]["fail"] == {"kind": "disconnect", "after_tokens": 2}
    assert rules["chaos"]["fail"] == {"kind": "http_error", "status": 500}
    assert waiting.headers["retry-after"] == "7"


def test_a_reply_to_the_byte_fills_in_templates() -> None:
    body = {"model": "gpt-4o", "input": "What?"}

    answered = api("mock_llm/conditions.json").post("/v1/responses", body)

    assert answered.json == {"id": "resp_1", "output": [], "asked": "What?"}


@pytest.mark.parametrize(
    ("name", "reasons"),
    [
        (
            "aimock/embeddings.json",
            ["only 'fixtures'", "'webSearches'", "endpoint 'image'", "'predicate'"],
        ),
        ("aimock/slow.json", ["'streamingProfile.jitter'"]),
        ("mock_llm/texts.yaml", ["the list of models"]),
        (
            "mock_llm/unusual.yaml",
            ["/a2a/agents", "headers.authorization", "not JSON", "jmes request headers"],
        ),
        ("stubllm/unusual.yaml", ["'anthropic'", "/v1/audio/speech", "'temperature'", "'mood'"]),
        ("fakellm/unusual.yaml", ["'dashboard'", "'semantically_like'", "turn '0'", "'delay_ms'"]),
    ],
)
def test_what_has_no_counterpart_is_listed_with_the_reason(name: str, reasons: list[str]) -> None:
    listed = "\n".join(read(FILES / name, hearing=HEARING).left_out)

    assert [reason for reason in reasons if reason not in listed] == []


def test_formats_that_look_alike_are_told_apart(tmp_path: Path) -> None:
    shapes = {
        "aimock": {"fixtures": [{"match": {}, "response": {"content": "a"}}]},
        "stubllm": {"fixtures": [{"match": {"provider": "openai"}, "response": {"content": "a"}}]},
        "mock-llm": {"rules": [{"path": "/v1", "response": {"status": 200}}]},
        "fakellm": {"rules": [{"respond": {"content": "a"}}]},
        "vcrpy": {"version": 1, "interactions": []},
        "ruby-vcr": {"http_interactions": []},
        "har": {"log": {"entries": []}},
        "journal": {"calls": [], "matching": 0},
    }
    found = {
        name: [one.name for one in FORMATS.values() if one.recognises(shape)][:1]
        for name, shape in shapes.items()
    }
    chart = {"replicaCount": 1, "config": shapes["mock-llm"]}
    path = tmp_path / "own.yaml"
    path.write_text(json.dumps(shapes["aimock"]))

    assert FORMATS["mock-llm"].recognises(chart)

    assert found == {name: [name] for name in shapes}
    assert read(path).scenario["rules"] == [{"name": "otherwise", "reply": "a"}]


def test_a_rule_that_nests_too_deeply_is_left_out(tmp_path: Path) -> None:
    deep = "[" * 900 + "]" * 900
    path = tmp_path / "deep.json"
    path.write_text(
        '{"fixtures": [{"match": {"userMessage": "a"}, "response": {"content": "b"}},'
        f'{{"match": {{}}, "response": {{"content": {deep}}}}}]}}'
    )

    taken = read(path, hearing=HEARING)

    assert [rule["name"] for rule in taken.scenario["rules"]] == ["a"]
    assert len(taken.left_out) == 1
