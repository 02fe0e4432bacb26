"""What became of each rule for one call, and why.

A call is read again from the journal, after the rules have moved on: what differs in the request
is certain. Of counters and state, only what follows from how the call was answered is stated.
"""

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Final

from mockserver.control.inspecting.bounds import MOST_PARTS
from mockserver.control.shapes import RuleOnCall
from mockserver.control.shapes.inspection import RuleOutcome
from mockserver.conversation import IncomingCall
from mockserver.effort import Effort
from mockserver.records.journal import Call
from mockserver.records.redaction import redact_text
from mockserver.scenario.compiled import CompiledRule
from mockserver.scenario.conditions.subject import subject_of
from mockserver.sessions.session import Session

NOT_READ: Final = "the request was refused before any rule was read"
SPENT: Final = ("it has already acted", "used up")
"""What near misses say of rules that have nothing left."""


def rules_on(
    session: Session, call: Call, incoming: IncomingCall, places: Mapping[int, str]
) -> tuple[RuleOnCall, ...]:
    """Return what became of the first rules of *session* for *call*, which came as *incoming*.

    *places* are where rules are written, by their positions.
    """
    reader = session.reader
    rules = reader.compiled.rules
    incoming.state = reader.state
    with Effort():
        outcomes = list(islice(_outcomes(session, call, incoming), MOST_PARTS))
    return tuple(
        RuleOnCall(
            name=compiled.rule.name,
            place=places.get(position),
            outcome=outcome,
            why=tuple(map(redact_text, why)),
        )
        for position, (compiled, (outcome, why)) in enumerate(zip(rules, outcomes, strict=False))
    )


def _outcomes(
    session: Session, call: Call, incoming: IncomingCall
) -> Iterator[tuple[RuleOutcome, list[str]]]:
    rules = session.reader.compiled.rules
    if call.rule is None and not (call.is_unmatched or call.near_misses or call.failures):
        is_refused = call.status is None or call.status >= 400  # noqa: PLR2004 - HTTP's errors
        if is_refused:
            for _ in rules:
                yield "not_read", [NOT_READ]
            return
    answering = _answering(session, call, incoming)
    misses = dict(_misses(call))
    for position, compiled in enumerate(rules):
        if answering is not None and position > answering:
            yield "not_read", []
        elif position == answering:
            yield "answered", [f"fails: {kind}" for kind in call.failures]
        else:
            yield _passed_over(session, compiled, call, incoming, misses)


def _answering(session: Session, call: Call, incoming: IncomingCall) -> int | None:
    """Return the position of the rule that answered; None: none did, or it is gone."""
    named = [n for n, one in enumerate(session.reader.compiled.rules) if one.rule.name == call.rule]
    if len(named) < 2:  # noqa: PLR2004 - the plural
        return named[0] if named else None
    rules = session.reader.compiled.rules
    return next((n for n in named if not _differences(rules[n], incoming)), named[0])


def _misses(call: Call) -> Iterator[tuple[str, str]]:
    """Yield the names of rules and what kept them from answering, as it was noted then."""
    for miss in call.near_misses:
        name, quote, why = miss.removeprefix("'").partition("': ")
        if quote:
            yield name, why


def _passed_over(
    session: Session,
    compiled: CompiledRule,
    call: Call,
    incoming: IncomingCall,
    misses: Mapping[str, str],
) -> tuple[RuleOutcome, list[str]]:
    """Return what became of a rule that was read and did not answer."""
    rule = compiled.rule
    differences = _differences(compiled, incoming)
    noted = misses.get(rule.name)
    if noted is not None and any(words in noted for words in SPENT):
        return "used_up", [noted]
    if differences:
        return "no_match", differences
    struck = [failure.kind for failure in rule.fail if failure.kind in call.failures]
    if struck:
        return "failed", [f"fails: {kind}" for kind in struck]
    if noted is not None:
        return "no_match", [noted]
    spent = _spent(session, compiled, incoming)
    if spent:
        return "used_up", spent
    if compiled.counting:
        return "no_match", ["`call` wanted another number than it had then"]
    if not rule.given:
        return "added", _added(compiled)
    return "no_match", ["it would hold now: the rules, or the state, have changed since"]


def _differences(compiled: CompiledRule, incoming: IncomingCall) -> list[str]:
    """Return in what the call differs from what the rule asks for, or why it cannot answer it."""
    ways = [one.differences(incoming) for one in compiled.rule.when.alternatives]
    differences = min(ways, key=len)
    if differences:
        return differences
    unfit = compiled.cannot_answer(subject_of(incoming))
    return [] if unfit is None else [unfit]


def _spent(session: Session, compiled: CompiledRule, incoming: IncomingCall) -> list[str]:
    """Return what the rule has used up by now.

    It would hold and has not answered, and what is used up stays so: it was used up then.
    """
    rule, tally = compiled.rule, session.reader.tally(compiled, incoming)
    if rule.times is not None and tally.is_spent(rule):
        return [f"it has acted {rule.times} time{'s' if rule.times > 1 else ''}, its limit"]
    answers = None if compiled.selective is None else compiled.selective.answers(incoming)
    return [tally.exhaustion(rule, answers)] if tally.is_exhausted(rule, answers) else []


def _added(compiled: CompiledRule) -> list[str]:
    rule = compiled.rule
    adds = ["its failure did not strike"] if rule.fail else []
    adds += ["adds latency"] if rule.latency else []
    adds += [f"captures '{name}'" for name in rule.capture]
    return adds + [f"sets '{name}'" for name in rule.set_]
