"""What is doubtful in the rules of a file, though it can be read: what `check` warns of."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mockserver.contracts import GeneratingEndpoint
from mockserver.errors import Problem
from mockserver.plugins import Plugins
from mockserver.scenario.criteria import NameTest
from mockserver.scenario.matching import ALWAYS, Condition, Conjunction
from mockserver.scenario.schema import Rule


def doubts(rules: Sequence[Rule], plugins: Plugins) -> Iterator[Problem]:
    """Yield a warning for each rule of *rules* that cannot do anything."""
    answering: list[Rule] = []
    for rule in rules:
        earlier = next((r for r in answering if _covers(r.when, rule.when, plugins)), None)
        if earlier is not None:
            yield from _warning(rule, _never_reached(rule, earlier))
        elif rule.reply is None and not rule.replies and not rule.fail:
            yield from _warning(rule, f"rule '{rule.name}' has no reply and no failure: no effect")
        if rule.always_answers:
            answering.append(rule)


def _warning(rule: Rule, what: str) -> Iterator[Problem]:
    if rule.place is not None:
        yield Problem(place=rule.place, what=what, severity="warning")


def _never_reached(rule: Rule, earlier: Rule) -> str:
    line = f" (line {earlier.place.line})" if earlier.place is not None else ""
    what = "every request before it" if earlier.when == ALWAYS else "all its requests before it"
    return f"rule '{rule.name}' is never reached: '{earlier.name}'{line} answers {what}"


def _covers(earlier: Condition, later: Condition, plugins: Plugins) -> bool:
    """Return whether *earlier* is sure to hold wherever *later* does."""
    return all(
        any(_covers_mapping(broad, narrow, plugins) for broad in earlier.alternatives)
        for narrow in later.alternatives
    )


def _covers_mapping(broad: Conjunction, narrow: Conjunction, plugins: Plugins) -> bool:
    if broad.call is not None:
        return False
    if narrow.names_endpoint and not broad.names_endpoint and not _generates(narrow, plugins):
        return False
    stated = _tests(narrow)
    return all(
        key in stated and _covers_test(test, stated[key]) for key, test in _tests(broad).items()
    )


def _tests(conjunction: Conjunction) -> Mapping[str, Any]:
    when = conjunction.when
    headers = {f"headers.{name.lower()}": test for name, test in when.headers.items()}
    return when.stated | headers | ({"not": when.not_} if when.not_ else {})


def _covers_test(broad: Any, narrow: Any) -> bool:
    """Return whether *broad* holds wherever *narrow* does: it is the same, or a wider glob."""
    if broad == narrow:
        return True
    if not (isinstance(broad, NameTest) and isinstance(narrow, NameTest)):
        return False
    names = narrow.names()
    fits = broad.predicate()
    return names is not None and all(map(fits, names))


def _generates(conjunction: Conjunction, plugins: Plugins) -> bool:
    """Return whether all endpoints that *conjunction* names are ones that generate."""
    endpoint = conjunction.when.endpoint
    names = endpoint.names() if isinstance(endpoint, NameTest) else None
    return names is not None and all(
        issubclass(plugins.endpoints[name], GeneratingEndpoint) for name in names
    )
