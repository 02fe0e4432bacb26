"""Step 7: what goes wrong: with the request, with what is answered, on the way, at its end."""

from collections.abc import Sequence
from typing import Final

from mockserver.contracts import AnswerFailure, Failure, Scene
from mockserver.conversation import Allowance, Choice, IncomingCall, ModelRequest
from mockserver.engine.asked import Asked, Matched
from mockserver.engine.refusing import refusal
from mockserver.records.journal import Call
from mockserver.sessions.rules import Given
from mockserver.sessions.session import Session
from mockserver.traffic import limits
from mockserver.wire.marks import FINISH
from mockserver.wire.moments import BeforeHeaders, split
from mockserver.wire.timeline import Pause, Timeline, data_events

NO_POSITIONS: Final[frozenset[int]] = frozenset()


class Bending:
    """The failures of one answer that act before it is rendered, and which of them did."""

    def __init__(self, given: Given) -> None:
        self._failures = given.bending
        self.bent: set[int] = set()
        """The positions of those that did, among all that are *given*."""

    def __bool__(self) -> bool:
        return bool(self._failures)

    @property
    def effective(self) -> frozenset[int]:
        """The positions of those that had an effect so far."""
        return frozenset(self.bent) if self.bent else NO_POSITIONS

    def misread(self, request: ModelRequest) -> ModelRequest:
        """Return what *request* is taken for where that goes wrong."""
        for position, failure in self._failures:
            taken_for = failure.misread(request)
            if taken_for is not request:
                self.bent.add(position)
            request = taken_for
        return request

    def misanswer(
        self, asked: Asked, choices: Sequence[Choice], request: ModelRequest
    ) -> Sequence[Choice]:
        """Return what is answered to *request* instead of *choices* where that goes wrong."""
        for nth, (position, failure) in enumerate(self._failures):
            if not isinstance(failure, AnswerFailure):
                continue
            rng = asked.draw.rng(f"misanswer-{nth}")
            wrong = [failure.misanswer(choice, request, rng) for choice in choices]
            if any(new is not old for new, old in zip(wrong, choices, strict=True)):
                self.bent.add(position)
            choices = wrong
        return choices


def fail(
    asked: Asked,
    call: Call,
    matched: Matched,
    timeline: Timeline,
    *,
    bent: frozenset[int] = frozenset(),
) -> Timeline:
    """Return *timeline* with the failures in it that are given, each on the result of the last.

    A failure that replaces the answer keeps what went wrong before anything was sent, and
    pre-empts all else. *bent* are the positions of those that had an effect before.
    """
    incoming, given = matched.incoming, matched.given
    scene = Scene(
        dialect=asked.route.dialect,
        draw=asked.draw,
        refuse=lambda error: refusal(asked, error),
        rule=lambda failure: _rule_of(asked.session, failure),
        model=incoming.model,
        allowances=_left(asked, incoming),
        behaves_as=incoming.model and asked.catalogue.resolve(incoming.model).behaves_as,
        asked=asked.http,
    )
    is_over = False
    for position, failure in enumerate(given.failures):
        if given.is_replaced and (is_over or not isinstance(failure.moment, BeforeHeaders)):
            call.pre_empted += (failure.kind,)
            continue
        before: Timeline = ()
        if failure.replaces:
            before, timeline, is_over = timeline, (), True
        distorted = failure.distort(timeline, scene)
        if distorted.had_effect:
            call.is_cut = call.is_cut or _cuts(failure, timeline, distorted.timeline)
            timeline = before + _delayed(failure, distorted.timeline)
        if distorted.had_effect or position in bent:
            call.failures += (failure.kind,)
        else:
            call.no_effect += (failure.kind,)
    return timeline


def _cuts(failure: Failure, timeline: Timeline, bent: Timeline) -> bool:
    """Return whether *failure* took the end of *timeline*, which *bent* is now.

    What bends the whole answer may leave no marks in it: then nothing is known.
    """
    if not _has_end(timeline) or _has_end(bent):
        return False
    return failure.moment is not None or any(data.marks for data in data_events(bent))


def _has_end(timeline: Timeline) -> bool:
    return any(
        data.payload and any(mark.kind == FINISH for mark in data.marks)
        for data in data_events(timeline)
    )


def _left(asked: Asked, incoming: IncomingCall) -> tuple[Allowance, ...]:
    """Return what the request leaves of the account's limits."""
    if incoming.allowances is not None or incoming.request is None:
        return incoming.allowances or ()
    model = asked.catalogue.resolve(incoming.request.model)
    return limits.allowances(model, incoming.request.charge)


def _delayed(failure: Failure, timeline: Timeline) -> Timeline:
    """Return *timeline* with the pause before *failure* strikes."""
    if not failure.delay_ms or failure.moment is None:
        return timeline
    before, after = split(timeline, failure.moment) or (timeline, ())
    return (*before, Pause(failure.delay_ms / 1_000, failure.scale), *after)


def _rule_of(session: Session, failure: Failure) -> str | None:
    """Return the name of the rule that *failure* is written in."""
    for rule in session.scenario.rules:
        written = (*rule.fail, *(one for step in rule.replies for one in step.failures))
        if any(one is failure for one in written):
            return rule.name
    return None
