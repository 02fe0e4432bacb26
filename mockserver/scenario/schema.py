"""A scenario as values, whose fields are the keys of the language.

`mockserver.scenario.loader` reads them from YAML.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from operator import is_
from typing import ClassVar, Final, Literal, TypeAlias

from mockserver.cassettes.finding import compiled
from mockserver.contracts import UNSTATED, Failure, OneOrMore, Reply, SelectiveReply, Unstated
from mockserver.errors import BadValue, Place, UsageError
from mockserver.scenario.actions import Capture, Setting
from mockserver.scenario.conditions.criteria import NameTest, Regex
from mockserver.scenario.conditions.matching import ALWAYS, Condition
from mockserver.scenario.conditions.predicates import has_wildcard
from mockserver.scenario.conditions.when import ProviderName, When
from mockserver.scenario.keys import Keys
from mockserver.scenario.syntax.nodes import Node
from mockserver.traffic.latency import Latency
from mockserver.traffic.limiter import Limits
from mockserver.wire.jsontext import JsonValue

_KEBAB_CASE: Final = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")


@dataclass(frozen=True, slots=True)
class Step:
    """What one call gets from a rule with `replies`."""

    reply: Reply | None = None
    failures: tuple[Failure, ...] = ()
    latency: Latency | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule: which calls it is about, what it answers, what goes wrong.

    Attributes:
        name: What the journal and errors call it.
        when: The calls that it is about.
        reply: What the model answers, every time.
        replies: What the model answers, one step per call; cannot be combined with *reply*.
        then: What happens after the last of *replies*, or of the answers of a cassette.
        times: How often the rule acts at most; null: no limit.
        required: A strict test fails if the rule has never acted.
        optional: No test fails if the rule, or a step of its *replies*, is left over.
        per: What counters and the place in *replies* are kept for, each separately.
        fail: What goes wrong, applied in this order.
        latency: How long the answer takes.
        capture: What to remember of the request for the rest of the conversation, by name.
        set_: What to change in the session's state once the rule has acted, by name.
        place: Where it is written; None for a rule made in Python.

    """

    called: ClassVar[str] = "a rule"

    name: str
    when: Condition = ALWAYS
    reply: Reply | None = None
    replies: tuple[Step, ...] = ()
    then: Literal["refuse", "repeat_last", "cycle", "pass"] = "refuse"
    times: int | None = None
    required: bool = False
    optional: bool = False
    per: Literal["session", "conversation", "key", "model"] = "session"
    fail: OneOrMore[Failure] = ()
    latency: Latency | None = None
    capture: Mapping[str, Capture] = field(default_factory=dict[str, Capture])
    set_: Mapping[str, Setting] = field(default_factory=dict[str, Setting])
    place: Place | None = None
    written: Node | None = field(default=None, init=False, compare=False, repr=False)
    """How it is written; None for a rule made in Python."""

    def __post_init__(self) -> None:
        if not _KEBAB_CASE.fullmatch(self.name):
            suggestion = "-".join(re.findall(r"[a-z0-9]+", self.name.lower()))
            what = f"the rule name '{self.name}' is not in kebab-case"
            raise BadValue("name", what, f"write '{suggestion}'" if suggestion else None)
        if self.reply is not None and self.replies:
            what = "'reply' and 'replies' cannot be combined"
            hint = "'reply' answers every call the same way; 'replies' has one answer per call"
            raise BadValue("replies", what, hint)
        if self.times is not None and self.times < 1:
            raise BadValue("times", f"'times' must be at least 1, not {self.times}")
        if self.required and self.optional:
            raise BadValue("optional", "a rule is 'required' or 'optional', not both")
        if any(isinstance(step.reply, SelectiveReply) for step in self.replies):
            what = "a cassette has an order of its own, and no place in 'replies'"
            raise BadValue("replies", what, "write it as 'reply'; 'then' says what follows")
        if self.foreign:
            object.__setattr__(self, "when", self.when.for_all)

    @property
    def has_no_effect(self) -> bool:
        """Whether the rule does nothing when it holds."""
        answers = self.reply or self.replies or self.fail
        return not (answers or self.latency or self.capture or self.set_)

    @property
    def foreign(self) -> bool:
        """Whether what it replies is not made here, so that it is about all endpoints."""
        return any(reply.foreign for reply in self.given)

    @property
    def selective(self) -> SelectiveReply | None:
        """Its reply, if that decides which calls the rule holds for."""
        return self.reply if isinstance(self.reply, SelectiveReply) else None

    @property
    def given(self) -> tuple[Reply, ...]:
        """All replies that it may give."""
        if self.reply is not None:
            return (self.reply,)
        return tuple([step.reply for step in self.replies if step.reply is not None])

    def can_answer(self, endpoint: str, *, computes: bool) -> bool:
        """Return whether its replies can answer the *endpoint* of that kind, if it has any."""
        return all(reply.can_answer(endpoint, computes=computes) for reply in self.given)

    @property
    def always_answers(self) -> bool:
        """Whether no call for which the rule holds is left to the rules below it."""
        if self.times is not None:
            return False
        return (
            (self.reply is not None and self.selective is None)
            or (bool(self.replies) and self.then != "pass")
            or any(failure.replaces and not triggered(failure) for failure in self.fail)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Defaults:
    """Defaults for every answer that does not state its own.

    Attributes:
        latency: How long the answer takes.
        headers: Added to the answer's headers.
        system_fingerprint: Sent as it is; null is sent as null.

    """

    called: ClassVar[str] = "'defaults'"

    latency: Latency | None = None
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    system_fingerprint: str | Unstated | None = UNSTATED


@dataclass(frozen=True, slots=True, kw_only=True)
class Strict:
    """What fails a test. Keys left out are decided by other files, then by the server.

    Attributes:
        unmatched: A call that no rule answers; it is refused.
        unused: A `required` rule, a rule with `times`, or a step of `replies`, that is left over.
        no_effect: A failure that finds nothing to act on.
        late: A call to a session that has ended.
        loops: The 21st answer in a row with tool calls; it is refused.
        unsupported: A call to an endpoint that this version does not have; it is refused.
        unoffered: A scripted tool call of a tool that the request does not offer.
        off_schema: Scripted JSON that is not valid for the schema in the request.

    """

    called: ClassVar[str] = "'strict'"

    unmatched: bool | Unstated = UNSTATED
    unused: bool | Unstated = UNSTATED
    no_effect: bool | Unstated = UNSTATED
    late: bool | Unstated = UNSTATED
    loops: bool | Unstated = UNSTATED
    unsupported: bool | Unstated = UNSTATED
    unoffered: bool | Unstated = UNSTATED
    off_schema: bool | Unstated = UNSTATED

    @classmethod
    def of(cls, stated: "Strict | bool") -> "Strict":
        """Return *stated*, or what `strict: true` or `strict: false` says."""
        if isinstance(stated, Strict):
            return stated
        return cls(**dict.fromkeys((key.name for key in fields(cls)), stated))

    def or_else(self, other: "Strict") -> "Strict":
        """Return this, with what is not stated taken from *other*."""
        own = {key.name: getattr(self, key.name) for key in fields(self)}
        return Strict(
            **{n: getattr(other, n) if isinstance(v, Unstated) else v for n, v in own.items()}
        )


LENIENT: Final = Strict.of(stated=False)
"""What applies unless stated otherwise."""


Caching: TypeAlias = Literal["stated", "simulated"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """The content of one or several files.

    Attributes:
        description: What it is about, in one sentence.
        provider: The dialect meant by a path without a provider prefix.
        seed: The seed of everything random.
        defaults: Defaults for every answer that does not state its own.
        models: Models known in addition to the catalogue, each with the model it is like, or None.
        any_model: Every model name is known.
        keys: Which API keys are valid.
        retired: The models that are past their shutdown date: all of them, or those named.
        limits: Rate limits for each API key, by a glob of models.
        caching: Whether `cached_tokens` are as replies state them, or of prompts seen before.
        state: The session's state at its start.
        redact: What is taken out of recordings and the journal, besides what looks like a secret:
            regular expressions, of which group 1 is meant if there is one.
        strict: What fails a test.
        rules: Read from top to bottom.
        files: The content of each file, in the order read, for merging with further layers.

    """

    description: str = ""
    provider: str = "openai"
    seed: int = 0
    defaults: Defaults = field(default_factory=Defaults)
    models: Mapping[str, str | None] = field(default_factory=dict[str, str | None])
    any_model: bool = False
    keys: Keys = field(default_factory=Keys)
    retired: tuple[str, ...] | bool = False
    limits: Mapping[str, Limits] = field(default_factory=dict[str, Limits])
    caching: Caching = "stated"
    state: Mapping[str, JsonValue] = field(default_factory=dict[str, JsonValue])
    redact: tuple[str, ...] = ()
    strict: Strict = field(default_factory=Strict)
    rules: tuple[Rule, ...] = ()
    files: tuple["ScenarioFile", ...] = field(default=(), compare=False, repr=False)

    def as_files(self) -> tuple["ScenarioFile", ...]:
        """Return what is to be merged with other layers: its files, or itself as one.

        A scenario made in Python, or with other rules than its files, does not record what it
        states: defaults are taken not to be stated.
        """
        written = [rule for file in self.files for rule in file.rules]
        if self.files and len(written) == len(self.rules) and all(map(is_, written, self.rules)):
            return self.files
        own = ScenarioFile(
            version=1,
            description=self.description or UNSTATED,
            provider=self.provider if self.provider != "openai" else UNSTATED,
            seed=self.seed or UNSTATED,
            strict=self.strict,
            models=Models(stated=self.models, any_model=self.any_model),
            keys=self.keys,
            retired=self.retired or UNSTATED,
            limits=self.limits,
            caching=self.caching if self.caching != "stated" else UNSTATED,
            defaults=self.defaults,
            state=self.state,
            redact=self.redact,
            rules=self.rules,
        )
        return (own,)

    def named_models(self) -> list[str]:
        """Return all models that it adds, asks for without a wildcard, or answers as."""
        known = self.known_models()
        like = [name for name in known.values() if name is not None]
        answering = [reply.model for rule in self.rules for reply in rule.given if reply.model]
        return list(dict.fromkeys((*known, *like, *answering)))

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
    """Which models are known in addition to the catalogue."""

    stated: Mapping[str, str | None] = field(default_factory=dict[str, str | None])
    any_model: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelEntry:
    """A model known in addition to the catalogue.

    Attributes:
        id: The model's name.
        like: A known model: tokens are counted its way, and its endpoints are the same.

    """

    called: ClassVar[str] = "a model"

    id: str
    like: str | Unstated = UNSTATED


@dataclass(frozen=True, slots=True)
class Include:
    """Another file to read: its path, relative to this file, and where that is written."""

    path: str
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class ScenarioFile:
    """One scenario file.

    Attributes:
        version: The version of the language.
        description: What the scenario is about, in one sentence.
        provider: The provider meant by a path without a provider prefix.
        seed: The seed of everything random.
        strict: What is refused or fails a test.
        include: Other files to read after this one, by paths relative to it.
        models: Models known in addition to the catalogue; or `any`.
        keys: Which API keys are valid.
        retired: Models that the provider has switched off; true: all past their shutdown date.
        limits: Rate limits for each API key, by a glob of models.
        caching: Whether `cached_tokens` are as replies state them (`stated`), or `simulated`: of
            prompts that begin as others of the session did.
        defaults: Defaults for every answer that does not state its own.
        state: The session's state at its start.
        redact: What is taken out of recordings and the journal, besides what looks like a secret:
            regular expressions. Of one with a group, the group is taken out.
        rules: Read from top to bottom; the first that answers wins.

    """

    called: ClassVar[str] = "a scenario"

    version: Literal[1]
    description: str | Unstated = UNSTATED
    provider: ProviderName | Unstated = UNSTATED
    seed: int | Unstated = UNSTATED
    strict: Strict = field(default_factory=Strict)
    include: tuple[Include, ...] = ()
    models: Models = field(default_factory=Models)
    keys: Keys = field(default_factory=Keys)
    retired: tuple[str, ...] | bool | Unstated = UNSTATED
    limits: Mapping[str, Limits] = field(default_factory=dict[str, Limits])
    caching: Caching | Unstated = UNSTATED
    defaults: Defaults = field(default_factory=Defaults)
    state: Mapping[str, JsonValue] = field(default_factory=dict[str, JsonValue])
    redact: OneOrMore[Regex] = ()
    rules: tuple[Rule, ...] = ()

    def __post_init__(self) -> None:
        try:
            compiled(self.redact)
        except UsageError as error:
            raise BadValue("redact", str(error)) from error
