"""Scenarios and conditions in a request: text or JSON, never a path or a URL.

The reader of scenario files reads them, so that keys and errors are the same. If a value came as
JSON, an error gives its place as a path into it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from mockserver.contracts import Unstated
from mockserver.control.problems import Refused
from mockserver.control.shapes import Fault, ScenarioSource, When
from mockserver.errors import Problem, ScenarioError
from mockserver.plugins import Plugins
from mockserver.scenario.conditions.matching import Condition
from mockserver.scenario.conditions.when import When as WrittenWhen
from mockserver.scenario.loader import ScenarioText, load_scenario
from mockserver.scenario.schema import Rule, Scenario
from mockserver.scenario.syntax.written import as_json, paths

CALLED: Final = "<request>"
"""The scenario's file name in errors."""


def read_scenario(source: ScenarioSource, plugins: Plugins) -> Scenario:
    """Return *source* as a scenario.

    Raises:
        Refused: It has errors; all of them are listed.

    """
    if isinstance(source, str):
        return _load(source, plugins, Refusing("scenario", is_text=True))
    document = source if "version" in source else {"version": 1, **source}
    return _load(as_json(document), plugins, Refusing("scenario"))


def read_rules(rules: tuple[Mapping[str, Any], ...], plugins: Plugins) -> Scenario:
    """Return *rules* as a scenario.

    Raises:
        Refused: They have errors; all of them are listed.

    """
    return _load(as_json({"version": 1, "rules": rules}), plugins, Refusing("scenario"))


def read_condition(when: When, plugins: Plugins) -> Condition:
    """Return the condition *when*, for calls in the journal.

    Raises:
        Refused: It has errors, or needs what the journal does not record.

    """
    rule = {"name": "asked", "when": when}
    text = as_json({"version": 1, "rules": [rule]})
    (read,) = _load(text, plugins, Refusing("condition", below="rules[0].")).rules
    _refuse_unrecorded(read)
    return read.when


@dataclass(frozen=True, slots=True)
class Refusing:
    """How problems of a scenario are reported: their *kind*, and the prefix to drop from paths."""

    kind: str
    below: str = ""
    is_text: bool = False

    def of(self, error: ScenarioError, text: str) -> Refused:
        """Return the refusal of the scenario *text*."""
        known = paths(text, CALLED)
        faults = [self._fault(problem, known.get(problem.place)) for problem in error.problems]
        first = faults[0]
        where = first.at or (f"line {first.line}" if first.line else "")
        detail = f"{where}: {first.what}" if where else first.what
        if len(faults) > 1:
            detail += f" (and {len(faults) - 1} more)"
        return Refused(422, self.kind, detail, first.hint, faults)

    def _fault(self, problem: Problem, path: str | None) -> Fault:
        at = path.removeprefix(self.below) if path else None
        place = problem.place if self.is_text else None
        return Fault(
            what=problem.what,
            at=at or None,
            line=place.line if place else None,
            column=place.column if place else None,
            hint=problem.hint,
        )


def _load(text: str, plugins: Plugins, refusing: Refusing) -> Scenario:
    try:
        return load_scenario(ScenarioText(text, CALLED), plugins=plugins)
    except ScenarioError as error:
        raise refusing.of(error, text) from error


def _refuse_unrecorded(rule: Rule) -> None:
    """Refuse what the journal does not record of a call: `call`, the state, most of a key."""
    for alternative in rule.when.alternatives:
        for when in _all_of(alternative.when):
            if when.counts_calls:
                what = "'call' counts only while rules are read: state a number of calls instead"
                raise Refused(422, "condition", what)
            if when.state:
                raise Refused(422, "condition", "the journal does not record the state")
            if not isinstance(when.key, Unstated) and when.key.names() is None:
                hint = "state the whole key; the journal keeps its digest"
                raise Refused(422, "condition", "keys are not kept: no pattern can match", hint)


def _all_of(when: WrittenWhen) -> Iterator[WrittenWhen]:
    yield when
    for inner in when.not_:
        yield from _all_of(inner)


def keys_named(condition: Condition) -> frozenset[str]:
    """Return the API keys that *condition* names."""
    return frozenset(
        name
        for alternative in condition.alternatives
        for when in _all_of(alternative.when)
        if not isinstance(when.key, Unstated)
        for name in when.key.names() or ()
    )
