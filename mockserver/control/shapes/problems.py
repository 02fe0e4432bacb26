"""Why a request was refused."""

from msgspec import Struct


class Fault(Struct, frozen=True, kw_only=True):
    """One thing that is wrong with a request.

    Attributes:
        at: Where, as a path into the JSON, such as `rules[0].fail.kind`.
        line: The line in the scenario's text, counting from 1.
        column: The column, counting from 1.
        what: What is wrong.
        hint: How to fix it, such as the nearest valid word.

    """

    what: str
    at: str | None = None
    line: int | None = None
    column: int | None = None
    hint: str | None = None


class Problem(Struct, frozen=True, kw_only=True):
    """Why a request was refused (RFC 9457, `application/problem+json`).

    Attributes:
        type: The kind of problem, such as `urn:mockserver:unknown-session`.
        title: The kind of problem, in words.
        status: The HTTP status.
        detail: What happened in this case.
        hint: What to do about it.
        faults: Everything that is wrong with the scenario or the body.

    """

    type: str
    title: str
    status: int
    detail: str
    hint: str | None = None
    faults: tuple[Fault, ...] = ()
