"""The rules of a session, and how they read a request."""

from collections.abc import Mapping
from typing import Any, Literal

from msgspec import Struct

from mockserver.control.shapes.members import ScenarioSource


class AddedRules(Struct, frozen=True, kw_only=True):
    """What to add above a session's rules: either `rules` or `scenario`.

    Attributes:
        rules: Rules, as in a file.
        scenario: A whole scenario, with models, keys, limits, state and rules.
        layer: A name for the addition. It replaces the previous addition of that name in place,
            and rules that keep their name keep their count.

    """

    rules: tuple[Mapping[str, Any], ...] | None = None
    scenario: ScenarioSource | None = None
    layer: str | None = None

    def __post_init__(self) -> None:
        if (self.rules is None) == (self.scenario is None):
            raise ValueError("state either 'rules' or 'scenario'")


class RuleState(Struct, frozen=True, kw_only=True):
    """A rule and its counts.

    Attributes:
        name: Its name in the journal and in errors.
        acted: How often it has acted.
        left: How often it may still act, or how many of its replies are left; null: no limit.
        per: What the limit is counted per.
        place: Where it is written: file, line, column.

    """

    name: str
    acted: int
    left: int | None
    per: str
    place: str | None


class RuleList(Struct, frozen=True, kw_only=True):
    """The rules of a session, in the order in which they are read."""

    rules: tuple[RuleState, ...]


class Explain(Struct, frozen=True, kw_only=True):
    """A dry run: reports how the session would answer a request, and changes nothing.

    Attributes:
        request: The body of the request.
        method: The method.
        path: The path, below the session.
        headers: The headers; a key is not needed.

    """

    request: Mapping[str, Any]
    method: str = "POST"
    path: str = "/v1/chat/completions"
    headers: Mapping[str, str] = {}


class RuleReading(Struct, frozen=True, kw_only=True):
    """The outcome of one rule.

    Attributes:
        rule: Its name.
        outcome: `answers`, `adds` (it acts, and the rules below are read too), `differs`, `spent`
            or `not read` (a rule above it answered).
        why: How the request differs from its condition, or what it does.

    """

    rule: str
    outcome: Literal["answers", "adds", "differs", "spent", "not read"]
    why: tuple[str, ...]


class Explanation(Struct, frozen=True, kw_only=True):
    """How the rules read a request.

    Attributes:
        answer: The answer, in a sentence.
        rule: The name of the rule that would answer.
        readings: All rules, in the order in which they are read.

    """

    answer: str
    rule: str | None
    readings: tuple[RuleReading, ...]
