"""The journals of a failed test, as written to a file."""

from collections.abc import Iterable
from typing import Any

from mockserver.control.jsonform import to_json
from mockserver.control.records import call_record
from pytest_mockserver.session import Session


def kept(sessions: Iterable[Session]) -> list[dict[str, Any]]:
    """Return *sessions* as JSON: what was scripted, the calls, the verdicts."""
    return [
        {
            "name": session.name,
            "provider": session.provider,
            "script": session.to_yaml(),
            "calls": [to_json(call_record(call)) for call in session.calls],
            "verdicts": [
                {"kind": found.kind, "calls": list(found.calls), "what": found.what}
                for found in session.verdicts
            ],
        }
        for session in sessions
    ]
