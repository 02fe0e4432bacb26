"""Values as JSON and back, and what is said of JSON that is none of them."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import UNSET, Meta, Struct, UnsetType

from mockserver.control import operations, shapes
from mockserver.control.jsonform import DEEPEST, Misshapen, from_json, from_query, to_json
from mockserver.control.routes import ROUTES
from mockserver.control.scenarios import read_scenario
from mockserver.control.schemas import reference, schemas
from mockserver.plugins import Plugins
from mockserver.scenario.conditions.criteria import TextTest

OUTCOMES = "open, sent, client_left, aborted"


class Inner(Struct, frozen=True, kw_only=True):
    """Something inside."""

    word: Literal["one", "two"]


class Outer(Struct, frozen=True, kw_only=True):
    """Something.

    Attributes:
        name: What it is called,
            at length.
        size: How large it is.

    """

    name: Annotated[str, Meta(min_length=1, max_length=5)]
    size: Annotated[float, Meta(ge=0)] | None = None
    inner: tuple[Inner, ...] = ()
    either: str | Mapping[str, Any] | None = None
    maybe: bool | UnsetType = UNSET
    some: Mapping[str, int] = {}


def test_a_value_comes_back_as_it_was() -> None:
    value = Outer(
        name="x", size=1.5, inner=(Inner(word="one"),), either={"a": [1, None]}, maybe=True
    )

    assert from_json(Outer, to_json(value)) == value


def test_what_is_omitted_is_left_out() -> None:
    assert "maybe" not in to_json(Outer(name="x"))


@pytest.mark.parametrize(
    ("value", "said", "hint"),
    [
        ([], "expected an object, got a list", None),
        ({}, "the member 'name' is missing", None),
        ({"name": 7}, "name: expected text, got 7", None),
        ({"name": ""}, "name: expected at least 1 character, got ''", None),
        ({"name": "toolong"}, "name: expected at most 5 characters, got 'toolong'", None),
        ({"name": "x", "size": "1"}, "size: expected a number or null, got '1'", None),
        ({"name": "x", "size": True}, "size: expected a number or null, got true", None),
        ({"name": "x", "size": -1}, "size: expected at least 0, got -1", None),
        ({"name": "x", "inner": {}}, "inner: expected a list, got an object", None),
        (
            {"name": "x", "inner": [{"word": "on"}]},
            "inner[0].word: expected one of one, two, got 'on'",
            "did you mean 'one'?",
        ),
        ({"name": "x", "sise": 1}, "sise: unknown member 'sise'", "did you mean 'size'?"),
        ({"name": "x", "either": 1}, "either: expected text or an object or null, got 1", None),
        ({"name": "x", "some": {"a": "b"}}, "some.a: expected a whole number, got 'b'", None),
        ({"name": "x", "maybe": None}, "maybe: expected true or false, got null", None),
        ({"name": "x", "maybe": "\ud800"}, "maybe: expected true or false, got '?'", None),
        (
            {"name": "x", "size": 10**400},
            "size: the value is out of range, got 10000000000000000000",
            None,
        ),
        ({"nane": "x"}, "nane: unknown member 'nane'", "did you mean 'name'?"),
        (
            {"name": "x", "inner": [{"word": "one"}, {"wort": "one"}]},
            "inner[1].wort: unknown member 'wort'",
            "did you mean 'word'?",
        ),
    ],
)
def test_what_is_wrong_is_told_with_its_place(value: Any, said: str, hint: str | None) -> None:
    with pytest.raises(Misshapen) as raised:
        from_json(Outer, value)

    assert (str(raised.value), raised.value.hint) == (said, hint)


def test_a_long_text_is_not_quoted_since_it_may_be_a_secret() -> None:
    with pytest.raises(Misshapen, match="got a text of 30 characters"):
        from_json(Outer, {"name": "x", "size": "s" * 30})


def test_json_that_nests_too_deep_is_refused_with_its_place() -> None:
    value: Any = {}
    for _ in range(DEEPEST):
        value = {"a": value}

    with pytest.raises(Misshapen) as raised:
        from_json(shapes.WaitFor, {"when": [{}, {"request": value}]})

    assert str(raised.value) == f"when[1].request: nested deeper than {DEEPEST} levels"
    assert from_json(shapes.WaitFor, {"when": [{"request": value["a"]}]})


def test_members_that_exclude_each_other_are_refused() -> None:
    with pytest.raises(Misshapen, match=r"^state either 'rules' or 'scenario'$"):
        from_json(shapes.AddedRules, {})


def test_a_client_passes_over_what_a_newer_server_says_besides() -> None:
    content = b'{"now_s": 1, "time_scale": 0.5, "new": {"newer": 1}}'

    assert operations.read_clock("x").read(200, content) == shapes.ClockView(
        now_s=1, time_scale=0.5
    )


def test_a_query_is_read_by_its_types() -> None:
    query = from_query(
        shapes.JournalQuery,
        [("after", "3"), ("newest", "true"), ("status", "200"), ("status", "404")],
    )

    assert query == shapes.JournalQuery(after=3, newest=True, status=(200, 404))


@pytest.mark.parametrize(
    ("pairs", "said", "hint"),
    [
        ([("before", "x")], "before: expected a whole number or null, got 'x'", None),
        ([("status", "200"), ("status", "x")], "status[1]: expected a whole number, got 'x'", None),
        ([("limit", "0")], "limit: expected at least 1, got '0'", None),
        ([("after", "1"), ("after", "2")], "after: the parameter is given twice", None),
        ([("befor", "1")], "befor: unknown member 'befor'", "did you mean 'before'?"),
        (
            [("outcome", "opne")],
            f"outcome: expected one of {OUTCOMES}, got 'opne'",
            "did you mean 'open'?",
        ),
        (
            [("outcome", "s" * 21)],
            f"outcome: expected one of {OUTCOMES}, got a text of 21 characters",
            None,
        ),
        (
            [("outcome", "` - at `$.a`")],
            f"outcome: expected one of {OUTCOMES}, got '` - at `$.a`'",
            None,
        ),
    ],
)
def test_a_wrong_parameter_is_told_with_its_name(
    pairs: list[tuple[str, str]], said: str, hint: str | None
) -> None:
    with pytest.raises(Misshapen) as raised:
        from_query(shapes.JournalQuery, pairs)

    assert (str(raised.value), raised.value.hint) == (said, hint)


# To a schema, 1.0 is an integer; to nobody else.
fractions = st.floats(allow_nan=False).filter(lambda number: not number.is_integer())
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | fractions | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
# Of the two others, some members exclude each other, which no schema says.
bodies = [
    route.body
    for route in ROUTES
    if route.body is not None and route.body not in {shapes.AddedRules, shapes.Verify}
]


@settings(deadline=None)
@given(st.sampled_from(bodies), st.data())
def test_what_the_schema_allows_is_read_and_nothing_else(body: type[Any], data: Any) -> None:
    found = schemas([body])
    names = list(found[body.__name__]["properties"])
    some = st.sampled_from([*names, "other"]) if names else st.just("other")
    value = data.draw(st.dictionaries(some, json_values, max_size=4))
    validator = jsonschema.Draft202012Validator(
        {**reference(body), "components": {"schemas": found}}
    )

    assert is_read(body, value) == validator.is_valid(value)


def is_read(body: type[Any], value: Any) -> bool:
    try:
        from_json(body, value)
    except Misshapen:
        return False
    return True


@settings(deadline=None)
@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])))
def test_a_scenario_as_json_means_the_very_same_text(text: str) -> None:
    rule = {"name": "any", "when": {"last_user": {"equals": text}}, "reply": "Yes."}
    scenario = read_scenario({"rules": [rule]}, Plugins.installed())
    test = scenario.rules[0].when.alternatives[0].when.last_user

    assert isinstance(test, TextTest)
    assert test.equals == (text,)
