"""What is doubtful in the rules of a file, though it can be read: what `check` warns of."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Final

from mockserver.contracts import GeneratingEndpoint
from mockserver.errors import Problem
from mockserver.plugins import Plugins
from mockserver.scenario.criteria import NameTest
from mockserver.scenario.matching import ALWAYS, Conjunction
from mockserver.scenario.schema import Rule

_Tests = frozenset[tuple[str, Any]]
"""The tests of one mapping of a `when`, each with its key."""

_MOST_TESTS: Final = 8
"""Mappings with more tests are not compared part by part: there are 2 to the power of them."""
_MOST_WIDE: Final = 200
"""How many rules with wildcards are held against each rule below them."""


def doubts(rules: Sequence[Rule], plugins: Plugins) -> Iterator[Problem]:
    """Yield a warning for each rule of *rules* that cannot do anything."""
    answered = _Answered(plugins)
    for rule in rules:
        earlier = answered.before(rule)
        if earlier is not None:
            yield from _warning(rule, _never_reached(rule, earlier))
        elif rule.reply is None and not rule.replies and not rule.fail:
            yield from _warning(rule, f"rule '{rule.name}' has no reply and no failure: no effect")
        if rule.always_answers:
            answered.add(rule)


def _warning(rule: Rule, what: str) -> Iterator[Problem]:
    if rule.place is not None:
        yield Problem(place=rule.place, what=what, severity="warning")


def _never_reached(rule: Rule, earlier: Rule) -> str:
    line = f" (line {earlier.place.line})" if earlier.place is not None else ""
    what = "every request before it" if earlier.when == ALWAYS else "all its requests before it"
    return f"rule '{rule.name}' is never reached: '{earlier.name}'{line} answers {what}"


@dataclass(frozen=True, slots=True)
class _Wide:
    """A mapping with a test of names that also holds for narrower ones."""

    tests: Mapping[str, Any]
    rule: Rule


class _Answered:
    """What the rules seen so far answer: no rule below them is asked for it."""

    def __init__(self, plugins: Plugins) -> None:
        self._plugins = plugins
        self._exact: dict[_Tests, Rule] = {}
        self._wide: list[_Wide] = []

    def add(self, rule: Rule) -> None:
        """Take *rule*, which answers whenever it holds."""
        for alternative in rule.when.alternatives:
            if alternative.call is None:
                tests = _tests(alternative)
                self._exact.setdefault(frozenset(tests.items()), rule)
                if any(_is_wide(test) for test in tests.values()) and len(self._wide) < _MOST_WIDE:
                    self._wide.append(_Wide(tests, rule))

    def before(self, rule: Rule) -> Rule | None:
        """Return who answers all that *rule* is about, or None; of several, the last."""
        earlier = None
        for alternative in rule.when.alternatives:
            earlier = self._before(alternative)
            if earlier is None:
                return None
        return earlier

    def _before(self, narrow: Conjunction) -> Rule | None:
        tests = _tests(narrow)
        # A rule that names no endpoint leaves those alone that do not generate.
        must = [] if _generates(narrow, self._plugins) else [("endpoint", tests["endpoint"])]
        may = [item for item in tests.items() if item not in must]
        for size in range(len(may) + 1) if len(may) <= _MOST_TESTS else ():
            for part in combinations(may, size):
                found = self._exact.get(frozenset((*must, *part)))
                if found is not None:
                    return found
        for wide in self._wide:
            if (not must or "endpoint" in wide.tests) and _covers(wide.tests, tests):
                return wide.rule
        return None


def _tests(conjunction: Conjunction) -> dict[str, Any]:
    """Return the tests of *conjunction* by their keys, as values that can be compared."""
    when = conjunction.when
    tests = when.stated | {f"headers.{name.lower()}": test for name, test in when.headers.items()}
    return tests | ({"not": repr(when.not_)} if when.not_ else {})


def _covers(broad: Mapping[str, Any], narrow: Mapping[str, Any]) -> bool:
    """Return whether *broad* is sure to hold wherever *narrow* does."""
    return all(key in narrow and _covers_test(test, narrow[key]) for key, test in broad.items())


def _covers_test(broad: Any, narrow: Any) -> bool:
    if broad == narrow:
        return True
    if not (isinstance(broad, NameTest) and isinstance(narrow, NameTest)):
        return False
    names = narrow.names()
    return names is not None and all(map(broad.predicate(), names))


def _is_wide(test: Any) -> bool:
    """Return whether *test* holds for more than one name."""
    return isinstance(test, NameTest) and len(test.names() or ()) != 1


def _generates(conjunction: Conjunction, plugins: Plugins) -> bool:
    """Return whether all calls that *conjunction* is about are ones that generate."""
    endpoint = conjunction.when.endpoint
    if not isinstance(endpoint, NameTest):
        return True
    return all(
        issubclass(plugin, GeneratingEndpoint)
        for name, plugin in plugins.endpoints.items()
        if endpoint.predicate()(name)
    )
