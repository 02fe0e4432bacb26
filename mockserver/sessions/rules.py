"""How rules are read for a call, and the counters, captures and state that reading moves.

docs/scenarios.md has the rules by number; `Reading.next_step` is rules 3 to 6, in one piece.
"""

import copy
import sys
from collections import Counter, OrderedDict
from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

from mockserver.contracts import Answers, Failure, Reply, SelectiveReply
from mockserver.conversation import IncomingCall
from mockserver.effort import current
from mockserver.scenario.compiled import Compiled, CompiledRule
from mockserver.scenario.conditions.subject import subject_of
from mockserver.scenario.merging import RuleKey
from mockserver.scenario.schema import Rule
from mockserver.seeding import Draw
from mockserver.sessions.tally import SCOPES_KEPT, Firing, Tallies, Tally
from mockserver.templates.expansion import Scope, Values
from mockserver.traffic.latency import Latency
from mockserver.wire.jsontext import JsonValue

NEAR_MISSES: Final = 3
"""Rules that a near-miss report names."""
_ANY: Final = sys.maxsize
LOOP: Final = 20
"""Answers in a row with tool calls that one rule may give to one conversation (rule 16)."""


# Final instead of frozen: it is made for each call that a rule does more for than answer.
@dataclass(slots=True)
class Given:
    """What answers: a reply bent by *failures*, or one of them alone. *rule* is whose it is.

    *latency* is the first that was read; None: no rule stated any. *scope* is what the
    reply's templates look into; None: it has none. *unfound* are the expressions of `set` that
    found nothing.
    """

    reply: Final[Reply | None]
    failures: Final[tuple[Failure, ...]]
    rule: Final[str | None]
    latency: Final[Latency | None] = None
    scope: Final[Scope | None] = None
    unfound: Final[tuple[str, ...]] = ()

    @property
    def is_replaced(self) -> bool:
        """Whether a failure strikes before headers, so that the answer is not given."""
        return bool(self.failures) and _replace(self.failures)

    @property
    def forwards(self) -> bool:
        """Whether another server answers, unless a failure replaces its answer."""
        return self.reply is not None and self.reply.forwards

    @property
    def may_cut(self) -> bool:
        """Whether the answer may be cut at its tokens, by time or by what goes wrong."""
        return bool(self.failures or self.latency)

    @property
    def bending(self) -> tuple[tuple[int, Failure], ...]:
        """The failures that act before the answer is rendered, with their positions."""
        if not self.failures:
            return ()
        return tuple([(n, failure) for n, failure in enumerate(self.failures) if failure.bends])


@dataclass(frozen=True, slots=True)
class Unanswered:
    """No rule answers. *failures* and *latency* of rules passed on the way still act.

    *exhausted* names a rule whose script has ended, which refuses; *near_misses* say what
    differed, the nearest rule first. *unfound* are the expressions of `set` that found nothing.
    *spent* names those of the nearest rules that have been used up.
    """

    failures: tuple[Failure, ...]
    exhausted: str | None = None
    near_misses: tuple[str, ...] = ()
    latency: Latency | None = None
    unfound: tuple[str, ...] = ()
    spent: tuple[str, ...] = ()


NO_RULES: Final = Unanswered(())
"""What a session without rules answers to every call."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What became of one rule when a call was read, as an explanation.

    *outcome* is whether the rule answered, acted and let the reading go on (`adds`), differed,
    was spent (`times`, or a script that has ended), or was not read, since one above it answered.
    *why* is in what it differed, or what it does.
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
        self._tallies = Tallies()
        self._plain: dict[RuleKey, Given] = {}
        self._streaks: OrderedDict[str, tuple[str, int]] = OrderedDict()

    # --- Reading ---

    def next_step(
        self,
        call: IncomingCall,
        number: int,
        draw: Draw,
        at_s: float,
        *,
        only_foreign: bool = False,
    ) -> Given | Unanswered:
        """Read the rules for *call*, and move their counters.

        Args:
            call: The call.
            number: How the journal counts it.
            draw: What probabilities are drawn from.
            at_s: When it came, in session time.
            only_foreign: Read those rules alone whose answers are not made here.

        """
        rules = self.compiled.rules
        if not rules:
            return NO_RULES
        call.state = self.state
        way: _Way | None = None
        for position in self._holding(call):
            compiled = rules[position]
            if only_foreign and not compiled.rule.foreign:
                continue
            if way is None:
                if compiled.is_plain:
                    tally = self._tallies.moving(compiled, call)
                    tally.passed += 1
                    tally.give(compiled.rule, number)
                    return self._plain_of(compiled)
                way = _Way(call, number, draw, at_s)
            step = self._meet(compiled, position, way)
            if step is not None:
                return step
        return self._unanswered(way or _Way(call, number, draw, at_s))

    def _holding(self, call: IncomingCall) -> Iterable[int]:
        """Return the positions of the rules that hold for *call*, but for their counters."""
        compiled = self.compiled
        if call.held is None:
            return compiled.holding(subject_of(call))
        known = call.held.get(compiled)
        if known is None:
            known = compiled.may_hold(subject_of(call))
            # What was given up is to be noted the next time, too.
            if not current().given_up:
                call.held[compiled] = known
        return known if compiled.is_steady else compiled.holding_of(known, subject_of(call))

    def _meet(
        self, compiled: CompiledRule, position: int, way: "_Way"
    ) -> Given | Unanswered | None:
        """Return what the rule, which holds but for its counters, says to the call on its *way*.

        None: it lets the reading go on, and what it adds goes along.
        """
        rule, call = compiled.rule, way.call
        tally = self._tallies.moving(compiled, call)
        if tally.is_spent(rule):
            return None
        nth = tally.counted(compiled, subject_of(call)) if compiled.counting else tally.passed + 1
        if nth is None:
            return None
        answers = None if compiled.selective is None else compiled.selective.answers(call)
        tally.passed += 1
        if tally.is_exhausted(rule, answers):
            return None if rule.then == "pass" else self._exhausted(rule, tally, way, answers)
        met = _Met(rule, position, tally, nth)
        passed = tally.passed
        own = way.firing(passed, position).of(rule.fail, "rule") if rule.fail else ()
        step = tally.step(rule, answers)
        if step is None:
            if own or not rule.fail:
                tally.acted += 1
                self._act(met, way)
            if own and _replace(own):
                return way.given(None, own, rule.name)
            if own or not rule.fail:
                way.latency = way.latency or rule.latency
            way.failures += own
            return None
        if own and _replace(own):
            return way.given(None, own, rule.name)
        tally.give(rule, way.number, answers)
        own += way.firing(passed, position).of(step.failures, "step") if step.failures else ()
        if _replace(own):
            return way.given(None, own, rule.name)
        way.latency = way.latency or step.latency or rule.latency
        scope = self._act(met, way, step.reply)
        return way.given(step.reply, own, rule.name, scope)

    def _unanswered(self, way: "_Way") -> Unanswered:
        nearest = self._nearest_rules(way.call)
        return Unanswered(
            way.failures,
            None,
            tuple(self._misses(nearest, way.call)),
            way.latency,
            tuple(way.unfound),
            tuple([one.rule.name for one in nearest if self._spent(one, way.call)]),
        )

    def _exhausted(
        self, rule: Rule, tally: Tally, way: "_Way", answers: Answers | None
    ) -> Unanswered:
        """Return the refusal of a script that has ended: it is the nearest, whatever else is."""
        why = f"'{rule.name}': {tally.exhaustion(rule, answers)}"
        nearest = self._nearest_rules(way.call)
        others = [miss for miss in self._misses(nearest, way.call) if miss != why]
        misses = (why, *others[: NEAR_MISSES - 1])
        return Unanswered((), rule.name, misses, None, tuple(way.unfound), (rule.name,))

    def tally(self, compiled: CompiledRule, call: IncomingCall) -> Tally:
        """Return the rule's counters for *call*, to look at."""
        return self._tallies.at(compiled, call)

    def _plain_of(self, compiled: CompiledRule) -> Given:
        given = self._plain.get(compiled.key)
        if given is None:
            rule = compiled.rule
            given = self._plain[compiled.key] = Given(rule.reply, (), rule.name)
        return given

    def _act(self, met: "_Met", way: "_Way", reply: Reply | None = None) -> Scope | None:
        """Capture and set what the rule says; return what the templates of *reply* look into.

        Captures come before the reply, which sees the state as it was; `set` comes after.
        """
        rule, call = met.rule, way.call
        looks_up = reply is not None and reply.looks_up
        if not (rule.capture or rule.set_ or looks_up):
            return None
        conversation = call.conversation
        if rule.capture:
            self._capture(rule, call, conversation)
        scope = Scope(
            request=call.sent,
            captured=self._captured.get(conversation, {}),
            state=self.state,
            call=met.nth,
            turn=subject_of(call).turn,
            draw=way.draw,
        )
        if rule.set_:
            values = Values(scope.at(purpose=f"set-{met.position}-").values, way.unfound)
            self._set(rule, values)
            call.state = self.state
        return scope if looks_up else None

    def _capture(self, rule: Rule, call: IncomingCall, conversation: str) -> None:
        taken = {name: capture.take(call) for name, capture in rule.capture.items()}
        found = {name: value for name, value in taken.items() if value is not None}
        if found:
            self._captured[conversation] = {**self._captured.get(conversation, {}), **found}
            if len(self._captured) > SCOPES_KEPT:
                self._captured.popitem(last=False)

    def _set(self, rule: Rule, values: Values) -> None:
        changed = {name: setting.becomes(values) for name, setting in rule.set_.items()}
        merged = {**self.state, **changed}
        self.state = {name: value for name, value in merged.items() if value is not None}

    # --- Loops ---

    def is_loop(self, rule: str | None, call: IncomingCall, *, calls_tools: bool) -> bool:
        """Count another answer of *rule* to the conversation; return whether it is one too many."""
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

    # --- Reports ---

    def _nearest_rules(self, call: IncomingCall) -> list[CompiledRule]:
        """Return the rules that came nearest to answering *call*, the nearest first."""
        nearest: list[tuple[int, int]] = []
        for position, compiled in enumerate(self.compiled.rules):
            # Of thousands, most differ in more than the nearest: how much more does not matter.
            enough = nearest[-1][0] if len(nearest) == NEAR_MISSES else _ANY
            if enough == 1:
                break
            ways = compiled.rule.when.alternatives
            count = min(way.count_differences(call, enough) for way in ways)
            if not count:
                count = len(self._left_out(compiled, call))
            if 0 < count < enough:
                nearest = sorted([*nearest, (count, position)])[:NEAR_MISSES]
        return [self.compiled.rules[position] for _, position in nearest]

    def _misses(self, nearest: Iterable[CompiledRule], call: IncomingCall) -> Iterator[str]:
        """Yield what kept each of the *nearest* rules from answering *call*."""
        for compiled in nearest:
            found = _nearest(compiled.rule, call) or self._left_out(compiled, call)
            yield f"'{compiled.rule.name}': {found[0]}"

    def _left_out(self, compiled: CompiledRule, call: IncomingCall) -> list[str]:
        """Return what keeps the rule, whose `when` holds, from answering *call*."""
        unfit = compiled.cannot_answer(subject_of(call))
        if unfit is not None:
            return [unfit]
        return self._spent(compiled, call) or self._miscounted(compiled, call)

    def _spent(self, compiled: CompiledRule, call: IncomingCall) -> list[str]:
        rule, tally = compiled.rule, self.tally(compiled, call)
        if rule.times is not None and tally.is_spent(rule):
            often = f"{rule.times} time{'s' if rule.times > 1 else ''}"
            return [f"it has already acted {often}, its limit"]
        answers = None if compiled.selective is None else compiled.selective.answers(call)
        if tally.is_exhausted(rule, answers):
            return [tally.exhaustion(rule, answers)]
        return []

    def _miscounted(self, compiled: CompiledRule, call: IncomingCall) -> list[str]:
        if not compiled.counting:
            return []
        differs = self.tally(compiled, call).miscounted(compiled, subject_of(call))
        return [differs] if differs else []

    def explain(
        self, call: IncomingCall, number: int, draw: Draw, at_s: float
    ) -> tuple[Given | Unanswered, list[Reading]]:
        """Return what *call* would get, and what became of each rule; nothing is moved."""
        scratch, way = self._scratch(), _Way(call, number, draw, at_s)
        call.state = self.state
        step: Given | Unanswered | None = None
        readings: list[Reading] = []
        for position, compiled in enumerate(self.compiled.rules):
            if step is not None:
                readings.append(Reading(compiled.rule, "not read"))
                continue
            step, reading = scratch._explained(compiled, position, way)  # noqa: SLF001 - its like
            readings.append(reading)
        if not readings:
            return NO_RULES, []
        return step or scratch._unanswered(way), readings  # noqa: SLF001 - its like

    def _explained(
        self, compiled: CompiledRule, position: int, way: "_Way"
    ) -> tuple[Given | Unanswered | None, Reading]:
        """Meet the rule, and return what becomes of that."""
        rule = compiled.rule
        differences = _nearest(rule, way.call)
        unfit = compiled.cannot_answer(subject_of(way.call))
        if differences or unfit is not None:
            return None, Reading(rule, "differs", tuple(differences) or (unfit or "",))
        spent = self._spent(compiled, way.call)
        passed, failing = self.tally(compiled, way.call).passed, len(way.failures)
        step = self._meet(compiled, position, way)
        if spent:
            return step, Reading(rule, "spent", tuple(spent))
        if isinstance(step, Given):
            fails = tuple(f"fails: {failure.kind}" for failure in step.failures[failing:])
            return step, Reading(rule, "answers", fails)
        if self.tally(compiled, way.call).passed == passed:
            return step, Reading(rule, "differs", tuple(self._miscounted(compiled, way.call)))
        adds = [f"fails: {failure.kind}" for failure in way.failures[failing:]]
        if rule.fail and not adds:
            return step, Reading(rule, "adds", ("its failure does not fire",))
        adds += ["adds latency"] if rule.latency else []
        adds += [f"captures '{name}'" for name in rule.capture]
        adds += [f"sets '{name}'" for name in rule.set_]
        return step, Reading(rule, "adds", tuple(adds))

    def _scratch(self) -> "RuleReader":
        """Return a reader that has come as far as this one, to read without moving this one."""
        scratch = copy.copy(self)
        for name in ("_captured", "_tallies", "_streaks"):
            setattr(scratch, name, copy.deepcopy(getattr(self, name)))
        return scratch

    def tallies(self) -> Iterator[tuple[Rule, Mapping[str, Tally]]]:
        """Yield each rule, with its counters by what it counts for (`per`)."""
        for compiled in self.compiled.rules:
            yield compiled.rule, self._tallies.of(compiled.key)

    def unused(self, apart: str | None = None) -> Iterator[str]:
        """Yield a sentence for each required rule, rule with `times`, or step, that is left.

        Optional rules, and those of the layer that is set *apart*, are left out.
        """
        for compiled in self.compiled.rules:
            rule, tallies = compiled.rule, self._tallies.of(compiled.key)
            wanted = rule.times or len(rule.replies) or int(rule.required)
            if not wanted or rule.optional or compiled.key.layer == apart:
                continue
            if compiled.selective is not None and rule.required:
                for what in self._left(compiled, compiled.selective):
                    yield f"rule '{rule.name}' never gave {what}"
                continue
            gives = rule.replies and not rule.times
            counts = [t.given if gives else t.acted for t in tallies.values()] or [0]
            least = min(counts)
            if not least:
                yield f"rule '{rule.name}' was never used"
            elif least < wanted and rule.times:
                yield f"rule '{rule.name}' was used {least} of {wanted} times"
            elif least < wanted:
                yield f"rule '{rule.name}' gave {least} of its {wanted} replies"

    def left(self) -> Iterator[tuple[str, list[str]]]:
        """Yield each rule that answers from a cassette, and what it never gave, in words."""
        for compiled in self.compiled.rules:
            if compiled.selective is not None:
                yield compiled.rule.name, self._left(compiled, compiled.selective)

    def _left(self, compiled: CompiledRule, selective: SelectiveReply) -> list[str]:
        given: Counter[Hashable] = Counter()
        for tally in self._tallies.of(compiled.key).values():
            given.update(tally.taken)
        return selective.left(given)

    # --- Another scenario ---

    def take(self, compiled: Compiled) -> None:
        """Read by *compiled* from now on; rules that stay, or are replaced, keep their counters."""
        self._tallies.keep([rule.key for rule in compiled.rules])
        self._plain = {}
        self.compiled = compiled


class _Way:
    """A call on its way down the rules, and what those that let it pass have added to it."""

    __slots__ = ("at_s", "call", "draw", "failures", "latency", "number", "unfound")

    def __init__(self, call: IncomingCall, number: int, draw: Draw, at_s: float) -> None:
        self.call = call
        self.number = number
        self.draw = draw
        self.at_s = at_s
        self.failures: tuple[Failure, ...] = ()
        self.latency: Latency | None = None
        self.unfound: dict[str, None] = {}

    def firing(self, count: int, position: int) -> Firing:
        """Return what decides which failures fire of the rule at *position*."""
        return Firing(count, self.draw, position, self.at_s)

    def given(
        self,
        reply: Reply | None,
        own: tuple[Failure, ...],
        rule: str,
        scope: Scope | None = None,
    ) -> Given:
        """Return what *rule* answers, with all that was added on the way and its *own* failures."""
        latency = self.latency if reply is not None else None
        return Given(reply, self.failures + own, rule, latency, scope, tuple(self.unfound))


class _Met(NamedTuple):
    """A rule that a call has met, its position, and which call of it this is, from 1 (`call`)."""

    rule: Rule
    position: int
    tally: Tally
    nth: int


def _nearest(rule: Rule, call: IncomingCall) -> list[str]:
    """Return in what *call* differs from the alternative that it comes nearest to."""
    return min((a.differences(call) for a in rule.when.alternatives), key=len)


def _replace(failures: tuple[Failure, ...]) -> bool:
    return bool(failures) and any(failure.replaces for failure in failures)
