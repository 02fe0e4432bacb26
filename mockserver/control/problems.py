"""Why something was not done, as the control API tells it."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from mockserver.control.shapes import Fault, Problem
from mockserver.records.redaction import redact_text

TITLES: Final = {
    "body": "The body is not what it should be",
    "query": "The query is not what it should be",
    "host": "Not an address of this server",
    "origin": "Not for web pages",
    "token": "No right token",
    "content-type": "Not said to be JSON",
    "too-large": "Too large",
    "unknown-path": "No such path",
    "wrong-method": "Not by this method",
    "unknown-session": "No such session",
    "session-exists": "There is such a session already",
    "session-refused": "The session cannot begin",
    "unknown-call": "No such call",
    "scenario": "The scenario is wrong",
    "condition": "The condition is wrong",
    "no-files": "Nothing to read again",
}
"""The kinds of problems, in words; `type` is `urn:mockserver:<kind>`."""


class Refused(Exception):  # noqa: N818 - it tells of a request
    """What was asked is not done."""

    def __init__(
        self,
        status: int,
        kind: str,
        detail: str,
        hint: str | None = None,
        faults: Iterable[Fault] = (),
    ) -> None:
        super().__init__(detail)
        # What was sent is quoted, and may hold a secret.
        self.problem = Problem(
            type=f"urn:mockserver:{kind}",
            title=TITLES[kind],
            status=status,
            detail=redact_text(detail),
            hint=_redacted(hint),
            faults=tuple(
                replace(
                    fault,
                    at=_redacted(fault.at),
                    what=redact_text(fault.what),
                    hint=_redacted(fault.hint),
                )
                for fault in faults
            ),
        )


def _redacted(text: str | None) -> str | None:
    return None if text is None else redact_text(text)
