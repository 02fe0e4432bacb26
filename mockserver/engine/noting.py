"""Step 8: the journal's entry, when an answer goes out and when it has gone."""

from collections.abc import Sequence

from mockserver.effort import Effort
from mockserver.engine.asked import Asked
from mockserver.engine.timing import send_away
from mockserver.records.journal import Call, Outcome
from mockserver.records.redaction import redact_text
from mockserver.wire.timeline import Head, Timeline


def note(asked: Asked, call: Call, timeline: Timeline) -> Timeline:
    """Enter the status that goes out, if any does; return *timeline* as it goes out."""
    for event in timeline:
        if type(event) is Head:
            call.status = event.status
            break
    if not call.is_whole:
        timeline = send_away(asked, call, timeline)
    if call.watchers:
        call.announce()
    return timeline


def given_up(effort: Effort, secrets: Sequence[bytes]) -> tuple[str, ...]:
    """Return notes on what was given up, without *secrets*: patterns are quoted in them."""
    return tuple([redact_text(what, secrets) for what in effort.given_up])


def close(asked: Asked, call: Call, outcome: Outcome) -> None:
    """Enter how it went to play an answer: one that is not whole will be asked for again."""
    session = asked.session
    if asked.places:
        asked.places.leave()
    call.ended_s = session.clock.now_s()
    call.seen_at_end = session.journal.seen
    call.finish(outcome)
    if outcome == "sent" and call.is_whole:
        session.answered(asked.content)
    else:
        session.traffic.retries.give_up(asked.content, session.clock.now_s())
