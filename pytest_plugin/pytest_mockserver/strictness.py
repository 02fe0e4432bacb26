"""What strictness forbids, in the words that the failed test shows."""

from mockserver.records.journal import Call
from pytest_mockserver.session import Session
from pytest_mockserver.timeline import last_said


def complaints(session: Session) -> str:
    """Return what *session* has seen that its strictness forbids; nothing if all is well."""
    strict, calls = session.backend.strict, session.calls
    told: list[str] = []
    if strict.unmatched:
        told += [_unmatched(call) for call in calls if call.is_unmatched]
        if told and not session.has_rules:
            told.append(
                "  nothing is scripted: mock_llm.reply('…') answers the next call, and "
                "@pytest.mark.mock_llm(strict=False) lets the server answer by itself"
            )
    told += [
        f"rule '{rule.name}' says nothing: give it a .reply(…), .fail(…) or .latency(…)"
        for rule in session.unsaid
    ]
    if strict.unused:
        told += [f"{sentence}" for sentence in session.backend.unused()]
    if strict.no_effect:
        told += [
            f"call {call.number}: the failure '{kind}' had no effect: it found nothing to act on"
            for call in calls
            for kind in call.no_effect
        ]
    if not told:
        return ""
    return "\n".join([f"mock_llm ({session.name}):", *told])


def _unmatched(call: Call) -> str:
    lines = [f"call {call.number}: no rule matches {call.method} {call.path} {call.model or ''}"]
    said = last_said(call)
    if said:
        lines.append(f"  it says: {said}")
    lines += [
        f"  {'next:    ' if position else 'nearest: '}{miss}"
        for position, miss in enumerate(call.near_misses)
    ]
    return "\n".join(lines)
