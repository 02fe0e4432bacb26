"""*Sessions*, and *Models and keys*, of the language."""

import pytest
from saying import scenario
from support.inprocess import Api

from mockserver.errors import UsageError
from mockserver.wire.http_request import HttpRequest

COUNTING = """
    state: {count: none}
    rules:
      - {name: once, times: 1, set: {count: one}, reply: "once"}
      - {name: then, reply: {kind: template, text: "{{ state.count }}"}}
"""


def test_each_session_has_counters_state_and_a_journal_of_its_own() -> None:
    api = Api(COUNTING)
    texts = [api.chat(session=name).text for name in ("a", "b", "a", "b", "b")]

    assert texts == ["once", "once", "one", "one", "one"]
    assert [len(api.engine.session(name).journal) for name in ("a", "b")] == [2, 3]


def test_without_a_name_the_session_is_default() -> None:
    api = Api(COUNTING)
    api.chat()

    assert api.chat(session="default").text == "one"


def test_one_that_is_first_named_by_a_url_reads_the_servers_scenario() -> None:
    api = Api(COUNTING)

    assert api.chat(session="new").call.rule == "once"
    assert api.engine.session("new").inherits


def test_one_that_is_created_has_its_scenario_and_the_servers_only_if_it_inherits() -> None:
    api = Api("rules: [{reply: server}]")
    own = scenario("rules: [{when: {last_user: Hi}, reply: own}]")
    api.engine.sessions.create("alone", scenario=own)
    api.engine.sessions.create("heir", scenario=own, inherit=True)

    def asked(session: str) -> list[str]:
        return [api.chat(said, session=session).text for said in ("Hi", "Ho")]

    assert asked("heir") == ["own", "server"]
    assert asked("alone") == ["own", "A mock answer to: Ho"]


def test_state_journal_and_added_rules_are_never_inherited() -> None:
    api = Api(COUNTING)
    default = api.engine.session("default")
    default.add(scenario('rules: [{when: {last_user: Ho}, reply: "added"}]'))
    api.chat()
    heir = api.engine.sessions.create("heir", inherit=True)

    assert (dict(heir.state), len(heir.journal)) == ({"count": "none"}, 0)
    assert api.chat("Ho", session="heir").text == "once"


def test_an_ended_session_answers_410_until_another_of_its_name_is_created() -> None:
    api = Api("rules: [{reply: hi}]")
    api.engine.session("s")
    api.engine.sessions.end("s")
    ended = api.chat(session="s")
    api.engine.sessions.create("s", inherit=True)

    assert (ended.status, ended.error["code"]) == (410, "session_ended")
    assert ended.headers["x-should-retry"] == "false"
    assert api.chat(session="s").status == 200


def test_a_session_is_created_once() -> None:
    api = Api()
    api.engine.sessions.create("s")

    with pytest.raises(UsageError, match="session 's' already exists"):
        api.engine.sessions.create("s")


def test_reset_begins_anew_with_the_rules_as_they_are() -> None:
    api = Api(COUNTING)
    session = api.engine.session("default")
    session.add(scenario("rules: [{name: added, when: {last_user: Ho}, reply: added}]"))
    first = [api.chat().timeline, api.chat("Ho").timeline]
    session.reset()

    assert [api.chat().timeline, api.chat("Ho").timeline] == first
    assert len(session.journal) == 2


def test_a_session_may_have_a_seed_of_its_own() -> None:
    api = Api("seed: 1")
    api.engine.sessions.create("same", inherit=True, seed=1)
    api.engine.sessions.create("other", inherit=True, seed=2)
    usual = api.chat().timeline

    assert api.chat(session="same").timeline == usual
    assert api.chat(session="other").timeline != usual


# --- Models and keys -------------------------------------------------------------------------


def test_a_name_that_nobody_knows_is_answered_404_as_the_provider_does() -> None:
    refused = Api().chat(model="gpt-5-nonsense")

    assert (refused.status, refused.error["code"]) == (404, "model_not_found")
    assert "gpt-5-nonsense" in refused.error["message"]


@pytest.mark.parametrize(
    "stated",
    [
        pytest.param("models: [{id: my-tune, like: gpt-4o-mini}]", id="stated, like another"),
        pytest.param("models: [{id: my-tune}]", id="stated alone"),
        pytest.param("models: any", id="any"),
        pytest.param("rules: [{when: {model: my-tune}, reply: hi}]", id="in a rule"),
        pytest.param("rules: [{when: {model: [o3, my-tune]}, reply: hi}]", id="in a rule's list"),
        pytest.param("rules: [{when: {not: {model: my-tune}}, reply: hi}]", id="in a rule's not"),
    ],
)
def test_a_model_that_is_stated_or_named_in_a_rule_without_a_wildcard_is_known(stated: str) -> None:
    answered = Api(stated).chat(model="my-tune")

    assert answered.status == 200
    assert answered.json["model"].startswith(("my-tune", "gpt-4o-mini"))


def test_a_glob_in_a_rule_makes_no_model_known() -> None:
    assert Api('rules: [{when: {model: "my-*"}, reply: hi}]').chat(model="my-tune").status == 404


def test_a_model_like_no_other_answers_on_both_endpoints() -> None:
    api = Api("models: [{id: my-tune}]\nrules: [{reply: hi}]")

    assert api.chat(model="my-tune").text == api.complete(model="my-tune").text == "hi"


def test_retired_models_serve_as_before_unless_the_scenario_says_so() -> None:
    statuses = [
        Api(stated).chat(model="gpt-3.5-turbo").status
        for stated in ("", "retired: true", "retired: [gpt-3.5*]", "retired: [gpt-4-vision*]")
    ]

    assert statuses[0] == 200
    assert statuses[1:3] == [404, 404]
    assert statuses[3] == 200


def test_any_key_that_is_not_empty_is_accepted_unless_keys_says_otherwise() -> None:
    api = Api("keys: {valid: 'sk-team-*', invalid: sk-team-old, quota_exhausted: sk-poor}")
    body = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Hi"}]}

    def asked(key: str | None, api: Api = api) -> tuple[int, str | None]:
        answered = api.post("/v1/chat/completions", body, key=key)
        return answered.status, None if answered.status == 200 else answered.error["code"]

    assert asked("sk-team-a") == (200, None)
    assert asked("sk-team-old") == asked("sk-other") == (401, "invalid_api_key")
    assert asked("sk-poor") == (429, "insufficient_quota")
    assert [asked(None)[0], asked("")[0]] == [401, 401]
    assert asked("whatever", Api()) == (200, None)


def test_a_path_without_a_providers_prefix_means_the_provider_of_the_scenario() -> None:
    api = Api("provider: openrouter\nrules: [{when: {provider: openrouter}, reply: routed}]")

    assert api.chat(model="openai/gpt-4o-mini").text == "routed"


def test_a_session_may_be_of_another_provider_than_its_server() -> None:
    api = Api("rules: [{reply: server}]")
    own = scenario("provider: openrouter\nrules: [{reply: own}]")
    api.engine.sessions.create("s", scenario=own)
    answered = api.chat(session="s", model="openai/gpt-4o-mini")

    assert (answered.text, answered.call.provider) == ("own", "openrouter")


def test_two_deployments_are_told_apart_by_key() -> None:
    api = Api("""
        rules:
          - {when: {provider: azure, key: "key-east"}, fail: 503}
          - {reply: up}
    """)
    body = {"messages": [{"role": "user", "content": "Hi"}]}
    path = "/azure/openai/deployments/gpt-4o-mini/chat/completions?api-version=2024-10-21"

    statuses = [
        api.post(path, body, key=None, headers={"api-key": key}).status
        for key in ("key-east", "key-west")
    ]
    assert statuses == [503, 200]


def test_understanding_ahead_knows_the_session_that_is_asked() -> None:
    api = Api()
    api.engine.sessions.create("s", scenario=scenario("models: [{id: my-tune}]"))
    sent = {"content-type": "application/json", "authorization": "Bearer sk"}
    body = b'{"model": "my-tune", "messages": [{"role": "user", "content": "Hi"}]}'

    for path, status in (("/s/s/v1", 200), ("/v1", 404)):
        http = HttpRequest("POST", f"{path}/chat/completions", sent, body, "")
        assert api.engine.answer(http, api.engine.understand(http)).call.status == status
