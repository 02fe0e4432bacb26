"""How far the rules of a session have come: what `times`, `replies`, `call` and triggers count.

A rule has one tally for each conversation, key or model that it counts for (`per`), or a single
one for its session. `mockserver.sessions.rules` decides when they move.
"""

from collections import Counter, OrderedDict
from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from typing import Final

from mockserver.contracts import Answers, Failure
from mockserver.conversation import IncomingCall
from mockserver.scenario.compiled import CompiledRule
from mockserver.scenario.conditions.subject import Subject
from mockserver.scenario.merging import RuleKey
from mockserver.scenario.schema import Rule, Step
from mockserver.seeding import Draw

SCOPES_KEPT: Final = 10_000
"""Conversations, keys or models that a rule counts for; the oldest is forgotten first."""


class Tally:
    """How far a rule has come, in one of the scopes that it counts for.

    Attributes:
        acted: How often it has acted: what `times` limits.
        passed: How many calls it held for: what the triggers of its failures count.
        given: How many of its replies were given.
        given_to: The numbers of the calls that got one, as many as it has `replies`.
        reached: How many calls each alternative of its `when` held for, but for `call`.
        taken: How many answers of each group were given, of a reply that has some for each.

    """

    __slots__ = ("acted", "given", "given_to", "passed", "reached", "taken")

    def __init__(self) -> None:
        self.acted = 0
        self.passed = 0
        self.given = 0
        self.given_to: list[int] = []
        self.reached: Counter[int] = Counter()
        self.taken: Counter[Hashable] = Counter()

    def step(self, rule: Rule, answers: Answers | None = None) -> Step | None:
        """Return what *rule*, whose reply has these *answers*, would answer now.

        None if it has no reply.
        """
        if answers is not None:
            taken, replies = self.taken[answers.group], answers.replies
            is_over = taken >= len(replies)
            at = taken % len(replies) if rule.then == "cycle" or not is_over else -1
            return Step(replies[at])
        if rule.reply is not None:
            return Step(rule.reply)
        if not rule.replies:
            return None
        if rule.then == "cycle":
            return rule.replies[self.given % len(rule.replies)]
        return rule.replies[min(self.given, len(rule.replies) - 1)]

    def give(self, rule: Rule, number: int, answers: Answers | None = None) -> None:
        """Note that the reply of *rule*, one of *answers*, goes to the *number*-th call."""
        self.acted += 1
        self.given += 1
        if answers is not None:
            self.taken[answers.group] += 1
        if len(self.given_to) < len(rule.replies):
            self.given_to.append(number)

    def is_spent(self, rule: Rule) -> bool:
        """Return whether *rule* has used up its `times`."""
        return rule.times is not None and self.acted >= rule.times

    def is_exhausted(self, rule: Rule, answers: Answers | None = None) -> bool:
        """Return whether all that *rule* replies is given and nothing is to follow.

        These are its `replies`, or the *answers* that its reply has.
        """
        if rule.then not in {"refuse", "pass"}:
            return False
        if answers is not None:
            return self.taken[answers.group] >= len(answers.replies)
        return bool(rule.replies) and self.given >= len(rule.replies)

    def exhaustion(self, rule: Rule, answers: Answers | None = None) -> str:
        """Return a sentence about the script of *rule*, which has ended."""
        if answers is not None:
            count = len(answers.replies)
            if count == 1:
                return "the one recorded answer to this request is used up"
            return f"the {count} recorded answers to this request are used up"
        calls = ", ".join(map(str, self.given_to))
        return f"its {len(rule.replies)} replies are used up (by calls {calls})"

    def counted(self, compiled: CompiledRule, subject: Subject) -> int | None:
        """Count the call for each alternative of its rule that it fits but for `call`.

        Return which call it is, from 1, for the first that holds; None: none of them does.
        """
        nth: int | None = None
        for index, alternative in enumerate(compiled.counting):
            if not alternative.fits(subject):
                continue
            self.reached[index] += 1
            reached = self.reached[index]
            if nth is None and (alternative.call is None or alternative.call.holds(reached)):
                nth = reached
        return nth

    def miscounted(self, compiled: CompiledRule, subject: Subject) -> str | None:
        """Return in what the call, which was counted, differs from all that `call` asks for."""
        found: str | None = None
        for index, alternative in enumerate(compiled.counting):
            if not alternative.fits(subject):
                continue
            reached = self.reached[index]
            if alternative.call is None or alternative.call.holds(reached):
                return None
            found = found or f"call is {reached}, the rule wants {alternative.call.describe()}"
        return found


class Tallies:
    """The tallies of all rules of a session."""

    def __init__(self) -> None:
        self._of: dict[RuleKey, OrderedDict[str, Tally]] = {}

    def moving(self, compiled: CompiledRule, call: IncomingCall) -> Tally:
        """Return the tally of the rule for *call*, to be moved."""
        tallies = self._of.get(compiled.key)
        if tallies is None:
            tallies = self._of[compiled.key] = OrderedDict()
        scope = scope_of(compiled.rule, call)
        tally = tallies.get(scope)
        if tally is None:
            tally = tallies[scope] = Tally()
            if len(tallies) > SCOPES_KEPT:
                tallies.popitem(last=False)
        return tally

    def at(self, compiled: CompiledRule, call: IncomingCall) -> Tally:
        """Return the tally of the rule for *call*, to look at."""
        tallies = self._of.get(compiled.key)
        return (tallies.get(scope_of(compiled.rule, call)) if tallies else None) or Tally()

    def of(self, key: RuleKey) -> OrderedDict[str, Tally]:
        """Return the tallies of the rule with that *key*, by what it counts for."""
        return self._of.get(key, OrderedDict())

    def keep(self, keys: Iterable[RuleKey]) -> None:
        """Forget all tallies but those of the rules with these *keys*."""
        self._of = {key: self._of[key] for key in keys if key in self._of}


@dataclass(frozen=True, slots=True)
class Firing:
    """What decides whether the failures of one rule fire for one call."""

    count: int
    draw: Draw
    position: int
    at_s: float

    def of(self, failures: tuple[Failure, ...], whose: str) -> tuple[Failure, ...]:
        """Return those of *failures* whose triggers hold."""
        purpose = f"fire-{whose}-{self.position}"
        return tuple(
            failure
            for index, failure in enumerate(failures)
            if failure.fires(self.count, self.draw, f"{purpose}-{index}", self.at_s)
        )


def scope_of(rule: Rule, call: IncomingCall) -> str:
    """Return what *rule* counts *call* for."""
    match rule.per:
        case "session":
            return ""
        case "conversation":
            return call.conversation
        case "key":
            return call.key
        case "model":
            return call.model or ""
