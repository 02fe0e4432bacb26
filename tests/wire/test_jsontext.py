"""JSON as it goes out: what the standard library writes, with holes and the ends of tokens."""

import json
from collections import UserDict
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mockserver.wire.jsontext import (
    TOKEN_END,
    Hole,
    JsonValue,
    NumberHole,
    TokenText,
    compact,
    fill,
    in_ascii,
    number,
    pretty,
    to_bytes,
)

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(1e-4, 1e15)
    | st.floats(-1e15, -1e-4)
    | st.text()
)
fractions = st.floats(allow_nan=False, allow_infinity=False)
values: st.SearchStrategy[JsonValue] = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)
pieces = st.lists(st.tuples(st.text(max_size=4), st.integers(0, 2)), max_size=6).map(tuple)


@settings(derandomize=True)
@given(values)
def test_compact_text_is_the_standard_librarys(value: JsonValue) -> None:
    assert compact(value) == json.dumps(value, ensure_ascii=False, separators=(",", ":"))


@settings(derandomize=True)
@given(values, st.sampled_from([2, 4]))
def test_indented_text_is_the_standard_librarys(value: JsonValue, indent: int) -> None:
    assert pretty(value, indent) == json.dumps(value, ensure_ascii=False, indent=indent)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        pytest.param({"b": 1, "a": 2}, '{"b":1,"a":2}', id="members keep their order"),
        pytest.param("<é✓\u2028>", '"<é✓\u2028>"', id="what is no ASCII is not escaped"),
        pytest.param('\0\x1f"\\\n', '"\\u0000\\u001f\\"\\\\\\n"', id="what must be escaped is"),
        pytest.param(("a", ()), '["a",[]]', id="tuples are lists"),
        pytest.param(UserDict(a=UserDict()), '{"a":{}}', id="any mapping is an object"),
        pytest.param([True, 1, 1.0, 1e-7], "[true,1,1.0,1e-7]", id="numbers keep their kind"),
        pytest.param(b"\x00\xff", "[0,255]", id="bytes are a list"),
        pytest.param(b"", "[]", id="no bytes are an empty list"),
    ],
)
def test_compact_text(value: JsonValue, text: str) -> None:
    assert compact(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        pytest.param(0.0, "0.0", id="zero has a point"),
        pytest.param(-1.6857742071151733, "-1.6857742071151733", id="all digits that are needed"),
        pytest.param(-17.25, "-17.25", id="and no more"),
        pytest.param(0.0001, "0.0001", id="decimals"),
        pytest.param(-0.0000612258882028982, "-0.0000612258882028982", id="down to 1e-5"),
        pytest.param(1e-5, "0.00001", id="1e-5 itself"),
        pytest.param(9.5e-6, "9.5e-6", id="an exponent below, without a zero in front"),
        pytest.param(-3.128163257315464e-7, "-3.128163257315464e-7", id="a small log-probability"),
        pytest.param(5e-324, "5e-324", id="the smallest number"),
        pytest.param(-9999.0, "-9999.0", id="very unlikely"),
        pytest.param(1e15, "1000000000000000.0", id="decimals up to 1e15"),
        pytest.param(1e16, "1e16", id="an exponent above, without a plus"),
        pytest.param(float("inf"), "Infinity", id="what JSON has no word for"),
    ],
)
def test_a_fraction_is_written_as_the_provider_does(value: float, text: str) -> None:
    assert number(value) == text


@settings(derandomize=True)
@given(fractions)
def test_a_fraction_reads_back_as_it_was(value: float) -> None:
    assert json.loads(compact([value])) == [value]


@settings(derandomize=True)
@given(fractions)
def test_an_exponent_stands_only_below_1e_minus_5_and_from_1e16(value: float) -> None:
    has_exponent = value != 0 and not 1e-5 <= abs(value) < 1e16

    assert ("e" in number(value)) == has_exponent


@pytest.mark.parametrize("written", ["0", "0.00000015", "0.0045405", "1200", "99.99"])
def test_money_is_written_with_all_its_digits(written: str) -> None:
    assert compact([Decimal(written)]) == f"[{written}]"


@settings(derandomize=True)
@given(st.text())
def test_content_is_never_taken_for_a_mark(text: str) -> None:
    assert "\0" not in compact({text: text})


def test_a_hole_is_filled_by_its_value() -> None:
    hole = Hole("i", 9)

    assert fill(compact({"a": hole}), {hole.mark: "chatcmpl-"}) == '{"a":"chatcmpl-"}'


def test_a_hole_for_a_number_has_no_quotes() -> None:
    hole = NumberHole("d", 10)

    assert fill(compact({"a": hole}), {hole.mark: "1767225600"}) == '{"a":1767225600}'


@settings(derandomize=True)
@given(st.integers(3, 40))
def test_a_hole_is_as_long_as_what_fills_it(length: int) -> None:
    hole = Hole("i", length)
    text = compact([hole])

    assert len(fill(text, {hole.mark: "x" * length})) == len(text)


def test_a_hole_is_filled_wherever_it_stands() -> None:
    hole = Hole("i", 3)

    assert fill(compact([hole, [hole]]), {hole.mark: "abc"}) == '["abc",["abc"]]'


def test_holes_of_different_names_are_not_mixed_up() -> None:
    first, second = Hole("c0000", 8), Hole("c0001", 8)
    filling = {first.mark: "1" * 8, second.mark: "2" * 8}

    assert fill(compact([second, first]), filling) == '["22222222","11111111"]'


def test_content_that_looks_like_a_hole_stays_as_it_is() -> None:
    hole = Hole("i", 4)
    text = compact([hole, hole.mark])

    assert json.loads(fill(text, {hole.mark: "abcd"})) == ["abcd", hole.mark]


@settings(derandomize=True)
@given(pieces)
def test_a_text_of_tokens_is_written_like_any_text(parts: Any) -> None:
    text = TokenText(parts)

    assert pretty([text]) == pretty(["".join(piece for piece, _ in parts)])


@settings(derandomize=True)
@given(pieces)
def test_token_ends_stand_behind_each_token_and_change_nothing_else(parts: Any) -> None:
    marked = pretty([TokenText(parts)], token_ends=True)

    assert marked.count(TOKEN_END) == sum(count for _, count in parts)
    assert marked.replace(TOKEN_END, "") == pretty([TokenText(parts)])


def test_token_ends_stand_where_the_escaped_token_ends() -> None:
    text = TokenText((('say "', 1), ("yes", 2)))

    assert pretty(text, token_ends=True) == f'"say \\"{TOKEN_END}yes{TOKEN_END}{TOKEN_END}"'


def test_a_lone_surrogate_leaves_as_its_escape() -> None:
    assert to_bytes(compact("\ud83d!")) == b'"\\ud83d!"'


def test_escapes_leave_nothing_but_ascii() -> None:
    assert in_ascii(compact("it\u2019s \U0001f600")) == '"it\\u2019s \\ud83d\\ude00"'


@settings(derandomize=True)
@given(st.text())
def test_escaped_json_reads_as_it_did(text: str) -> None:
    escaped = in_ascii(compact(text))

    assert escaped.isascii()
    assert json.loads(escaped) == text
