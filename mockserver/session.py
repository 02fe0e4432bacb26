"""All state of a session that changes: counters, journal, what has come before, its clock.

How rules are read is here too, since reading moves their counters: SCENARIOS.md's rules 3 to 7.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from mockserver.clock import Clock
from mockserver.contracts import Failure, Reply
from mockserver.conversation import IncomingCall
from mockserver.journal import Journal
from mockserver.scenario.matching import Condition
from mockserver.scenario.schema import Rule, Scenario, Step
from mockserver.seeding import Draw

OCCURRENCES_KEPT: Final = 100_000
"""Requests whose repetitions are counted; the one that came first is forgotten first."""
NEAR_MISSES: Final = 3
"""Rules that a near-miss report names."""


@dataclass(frozen=True, slots=True)
class Given:
    """What answers: a reply bent by *failures*, or one of them alone. *rule* is whose it is."""

    reply: Reply | None
    failures: tuple[Failure, ...]
    rule: str | None

    @property
    def is_replaced(self) -> bool:
        """Whether a failure strikes before headers, so that the answer is not given."""
        return _replace(self.failures)


@dataclass(frozen=True, slots=True)
class Unanswered:
    """No rule answers. *failures* of rules passed on the way still strike an answer.

    *exhausted* names a rule whose script has ended, which refuses; *near_misses* say what
    differed, the nearest rule first.
    """

    failures: tuple[Failure, ...]
    exhausted: str | None = None
    near_misses: tuple[str, ...] = ()


NO_RULES: Final = Unanswered(())
"""What a session without rules says to every call."""


@dataclass(slots=True)
class _RuleState:
    """How far a rule has come."""

    acted: int = 0
    """How often it has acted: what `times` limits."""
    given: int = 0
    """How many replies it has given: its place in `replies`."""
    given_to: list[int] = field(default_factory=list[int])
    """The numbers of the calls that its script was given to."""
    passed: int = 0
    """How many calls it held for: what the triggers of its failures count."""
    reached: Counter[int] = field(default_factory=Counter[int])
    """How many calls each alternative of its `when` held for, but for `call`."""


class Session:
    """The isolated state behind one base URL."""

    def __init__(
        self,
        name: str,
        scenario: Scenario,
        *,
        seed: int,
        time_source: Callable[[], float],
    ) -> None:
        self.name = name
        self.scenario = scenario
        self.seed = seed
        self.clock = Clock.start(time_source)
        self.journal = Journal()
        self._states = [_RuleState() for _ in scenario.rules]
        self._occurrences: dict[bytes, int] = {}

    def occurrence(self, content: bytes) -> int:
        """Count one more request with *content* (a digest of path and body), from 1."""
        counts = self._occurrences
        seen = counts[content] = counts.get(content, 0) + 1
        if len(counts) > OCCURRENCES_KEPT:
            del counts[next(iter(counts))]
        return seen

    def next_step(self, call: IncomingCall, number: int, draw: Draw) -> Given | Unanswered:
        """Read the rules for *call*, the *number*-th of the session, and move their counters."""
        if not self.scenario.rules:
            return NO_RULES
        passing: list[Failure] = []
        for position, rule in enumerate(self.scenario.rules):
            state = self._states[position]
            if rule.times is not None and state.acted >= rule.times:
                continue
            if not _holds(rule.when, state, call):
                continue
            state.passed += 1
            if _is_exhausted(rule, state):
                if rule.then == "pass":
                    continue
                return Unanswered((), rule.name, (f"'{rule.name}': {_exhaustion(rule, state)}",))
            own = _fired(rule.fail, state.passed, draw, f"fire-{position}")
            step = _step(rule, state)
            if _replace(own):
                state.acted += step is None
                return Given(None, (*passing, *own), rule.name)
            if step is None:
                state.acted += bool(own) or not rule.fail
                passing.extend(own)
                continue
            state.acted += 1
            state.given += 1
            if len(state.given_to) < len(rule.replies):
                state.given_to.append(number)
            own = (*own, *_fired(step.failures, state.passed, draw, f"fire-{position}-step"))
            return Given(None if _replace(own) else step.reply, (*passing, *own), rule.name)
        return Unanswered(tuple(passing), near_misses=self._near_misses(call))

    def _near_misses(self, call: IncomingCall) -> tuple[str, ...]:
        """Return what kept each of the nearest rules from answering, the nearest first."""
        misses: list[tuple[int, int, str]] = []
        for position, (rule, state) in enumerate(
            zip(self.scenario.rules, self._states, strict=True)
        ):
            differences = min((a.differences(call) for a in rule.when.alternatives), key=len)
            if not differences and rule.times is not None and state.acted >= rule.times:
                differences = [
                    f"it has acted {rule.times} time{'s' * (rule.times > 1)}, as often as it may"
                ]
            elif not differences and _is_exhausted(rule, state):
                differences = [_exhaustion(rule, state)]
            elif not differences:
                continue
            misses.append((len(differences), position, f"'{rule.name}': {differences[0]}"))
        return tuple(text for _, _, text in sorted(misses)[:NEAR_MISSES])


def _holds(when: Condition, state: _RuleState, call: IncomingCall) -> bool:
    """Return whether *when* holds, counting the calls of alternatives that ask for a number."""
    held = False
    for index, alternative in enumerate(when.alternatives):
        if not alternative.holds(call):
            continue
        if alternative.call is None:
            held = True
        else:
            state.reached[index] += 1
            held = alternative.call.holds(state.reached[index]) or held
    return held


def _fired(
    failures: tuple[Failure, ...], count: int, draw: Draw, purpose: str
) -> tuple[Failure, ...]:
    """Return those of *failures* whose triggers hold for the *count*-th call."""
    if not failures:
        return ()
    return tuple(
        failure
        for index, failure in enumerate(failures)
        if failure.fires(count, draw, f"{purpose}-{index}")
    )


def _replace(failures: tuple[Failure, ...]) -> bool:
    return any(failure.replaces for failure in failures)


def _is_exhausted(rule: Rule, state: _RuleState) -> bool:
    """Return whether all of the rule's `replies` are given and nothing is to follow them."""
    return (
        bool(rule.replies) and state.given >= len(rule.replies) and rule.then in {"refuse", "pass"}
    )


def _exhaustion(rule: Rule, state: _RuleState) -> str:
    calls = ", ".join(map(str, state.given_to))
    return f"script exhausted, its {len(rule.replies)} replies were given to calls {calls}"


def _step(rule: Rule, state: _RuleState) -> Step | None:
    """Return what *rule* would answer now; None if it has no reply."""
    if rule.reply is not None:
        return Step(rule.reply, ())
    if not rule.replies:
        return None
    last = len(rule.replies) - 1
    if rule.then == "cycle":
        return rule.replies[state.given % len(rule.replies)]
    return rule.replies[min(state.given, last)]
