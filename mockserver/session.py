"""All state of a session that changes: counters, journal, what it keeps, its clock.

How rules are read is here too, since reading moves their counters; docs/scenarios.md has the rules.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from mockserver.clock import Clock
from mockserver.contracts import Failure, Reply
from mockserver.conversation import IncomingCall
from mockserver.journal import Journal
from mockserver.ledger import Ledger
from mockserver.scenario.matching import ALWAYS
from mockserver.scenario.schema import Rule, Scenario, Step
from mockserver.seeding import Draw
from mockserver.stored import StoredCompletions

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
        return bool(self.failures) and _replace(self.failures)


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


class _RuleState:
    """How far a rule has come.

    Attributes:
        acted: How often it has acted: what `times` limits.
        passed: How many calls it held for: what the triggers of its failures count.
        reached: How many calls each alternative of its `when` held for, but for `call`.
        plain: What it gives each time, if it has one reply that nothing can go wrong with.

    """

    __slots__ = ("_given", "_given_to", "acted", "passed", "plain", "position", "reached", "rule")

    def __init__(self, position: int, rule: Rule) -> None:
        self.position = position
        self.rule = rule
        self.acted = 0
        self.passed = 0
        self.reached: Counter[int] = Counter()
        self.plain = None
        if rule.reply is not None and not rule.fail:
            self.plain = Given(rule.reply, (), rule.name)
        self._given = 0
        self._given_to: list[int] = []

    @property
    def step(self) -> Step | None:
        """What the rule would answer now; None if it has no reply."""
        rule = self.rule
        if rule.reply is not None:
            return Step(rule.reply)
        if not rule.replies:
            return None
        if rule.then == "cycle":
            return rule.replies[self._given % len(rule.replies)]
        return rule.replies[min(self._given, len(rule.replies) - 1)]

    def give(self, number: int) -> None:
        """Note that the rule's reply goes to the *number*-th call."""
        self.acted += 1
        self._given += 1
        if len(self._given_to) < len(self.rule.replies):
            self._given_to.append(number)

    @property
    def is_exhausted(self) -> bool:
        """Whether all of the rule's `replies` are given and nothing is to follow them."""
        replies = self.rule.replies
        return (
            bool(replies) and self._given >= len(replies) and self.rule.then in {"refuse", "pass"}
        )

    @property
    def exhaustion(self) -> str:
        """What to say of a script that has ended."""
        calls = ", ".join(map(str, self._given_to))
        return f"script exhausted, its {len(self.rule.replies)} replies were given to calls {calls}"


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
        self.stored = StoredCompletions()
        self.ledger = Ledger()
        self._states = [_RuleState(*numbered) for numbered in enumerate(scenario.rules)]
        self._occurrences: dict[bytes, int] = {}

    def occurrence(self, content: bytes) -> int:
        """Count one more request with *content* (a digest of path and body), from 1."""
        counts = self._occurrences
        seen = counts[content] = counts.get(content, 0) + 1
        if len(counts) > OCCURRENCES_KEPT:
            del counts[next(iter(counts))]
        return seen

    def next_step(  # noqa: C901 - the reading of rules, in one piece, as rules 3 to 6 tell it
        self, call: IncomingCall, number: int, draw: Draw
    ) -> Given | Unanswered:
        """Read the rules for *call*, the *number*-th of the session, and move their counters."""
        if not self.scenario.rules:
            return NO_RULES
        passing: tuple[Failure, ...] = ()
        for state in self._states:
            rule = state.rule
            if rule.times is not None and state.acted >= rule.times:
                continue
            if not _holds(state, call):
                continue
            state.passed += 1
            if state.plain is not None and not passing:
                state.give(number)
                return state.plain
            if state.is_exhausted:
                if rule.then == "pass":
                    continue
                return Unanswered((), rule.name, (f"'{rule.name}': {state.exhaustion}",))
            own = _fired(rule.fail, state, draw, "rule") if rule.fail else ()
            step = state.step
            if own and _replace(own):
                state.acted += step is None
                return Given(None, passing + own, rule.name)
            if step is None:
                state.acted += bool(own) or not rule.fail
                passing += own
                continue
            state.give(number)
            if step.failures:
                own += _fired(step.failures, state, draw, "step")
            return Given(None if _replace(own) else step.reply, passing + own, rule.name)
        return Unanswered(passing, near_misses=self._near_misses(call))

    def _near_misses(self, call: IncomingCall) -> tuple[str, ...]:
        """Return what kept each of the nearest rules from answering, the nearest first."""
        misses: list[tuple[int, int, str]] = []
        for state in self._states:
            rule = state.rule
            differences = min((a.differences(call) for a in rule.when.alternatives), key=len)
            if not differences and rule.times is not None and state.acted >= rule.times:
                often = f"{rule.times} time{'s' if rule.times > 1 else ''}"
                differences = [f"it has acted {often}, as often as it may"]
            elif not differences and state.is_exhausted:
                differences = [state.exhaustion]
            elif not differences:
                continue
            miss = f"'{rule.name}': {differences[0]}"
            misses.append((len(differences), state.position, miss))
        return tuple(miss for _, _, miss in sorted(misses)[:NEAR_MISSES])


def _holds(state: _RuleState, call: IncomingCall) -> bool:
    """Return whether the rule's `when` holds, counting for alternatives that ask for a number."""
    when = state.rule.when
    if when is ALWAYS:
        return call.completion is not None
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
    failures: tuple[Failure, ...], state: _RuleState, draw: Draw, whose: str
) -> tuple[Failure, ...]:
    """Return those of *failures* whose triggers hold for this call."""
    return tuple(
        failure
        for index, failure in enumerate(failures)
        if failure.fires(state.passed, draw, f"fire-{whose}-{state.position}-{index}")
    )


def _replace(failures: tuple[Failure, ...]) -> bool:
    return any(failure.replaces for failure in failures)
