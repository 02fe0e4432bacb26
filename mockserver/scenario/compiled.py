"""A scenario ready for use: everything that is worked out once for all of its requests."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache, partial
from operator import attrgetter, not_
from typing import Final

from mockserver.contracts import SelectiveReply
from mockserver.models import Catalogue
from mockserver.scenario.conditions.matching import Conjunction, Reading
from mockserver.scenario.conditions.sieve import candidates, sieves
from mockserver.scenario.conditions.subject import Subject
from mockserver.scenario.keys import Standing
from mockserver.scenario.merging import Layer, RuleKey, combined, rule_keys
from mockserver.scenario.schema import Rule
from mockserver.scenario.syntax.wording import either
from mockserver.traffic.limiter import LimitsTable

KEYS_KEPT: Final = 1_024


@dataclass(frozen=True, slots=True)
class CompiledRule:
    """A rule, and what decides whether it holds.

    Attributes:
        rule: The rule.
        key: Which rule of its session it is.
        readings: What is looked at, in the order of trying; not `call`.
        counting: The alternatives of its `when`, if any of them tests the number of the call.
        is_plain: It gives one reply whenever it holds, and does nothing else.
        is_steady: Apart from its counters, it always holds for the same body, or never.
        selective: Its reply, if that decides which calls it holds for.

    """

    rule: Rule
    key: RuleKey
    readings: tuple[Reading, ...]
    counting: tuple[Conjunction, ...]
    is_plain: bool
    is_steady: bool
    selective: SelectiveReply | None = None

    @classmethod
    def of(cls, rule: Rule, key: RuleKey) -> "CompiledRule":
        """Compile *rule*, which is known by *key*."""
        alternatives = rule.when.alternatives
        counting = alternatives if any(a.call is not None for a in alternatives) else ()
        readings = alternatives[0].readings if len(alternatives) == 1 else (_one_of(alternatives),)
        if rule.given:
            readings = (*readings, _gate(rule))
        does_more = rule.fail or rule.set_ or rule.capture or rule.latency
        counts = counting or rule.times is not None or rule.selective is not None
        is_plain = not (rule.reply is None or rule.reply.looks_up or does_more or counts)
        is_steady = not any(tests.when.looks_beyond_the_body for tests in alternatives)
        return cls(rule, key, readings, counting, is_plain, is_steady, rule.selective)

    def holds(self, subject: Subject) -> bool:
        """Return whether everything but the number of the call fits."""
        for read, fits in self.readings:  # noqa: SIM110 - a generator would cost twice as much
            if not fits(read(subject)):
                return False
        return True

    def cannot_answer(self, subject: Subject) -> str | None:
        """Return why its replies cannot answer the call; None: they can."""
        if _can_answer(self.rule, subject):
            return None
        if self.selective is not None:
            return self.selective.lacks(subject.call)
        kinds = either([*dict.fromkeys(f"'{reply.kind}'" for reply in self.rule.given)])
        return f"its reply ({kinds}) cannot answer the endpoint '{subject.endpoint}'"


def _gate(rule: Rule) -> Reading:
    """Return what decides whether the replies of *rule* can answer at all."""
    plain = all(reply.generates and reply.computes == frozenset() for reply in rule.given)
    if plain and rule.selective is None:
        return attrgetter("computes"), not_
    return _itself, partial(_can_answer, rule)


def _itself(subject: Subject) -> Subject:
    return subject


def _can_answer(rule: Rule, subject: Subject) -> bool:
    selective = rule.selective
    if selective is not None:
        return selective.answers(subject.call) is not None
    # Where nothing is asked of a model, a reply is not given.
    return not subject.asks_model or rule.can_answer(subject.endpoint, computes=subject.computes)


def _one_of(alternatives: tuple[Conjunction, ...]) -> Reading:
    readings = [alternative.readings for alternative in alternatives]

    def one_holds(subject: Subject) -> bool:
        return any(all(fits(read(subject)) for read, fits in tests) for tests in readings)

    return one_holds, bool


class Compiled:
    """Everything that a session answers from, apart from what changes."""

    def __init__(
        self,
        layers: Sequence[Layer],
        *,
        any_model: bool = False,
        any_deployment: str | None = None,
    ) -> None:
        """Compile *layers*, in the order of reading.

        With *any_model*, every model is known, whatever they state; *any_deployment* is the model
        that unknown deployments serve.
        """
        self.layers = tuple(layers)
        scenario = self.scenario = combined(*(layer.scenario for layer in layers))
        self.rules = tuple(map(CompiledRule.of, scenario.rules, rule_keys(layers)))
        self.tells_secrets: dict[str | None, bool] = {}
        """Whether what looks like a secret is in the rules of a name, as far as it was looked."""
        self._sieves = sieves([rule.when for rule in scenario.rules])
        self.catalogue = _catalogue(
            tuple(scenario.known_models().items()),
            scenario.any_model or any_model,
            any_deployment,
            tuple(scenario.models),
            scenario.retired,
        )
        self.limits = LimitsTable(scenario.limits)
        keys = scenario.keys
        self.standing: Callable[[str], Standing] | None = None
        """What an API key is; None: every key is good."""
        if keys.are_stated:
            self.standing = lru_cache(KEYS_KEPT)(keys.standing)

    def holding(self, subject: Subject) -> Iterator[int]:
        """Return the positions of the rules that hold, from top to bottom, but for their counters.

        Each is tested in its turn: one above it may have changed the state.
        """
        rules = self.rules
        asked = candidates(self._sieves, subject) if self._sieves else range(len(rules))
        return (position for position in asked if rules[position].holds(subject))

    @cached_property
    def asks_elsewhere(self) -> bool:
        """Whether any rule has answers that are not made here."""
        return any(rule.rule.foreign for rule in self.rules)

    @cached_property
    def is_steady(self) -> bool:
        """Whether all rules always hold for the same body, or never, but for their counters."""
        return all(rule.is_steady for rule in self.rules)

    def may_hold(self, subject: Subject) -> tuple[int, ...]:
        """Return the positions of the rules that hold for this body, or may when it comes again."""
        rules = enumerate(self.rules)
        return tuple([n for n, rule in rules if not rule.is_steady or rule.holds(subject)])

    def holding_of(self, positions: Iterable[int], subject: Subject) -> Iterator[int]:
        """Yield those of *positions*, which come from `may_hold`, whose rules hold now."""
        rules = self.rules
        return (p for p in positions if rules[p].is_steady or rules[p].holds(subject))


@lru_cache(maxsize=256)
def _catalogue(
    extra: tuple[tuple[str, str | None], ...],
    any_model: bool,  # noqa: FBT001 - a part of the key
    any_deployment: str | None,
    named: tuple[str, ...],
    retired: tuple[str, ...] | bool,  # noqa: FBT001 - as it is written
) -> Catalogue:
    """Return the models that a scenario knows: thousands of sessions share one catalogue."""
    return Catalogue(
        dict(extra),
        any_model=any_model,
        any_deployment=any_deployment,
        named=named,
        retired=retired,
    )
