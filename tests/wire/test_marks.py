"""Where marks lead to in a text, and what is left of it when something there goes."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mockserver.wire.marks import Mark, Path, says_only, value_at, with_value, without

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=12,
)
layouts = st.sampled_from([None, 0, 2])


def paths_into(value: Any, path: Path = ()) -> list[Path]:
    """Return the paths to all that is in *value*."""
    items = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    return [path, *(found for key, item in items for found in paths_into(item, (*path, key)))]


def at(value: Any, path: Path) -> Any:
    for step in path:
        value = value[step]
    return value


@settings(derandomize=True)
@given(values, layouts, st.data())
def test_a_path_leads_to_what_json_has_there(value: Any, layout: int | None, data: Any) -> None:
    path = data.draw(st.sampled_from(paths_into(value)))

    assert value_at(json.dumps(value, indent=layout), path) == at(value, path)


@settings(derandomize=True)
@given(values, layouts, st.data())
def test_what_is_left_out_is_all_that_is_missing(value: Any, layout: int | None, data: Any) -> None:
    path = data.draw(st.sampled_from(paths_into(value)))
    left = without(json.dumps(value, indent=layout), path)

    assert left is not None
    if path:
        del at(value, path[:-1])[path[-1]]
        assert json.loads(left) == value
    else:
        assert left == ""


@settings(derandomize=True)
@given(values, values, layouts, st.data())
def test_another_value_is_all_that_is_changed(
    value: Any, new: Any, layout: int | None, data: Any
) -> None:
    path = data.draw(st.sampled_from([path for path in paths_into([value]) if path]))
    holder = [value]
    changed = with_value(json.dumps(holder, indent=layout), path, json.dumps(new))
    at(holder, path[:-1])[path[-1]] = new

    assert changed is not None
    assert json.loads(changed) == holder


@pytest.mark.parametrize(
    ("text", "path", "left"),
    [
        ('data: {"a":1,"b":[2,3]}\n\n', ("b", 0), 'data: {"a":1,"b":[3]}\n\n'),
        ('event: said\ndata: {"a":1,"b":2}\n\n', ("b",), 'event: said\ndata: {"a":1}\n\n'),
        ('{\n  "a": 1,\n  "b": 2\n}\n', ("a",), '{\n  "b": 2\n}\n'),
        ('{\n  "a": 1,\n  "b": 2\n}\n', ("b",), '{\n  "a": 1\n}\n'),
        ('{ "a": 1e-7, "b": 1.0 }', ("b",), '{ "a": 1e-7 }'),
    ],
)
def test_the_rest_of_a_text_keeps_its_spelling(text: str, path: Path, left: str) -> None:
    assert without(text, path) == left


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("", ("a",)),
        ("data: [DONE]\n\n", ("a",)),
        (": a comment\n\n", ("a",)),
        ('{"a": 1}', ("b",)),
        ('{"a": 1}', (0,)),
        ("[1]", ("a",)),
        ("[1]", (1,)),
        ('{"a"', ("a",)),
        ('{"a": {"b', ("a", "b")),
    ],
)
def test_a_path_that_leads_nowhere_changes_nothing(text: str, path: Path) -> None:
    assert without(text, path) is None
    assert with_value(text, path, "null") is None
    assert value_at(text, path) is None


def test_an_event_says_only_its_finish_though_a_frame_holds_it() -> None:
    frame, finish, content = Mark("frame"), Mark("finish"), Mark("content")

    assert says_only("finish", (frame, finish))
    assert not says_only("finish", (frame, finish, content))
    assert not says_only("finish", (frame,))
