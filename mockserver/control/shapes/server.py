"""The server as a whole: its health, its totals, its scenario."""

from collections.abc import Mapping
from typing import Literal

from msgspec import Struct

from mockserver.control.shapes.members import ScenarioSource


class Health(Struct, frozen=True, kw_only=True):
    """The server answers."""

    status: Literal["ok"]


class Totals(Struct, frozen=True, kw_only=True):
    """Totals of all calls that have ended, in all sessions.

    Attributes:
        calls: How many calls have ended.
        statuses: How often each HTTP status was sent; `none` if the connection was lost without
            one.
        outcomes: How often answers were sent whole, were aborted, or lost their client.
        failures: How often each kind of failure struck.
        unmatched: How many calls no rule answered although there are rules.
        prompt_tokens: Tokens billed for input.
        completion_tokens: Tokens billed for output.

    """

    calls: int
    statuses: Mapping[str, int]
    outcomes: Mapping[str, int]
    failures: Mapping[str, int]
    unmatched: int
    prompt_tokens: int
    completion_tokens: int


class Reload(Struct, frozen=True, kw_only=True):
    """The scenario to answer from.

    Attributes:
        scenario: A new scenario; if omitted, the files that the server was started with are
            reloaded.

    """

    scenario: ScenarioSource | None = None


class Reloaded(Struct, frozen=True, kw_only=True):
    """The scenario that the server now answers from.

    Attributes:
        description: The scenario's description.
        rules: How many rules it has.

    """

    description: str
    rules: int
