"""How rules are read for a call, and the counters, captures and state that reading moves.

docs/scenarios.md has the rules by number; `Reading.next_step` is rules 3 to 6, in one piece.
"""

import copy
from collections import Counter, OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from mockserver.contracts import Failure, Reply
from mockserver.conversation import IncomingCall
from mockserver.jsontext import JsonValue
from mockserver.latency import Latency
from mockserver.scenario.compiled import Compiled, CompiledRule
from mockserver.scenario.schema import Rule, Step
from mockserver.scenario.subject import Subject, subject_of
from mockserver.seeding import Draw
from mockserver.templates import Scope

NEAR_MISSES: Final = 3
"""Rules that a near-miss report names."""
SCOPES_KEPT: Final = 10_000
"""Conversations, keys or models that a rule counts for, and conversations with captures; the one
that came first is forgotten first."""
LOOP: Final = 20
"""Answers in a row with tool calls that one rule may give to one conversation (rule 16)."""


@dataclass(frozen=True, slots=True)
class Given:
    """What answers: a reply bent by *failures*, or one of them alone. *rule* is whose it is.

    *latency* is the first that was read; None: none of the rules said. *scope* is what the
    reply's templates look into; None: it has none.
    """

    reply: Reply | None
    failures: tuple[Failure, ...]
    rule: str | None
    latency: Latency | None = None
    scope: Scope | None = None

    @property
    def is_replaced(self) -> bool:
        """Whether a failure strikes before headers, so that the answer is not given."""
        return bool(self.failures) and _replace(self.failures)


@dataclass(frozen=True, slots=True)
class Unanswered:
    """No rule answers. *failures* and *latency* of rules passed on the way still act.

    *exhausted* names a rule whose script has ended, which refuses; *near_misses* say what
    differed, the nearest rule first.
    """

    failures: tuple[Failure, ...]
    exhausted: str | None = None
    near_misses: tuple[str, ...] = ()
    latency: Latency | None = None


NO_RULES: Final = Unanswered(())
"""What a session without rules says to every call."""


class Tally:
    """How far a rule has come, in one of the scopes that it counts for.

    Attributes:
        acted: How often it has acted: what `times` limits.
        passed: How many calls it held for: what the triggers of its failures count.
        given: How many of its replies were given.
        given_to: The numbers of the calls that got one, as many as it has `replies`.
        reached: How many calls each alternative of its `when` held for, but for `call`.

    """

    __slots__ = ("acted", "given", "given_to", "passed", "reached")

    def __init__(self) -> None:
        self.acted = 0
        self.passed = 0
        self.given = 0
        self.given_to: list[int] = []
        self.reached: Counter[int] = Counter()


@dataclass(frozen=True, slots=True)
class Reading:
    """What became of one rule when a call was read: for those who ask why.

    *outcome* tells whether the rule answered, acted and let the reading go on (`adds`), differed,
    was spent (`times`, or a script that has ended), or was not read, since one above it answered.
    *why* tells in what it differed, or what it does.
    """

    rule: Rule
    outcome: Literal["answers", "adds", "differs", "spent", "not read"]
    why: tuple[str, ...] = ()


class RuleReader:
    """Reads the rules of one session, and remembers what that moved."""

    def __init__(self, compiled: Compiled) -> None:
        self.compiled = compiled
        self.state: Mapping[str, JsonValue] = compiled.scenario.state
        """The session's state; whoever changes it puts another mapping in its place."""
        self._captured: OrderedDict[str, Mapping[str, JsonValue]] = OrderedDict()
        self._tallies: dict[int, OrderedDict[str, Tally]] = {}
        self._plain: dict[int, Given] = {}
        self._streaks: OrderedDict[str, tuple[str, int]] = OrderedDict()

    # --- Reading ---

    def next_step(  # noqa: C901, PLR0912 - the reading of rules, in one piece, as rules 3 to 7 tell it
        self, call: IncomingCall, number: int, draw: Draw, at_s: float
    ) -> Given | Unanswered:
        """Read the rules for *call*, and move their counters.

        Args:
            call: The call.
            number: How the journal counts it.
            draw: What probabilities are drawn from.
            at_s: When it came, in session time.

        """
        rules = self.compiled.rules
        if not rules:
            return NO_RULES
        call.state = self.state
        subject = subject_of(call)
        passing: tuple[Failure, ...] = ()
        latency: Latency | None = None
        for position, compiled in enumerate(rules):
            for read, fits in compiled.readings:
                if not fits(read(subject)):
                    break
            else:
                rule = compiled.rule
                tally = self._tally(rule, call)
                if rule.times is not None and tally.acted >= rule.times:
                    continue
                if compiled.counting and not _counts_on(compiled, tally, subject):
                    continue
                tally.passed += 1
                if compiled.is_plain and not passing and latency is None:
                    _give(tally, rule, number)
                    return self._plain_of(rule)
                if _is_exhausted(rule, tally):
                    if rule.then == "pass":
                        continue
                    why = f"'{rule.name}': {_exhaustion(rule, tally)}"
                    return Unanswered((), rule.name, (why,))
                firing = _Firing(tally.passed, draw, position, at_s)
                own = firing.of(rule.fail, "rule") if rule.fail else ()
                step = _step(rule, tally)
                if own and _replace(own):
                    if step is None:
                        tally.acted += 1
                        self._act(rule, call, tally, draw)
                    return Given(None, passing + own, rule.name)
                if step is None:
                    passing += own
                    if own or not rule.fail:
                        latency = latency or rule.latency
                        tally.acted += 1
                        self._act(rule, call, tally, draw)
                    continue
                _give(tally, rule, number)
                own += firing.of(step.failures, "step") if step.failures else ()
                if _replace(own):
                    return Given(None, passing + own, rule.name)
                latency = latency or step.latency or rule.latency
                scope = self._act(rule, call, tally, draw, step.reply)
                return Given(step.reply, passing + own, rule.name, latency, scope)
        return Unanswered(passing, None, tuple(self.near_misses(call)), latency)

    def _tally(self, rule: Rule, call: IncomingCall) -> Tally:
        tallies = self._tallies.get(id(rule))
        if tallies is None:
            tallies = self._tallies[id(rule)] = OrderedDict()
        scope = _scope_of(rule, call)
        tally = tallies.get(scope)
        if tally is None:
            tally = tallies[scope] = Tally()
            if len(tallies) > SCOPES_KEPT:
                tallies.popitem(last=False)
        return tally

    def tally(self, rule: Rule, call: IncomingCall) -> Tally:
        """Return the rule's counters for *call*, to look at."""
        tallies = self._tallies.get(id(rule))
        return (tallies.get(_scope_of(rule, call)) if tallies else None) or Tally()

    def _plain_of(self, rule: Rule) -> Given:
        given = self._plain.get(id(rule))
        if given is None:
            given = self._plain[id(rule)] = Given(rule.reply, (), rule.name)
        return given

    def _act(
        self, rule: Rule, call: IncomingCall, tally: Tally, draw: Draw, reply: Reply | None = None
    ) -> Scope | None:
        """Capture and set what *rule* says; return what the templates of *reply* look into.

        Captures come before the reply, which sees the state as it was; `set` comes after.
        """
        looks_up = reply is not None and reply.looks_up
        if not (rule.capture or rule.set_ or looks_up):
            return None
        conversation = call.conversation
        if rule.capture:
            self._capture(rule, call, conversation)
        scope = Scope(
            request=call.completion.body if call.completion is not None else {},
            captured=self._captured.get(conversation, {}),
            state=self.state,
            call=tally.passed,
            turn=subject_of(call).turn,
            draw=draw,
        )
        if rule.set_:
            self._set(rule, scope)
            call.state = self.state
        return scope if looks_up else None

    def _capture(self, rule: Rule, call: IncomingCall, conversation: str) -> None:
        taken = {name: capture.take(call) for name, capture in rule.capture.items()}
        found = {name: value for name, value in taken.items() if value is not None}
        if found:
            self._captured[conversation] = {**self._captured.get(conversation, {}), **found}
            if len(self._captured) > SCOPES_KEPT:
                self._captured.popitem(last=False)

    def _set(self, rule: Rule, scope: Scope) -> None:
        values = scope.at(purpose="set-")
        changed = {name: setting.becomes(values) for name, setting in rule.set_.items()}
        merged = {**self.state, **changed}
        self.state = {name: value for name, value in merged.items() if value is not None}

    # --- Loops ---

    def is_loop(self, rule: str | None, call: IncomingCall, *, calls_tools: bool) -> bool:
        """Count one more answer of *rule* to the conversation; tell whether it is one too many."""
        conversation = call.conversation
        if rule is None or not calls_tools:
            self._streaks.pop(conversation, None)
            return False
        before, length = self._streaks.get(conversation, (rule, 0))
        length = length + 1 if before == rule else 1
        self._streaks[conversation] = rule, length
        if len(self._streaks) > SCOPES_KEPT:
            self._streaks.popitem(last=False)
        return length > LOOP

    # --- What is told of it ---

    def near_misses(self, call: IncomingCall) -> Iterator[str]:
        """Yield what kept each of the nearest rules from answering, the nearest first."""
        misses: list[tuple[int, int, str]] = []
        for position, compiled in enumerate(self.compiled.rules):
            rule = compiled.rule
            differences = self._differences(rule, call)
            if differences:
                miss = f"'{rule.name}': {differences[0]}"
                misses.append((len(differences), position, miss))
        return (miss for _, _, miss in sorted(misses)[:NEAR_MISSES])

    def _differences(self, rule: Rule, call: IncomingCall) -> list[str]:
        """Return what keeps *rule* from acting on *call*; nothing if it would act."""
        differences = min((a.differences(call) for a in rule.when.alternatives), key=len)
        return differences or self._spent(rule, call)

    def _spent(self, rule: Rule, call: IncomingCall) -> list[str]:
        tally = self.tally(rule, call)
        if rule.times is not None and tally.acted >= rule.times:
            often = f"{rule.times} time{'s' if rule.times > 1 else ''}"
            return [f"it has acted {often}, as often as it may"]
        if _is_exhausted(rule, tally):
            return [_exhaustion(rule, tally)]
        return []

    def explain(
        self, call: IncomingCall, number: int, draw: Draw, at_s: float
    ) -> tuple[Given | Unanswered, list[Reading]]:
        """Return what *call* would get, and what became of each rule; nothing is moved."""
        scratch = self._scratch()
        step = scratch.next_step(call, number, draw, at_s)
        ended = step.exhausted if isinstance(step, Unanswered) else step.rule
        readings: list[Reading] = []
        is_over = False
        for compiled in self.compiled.rules:
            rule = compiled.rule
            if is_over:
                readings.append(Reading(rule, "not read"))
                continue
            was_passed = scratch.tally(rule, call).passed > self.tally(rule, call).passed
            is_over = rule.name == ended and was_passed
            if is_over and isinstance(step, Given):
                fails = tuple(f"fails: {failure.kind}" for failure in step.failures)
                readings.append(Reading(rule, "answers", fails))
            else:
                readings.append(self._passed_by(rule, call, was_passed=was_passed))
        return step, readings

    def _passed_by(self, rule: Rule, call: IncomingCall, *, was_passed: bool) -> Reading:
        """Return what became of a *rule* that did not answer."""
        differences = min((a.differences(call) for a in rule.when.alternatives), key=len)
        if differences:
            return Reading(rule, "differs", tuple(differences))
        spent = self._spent(rule, call)
        if spent:
            return Reading(rule, "spent", tuple(spent))
        if not was_passed:
            return Reading(rule, "differs", ("it is another call that 'call' asks for",))
        adds = [f"fails, if its trigger holds: {failure.kind}" for failure in rule.fail]
        adds += ["takes its time"] if rule.latency else []
        adds += [f"captures '{name}'" for name in rule.capture]
        adds += [f"sets '{name}'" for name in rule.set_]
        return Reading(rule, "adds", tuple(adds))

    def _scratch(self) -> "RuleReader":
        """Return a reader that has come as far as this one, to read without moving this one."""
        scratch = copy.copy(self)
        for name in ("_captured", "_tallies", "_streaks"):
            setattr(scratch, name, copy.deepcopy(getattr(self, name)))
        return scratch

    def tallies(self) -> Iterator[tuple[Rule, Mapping[str, Tally]]]:
        """Yield each rule, with its counters by what it counts for (`per`)."""
        for compiled in self.compiled.rules:
            yield compiled.rule, self._tallies.get(id(compiled.rule), {})

    def unused(self) -> Iterator[str]:
        """Yield a sentence for each rule with `times`, or a step of `replies`, that is left."""
        for rule, tallies in self.tallies():
            wanted = rule.times or len(rule.replies)
            if not wanted:
                continue
            what = "times" if rule.times else "replies"
            counts = [t.acted if rule.times else t.given for t in tallies.values()] or [0]
            least = min(counts)
            if least < wanted:
                yield f"rule '{rule.name}': {least} of its {wanted} {what} were used"

    # --- Another scenario ---

    def take(self, compiled: Compiled) -> None:
        """Read by *compiled* from now on; rules that stay, or keep their name, keep their count."""
        known = {c.rule.name: self._tallies.get(id(c.rule)) for c in self.compiled.rules}
        same = {id(c.rule): self._tallies.get(id(c.rule)) for c in self.compiled.rules}
        kept = {
            id(c.rule): same[id(c.rule)] if id(c.rule) in same else known.get(c.rule.name)
            for c in compiled.rules
        }
        self._tallies = {key: tallies for key, tallies in kept.items() if tallies}
        self._plain = {}
        self.compiled = compiled


@dataclass(frozen=True, slots=True)
class _Firing:
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


def _scope_of(rule: Rule, call: IncomingCall) -> str:
    match rule.per:
        case "session":
            return ""
        case "conversation":
            return call.conversation
        case "key":
            return call.key
        case "model":
            return call.model or ""


def _counts_on(compiled: CompiledRule, tally: Tally, subject: Subject) -> bool:
    """Count the call for each alternative that asks for a number; return whether one holds."""
    held = False
    for index, alternative in enumerate(compiled.counting):
        if not all(fits(read(subject)) for read, fits in alternative.readings):
            continue
        if alternative.call is None:
            held = True
        else:
            tally.reached[index] += 1
            held = alternative.call.holds(tally.reached[index]) or held
    return held


def _step(rule: Rule, tally: Tally) -> Step | None:
    """Return what the rule would answer now; None if it has no reply."""
    if rule.reply is not None:
        return Step(rule.reply)
    if not rule.replies:
        return None
    if rule.then == "cycle":
        return rule.replies[tally.given % len(rule.replies)]
    return rule.replies[min(tally.given, len(rule.replies) - 1)]


def _give(tally: Tally, rule: Rule, number: int) -> None:
    """Note that the rule's reply goes to the *number*-th call."""
    tally.acted += 1
    tally.given += 1
    if len(tally.given_to) < len(rule.replies):
        tally.given_to.append(number)


def _is_exhausted(rule: Rule, tally: Tally) -> bool:
    """Return whether all of the rule's `replies` are given and nothing is to follow them."""
    replies = rule.replies
    return bool(replies) and tally.given >= len(replies) and rule.then in {"refuse", "pass"}


def _exhaustion(rule: Rule, tally: Tally) -> str:
    """Return what to say of a script that has ended."""
    calls = ", ".join(map(str, tally.given_to))
    return f"script exhausted, its {len(rule.replies)} replies were given to calls {calls}"


def _replace(failures: tuple[Failure, ...]) -> bool:
    return any(failure.replaces for failure in failures)
