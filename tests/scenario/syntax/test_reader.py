import re
from typing import Any

import pytest
import yaml

from mockserver.errors import Place, Problem
from mockserver.scenario.syntax import reader
from mockserver.scenario.syntax.nodes import ListNode, MapNode, ScalarNode


def read(text: str) -> tuple[Any, list[str]]:
    problems: list[Problem] = []
    root = reader.read(text, "a.yaml", problems)
    return root, "\n".join(map(str, problems)).splitlines()


def plain(node: Any) -> Any:
    match node:
        case ScalarNode():
            return node.value
        case ListNode():
            return [plain(item) for item in node.items]
        case MapNode():
            return {member.key: plain(member.value) for member in node.members}
        case _:
            raise AssertionError(node)


def value_of(word: str) -> Any:
    root, problems = read(f"a: {word}")
    assert problems == []
    return plain(root)["a"]


@pytest.fixture(params=["C", "Python"])
def parser(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Both parsers: installations without the C library read the same."""
    if request.param == "Python":
        monkeypatch.setattr(reader, "_LOADER", yaml.SafeLoader)
    return str(request.param)


@pytest.mark.parametrize(
    ("word", "value"),
    [
        pytest.param("", None, id="nothing is null"),
        pytest.param("~", None, id="a tilde is null"),
        pytest.param("null", None, id="null is null"),
        pytest.param("true", True, id="true is a boolean"),
        pytest.param("False", False, id="False is a boolean"),
        pytest.param("42", 42, id="digits are a whole number"),
        pytest.param("-7", -7, id="a sign may stand before a number"),
        pytest.param("0", 0, id="zero is a number"),
        pytest.param("0x1F", 31, id="hexadecimal is the same everywhere"),
        pytest.param("1.5", 1.5, id="a point makes a float"),
        pytest.param("1e3", 1000.0, id="an exponent makes a float, as in JSON"),
        pytest.param("-.5", -0.5, id="the zero before the point may be left out"),
        pytest.param("gpt-4o", "gpt-4o", id="a word is text"),
        pytest.param("12:30", "12:30", id="a time is text, and not 750"),
        pytest.param("2026-11-20", "2026-11-20", id="a date is text"),
        pytest.param("1.2.3", "1.2.3", id="a version of three parts is text"),
        pytest.param("+49 30 1", "+49 30 1", id="a telephone number is text"),
        pytest.param("y", "y", id="a lone y is text"),
        pytest.param("=", "=", id="an equals sign is text"),
        pytest.param("<<", "<<", id="angle brackets as a value are text"),
        pytest.param('"42"', "42", id="quotes make text of a number"),
        pytest.param("'yes'", "yes", id="quotes make text of yes"),
        pytest.param('"\\u00e9"', "é", id="escapes work in double quotes"),
        pytest.param("! 12", "12", id="the non-specific tag makes text, as YAML says"),
    ],
)
def test_a_word_means_what_all_readers_of_yaml_agree_on(
    word: str, value: object, parser: str
) -> None:
    assert value_of(word) == value
    assert type(value_of(word)) is type(value)


@pytest.mark.parametrize(
    ("word", "problem", "hint"),
    [
        pytest.param(
            "yes",
            "'yes' is text to some YAML readers and a boolean to others",
            'write true, or "yes" in quotes',
            id="yes",
        ),
        pytest.param(
            "Off",
            "'Off' is text to some YAML readers and a boolean to others",
            'write false, or "Off" in quotes',
            id="Off",
        ),
        pytest.param(
            "017",
            "'017' is not the same number to all YAML readers",
            'write "017" in quotes for text, or the number without its leading zero',
            id="a leading zero",
        ),
        pytest.param(
            "0o17",
            "'0o17' is not the same number to all YAML readers",
            'write "0o17" in quotes for text, or the number without its leading zero',
            id="octal of YAML 1.2",
        ),
        pytest.param(
            "1_000",
            "'1_000' is a number to some YAML readers and text to others",
            'write "1_000" in quotes for text, or the number without underscores',
            id="underscores",
        ),
        pytest.param(
            ".inf",
            "'.inf' is not a number in JSON",
            "put it in quotes if it is text",
            id="infinity",
        ),
        pytest.param(
            "1e999",
            "the number 1e999 is too large",
            "put it in quotes if it is text",
            id="a number beyond floats",
        ),
        pytest.param(
            "9" * 5_000,
            "the number is too long",
            "put it in quotes if it is text",
            id="a number that Python refuses to read",
        ),
    ],
)
def test_a_word_on_which_readers_disagree_is_refused(word: str, problem: str, hint: str) -> None:
    _, problems = read(f"a: {word}")

    assert problems == [f"a.yaml:1:4: {problem}", f"  {hint}"]


def test_keys_are_text_whatever_they_look_like() -> None:
    root, problems = read("{1: a, yes: b, null: c, 017: d}")

    assert problems == []
    assert plain(root) == {"1": "a", "yes": "b", "null": "c", "017": "d"}


def test_every_value_knows_its_place_as_editors_count(parser: str) -> None:
    root, _ = read("é: 1\nrules:\n  - {名前: [x, y]}\n")

    rule = root.get("rules").value.items[0]
    assert rule.place == Place("a.yaml", 3, 5)
    assert rule.get("名前").place == Place("a.yaml", 3, 6)
    assert rule.get("名前").value.items[1].place == Place("a.yaml", 3, 14)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("", {}, id="an empty file is an empty mapping"),
        pytest.param("# nothing\n", {}, id="so is one of comments alone"),
        pytest.param("--- \n", None, id="a document without content is null"),
        pytest.param("a: &x [1, 2]\nb: *x\n", {"a": [1, 2], "b": [1, 2]}, id="aliases are read"),
        pytest.param("a: |\n  one\n  two\n", {"a": "one\ntwo\n"}, id="block texts are read"),
        pytest.param("a: &x 1\nb: &x 2\nc: *x\n", {"a": 1, "b": 2, "c": 2}, id="marks anew"),
        pytest.param('{"a": [1, null, true]}', {"a": [1, None, True]}, id="JSON is YAML"),
    ],
)
def test_what_is_read(text: str, expected: object, parser: str) -> None:
    root, problems = read(text)

    assert problems == []
    assert plain(root) == expected


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        pytest.param(
            "a: 1\nb: 2\na: 3\n",
            ["a.yaml:3:1: duplicate key 'a': the first is on line 1"],
            id="a duplicate key",
        ),
        pytest.param(
            "a: &x {b: 1}\nc:\n  <<: *x\n",
            [
                "a.yaml:3:3: the merge key '<<' is not part of the language",
                "  write the values out",
            ],
            id="a merge key",
        ),
        pytest.param(
            "a: !!python/object:os.system x\n",
            [
                "a.yaml:1:4: the tag '!!python/object:os.system' is not part of the language",
                '  remove it; text that looks like a number goes in "quotes"',
            ],
            id="a tag that names code",
        ),
        pytest.param(
            "a: !!set {b}\n",
            [
                "a.yaml:1:4: the tag '!!set' is not part of the language",
                '  remove it; text that looks like a number goes in "quotes"',
            ],
            id="a tag on a mapping",
        ),
        pytest.param(
            "? [a]\n: b\n",
            ["a.yaml:1:3: a key is text, not a list or a mapping"],
            id="a list as key",
        ),
        pytest.param(
            "a: &x b\n*x : c\n", ["a.yaml:2:1: a key is text, not an alias"], id="an alias as key"
        ),
        pytest.param(
            "a: *x\n", ["a.yaml:1:4: nothing above has the anchor '&x'"], id="an alias of nothing"
        ),
        pytest.param(
            "a: &x [*x]\n",
            ["a.yaml:1:8: the alias '*x' refers to itself"],
            id="an alias of itself",
        ),
        pytest.param(
            "a: 1\n---\nb: 2\n",
            [
                "a.yaml:2:1: a second document begins here",
                "  a file holds one scenario: remove the '---'",
            ],
            id="a second document",
        ),
        pytest.param(
            "a:\n\tb: 1\n",
            [
                "a.yaml:2:1: a tab: YAML is indented with spaces",
                "  replace the tab with spaces",
            ],
            id="a tab",
        ),
        pytest.param(
            "a: @b\n",
            [
                "a.yaml:1:4: unquoted text cannot begin with '@'",
                "  put the text in quotes",
            ],
            id="an at sign",
        ),
        pytest.param(
            "a: b: c\n",
            [
                "a.yaml:1:5: a ':' is not allowed here",
                "  put text that contains ': ' in quotes, and align the keys of a mapping",
            ],
            id="a colon in an unquoted text",
        ),
        pytest.param(
            'a: "b\n',
            [
                "a.yaml:2:1: this is not YAML: found unexpected end of stream",
                "  a quote is not closed",
            ],
            id="an open quote",
        ),
        pytest.param(
            "a: {b: c\n",
            [
                "a.yaml:2:1: this is not YAML: did not find expected ',' or '}'",
                "  a '{' is not closed, or a ',' is missing",
            ],
            id="an open brace",
        ),
        pytest.param(
            "a: 'x\0y'\n",
            [
                "a.yaml:1:6: the character U+0000 is not allowed in YAML",
                '  write it in double quotes, as "\\u0000"',
            ],
            id="a NUL",
        ),
        pytest.param(
            "a: '\ud800'\n",
            [
                "a.yaml:1:5: the character U+D800 is not allowed in YAML",
                '  write it in double quotes, as "\\uD800"',
            ],
            id="half a character",
        ),
    ],
)
def test_what_is_refused(text: str, lines: list[str]) -> None:
    _, problems = read(text)

    assert problems == lines


def test_all_that_is_wrong_is_told_at_once() -> None:
    _, problems = read("a: yes\nb: !!set {c: 012}\nb: 1\n")

    assert [line.split(" ")[0] for line in problems if not line.startswith(" ")] == [
        "a.yaml:1:4:",
        "a.yaml:2:4:",
        "a.yaml:2:14:",
        "a.yaml:3:1:",
    ]


def test_thirty_two_levels_are_read_and_no_more(parser: str) -> None:
    _, within = read("[" * 32 + "]" * 32)
    _, beyond = read("[" * 33 + "]" * 33)

    assert within == []
    assert beyond == ["a.yaml:1:33: this is nested too deeply: at most 32 levels"]


def test_a_file_of_a_million_brackets_is_refused_at_the_first_too_many() -> None:
    _, problems = read("[" * 1_000_000)

    # The parser itself looks ahead, and may have enough before the reader has.
    (problem,) = problems
    assert re.fullmatch(r"a\.yaml:1:\d+: this is nested too deeply: at most 32 levels", problem)


def test_aliases_do_not_nest_deeper_than_the_limit() -> None:
    text = "a: &a [" * 1 + "[" * 20 + "]" * 20 + "]\n" + "b: " + "[" * 15 + "*a" + "]" * 15

    _, problems = read(text)

    assert problems == ["a.yaml:2:19: this is nested too deeply: at most 32 levels"]


def test_a_billion_laughs_are_refused(parser: str) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]

    root, problems = read("\n".join(lines))

    assert root is None
    assert problems == [
        "a.yaml:4:45: the aliases of this file stand for more than 10000 values",
        "  write the values out",
    ]


def test_a_big_file_without_aliases_is_read() -> None:
    root, problems = read("".join(f"- {{name: rule-{n}, times: 1}}\n" for n in range(20_000)))

    assert problems == []
    assert len(root.items) == 20_000


def test_a_file_above_16_mib_is_refused() -> None:
    _, problems = read("# " + "x" * reader.MAX_BYTES)

    assert problems == ["a.yaml:1:1: the file is too large: 16.0 MiB, and the limit is 16 MiB"]


def test_size_is_counted_in_bytes() -> None:
    _, problems = read("# " + "é" * (reader.MAX_BYTES // 2))

    assert problems == ["a.yaml:1:1: the file is too large: 16.0 MiB, and the limit is 16 MiB"]
