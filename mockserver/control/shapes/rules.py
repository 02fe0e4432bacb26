"""The rules of a session, and how they are read for a request."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from mockserver.control.shapes.members import ScenarioSource


@dataclass(frozen=True, slots=True, kw_only=True)
class AddedRules:
    """What is to stand above all that a session answers by; one of the two.

    Attributes:
        rules: Rules as in a file, for the shortest way.
        scenario: A whole scenario, with models, keys, limits, state and rules.
        layer: A name for it: what was added before by the same name is replaced where it stands,
            and rules that keep their name keep their count.

    """

    rules: tuple[Mapping[str, Any], ...] | None = None
    scenario: ScenarioSource | None = None
    layer: str | None = None

    def __post_init__(self) -> None:
        if (self.rules is None) == (self.scenario is None):
            raise ValueError("state either 'rules' or 'scenario'")


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleState:
    """A rule, and how far it has come.

    Attributes:
        name: The name by which journal and errors call it.
        acted: How often it has acted.
        left: How often it may still act, or how many of its replies are left; null: no end.
        per: What that is counted for.
        place: Where it is written: file, line, column.

    """

    name: str
    acted: int
    left: int | None
    per: str
    place: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleList:
    """The rules of a session, in the order in which they are read."""

    rules: tuple[RuleState, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Explain:
    """A request, of which to tell what the session would answer; nothing is moved by it.

    Attributes:
        request: The body of the request.
        method: The method.
        path: The path, below the session.
        headers: Headers; a key is not needed.

    """

    request: Mapping[str, Any]
    method: str = "POST"
    path: str = "/v1/chat/completions"
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleReading:
    """What became of one rule.

    Attributes:
        rule: Its name.
        outcome: `answers`, `adds` (it acts and the reading goes on), `differs`, `spent` or
            `not read` (one above it answered).
        why: In what it differs, or what it does.

    """

    rule: str
    outcome: Literal["answers", "adds", "differs", "spent", "not read"]
    why: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """How the rules were read for a request.

    Attributes:
        answer: What would be answered, in a sentence.
        rule: The name of the rule that would answer.
        readings: All rules, in the order in which they are read.

    """

    answer: str
    rule: str | None
    readings: tuple[RuleReading, ...]
