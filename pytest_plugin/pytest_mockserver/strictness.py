"""What strictness forbids, as the failed test shows it."""

from mockserver.records.journal import Call
from pytest_mockserver.session import Session
from pytest_mockserver.timeline import last_said


def complaints(session: Session) -> str:
    """Return what happened in *session* against its strictness; an empty text if nothing did."""
    strict, calls = session.backend.strict, session.calls
    found: list[str] = []
    if strict.unsupported:
        found += [
            f"call {call.number}: {miss}"
            for call in calls
            if call.is_unsupported
            for miss in call.near_misses
        ]
    if strict.unmatched:
        unmatched = [call for call in calls if _is_lacking(session, call)]
        found += map(_unmatched, unmatched)
        cassette = session.used_cassette
        if unmatched and cassette is not None:
            found.append(f"  to record what the cassette lacks: {cassette.command}")
        if unmatched and not session.has_rules:
            found.append(
                "  nothing is scripted: mock_llm.reply('…') answers the next call, and "
                "@pytest.mark.mock_llm(strict=False) lets the server answer by itself"
            )
    found += [
        f"rule '{rule.name}' does nothing: give it a .reply(…), .fail(…) or .latency(…)"
        for rule in session.unsaid
    ]
    if strict.unused:
        found += session.backend.unused()
    if strict.no_effect:
        found += [
            f"call {call.number}: the failure '{kind}' had no effect: it found nothing to act on"
            for call in calls
            for kind in call.no_effect
        ]
    if strict.unoffered:
        found += [f"call {call.number}: {what}" for call in calls for what in call.unoffered]
    found += _unrecorded(session)
    if strict.off_schema:
        found += [f"call {call.number}: {what}" for call in calls for what in call.off_schema]
    if not found:
        return ""
    return "\n".join([f"mock_llm ({session.name}):", *found])


def _is_lacking(session: Session, call: Call) -> bool:
    """Return whether nothing that the test scripts, loads or has recorded answers *call*."""
    if call.is_unsupported or call.rule is not None:
        return False
    # What the cassette lacks may be a request that this server refuses by itself.
    lacks = session.used_cassette is not None and bool(call.near_misses)
    return call.is_unmatched or lacks


def _unrecorded(session: Session) -> list[str]:
    """Return why exchanges are missing in the cassette."""
    if session.used_cassette is None:
        return []
    session.backend.flush()
    return session.used_cassette.lost


def _unmatched(call: Call) -> str:
    what = f"{call.method} {call.path} {call.model or ''}".rstrip()
    lines = [f"call {call.number}: no rule matches {what}"]
    asked = last_said(call)
    if asked:
        lines.append(f"  asked: {asked}")
    lines += [
        f"  {'next:    ' if position else 'nearest: '}{miss}"
        for position, miss in enumerate(call.near_misses)
    ]
    return "\n".join(lines)
