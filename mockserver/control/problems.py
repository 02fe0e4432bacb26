"""Why the control API refused a request."""

from collections.abc import Iterable
from typing import Final

from msgspec.structs import replace

from mockserver.control.shapes import Fault, Problem
from mockserver.records.redaction import redact_text

TITLES: Final = {
    "body": "The body is not valid",
    "query": "The query is not valid",
    "host": "Not an address of this server",
    "origin": "Not for web pages",
    "token": "The token is missing or wrong",
    "content-type": "The content type is not JSON",
    "too-large": "The body is too large",
    "unknown-path": "No such path",
    "wrong-method": "Method not allowed",
    "unknown-session": "No such session",
    "session-exists": "The session already exists",
    "session-refused": "The session cannot be created",
    "unknown-call": "No such call",
    "scenario": "The scenario has errors",
    "condition": "The condition has errors",
    "no-files": "Nothing to reload",
}
"""The kinds of problems, in words; `type` is `urn:mockserver:<kind>`."""


class Refused(Exception):  # noqa: N818 - it is about a request
    """The request is refused; *problem* is the answer."""

    def __init__(
        self,
        status: int,
        kind: str,
        detail: str,
        hint: str | None = None,
        faults: Iterable[Fault] = (),
    ) -> None:
        super().__init__(detail)
        # The texts quote what was sent, which may hold a secret.
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
