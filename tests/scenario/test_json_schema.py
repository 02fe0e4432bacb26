"""The schema for editors: complete, in step with the reader, and of the same opinion."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import make_dataclass
from pathlib import Path
from random import Random
from typing import Any

import pytest
from jsonschema import Draft7Validator
from scenario_json import as_json

from mockserver import bundled, cli, sampling
from mockserver.errors import ScenarioError
from mockserver.plugins import Plugins
from mockserver.scenario.beside import Beside
from mockserver.scenario.build import keys_of
from mockserver.scenario.conditions.when import When
from mockserver.scenario.grammar import _Grammar
from mockserver.scenario.json_schema import _Forms, json_schema
from mockserver.scenario.loader import ScenarioText, check, load_scenario
from mockserver.scenario.schema import Defaults, Rule, ScenarioFile
from mockserver.scenario.schema_writer import Writer, any_of

PLUGINS = Plugins.installed()
SCHEMA = json_schema(PLUGINS)
VALIDATOR = Draft7Validator(SCHEMA)
SHIPPED = sorted(bundled.folder("scenarios").rglob("*.yaml"))
DOCUMENT = (Path(__file__).parents[2] / "docs" / "scenarios.md").read_text("utf-8")
FENCES = re.findall(r"```yaml\n(.*?)```\n(\n```text)?", DOCUMENT, re.DOTALL)
EXAMPLES = [text for text, is_told_of in FENCES if not is_told_of]


def complaints(text: str) -> list[str]:
    """Return what an editor says of *text*."""
    return [error.message for error in VALIDATOR.iter_errors(as_json(text))]


def is_read(text: str) -> bool:
    try:
        load_scenario(ScenarioText(text), plugins=PLUGINS)
    except ScenarioError:
        return False
    return True


# --- What ships ------------------------------------------------------------------------------


def test_the_shipped_schema_is_the_one_of_the_shipped_plug_ins() -> None:
    shipped = (bundled.folder("scenarios") / "schema.json").read_text("utf-8")

    assert json.loads(shipped) == SCHEMA, "the language has changed: run `make schema`"


def test_the_command_prints_the_schema(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["schema"]) == 0
    assert json.loads(capsys.readouterr().out) == SCHEMA


def test_the_schema_is_a_schema() -> None:
    Draft7Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_shipped_scenario_names_the_schema_and_is_valid(path: Path) -> None:
    text = path.read_text("utf-8")

    assert text.startswith("# yaml-language-server: $schema=../schema.json\n")
    assert complaints(text) == []


@pytest.mark.parametrize("text", EXAMPLES)
def test_an_example_of_the_document_is_valid(text: str) -> None:
    assert complaints(text) == []


# --- Completeness ----------------------------------------------------------------------------


def objects(schema: Any) -> Iterator[Mapping[str, Any]]:
    """Yield each schema of a mapping with keys of its own, wherever in *schema*."""
    if isinstance(schema, dict):
        if "properties" in schema:
            yield schema
        for inner in schema.values():
            yield from objects(inner)
    elif isinstance(schema, list):
        for inner in schema:
            yield from objects(inner)


def keys(name: str) -> set[str]:
    found = next(objects(SCHEMA["definitions"][name]))
    return {*found["properties"]}


def test_every_key_of_the_language_is_there() -> None:
    assert {*SCHEMA["properties"]} == {*keys_of(ScenarioFile)}
    assert keys("Rule") == {*keys_of(Rule)} - {"place"}
    assert keys("When") == {*keys_of(When)}


def test_what_is_read_by_hand_is_written_by_hand() -> None:
    read = {*_Grammar(PLUGINS, Beside()).builder._readers}  # noqa: SLF001 - no one else has to know
    written = {*_Forms(PLUGINS).forms}

    # The headers of `defaults` are looked at closely, which is no matter of form.
    assert read - written == {Defaults}


@pytest.mark.parametrize("socket", ["replies", "failures"])
def test_every_kind_is_there_with_its_keys_and_a_word_on_what_it_does(socket: str) -> None:
    for kind, plugin in getattr(PLUGINS, socket).items():
        definition = SCHEMA["definitions"][plugin.__name__]

        assert definition["properties"]["kind"]["const"] == kind
        assert {*definition["properties"]} == {"kind", *keys_of(plugin)}
        assert definition["description"]


def test_every_key_that_any_reply_or_failure_has_is_explained() -> None:
    common = {name: d for name, d in SCHEMA["definitions"].items() if "." in name}

    assert len(common) > 12
    assert [name for name, definition in common.items() if "description" not in definition] == []


def test_every_key_of_a_file_a_rule_and_a_condition_is_explained() -> None:
    told = [SCHEMA, *(SCHEMA["definitions"][name] for name in ("Rule", "When", "TextTest"))]
    keys_told = [item for part in told for item in next(objects(part))["properties"].items()]

    assert [key for key, schema in keys_told if "description" not in schema] == []


# --- Of one opinion with the reader ----------------------------------------------------------


@pytest.mark.parametrize(
    "rule",
    [
        pytest.param('{reply: "Hi."}', id="text for a reply"),
        pytest.param("{fail: 503}", id="a status for a failure"),
        pytest.param("{fail: disconnect}", id="a kind for a failure"),
        pytest.param("{fail: [503, disconnect, {kind: disconnect, how: fin}]}", id="failures"),
        pytest.param("{reply: {kind: auto}, times: null}", id="null where it says nothing"),
        pytest.param("{reply: {kind: text, text: a, usage: null}}", id="null that is sent"),
        pytest.param("{reply: a, when: {model: [a, b], turn: [1, 2], stream: true}}", id="lists"),
        pytest.param("{reply: a, when: [{turn: 1}, {not: [{turn: {at_least: 2}}]}]}", id="or, not"),
        pytest.param(
            "{reply: a, when: {system: {all: [a, {not: {regex: b}}]}}}", id="nested tests"
        ),
        pytest.param("{reply: a, when: {endpoint: chat.*, provider: openai}}", id="known names"),
        pytest.param("{replies: [a, {fail: 503}, {kind: echo}], then: cycle}", id="steps"),
        pytest.param(
            "{reply: a, when: {request: {n: 2, a.b: {at_least: 1}, c: null}}}", id="request"
        ),
        pytest.param(
            "{reply: a, when: {state: {x: [1, 2], y: {not: {equals: {a: 1}}}}}}", id="state"
        ),
        pytest.param("{reply: a, set: {x: 1, y: null, z: {template: '{{ call }}'}}}", id="set"),
        pytest.param("{reply: a, capture: {x: user, y: {system: {regex: b}}}}", id="capture"),
        pytest.param("{reply: a, latency: {ttft_ms: {median: 9, sigma: 1}}}", id="latency"),
        pytest.param("{replies: [{reply: a, latency: {per_token_ms: 3}}]}", id="a slow step"),
        pytest.param("{reply: {kind: lorem, tokens: {median: 9, p99: 20}}}", id="a distribution"),
        pytest.param(
            "{reply: {kind: choices, choices: [a, {kind: json, value: [1]}]}}", id="choices"
        ),
    ],
)
def test_what_is_read_is_valid(rule: str) -> None:
    text = f"version: 1\nrules: [{rule}]\n"

    assert is_read(text)
    assert complaints(text) == []


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("rules: []", id="no version"),
        pytest.param('version: "1"', id="a version in quotes"),
        pytest.param("version: 2", id="another version"),
        pytest.param("[]", id="no mapping"),
        pytest.param("version: 1\nruels: []", id="a misspelt key"),
        pytest.param("version: 1\nprovider: openia", id="an unknown provider"),
        pytest.param("version: 1\nmodels: all", id="a wrong word for models"),
        pytest.param("version: 1\nmodels: [{like: gpt-4o}]", id="a model without a name"),
        pytest.param("version: 1\nstrict: very", id="a wrong word for strict"),
        pytest.param("version: 1\nstrict: {unmached: true}", id="a misspelt part of strict"),
        pytest.param("version: 1\ninclude: a.yaml", id="an include that is no list"),
        pytest.param("version: 1\nlimits: {gpt-4o: {requests_per_hour: 1}}", id="an unknown limit"),
        pytest.param("version: 1\nkeys: {valid: []}", id="an empty list of keys"),
        pytest.param("version: 1\nrules: {reply: a}", id="rules that are no list"),
        *(
            pytest.param(f"version: 1\nrules: [{rule}]", id=rule)
            for rule in (
                "{reply: 42}",
                "{reply: null}",
                "{reply: {text: a}}",
                "{reply: {kind: txet, text: a}}",
                "{reply: {kind: text}}",
                "{reply: {kind: text, txt: a}}",
                "{reply: {kind: echo, text: a}}",
                "{reply: {kind: text, text: a, exact: 1}}",
                "{reply: {kind: tool_calls, calls: [{arguments: {}}]}}",
                "{reply: {kind: tool_calls, calls: [{name: a, arguments: [1]}]}}",
                "{reply: a, replies: [b]}",
                "{reply: a, then: cycle}",
                "{replies: [a], then: again}",
                "{replies: []}",
                "{replies: [{}]}",
                "{replies: [{reply: a, kind: text}]}",
                "{replies: [{reply: a, times: 1}]}",
                "{fail: disconect}",
                "{fail: http_error}",
                "{fail: []}",
                "{fail: {kind: disconnect, how: bang}}",
                "{fail: {kind: disconnect, at: noon}}",
                "{fail: {kind: disconnect, calls: two}}",
                "{reply: a, name: Not Kebab}",
                "{reply: a, times: many}",
                "{reply: a, place: here}",
                "{reply: a, when: {modle: a}}",
                "{reply: a, when: []}",
                "{reply: a, when: {stream: 1}}",
                "{reply: a, when: {model: {}}}",
                "{reply: a, when: {turn: first}}",
                "{reply: a, when: {endpoint: chat}}",
                "{reply: a, when: {provider: {not: acme}}}",
                "{reply: a, when: {headers: [a]}}",
                "{reply: a, when: {system: {regexp: a}}}",
                "{reply: a, when: {request: [a]}}",
                "{reply: a, when: {request: {a: {at_leest: 1}}}}",
                "{reply: a, when: {state: {a: {}}}}",
                "{reply: a, per: user}",
                "{reply: a, set: [a]}",
                "{reply: a, capture: {a: {regex: a}}}",
                "{reply: a, latency: 200}",
                "{reply: a, latency: glacial}",
                "{reply: a, latency: {tfft_ms: 200}}",
            )
        ),
    ],
)
def test_what_is_refused_for_its_form_is_not_valid(text: str) -> None:
    assert not is_read(text)
    assert complaints(text) != []


STRUCTURAL = re.compile(r"unknown key|unknown (reply|failure) kind|expected |.* is missing")


@pytest.mark.parametrize("seed", range(20))
def test_what_is_drawn_from_the_schema_is_refused_for_its_values_alone(seed: int) -> None:
    drawn = json.dumps(sampling.sample(SCHEMA, Random(seed)))
    problems = check([ScenarioText(drawn)], plugins=PLUGINS)

    assert VALIDATOR.is_valid(json.loads(drawn))
    assert [str(p) for p in problems if STRUCTURAL.match(p.what)] == []


def test_a_key_or_kind_of_another_distribution_is_in_its_schema(plugins: Plugins) -> None:
    validator = Draft7Validator(json_schema(plugins))

    assert validator.is_valid(
        as_json("version: 1\nrules: [{reply: {kind: odd, window: [1.5, null], as: b}}]")
    )
    assert not validator.is_valid(as_json("version: 1\nrules: [{reply: {kind: odd, window: [1]}}]"))


def test_classes_of_the_same_name_have_definitions_of_their_own() -> None:
    def made(default: int) -> type[Any]:
        return make_dataclass("Part", [("size", int, default)])

    writer, first = Writer(), made(1)
    refs = [writer.write(part)["$ref"] for part in (first, made(2), first)]

    assert refs == ["#/definitions/Part", "#/definitions/Part-2", "#/definitions/Part"]
    assert writer.definitions["Part-2"]["properties"]["size"]["default"] == 2


def test_alternatives_that_are_types_alone_are_told_together() -> None:
    text_or_null = {"type": ["string", "null"]}

    assert any_of(text_or_null, {"type": "string"}, {"const": 1}) == {
        "anyOf": [text_or_null, {"const": 1}]
    }
    assert any_of(text_or_null, {}) == {}
