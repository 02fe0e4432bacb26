"""What a scenario says, as values. Their fields are the keys of the language.

Reading them from YAML is the business of `mockserver.scenario.loader`.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Final, Literal

from mockserver.contracts import UNSTATED, Failure, Reply, Unstated
from mockserver.errors import BadValue, Place
from mockserver.scenario.criteria import NameTest, OneOrMore, has_wildcard
from mockserver.scenario.keys import Keys
from mockserver.scenario.matching import ALWAYS, Condition
from mockserver.scenario.when import ProviderName, When

_KEBAB_CASE: Final = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")


@dataclass(frozen=True, slots=True)
class Step:
    """What one call gets of a rule with `replies`."""

    reply: Reply | None = None
    failures: tuple[Failure, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule: when it holds, what it answers, what goes wrong.

    Attributes:
        name: How the journal and errors call it.
        when: The calls that it is about.
        reply: What the model answers, each time.
        replies: What the model answers, one step for each call; excludes *reply*.
        then: What happens after the last of *replies*.
        times: How often the rule acts; None: without end.
        fail: What goes wrong, in the order applied.
        place: Where it is written; None for a rule that was made in Python.

    """

    called: ClassVar[str] = "a rule"

    name: str
    when: Condition = ALWAYS
    reply: Reply | None = None
    replies: tuple[Step, ...] = ()
    then: Literal["refuse", "repeat_last", "cycle", "pass"] = "refuse"
    times: int | None = None
    fail: OneOrMore[Failure] = ()
    place: Place | None = None

    def __post_init__(self) -> None:
        if not _KEBAB_CASE.fullmatch(self.name):
            suggestion = "-".join(re.findall(r"[a-z0-9]+", self.name.lower()))
            what = f"the name of a rule is in kebab-case, '{self.name}' is not"
            raise BadValue("name", what, f"write '{suggestion}'" if suggestion else None)
        if self.reply is not None and self.replies:
            what = "'reply' and 'replies' exclude each other"
            hint = "'reply' answers each call alike; 'replies' answers one call after the other"
            raise BadValue("replies", what, hint)
        if self.times is not None and self.times < 1:
            raise BadValue("times", f"'times' must be at least 1, not {self.times}")

    @property
    def always_answers(self) -> bool:
        """Whether no call for which the rule holds is left to the rules below it."""
        if self.times is not None:
            return False
        return (
            self.reply is not None
            or (bool(self.replies) and self.then != "pass")
            or any(failure.replaces and not triggered(failure) for failure in self.fail)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Defaults:
    """What holds for each answer that does not say otherwise."""

    called: ClassVar[str] = "'defaults'"

    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    system_fingerprint: str | Unstated | None = UNSTATED


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """All that one or several files say.

    Attributes:
        description: What it is about, in one sentence.
        provider: The dialect that a path without a provider's prefix means.
        seed: Of everything drawn.
        defaults: For each answer that does not say otherwise.
        models: Models known besides the catalogue, each with the model it is like, or None.
        any_model: Every name of a model is known.
        keys: Which API keys are good.
        rules: Read from top to bottom.

    """

    description: str = ""
    provider: str = "openai"
    seed: int = 0
    defaults: Defaults = field(default_factory=Defaults)
    models: Mapping[str, str | None] = field(default_factory=dict[str, str | None])
    any_model: bool = False
    keys: Keys = field(default_factory=Keys)
    rules: tuple[Rule, ...] = ()

    def known_models(self) -> dict[str, str | None]:
        """Return *models*, and the names that rules ask for without a wildcard."""
        known = dict(self.models)
        for rule in self.rules:
            for alternative in rule.when.alternatives:
                for name in _models_named(alternative.when):
                    known.setdefault(name, None)
        return known


def triggered(failure: Failure) -> bool:
    """Return whether *failure* may let a call pass: it has a trigger."""
    return failure.is_triggered


def _models_named(when: When) -> Iterator[str]:
    if isinstance(when.model, NameTest):
        yield from (name for name in when.model.globs() if not has_wildcard(name))
    for inner in when.not_:
        yield from _models_named(inner)


# --- What one file says ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Models:
    """Which models are known besides the catalogue."""

    stated: Mapping[str, str | None] = field(default_factory=dict[str, str | None])
    any_model: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelEntry:
    """A model known besides the catalogue: its name, and the known model it is like."""

    called: ClassVar[str] = "a model"

    id: str
    like: str | Unstated = UNSTATED


@dataclass(frozen=True, slots=True, kw_only=True)
class ScenarioFile:
    """What one file says."""

    called: ClassVar[str] = "a scenario"

    version: Literal[1]
    description: str | Unstated = UNSTATED
    provider: ProviderName | Unstated = UNSTATED
    seed: int | Unstated = UNSTATED
    defaults: Defaults = field(default_factory=Defaults)
    models: Models = field(default_factory=Models)
    keys: Keys = field(default_factory=Keys)
    rules: tuple[Rule, ...] = ()
