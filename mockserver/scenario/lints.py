"""Doubtful rules in a file that can be read: what `check` warns about."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Final

from mockserver.contracts import ModelEndpoint
from mockserver.errors import Problem
from mockserver.plugins import Plugins
from mockserver.scenario.conditions.criteria import NameTest
from mockserver.scenario.conditions.matching import ALWAYS, Conjunction
from mockserver.scenario.conditions.when import When
from mockserver.scenario.reach import endpoints_of
from mockserver.scenario.schema import Rule, Scenario
from mockserver.templates.expansion import expressions, texts_of
from mockserver.templates.queries import query

_Tests = frozenset[tuple[str, Any]]
"""The tests of one mapping of a `when`, each with its key."""

_MOST_TESTS: Final = 8
"""Mappings with more tests are not compared part by part: there are 2 to the power of them."""
_MOST_WIDE: Final = 200
"""How many rules with wildcards are held against each rule below them."""


def doubts(scenario: Scenario, plugins: Plugins) -> Iterator[Problem]:
    """Yield a warning for each rule of *scenario* that cannot do what it seems to be for."""
    answered = _Answered(plugins)
    names = _Names.of(scenario)
    for rule in scenario.rules:
        earlier = answered.before(rule)
        if earlier is not None:
            yield from _warning(rule, _never_reached(rule, earlier))
        elif rule.has_no_effect:
            yield from _warning(
                rule, f"rule '{rule.name}' has no effect: it has no reply and no failure"
            )
        else:
            yield from _order_bound(rule)
        for what in names.doubts(rule):
            yield from _warning(rule, what)
        if rule.always_answers:
            answered.add(rule)


def _warning(rule: Rule, what: str, hint: str | None = None) -> Iterator[Problem]:
    if rule.place is not None:
        yield Problem(place=rule.place, what=what, hint=hint, severity="warning")


_MANY: Final = ("system", "tools")
"""What identifies a kind of agent: several of them may talk at once."""
_ONE: Final = (
    *("first_user", "last_user", "latest_user", "any_message", "prompt"),
    *("embedding_input", "moderation_input", "key", "turn", "attempt"),
)
"""What narrows a rule down to one conversation, or to one place in each."""


def counts_across(stated: Collection[str]) -> bool:
    """Return whether several conversations at once fit a condition with the keys *stated*."""
    keys = {*stated}
    return bool(keys.intersection(_MANY)) and not keys.intersection(
        (*_ONE, "headers", "after_tool")
    )


def _order_bound(rule: Rule) -> Iterator[Problem]:
    """Warn of a script whose steps several conversations would take from each other."""
    if rule.per != "session" or not rule.when.alternatives:
        return
    for alternative in rule.when.alternatives:
        when = alternative.when
        if not counts_across({*when.stated, *(("headers",) if when.headers else ())}):
            return
    key = "replies" if len(rule.replies) > 1 else None
    key = key or ("call" if any(a.call is not None for a in rule.when.alternatives) else None)
    if key is not None:
        what = f"'{key}' of rule '{rule.name}' counts across all conversations"
        yield from _warning(rule, what, "add 'per: conversation' to count each on its own")


@dataclass(frozen=True, slots=True)
class _Names:
    """The names of a scenario's state and captures: what sets them, what reads them."""

    set: frozenset[str]
    captured: frozenset[str]
    state_read: frozenset[str | None]
    captures_read: frozenset[str | None]
    """None stands for all names: an expression looks at the whole."""

    @classmethod
    def of(cls, scenario: Scenario) -> "_Names":
        state_read: set[str | None] = set()
        captures_read: set[str | None] = set()
        for rule in scenario.rules:
            for alternative in rule.when.alternatives:
                state_read.update(_state_tested(alternative.when))
            for expression in _expressions(rule):
                for name, inner in query(expression).names():
                    if name == "state":
                        state_read.add(inner)
                    elif name == "captured":
                        captures_read.add(inner)
        return cls(
            frozenset(scenario.state).union(*(rule.set_ for rule in scenario.rules)),
            frozenset[str]().union(*(rule.capture for rule in scenario.rules)),
            frozenset(state_read),
            frozenset(captures_read),
        )

    def doubts(self, rule: Rule) -> Iterator[str]:
        for name in rule.capture:
            if not self.captures_read & {name, None}:
                yield f"rule '{rule.name}' captures '{name}', which nothing uses"
        for name in rule.set_:
            if not self.state_read & {name, None}:
                yield f"rule '{rule.name}' sets '{name}', which nothing reads"
        tested = {n for a in rule.when.alternatives for n in _state_tested(a.when)}
        for name in sorted(tested - self.set):
            yield f"rule '{rule.name}' reads the state '{name}', which nothing sets"
        for expression in _expressions(rule):
            for root, inner in query(expression).names():
                if root == "captured" and inner is not None and inner not in self.captured:
                    yield f"rule '{rule.name}' uses the capture '{inner}', which no rule takes"


def _state_tested(when: When) -> Iterator[str]:
    yield from when.state
    for inner in when.not_:
        yield from _state_tested(inner)


def _expressions(rule: Rule) -> Iterator[str]:
    """Yield the expressions of the templates of *rule*."""
    replies = [rule.reply, *(step.reply for step in rule.replies)]
    for text in texts_of([reply for reply in replies if reply is not None]):
        yield from expressions(text)
    for setting in rule.set_.values():
        yield from expressions(setting.template or "")


def _never_reached(rule: Rule, earlier: Rule) -> str:
    line = f" (line {earlier.place.line})" if earlier.place is not None else ""
    what = "every request" if earlier.when == ALWAYS else "all of its requests"
    return f"rule '{rule.name}' is never reached: '{earlier.name}'{line} already answers {what}"


@dataclass(frozen=True, slots=True)
class _Wide:
    """A mapping with a test of names that also holds for narrower ones."""

    tests: Mapping[str, Any]
    rule: Rule


class _Answered:
    """What the rules seen so far answer: rules below them never see it."""

    def __init__(self, plugins: Plugins) -> None:
        self._plugins = plugins
        self._exact: dict[_Tests, Rule] = {}
        self._wide: list[_Wide] = []

    def add(self, rule: Rule) -> None:
        """Take *rule*, which answers whenever it holds."""
        for alternative in rule.when.alternatives:
            if alternative.call is None:
                tests = _tests(alternative) | _answering(rule)
                self._exact.setdefault(frozenset(tests.items()), rule)
                if any(_is_wide(test) for test in tests.values()) and len(self._wide) < _MOST_WIDE:
                    self._wide.append(_Wide(tests, rule))

    def before(self, rule: Rule) -> Rule | None:
        """Return who answers all that *rule* is about, or None; of several, the last."""
        earlier = None
        for alternative in rule.when.alternatives:
            earlier = self._before(alternative, rule)
            if earlier is None:
                return None
        return earlier

    def _before(self, narrow: Conjunction, rule: Rule) -> Rule | None:
        tests = _tests(narrow)
        # A rule that names no endpoint leaves those alone where no model is asked.
        asked = all(issubclass(one, ModelEndpoint) for one in endpoints_of(narrow, self._plugins))
        must = [] if asked else [("endpoint", tests["endpoint"])]
        # And what a reply answers that computes, other replies do not.
        must += _answering(rule).items()
        may = [item for item in tests.items() if item not in must]
        for size in range(len(may) + 1) if len(may) <= _MOST_TESTS else ():
            for part in combinations(may, size):
                found = self._exact.get(frozenset((*must, *part)))
                if found is not None:
                    return found
        for wide in self._wide:
            if all(key in wide.tests for key, _ in must) and _covers(
                wide.tests, tests | _answering(rule)
            ):
                return wide.rule
        return None


def _answering(rule: Rule) -> dict[str, Any]:
    """Return which computing endpoints the replies of *rule* can answer, as a test."""
    computing = [reply for reply in rule.given if reply.computes != frozenset()]
    if not computing:
        return {}
    return {"(computes)": repr([sorted(reply.computes or ()) for reply in computing])}


def _tests(conjunction: Conjunction) -> dict[str, Any]:
    """Return the tests of *conjunction* by their keys, as values that can be compared."""
    when = conjunction.when
    tests = when.stated | {f"headers.{name.lower()}": test for name, test in when.headers.items()}
    tests |= {f"request.{text}": repr(test) for text, test in when.request.items()}
    tests |= {f"state.{name}": repr(test) for name, test in when.state.items()}
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
