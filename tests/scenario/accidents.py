"""What happens to files while people write them: slips of the keyboard, of the mind, of the disk.

Each accident takes a file that is right and a generator, and returns the file with one thing
wrong. Where it is sure what must be said of it, and in which line, it says so.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from random import Random
from typing import Any, Final, TypeAlias

from mockserver.plugins import Plugins
from mockserver.scenario.syntax import reader
from mockserver.scenario.syntax.nodes import ListNode, MapNode, Node, ScalarNode

FREE: Final = frozenset(
    (
        *("arguments", "headers", "value", "overrides", "state", "set", "capture", "request"),
        *("limits", "data", "body", "extra", "extra_message", "metadata"),
    )
)
"""Keys below which the language knows no words: what stands there is the tester's own."""

REPLIES: Final = frozenset(Plugins.installed().replies)


@dataclass(frozen=True)
class Spot:
    """A key of the language where it is written, with its value."""

    key: str
    line: int
    column: int
    value: Node


@dataclass(frozen=True)
class Damaged:
    """A file with something wrong in it; *said* must be told of *line*, if that is sure."""

    text: str
    said: str | None = None
    line: int | None = None


@dataclass(frozen=True)
class Written:
    """A file that is right."""

    name: str
    text: str

    @cached_property
    def spots(self) -> Sequence[Spot]:
        """The keys of the language in the file, outside of what is the tester's own."""
        root = reader.read(self.text, self.name, [])
        assert root is not None
        return [*_spots(root)]

    @property
    def lines(self) -> list[str]:
        return self.text.split("\n")

    def offset(self, line: int, column: int) -> int:
        """Return how many characters stand before a position, as editors count them."""
        return sum(len(text) + 1 for text in self.lines[: line - 1]) + column - 1

    def put(self, line: int, column: int, old: str, new: str) -> str:
        """Return the text with *new* in place of *old*, which must stand at the position."""
        start = self.offset(line, column)
        assert self.text.startswith(old, start), (self.name, line, column, old)
        return self.text[:start] + new + self.text[start + len(old) :]

    def scalars(self, *kinds: type[Any]) -> list[Spot]:
        """Return the keys whose value is one unquoted word of *kinds*."""
        return [
            spot
            for spot in self.spots
            if isinstance(spot.value, ScalarNode)
            and spot.value.plain
            and type(spot.value.value) in kinds
            and "\n" not in spot.value.raw
        ]

    def replaced(self, spot: Spot, new: str) -> str:
        """Return the text with *new* for the unquoted value of *spot*."""
        assert isinstance(spot.value, ScalarNode)
        place = spot.value.place
        return self.put(place.line, place.column, spot.value.raw, new)


def _spots(node: Node) -> Iterator[Spot]:
    if isinstance(node, ListNode):
        for item in node.items:
            yield from _spots(item)
    elif isinstance(node, MapNode):
        for member in node.members:
            yield Spot(member.key, member.place.line, member.place.column, member.value)
            if member.key not in FREE:
                yield from _spots(member.value)


Accident: TypeAlias = Callable[[Written, Random], Damaged | None]
"""Returns None if it cannot happen to that file."""


def _a(rng: Random, spots: Sequence[Spot]) -> Spot | None:
    return rng.choice(spots) if spots else None


# --- Keys ------------------------------------------------------------------------------------


def _misspelt(spot: Spot, slip: Callable[[str], str], file: Written) -> Damaged:
    word = slip(spot.key)
    said = f"unknown key '{word}'" if spot.key != "kind" else None
    return Damaged(file.put(spot.line, spot.column, spot.key, word), said, spot.line)


def two_letters_swapped(file: Written, rng: Random) -> Damaged | None:
    spot = _a(rng, [s for s in file.spots if len(set(s.key[:3])) == len(s.key[:3]) == 3])
    return spot and _misspelt(spot, lambda key: key[0] + key[2] + key[1] + key[3:], file)


def letter_missing(file: Written, rng: Random) -> Damaged | None:
    spot = _a(rng, [s for s in file.spots if len(s.key) > 3])
    return spot and _misspelt(spot, lambda key: key[:2] + key[3:], file)


def letter_twice(file: Written, rng: Random) -> Damaged | None:
    spot = _a(rng, file.spots)
    return spot and _misspelt(spot, lambda key: key[:1] + key, file)


def key_in_capitals(file: Written, rng: Random) -> Damaged | None:
    spot = _a(rng, file.spots)
    return spot and _misspelt(spot, str.upper, file)


def letter_of_another_alphabet(file: Written, rng: Random) -> Damaged | None:
    spot = _a(rng, [s for s in file.spots if "e" in s.key])
    return spot and _misspelt(
        spot, lambda key: key.replace("e", "\N{CYRILLIC SMALL LETTER IE}", 1), file
    )


def invisible_letter(file: Written, rng: Random) -> Damaged | None:
    spot = _a(rng, file.spots)
    return spot and _misspelt(spot, lambda key: f"{key}\N{ZERO WIDTH SPACE}", file)


def key_that_steers_a_terminal(file: Written, rng: Random) -> Damaged | None:
    spot = _a(rng, file.spots)
    word = rng.choice([r"a\nb", r"a\e[31m", r"a\u202eb", r"a\0"])
    said = None if spot and spot.key == "kind" else "unknown key 'a"
    return spot and Damaged(
        file.put(spot.line, spot.column, spot.key, f'"{word}"'), said, spot.line
    )


def key_twice(file: Written, rng: Random) -> Damaged | None:
    spot = _a(rng, file.spots)
    said = spot and f"duplicate key '{spot.key}'"
    put = spot and f"{spot.key}: null, {spot.key}"
    if spot is None or put is None:
        return None
    in_flow = "{" in file.lines[spot.line - 1][: spot.column - 1]
    if not in_flow:
        put = f"{spot.key}: null\n{' ' * (spot.column - 1)}{spot.key}"
    line = spot.line if in_flow else spot.line + 1
    return Damaged(file.put(spot.line, spot.column, spot.key, put), said, line)


def key_of_another_tool(file: Written, rng: Random) -> Damaged | None:
    spot = _a(rng, [s for s in file.spots if s.key == "when"])
    word = rng.choice(["match", "userMessage", "request_matcher", "on", "x" * 1_000])
    return spot and Damaged(
        file.put(spot.line, spot.column, "when", word), "unknown key", spot.line
    )


def key_forgotten(file: Written, rng: Random) -> Damaged | None:
    spot = _a(rng, [s for s in file.spots if s.key in {"version", "kind", "text", "calls"}])
    return spot and Damaged(file.put(spot.line, spot.column, spot.key, f"no_{spot.key}"))


def key_that_is_no_text(file: Written, rng: Random) -> Damaged | None:
    spot = _a(rng, file.spots)
    word = rng.choice(["? [a]\n:", "{a: b}", "[a, b]", "*x", "&a", "!!int 1", "null", "1"])
    return spot and Damaged(file.put(spot.line, spot.column, spot.key, word))


# --- Values ----------------------------------------------------------------------------------


def value_of_another_type(file: Written, rng: Random) -> Damaged | None:
    spot = _a(rng, file.scalars(str, int, float, bool))
    value = rng.choice(["[]", "{}", "null", "true", "42", "1.5", "[a, [b]]", "{a: {b: c}}", '""'])
    return spot and Damaged(file.replaced(spot, value))


def text_for_a_whole_rule(file: Written, rng: Random) -> Damaged:
    start = file.text.index("\nrules:")
    value = rng.choice(["some text", "42", "[some text]", "[[]]", "[{}, null]", "{a: b}", "true"])
    said = None if value == "[{}, null]" else "expected"
    return Damaged(f"{file.text[:start]}\nrules: {value}\n", said)


def values_swapped(file: Written, rng: Random) -> Damaged | None:
    spots = sorted(file.scalars(str, int, float, bool), key=lambda s: (s.line, s.column))
    if len(spots) < 2:
        return None
    first, second = sorted(rng.sample(range(len(spots)), 2))
    one, other = spots[first], spots[second]
    assert isinstance(one.value, ScalarNode)
    assert isinstance(other.value, ScalarNode)
    later = Written(file.name, file.replaced(other, one.value.raw))
    return Damaged(later.replaced(one, other.value.raw))


def number_that_is_none(file: Written, rng: Random) -> Damaged | None:
    spot = _a(rng, file.scalars(int, float))
    word, said = rng.choice(
        [
            ("1e999", "too large"),
            ("-.inf", "not a number in JSON"),
            (".nan", "not a number in JSON"),
            ("017", "not the same number"),
            ("1_000", "a number to some YAML readers"),
            ("0b11", "not the same number"),
            ("9" * 5_000, "too long"),
        ]
    )
    return spot and Damaged(file.replaced(spot, word), said, spot.value.place.line)


def number_out_of_range(file: Written, rng: Random) -> Damaged | None:
    spot = _a(rng, file.scalars(int, float))
    word = rng.choice(["-1", "0", "1e300", "-0.0", "999999999999999999999", "0x7fffffffffffffff"])
    return spot and Damaged(file.replaced(spot, word))


def word_that_is_a_boolean_to_some(file: Written, rng: Random) -> Damaged | None:
    spot = _a(rng, file.scalars(str, int, bool))
    word = rng.choice(["yes", "no", "on", "off", "Yes", "OFF"])
    said = f"'{word}' is text to some YAML readers"
    return spot and Damaged(file.replaced(spot, word), said, spot.value.place.line)


def kind_that_is_none(file: Written, rng: Random) -> Damaged | None:
    spot = _a(rng, [s for s in file.scalars(str) if s.key == "kind"])
    word = rng.choice(["txet", "toolcalls", "disconect", "__class__", "kind", "\N{FLAMINGO}"])
    return spot and Damaged(file.replaced(spot, word), f"kind '{word}'", spot.value.place.line)


def kind_of_the_other_socket(file: Written, rng: Random) -> Damaged | None:
    spot = _a(rng, [s for s in file.scalars(str) if s.key == "kind"])
    if spot is None:
        return None
    assert isinstance(spot.value, ScalarNode)
    word = "http_error" if spot.value.raw in REPLIES else "lorem"
    return Damaged(file.replaced(spot, word), "unknown", spot.value.place.line)


def regex_that_is_none(file: Written, rng: Random) -> Damaged | None:
    spot = _a(rng, [s for s in file.spots if s.key == "when"])
    regex, said = rng.choice(
        [
            ("'('", "not a regular expression"),
            ("'[a'", "not a regular expression"),
            ("'(?P<n>a)(?P<n>b)'", "not a regular expression"),
            ("'a{99999999999}'", "not a regular expression"),
            ("'(?P=x)'", "not a regular expression"),
            ("'" + "(" * 5_000 + "'", "nested too deep"),
        ]
    )
    if spot is None or file.lines[spot.line - 1][: spot.column - 1].strip(" -"):
        return None
    put = f"when: {{system: {{regex: {regex}}}}}\n{' ' * (spot.column - 1)}when"
    return Damaged(file.put(spot.line, spot.column, "when", put), said, spot.line)


# --- The form of the file --------------------------------------------------------------------


def line_moved(file: Written, rng: Random) -> Damaged | None:
    lines = file.lines
    number = rng.randrange(1, len(lines))
    if not lines[number].strip():
        return None
    lines[number] = " " * rng.choice([1, 3]) + lines[number]
    return Damaged("\n".join(lines))


def line_lost(file: Written, rng: Random) -> Damaged:
    lines = file.lines
    del lines[rng.randrange(len(lines))]
    return Damaged("\n".join(lines))


def lines_in_another_order(file: Written, rng: Random) -> Damaged:
    lines = file.lines
    rng.shuffle(lines)
    return Damaged("\n".join(lines))


def tab_for_spaces(file: Written, rng: Random) -> Damaged | None:
    lines = file.lines
    found = [n for n, line in enumerate(lines) if re.match(r" +[a-z_]+:", line)]
    if not found or "|" in file.text or ">-" in file.text:
        return None
    number = rng.choice(found)
    lines[number] = "\t" + lines[number].lstrip()
    return Damaged("\n".join(lines), "tab", number + 1)


def file_cut_off(file: Written, rng: Random) -> Damaged:
    return Damaged(file.text[: rng.randrange(len(file.text))])


def brackets_lost(file: Written, rng: Random) -> Damaged | None:
    places = [i for i, char in enumerate(file.text) if char in "{}[]\"'"]
    if not places:
        return None
    place = rng.choice(places)
    return Damaged(file.text[:place] + file.text[place + 1 :])


def quote_not_closed(file: Written, rng: Random) -> Damaged:
    quote = rng.choice("\"'")
    return Damaged(f"{file.text}description: {quote}never closed\n", "this is not YAML")


def colon_in_a_text(file: Written, rng: Random) -> Damaged | None:
    spot = _a(rng, [s for s in file.scalars(str) if "{" not in file.lines[s.line - 1]])
    return spot and Damaged(file.replaced(spot, "one: two: three"), "", spot.value.place.line)


def nested_without_end(file: Written, rng: Random) -> Damaged | None:
    spot = _a(rng, file.scalars(str, int, bool))
    depth = rng.choice([40, 1_000, 100_000])
    value = rng.choice(["[", "{a: "]) * depth
    return spot and Damaged(file.replaced(spot, value), "nested too deep", spot.value.place.line)


def control_character(file: Written, rng: Random) -> Damaged:
    place = rng.randrange(len(file.text))
    char = rng.choice("\0\x07\x1b\x7f\x80\ufffe\ud800")
    said = f"the character U+{ord(char):04X} is not allowed in YAML"
    line = file.text[:place].count("\n") + 1
    return Damaged(file.text[:place] + char + file.text[place:], said, line)


def odd_space(file: Written, rng: Random) -> Damaged | None:
    lines = file.lines
    number = rng.randrange(len(lines))
    space = rng.choice("\u00a0\u2028\u2029\u0085\ufeff\u3000\u200f")
    lines[number] = space + lines[number]
    return Damaged("\n".join(lines))


def carriage_returns(file: Written, rng: Random) -> Damaged:
    return Damaged(file.text.replace("\n", rng.choice(["\r\n", "\r"])))


def file_without_a_scenario(file: Written, rng: Random) -> Damaged:
    text = rng.choice(["", "\n", "# nothing\n", "---\n", "null", "42", "- a\n", "~: ~\n", '"', "%"])
    return Damaged(text, "")


# --- What only hostile files hold ------------------------------------------------------------


def alias_of_nothing(file: Written, rng: Random) -> Damaged | None:
    spot = _a(rng, file.scalars(str, int, bool))
    said = "nothing above has the anchor '&nowhere'"
    return spot and Damaged(file.replaced(spot, "*nowhere"), said, spot.value.place.line)


def alias_of_itself(file: Written, rng: Random) -> Damaged | None:
    spot = _a(rng, file.scalars(str, int, bool))
    said = "refers to itself"
    return spot and Damaged(file.replaced(spot, "&me [*me]"), said, spot.value.place.line)


def aliases_that_multiply(file: Written, rng: Random) -> Damaged:
    fanout = rng.choice([9, 100])
    levels = [f"a0: &a0 [{', '.join('x' * fanout)}]"]
    levels += [
        f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * fanout)}]" for n in range(1, rng.choice([6, 9]))
    ]
    return Damaged(file.text + "\n".join(levels), "stand for more than")


def merge_key(file: Written, rng: Random) -> Damaged | None:
    spot = _a(rng, [s for s in file.spots if s.column > 1])
    if spot is None or "{" not in file.lines[spot.line - 1][: spot.column - 1]:
        return None
    text = file.put(spot.line, spot.column, spot.key, f"<<: {{a: 1}}, {spot.key}")
    return Damaged(text, "the merge key '<<'", spot.line)


def tag(file: Written, rng: Random) -> Damaged | None:
    spot = _a(rng, file.scalars(str, int, bool))
    word = rng.choice(
        [
            "!!python/object/apply:os.system [exit]",
            "!!python/name:os.system x",
            "!!binary aGk=",
            "!!set {a, b}",
            "!include /etc/passwd",
            "!<tag:example.org,2000:x> y",
        ]
    )
    said = "is not part of the language"
    return spot and Damaged(file.replaced(spot, word), said, spot.value.place.line)


def second_document(file: Written, rng: Random) -> Damaged:
    line = file.text.count("\n") + 1
    tail = rng.choice(["---\nversion: 1\n", "--- {}\n", "---\n"])
    return Damaged(file.text + tail, "a second document begins here", line)


def hundred_wrong_keys(file: Written, rng: Random) -> Damaged:
    names = [f"wrong_{rng.randrange(10**9)}" for _ in range(100)]
    return Damaged(file.text + "".join(f"{name}: 1\n" for name in names), "unknown key")


def very_long_words(file: Written, rng: Random) -> Damaged | None:
    spot = _a(rng, file.scalars(str))
    return spot and Damaged(file.replaced(spot, rng.choice(["a", "(", "\\", "é"]) * 100_000))


def _accidents() -> Mapping[str, Accident]:
    made_here = {
        name: value
        for name, value in globals().items()
        if callable(value) and getattr(value, "__module__", "") == __name__
    }
    return {
        name.replace("_", " "): value
        for name, value in made_here.items()
        if not name.startswith("_") and not isinstance(value, type)
    }


ACCIDENTS: Final[Mapping[str, Accident]] = _accidents()
