"""Files that are broken by chance: each is read, or refused with places; nothing else happens."""

import random
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mockserver.errors import ScenarioError
from mockserver.plugins import Plugins
from mockserver.scenario.loader import ScenarioText, check, load_scenario

VALID = [
    """\
version: 1
description: A tool is used on the way.
rules:
  - name: limited-once
    times: 1
    fail: {kind: rate_limit, retry_after_s: 20}
  - name: weather-tool
    when:
      model: "gpt-4*"
      last_user: {contains: "weather"}
      tools: get_weather
    reply:
      kind: tool_calls
      calls: [{name: get_weather, arguments: {city: "Paris", days: 3}}]
  - name: after-the-tool
    when:
      after_tool: {name: get_weather, result: {contains: "18"}}
    reply: "It is 18 degrees in Paris."
""",
    """\
version: 1
seed: 7
defaults:
  headers: {x-region: eu}
  system_fingerprint: null
models:
  - {id: my-model, like: gpt-4o-mini}
rules:
  - name: three-jokes
    when: {last_user: {regex: "^joke (\\\\w+)"}, not: {stream: true}}
    replies: ["First.", {reply: "Second.", fail: truncate}, {fail: [503, disconnect]}]
    then: cycle
  - when: [{headers: {x-user: [ada, bob]}}, {turn: {at_least: 1, at_most: 3}, call: 2}]
    reply: {kind: text, text: "Hi.", usage: {cached_tokens: 3}, headers: {a: b}, exact: true}
    fail: {kind: disconnect, after_tokens: 3, probability: 0.5, calls: [1, 2]}
""",
    """\
{"version": 1, "provider": "azure", "rules": [
  {"when": {"endpoint": ["chat.completions", "models"], "key": "sk-*"},
   "reply": {"kind": "choices", "choices": ["A", {"kind": "json", "value": {"a": [1, null]}}]}},
  {"when": {"prompt": {"all": [{"glob": "*x"}, {"not": "yx"}]}}, "reply": "A"}
]}
""",
]

WORDS = [
    *("- ", ": ", ", ", "{", "}", "[", "]", '"', "'", "#", "|", ">", "&a ", "*a", "!!str ", "!x "),
    *("\t", "\n", "\n  ", "---\n", "%", "@", "`", "?", "~", "<<: ", "\\", "\0", "\ufeff", "\u2028"),
    *("null", "yes", "off", "true", "42", "-1", "0", "017", "1_0", "1e999", "0x1", ".nan", "1.5"),
    *(
        "kind: ",
        "kind: text",
        "reply",
        "when: ",
        "rules: ",
        "[]",
        "{}",
        "(a+)+",
        "é",
        "😀",
        "\ud800",
    ),
]

PLACED = re.compile(r"a\.yaml:(\d+):(\d+): \S.*|  \S.*")


def broken(text: str, rng: random.Random) -> str:
    """Return *text* after one to three accidents."""
    for _ in range(rng.randint(1, 3)):
        start = rng.randrange(len(text) + 1)
        end = min(len(text), start + rng.choice([0, 0, 1, 2, 5, 30]))
        put = rng.choice([rng.choice(WORDS), "", text[end : end + 20]])
        text = text[:start] + put + text[end:]
    return text


def refusal(text: str, plugins: Plugins) -> list[str]:
    """Return how *text* is refused, line by line; nothing if it is read."""
    try:
        load_scenario(ScenarioText(text, "a.yaml"), plugins=plugins)
    except ScenarioError as error:
        return str(error).split("\n")
    return []


@pytest.mark.parametrize("valid", VALID, ids=["tools", "everything", "JSON"])
def test_the_files_are_valid_before_they_are_broken(valid: str, plugins: Plugins) -> None:
    assert refusal(valid, plugins) == []


def test_hundreds_of_broken_files_are_refused_with_places(plugins: Plugins) -> None:
    rng = random.Random(7)

    refusals = [
        (text, refusal(text, plugins))
        for text in (broken(rng.choice(VALID), rng) for _ in range(1_000))
    ]

    refused = [(text, lines) for text, lines in refusals if lines]
    assert len(refused) > 300
    for text, lines in refused:
        assert all(PLACED.fullmatch(line) for line in lines), lines
        assert lines[0].startswith("a.yaml:")
        last = max(
            int(found[1]) for line in lines if (found := PLACED.fullmatch(line)) and found[1]
        )
        assert last <= len(text.splitlines()) + 1


def test_broken_files_can_be_checked(plugins: Plugins) -> None:
    rng = random.Random(8)

    for _ in range(200):
        for problem in check([ScenarioText(broken(VALID[1], rng), "a.yaml")], plugins=plugins):
            assert problem.place.file == "a.yaml"


@settings(derandomize=True, max_examples=300, deadline=None)
@given(st.text(alphabet=st.sampled_from(list("ab:- \n\t{}[],'\"#&*!|>%@`?~0179.eE_x\\é\0\ud800"))))
def test_any_text_is_read_or_refused(text: str) -> None:
    empty = Plugins(dialects={}, endpoints={}, replies={}, failures={})

    lines = refusal(text, empty)

    assert all(PLACED.fullmatch(line) for line in lines)
