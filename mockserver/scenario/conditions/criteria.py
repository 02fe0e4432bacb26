"""The tests of a `when`, as they are written: on a text, a name, names, a number, any value.

Their fields are their keys in YAML (a trailing underscore is dropped), and `bare` is the key
meant by a value that is not a mapping. Each makes a function that is as fast as possible: rules
are tried for every request.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import Annotated, Any, ClassVar, Final, Self, TypeAlias, cast

from mockserver.contracts import UNSTATED, KeyTrait, OneOrMore, Unstated
from mockserver.errors import BadValue
from mockserver.scenario.conditions.predicates import (
    TextPredicate,
    conjunction,
    contains_one,
    finds_one,
    fits_one,
    has_wildcard,
    is_absent,
    is_number,
    is_present,
    negated,
    same_json,
)
from mockserver.scenario.syntax.wording import either, literal, shortened
from mockserver.wire.jsontext import JsonValue, compact

REGEX: Final = KeyTrait("regex")
"""A regular expression, as Python's `re` reads them."""
QUERY: Final = KeyTrait("query")
"""A JMESPath expression."""

Regex: TypeAlias = Annotated[str, REGEX]
QueryText: TypeAlias = Annotated[str, QUERY]


class ShowsWhatIsStated:
    """A dataclass of many keys, of which few are stated: its repr shows only those."""

    __slots__ = ()

    def __repr__(self) -> str:
        """Return the class with the fields that differ from their default."""
        defaults = {key.name: key.default for key in fields(cast("Any", self))}
        values = {name: getattr(self, name) for name in defaults}
        stated = [f"{n}={v!r}" for n, v in values.items() if v != defaults[n] and v != {}]
        return f"{type(self).__name__}({', '.join(stated)})"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class TextTest(ShowsWhatIsStated):
    """A test of a text. All keys given must hold; of a list, one entry is enough.

    Attributes:
        equals: The whole text.
        contains: A part of the text.
        glob: A pattern with `*`, `?` and `[abc]` for the whole text.
        regex: A regular expression found anywhere in the text.
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
        """Return the function that tests whether the test holds for a text."""
        parts: list[TextPredicate] = []
        if self.present is not UNSTATED:
            parts.append(is_present if self.present else is_absent)
        if self.equals:
            parts.append(frozenset[str | None](self.equals).__contains__)
        if self.contains:
            parts.append(contains_one(self.contains))
        if self.glob:
            parts.append(fits_one(self.glob))
        if self.regex:
            parts.append(finds_one(self.regex))
        parts += [test.predicate() for test in self.all]
        if not isinstance(self.not_, Unstated):
            parts.append(negated(self.not_.predicate()))
        return parts[0] if len(parts) == 1 else conjunction(parts)

    def describe(self) -> str:
        """Return what is wanted, to follow "the rule wants"."""
        words: list[str] = []
        if self.present is not UNSTATED:
            words.append("any" if self.present else "none")
        if self.equals:
            words.append(_one_of(self.equals))
        if self.glob:
            words.append(_one_of(self.glob))
        if self.contains:
            words.append(f"text containing {_one_of(self.contains)}")
        if self.regex:
            words.append(f"text matching {_one_of(self.regex)}")
        words += [test.describe() for test in self.all]
        if not isinstance(self.not_, Unstated):
            words.append(f"not {self.not_.describe()}")
        return " and ".join(words)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class NameTest(TextTest):
    """A test of a name, like a test of a text; a bare value is a glob."""

    bare: ClassVar[str] = "glob"

    def names(self) -> tuple[str, ...] | None:
        """Return the only names for which the test can hold, or None if there is no such list."""
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
    """A test of a set of names, each given as a glob. All keys given must hold.

    Attributes:
        any: At least one of these is there.
        all: All of these are there.
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
        """Return the function that tests whether the test holds for names."""
        if self == NamesTest(any=self.any) and not any(map(has_wildcard, self.any)):
            disjoint = frozenset(self.any).isdisjoint
            return lambda names: not disjoint(names)
        one_of = fits_one(self.any) if self.any else None
        each_of = [fits_one((glob,)) for glob in self.all]
        present = self.present

        def holds(names: Sequence[str]) -> bool:
            return (
                (present is UNSTATED or bool(names) is present)
                and (one_of is None or any(map(one_of, names)))
                and all(any(map(wanted, names)) for wanted in each_of)
            )

        return holds

    def describe(self) -> str:
        """Return what is wanted, to follow "the rule wants"."""
        words: list[str] = []
        if self.present is not UNSTATED:
            words.append("any" if self.present else "none")
        if self.any:
            words.append(_one_of(self.any))
        if self.all:
            words.append(" and ".join(map(literal, self.all)))
        return " and ".join(words)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class NumberTest(ShowsWhatIsStated):
    """A test of a number. All keys given must hold.

    Attributes:
        equals: The number; of a list, one entry is enough.
        at_least: This number or more.
        at_most: This number or less.
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
        """Return the function that tests whether the test holds for a number."""
        if self == NumberTest(equals=self.equals):
            return frozenset[int | None](self.equals).__contains__
        return self.holds

    def describe(self) -> str:
        """Return what is wanted, to follow "the rule wants"."""
        words: list[str] = []
        if self.present is not UNSTATED:
            words.append("any" if self.present else "none")
        if self.equals:
            words.append(" or ".join(map(str, self.equals)))
        if self.at_least is not UNSTATED:
            words.append(f"at least {self.at_least}")
        if self.at_most is not UNSTATED:
            words.append(f"at most {self.at_most}")
        return " and ".join(words)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ValueTest(ShowsWhatIsStated):
    """A test of any JSON value. All keys given must hold; a missing value is null.

    Attributes:
        equals: The whole value.
        contains: A part of a text; of a list, one entry is enough.
        glob: A pattern with `*`, `?` and `[abc]` for the whole text; of a list, one is enough.
        regex: A regular expression found anywhere in the text; of a list, one is enough.
        at_least: This number or more.
        at_most: This number or less.
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
                what = f"'{of_texts}' tests texts and '{key}' tests numbers: never holds"
                raise BadValue(key, what)

    def predicate(self) -> Callable[[JsonValue], bool]:
        """Return the function that tests whether the test holds for a value."""
        parts: list[Callable[[JsonValue], bool]] = []
        if self.present is not UNSTATED:
            parts.append(is_present if self.present else is_absent)
        if not isinstance(self.equals, Unstated):
            parts.append(same_json(self.equals))
        if self.contains or self.glob or self.regex:
            fits = TextTest(contains=self.contains, glob=self.glob, regex=self.regex).predicate()
            parts.append(lambda value: isinstance(value, str) and fits(value))
        if not isinstance(self.at_least, Unstated):
            least = self.at_least
            parts.append(lambda value: is_number(value) and value >= least)
        if not isinstance(self.at_most, Unstated):
            most = self.at_most
            parts.append(lambda value: is_number(value) and value <= most)
        if not isinstance(self.not_, Unstated):
            parts.append(negated(self.not_.predicate()))
        return parts[0] if len(parts) == 1 else conjunction(parts)

    def describe(self) -> str:
        """Return what is wanted, to follow "the rule wants"."""
        words: list[str] = []
        if self.present is not UNSTATED:
            words.append("any" if self.present else "none")
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


def show_json(value: JsonValue, secrets: Sequence[bytes] = ()) -> str:
    """Return *value* for a sentence, without *secrets*: text in quotes, all else as short JSON."""
    if isinstance(value, str):
        return f"'{shortened(value, secrets)}'"
    return shortened(compact(value), secrets)


def _one_of(words: Sequence[str]) -> str:
    return either([literal(word) for word in words])


def _refuse_absent_and_more(test: "TextTest | NamesTest | NumberTest | ValueTest") -> None:
    """Refuse a test of something that must not be there."""
    if test.present is not False:
        return
    for key in fields(test):
        if key.name != "present" and getattr(test, key.name) != key.default:
            what = f"'present: false' together with '{key.name.rstrip('_')}' never holds"
            raise BadValue("present", what)
