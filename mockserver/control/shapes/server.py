"""The server as a whole: whether it answers, what it has counted, what it answers by."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from mockserver.control.shapes.members import ScenarioSource


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """That the server answers."""

    status: Literal["ok"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """What all calls to the server come to that have ended, in all sessions.

    Attributes:
        calls: How many there were.
        statuses: How often each HTTP status was sent; `none` where the answer was only a lost
            connection.
        outcomes: How often answers were sent whole, were aborted, or had no client left.
        failures: How often each kind of failure struck.
        unmatched: How many calls no rule answered, though there are rules.
        prompt_tokens: What was billed for input.
        completion_tokens: What was billed for output.

    """

    calls: int
    statuses: Mapping[str, int]
    outcomes: Mapping[str, int]
    failures: Mapping[str, int]
    unmatched: int
    prompt_tokens: int
    completion_tokens: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Reload:
    """What the server is to answer by from now on.

    Attributes:
        scenario: A scenario; if there is none, the files that the server was started with are
            read again.

    """

    scenario: ScenarioSource | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reloaded:
    """What the server answers by now.

    Attributes:
        description: What the scenario says of itself.
        rules: How many rules it has.

    """

    description: str
    rules: int
