"""Rule 14 of the language: files, what they include, and the layers of a session."""

from pathlib import Path
from typing import Any

import pytest
from saying import scenario
from support.inprocess import Api

from mockserver.contracts import Reply
from mockserver.engine.engine import Engine
from mockserver.errors import ScenarioError
from mockserver.plugins import Plugins
from mockserver.scenario.conditions.when import When
from mockserver.scenario.loader import ScenarioText, check, load_scenario
from mockserver.scenario.schema import Scenario
from mockserver.sessions.options import Options
from mockserver.wire.http_request import HttpRequest


def write(folder: Path, **files: str) -> Path:
    """Write *files* by their stem, below `version: 1`; return the folder."""
    for stem, text in files.items():
        path = folder / f"{stem.replace('__', '/')}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"version: 1\n{text}\n", "utf-8")
    return folder


def rule(name: str) -> str:
    return f"rules: [{{name: {name}, reply: {name}}}]"


def names(scenario: Scenario) -> list[str]:
    return [rule.name for rule in scenario.rules]


def refusal_of(path: Path) -> str:
    with pytest.raises(ScenarioError) as caught:
        load_scenario(path)
    return str(caught.value).replace(f"{path.parent}/", "")


# --- Files -----------------------------------------------------------------------------------


def test_several_are_read_in_the_order_given_each_followed_by_what_it_includes(
    tmp_path: Path,
) -> None:
    write(
        tmp_path,
        a="include: [a-one.yaml, a-two.yaml]\n" + rule("a"),
        b=rule("b"),
        **{
            "a-one": "include: [a-one-deeper.yaml]\n" + rule("a-one"),
            "a-one-deeper": rule("a-one-deeper"),
            "a-two": rule("a-two"),
        },
    )

    found = load_scenario(tmp_path / "a.yaml", tmp_path / "b.yaml")

    assert names(found) == ["a", "a-one", "a-one-deeper", "a-two", "b"]


def test_what_several_include_is_read_where_it_comes_first(tmp_path: Path) -> None:
    write(
        tmp_path,
        top="include: [left.yaml, right.yaml]\n" + rule("top"),
        left="include: [bottom.yaml]\n" + rule("left"),
        right="include: [bottom.yaml]\n" + rule("right"),
        bottom=rule("bottom"),
    )

    assert names(load_scenario(tmp_path / "top.yaml")) == ["top", "left", "bottom", "right"]


def test_a_file_that_is_named_twice_is_read_once(tmp_path: Path) -> None:
    write(tmp_path, a="include: [b.yaml]\n" + rule("a"), b=rule("b"))

    assert names(load_scenario(tmp_path / "b.yaml", tmp_path / "a.yaml")) == ["b", "a"]


@pytest.mark.parametrize(
    ("files", "refused"),
    [
        pytest.param(
            {"a": "include: [a.yaml]"},
            "a.yaml:2:11: 'a.yaml' would include this file again",
            id="a file that includes itself",
        ),
        pytest.param(
            {"a": "include: [b.yaml]", "b": "include: [c.yaml]", "c": "include: [a.yaml]"},
            "c.yaml:2:11: 'a.yaml' would include this file again",
            id="a circle of three",
        ),
        pytest.param(
            {"a": "include: [../outside.yaml]"},
            "a.yaml:2:11: '../outside.yaml' is outside the folder of the scenarios",
            id="a path that leads outside",
        ),
        pytest.param(
            {"a": "include: [/etc/passwd]"},
            "a.yaml:2:11: '/etc/passwd' is not a path that can be included\n"
            "  write a path relative to this file",
            id="an absolute path",
        ),
        pytest.param(
            {"a": "include: [ohter.yaml]", "other": rule("b")},
            "a.yaml:2:11: there is no file 'ohter.yaml'\n  did you mean 'other.yaml'?",
            id="a file that is not there",
        ),
        pytest.param(
            {"a": "include: [b.yaml]", "b": "rules: [{fail: disconect}]"},
            "b.yaml:2:16: unknown failure kind 'disconect'\n  did you mean 'disconnect'?",
            id="what is wrong in an included file",
        ),
    ],
)
def test_what_cannot_be_included_is_refused(
    files: dict[str, str], refused: str, tmp_path: Path
) -> None:
    write(tmp_path, outside=rule("outside"))
    folder = write(tmp_path / "scenarios", **files)

    assert refusal_of(folder / "a.yaml") == refused


def test_a_link_that_leads_outside_is_refused(tmp_path: Path) -> None:
    write(tmp_path, outside=rule("outside"))
    folder = write(tmp_path / "scenarios", a="include: [inner.yaml]")
    (folder / "inner.yaml").symlink_to(tmp_path / "outside.yaml")

    assert "is outside" in refusal_of(folder / "a.yaml")


def test_a_file_in_a_folder_below_may_include_one_beside_its_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path, shared=rule("shared"), deep__a="include: [../shared.yaml]\n" + rule("a"))

    assert names(load_scenario(tmp_path / "deep" / "a.yaml")) == ["a", "shared"]


def test_a_text_that_stands_in_no_file_includes_none() -> None:
    with pytest.raises(ScenarioError, match="only a scenario in a file can include others"):
        load_scenario(ScenarioText("version: 1\ninclude: [a.yaml]"))


def test_what_several_files_include_is_checked_once(tmp_path: Path) -> None:
    write(
        tmp_path,
        a="include: [c.yaml]",
        b="include: [c.yaml]",
        c="rules: [{name: idle}]",
    )

    warnings = check([tmp_path / "a.yaml", tmp_path / "b.yaml"])

    assert [problem.what for problem in warnings] == [
        "rule 'idle' has no effect: it has no reply and no failure"
    ]


# --- Single values, and what is merged -------------------------------------------------------

ABOVE = """
description: Above.
provider: azure
seed: 3
strict: {loops: true}
retired: true
models: [{id: mine, like: gpt-4o}]
keys: {valid: sk-a}
limits: {gpt-4o: {requests_per_minute: 5}}
defaults: {headers: {x-one: above}, system_fingerprint: fp_above, latency: {ttft_ms: 1}}
state: {step: above}
"""
BELOW = """
description: Below.
provider: openrouter
seed: 4
strict: {loops: false, unmatched: true}
retired: false
models: [{id: mine, like: gpt-4}, {id: theirs}]
keys: {valid: sk-c, invalid: [sk-a, sk-b]}
limits: {gpt-4o: {requests_per_minute: 9}, o3: {requests_per_day: 2}}
defaults: {headers: {X-One: below, x-two: below}, system_fingerprint: null, latency: {ttft_ms: 2}}
state: {step: below, count: 7}
"""


def layered(*texts: str) -> Scenario:
    return load_scenario(
        *[ScenarioText(f"version: 1\n{text}", str(n)) for n, text in enumerate(texts)]
    )


def test_of_single_values_the_first_stated_counts() -> None:
    found = layered("", ABOVE, BELOW)

    assert (found.description, found.provider, found.seed) == ("Above.", "azure", 3)
    assert found.retired is True
    assert found.defaults.system_fingerprint == "fp_above"
    assert found.defaults.latency is not None
    assert found.defaults.latency.ttft_ms == 1


def test_models_keys_limits_and_state_are_merged_the_first_wins_by_name() -> None:
    found = layered(ABOVE, BELOW)

    assert found.models == {"mine": "gpt-4o", "theirs": None}
    assert [found.keys.standing(key) for key in ("sk-a", "sk-b", "sk-c")] == [
        "valid",
        "invalid",
        "valid",
    ]
    assert found.limits["gpt-4o"].requests_per_minute == 5
    assert found.limits["o3"].requests_per_day == 2
    assert found.state == {"step": "above", "count": 7}
    assert found.defaults.headers == {"x-one": "above", "x-two": "below"}


def test_what_is_strict_is_merged_key_by_key() -> None:
    found = layered(ABOVE, BELOW).strict

    assert (found.loops, found.unmatched) == (True, True)


def test_a_layer_that_states_the_default_states_it() -> None:
    api = Api("seed: 7\nprovider: azure\nretired: true")
    own = scenario("seed: 0\nprovider: openai\nretired: false")
    session = api.engine.sessions.create("s", scenario=own, inherit=True)

    found = session.scenario
    assert (session.seed, found.provider, found.retired) == (0, "openai", False)


def test_a_layer_made_in_python_states_only_what_is_not_as_by_default() -> None:
    api = Api("seed: 7\nprovider: azure")
    session = api.engine.sessions.create("s", scenario=Scenario(state={"a": 1}), inherit=True)

    assert (session.seed, session.scenario.provider) == (7, "azure")
    assert session.state == {"a": 1}


# --- Layers of a session ---------------------------------------------------------------------


def test_a_test_overrides_a_shared_file_without_editing_it() -> None:
    api = Api("""
        rules:
          - {name: greeting, when: {last_user: Hi}, reply: "shared hello"}
          - {name: otherwise, reply: "shared"}
    """)
    session = api.engine.session("default")
    session.add(scenario('rules: [{name: greeting, when: {last_user: Hi}, reply: "own hello"}]'))

    assert [api.chat(said).text for said in ("Hi", "Ho")] == ["own hello", "shared"]


def test_a_rule_that_is_added_begins_to_count_at_nothing_whatever_it_is_called() -> None:
    api = Api("rules: [{replies: [first], then: pass}, {reply: last}]")
    texts = [api.chat().text]
    for number in range(3):
        api.engine.session("default").add(
            scenario(f"rules: [{{replies: [n{number}], then: pass}}]")
        )
        texts += [api.chat().text, api.chat().text]

    assert texts == ["first", "n0", "last", "n1", "last", "n2", "last"]


def test_the_same_scenario_added_again_acts_again() -> None:
    once = scenario("rules: [{name: once, times: 1, fail: 503}]")
    api = Api("rules: [{reply: up}]")
    session = api.engine.session("default")
    outcomes = []
    for _ in range(2):
        session.add(once)
        outcomes += api.texts(2)

    assert outcomes == ["failed 503", "up"] * 2


def test_the_state_that_an_added_layer_states_holds_from_now_on() -> None:
    api = Api("""
        state: {step: one}
        rules: [{reply: {kind: template, text: "{{ state.step }}"}}]
    """)
    texts = [api.chat().text]
    api.engine.session("default").add(scenario("state: {step: two}"))

    assert [*texts, api.chat().text] == ["one", "two"]


def test_rules_that_stay_keep_their_counters_when_something_is_added() -> None:
    api = Api("rules: [{name: script, replies: [one, two, three]}]")
    texts = [api.chat().text]
    api.engine.session("default").add(scenario("rules: [{when: {last_user: Ho}, reply: never}]"))

    assert [*texts, api.chat().text, api.chat("Ho").text, api.chat().text] == [
        "one",
        "two",
        "never",
        "three",
    ]


def test_a_reload_keeps_the_counters_of_rules_by_their_name() -> None:
    api = Api("rules: [{name: script, replies: [one, two]}, {name: gone, reply: never}]")
    texts = [api.chat().text]
    api.engine.sessions.reload(
        scenario("rules: [{name: new, times: 1, reply: new}, {name: script, replies: [ONE, TWO]}]")
    )

    assert [*texts, api.chat().text, api.chat().text] == ["one", "new", "TWO"]


def test_a_reload_leaves_sessions_alone_that_do_not_inherit() -> None:
    api = Api("rules: [{reply: before}]")
    api.engine.sessions.create("own", scenario=scenario("rules: [{reply: own}]"))
    api.engine.sessions.create("heir", inherit=True)
    api.engine.sessions.reload(scenario("rules: [{reply: after}]"))

    texts = [api.chat(session=name).text for name in ("own", "heir", "default")]
    assert texts == ["own", "after", "after"]


def test_a_session_without_the_servers_scenario_knows_nothing_of_it() -> None:
    api = Api("models: any\nkeys: {invalid: sk-test}\nrules: [{reply: server}]")
    api.engine.sessions.create("bare")

    assert api.chat(session="bare").text == "A mock answer to: Hi"
    assert api.chat(session="bare", model="nonsense").status == 404


def test_a_scenario_without_anything_is_the_server_by_itself() -> None:
    engine = Engine(Scenario(), Plugins.installed(), lambda: 0.0, Options())
    http = HttpRequest("GET", "/v1/models", {"authorization": "Bearer sk"}, b"", "")

    assert engine.answer(http).call.status == 200


def test_each_kind_of_reply_and_condition_survives_being_layered() -> None:
    found = layered("rules: [{when: {turn: 0}, reply: a}]", "rules: [{reply: {kind: echo}}]")

    values: list[Any] = [found.rules[0].when.alternatives[0].when, found.rules[1].reply]
    assert [isinstance(values[0], When), isinstance(values[1], Reply)] == [True, True]
