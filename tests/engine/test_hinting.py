"""Hints: what is really wrong with a refused request, where the provider's own words mislead."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.inprocess import Answered, Api

from mockserver.cli import main
from mockserver.engine.engine import Engine, Exchange
from mockserver.engine.hinting import HEADER, LONGEST
from mockserver.plugins import Plugins
from mockserver.scenario.loader import ScenarioText, load_scenario
from mockserver.sessions.options import Options
from mockserver.wire.http_request import HttpRequest

CHAT = "/v1/chat/completions"
VERSION = "?api-version=2024-10-21"
DEPLOYED = f"/openai/deployments/{{}}/chat/completions{VERSION}"
BOTH_KEYS = {"api-key": "sk-test"}
SECRET = "sk-proj-" + "Zq7Rk2Wm9Tb4Xc6Vn8Lp3Hd5Js1F"


def ask(api: Api, path: str, model: str = "gpt-4o", **more: Any) -> Answered:
    body = {"model": model, "messages": [{"role": "user", "content": "Hi"}]}
    return api.post(path, body, **more)


@pytest.mark.parametrize(
    ("path", "hint"),
    [
        (
            "/chat/completions",
            "did you mean '/v1/chat/completions'? The client's base URL should end in /v1",
        ),
        ("/v1/v1/chat/completions", "did you mean '/v1/chat/completions'?"),
        ("/v1/chat/completion", "did you mean '/v1/chat/completions'?"),
        ("/v1/chat", "did you mean '/v1/chat/completions'?"),
        ("/v1/chat/completions/", "did you mean '/v1/chat/completions'?"),
        ("//v1/chat/completions", "did you mean '/v1/chat/completions'?"),
        ("/V1/Chat/Completions", "did you mean '/v1/chat/completions'?"),
        ("/v1/chat/completions\n", "did you mean '/v1/chat/completions'?"),
        ("/v1/chat/completions/chat/completions", "did you mean '/v1/chat/completions'?"),
        ("/v1/http://localhost:8089/v1/chat/completions", "base URL should end in /v1"),
        ("/s/checkout/chat/completions", "did you mean '/v1/chat/completions'?"),
        ("/s/checkout", "as with /s/checkout/v1"),
        ("/s//v1/chat/completions", "the name of the session is missing after '/s/'"),
        ("/v1/s/checkout/chat/completions", "goes first: /s/checkout/v1/chat/completions"),
        ("/", "it is a base URL, which a client continues, as with /v1/chat/completions"),
        ("/v1", "it is a base URL, which a client continues"),
        ("/v1/_mock/sessions", "the control API answers at /_mock/sessions, and nowhere else"),
        ("/s/checkout/_mock/totals", "the control API answers at /_mock/totals, and nowhere else"),
        ("/api/chat/completions", "did you mean '/api/v1/chat/completions'?"),
        ("/api/v1/v1/chat/completions", "did you mean '/api/v1/chat/completions'?"),
        ("/openrouter/v1/chat/completions", "'/openrouter/api/v1/chat/completions'?"),
        ("/vercel_gateway/chat/completions", "'/vercel_gateway/v1/chat/completions'?"),
        ("/aiml/chat/completions", "did you mean '/aiml/v1/chat/completions'?"),
        ("/v1/generation", "OpenRouter has it, as GET /api/v1/generation"),
        (f"/deployments/gpt-4o/chat/completions{VERSION}", "'/openai/deployments/{deployment}/"),
        (f"/openai/deployment/gpt-4o/chat/completions{VERSION}", "/deployments/{deployment}/"),
        (f"/openai/deployments/gpt-4o/chat/completion{VERSION}", "/gpt-4o/chat/completions'?"),
        ("/v1/images/generations", "this version of llm-mockserver does not support it yet"),
        ("/api/v1/messages", "this version of llm-mockserver does not support it yet"),
        ("/v1/messages", "Anthropic's Messages API, which this version does not speak"),
        ("/v1beta/models/gemini-2.0-flash:generateContent", "Gemini"),
        ("/v1/models/gemini-2.0-flash:generateContent", "which this version does not speak"),
        ("/api/chat", "Ollama's own API"),
        ("/nowhere", "no endpoint of 'openai' answers POST /nowhere here"),
        ("/health", "the server reports that it is ready at GET /healthz"),
        ("/one_api/nowhere", "no endpoint of 'one_api' answers POST /one_api/nowhere"),
    ],
)
@pytest.mark.parametrize("key", ["sk-test", None], ids=["with a key", "without"])
def test_a_path_that_nothing_answers(path: str, hint: str, key: str | None) -> None:
    answered = Api().send("POST", path, b"{}", key=key, headers=BOTH_KEYS if key else {})

    assert hint in (answered.call.hint or "")


@pytest.mark.parametrize(
    ("method", "path", "hint"),
    [
        ("PUT", CHAT, f"PUT is the wrong method for {CHAT}: it takes POST or GET"),
        ("GET", "/v1/embeddings", "it takes POST"),
        ("GET", f"/openai/deployments/x/embeddings{VERSION}", "it takes POST"),
        ("GET", "/aiml/v1/embeddings", "it takes POST"),
    ],
)
def test_another_method(method: str, path: str, hint: str) -> None:
    assert hint in (Api().send(method, path, headers=BOTH_KEYS).call.hint or "")


NAMED = "models: [{{id: {}, like: gpt-4o}}]"


@pytest.mark.parametrize(
    ("path", "model", "hints"),
    [
        (CHAT, "openai/gpt-4o", ["OpenRouter answers at /api/v1", "here it is 'gpt-4o'"]),
        (CHAT, "anthropic/claude-3.5-sonnet", ["OpenRouter answers at /api/v1", "--any-model"]),
        (CHAT, "claude-3-5-sonnet", ["a model of Anthropic", "--any-model", NAMED]),
        (CHAT, "llama3.1:8b", ["a model of Meta", "--any-model", NAMED]),
        (CHAT, "gemini-2.0-flash", ["a model of Google", "--any-model", NAMED]),
        (CHAT, "gpt4o", ["did you mean 'gpt-4o'?", "--any-model"]),
        (CHAT, "GPT-4O-MINI", ["did you mean 'gpt-4o-mini'?", "--any-model"]),
        (CHAT, "our-own", ["does not know the model 'our-own'", "--any-model", NAMED]),
        (CHAT, "ft:gpt-4o-mini:us::x", ["a fine-tune", "like: gpt-4o-mini", "--any-model"]),
        ("/v1/responses", "claude-3", ["a model of Anthropic"]),
        ("/v1/embeddings", "openai/text-embedding-3-small", ["here it is 'text-embedd"]),
        ("/v1/completions", "gpt-3.5-turbo-instuct", ["did you mean 'gpt-3.5-turbo-instruct'?"]),
        ("/api/v1/chat/completions", "claude-3", ["did you mean 'anthropic/claude-3'?"]),
        ("/api/v1/chat/completions", "gpt4o", ["did you mean 'openai/gpt-4o'?"]),
        ("/vercel_gateway/v1/chat/completions", "gpt-4o", ["did you mean 'openai/gpt-4o'?"]),
        ("/vercel_gateway/v1/responses", "gpt-4o", ["did you mean 'openai/gpt-4o'?"]),
        ("/aiml/v1/chat/completions", "claude-3", ["which AI/ML API does not have"]),
        ("/new_api/v1/chat/completions", "gpt4o", ["did you mean 'gpt-4o'?"]),
        (DEPLOYED, "our-own", ["the deployment 'our-own'", "--any-deployment", NAMED]),
        ("/openai/v1/chat/completions", "our-own", ["the deployment 'our-own'", NAMED]),
    ],
)
def test_a_model_that_is_not_known(path: str, model: str, hints: list[str]) -> None:
    about = {"input": "Hi"} if path.endswith(("responses", "embeddings")) else {"prompt": "Hi"}
    if path.endswith("chat/completions") or "?" in path:
        about = {"messages": [{"role": "user", "content": "Hi"}]}  # type: ignore[dict-item]
    answered = Api().post(path.format(model), {"model": model, **about}, headers=BOTH_KEYS)

    assert answered.status >= 400
    for hint in hints:
        assert hint.format(model) in (answered.call.hint or "")


def test_a_scenario_changes_what_is_right() -> None:
    gateway = Api("provider: vercel_gateway")
    named = Api("models: [{id: our-own, like: gpt-4o}]")
    retired = Api("retired: [gpt-4o]")

    assert "did you mean 'openai/gpt-4o'?" in (ask(gateway, CHAT).call.hint or "")
    assert "did you mean 'our-own'?" in (ask(named, CHAT, "our-ovn").call.hint or "")
    assert ask(retired, CHAT).call.hint == "the scenario retires the model 'gpt-4o'"


@pytest.mark.parametrize(
    ("path", "hint"),
    [
        ("/openai/deployments/gpt-4o/chat/completions", "has no api-version: add one"),
        ("/openai/deployments/gpt-4o/chat/completions?api-version=2024-10-12", "'2024-10-21'?"),
        (f"/openai/v1/chat/completions{VERSION}", "below /openai/v1 there is no api-version"),
    ],
)
def test_a_version_of_the_api(path: str, hint: str) -> None:
    assert hint in (ask(Api(), path).call.hint or "")


@pytest.mark.parametrize(
    ("path", "headers", "hint"),
    [
        (CHAT, {}, "has no API key: send 'authorization: Bearer KEY', where any key will do"),
        (CHAT, {"x-api-key": "abc"}, "the key in 'x-api-key' is not read by OpenAI"),
        (CHAT, {"authorization": "Basic abc"}, "the key in 'authorization' is not read by OpenAI"),
        (DEPLOYED.format("gpt-4o"), {}, "has no API key: send 'api-key: KEY'"),
    ],
)
def test_a_key_that_is_missing(path: str, headers: dict[str, str], hint: str) -> None:
    answered = ask(Api(), path, key=None, headers=headers)

    assert answered.status == 401
    assert hint in (answered.call.hint or "")


@pytest.mark.parametrize("standing", ["invalid", "quota_exhausted"])
def test_a_key_that_the_scenario_lists(standing: str) -> None:
    call = ask(Api(f"keys: {{{standing}: ['sk-t*']}}"), CHAT).call

    assert call.hint == f"the scenario's 'keys' list this key as {standing}"


# --- where hints stand -----------------------------------------------------------------------


def test_a_hint_stands_in_the_journal_once_and_in_a_header() -> None:
    answered = ask(Api(), CHAT, "openai/gpt-4o")
    hint = answered.call.hint

    assert hint is not None
    assert answered.call.notes.count(hint) == 1
    assert answered.headers[HEADER] == hint


def test_the_wire_can_be_the_providers_to_the_byte() -> None:
    bare = ask(Api(options=Options(usage_header=False)), CHAT, "openai/gpt-4o")
    hinted = ask(Api(), CHAT, "openai/gpt-4o")

    assert HEADER not in bare.headers
    assert bare.call.hint == hinted.call.hint
    assert bare.body == hinted.body
    assert [pair for pair in hinted.head.headers if pair[0] != HEADER] == list(bare.head.headers)


def test_other_characters_are_escaped_in_the_header_alone() -> None:
    answered = ask(Api(), CHAT, "модель-ü")

    assert "модель-ü" in (answered.call.hint or "")
    assert answered.headers[HEADER].isascii()


@pytest.mark.parametrize(
    "scenario",
    [
        "rules: [{when: {last_user: Ho}, reply: '-'}]",
        "strict: true\nrules: [{when: {last_user: Ho}, reply: '-'}]",
        "rules: [{fail: 503}]",
        "rules: [{fail: rate_limit, times: 1}]",
        "limits: {'*': {requests_per_minute: 1}}",
    ],
)
def test_what_is_answered_or_refused_for_what_it_is_has_none(scenario: str) -> None:
    api = Api(scenario)
    answers = [ask(api, CHAT) for _ in range(3)]
    answers.append(api.chat(temperature=9))

    assert [answered.call.hint for answered in answers] == [None] * 4
    assert not any(HEADER in answered.headers for answered in answers)


SHIPPED = [
    path
    for path in sorted((Path(__file__).parents[2] / "scenarios").glob("*/*.yaml"))
    if path.parent.name != "recorded"  # another server answers there
]


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_an_ordinary_call_to_a_shipped_scenario_has_none(path: Path) -> None:
    scenario = load_scenario(str(path))
    api = Api(sources=[str(path)])
    model = next(iter(scenario.named_models()), "gpt-4o")
    calls = [ask(api, CHAT, model, headers=BOTH_KEYS).call for _ in range(2)]

    assert {call.hint for call in calls if call.status == 200} <= {None}


# --- sessions --------------------------------------------------------------------------------


def test_a_call_to_a_session_that_is_nearly_one_that_waits() -> None:
    engine = Engine(load_scenario(ScenarioText("version: 1")), Plugins.installed(), lambda: 0.0)
    rules = load_scenario(ScenarioText("version: 1\nrules: [{reply: Hello.}]"))
    engine.sessions.create("checkout", scenario=rules)

    def hint(session: str) -> str | None:
        body = b'{"model": "gpt-4o", "messages": [{"role": "user", "content": "Hi"}]}'
        headers = {"authorization": "Bearer sk-test", "content-type": "application/json"}
        answered = engine.answer(HttpRequest("POST", f"/s/{session}{CHAT}", headers, body, ""))
        assert isinstance(answered, Exchange)
        engine.close(answered, "sent")
        return answered.call.hint

    assert "did you mean 'checkout'?" in (hint("chekout") or "")
    assert hint("chekout") is None  # it was said of the first call
    assert hint("payment") is None
    assert hint("checkout") is None
    assert hint("checkou") is None  # by now, the right one has been called


# --- explain ---------------------------------------------------------------------------------


def test_explaining_shows_it(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_text("version: 1\nrules: [{reply: Hello.}]\n")
    request = tmp_path / "request.json"
    request.write_text(json.dumps({"model": "openai/gpt-4o", "messages": []}))

    assert main(["explain", str(request), "--scenario", str(tmp_path / "s.yaml")]) == 0
    assert "hint: 'openai/gpt-4o' is not a name of OpenAI's: OpenRouter" in capsys.readouterr().out


# --- safety ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "model"),
    [
        (CHAT, SECRET),
        (CHAT, f"{'x' * 150}/{SECRET}"),
        (f"/v1/{SECRET}/chat/completions", "gpt-4o"),
        (f"/v1/{'x' * 150}/{SECRET}/chat/completions", "gpt-4o"),
        (f"/openai/deployments/{SECRET}/chat/completions{VERSION}", "gpt-4o"),
        (f"/openai/v1/chat/completions?api-version={SECRET}", "gpt-4o"),
        (f"/v1/s/{SECRET}/chat/completions", "gpt-4o"),
    ],
)
@pytest.mark.parametrize("key", [SECRET, "sk-test"], ids=["known from a header", "by its looks"])
def test_no_secret_comes_out(path: str, model: str, key: str) -> None:
    answered = ask(Api(), path, model, key=key)

    for told in (answered.call.hint or "", *answered.call.notes, answered.headers[HEADER]):
        assert SECRET[8:20] not in told


API = Api()
ANY = st.text(st.characters(codec="utf-8"), max_size=400)


@settings(max_examples=150, deadline=None)
@given(model=ANY, below=ANY, root=st.sampled_from(["", "/v1/", "/api/", "/openai/", "/aiml/v1/"]))
def test_a_hint_is_one_short_line(model: str, below: str, root: str) -> None:
    for answered in (
        ask(API, CHAT, model),
        API.send("POST", f"{root}{below}" if root else f"/{below}", b"{}"),
    ):
        hint = answered.call.hint
        assert (hint is None) == (HEADER not in answered.headers)
        if hint is not None:
            assert len(hint) <= LONGEST
            assert hint.isprintable()
            header = answered.headers[HEADER]
            assert len(header) <= LONGEST
            assert header.isascii()
            assert header.isprintable()
