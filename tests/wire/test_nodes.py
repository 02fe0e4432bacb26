"""F13: what a body holds is counted before it is read."""

import json

import pytest

from mockserver.wire.nodes import MOST_ESCAPES, MOST_NODES, has_too_many_nodes

LARGE = 4_000_000


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(b"{}," * LARGE, id="F13 empty objects"),
        pytest.param(b"[]," * LARGE, id="F13 empty arrays"),
        pytest.param(b"[" * LARGE, id="F13 nested arrays"),
        pytest.param(b'{"a":' * LARGE, id="F13 nested objects"),
        pytest.param(b'"k":1,' * LARGE, id="F13 many members"),
        pytest.param(b"1," * LARGE, id="F13 numbers"),
        pytest.param(b'"",' * LARGE, id="F13 empty strings"),
        pytest.param(b'"' + rb"\n" * LARGE + b'"', id="F13 escapes"),
        pytest.param(b'"' + rb"\u0041" * LARGE + b'"', id="F13 characters as escapes"),
        pytest.param(b'"' + rb"\"" * LARGE, id="F13 an unfinished string"),
        pytest.param(
            b'{"text": "' + b"a, b" * LARGE + b'", "more": [' + b"1," * LARGE, id="behind"
        ),
    ],
)
def test_f13_more_than_any_request_needs_is_too_much(text: bytes) -> None:
    assert has_too_many_nodes(text)


@pytest.mark.parametrize(
    "value",
    [
        pytest.param("Well, {this} is [prose]: fine, too. " * 300_000, id="prose"),
        pytest.param(
            ['say "no", \\ ' * 100_000, "a,b" * LARGE, {"b": [":,"] * 1_000}], id="quotes"
        ),
        pytest.param("日本語" * 900_000, id="a million characters as escapes"),
        pytest.param([[1, 2], {"a": "b"}] * 100_000, id="a hundred thousand tools"),
        pytest.param("iVBORw0KGgo" * 3_000_000, id="an image"),
    ],
)
def test_what_requests_do_hold_is_not_too_much(value: object) -> None:
    assert not has_too_many_nodes(json.dumps(value).encode())


@pytest.mark.parametrize("before", range(9))
def test_f13_a_string_is_one_wherever_the_text_is_cut_to_be_searched(before: int) -> None:
    word = b" " * before + rb'"a\\\",:[{" '
    text = word * (MOST_ESCAPES // 3)

    assert not has_too_many_nodes(text)
    assert has_too_many_nodes(text + b"," * (MOST_NODES + 1))
