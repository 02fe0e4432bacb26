"""The tests of a `when`, as they are written: on a text, a name, names, a number, any value.

Their fields are their keys in YAML (a trailing underscore is dropped), and `bare` is the key
that a value stands for which is no mapping. Each makes a function that is as fast as can be:
rules are tried for every request.
"""

import fnmatch
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import Annotated, Any, ClassVar, Final, Self, TypeAlias, TypeVar, cast

from mockserver.contracts import UNSTATED, Unstated
from mockserver.errors import BadValue
from mockserver.scenario.syntax.wording import either, literal, shortened
from mockserver.wire.jsontext import JsonValue, compact, is_list, is_object

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that an annotation says of a key beyond its type."""

    name: str


ONE_OR_MORE: Final = Mark("one or more")
"""A list that is not empty; a single element may stand without its brackets."""
REGEX: Final = Mark("regex")
"""A regular expression, as Python's `re` reads them."""
QUERY: Final = Mark("query")
"""A JMESPath expression."""

OneOrMore: TypeAlias = Annotated[tuple[T, ...], ONE_OR_MORE]
Regex: TypeAlias = Annotated[str, REGEX]
QueryText: TypeAlias = Annotated[str, QUERY]

TextPredicate: TypeAlias = Callable[[str | None], bool]
"""Takes a text, or None where there is none."""

MAX_SEARCHED: Final = 65_536
"""How many characters a regular expression looks at: `re` cannot be interrupted."""


def has_wildcard(pattern: str) -> bool:
    """Return whether the glob *pattern* can fit more than one text."""
    return "*" in pattern or "?" in pattern or "[" in pattern


def literal_run(glob: str) -> str:
    """Return the longest part of *glob* that a text must have as it is; empty if there is none."""
    return max(re.split(r"\*|\?|\[.*", glob, flags=re.DOTALL), key=len)


class ShowsWhatIsStated:
    """A dataclass of many keys, of which few are stated: only those are worth showing."""

    __slots__ = ()

    def __repr__(self) -> str:
        """Return the class with the fields that differ from their default."""
        defaults = {key.name: key.default for key in fields(cast("Any", self))}
        values = {name: getattr(self, name) for name in defaults}
        stated = [f"{n}={v!r}" for n, v in values.items() if v != defaults[n] and v != {}]
        return f"{type(self).__name__}({', '.join(stated)})"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class TextTest(ShowsWhatIsStated):
    """A test of a text; all that is stated must hold.

    Attributes:
        equals: The whole text; of several, one.
        contains: A part of it; of several, one.
        glob: A pattern with `*`, `?` and `[abc]` that fits the whole text; of several, one.
        regex: A regular expression that is found in it; of several, one.
        all: Tests that must all hold.
        not_: A test that must not hold.
        present: Whether there is a text at all.

    """

    bare: ClassVar[str] = "equals"
    called: ClassVar[str] = "a test"

    equals: OneOrMore[str] = ()
    contains: OneOrMore[str] = ()
    glob: OneOrMore[str] = ()
    regex: OneOrMore[Regex] = ()
    all: tuple[Self, ...] = ()
    not_: Self | Unstated = UNSTATED
    present: bool | Unstated = UNSTATED

    def __post_init__(self) -> None:
        _refuse_absent_and_more(self)

    @property
    def cost(self) -> int:
        """What a test costs, roughly, in units of a comparison."""
        inner = sum(test.cost for test in self.all)
        if not isinstance(self.not_, Unstated):
            inner += self.not_.cost
        patterns = [*filter(has_wildcard, self.glob)]
        return 1 + 2 * len(self.contains) + 2 * len(patterns) + 20 * len(self.regex) + inner

    def predicate(self) -> TextPredicate:
        """Return the function that tells whether the test holds for a text."""
        parts: list[TextPredicate] = []
        if self.present is not UNSTATED:
            parts.append(_is_present if self.present else _is_absent)
        if self.equals:
            parts.append(frozenset[str | None](self.equals).__contains__)
        if self.contains:
            parts.append(_contains(self.contains))
        if self.glob:
            parts.append(_globs(self.glob))
        if self.regex:
            parts.append(_searches(self.regex))
        parts += [test.predicate() for test in self.all]
        if not isinstance(self.not_, Unstated):
            parts.append(_negated(self.not_.predicate()))
        return parts[0] if len(parts) == 1 else _conjunction(parts)

    def describe(self) -> str:
        """Return what is wanted, to stand behind "the rule wants"."""
        words: list[str] = []
        if self.present is not UNSTATED:
            words.append("one at all" if self.present else "none")
        if self.equals:
            words.append(_one_of(self.equals))
        if self.glob:
            words.append(_one_of(self.glob))
        if self.contains:
            words.append(f"text that contains {_one_of(self.contains)}")
        if self.regex:
            words.append(f"text in which {_one_of(self.regex)} is found")
        words += [test.describe() for test in self.all]
        if not isinstance(self.not_, Unstated):
            words.append(f"not {self.not_.describe()}")
        return " and ".join(words)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class NameTest(TextTest):
    """A test of a name: as of a text, but a bare value is a glob."""

    bare: ClassVar[str] = "glob"

    def names(self) -> tuple[str, ...] | None:
        """Return the only names for which the test can hold, or None if it tells no such list."""
        if self.equals:
            return self.equals
        return None if not self.glob or any(map(has_wildcard, self.glob)) else self.glob

    def globs(self) -> list[str]:
        """Return the names and globs that stand in the test, wherever in it."""
        found = [*self.equals, *self.glob]
        for test in self.all:
            found += test.globs()
        if not isinstance(self.not_, Unstated):
            found += self.not_.globs()
        return found


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class NamesTest(ShowsWhatIsStated):
    """A test of a set of names, each given as a glob; all that is stated must hold.

    Attributes:
        any: One of these is there.
        all: Each of these is there.
        present: Whether there are any at all.

    """

    bare: ClassVar[str] = "any"
    called: ClassVar[str] = "a test"

    any: OneOrMore[str] = ()
    all: OneOrMore[str] = ()
    present: bool | Unstated = UNSTATED

    def __post_init__(self) -> None:
        _refuse_absent_and_more(self)

    @property
    def cost(self) -> int:
        """What a test costs, roughly, in units of a comparison."""
        return 4 + 2 * len(self.any) + 2 * len(self.all)

    def predicate(self) -> Callable[[Sequence[str]], bool]:
        """Return the function that tells whether the test holds for names."""
        if self == NamesTest(any=self.any) and not any(map(has_wildcard, self.any)):
            disjoint = frozenset(self.any).isdisjoint
            return lambda names: not disjoint(names)
        one_of = _globs(self.any) if self.any else None
        each_of = [_globs((glob,)) for glob in self.all]
        present = self.present

        def holds(names: Sequence[str]) -> bool:
            return (
                (present is UNSTATED or bool(names) is present)
                and (one_of is None or any(map(one_of, names)))
                and all(any(map(wanted, names)) for wanted in each_of)
            )

        return holds

    def describe(self) -> str:
        """Return what is wanted, to stand behind "the rule wants"."""
        words: list[str] = []
        if self.present is not UNSTATED:
            words.append("one at all" if self.present else "none")
        if self.any:
            words.append(_one_of(self.any))
        if self.all:
            words.append(" and ".join(map(literal, self.all)))
        return " and ".join(words)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class NumberTest(ShowsWhatIsStated):
    """A test of a count; all that is stated must hold.

    Attributes:
        equals: The number; of several, one.
        at_least: This number, or more.
        at_most: This number, or less.
        present: Whether there is anything to count.

    """

    bare: ClassVar[str] = "equals"
    called: ClassVar[str] = "a test"

    equals: OneOrMore[int] = ()
    at_least: int | Unstated = UNSTATED
    at_most: int | Unstated = UNSTATED
    present: bool | Unstated = UNSTATED

    cost: ClassVar[int] = 3

    def __post_init__(self) -> None:
        _refuse_absent_and_more(self)
        if (
            not isinstance(self.at_least, Unstated)
            and not isinstance(self.at_most, Unstated)
            and self.at_least > self.at_most
        ):
            what = f"at least {self.at_least} and at most {self.at_most}: never holds"
            raise BadValue("at_most", what)

    def holds(self, number: int | None) -> bool:
        """Return whether the test holds for *number*; None: there is none."""
        if number is None:
            return self.present is False
        return (
            self.present is not False
            and (not self.equals or number in self.equals)
            and (isinstance(self.at_least, Unstated) or number >= self.at_least)
            and (isinstance(self.at_most, Unstated) or number <= self.at_most)
        )

    def predicate(self) -> Callable[[int | None], bool]:
        """Return the function that tells whether the test holds for a number."""
        if self == NumberTest(equals=self.equals):
            return frozenset[int | None](self.equals).__contains__
        return self.holds

    def describe(self) -> str:
        """Return what is wanted, to stand behind "the rule wants"."""
        words: list[str] = []
        if self.present is not UNSTATED:
            words.append("one at all" if self.present else "none")
        if self.equals:
            words.append(" or ".join(map(str, self.equals)))
        if self.at_least is not UNSTATED:
            words.append(f"at least {self.at_least}")
        if self.at_most is not UNSTATED:
            words.append(f"at most {self.at_most}")
        return " and ".join(words)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ValueTest(ShowsWhatIsStated):
    """A test of any JSON value; all that is stated must hold. What is not there is null.

    Attributes:
        equals: The whole value.
        contains: A part of a text; of several, one.
        glob: A pattern with `*`, `?` and `[abc]` that fits the whole text; of several, one.
        regex: A regular expression that is found in the text; of several, one.
        at_least: This number, or more.
        at_most: This number, or less.
        not_: A test that must not hold.
        present: Whether there is a value other than null.

    """

    bare: ClassVar[str] = "equals"
    called: ClassVar[str] = "a test"

    equals: JsonValue | Unstated = UNSTATED
    contains: OneOrMore[str] = ()
    glob: OneOrMore[str] = ()
    regex: OneOrMore[Regex] = ()
    at_least: float | Unstated = UNSTATED
    at_most: float | Unstated = UNSTATED
    not_: Self | Unstated = UNSTATED
    present: bool | Unstated = UNSTATED

    cost: ClassVar[int] = 10

    def __post_init__(self) -> None:
        _refuse_absent_and_more(self)
        of_texts = next((key for key in ("contains", "glob", "regex") if getattr(self, key)), None)
        for key in ("at_least", "at_most"):
            if of_texts is not None and not isinstance(getattr(self, key), Unstated):
                raise BadValue(key, f"'{of_texts}' is of texts, '{key}' of numbers: never holds")

    def predicate(self) -> Callable[[JsonValue], bool]:
        """Return the function that tells whether the test holds for a value."""
        parts: list[Callable[[JsonValue], bool]] = []
        if self.present is not UNSTATED:
            parts.append(_is_present if self.present else _is_absent)
        if not isinstance(self.equals, Unstated):
            parts.append(_same_json(self.equals))
        if self.contains or self.glob or self.regex:
            fits = TextTest(contains=self.contains, glob=self.glob, regex=self.regex).predicate()
            parts.append(lambda value: isinstance(value, str) and fits(value))
        if not isinstance(self.at_least, Unstated):
            least = self.at_least
            parts.append(lambda value: _is_number(value) and value >= least)
        if not isinstance(self.at_most, Unstated):
            most = self.at_most
            parts.append(lambda value: _is_number(value) and value <= most)
        if not isinstance(self.not_, Unstated):
            parts.append(_negated(self.not_.predicate()))
        return parts[0] if len(parts) == 1 else _conjunction(parts)

    def describe(self) -> str:
        """Return what is wanted, to stand behind "the rule wants"."""
        words: list[str] = []
        if self.present is not UNSTATED:
            words.append("one at all" if self.present else "none")
        if not isinstance(self.equals, Unstated):
            words.append("none" if self.equals is None else show_json(self.equals))
        text = TextTest(contains=self.contains, glob=self.glob, regex=self.regex).describe()
        words += [text] if text else []
        if not isinstance(self.at_least, Unstated):
            words.append(f"at least {self.at_least:g}")
        if not isinstance(self.at_most, Unstated):
            words.append(f"at most {self.at_most:g}")
        if not isinstance(self.not_, Unstated):
            words.append(f"not {self.not_.describe()}")
        return " and ".join(words)


def show_json(value: JsonValue) -> str:
    """Return *value* as it stands in a sentence: text in quotes, all else as short JSON."""
    return f"'{shortened(value)}'" if isinstance(value, str) else shortened(compact(value))


def _same_json(wanted: JsonValue) -> Callable[[JsonValue], bool]:
    """Test for *wanted*; to JSON, 1 and true are not the same, and 1 and 1.0 are."""
    if isinstance(wanted, str):
        return lambda value: isinstance(value, str) and value == wanted
    return lambda value: _is_same(value, wanted)


def _is_same(value: Any, wanted: Any) -> bool:
    if isinstance(value, bool) or isinstance(wanted, bool):
        return value is wanted
    if is_list(value) and is_list(wanted):
        return len(value) == len(wanted) and all(map(_is_same, value, wanted))
    if is_object(value) and is_object(wanted):
        return value.keys() == wanted.keys() and all(_is_same(value[k], wanted[k]) for k in value)
    return bool(value == wanted)


def _is_number(value: JsonValue) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _one_of(words: Sequence[str]) -> str:
    return either([literal(word) for word in words])


def _refuse_absent_and_more(test: "TextTest | NamesTest | NumberTest | ValueTest") -> None:
    """Refuse a test of something that must not be there."""
    if test.present is not False:
        return
    for key in fields(test):
        if key.name != "present" and getattr(test, key.name) != key.default:
            what = f"'present: false' beside '{key.name.rstrip('_')}' never holds"
            raise BadValue("present", what)


def _is_present(value: JsonValue) -> bool:
    return value is not None


def _is_absent(value: JsonValue) -> bool:
    return value is None


def _contains(needles: Sequence[str]) -> TextPredicate:
    if len(needles) == 1:
        needle = needles[0]
        return lambda text: text is not None and needle in text
    return lambda text: text is not None and any(needle in text for needle in needles)


def _globs(globs: Sequence[str]) -> TextPredicate:
    """Return whether one of *globs* fits the whole of a text."""
    literals = frozenset[str | None](glob for glob in globs if not has_wildcard(glob))
    patterns = [glob for glob in globs if has_wildcard(glob)]
    if not patterns:
        return literals.__contains__
    prefixes = tuple(
        glob[:-1] for glob in patterns if glob.endswith("*") and not has_wildcard(glob[:-1])
    )
    if len(prefixes) == len(patterns):
        if not literals:
            return lambda text: text is not None and text.startswith(prefixes)
        return lambda text: text is not None and (text in literals or text.startswith(prefixes))
    fits = re.compile("|".join(map(fnmatch.translate, globs))).match
    return lambda text: text is not None and fits(text) is not None


def _searches(regexes: Sequence[str]) -> TextPredicate:
    searches = [re.compile(regex).search for regex in regexes]
    if len(searches) == 1:
        search = searches[0]
        return lambda text: text is not None and search(text, 0, MAX_SEARCHED) is not None
    return lambda text: (
        text is not None and any(search(text, 0, MAX_SEARCHED) is not None for search in searches)
    )


def _negated(predicate: Callable[[T], bool]) -> Callable[[T], bool]:
    return lambda value: not predicate(value)


def _conjunction(predicates: Sequence[Callable[[T], bool]]) -> Callable[[T], bool]:
    return lambda value: all(predicate(value) for predicate in predicates)
