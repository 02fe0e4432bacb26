"""Why something was not done."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that is wrong with what was sent.

    Attributes:
        at: Where, as a path into the JSON: `rules[0].fail.kind`.
        line: The line of the scenario's text, from 1.
        column: The column, from 1.
        what: What is wrong.
        hint: The nearest right thing.

    """

    what: str
    at: str | None = None
    line: int | None = None
    column: int | None = None
    hint: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Why something was not done (RFC 9457, `application/problem+json`).

    Attributes:
        type: Names the kind of problem, as `urn:mockserver:unknown-session`.
        title: The kind of problem, in words.
        status: The HTTP status.
        detail: What happened here.
        hint: What to do about it.
        faults: All that is wrong with a scenario or another body.

    """

    type: str
    title: str
    status: int
    detail: str
    hint: str | None = None
    faults: tuple[Fault, ...] = ()
