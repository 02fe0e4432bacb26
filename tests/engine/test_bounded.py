"""Requests and rules that ask for endless work get an answer all the same, and a note."""

import json
import re
from typing import Any

import pytest
from support.inprocess import Answered, Api

from mockserver.effort import Effort
from mockserver.templates.queries import query

DOUBLED = " | ".join(["[@, @]"] * 40)
FLATTENED = " | ".join(["[@, @][]"] * 40)
JOINED = " | ".join(["join('', [@, @])"] * 40)
COMPARED = "[" + DOUBLED + "] == [" + DOUBLED + "]"


def asked(schema: Any, *, api: Api | None = None, said: str = "Hi", **members: Any) -> Answered:
    wanted = {"type": "json_schema", "json_schema": {"name": "x", "schema": schema}}
    return (api or Api()).chat(said, response_format=wanted, **members)


def holding(inner: Any, **more: Any) -> dict[str, Any]:
    return {"type": "object", "properties": {"p": inner}, "required": ["p"], **more}


# --- F1: patterns of schemas -----------------------------------------------------------------

EVERYDAY = [
    r"^([A-Za-z,']{1,12}\s?){3,15}\.$",
    r"^(\w+\s?)+$",
    r"^([a-zA-Z0-9_\-.]+)@([a-zA-Z0-9_\-.]+)\.([a-zA-Z]{2,5})$",
    r"^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,}$",
    r"^[A-Z]{2}[0-9]{2}(?:[ ]?[0-9A-Z]{4}){3,7}(?:[ ]?[0-9A-Z]{1,3})?$",
    r"^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:-[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?$",
    r"^(\S+\s+){2,10}\S+[.!?]$",
    r"^(?=.*[A-Z])(?=.*\d)(?=.*[^\w\s]).{8,64}$",
    r"^(\d{1,3}\.){3}\d{1,3}$",
    r"""^(["'])(?:\\.|[^\\])*?\1$""",
    r"^[\u4e00-\u9fff]{2,4}$",
    r"^.{1,1000}$",
]


@pytest.mark.parametrize("pattern", EVERYDAY)
def test_f1_an_everyday_pattern_is_matched_exactly_and_without_a_note(pattern: str) -> None:
    for prompt in ("one", "two", "three"):
        answered = asked(holding({"type": "string", "pattern": pattern}), said=prompt)

        assert len(json.loads(answered.text)["p"]) > 0
        assert answered.call.notes == ()


def test_f1_what_is_drawn_for_a_sentence_is_one() -> None:
    text = json.loads(asked(holding({"pattern": EVERYDAY[0]})).text)["p"]

    # Its words, one by one: `re` itself would never be done with the whole pattern.
    assert re.fullmatch(r"[A-Za-z,' ]+\.", text)


EVIL = r"^(\w+)(\w+)(\w+)(\w+) \1\2\3\4 $"
LONG = "a" * 2_000 + " "


@pytest.mark.parametrize(
    "schema",
    [
        pytest.param({"const": LONG, "pattern": EVIL}, id="const"),
        pytest.param({"enum": [LONG, LONG + "b"], "pattern": EVIL}, id="enum"),
        pytest.param({"type": "string", "not": {"pattern": EVIL}, "examples": [LONG]}, id="not"),
        pytest.param({"$ref": "#/$defs/p", "const": LONG}, id="$ref"),
        pytest.param({"allOf": [{"pattern": EVIL + "?" * n} for n in range(2)]}, id="several"),
    ],
)
def test_f1_a_pattern_that_is_never_done_is_given_up_and_noted(schema: Any) -> None:
    answered = asked(holding(schema, **{"$defs": {"p": {"pattern": EVIL}}}))

    assert "p" in json.loads(answered.text)
    assert any("regular expression" in note for note in answered.call.notes)


@pytest.mark.parametrize(
    "schema",
    [
        pytest.param({"patternProperties": {EVIL: {}, "^a*$": {}}}, id="patternProperties"),
        pytest.param({"propertyNames": {"pattern": EVIL}}, id="propertyNames"),
        pytest.param({"dependentSchemas": {"a": {"propertyNames": {"pattern": EVIL}}}}, id="dep"),
    ],
)
def test_f1_names_are_matched_within_the_same_bounds(schema: Any) -> None:
    names = {"a": {}, LONG: {}}
    demanding = {"type": "object", "properties": names, "required": [LONG], "minProperties": 20}

    assert asked(holding({**demanding, **schema})).status == 200


def test_f1_the_same_request_is_noted_each_time() -> None:
    api, schema = Api(), holding({"const": LONG, "pattern": EVIL})

    answers = [asked(schema, api=api) for _ in range(4)]

    assert all(answer.call.notes for answer in answers)
    assert len({answer.text for answer in answers}) == 1


# --- F12: schemas ----------------------------------------------------------------------------


def tree(keyword: str, depth: int = 30) -> dict[str, Any]:
    """Return a schema whose references double, one level below the other."""
    levels = {
        f"d{n}": {keyword: [{"$ref": f"#/$defs/d{n + 1}"}] * 2}
        if keyword.endswith("Of")
        else {part: {"$ref": f"#/$defs/d{n + 1}"} for part in ("if", "then", "else")}
        for n in range(depth)
    }
    return holding({"$ref": "#/$defs/d0"}, **{"$defs": {**levels, f"d{depth}": {"type": "string"}}})


def test_f12_a_long_enum_less_all_but_one_gives_that_one() -> None:
    schema = {"enum": [*range(2_000)], "allOf": [{"not": {"const": n}} for n in range(1_999)]}

    answered = asked(holding(schema))

    assert json.loads(answered.text) == {"p": 1_999}
    assert answered.call.notes == ()


@pytest.mark.parametrize("keyword", ["if", "anyOf"])
def test_f12_a_tree_of_references_is_judged_once_at_each_place(keyword: str) -> None:
    answered = asked(tree(keyword))

    assert isinstance(json.loads(answered.text)["p"], str)


@pytest.mark.parametrize(
    "schema",
    [
        pytest.param(tree("oneOf"), id="oneOf: more than one fits"),
        pytest.param(tree("allOf"), id="allOf"),
        pytest.param(
            holding({"type": "array", "minItems": 10**9, "items": {"type": "string"}}),
            id="many items",
        ),
        pytest.param(
            holding({"type": "array", "minItems": 900, "items": {"type": "boolean"},
                     "uniqueItems": True}),
            id="more unique items than there are",
        ),
        pytest.param(holding({"type": "string", "minLength": 10**9}), id="a long text"),
        pytest.param(
            holding({"type": "object", "minProperties": 10**6, "additionalProperties": True}),
            id="many members",
        ),
        pytest.param(
            {
                "type": "object",
                "properties": {f"p{n}": {"const": LONG, "pattern": EVIL} for n in range(100)},
                "required": [f"p{n}" for n in range(100)],
            },
            id="many patterns",
        ),
    ],
)  # fmt: skip
def test_f12_what_asks_for_too_much_is_answered_by_what_there_is(schema: Any) -> None:
    answered = asked(schema)

    assert isinstance(json.loads(answered.text), dict)
    assert len(answered.text) < 500_000


def test_f12_what_may_not_be_valid_is_noted() -> None:
    one = {"type": "object", "properties": {name: {"type": "string"} for name in "abcdefghij"}}
    items = {**one, "required": [*one["properties"]]}
    schema = holding({"type": "array", "minItems": 1_000, "items": items})

    assert asked(schema).call.notes == (
        "the schema asks for too much: what was drawn for it may not be valid",
    )


def test_f12_choices_of_one_request_share_its_effort() -> None:
    items = {"type": "array", "minItems": 500, "items": {"type": "string", "minLength": 500}}

    first, *others = asked(holding(items), n=20).json["choices"]

    lengths = [len(choice["message"]["content"]) for choice in (first, *others)]
    assert lengths[0] > 10 * lengths[-1]


# --- F9: regular expressions of rules --------------------------------------------------------

RULE = """
    rules:
      - name: evil
        when: {{last_user: {{regex: '{regex}'}}}}
        reply: evil
      - {{name: other, reply: other}}
"""


def test_f9_a_rule_whose_regex_is_never_done_does_not_hold() -> None:
    answered = Api(RULE.format(regex=r"\s+$")).chat(" " * 65_000 + "x")

    assert answered.text == "other"
    assert answered.call.notes == (
        r"the regular expression '\s+$' takes too long, and was given up",
    )


def test_f9_many_such_rules_are_given_up_together() -> None:
    evil = "\n".join(
        rf"      - {{name: evil-{n}, when: {{last_user: {{regex: '\s+{n}?$'}}}}, reply: evil}}"
        for n in range(100)
    )
    answered = Api(f"    rules:\n{evil}\n      - {{name: other, reply: other}}\n").chat(
        " " * 65_000 + "x"
    )

    assert answered.text == "other"
    assert answered.call.notes


def test_f9_a_capture_that_is_never_done_takes_nothing() -> None:
    api = Api(r"""
    rules:
      - name: kept
        capture: {run: {last_user: {regex: '(\s+)$'}}}
        reply: {kind: template, text: 'got {{ captured.run }}.'}
    """)

    answered = api.chat(" " * 65_000 + "x")

    assert answered.text == "got ."
    assert any("given up" in note for note in answered.call.notes)


def test_f9_the_same_request_is_noted_each_time() -> None:
    api = Api(RULE.format(regex=r"\s+$"))

    calls = [api.chat(" " * 65_000 + "x").call for _ in range(4)]

    assert all(call.notes for call in calls)


# --- F11: expressions ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text", [DOUBLED, FLATTENED, JOINED, COMPARED], ids=["lists", "flat", "texts", "compared"]
)
def test_f11_an_expression_that_doubles_its_value_finds_nothing(text: str) -> None:
    with Effort() as effort:
        assert query(text).find("Hi") is None

    (note,) = effort.given_up
    assert "makes too much, and was given up" in note


def test_f11_maps_within_maps_take_steps() -> None:
    text = "@"
    for _ in range(4):
        text = f"length(to_string(map(&{text}, [@, @, @, @, @, @, @, @, @, @][])))"

    with Effort() as effort:
        query(text).find([0] * 1_000)

    assert effort.given_up


def test_f11_it_is_so_in_conditions_captures_and_templates() -> None:
    api = Api(f"""
    rules:
      - name: held
        when: {{request: {{"messages | {DOUBLED}": {{present: true}}}}}}
        reply: held
      - name: taken
        capture: {{all: "messages | {DOUBLED}"}}
        reply: {{kind: template, text: "<{{{{ captured.all }}}}{{{{ request | {DOUBLED} }}}}>"}}
    """)

    answered = api.chat()

    assert answered.text == "<>"
    assert sum("makes too much" in note for note in answered.call.notes) >= 2


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("messages[?role=='user'].content | [0]", "Hi"),
        ("length(messages)", 2),
        ("join(' ', messages[*].content)", "Be brief. Hi"),
        ("{roles: messages[*].role, n: length(messages)}", {"roles": ["system", "user"], "n": 2}),
        ("messages[*].content == ['Be brief.', 'Hi']", True),
        ("sort_by(messages, &content)[0].role", "system"),
        ("messages[?contains(content, 'Hi')] | [0].role", "user"),
    ],
)
def test_f11_ordinary_expressions_find_what_they_always_found(text: str, found: Any) -> None:
    messages = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}]

    assert query(text).find({"messages": messages}) == found


def test_f11_what_is_looked_into_may_be_large() -> None:
    image = "x" * 3_000_000

    found = query("messages[?role=='user'].content").find(
        {"messages": [{"role": "user", "content": image}]}
    )

    assert found == [image]
