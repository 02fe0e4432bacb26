"""Conditions that tell recorded requests apart, as loose as they can be.

A condition begins with nothing, and gets the cheapest test that no other request passes, or as few
as do it together. Dates, ids and other parts of a text that differ each time are in none.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import combinations
from typing import Final, NamedTuple

from mockserver.records.steady import steady, steady_parts
from mockserver.scenario.conditions.predicates import has_wildcard
from mockserver.scenario.conditions.subject import Subject
from mockserver.wire.jsontext import JsonValue, is_object

MOST_WORDS: Final = 400
"""Words of a text that are looked at: a system prompt may have thousands."""
MOST_OF_A_KIND: Final = 6
"""Words of one text that are tried together with other tests."""
LONGEST: Final = 200
"""Characters of a text that is written as a whole."""
SHORTEST: Final = 3
COMMON: Final = frozenset(
    {
        *("about", "after", "all", "also", "and", "any", "are", "been", "before", "but", "can"),
        *("could", "did", "does", "each", "for", "from", "had", "has", "have", "her", "him"),
        *("his", "how", "into", "its", "just", "like", "make", "many", "may", "more", "most"),
        *("must", "need", "not", "now", "one", "only", "other", "our", "out", "over", "please"),
        *("she", "should", "some", "such", "than", "that", "the", "their", "them", "then"),
        *("there", "these", "they", "this", "those", "use", "user", "using", "very", "want"),
        *("was", "way", "were", "what", "when", "where", "which", "who", "why", "will", "with"),
        *("would", "you", "your", "i'm", "it's", "let's", "tell", "give", "show", "say", "get"),
    }
)
"""Words that tell nothing."""
_WORD: Final = re.compile(r"[^\W_](?:[\w'\u2019.-]*[^\W_])?")


@dataclass(frozen=True, eq=False)
class Seen:
    """A recorded request, as conditions see it; *sent* is its body."""

    subject: Subject
    sent: Mapping[str, JsonValue]
    conversation: str


class Test(NamedTuple):
    """A test of a condition: the *value* of *key*, and which requests it *holds* for.

    The dearer it is, the less a person would think of it.
    """

    key: str
    value: JsonValue
    dear: float
    holds: Callable[[Seen], bool]


def condition(
    own: Sequence[Seen], others: Sequence[Seen]
) -> tuple[dict[str, JsonValue], list[Seen]]:
    """Return a condition that holds for all of *own*, and those of *others* that pass it, too.

    There are such only if no test tells them apart.
    """
    if not others:
        return {}, []
    tests = [test for test in _tests(own, others) if all(map(test.holds, own))]
    tests.sort(key=lambda test: test.dear)
    alone = next((test for test in tests if not any(map(test.holds, others))), None)
    if alone is not None:
        return written([alone]), []
    left = (1 << len(others)) - 1
    passed = [_passed(test, others) for test in tests]
    for (one, those), (other, these) in combinations(zip(tests, passed, strict=True), 2):
        if not those & these and one.key != other.key:
            return written([one, other]), []
    chosen: list[Test] = []
    while left:
        gains = [
            ((left & ~those).bit_count() / test.dear, -number)
            for number, (test, those) in enumerate(zip(tests, passed, strict=True))
        ]
        gain, place = max(gains, default=(0.0, 0))
        if not gain:
            break
        chosen.append(tests[-place])
        left &= passed[-place]
        # Each key once: of the tests of a body, each member.
        keys = {one.key for one in chosen if one.key != OF_THE_BODY}
        passed = [-1 if t.key in keys else p for t, p in zip(tests, passed, strict=True)]
    return written(chosen), [one for n, one in enumerate(others) if left >> n & 1]


def _passed(test: Test, others: Sequence[Seen]) -> int:
    """Return which of *others* pass *test*, each as a bit."""
    return sum([1 << number for number, other in enumerate(others) if test.holds(other)])


OF_THE_BODY: Final = "request"
"""The key of a condition with tests of members of the body."""


def written(tests: Sequence[Test]) -> dict[str, JsonValue]:
    """Return *tests* as the mapping of a `when`; those of the body are under `request`."""
    found: dict[str, JsonValue] = {}
    for test in tests:
        if is_object(test.value) and is_object(found.get(test.key)):
            found[test.key] = {**found[test.key], **test.value}
        else:
            found[test.key] = test.value
    return found


# --- Tests -----------------------------------------------------------------------------------


def _tests(own: Sequence[Seen], others: Sequence[Seen]) -> Iterator[Test]:
    """Yield tests that may hold for all of *own*."""
    first = own[0].subject
    yield from _of_texts("last_user", 1, own, others, lambda s: _one(s.last_user))
    yield from _of_texts("prompt", 1, own, others, lambda s: s.prompts)
    yield from _of_texts("embedding_input", 1, own, others, lambda s: s.embedding_inputs)
    yield from _of_texts("moderation_input", 1, own, others, lambda s: s.moderation_inputs)
    yield from _of_tools(own, others)
    yield _named("endpoint", first.endpoint, 1.6, lambda s: s.endpoint)
    yield from _of_texts("first_user", 2.2, own, others, lambda s: _one(s.first_user))
    yield from _of_texts("system", 2.4, own, others, lambda s: _one(s.system))
    if first.form == "chat":
        yield from _of_chats(first)
    if first.model and not has_wildcard(first.model):
        yield _named("model", first.model, 3, lambda s: s.model)
    if first.form in _GENERATED:
        yield _test("stream", first.stream, 3.1, lambda s: s.stream == first.stream)
    yield _named("provider", first.provider, 3.5, lambda s: s.provider)
    yield from _of_members(own, others)


_GENERATED: Final = frozenset({"chat", "legacy"})


def _test(key: str, value: JsonValue, dear: float, holds: Callable[[Subject], bool]) -> Test:
    def of_the_subject(seen: Seen) -> bool:
        return holds(seen.subject)

    return Test(key, value, dear, of_the_subject)


def _one(text: str | None) -> tuple[str, ...]:
    return () if text is None else (text,)


def _named(key: str, name: str, dear: float, of: Callable[[Subject], str | None]) -> Test:
    return _test(key, name, dear, lambda s: of(s) == name)


def _of_chats(first: Subject) -> Iterator[Test]:
    """Yield tests of what only chats have."""
    yield _test("turn", first.turn, 2, lambda s: s.turn == first.turn)
    if first.images:
        yield _test("images", first.images, 2, lambda s: s.images == first.images)
    for name in first.response_format:
        if not has_wildcard(name):
            yield _test("response_format", name, 2.6, _has_format(name))
    if not has_wildcard(first.tool_choice):
        yield _named("tool_choice", first.tool_choice, 3.2, lambda s: s.tool_choice)
    for name in first.tools:
        if not has_wildcard(name):
            yield _test("tools", name, 3.3, _has_tool(name))
    if not first.tools:
        yield _test("tools", {"present": False}, 3.4, lambda s: not s.tools)


def _has_format(name: str) -> Callable[[Subject], bool]:
    return lambda subject: name in subject.response_format


def _has_tool(name: str) -> Callable[[Subject], bool]:
    return lambda subject: name in subject.tools


def _was_answered(name: str) -> Callable[[Subject], bool]:
    return lambda subject: name in subject.answered_tools


def _contains(of: Callable[[Subject], Sequence[str]], phrase: str) -> Callable[[Subject], bool]:
    return lambda subject: any(phrase in one for one in of(subject))


def _of_tools(own: Sequence[Seen], others: Sequence[Seen]) -> Iterator[Test]:
    """Yield tests of the tool results that are handed back."""
    first = own[0].subject
    names = [name for name in dict.fromkeys(first.answered_tools) if name]
    for name in names:
        if has_wildcard(name):
            continue
        yield _test("after_tool", name, 1, _was_answered(name))

        def results(subject: Subject, name: str = name) -> tuple[str, ...]:
            return tuple([one.result for one in subject.tool_results if one.name == name])

        for test in _of_texts("after_tool", 1.8, own, others, results):
            yield test._replace(value={"name": name, "result": test.value})
    if len(names) > 1:
        wanted = set(names)
        yield _test(
            "after_tool",
            {"all": names},
            1.4,
            lambda s: wanted <= set(s.answered_tools),
        )
    if not names and first.tool_results:
        # Of a call that is not in the request.
        for test in _of_texts(
            "after_tool", 2, own, others, lambda s: [one.result for one in s.tool_results]
        ):
            yield test._replace(value={"result": test.value})


def _of_texts(
    key: str,
    dear: float,
    own: Sequence[Seen],
    others: Sequence[Seen],
    of: Callable[[Subject], Sequence[str]],
) -> Iterator[Test]:
    """Yield tests of the texts that *of* finds: one of several must pass.

    They are of the most telling words, of two or three in a row, or of the whole text.
    """
    texts = of(own[0].subject)
    if not texts:
        return
    text = texts[0]
    strange = list(dict.fromkeys(one for other in others for one in of(other.subject)))
    for number, phrase in enumerate(_phrases(text, strange)):
        yield _test(key, {"contains": phrase}, dear + number / 100, _contains(of, phrase))
    if steady(text) == text and len(text) <= LONGEST and text.strip() and _can_be_written(text):
        yield _test(key, text, dear + 0.5, lambda s: text in of(s))
    yield _test(key, {"present": True}, dear + 0.7, lambda s: bool(of(s)))


def _phrases(text: str, strange: Sequence[str]) -> list[str]:
    """Return parts of *text* that tell it from the *strange* texts, the most telling first."""
    lines = [line for part in steady_parts(text) for line in part.split("\n")]
    words: list[list[str]] = []
    count = 0
    for line in lines:
        found = list(_WORD.finditer(line))
        count += len(found)
        words.append([line[m.start() : m.end()] for m in found])
        if count > MOST_WORDS:
            break
    singles = dict.fromkeys(
        word
        for line in words
        for word in line
        if len(word) >= SHORTEST and word.lower() not in COMMON and not word.isdigit()
    )
    ranked = sorted(singles, key=lambda word: _rank(word, strange))[:MOST_OF_A_KIND]
    if ranked and not any(ranked[0] in one for one in strange):
        return ranked
    rows = dict.fromkeys(
        row
        for line in lines[: len(words)]
        for size in (2, 3, 5, 8)
        for row in _rows(line, size)
        if len(row) <= LONGEST and _can_be_written(row)
    )
    ranked_rows = sorted(rows, key=lambda row: (_shared(row, strange), len(row)))
    return [*ranked_rows[:2], *ranked]


def _rows(line: str, size: int) -> Iterator[str]:
    """Yield each *size* words in a row of *line*, as they are there."""
    found = list(_WORD.finditer(line))[:MOST_WORDS]
    for first, last in zip(found, found[size - 1 :], strict=False):
        yield line[first.start() : last.end()]


def _can_be_written(text: str) -> bool:
    """Return whether YAML has a place for *text*, which may have halves of pairs in it."""
    return not _HALF.search(text)


_HALF: Final = re.compile("[\ud800-\udfff]")


def _rank(word: str, strange: Sequence[str]) -> tuple[int, int]:
    """Return how little *word* tells: in how many *strange* texts it is, and how short it is."""
    return _shared(word, strange), -len(word)


def _shared(phrase: str, strange: Sequence[str]) -> int:
    return sum([phrase in one for one in strange])


def _of_members(own: Sequence[Seen], others: Sequence[Seen]) -> Iterator[Test]:
    """Yield tests of members of the body that are numbers, flags or names."""
    first = own[0].sent
    theirs = {name for other in others for name in other.sent}
    for name in sorted({*first, *theirs}):
        if name in _TOLD_BY_KEYS or not name.isidentifier():
            continue
        value = first.get(name)
        if value is None:
            yield _member(name, {"present": False}, lambda found: found is None)
        elif isinstance(value, bool | int | float) or (
            isinstance(value, str)
            and len(value) <= LONGEST
            and steady(value) == value
            and _can_be_written(value)
        ):
            yield _member(name, value, partial(_same, value))


_TOLD_BY_KEYS: Final = frozenset({"model", "stream", "tools", "tool_choice", "response_format"})
"""Members that conditions have keys for."""


def _member(name: str, value: JsonValue, holds: Callable[[JsonValue], bool]) -> Test:
    def of_the_body(seen: Seen) -> bool:
        return holds(seen.sent.get(name))

    return Test(OF_THE_BODY, {name: value}, 5, of_the_body)


def _same(value: JsonValue, found: JsonValue) -> bool:
    return found == value and isinstance(found, bool) == isinstance(value, bool)
