"""Several files, or several layers, as one scenario: what is read first wins.

A layer is one of the scenarios that a session answers from, with its name in the session. A rule of
it has a key that stays the same when another scenario takes the layer's place, so that whatever is
counted for the rule goes on.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple, TypeVar

from mockserver.contracts import UNSTATED, Unstated
from mockserver.scenario import keys
from mockserver.scenario.schema import Caching, Defaults, Scenario, ScenarioFile, Strict

T = TypeVar("T")


class Layer(NamedTuple):
    """One of the scenarios that a session answers from, with its name in the session."""

    name: str
    scenario: Scenario


class RuleKey(NamedTuple):
    """Which rule of a session it is: the *ordinal*-th called *name* in its layer, from 1."""

    layer: str
    name: str
    ordinal: int


def rule_keys(layers: Iterable[Layer]) -> tuple[RuleKey, ...]:
    """Return the keys of all rules of *layers*, in the order in which they are read."""
    found: list[RuleKey] = []
    for layer, scenario in layers:
        seen: Counter[str] = Counter()
        for rule in scenario.rules:
            seen[rule.name] += 1
            found.append(RuleKey(layer, rule.name, seen[rule.name]))
    return tuple(found)


def combined(*scenarios: Scenario) -> Scenario:
    """Return *scenarios* as one, in the order given, as if all their files had been named."""
    given = [scenario for scenario in scenarios if scenario.files or scenario != Scenario()]
    if len(given) == 1:
        return given[0]
    return merged([file for scenario in given for file in scenario.as_files()])


def merged(files: Sequence[ScenarioFile]) -> Scenario:
    """Return *files* as one scenario, in the order given."""
    strict = Strict()
    for file in files:
        strict = strict.or_else(file.strict)
    nobody: tuple[str, ...] | bool = False
    stated: Caching = "stated"
    return Scenario(
        description=_first((file.description for file in files), ""),
        provider=_first((file.provider for file in files), "openai"),
        seed=_first((file.seed for file in files), 0),
        defaults=Defaults(
            latency=next((f.defaults.latency for f in files if f.defaults.latency), None),
            headers=_merge([file.defaults.headers for file in files], str.lower),
            system_fingerprint=_first(
                (file.defaults.system_fingerprint for file in files), UNSTATED
            ),
        ),
        models=_merge([file.models.stated for file in files], str),
        any_model=any(file.models.any_model for file in files),
        keys=keys.merged(file.keys for file in files),
        retired=_first((file.retired for file in files), nobody),
        limits=_merge([file.limits for file in files], str),
        caching=_first((file.caching for file in files), stated),
        state=_merge([file.state for file in files], str),
        redact=tuple(dict.fromkeys(pattern for file in files for pattern in file.redact)),
        strict=strict,
        rules=tuple(rule for file in files for rule in file.rules),
        files=tuple(files),
    )


def _first(values: Iterable[T | Unstated], default: T) -> T:
    return next((value for value in values if not isinstance(value, Unstated)), default)


def _merge(mappings: Sequence[Mapping[str, T]], same: Callable[[str], str]) -> dict[str, T]:
    """Return all members of *mappings*; the first counts of those whose names are the *same*."""
    merged: dict[str, tuple[str, T]] = {}
    for mapping in mappings:
        for name, value in mapping.items():
            merged.setdefault(same(name), (name, value))
    return dict(merged.values())
